//! Pings and pongs of a link: how many, and how long ours take to come back.

use core::mem;
use core::time::Duration;

use crate::time::Mono;

/// The pings and pongs of one link. Small, because idle links hold it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Pings {
    /// When our newest ping was queued.
    pinged: Mono,
    /// How many of our pings have no pong yet.
    open: u8,
    pub(super) counted: PingCounts,
}

/// Pings and pongs since the last look: of the WebSocket protocol inbound and outbound, and the
/// heartbeat's own. Those of the peer that are messages are seen by whoever reads messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PingCounts {
    pub(crate) pings_in: u32,
    pub(crate) pongs_in: u32,
    pub(crate) pongs_out: u8,
    /// Messages of type `ping`.
    pub(crate) pings_out: u8,
}

impl Pings {
    /// A ping was queued; unless `again`, it is one more and replaces none that waits.
    pub(super) fn pinged(&mut self, now: Mono, again: bool) {
        self.pinged = now;
        self.open = self.open.saturating_add(u8::from(!again));
    }

    /// A pong came: how long our ping was under way. Nothing if there is no ping of ours that it
    /// could answer, nor if there are several: pongs come in the order of pings, and the time of
    /// the newest alone is known.
    pub(super) fn ponged(&mut self, now: Mono) -> Option<Duration> {
        let newest = self.open == 1;
        self.open = self.open.saturating_sub(1);
        newest.then(|| now.saturating_since(self.pinged))
    }

    /// What was counted since the last call.
    pub(super) fn take(&mut self) -> PingCounts {
        mem::take(&mut self.counted)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Mono {
        Mono::from_millis(secs * 1_000)
    }

    #[test]
    fn a_pong_is_measured_against_the_ping_that_it_answers_or_not_at_all() {
        let mut pings = Pings::default();
        assert_eq!(pings.ponged(at(1)), None, "nobody asked");
        pings.pinged(at(2), false);
        assert_eq!(pings.ponged(at(3)), Some(Duration::from_secs(1)));
        assert_eq!(pings.ponged(at(4)), None, "it was answered before");
        pings.pinged(at(10), false);
        pings.pinged(at(20), false);
        assert_eq!(pings.ponged(at(21)), None, "the pong of the first, of unknown age");
        assert_eq!(pings.ponged(at(23)), Some(Duration::from_secs(3)));
        pings.pinged(at(30), false);
        pings.pinged(at(31), true);
        assert_eq!(pings.ponged(at(33)), Some(Duration::from_secs(2)), "one went out, the later");
    }

    #[test]
    fn whoever_never_answers_overflows_nothing() {
        let mut pings = Pings::default();
        for secs in 0..1_000 {
            pings.pinged(at(secs), false);
        }
        assert_eq!(pings.ponged(at(1_001)), None);
    }
}
