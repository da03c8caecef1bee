//! The hub with the program that answers for it.

use std::io;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use pamlink::delivery::stream::LogAnswer;
use pamlink::envelope::ErrorCode;
use pamlink::hub::{Event, LinkId, ReplyError, RequestId};
use pamlink::link::{AuthError, Claims, Gather, Token, Transmit};
use parking_lot::MutexGuard;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;

use crate::handler::{Handler, HttpResponse, Reply, Request};
use crate::judges::{Case, Judges};
use crate::outlet::Outlet;
use crate::shared::{Locked, Shared, Socket};
use crate::stream_log::Carrier;

/// The hub with the program that answers.
pub(crate) struct Host<H> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) handler: H,
    /// How long somebody waits for the answer to a request, and a link for the verdict on its
    /// token: work beyond that is given up, so that a program that hangs does not pile up tasks.
    request_timeout: Duration,
    auth_timeout: Duration,
}

/// What an event asks for, once the next event may be looked at.
enum Follow {
    Verify(Case),
    Respond(LinkId, HttpResponse),
    Drained,
}

/// What is left to do once the hub is free again: nothing of it may run, or wake a thread, while
/// others wait for the hub.
#[derive(Default)]
struct Left {
    requests: Vec<Request>,
    tokens: Vec<(LinkId, String, Token)>,
    sockets: Vec<Arc<Socket>>,
    /// The next deadline is earlier than the one that is waited for.
    sooner: bool,
}

