//! The task that owns a client's sockets: dials, moves bytes, fetches tokens, waits.

use std::io;
use std::sync::Arc;

use pamlink::link::{CloseClass, DialFailed, TokenNeed};
use pamlink::time::{Deadline, Now};

use crate::client::ClientConfig;
use crate::engine::Engine;
use crate::session::{Inner, LinkWants, Session, Wants};
use crate::tokens::Tokens;
use crate::way::{self, Way, maybe};

/// The transport of the first link and that of the second, as places among the ways.
const FIRST: usize = 0;
const SECOND: usize = 1;

/// Runs a client until its handles are gone or close it.
pub(crate) async fn run(session: Arc<Session>, tokens: impl Tokens, config: ClientConfig) {
    let mut driver = Driver {
        tokens: Arc::new(tokens),
        tls: config.tls.clone(),
        ways: Default::default(),
        session: Arc::clone(&session),
    };
    session.lock().engine.connect(session.clock.now());
    while !session.lock().closing {
        let deadline = driver.work();
        driver.wait(deadline).await;
    }
    session.lock().engine.disconnect(session.clock.now());
    let close = async {
        loop {
            let deadline = driver.work();
            if !driver.ways.iter().any(Way::has_socket) {
                break;
            }
            driver.wait(deadline).await;
        }
    };
    let _ = tokio::time::timeout(config.close_timeout, close).await;
    session.end();
}

struct Driver<T> {
    session: Arc<Session>,
    tokens: Arc<T>,
    tls: Option<Arc<rustls::ClientConfig>>,
    ways: [Way; 2],
}

/// What was waited for.
enum Happened {
    Changed,
    Due,
    To(usize, way::Happened),
}

impl<T: Tokens> Driver<T> {
    /// Waits for the next thing to happen, and tells the engine.
    async fn wait(&mut self, deadline: Option<Deadline>) {
        let clock = self.session.clock;
        let happened = {
            let [first, second] = &mut self.ways;
            tokio::select! {
                happened = first.happens() => Happened::To(FIRST, happened),
                happened = second.happens() => Happened::To(SECOND, happened),
                () = maybe(deadline.map(|at| tokio::time::sleep_until(clock.instant(at)))) => {
                    Happened::Due
                }
                () = self.session.changed.notified() => Happened::Changed,
            }
        };
        self.tell(happened);
    }

    /// Does what the engine wants.
    fn work(&mut self) -> Option<Deadline> {
        let session = Arc::clone(&self.session);
        let mut inner = session.lock();
        let Wants { links, exchanged, token } = session.drain(&mut inner);
        if let Some(need) = token {
            self.fetch_token(need);
        }
        if exchanged {
            self.ways.swap(FIRST, SECOND);
        }
        for (place, LinkWants { dial, close_transport }) in links.into_iter().enumerate() {
            let way = &mut self.ways[place];
            way.parting |= close_transport;
            if way.has_socket() && way.outlet.is_empty() {
                let waiting = way.outlet.waiting();
                let transmit = match place {
                    FIRST => inner.engine.poll_transmit_vectored(waiting),
                    _ => inner.engine.second_link().poll_transmit_vectored(waiting),
                };
                way.parting |= transmit.close_transport;
            }
            if way.parting && way.outlet.is_empty() {
                way.part();
            }
            if let Some(endpoint) = dial {
                way.dial(endpoint, self.tls.clone());
            }
        }
        inner.engine.poll_timeout()
    }

    fn tell(&mut self, happened: Happened) {
        let session = Arc::clone(&self.session);
        let mut inner = session.lock();
        let Inner { engine, .. } = &mut *inner;
        let now = session.clock.now();
        let (place, happened) = match happened {
            Happened::Changed => return,
            Happened::Due => return engine.handle_timeout(now),
            Happened::To(place, happened) => (place, happened),
        };
        let way = &mut self.ways[place];
        match happened {
            way::Happened::Wrote(Ok(())) => {}
            way::Happened::Dialed(Ok(stream)) => {
                way.take(stream);
                match place {
                    FIRST => engine.handle_dialed(now),
                    _ => engine.second_link().handle_dialed(now),
                }
            }
            way::Happened::Dialed(Err(error)) => {
                let (class, said) = (class_of(&error), error.to_string());
                let failed = DialFailed::Unanswered { class, said: &said };
                match place {
                    FIRST => engine.handle_dial_failed(now, failed),
                    _ => engine.second_link().handle_dial_failed(now, failed),
                }
            }
            way::Happened::Read(Ok(n)) if n > 0 => {
                let taken = match place {
                    FIRST => engine.handle_bytes(now, way.bytes(n)),
                    _ => engine.second_link().handle_bytes(now, way.bytes(n)),
                };
                // The engine is drained before each read, so it always has room.
                if taken.is_err() {
                    way.part();
                    closed(engine, place, now);
                }
            }
            way::Happened::Read(_) | way::Happened::Wrote(Err(_)) => {
                way.part();
                closed(engine, place, now);
            }
        }
    }

    fn fetch_token(&self, need: TokenNeed) {
        let (session, tokens) = (Arc::clone(&self.session), Arc::clone(&self.tokens));
        tokio::spawn(async move {
            let token = tokens.token(need).await;
            let now = session.clock.now();
            let mut inner = session.lock();
            match token {
                // A token of no use stops the engine, which says so in an event.
                Ok(token) => drop(inner.engine.provide_token(now, token)),
                Err(error) => inner.engine.token_failed(now, error),
            }
            drop(inner);
            session.changed.notify_one();
        });
    }
}

/// The transport of a link has ended.
fn closed(engine: &mut Engine, place: usize, now: Now) {
    match place {
        FIRST => engine.handle_closed(now),
        _ => engine.second_link().handle_closed(now),
    }
}

fn class_of(error: &io::Error) -> CloseClass {
    match error.kind() {
        io::ErrorKind::TimedOut => CloseClass::Timeout,
        io::ErrorKind::ConnectionRefused => CloseClass::ServerUnavailable,
        _ => CloseClass::Network,
    }
}
