//! Messages to frames.

use core::fmt;

use crate::seed::{Random, Seed};

use super::deflate::{Agreement, DeflateConfig, DeflatePool, Deflation};
use super::header::{Header, server_header};
use super::message::close_body;
use super::{CloseCode, Opcode, Role, WriteError, mask};

/// What a message is made of.
///
/// Closed: RFC 6455 has these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums)]
pub enum MessageKind {
    /// UTF-8.
    Text,
    /// Any bytes.
    Binary,
}

impl MessageKind {
    const fn opcode(self) -> Opcode {
        match self {
            Self::Text => Opcode::Text,
            Self::Binary => Opcode::Binary,
        }
    }
}

impl Header {
    /// The head of a whole message that a server sends, with a payload of `len` bytes: for vectored
    /// writes that leave the payload where it is, and for one message that goes to many links.
    #[must_use]
    #[inline]
    pub const fn of_server(kind: MessageKind, len: usize) -> Self {
        server_header(kind.opcode(), true, len)
    }
}

impl fmt::Display for MessageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text => "text",
            Self::Binary => "binary",
        })
    }
}

/// Appends frames to the caller's buffer: masked for a client, plain for a server.
///
/// Every method appends one whole frame, or returns an error and appends nothing. After a Close
/// frame every method answers [`WriteError::Closed`].
#[derive(Debug)]
pub struct Writer {
    /// Where a client's mask keys come from (RFC 6455 section 10.3). Boxed: it is large, and a
    /// server has many writers without one.
    masks: Option<Box<Random>>,
    /// The kind of the fragmented message that is not finished, and whether it is compressed.
    open: Option<MessageKind>,
    compressed: bool,
    closed: bool,
    deflation: Option<Box<Deflation>>,
}

impl Writer {
    /// The writer of a server.
    pub const fn server() -> Self {
        Self { masks: None, open: None, compressed: false, closed: false, deflation: None }
    }

    /// The writer of a client, which draws a fresh mask key for each frame from `seed`.
    pub fn client(seed: Seed) -> Self {
        Self { masks: Some(Box::new(seed.into_random())), ..Self::server() }
    }

    /// Compresses messages from here on, as the opening handshake has agreed: those that are at
    /// least [`threshold`](DeflateConfig::threshold) long and become shorter.
    pub fn deflate(&mut self, config: &DeflateConfig, agreed: Agreement) {
        self.deflation = Deflation::new(config, agreed).map(Box::new);
    }

    /// Appends a text message in one frame.
    ///
    /// # Errors
    ///
    /// [`WriteError::MessageOpen`] inside a fragmented message, [`WriteError::Closed`].
    #[inline]
    pub fn text(&mut self, text: &str, out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.message(MessageKind::Text, text.as_bytes(), None, out)
    }

    /// Appends a binary message in one frame.
    ///
    /// # Errors
    ///
    /// [`WriteError::MessageOpen`] inside a fragmented message, [`WriteError::Closed`].
    #[inline]
    pub fn binary(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.message(MessageKind::Binary, bytes, None, out)
    }

    /// Appends a message in one frame, compressed with memory that many writers share. The caller
    /// sees to it that a text is UTF-8.
    ///
    /// # Errors
    ///
    /// [`WriteError::MessageOpen`] inside a fragmented message, [`WriteError::Closed`].
    pub fn message_with(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        pool: &mut DeflatePool,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        self.message(kind, payload, Some(pool), out)
    }

    /// Gives the compressor back, to `pool` if it is from there: the next message refers to none
    /// before it. For connections that idle. Not inside a fragmented message.
    pub fn release(&mut self, pool: Option<&mut DeflatePool>) {
        if let Some(deflation) = &mut self.deflation
            && self.open.is_none()
        {
            deflation.release(pool);
        }
    }

    /// Whether a payload does not leave as it is: it is masked, or may be compressed.
    pub(crate) const fn transforms(&self) -> bool {
        self.masks.is_some() || self.deflation.is_some()
    }

    /// Bytes of memory that compression holds.
    pub fn capacity(&self) -> usize {
        self.deflation.as_ref().map_or(0, |deflation| deflation.memory())
    }

