//! One accepted connection.

mod close_codes;
pub(crate) mod early;
mod opening_request;

pub(crate) use self::close_codes::{ServerClose, TooMany};

use core::mem;
use core::time::Duration;
use std::sync::Arc;

use self::opening_request::Opening;
use super::cause::Cause;
use super::class::CloseClass;
use super::config::{LinkConfig, Overflow};
use super::connection::{Arrival, Connection, End};
use super::event::{AnswerError, Closed, LinkEvent, LinkSendError, Overflowed, Transmit};
use super::gather::{Gather, Sink};
use super::pings::PingCounts;
use super::state::{Cell, ServerInput, ServerPhase, State};
use crate::frame::handshake::{HandshakeError, Request, accept, reject, respond};
use crate::frame::{
    Agreement, CloseCode, DeflatePool, FrameError, Incoming, Item, NotDrained, Outgoing, Role,
    Writer,
};
use crate::seed::Seed;
use crate::time::{Deadline, Mono, Now, TimerReason};

/// A server's end of one connection, from the first byte of the opening request to the end.
///
/// Give it bytes, the end of the transport and the time; after every input drain
/// [`poll_event`](Self::poll_event), then [`poll_transmit`](Self::poll_transmit), then look at
/// [`poll_timeout`](Self::poll_timeout). However the link ends, [`LinkEvent::Closed`] comes
/// exactly once and is the last event.
#[derive(Debug)]
pub struct ServerLink {
    config: Arc<LinkConfig>,
    connection: Connection,
    opening: Option<Box<Opening>>,
    /// How it has ended.
    end: Option<Box<End>>,
    /// The end of the handshake, opening or closing; in between, when to send the follow-up.
    deadline: Mono,
    /// How much earlier than the interval this link's first ping goes out, in microseconds.
    jitter: u32,
    phase: ServerPhase,
    /// The event of the end was not polled yet.
    untold: bool,
}

/// How long after the 101 two bytes more follow, a pong that nobody asked for (RFC 6455 section
/// 5.5.3). Some clients and proxies look at frames that came in one segment with the 101 only when
/// more bytes come: without it they would see the welcome at the first ping.
const FOLLOW_UP: Duration = Duration::from_millis(100);
const NEVER: Mono = Mono::from_nanos(u64::MAX);

/// A [`LinkEvent`] that lends nothing yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkUnlent {
    Request,
    Text(Item),
    Binary(Item),
    Overflowed(Overflowed),
    Failed(FrameError),
    Closed,
}

impl ServerLink {
    /// The link of a transport that was accepted at `now`. `seed` spreads the first pings.
    pub fn new(config: &Arc<LinkConfig>, seed: Seed, now: Now) -> Self {
        let spread = (config.heartbeat.interval / 4).min(Duration::from_secs(3_600));
        let jitter = seed.into_random().up_to(spread).as_micros();
        Self {
            connection: Connection::new(Role::Server, config, Writer::server(), now.mono),
            opening: Some(Box::new(Opening::new(config.handshake))),
            end: None,
            deadline: now.mono + config.patience.handshake,
            jitter: u32::try_from(jitter).unwrap_or(u32::MAX),
            phase: ServerPhase::Head,
            untold: false,
            config: Arc::clone(config),
        }
    }

    /// The link of a transport that speaks WebSocket itself and is open at `now`: it takes whole
    /// messages ([`handle_message`](Self::handle_message)) and gives them
    /// ([`poll_message`](Self::poll_message)), never bytes.
    pub fn opened(config: &Arc<LinkConfig>, seed: Seed, now: Now) -> Self {
        let mut link = Self::new(config, seed, now);
        link.opening = None;
        link.phase = ServerPhase::Open;
        link.deadline = NEVER;
        link.start_heartbeat(now);
        link
    }

    /// Bytes of the transport.
    ///
    /// # Errors
    ///
    /// [`NotDrained`] if the events were not polled for more than a megabyte; nothing was taken.
    pub fn handle_bytes(&mut self, now: Now, bytes: &[u8]) -> Result<(), NotDrained> {
        match self.phase {
            // An empty read shows nothing of the peer: it does not count as traffic.
            _ if bytes.is_empty() => Ok(()),
            ServerPhase::Open | ServerPhase::Closing => {
                self.connection.handle_bytes(&self.config, now, bytes)
            }
            ServerPhase::Head => {
                self.read_head(bytes);
                Ok(())
            }
            ServerPhase::Asked => {
                self.keep_early(bytes);
                Ok(())
            }
            ServerPhase::Closed => Ok(()),
        }
    }

