//! The envelopes of a session, and the objects in them.

use core::time::Duration;

use super::bounded::{Bounded, Listed, Wrong};
use super::channel::Channel;
use super::position::{Epoch, Position};
use super::record::{Record, assign, inner_records, put, records, take};
use super::session_id::SessionId;
use super::stream::Follow;
use super::text::{Code, Name};
use super::window::Window;
use super::words::{Answer, CancelOutcome, How, Scope};
use crate::envelope::Raw;
use crate::envelope::object::Object;
use crate::envelope::raw::{Member, Members};
use crate::envelope::shape::Shape;

records! {
    /// `open`: a client begins a session, or goes on with one.
    Open<'a> {
        /// The session that goes on; absent for one that begins.
        session: Option<SessionId>,
        /// What the client has of the server's; absent for a session that begins.
        received: Option<Position>,
        /// The last number that the client gave.
        sent: Position,
        /// The streams that the client follows on; at most 64.
        follow: Vec<Follow<'a>>,
        /// What may be unacknowledged towards the client; absent for 512 envelopes and 256 KiB.
        window: Option<Window>,
    }

    /// `opened`: what has become of an `open` (V-5.3).
    Opened<'a> {
        /// The session.
        session: SessionId,
        /// What has become of it.
        answer: Answer,
        /// What the server has of the client's.
        received: Position,
        /// The position after which the server sends.
        from: Position,
        /// The last number that the server gave.
        sent: Position,
        /// The epoch of the log that numbers the records of streams.
        log: Epoch,
        /// What may be unacknowledged towards the server.
        window: Window,
        /// How long the session is kept without a link: whole milliseconds, at most a day.
        keep: Duration,
        /// After a gap: how many numbers are missing, where it is known.
        lost: Option<u64>,
        /// After a gap: why.
        reason: Option<Code<'a>>,
        /// How a session that has ended did.
        how: Option<How<'a>>,
    }

    /// `continue`: the client numbers anew, since it cannot continue its numbers (V-5.6).
    Continue<'a> {
        /// The start of the new epoch.
        from: Position,
        /// How many numbers are missing, where it is known.
        lost: Option<u64>,
        /// Why.
        reason: Code<'a>,
    }

    /// `item`: what one host has to say to the other.
    Item<'a> {
        /// Its number.
        at: Position,
        /// The number of the item that it answers.
        of: Option<Position>,
        /// The stream that it asks for.
        stream: Option<Name<'a>>,
        /// The agent that is to answer.
        agent: Option<Name<'a>>,
        /// What its sender has received.
        received: Option<Position>,
        /// What is said: any value, `null` too, of at most 1 MiB, nested at most 10 deep, kept byte
        /// for byte.
        body: Raw<'a>,
    }

    /// `reject`: an item is not taken.
    Reject<'a> {
        /// Its number.
        at: Position,
        /// The number of what is rejected.
        of: Position,
        /// Why.
        code: Code<'a>,
        /// When to come back: whole milliseconds, at most a day.
        retry_after: Option<Duration>,
        /// What its sender has received.
        received: Option<Position>,
    }

    /// `cancel`: streams are to end (section 8).
    Cancel<'a> {
        /// Its number.
        at: Position,
        /// What is to end.
        scope: Scope,
        /// The stream, where that is the scope.
        stream: Option<Name<'a>>,
        /// The agent, where that is the scope.
        agent: Option<Name<'a>>,
        /// What its sender has received.
        received: Option<Position>,
    }

    /// `cancel_result`: what has become of a `cancel`.
    CancelResult<'a> {
        /// Its number.
        at: Position,
        /// The number of the `cancel`.
        of: Position,
        /// A result for each stream; at most 64.
        results: Vec<StreamResult<'a>>,
        /// What its sender has received.
        received: Option<Position>,
    }

    /// What a `cancel` has come to for one stream.
    StreamResult<'a> {
        /// The stream.
        stream: Name<'a>,
        /// What has become of it.
        outcome: CancelOutcome<'a>,
        /// Its length in bytes, where it has ended.
        offset: Option<u64>,
        /// How it ended, where it had before.
        how: Option<How<'a>>,
        /// Why the cancel was refused.
        code: Option<Code<'a>>,
    }

    /// `ack`: what was received, and what was sent.
    Ack {
        /// What its sender has received.
        received: Position,
        /// The last number that its sender gave.
        sent: Position,
    }

    /// `caught_up`: the end of a replay, of a session or of a stream.
    CaughtUp<'a> {
        /// The stream; absent for the session itself.
        stream: Option<Name<'a>>,
        /// The last position when the replay began.
        at: Position,
    }

    /// `heartbeat`: where the sessions of a link stand.
    Heartbeat {
        /// The positions of each channel; at most 256.
        channels: Vec<ChannelPositions>,
        /// Whether it answers a `heartbeat`.
        reply: bool,
    }

    /// Where one session stands.
    ChannelPositions {
        /// The channel of the session.
        channel: Channel,
        /// What the sender of the heartbeat has received.
        received: Position,
        /// The last number that the sender of the heartbeat gave.
        sent: Position,
    }

    /// `closed`: the end of a channel.
    Closed<'a> {
        /// Why.
        code: Code<'a>,
        /// When to come back: whole milliseconds, at most a day.
        retry_after: Option<Duration>,
    }
}

inner_records! {
    ChannelPositions, "an object of `channel`, `received` and `sent`";
    StreamResult<'a>, "an object of `stream` and `outcome`";
}

impl Listed<'_> for ChannelPositions {
    const LIST: &'static str = "an array of at most 256 objects";
    const MOST: usize = 256;
    const MAY_BE_ABSENT: bool = false;
}

impl<'a> Listed<'a> for StreamResult<'a> {
    const LIST: &'static str = "an array of at most 64 objects";
    const MOST: usize = 64;
    const MAY_BE_ABSENT: bool = false;
}
