//! A client: a handle for the program, and a task that owns the socket.

use std::sync::Arc;
use std::time::Duration;

use pamlink::client;
use pamlink::link::{Endpoint, State};
use pamlink::metrics::Snapshot;
use pamlink::seed::Seed;

use crate::answer::{Answer, AskError, ConnectError, Event, OwnedAsk};
use crate::asking::Asking;
use crate::session::{self, Progress, Session};
use crate::tokens::Tokens;

/// What a client is made of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientConfig {
    /// Bounds and choices of the engine.
    pub engine: client::ClientConfig,
    /// TLS for `wss` URLs. Default: [`tls::client`](crate::tls::client).
    pub tls: Option<Arc<rustls::ClientConfig>>,
    /// How many events wait for [`Client::next_event`]; beyond, the oldest are dropped and
    /// counted. Default 256.
    pub events: usize,
    /// How long [`Client::close`] waits for the server's goodbye. Default 2 s.
    pub goodbye: Duration,
    /// A fixed seed, for tests. Default: the operating system's entropy.
    pub seed: Option<Seed>,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            engine: client::ClientConfig::default(),
            tls: None,
            events: 256,
            goodbye: Duration::from_secs(2),
            seed: None,
        }
    }
}

/// A connection to a server that outlives its links. Cheap to clone; when the last clone is
/// dropped it closes. It belongs to the process that started it, as its runtime does: after a `fork`
/// the child starts one of its own.
#[derive(Clone, Debug)]
pub struct Client {
    session: Arc<Closing>,
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
    /// The URL or the configuration cannot be used.
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
        let session = session::spawn(endpoint, tokens, config)?;
        Ok(Self { session: Arc::new(Closing(session)) })
    }

    /// Waits until the server has welcomed the client.
    ///
    /// # Errors
    ///
    /// The server will not have us, or the client is closed.
    pub async fn ready(&self) -> Result<(), ConnectError> {
        let mut progress = self.session.0.progress();
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
        self.session.0.reconnect();
    }

    /// Asks, and waits for the answer. While there is no link the question waits, too, and after
    /// a broken one it is sent again to a server that knows repeats: it takes effect once.
    /// Cancelling it is as dropping an [`Asking`].
    ///
    /// # Errors
    ///
    /// The server refused, no answer came in time, the client has stopped, or what became of the
    /// question is unknown.
    pub async fn ask(&self, ask: impl Into<OwnedAsk>) -> Result<Answer, AskError> {
        self.asking(&ask.into(), false)?.answer().await
    }

    /// Asks, and hands over the answer as it grows. A server that does not stream sends one piece.
    ///
    /// # Errors
    ///
    /// The question was not taken. How else it may end, [`Asking`] says.
    pub fn stream(&self, ask: impl Into<OwnedAsk>) -> Result<Asking, AskError> {
        self.asking(&ask.into(), true)
    }

    fn asking(&self, ask: &OwnedAsk, stream: bool) -> Result<Asking, AskError> {
        let session = &self.session.0;
        let (ask, progress) = session.ask(ask, stream)?;
        Ok(Asking::new(Arc::clone(session), ask, progress))
    }

    /// Sends an envelope that wants no answer, now.
    ///
    /// # Errors
    ///
    /// The link is not open, too much waits to be written, or the text is no envelope.
    pub fn send(&self, envelope: &str) -> Result<(), client::SendError> {
        self.session.0.send(envelope)
    }

    /// The next event; `None` when the client is closed. Cancelling it loses nothing.
    pub async fn next_event(&self) -> Option<Event> {
        self.session.0.next_event().await
    }

    /// The state of the link.
    pub fn state(&self) -> State {
        self.session.0.state()
    }

    /// All that the engine has counted: questions by how they ended, reconnects, round trips.
    pub fn metrics(&self) -> Snapshot {
        self.session.0.metrics()
    }

    /// The device has woken up: the link is probed at once.
    pub fn wake(&self) {
        self.session.0.wake();
    }

    /// The device has another network: the link is probed at once.
    pub fn network_changed(&self) {
        self.session.0.network_changed();
    }

    /// Tells the server goodbye and ends. Questions that wait end with [`AskError::Closed`].
    pub async fn close(self) {
        self.session.0.close();
        let mut progress = self.session.0.progress();
        let _ = progress.wait_for(|progress| *progress == Progress::Closed).await;
    }
}

/// Closes the session with the last handle.
#[derive(Debug)]
struct Closing(Arc<Session>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}
