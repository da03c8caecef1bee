//! The sets of words of the dialect.

use super::bounded::{Bounded, Wrong};
use super::text::Code;
use crate::envelope::field::Field;
use crate::envelope::open::open_enum;
use crate::envelope::{Raw, Text};

/// Makes an enum of all the words that a member may hold.
macro_rules! closed_enum {
    (
        $(#[$doc:meta])*
        $name:ident, $wanted:literal { $( $(#[$word_doc:meta])* $word:ident = $wire:literal, )* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(clippy::exhaustive_enums)]
        pub enum $name {
            $( $(#[$word_doc])* $word, )*
        }

        impl $name {
            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $( Self::$word => $wire, )*
                }
            }
        }

        impl Bounded<'_> for $name {
            const WANTED: &'static str = $wanted;

            fn read(raw: Raw<'_>) -> Result<Self, Wrong> {
                match raw.text().as_deref() {
                    $( Some($wire) => Ok(Self::$word), )*
                    _ => Err(Wrong::value(raw, Self::WANTED)),
                }
            }

            fn write(&self, out: &mut String) {
                out.push('"');
                out.push_str(self.as_str());
                out.push('"');
            }
        }
    };
}

closed_enum! {
    /// What becomes of a session that is opened (V-5.3) or of a stream that is followed (V-7.7).
    ///
    /// Closed: what may follow in the channel depends on it.
    Answer, "begun, resumed, pending, ended, gap or unknown" {
        /// A session has begun.
        Begun = "begun",
        /// It goes on, and nothing is lost.
        Resumed = "resumed",
        /// It is not known yet: of a session another answer follows, of a stream its pieces.
        Pending = "pending",
        /// It has ended.
        Ended = "ended",
        /// It goes on, and something is lost.
        Gap = "gap",
        /// There is none, or none any more.
        Unknown = "unknown",
    }
}

closed_enum! {
    /// What a `cancel` is about (V-8.2).
    ///
    /// Closed: whoever does not know what to cancel must not guess.
    Scope, "stream, agent or all" {
        /// One stream.
        Stream = "stream",
        /// All streams of an agent.
        Agent = "agent",
        /// All streams of the user in this session.
        All = "all",
    }
}

open_enum! {
    /// How a stream or a session has ended (V-7.3).
    How {
        /// With all that there was to say.
        Done = "done",
        /// By a `cancel`.
        Cancelled = "cancelled",
        /// By a failure, which a code names.
        Failed = "failed",
        /// It took too long.
        TimedOut = "timed_out",
        /// Its producer was heard of no more.
        Orphaned = "orphaned",
    }
}

open_enum! {
    /// What a `cancel` has come to for one stream (V-8.2).
    CancelOutcome {
        /// It was running and has ended.
        Cancelled = "cancelled",
        /// It goes on; a code says why.
        Refused = "refused",
        /// It had ended before.
        Ended = "ended",
        /// There is none of this name.
        NoStream = "unknown",
    }
}

open_enum! {
    /// Why a link ends (V-10.5).
    GoodbyeCode {
        /// The server goes down.
        GoingAway = "going_away",
        /// The link is to move to another server, or to another process of it.
        Rotate = "rotate",
        /// There is too much to do.
        Overloaded = "overloaded",
        /// Nothing came for too long.
        Idle = "idle",
        /// An envelope of the link was malformed.
        Malformed = "malformed",
        /// Something else came where `hello` or `welcome` was due.
        NotOpen = "not_open",
        /// A message was larger than the limit.
        TooLarge = "too_large",
        /// The token has ended, and none has come in its place.
        TokenExpired = "token_expired",
        /// The token is not good.
        Unauthorized = "unauthorized",
        /// This one is not to come.
        Forbidden = "forbidden",
        /// There is no version that both speak.
        Version = "version",
        /// Whoever says it has left of its own will.
        Left = "left",
    }
}

impl GoodbyeCode<'_> {
    /// Whether the other end is not to come back. After a word that is not known it may.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Unauthorized | Self::Forbidden | Self::Version | Self::Left => true,
            Self::GoingAway
            | Self::Rotate
            | Self::Overloaded
            | Self::Idle
            | Self::Malformed
            | Self::NotOpen
            | Self::TooLarge
            | Self::TokenExpired
            | Self::Unknown(_) => false,
        }
    }
}

macro_rules! bounded_word {
    ($name:ident) => {
        /// A word that is not known has the form of a code.
        impl<'a> Bounded<'a> for $name<'a> {
            const WANTED: &'static str = Code::WANTED;

            fn read(raw: Raw<'a>) -> Result<Self, Wrong> {
                Code::read(raw).map(|word| Self::from(Text::from(word)))
            }

            fn write(&self, out: &mut String) {
                Field::write(self, out);
            }
        }
    };
}

bounded_word!(How);
bounded_word!(CancelOutcome);
bounded_word!(GoodbyeCode);
