//! A server: one hub, one task a connection, one for the deadlines.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pamlink::frame::CloseCode;
use pamlink::hub::{Auth, Event, Hub, HubConfig, LinkId, Push, PushError, RequestId};
use pamlink::link::{AuthError, Claims, Token};
use pamlink::metrics::Snapshot;
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now};
use parking_lot::Mutex;
use tokio::net::{TcpListener, ToSocketAddrs};
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use crate::clock::{self, Clock};
use crate::connection;
use crate::handler::{Handler, HttpResponse, Reply, Request};

/// What a server is made of.
#[derive(Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Bounds and choices of the hub.
    pub hub: HubConfig,
    /// Who decides on tokens.
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
        }
    }
}

/// A server that listens. [`serve`](Self::serve) makes it answer.
pub struct Server {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    drain_spread: Duration,
    drain_patience: Duration,
    request_timeout: Duration,
    auth_timeout: Duration,
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tls = self.tls.is_some();
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
    pub fn new(listener: TcpListener, config: ServerConfig) -> Self {
        let seed = config.seed.unwrap_or_else(clock::seed);
        let HubConfig { request_timeout, auth_timeout, .. } = config.hub;
        let hub = Hub::new(config.hub, config.auth, config.routes, seed);
        Self {
            listener,
            tls: config.tls.map(TlsAcceptor::from),
            shared: Arc::new(Shared {
                hub: Mutex::new(Locked { hub, armed: None, sockets: HashMap::new() }),
                clock: Clock::new(),
                deadline: Notify::new(),
                drained: Notify::new(),
            }),
            drain_spread: config.drain_spread,
            drain_patience: config.drain_patience,
            request_timeout,
            auth_timeout,
        }
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
    pub async fn serve<H: Handler>(self, handler: H, shutdown: impl Future<Output = ()>) {
        let host = Arc::new(Host {
            shared: Arc::clone(&self.shared),
            handler,
            request_timeout: self.request_timeout,
            auth_timeout: self.auth_timeout,
        });
        let deadlines = tokio::spawn(Arc::clone(&host).keep_deadlines());
        let mut shutdown = pin!(shutdown);
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = self.listener.accept() => match accepted {
                    Ok((socket, _)) => {
                        // Small frames are the rule here; waiting to fill a segment is delay.
                        let _ = socket.set_nodelay(true);
                        connection::spawn(Arc::clone(&host), socket, self.tls.clone());
                    }
                    // Out of descriptors, or a peer that went away before it was accepted: in
                    // neither case does trying at once help.
                    Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
                },
            }
        }
        drop(self.listener);
        host.drain(self.drain_spread, self.drain_patience).await;
        deadlines.abort();
    }
}

const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Commands to a running server. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    /// Sends an envelope to all links of a user, and says how many there were.
    ///
    /// # Errors
    ///
    /// The text is no envelope.
    pub fn push(&self, user: &str, text: &str) -> Result<Push, PushError> {
        self.command(|hub, now| hub.push(now, user, text))
    }

    /// Sends an envelope to all links.
    ///
    /// # Errors
    ///
    /// The text is no envelope.
    pub fn broadcast(&self, text: &str) -> Result<Push, PushError> {
        self.command(|hub, now| hub.broadcast(now, text))
    }

    /// Closes all links of a user, and says how many there were.
    pub fn disconnect_user(&self, user: &str, code: CloseCode, reason: &str) -> u32 {
        self.command(|hub, now| hub.disconnect_user(now, user, code, reason))
    }

    /// Puts another routing table in place. Running requests end under the one they began with.
    pub fn replace_routes(&self, routes: Arc<Table>) {
        self.command(|hub, _| hub.replace_routes(routes));
    }

    /// Lets somebody else decide on tokens from here on: after a rotation of keys, say.
    pub fn set_auth(&self, auth: Auth) {
        self.command(|hub, _| hub.set_auth(auth));
    }

    /// All counters, gauges and histograms.
    pub fn metrics(&self) -> Snapshot {
        self.shared.hub.lock().hub.metrics()
    }

    /// Links at present.
    pub fn links(&self) -> usize {
        self.shared.hub.lock().hub.links()
    }

    /// Users with a link at present.
    pub fn users(&self) -> usize {
        self.shared.hub.lock().hub.users()
    }

    fn command<T>(&self, command: impl FnOnce(&mut Hub, Now) -> T) -> T {
        let mut locked = self.shared.hub.lock();
        let outcome = command(&mut locked.hub, self.shared.clock.now());
        // What it made the hub say is said by the task of the deadlines, which has the handler.
        self.shared.deadline.notify_one();
        outcome
    }
}

