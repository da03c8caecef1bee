//! The host's end of a transport: what it takes, and how far it has come with writing.

use pamlink::frame::{CloseCode, Outgoing};
use pamlink::link::Credit;

use crate::packed::{self, schema};

/// The host's end of one transport.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Port {
    pub(crate) speaks: Speaks,
    credit: Credit,
    /// The link has ended: its transport is to be dropped once everything is handed out.
    pub(crate) close_transport: bool,
}

/// What a transport takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Speaks {
    /// There is none.
    #[default]
    Nothing,
    /// Bytes: the engine speaks WebSocket.
    #[cfg(feature = "bytes")]
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
    pub(crate) const fn has_room(&self) -> bool {
        self.close_transport || self.credit.has_room()
    }

    /// Appends bytes to write.
    #[cfg(feature = "bytes")]
    pub(crate) fn bytes(&mut self, out: &mut Vec<u8>, link: u64, bytes: &[u8]) {
        let ack = self.credit.hand_out(bytes.len());
        packed::push(out, schema::WRITE_BYTES, &[link, ack.into()], &[Some(bytes)]);
    }

    /// Appends what a transport of whole messages is to do. Whether it was the last.
    pub(crate) fn message(
        &mut self,
        out: &mut Vec<u8>,
        link: u64,
        outgoing: Outgoing,
        text: &[u8],
    ) -> bool {
        match outgoing {
            Outgoing::Text => {
                let ack = self.credit.hand_out(text.len());
                packed::push(out, schema::WRITE_TEXT, &[link, ack.into()], &[Some(text)]);
                false
            }
            Outgoing::Close(code) => {
                let code = (code != CloseCode::NO_STATUS).then(|| code.as_u16().into());
                packed::push(out, schema::WRITE_CLOSE, &[link, packed::word(code)], &[Some(text)]);
                false
            }
            Outgoing::CloseTransport => {
                packed::push(out, schema::CLOSE_TRANSPORT, &[link], &[]);
                true
            }
        }
    }

    /// The host has written what it was to report. Whether that made room.
    pub(crate) const fn written(&mut self) -> bool {
        self.credit.written()
    }
}
