//! The envelopes of a stream.

use super::bounded::{Bounded, Listed, Wrong};
use super::position::Position;
use super::record::{Record, assign, inner_records, put, records, take};
use super::text::{Code, Name};
use super::words::{Answer, How};
use crate::envelope::object::Object;
use crate::envelope::raw::{Member, Members};
use crate::envelope::shape::Shape;
use crate::envelope::{Raw, Text};

records! {
    /// `follow`: a client wants a stream from where it is.
    Follow<'a> {
        /// The stream.
        stream: Name<'a>,
        /// What the client has of it.
        received: Position,
        /// Its length at the client, in bytes of UTF-8.
        offset: u64,
    }

    /// `following`: what has become of a `follow` (V-7.7).
    Following<'a> {
        /// The stream.
        stream: Name<'a>,
        /// What has become of it.
        answer: Answer,
        /// The position after which pieces follow.
        from: Position,
        /// The offset from which they do, in bytes of UTF-8.
        offset: u64,
        /// After a gap: how many bytes are missing, where it is known.
        lost: Option<u64>,
        /// After a gap: why.
        reason: Option<Code<'a>>,
        /// How a stream that has ended did.
        how: Option<How<'a>>,
    }

    /// `unfollow`: a client wants no more of a stream.
    Unfollow<'a> {
        /// The stream.
        stream: Name<'a>,
    }

    /// `piece`: a part of the text of a stream.
    Piece<'a> {
        /// The stream.
        stream: Name<'a>,
        /// The position of the last record in it.
        at: Position,
        /// Where `append` begins, in bytes of UTF-8.
        offset: u64,
        /// The text: 1 to 65,536 bytes.
        append: Text<'a>,
        /// Whether what the reader has from `offset` on is void.
        restart: bool,
    }

    /// `end`: a stream has ended.
    End<'a> {
        /// The stream.
        stream: Name<'a>,
        /// The position of its last record.
        at: Position,
        /// Its length, in bytes of UTF-8.
        offset: u64,
        /// How it has ended.
        how: How<'a>,
        /// Why, of one that has failed.
        code: Option<Code<'a>>,
        /// What its producer has to say at the end, bounded as that of an `item`.
        body: Option<Raw<'a>>,
    }

    /// `read`: what a client has taken of a stream.
    Read<'a> {
        /// The stream.
        stream: Name<'a>,
        /// What the client has of it.
        received: Position,
    }
}

inner_records! {
    Follow<'a>, "an object of `stream`, `received` and `offset`";
}

impl<'a> Listed<'a> for Follow<'a> {
    const LIST: &'static str = "an array of at most 64 objects";
    const MOST: usize = 64;
    const MAY_BE_ABSENT: bool = true;
}
