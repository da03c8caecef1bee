//! The opening request of a server's link, from its first byte until it is answered.

use core::mem;

use crate::frame::handshake::{HandshakeConfig, HandshakeError, Request, RequestReader};

#[derive(Debug)]
pub(super) struct Opening {
    reader: RequestReader,
    request: Option<Request>,
    untold: bool,
}

impl Opening {
    pub(super) fn new(config: HandshakeConfig) -> Self {
        Self { reader: RequestReader::new(config), request: None, untold: false }
    }

    /// Bytes of the request. How many of them are its own, once it is whole.
    pub(super) fn handle_bytes(&mut self, bytes: &[u8]) -> Result<Option<usize>, HandshakeError> {
        let taken = self.reader.handle_bytes(bytes);
        match self.reader.poll_event() {
            None => Ok(None),
            Some(Ok(request)) => {
                (self.request, self.untold) = (Some(request), true);
                Ok(Some(taken))
            }
            Some(Err(error)) => Err(error),
        }
    }

    /// Whether the request has come since the last call.
    pub(super) fn take_untold(&mut self) -> bool {
        mem::take(&mut self.untold)
    }

    /// The request, once it is whole.
    pub(super) fn request(&self) -> Option<&Request> {
        self.request.as_ref()
    }

    /// The request asks for the head of an answer alone.
    pub(super) fn is_head(&self) -> bool {
        self.reader.is_head()
    }

    /// Bytes on the heap, its own included.
    pub(super) fn memory(&self) -> usize {
        size_of::<Self>() + self.reader.memory() + self.request.as_ref().map_or(0, Request::memory)
    }
}
