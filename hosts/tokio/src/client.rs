//! A client: a handle for the program, and a task that owns the socket.

use std::sync::Arc;
use std::time::Duration;

use pamlink::client::{self, SessionError};
use pamlink::delivery::{SendOptions, SessionNumber};
use pamlink::link::{Endpoint, State};
use pamlink::metrics::Snapshot;
use pamlink::seed::Seed;

use crate::answer::{Answer, ClientRequest, ConnectError, Event, RequestError, SubmitError};
use crate::answer_stream::AnswerStream;
use crate::recording::Recorder;
use crate::shared_client::{self, Progress, SharedClient};
use crate::tokens::Tokens;

/// What a client is made of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// Bounds and choices of the engine. By default with
    /// [`two_links`](client::ClientConfig::two_links): a link that the server ends in a while is
    /// left once another has taken its place.
    pub engine: client::ClientConfig,
    /// TLS for `wss` URLs. Default: [`tls::client`](crate::tls::client).
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// How many events wait for [`Client::next_event`]; beyond, the oldest are dropped and
    /// counted. Default 256.
    pub events: usize,
    /// How long [`Client::close`] waits for the server's close frame. Default 2 s.
    pub close_timeout: Duration,
    /// Whether to offer `pamlink.v1`, over which requests survive broken links and can be
    /// cancelled. A server without it is called again in the `pam` dialect. Default: true.
    pub v1: bool,
    /// A fixed seed, for tests. Default: the operating system's entropy.
    pub seed: Option<Seed>,
    /// What [`Client::snapshot`] of an earlier client has given: this one goes on as that client, in
    /// another process as well. [`Client::restored`] has what that one has asked, and
    /// [`Event::Submitted`] says what has become of what it has submitted. After a client without
    /// `pamlink.v1` this one begins anew. Default: none.
    pub snapshot: Option<Vec<u8>>,
    /// Records what the client is given, to be [replayed](crate::recording::Replay). It draws a
    /// seed of its own, which is in the recording: `seed` is not used. Default: none.
    pub record: Option<Recorder>,
}

impl Default for ClientConfig {
    fn default() -> Self {
        let mut engine = client::ClientConfig::default();
        engine.two_links = true;
        Self {
            engine,
            tls: None,
            events: 256,
            close_timeout: Duration::from_secs(2),
            v1: true,
            seed: None,
            snapshot: None,
            record: None,
        }
    }
}

/// A connection to a server that outlives its links. Cheap to clone; when the last clone is
/// dropped it closes. It belongs to the process that started it, as its runtime does: after a
/// `fork` the child starts one of its own.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Closing>,
}

impl Client {
    /// Starts a client and waits until the server has welcomed it.
    ///
    /// # Errors
    ///
    /// The URL cannot be used, or the server will not have us: another attempt would not help.
    /// While it might, this waits; put a timeout around it.
    pub async fn connect(url: &str, tokens: impl Tokens) -> Result<Self, ConnectError> {
        let client = Self::start(url, tokens, ClientConfig::default())?;
        client.ready().await?;
        Ok(client)
    }

    /// Starts a client without waiting. A token in the URL is ignored: `tokens` has it.
    ///
    /// # Errors
    ///
    /// The URL, the configuration or the snapshot cannot be used.
    ///
    /// # Panics
    ///
    /// Outside a tokio runtime.
    pub fn start(
        url: &str,
        tokens: impl Tokens,
        config: ClientConfig,
    ) -> Result<Self, ConnectError> {
        let (endpoint, _) = Endpoint::parse(url)?;
        let endpoint = if config.v1 { endpoint.offering_v1() } else { endpoint };
        let shared = shared_client::spawn(endpoint, tokens, config)?;
        Ok(Self { shared: Arc::new(Closing(shared)) })
    }

    /// Waits until the server has welcomed the client.
    ///
    /// # Errors
    ///
    /// The server will not have us, or the client is closed.
    pub async fn ready(&self) -> Result<(), ConnectError> {
        let mut progress = self.shared.0.progress();
        let reached = progress.wait_for(|progress| *progress != Progress::Connecting).await;
        match reached.map_or(Progress::Closed, |progress| progress.clone()) {
            Progress::Stopped { class, cause } => Err(ConnectError::Stopped { class, cause }),
            Progress::Closed => Err(ConnectError::Closed),
            Progress::Connecting | Progress::Welcomed => Ok(()),
        }
    }

