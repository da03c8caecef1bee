//! What both ends of a link do with one connection: read, write, keep it alive, close it.
//!
//! An end adds what is its own: the opening handshake, its phases, and what follows from an end.

mod end;
mod output;

use core::{fmt, mem};

pub(super) use self::end::End;
pub(super) use self::output::Output;

use super::config::LinkConfig;
use super::heartbeat::{Heartbeat, Liveness};
use crate::frame::{
    Agreement, CloseCode, DeflateConfig, DeflatePool, FrameError, Incoming, Item, ItemKind,
    NotDrained, Reader, Role, Writer,
};
use crate::time::{Deadline, Mono, Now};

/// One connection: its inbound messages, its output, its keepalive, and how it closes.
pub(super) struct Connection {
    reader: Reader,
    /// A text turned out not to be UTF-8 while it was lent: the next arrival is that error.
    not_utf8: bool,
    pub(super) output: Output,
    heartbeat: Heartbeat,
    /// Our own end, from our close frame on.
    ours: Option<Box<End>>,
}

/// What arrived over a connection. After our close frame the messages of the peer are dropped.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arrival {
    Text(Item),
    Binary(Item),
    /// The peer's close frame: [`Connection::peer_closed`] answers it.
    Close(Item),
    /// The peer broke the protocol.
    Failed(FrameError),
    /// A text that was lent is not UTF-8; the call that lent it has failed.
    NotUtf8,
}

impl Connection {
    pub(super) fn new(role: Role, config: &LinkConfig, writer: Writer, now: Mono) -> Self {
        Self {
            reader: Reader::new(role, config.frames),
            not_utf8: false,
            output: Output::new(writer),
            heartbeat: Heartbeat::new(&config.heartbeat, now),
            ours: None,
        }
    }

    /// Messages may be compressed from here on, as the opening handshake has agreed.
    pub(super) fn deflate(&mut self, config: &DeflateConfig, agreed: Agreement) {
        self.reader.inflate(config, agreed);
        self.output.deflate(config, agreed);
    }

    /// The connection is open: the first ping is due an interval after `at`.
    pub(super) fn start_heartbeat(&mut self, config: &LinkConfig, at: Mono) {
        self.heartbeat = Heartbeat::new(&config.heartbeat, at);
    }

    /// Bytes of the open connection.
    pub(super) fn handle_bytes(
        &mut self,
        config: &LinkConfig,
        now: Now,
        bytes: &[u8],
    ) -> Result<(), NotDrained> {
        self.heartbeat.heard(&config.heartbeat, now.mono);
        self.reader.handle_bytes(bytes)
    }

    /// Bytes that came together with the opening handshake, behind it.
    pub(super) fn handle_early(&mut self, bytes: &[u8]) -> Result<(), NotDrained> {
        self.reader.handle_bytes(bytes)
    }

    /// A whole message of a transport that speaks WebSocket itself.
    pub(super) fn handle_message(
        &mut self,
        config: &LinkConfig,
        now: Now,
        message: Incoming<'_>,
    ) -> Result<(), NotDrained> {
        self.heartbeat.heard(&config.heartbeat, now.mono);
        self.reader.handle_message(message)
    }

    /// Whether a text of this length that came now, whole, would be the next arrival.
    #[inline]
    pub(super) fn takes_next(&self, length: usize) -> bool {
        self.ours.is_none() && !self.not_utf8 && self.reader.takes_next(length)
    }

    /// A text has come that the host lends.
    #[inline]
    pub(super) fn handle_lent(&mut self, config: &LinkConfig, now: Now) {
        self.heartbeat.heard(&config.heartbeat, now.mono);
    }

    /// The keepalive of an open connection: pings when its interval is over. Returns whether the
    /// peer is still within its deadline.
    #[must_use]
    pub(super) fn keep_alive(
        &mut self,
        config: &LinkConfig,
        now: Now,
        pool: Option<&mut DeflatePool>,
    ) -> bool {
        match self.heartbeat.handle_timeout(&config.heartbeat, now.mono) {
            Liveness::Alive => true,
            Liveness::Ping => {
                self.release(pool);
                self.output.send_ping(now);
                true
            }
            Liveness::Dead => false,
        }
    }

    /// Pings at once, and gives the peer the short deadline.
    pub(super) fn probe(&mut self, config: &LinkConfig, now: Now) {
        self.heartbeat.probe(&config.heartbeat, now.mono);
        self.output.send_ping(now);
    }

    /// When to [`keep_alive`](Self::keep_alive).
    pub(super) fn poll_timeout(&self) -> Deadline {
        self.heartbeat.poll_timeout()
    }

