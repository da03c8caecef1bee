//! The requests, answers, events and errors of a client.

use std::borrow::Cow;
use std::time::Duration;

use pamlink::client::{self, RequestId, RestoreError};
use pamlink::delivery::{Outcome, SessionNumber};
use pamlink::envelope::{Chat, Envelope, EnvelopeError, OwnedEnvelope, Raw, Shape, Text};
use pamlink::frame::handshake::HeadError;
use pamlink::frame::{CloseCode, FrameError};
use pamlink::limits;
use pamlink::link::{Cause, CloseClass, EndpointError, Overflowed, State};

use crate::handler::said;

/// A request with what goes along.
///
/// Closed: built by a literal that ends with `..Default::default()`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs)]
pub struct ClientRequest {
    /// What the user says.
    pub text: String,
    /// The agent that is to answer. `None`: the server's table decides.
    pub agent: Option<String>,
    /// What the user wants, if that is known.
    pub intent: Option<String>,
    /// The `context`: a JSON object.
    pub context: Option<String>,
}

impl ClientRequest {
    /// A request without anything else.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }
}

impl ClientRequest {
    /// The envelope of the request.
    pub(crate) fn chat(&self) -> Result<Chat<'_>, RequestError> {
        let context = match &self.context {
            None => None,
            Some(json) => match Raw::parse(json, Envelope::DEPTH - 1) {
                Ok(context) if context.shape() == Shape::Object => Some(context),
                _ => return Err(RequestError::Context),
            },
        };
        Ok(Chat {
            message: Some(Text::from(self.text.as_str())),
            agent: self.agent.as_deref().map(Text::from),
            intent: self.intent.as_deref().map(Text::from),
            context,
            ..Chat::default()
        })
    }
}

impl<T: Into<String>> From<T> for ClientRequest {
    fn from(text: T) -> Self {
        Self::text(text)
    }
}

/// An envelope of the server: an answer, or a message nobody asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    envelope: OwnedEnvelope,
    /// What it says, where the server left that to the pieces.
    grown: Option<Box<str>>,
}

impl Answer {
    pub(crate) fn new(envelope: &Envelope<'_>) -> Self {
        Self { envelope: (*envelope).into(), grown: None }
    }

    /// An answer that says this.
    pub(crate) fn whole(envelope: &Envelope<'_>, text: &str) -> Self {
        let own = said(envelope);
        let grown = (own.is_empty() && !text.is_empty()).then(|| text.into());
        Self { grown, ..Self::new(envelope) }
    }

    /// What it says ([`Envelope::text`]), or nothing.
    pub fn text(&self) -> Cow<'_, str> {
        self.grown.as_deref().map_or_else(|| said(&self.envelope()), Cow::Borrowed)
    }

    /// The envelope, byte for byte.
    pub fn as_str(&self) -> &str {
        self.envelope.as_str()
    }

    /// The envelope.
    pub fn envelope(&self) -> Envelope<'_> {
        self.envelope.as_envelope()
    }
}

/// The events of a client, other than answers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The link has another state.
    StateChanged {
        /// Before.
        from: State,
        /// Now.
        to: State,
    },
    /// The server has welcomed the link; requests are on their way.
    Welcomed,
    /// The link is down; the next attempt comes by itself.
    Retrying {
        /// Which attempt it will be since the last good link, from 1.
        attempt: u32,
        /// How long until then.
        after: Duration,
        /// What that means for the next one.
        class: CloseClass,
        /// What has ended the last one, or kept it from beginning.
        cause: Cause,
    },
    /// The link is down and stays down.
    Stopped {
        /// What kind of end it was.
        class: CloseClass,
        /// What has ended it, or kept it from beginning.
        cause: Cause,
    },
    /// A message of the server that answers nothing: an alert, a timer, an action.
    Message {
        /// In which session it came; the first, where the server speaks `pam`.
        session: SessionNumber,
        /// The message.
        message: Answer,
    },
    /// An answer or an `error`, or a piece of an answer, to a request that had already ended or
    /// that nobody waits for any more.
    Late {
        /// The request, if the answer names it.
        request: Option<RequestId>,
        /// The answer, or the piece.
        answer: Answer,
    },
    /// Messages of the server are lost, and will not come; or may be, where it has the session no
    /// more.
    Gap {
        /// In which session.
        session: SessionNumber,
        /// How many, where that is known.
        lost: Option<u64>,
        /// Why: `evicted`, `foreign_epoch`, `ahead`, `session_ended`, or a word of a later version.
        reason: String,
    },
    /// What a [cancel](crate::AnswerStream::cancel) has come to; the request ends by itself.
    CancelResult {
        /// The request.
        request: RequestId,
        /// `cancelled`, `ended` when it came too late, `refused`, or `unknown`. `None`: it is lost
        /// with the session.
        outcome: Option<String>,
        /// The length of the answer, in bytes, where it has ended.
        offset: Option<u64>,
        /// Why it was refused.
        code: Option<String>,
    },
    /// A message that had come before, under the same id, came again, perhaps in another session:
    /// nothing to do.
    Repeated {
        /// In which session it came now.
        session: SessionNumber,
        /// The message.
        message: Answer,
    },
    /// A text came that is no envelope, or one that is nested too deep. If it was the answer to a
    /// request, that has ended as [`RequestError::Rejected`].
    Unreadable {
        /// What is wrong with it.
        error: EnvelopeError,
        /// The text.
        text: String,
    },
    /// A binary message came; the dialect has none.
    Binary(Vec<u8>),
    /// What waited to be written reached its bound.
    Overflowed(Overflowed),
    /// The server broke the WebSocket protocol; the end of the link follows.
    Failed(FrameError),
    /// The link is over. [`Retrying`](Self::Retrying) or [`Stopped`](Self::Stopped) follows.
    Closed {
        /// The close code; 1006 if there was none.
        code: CloseCode,
        /// The reason, for people.
        reason: String,
        /// What it means for the next attempt.
        class: CloseClass,
        /// Whether both sides have sent a close frame.
        clean: bool,
        /// Who or what has ended it.
        cause: Cause,
        /// Messages that were not written.
        unsent: usize,
    },
    /// A request has ended that an earlier client has made, of whose
    /// [snapshot](crate::ClientConfig::snapshot) this one is, and that nobody had
    /// [taken](crate::Client::restored). Whoever takes it later reads the same.
    Ended {
        /// The request.
        request: RequestId,
        /// What became of it.
        outcome: Result<Answer, RequestError>,
    },
    /// What has become of an envelope that an earlier client has
    /// [submitted](crate::Client::submit), of whose snapshot this one is.
    Submitted {
        /// In which session.
        session: SessionNumber,
        /// Whether the server has it.
        outcome: Result<(), SubmitError>,
    },
    /// So many events were dropped here, oldest first, because nobody took them.
    Lost(u64),
}