    /// Starts a client that has stopped again ([`Event::Stopped`]); otherwise nothing happens, but
    /// that a wait for the next attempt is cut short. What other languages call `connect`.
    pub fn reconnect(&self) {
        self.shared.0.reconnect();
    }

    /// Asks, and waits for the answer. While there is no link the request waits, too, and after
    /// a broken one it is sent again to a server that knows repeats: it takes effect once.
    /// Cancelling it is as dropping an [`AnswerStream`].
    ///
    /// # Errors
    ///
    /// The server refused, no answer came in time, the client has stopped, or what became of the
    /// request is unknown.
    pub async fn ask(&self, request: impl Into<ClientRequest>) -> Result<Answer, RequestError> {
        self.begin(SessionNumber::FIRST, &request.into(), false)?.answer().await
    }

    /// Asks, and hands over the answer as it grows. A server that does not stream sends one piece.
    ///
    /// # Errors
    ///
    /// The request was not taken. How else it may end, [`AnswerStream`] says.
    pub fn stream(&self, request: impl Into<ClientRequest>) -> Result<AnswerStream, RequestError> {
        self.begin(SessionNumber::FIRST, &request.into(), true)
    }

    fn begin(
        &self,
        session: SessionNumber,
        request: &ClientRequest,
        stream: bool,
    ) -> Result<AnswerStream, RequestError> {
        let shared = &self.shared.0;
        let (request, progress) = shared.ask(session, request, stream)?;
        Ok(AnswerStream::new(Arc::clone(shared), request, progress))
    }

    /// Opens another session over `pamlink.v1`: a conversation of its own with the same server, over
    /// the same link. It is left when the last clone of what this returns is dropped.
    ///
    /// # Errors
    ///
    /// There are as many as may be, or the client offers no `pamlink.v1`.
    pub fn open_session(&self) -> Result<SessionHandle, SessionError> {
        let number = self.shared.0.open_session()?;
        Ok(SessionHandle { held: Arc::new(Held { client: self.clone(), number }) })
    }

    /// The requests that the [snapshot](ClientConfig::snapshot) has brought, the oldest first; each is
    /// left when its stream is dropped. They are given once, and their pieces come again from the
    /// beginning: what comes before this is called is kept. The end of one that nobody has taken by
    /// then is an [`Event::Ended`] as well.
    pub fn restored(&self) -> Vec<AnswerStream> {
        let shared = &self.shared.0;
        let stream = |it| AnswerStream::restored(Arc::clone(shared), it);
        shared.take_restored().into_iter().map(stream).collect()
    }

    /// The [sessions](Self::open_session) beside the first that the
    /// [snapshot](ClientConfig::snapshot) has brought, each of which is left when its last handle is
    /// dropped. They are given once.
    pub fn restored_sessions(&self) -> Vec<SessionHandle> {
        let held = |number| Arc::new(Held { client: self.clone(), number });
        let handle = |number| SessionHandle { held: held(number) };
        self.shared.0.take_restored_sessions().into_iter().map(handle).collect()
    }

    /// What another client goes on with, in a later process ([`ClientConfig::snapshot`]): the
    /// requests that have not ended, what is submitted, and the sessions of `pamlink.v1`. It holds no
    /// token, and is as confidential as what was said. That of a client without `pamlink.v1` has none of this.
    ///
    /// The client goes on, and the older a snapshot is, the less it is worth: what the server knows
    /// better ends as [`RequestError::Unknown`], and nothing is done twice unless the server has lost
    /// its memory as well.
    ///
    /// # Errors
    ///
    /// The client is closed.
    pub async fn snapshot(&self) -> Result<Vec<u8>, ConnectError> {
        self.shared.0.snapshot().await.ok_or(ConnectError::Closed)
    }

    /// Sends an envelope that wants no answer, now.
    ///
    /// # Errors
    ///
    /// The link is not open, too much waits to be written, or the text is no envelope.
    pub fn send(&self, envelope: &str) -> Result<(), client::SendError> {
        self.shared.0.send(SessionNumber::FIRST, envelope)
    }

