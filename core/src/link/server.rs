//! One accepted connection.

use core::time::Duration;
use std::sync::Arc;

use super::class::Class;
use super::event::{
    AnswerError, Cause, Closed, OutboxConfig, Overflow, Overflowed, Patience, SendError, Transmit,
};
use super::heartbeat::{Beat, Heartbeat, HeartbeatConfig};
use super::state::{Cell, ServerInput, ServerPhase, State};
use super::wire::{End, Wire};
use crate::frame::handshake::{
    HandshakeConfig, HandshakeError, Request, RequestReader, accept, reject, respond,
};
use crate::frame::{CloseCode, FrameConfig, FrameError, Item, ItemKind, NotDrained, Role, Writer};
use crate::seed::Seed;
use crate::time::{Deadline, Mono, Now, TimerReason};

/// Early bytes that may wait for the host's answer to the opening request.
const MAX_EARLY: usize = 16 * 1_024;

/// The bounds and times of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkConfig {
    /// The opening handshake.
    pub handshake: HandshakeConfig,
    /// Frames and messages.
    pub frames: FrameConfig,
    /// Liveness.
    pub heartbeat: HeartbeatConfig,
    /// What waits to be written.
    pub outbox: OutboxConfig,
    /// Handshakes.
    pub patience: Patience,
}

impl LinkConfig {
    /// The defaults of a server: it pings every interval, closes on peers that do not read, and
    /// keeps no more than 1 KiB of buffer for an idle link.
    pub fn server() -> Self {
        let mut config = Self::client();
        config.heartbeat.always = true;
        config.outbox.overflow = Overflow::Close;
        config.frames.retain = 1_024;
        config
    }

    /// The defaults of a client: it pings a quiet server and refuses what does not fit.
    pub fn client() -> Self {
        Self {
            handshake: HandshakeConfig::default(),
            frames: FrameConfig::default(),
            heartbeat: HeartbeatConfig::default(),
            outbox: OutboxConfig { max_bytes: 256 * 1_024, overflow: Overflow::Reject },
            patience: Patience::default(),
        }
    }
}

impl Default for LinkConfig {
    /// As [`LinkConfig::server`].
    fn default() -> Self {
        Self::server()
    }
}

/// A server's end of one connection, from the first byte of the opening request to the end.
///
/// Give it bytes, the end of the transport and the time; after every input drain
/// [`poll_event`](Self::poll_event), then [`poll_transmit`](Self::poll_transmit), then look at
/// [`poll_timeout`](Self::poll_timeout). However the link ends, [`LinkEvent::Closed`] comes
/// exactly once and is the last event.
#[derive(Debug)]
pub struct ServerLink {
    config: Arc<LinkConfig>,
    wire: Wire,
    opening: Option<Box<Opening>>,
    end: Option<Box<End>>,
    heartbeat: Heartbeat,
    /// The end of the handshake, opening or closing.
    deadline: Mono,
    /// How much earlier than the interval this link's first ping goes out, in microseconds.
    jitter: u32,
    phase: ServerPhase,
    /// The end was not told yet.
    untold: bool,
    /// A text turned out not to be UTF-8 while it was lent.
    not_utf8: bool,
}

#[derive(Debug)]
struct Opening {
    reader: RequestReader,
    request: Option<Request>,
    untold: bool,
}

