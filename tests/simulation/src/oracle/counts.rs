//! How much of everything a run has seen, so that one in which nothing happens does not pass.

use std::collections::BTreeMap;

use super::Oracle;
use crate::action::Fault;

/// What was counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    /// Of each kind of fault.
    pub(crate) faults: [u64; Fault::KINDS.len()],
    /// Texts that were delivered, of each type of envelope, to the server and to a device.
    pub(crate) to_server: BTreeMap<&'static str, u64>,
    pub(crate) to_client: BTreeMap<&'static str, u64>,
    /// What each oracle has looked at.
    pub(crate) compared: [u64; Oracle::ALL.len()],
    /// Texts that came over a link after its session had gone elsewhere.
    pub(crate) stale: u64,
    /// What else has happened, by its name.
    pub(crate) seen: BTreeMap<String, u64>,
    /// Milliseconds that have passed.
    pub(crate) millis: u64,
}

impl Counts {
    /// Something has happened.
    pub(crate) fn see(&mut self, what: &str) {
        match self.seen.get_mut(what) {
            Some(count) => *count += 1,
            None => {
                self.seen.insert(what.to_owned(), 1);
            }
        }
    }

    /// All faults.
    pub(crate) fn all_faults(&self) -> u64 {
        self.faults.iter().sum()
    }

    /// All texts that were delivered.
    pub(crate) fn delivered(&self) -> u64 {
        self.to_server.values().chain(self.to_client.values()).sum()
    }

    /// Adds what another world has seen.
    pub(crate) fn add(&mut self, other: &Self) {
        let add = |sum: &mut [u64], other: &[u64]| {
            sum.iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
        };
        add(&mut self.faults, &other.faults);
        add(&mut self.compared, &other.compared);
        for (kind, count) in &other.to_server {
            *self.to_server.entry(kind).or_default() += count;
        }
        for (kind, count) in &other.to_client {
            *self.to_client.entry(kind).or_default() += count;
        }
        for (what, count) in &other.seen {
            *self.seen.entry(what.clone()).or_default() += count;
        }
        self.stale += other.stale;
        self.millis += other.millis;
    }
}