/// The hub and what its tasks share.
#[derive(Debug)]
struct Shared {
    hub: Mutex<Locked>,
    clock: Clock,
    /// The next deadline may have moved, or a command may have left events.
    deadline: Notify,
    drained: Notify,
}

#[derive(Debug)]
struct Locked {
    hub: Hub,
    /// What the task of the deadlines waits for.
    armed: Option<Mono>,
    sockets: HashMap<LinkId, Arc<Socket>>,
}

/// What the hub can tell the task of a socket.
#[derive(Debug, Default)]
pub(crate) struct Socket {
    /// There are bytes to write, or the link has ended.
    pub(crate) ready: Notify,
    /// The link has ended: what is not written soon never will be.
    closed: AtomicBool,
}

impl Socket {
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Waits until the link has ended.
    pub(crate) async fn until_closed(&self) {
        while !self.is_closed() {
            self.ready.notified().await;
        }
    }
}

/// The hub with the program that answers.
pub(crate) struct Host<H> {
    shared: Arc<Shared>,
    handler: H,
    /// How long a request has an asker, and a token a link that waits: work beyond that is given
    /// up, so that a program that hangs does not pile up tasks.
    request_timeout: Duration,
    auth_timeout: Duration,
}

/// What an event asks for once the hub is free again.
enum Follow {
    Answer(Request),
    Authorize(LinkId, String, Token),
    Respond(LinkId, HttpResponse),
    Drained,
}

impl<H: Handler> Host<H> {
    /// Registers a connection.
    pub(crate) fn accept(self: &Arc<Self>) -> Option<(LinkId, Arc<Socket>)> {
        let mut locked = self.shared.hub.lock();
        let link = locked.hub.accept(self.shared.clock.now()).ok()?;
        let socket = Arc::new(Socket::default());
        locked.sockets.insert(link, Arc::clone(&socket));
        self.pump(&mut locked);
        Some((link, socket))
    }

    /// Hands over what was read. `false`: the link is no more.
    pub(crate) fn received(self: &Arc<Self>, link: LinkId, bytes: &[u8]) -> bool {
        let mut locked = self.shared.hub.lock();
        let taken = locked.hub.handle_bytes(self.shared.clock.now(), link, bytes).is_ok();
        self.pump(&mut locked);
        taken
    }

    /// The transport has ended.
    pub(crate) fn ended(self: &Arc<Self>, link: LinkId) {
        let mut locked = self.shared.hub.lock();
        locked.hub.handle_closed(self.shared.clock.now(), link);
        self.pump(&mut locked);
        locked.sockets.remove(&link);
    }

    /// Takes what there is to write; `true`: after that, hang up.
    pub(crate) fn transmit(&self, link: LinkId, out: &mut Vec<u8>) -> bool {
        self.shared.hub.lock().hub.poll_transmit(link, out).hang_up
    }