    /// The next that arrived; pings are answered and pongs swallowed on the way. `pool` is that of
    /// all connections of a hub; one on its own has none.
    #[inline]
    pub(super) fn poll_arrival(&mut self, mut pool: Option<&mut DeflatePool>) -> Option<Arrival> {
        if mem::take(&mut self.not_utf8) {
            return Some(Arrival::NotUtf8);
        }
        loop {
            let item = self.reader.advance(pool.as_deref_mut())?;
            match item.kind {
                ItemKind::Text if self.ours.is_none() => return Some(Arrival::Text(item)),
                ItemKind::Binary if self.ours.is_none() => return Some(Arrival::Binary(item)),
                ItemKind::Text | ItemKind::Binary => {}
                ItemKind::Ping => self.output.handle_ping(self.reader.bytes(item, None)),
                ItemKind::Pong => self.output.handle_pong(),
                ItemKind::Close => return Some(Arrival::Close(item)),
                ItemKind::Failed(error) => return Some(Arrival::Failed(error)),
            }
        }
    }

    /// The text of an [`Arrival::Text`], checked as it is lent: if it is not UTF-8, the next
    /// arrival is [`Arrival::NotUtf8`]. `pool` is that of [`poll_arrival`](Self::poll_arrival).
    #[inline]
    pub(super) fn text<'a>(
        &'a mut self,
        item: Item,
        pool: Option<&'a DeflatePool>,
    ) -> Result<&'a str, FrameError> {
        match self.reader.text(item, pool) {
            Ok(text) => Ok(text),
            Err(error) => {
                self.not_utf8 = true;
                Err(error)
            }
        }
    }

    /// The bytes of an [`Arrival::Binary`].
    pub(super) fn bytes(&self, item: Item) -> &[u8] {
        self.reader.bytes(item, None)
    }

    /// Sends our close frame; the connection then waits for that of the peer.
    pub(super) fn close(&mut self, end: End) {
        self.output.send_close(end.code, &end.reason);
        self.ours = Some(Box::new(end));
    }

    /// The peer has sent its close frame: if it was the first, ours answers it; nothing else is
    /// sent.
    pub(super) fn peer_closed(&mut self, item: Item) -> End {
        let end = match self.reader.close(item) {
            Some(frame) => End::of_peer(frame.code, frame.reason),
            None => End::of_peer(CloseCode::NO_STATUS, ""),
        };
        if self.ours.is_none() {
            self.output.send_close(end.code, "");
        }
        let mut end = end.clean();
        end.unsent = self.output.drop_messages();
        end
    }

    /// Fails the connection (RFC 6455 section 7.1.7): sends a close frame and awaits none.
    pub(super) fn fail(&mut self, mut end: End) -> End {
        if self.ours.is_none() {
            self.output.send_close(end.code, &end.reason);
        }
        end.unsent += self.output.drop_messages();
        end
    }

    /// The end of a connection whose transport is gone, or is to be dropped.
    pub(super) fn abandon(&mut self, mut end: End) -> End {
        end.unsent += self.output.abandon();
        end
    }

    /// How it ended, where `last` is what ended it: if our close frame came first, the end is ours.
    pub(super) fn end(&mut self, last: End) -> End {
        match self.ours.take() {
            Some(ours) => ours.after(&last),
            None => last,
        }
    }

    /// Nothing more is read, and nothing of what was is held.
    pub(super) fn stop_reading(&mut self, role: Role, config: &LinkConfig) {
        self.reader = Reader::new(role, config.frames);
        self.not_utf8 = false;
    }

    /// From here on everything of the peer but its close frame is dropped.
    pub(super) fn skim(&mut self) {
        self.reader.skim();
    }

    /// Bytes that came and were not read yet, or wait for the rest of their message.
    pub(super) fn unread(&self) -> usize {
        self.reader.buffered()
    }

    /// Gives the memory of an idle connection back.
    pub(super) fn release(&mut self, pool: Option<&mut DeflatePool>) {
        self.reader.release();
        self.output.release(pool);
    }

    /// Bytes on the heap.
    pub(super) fn memory(&self) -> usize {
        let ours = self.ours.as_ref().map_or(0, |end| size_of::<End>() + end.reason.len());
        self.reader.capacity() + self.output.memory() + ours
    }

    #[cfg(test)]
    pub(super) fn reader(&self) -> &Reader {
        &self.reader
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("unread", &self.reader.buffered())
            .field("output", &self.output)
            .field("ours", &self.ours)
            .finish_non_exhaustive()
    }
}
