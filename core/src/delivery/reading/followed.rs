//! One stream of a client: where its reader stands, and what is still to be said about it.

use super::cursor::Cursor;
use crate::envelope::v1::{Epoch, Follow, Message, Name, Read, Unfollow};
use crate::time::Mono;

/// One stream that a client follows, or is about to follow no more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Followed {
    pub(super) name: Name<'static>,
    pub(super) cursor: Cursor,
    /// The host wants it, and it has not ended.
    pub(super) wanted: bool,
    /// The `item` that asks for it may not have arrived yet.
    pub(super) asked: bool,
    /// The server has said `unknown`, which says nothing as long as the item may be under way.
    pub(super) denied: bool,
    /// The server has this reader, or will have it when it has heard what was said.
    pub(super) has_reader: bool,
    /// How many `follow` were said over this link that no `following` has answered yet.
    pub(super) unanswered: u16,
    /// Bytes of pieces since the last `read`.
    pub(super) unread: u64,
    /// When the next `read` is due.
    pub(super) read_by: Mono,
    pub(super) to_say: ToSay,
}

/// What is to be said about a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct ToSay {
    pub(super) unfollow: bool,
    pub(super) follow: bool,
    pub(super) read: bool,
}

impl Followed {
    pub(super) fn new(name: Name<'static>, cursor: Cursor, asked: bool) -> Self {
        Self {
            name,
            cursor,
            wanted: true,
            asked,
            denied: false,
            has_reader: false,
            unanswered: 0,
            unread: 0,
            read_by: Mono::ZERO,
            to_say: ToSay::default(),
        }
    }

    /// The link is gone, and with it what was said over it.
    pub(super) fn leave_link(&mut self) {
        self.denied = false;
        self.has_reader = false;
        self.unanswered = 0;
        self.to_say = ToSay::default();
    }

    /// Where it is followed from in a session whose streams are in this log: one of which nothing
    /// was received is at the start of any log.
    pub(super) fn enter(&mut self, log: Epoch) {
        if self.cursor.is_start() {
            self.cursor = Cursor::start(log);
        }
    }

    /// The server has its reader.
    pub(super) const fn note_reader(&mut self, read_by: Mono) {
        if !self.has_reader {
            self.has_reader = true;
            self.read_by = read_by;
        }
        self.denied = false;
    }

    /// It goes on from here at the server.
    pub(super) const fn begin_reading(&mut self, read_by: Mono) {
        self.has_reader = true;
        self.denied = false;
        self.unread = 0;
        self.read_by = read_by;
        self.to_say.read = false;
    }

    /// The next of what is to be said about it.
    pub(super) fn take_message(&mut self) -> Message<'_> {
        let ToSay { unfollow, follow, .. } = self.to_say;
        if unfollow {
            self.to_say.unfollow = false;
            self.has_reader = false;
            return Message::Unfollow(Unfollow { stream: self.name.as_borrowed() });
        }
        if follow {
            return Message::Follow(self.say_follow());
        }
        self.to_say.read = false;
        self.unread = 0;
        let received = self.cursor.received;
        Message::Read(Read { stream: self.name.as_borrowed(), received })
    }

    /// Follows it from where it is, which a `following` will answer.
    pub(super) fn say_follow(&mut self) -> Follow<'static> {
        self.has_reader = true;
        self.unanswered = self.unanswered.saturating_add(1);
        self.to_say = ToSay::default();
        let Cursor { received, offset } = self.cursor;
        Follow { stream: self.name.clone(), received, offset }
    }

    /// What has come is to be confirmed, and the next time by then.
    pub(super) const fn say_read(&mut self, read_by: Mono) {
        self.read_by = read_by;
        self.to_say.read = true;
    }

    /// No more of it is to come: by its end, by a refusal, or because the host wants no more.
    pub(super) const fn stop(&mut self, say: ToSay) {
        self.wanted = false;
        self.to_say = say;
    }

    /// Whether what comes about it belongs to this reader: not while a `following` is awaited,
    /// because until then it may be for the reader before it.
    pub(super) const fn is_reading(&self) -> bool {
        self.wanted && !self.to_say.follow && self.unanswered == 0
    }

    /// Whether an `item` asks for it whose fate is not known, and nothing of it has come: until then
    /// what comes may be for a reader of this name before.
    pub(super) const fn is_to_begin(&self) -> bool {
        self.asked && !self.has_reader
    }

    /// Whether the server has to hear of it from time to time.
    pub(super) const fn is_kept_alive(&self) -> bool {
        self.is_reading() && self.has_reader
    }

    /// Whether nothing is left to be said or heard about it.
    pub(super) const fn is_over(&self) -> bool {
        let ToSay { unfollow, follow, read } = self.to_say;
        !self.wanted && !self.asked && self.unanswered == 0 && !unfollow && !follow && !read
    }
}