/// What came of bytes that were read.
pub(crate) struct Received {
    /// As [`Transmit::close_transport`].
    pub(crate) close_transport: bool,
    /// The outlet was not asked, or there is more than it took at once.
    pub(crate) more: bool,
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
        self.settle(locked);
        Some((link, socket))
    }

    /// Hands over what was read, and takes what there is to write then, if nothing waits yet. None:
    /// the link is no more.
    pub(crate) fn received(
        self: &Arc<Self>,
        link: LinkId,
        bytes: &[u8],
        outlet: &mut Outlet,
    ) -> Option<Received> {
        let mut locked = self.shared.hub.lock();
        let taken = locked.hub.handle_bytes(self.shared.clock.now(), link, bytes);
        let (mut locked, mut left) = self.answer(locked);
        let mut received = Received { close_transport: false, more: true };
        if outlet.is_empty() {
            let transmit = locked.hub.poll_transmit_vectored(link, outlet.waiting());
            (received.close_transport, received.more) = (transmit.close_transport, transmit.more);
        }
        self.look_out(&mut locked, &mut left, Some(link));
        drop(locked);
        self.follow(left);
        taken.is_ok().then_some(received)
    }

    /// The transport has ended.
    pub(crate) fn ended(self: &Arc<Self>, link: LinkId) {
        let mut locked = self.shared.hub.lock();
        locked.hub.handle_closed(self.shared.clock.now(), link);
        self.settle(locked);
        self.shared.hub.lock().sockets.remove(&link);
    }

    /// Takes what there is to write.
    pub(crate) fn transmit(&self, link: LinkId, waiting: &mut Gather) -> Transmit {
        self.shared.hub.lock().hub.poll_transmit_vectored(link, waiting)
    }

    /// Does what an input has left to do.
    fn settle<'a>(self: &'a Arc<Self>, locked: MutexGuard<'a, Locked>) {
        let (mut locked, mut left) = self.answer(locked);
        self.look_out(&mut locked, &mut left, None);
        drop(locked);
        self.follow(left);
    }

    /// Drains the hub after an input, and answers what can be answered at once.
    ///
    /// A handler is polled here before it becomes a task: most that wait for nothing need none.
    /// What its answers set free, requests that waited for an agent, say, is a task: what is done
    /// in one turn is bounded by what came in it.
    fn answer<'a>(
        self: &'a Arc<Self>,
        mut locked: MutexGuard<'a, Locked>,
    ) -> (MutexGuard<'a, Locked>, Left) {
        let mut left = Left::default();
        self.drain_events(&mut locked, &mut left);
        if left.requests.is_empty() {
            return (locked, left);
        }
        drop(locked);
        let requests = std::mem::take(&mut left.requests);
        let replies: Vec<_> = requests.into_iter().filter_map(|it| self.handle(it)).collect();
        let mut locked = self.shared.hub.lock();
        for (request, reply) in replies {
            self.reply(&mut locked, request, &reply);
        }
        self.drain_events(&mut locked, &mut left);
        (locked, left)
    }

    /// Polls the handler once; if it has to wait, it waits as a task.
    fn handle(self: &Arc<Self>, request: Request) -> Option<(RequestId, Reply)> {
        let (id, cancelled) = (request.id(), request.cancelled());
        let host = Arc::clone(self);
        let mut reply = Box::pin(async move { host.handler.handle(request).await });
        // The task polls it again, so that a waker of its own is in place by then.
        let mut context = Context::from_waker(Waker::noop());
        let first = AssertUnwindSafe(|| reply.as_mut().poll(&mut context));
        match catch_unwind(first) {
            Ok(Poll::Ready(reply)) => return Some((id, reply)),
            Ok(Poll::Pending) => self.spawn(id, cancelled, reply),
            // As in a task: the request is left to its timeout.
            Err(_) => {}
        }
        None
    }

    fn spawn(
        self: &Arc<Self>,
        id: RequestId,
        cancelled: Arc<Notify>,
        reply: impl Future<Output = Reply> + Send + 'static,
    ) {
        let host = Arc::clone(self);
        tokio::spawn(async move {
            let reply = tokio::time::timeout(host.request_timeout, reply);
            let reply = tokio::select! {
                reply = reply => reply.ok(),
                // The peer has its end; the request has one at the hub as well.
                () = cancelled.notified() => Some(Reply::error("CANCELLED", "the request was cancelled")),
            };
            if let Some(reply) = reply {
                let mut locked = host.shared.hub.lock();
                host.reply(&mut locked, id, &reply);
                host.settle(locked);
            }
        });
    }

    /// Takes what the hub tells.
    fn drain_events(&self, locked: &mut Locked, left: &mut Left) {
        let mut again = true;
        while again {
            again = false;
            let mut follows = Vec::new();
            while let Some(event) = locked.hub.poll_event() {
                self.handler.observe(&event);
                match event {
                    Event::Request(request) => {
                        let request = Request::new(&request, &self.shared);
                        locked.running.insert(request.id(), request.cancelled());
                        left.requests.push(request);
                    }
                    Event::Cancelled { request, .. } => {
                        if let Some(cancelled) = locked.running.get(&request) {
                            cancelled.notify_one();
                        }
                    }
                    Event::Expired { request, .. } => {
                        locked.running.remove(&request);
                    }
                    Event::Authorize { link, token, .. } if self.shared.judges.decide() => {
                        let socket = locked.sockets.get(&link).map(Arc::clone).unwrap_or_default();
                        follows.push(Follow::Verify(Case { link, token: token.clone(), socket }));
                    }
                    Event::Authorize { link, user, token } => {
                        left.tokens.push((link, user.to_owned(), token.clone()));
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
                            left.sockets.push(Arc::clone(socket));
                        }
                    }
                    Event::Drained => follows.push(Follow::Drained),
                    _ => {}
                }
            }
            for follow in follows {
                again |= self.carry_out(locked, follow);
            }
        }
    }

    /// Notes whom to wake, and hands over what the log is asked; `own` is the link whose task asks, and
    /// looks by itself.
    fn look_out(&self, locked: &mut Locked, left: &mut Left, own: Option<LinkId>) {
        if let Some(log) = &self.shared.log {
            log.carry(&mut locked.hub, &mut locked.awaited);
        }
        while let Some(link) = locked.hub.poll_writable() {
            if own != Some(link)
                && let Some(socket) = locked.sockets.get(&link)
            {
                left.sockets.push(Arc::clone(socket));
            }
        }
        let next = locked.hub.poll_timeout().map(|deadline| deadline.at);
        left.sooner = next.is_some_and(|next| locked.armed.is_none_or(|armed| next < armed));
    }

    /// Starts tasks and wakes others.
    fn follow(self: &Arc<Self>, left: Left) {
        for request in left.requests {
            let (id, cancelled, host) = (request.id(), request.cancelled(), Arc::clone(self));
            self.spawn(id, cancelled, async move { host.handler.handle(request).await });
        }
        for (link, user, token) in left.tokens {
            let host = Arc::clone(self);
            tokio::spawn(async move {
                let verdict = host.handler.authorize(user, token);
                let verdict = tokio::time::timeout(host.auth_timeout, verdict).await;
                host.authorized(link, verdict.unwrap_or(Err(AuthError::Unavailable)));
            });
        }
        for socket in left.sockets {
            socket.ready.notify_one();
        }
        if left.sooner {
            self.shared.deadline.notify_one();
        }
    }

    /// `true` if the hub may have more to say now.
    fn carry_out(&self, locked: &mut Locked, follow: Follow) -> bool {
        match follow {
            Follow::Verify(case) => match self.shared.judges.add(case) {
                Some(cut) => {
                    let now = self.shared.clock.now();
                    locked.hub.verified(now, cut.link, Err(AuthError::Busy)).is_ok()
                }
                None => false,
            },
            Follow::Respond(link, response) => {
                let now = self.shared.clock.now();
                locked.hub.respond(now, link, &response).is_ok()
            }
            Follow::Drained => {
                self.shared.drained.notify_one();
                false
            }
        }
    }

    /// Replies to a request. If it has expired, the hub has made an event of that already.
    fn reply(&self, locked: &mut Locked, request: RequestId, reply: &Reply) {
        locked.running.remove(&request);
        let (hub, now) = (&mut locked.hub, self.shared.clock.now());
        let replied = hub.reply(now, request, reply);
        if let Err(ReplyError::Envelope(error)) = replied {
            // Nobody could read it: better word of that than no word until the time is up.
            let message = format!("the answer cannot be sent: {error}");
            let failed = Reply::error(ErrorCode::ProcessingError.as_str(), message);
            let _ = hub.reply(now, request, &failed);
        }
    }

    fn authorized(self: &Arc<Self>, link: LinkId, verdict: Result<Claims, AuthError>) {
        let mut locked = self.shared.hub.lock();
        let now = self.shared.clock.now();
        // The link may be gone by now; then there is nobody to tell.
        let _ = locked.hub.authorize(now, link, verdict);
        self.settle(locked);
    }

    fn verified(self: &Arc<Self>, link: LinkId, verdict: Result<Claims, AuthError>) {
        let mut locked = self.shared.hub.lock();
        let now = self.shared.clock.now();
        // As above.
        let _ = locked.hub.verified(now, link, verdict);
        self.settle(locked);
    }

    /// Calls the hub at each of its deadlines, and drains it after a command of a [`Handle`].
    pub(crate) async fn keep_deadlines(self: Arc<Self>) {
        loop {
            self.settle(self.shared.hub.lock());
            let next = {
                let mut locked = self.shared.hub.lock();
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

    /// Gives the hub what its log answers.
    pub(crate) async fn keep_log(self: Arc<Self>, mut answered: UnboundedReceiver<LogAnswer>) {
        let Some(log) = &self.shared.log else { return };
        loop {
            let due = self.shared.hub.lock().awaited.due();
            let answers = Carrier::answers(&mut answered, due).await;
            let mut locked = self.shared.hub.lock();
            let Locked { hub, awaited, .. } = &mut *locked;
            log.give(self.shared.clock.now(), hub, awaited, answers);
            self.settle(locked);
        }
    }

    pub(crate) async fn drain(self: &Arc<Self>, spread: Duration, patience: Duration) {
        {
            let mut locked = self.shared.hub.lock();
            locked.hub.drain(self.shared.clock.now(), spread);
            self.settle(locked);
        }
        let _ = tokio::time::timeout(spread + patience, self.shared.drained.notified()).await;
    }
}
