//! The frames that the hub makes: its own (welcome, error, pong, going_away) and those for replies
//! of the host. Made here and nowhere else, in buffers that are kept.

use core::fmt::Write as _;
use core::time::Duration;
use std::sync::Arc;

use super::inline_text::InlineText;
use super::reply::Reply;
use crate::envelope::{Envelope, EnvelopeError, ErrorCode, Id, Kind, write};
use crate::time::Wall;

/// What the welcome tells a peer that knows the engine: replies name their request, and a request
/// that is repeated under its id takes effect once.
const FEATURES: &[&str] = &["reply_to", "repeat"];

/// Bytes that the buffers keep.
const KEEP: usize = 16 * 1024;

/// A frame that says something of the hub's own. Ids are as the peer spelled them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Own<'a> {
    /// The answer to an update of the context.
    ContextUpdated { reply_to: Option<&'a InlineText> },
    /// An `error`.
    Error {
        code: &'a ErrorCode<'a>,
        message: &'a str,
        retry_after: Option<Duration>,
        reply_to: Option<&'a InlineText>,
    },
    /// The hub goes down: when to come back.
    GoingAway { retry_after: Duration },
    /// A piece of an answer that grows.
    Piece { text: &'a str, reply_to: Option<&'a InlineText> },
    /// The answer to a ping.
    Pong { reply_to: Option<&'a InlineText> },
    /// In the place of an answer of so many bytes, of which so many are taken.
    TooLarge { bytes: usize, limit: usize, reply_to: Option<&'a InlineText> },
    /// The first frame of every link: how large a message may be.
    Welcome { max_message: usize },
}

impl Own<'_> {
    /// The type that it is counted as.
    pub(super) const fn kind(&self) -> Kind<'static> {
        match self {
            Self::ContextUpdated { .. } => Kind::ContextUpdated,
            Self::Error { .. } | Self::TooLarge { .. } => Kind::Error,
            Self::GoingAway { .. } => Kind::GoingAway,
            Self::Piece { .. } => Kind::ChatResponseDelta,
            Self::Pong { .. } => Kind::Pong,
            Self::Welcome { .. } => Kind::Connection,
        }
    }
}

/// Makes frames.
#[derive(Debug)]
pub(super) struct Envelopes {
    /// JSON in the making.
    text: String,
    /// The epoch: it names the duplicate window, which is another one in another hub and after a
    /// restart.
    epoch: Box<str>,
    /// How large messages and their members may be, as the welcome states it.
    limits: Box<str>,
    nothing: Arc<[u8]>,
}

impl Envelopes {
    /// For a hub whose duplicate window has this name and whose limits are stated so.
    pub(super) fn new(epoch: Box<str>, limits: Box<str>) -> Self {
        Self { text: String::new(), epoch, limits, nothing: Arc::new([]) }
    }

    /// Makes a frame of the hub's own; its text is lent.
    pub(super) fn own(&mut self, now: Wall, frame: &Own<'_>) -> &str {
        let out = &mut self.text;
        out.clear();
        match *frame {
            Own::ContextUpdated { reply_to } => {
                write::context_updated(out, now, reply_to.and_then(id).as_ref());
            }
            Own::Error { code, message, retry_after, reply_to } => {
                let reply_to = reply_to.and_then(id);
                let reply_to = reply_to.as_ref();
                write::error(out, now, &write::Failure { code, message, retry_after, reply_to });
            }
            Own::GoingAway { retry_after } => write::going_away(out, retry_after),
            Own::Piece { text, reply_to } => {
                write::chat_response_delta(out, now, text, reply_to.and_then(id).as_ref());
            }
            Own::Pong { reply_to } => write::pong(out, now, reply_to.and_then(id).as_ref()),
            Own::TooLarge { bytes, limit, reply_to } => {
                let mut message = String::new();
                let written = write!(
                    message,
                    "the answer has {bytes} bytes, more than the {limit} of the largest message"
                );
                debug_assert!(written.is_ok(), "a String takes everything");
                let (code, message) = (&ErrorCode::MessageTooLarge, &*message);
                let reply_to = reply_to.and_then(id);
                let reply_to = reply_to.as_ref();
                let retry_after = None;
                write::error(out, now, &write::Failure { code, message, retry_after, reply_to });
            }
            Own::Welcome { max_message } => {
                let welcome = write::Welcome {
                    features: FEATURES,
                    epoch: Some(&self.epoch),
                    max_message: Some(max_message),
                    limits: Some(&self.limits),
                };
                write::connection(out, now, &welcome);
            }
        }
        out
    }

