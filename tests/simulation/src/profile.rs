//! What a world is like: drawn from its seed, so that each is different and some are extreme.

use std::time::Duration;

use pamlink::delivery::stream::{LogConfig, StreamsConfig};
use pamlink::delivery::{AtBound, SessionConfig, SessionsConfig};

use crate::action::Fault;
use crate::random::Random;

/// Which worlds a run has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "nothing outside matches on it")]
pub enum Kind {
    /// Each has some of all faults.
    #[default]
    Swarm,
    /// Links alone go wrong.
    Links,
    /// Devices, the server and producers die, and links are cut.
    Processes,
    /// The log goes wrong, and links are cut.
    Log,
}

impl Kind {
    /// All, by their names.
    pub const ALL: [(&'static str, Self); 4] = [
        ("swarm", Self::Swarm),
        ("links", Self::Links),
        ("processes", Self::Processes),
        ("log", Self::Log),
    ];

    /// The kinds of faults that it has.
    fn has(self, fault: usize) -> bool {
        match self {
            Self::Swarm => true,
            Self::Links => fault <= 4,
            Self::Processes => fault == 0 || (7..=11).contains(&fault),
            Self::Log => fault == 0 || (10..=13).contains(&fault),
        }
    }
}

/// What is drawn for a world.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    pub(crate) devices: usize,
    pub(crate) users: usize,
    pub(crate) session: SessionConfig,
    pub(crate) sessions: SessionsConfig,
    pub(crate) log: LogConfig,
    /// The most milliseconds that a new link takes.
    pub(crate) latency: u32,
    /// Bytes that a link takes in one direction before the other end is to wait.
    pub(crate) link_bytes: usize,
    /// What the server's host does when a user asks while an answer runs.
    pub(crate) policy: Policy,
    /// Whether texts are long ones mostly.
    pub(crate) is_long: bool,
    /// Whether a server may be restarted without its log.
    pub(crate) loses_log: bool,
    /// How likely each kind of fault is.
    pub(crate) faults: [u32; Fault::KINDS.len()],
    /// How likely each kind of work is.
    pub(crate) work: [u32; Self::WORK],
    /// How many of a hundred actions are faults, and how many let time pass.
    pub(crate) shares: (u32, u32),
    /// How many milliseconds pass at once, mostly.
    pub(crate) step: u32,
}

/// What becomes of what a user asks while an answer runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Policy {
    Parallel,
    Queue,
    Reject,
    Replace,
}

impl Profile {
    /// How many kinds of work there are.
    pub(crate) const WORK: usize = 19;

    const REPEATED: usize = 3;
    const DISCARD: usize = 15;

    /// What is usual of each kind of work.
    const USUAL: [u32; Self::WORK] = [30, 20, 20, 2, 8, 2, 2, 3, 8, 3, 6, 60, 6, 16, 2, 1, 4, 1, 1];

    /// Draws one.
    pub(crate) fn draw(seed: u64, kind: Kind, sessions: Option<usize>) -> Self {
        let mut random = Random::of(seed, "profile");
        let random = &mut random;
        let devices = sessions.unwrap_or_else(|| random.within(1, 6) as usize).max(1);
        let mut faults = [0; Fault::KINDS.len()];
        for (place, weight) in faults.iter_mut().enumerate() {
            let drawn = random.one(&[0, 1, 3, 10]);
            // What takes a whole life of something away is rarer.
            let drawn = if matches!(place, 8 | 9) { drawn.min(2) } else { drawn };
            *weight = if kind.has(place) { drawn } else { 0 };
        }
        if faults.iter().all(|weight| *weight == 0) {
            faults[0] = 1;
        }
        let mut work = Self::USUAL;
        work.iter_mut().for_each(|weight| *weight = *weight * random.one(&[0, 1, 1, 2, 4]) / 2);
        work[0] += 1;
        // A name that may come again is not to be forgotten (V-7.1): nothing of the log is lost then.
        let reuses = work[Self::REPEATED] > 0 && random.percent(30);
        if reuses {
            work[Self::DISCARD] = 0;
        } else {
            work[Self::REPEATED] = 0;
        }
        Self {
            is_long: random.percent(15),
            loses_log: !reuses,
            devices,
            users: random.within(1, 3).min(u32::try_from(devices).unwrap_or(1)) as usize,
            session: session(random),
            sessions: SessionsConfig {
                session: session(random),
                streams: streams(random),
                // Each of at most three users has as many as one may.
                max_sessions: 3 * (2 * devices).max(4),
                user_sessions: (2 * devices).max(4),
                ..SessionsConfig::default()
            },
            log: LogConfig {
                max_streams: 512,
                owner_streams: if reuses { 64 } else { random.one(&[8, 32, 64]) },
                stream_bytes: random.one(&[16 * 1024, 256 * 1024]),
                // Of a random stream of its own, so that all else is drawn as it was.
                total_bytes: if reuses {
                    LogConfig::default().total_bytes
                } else {
                    Random::of(seed, "log").one(&[64 * 1024, 1024 * 1024, 256 * 1024 * 1024])
                },
                keep: Duration::from_secs(if reuses { 86_400 } else { random.one(&[5, 120, 120]) }),
            },
            latency: random.one(&[0, 3, 40, 200, 2_000]),
            link_bytes: random.one(&[2_000, 20_000, 1_000_000]),
            policy: random.one(&[
                Policy::Parallel,
                Policy::Parallel,
                Policy::Queue,
                Policy::Reject,
                Policy::Replace,
            ]),
            faults,
            work,
            shares: (random.within(15, 45), random.within(20, 40)),
            step: random.one(&[3, 20, 100, 600]),
        }
    }
}

fn session(random: &mut Random) -> SessionConfig {
    let mut config = SessionConfig::default();
    if random.percent(50) {
        config.window_envelopes = random.one(&[1, 2, 8, 64]);
        config.window_bytes = random.one(&[1_024, 4_096, 65_536]);
    }
    if random.percent(40) {
        config.queue_envelopes = random.one(&[2, 8, 64]);
        config.queue_bytes = random.one(&[2_048, 65_536]);
        config.at_bound = random.one(&[AtBound::Reject, AtBound::DropOldest]);
    }
    config.time_to_live = Duration::from_secs(random.one(&[2, 60, 60, 600]));
    config.ack_after = Duration::from_millis(random.one(&[20, 1_000, 1_000, 5_000]));
    config.ack_envelopes = random.one(&[1, 4, 32]);
    config.max_cancels = random.one(&[2, 64]);
    config.keep = Duration::from_secs(random.one(&[3, 30, 120, 120]));
    config
}

fn streams(random: &mut Random) -> StreamsConfig {
    StreamsConfig {
        max_streams: 1_024,
        reader_credit: random.one(&[32 * 1024, 64 * 1024]),
        held_bytes: random.one(&[0, 512, 64 * 1024]),
        flush_after: Duration::from_millis(random.one(&[0, 40, 40, 300])),
        flush_bytes: random.one(&[1, 64, 512, 4_096]),
        producer_bytes: random.one(&[1_024, 8 * 1_024, 64 * 1024]),
        producer_lease: Duration::from_secs(random.one(&[4, 30, 30])),
        reader_lease: Duration::from_secs(random.one(&[25, 60, 60])),
        log_retry: Duration::from_millis(random.one(&[10, 1_000])),
        ..StreamsConfig::default()
    }
}
