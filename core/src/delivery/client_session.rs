//! A client's session together with the streams that it follows.

use core::time::Duration;
use std::collections::VecDeque;

use thiserror::Error;

use super::config::SessionConfig;
use super::error::{AttachError, RejectError, SendError, SnapshotError};
use super::event::{CommandId, Event};
use super::events::{End, Unlent};
use super::exchange::SendOptions;
use super::fault::Fault;
use super::payload::Target;
use super::reading::{self, Asked, Cursor, FollowError, Reading, ReadingConfig, StreamEvent};
use super::session::Session;
use crate::envelope::v1::{CaughtUp, Channel, ChannelPositions, Code, Message, Name, Position};
use crate::seed::Seed;
use crate::time::{Deadline, Mono, Now, TimerReason, Wall};

/// A client's end of a session and of the streams that it follows there.
///
/// What it follows outlives the session: each `open` names all of it, with how far it has come, and
/// so does that of the next session. It is driven as a [`Session`] is; what is received of a stream
/// is confirmed once the host has taken it.
#[derive(Clone, Debug)]
pub struct ClientSession {
    session: Session,
    reading: Reading,
    channel: Channel,
    /// The items that ask for streams, until it is known what has become of them.
    asked: Vec<(CommandId, Name<'static>)>,
    /// What has come of streams and was not taken.
    waiting: VecDeque<reading::Unlent>,
    now: Now,
    lent: Option<Lent>,
}

/// What happened to a client's session or to a stream that it follows, lent until its next call.
///
/// Closed: a client has a session and its streams.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums)]
pub enum ClientEvent<'a> {
    /// To the session.
    Session(Event<'a>),
    /// To a stream.
    Stream(StreamEvent<'a>),
}

/// An item was not sent.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientSendError {
    /// The session does not take it.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The stream that it asks for cannot be followed.
    #[error(transparent)]
    Follow(#[from] FollowError),
}

#[derive(Clone, Debug)]
enum Lent {
    Session(Unlent),
    Stream(reading::Unlent),
}

impl ClientSession {
    /// A client's end, which has no session yet: the first link that it is attached to begins one.
    pub fn new(config: SessionConfig, seed: Seed) -> Self {
        Self {
            session: Session::client(config, seed),
            reading: Reading::new(ReadingConfig::default()),
            channel: Channel::default(),
            asked: Vec::new(),
            waiting: VecDeque::new(),
            now: Now::new(Mono::ZERO, Wall::EPOCH),
            lent: None,
        }
    }

    /// The session of which [`snapshot`](Self::snapshot) has made these bytes; see
    /// [`Session::restore`].
    ///
    /// A stream that an item in it asks for which is not acknowledged yet is followed from its
    /// beginning again. What else was [followed](Self::followed) is followed again by the host, from
    /// where it has come to.
    ///
    /// # Errors
    ///
    /// The bytes are no snapshot of a client, were cut or changed, or are of a later version.
    pub fn restore(
        config: SessionConfig,
        bytes: &[u8],
        seed: Seed,
        now: Now,
    ) -> Result<Self, SnapshotError> {
        let session = Session::restore(config.clone(), bytes, seed, now)?;
        if !session.is_client() {
            return Err(SnapshotError::Damaged);
        }
        let mut reading = Reading::restored(ReadingConfig::default(), session.log());
        let mut asked: Vec<_> = session.asked().map(|(asked, it)| (asked, it.clone())).collect();
        // Beyond the bound are only those that have ended before their items were acknowledged.
        asked.reverse();
        asked.retain(|(_, stream)| reading.ask(stream).is_ok());
        Ok(Self { session, reading, asked, ..Self::new(config, Seed::from_number(0)) })
    }

    /// A link carries the session from here on, in this channel; see [`Session::attach`]. All that
    /// is followed is followed on.
    ///
    /// # Errors
    ///
    /// Events wait to be taken.
    pub fn attach(&mut self, now: Now, channel: Channel) -> Result<(), AttachError> {
        self.advance(now);
        if !self.waiting.is_empty() {
            return Err(AttachError::NotDrained);
        }
        self.reading.handle_detached();
        // What was never asked for is nobody else's of the same name (V-7.12).
        let unsent: Vec<_> = self.session.unsent().collect();
        let follow = self.reading.open(|stream| unsent.contains(&stream));
        self.session.attach_following(now, channel, follow)?;
        self.channel = channel;
        Ok(())
    }

    /// The link is gone: what was on its way over it may be lost, and is sent again over the next.
    pub fn detach(&mut self, now: Now) {
        self.advance(now);
        self.session.detach(now);
        self.reading.handle_detached();
    }

    /// The link ends because a message of this end was too large for it, before
    /// [`detach`](Self::detach): an item that does that twice ends as rejected, and what follows it
    /// is sent (V-10.9).
    pub(crate) fn handle_too_large(&mut self) {
        self.session.handle_too_large();
    }

    /// An envelope of this session's channel has come.
    pub fn handle_message(&mut self, now: Now, message: &Message<'_>) {
        self.advance(now);
        self.session.handle_message(now, message);
        self.follow_session();
        if self.reading.is_open()
            && let Err(fault) = self.handle_stream(message)
        {
            self.handle_fault(now, fault);
        }
    }

    /// The other end has done in this channel what it must not: an envelope is malformed.
    pub fn handle_fault(&mut self, now: Now, fault: Fault) {
        self.advance(now);
        self.session.handle_fault(now, fault);
        self.follow_session();
    }

    /// A deadline has come.
    pub fn handle_timeout(&mut self, now: Now) {
        self.advance(now);
        self.session.handle_timeout(now);
        self.reading.handle_timeout(self.now);
    }

    /// Sends an item; see [`Session::send`]. The stream that it asks for is followed from its
    /// beginning, as soon as the item arrives.
    ///
    /// # Errors
    ///
    /// The session does not take it, or as many streams are followed as may be, or one of this name.
    pub fn send(
        &mut self,
        now: Now,
        body: &str,
        options: SendOptions<'_>,
    ) -> Result<CommandId, ClientSendError> {
        self.advance(now);
        let Some(stream) = options.stream.clone().map(Name::into_owned) else {
            return Ok(self.session.send(now, body, options)?);
        };
        self.reading.ask(&stream)?;
        match self.session.send(now, body, options) {
            Ok(command) => {
                self.asked.push((command, stream));
                Ok(command)
            }
            Err(error) => {
                self.reading.settle(self.now, &stream, Asked::Refused);
                Err(error.into())
            }
        }
    }

    /// Does not take an item; see [`Session::reject`].
    ///
    /// # Errors
    ///
    /// There is no such item that is unacknowledged.
    pub fn reject(
        &mut self,
        now: Now,
        at: Position,
        code: Code<'_>,
        retry_after: Option<Duration>,
    ) -> Result<CommandId, RejectError> {
        self.advance(now);
        self.session.reject(now, at, code, retry_after)
    }

    /// Cancels streams; see [`Session::cancel`]. One that is followed is followed until its end.
    ///
    /// # Errors
    ///
    /// There is no room.
    pub fn cancel(&mut self, now: Now, target: Target<'_>) -> Result<CommandId, SendError> {
        self.advance(now);
        self.session.cancel(now, target)
    }

    /// Appends a snapshot of the session; see [`Session::snapshot`]. What is
    /// [followed](Self::followed) the host keeps beside the text of each.
    ///
    /// # Errors
    ///
    /// Events wait to be taken, which no snapshot has.
    pub fn snapshot(&self, out: &mut Vec<u8>) -> Result<(), SnapshotError> {
        if !self.waiting.is_empty() {
            return Err(SnapshotError::NotDrained);
        }
        self.session.snapshot(out)
    }

    /// Follows a stream that another has asked for, from a point on that the host has come to, or
    /// from its beginning.
    ///
    /// # Errors
    ///
    /// It is followed already, or as many are as may be.
    pub fn follow(
        &mut self,
        now: Now,
        stream: &Name<'_>,
        from: Option<Cursor>,
    ) -> Result<(), FollowError> {
        self.advance(now);
        self.reading.follow(stream, from)
    }

    /// Follows a stream no more; whether it was followed. It goes on without this reader.
    pub fn unfollow(&mut self, now: Now, stream: &str) -> bool {
        self.advance(now);
        self.reading.unfollow(stream)
    }

    /// Ends the session at both ends; see [`Session::leave`]. Nothing is followed any more.
    pub fn leave(&mut self, now: Now) {
        self.advance(now);
        self.session.leave(now);
        self.reading = Reading::new(ReadingConfig::default());
    }

    /// What happened, in the session and then to its streams.
    pub fn poll_event(&mut self) -> Option<ClientEvent<'_>> {
        let lent = match self.session.take_event() {
            Some(event) => {
                self.settle(&event);
                Lent::Session(event)
            }
            None => Lent::Stream(self.waiting.pop_front()?),
        };
        Some(match self.lent.insert(lent) {
            Lent::Session(event) => ClientEvent::Session(event.lend()),
            Lent::Stream(event) => ClientEvent::Stream(event.lend()),
        })
    }

    /// Appends the next envelope, as text: whether there is one.
    pub fn poll_message(&mut self, out: &mut String) -> bool {
        if self.session.poll_message(out) {
            return true;
        }
        // What the host has not taken is not confirmed, so a host that takes nothing is sent
        // nothing more.
        if !self.reading.is_open() || !self.waiting.is_empty() {
            return false;
        }
        let message = self.reading.poll_message();
        message.inspect(|message| message.write(self.channel, out)).is_some()
    }

    /// Whether what is said next is the engine's own and waits for no turn: that the channel is opened
    /// or closed, a cancel, a reject.
    pub(crate) fn is_urgent(&self) -> bool {
        self.session.is_urgent()
    }

    /// Whether it is open, and all that it has said was acknowledged.
    pub(crate) fn has_arrived(&self) -> bool {
        self.session.has_arrived()
    }

    /// What a heartbeat says of the session, while it is open over a link; see
    /// [`Session::positions`].
    pub fn positions(&mut self) -> Option<ChannelPositions> {
        self.session.is_open().then(|| self.session.positions())
    }

    /// When [`handle_timeout`](Self::handle_timeout) is due, and why.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        let read = self.reading.poll_timeout();
        let read = read.map(|at| Deadline::new(at, TimerReason::StreamRead));
        Deadline::earlier(self.session.poll_timeout(), read)
    }

