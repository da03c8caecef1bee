//! One outgoing link and the requests made over it: what an app holds.
//!
//! A [`Client`] is driven like every machine here: one call in, then
//! [`poll_event`](Client::poll_event) until it has none, then
//! [`poll_transmit`](Client::poll_transmit), then [`poll_timeout`](Client::poll_timeout).
//!
//! ```
//! use pamlink::client::{Client, ClientConfig, Event};
//! use pamlink::envelope::Chat;
//! use pamlink::frame::{Incoming, Outgoing};
//! use pamlink::link::{Endpoint, Token};
//! use pamlink::seed::Seed;
//! use pamlink::time::{Mono, Now, Wall};
//!
//! let now = Now::new(Mono::ZERO, Wall::from_unix_secs(1_772_337_906));
//! let endpoint = Endpoint::pam("wss://example.org", "ann")?;
//! let mut client = Client::new(ClientConfig::default(), endpoint, Seed::from_number(1), now)?;
//! client.connect(now);
//! client.provide_token(now, Token::new("e.y.J"))?;
//! let chat = Chat { message: Some("fuel so far?".into()), ..Chat::default() };
//! let request = client.ask(now, &chat)?;
//!
//! // `Event::Dial` asks for a transport. This one speaks WebSocket itself, and brings a welcome.
//! while client.poll_event().is_some() {}
//! client.handle_opened(now, None);
//! client.handle_message(now, Incoming::Text(r#"{"type":"connection","status":"connected"}"#))?;
//! while client.poll_event().is_some() {}
//!
//! let mut sent = Vec::new();
//! assert_eq!(client.poll_message(&mut sent), Some(Outgoing::Text));
//! assert!(String::from_utf8_lossy(&sent).contains("fuel so far?"));
//!
//! let mut answer = None;
//! client.handle_message(now, Incoming::Text(r#"{"type":"chat_response","message":"40"}"#))?;
//! while let Some(event) = client.poll_event() {
//!     if let Event::Answer { request, text, .. } = event {
//!         answer = Some((request, text.into_owned()));
//!     }
//! }
//! assert_eq!(answer, Some((request, "40".to_owned())));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`ask`](Client::ask) takes requests at any time, connected or not, within the bounds of
//! [`ClientConfig`]. Each goes out under an id of its own once the server has welcomed the link,
//! and ends in exactly one event. How an answer is correlated with its request depends on the
//! server, whose welcome says what it can do:
//!
//! * A server with the engine names the request in each reply (`reply_to`). Any other answers
//!   without a name, and then answers belong to requests in the order of sending; only frames
//!   that [are answers](crate::envelope::Kind::is_answer) count, never a welcome, a timer or an
//!   alert. A piece of an answer belongs to a request in the same way, and does not end it
//!   ([`Event::Piece`]); [`Chat::stream`](crate::envelope::Chat::stream) asks for them.
//! * A server with the engine recognises a repeat. After a reconnect every request without an
//!   answer is sent again, under the same id, and takes effect once. Towards any other server, and
//!   towards one that has lost its memory (its welcome names another `epoch` than before), such
//!   requests end as [`Event::Unknown`]; what was never sent is sent.
//!
//! Over `pamlink.v1` a client may have several sessions, each a conversation of its own in a channel
//! of the same link ([`open_session`](Client::open_session)). The first is there from the start, and
//! is meant where a command names none. They take turns in the link, so that none of them waits for
//! all that another has to say, and what befalls one of them harms no other. Over a link of the
//! `pam` dialect, which knows no sessions, the requests of all go in the order of asking.
//!
//! The caller of a request may leave, who wants its answer no longer
//! ([`abandon`](Client::abandon)) or lets it go on ([`forget`](Client::forget)), and the client may stop
//! ([`Stopped`](crate::link::ClientLinkEvent::Stopped)): then every request ends, and none is
//! taken, until [`connect`](Client::connect) starts it again.
//!
//! A host that holds two transports ([`two_links`](ClientConfig::two_links)) has the doors of a
//! second link during a planned change ([`second_link`](Client::second_link)).
//!
//! # Bounds
//!
//! Those of [`ClientConfig`]: how many requests wait, how many bytes of them, and how long; how
//! many sessions there are; how much is kept of answers that grow; and the bounds of its link. At
//! each bound a command is refused with a typed error, or there is an event.
//!
//! # Where it is specified
//!
//! In `docs/protocol.md`: section 5 is the correlation of answers, 6 idempotence, 9 and 10
//! reconnecting, 11 the token. Over `pamlink.v1` it is `docs/protocol-v1.md`. `docs/hosts.md` is
//! the loop around it.

