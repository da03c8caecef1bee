//! Envelopes on their way into a link, several in a message where both ends know that.

use crate::envelope::v1::{BATCH_BYTES, join};
use crate::link::ClientLink;

/// A link with the message that is in the making.
#[derive(Debug)]
pub(super) struct Joining<'l> {
    link: &'l mut ClientLink,
    message: &'l mut String,
    joins: bool,
}

impl<'l> Joining<'l> {
    /// `message` is empty, and its memory is used. `joins`: one message may be several envelopes.
    pub(super) const fn new(
        link: &'l mut ClientLink,
        message: &'l mut String,
        joins: bool,
    ) -> Self {
        Self { link, message, joins }
    }

    /// Whether so little waits in the link that more may be said.
    pub(super) fn has_room(&self) -> bool {
        self.link.queued() + self.message.len() <= BATCH_BYTES
    }

    /// Says an envelope.
    pub(super) fn say(&mut self, text: &str) {
        if self.joins && !self.message.is_empty() {
            if join(self.message, text) {
                return;
            }
            self.end();
        }
        self.message.push_str(text);
        if !self.joins {
            self.end();
        }
    }

    /// Nothing more is to be said at once.
    pub(super) fn end(&mut self) {
        if !self.message.is_empty() {
            self.link.send_numbered(self.message);
            self.message.clear();
        }
    }
}
