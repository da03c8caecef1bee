//! How long a client waits before it dials again.

use core::time::Duration;

use crate::seed::{Random, Seed};

/// The shape of the delays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackoffConfig {
    /// The first retry waits a uniform time from zero to this. Default 1 s.
    pub first: Duration,
    /// Retry `n` (from 1) draws below `base * 2^n`. Default 500 ms.
    pub base: Duration,
    /// No draw is above this. Default 30 s; an app in the foreground may want 15 s.
    pub cap: Duration,
    /// From the second retry on, no draw is below this. Default 200 ms.
    pub floor: Duration,
    /// The longest hint (`retry_after`) of a peer that is honoured, so that one bad number does not
    /// keep a client away for ever. Default 1 h.
    pub longest_hint: Duration,
    /// The delay after an end that is to be retried slowly (a rate was exceeded, or nothing is at
    /// the address) where the peer names no time. Default 30 s.
    pub slow: Duration,
}

impl Default for BackoffConfig {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            base: Duration::from_millis(500),
            cap: Duration::from_secs(30),
            floor: Duration::from_millis(200),
            longest_hint: Duration::from_secs(3_600),
            slow: Duration::from_secs(30),
        }
    }
}

/// Full jitter, drawn after the cap.
///
/// Retry `n` waits a uniform time between the floor and `min(cap, base * 2^n)`. Because the draw
/// comes after the cap, clients that lost the same server spread over the whole cap however long
/// the outage lasts; jitter before the cap would bring them all back in the same second.
#[derive(Debug)]
pub struct Backoff {
    config: BackoffConfig,
    attempt: u32,
    random: Random,
}

impl Backoff {
    /// A backoff before its first retry. `seed` fixes every draw.
    pub fn new(config: BackoffConfig, seed: Seed) -> Self {
        Self { config, attempt: 0, random: seed.into_random() }
    }

    /// The delay before the next retry, which is thereby counted.
    ///
    /// `hint` is the `retry_after` of the peer: then the delay is the hint and up to a quarter
    /// more, so that clients that all got the same hint do not come back together. A hint of zero
    /// counts as absent.
    pub fn next_delay(&mut self, hint: Option<Duration>) -> Duration {
        let attempt = self.attempt;
        self.attempt = attempt.saturating_add(1);
        match hint {
            Some(hint) if !hint.is_zero() => {
                let hint = hint.min(self.config.longest_hint);
                let floor = if attempt == 0 { Duration::ZERO } else { self.config.floor };
                hint.max(floor) + self.random.up_to(hint / 4)
            }
            _ => {
                let (least, most) = self.range(attempt);
                least + self.random.up_to(most.saturating_sub(least))
            }
        }
    }

    /// Retries counted since the last reset.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Resets: the next retry is the first again, because the link has stayed open long enough, or
    /// the host connects anew.
    pub fn reset(&mut self) {
        self.attempt = 0;
    }

