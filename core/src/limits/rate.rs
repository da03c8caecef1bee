//! Rates per user.

use core::fmt;
use core::time::Duration;

use super::gcra::{Admission, Cells, Table};
use super::refusal::{Code, Refusal};
use crate::dedup::{Keyer, UserKey};
use crate::metrics::label;
use crate::seed::Seed;
use crate::time::Mono;

/// What is counted, each with a rate of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RateClass {
    /// Messages that ask for work.
    Message,
    /// Connections opened.
    Connect,
    /// Tokens sent over an open link that are no good.
    Auth,
    /// Voice input.
    Voice,
    /// Feedback.
    Feedback,
    /// Repeats of requests: they cost no work, but each has its answer sent again.
    Repeat,
}

impl RateClass {
    /// All classes, in the order of their numbers.
    pub const ALL: [Self; 6] =
        [Self::Message, Self::Connect, Self::Auth, Self::Voice, Self::Feedback, Self::Repeat];

    /// A stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Connect => "connect",
            Self::Auth => "auth",
            Self::Voice => "voice",
            Self::Feedback => "feedback",
            Self::Repeat => "repeat",
        }
    }
}

label! {
    RateClass "class" {
        Message = Self::Message.as_str(),
        Connect = Self::Connect.as_str(),
        Auth = Self::Auth.as_str(),
        Voice = Self::Voice.as_str(),
        Feedback = Self::Feedback.as_str(),
        Repeat = Self::Repeat.as_str(),
    } and "other"
}

impl fmt::Display for RateClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A rate: `count` in `per`, at most `burst` at once.
///
/// In any stretch of time `t`, at most `burst + t * count / per` are admitted, and a user who
/// keeps to the rate is never refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rate {
    /// How many; at least one counts.
    pub count: u32,
    /// In which time; at least a nanosecond counts.
    pub per: Duration,
    /// How many at once after a silence; at least one counts.
    pub burst: u32,
}

impl Rate {
    /// `count` in `per`, all of them at once if need be.
    pub const fn new(count: u32, per: Duration) -> Self {
        Self { count, per, burst: count }
    }

    /// The same rate with another burst.
    #[must_use]
    pub const fn with_burst(self, burst: u32) -> Self {
        Self { burst, ..self }
    }
}

/// The rates of all users of a hub.
///
/// The defaults are those of the service that existing peers speak with: messages 100 in 60 s,
/// tokens that are no good 5 in 300 s, voice 10 in 60 s, feedback 5 in 60 s.
/// Connections, which that service does not limit, are 60 in 60 s: all tabs of a user may come back
/// at once, and whoever reloads faster than once a second waits for a second.
/// Repeats, which that service does not know, have five times the rate of messages: a client that
/// reconnects sends again whatever got no answer, and is not to be refused for a bad network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    rates: [Rate; RateClass::ALL.len()],
    /// How many users each class knows at once. A user is forgotten when idle for so long that it
    /// could use its whole burst again, at the latest at the first check after that which comes
    /// to it. Default 100,000 (about 6 MB a class when all are active).
    pub max_users: usize,
}

impl Rates {
    /// The rate of a class.
    pub const fn rate(&self, class: RateClass) -> Rate {
        self.rates[class as usize]
    }

    /// The rates of all classes, to change them.
    pub(crate) fn each_mut(&mut self) -> impl Iterator<Item = (RateClass, &mut Rate)> {
        RateClass::ALL.into_iter().zip(&mut self.rates)
    }

    /// The rate of a class, to change it.
    pub(crate) const fn rate_mut(&mut self, class: RateClass) -> &mut Rate {
        &mut self.rates[class as usize]
    }

    /// With another rate for a class.
    #[must_use]
    pub const fn with(mut self, class: RateClass, rate: Rate) -> Self {
        self.rates[class as usize] = rate;
        self
    }
}