mod asking;
mod cancelling;
mod cancels;
mod change;
mod config;
mod conversation;
mod conversations;
mod correlation;
mod counters;
mod error;
mod event;
mod growth;
mod heard;
mod hearing;
mod joining;
mod known_server;
mod lending;
mod opening;
mod options;
mod packing;
mod reading;
mod receiving;
mod requests;
mod second_link;
mod sessions;
mod snapshot;
mod staying;
mod unlent;

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

pub use self::config::ClientConfig;
pub use self::error::{CancelError, RequestError, RestoreError, SendError, SessionError};
pub use self::event::{Event, RequestId};
pub use self::second_link::SecondLink;

use self::change::Second;
use self::conversations::Conversations;
use self::counters::Counters;
use self::known_server::KnownServer;
use self::requests::Requests;
use self::staying::Stay;
use self::unlent::Unlent;
use crate::dedup::{Window, WindowConfig};
use crate::envelope::{Kind, Scan};
use crate::frame::handshake::HeadError;
use crate::frame::{Incoming, Item, NotDrained, Outgoing};
use crate::link::{
    ClientLink, DialFailed, Endpoint, Gather, Sink, State, Token, TokenError, Transmit,
};
use crate::metric_families::RequestOutcome;
use crate::metrics::Direction;
use crate::seed::Seed;
use crate::time::{Deadline, Mono, Now, TimerReason};

/// One outgoing link and the requests made over it. See the [module](self).
#[derive(Debug)]
pub struct Client {
    config: ClientConfig,
    link: ClientLink,
    /// The other link of a planned change.
    second: Option<Box<Second>>,
    /// When the first link is changed for its age.
    ages: Option<Mono>,
    /// The first link is to be left, once no answer runs.
    stay: Option<Stay>,
    now: Now,
    requests: Requests,
    next: u64,
    /// What the ids of this client's requests start with: no other client has it.
    prefix: Box<str>,
    server: KnownServer,
    /// The epoch of the server that welcomed last: it names its duplicate window.
    epoch: Option<Box<str>>,
    /// It has stopped for a reason of its own, and was not started again.
    stopped: bool,
    /// The whole text of the answer that `poll_event` hands out, where it came in pieces alone.
    whole: String,
    counters: Counters,
    /// Pushes with ids that have come lately.
    seen: Window,
    /// Where the members are of the message that was read last.
    scan: Scan,
    /// Requests that have ended here without an answer, as the `error` frames that say why.
    turned_down: VecDeque<(RequestId, String)>,
    /// A request has ended whose answer was too large for this end: it does not come again.
    has_ended_oversized: bool,
    text: String,
    /// Where a client speaks `pamlink.v1`: its sessions.
    conversations: Option<Box<Conversations>>,
    /// What has come over a session last, or stands for it.
    body: String,
    /// What cancels have come to of which the server says nothing.
    settled_cancels: VecDeque<Unlent>,
}