    /// The bounds of the draw for retry `attempt`, both included.
    fn range(&self, attempt: u32) -> (Duration, Duration) {
        let config = &self.config;
        if attempt == 0 {
            return (Duration::ZERO, config.first.min(config.cap));
        }
        let factor = 1_u32.checked_shl(attempt).unwrap_or(u32::MAX);
        let most = config.base.saturating_mul(factor).min(config.cap);
        (config.floor.min(most), most)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn drawn(seed: u64, count: usize) -> Vec<Duration> {
        let mut backoff = Backoff::new(BackoffConfig::default(), Seed::from_number(seed));
        (0..count).map(|_| backoff.next_delay(None)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_delay_lies_between_its_bounds(seed: u64, reset_at in 0_u32..40) {
            let config = BackoffConfig::default();
            let mut backoff = Backoff::new(config, Seed::from_number(seed));
            for step in 0..80 {
                if step == reset_at {
                    backoff.reset();
                }
                let n = backoff.attempt();
                let delay = backoff.next_delay(None);
                let (least, most) = if n == 0 {
                    (Duration::ZERO, Duration::from_secs(1))
                } else {
                    let doubled = Duration::from_millis(500).saturating_mul(1 << n.min(10));
                    (Duration::from_millis(200), doubled.min(Duration::from_secs(30)))
                };
                prop_assert!(least <= delay && delay <= most, "retry {n} waits {delay:?}");
            }
        }

        #[test]
        fn the_same_seed_draws_the_same_delays(seed: u64) {
            prop_assert_eq!(drawn(seed, 20), drawn(seed, 20));
        }

        #[test]
        fn a_hint_is_honoured_and_spread_by_a_quarter(seed: u64, hint in 1_u64..3_600_000, before in 0_u32..9) {
            let mut backoff = Backoff::new(BackoffConfig::default(), Seed::from_number(seed));
            for _ in 0..before {
                let _ = backoff.next_delay(None);
            }
            let hint = Duration::from_millis(hint);
            let delay = backoff.next_delay(Some(hint));
            prop_assert!(delay >= hint, "{delay:?} is before {hint:?}");
            prop_assert!(delay <= hint.max(Duration::from_millis(200)) + hint / 4);
        }
    }

    #[derive(serde::Deserialize)]
    struct Vectors {
        cases: Vec<Case>,
    }

    /// One client: the hint that it got before each retry, if any, and the nanoseconds it waits.
    #[derive(serde::Deserialize)]
    struct Case {
        seed: u64,
        hints_ms: Vec<Option<u64>>,
        delays_ns: Vec<u64>,
    }

    #[test]
    fn every_port_draws_the_delays_of_the_vectors() {
        let text = include_str!("../../../tests/vectors/backoff.json");
        let vectors: Vectors = serde_json::from_str(text).unwrap();
        assert!(vectors.cases.len() >= 4);
        for case in vectors.cases {
            let seed = Seed::from_number(case.seed);
            let mut backoff = Backoff::new(BackoffConfig::default(), seed);
            let delays = case.hints_ms.iter().map(|hint| {
                let delay = backoff.next_delay(hint.map(Duration::from_millis));
                u64::try_from(delay.as_nanos()).unwrap()
            });
            assert_eq!(delays.collect::<Vec<_>>(), case.delays_ns, "seed {}", case.seed);
        }
    }

    #[test]
    fn a_thousand_clients_spread_over_the_whole_cap() {
        // Ten failures in: the steady state of a long outage. In every tenth of the cap there
        // must be a tenth of the clients, give or take five standard deviations.
        let mut tenths = [0_u32; 10];
        let delays: Vec<Duration> = (0..1_000).map(|seed| drawn(seed, 11)[10]).collect();
        for delay in &delays {
            let tenth = (delay.as_millis() / 3_000).min(9);
            tenths[usize::try_from(tenth).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|&clients| (52..=148).contains(&clients)), "{tenths:?}");
        let (first, last) = (delays.iter().min().unwrap(), delays.iter().max().unwrap());
        assert!(*last - *first > Duration::from_secs(28), "{first:?} to {last:?}");
    }

    #[test]
    fn clients_that_got_the_same_time_to_wait_do_not_come_back_together() {
        let delays: Vec<Duration> = (0..1_000)
            .map(|seed| {
                Backoff::new(BackoffConfig::default(), Seed::from_number(seed))
                    .next_delay(Some(Duration::from_secs(60)))
            })
            .collect();
        let (first, last) = (delays.iter().min().unwrap(), delays.iter().max().unwrap());
        assert!(*first >= Duration::from_secs(60) && *last <= Duration::from_secs(75));
        assert!(*last - *first > Duration::from_secs(14), "{first:?} to {last:?}");
    }

    #[test]
    fn a_hint_beyond_the_longest_is_cut_and_a_zero_hint_is_none() {
        let mut backoff = Backoff::new(BackoffConfig::default(), Seed::from_number(1));
        assert!(backoff.next_delay(Some(Duration::MAX)) <= Duration::from_secs(4_500));
        backoff.reset();
        assert!(backoff.next_delay(Some(Duration::ZERO)) <= Duration::from_secs(1));
        assert!(backoff.next_delay(Some(Duration::ZERO)) >= Duration::from_millis(200));
    }

    #[test]
    fn the_attempt_counter_cannot_wrap() {
        let mut backoff = Backoff::new(BackoffConfig::default(), Seed::from_number(1));
        backoff.attempt = u32::MAX;
        assert!(backoff.next_delay(None) <= Duration::from_secs(30));
        assert_eq!(backoff.attempt(), u32::MAX);
    }
}
