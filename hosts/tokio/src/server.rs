//! A server: one hub, one task a connection, one for the deadlines.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
#[cfg(feature = "shared-log")]
use std::sync::Weak;
use std::time::{Duration, Instant};

use pamlink::delivery::SendOptions;
use pamlink::delivery::stream::{LogAnswer, StreamKey};
use pamlink::frame::CloseCode;
use pamlink::hub::{Auth, Hub, HubConfig, Push, PushError};
use pamlink::metrics::Snapshot;
use pamlink::routing::Table;
use pamlink::seed::Seed;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::JoinHandle;

use crate::clock::{self, Clock};
use crate::connection;
use crate::descriptors::{self, Reserve};
use crate::handler::Handler;
use crate::host::Host;
use crate::hub_engine::HubEngine;
use crate::judges::Verifier;
use crate::recording::Recorder;
use crate::shared::Shared;
use crate::stream_log::{Carrier, StreamLog};

/// What a server is made of.
#[derive(Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Bounds and choices of the hub.
    pub hub: HubConfig,
    /// Who decides on tokens. A verifier works on threads of its own, outside the hub's lock; at
    /// most 1,024 tokens wait for it, and one more is closed with 1013.
    pub auth: Auth,
    /// Who answers what. Default: the built-in table.
    pub routes: Arc<Table>,
    /// TLS, see [`tls::server`](crate::tls::server). Default: none.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Over how long the links are told of a shutdown, so that they do not all come back at
    /// once. Default 5 s.
    pub drain_spread: Duration,
    /// How long after that the server waits for links to end. Default 5 s.
    pub drain_patience: Duration,
    /// A fixed seed, for tests. Default: the operating system's entropy.
    pub seed: Option<Seed>,
    /// Where streams are kept in the place of memory: a log with bounds of its own, whose epoch
    /// [`HubConfig::host_log`] is set to. The module `embedded_log` has one in a file. A server that
    /// has a log is not recorded. Default: none, and streams are gone with the process.
    pub log: Option<StreamLog>,
    /// Records what the hub is given, to be [replayed](crate::recording::Replay). It draws a seed of
    /// its own, which is in the recording: `seed` is not used. All links wait while a line is
    /// written. Default: none.
    pub record: Option<Recorder>,
}

impl ServerConfig {
    /// The defaults, with this decision on tokens.
    pub fn new(auth: Auth) -> Self {
        Self {
            hub: HubConfig::default(),
            auth,
            routes: Arc::new(Table::default()),
            tls: None,
            drain_spread: Duration::from_secs(5),
            drain_patience: Duration::from_secs(5),
            seed: None,
            log: None,
            record: None,
        }
    }
}

/// A server that listens. [`serve`](Self::serve) makes it answer.
pub struct Server {
    listener: TcpListener,
    shared: Arc<Shared>,
    drain_spread: Duration,
    drain_patience: Duration,
    request_timeout: Duration,
    auth_timeout: Duration,
    answered: Option<UnboundedReceiver<LogAnswer>>,
    /// The process in which the hub was seeded.
    made_in: u32,
    not_recorded: Option<&'static str>,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = self.shared.tls().is_some();
        f.debug_struct("Server").field("listener", &self.listener).field("tls", &tls).finish()
    }
}

impl Server {
    /// Listens on an address.
    ///
    /// # Errors
    ///
    /// The address cannot be bound.
    pub async fn bind(addr: impl ToSocketAddrs, config: ServerConfig) -> io::Result<Self> {
        Ok(Self::new(TcpListener::bind(addr).await?, config))
    }

    /// Serves a listener that exists.
    pub fn new(listener: TcpListener, mut config: ServerConfig) -> Self {
        if let Some(log) = &config.log {
            config.hub.host_log = Some(log.epoch());
        }
        let (log, answered) = config.log.map(Carrier::new).unzip();
        let clock = Clock::new();
        let begin =
            |recorder: Recorder| recorder.begin_hub((&config.hub, &config.routes), clock.now());
        let begun = config.record.map(begin).transpose();
        let not_recorded = begun.as_ref().err().copied();
        let (recording, seed) = begun.ok().flatten().unzip();
        let seed = seed.or(config.seed).unwrap_or_else(clock::seed);
        let HubConfig { request_timeout, auth_timeout, .. } = config.hub;
        let hub = Hub::new(config.hub, Auth::Host, config.routes, seed);
        let verifier = verifier(config.auth);
        Self {
            listener,
            shared: Arc::new(Shared::new(
                clock,
                HubEngine::new(hub, recording),
                log,
                verifier,
                config.tls,
            )),
            drain_spread: config.drain_spread,
            drain_patience: config.drain_patience,
            request_timeout,
            auth_timeout,
            answered,
            made_in: std::process::id(),
            not_recorded,
        }
    }

