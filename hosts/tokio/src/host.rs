//! The hub behind its lock, and the program that answers for it.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pamlink::envelope::ErrorCode;
use pamlink::hub::{self, Event, Hub, LinkId, ReplyError, RequestId};
use pamlink::link::{AuthError, Claims, Gather, Token};
use pamlink::time::{Mono, Now};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::handler::{Handler, HttpResponse, Reply, Request};

/// The hub and what its tasks share.
#[derive(Debug)]
pub(crate) struct Shared {
    hub: Mutex<Locked>,
    clock: Clock,
    /// The next deadline may have moved, or a command may have left events.
    deadline: Notify,
    drained: Notify,
}

impl Shared {
    pub(crate) fn new(hub: Hub) -> Self {
        Self {
            hub: Mutex::new(Locked { hub, armed: None, sockets: HashMap::new() }),
            clock: Clock::new(),
            deadline: Notify::new(),
            drained: Notify::new(),
        }
    }

    /// Looks at the hub.
    pub(crate) fn view<T>(&self, view: impl FnOnce(&Hub) -> T) -> T {
        view(&self.hub.lock().hub)
    }

    /// Gives the hub a command from outside its tasks.
    pub(crate) fn command<T>(&self, command: impl FnOnce(&mut Hub, Now) -> T) -> T {
        let outcome = command(&mut self.hub.lock().hub, self.clock.now());
        // What it made the hub say is said by the task of the deadlines, which has the handler.
        self.deadline.notify_one();
        outcome
    }
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
    pub(crate) fn new(
        shared: Arc<Shared>,
        handler: H,
        request_timeout: Duration,
        auth_timeout: Duration,
    ) -> Self {
        Self { shared, handler, request_timeout, auth_timeout }
    }

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
    pub(crate) fn transmit(&self, link: LinkId, waiting: &mut Gather) -> bool {
        self.shared.hub.lock().hub.poll_transmit_vectored(link, waiting).hang_up
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
        let replied = reply.with(|reply| locked.hub.reply(now, request, reply));
        if let Err(ReplyError::Envelope(error)) = replied {
            // Nobody could read it: better word of that than no word until the time is up.
            let message = format!("the answer cannot be sent: {error}");
            let code = &ErrorCode::ProcessingError;
            let failed = hub::Reply::Error { code, message: &message, retry_after: None };
            let _ = locked.hub.reply(now, request, &failed);
        }
        // A reply to a request that has expired is counted by the hub, and told as an event.
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
    pub(crate) async fn keep_deadlines(self: Arc<Self>) {
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

    pub(crate) async fn drain(self: &Arc<Self>, spread: Duration, patience: Duration) {
        {
            let mut locked = self.shared.hub.lock();
            locked.hub.drain(self.shared.clock.now(), spread);
            self.pump(&mut locked);
        }
        let _ = tokio::time::timeout(spread + patience, self.shared.drained.notified()).await;
    }
}
