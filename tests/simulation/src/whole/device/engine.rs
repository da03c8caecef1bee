//! A device's client, called as a host in Rust calls it, or behind the packed step, as a host in any
//! other language does.

use pamlink::client::{Client, ClientConfig, Event, RequestId};
use pamlink::delivery::{SendOptions, SessionNumber};
use pamlink::envelope::{Chat, Envelope};
use pamlink::link::{ClientLinkEvent, CloseClass, Endpoint, Token, TokenError, TokenNeed};
use pamlink::seed::Seed;
use pamlink::time::Now;

use super::packed::Packed;
use crate::whole::submitted::End;

/// A client.
#[derive(Debug)]
pub(super) enum Engine {
    Direct(Box<Client>),
    Packed(Box<Packed>),
}

/// Which of the links of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    First,
    Second,
}

/// What a client tells its host.
#[derive(Debug)]
pub(super) enum Heard {
    Dial(Which),
    CloseTransport(Which),
    ChangedPlaces,
    NeedToken {
        is_renewal: bool,
    },
    Stopped,
    Piece {
        request: RequestId,
        text: String,
        restart: bool,
    },
    Answer {
        request: RequestId,
        text: String,
        in_pieces: usize,
        restart: bool,
    },
    Ended {
        request: RequestId,
        end: &'static str,
    },
    CancelResult {
        request: RequestId,
        was_cancelled: bool,
    },
    Outcome {
        session: SessionNumber,
        command: u64,
        end: End,
    },
    Gap {
        session: SessionNumber,
    },
    Push {
        session: SessionNumber,
        number: u64,
    },
    Late,
    Unreadable(String),
    Welcomed {
        is_v1: bool,
    },
    /// Anything else: for the trace.
    Other(String),
}

/// What is said over the links, in their order.
pub(super) type Said = [Vec<u8>; 2];

impl Engine {
    /// A client that is not connected: that of a snapshot, where there is one.
    pub(super) fn new(
        is_packed: bool,
        (config, endpoint): (ClientConfig, Endpoint),
        snapshot: Option<&[u8]>,
        seed: Seed,
        now: Now,
    ) -> Result<Self, String> {
        if is_packed {
            let packed = Packed::new(config, endpoint, snapshot, seed, now)?;
            return Ok(Self::Packed(Box::new(packed)));
        }
        let client = match snapshot {
            Some(bytes) => {
                Client::restore(config, endpoint, bytes, seed, now).map_err(|it| it.to_string())
            }
            None => Client::new(config, endpoint, seed, now).map_err(|it| it.to_string()),
        };
        Ok(Self::Direct(Box::new(client?)))
    }

    /// When time is to pass for it, in nanoseconds of its clock.
    pub(super) fn deadline(&self) -> Option<u64> {
        match self {
            Self::Direct(client) => client.poll_timeout().map(|due| due.at.as_nanos()),
            Self::Packed(packed) => packed.deadline(),
        }
    }

    // What happens to it.

    pub(super) fn handle_timeout(&mut self, now: Now) {
        match self {
            Self::Direct(client) => client.handle_timeout(now),
            Self::Packed(packed) => packed.handle_timeout(now),
        }
    }

    pub(super) fn wake(&mut self, now: Now) {
        match self {
            Self::Direct(client) => client.wake(now),
            Self::Packed(packed) => packed.wake(now),
        }
    }

    pub(super) fn connect(&mut self, now: Now) {
        match self {
            Self::Direct(client) => client.connect(now),
            Self::Packed(packed) => packed.connect(now),
        }
    }

    pub(super) fn provide_token(&mut self, now: Now, token: Token) -> Result<(), String> {
        match self {
            Self::Direct(client) => {
                client.provide_token(now, token).map_err(|error| error.to_string())
            }
            Self::Packed(packed) => packed.provide_token(now, &token),
        }
    }

    pub(super) fn token_failed(&mut self, now: Now) {
        match self {
            Self::Direct(client) => client.token_failed(now, TokenError::Unavailable),
            Self::Packed(packed) => packed.token_failed(now),
        }
    }

