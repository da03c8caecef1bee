//! What the task of a client and its handles share.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use pamlink::client::{self, CancelError, RequestId, SendError, SessionError};
use pamlink::delivery::{CommandId, SendOptions, SessionNumber};
use pamlink::envelope::Chat;
use pamlink::link::{Cause, ClientLinkEvent, CloseClass, Endpoint, State};
use pamlink::metrics::Snapshot;
use pamlink::time::Now;
use parking_lot::{Mutex, MutexGuard};
use tokio::sync::{Notify, oneshot, watch};

use crate::answer::{Answer, ClientRequest, ConnectError, Event, RequestError, SubmitError};
use crate::client::ClientConfig;
use crate::clock::{self, Clock};
use crate::driver;
use crate::engine::Engine;
use crate::requests::{Requests, Restored, Taken};
use crate::tokens::Tokens;
use crate::wants::Wants;

/// How far a client has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    Connecting,
    Welcomed,
    Stopped { class: CloseClass, cause: Cause },
    Closed,
}

/// An engine with the means to wait for it.
#[derive(Debug)]
pub(crate) struct SharedClient {
    inner: Mutex<Inner>,
    pub(crate) clock: Clock,
    /// The task has something to look at.
    pub(crate) changed: Notify,
    /// [`SharedClient::next_event`] has something to look at.
    event_came: Notify,
    progress: watch::Sender<Progress>,
}

/// What is behind the lock.
#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) engine: Engine,
    requests: Requests,
    /// Sessions that a snapshot has brought, and whose handles nobody has taken.
    restored_sessions: Vec<SessionNumber>,
    /// Who waits for the outcome of what was submitted.
    submitted: HashMap<(SessionNumber, CommandId), oneshot::Sender<Result<(), SubmitError>>>,
    events: VecDeque<Event>,
    max_events: usize,
    /// Events that were dropped since the last [`Event::Lost`].
    lost: u64,
    /// The handles are gone or want to be.
    pub(crate) closing: bool,
    /// The task has ended.
    ended: bool,
}

/// Starts the task of a client.
pub(crate) fn spawn(
    endpoint: Endpoint,
    tokens: impl Tokens,
    config: ClientConfig,
) -> Result<Arc<SharedClient>, ConnectError> {
    let clock = Clock::new();
    let now = clock.now();
    let engine = config.engine.clone();
    let recorder = config.record.as_ref();
    let snapshot = config.snapshot.as_deref();
    let client = (&engine, &endpoint, config.v1, snapshot);
    let recorded = recorder.and_then(|it| it.begin(client, now));
    let (recording, seed) = match recorded {
        Some((recording, seed)) => (Some(recording), seed),
        None => (None, config.seed.clone().unwrap_or_else(clock::seed)),
    };
    let client = match snapshot {
        Some(snapshot) => client::Client::restore(engine, endpoint, snapshot, seed, now)?,
        None => client::Client::new(engine, endpoint, seed, now)?,
    };
    let requests = Requests::of(&client);
    let restored_sessions = client.sessions().filter(|it| *it != SessionNumber::FIRST).collect();
    let engine = Engine::new(client, recording);
    let shared = Arc::new(SharedClient {
        inner: Mutex::new(Inner {
            engine,
            requests,
            restored_sessions,
            submitted: HashMap::new(),
            events: VecDeque::new(),
            max_events: config.events.max(1),
            lost: 0,
            closing: false,
            ended: false,
        }),
        clock,
        changed: Notify::new(),
        event_came: Notify::new(),
        progress: watch::Sender::new(Progress::Connecting),
    });
    tokio::spawn(driver::run(Arc::clone(&shared), tokens, config));
    Ok(shared)
}

