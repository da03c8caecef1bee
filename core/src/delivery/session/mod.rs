//! One end of one session, over the links that come and go.

mod opening;
mod phase;
mod receiving;
mod snapshot;

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use self::phase::{LEFT, Phase, Role};
use super::config::SessionConfig;
use super::error::{AttachError, RejectError, SendError};
use super::event::{CommandId, Ending, Event};
use super::events::Unlent;
use super::exchange::{Exchange, SendOptions};
use super::fault::Fault;
use super::payload::Target;
use crate::envelope::v1::{
    CaughtUp, Channel, ChannelPositions, Closed, Code, Epoch, Follow, Heartbeat, Message, Position,
    SessionId, StreamResult,
};
use crate::seed::Seed;
use crate::time::{Deadline, Mono, Now, TimerReason, Wall};

/// One end of one session: what its host sends arrives at the other once and in order, or ends with
/// an outcome that says what became of it. See the [module](super).
///
/// A link carries it between [`attach`](Self::attach) and [`detach`](Self::detach). It is driven
/// like every machine here: one call in, then [`poll_event`](Self::poll_event) until it has none,
/// then [`poll_message`](Self::poll_message), then [`poll_timeout`](Self::poll_timeout). What the
/// host has not taken is not acknowledged, so a host that takes nothing is sent nothing more.
#[derive(Clone, Debug)]
pub struct Session {
    role: Role,
    phase: Phase,
    channel: Channel,
    /// The server draws it, and the client learns it from `opened`.
    id: Option<SessionId>,
    /// The epoch of the log that numbers the records of streams.
    log: Option<Epoch>,
    /// A client has opened it, at a server.
    begun: bool,
    /// How long a client's server keeps the session.
    keep: Duration,
    exchange: Exchange,
    /// What is said before all else, and when a channel is closed, last.
    control: VecDeque<Message<'static>>,
    /// The number that a replay ends with, until that was said.
    caught_up: Option<Position>,
    /// A heartbeat wants an answer.
    heartbeat: bool,
    now: Now,
    /// Since when no link carries it.
    detached: Option<Mono>,
    /// The event that is lent, in a box: a server with many sessions lends it itself.
    lent: Option<Box<Unlent>>,
}

impl Session {
    /// A client's end, which has no session yet: the first link that it is attached to begins one.
    pub fn client(config: SessionConfig, seed: Seed) -> Self {
        let config = Arc::new(config.within_bounds());
        Self::new(Role::Client, config, seed)
    }

    /// A server's end of the session `id`, which nobody can guess. `log` is the epoch of
    /// the log that numbers the records of its streams.
    ///
    /// A session that is resumed here and was begun elsewhere is a gap to its client.
    pub fn server(config: SessionConfig, id: SessionId, log: Epoch, seed: Seed) -> Self {
        Self::server_within(Arc::new(config.within_bounds()), id, log, seed)
    }

    /// As [`server`](Self::server), where many share a config that is within its bounds.
    pub(super) fn server_within(
        config: Arc<SessionConfig>,
        id: SessionId,
        log: Epoch,
        seed: Seed,
    ) -> Self {
        let new = Self::new(Role::Server, config, seed);
        Self { id: Some(id), log: Some(log), ..new }
    }

    /// A link carries the session from here on, in this channel. A client says `open`; a server
    /// waits for the `open` that is handed to it next. A link that it had before is left (V-5.8):
    /// whoever owns that says so there, and hands nothing of it to the session any more.
    ///
    /// # Errors
    ///
    /// Events wait to be taken, or it is a server's session that has ended.
    pub fn attach(&mut self, now: Now, channel: Channel) -> Result<(), AttachError> {
        self.attach_following(now, channel, Vec::new())
    }

