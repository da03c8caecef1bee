//! Requests that come again: a repeat gets the first result, or the answer that is still to come.

use super::Hub;
use super::effects::{Effects, Say};
use super::event::{Repeat, Unlent};
use super::ids::RequestId;
use super::index::LinkIndex;
use super::inline_text::InlineText;
use super::refusal_reason::RefusalReason;
use super::requests::{Again, Attached};
use crate::dedup::{Duplicate, First, Key};

impl Hub {
    /// A repeat has come: it gets the result of the first request.
    pub(super) fn repeat(
        &mut self,
        link: LinkIndex,
        key: Key,
        id: Option<&InlineText>,
        first: First,
        pieces: bool,
    ) -> Option<Unlent> {
        let (counted, first, reason) = match first {
            First::Result(frame) => {
                let frame = self.fitting(link, id, frame);
                let say = Some(Say::Again { frame, in_turn: id.is_none() });
                self.apply(link, Effects { say, ..Effects::default() });
                (Duplicate::Repeated, Repeat::Answered, None)
            }
            First::Pending => match self.attach(link, key, id.is_none(), pieces) {
                Some(request) => (Duplicate::Attached, Repeat::Running(request), None),
                None => (Duplicate::Forgotten, Repeat::Forgotten, Some(RefusalReason::Busy)),
            },
            First::Forgotten => {
                (Duplicate::Forgotten, Repeat::Forgotten, Some(RefusalReason::Forgotten))
            }
        };
        self.metrics.duplicates.increment(counted);
        if let Some(reason) = reason {
            self.refuse(link, &reason, id);
        }
        Some(Unlent::Duplicate { link, first })
    }

    /// Sees to it that the answer to a running request goes to the link of its repeat.
    fn attach(
        &mut self,
        link: LinkIndex,
        key: Key,
        unnamed: bool,
        pieces: bool,
    ) -> Option<RequestId> {
        let slot = self.links.get(link)?;
        if unnamed && slot.running >= self.config.max_requests_per_link {
            return None;
        }
        let again = Again { key, link, user: slot.user, unnamed, pieces };
        match self.requests.attach(self.now.mono, again, &mut self.users)? {
            Attached::Shared { first, sharer } => {
                self.links.begin(link, sharer, true);
                Some(first)
            }
            Attached::Moved { first, from } => {
                self.links.hand_over(from, link);
                Some(first)
            }
        }
    }
}