    /// Why nothing is recorded, where [`ServerConfig::record`] is there and cannot begin: the
    /// configuration has what no recording has, or something else is recorded with it already.
    pub const fn not_recorded(&self) -> Option<&'static str> {
        self.not_recorded
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// The operating system does not say.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// A handle for commands: pushes, metrics, new routes.
    pub fn handle(&self) -> Handle {
        Handle { shared: Arc::clone(&self.shared) }
    }

    /// Serves until `shutdown` is done, then tells every link to come back later (1012, spread
    /// over `drain_spread`), waits for them, and returns.
    ///
    /// In a process that was forked since the server was made, its hub begins again with a seed of
    /// its own, so that no two processes have one epoch.
    pub async fn serve<H: Handler>(mut self, handler: H, shutdown: impl Future<Output = ()>) {
        let shared = Arc::clone(&self.shared);
        if self.made_in != std::process::id() {
            // There was no link yet: only this takes them in.
            shared.command(|hub, _| hub.reseed(clock::seed()));
        }
        let host = Arc::new(Host::new(shared, handler, self.request_timeout, self.auth_timeout));
        host.start_judges().expect("the system starts threads");
        let deadlines = tokio::spawn(Arc::clone(&host).keep_deadlines());
        let answers = self.answered.take();
        let log = answers.map(|answers| tokio::spawn(Arc::clone(&host).keep_log(answers)));
        let (mut shutdown, mut reserve) = (pin!(shutdown), Reserve::new());
        let mut reported: Option<Instant> = None;
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((socket, from)) => {
                        // Small frames are the rule here; waiting to fill a segment is delay.
                        let _ = socket.set_nodelay(true);
                        connection::spawn(Arc::clone(&host), socket, from.ip());
                    }
                    Err(error) if descriptors::exhausted(&error) => {
                        if self.shared.exhausted() {
                            // The connection waits in the listener until there is a descriptor.
                            tokio::time::sleep(MAKING_WAY).await;
                            continue;
                        }
                        if reported.is_none_or(|at| at.elapsed() >= TELL_AGAIN) {
                            reported = Some(Instant::now());
                            host.handler.exhausted(&error);
                        }
                        let plain = self.shared.tls().is_none();
                        if !reserve.refuse(&self.listener, plain).await {
                            tokio::time::sleep(ACCEPT_PAUSE).await;
                        }
                    }
                    // A peer that went away before it was accepted, or the network has a fault: to
                    // try again at once may not help.
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                },
            }
        }
        drop(self.listener);
        host.drain(self.drain_spread, self.drain_patience).await;
        deadlines.abort();
        log.inspect(JoinHandle::abort);
        host.end_judges();
        self.shared.command(|hub, _| hub.end_recording());
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long the want of descriptors is not reported again.
const TELL_AGAIN: Duration = Duration::from_secs(60);

/// How soon a link that makes way has closed its socket, as a rule.
const MAKING_WAY: Duration = Duration::from_millis(2);

/// What the threads verify with; none: the program decides.
fn verifier(auth: Auth) -> Option<Verifier> {
    match auth {
        Auth::Verifier(verifier) => Some(Arc::from(verifier)),
        _ => None,
    }
}

/// Commands to a running server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    shared: Arc<Shared>,
}

/// A handle that keeps nothing of its server.
#[derive(Debug)]
#[cfg(feature = "shared-log")]
pub(crate) struct WeakHandle(Weak<Shared>);

#[cfg(feature = "shared-log")]
impl WeakHandle {
    pub(crate) fn is_there(&self) -> bool {
        self.0.strong_count() > 0
    }