    /// As [`attach`](Self::attach): a client's `open` names the streams that it follows, at most
    /// 64. A server names none.
    ///
    /// # Errors
    ///
    /// Those of `attach`.
    pub fn attach_following(
        &mut self,
        now: Now,
        channel: Channel,
        follow: Vec<Follow<'static>>,
    ) -> Result<(), AttachError> {
        if self.phase == Phase::Ended {
            return Err(AttachError::Ended);
        }
        if !self.exchange.events.is_empty() {
            return Err(AttachError::NotDrained);
        }
        self.advance(now);
        self.leave_link();
        (self.phase, self.channel) = (Phase::Opening { pending: false }, channel);
        self.detached = None;
        if self.role == Role::Client {
            let open = self.open(follow);
            self.control.push_back(open);
        }
        Ok(())
    }

    /// The link is gone: what was on its way over it may be lost, and is sent again over the next.
    pub fn detach(&mut self, now: Now) {
        self.advance(now);
        self.leave_link();
    }

    /// The link ends because a message of this end was too large for it.
    pub(super) fn handle_too_large(&mut self) {
        self.exchange.outbound.handle_too_large();
    }

    /// An envelope of this session's channel has come. What is said of streams is only looked at
    /// for whether it may be said here; while [`is_open`](Self::is_open) holds after it, it is for
    /// the machines of streams.
    ///
    /// What the other end must not say closes the channel with a [`Fault`](Event::Fault).
    pub fn handle_message(&mut self, now: Now, message: &Message<'_>) {
        self.advance(now);
        let taken = match self.phase {
            // It comes over a link that the session has left (V-5.8).
            Phase::Detached | Phase::Ended => return,
            Phase::Opening { .. } | Phase::Open { .. } => self.take_in(message),
        };
        if let Err(fault) = taken {
            self.close_for(fault);
        }
    }

    /// The other end has done in this channel what it must not: an envelope is malformed, or a
    /// machine of streams says so.
    pub fn handle_fault(&mut self, now: Now, fault: Fault) {
        self.advance(now);
        match self.phase {
            Phase::Detached | Phase::Ended => {}
            Phase::Opening { .. } | Phase::Open { .. } => self.close_for(fault),
        }
    }

    /// A deadline has come.
    pub fn handle_timeout(&mut self, now: Now) {
        self.advance(now);
        if self.kept_until().is_some_and(|until| until <= self.now.mono) {
            self.end(Ending::Expired);
        }
    }

    /// Sends an item: any JSON value, of at most [`MAX_BODY`](SessionConfig::MAX_BODY) bytes and
    /// nested at most [`BODY_DEPTH`](SessionConfig::BODY_DEPTH) deep, which arrives byte for byte.
    /// Without a link it waits for one.
    ///
    /// # Errors
    ///
    /// The body is none, there is no room, or the session has ended.
    pub fn send(
        &mut self,
        now: Now,
        body: &str,
        options: SendOptions<'_>,
    ) -> Result<CommandId, SendError> {
        self.advance(now);
        self.goes_on()?;
        self.exchange.send(self.now.mono, body, options)
    }

    /// Does not take an item that the host was given and that is not acknowledged yet. Its sender
    /// hears the code and when it may come back, at most a day later.
    ///
    /// Each message that this end sends acknowledges what was taken before it: whoever rejects does
    /// so before it polls for messages.
    ///
    /// # Errors
    ///
    /// There is no such item, or none that is unacknowledged and not rejected.
    pub fn reject(
        &mut self,
        now: Now,
        at: Position,
        code: Code<'_>,
        retry_after: Option<Duration>,
    ) -> Result<CommandId, RejectError> {
        self.advance(now);
        self.goes_on().map_err(|_ended| RejectError::Ended)?;
        let command = self.exchange.reject(at, code, retry_after)?;
        if self.is_open() {
            self.exchange.number_rejects();
        }
        Ok(command)
    }

    /// Cancels streams, at a client. It ends with a [`CancelResult`](Event::CancelResult), or with
    /// an outcome like all that is sent.
    ///
    /// # Errors
    ///
    /// There is no room, or this is a server's end.
    pub fn cancel(&mut self, now: Now, target: Target<'_>) -> Result<CommandId, SendError> {
        self.advance(now);
        match self.role {
            Role::Client => self.exchange.cancel(self.now.mono, target),
            Role::Server => Err(SendError::WrongRole),
        }
    }

