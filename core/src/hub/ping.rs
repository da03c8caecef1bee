//! The `ping` and `pong` messages of the dialect, which peers send beside the frames of RFC 6455.

use super::Hub;
use super::effects::{Effects, Say};
use super::envelopes::Own;
use super::event::Unlent;
use super::index::LinkIndex;
use super::inline_text::InlineText;
use crate::metrics::Direction;

impl Hub {
    /// A `ping` is answered with a `pong`.
    pub(super) fn ping(&mut self, link: LinkIndex, id: Option<&InlineText>) -> Option<Unlent> {
        self.metrics.pings.increment(Direction::Inbound);
        self.metrics.pongs.increment(Direction::Outbound);
        let pong = Own::Pong { reply_to: id };
        self.apply(link, Effects { say: Some(Say::Now(pong)), ..Effects::default() })
    }

    /// A `pong` answers the hub's `ping`: the round trip is counted.
    pub(super) fn pong(&mut self, link: LinkIndex) -> Option<Unlent> {
        self.metrics.pongs.increment(Direction::Inbound);
        let slot = self.links.get_mut(link)?;
        if let Some(time) = slot.link.ponged(self.now) {
            self.metrics.round_trip.record(time);
        }
        None
    }
}