    /// Tells the server something, if it is there.
    pub(crate) fn tell(&self, what: impl FnOnce(&Handle)) {
        if let Some(shared) = self.0.upgrade() {
            what(&Handle { shared });
        }
    }
}

impl Handle {
    /// Sends an envelope to all links of a user, and says how many there were.
    ///
    /// # Errors
    ///
    /// The text is no envelope.
    pub fn push(&self, user: &str, text: &str) -> Result<Push, PushError> {
        self.shared.command(|hub, now| hub.push_with(now, user, text, SendOptions::default()))
    }

    /// As [`push`](Self::push), and says how it waits in the sessions of the user, as
    /// [`Hub::push_with`] has it. What a session does not get is an
    /// [`Event::Undelivered`](pamlink::hub::Event::Undelivered) for [`Handler::observe`].
    ///
    /// # Errors
    ///
    /// The text is no envelope.
    pub fn push_with(
        &self,
        user: &str,
        text: &str,
        options: SendOptions<'_>,
    ) -> Result<Push, PushError> {
        self.shared.command(|hub, now| hub.push_with(now, user, text, options))
    }

    /// Sends an envelope to all links.
    ///
    /// # Errors
    ///
    /// The text is no envelope.
    pub fn broadcast(&self, text: &str) -> Result<Push, PushError> {
        self.shared.command(|hub, now| hub.broadcast(now, text))
    }

    /// Closes all links of a user, and says how many there were.
    pub fn disconnect_user(&self, user: &str, code: CloseCode, reason: &str) -> u32 {
        self.shared.command(|hub, now| hub.disconnect_user(now, user, code, reason))
    }

    /// Tells all links of a user that speak `pamlink.v1` to move to another one within this time,
    /// and says how many were told; see [`Hub::rotate_user`].
    pub fn rotate_user(&self, user: &str, within: Duration) -> u32 {
        self.shared.command(|hub, now| hub.rotate_user(now, user, within))
    }

    /// Puts another routing table in place. Running requests end under the one they began with.
    pub fn replace_routes(&self, routes: Arc<Table>) {
        self.shared.command(|hub, now| hub.replace_routes(now, routes));
    }

    /// Lets somebody else decide on tokens from here on: after a rotation of keys, say.
    pub fn set_auth(&self, auth: Auth) {
        self.shared.set_verifier(verifier(auth));
    }

    /// Puts another certificate in place, for connections from here on. A server that began
    /// without TLS speaks TLS from here on.
    pub fn set_tls(&self, tls: Arc<rustls::ServerConfig>) {
        self.shared.set_tls(tls);
    }

    /// Looks at the hub, under its lock: be quick, and use no `Handle` of the same server.
    pub fn view<T>(&self, view: impl FnOnce(&Hub) -> T) -> T {
        self.shared.view(view)
    }

    /// All counters, gauges and histograms.
    pub fn metrics(&self) -> Snapshot {
        self.shared.view(Hub::metrics)
    }

    /// Whether the log of streams is away: the last request to it had no answer, or the answer was
    /// that it is unavailable. Never where streams are kept in memory. This does not look at the hub,
    /// so that it may be called wherever the hub is looked at.
    pub fn is_log_away(&self) -> bool {
        self.shared.log.as_ref().is_some_and(Carrier::is_away)
    }

    /// Another server has changed a stream in a log that both share; see [`Hub::handle_news`].
    pub fn handle_news(&self, key: &StreamKey) {
        self.shared.command(|hub, now| hub.handle_news(now, key));
    }

    /// News of a log that several servers share may have been missed; see
    /// [`Hub::handle_missed_news`].
    pub fn handle_missed_news(&self) {
        self.shared.command(|hub, now| hub.handle_missed_news(now));
    }

    #[cfg(feature = "shared-log")]
    pub(crate) fn downgrade(&self) -> WeakHandle {
        WeakHandle(Arc::downgrade(&self.shared))
    }

    /// Links at present.
    pub fn links(&self) -> usize {
        self.shared.view(Hub::links)
    }

    /// Users with a link at present.
    pub fn users(&self) -> usize {
        self.shared.view(Hub::users)
    }
}
