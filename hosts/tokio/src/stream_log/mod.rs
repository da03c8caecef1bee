//! A log of the host's own behind the streams of a server: its requests out, its answers back.

mod carrier;
#[cfg(test)]
mod tests;

use std::fmt;

use pamlink::delivery::stream::{Answer, LogAnswer, LogRequest};
use pamlink::envelope::v1::Epoch;
use tokio::sync::mpsc;

pub(crate) use self::carrier::{Awaited, Carrier};

/// A log that keeps the streams of a server in the place of its memory, for
/// [`ServerConfig::log`](crate::ServerConfig::log): what the server has to do with it. Whoever has the
/// [`LogCalls`] is the log, in a task or on a thread:
///
/// ```
/// use pamlink_tokio::StreamLog;
/// # use pamlink::delivery::stream::{LogConfig, MemoryLog};
/// # use pamlink::envelope::v1::Epoch;
/// # use pamlink::time::{Mono, Now, Wall};
///
/// # async fn run(mut memory: MemoryLog, now: Now) {
/// let epoch = memory.epoch();
/// let (log, mut calls) = StreamLog::new(epoch);
/// tokio::spawn(async move {
///     while let Some(call) = calls.next().await {
///         let answer = memory.handle_request(now, call.request());
///         call.answer(answer.epoch, answer.answer);
///     }
/// });
/// # drop(log);
/// # }
/// ```
///
/// What a log has to answer is in `tests/conformance/vectors/log.json`; it may do so in any order. A
/// request that has no answer within 5 s, or for which there is no room, is answered to the engine as
/// [`Answer::Unavailable`], and is made anew a little later.
#[derive(Debug)]
pub struct StreamLog {
    epoch: Epoch,
    calls: mpsc::Sender<LogCall>,
}

impl StreamLog {
    /// The most requests that wait to be taken by the log.
    pub const WAITING: usize = 4_096;

    /// A log of an epoch, and what it is to answer. The epoch is another one once the log has lost
    /// what it had.
    pub fn new(epoch: Epoch) -> (Self, LogCalls) {
        let (calls, taken) = mpsc::channel(Self::WAITING);
        (Self { epoch, calls }, LogCalls(taken))
    }

    pub(crate) const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// What there is no room for, or nobody to take, is unavailable.
    fn call(&self, request: LogRequest, answers: mpsc::UnboundedSender<LogAnswer>) {
        let call = LogCall { request, epoch: self.epoch, answers: Some(answers) };
        drop(self.calls.try_send(call));
    }
}

/// The requests of a server to its log. Without them the log is away for good.
#[derive(Debug)]
pub struct LogCalls(mpsc::Receiver<LogCall>);

impl LogCalls {
    /// The next request; `None` once the server is no more. It may be given up while it waits.
    pub async fn next(&mut self) -> Option<LogCall> {
        self.0.recv().await
    }

    /// The next request, if one waits already.
    pub fn next_waiting(&mut self) -> Option<LogCall> {
        self.0.try_recv().ok()
    }
}

/// A request to a log. Dropped without an answer it is [`Answer::Unavailable`].
#[must_use]
pub struct LogCall {
    request: LogRequest,
    epoch: Epoch,
    answers: Option<mpsc::UnboundedSender<LogAnswer>>,
}

impl LogCall {
    /// What is to be done.
    pub const fn request(&self) -> &LogRequest {
        &self.request
    }

    /// Answers it, with the epoch of the log as it is now.
    pub fn answer(mut self, epoch: Epoch, answer: Answer) {
        self.epoch = epoch;
        self.send(answer);
    }

    fn send(&mut self, answer: Answer) {
        if let Some(answers) = self.answers.take() {
            // The server may have ended.
            let _ = answers.send(LogAnswer::new(self.request.id, self.epoch, answer));
        }
    }
}

impl Drop for LogCall {
    fn drop(&mut self) {
        self.send(Answer::Unavailable);
    }
}

impl fmt::Debug for LogCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogCall").field("request", &self.request).finish_non_exhaustive()
    }
}