    /// The session without its streams.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// What is followed, and how far each has come: what a host keeps beside the text, to go on
    /// there after its own end.
    pub fn followed(&self) -> impl Iterator<Item = (&Name<'static>, Cursor)> {
        self.reading.followed().map(|(name, cursor, _)| (name, cursor))
    }

    /// Envelopes about streams that had no effect, because what they are about is not followed or
    /// was received before.
    pub const fn ignored(&self) -> u64 {
        self.reading.ignored()
    }

    fn handle_stream(&mut self, message: &Message<'_>) -> Result<(), Fault> {
        let event = match message {
            Message::Following(following) => self.reading.handle_following(self.now, following)?,
            Message::Piece(piece) => self.reading.handle_piece(self.now, piece)?,
            Message::CaughtUp(CaughtUp { stream: Some(stream), at }) => {
                self.reading.handle_caught_up(stream, *at)?
            }
            Message::End(end) => self.reading.handle_end(end)?,
            // Of the session.
            _ => None,
        };
        self.waiting.extend(event.map(reading::Unlent::from));
        Ok(())
    }

    /// The session may have been opened, closed or ended.
    fn follow_session(&mut self) {
        match (self.session.is_open(), self.session.log(), self.reading.is_open()) {
            (true, Some(log), false) => self.reading.handle_opened(self.now, log),
            (false, _, true) => self.reading.handle_detached(),
            _ => {}
        }
    }

    /// An item that asked for a stream may have come to its end.
    fn settle(&mut self, event: &Unlent) {
        let Unlent::Outcome(command, end) = event else { return };
        let Some(place) = self.asked.iter().position(|(asked, _)| asked == command) else {
            return;
        };
        let (_, stream) = self.asked.swap_remove(place);
        let asked = match end {
            End::Acknowledged => Asked::Received,
            End::Rejected(..) | End::Expired(_) => Asked::Refused,
            End::Unknown => Asked::Unknown,
        };
        self.reading.settle(self.now, &stream, asked);
    }

    fn advance(&mut self, now: Now) {
        self.now.advance(now);
    }
}
