//! A log of streams in Redis or Valkey, which several servers share.
//!
//! ```no_run
//! use pamlink_tokio::shared_log::SharedLog;
//! use pamlink_tokio::{Server, ServerConfig};
//!
//! # async fn begin(mut config: ServerConfig) -> Result<Server, Box<dyn std::error::Error>> {
//! let url = "redis://127.0.0.1:6379";
//! let log = SharedLog::connect(url, "pamlink", config.hub.stream_log).await?;
//! let (log, news) = log.start(|error| eprintln!("the log is away: {error}"));
//! config.log = Some(log);
//! let server = Server::bind("127.0.0.1:8000", config).await?;
//! news.tell(&server.handle());
//! # Ok(server)
//! # }
//! ```

mod connection;
mod error;
mod news;

use std::sync::Arc;
use std::time::Duration;

use pamlink::delivery::stream::{LogConfig, LogRequest};
use pamlink::envelope::v1::Epoch;
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior};

use self::connection::{Connection, Server};
pub use self::error::SharedLogError;
pub use self::news::SharedNews;
use crate::stream_log::{LogCall, LogCalls, StreamLog};

/// A log in Redis 7.0 or Valkey 7.2, or later, for all servers that are given the same server and
/// prefix.
///
/// What is sent to the server is [`pamlink::redis`]'s to say. While it is away, what is asked is
/// unavailable, and it is dialled again.
pub struct SharedLog {
    server: Arc<Server>,
    connection: Option<Connection>,
    /// When the server may be dialled again.
    again: Instant,
}

impl SharedLog {
    /// The most requests that are on their way at once.
    const AT_ONCE: usize = 1_024;
    /// How often the epoch is asked for, and the channel of news is shown to live.
    const PROBE: Duration = Duration::from_secs(10);
    /// How long a server that is away is left alone before it is dialled again.
    const PAUSE: Duration = Duration::from_millis(500);

    /// Connects to a server, and asks for the epoch of the log that has this prefix there.
    ///
    /// # Errors
    ///
    /// [`SharedLogError`]: it cannot be reached, or would let go of streams that are not over.
    pub async fn connect(
        url: &str,
        prefix: &str,
        config: LogConfig,
    ) -> Result<Self, SharedLogError> {
        let server = Arc::new(Server::new(url, prefix, config)?);
        let connection = server.connect().await?;
        connection.check().await?;
        Ok(Self { server, connection: Some(connection), again: Instant::now() })
    }

    /// Its epoch.
    pub fn epoch(&self) -> Epoch {
        self.server.epoch()
    }

    /// Begins to answer, in a task that ends with the server. `report` is given the error when the
    /// log goes away, once until it is back. What other servers change is told by the second.
    pub fn start(
        self,
        report: impl FnMut(&SharedLogError) + Send + 'static,
    ) -> (StreamLog, SharedNews) {
        let (log, calls) = StreamLog::new(self.epoch());
        let news = SharedNews::new(Arc::clone(&self.server));
        tokio::spawn(self.run(calls, report));
        (log, news)
    }

    async fn run(
        mut self,
        mut calls: LogCalls,
        report: impl FnMut(&SharedLogError) + Send + 'static,
    ) {
        let room = Arc::new(Semaphore::new(Self::AT_ONCE));
        let mut reports = Reports { report, is_away: false };
        let mut probe = tokio::time::interval(Self::PROBE);
        probe.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let call = tokio::select! {
                call = calls.next() => match call {
                    Some(call) => Some(call),
                    None => return,
                },
                _ = probe.tick() => None,
            };
            if let Some(fault) = self.server.take_fault() {
                reports.say(&fault);
            } else if call.is_none() && self.is_connected() {
                // It has refused nothing since the last probe.
                reports.is_away = false;
            }
            // What is dropped is unavailable.
            let Some(connection) = self.connected(&mut reports).await else { continue };
            let Ok(permit) = Arc::clone(&room).acquire_owned().await else { return };
            tokio::spawn(async move {
                match call {
                    Some(call) => answer(connection, call).await,
                    None => connection.probe().await,
                }
                drop(permit);
            });
        }
    }

    fn is_connected(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| !connection.is_broken())
    }

    /// A connection that is not known to be broken. Where there is none the server is dialled, and
    /// not again for a while.
    async fn connected(
        &mut self,
        reports: &mut Reports<impl FnMut(&SharedLogError)>,
    ) -> Option<Connection> {
        if self.is_connected() {
            return self.connection.clone();
        }
        self.connection = None;
        if Instant::now() < self.again {
            return None;
        }
        match self.server.connect().await {
            Ok(connection) => {
                reports.is_away = false;
                self.connection = Some(connection.clone());
                Some(connection)
            }
            Err(error) => {
                self.again = Instant::now() + Self::PAUSE;
                reports.say(&error);
                None
            }
        }
    }
}

/// Says once that the log is away, until it is back.
struct Reports<F> {
    report: F,
    is_away: bool,
}

impl<F: FnMut(&SharedLogError)> Reports<F> {
    fn say(&mut self, error: &SharedLogError) {
        if !std::mem::replace(&mut self.is_away, true) {
            (self.report)(error);
        }
    }
}

/// Answers a request; dropped it is unavailable.
async fn answer(connection: Connection, call: LogCall) {
    let request: &LogRequest = call.request();
    if let Some(answer) = connection.call(request).await {
        call.answer(answer.epoch, answer.answer);
    }
}

impl std::fmt::Debug for SharedLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedLog").field("server", &self.server).finish_non_exhaustive()
    }
}
