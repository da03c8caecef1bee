//! The published states, the phases behind them, and what every input does in each.
//!
//! `docs/link-states.md` shows these tables; a test holds the three (document, tables, machines)
//! against each other cell by cell.

use core::fmt;

/// The state of a link, with the numbers that clients and dashboards know.
///
/// Closed: the four states of every WebSocket API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[expect(clippy::exhaustive_enums)]
pub enum State {
    /// Wait for open.
    Connecting = 0,
    /// Ready to send.
    Open = 1,
    /// Wait for close.
    Closing = 2,
    /// Over; a client reconnects if needed.
    Closed = 3,
}

impl State {
    /// The number on the wire and in reports.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The name as browsers write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "CONNECTING",
            Self::Open => "OPEN",
            Self::Closing => "CLOSING",
            Self::Closed => "CLOSED",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What every input does to one end of a link in each of its phases, in words: a table of
/// `docs/link-states.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateTable {
    /// The phases, each with the state that is published for it: the columns.
    pub phases: Vec<(String, State)>,
    /// Each input by its name, and what it does in each phase: the name of the next phase, `stays`
    /// (it is taken), `refused` (a typed error to the caller) or `ignored` (no effect at all).
    pub inputs: Vec<(&'static str, Vec<String>)>,
}

impl StateTable {
    /// That of a [`ClientLink`](super::ClientLink).
    pub fn client() -> Self {
        Self {
            phases: ClientPhase::ALL.map(|phase| (format!("{phase:?}"), phase.state())).into(),
            inputs: row_names(ClientInput::ALL, |input| (input.as_str(), input.row().to_vec())),
        }
    }