    /// A whole message of the transport of a link that was [`opened`](Self::opened).
    ///
    /// # Errors
    ///
    /// As [`handle_bytes`](Self::handle_bytes).
    pub fn handle_message(&mut self, now: Now, message: Incoming<'_>) -> Result<(), NotDrained> {
        if !matches!(self.phase, ServerPhase::Open | ServerPhase::Closing) {
            return Ok(());
        }
        self.connection.handle_message(&self.config, now, message)
    }

    /// Whether a text of this length that came now, whole, would be the next event.
    #[inline]
    pub(crate) fn takes_next(&self, length: usize) -> bool {
        self.phase == ServerPhase::Open
            && self.opening.is_none()
            && self.connection.takes_next(length)
    }

    /// In the place of [`handle_message`](Self::handle_message), for a text that the host lends and
    /// that [is next](Self::takes_next).
    #[inline]
    pub(crate) fn handle_lent(&mut self, now: Now) {
        self.connection.handle_lent(&self.config, now);
    }

    /// The transport ended, in either direction or with an error.
    pub fn handle_closed(&mut self, _now: Now) {
        if self.phase == ServerPhase::Closed {
            return;
        }
        let end = End::without_code(CloseClass::Network, Cause::Transport);
        let end = self.connection.abandon(end);
        self.finish(end, ServerInput::TransportClosed);
    }

    /// The clock moved on.
    pub fn handle_timeout(&mut self, now: Now) {
        self.timeout(now, None);
    }

    pub(crate) fn timeout(&mut self, now: Now, pool: Option<&mut DeflatePool>) {
        match self.phase {
            ServerPhase::Open => {
                if now.mono >= self.deadline {
                    self.deadline = NEVER;
                    self.connection.output.send_follow_up();
                }
                if !self.connection.keep_alive(&self.config, now, pool) {
                    let cause = Cause::Timeout(TimerReason::Liveness);
                    self.fail(end(ServerClose::NoLife, cause), ServerInput::Deadline);
                }
            }
            _ if self.phase == ServerPhase::Closed || now.mono < self.deadline => {}
            ServerPhase::Head => self.time_out(408, TimerReason::Handshake),
            ServerPhase::Asked => self.time_out(503, TimerReason::Handshake),
            _ => {
                let end = End::without_code(CloseClass::Timeout, Cause::Host);
                let end = self.connection.abandon(end);
                self.finish(end, ServerInput::Deadline);
            }
        }
    }

    /// Accepts the opening request, with a subprotocol that it offers or none, and with compression
    /// if it is offered and [configured](LinkConfig::deflate).
    ///
    /// # Errors
    ///
    /// [`AnswerError`]; the link has not changed.
    pub fn accept(&mut self, now: Now, subprotocol: Option<&str>) -> Result<(), AnswerError> {
        let request = self.asked()?;
        let config = self.config.deflate;
        let agreed = config.as_ref().and_then(|config| Agreement::choose(config, request));
        let mut head = Vec::new();
        accept(request, subprotocol, agreed, &mut head)?;
        self.connection.output.head().append(&mut head);
        if let (Some(config), Some(agreed)) = (&config, agreed) {
            self.connection.deflate(config, agreed);
        }
        self.opening = None;
        self.start_heartbeat(now);
        self.deadline = now.mono + FOLLOW_UP;
        self.go(ServerPhase::Open, ServerInput::Accept);
        Ok(())
    }

    /// Answers the opening request with an HTTP status and plain text, and ends the link.
    ///
    /// # Errors
    ///
    /// [`AnswerError`]; the link has not changed.
    pub fn reject(&mut self, _now: Now, status: u16, body: &str) -> Result<(), AnswerError> {
        self.asked()?;
        reject(status, body, self.connection.output.head())?;
        self.finish(rejected(status), ServerInput::Reject);
        Ok(())
    }

