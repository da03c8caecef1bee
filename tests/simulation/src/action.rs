//! What may happen in a world. An action names what it is about by a place in a list, counted from
//! the newest, so that a run from which others were taken out still makes sense.

use pamlink::delivery::Priority;

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// A host wants something.
    Work(Work),
    /// Something goes wrong.
    Fault(Fault),
    /// So many milliseconds pass, and all that is due in them happens.
    Pass(u32),
}

/// What hosts want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// A device sends an item.
    Send { device: u32, sending: Sending },
    /// The server sends an item in a session.
    Push { session: u32, sending: Sending },
    /// A device asks for a stream.
    Ask { device: u32, agent: u32 },
    /// A device asks for a stream whose name was used.
    RequestAgain { device: u32, stream: u32 },
    /// A device cancels a stream.
    Cancel { device: u32, stream: u32 },
    /// A device cancels all streams of an agent.
    CancelAgent { device: u32, agent: u32 },
    /// A device cancels all streams of its user.
    CancelAll { device: u32 },
    /// A device cancels a stream that it asks for later.
    CancelAhead { device: u32 },
    /// A device follows a stream of its user.
    Follow { device: u32, stream: u32 },
    /// A device follows a stream no more.
    Unfollow { device: u32, stream: u32 },
    /// The server claims a stream that it was asked for.
    Claim { stream: u32 },
    /// The producer of a stream appends this many characters.
    Append { stream: u32, characters: u32 },
    /// The producer of a stream goes back by this many characters, and appends.
    Revise { stream: u32, back: u32 },
    /// The producer of a stream ends it.
    Finish { stream: u32, fails: bool },
    /// Cancels of a stream are refused, or no more.
    Protect { stream: u32, is_on: bool },
    /// The server forgets a stream.
    Discard { stream: u32 },
    /// The server says a heartbeat.
    Heartbeat { device: u32 },
    /// A device ends its session.
    Leave { device: u32 },
    /// The server ends a session.
    SendAway { session: u32 },
}

/// How an item is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sending {
    /// The bytes of its padding.
    pub(crate) bytes: u32,
    /// 0 is urgent, 1 normal, 2 bulk.
    pub(crate) priority: u32,
    /// It waits for a second at the most.
    pub(crate) is_brief: bool,
    /// It takes the place of what waits under a key.
    pub(crate) has_key: bool,
}

impl Sending {
    /// The priority as the engine has it.
    pub(crate) const fn priority(self) -> Priority {
        match self.priority {
            0 => Priority::Urgent,
            1 => Priority::Normal,
            _ => Priority::Bulk,
        }
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A link is cut: of what is on its way so much still arrives, in each direction.
    Cut { device: u32, up: u32, down: u32 },
    /// A link is cut, and one end of it, or both, does not hear of it.
    HalfOpen { device: u32, at_client: bool, at_server: bool },
    /// One direction of a link carries nothing any more.
    Stall { device: u32, is_up: bool },
    /// A link takes so much longer from here on.
    Slow { device: u32, millis: u32 },
    /// A device dials while it has a link, which the server still hears.
    DialAgain { device: u32, times: u32 },
    /// A clock jumps forward: a device's, or with the place behind the last the server's.
    Jump { host: u32, millis: u32 },
    /// A device sleeps.
    Sleep { device: u32, millis: u32 },
    /// A device's host takes nothing of what comes.
    Idle { device: u32, millis: u32 },
    /// A device's process dies, and another begins with what was stored.
    Reborn { device: u32 },
    /// The server's process dies, and another begins, with its log or without.
    Restart { keeps_log: bool },
    /// The producer of a stream dies.
    Die { stream: u32 },
    /// Another producer claims a stream that has one.
    Supersede { stream: u32 },
    /// The log is unavailable for what it is asked next, having done it or not.
    LogFails { times: u32, is_done: bool },
    /// The log takes this long from here on, and answers in no order.
    LogSlow { millis: u32 },
    /// Something comes over a link that is no envelope of the dialect.
    Garble { device: u32 },
}

impl Fault {
    /// What each kind is called, in the order of [`kind`](Self::kind).
    pub(crate) const KINDS: [&str; 15] = [
        "links cut",
        "links half open",
        "directions stalled",
        "links slowed",
        "links dialled twice",
        "clocks that jump",
        "devices asleep",
        "hosts that take nothing",
        "devices restarted",
        "servers restarted",
        "producers dead",
        "producers superseded",
        "logs unavailable",
        "logs slow and out of order",
        "texts garbled",
    ];

    /// Which kind it is.
    pub(crate) const fn kind(self) -> usize {
        match self {
            Self::Cut { .. } => 0,
            Self::HalfOpen { .. } => 1,
            Self::Stall { .. } => 2,
            Self::Slow { .. } => 3,
            Self::DialAgain { .. } => 4,
            Self::Jump { .. } => 5,
            Self::Sleep { .. } => 6,
            Self::Idle { .. } => 7,
            Self::Reborn { .. } => 8,
            Self::Restart { .. } => 9,
            Self::Die { .. } => 10,
            Self::Supersede { .. } => 11,
            Self::LogFails { .. } => 12,
            Self::LogSlow { .. } => 13,
            Self::Garble { .. } => 14,
        }
    }
}