    /// That of a [`ServerLink`](super::ServerLink).
    pub fn server() -> Self {
        Self {
            phases: ServerPhase::ALL.map(|phase| (format!("{phase:?}"), phase.state())).into(),
            inputs: row_names(ServerInput::ALL, |input| (input.as_str(), input.row().to_vec())),
        }
    }
}

fn row_names<I: Copy, P: fmt::Debug>(
    inputs: &[I],
    row: impl Fn(I) -> (&'static str, Vec<Cell<P>>),
) -> Vec<(&'static str, Vec<String>)> {
    let in_words = |cell| match cell {
        Cell::To(phase) => format!("{phase:?}"),
        Cell::Stays => "stays".to_owned(),
        Cell::Refused => "refused".to_owned(),
        Cell::Ignored => "ignored".to_owned(),
    };
    let rows = inputs.iter().map(|&input| row(input));
    rows.map(|(name, cells)| (name, cells.into_iter().map(in_words).collect())).collect()
}

/// What an input does in a phase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Cell<P> {
    /// It has no effect at all: no event, no byte, no deadline.
    Ignored,
    /// A typed error to the caller, and no effect.
    Refused,
    /// It is taken, and the phase stays.
    Stays,
    /// It leads to this phase.
    To(P),
}

/// Declares the inputs of a machine with their names and rows.
macro_rules! inputs {
    ($(#[$doc:meta])* $name:ident, $phase:ident, $($(#[$row:meta])* $input:ident $text:literal [$($cell:expr),* $(,)?];)*) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub(super) enum $name { $($(#[$row])* $input,)* }

        impl $name {
            /// Every input, in the order of the table.
            pub(super) const ALL: &[Self] = &[$(Self::$input,)*];

            /// What the input does in each phase, in the order of the phases.
            pub(super) const fn row(self) -> [Cell<$phase>; $phase::ALL.len()] {
                use $phase::*;
                const fn to(phase: $phase) -> Cell<$phase> { Cell::To(phase) }
                const I: Cell<$phase> = Cell::Ignored;
                const R: Cell<$phase> = Cell::Refused;
                const S: Cell<$phase> = Cell::Stays;
                // Not every table has every kind of cell.
                let _ = (I, R, S, to($phase::ALL[0]));
                match self { $(Self::$input => [$($cell),*],)* }
            }

            /// What the input does in `phase`.
            pub(super) const fn cell(self, phase: $phase) -> Cell<$phase> {
                self.row()[phase as usize]
            }

            /// The name in the table.
            pub(super) const fn as_str(self) -> &'static str {
                match self { $(Self::$input => $text,)* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

/// Where a server's link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ServerPhase {
    /// Reads the opening request.
    Head,
    /// Waits for the host to answer it.
    Asked,
    /// Frames flow.
    Open,
    /// We have sent a close frame and wait for that of the peer.
    Closing,
    /// Over.
    Closed,
}

impl ServerPhase {
    /// Every phase, in the order of the table.
    pub(super) const ALL: [Self; 5] =
        [Self::Head, Self::Asked, Self::Open, Self::Closing, Self::Closed];

    /// The published state.
    pub(super) const fn state(self) -> State {
        match self {
            Self::Head | Self::Asked => State::Connecting,
            Self::Open => State::Open,
            Self::Closing => State::Closing,
            Self::Closed => State::Closed,
        }
    }
}

inputs! {
    /// What can happen to a server's link.
    ServerInput, ServerPhase,
    //                                       Head        Asked       Open         Closing     Closed
    /// The host accepts the opening request.
    Accept "accept"                         [R,          to(Open),   R,           R,          R];
    /// The host accepts it with a subprotocol that was not offered.
    AcceptUnoffered "accept, subprotocol not offered" [R, R,         R,           R,          R];
    /// The host answers it with an HTTP status.
    Reject "reject"                         [R,          to(Closed), R,           R,          R];
    /// The host sends a message.
    Send "send"                             [R,          R,          S,           R,          R];
    /// The host sends a message that does not fit, under the policy `Close`.
    SendOverflow "send over the bound"      [R,          R,          to(Closing), R,          R];
    /// The host closes.
    Close "close"                           [to(Closed), to(Closed), to(Closing), I,          I];
    /// The bytes of a valid opening request.
    Request "bytes: request"                [to(Asked),  S,          to(Closed),  to(Closed), I];
    /// The bytes of a request that is no valid upgrade.
    BadRequest "bytes: bad request"         [to(Closed), S,          to(Closed),  to(Closed), I];
    /// The bytes of a text frame.
    Text "bytes: text frame"                [to(Closed), S,          S,           S,          I];
    /// The bytes of a ping.
    Ping "bytes: ping"                      [to(Closed), S,          S,           S,          I];
    /// The bytes of a close frame.
    PeerClose "bytes: close frame"          [to(Closed), S,          to(Closed),  to(Closed), I];
    /// The bytes of a frame that breaks the protocol.
    BadFrame "bytes: broken frame"          [to(Closed), S,          to(Closed),  to(Closed), I];
    /// More early bytes than may wait for the host's answer.
    EarlyFlood "bytes: early flood"         [to(Closed), to(Closed), S,           S,          I];
    /// The transport ended.
    TransportClosed "transport closed"      [to(Closed), to(Closed), to(Closed),  to(Closed), I];
    /// The interval of the heartbeat is over: time to ping.
    Heartbeat "heartbeat"                   [I,          I,          S,           I,          I];
    /// The deadline of the phase has passed.
    Deadline "deadline"                     [to(Closed), to(Closed), to(Closed),  to(Closed), I];
}

/// Where a client's link stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum ClientPhase {
    /// The host has not asked for a link, or has ended it.
    Idle,
    /// Waits for a token to dial with.
    Token,
    /// Waits for the host's transport.
    Dial,
    /// Waits for the server's answer to the opening request.
    Handshake,
    /// Frames flow.
    Open,
    /// We have sent a close frame and wait for that of the peer.
    Closing,
    /// Waits to dial again.
    Waiting,
    /// Gave up: only the host can start it again.
    Stopped,
}

impl ClientPhase {
    /// Every phase, in the order of the table.
    pub(super) const ALL: [Self; 8] = [
        Self::Idle,
        Self::Token,
        Self::Dial,
        Self::Handshake,
        Self::Open,
        Self::Closing,
        Self::Waiting,
        Self::Stopped,
    ];

    /// The published state.
    pub(super) const fn state(self) -> State {
        match self {
            Self::Token | Self::Dial | Self::Handshake => State::Connecting,
            Self::Open => State::Open,
            Self::Closing => State::Closing,
            Self::Idle | Self::Waiting | Self::Stopped => State::Closed,
        }
    }
}

inputs! {
    /// What can happen to a client's link. "No token" means: none, or the life of
    /// the last one is over.
    ClientInput, ClientPhase,
    // Idle  Token  Dial  Handshake  Open  Closing  Waiting  Stopped
    /// The host wants a link.
    Connect "connect"
        [to(Dial), I, I, I, I, S, to(Dial), to(Dial)];
    /// The host wants a link, and there is no token.
    ConnectNoToken "connect, no token"
        [to(Token), I, I, I, I, S, to(Token), to(Token)];
    /// The host wants no link.
    Disconnect "disconnect"
        [I, to(Idle), to(Idle), to(Idle), to(Closing), S, to(Idle), I];
    /// The host sends a message.
    Send "send"
        [R, R, R, R, S, R, R, R];
    /// The host sends a message that does not fit, under the policy `Close`.
    SendOverflow "send over the bound"
        [R, R, R, R, to(Waiting), R, R, R];
    /// The host hands over a token.
    Provide "token"
        [S, to(Dial), S, S, S, S, S, S];
    /// The host hands over what can be no token.
    ProvideMalformed "malformed token"
        [R, to(Stopped), R, R, R, R, R, R];
    /// The host has no token for now.
    TokenUnavailable "no token for now"
        [S, to(Waiting), S, S, S, S, S, S];
    /// The host was denied a token, while the last one is valid.
    TokenDenied "token denied"
        [S, to(Stopped), S, S, S, S, S, S];
    /// The host was denied a token, and there is no other.
    TokenDeniedNoToken "token denied, no token"
        [S, to(Stopped), S, S, S, S, to(Stopped), S];
    /// The host's transport is connected.
    Dialed "dialed"
        [I, I, to(Handshake), I, I, I, I, I];
    /// The host's transport speaks WebSocket itself and is open.
    Opened "opened"
        [I, I, to(Open), I, I, I, I, I];
    /// The host's transport could not be made; worth a retry.
    DialFailed "dial failed, retry"
        [I, I, to(Waiting), I, I, I, I, I];
    /// The host's transport was refused for our credentials.
    DialFailedAuth "dial failed, authentication"
        [I, I, to(Waiting), I, I, I, I, I];
    /// The host's transport was refused for our credentials, right after a renewal.
    DialFailedAuthAgain "dial failed, authentication again"
        [I, I, to(Stopped), I, I, I, I, I];
    /// The host's transport could not be made; a retry is no use.
    DialFailedStop "dial failed, stop"
        [I, I, to(Stopped), I, I, I, I, I];
    /// The bytes of a valid answer 101.
    Upgraded "bytes: 101"
        [I, I, I, to(Open), to(Stopped), to(Idle), I, I];
    /// The bytes of an answer whose class is worth a retry, such as 503, or after which `pam` is
    /// tried.
    Refused "bytes: answer, retry"
        [I, I, I, to(Waiting), to(Stopped), to(Idle), I, I];
    /// The bytes of an answer that refuses our credentials, such as 401.
    RefusedAuth "bytes: answer, authentication"
        [I, I, I, to(Waiting), to(Stopped), to(Idle), I, I];
    /// The same, right after a renewal.
    RefusedAuthAgain "bytes: answer, authentication again"
        [I, I, I, to(Stopped), to(Stopped), to(Idle), I, I];
    /// The bytes of an answer after which a retry is no use, such as 426.
    RefusedStop "bytes: answer, stop"
        [I, I, I, to(Stopped), to(Stopped), to(Idle), I, I];
    /// The welcome came.
    Welcomed "welcomed"
        [I, I, I, I, S, I, I, I];
    /// The bytes of a text frame.
    Text "bytes: text frame"
        [I, I, I, to(Stopped), S, S, I, I];
    /// The bytes of a close frame worth a retry, such as 1012, or any of
    /// the protocol's own after the peer has said that it goes away.
    PeerClose "bytes: close, retry"
        [I, I, I, to(Stopped), to(Waiting), to(Idle), I, I];
    /// The bytes of a close frame that refuses our credentials, such as 4001.
    PeerCloseAuth "bytes: close, authentication"
        [I, I, I, to(Stopped), to(Waiting), to(Idle), I, I];
    /// The same, right after a renewal.
    PeerCloseAuthAgain "bytes: close, authentication again"
        [I, I, I, to(Stopped), to(Stopped), to(Idle), I, I];
    /// The bytes of a close frame after which a retry is no use, such as 1000.
    PeerCloseStop "bytes: close, stop"
        [I, I, I, to(Stopped), to(Stopped), to(Idle), I, I];
    /// The bytes of a frame that breaks the protocol.
    BadFrame "bytes: broken frame"
        [I, I, I, to(Stopped), to(Stopped), to(Idle), I, I];
    /// The bytes of a message beyond our bounds; or a broken frame, after the peer has said that it
    /// goes away.
    BadFrameRetry "bytes: broken frame, retry"
        [I, I, I, to(Stopped), to(Waiting), to(Idle), I, I];
    /// The transport ended.
    TransportClosed "transport closed"
        [I, I, to(Waiting), to(Waiting), to(Waiting), to(Idle), I, I];
    /// The interval of the heartbeat is over: time to ping.
    Heartbeat "heartbeat"
        [I, I, I, I, S, I, I, I];
    /// The deadline of the phase has passed.
    Deadline "deadline"
        [I, to(Waiting), to(Waiting), to(Waiting), to(Waiting), to(Idle), to(Dial), I];
    /// The deadline of the phase has passed, and there is no token.
    DeadlineNoToken "deadline, no token"
        [I, to(Waiting), to(Waiting), to(Waiting), to(Waiting), to(Idle), to(Token), I];
    /// The device woke up or changed networks.
    Wake "wake, network changed"
        [I, I, I, I, S, I, to(Dial), I];
    /// The same, and there is no token.
    WakeNoToken "wake, network changed, no token"
        [I, I, I, I, S, I, to(Token), I];
    /// The same, and the peer has told us how long to wait.
    WakeWaiting "wake, network changed, told to wait"
        [I, I, I, I, S, I, S, I];
}
