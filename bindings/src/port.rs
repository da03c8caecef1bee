//! How far the host has come with writing what a link has for it.
//!
//! A step hands out what there is to write, but no more than [`ROOM`] bytes before the host has
//! said that all of it is written. What is beyond stays in the link's outbox, which has its bound
//! and its policy: a slow peer costs what the configuration says, and nothing is queued twice.

use pamlink::frame::{CloseCode, Outgoing};

use crate::packed::{self, schema};

/// Bytes handed out before the host has to say `written`.
const ROOM: usize = 64 * 1024;

/// What a text costs beside its bytes, so that many small ones count.
const EACH: usize = 64;

/// The host's end of one transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) speaks: Speaks,
    /// Bytes handed out and not yet written.
    under_way: usize,
    /// There may be more than was handed out.
    pub(crate) waiting: bool,
    /// The link has ended: its transport is to be dropped once everything is handed out.
    pub(crate) hang_up: bool,
}

/// What a transport takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// There is none.
    #[default]
    Nothing,
    /// Bytes: the engine speaks WebSocket.
    Bytes,
    /// Whole messages: it speaks WebSocket itself.
    Messages,
}

impl Port {
    pub(crate) fn new(speaks: Speaks) -> Self {
        Self { speaks, ..Self::default() }
    }

    /// Whether more may be handed out now; if not, [`written`](Self::written) brings it.
    ///
    /// The last words of a link that has ended always may: a host whose peer does not read any
    /// more never says `written`, and would keep the transport for good.
    pub(crate) fn has_room(&mut self) -> bool {
        self.waiting = self.under_way >= ROOM && !self.hang_up;
        !self.waiting
    }

    /// So much was handed out.
    pub(crate) fn gave(&mut self, bytes: usize) {
        self.under_way += bytes + EACH;
    }

    /// The host has written everything. Whether more waits.
    pub(crate) fn written(&mut self) -> bool {
        self.under_way = 0;
        core::mem::take(&mut self.waiting)
    }
}

/// Appends what a transport of whole messages is to do. Whether it was the last.
pub(crate) fn outgoing(out: &mut Vec<u8>, link: u64, outgoing: Outgoing, text: &[u8]) -> bool {
    match outgoing {
        Outgoing::Text => {
            packed::push(out, schema::WRITE_TEXT, &[link], &[Some(text)]);
            false
        }
        Outgoing::Close(code) => {
            let code = (code != CloseCode::NO_STATUS).then(|| code.as_u16().into());
            packed::push(out, schema::WRITE_CLOSE, &[link, packed::word(code)], &[Some(text)]);
            false
        }
        Outgoing::HangUp => {
            packed::push(out, schema::HANG_UP, &[link], &[]);
            true
        }
    }
}
