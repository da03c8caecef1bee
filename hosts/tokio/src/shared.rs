//! The hub behind its lock, and what its tasks share.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use pamlink::hub::{Hub, LinkId, RequestId};
use pamlink::time::{Mono, Now};
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore};
use tokio_rustls::TlsAcceptor;

use crate::clock::Clock;
use crate::hub_engine::HubEngine;
use crate::judges::{Judges, Verifier};
use crate::stream_log::{Awaited, Carrier};

/// The hub and what its tasks share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) hub: Mutex<Locked>,
    pub(crate) clock: Clock,
    /// The next deadline may have moved, or a command may have left events.
    pub(crate) deadline: Notify,
    pub(crate) drained: Notify,
    pub(crate) judges: Judges,
    /// The log of the host's own, if the hub has one.
    pub(crate) log: Option<Carrier>,
    /// TLS of connections from here on, if it is TLS.
    tls: Mutex<Option<Arc<rustls::ServerConfig>>>,
    /// Ended connections that may wait for their peer to close the socket: the hub does not count
    /// them.
    pub(crate) lingering: Semaphore,
}

/// Most of them.
const LINGERING: usize = 64;

impl Shared {
    pub(crate) fn new(
        clock: Clock,
        hub: HubEngine,
        log: Option<Carrier>,
        verifier: Option<Verifier>,
        tls: Option<Arc<rustls::ServerConfig>>,
    ) -> Self {
        Self {
            hub: Mutex::new(Locked {
                hub,
                armed: None,
                sockets: HashMap::new(),
                running: HashMap::new(),
                awaited: Awaited::default(),
            }),
            clock,
            deadline: Notify::new(),
            drained: Notify::new(),
            judges: Judges::new(verifier),
            log,
            tls: Mutex::new(tls),
            lingering: Semaphore::new(LINGERING),
        }
    }

    pub(crate) fn tls(&self) -> Option<TlsAcceptor> {
        self.tls.lock().clone().map(TlsAcceptor::from)
    }

    pub(crate) fn set_tls(&self, tls: Arc<rustls::ServerConfig>) {
        *self.tls.lock() = Some(tls);
    }

    /// Who verifies tokens from here on; none: the program.
    pub(crate) fn set_verifier(&self, verifier: Option<Verifier>) {
        self.judges.replace(verifier);
    }

    /// No descriptor is left for a connection. `true`: there will be one.
    pub(crate) fn exhausted(&self) -> bool {
        self.command(|hub, now| hub.handle_exhausted(now))
    }

    /// Looks at the hub.
    pub(crate) fn view<T>(&self, view: impl FnOnce(&Hub) -> T) -> T {
        view(&self.hub.lock().hub)
    }

    /// Gives the hub a command from outside its tasks.
    pub(crate) fn command<T>(&self, command: impl FnOnce(&mut HubEngine, Now) -> T) -> T {
        let outcome = command(&mut self.hub.lock().hub, self.clock.now());
        // What it made the hub say is said by the task of the deadlines, which has the handler.
        self.deadline.notify_one();
        outcome
    }
}

#[derive(Debug)]
pub(crate) struct Locked {
    pub(crate) hub: HubEngine,
    /// What the task of the deadlines waits for.
    pub(crate) armed: Option<Mono>,
    pub(crate) sockets: HashMap<LinkId, Arc<Socket>>,
    /// The requests without a reply, each with whom to wake when it is cancelled.
    pub(crate) running: HashMap<RequestId, Arc<Notify>>,
    /// What the log has not answered yet.
    pub(crate) awaited: Awaited,
}

/// What the hub can tell the task of a socket.
#[derive(Debug, Default)]
pub(crate) struct Socket {
    /// There are bytes to write, or the link has ended.
    pub(crate) ready: Notify,
    /// The link has ended: what is not written soon never will be.
    pub(crate) closed: AtomicBool,
    /// The link has shown a good token.
    pub(crate) welcomed: AtomicBool,
    /// Where the connection comes from.
    pub(crate) from: Option<IpAddr>,
}

impl Socket {
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    pub(crate) fn is_welcomed(&self) -> bool {
        self.welcomed.load(Ordering::Acquire)
    }

    /// Waits until the link has ended.
    pub(crate) async fn until_closed(&self) {
        while !self.is_closed() {
            self.ready.notified().await;
        }
    }
}