    /// Appends the next fragment of a message of this kind; `fin` makes it the last one.
    ///
    /// Control frames may be written between fragments. The fragments of a text message together
    /// must be UTF-8, which the caller sees to; a fragment may end inside a character. A message
    /// is compressed if its first fragment would be as a message.
    ///
    /// # Errors
    ///
    /// [`WriteError::MessageOpen`] if the open message is of the other kind,
    /// [`WriteError::Closed`].
    pub fn fragment(
        &mut self,
        kind: MessageKind,
        fin: bool,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        if self.closed {
            return Err(WriteError::Closed);
        }
        if let Some(open) = self.open
            && open != kind
        {
            return Err(WriteError::MessageOpen { open });
        }
        let first = self.open.is_none();
        if first {
            self.compressed = self.deflation.as_ref().is_some_and(|own| own.wants(payload.len()));
        }
        self.open = if fin { None } else { Some(kind) };
        let opcode = if first { kind.opcode() } else { Opcode::Continuation };
        match &mut self.deflation {
            Some(deflation) if self.compressed => {
                let mut compressed = Vec::new();
                deflation.piece(payload, fin, None, &mut compressed);
                self.frame(opcode, fin, first, &compressed, out);
            }
            _ => self.frame(opcode, fin, false, payload, out),
        }
        Ok(())
    }

    /// Appends a ping; `payload` is at most 125 bytes.
    ///
    /// # Errors
    ///
    /// [`WriteError::ControlTooLong`], [`WriteError::Closed`].
    pub fn ping(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.control(Opcode::Ping, payload, out)
    }

    /// Appends a pong; `payload` is at most 125 bytes, and that of the ping it answers.
    ///
    /// # Errors
    ///
    /// [`WriteError::ControlTooLong`], [`WriteError::Closed`].
    pub fn pong(&mut self, payload: &[u8], out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.control(Opcode::Pong, payload, out)
    }

    /// Appends a Close frame, the last frame there is. The reason is cut at 123 bytes on a
    /// character's border. [`CloseCode::NO_STATUS`] writes a Close frame without a body.
    ///
    /// # Errors
    ///
    /// [`WriteError::CodeNotSendable`], [`WriteError::Closed`].
    pub fn close(
        &mut self,
        code: CloseCode,
        reason: &str,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        if code == CloseCode::NO_STATUS {
            self.control(Opcode::Close, &[], out)?;
            self.closed = true;
            return Ok(());
        }
        if !code.may_be_sent(self.role()) {
            return Err(WriteError::CodeNotSendable { code });
        }
        let mut body = [0; 125];
        self.control(Opcode::Close, close_body(code, reason, &mut body), out)?;
        self.closed = true;
        Ok(())
    }

    /// Whose frames these are.
    pub const fn role(&self) -> Role {
        if self.masks.is_some() { Role::Client } else { Role::Server }
    }

    /// Whether a Close frame was written.
    pub const fn is_closed(&self) -> bool {
        self.closed
    }

    #[inline]
    pub(crate) fn message(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        pool: Option<&mut DeflatePool>,
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        if self.closed {
            return Err(WriteError::Closed);
        }
        if let Some(open) = self.open {
            return Err(WriteError::MessageOpen { open });
        }
        match &mut self.deflation {
            Some(deflation) if deflation.wants(payload.len()) => {
                self.deflated(kind, payload, pool, out);
            }
            _ => self.frame(kind.opcode(), true, false, payload, out),
        }
        Ok(())
    }

    /// Compresses right behind the place of a head that is as long as that of the payload would be;
    /// the head that is then written may be shorter, if so what follows moves up to it.
    #[inline(never)]
    fn deflated(
        &mut self,
        kind: MessageKind,
        payload: &[u8],
        pool: Option<&mut DeflatePool>,
        out: &mut Vec<u8>,
    ) {
        let Some(deflation) = &mut self.deflation else { return };
        let start = out.len();
        let room =
            Header::new(kind.opcode(), true, payload.len(), self.masks.as_ref().map(|_| [0; 4]));
        room.append(out);
        let body = out.len();
        if !deflation.message(payload, pool, out) {
            out.truncate(start);
            return self.frame(kind.opcode(), true, false, payload, out);
        }
        let key = self.masks.as_mut().map(|masks| masks.next_u32().to_le_bytes());
        let header = Header::new(kind.opcode(), true, out.len() - body, key).compressed();
        if let Some(key) = key {
            mask::apply(&mut out[body..], key);
        }
        let head = header.as_bytes();
        out[start..start + head.len()].copy_from_slice(head);
        out.drain(start + head.len()..body);
    }

    fn control(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        if self.closed {
            return Err(WriteError::Closed);
        }
        if payload.len() > 125 {
            return Err(WriteError::ControlTooLong { length: payload.len() });
        }
        self.frame(opcode, true, false, payload, out);
        Ok(())
    }

    #[inline]
    fn frame(
        &mut self,
        opcode: Opcode,
        fin: bool,
        compressed: bool,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) {
        let key = self.masks.as_mut().map(|masks| masks.next_u32().to_le_bytes());
        let mut header = Header::new(opcode, fin, payload.len(), key);
        if compressed {
            header = header.compressed();
        }
        // 14: the longest head.
        out.reserve(14 + payload.len());
        header.append(out);
        match key {
            Some(key) => mask::append(payload, key, out),
            None => out.extend_from_slice(payload),
        }
    }
}
