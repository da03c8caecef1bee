//! What one connection has to write, for either role, and in what order it leaves.

use core::time::Duration;
use core::{fmt, mem};
use std::sync::Arc;

use crate::envelope::write;
use crate::frame::{
    Agreement, CloseCode, DeflateConfig, DeflatePool, MessageKind, Opcode, Outgoing, Role, Writer,
    cut_reason, server_header,
};
use crate::link::config::{OutboxConfig, Overflow};
use crate::link::event::{LinkSendError, Overflowed, Transmit};
use crate::link::gather::Sink;
use crate::link::outbox::Outbox;
use crate::link::pings::{PingCounts, Pings};
use crate::time::{Mono, Now, Wall};

/// Bytes of data frames that a host takes before it should write them.
const PART_BYTES: usize = 64 * 1_024;

/// For what is bounded elsewhere.
const UNBOUNDED: OutboxConfig = OutboxConfig { max_bytes: usize::MAX, overflow: Overflow::Reject };

/// What is to be written: the opening handshake, then frames.
pub(in crate::link) struct Output {
    writer: Writer,
    outbox: Outbox,
    /// HTTP, before any frame.
    head: Vec<u8>,
    /// The payload of the newest ping that was not answered yet. RFC 6455 section 5.5.3 lets us
    /// skip the ones before it, which bounds what a flood of pings can make us hold.
    pong: Option<Box<[u8]>>,
    /// A pong that answers nothing is to leave.
    follow_up: bool,
    /// The heartbeat asked for a ping at this wall time.
    ping: Option<Wall>,
    pings: Pings,
    /// Our close frame, until it is appended.
    close: Option<Box<(CloseCode, Box<str>)>>,
}

impl Output {
    pub(super) fn new(writer: Writer) -> Self {
        Self {
            writer,
            outbox: Outbox::default(),
            head: Vec::new(),
            pong: None,
            follow_up: false,
            ping: None,
            pings: Pings::default(),
            close: None,
        }
    }

    /// Messages may be compressed from here on.
    pub(super) fn deflate(&mut self, config: &DeflateConfig, agreed: Agreement) {
        self.writer.deflate(config, agreed);
    }

    /// A ping came: its payload goes back.
    pub(super) fn handle_ping(&mut self, payload: &[u8]) {
        let counted = &mut self.pings.counted;
        counted.pings_in = counted.pings_in.saturating_add(1);
        self.pong = Some(payload.into());
    }

    /// A pong came.
    pub(super) fn handle_pong(&mut self) {
        let counted = &mut self.pings.counted;
        counted.pongs_in = counted.pongs_in.saturating_add(1);
    }

    /// The peer has answered a ping of ours: how long that took, if it is known.
    pub(in crate::link) fn ponged(&mut self, now: Mono) -> Option<Duration> {
        self.pings.ponged(now)
    }

    /// Pings and pongs since the last call.
    #[inline]
    pub(in crate::link) fn take_pings(&mut self) -> PingCounts {
        self.pings.take()
    }

    /// Where the opening handshake is written to.
    pub(in crate::link) fn head(&mut self) -> &mut Vec<u8> {
        &mut self.head
    }

    /// Leaves only the head of an HTTP answer that waits: it tells the length of the body that a
    /// GET would have got (RFC 9110 section 9.3.2).
    pub(in crate::link) fn strip_body(&mut self) {
        if let Some(end) = memchr::memmem::find(&self.head, b"\r\n\r\n") {
            self.head.truncate(end + 4);
        }
    }

    /// Queues a text, which others may hold too.
    pub(in crate::link) fn send(
        &mut self,
        text: Arc<[u8]>,
        config: &OutboxConfig,
    ) -> Result<(), LinkSendError> {
        if self.writer.is_closed() {
            return Err(LinkSendError::NotOpen);
        }
        self.outbox.push(text, config)
    }

    /// Queues a text that no policy may keep out.
    pub(in crate::link) fn send_anyway(&mut self, text: Arc<[u8]>) {
        // It fits, and a closed writer sends its close frame anyway.
        let _ = self.send(text, &UNBOUNDED);
    }

    pub(in crate::link) fn send_ping(&mut self, now: Now) {
        let again = self.ping.replace(now.wall).is_some();
        self.pings.pinged(now.mono, again);
    }

    /// Whether a ping waits, which whoever asks sends in its place.
    pub(in crate::link) fn take_ping(&mut self) -> bool {
        self.ping.take().is_some()
    }

    /// Sends a pong that answers nothing, so that bytes come.
    pub(in crate::link) fn send_follow_up(&mut self) {
        self.follow_up = true;
    }

    /// Queues a close frame behind all that waits.
    pub(in crate::link) fn send_close(&mut self, code: CloseCode, reason: &str) {
        self.close = Some(Box::new((code, cut_reason(reason).into())));
    }

    /// Drops all that waits but the close frame, and returns how many messages that were.
    pub(in crate::link) fn drop_messages(&mut self) -> usize {
        (self.pong, self.ping, self.follow_up) = (None, None, false);
        self.outbox.clear()
    }

    /// Nothing is to leave any more and nothing is held: the transport is gone.
    pub(in crate::link) fn abandon(&mut self) -> usize {
        (self.head, self.close) = (Vec::new(), None);
        self.drop_messages()
    }

