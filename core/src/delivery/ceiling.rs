//! The most that a session holds.

use super::config::SessionConfig;
use super::event::CommandId;
use super::events::Unlent;
use super::inbound::{Entry, most_open};
use super::outbound::Sent;
use super::queue::Waiting;
use super::session::Session;
use crate::envelope::v1::{Follow, Message, Position, StreamResult};

/// The longest name, and the longest code, in bytes.
const NAME: usize = 128;
const CODE: usize = 64;
/// The most results of one cancel.
const RESULTS: usize = 64;
/// The most streams that an `open` names.
const FOLLOWED: usize = 64;
/// The most events of one link that are no item's, no cancel's and no command's: before the next
/// link all are taken.
const NOTES: usize = 16;

impl SessionConfig {
    /// The most bytes that a session of this configuration ever holds, itself included: that of an
    /// end whose window and queue are full, and whose host takes nothing of what comes. One from a
    /// snapshot keeps the window that it had.
    pub fn ceiling(&self) -> usize {
        let this = self.clone().within_bounds();
        let whole = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
        let window = whole(this.window_envelopes);
        // Rejects go beyond the window, until the other end has left four windows of them
        // unacknowledged.
        let sent = 6 * window;
        let unanswered = this.max_cancels + 2 * Self::MAX_CANCELS;
        let waiting = this.queue_envelopes + window + unanswered;
        // Commands that have ended without their host having heard of it stop it from sending.
        let events = window + this.queue_envelopes + sent + waiting + window + NOTES;

        let body = |bytes: usize| bytes.max(Self::MAX_BODY);
        let bodies = 2 * body(whole(this.window_bytes)) + this.queue_bytes + Self::MAX_BODY;
        let result = size_of::<StreamResult<'static>>() + NAME + 3 * CODE;
        let control =
            4 * size_of::<Message<'static>>() + FOLLOWED * (size_of::<Follow<'static>>() + NAME);
        // What grows by doubling has up to twice the places that it needs.
        let places = 2
            * (sent * size_of::<Sent>()
                + waiting * size_of::<Waiting>()
                + most_open(this.window_envelopes) * size_of::<Entry>()
                + this.max_cancels * size_of::<(Position, CommandId)>()
                + 2 * Self::MAX_CANCELS * size_of::<Position>()
                + events * size_of::<Unlent>());
        let texts = (sent + waiting) * 3 * NAME + events * 2 * NAME + unanswered * RESULTS * result;
        size_of::<Session>() + places + bodies + texts + control
    }
}
