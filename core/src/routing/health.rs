//! The health of one agent: a circuit breaker.

use core::time::Duration;

use crate::time::Mono;

/// When an agent's breaker opens and how it closes again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HealthConfig {
    /// Failures in a row that open it. Default 5, 1 to 1,000.
    pub open_after: u32,
    /// How long it stays open before one probe is let through. Default 30 s, 1 ms to 24 h.
    pub half_open_after: Duration,
    /// Successful probes in a row that close it. Default 2, 1 to 100.
    pub close_after: u32,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self { open_after: 5, half_open_after: Duration::from_secs(30), close_after: 2 }
    }
}

/// What an agent's breaker does with the next message.
///
/// Closed: the three states of a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums)]
pub enum Health {
    /// Lets messages through.
    Closed,
    /// Lets nothing through until this reading.
    Open {
        /// When a probe may pass.
        until: Mono,
    },
    /// Lets one message at a time through, to see whether the agent works again.
    HalfOpen,
}

/// What a finished message said about its agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The agent answered.
    Success,
    /// The agent failed or did not answer in time.
    Failure,
    /// Nobody waits any more: frees the place and says nothing about the agent.
    Abandoned,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Breaker {
    state: State,
    /// Counts changes of state: what was let through before a change is no evidence after it.
    epoch: u32,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed { failures: u32 },
    Open { until: Mono },
    HalfOpen { successes: u32, probing: bool },
}

/// A change of health that a finished message caused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Opened,
    Closed,
}

impl Breaker {
    pub(super) const fn new() -> Self {
        Self { state: State::Closed { failures: 0 }, epoch: 0 }
    }

    pub(super) fn health(&self, now: Mono) -> Health {
        match self.state {
            State::Closed { .. } => Health::Closed,
            State::Open { until } if now < until => Health::Open { until },
            State::Open { .. } | State::HalfOpen { .. } => Health::HalfOpen,
        }
    }

    /// Whether a message may pass now.
    #[inline]
    pub(super) fn admits(&self, now: Mono) -> bool {
        match self.state {
            State::Closed { .. } => true,
            State::Open { until } => now >= until,
            State::HalfOpen { probing, .. } => !probing,
        }
    }

    /// Lets a message pass, which [`admits`](Self::admits) allowed, and returns the epoch to hand
    /// back when it ends.
    #[inline]
    pub(super) fn pass(&mut self) -> u32 {
        match &mut self.state {
            State::Closed { .. } => {}
            State::Open { .. } => {
                self.state = State::HalfOpen { successes: 0, probing: true };
                self.epoch = self.epoch.wrapping_add(1);
            }
            State::HalfOpen { probing, .. } => *probing = true,
        }
        self.epoch
    }

    /// Takes the outcome of a message that passed in `epoch`.
    pub(super) fn finished(
        &mut self,
        now: Mono,
        epoch: u32,
        outcome: Outcome,
        config: &HealthConfig,
    ) -> Option<Change> {
        if epoch != self.epoch {
            return None;
        }
        match (&mut self.state, outcome) {
            (State::Closed { failures }, Outcome::Success) => *failures = 0,
            (State::Closed { failures }, Outcome::Failure) => {
                *failures += 1;
                if *failures >= config.open_after {
                    return Some(self.open(now, config));
                }
            }
            (State::HalfOpen { .. }, Outcome::Failure) => return Some(self.open(now, config)),
            (State::HalfOpen { successes, probing }, Outcome::Success) => {
                *probing = false;
                *successes += 1;
                if *successes >= config.close_after {
                    self.state = State::Closed { failures: 0 };
                    self.epoch = self.epoch.wrapping_add(1);
                    return Some(Change::Closed);
                }
            }
            (State::HalfOpen { probing, .. }, Outcome::Abandoned) => *probing = false,
            (State::Closed { .. }, Outcome::Abandoned) | (State::Open { .. }, _) => {}
        }
        None
    }

    fn open(&mut self, now: Mono, config: &HealthConfig) -> Change {
        self.state = State::Open { until: now + config.half_open_after };
        self.epoch = self.epoch.wrapping_add(1);
        Change::Opened
    }
}
