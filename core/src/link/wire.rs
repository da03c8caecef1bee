//! The frames of one connection, for either role: what arrived, what waits, what is due.

use core::{fmt, mem};
use std::sync::Arc;

use super::beats::Beats;
use super::cause::Cause;
use super::class::Class;
use super::config::{OutboxConfig, Overflow};
use super::event::{Closed, SendError, Transmit};
use super::gather::Sink;
use super::outbox::{Frame, Outbox};
use super::token::redact;
use crate::envelope::write;
use crate::frame::{
    Agreement, CloseCode, DeflateConfig, DeflatePool, FrameConfig, FrameError, Item, ItemKind,
    MessageKind, Outgoing, Reader, Role, Writer, cut_reason,
};
use crate::time::{Now, Wall};

/// Bytes of data frames that a host takes before it should write them.
const CHUNK: usize = 64 * 1_024;

/// For what is bounded elsewhere.
const UNBOUNDED: OutboxConfig = OutboxConfig { max_bytes: usize::MAX, overflow: Overflow::Reject };

pub(super) struct Wire {
    pub(super) reader: Reader,
    /// A text turned out not to be UTF-8 while it was lent: the link's next step fails it.
    pub(super) not_utf8: bool,
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
    pub(super) beats: Beats,
    /// Our close frame, until it is appended.
    goodbye: Option<Box<(CloseCode, Box<str>)>>,
}

impl Wire {
    pub(super) fn new(role: Role, frames: FrameConfig, writer: Writer) -> Self {
        Self {
            reader: Reader::new(role, frames),
            not_utf8: false,
            writer,
            outbox: Outbox::default(),
            head: Vec::new(),
            pong: None,
            follow_up: false,
            ping: None,
            beats: Beats::default(),
            goodbye: None,
        }
    }

    /// Messages may be compressed from here on, as the opening handshake has agreed.
    pub(super) fn deflate(&mut self, config: &DeflateConfig, agreed: Agreement) {
        self.reader.inflate(config, agreed);
        self.writer.deflate(config, agreed);
    }

    /// The text of an [`ItemKind::Text`], checked as it is lent. `pool` is that of
    /// [`advance`](Self::advance).
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

    /// Where the opening handshake is written to.
    pub(super) fn head(&mut self) -> &mut Vec<u8> {
        &mut self.head
    }

    /// Leaves only the head of an HTTP answer that waits: it tells the length of the body that a
    /// GET would have got (RFC 9110 section 9.3.2).
    pub(super) fn strip_body(&mut self) {
        if let Some(end) = memchr::memmem::find(&self.head, b"\r\n\r\n") {
            self.head.truncate(end + 4);
        }
    }

    /// The next message or end in the reader; pings are answered and pongs swallowed on the way.
    #[inline]
    pub(super) fn advance(&mut self, mut pool: Option<&mut DeflatePool>) -> Option<Item> {
        loop {
            let item = self.reader.advance(pool.as_deref_mut())?;
            match item.kind {
                ItemKind::Ping => {
                    let counted = &mut self.beats.counted;
                    counted.pings_in = counted.pings_in.saturating_add(1);
                    self.pong = Some(self.reader.bytes(item, None).into());
                }
                ItemKind::Pong => {
                    let counted = &mut self.beats.counted;
                    counted.pongs_in = counted.pongs_in.saturating_add(1);
                }
                _ => return Some(item),
            }
        }
    }

    pub(super) fn send_text(&mut self, text: &str, config: &OutboxConfig) -> Result<(), SendError> {
        if self.writer.is_closed() {
            return Err(SendError::NotOpen);
        }
        let frame = if self.writer.role() == Role::Server || self.writer.deflates() {
            Frame::Text(text.as_bytes().to_vec())
        } else {
            let mut frame = Vec::with_capacity(text.len() + 14);
            self.writer.text(text, &mut frame).map_err(|_| SendError::NotOpen)?;
            Frame::Masked(frame)
        };
        self.outbox.push(frame, config)
    }

    /// Sends a text that others hold too.
    pub(super) fn send_shared(
        &mut self,
        text: Arc<[u8]>,
        config: &OutboxConfig,
    ) -> Result<(), SendError> {
        self.outbox.push(Frame::Shared(text), config)
    }

    /// Sends a text that no policy may keep out.
    pub(super) fn send_urgent(&mut self, text: &str) {
        // It fits, and a closed writer says goodbye anyway.
        let _ = self.send_text(text, &UNBOUNDED);
    }

    /// Sends a shared text that no policy may keep out.
    pub(super) fn send_anyway(&mut self, text: Arc<[u8]>) {
        let _ = self.send_shared(text, &UNBOUNDED);
    }

    pub(super) fn send_ping(&mut self, now: Now) {
        let again = self.ping.replace(now.wall).is_some();
        self.beats.pinged(now.mono, again);
    }

    /// Sends a pong that answers nothing, so that bytes come.
    pub(super) fn send_follow_up(&mut self) {
        self.follow_up = true;
    }

    /// Says goodbye after all that waits.
    pub(super) fn say_goodbye(&mut self, code: CloseCode, reason: &str) {
        self.goodbye = Some(Box::new((code, cut_reason(reason).into())));
    }

    /// Nothing but the goodbye is to leave any more; tells how many messages stay behind.
    pub(super) fn drop_messages(&mut self) -> usize {
        (self.pong, self.ping, self.follow_up) = (None, None, false);
        self.outbox.clear()
    }

    /// Nothing is to leave any more and nothing is held: the transport is gone.
    pub(super) fn abandon(&mut self) -> usize {
        (self.head, self.goodbye) = (Vec::new(), None);
        self.drop_messages()
    }

