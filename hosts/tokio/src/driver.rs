//! The task that owns a client's sockets: dials, moves bytes, fetches tokens, waits.

use std::io;
use std::sync::Arc;

use pamlink::link::{CloseClass, DialFailed, TokenNeed};
use pamlink::time::{Deadline, Now};

use crate::client::ClientConfig;
use crate::engine::Engine;
use crate::shared_client::{Inner, SharedClient};
use crate::tokens::Tokens;
use crate::transport::{self, Transport, maybe};
use crate::wants::{LinkWants, Wants};

/// Which link of the client.
#[derive(Clone, Copy)]
enum Which {
    First,
    Second,
}

/// Runs a client until its handles are gone or close it.
pub(crate) async fn run(shared: Arc<SharedClient>, tokens: impl Tokens, config: ClientConfig) {
    let mut driver = Driver {
        tokens: Arc::new(tokens),
        tls: config.tls.clone(),
        first: Transport::default(),
        second: Transport::default(),
        shared: Arc::clone(&shared),
    };
    shared.lock().engine.connect(shared.clock.now());
    while !shared.lock().closing {
        let deadline = driver.work();
        driver.wait(deadline).await;
    }
    shared.lock().engine.disconnect(shared.clock.now());
    let close = async {
        loop {
            let deadline = driver.work();
            if !driver.first.has_socket() && !driver.second.has_socket() {
                break;
            }
            driver.wait(deadline).await;
        }
    };
    let _ = tokio::time::timeout(config.close_timeout, close).await;
    shared.end();
}

struct Driver<T> {
    shared: Arc<SharedClient>,
    tokens: Arc<T>,
    tls: Option<Arc<rustls::ClientConfig>>,
    first: Transport,
    second: Transport,
}

/// What was waited for.
enum Happened {
    Changed,
    Due,
    To(Which, transport::Happened),
}

impl<T: Tokens> Driver<T> {
    /// Waits for the next thing to happen, and tells the engine.
    async fn wait(&mut self, deadline: Option<Deadline>) {
        let clock = self.shared.clock;
        let happened = {
            let Self { first, second, .. } = self;
            tokio::select! {
                happened = first.happens() => Happened::To(Which::First, happened),
                happened = second.happens() => Happened::To(Which::Second, happened),
                () = maybe(deadline.map(|at| tokio::time::sleep_until(clock.instant(at)))) => {
                    Happened::Due
                }
                () = self.shared.changed.notified() => Happened::Changed,
            }
        };
        self.tell(happened);
    }

    /// Does what the engine wants.
    fn work(&mut self) -> Option<Deadline> {
        let shared = Arc::clone(&self.shared);
        let mut inner = shared.lock();
        let Wants { first, second, exchanged, token } = shared.drain(&mut inner);
        if let Some(need) = token {
            self.fetch_token(need);
        }
        if exchanged {
            std::mem::swap(&mut self.first, &mut self.second);
        }
        for (which, wants) in [(Which::First, first), (Which::Second, second)] {
            let LinkWants { dial, close_transport } = wants;
            let transport = self.transport(which);
            transport.parting |= close_transport;
            if transport.has_socket() && transport.outlet.is_empty() {
                let waiting = transport.outlet.waiting();
                let transmit = match which {
                    Which::First => inner.engine.poll_transmit_vectored(waiting),
                    Which::Second => inner.engine.second_link().poll_transmit_vectored(waiting),
                };
                transport.parting |= transmit.close_transport;
            }
            if transport.parting && transport.outlet.is_empty() {
                transport.part();
            }
            if let Some(endpoint) = dial {
                let tls = self.tls.clone();
                self.transport(which).dial(endpoint, tls);
            }
        }
        inner.engine.poll_timeout()
    }

    fn tell(&mut self, happened: Happened) {
        let shared = Arc::clone(&self.shared);
        let mut inner = shared.lock();
        let Inner { engine, .. } = &mut *inner;
        let now = shared.clock.now();
        let (which, happened) = match happened {
            Happened::Changed => return,
            Happened::Due => return engine.handle_timeout(now),
            Happened::To(which, happened) => (which, happened),
        };
        let transport = self.transport(which);
        match happened {
            transport::Happened::Wrote(Ok(())) => {}
            transport::Happened::Dialed(Ok(stream)) => {
                transport.take(stream);
                match which {
                    Which::First => engine.handle_dialed(now),
                    Which::Second => engine.second_link().handle_dialed(now),
                }
            }
            transport::Happened::Dialed(Err(error)) => {
                let (class, said) = (class_of(&error), error.to_string());
                let failed = DialFailed::Unanswered { class, said: &said };
                match which {
                    Which::First => engine.handle_dial_failed(now, failed),
                    Which::Second => engine.second_link().handle_dial_failed(now, failed),
                }
            }
            transport::Happened::Read(Ok(n)) if n > 0 => {
                let taken = match which {
                    Which::First => engine.handle_bytes(now, transport.bytes(n)),
                    Which::Second => engine.second_link().handle_bytes(now, transport.bytes(n)),
                };
                // The engine is drained before each read, so it always has room.
                if taken.is_err() {
                    transport.part();
                    closed(engine, which, now);
                }
            }
            transport::Happened::Read(_) | transport::Happened::Wrote(Err(_)) => {
                transport.part();
                closed(engine, which, now);
            }
        }
    }

    fn transport(&mut self, which: Which) -> &mut Transport {
        match which {
            Which::First => &mut self.first,
            Which::Second => &mut self.second,
        }
    }

    fn fetch_token(&self, need: TokenNeed) {
        let (shared, tokens) = (Arc::clone(&self.shared), Arc::clone(&self.tokens));
        tokio::spawn(async move {
            let token = tokens.token(need).await;
            let now = shared.clock.now();
            let mut inner = shared.lock();
            match token {
                // A token of no use stops the engine, which says so in an event.
                Ok(token) => drop(inner.engine.provide_token(now, token)),
                Err(error) => inner.engine.token_failed(now, error),
            }
            drop(inner);
            shared.changed.notify_one();
        });
    }
}

/// The transport of a link has ended.
fn closed(engine: &mut Engine, which: Which, now: Now) {
    match which {
        Which::First => engine.handle_closed(now),
        Which::Second => engine.second_link().handle_closed(now),
    }
}

fn class_of(error: &io::Error) -> CloseClass {
    match error.kind() {
        io::ErrorKind::TimedOut => CloseClass::Timeout,
        io::ErrorKind::ConnectionRefused => CloseClass::ServerUnavailable,
        _ => CloseClass::Network,
    }
}