    /// Makes what a host replies, for a peer that named its request so: what it counts as.
    pub(super) fn reply<'r>(
        &mut self,
        now: Wall,
        reply: &Reply<'r>,
        reply_to: Option<&InlineText>,
    ) -> Result<Kind<'r>, EnvelopeError> {
        match reply {
            Reply::Answer(answer) => {
                self.text.clear();
                let reply_to = reply_to.and_then(id);
                let answer = write::Answer { reply_to: reply_to.as_ref(), ..*answer };
                write::chat_response(&mut self.text, now, &answer);
                if answer.ui_actions.is_some() {
                    Envelope::parse(&self.text, Envelope::DEPTH)?;
                }
                Ok(Kind::ChatResponse)
            }
            Reply::Error { code, message, retry_after } => {
                let retry_after = *retry_after;
                let error = Own::Error { code, message, retry_after, reply_to };
                self.own(now, &error);
                Ok(error.kind())
            }
            Reply::Raw(text) => {
                let envelope = Envelope::parse(text, Envelope::DEPTH)?;
                self.text.clear();
                splice(&mut self.text, text, reply_to);
                Ok(envelope.kind())
            }
        }
    }

    /// The bytes of the text that was made last.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// The text that was made last, to be shared by all that keep or send it; a link puts the
    /// header before it.
    pub(super) fn share(&mut self) -> Arc<[u8]> {
        let text = Arc::from(self.text.as_bytes());
        self.trim();
        text
    }

    /// The answer to what wants none: no frame.
    pub(super) fn nothing(&self) -> Arc<[u8]> {
        Arc::clone(&self.nothing)
    }

    /// Gives the room for large frames back.
    pub(super) fn trim(&mut self) {
        self.text.clear();
        self.text.shrink_to(KEEP);
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        self.text.capacity()
    }
}

/// An id as it was spelled in a message, which was scanned then.
fn id(json: &InlineText) -> Option<Id<'_>> {
    Id::from_scanned(json.as_str())
}

/// The object `text` with `reply_to` as its last member, which is the one that counts.
fn splice(out: &mut String, text: &str, id: Option<&InlineText>) {
    let Some((id, body)) = id.zip(text.trim_end().strip_suffix('}')) else {
        out.push_str(text);
        return;
    };
    // An envelope has a type at least, so something comes before the comma.
    out.push_str(body);
    out.push_str(",\"reply_to\":");
    out.push_str(id.as_str());
    out.push('}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn envelopes() -> Envelopes {
        Envelopes::new("e".into(), "{}".into())
    }

    #[test]
    fn the_hub_s_own_frames_name_what_they_answer() {
        let id = InlineText::new("\"a\"");
        let reply_to = Some(&id);
        let code = &ErrorCode::AgentBusy;
        let own = [
            Own::ContextUpdated { reply_to },
            Own::Error { code, message: "no", retry_after: None, reply_to },
            Own::Piece { text: "be", reply_to },
            Own::Pong { reply_to },
            Own::TooLarge { bytes: 2, limit: 1, reply_to },
        ];
        for own in own {
            let mut envelopes = envelopes();
            let text = envelopes.own(Wall::EPOCH, &own);
            let envelope = Envelope::parse(text, Envelope::DEPTH).unwrap();
            assert_eq!(envelope.kind(), own.kind());
            assert!(text.contains("\"reply_to\":\"a\""), "{text}");
        }
        let going = Own::GoingAway { retry_after: Duration::from_secs(2) };
        assert!(envelopes().own(Wall::EPOCH, &going).contains("\"retry_after\":2"));
        let welcome = Own::Welcome { max_message: 7 };
        assert!(
            envelopes()
                .own(Wall::EPOCH, &welcome)
                .contains("\"epoch\":\"e\",\"max_message\":7,\"limits\":{}")
        );
    }

    #[test]
    fn a_host_s_envelope_gets_the_id_as_its_last_member() {
        let id = InlineText::new("7");
        let mut envelopes = envelopes();
        let raw = Reply::Raw("{\"type\":\"x\",\"reply_to\":1} ");
        envelopes.reply(Wall::EPOCH, &raw, Some(&id)).unwrap();
        let shared = envelopes.share();
        assert_eq!(*shared, *b"{\"type\":\"x\",\"reply_to\":1,\"reply_to\":7}");
    }

    #[test]
    fn the_room_for_a_large_frame_is_given_back() {
        let mut envelopes = envelopes();
        let text = "x".repeat(1 << 20);
        envelopes.reply(Wall::EPOCH, &Reply::text(&text), None).unwrap();
        assert!(envelopes.share().len() > 2 << 20);
        assert!(envelopes.memory() <= 4 * KEEP, "{}", envelopes.memory());
    }
}