    /// Drains the hub after an input: events to the handler, wake-ups to the sockets.
    fn pump(self: &Arc<Self>, locked: &mut Locked) {
        let mut again = true;
        while again {
            again = false;
            let mut follows = Vec::new();
            while let Some(event) = locked.hub.poll_event() {
                self.handler.observe(&event);
                match event {
                    Event::Request(request) => follows.push(Follow::Answer(Request::new(&request))),
                    Event::Authorize { link, user, token } => {
                        follows.push(Follow::Authorize(link, user.to_owned(), token.clone()));
                    }
                    Event::Http { link, request } => {
                        let request = request.clone();
                        let response = self.handler.http(&request, &locked.hub);
                        follows.push(Follow::Respond(link, response));
                    }
                    Event::Closed { link, .. } => {
                        if let Some(socket) = locked.sockets.get(&link) {
                            socket.closed.store(true, Ordering::Release);
                            socket.ready.notify_one();
                        }
                    }
                    Event::Drained => follows.push(Follow::Drained),
                    _ => {}
                }
            }
            for follow in follows {
                again |= self.follow(locked, follow);
            }
        }
        while let Some(link) = locked.hub.poll_writable() {
            if let Some(socket) = locked.sockets.get(&link) {
                socket.ready.notify_one();
            }
        }
        let next = locked.hub.poll_timeout().map(|deadline| deadline.at);
        if next.is_some_and(|next| locked.armed.is_none_or(|armed| next < armed)) {
            self.shared.deadline.notify_one();
        }
    }

    /// `true` if the hub may have more to say now.
    fn follow(self: &Arc<Self>, locked: &mut Locked, follow: Follow) -> bool {
        match follow {
            Follow::Answer(request) => {
                let host = Arc::clone(self);
                tokio::spawn(async move {
                    let id = request.id();
                    let reply = host.handler.handle(request);
                    if let Ok(reply) = tokio::time::timeout(host.request_timeout, reply).await {
                        host.replied(id, &reply);
                    }
                });
                false
            }
            Follow::Authorize(link, user, token) => {
                let host = Arc::clone(self);
                tokio::spawn(async move {
                    let verdict = host.handler.authorize(user, token);
                    let verdict = tokio::time::timeout(host.auth_timeout, verdict).await;
                    host.authorized(link, verdict.unwrap_or(Err(AuthError::Unavailable)));
                });
                false
            }
            Follow::Respond(link, response) => {
                let HttpResponse { status, content_type, body } = response;
                let now = self.shared.clock.now();
                locked.hub.respond(now, link, status, content_type, &body).is_ok()
            }
            Follow::Drained => {
                self.shared.drained.notify_one();
                false
            }
        }
    }

    fn replied(self: &Arc<Self>, request: RequestId, reply: &Reply) {
        let mut locked = self.shared.hub.lock();
        let now = self.shared.clock.now();
        // A reply to a request that has expired is counted by the hub, and told as an event.
        let _ = reply.with(|reply| locked.hub.reply(now, request, reply));
        self.pump(&mut locked);
    }

    fn authorized(self: &Arc<Self>, link: LinkId, verdict: Result<Claims, AuthError>) {
        let mut locked = self.shared.hub.lock();
        let now = self.shared.clock.now();
        // The link may be gone by now; then there is nobody to tell.
        let _ = locked.hub.authorize(now, link, verdict);
        self.pump(&mut locked);
    }

    /// Calls the hub at each of its deadlines, and drains it after a command of a [`Handle`].
    async fn keep_deadlines(self: Arc<Self>) {
        loop {
            let next = {
                let mut locked = self.shared.hub.lock();
                self.pump(&mut locked);
                let next = locked.hub.poll_timeout();
                locked.armed = next.map(|deadline| deadline.at);
                next
            };
            let due = async {
                match next {
                    Some(next) => tokio::time::sleep_until(self.shared.clock.instant(next)).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = due => self.shared.hub.lock().hub.handle_timeout(self.shared.clock.now()),
                () = self.shared.deadline.notified() => {}
            }
        }
    }

    async fn drain(self: &Arc<Self>, spread: Duration, patience: Duration) {
        {
            let mut locked = self.shared.hub.lock();
            locked.hub.drain(self.shared.clock.now(), spread);
            self.pump(&mut locked);
        }
        let _ = tokio::time::timeout(spread + patience, self.shared.drained.notified()).await;
    }
}