/// Why a request has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// The server answered with an `error`.
    #[error("refused ({code}): {message}")]
    Rejected {
        /// Its `error_code`; empty if it has none.
        code: String,
        /// Its `message`.
        message: String,
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// No answer came in time. Whether the request had an effect is not known.
    #[error("no answer in time")]
    Expired,
    /// The link broke after the request was sent, to a server that cannot tell repeats, or the
    /// client stopped, or its [session](crate::SessionHandle) was left: it may have been acted on,
    /// or not.
    #[error("the link is gone, and the request was sent: what became of it is unknown")]
    Unknown,
    /// It was cancelled: its answer ends where its pieces have.
    #[error("cancelled")]
    Cancelled,
    /// The client stopped, or its [session](crate::SessionHandle) was left, before the request was
    /// sent: it had no effect, and may be made again.
    #[error("the client stopped or the session was left before the request was sent")]
    Unsent,
    /// The client has stopped, and takes no request before
    /// [`Client::reconnect`](crate::Client::reconnect).
    #[error("the client has stopped")]
    Stopped,
    /// Its [session](crate::SessionHandle) was left.
    #[error("the session was left")]
    Left,
    /// As many requests wait as may.
    #[error("too many requests wait for their answers")]
    Full,
    /// The request is larger than any may be: no other time will do.
    #[error("a request of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// Its bytes, as it would go over the wire.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// The server has said that it refuses the request for the length of a member: no other time
    /// will do.
    #[error("{0}")]
    Member(limits::Refusal),
    /// The `context` is no JSON object.
    #[error("the context of the request is no JSON object")]
    Context,
    /// The client is closed.
    #[error("the client is closed")]
    Closed,
}

impl From<client::RequestError> for RequestError {
    fn from(error: client::RequestError) -> Self {
        match error {
            client::RequestError::Stopped => Self::Stopped,
            client::RequestError::NoSession => Self::Left,
            client::RequestError::TooLarge { bytes, limit } => Self::TooLarge { bytes, limit },
            client::RequestError::Member(refusal) => Self::Member(refusal),
            _ => Self::Full,
        }
    }
}

/// Why the server does not have, or may not have, what was submitted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// It was not taken.
    #[error(transparent)]
    Send(#[from] client::SendError),
    /// The server refused it.
    #[error("refused ({code})")]
    Rejected {
        /// Why.
        code: String,
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// It was not sent in time: it had no effect.
    #[error("it was not sent in time")]
    Expired,
    /// It was sent, and whether the server has it is lost with the session.
    #[error("it was sent: what became of it is unknown")]
    Unknown,
    /// The client is closed.
    #[error("the client is closed")]
    Closed,
}

impl SubmitError {
    /// What an outcome is to who waits for it.
    pub(crate) fn of(outcome: Outcome<'_>) -> Result<(), Self> {
        match outcome {
            Outcome::Acknowledged => Ok(()),
            Outcome::Rejected { code, retry_after } => {
                Err(Self::Rejected { code: code.as_str().to_owned(), retry_after })
            }
            Outcome::Expired(_) => Err(Self::Expired),
            _ => Err(Self::Unknown),
        }
    }
}

/// Why a client is not connected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The configuration makes no sound opening request.
    #[error(transparent)]
    Request(#[from] HeadError),
    /// The URL cannot be used.
    #[error(transparent)]
    Url(#[from] EndpointError),
    /// The snapshot is none, or none of a client of this URL.
    #[error(transparent)]
    Snapshot(#[from] RestoreError),
    /// A failure that another attempt would not mend.
    #[error("could not connect ({class}): {cause}")]
    Stopped {
        /// What kind of end it was.
        class: CloseClass,
        /// What was wrong.
        cause: Cause,
    },
    /// The client was closed.
    #[error("the client is closed")]
    Closed,
}