    /// Sends an envelope over `pamlink.v1` that asks for no answer, now or as soon as there is a
    /// link, and waits until the server has it. Cancelling it leaves the envelope on its way.
    ///
    /// # Errors
    ///
    /// The server does not speak `pamlink.v1`, has not taken it, or what became of it is unknown.
    pub async fn submit(
        &self,
        envelope: &str,
        options: SendOptions<'_>,
    ) -> Result<(), SubmitError> {
        let outcome = self.shared.0.submit(SessionNumber::FIRST, envelope, options)?;
        outcome.await.unwrap_or(Err(SubmitError::Closed))
    }

    /// The next event; `None` when the client is closed. Cancelling it loses nothing.
    pub async fn next_event(&self) -> Option<Event> {
        self.shared.0.next_event().await
    }

    /// The state of the link.
    pub fn state(&self) -> State {
        self.shared.0.state()
    }

    /// All that the engine has counted: requests by how they ended, reconnects, round trips.
    pub fn metrics(&self) -> Snapshot {
        self.shared.0.metrics()
    }

    /// The device has woken up: the link is probed at once.
    pub fn wake(&self) {
        self.shared.0.wake();
    }

    /// The device has another network: the link is probed at once.
    pub fn network_changed(&self) {
        self.shared.0.network_changed();
    }

    /// Sends the server a close frame and ends. Requests that wait end with
    /// [`RequestError::Closed`].
    pub async fn close(self) {
        self.shared.0.close();
        let mut progress = self.shared.0.progress();
        let _ = progress.wait_for(|progress| *progress == Progress::Closed).await;
    }
}

/// A session of a client beside its first: a conversation of its own, which shares the client's
/// link with the others. Cheap to clone; it is left when the last clone is dropped, and then
/// requests in it end as [`leave`](Self::leave) says: keep it for as long as an [`AnswerStream`] of
/// it. The client goes on as long as the session is there. Events of the client say of which
/// session they are by its number.
#[derive(Clone, Debug)]
pub struct SessionHandle {
    held: Arc<Held>,
}

impl SessionHandle {
    /// As [`Client::ask`].
    ///
    /// # Errors
    ///
    /// As [`Client::ask`], or the session was left.
    pub async fn ask(&self, request: impl Into<ClientRequest>) -> Result<Answer, RequestError> {
        self.held.client.begin(self.number(), &request.into(), false)?.answer().await
    }

    /// As [`Client::stream`].
    ///
    /// # Errors
    ///
    /// As [`Client::stream`], or the session was left.
    pub fn stream(&self, request: impl Into<ClientRequest>) -> Result<AnswerStream, RequestError> {
        self.held.client.begin(self.number(), &request.into(), true)
    }

    /// As [`Client::send`].
    ///
    /// # Errors
    ///
    /// As [`Client::send`], or the session was left.
    pub fn send(&self, envelope: &str) -> Result<(), client::SendError> {
        self.held.client.shared.0.send(self.number(), envelope)
    }

    /// As [`Client::submit`].
    ///
    /// # Errors
    ///
    /// As [`Client::submit`], or the session was left.
    pub async fn submit(
        &self,
        envelope: &str,
        options: SendOptions<'_>,
    ) -> Result<(), SubmitError> {
        let outcome = self.held.client.shared.0.submit(self.number(), envelope, options)?;
        outcome.await.unwrap_or(Err(SubmitError::Closed))
    }

    /// What the client's events call it.
    pub fn number(&self) -> SessionNumber {
        self.held.number
    }

    /// Ends the session at both ends, whatever clones there are. Requests in it end with
    /// [`RequestError::Unsent`] or [`RequestError::Unknown`]; what the server has begun for it goes on
    /// there, unless it was cancelled.
    pub fn leave(&self) {
        self.held.client.shared.0.leave_session(self.number());
    }
}

/// Leaves the session with the last handle.
#[derive(Debug)]
struct Held {
    client: Client,
    number: SessionNumber,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.client.shared.0.leave_session(self.number);
    }
}

/// Closes the client with its last handle.
#[derive(Debug)]
struct Closing(Arc<SharedClient>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}
