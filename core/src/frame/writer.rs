//! Messages to frames.

use core::fmt;

use crate::seed::{Random, Seed};

use super::header::Header;
use super::message::close_body;
use super::{CloseCode, Opcode, Role, WriteError, mask};

/// What a message is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageKind {
    /// UTF-8.
    Text,
    /// Any bytes.
    Binary,
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
/// Every method appends one whole frame, or nothing and tells why. After a Close frame every
/// method answers [`WriteError::Closed`].
#[derive(Debug)]
pub struct Writer {
    /// Where a client's mask keys come from (RFC 6455 section 10.3). Boxed: it is large, and a
    /// server has many writers without one.
    masks: Option<Box<Random>>,
    /// The kind of the fragmented message that is not finished.
    open: Option<MessageKind>,
    closed: bool,
}

impl Writer {
    /// The writer of a server.
    pub const fn server() -> Self {
        Self { masks: None, open: None, closed: false }
    }

    /// The writer of a client, which draws a fresh mask key for each frame from `seed`.
    pub fn client(seed: Seed) -> Self {
        Self { masks: Some(Box::new(seed.into_random())), open: None, closed: false }
    }

    /// Appends a text message in one frame.
    ///
    /// # Errors
    ///
    /// [`WriteError::MessageOpen`] inside a fragmented message, [`WriteError::Closed`].
    pub fn text(&mut self, text: &str, out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.message(Opcode::Text, text.as_bytes(), out)
    }

    /// Appends a binary message in one frame.
    ///
    /// # Errors
    ///
    /// [`WriteError::MessageOpen`] inside a fragmented message, [`WriteError::Closed`].
    pub fn binary(&mut self, bytes: &[u8], out: &mut Vec<u8>) -> Result<(), WriteError> {
        self.message(Opcode::Binary, bytes, out)
    }

    /// Appends the next fragment of a message of this kind; `fin` makes it the last one.
    ///
    /// Control frames may be written between fragments. The fragments of a text message together
    /// must be UTF-8, which the caller sees to; a fragment may end inside a character.
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
        let opcode = match (self.open, kind) {
            (Some(open), kind) if open != kind => return Err(WriteError::MessageOpen { open }),
            (Some(_), _) => Opcode::Continuation,
            (None, MessageKind::Text) => Opcode::Text,
            (None, MessageKind::Binary) => Opcode::Binary,
        };
        self.open = if fin { None } else { Some(kind) };
        self.frame(opcode, fin, payload, out);
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
    fn message(
        &mut self,
        opcode: Opcode,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), WriteError> {
        if self.closed {
            return Err(WriteError::Closed);
        }
        if let Some(open) = self.open {
            return Err(WriteError::MessageOpen { open });
        }
        self.frame(opcode, true, payload, out);
        Ok(())
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
        self.frame(opcode, true, payload, out);
        Ok(())
    }

    #[inline]
    fn frame(&mut self, opcode: Opcode, fin: bool, payload: &[u8], out: &mut Vec<u8>) {
        let key = self.masks.as_mut().map(|masks| masks.next_u32().to_le_bytes());
        let header = Header::new(opcode, fin, payload.len(), key);
        // 14: the longest head.
        out.reserve(14 + payload.len());
        header.append(out);
        match key {
            Some(key) => mask::append(payload, key, out),
            None => out.extend_from_slice(payload),
        }
    }
}
