//! What a server program provides: answers to requests, and what goes with them.

use std::borrow::Cow;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use pamlink::envelope::{Envelope, ErrorCode, OwnedEnvelope, Raw, Text, write};
use pamlink::frame::handshake;
use pamlink::hub::{self, Delivered, Event, Hub, LinkId, ReplyError, RequestId};
use pamlink::link::{AuthError, Claims, Token};
use pamlink::routing::Agent;
use tokio::sync::Notify;

use crate::shared::Shared;

/// A server program.
///
/// A closure `async |request| reply` is one, too; implement the trait for more than answers.
pub trait Handler: Send + Sync + 'static {
    /// Answers a request. What waits for nothing is answered where the request came in, under no
    /// lock; what has to wait becomes a task of its own, which is dropped after the hub's
    /// `request_timeout`, when its peer has been told `REQUEST_EXPIRED`. What computes for long
    /// belongs on a thread of its own (`tokio::task::spawn_blocking`): its link stands still
    /// meanwhile. A panic leaves the request to the same timeout. When the peer cancels the
    /// request, or a newer one [takes its place](pamlink::hub::WhileAnswering::Replace), the task
    /// is dropped where it waits; a thread learns of it by [`piece`](Request::piece), which says
    /// `false`.
    fn handle(&self, request: Request) -> impl Future<Output = Reply> + Send;

    /// Decides on a token, for a server with [`Auth::Host`](pamlink::hub::Auth::Host). The
    /// default refuses everybody. It is dropped after the hub's `auth_timeout`.
    fn authorize(
        &self,
        user: String,
        token: Token,
    ) -> impl Future<Output = Result<Claims, AuthError>> + Send {
        drop((user, token));
        async { Err(AuthError::BadSignature) }
    }

    /// Answers a plain HTTP request, by default with 404. Called under the hub's lock: it must be
    /// quick and must not use a [`Handle`](crate::Handle).
    fn http(&self, request: &handshake::Request, hub: &Hub) -> HttpResponse {
        let _ = (request, hub);
        HttpResponse::text(404, "not found\n")
    }

    /// No connection could be taken for want of descriptors. Called at most once a minute; each
    /// such connection is counted (`pamlink_connections_refused_total{cause="descriptors"}`)
    /// and answered with 503 as far as one descriptor in reserve goes.
    fn exhausted(&self, error: &std::io::Error) {
        let _ = error;
    }

    /// Sees every event of the hub. Called under the hub's lock: it must be quick and must not
    /// use a [`Handle`](crate::Handle).
    fn observe(&self, event: &Event<'_>) {
        let _ = event;
    }
}

impl<F, A, R> Handler for F
where
    F: Fn(Request) -> A + Send + Sync + 'static,
    A: Future<Output = R> + Send,
    R: Into<Reply>,
{
    async fn handle(&self, request: Request) -> Reply {
        self(request).await.into()
    }
}

/// A request to answer, with a copy of its envelope.
#[derive(Clone, Debug)]
pub struct Request {
    shared: Arc<Shared>,
    cancelled: Arc<Notify>,
    wants_pieces: bool,
    id: RequestId,
    link: LinkId,
    user: Box<str>,
    agent: Arc<Agent>,
    because: &'static str,
    envelope: OwnedEnvelope,
}

