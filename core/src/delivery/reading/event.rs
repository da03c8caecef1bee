//! What a host hears of a stream that it follows.

use crate::envelope::Raw;
use crate::envelope::v1::{Code, How};

/// What happened to a stream that a client follows.
///
/// A host that keeps the text of a stream does the same at each: it forgets what it has from an
/// offset on, and appends. Offsets count the bytes of the whole text, those included that a gap
/// has cost.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamEvent<'a> {
    /// The server has answered a `follow`, or tells of a gap unasked.
    Following {
        /// The stream.
        stream: &'a str,
        /// What it has answered.
        answer: FollowAnswer<'a>,
        /// Up to where the text that the host has stays valid; what it has beyond is void.
        stays: u64,
        /// Where the next text begins. What lies between `stays` and it is lost.
        offset: u64,
    },
    /// The stream's text from `offset` on is this.
    Text {
        /// The stream.
        stream: &'a str,
        /// Where the text begins: never beyond what the host has.
        offset: u64,
        /// Whether the host has text from there on, which is void.
        restart: bool,
        /// The text: at least one character.
        text: &'a str,
    },
    /// What was there when the stream was followed has been told; what follows is new.
    CaughtUp {
        /// The stream.
        stream: &'a str,
        /// Its length so far.
        offset: u64,
    },
    /// The stream has ended, and is followed no more.
    Ended {
        /// The stream.
        stream: &'a str,
        /// Its length.
        offset: u64,
        /// How it has ended.
        how: How<'a>,
        /// Why, of one that has failed.
        code: Option<Code<'a>>,
        /// What its producer had to say at the end.
        body: Option<Raw<'a>>,
    },
}

/// What has become of a stream that a client wants to follow (V-7.7). None of it starts work.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FollowAnswer<'a> {
    /// It goes on, and nothing is lost.
    Resumed,
    /// It has been asked for, and has not begun.
    Pending,
    /// It has ended so; the rest of it follows, and then [`StreamEvent::Ended`].
    Ended(How<'a>),
    /// It goes on, and something is lost.
    Gap {
        /// How many bytes, where it is known.
        lost: Option<u64>,
        /// Why: `evicted`, `foreign_epoch`, `ahead` or a word of the future.
        reason: Option<Code<'a>>,
    },
    /// There is none of this name, or none any more: it is followed no more.
    Unknown,
}

impl FollowAnswer<'_> {
    /// The same without its tie to the envelope.
    pub(super) fn into_owned(self) -> FollowAnswer<'static> {
        match self {
            Self::Resumed => FollowAnswer::Resumed,
            Self::Pending => FollowAnswer::Pending,
            Self::Ended(how) => FollowAnswer::Ended(how.into_owned()),
            Self::Gap { lost, reason } => {
                FollowAnswer::Gap { lost, reason: reason.map(Code::into_owned) }
            }
            Self::Unknown => FollowAnswer::Unknown,
        }
    }
}
