//! The log behind the streams of a hub: in memory, or the host's own.

use crate::delivery::Sessions;
use crate::delivery::stream::{LogAnswer, LogRequest, MemoryLog, StreamKey};
use crate::envelope::v1::Epoch;
use crate::hub::Hub;
use crate::hub::config::HubConfig;
use crate::time::{Deadline, Now};

/// Where what is kept of streams lies.
#[derive(Debug)]
pub(super) enum Log {
    /// In the hub.
    Memory(Box<MemoryLog>),
    /// At the host, which is asked and answers when it can.
    Host(Epoch),
}

impl Log {
    /// The log that a hub is to have; `drawn` is the epoch of one in memory.
    pub(super) fn new(config: &HubConfig, drawn: Epoch) -> Self {
        match config.host_log {
            Some(epoch) => Self::Host(epoch),
            None => Self::Memory(MemoryLog::new(config.stream_log, drawn).into()),
        }
    }

    pub(super) const fn epoch(&self) -> Epoch {
        match self {
            Self::Memory(log) => log.epoch(),
            Self::Host(epoch) => *epoch,
        }
    }

    pub(super) const fn is_host(&self) -> bool {
        matches!(self, Self::Host(_))
    }

    /// Lets a log in memory answer until it is asked nothing more: whether it was asked anything,
    /// from which events may follow.
    pub(super) fn settle(&mut self, now: Now, sessions: &mut Sessions) -> bool {
        match self {
            Self::Memory(log) => sessions.settle(now, log),
            Self::Host(_) => false,
        }
    }

    pub(super) fn handle_timeout(&mut self, now: Now) {
        if let Self::Memory(log) = self {
            log.handle_timeout(now);
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Deadline> {
        match self {
            Self::Memory(log) => log.poll_timeout(),
            Self::Host(_) => None,
        }
    }

    /// How many streams are kept in memory.
    #[cfg(test)]
    pub(super) fn streams(&self) -> usize {
        match self {
            Self::Memory(log) => log.streams(),
            Self::Host(_) => 0,
        }
    }

    /// How many bytes it takes beside itself.
    pub(super) fn allocated(&self) -> usize {
        match self {
            Self::Memory(log) => size_of::<MemoryLog>() + log.allocated(),
            Self::Host(_) => 0,
        }
    }
}

impl Hub {
    /// What the host's log is asked next, where it has [one](HubConfig::host_log): ask until there
    /// is nothing, after the events. Each request is answered once, in any order
    /// ([`handle_log`](Self::handle_log)); what none has answered yet waits, and holds up its stream
    /// alone. At most a few of each stream are under way.
    pub fn poll_log(&mut self) -> Option<LogRequest> {
        self.v1.as_mut()?.poll_log()
    }

    /// The answer of the host's log to a request of [`poll_log`](Self::poll_log). One to a request
    /// that was answered does nothing; those to requests of an earlier hub are not to be given, for
    /// each hub numbers its own from the beginning.
    pub fn handle_log(&mut self, now: Now, answer: LogAnswer) {
        self.now.advance(now);
        if let Some(v1) = &mut self.v1 {
            v1.handle_log(self.now, answer);
        }
    }

    /// Another process has changed a stream in the host's log, which several share: its readers here
    /// read on, and what answers it here learns of its end. News may come late, twice or in any order.
    /// What none has come of is found when a lease lapses, within
    /// [`producer_lease`](crate::delivery::stream::StreamsConfig::producer_lease).
    pub fn handle_news(&mut self, now: Now, key: &StreamKey) {
        self.now.advance(now);
        if let Some(v1) = &mut self.v1 {
            v1.handle_news(self.now, Some(key));
        }
    }

    /// News may have been missed, since the way on which they come was lost, say: every stream that
    /// has a reader or a producer here is looked up in the host's log.
    pub fn handle_missed_news(&mut self, now: Now) {
        self.now.advance(now);
        if let Some(v1) = &mut self.v1 {
            v1.handle_news(self.now, None);
        }
    }
}