impl Request {
    pub(crate) fn new(request: &hub::Request<'_>, shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::clone(shared),
            cancelled: Arc::default(),
            wants_pieces: request.wants_pieces,
            id: request.request,
            link: request.link,
            user: request.user.into(),
            agent: Arc::clone(request.decision.agent),
            because: request.decision.because.as_str(),
            envelope: request.envelope.into(),
        }
    }

    /// Who is woken when the peer cancels it.
    pub(crate) fn cancelled(&self) -> Arc<Notify> {
        Arc::clone(&self.cancelled)
    }

    /// What the hub calls it.
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// The link that it came over.
    pub fn link(&self) -> LinkId {
        self.link
    }

    /// Who asks.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Who is to answer.
    pub fn agent(&self) -> &Agent {
        &self.agent
    }

    /// What led to this agent, in a word of [`Because`](pamlink::routing::Because).
    pub fn because(&self) -> &'static str {
        self.because
    }

    /// Whether the peer takes its answer as it grows.
    pub fn wants_pieces(&self) -> bool {
        self.wants_pieces
    }

    /// Sends the next piece of the answer, to a peer that wants pieces; the whole answer is what
    /// the handler returns, whatever was sent of it before. Whether there is a use in the next one: if
    /// not, the peer does not want any, has missed one, or has cancelled the request. While it is
    /// between two links a session keeps the pieces for it, and over `pam` the whole answer waits.
    pub fn piece(&self, text: &str) -> bool {
        self.wants_pieces
            && self.shared.command(|hub, now| {
                let delivered = hub.piece(now, self.id, text);
                matches!(delivered, Ok(Delivered::Queued(_) | Delivered::Kept))
            })
    }

    /// The envelope, byte for byte.
    pub fn as_str(&self) -> &str {
        self.envelope.as_str()
    }

    /// The envelope.
    pub fn envelope(&self) -> Envelope<'_> {
        self.envelope.as_envelope()
    }

    /// What the user says ([`Envelope::text`]), or nothing.
    pub fn text(&self) -> Cow<'_, str> {
        said(&self.envelope())
    }
}

/// The text of an envelope, or nothing.
pub(crate) fn said<'a>(envelope: &Envelope<'a>) -> Cow<'a, str> {
    envelope.text().map_or(Cow::Borrowed(""), Text::into_cow)
}

/// An answer to a request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// A `chat_response`.
    Answer {
        /// Its `message`, and its `content`.
        text: String,
        /// Its `ui_actions`: a JSON array, nested no deeper than 9. With anything that is no JSON,
        /// or deeper, the request is answered with a `PROCESSING_ERROR` that says so.
        ui_actions: Option<String>,
    },
    /// An `error`.
    Error {
        /// Its `error_code`.
        code: String,
        /// Its `message`.
        message: String,
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// A whole envelope, to which `reply_to` is added.
    Raw(String),
}

impl Reply {
    /// An `error` of this code and message.
    pub fn error(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self::Error { code: code.into(), message: message.into(), retry_after: None }
    }

    /// Lends the reply to the hub.
    pub(crate) fn with<T>(
        &self,
        give: impl FnOnce(&hub::Reply<'_>) -> Result<T, ReplyError>,
    ) -> Result<T, ReplyError> {
        match self {
            Self::Answer { text, ui_actions } => {
                let actions = ui_actions.as_deref();
                let actions = actions.map(|json| Raw::parse(json, Envelope::DEPTH - 1));
                give(&hub::Reply::Answer(write::Answer {
                    text,
                    ui_actions: actions.transpose()?,
                    ..write::Answer::default()
                }))
            }
            Self::Error { code, message, retry_after } => give(&hub::Reply::Error {
                code: &ErrorCode::from(code.as_str()),
                message,
                retry_after: *retry_after,
            }),
            Self::Raw(text) => give(&hub::Reply::Raw(text)),
        }
    }
}

impl From<String> for Reply {
    fn from(text: String) -> Self {
        Self::Answer { text, ui_actions: None }
    }
}

impl From<&str> for Reply {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// An answer to a plain HTTP request.
///
/// Closed: built by a literal, which says all that a response has.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs)]
pub struct HttpResponse {
    /// The status, 200 to 599.
    pub status: u16,
    /// The media type.
    pub content_type: &'static str,
    /// Headers beside that one.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// A response of this type.
    pub fn new(status: u16, content_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self { status, content_type, headers: Vec::new(), body: body.into() }
    }

    /// The same with one header more.
    #[must_use]
    pub fn with_header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// A plain text.
    pub fn text(status: u16, body: &str) -> Self {
        Self::new(status, "text/plain; charset=utf-8", body)
    }
}