    /// Gives the memory of an idle link back.
    pub(super) fn release(&mut self, pool: Option<&mut DeflatePool>) {
        self.reader.release();
        self.writer.rest(pool);
        self.head = Vec::new();
    }

    /// `hang_up` is left to the caller.
    pub(super) fn transmit(
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
                let counted = &mut self.beats.counted;
                counted.pongs_out = counted.pongs_out.saturating_add(1);
            }
            if mem::take(&mut self.follow_up) {
                let _ = self.writer.pong(&[], out.buffer());
                let counted = &mut self.beats.counted;
                counted.pongs_out = counted.pongs_out.saturating_add(1);
            }
            if let Some(wall) = self.ping.take() {
                let mut text = String::with_capacity(64);
                write::ping(&mut text, wall);
                let (text, pool) = (text.as_bytes(), pool.as_deref_mut());
                let _ = self.writer.message(MessageKind::Text, text, pool, out.buffer());
                let counted = &mut self.beats.counted;
                counted.pings_out = counted.pings_out.saturating_add(1);
            }
            let enough = out.len() + CHUNK;
            while out.len() < enough
                && let Some(frame) = self.outbox.pop()
            {
                if self.writer.deflates() {
                    // With compression a message takes its form when it leaves, since each may refer
                    // to all before it, and none that was dropped. A closed writer was looked at
                    // before, and there are no fragments.
                    let (text, pool) = (frame.payload(), pool.as_deref_mut());
                    let _ = self.writer.message(MessageKind::Text, text, pool, out.buffer());
                } else {
                    out.push(frame);
                }
            }
            if self.outbox.is_empty()
                && let Some(goodbye) = self.goodbye.take()
                && self.writer.close(goodbye.0, &goodbye.1, out.buffer()).is_err()
            {
                // A code that may not be sent becomes a close frame without one.
                let _ = self.writer.close(CloseCode::NO_STATUS, "", out.buffer());
            }
        }
        Transmit { written: out.len() - start, more: !self.outbox.is_empty(), hang_up: false }
    }

    /// From here on whole messages leave: texts wait in the outbox as they are, because the host's
    /// transport makes the frames.
    pub(super) fn speak_messages(&mut self) {
        self.writer = Writer::server();
    }

    /// The next whole message, in the place of [`transmit`](Self::transmit).
    pub(super) fn poll_message(&mut self, out: &mut Vec<u8>) -> Option<Outgoing> {
        if self.writer.is_closed() || self.writer.role() == Role::Client {
            return None;
        }
        if let Some(wall) = self.ping.take() {
            let mut text = String::with_capacity(64);
            write::ping(&mut text, wall);
            out.extend_from_slice(text.as_bytes());
            let counted = &mut self.beats.counted;
            counted.pings_out = counted.pings_out.saturating_add(1);
            return Some(Outgoing::Text);
        }
        if let Some(frame) = self.outbox.pop() {
            out.extend_from_slice(frame.payload());
            return Some(Outgoing::Text);
        }
        let (code, reason) = *self.goodbye.take()?;
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
        let goodbye = self.goodbye.as_ref().map_or(0, |_| size_of::<(CloseCode, Box<str>)>());
        self.reader.capacity()
            + self.writer.capacity()
            + self.head.capacity()
            + self.outbox.memory()
            + pong
            + goodbye
    }

    /// Something waits to be appended.
    pub(super) fn has_output(&self) -> bool {
        !self.head.is_empty()
            || self.pong.is_some()
            || self.follow_up
            || self.ping.is_some()
            || self.goodbye.is_some()
            || !self.outbox.is_empty()
    }

    pub(super) fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(super) fn outbox_mut(&mut self) -> &mut Outbox {
        &mut self.outbox
    }
}

/// Sizes only: what waits may hold a token.
impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire")
            .field("unread", &self.reader.buffered())
            .field("head", &self.head.len())
            .field("queued", &self.outbox.bytes())
            .field("goodbye", &self.goodbye.as_ref().map(|goodbye| goodbye.0))
            .finish_non_exhaustive()
    }
}

/// The end of a link, kept until it was told.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) code: CloseCode,
    pub(super) reason: Box<str>,
    pub(super) class: Class,
    pub(super) clean: bool,
    pub(super) cause: Cause,
    pub(super) unsent: usize,
}

impl End {
    pub(super) fn new(code: CloseCode, reason: &str, cause: Cause) -> Self {
        let class = Class::of_close_code(code.as_u16());
        let reason = redact(cut_reason(reason)).into();
        Self { code, reason, class, clean: false, cause, unsent: 0 }
    }

    /// The peer broke RFC 6455 or a bound.
    pub(super) fn of_frame(error: FrameError) -> Self {
        Self::new(error.close_code(), &error.to_string(), Cause::Frame(error))
            .of_class(Class::of_frame_error(error))
    }

    /// The peer has said goodbye.
    pub(super) fn of_peer(code: CloseCode, reason: &str) -> Self {
        let mut end = Self::new(code, reason, Cause::Transport);
        end.cause = Cause::Peer { code, reason: end.reason.clone() };
        end
    }

    /// No close frame told why.
    pub(super) fn without_code(class: Class, cause: Cause) -> Self {
        Self { class, ..Self::new(CloseCode::ABNORMAL, "", cause) }
    }

    pub(super) fn of_class(self, class: Class) -> Self {
        Self { class, ..self }
    }

    pub(super) fn clean(self) -> Self {
        Self { clean: true, ..self }
    }

    pub(super) fn closed(&self) -> Closed<'_> {
        Closed {
            code: self.code,
            reason: &self.reason,
            class: self.class,
            clean: self.clean,
            cause: &self.cause,
            unsent: self.unsent,
        }
    }
}