    /// Frees the buffers of an idle link.
    pub(super) fn release(&mut self, pool: Option<&mut DeflatePool>) {
        self.writer.release(pool);
        self.head = Vec::new();
    }

    /// Appends what is to be written; `close_transport` is left to the caller.
    pub(in crate::link) fn transmit(
        &mut self,
        out: &mut impl Sink,
        mut pool: Option<&mut DeflatePool>,
    ) -> Transmit {
        let start = out.len();
        if !self.head.is_empty() {
            out.buffer().append(&mut mem::take(&mut self.head));
        }
        if !self.writer.is_closed() {
            // The lengths were checked when these came in, so no writer refuses them.
            if let Some(payload) = self.pong.take() {
                let _ = self.writer.pong(&payload, out.buffer());
                let counted = &mut self.pings.counted;
                counted.pongs_out = counted.pongs_out.saturating_add(1);
            }
            if mem::take(&mut self.follow_up) {
                let _ = self.writer.pong(&[], out.buffer());
                let counted = &mut self.pings.counted;
                counted.pongs_out = counted.pongs_out.saturating_add(1);
            }
            if let Some(wall) = self.ping.take() {
                let mut text = String::with_capacity(64);
                write::ping(&mut text, wall);
                let (text, pool) = (text.as_bytes(), pool.as_deref_mut());
                let _ = self.writer.message(MessageKind::Text, text, pool, out.buffer());
                let counted = &mut self.pings.counted;
                counted.pings_out = counted.pings_out.saturating_add(1);
            }
            let enough = out.len() + PART_BYTES;
            while out.len() < enough
                && let Some(text) = self.outbox.pop()
            {
                if self.writer.transforms() {
                    // A compressed message may refer to all before it, and to none that was
                    // dropped, so none takes its form earlier. A closed writer was looked at
                    // before, and there are no fragments.
                    let pool = pool.as_deref_mut();
                    let _ = self.writer.message(MessageKind::Text, &text, pool, out.buffer());
                } else {
                    let header = server_header(Opcode::Text, true, text.len());
                    out.buffer().extend_from_slice(header.as_bytes());
                    out.push(text);
                }
            }
            if self.outbox.is_empty()
                && let Some(close) = self.close.take()
                && self.writer.close(close.0, &close.1, out.buffer()).is_err()
            {
                // A code that may not be sent becomes a close frame without one.
                let _ = self.writer.close(CloseCode::NO_STATUS, "", out.buffer());
            }
        }
        Transmit {
            written: out.len() - start,
            more: !self.outbox.is_empty(),
            close_transport: false,
        }
    }

    /// From here on whole messages leave: the host's transport makes the frames, and the masks.
    pub(in crate::link) fn speak_messages(&mut self) {
        self.writer = Writer::server();
    }

    /// The next whole message, in the place of [`transmit`](Self::transmit).
    pub(in crate::link) fn poll_message(&mut self, out: &mut Vec<u8>) -> Option<Outgoing> {
        if self.writer.is_closed() || self.writer.role() == Role::Client {
            return None;
        }
        if let Some(wall) = self.ping.take() {
            let mut text = String::with_capacity(64);
            write::ping(&mut text, wall);
            out.extend_from_slice(text.as_bytes());
            let counted = &mut self.pings.counted;
            counted.pings_out = counted.pings_out.saturating_add(1);
            return Some(Outgoing::Text);
        }
        if let Some(text) = self.outbox.pop() {
            out.extend_from_slice(&text);
            return Some(Outgoing::Text);
        }
        let (code, reason) = *self.close.take()?;
        // The frame is the transport's to make; ours only ends the writer.
        if self.writer.close(code, "", &mut Vec::new()).is_ok() {
            out.extend_from_slice(reason.as_bytes());
            return Some(Outgoing::Close(code));
        }
        let _ = self.writer.close(CloseCode::NO_STATUS, "", &mut Vec::new());
        Some(Outgoing::Close(CloseCode::NO_STATUS))
    }

    /// Bytes on the heap.
    pub(super) fn memory(&self) -> usize {
        let pong = self.pong.as_ref().map_or(0, |pong| pong.len());
        let close = self.close.as_ref().map_or(0, |_| size_of::<(CloseCode, Box<str>)>());
        self.writer.capacity() + self.head.capacity() + self.outbox.memory() + pong + close
    }

    /// Something waits to be appended.
    pub(in crate::link) fn has_output(&self) -> bool {
        !self.head.is_empty()
            || self.pong.is_some()
            || self.follow_up
            || self.ping.is_some()
            || self.close.is_some()
            || !self.outbox.is_empty()
    }

    /// Bytes of messages that wait.
    pub(in crate::link) fn queued(&self) -> usize {
        self.outbox.bytes()
    }

    /// Whether a text of this length may wait beside what waits already.
    pub(in crate::link) fn has_room(&self, text: usize, config: &OutboxConfig) -> bool {
        self.outbox.fits(text, config)
    }

    /// What the outbox's policy did since the last call.
    pub(in crate::link) fn take_overflow(&mut self, policy: Overflow) -> Option<Overflowed> {
        self.outbox.take_overflow(policy)
    }
}

/// Sizes only: what waits may hold a token.
impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("head", &self.head.len())
            .field("queued", &self.outbox.bytes())
            .field("close", &self.close.as_ref().map(|close| close.0))
            .finish_non_exhaustive()
    }
}
