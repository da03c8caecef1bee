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
        Ok(Self { server, connection: Some(connection) })
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

    async fn run(mut self, mut calls: LogCalls, mut report: impl FnMut(&SharedLogError)) {
        let room = Arc::new(Semaphore::new(Self::AT_ONCE));
        let mut probe = tokio::time::interval(Self::PROBE);
        probe.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut is_away, mut again) = (false, Instant::now());
        loop {
            if let Some(fault) = self.server.take_fault().filter(|_| !is_away) {
                // Once until the server is asked again whether it is well.
                is_away = true;
                report(&fault);
            }
            let call = tokio::select! {
                call = calls.next() => match call {
                    Some(call) => Some(call),
                    None => return,
                },
                _ = probe.tick() => None,
            };
            if self.connection.as_ref().is_none_or(Connection::is_broken) {
                self.connection = None;
                if Instant::now() < again {
                    // What is dropped is unavailable.
                    continue;
                }
                match self.server.connect().await {
                    Ok(connection) => {
                        is_away = false;
                        self.connection = Some(connection);
                    }
                    Err(error) => {
                        again = Instant::now() + Self::PAUSE;
                        if !is_away {
                            report(&error);
                        }
                        is_away = true;
                    }
                }
            }
            is_away &= call.is_some() || self.connection.is_none();
            let Some(connection) = self.connection.clone() else { continue };
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
