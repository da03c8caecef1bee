//! One outgoing connection, made again and again.

mod event;
mod handshake;
mod idle_timeout;
mod learning;
mod moves;
mod negotiation;
mod notes;
mod rows;
mod said;
mod saying;
mod second;
mod timers;
mod tokens;
mod v1;

use core::time::Duration;
use std::sync::Arc;

pub use self::event::{ClientLinkConfig, ClientLinkEvent, Dial, TokenNeed};
pub(crate) use self::said::Said;
pub(crate) use self::saying::OFFERED;
pub(crate) use self::tokens::RENEWAL;

use self::handshake::{no_dialect, open_request};
use self::idle_timeout::IdleTimeout;
use self::negotiation::Negotiation;
use self::notes::{Note, Notes};
use self::rows::Rows;
use super::backoff::Backoff;
use super::cause::{Cause, DialFailed};
use super::class::CloseClass;
use super::config::Overflow;
use super::connection::{Arrival, Connection, End};
use super::endpoint::Endpoint;
use super::event::{LinkSendError, Overflowed, Transmit};
use super::gather::{Gather, Sink};
use super::pings::PingCounts;
use super::state::{ClientInput, ClientPhase, State};
use super::token::{TokenError, TokenSchedule};
use crate::envelope::v1::{GoodbyeCode, SUBPROTOCOL};
use crate::frame::handshake::{HeadError, ResponseReader, WebSocketKey};
use crate::frame::{CloseCode, FrameError, Incoming, Item, NotDrained, Outgoing, Role, Writer};
use crate::seed::{Random, Seed};
use crate::time::{Deadline, Mono, Now, TimerReason};

/// A client's end: dials, keeps the link alive, and dials again by the class of each end.
///
/// Give it bytes, the fate of the transports it asks for, tokens and the time; after every input
/// drain [`poll_event`](Self::poll_event), then [`poll_transmit`](Self::poll_transmit), then look
/// at [`poll_timeout`](Self::poll_timeout). It speaks of one transport at a time: after
/// [`CloseTransport`](ClientLinkEvent::CloseTransport) the old one must be silent.
#[derive(Debug)]
pub struct ClientLink {
    config: Arc<ClientLinkConfig>,
    endpoint: Endpoint,
    phase: ClientPhase,
    connection: Connection,
    response: Option<ResponseReader>,
    subprotocol: Option<String>,
    tokens: TokenSchedule,
    backoff: Backoff,
    random: Random,
    notes: Notes,
    /// The deadline of a phase other than open.
    deadline: Mono,
    welcome: Option<Mono>,
    proven: Option<Mono>,
    /// Both clocks at the last input, for what is decided while events are drained.
    now: Now,
    /// Attempts since the backoff was last reset.
    attempt: u32,
    /// The `retry_after` of the peer: no attempt before it.
    hint: Option<Mono>,
    /// The wait follows a `retry_after` of the peer and is not cut short.
    held_back: bool,
    /// The peer has sent `going_away`; if it has not closed by then, this end closes.
    leaving: Option<Mono>,
    /// Why the peer refused the token in whose place the host is asked for another.
    rejection: Option<Cause>,
    /// The token was renewed since a link last proved itself.
    renewed: bool,
    /// The host asked for a new link while this one was closing.
    again: bool,
    /// The last link ended because the peer's message was too large for this end, and none has
    /// proved itself since.
    oversized: bool,
    /// When the token goes out again that the server did not take.
    renew_again: Option<Mono>,
    negotiation: Negotiation,
    /// A token was shown in `pamlink.v1`, and not answered yet; and another is to follow.
    renewing: bool,
    renew_next: bool,
    /// The bytes of what was said ahead of the welcome.
    ahead: usize,
    /// When something was last said over the link, by either end.
    active: Mono,
    idle_timeout: IdleTimeout,
    /// How often the heartbeat was shortened, since the host was told.
    shortened: u32,
    /// Its interval as the host has set it.
    interval: Duration,
    /// In `pamlink.v1`: how often the server wants to hear of this end, and when it does next.
    heartbeat: Option<(Duration, Mono)>,
}

/// A [`ClientLinkEvent`] that lends nothing yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientLinkUnlent {
    Text(Item),
    Binary(Item),
    Overflowed(Overflowed),
    /// Anything else.
    Note,
}

