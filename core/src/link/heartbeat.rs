//! The keepalive of a link: when to send a ping, and when a silent peer counts as dead.

use core::time::Duration;

use crate::time::{Deadline, Mono, TimerReason};

/// When a link sends a ping, and how long it waits for the peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeartbeatConfig {
    /// A ping is sent after this long. Default 20 s; hosting platforms cut links that idle for
    /// 30 s.
    pub interval: Duration,
    /// After a ping, any byte of the peer must come within this. Default 10 s.
    pub deadline: Duration,
    /// The same after a probe. Default 3 s.
    pub probe: Duration,
    /// Send a ping every interval, even while the peer sends: servers of the `pam` dialect do,
    /// because clients watch for it. Otherwise only a silent peer gets one. Default false.
    pub always: bool,
}

impl Default for HeartbeatConfig {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(20),
            deadline: Duration::from_secs(10),
            probe: Duration::from_secs(3),
            always: false,
        }
    }
}

/// The keepalive of one link.
///
/// Any traffic counts as a sign that the peer is alive, so a busy one is never declared dead for a
/// late pong. A silent peer is found dead `interval + deadline` after its last byte, or `probe`
/// after a wake-up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Heartbeat {
    /// When to send the next ping.
    next: Mono,
    /// The deadline for anything to arrive; set while a ping is unanswered.
    due: Option<Mono>,
    /// The deadline was already put off because the host was late.
    excused: bool,
}

/// The state of a heartbeat, and what its link is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Liveness {
    /// The peer is alive as far as is known; nothing is due.
    Alive,
    /// Not known: send a ping now.
    Ping,
    /// The peer is dead: end the link.
    Dead,
}

impl Heartbeat {
    /// A heartbeat of a link that opened at `now`, or at a jittered moment before.
    pub(crate) fn new(config: &HeartbeatConfig, now: Mono) -> Self {
        Self { next: now + config.interval, due: None, excused: false }
    }

    /// Something, anything, arrived.
    pub(crate) fn heard(&mut self, config: &HeartbeatConfig, now: Mono) {
        self.due = None;
        self.excused = false;
        if !config.always {
            self.next = now + config.interval;
        }
    }

    /// The host woke up or changed networks: ping at once, and give the peer the short deadline.
    ///
    /// A probe that is under way is not prolonged by another.
    pub(crate) fn probe(&mut self, config: &HeartbeatConfig, now: Mono) {
        let due = now + config.probe;
        self.due = Some(match self.due {
            Some(earlier) if earlier > now => earlier.min(due),
            _ => due,
        });
        self.excused = true;
        self.next = now + config.interval;
    }

    /// Looks at the clock.
    ///
    /// A host that comes more than a probe's length after the deadline has slept itself, so the
    /// silence proves nothing: then the answer is one more ping with the short deadline.
    pub(crate) fn handle_timeout(&mut self, config: &HeartbeatConfig, now: Mono) -> Liveness {
        if let Some(due) = self.due
            && now >= due
        {
            if self.excused || now.saturating_since(due) <= config.probe {
                return Liveness::Dead;
            }
            self.probe(config, now);
            return Liveness::Ping;
        }
        if now < self.next {
            return Liveness::Alive;
        }
        self.next = now + config.interval;
        self.due.get_or_insert(now + config.deadline);
        Liveness::Ping
    }

    /// When to call [`handle_timeout`](Self::handle_timeout).
    pub(crate) fn poll_timeout(&self) -> Deadline {
        let ping = Deadline::new(self.next, TimerReason::Heartbeat);
        match self.due {
            Some(due) if due <= self.next => Deadline::new(due, TimerReason::Liveness),
            _ => ping,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVER: HeartbeatConfig = HeartbeatConfig {
        interval: Duration::from_secs(20),
        deadline: Duration::from_secs(10),
        probe: Duration::from_secs(3),
        always: true,
    };
    const CLIENT: HeartbeatConfig = HeartbeatConfig { always: false, ..SERVER };

    fn at(seconds: u64) -> Mono {
        Mono::from_millis(seconds * 1_000)
    }

    #[test]
    fn a_silent_peer_is_asked_after_the_interval_and_dead_after_the_deadline() {
        for config in [CLIENT, SERVER] {
            let mut heartbeat = Heartbeat::new(&config, at(0));
            assert_eq!(heartbeat.poll_timeout(), Deadline::new(at(20), TimerReason::Heartbeat));
            assert_eq!(heartbeat.handle_timeout(&config, at(19)), Liveness::Alive);
            assert_eq!(heartbeat.handle_timeout(&config, at(20)), Liveness::Ping);
            assert_eq!(heartbeat.poll_timeout(), Deadline::new(at(30), TimerReason::Liveness));
            assert_eq!(heartbeat.handle_timeout(&config, at(29)), Liveness::Alive);
            assert_eq!(heartbeat.handle_timeout(&config, at(30)), Liveness::Dead);
        }
    }

    #[test]
    fn any_traffic_is_life_and_a_talking_peer_is_asked_only_by_servers() {
        for config in [CLIENT, SERVER] {
            let mut heartbeat = Heartbeat::new(&config, at(0));
            let mut pings = 0;
            for second in 1..=100 {
                match heartbeat.handle_timeout(&config, at(second)) {
                    Liveness::Alive => {}
                    Liveness::Ping => pings += 1,
                    Liveness::Dead => panic!("declared dead while talking"),
                }
                heartbeat.heard(&config, at(second));
            }
            assert_eq!(pings, if config.always { 5 } else { 0 });
        }
    }

    #[test]
    fn a_probe_finds_a_zombie_within_three_seconds() {
        let mut heartbeat = Heartbeat::new(&CLIENT, at(0));
        heartbeat.probe(&CLIENT, at(5));
        assert_eq!(heartbeat.poll_timeout(), Deadline::new(at(8), TimerReason::Liveness));
        heartbeat.probe(&CLIENT, at(7));
        assert_eq!(heartbeat.poll_timeout().at, at(8), "a second probe must not prolong the first");
        assert_eq!(heartbeat.handle_timeout(&CLIENT, at(8)), Liveness::Dead);
    }

    #[test]
    fn a_probe_shortens_a_running_deadline_but_never_lengthens_it() {
        let mut heartbeat = Heartbeat::new(&CLIENT, at(0));
        assert_eq!(heartbeat.handle_timeout(&CLIENT, at(20)), Liveness::Ping);
        heartbeat.probe(&CLIENT, at(29));
        assert_eq!(heartbeat.poll_timeout().at, at(30));
    }

    #[test]
    fn a_host_that_slept_past_the_deadline_probes_once_before_it_gives_up() {
        let mut heartbeat = Heartbeat::new(&CLIENT, at(0));
        assert_eq!(heartbeat.handle_timeout(&CLIENT, at(20)), Liveness::Ping);
        assert_eq!(heartbeat.handle_timeout(&CLIENT, at(3_600)), Liveness::Ping);
        assert_eq!(heartbeat.poll_timeout(), Deadline::new(at(3_603), TimerReason::Liveness));
        assert_eq!(heartbeat.handle_timeout(&CLIENT, at(9_999)), Liveness::Dead);
    }

    #[test]
    fn an_answered_probe_returns_to_the_usual_rhythm() {
        let mut heartbeat = Heartbeat::new(&CLIENT, at(0));
        heartbeat.probe(&CLIENT, at(5));
        heartbeat.heard(&CLIENT, at(6));
        assert_eq!(heartbeat.poll_timeout(), Deadline::new(at(26), TimerReason::Heartbeat));
    }
}