impl SharedClient {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }

    pub(crate) fn ask(
        &self,
        session: SessionNumber,
        request: &ClientRequest,
        stream: bool,
    ) -> Result<(RequestId, Arc<Notify>), RequestError> {
        let mut inner = self.inner.lock();
        if inner.closing {
            return Err(RequestError::Closed);
        }
        let chat = Chat { stream: stream.then_some(true), ..request.chat()? };
        let id = inner.engine.ask(self.clock.now(), session, &chat)?;
        let progress = inner.requests.begin(id);
        drop(inner);
        self.changed.notify_one();
        Ok((id, progress))
    }

    /// What is next of a request.
    pub(crate) fn take(&self, request: RequestId) -> Option<Taken> {
        self.inner.lock().requests.take(request)
    }

    /// Nobody waits for a request any more, whose answer goes on where it `is_detached`.
    pub(crate) fn leave(&self, request: RequestId, is_detached: bool) {
        let mut inner = self.inner.lock();
        if inner.requests.leave(request) {
            let now = self.clock.now();
            if is_detached {
                inner.engine.forget(now, request);
            } else {
                inner.engine.abandon(now, request);
            }
            drop(inner);
            self.changed.notify_one();
        }
    }

    /// Cancels a request.
    pub(crate) fn cancel(&self, request: RequestId) -> Result<(), CancelError> {
        self.command(|engine, now| engine.cancel(now, request))
    }

    pub(crate) fn submit(
        &self,
        session: SessionNumber,
        envelope: &str,
        options: SendOptions<'_>,
    ) -> Result<oneshot::Receiver<Result<(), SubmitError>>, SubmitError> {
        let mut inner = self.inner.lock();
        if inner.closing {
            return Err(SubmitError::Closed);
        }
        let command = inner.engine.submit(self.clock.now(), session, envelope, options)?;
        let (sender, outcome) = oneshot::channel();
        inner.submitted.insert((session, command), sender);
        drop(inner);
        self.changed.notify_one();
        Ok(outcome)
    }

    pub(crate) fn reconnect(&self) {
        self.progress.send_if_modified(|progress| {
            let stopped = matches!(progress, Progress::Stopped { .. });
            if stopped {
                *progress = Progress::Connecting;
            }
            stopped
        });
        self.command(Engine::connect);
    }

    pub(crate) fn take_restored(&self) -> Vec<Restored> {
        self.inner.lock().requests.take_restored()
    }

    pub(crate) fn take_restored_sessions(&self) -> Vec<SessionNumber> {
        std::mem::take(&mut self.inner.lock().restored_sessions)
    }

    /// A snapshot, once all events are taken; nothing if the client is closed.
    pub(crate) async fn snapshot(&self) -> Option<Vec<u8>> {
        loop {
            {
                let mut inner = self.inner.lock();
                if inner.closing {
                    return None;
                }
                if let Ok(snapshot) = inner.engine.snapshot(self.clock.now()) {
                    return Some(snapshot);
                }
            }
            // The task takes them.
            self.changed.notify_one();
            tokio::task::yield_now().await;
        }
    }

    pub(crate) fn open_session(&self) -> Result<SessionNumber, SessionError> {
        self.command(Engine::open_session)
    }

    /// Leaves a session that may have been left.
    pub(crate) fn leave_session(&self, session: SessionNumber) {
        let _ = self.command(|engine, now| engine.leave_session(now, session));
    }

    pub(crate) fn send(&self, session: SessionNumber, envelope: &str) -> Result<(), SendError> {
        self.command(|engine, now| engine.send(now, session, envelope))
    }

    pub(crate) fn wake(&self) {
        self.command(Engine::wake);
    }

    pub(crate) fn network_changed(&self) {
        self.command(Engine::network_changed);
    }

    pub(crate) fn close(&self) {
        self.inner.lock().closing = true;
        self.changed.notify_one();
    }

    pub(crate) fn state(&self) -> State {
        self.inner.lock().engine.state()
    }

    pub(crate) fn metrics(&self) -> Snapshot {
        self.inner.lock().engine.metrics()
    }

    pub(crate) fn progress(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    pub(crate) async fn next_event(&self) -> Option<Event> {
        loop {
            let event_came = self.event_came.notified();
            {
                let mut inner = self.inner.lock();
                if inner.lost > 0 {
                    return Some(Event::Lost(std::mem::take(&mut inner.lost)));
                }
                if let Some(event) = inner.events.pop_front() {
                    return Some(event);
                }
                if inner.ended {
                    // The next one who waits is woken, too.
                    self.event_came.notify_one();
                    return None;
                }
            }
            event_came.await;
        }
    }

    /// Takes what the engine has to say; what only the task can do is returned.
    pub(crate) fn drain(&self, inner: &mut Inner) -> Wants {
        let mut wants = Wants::default();
        loop {
            // Field by field, so that an event may be told while it borrows the engine.
            let Inner { engine, requests, submitted, events, max_events, lost, .. } = inner;
            let Some(event) = engine.poll_event() else { break };
            let mut tell = |event| {
                if events.len() == *max_events {
                    events.pop_front();
                    *lost += 1;
                }
                events.push_back(event);
                self.event_came.notify_one();
            };
            match event {
                client::Event::Link(event) => self.link_event(event, &mut wants, &mut tell),
                // The rest changes nothing for the program: the first link goes on.
                client::Event::SecondLink(event) => wants.second.note(&event),
                client::Event::ChangedPlaces => {
                    std::mem::swap(&mut wants.first, &mut wants.second);
                    wants.exchanged = !wants.exchanged;
                }
                client::Event::Welcomed { .. } => {
                    self.progress.send_replace(Progress::Welcomed);
                    tell(Event::Welcomed);
                }
                client::Event::Piece { request, text, restart, .. } => {
                    requests.piece(request, &text, restart);
                }
                client::Event::Answer { request, text, in_pieces, restart, envelope } => {
                    requests.piece(request, &text[in_pieces..], restart);
                    requests.end(request, Ok(Answer::whole(&envelope, &text)), &mut tell);
                }
                client::Event::Rejected { request, code, message, retry_after, .. } => {
                    let code = code.map_or_else(String::new, |code| code.as_str().to_owned());
                    let message = message.into_owned();
                    let rejected = RequestError::Rejected { code, message, retry_after };
                    requests.end(request, Err(rejected), &mut tell);
                }
                client::Event::Unsent { request } => {
                    requests.end(request, Err(RequestError::Unsent), &mut tell);
                }
                client::Event::Expired { request } => {
                    requests.end(request, Err(RequestError::Expired), &mut tell);
                }
                client::Event::Unknown { request } => {
                    requests.end(request, Err(RequestError::Unknown), &mut tell);
                }
                client::Event::Cancelled { request } => {
                    requests.end(request, Err(RequestError::Cancelled), &mut tell);
                }
                client::Event::CancelResult { request, outcome, offset, code } => {
                    let outcome = outcome.map(|outcome| outcome.as_str().to_owned());
                    let code = code.map(|code| code.as_str().to_owned());
                    tell(Event::CancelResult { request, outcome, offset, code });
                }
                client::Event::Outcome { session, command, outcome } => {
                    let outcome = SubmitError::of(outcome);
                    match submitted.remove(&(session, command)) {
                        // Whoever has left does not want to know.
                        Some(sender) => drop(sender.send(outcome)),
                        None => tell(Event::Submitted { session, outcome }),
                    }
                }
                client::Event::Gap { session, lost, reason } => {
                    tell(Event::Gap { session, lost, reason: reason.as_str().to_owned() });
                }
                client::Event::Late { request, envelope } => {
                    tell(Event::Late { request, answer: Answer::new(&envelope) });
                }
                client::Event::Message { session, envelope } => {
                    tell(Event::Message { session, message: Answer::new(&envelope) });
                }
                client::Event::Repeated { session, envelope } => {
                    tell(Event::Repeated { session, message: Answer::new(&envelope) });
                }
                client::Event::Unreadable { error, text } => {
                    tell(Event::Unreadable { error, text: text.to_owned() });
                }
                // The engine is a part of this release; what it tells next has its arm here.
                other => debug_assert!(false, "an event that is not handed on: {other:?}"),
            }
        }
        wants
    }

    fn link_event(
        &self,
        event: ClientLinkEvent<'_>,
        wants: &mut Wants,
        tell: &mut impl FnMut(Event),
    ) {
        wants.first.note(&event);
        match event {
            ClientLinkEvent::Dial(_) | ClientLinkEvent::CloseTransport => {}
            ClientLinkEvent::NeedToken(need) => wants.token = Some(need),
            ClientLinkEvent::StateChanged { from, to, .. } => {
                tell(Event::StateChanged { from, to });
            }
            ClientLinkEvent::Retrying { attempt, after, class, cause } => {
                tell(Event::Retrying { attempt, after, class, cause: cause.clone() });
            }
            ClientLinkEvent::Stopped { class, cause } => {
                let cause = cause.clone();
                self.progress.send_replace(Progress::Stopped { class, cause: cause.clone() });
                tell(Event::Stopped { class, cause });
            }
            ClientLinkEvent::Binary(bytes) => tell(Event::Binary(bytes.to_owned())),
            ClientLinkEvent::Overflowed(overflowed) => tell(Event::Overflowed(overflowed)),
            ClientLinkEvent::Failed(error) => tell(Event::Failed(error)),
            ClientLinkEvent::Closed(closed) => tell(Event::Closed {
                code: closed.code,
                reason: closed.reason.to_owned(),
                class: closed.class,
                clean: closed.clean,
                cause: closed.cause.clone(),
                unsent: closed.unsent,
            }),
            // As above; a text is read by the client and never told of so.
            other => debug_assert!(false, "an event that is not handed on: {other:?}"),
        }
    }

    /// The task is over.
    pub(crate) fn end(&self) {
        let mut inner = self.inner.lock();
        inner.closing = true;
        inner.ended = true;
        inner.requests.close();
        inner.submitted.clear();
        inner.engine.end_recording();
        drop(inner);
        self.progress.send_replace(Progress::Closed);
        self.event_came.notify_one();
    }

    fn command<T>(&self, command: impl FnOnce(&mut Engine, Now) -> T) -> T {
        let outcome = command(&mut self.inner.lock().engine, self.clock.now());
        self.changed.notify_one();
        outcome
    }
}