    /// Answers a plain HTTP request with headers and a body, and ends the link. A HEAD request gets
    /// the same head and no body.
    ///
    /// # Errors
    ///
    /// [`AnswerError`]; the link has not changed.
    pub fn respond(
        &mut self,
        _now: Now,
        status: u16,
        headers: &[(&'static str, &str)],
        body: &[u8],
    ) -> Result<(), AnswerError> {
        self.asked()?;
        respond(status, headers, body, self.connection.output.head())?;
        self.finish(rejected(status), ServerInput::Reject);
        Ok(())
    }

    /// Sends a text message.
    ///
    /// # Errors
    ///
    /// [`LinkSendError`]: the message was not taken. Under [`Overflow::Close`] a full outbox closes
    /// the link.
    pub fn send_text(&mut self, now: Now, text: &str) -> Result<(), LinkSendError> {
        self.send_shared(now, text.as_bytes().into())
    }

    /// Sends a text message that was encoded once and is held by many links: its bytes, which are
    /// UTF-8.
    ///
    /// # Errors
    ///
    /// As [`send_text`](Self::send_text).
    pub fn send_shared(&mut self, now: Now, text: Arc<[u8]>) -> Result<(), LinkSendError> {
        if self.phase != ServerPhase::Open {
            return Err(LinkSendError::NotOpen);
        }
        let sent = self.connection.output.send(text, &self.config.outbox);
        self.close_if_too_slow(now, sent)
    }

    /// Whether a text of this length may wait beside what waits already.
    pub(crate) fn has_room(&self, text: usize) -> bool {
        self.connection.output.has_room(text, &self.config.outbox)
    }

    /// Queues a text whatever waits: the host has kept it within bounds of its own.
    pub(crate) fn send_anyway(&mut self, text: Arc<[u8]>) {
        if self.phase == ServerPhase::Open {
            self.connection.output.send_anyway(text);
        }
    }

    /// Closes: what was sent goes out, then the close frame, then the peer has its time to answer.
    /// Before the link is open the opening request is answered with 503. Later: no effect.
    pub fn close(&mut self, now: Now, code: CloseCode, reason: &str) {
        match self.phase {
            ServerPhase::Head | ServerPhase::Asked => {
                let _ = reject(503, reason, self.connection.output.head());
                self.finish(End::new(code, reason, Cause::Host), ServerInput::Close);
            }
            ServerPhase::Open => {
                let end = End::new(code, reason, Cause::Host);
                self.begin_closing(now, end, ServerInput::Close);
            }
            ServerPhase::Closing | ServerPhase::Closed => {}
        }
    }

    /// The next event. Drain them after every input.
    pub fn poll_event(&mut self) -> Option<LinkEvent<'_>> {
        Some(match self.poll_unlent(None)? {
            LinkUnlent::Text(item) => match self.connection.text(item, None) {
                Ok(text) => LinkEvent::Text(text),
                Err(error) => LinkEvent::Failed(error),
            },
            LinkUnlent::Request => LinkEvent::Request(self.request()?),
            LinkUnlent::Binary(item) => LinkEvent::Binary(self.bytes(item)),
            LinkUnlent::Overflowed(overflowed) => LinkEvent::Overflowed(overflowed),
            LinkUnlent::Failed(error) => LinkEvent::Failed(error),
            LinkUnlent::Closed => LinkEvent::Closed(self.closed()?),
        })
    }

    /// The first half of [`poll_event`](Self::poll_event): moves on, lends nothing. A hub has a
    /// pool for all its links; a link on its own has none.
    #[inline]
    pub(crate) fn poll_unlent(&mut self, mut pool: Option<&mut DeflatePool>) -> Option<LinkUnlent> {
        if let Some(opening) = &mut self.opening
            && opening.take_untold()
        {
            return Some(LinkUnlent::Request);
        }
        while matches!(self.phase, ServerPhase::Open | ServerPhase::Closing)
            && let Some(arrival) = self.connection.poll_arrival(pool.as_deref_mut())
        {
            match arrival {
                Arrival::Text(item) => return Some(LinkUnlent::Text(item)),
                Arrival::Binary(item) => return Some(LinkUnlent::Binary(item)),
                Arrival::Close(item) => {
                    let end = self.connection.peer_closed(item);
                    self.finish(end, ServerInput::PeerClose);
                }
                Arrival::Failed(error) => {
                    self.fail_frame(error);
                    return Some(LinkUnlent::Failed(error));
                }
                Arrival::NotUtf8 => self.fail_frame(FrameError::TextNotUtf8),
            }
        }
        let policy = self.config.outbox.overflow;
        if let Some(overflowed) = self.connection.output.take_overflow(policy) {
            return Some(LinkUnlent::Overflowed(overflowed));
        }
        mem::take(&mut self.untold).then_some(LinkUnlent::Closed)
    }

    /// The text of a [`LinkUnlent::Text`]; if it is not UTF-8, the next event fails the link.
    #[inline]
    pub(crate) fn text<'a>(
        &'a mut self,
        item: Item,
        pool: Option<&'a DeflatePool>,
    ) -> Result<&'a str, FrameError> {
        self.connection.text(item, pool)
    }

    /// The bytes of a [`LinkUnlent::Binary`].
    pub(crate) fn bytes(&self, item: Item) -> &[u8] {
        self.connection.bytes(item)
    }

    /// Appends what is to be written. Call it again after writing, as long as it says `more`.
    pub fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Transmit {
        self.transmit(out, None)
    }

    /// As [`poll_transmit`](Self::poll_transmit), without copying large frames.
    pub fn poll_transmit_vectored(&mut self, out: &mut Gather) -> Transmit {
        self.transmit(out, None)
    }

    pub(crate) fn transmit(
        &mut self,
        out: &mut impl Sink,
        pool: Option<&mut DeflatePool>,
    ) -> Transmit {
        let mut transmit = self.connection.output.transmit(out, pool);
        transmit.close_transport = self.phase == ServerPhase::Closed && !transmit.more;
        transmit
    }

    /// What the transport of a link that was [`opened`](Self::opened) is to do next; a text or a
    /// reason is appended to `out`. Call it until it has no more. [`Outgoing::CloseTransport`] is
    /// the last and comes again at each call.
    pub fn poll_message(&mut self, out: &mut Vec<u8>) -> Option<Outgoing> {
        let close_transport = self.phase == ServerPhase::Closed;
        self.connection
            .output
            .poll_message(out)
            .or_else(|| close_transport.then_some(Outgoing::CloseTransport))
    }

    /// Whether [`poll_transmit`](Self::poll_transmit) has something to say: bytes to write, or that
    /// the transport is to be dropped.
    pub(crate) fn wants_transmit(&self) -> bool {
        self.phase == ServerPhase::Closed || self.connection.output.has_output()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), and why.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        match self.phase {
            ServerPhase::Head | ServerPhase::Asked => {
                Some(Deadline::new(self.deadline, TimerReason::Handshake))
            }
            ServerPhase::Open => {
                let follow_up = Deadline::new(self.deadline, TimerReason::Handshake);
                let follow_up = Some(follow_up).filter(|it| it.at < NEVER);
                Deadline::earlier(follow_up, Some(self.connection.poll_timeout()))
            }
            ServerPhase::Closing => Some(Deadline::new(self.deadline, TimerReason::CloseHandshake)),
            ServerPhase::Closed => None,
        }
    }

    /// The published state.
    pub fn state(&self) -> State {
        self.phase.state()
    }

    /// The phase behind the state.
    #[cfg(test)]
    pub(super) fn phase(&self) -> ServerPhase {
        self.phase
    }

    /// Whether messages can be sent.
    pub(crate) fn is_open(&self) -> bool {
        self.phase == ServerPhase::Open
    }

    /// The opening request, until it is answered.
    pub(crate) fn request(&self) -> Option<&Request> {
        self.opening.as_ref()?.request()
    }

    /// How the link ended, once it has.
    pub(crate) fn closed(&self) -> Option<Closed<'_>> {
        self.end.as_ref().map(|end| end.closed())
    }

    /// The peer has answered a ping: how long that took, if it is known.
    pub(crate) fn ponged(&mut self, now: Now) -> Option<Duration> {
        self.connection.output.ponged(now.mono)
    }

    /// Whether it wants to ping its peer: for who has a ping of its own dialect. Without the call it
    /// is a `ping` of `pam`.
    pub(crate) fn take_ping(&mut self) -> bool {
        self.connection.output.take_ping()
    }

    /// Pings and pongs since the last call.
    #[inline]
    pub(crate) fn take_pings(&mut self) -> PingCounts {
        self.connection.output.take_pings()
    }

    /// Bytes on the heap that the link holds, shared frames not counted.
    pub fn memory(&self) -> usize {
        let opening = self.opening.as_ref().map_or(0, |opening| opening.memory());
        let end = self.end.as_ref().map_or(0, |end| size_of::<End>() + end.reason.len());
        opening + end + self.connection.memory()
    }

    /// Bytes of messages that wait to be written.
    pub fn queued(&self) -> usize {
        self.connection.output.queued()
    }

    /// Bytes that came and were not read yet, or wait for the rest of their message.
    pub(crate) fn unread(&self) -> usize {
        self.connection.unread()
    }

    /// Gives buffers back that hold nothing. The link does so itself at every heartbeat.
    pub fn release(&mut self) {
        self.connection.release(None);
    }

    fn start_heartbeat(&mut self, now: Now) {
        let started =
            Mono::from_nanos(now.mono.as_nanos().saturating_sub(u64::from(self.jitter) * 1_000));
        self.connection.start_heartbeat(&self.config, started);
    }

    fn asked(&self) -> Result<&Request, AnswerError> {
        if self.phase != ServerPhase::Asked {
            return Err(AnswerError::NoRequest);
        }
        self.request().ok_or(AnswerError::NoRequest)
    }

    fn read_head(&mut self, bytes: &[u8]) {
        let Some(opening) = &mut self.opening else { return };
        match opening.handle_bytes(bytes) {
            Ok(None) => {}
            Ok(Some(taken)) => {
                self.go(ServerPhase::Asked, ServerInput::Request);
                self.keep_early(&bytes[taken..]);
            }
            Err(error) => self.fail_head(error, ServerInput::BadRequest),
        }
    }

    /// Frames that a hasty client sends before it has its answer.
    fn keep_early(&mut self, bytes: &[u8]) {
        if early::is_flood(self.unread(), bytes.len())
            || self.connection.handle_early(bytes).is_err()
        {
            let error = HandshakeError::HeadTooLarge { limit: early::MAX_EARLY };
            self.fail_head(error, ServerInput::EarlyFlood);
        }
    }

    fn fail_head(&mut self, error: HandshakeError, input: ServerInput) {
        let status = error.status();
        let _ = reject(status, &error.to_string(), self.connection.output.head());
        self.finish(End::without_code(CloseClass::Protocol, Cause::Handshake(error)), input);
    }

    fn time_out(&mut self, status: u16, reason: TimerReason) {
        let _ = reject(status, "", self.connection.output.head());
        let end = End::without_code(CloseClass::Timeout, Cause::Timeout(reason));
        self.finish(end, ServerInput::Deadline);
    }

    /// A peer whose outbox is full does not read: closes the link, if that is the policy.
    fn close_if_too_slow(
        &mut self,
        now: Now,
        sent: Result<(), LinkSendError>,
    ) -> Result<(), LinkSendError> {
        if sent.is_err() && self.config.outbox.overflow == Overflow::Close {
            let mut end = end(ServerClose::TooSlow, Cause::Overflow);
            end.unsent = self.connection.output.drop_messages();
            self.begin_closing(now, end, ServerInput::SendOverflow);
        }
        sent
    }

    fn fail_frame(&mut self, error: FrameError) {
        let why = ServerClose::Frame(error, &error.to_string());
        self.fail(end(why, Cause::Frame(error)), ServerInput::BadFrame);
    }

    fn fail(&mut self, end: End, input: ServerInput) {
        let end = self.connection.fail(end);
        self.finish(end, input);
    }

    fn begin_closing(&mut self, now: Now, end: End, input: ServerInput) {
        self.deadline = now.mono + self.config.patience.close;
        self.connection.close(end);
        self.connection.skim();
        self.go(ServerPhase::Closing, input);
    }

    /// The one way to the end.
    fn finish(&mut self, end: End, input: ServerInput) {
        if self.opening.take().is_some_and(|opening| opening.is_head()) {
            self.connection.output.strip_body();
        }
        self.connection.stop_reading(Role::Server, &self.config);
        self.end = Some(Box::new(self.connection.end(end)));
        self.untold = true;
        self.go(ServerPhase::Closed, input);
    }

    fn go(&mut self, phase: ServerPhase, input: ServerInput) {
        debug_assert_eq!(input.cell(self.phase), Cell::To(phase), "{input} in {:?}", self.phase);
        self.phase = phase;
    }
}

/// The end that a server chose.
fn end(why: ServerClose<'_>, cause: Cause) -> End {
    End::new(why.code(), why.reason(), cause).of_class(why.class())
}

fn rejected(status: u16) -> End {
    let class = if status < 300 { CloseClass::Normal } else { CloseClass::of_http_status(status) };
    End::without_code(class, Cause::Rejected { status })
}

#[cfg(test)]
mod tests;