    /// The dial of a link has come to a transport, or to nothing.
    pub(super) fn handle_dial(&mut self, now: Now, which: Which, has_come: bool) {
        match (self, which, has_come) {
            (Self::Direct(client), Which::First, true) => client.handle_dialed(now),
            (Self::Direct(client), Which::First, false) => {
                client.handle_dial_failed(now, CloseClass::Network);
            }
            (Self::Direct(client), Which::Second, true) => client.second_link().handle_dialed(now),
            (Self::Direct(client), Which::Second, false) => {
                client.second_link().handle_dial_failed(now, CloseClass::Network);
            }
            (Self::Packed(packed), ..) => packed.handle_dial(now, has_come),
        }
    }

    pub(super) fn handle_bytes(&mut self, now: Now, which: Which, bytes: &[u8]) -> bool {
        match (self, which) {
            (Self::Direct(client), Which::First) => client.handle_bytes(now, bytes).is_ok(),
            (Self::Direct(client), Which::Second) => {
                client.second_link().handle_bytes(now, bytes).is_ok()
            }
            (Self::Packed(packed), _) => packed.handle_bytes(now, bytes),
        }
    }

    pub(super) fn handle_closed(&mut self, now: Now, which: Which) {
        match (self, which) {
            (Self::Direct(client), Which::First) => client.handle_closed(now),
            (Self::Direct(client), Which::Second) => client.second_link().handle_closed(now),
            (Self::Packed(packed), _) => packed.handle_closed(now),
        }
    }

    // What its host wants.

    pub(super) fn request(
        &mut self,
        now: Now,
        session: SessionNumber,
        text: &str,
    ) -> Option<RequestId> {
        match self {
            Self::Direct(client) => {
                let chat =
                    Chat { message: Some(text.into()), stream: Some(true), ..Chat::default() };
                client.request_in(now, session, &chat).ok()
            }
            Self::Packed(packed) => packed.request(now, text),
        }
    }

    pub(super) fn cancel(&mut self, now: Now, request: RequestId) -> Result<(), String> {
        match self {
            Self::Direct(client) => client.cancel(now, request).map_err(|error| error.to_string()),
            Self::Packed(packed) => packed.cancel(now, request),
        }
    }

    pub(super) fn abandon(&mut self, now: Now, request: RequestId) {
        match self {
            Self::Direct(client) => client.abandon(now, request),
            Self::Packed(packed) => packed.abandon(now, request),
        }
    }

    /// The number of what was submitted.
    pub(super) fn submit(
        &mut self,
        now: Now,
        session: SessionNumber,
        text: &str,
        options: SendOptions<'_>,
    ) -> Result<u64, String> {
        match self {
            Self::Direct(client) => client
                .submit_in(now, session, text, options)
                .map(|command| command.as_u64())
                .map_err(|error| error.to_string()),
            Self::Packed(packed) => packed.submit(now, text, &options),
        }
    }

    /// Another session, where it may have several and has one; then all of them.
    pub(super) fn open_another(&mut self, now: Now) -> Vec<SessionNumber> {
        if let Self::Direct(client) = self
            && client.sessions().count() == 1
        {
            // A client of the other dialect has one.
            let _ = client.open_session(now);
        }
        self.sessions()
    }

    pub(super) fn sessions(&self) -> Vec<SessionNumber> {
        match self {
            Self::Direct(client) => client.sessions().collect(),
            Self::Packed(_) => vec![SessionNumber::FIRST],
        }
    }

    pub(super) fn leave_session(&mut self, now: Now, session: SessionNumber) {
        if let Self::Direct(client) = self {
            // It is there, and not the first.
            let _ = client.leave_session(now, session);
        }
    }

    // What comes of it.

    pub(super) fn poll(&mut self) -> Option<Heard> {
        match self {
            Self::Direct(client) => client.poll_event().map(heard),
            Self::Packed(packed) => packed.poll(),
        }
    }

