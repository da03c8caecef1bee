//! The hub with the program that answers for it.

use std::io;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pamlink::envelope::ErrorCode;
use pamlink::hub::{self, Event, LinkId, ReplyError, RequestId};
use pamlink::link::{AuthError, Claims, Gather, Token};

use crate::handler::{Handler, HttpResponse, Reply, Request};
use crate::judges::{Case, Judges};
use crate::shared::{Locked, Shared, Socket};

/// The hub with the program that answers.
pub(crate) struct Host<H> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) handler: H,
    /// How long a request has an asker, and a token a link that waits: work beyond that is given
    /// up, so that a program that hangs does not pile up tasks.
    request_timeout: Duration,
    auth_timeout: Duration,
}

/// What an event asks for once the hub is free again.
enum Follow {
    Answer(Request),
    Authorize(LinkId, String, Token),
    Verify(Case),
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

    /// Starts the threads that verify tokens. They end with [`Judges::end`].
    pub(crate) fn start_judges(self: &Arc<Self>) -> io::Result<()> {
        for _ in 0..Judges::threads() {
            let (host, runtime) = (Arc::clone(self), tokio::runtime::Handle::current());
            std::thread::Builder::new().name("pamlink-verify".to_owned()).spawn(move || {
                host.shared.judges.work(|link, token, verifier| {
                    let now = host.shared.clock.now().wall;
                    // A panic ends one verdict, not all that come after it.
                    let verdict =
                        catch_unwind(AssertUnwindSafe(|| verifier.verify(token.expose(), now)));
                    let verdict = verdict.unwrap_or(Err(AuthError::Unavailable));
                    // The hub's lock is nothing to hold at a low priority.
                    let host = Arc::clone(&host);
                    runtime.spawn(async move { host.verified(link, verdict) });
                });
            })?;
        }
        Ok(())
    }

    pub(crate) fn end_judges(&self) {
        self.shared.judges.end();
    }

    /// Registers a connection.
    pub(crate) fn accept(self: &Arc<Self>, from: IpAddr) -> Option<(LinkId, Arc<Socket>)> {
        let mut locked = self.shared.hub.lock();
        let link = locked.hub.accept_from(self.shared.clock.now(), from).ok()?;
        let socket = Arc::new(Socket { from: Some(from.to_canonical()), ..Socket::default() });
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
                    Event::Request(request) => {
                        follows.push(Follow::Answer(Request::new(&request, &self.shared)));
                    }
                    Event::Authorize { link, token, .. } if self.shared.judges.decide() => {
                        let socket = locked.sockets.get(&link).map(Arc::clone).unwrap_or_default();
                        follows.push(Follow::Verify(Case { link, token: token.clone(), socket }));
                    }
                    Event::Authorize { link, user, token } => {
                        follows.push(Follow::Authorize(link, user.to_owned(), token.clone()));
                    }
                    Event::Http { link, request } => {
                        let request = request.clone();
                        let response = self.handler.http(&request, &locked.hub);
                        follows.push(Follow::Respond(link, response));
                    }
                    Event::Opened { link, .. } => {
                        if let Some(socket) = locked.sockets.get(&link) {
                            socket.welcomed.store(true, Ordering::Release);
                        }
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
            Follow::Verify(case) => match self.shared.judges.add(case) {
                Some(cut) => {
                    let now = self.shared.clock.now();
                    locked.hub.verified(now, cut.link, Err(AuthError::Busy)).is_ok()
                }
                None => false,
            },
            Follow::Respond(link, response) => {
                let HttpResponse { status, content_type, headers, body } = response;
                let now = self.shared.clock.now();
                let mut all = vec![("Content-Type", content_type)];
                all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
                locked.hub.respond(now, link, status, &all, &body).is_ok()
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

    fn verified(self: &Arc<Self>, link: LinkId, verdict: Result<Claims, AuthError>) {
        let mut locked = self.shared.hub.lock();
        let now = self.shared.clock.now();
        // As above.
        let _ = locked.hub.verified(now, link, verdict);
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
