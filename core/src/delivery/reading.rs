//! A client's end of the streams that it follows.
//!
//! It keeps no text, only how far each stream has come: what it hands on tells a host what to
//! forget and what to append, and the same text comes of it whatever was cut, sent again or begun
//! anew.

mod cursor;
mod event;
mod followed;
#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod state_tests;
#[cfg(test)]
mod tests;
mod unlent;

use core::time::Duration;

use thiserror::Error;

pub use self::cursor::Cursor;
pub use self::event::{FollowAnswer, StreamEvent};
pub(super) use self::unlent::Unlent;

use self::cursor::Added;
use self::followed::{Followed, ToSay};
use super::Fault;
use crate::envelope::v1::{
    Answer, Code, End, Epoch, Follow, Following, Message, Name, Piece, Position,
};
use crate::time::{Mono, Now};

/// The bounds of what a client follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ReadingConfig {
    /// Streams that are followed at once.
    pub(crate) max_streams: usize,
    /// Bytes after which a `read` is said.
    pub(crate) read_bytes: u64,
    /// Time after which a `read` is said, whatever has come.
    pub(crate) read_interval: Duration,
}

impl Default for ReadingConfig {
    /// As V-7.9 and V-7.11 have them.
    fn default() -> Self {
        Self { max_streams: 64, read_bytes: 16 * 1024, read_interval: Duration::from_secs(20) }
    }
}

/// A stream is not followed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum FollowError {
    /// It is followed already: a name is used once.
    #[error("the stream is followed already")]
    AlreadyFollowed,
    /// As many streams are followed as may be.
    #[error("too many streams are followed")]
    TooMany,
}

/// What has become of the `item` that asks for a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// It was received.
    Received,
    /// It was rejected, or never sent.
    Refused,
    /// Nobody knows.
    Unknown,
}

/// The streams that a client follows in a session, and in the sessions after it.
///
/// Only absolute positions count, so there is no state that two ends could disagree on: what a
/// link has brought twice or not at all, a position shows.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    config: ReadingConfig,
    /// A session is open over a link.
    is_open: bool,
    /// The log of the session that is open or was the last.
    log: Option<Epoch>,
    streams: Vec<Followed>,
    /// Envelopes without effect: of streams that are not followed, or received before.
    ignored: u64,
}

impl Reading {
    /// Bytes of a stream that a server sends beyond what was confirmed (V-7.9).
    const CREDIT: u64 = 64 * 1024;

    /// Follows nothing yet.
    pub(crate) const fn new(config: ReadingConfig) -> Self {
        Self { config, is_open: false, log: None, streams: Vec::new(), ignored: 0 }
    }

    /// Follows nothing yet, where a session had its streams in `log`.
    pub(crate) fn restored(config: ReadingConfig, log: Option<Epoch>) -> Self {
        Self { log, ..Self::new(config) }
    }

    /// The session is open, and its streams are in `log`.
    pub(crate) fn handle_opened(&mut self, now: Now, log: Epoch) {
        self.is_open = true;
        self.log = Some(log);
        let read_by = now.mono + self.config.read_interval;
        for followed in &mut self.streams {
            followed.enter(log);
            followed.read_by = read_by;
            // What came to be followed after the `open` was said.
            followed.to_say.follow |= followed.wanted && !followed.asked && !followed.has_reader;
        }
    }

    /// The link is gone, or the session is: another `open` follows.
    pub(crate) fn handle_detached(&mut self) {
        self.is_open = false;
        self.streams.iter_mut().for_each(Followed::leave_link);
        self.sweep();
    }