impl ClientLink {
    /// A link that is idle until [`connect`](Self::connect). `seed` fixes masks, keys and jitter.
    ///
    /// # Errors
    ///
    /// [`HeadError`] if the opening request would break HTTP.
    pub fn new(
        config: &Arc<ClientLinkConfig>,
        mut endpoint: Endpoint,
        seed: Seed,
        now: Now,
    ) -> Result<Self, HeadError> {
        endpoint.state_max_message(config.link.frames.max_message);
        let mut random = seed.into_random();
        let key = WebSocketKey::draw(&mut random);
        let negotiation = Negotiation::new(endpoint.offers_v1());
        open_request(config, &endpoint, None, &subprotocols(config), &key, &mut Vec::new())?;
        let writer = Writer::client(random.next_seed());
        Ok(Self {
            phase: ClientPhase::Idle,
            connection: Connection::new(Role::Client, &config.link, writer, now.mono),
            response: None,
            subprotocol: None,
            tokens: TokenSchedule::new(config.token, random.next_seed()),
            backoff: Backoff::new(config.backoff, random.next_seed()),
            random,
            notes: Notes::default(),
            deadline: now.mono,
            welcome: None,
            proven: None,
            now,
            attempt: 0,
            hint: None,
            held_back: false,
            leaving: None,
            rejection: None,
            renewed: false,
            again: false,
            oversized: false,
            renew_again: None,
            negotiation,
            renewing: false,
            renew_next: false,
            ahead: 0,
            active: now.mono,
            idle_timeout: IdleTimeout::default(),
            shortened: 0,
            interval: config.link.heartbeat.interval,
            heartbeat: None,
            endpoint,
            config: Arc::clone(config),
        })
    }

    /// The host wants a link, now. While one is closing, the next follows it; while one is being
    /// made or open, nothing changes.
    pub fn connect(&mut self, now: Now) {
        self.now = now;
        match self.phase {
            ClientPhase::Idle | ClientPhase::Stopped => {
                self.start_over();
                self.negotiation.start_over();
                self.forget_idle_timeout();
                self.begin(ClientInput::Connect, ClientInput::ConnectNoToken);
            }
            ClientPhase::Waiting => self.begin(ClientInput::Connect, ClientInput::ConnectNoToken),
            ClientPhase::Closing => self.again = true,
            _ => {}
        }
    }

    /// The host wants no link any more: an open one is closed with 1000.
    pub fn disconnect(&mut self, now: Now) {
        self.now = now;
        self.again = false;
        let end = End::new(CloseCode::NORMAL, "", Cause::Host);
        match self.phase {
            ClientPhase::Open => {
                if self.speaks_v1() {
                    self.say_goodbye(GoodbyeCode::Left);
                }
                self.connection.close(end);
                self.deadline = now.mono + self.config.link.patience.close;
                self.go(ClientPhase::Closing, ClientInput::Disconnect);
            }
            ClientPhase::Idle | ClientPhase::Stopped | ClientPhase::Closing => {}
            _ => self.end_link(end, ClientPhase::Idle, ClientInput::Disconnect, None, true),
        }
    }

    /// The transport is connected: the opening request goes out.
    pub fn handle_dialed(&mut self, now: Now) {
        self.now = now;
        if self.phase != ClientPhase::Dial {
            return;
        }
        let key = WebSocketKey::draw(&mut self.random);
        let offers = self.negotiation.offers();
        let token = self.tokens.last().filter(|_| !offers);
        let mut offered = subprotocols(&self.config);
        if offers {
            offered.insert(0, SUBPROTOCOL);
        }
        let head = self.connection.output.head();
        // `new` has seen that the request is sound, and a token is encoded.
        let _ = open_request(&self.config, &self.endpoint, token, &offered, &key, head);
        let response = ResponseReader::new(self.config.link.handshake, &key, &offered);
        self.response = Some(match self.config.link.deflate {
            Some(config) => response.with_deflate(config),
            None => response,
        });
        self.deadline = now.mono + self.config.link.patience.handshake;
        self.go(ClientPhase::Handshake, ClientInput::Dialed);
    }

    /// The transport speaks WebSocket itself and is open, with this subprotocol if the server chose
    /// one: from now on whole messages come ([`handle_message`](Self::handle_message)) and leave
    /// ([`poll_message`](Self::poll_message)), never bytes. Whether the token is good any more is
    /// for the server to say: it has seen it.
    pub fn handle_opened(&mut self, now: Now, subprotocol: Option<&str>) {
        self.now = now;
        if self.phase == ClientPhase::Dial {
            if !self.negotiation.handle_taken(now.mono, subprotocol) {
                return self.lose(no_dialect(), Rows::DIAL, true);
            }
            self.connection.output.speak_messages();
            self.open(subprotocol.map(str::to_owned), ClientInput::Opened);
        }
    }