    /// Answers a cancel, at a server: exactly once, with at most 64 results.
    ///
    /// # Errors
    ///
    /// No such cancel waits for its result, there is no room, or this is a client's end.
    pub fn cancel_result(
        &mut self,
        now: Now,
        of: Position,
        results: &[StreamResult<'_>],
    ) -> Result<CommandId, SendError> {
        self.advance(now);
        self.goes_on()?;
        match self.role {
            Role::Client => Err(SendError::WrongRole),
            Role::Server => self.exchange.cancel_result(of, results),
        }
    }

    /// Ends the session at both ends (V-6.2): what was sent ends as unknown, and what waits as
    /// expired. Without a link the other end does not hear of it, and a server ends it in its time.
    pub fn leave(&mut self, now: Now) {
        self.advance(now);
        let is_heard = match self.phase {
            Phase::Open { .. } => true,
            // An `open` that was not written needs no `closed`.
            Phase::Opening { .. } => self.role == Role::Client && self.control.is_empty(),
            Phase::Detached => false,
            Phase::Ended => return,
        };
        self.leave_link();
        if is_heard {
            self.say_closed(LEFT);
        }
        self.exchange.end(Ending::Left, false);
        self.forget();
    }

    /// What happened. The session has moved on when it is lent: an item counts as taken.
    pub fn poll_event(&mut self) -> Option<Event<'_>> {
        self.lent = self.take_event().map(Box::new);
        self.lent.as_deref().map(Unlent::lend)
    }

    /// As [`poll_event`](Self::poll_event), for a machine that looks at the event before it lends
    /// it.
    pub(super) fn take_event(&mut self) -> Option<Unlent> {
        self.exchange.take_event(self.now.mono)
    }

    /// Appends the next envelope of this session, as text: whether there is one.
    pub fn poll_message(&mut self, out: &mut String) -> bool {
        let channel = self.channel;
        if let Some(message) = self.control.pop_front() {
            message.write(channel, out);
            // Nothing is said in this way until the next link.
            if self.control.is_empty() {
                self.control = VecDeque::new();
            }
            return true;
        }
        let Phase::Open { .. } = self.phase else { return false };
        if let Some(at) = self.caught_up {
            if !self.exchange.write_replay(at.sequence, channel, out) {
                self.caught_up = None;
                Message::CaughtUp(CaughtUp { stream: None, at }).write(channel, out);
            }
            return true;
        }
        if self.exchange.write_next(channel, out)
            || self.exchange.write_ack(self.now.mono, channel, out)
        {
            return true;
        }
        let asked = core::mem::take(&mut self.heartbeat);
        if asked {
            let channels = vec![self.positions()];
            Message::Heartbeat(Heartbeat { channels, reply: true }).write(channel, out);
        }
        asked
    }

    /// Whether [`poll_message`](Self::poll_message) may have something.
    pub(super) fn may_say(&self) -> bool {
        let of_session = self.caught_up.is_some() || self.heartbeat;
        let may_say = || of_session || self.exchange.may_say(self.now.mono);
        !self.control.is_empty() || self.is_open() && may_say()
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due, and why.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let ack = if self.is_open() { self.exchange.ack_due() } else { None };
        let deadlines = [
            ack.map(|at| Deadline::new(at, TimerReason::Acknowledgement)),
            self.exchange.queue.soonest().map(|at| Deadline::new(at, TimerReason::QueueExpiry)),
            self.kept_until().map(|at| Deadline::new(at, TimerReason::SessionExpiry)),
        ];
        deadlines.into_iter().fold(None, Deadline::earlier)
    }

    /// The id of the session; a client has none before its first `opened`, and after its end.
    pub const fn id(&self) -> Option<SessionId> {
        self.id
    }

