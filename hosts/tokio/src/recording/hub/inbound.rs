//! What comes over a link: as long as it was, without masks and without tokens.

use std::sync::Arc;

use pamlink::frame::handshake::{HandshakeConfig, RequestReader};

use super::frames::{Frames, Of};
use super::letters::Letters;
use super::opening::Opening;
use crate::recording::sheet::Part;

/// A link's bytes, as far as they have come.
#[derive(Debug)]
pub(super) struct Inbound {
    place: Place,
    /// The stream of its messages; the next is that of its control frames.
    stream: u64,
    repeats_name: bool,
}

#[derive(Debug)]
enum Place {
    Opening(Box<(RequestReader, Opening)>),
    Frames(Box<Frames>),
    /// The engine reads no further.
    Over(Letters),
}

impl Inbound {
    /// A link that has the streams of this number and the next, to a hub that takes these
    /// subprotocols.
    pub(super) fn new(config: HandshakeConfig, subprotocols: Arc<[String]>, stream: u64) -> Self {
        let opening = Box::new((RequestReader::new(config), Opening::new(subprotocols)));
        Self { place: Place::Opening(opening), stream, repeats_name: false }
    }

    /// Puts what stands for them into the place of bytes that have come, and says which of them are
    /// of which stream, that is, are to be searched for tokens that are known.
    pub(super) fn pass(&mut self, bytes: &mut [u8]) -> Vec<Part> {
        let mut at = 0;
        if let Place::Opening(opening) = &mut self.place {
            let (reader, opening) = &mut **opening;
            at = reader.handle_bytes(bytes);
            let outcome = reader.poll_event();
            bytes[..at].iter_mut().for_each(|byte| *byte = opening.pass(*byte));
            let Some(outcome) = outcome else { return Vec::new() };
            self.repeats_name = outcome.is_err() && opening.has_long_name();
            self.place = match outcome {
                Ok(request) if request.is_upgrade() => Place::Frames(Box::default()),
                _ => Place::Over(Letters::default()),
            };
        }
        let mut parts = Vec::new();
        for (at, byte) in bytes.iter_mut().enumerate().skip(at) {
            match &mut self.place {
                Place::Frames(frames) => {
                    let of;
                    (of, *byte) = frames.pass(*byte);
                    self.note(&mut parts, of, at);
                }
                Place::Opening(_) => {}
                Place::Over(letters) => *byte = letters.letter(*byte),
            }
        }
        parts
    }

    /// Whether the answer may repeat the name of a header that is hidden.
    pub(super) const fn repeats_name(&self) -> bool {
        self.repeats_name
    }

    /// The streams of the link.
    pub(super) const fn streams(&self) -> [u64; 2] {
        [self.stream, self.stream + 1]
    }

    fn note(&self, parts: &mut Vec<Part>, of: Of, at: usize) {
        let stream = match of {
            Of::Head => return,
            Of::Message => self.stream,
            Of::Control => self.stream + 1,
        };
        match parts.last_mut() {
            Some(part) if part.stream == stream && part.range.end == at => part.range.end += 1,
            _ => parts.push(Part { stream, range: at..at + 1 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_request_that_is_no_upgrade_is_hidden() {
        let mut inbound = Inbound::new(HandshakeConfig::default(), Arc::default(), 4);
        let mut bytes =
            b"POST /login HTTP/1.1\r\nHost: h\r\nContent-Length: 6\r\n\r\nsecret".to_vec();
        assert_eq!(inbound.pass(&mut bytes), []);
        assert!(bytes.ends_with(b"Content-Length: 6\r\n\r\nhidden"));
        let mut more = b"secret".to_vec();
        assert_eq!(inbound.pass(&mut more), []);
        assert_eq!(more, b"tokenh");
    }
}
