//! The way to the server, of bytes or of whole messages.

use pamlink::frame::handshake::{HandshakeConfig, RequestReader, accept};
use pamlink::frame::{FrameConfig, FrameEvent, Reader, Role, Writer};
use pamlink::link::ClientLinkEvent;

/// The way to the server.
#[derive(Default)]
pub(crate) enum Transport {
    #[default]
    None,
    /// It is to be made.
    Asked,
    /// It has whole messages.
    Whole,
    /// It has bytes; what the client writes is read strictly, once it was answered.
    Bytes { request: Box<RequestReader>, reader: Option<Box<Reader>>, writer: Box<Writer> },
}

impl Transport {
    /// It is connected, and takes bytes.
    pub(crate) fn dialed() -> Self {
        let request = Box::new(RequestReader::new(HandshakeConfig::default()));
        Self::Bytes { request, reader: None, writer: Box::new(Writer::server()) }
    }

    /// What its host does.
    pub(crate) fn follow(&mut self, event: &ClientLinkEvent<'_>) {
        match event {
            ClientLinkEvent::Dial(_) => *self = Self::Asked,
            ClientLinkEvent::CloseTransport => *self = Self::None,
            _ => {}
        }
    }

    /// The server takes the opening, with a subprotocol that is on offer where it is to.
    pub(crate) fn answer(&mut self, takes_offer: bool) -> Option<Vec<u8>> {
        let Self::Bytes { request, reader, .. } = self else { return None };
        let asked = request.poll_event()?.ok()?;
        let chosen = asked.subprotocols().next().filter(|_| takes_offer).map(str::to_owned);
        let mut answer = Vec::new();
        accept(&asked, chosen.as_deref(), None, &mut answer).expect("a client asks for an upgrade");
        *reader = Some(Reader::new(Role::Server, FrameConfig::default()).into());
        Some(answer)
    }

    /// Reads what the client wrote, strictly.
    pub(crate) fn take(&mut self, mut bytes: &[u8], mut hear: impl FnMut(&str)) {
        let Self::Bytes { request, reader, .. } = self else { return };
        let Some(reader) = reader else {
            let taken = request.handle_bytes(bytes);
            assert_eq!(taken, bytes.len(), "something is said before the handshake is over");
            return;
        };
        while !bytes.is_empty() {
            let (part, rest) = bytes.split_at(bytes.len().min(65_536));
            bytes = rest;
            reader.handle_bytes(part).expect("a reader that is drained takes bytes");
            while let Some(event) = reader.poll_event() {
                match event {
                    FrameEvent::Text(text) => hear(text),
                    FrameEvent::Failed(error) => panic!("it wrote what cannot be read: {error}"),
                    _ => {}
                }
            }
        }
    }
}