impl Default for Rates {
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        let rates = RateClass::ALL.map(|class| match class {
            RateClass::Message => Rate::new(100, minute),
            RateClass::Connect => Rate::new(60, minute),
            RateClass::Feedback => Rate::new(5, minute),
            RateClass::Auth => Rate::new(5, 5 * minute),
            RateClass::Voice => Rate::new(10, minute),
            RateClass::Repeat => Rate::new(500, minute),
        });
        Self { rates, max_users: 100_000 }
    }
}

/// A rate was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    /// The class.
    pub(crate) class: RateClass,
    /// Its rate.
    pub(crate) rate: Rate,
    /// The exact time to wait: the same check after it succeeds, a nanosecond earlier it fails,
    /// if the user does nothing else in between.
    pub(crate) retry_after: Duration,
    /// The table was full of other users: this one is not at fault.
    pub(crate) crowded: bool,
}

impl Wait {
    /// As a refusal for the wire.
    pub(crate) const fn refusal(&self) -> Refusal {
        let mut refusal = Refusal::new(Code::RateLimited);
        if !self.crowded {
            refusal.limit = Some(self.rate.count as u64);
            refusal.per = Some(self.rate.per);
        }
        refusal.retry_after = Some(self.retry_after);
        refusal
    }
}

/// Limits what each user does in a time, by the generic cell rate algorithm: exact, with one time
/// stamp a user, and no window whose edge lets a double burst through.
///
/// The table of users is bounded. Idle users leave it at no cost (at most two a check, never a
/// sweep), and forgetting an idle user changes no answer. When the table is full of active users,
/// a user that is not in it is refused until the one silent for longest is idle: it fails closed,
/// says so ([`Wait::crowded`]) and counts it ([`RateLimiter::crowded`]). Users in the table are
/// unaffected. A refused check does not count against the user.
#[derive(Clone, Debug)]
pub(crate) struct RateLimiter {
    keyer: Keyer,
    rates: Rates,
    tables: [Table; RateClass::ALL.len()],
    crowded: u64,
}

impl RateLimiter {
    /// A limiter without users. Allocates nothing.
    pub(crate) fn new(rates: Rates, seed: Seed) -> Self {
        let table = |class| {
            let Rate { count, per, burst } = rates.rate(class);
            Table::new(Cells::new(count, per, burst), rates.max_users)
        };
        Self { keyer: Keyer::new(seed), tables: RateClass::ALL.map(table), rates, crowded: 0 }
    }

    /// Whether the user may do one more of this class now; if so, it is counted.
    ///
    /// For [`RateClass::Connect`] before authentication, `user` is whatever the host knows of the
    /// peer, such as its address. A `now` earlier than one given before counts as that one.
    ///
    /// # Errors
    ///
    /// The time to wait.
    pub(crate) fn check(&mut self, now: Mono, class: RateClass, user: &str) -> Result<(), Wait> {
        self.check_key(now, class, self.keyer.user(user))
    }

    /// As [`check`](Self::check), for a user whose key is at hand. All keys of a class must come
    /// from one keyer.
    #[inline]
    pub(crate) fn check_key(
        &mut self,
        now: Mono,
        class: RateClass,
        user: UserKey,
    ) -> Result<(), Wait> {
        let (retry_after, crowded) = match self.tables[class as usize].take(now, user.to_bits()) {
            Admission::Admitted { .. } => return Ok(()),
            Admission::Ahead(wait) => (wait, false),
            Admission::Crowded(wait) => (wait, true),
        };
        self.crowded += u64::from(crowded);
        Err(Wait { class, rate: self.rates.rate(class), retry_after, crowded })
    }

    /// How many checks were refused because the table was full of other users.
    pub(crate) fn crowded(&self) -> u64 {
        self.crowded
    }

    /// How many users a class knows now.
    #[cfg(test)]
    pub(crate) fn users(&self, class: RateClass) -> usize {
        self.tables[class as usize].len()
    }

    /// The bytes allocated for all tables.
    pub(crate) fn memory(&self) -> usize {
        self.tables.iter().map(Table::memory).sum()
    }
}
