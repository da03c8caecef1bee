//! A server that does what a suite tells it, dial by dial, and a record of a client's events.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pamlink_tokio::{Client, Event};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::report::bench::Failure;

/// A scripted server.
pub(crate) struct Script {
    address: SocketAddr,
    dials: Arc<Mutex<Vec<Instant>>>,
    task: JoinHandle<()>,
}

impl Script {
    /// A server that gives each connection, with its number from 0, to `act`.
    pub(crate) async fn start<F>(
        act: impl Fn(usize, TcpStream) -> F + Send + 'static,
    ) -> Result<Self, Failure>
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let dials = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&dials);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = {
                    let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
                    noted.push(Instant::now());
                    noted.len() - 1
                };
                // What goes wrong here shows in the client's events.
                tokio::spawn(act(number, stream));
            }
        });
        Ok(Self { address, dials, task })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// When each connection came.
    pub(crate) fn dials(&self) -> Vec<Instant> {
        self.dials.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// All events of a client, each with its time.
#[derive(Clone)]
pub(crate) struct Watch {
    seen: Arc<Seen>,
}

#[derive(Default)]
struct Seen {
    events: Mutex<Vec<(Instant, Event)>>,
    more: Notify,
}

impl Watch {
    /// Watches `client` for as long as it lives.
    pub(crate) fn of(client: &Client) -> Self {
        let seen = Arc::new(Seen::default());
        let (watch, client) = (Self { seen: Arc::clone(&seen) }, client.clone());
        tokio::spawn(async move {
            while let Some(event) = client.next_event().await {
                seen.events
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push((Instant::now(), event));
                seen.more.notify_waiters();
            }
        });
        watch
    }

    /// What was seen until now.
    pub(crate) fn events(&self) -> Vec<(Instant, Event)> {
        self.seen.events.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until `count` events that match were seen, and returns the last of them.
    pub(crate) async fn wait(
        &self,
        what: &str,
        count: usize,
        matches: impl Fn(&Event) -> bool,
    ) -> Result<(Instant, Event), Failure> {
        let found = async {
            loop {
                let more = self.seen.more.notified();
                let mut more = std::pin::pin!(more);
                // Registered before looking: an event in between must wake us.
                more.as_mut().enable();
                let events = self.events();
                let found = events.into_iter().filter(|(_, event)| matches(event)).nth(count - 1);
                if let Some(found) = found {
                    return found;
                }
                more.await;
            }
        };
        let patience = Duration::from_secs(8);
        tokio::time::timeout(patience, found).await.map_err(|_| {
            let mut seen: Vec<_> = self.events().into_iter().map(|(_, event)| event).collect();
            let count = seen.len();
            let last = seen.split_off(count.saturating_sub(4));
            Failure::new(format!(
                "{what} did not come within {patience:?}; the last of {count} events: {last:?}"
            ))
        })
    }
}