    /// The epoch of the log that numbers the records of streams; a client learns it from `opened`.
    pub const fn log(&self) -> Option<Epoch> {
        self.log
    }

    /// How long the server keeps the session without a link; a client learns it from `opened`.
    pub const fn keep(&self) -> Duration {
        self.keep
    }

    /// What the session keeps to.
    pub fn config(&self) -> &SessionConfig {
        &self.exchange.config
    }

    /// Whether a link carries the session, and both ends know where they are.
    pub const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open { .. })
    }

    /// The latest time that it was given.
    pub(super) const fn latest(&self) -> Mono {
        self.now.mono
    }

    /// Whether what it says next was sent before, and the other end has not received it.
    pub(super) fn replays(&self) -> bool {
        let is_behind = |at: Position| self.exchange.outbound.written() < at.sequence;
        self.is_open() && self.control.is_empty() && self.caught_up.is_some_and(is_behind)
    }

    /// Whether what it says next is the engine's own and urgent.
    pub(super) fn is_urgent(&self) -> bool {
        let opens_or_closes = !self.control.is_empty();
        opens_or_closes || (self.is_open() && self.caught_up.is_none() && self.exchange.is_urgent())
    }

    /// Whether it is open, and all that it has numbered was acknowledged.
    pub(super) fn has_arrived(&self) -> bool {
        self.is_open() && self.exchange.outbound.window().len() == 0
    }

    /// Whether a link carries the session, or is to.
    pub const fn is_attached(&self) -> bool {
        self.phase.is_attached()
    }

    /// Whether it has ended for good, which only a server's does.
    pub const fn has_ended(&self) -> bool {
        matches!(self.phase, Phase::Ended)
    }

    /// How many bytes it holds now, itself included. The most is
    /// [`SessionConfig::ceiling`].
    pub fn memory(&self) -> usize {
        let control = self.control.capacity() * size_of::<Message<'static>>();
        let lent = self.lent.as_deref().map_or(0, |it| size_of::<Unlent>() + it.memory());
        size_of::<Self>() + control + lent + self.exchange.memory()
    }

    /// What a heartbeat says of this session (V-6.1). It acknowledges, as every position does that
    /// is said.
    pub fn positions(&mut self) -> ChannelPositions {
        let (received, sent) = self.exchange.positions();
        // What the session was opened with counts with the last of what is sent again (V-3.6).
        let sent = self.caught_up.unwrap_or(sent);
        ChannelPositions { channel: self.channel, received, sent }
    }

    fn new(role: Role, config: Arc<SessionConfig>, seed: Seed) -> Self {
        Self {
            role,
            phase: Phase::Detached,
            channel: Channel::default(),
            id: None,
            log: None,
            begun: false,
            keep: config.keep,
            exchange: Exchange::new(config, seed),
            control: VecDeque::new(),
            caught_up: None,
            heartbeat: false,
            now: Now::new(Mono::ZERO, Wall::EPOCH),
            detached: None,
            lent: None,
        }
    }

    /// Closes the channel for a fault of the other end (V-9.1).
    fn close_for(&mut self, fault: Fault) {
        self.leave_link();
        self.say_closed(fault.code());
        self.exchange.events.push(Unlent::Fault(fault));
    }

    fn say_closed(&mut self, code: &'static str) {
        if let Some(code) = Code::new(code) {
            self.control.push_back(Message::Closed(Closed { code, retry_after: None }));
        }
    }

    /// Takes the time over. What waits too long has ended by then.
    fn advance(&mut self, now: Now) {
        self.now.advance(now);
        self.exchange.expire(self.now.mono);
    }

    /// When a server ends the session that no link carries (V-5.9).
    fn kept_until(&self) -> Option<Mono> {
        let detached = self.detached.filter(|_| self.role == Role::Server)?;
        Some(detached + self.keep)
    }

    fn goes_on(&self) -> Result<(), SendError> {
        if self.has_ended() { Err(SendError::Ended) } else { Ok(()) }
    }
}
