//! What carries requests to the log of a server, and looks after their answers.

use std::collections::BTreeMap;
use std::collections::btree_map::OccupiedEntry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pamlink::delivery::stream::{Answer, LogAnswer};
use pamlink::time::Now;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::StreamLog;
use crate::hub_engine::HubEngine;

/// The log of a server, as its tasks share it.
#[derive(Debug)]
pub(crate) struct Carrier {
    log: StreamLog,
    answers: mpsc::UnboundedSender<LogAnswer>,
    away: AtomicBool,
}

impl Carrier {
    /// How long the log may take for an answer.
    const PATIENCE: Duration = Duration::from_secs(5);
    /// The most answers that are given to the hub before it is drained.
    const AT_ONCE: usize = 64;

    /// And where its answers come out.
    pub(crate) fn new(log: StreamLog) -> (Self, mpsc::UnboundedReceiver<LogAnswer>) {
        let (answers, answered) = mpsc::unbounded_channel();
        (Self { log, answers, away: AtomicBool::new(false) }, answered)
    }

    /// Hands over what the hub asks of the log.
    pub(crate) fn carry(&self, hub: &mut HubEngine, awaited: &mut Awaited) {
        while let Some(request) = hub.poll_log() {
            awaited.add(request.id);
            self.log.call(request, self.answers.clone());
        }
    }

    /// Waits for answers, or for the time at which one is missed: what the hub is to be given then.
    pub(crate) async fn answers(
        answered: &mut mpsc::UnboundedReceiver<LogAnswer>,
        due: Option<Instant>,
    ) -> Vec<LogAnswer> {
        let mut answers = Vec::new();
        // What is asked from here on is due no sooner than that.
        let due = due.unwrap_or_else(|| Instant::now() + Self::PATIENCE);
        let coming = answered.recv_many(&mut answers, Self::AT_ONCE);
        let _late = tokio::time::timeout_at(due, coming).await;
        answers
    }

    /// Gives the hub what has come, and for what is overdue that the log is away.
    pub(crate) fn give(
        &self,
        now: Now,
        hub: &mut HubEngine,
        awaited: &mut Awaited,
        answers: Vec<LogAnswer>,
    ) {
        for answer in answers {
            // One that comes after its time was given up.
            if awaited.0.remove(&answer.id).is_some() {
                let is_away = answer.answer == Answer::Unavailable;
                self.away.store(is_away, Ordering::Relaxed);
                hub.handle_log(now, answer);
            }
        }
        for id in awaited.take_overdue(Instant::now()) {
            self.away.store(true, Ordering::Relaxed);
            hub.handle_log(now, LogAnswer::new(id, self.log.epoch, Answer::Unavailable));
        }
    }

    /// Whether the last that was heard of the log, or not heard, is that it is unavailable.
    pub(crate) fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }
}

/// The requests without an answer, each with the time that it has. Later ones have higher numbers,
/// and later times.
#[derive(Debug, Default)]
pub(crate) struct Awaited(BTreeMap<u64, Instant>);

impl Awaited {
    pub(crate) fn due(&self) -> Option<Instant> {
        self.0.first_key_value().map(|(_, due)| *due)
    }

    /// A request goes to the log.
    pub(super) fn add(&mut self, id: u64) {
        self.0.insert(id, Instant::now() + Carrier::PATIENCE);
    }

    pub(super) fn take_overdue(&mut self, now: Instant) -> Vec<u64> {
        let is_over = |entry: OccupiedEntry<'_, u64, Instant>| {
            (*entry.get() <= now).then(|| entry.remove_entry().0)
        };
        std::iter::from_fn(|| self.0.first_entry().and_then(is_over)).collect()
    }
}
