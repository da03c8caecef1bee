//! Envelopes on their way into a link, several in a message where both ends know that.

use crate::envelope::v1::SEPARATOR;
use crate::link::ClientLink;

/// Bytes that wait in the link before more of a session is numbered: what is urgent is not to wait
/// behind more than these. As many make a message of several envelopes (V-10.7).
pub(super) const FEW_BYTES: usize = 16 * 1024;

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
        self.link.queued() + self.message.len() <= FEW_BYTES
    }

    /// Says an envelope. A message of several is at most 16 KiB (V-10.7).
    pub(super) fn say(&mut self, text: &str) {
        if self.joins && !self.message.is_empty() {
            if self.message.len() + text.len() < FEW_BYTES {
                self.message.push(SEPARATOR);
                self.message.push_str(text);
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