/// What a server's link tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LinkEvent<'a> {
    /// The opening request, upgrade or plain HTTP: answer with `accept`, `reject` or `respond`.
    Request(&'a Request),
    /// A text message.
    Text(&'a str),
    /// A binary message.
    Binary(&'a [u8]),
    /// The outbox was full.
    Overflowed(Overflowed),
    /// The peer broke the protocol; the end follows.
    Failed(FrameError),
    /// The link is over. Comes once.
    Closed(Closed<'a>),
}

/// A [`LinkEvent`] that lends nothing yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
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
            wire: Wire::new(Role::Server, config.frames, Writer::server()),
            opening: Some(Box::new(Opening {
                reader: RequestReader::new(config.handshake),
                request: None,
                untold: false,
            })),
            end: None,
            heartbeat: Heartbeat::new(&config.heartbeat, now.mono),
            deadline: now.mono + config.patience.handshake,
            jitter: u32::try_from(jitter).unwrap_or(u32::MAX),
            phase: ServerPhase::Head,
            untold: false,
            not_utf8: false,
            config: Arc::clone(config),
        }
    }

    /// Bytes of the transport.
    ///
    /// # Errors
    ///
    /// [`NotDrained`] if the events were not polled for more than a megabyte; nothing was taken.
    pub fn handle_bytes(&mut self, now: Now, bytes: &[u8]) -> Result<(), NotDrained> {
        match self.phase {
            ServerPhase::Open | ServerPhase::Closing => {
                self.heartbeat.heard(&self.config.heartbeat, now.mono);
                self.wire.reader.handle_bytes(bytes)
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

    /// The transport ended, in either direction or with an error.
    pub fn handle_closed(&mut self, _now: Now) {
        if self.phase == ServerPhase::Closed {
            return;
        }
        let unsent = self.wire.abandon();
        let mut end = match self.end.take() {
            Some(end) => *end,
            None => End::without_code(Class::Network, Cause::Transport),
        };
        end.unsent += unsent;
        self.finish(end, ServerInput::TransportClosed);
    }

    /// The clock moved on.
    pub fn handle_timeout(&mut self, now: Now) {
        match self.phase {
            ServerPhase::Open => {
                match self.heartbeat.handle_timeout(&self.config.heartbeat, now.mono) {
                    Beat::Rest => {}
                    Beat::Ping => {
                        self.wire.release();
                        self.wire.send_ping(now.wall);
                    }
                    Beat::Dead => {
                        let cause = Cause::Timeout(TimerReason::Liveness);
                        let end = End::new(CloseCode::GOING_AWAY, "Ping timeout", cause);
                        self.fail(end.of_class(Class::Timeout), ServerInput::Deadline);
                    }
                }
            }
            _ if self.phase == ServerPhase::Closed || now.mono < self.deadline => {}
            ServerPhase::Head => self.time_out(408, TimerReason::Handshake),
            ServerPhase::Asked => self.time_out(503, TimerReason::Handshake),
            _ => {
                let mut end = match self.end.take() {
                    Some(end) => *end,
                    None => End::without_code(Class::Timeout, Cause::Host),
                };
                end.unsent += self.wire.abandon();
                self.finish(end, ServerInput::Deadline);
            }
        }
    }

    /// Accepts the opening request, with a subprotocol that it offers or none.
    ///
    /// # Errors
    ///
    /// [`AnswerError`]; the link has not changed.
    pub fn accept(&mut self, now: Now, subprotocol: Option<&str>) -> Result<(), AnswerError> {
        let request = self.asked()?;
        let mut head = Vec::new();
        accept(request, subprotocol, &mut head)?;
        self.wire.head().append(&mut head);
        self.opening = None;
        let started =
            Mono::from_nanos(now.mono.as_nanos().saturating_sub(u64::from(self.jitter) * 1_000));
        self.heartbeat = Heartbeat::new(&self.config.heartbeat, started);
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
        reject(status, body, self.wire.head())?;
        self.finish(rejected(status), ServerInput::Reject);
        Ok(())
    }

    /// Answers a plain HTTP request with headers and a body, and ends the link.
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
        respond(status, headers, body, self.wire.head())?;
        self.finish(rejected(status), ServerInput::Reject);
        Ok(())
    }

    /// Sends a text message.
    ///
    /// # Errors
    ///
    /// [`SendError`]: the message was not taken. Under [`Overflow::Close`] a full outbox closes
    /// the link.
    pub fn send_text(&mut self, now: Now, text: &str) -> Result<(), SendError> {
        if self.phase != ServerPhase::Open {
            return Err(SendError::NotOpen);
        }
        let sent = self.wire.send_text(text, &self.config.outbox);
        self.sent(now, sent)
    }

    /// Sends a whole data frame that was encoded once for many links
    /// ([`server_header`](crate::frame::server_header) and payload).
    ///
    /// # Errors
    ///
    /// As [`send_text`](Self::send_text).
    pub fn send_frame(&mut self, now: Now, frame: Arc<[u8]>) -> Result<(), SendError> {
        if self.phase != ServerPhase::Open {
            return Err(SendError::NotOpen);
        }
        let sent = self.wire.send_frame(frame, &self.config.outbox);
        self.sent(now, sent)
    }

    /// Closes: what was sent goes out, then the close frame, then the peer has its time to answer.
    /// Before the link is open the opening request is answered with 503. Later: no effect.
    pub fn close(&mut self, now: Now, code: CloseCode, reason: &str) {
        match self.phase {
            ServerPhase::Head | ServerPhase::Asked => {
                let _ = reject(503, reason, self.wire.head());
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
        Some(match self.poll_step()? {
            Step::Text(item) => match self.wire.reader.text(item) {
                Ok(text) => LinkEvent::Text(text),
                Err(error) => {
                    self.not_utf8 = true;
                    LinkEvent::Failed(error)
                }
            },
            Step::Request => LinkEvent::Request(self.request()?),
            Step::Binary(item) => LinkEvent::Binary(self.bytes(item)),
            Step::Overflowed(overflowed) => LinkEvent::Overflowed(overflowed),
            Step::Failed(error) => LinkEvent::Failed(error),
            Step::Closed => LinkEvent::Closed(self.closed()?),
        })
    }

    /// Appends what is to be written. Call it again after writing, as long as it says `more`.
    pub fn poll_transmit(&mut self, out: &mut Vec<u8>) -> Transmit {
        let mut transmit = self.wire.transmit(out);
        transmit.hang_up = self.phase == ServerPhase::Closed && !transmit.more;
        transmit
    }

    /// Whether [`poll_transmit`](Self::poll_transmit) has something to say: bytes, or to hang up.
    pub fn wants_transmit(&self) -> bool {
        self.phase == ServerPhase::Closed || self.wire.has_output()
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), and why.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        match self.phase {
            ServerPhase::Head | ServerPhase::Asked => {
                Some(Deadline::new(self.deadline, TimerReason::Handshake))
            }
            ServerPhase::Open => Some(self.heartbeat.poll_timeout()),
            ServerPhase::Closing => Some(Deadline::new(self.deadline, TimerReason::CloseHandshake)),
            ServerPhase::Closed => None,
        }
    }

    /// The published state.
    pub fn state(&self) -> State {
        self.phase.state()
    }

    /// The phase behind the state.
    pub fn phase(&self) -> ServerPhase {
        self.phase
    }

    /// Bytes of messages that wait to be written.
    pub fn queued(&self) -> usize {
        self.wire.outbox().bytes()
    }

    /// Gives buffers back that hold nothing. The link does so itself at every heartbeat.
    pub fn release(&mut self) {
        self.wire.release();
    }

    /// The first half of [`poll_event`](Self::poll_event): moves on, lends nothing.
    #[inline]
    pub(crate) fn poll_step(&mut self) -> Option<Step> {
        if let Some(opening) = &mut self.opening
            && core::mem::take(&mut opening.untold)
        {
            return Some(Step::Request);
        }
        if core::mem::take(&mut self.not_utf8) {
            self.fail_frame(FrameError::TextNotUtf8);
        }
        while matches!(self.phase, ServerPhase::Open | ServerPhase::Closing)
            && let Some(item) = self.wire.advance()
        {
            match item.kind {
                ItemKind::Text if self.phase == ServerPhase::Open => return Some(Step::Text(item)),
                ItemKind::Binary if self.phase == ServerPhase::Open => {
                    return Some(Step::Binary(item));
                }
                ItemKind::Close => self.peer_closed(item),
                ItemKind::Failed(error) => {
                    self.fail_frame(error);
                    return Some(Step::Failed(error));
                }
                // What arrives after our goodbye is not for the host any more.
                _ => {}
            }
        }
        if let Some(overflowed) = self.wire.outbox_mut().take_overflow(self.config.outbox.overflow)
        {
            return Some(Step::Overflowed(overflowed));
        }
        core::mem::take(&mut self.untold).then_some(Step::Closed)
    }

    /// The text of a [`Step::Text`]; if it is none, the next step fails the link.
    #[inline]
    pub(crate) fn text(&mut self, item: Item) -> Result<&str, FrameError> {
        match self.wire.reader.text(item) {
            Ok(text) => Ok(text),
            Err(error) => {
                self.not_utf8 = true;
                Err(error)
            }
        }
    }

    /// The bytes of a [`Step::Binary`].
    pub(crate) fn bytes(&self, item: Item) -> &[u8] {
        self.wire.reader.bytes(item)
    }

    /// The opening request, until it is answered.
    pub(crate) fn request(&self) -> Option<&Request> {
        self.opening.as_ref()?.request.as_ref()
    }

    /// How the link ended, once it has.
    pub(crate) fn closed(&self) -> Option<Closed<'_>> {
        if self.phase != ServerPhase::Closed {
            return None;
        }
        self.end.as_ref().map(|end| end.closed())
    }

    fn asked(&self) -> Result<&Request, AnswerError> {
        if self.phase != ServerPhase::Asked {
            return Err(AnswerError::NoRequest);
        }
        self.request().ok_or(AnswerError::NoRequest)
    }

    fn read_head(&mut self, bytes: &[u8]) {
        let Some(opening) = &mut self.opening else { return };
        let taken = opening.reader.handle_bytes(bytes);
        match opening.reader.poll_event() {
            None => {}
            Some(Ok(request)) => {
                opening.request = Some(request);
                opening.untold = true;
                self.go(ServerPhase::Asked, ServerInput::Request);
                self.keep_early(&bytes[taken..]);
            }
            Some(Err(error)) => self.fail_head(error, ServerInput::BadRequest),
        }
    }

    /// Frames that a hasty client sends before it has its answer.
    fn keep_early(&mut self, bytes: &[u8]) {
        let early = self.wire.reader.buffered() + bytes.len();
        if early > MAX_EARLY || self.wire.reader.handle_bytes(bytes).is_err() {
            let error = HandshakeError::HeadTooLarge { limit: MAX_EARLY };
            self.fail_head(error, ServerInput::EarlyFlood);
        }
    }

    fn fail_head(&mut self, error: HandshakeError, input: ServerInput) {
        let status = error.status();
        let _ = reject(status, &error.to_string(), self.wire.head());
        self.finish(End::without_code(Class::Protocol, Cause::Handshake(error)), input);
    }

    fn time_out(&mut self, status: u16, reason: TimerReason) {
        let _ = reject(status, "", self.wire.head());
        let end = End::without_code(Class::Timeout, Cause::Timeout(reason));
        self.finish(end, ServerInput::Deadline);
    }

    fn sent(&mut self, now: Now, sent: Result<(), SendError>) -> Result<(), SendError> {
        if sent.is_err() && self.config.outbox.overflow == Overflow::Close {
            let unsent = self.wire.drop_messages();
            let mut end = End::new(CloseCode::TRY_AGAIN_LATER, "too slow", Cause::Overflow);
            end.unsent = unsent;
            self.begin_closing(now, end, ServerInput::SendOverflow);
        }
        sent
    }

    fn peer_closed(&mut self, item: Item) {
        let frame = self.wire.reader.close(item);
        let end = match (self.end.take(), frame) {
            // Our goodbye came first: its code is the link's.
            (Some(end), _) => *end,
            (None, Some(frame)) => End::new(frame.code, frame.reason, Cause::Peer),
            (None, None) => End::new(CloseCode::NO_STATUS, "", Cause::Peer),
        };
        if self.phase == ServerPhase::Open {
            self.wire.say_goodbye(end.code, "");
        }
        let mut end = end.clean();
        end.unsent += self.wire.drop_messages();
        self.finish(end, ServerInput::PeerClose);
    }

    fn fail_frame(&mut self, error: FrameError) {
        let end = match self.end.take() {
            Some(end) => *end,
            None => End::of_frame(error),
        };
        self.fail(end, ServerInput::BadFrame);
    }

    /// RFC 6455 section 7.1.7: a goodbye, and no waiting for an answer.
    fn fail(&mut self, mut end: End, input: ServerInput) {
        end.unsent += self.wire.drop_messages();
        if self.phase == ServerPhase::Open {
            self.wire.say_goodbye(end.code, &end.reason);
        }
        self.finish(end, input);
    }

    fn begin_closing(&mut self, now: Now, end: End, input: ServerInput) {
        self.wire.say_goodbye(end.code, &end.reason);
        self.deadline = now.mono + self.config.patience.close;
        self.end = Some(Box::new(end));
        self.go(ServerPhase::Closing, input);
    }

    /// The one way to the end.
    fn finish(&mut self, end: End, input: ServerInput) {
        self.opening = None;
        self.wire.reader = crate::frame::Reader::new(Role::Server, self.config.frames);
        self.end = Some(Box::new(end));
        self.untold = true;
        self.go(ServerPhase::Closed, input);
    }

    fn go(&mut self, phase: ServerPhase, input: ServerInput) {
        debug_assert_eq!(input.cell(self.phase), Cell::To(phase), "{input} in {:?}", self.phase);
        self.phase = phase;
    }
}

fn rejected(status: u16) -> End {
    let class = if status < 300 { Class::Normal } else { Class::of_http_status(status) };
    End::without_code(class, Cause::Rejected { status })
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