impl Client {
    /// A client of this endpoint, not connected.
    ///
    /// # Errors
    ///
    /// [`HeadError`] if the opening request would break HTTP.
    pub fn new(
        config: ClientConfig,
        endpoint: Endpoint,
        seed: Seed,
        now: Now,
    ) -> Result<Self, HeadError> {
        let config = config.within_bounds();
        let mut random = seed.into_random();
        let offers_v1 = endpoint.offers_v1();
        let link = Arc::new(config.link.clone());
        let link = ClientLink::new(&link, endpoint, random.next_seed(), now)?;
        let seen = WindowConfig {
            max_entries: config.max_seen,
            max_result_bytes: 0,
            ..WindowConfig::default()
        };
        Ok(Self {
            link,
            second: None,
            ages: None,
            stay: None,
            now,
            requests: Requests::new(&config),
            next: 0,
            prefix: format!("{:016x}-", random.next_u64()).into(),
            server: KnownServer::default(),
            epoch: None,
            stopped: false,
            whole: String::new(),
            counters: Counters::default(),
            seen: Window::new(seen, random.next_seed()),
            scan: Scan::EMPTY,
            turned_down: VecDeque::new(),
            has_ended_oversized: false,
            text: String::new(),
            conversations: offers_v1
                .then(|| Conversations::new(random.next_seed(), random.next_seed()).into()),
            body: String::new(),
            settled_cancels: VecDeque::new(),
            config,
        })
    }

    // Inputs.

    /// Connects, and stays connected from now on. A client that has stopped starts again.
    pub fn connect(&mut self, now: Now) {
        self.set_now(now);
        self.stopped = false;
        self.link.connect(self.now);
    }

    /// Closes the link and stays disconnected. Requests stay and wait for
    /// [`connect`](Self::connect), until they expire.
    pub fn disconnect(&mut self, now: Now) {
        self.set_now(now);
        self.link.disconnect(self.now);
        if let Some(second) = &mut self.second {
            second.link.disconnect(self.now);
        }
    }

    /// The transport that [`Dial`](crate::link::ClientLinkEvent::Dial) asked for is made.
    pub fn handle_dialed(&mut self, now: Now) {
        self.set_now(now);
        self.link.handle_dialed(self.now);
    }

    /// The transport that [`Dial`](crate::link::ClientLinkEvent::Dial) asked for is open and speaks
    /// WebSocket itself, with this subprotocol if the server chose one: whole messages come and
    /// leave from now on ([`handle_message`](Self::handle_message),
    /// [`poll_message`](Self::poll_message)).
    pub fn handle_opened(&mut self, now: Now, subprotocol: Option<&str>) {
        self.set_now(now);
        self.link.handle_opened(self.now, subprotocol);
    }

