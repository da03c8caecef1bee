//! Why something was not admitted, in the words of the wire.

use core::fmt;
use core::time::Duration;

use crate::time::seconds;

/// The `error_code` of a refusal (`docs/protocol.md`, section 7). Codes in use by existing servers
/// keep their names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Code {
    /// The frame is larger than its type may be: `MESSAGE_TOO_LARGE`.
    TooLarge,
    /// Too much in too little time: `RATE_LIMIT_EXCEEDED`.
    RateLimited,
    /// A field is too long, too large or too deep: `VALIDATION_ERROR`.
    Invalid,
}

impl Code {
    /// The text on the wire.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::TooLarge => "MESSAGE_TOO_LARGE",
            Self::RateLimited => "RATE_LIMIT_EXCEEDED",
            Self::Invalid => "VALIDATION_ERROR",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What the numbers of a [`Refusal`] count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Unit {
    /// Bytes of UTF-8.
    Bytes,
    /// Unicode scalar values.
    Characters,
    /// Events in a time.
    Times,
}

/// A refusal: what the `error` frame says. Its [`Display`](fmt::Display) is the `message`, made
/// for people and free of anything that the peer sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The `error_code`.
    pub(crate) code: Code,
    /// The member of the envelope that was too much, if it was one.
    pub field: Option<&'static str>,
    /// What is allowed.
    pub limit: Option<u64>,
    /// What it was. Counting stops early where going on would only cost time, so this may be the
    /// least that was certain.
    pub actual: Option<u64>,
    /// What `limit` and `actual` count.
    pub(crate) unit: Unit,
    /// The time in which `limit` events are allowed; `None` unless a rate was exceeded, such as
    /// where the table of users is full.
    pub(crate) per: Option<Duration>,
    /// When to try again; `None` if the same message will never be admitted.
    pub(crate) retry_after: Option<Duration>,
}

impl Refusal {
    pub(super) const fn new(code: Code) -> Self {
        Self {
            code,
            field: None,
            limit: None,
            actual: None,
            unit: Unit::Times,
            per: None,
            retry_after: None,
        }
    }

    pub(super) const fn over(code: Code, unit: Unit, limit: usize, actual: usize) -> Self {
        let mut refusal = Self::new(code);
        refusal.unit = unit;
        refusal.limit = Some(limit as u64);
        refusal.actual = Some(actual as u64);
        refusal
    }

    pub(super) const fn in_field(mut self, field: &'static str) -> Self {
        self.field = Some(field);
        self
    }

    /// How many bytes a message has and how many it may have, if that is why.
    pub(crate) fn bytes(&self) -> Option<(usize, usize)> {
        let count = |number: Option<u64>| usize::try_from(number?).ok();
        let of_message = self.unit == Unit::Bytes && self.field.is_none();
        of_message.then_some(()).and_then(|()| Some((count(self.actual)?, count(self.limit)?)))
    }

    /// `retry_after` in whole seconds for the text, rounded up so that nobody comes too early; the
    /// member `retry_after` of the frame has the fraction too.
    fn retry_after_secs(&self) -> Option<u64> {
        let wait = self.retry_after?;
        Some(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = self.limit.unwrap_or(0);
        let actual = self.actual.unwrap_or(0);
        let what = self.field.unwrap_or("message");
        match self.unit {
            Unit::Bytes => write!(f, "{what} too large: {actual} bytes, at most {limit}"),
            Unit::Characters => write!(f, "{what} too long: {actual} characters, at most {limit}"),
            Unit::Times => {
                let wait = self.retry_after_secs().unwrap_or(0);
                match self.per {
                    Some(per) => write!(
                        f,
                        "rate limit exceeded: at most {limit} in {} s, try again in {wait} s",
                        seconds(per)
                    ),
                    None => write!(f, "too many users at once, try again in {wait} s"),
                }
            }
        }
    }
}