    /// `following`: a stream goes on from where it says (V-7.13), or there is none.
    pub(crate) fn handle_following<'e>(
        &mut self,
        now: Now,
        following: &'e Following<'_>,
    ) -> Result<Option<StreamEvent<'e>>, Fault> {
        let read_by = now.mono + self.config.read_interval;
        let Some(followed) = self.find(&following.stream) else { return Ok(self.ignore()) };
        followed.unanswered = followed.unanswered.saturating_sub(1);
        if !followed.is_reading() {
            return Ok(self.ignore());
        }
        let stream = following.stream.as_str();
        let offset = following.offset;
        let to = Cursor { received: following.from, offset };
        let (answer, stays) = match following.answer {
            Answer::Resumed => (FollowAnswer::Resumed, followed.cursor.rewind(to)?),
            Answer::Pending => (FollowAnswer::Pending, followed.cursor.rewind(to)?),
            Answer::Ended => {
                let how = following.how.clone().ok_or(Fault::Malformed)?;
                (FollowAnswer::Ended(how), followed.cursor.rewind(to)?)
            }
            Answer::Gap => {
                let stays = followed.cursor.jump(to, following.lost);
                let reason = following.reason.as_ref().map(Code::as_borrowed);
                (FollowAnswer::Gap { lost: following.lost, reason }, stays)
            }
            Answer::Unknown if followed.asked => {
                followed.denied = true;
                followed.has_reader = false;
                return Ok(self.ignore());
            }
            Answer::Unknown => {
                let offset = followed.cursor.offset;
                followed.stop(ToSay::default());
                let answer = FollowAnswer::Unknown;
                return Ok(Some(StreamEvent::Following { stream, answer, stays: offset, offset }));
            }
            Answer::Begun => return Err(Fault::Malformed),
        };
        followed.begin_reading(read_by);
        Ok(Some(StreamEvent::Following { stream, answer, stays, offset }))
    }

    /// `piece`: text of a stream (V-7.14).
    pub(crate) fn handle_piece<'e>(
        &mut self,
        now: Now,
        piece: &'e Piece<'_>,
    ) -> Result<Option<StreamEvent<'e>>, Fault> {
        let ReadingConfig { read_bytes, read_interval, .. } = self.config;
        let Some(followed) = self.reader(&piece.stream) else { return Ok(self.ignore()) };
        let text = piece.append.as_str();
        let mut cursor = followed.cursor;
        let added = match cursor.advance(piece.at, piece.offset, text) {
            // It has crossed the `unfollow` of a reader before.
            Err(_) if followed.is_to_begin() => return Ok(self.ignore()),
            added => added?,
        };
        // What is repeated counts as well: the server may send as much less beyond it.
        let unread = followed.unread.saturating_add(text.len() as u64);
        if unread > Self::CREDIT {
            return Err(Fault::TooMany);
        }
        followed.note_reader(now.mono + read_interval);
        (followed.cursor, followed.unread) = (cursor, unread);
        if followed.unread >= read_bytes {
            followed.say_read(now.mono + read_interval);
        }
        let Some(Added { offset, restart, text }) = added else { return Ok(self.ignore()) };
        Ok(Some(StreamEvent::Text { stream: piece.stream.as_str(), offset, restart, text }))
    }

    /// `caught_up` of a stream.
    pub(crate) fn handle_caught_up<'e>(
        &mut self,
        stream: &'e Name<'_>,
        at: Position,
    ) -> Result<Option<StreamEvent<'e>>, Fault> {
        let Some(followed) = self.reader(stream) else { return Ok(self.ignore()) };
        if !followed.cursor.is_of(at) {
            return Err(Fault::OutOfOrder);
        }
        let offset = followed.cursor.offset;
        Ok(Some(StreamEvent::CaughtUp { stream: stream.as_str(), offset }))
    }

    /// `end` of a stream (V-7.15): it is followed no more.
    pub(crate) fn handle_end<'e>(
        &mut self,
        end: &'e End<'_>,
    ) -> Result<Option<StreamEvent<'e>>, Fault> {
        let Some(followed) = self.reader(&end.stream) else { return Ok(self.ignore()) };
        match followed.cursor.finish(end.at, end.offset) {
            Err(_) if followed.is_to_begin() => return Ok(self.ignore()),
            finished => finished?,
        }
        followed.asked = false;
        followed.stop(ToSay { read: true, ..ToSay::default() });
        Ok(Some(StreamEvent::Ended {
            stream: end.stream.as_str(),
            offset: end.offset,
            how: end.how.clone(),
            code: end.code.as_ref().map(Code::as_borrowed),
            body: end.body,
        }))
    }

    /// A time has come: what is due is said.
    pub(crate) fn handle_timeout(&mut self, now: Now) {
        let read_by = now.mono + self.config.read_interval;
        for followed in self.streams.iter_mut().filter(|it| it.is_kept_alive()) {
            if followed.read_by <= now.mono {
                followed.say_read(read_by);
            }
        }
    }

    /// An `item` that is being sent asks for a stream, which is followed from its beginning as
    /// soon as that arrives.
    pub(crate) fn ask(&mut self, stream: &Name<'_>) -> Result<(), FollowError> {
        if self.find(stream).is_some() {
            return Err(FollowError::AlreadyFollowed);
        }
        let start = self.start();
        self.insert(Followed::new(stream.clone().into_owned(), start, true))
    }

    /// What has become of the `item` that asked for a stream.
    pub(crate) fn settle(&mut self, now: Now, stream: &str, asked: Asked) {
        let is_open = self.is_open;
        let read_by = now.mono + self.config.read_interval;
        let Some(followed) = self.find(stream).filter(|it| it.asked) else { return };
        followed.asked = false;
        let denied = core::mem::take(&mut followed.denied);
        match asked {
            Asked::Refused => {
                let unfollow = followed.has_reader;
                followed.stop(ToSay { unfollow, ..ToSay::default() });
            }
            // It has reached the server since the host dropped it.
            Asked::Received | Asked::Unknown if !followed.wanted => {
                followed.to_say.unfollow = is_open;
            }
            // It was denied, perhaps before it arrived.
            Asked::Received | Asked::Unknown if denied => followed.to_say.follow = is_open,
            Asked::Received if is_open => followed.note_reader(read_by),
            Asked::Received => {}
            Asked::Unknown => followed.to_say.follow = is_open && !followed.has_reader,
        }
        self.sweep();
    }

    /// Follows a stream from a point on, or from its beginning.
    pub(crate) fn follow(
        &mut self,
        stream: &Name<'_>,
        from: Option<Cursor>,
    ) -> Result<(), FollowError> {
        let (is_open, start) = (self.is_open, self.start());
        let place = match self.place(stream) {
            Some(place) if self.streams[place].wanted => {
                return Err(FollowError::AlreadyFollowed);
            }
            Some(place) => place,
            None => {
                self.insert(Followed::new(stream.clone().into_owned(), start, false))?;
                self.streams.len() - 1
            }
        };
        let followed = &mut self.streams[place];
        followed.wanted = true;
        followed.cursor = from.unwrap_or(start);
        // The `open` that is under way may have said another place.
        let follow = is_open || followed.unanswered > 0;
        followed.to_say = ToSay { follow, ..ToSay::default() };
        Ok(())
    }

    /// Follows a stream no more; whether it was followed.
    pub(crate) fn unfollow(&mut self, stream: &str) -> bool {
        let Some(followed) = self.find(stream).filter(|it| it.wanted) else { return false };
        // While its item is under way its reader may begin after an `unfollow`.
        let unfollow = followed.has_reader && !followed.asked;
        followed.stop(ToSay { unfollow, ..ToSay::default() });
        self.sweep();
        true
    }

    /// What an `open` that is being said lists: all that is followed, with how far it has come, but
    /// for what `is_unsent`: its `item` was never sent.
    pub(crate) fn open(
        &mut self,
        is_unsent: impl Fn(&Name<'static>) -> bool,
    ) -> Vec<Follow<'static>> {
        // Before a first session nobody knows in which log a start is.
        let has_log = self.log.is_some();
        let listed = self.streams.iter_mut().filter(|it| {
            it.wanted && (has_log || !it.cursor.is_start()) && !(it.asked && is_unsent(&it.name))
        });
        listed.map(Followed::say_follow).collect()
    }

    /// What is to be said next in the session that is open.
    pub(crate) fn poll_message(&mut self) -> Option<Message<'_>> {
        self.sweep();
        let followed = self.streams.iter_mut().find(|it| it.to_say != ToSay::default())?;
        Some(followed.take_message())
    }

    /// When the next `read` is due.
    pub(crate) fn poll_timeout(&self) -> Option<Mono> {
        let read_by = |followed: &Followed| followed.is_kept_alive().then_some(followed.read_by);
        self.streams.iter().filter_map(read_by).min().filter(|_| self.is_open)
    }

    /// Whether a session is open over a link.
    pub(crate) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// What is followed, how far it has come, and whether its `item` may not have arrived yet.
    pub(crate) fn followed(&self) -> impl Iterator<Item = (&Name<'static>, Cursor, bool)> {
        let wanted = self.streams.iter().filter(|followed| followed.wanted);
        wanted.map(|followed| (&followed.name, followed.cursor, followed.asked))
    }

    /// Envelopes that had no effect: of streams that are not followed, or received before.
    pub(crate) const fn ignored(&self) -> u64 {
        self.ignored
    }

    fn ignore<T>(&mut self) -> Option<T> {
        self.ignored = self.ignored.saturating_add(1);
        None
    }

    fn place(&self, stream: &str) -> Option<usize> {
        self.streams.iter().position(|followed| followed.name.as_str() == stream)
    }

    fn find(&mut self, stream: &str) -> Option<&mut Followed> {
        let place = self.place(stream)?;
        self.streams.get_mut(place)
    }

    /// The stream, if what comes for it counts.
    fn reader(&mut self, stream: &str) -> Option<&mut Followed> {
        self.find(stream).filter(|followed| followed.is_reading())
    }

    fn start(&self) -> Cursor {
        Cursor::start(self.log.unwrap_or(Epoch::from_bits(0)))
    }

    fn insert(&mut self, followed: Followed) -> Result<(), FollowError> {
        self.sweep();
        if self.streams.len() >= self.config.max_streams {
            return Err(FollowError::TooMany);
        }
        self.streams.push(followed);
        Ok(())
    }

    /// Forgets what is over.
    fn sweep(&mut self) {
        self.streams.retain(|followed| !followed.is_over());
    }
}