    /// The transport could not be made.
    pub fn handle_dial_failed<'a>(&mut self, now: Now, failed: impl Into<DialFailed<'a>>) {
        self.now = now;
        if self.phase != ClientPhase::Dial {
            return;
        }
        let failed = failed.into();
        match failed {
            DialFailed::Answered { status, .. } => self.negotiation.handle_refused(status),
            DialFailed::Unexplained { .. } => self.negotiation.handle_unexplained(),
            DialFailed::Unanswered { .. } => {}
        }
        if let DialFailed::Answered { retry_after: Some(after), .. } = failed {
            self.hint(after);
        }
        let cause = failed.cause(self.tokens.last());
        self.lose(End::without_code(failed.class(), cause), Rows::DIAL, false);
    }

    /// Bytes of the transport.
    ///
    /// # Errors
    ///
    /// [`NotDrained`] if the events were not polled for more than a megabyte; nothing was taken.
    pub fn handle_bytes(&mut self, now: Now, bytes: &[u8]) -> Result<(), NotDrained> {
        self.now = now;
        match self.phase {
            // An empty read shows nothing of the peer: it does not count as traffic.
            _ if bytes.is_empty() => Ok(()),
            ClientPhase::Handshake => self.read_answer(bytes),
            ClientPhase::Open | ClientPhase::Closing => {
                self.active = now.mono;
                self.connection.handle_bytes(&self.config.link, now, bytes)
            }
            _ => Ok(()),
        }
    }

    /// A whole message of a transport that speaks WebSocket itself.
    ///
    /// # Errors
    ///
    /// As [`handle_bytes`](Self::handle_bytes).
    pub fn handle_message(&mut self, now: Now, message: Incoming<'_>) -> Result<(), NotDrained> {
        self.now = now;
        if !matches!(self.phase, ClientPhase::Open | ClientPhase::Closing) {
            return Ok(());
        }
        self.active = now.mono;
        self.connection.handle_message(&self.config.link, now, message)
    }

    /// Whether a text of this length that came now, whole, would be the next event.
    #[inline]
    pub(crate) fn takes_next(&self, length: usize) -> bool {
        self.phase == ClientPhase::Open
            && self.notes.is_empty()
            && self.connection.takes_next(length)
    }

    /// In the place of [`handle_message`](Self::handle_message), for a text that the host lends and
    /// that [is next](Self::takes_next).
    #[inline]
    pub(crate) fn handle_lent(&mut self, now: Now) {
        (self.now, self.active) = (now, now.mono);
        self.connection.handle_lent(&self.config.link, now);
    }

    /// The transport ended, in either direction or with an error.
    pub fn handle_closed(&mut self, now: Now) {
        self.now = now;
        if self.end_answer(false) {
            return;
        }
        if matches!(
            self.phase,
            ClientPhase::Dial | ClientPhase::Handshake | ClientPhase::Open | ClientPhase::Closing
        ) {
            let end = End::without_code(CloseClass::Network, Cause::Transport);
            let end = self.connection.abandon(end);
            self.lose(end, Rows::one(ClientInput::TransportClosed), false);
        }
    }

    /// The clock moved on.
    pub fn handle_timeout(&mut self, now: Now) {
        self.now = now;
        if self.phase == ClientPhase::Open {
            return self.open_timeout();
        }
        if now.mono < self.deadline {
            return;
        }
        let late = |reason| End::without_code(CloseClass::Timeout, Cause::Timeout(reason));
        let rows = Rows::one(ClientInput::Deadline);
        match self.phase {
            ClientPhase::Token => {
                self.tokens.fail(now);
                let cause = Cause::Token(TokenError::Unavailable);
                self.lose(End::without_code(CloseClass::Timeout, cause), rows, false);
            }
            ClientPhase::Dial => self.lose(late(TimerReason::Dial), rows, true),
            ClientPhase::Handshake => {
                if !self.end_answer(true) {
                    self.lose(late(TimerReason::Handshake), rows, true);
                }
            }
            ClientPhase::Closing => self.lose(late(TimerReason::CloseHandshake), rows, true),
            ClientPhase::Waiting => {
                self.begin(ClientInput::Deadline, ClientInput::DeadlineNoToken);
            }
            ClientPhase::Idle | ClientPhase::Stopped | ClientPhase::Open => {}
        }
    }

    /// The device woke up, or the app came to the front: an open link is probed at once, and a
    /// waiting one dials at once unless the peer told it to wait.
    pub fn wake(&mut self, now: Now) {
        self.now = now;
        match self.phase {
            ClientPhase::Open => {
                self.connection.probe(&self.config.link, now);
                self.renew_token();
            }
            ClientPhase::Waiting if !self.held_back => {
                self.begin(ClientInput::Wake, ClientInput::WakeNoToken);
            }
            _ => {}
        }
    }

    /// The device has another network than before: as [`wake`](Self::wake).
    pub fn network_changed(&mut self, now: Now) {
        self.wake(now);
    }

    /// The server's welcome came: the time after which the backoff is reset begins.
    pub fn welcomed(&mut self, now: Now) {
        self.now = now;
        if self.phase == ClientPhase::Open && self.welcome.take().is_some() {
            self.proven = Some(now.mono + self.config.proven);
        }
    }

    /// The peer said when to come back (`retry_after`), should this link end before that time.
    pub fn retry_after(&mut self, now: Now, after: Duration) {
        self.now = now;
        if self.phase == ClientPhase::Open {
            self.hint(after);
        }
    }

    /// The peer has sent `going_away`, with the time to come back. A close of the protocol's own
    /// that follows means the same, whatever its code; and if none follows, this end closes the
    /// link soon after that time.
    pub fn going_away(&mut self, now: Now, after: Option<Duration>) {
        self.now = now;
        if self.phase != ClientPhase::Open {
            return;
        }
        if let Some(after) = after {
            self.hint(after);
        }
        let backoff = &self.config.backoff;
        let after = after.unwrap_or(backoff.slow).min(backoff.longest_hint);
        self.leaving = Some(now.mono + after + self.config.link.patience.close);
    }

    /// Sends a text message.
    ///
    /// # Errors
    ///
    /// [`LinkSendError`]: the message was not taken. Under [`Overflow::Close`] a full outbox ends
    /// the link.
    pub fn send_text(&mut self, now: Now, text: &str) -> Result<(), LinkSendError> {
        self.send_shared(now, text.as_bytes().into())
    }

    /// Sends a text message that others hold too: its bytes, which are UTF-8.
    pub(crate) fn send_shared(&mut self, now: Now, text: Arc<[u8]>) -> Result<(), LinkSendError> {
        self.now = now;
        if self.phase != ClientPhase::Open {
            return Err(LinkSendError::NotOpen);
        }
        let sent = self.connection.output.send(text, &self.config.link.outbox);
        if sent.is_err() && self.config.link.outbox.overflow == Overflow::Close {
            let mut end = End::without_code(CloseClass::Network, Cause::Overflow);
            end.unsent = self.connection.output.drop_messages();
            self.lose(end, Rows::one(ClientInput::SendOverflow), true);
        }
        sent
    }

    /// The next event. Drain them after every input.
    pub fn poll_event(&mut self) -> Option<ClientLinkEvent<'_>> {
        let unlent = self.poll_unlent()?;
        self.lend(unlent)
    }

    /// The first half of [`poll_event`](Self::poll_event): advances, and borrows nothing.
    #[inline]
    pub(crate) fn poll_unlent(&mut self) -> Option<ClientLinkUnlent> {
        loop {
            if !self.notes.is_empty() {
                return Some(ClientLinkUnlent::Note);
            }
            if !matches!(self.phase, ClientPhase::Open | ClientPhase::Closing) {
                break;
            }
            let Some(arrival) = self.connection.poll_arrival(None) else { break };
            match arrival {
                Arrival::Text(item) => return Some(ClientLinkUnlent::Text(item)),
                Arrival::Binary(item) => return Some(ClientLinkUnlent::Binary(item)),
                Arrival::Close(item) => {
                    let end = self.connection.peer_closed(item);
                    self.lose(end, Rows::CLOSE, true);
                }
                Arrival::Failed(error) => {
                    self.notes.push(Note::Failed(error));
                    self.fail(End::of_frame(error), Rows::BROKEN);
                }
                Arrival::NotUtf8 => {
                    self.fail(End::of_frame(FrameError::TextNotUtf8), Rows::BROKEN);
                }
            }
        }
        let policy = self.config.link.outbox.overflow;
        self.connection.output.take_overflow(policy).map(ClientLinkUnlent::Overflowed)
    }

    /// The second half of [`poll_event`](Self::poll_event): the event itself.
    pub(crate) fn lend(&mut self, unlent: ClientLinkUnlent) -> Option<ClientLinkEvent<'_>> {
        Some(match unlent {
            ClientLinkUnlent::Text(item) => match self.connection.text(item, None) {
                Ok(text) => ClientLinkEvent::Text(text),
                Err(error) => ClientLinkEvent::Failed(error),
            },
            ClientLinkUnlent::Binary(item) => ClientLinkEvent::Binary(self.connection.bytes(item)),
            ClientLinkUnlent::Overflowed(overflowed) => ClientLinkEvent::Overflowed(overflowed),
            ClientLinkUnlent::Note => {
                let subprotocol = self.negotiation.offers().then_some(SUBPROTOCOL);
                let token = self.tokens.last().filter(|_| subprotocol.is_none());
                let endpoint = &self.endpoint;
                self.notes.lend(Dial { attempt: self.attempt, endpoint, token, subprotocol })?
            }
        })
    }

    /// The text of a [`ClientLinkUnlent::Text`]; if it is not UTF-8, the next event fails the link.
    #[inline]
    pub(crate) fn text(&mut self, item: Item) -> Result<&str, FrameError> {
        self.connection.text(item, None)
    }

    /// What a transport that speaks WebSocket itself is to do next; a text or a reason is appended
    /// to `out`. Call it until it has no more. [`ClientLinkEvent::CloseTransport`] says when to
    /// drop the transport.
    pub fn poll_message(&mut self, out: &mut Vec<u8>) -> Option<Outgoing> {
        self.say_heartbeat();
        let outgoing = self.connection.output.poll_message(out)?;
        self.active = self.now.mono;
        Some(outgoing)
    }

    /// Appends what is to be written. Call it again after writing, as long as it says `more`.
    pub fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Transmit {
        self.transmit(out)
    }

    /// As [`poll_transmit`](Self::poll_transmit), without copying large frames.
    pub fn poll_transmit_vectored(&mut self, out: &mut Gather) -> Transmit {
        self.transmit(out)
    }

    pub(crate) fn transmit(&mut self, out: &mut impl Sink) -> Transmit {
        self.say_heartbeat();
        let mut transmit = self.connection.output.transmit(out, None);
        if transmit.written > 0 {
            self.active = self.now.mono;
        }
        transmit.close_transport = self.phase.state() == State::Closed && !transmit.more;
        transmit
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), and why.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let reason = match self.phase {
            ClientPhase::Idle | ClientPhase::Stopped => return None,
            ClientPhase::Open => return Some(self.open_deadline()),
            ClientPhase::Token => TimerReason::TokenRenewal,
            ClientPhase::Dial => TimerReason::Dial,
            ClientPhase::Handshake => TimerReason::Handshake,
            ClientPhase::Closing => TimerReason::CloseHandshake,
            ClientPhase::Waiting => TimerReason::Backoff,
        };
        Some(Deadline::new(self.deadline, reason))
    }

    /// The peer has answered a ping: how long that took, if it is known.
    pub(crate) fn ponged(&mut self, now: Now) -> Option<Duration> {
        self.connection.output.ponged(now.mono)
    }

    /// Pings and pongs since the last call.
    #[inline]
    pub(crate) fn take_pings(&mut self) -> PingCounts {
        self.connection.output.take_pings()
    }

    /// The published state.
    pub fn state(&self) -> State {
        self.phase.state()
    }

    /// The phase behind the state.
    #[cfg(test)]
    pub(super) fn phase(&self) -> ClientPhase {
        self.phase
    }

    /// Whether the peer of the open link has said that it goes away.
    pub(crate) fn is_leaving(&self) -> bool {
        self.phase == ClientPhase::Open && self.leaving.is_some()
    }

    /// Whether the open link was welcomed.
    pub fn is_welcomed(&self) -> bool {
        self.phase == ClientPhase::Open && self.welcome.is_none()
    }

    /// The subprotocol that the server chose.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// Where the link leads.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Bytes of messages that wait to be written.
    pub fn queued(&self) -> usize {
        self.connection.output.queued()
    }
}

/// The subprotocols that the host offers.
fn subprotocols(config: &ClientLinkConfig) -> Vec<&str> {
    config.subprotocols.iter().map(String::as_str).collect()
}