    /// All that it has to say over its links.
    pub(super) fn said(&mut self) -> Said {
        match self {
            Self::Direct(client) => {
                let (mut bytes, mut beside) = (Vec::new(), Vec::new());
                while client.poll_transmit(&mut bytes).more {}
                while client.second_link().poll_transmit(&mut beside).more {}
                [bytes, beside]
            }
            Self::Packed(packed) => [packed.said(), Vec::new()],
        }
    }

    /// What was said has been written. Whether that was to be reported, and more may come of it.
    pub(super) fn written(&mut self, now: Now) -> bool {
        match self {
            Self::Direct(_) => false,
            Self::Packed(packed) => packed.written(now),
        }
    }

    /// A snapshot that is taken before its events: by a step, which has all of them in its output.
    pub(super) fn early_snapshot(&mut self, now: Now) -> Option<Result<Vec<u8>, String>> {
        match self {
            Self::Direct(_) => None,
            Self::Packed(packed) => Some(packed.snapshot(now)),
        }
    }

    /// A snapshot, when its events and all that it says were taken.
    pub(super) fn snapshot(&mut self, now: Now) -> Result<Vec<u8>, String> {
        match self {
            Self::Direct(client) => {
                let mut snapshot = Vec::new();
                let taken = client.snapshot(&mut snapshot);
                taken.map(|()| snapshot).map_err(|error| error.to_string())
            }
            Self::Packed(packed) => packed.snapshot(now),
        }
    }
}

fn heard(event: Event<'_>) -> Heard {
    match event {
        Event::Link(event) => of_link(event, Which::First),
        Event::SecondLink(event) => of_link(event, Which::Second),
        Event::ChangedPlaces => Heard::ChangedPlaces,
        Event::Piece { request, text, restart, .. } => {
            Heard::Piece { request, text: text.into_owned(), restart }
        }
        Event::Answer { request, text, in_pieces, restart, .. } => {
            Heard::Answer { request, text: text.into_owned(), in_pieces, restart }
        }
        Event::Rejected { request, .. } => Heard::Ended { request, end: "rejected" },
        Event::Expired { request } => Heard::Ended { request, end: "expired" },
        Event::Unknown { request } => Heard::Ended { request, end: "unknown" },
        Event::Unsent { request } => Heard::Ended { request, end: "unsent" },
        Event::Cancelled { request } => Heard::Ended { request, end: "cancelled" },
        Event::CancelResult { request, outcome, .. } => {
            let was_cancelled = outcome.is_some_and(|it| it.as_str() == "cancelled");
            Heard::CancelResult { request, was_cancelled }
        }
        Event::Outcome { session, command, outcome } => {
            Heard::Outcome { session, command: command.as_u64(), end: End::of(&outcome) }
        }
        Event::Gap { session, .. } => Heard::Gap { session },
        Event::Message { session, envelope } => match push_number(&envelope) {
            Some(number) => Heard::Push { session, number },
            None => Heard::Other(envelope.as_str().to_owned()),
        },
        Event::Late { .. } => Heard::Late,
        Event::Unreadable { error, text } => Heard::Unreadable(format!("{error}: {text}")),
        Event::Welcomed { envelope, .. } => Heard::Welcomed { is_v1: is_of_v1(&envelope) },
        event => Heard::Other(format!("{event:?}")),
    }
}

fn of_link(event: ClientLinkEvent<'_>, which: Which) -> Heard {
    match event {
        ClientLinkEvent::Dial(_) => Heard::Dial(which),
        ClientLinkEvent::CloseTransport => Heard::CloseTransport(which),
        ClientLinkEvent::NeedToken(need) => {
            Heard::NeedToken { is_renewal: need == TokenNeed::Renewal }
        }
        ClientLinkEvent::Stopped { .. } => Heard::Stopped,
        event => Heard::Other(format!("{event:?}")),
    }
}

/// The number of a push of the hub's host.
pub(super) fn push_number(envelope: &Envelope<'_>) -> Option<u64> {
    envelope.field("number")?.as_json().parse().ok()
}

/// Whether a welcome is one of `pamlink.v1`.
pub(super) fn is_of_v1(envelope: &Envelope<'_>) -> bool {
    envelope.kind().as_str() == "welcome"
}