    /// The transport that [`Dial`](crate::link::ClientLinkEvent::Dial) asked for could not be made.
    pub fn handle_dial_failed<'a>(&mut self, now: Now, failed: impl Into<DialFailed<'a>>) {
        self.set_now(now);
        self.link.handle_dial_failed(self.now, failed);
    }

    /// Bytes came over the transport, in any chunking.
    ///
    /// # Errors
    ///
    /// [`NotDrained`] if the events were not polled for more than a megabyte; nothing was taken.
    pub fn handle_bytes(&mut self, now: Now, bytes: &[u8]) -> Result<(), NotDrained> {
        self.set_now(now);
        self.link.handle_bytes(self.now, bytes)?;
        self.counters.metrics.bytes.add(Direction::Inbound, bytes.len() as u64);
        Ok(())
    }

    /// A whole message came over a transport that speaks WebSocket itself.
    ///
    /// # Errors
    ///
    /// As [`handle_bytes`](Self::handle_bytes).
    pub fn handle_message(&mut self, now: Now, message: Incoming<'_>) -> Result<(), NotDrained> {
        self.set_now(now);
        self.link.handle_message(self.now, message)?;
        self.counters.metrics.bytes.add(Direction::Inbound, message.len() as u64);
        Ok(())
    }

    /// As [`handle_message`](Self::handle_message) and then the first
    /// [`poll_event`](Self::poll_event), for a host that has a message in a buffer of its own. Where
    /// nothing waits that came before, a text is not copied: the event borrows it from there.
    ///
    /// # Errors
    ///
    /// As `handle_message`; no event was taken.
    pub fn lend_message<'a>(
        &'a mut self,
        now: Now,
        message: Incoming<'a>,
    ) -> Result<Option<Event<'a>>, NotDrained> {
        self.set_now(now);
        let lent = match message {
            Incoming::Text(text) if self.link.takes_next(text.len()) => text,
            _ => {
                self.handle_message(now, message)?;
                return Ok(self.poll_event());
            }
        };
        let mut event = self.due_event();
        if event.is_none() && self.link.takes_next(lent.len()) {
            self.link.handle_lent(self.now);
            self.counters.metrics.bytes.add(Direction::Inbound, lent.len() as u64);
            event = self.read(Item::LENT, lent);
        } else {
            // What is due comes first.
            self.handle_message(now, message)?;
        }
        let event = event.or_else(|| self.next_event());
        Ok(event.and_then(|event| self.lend(event, lent)))
    }

    /// The transport ended, however it did.
    pub fn handle_closed(&mut self, now: Now) {
        self.set_now(now);
        self.link.handle_closed(self.now);
    }

    /// Time has passed.
    pub fn handle_timeout(&mut self, now: Now) {
        self.set_now(now);
        if self.link.poll_timeout().is_some_and(|due| due.at <= self.now.mono) {
            self.link.handle_timeout(self.now);
        }
        self.handle_age();
        self.settle_stay();
        if let Some(second) = &mut self.second
            && second.link.poll_timeout().is_some_and(|due| due.at <= self.now.mono)
        {
            second.link.handle_timeout(self.now);
        }
        if let Some(conversations) = &mut self.conversations {
            conversations.handle_timeout(self.now);
        }
    }

    /// The host's answer to [`NeedToken`](crate::link::ClientLinkEvent::NeedToken), or a new token
    /// of its own accord.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if the token is of no use.
    pub fn provide_token(&mut self, now: Now, token: Token) -> Result<(), TokenError> {
        self.set_now(now);
        if let Some(second) = self.second.as_mut().filter(|second| !second.is_old) {
            // What is wrong with it is wrong for both.
            let _ = second.link.provide_token(self.now, token.clone());
        }
        self.link.provide_token(self.now, token)?;
        if self.state() == State::Open {
            // The link has passed it on.
            self.counters.metrics.renewals.increment();
            self.counters.metrics.messages.increment(Kind::Auth, Direction::Outbound);
        }
        Ok(())
    }

    /// The host has no token. After [`TokenError::Unavailable`] the client asks again; any other
    /// error stops it.
    pub fn token_failed(&mut self, now: Now, error: TokenError) {
        self.set_now(now);
        self.link.token_failed(self.now, error);
        if let Some(second) = self.second.as_mut().filter(|second| !second.is_old) {
            second.link.token_failed(self.now, error);
        }
    }

    /// The device woke up, or the app came to the front: the link is probed at once.
    pub fn wake(&mut self, now: Now) {
        self.set_now(now);
        self.link.wake(self.now);
        if let Some(second) = &mut self.second {
            second.link.wake(self.now);
        }
    }

    /// The device has another network than before: the link is probed at once.
    pub fn network_changed(&mut self, now: Now) {
        self.wake(now);
    }

    // Outputs.

    /// The next event, lent until the next call.
    pub fn poll_event(&mut self) -> Option<Event<'_>> {
        let event = self.next_event()?;
        self.lend(event, "")
    }

    /// Appends what is to be written. Call it again after writing, as long as it says `more`.
    pub fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Transmit {
        self.transmit(out)
    }

    /// As [`poll_transmit`](Self::poll_transmit), without copying large frames.
    pub fn poll_transmit_vectored(&mut self, out: &mut Gather) -> Transmit {
        self.transmit(out)
    }

    fn transmit(&mut self, out: &mut impl Sink) -> Transmit {
        self.pump();
        let mut transmit = self.link.transmit(out);
        self.link.take_pings().add_to(&mut self.counters.metrics);
        self.counters.metrics.bytes.add(Direction::Outbound, transmit.written as u64);
        // What did not fit before may fit now.
        self.flush();
        if self.server.is_v1 {
            self.pump();
            transmit.more |= self.link.queued() > 0;
        }
        transmit
    }

    /// What a transport that speaks WebSocket itself is to do next, in the place of
    /// [`poll_transmit`](Self::poll_transmit); a text or the reason of a close is appended to
    /// `out`. Call it until it has no more.
    /// [`CloseTransport`](crate::link::ClientLinkEvent::CloseTransport) says when to drop the
    /// transport.
    pub fn poll_message(&mut self, out: &mut Vec<u8>) -> Option<Outgoing> {
        self.pump();
        let before = out.len();
        let outgoing = self.link.poll_message(out);
        self.link.take_pings().add_to(&mut self.counters.metrics);
        self.counters.metrics.bytes.add(Direction::Outbound, (out.len() - before) as u64);
        // What did not fit before may fit now.
        self.flush();
        outgoing
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), and why.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let expiry = self.requests.expiry().map(|at| Deadline::new(at, TimerReason::RequestExpiry));
        let sessions = self.conversations.as_ref().and_then(|it| it.poll_timeout());
        let second = self.second.as_ref().and_then(|it| it.link.poll_timeout());
        let stays = self.stay.as_ref().map(|stay| stay.until);
        // A client of two links has the one, a client of one the other.
        let ages = self.ages.or(stays).map(|at| Deadline::new(at, TimerReason::Drain));
        let links = Deadline::earlier(self.link.poll_timeout(), Deadline::earlier(second, ages));
        Deadline::earlier(Deadline::earlier(links, expiry), sessions)
    }

    // Commands.

    /// The caller of a request has left. A request that was never sent is dropped; any other has
    /// its effect, and what the server sends for it is [`Event::Late`]. There is no other event of
    /// it. Nothing follows if the request has ended.
    pub fn forget(&mut self, now: Now, request: RequestId) {
        self.set_now(now);
        if self.requests.forget(request) {
            self.counters.metrics.requests.increment(RequestOutcome::Forgotten);
        }
    }

    // Views.

    /// The requests that have not ended and whose caller has not left, the oldest first, each with
    /// its envelope: after [`restore`](Self::restore), what goes on.
    pub fn requests(&self) -> impl Iterator<Item = (RequestId, &str)> {
        self.requests.open()
    }

    /// The state of the link.
    pub fn state(&self) -> State {
        self.link.state()
    }

    /// Whether the present link was welcomed. Over `pamlink.v1` its sessions may not be open yet:
    /// [`Event::Welcomed`] says when the first is, and before a client's first one is open, pushes
    /// reach nobody.
    pub fn is_welcomed(&self) -> bool {
        self.server.welcomed
    }

    /// How long a link may be quiet before a heartbeat is said: as the configuration says, or
    /// shorter, since three links in a row were cut when they had been quiet for the same time. No
    /// less than 5 s is learned, and it holds until the client is [started again](Self::connect);
    /// `pamlink_heartbeats_shortened_total` counts how often it was.
    pub fn heartbeat_interval(&self) -> Duration {
        self.link.heartbeat_interval()
    }

    /// Requests without an answer.
    pub fn pending(&self) -> usize {
        self.requests.waiting()
    }

    /// Bytes held by requests.
    pub fn pending_bytes(&self) -> usize {
        self.requests.bytes()
    }

    fn set_now(&mut self, now: Now) {
        self.now = Now::new(self.now.mono.max(now.mono), now.wall);
    }
}

#[cfg(test)]
mod tests;
