//! The shutdown of a hub: its links are closed one after the other, spread over time.

use core::time::Duration;

use super::Hub;
use super::effects::{Effects, Say};
use super::envelopes::Own;
use super::event::Unlent;
use super::index::LinkIndex;
use super::links::Phase;
use crate::envelope::v1::GoodbyeCode;
use crate::link::ServerClose;
use crate::time::{Mono, Now};

/// A link with running requests is not closed at its moment but tried again after this, until the
/// spread is over.
const PATIENCE: Duration = Duration::from_millis(250);

/// A hub that accepts no more links and closes those it has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Drain {
    /// When the last link is closed at the latest.
    until: Mono,
    /// The span over which links are closed, and the `retry_after` that each gets.
    spread: Duration,
    reported: bool,
}

impl Hub {
    /// Closes every link within `spread`, and accepts no new ones.
    ///
    /// A link that speaks `pamlink.v1` is told at once to move to another server within the spread,
    /// and is closed at its end. Each other link has a moment of its own, drawn from the spread, so
    /// that not all come back at once. It gets `going_away` with `retry_after`, which clients of
    /// this engine honour and others ignore, and is then closed with 1012. A link with running
    /// requests is given the rest of the spread to see them answered. Links that are not welcomed
    /// yet go at once. At the end comes [`Event::Drained`](super::Event::Drained).
    pub fn drain(&mut self, now: Now, spread: Duration) {
        self.now.advance(now);
        if self.drain.is_some() {
            return;
        }
        let until = self.now.mono + spread;
        self.drain = Some(Drain { until, spread, reported: false });
        for index in self.links.places() {
            let Some(slot) = self.links.get_mut(index) else { continue };
            match slot.phase {
                Phase::Open => {
                    let at = self.now.mono + self.random.up_to(spread);
                    self.send_away_in_time(index, GoodbyeCode::GoingAway, spread);
                    let Some(slot) = self.links.get_mut(index) else { continue };
                    let moves = slot.v1.is_some();
                    // One that moves by itself has all the time for it.
                    let at = if moves { until } else { at };
                    slot.leaves = Some(at);
                    self.links.arm(index);
                }
                Phase::Ended => {}
                _ => self.close(index, ServerClose::Restarting),
            }
        }
    }

    /// Whether [`drain`](Self::drain) was called.
    pub fn is_draining(&self) -> bool {
        self.drain.is_some()
    }

    /// The moment has come at which a link is closed.
    pub(super) fn drain_link(&mut self, index: LinkIndex) {
        let Some(drain) = self.drain else {
            // It alone was to move.
            return self.close(index, ServerClose::Restarting);
        };
        let Some(slot) = self.links.get_mut(index) else { return };
        if slot.running > 0 && self.now.mono < drain.until {
            let at = drain.until.min(self.now.mono + PATIENCE);
            slot.leaves = Some(at);
            return;
        }
        if slot.v1.is_some() {
            self.close(index, ServerClose::Restarting);
            return;
        }
        // `retry_after` is the whole spread for all: those that are closed last meet fewer others.
        let after = drain.spread.max(Duration::from_secs(1));
        let effects = Effects {
            say: Some(Say::Now(Own::GoingAway { retry_after: after })),
            close: Some(ServerClose::Restarting),
            tell: None,
        };
        self.apply(index, effects);
    }

    /// Whether the last link has gone; true once.
    pub(super) fn drained(&mut self) -> Option<Unlent> {
        let gone = self.links.is_empty();
        let drain = self.drain.as_mut()?;
        if !gone || drain.reported {
            return None;
        }
        drain.reported = true;
        Some(Unlent::Drained)
    }
}
