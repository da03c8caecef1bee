//! A log of streams in a file: what a server of one process needs whose answers outlive it.
//!
//! ```no_run
//! use pamlink_tokio::ServerConfig;
//! use pamlink_tokio::embedded_log::EmbeddedLog;
//!
//! # fn configure(mut config: ServerConfig) -> Result<(), Box<dyn std::error::Error>> {
//! let log = EmbeddedLog::open("streams.log", config.hub.stream_log)?;
//! config.log = Some(log.start(|error| eprintln!("the log is away: {error}"))?);
//! # Ok(())
//! # }
//! ```

mod error;
mod file;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;

use pamlink::delivery::stream::{LogAnswer, LogConfig, LogRequest, StoredLog};
use pamlink::envelope::v1::Epoch;
use pamlink::time::Now;
use tokio::runtime::Builder;

pub use self::error::EmbeddedLogError;
use self::file::File;
use crate::clock::Clock;
use crate::stream_log::{LogCall, LogCalls, StreamLog};

/// A log in a file, by SQLite, which no other process has open.
///
/// It answers from memory, within the bounds of its [`LogConfig`], and what an answer says is on the
/// disk before it is given: neither the end of the process nor that of the machine loses it, as far as
/// the disk keeps its word. The requests that wait meanwhile share the next write.
///
/// Beside the file there is one with `-wal` behind its name, of 16 MiB at most as a rule. The file is
/// made with access for its owner alone, and what is deleted from it may still be read in it until it
/// is written over. It grows to about three times what its streams have in memory and 64 KiB a
/// stream, and does not get smaller.
///
/// A write that fails, since the disk is full, say, makes what was asked unavailable, and the log is
/// read again from the file before the next. It is not to be carried into a fork.
pub struct EmbeddedLog {
    file: File,
    config: LogConfig,
    /// None after a write that failed.
    log: Option<StoredLog>,
    left_out: usize,
}

impl EmbeddedLog {
    /// The most requests that share one write.
    const AT_ONCE: usize = 256;

    /// Opens a file, or makes it, with an epoch of its own, where there is none or an empty one.
    ///
    /// # Errors
    ///
    /// [`EmbeddedLogError`]: the file is as it was.
    pub fn open(path: impl AsRef<Path>, config: LogConfig) -> Result<Self, EmbeddedLogError> {
        Self::open_at(path.as_ref(), config, Clock::new().now())
    }

    fn open_at(path: &Path, config: LogConfig, now: Now) -> Result<Self, EmbeddedLogError> {
        let mut file = File::open(path)?;
        let (log, left_out) = file.restore(config, now)?;
        Ok(Self { file, config, log: Some(log), left_out })
    }

    /// Its epoch, which was drawn when the file was made.
    pub const fn epoch(&self) -> Epoch {
        self.file.epoch
    }

    /// How many streams it has.
    pub fn streams(&self) -> usize {
        self.log.as_ref().map_or(0, StoredLog::streams)
    }

    /// How many streams were in the file and have no place in this configuration: they are deleted.
    pub const fn left_out(&self) -> usize {
        self.left_out
    }

    /// Begins to answer, on a thread of its own, which ends with the server. `report` is given the
    /// error when the log goes away, once until it is back.
    ///
    /// # Errors
    ///
    /// The operating system starts no thread.
    pub fn start(
        self,
        report: impl FnMut(&EmbeddedLogError) + Send + 'static,
    ) -> io::Result<StreamLog> {
        let (log, calls) = StreamLog::new(self.epoch());
        let runtime = Builder::new_current_thread().enable_time().build()?;
        std::thread::Builder::new()
            .name("pamlink-log".to_owned())
            .spawn(move || runtime.block_on(self.run(calls, report)))?;
        Ok(log)
    }

    async fn run(mut self, mut calls: LogCalls, mut report: impl FnMut(&EmbeddedLogError)) {
        let clock = Clock::new();
        let mut is_away = false;
        loop {
            let due = self.log.as_ref().and_then(StoredLog::poll_timeout);
            let next = match due {
                Some(due) => tokio::time::timeout_at(clock.instant(due), calls.next()).await,
                None => Ok(calls.next().await),
            };
            let first = match next {
                Ok(None) => return,
                Ok(first) => first,
                // A stream is to be forgotten.
                Err(_) => None,
            };
            let mut waiting: Vec<LogCall> = first.into_iter().collect();
            waiting.extend(
                std::iter::from_fn(|| calls.next_waiting()).take(Self::AT_ONCE - waiting.len()),
            );
            let now = clock.now();
            let requests = waiting.iter().map(LogCall::request);
            match self.handle_timeout(now).and_then(|()| self.handle_requests(now, requests)) {
                Ok(answers) => {
                    is_away = false;
                    for (call, LogAnswer { epoch, answer, .. }) in waiting.into_iter().zip(answers)
                    {
                        call.answer(epoch, answer);
                    }
                }
                // Whatever waits is unavailable, since nothing answers it.
                Err(error) if !is_away => {
                    is_away = true;
                    report(&error);
                }
                Err(_) => {}
            }
        }
    }

    /// Forgets what is to be forgotten by now.
    fn handle_timeout(&mut self, now: Now) -> Result<(), EmbeddedLogError> {
        let Some(mut log) = self.log.take() else { return Ok(()) };
        log.handle_timeout(now);
        self.file.store(&mut log)?;
        self.log = Some(log);
        Ok(())
    }

    /// Does what is asked, and answers it once that is stored.
    ///
    /// # Errors
    ///
    /// It is not stored, or may not be.
    fn handle_requests<'r>(
        &mut self,
        now: Now,
        requests: impl Iterator<Item = &'r LogRequest>,
    ) -> Result<Vec<LogAnswer>, EmbeddedLogError> {
        let mut log = match self.log.take() {
            Some(log) => log,
            None => self.file.restore(self.config, now)?.0,
        };
        let answers = requests.map(|request| log.handle_request(now, request)).collect();
        self.file.store(&mut log)?;
        self.log = Some(log);
        Ok(answers)
    }
}

impl std::fmt::Debug for EmbeddedLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedLog").field("file", &self.file).finish_non_exhaustive()
    }
}
