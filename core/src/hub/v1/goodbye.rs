//! What is said to a link of `pamlink.v1` before it closes.

use core::time::Duration;

use crate::envelope::v1::{Goodbye, GoodbyeCode, Message};
use crate::hub::Hub;
use crate::hub::index::LinkIndex;
use crate::hub::links::Stage;

impl Hub {
    /// Says `goodbye` to a link that speaks `pamlink.v1`, unless that was said, and lets it carry no
    /// more; to any other nothing.
    pub(in crate::hub) fn goodbye(
        &mut self,
        index: LinkIndex,
        code: GoodbyeCode<'static>,
        retry_after: Option<Duration>,
    ) {
        let Some(agreed) = self.links.agreed(index) else { return };
        if agreed.stage == Stage::Parted {
            return;
        }
        agreed.has_more = false;
        self.say_goodbye(index, Goodbye { code, retry_after, spread: None, within: None });
        if let Some(agreed) = self.links.agreed(index) {
            agreed.stage = Stage::Parted;
        }
        let link = self.links.id(index);
        if let Some(v1) = &mut self.v1 {
            v1.handle_link_closed(self.now, link);
        }
    }

    /// Tells a link that it is to move within this time, and carries on meanwhile (V-10.6).
    /// Whether it speaks `pamlink.v1`, and was not told before.
    pub(in crate::hub) fn send_away_in_time(
        &mut self,
        index: LinkIndex,
        code: GoodbyeCode<'static>,
        within: Duration,
    ) -> bool {
        let within = Some(within);
        self.say_goodbye(index, Goodbye { code, retry_after: None, spread: within, within })
    }

    /// Says it, once over each link. Whether it was said.
    fn say_goodbye(&mut self, index: LinkIndex, goodbye: Goodbye<'_>) -> bool {
        let agreed = self.links.agreed(index).filter(|agreed| agreed.stage < Stage::Warned);
        let Some(agreed) = agreed else { return false };
        agreed.stage = Stage::Warned;
        self.links.send_anyway(index, &Message::Goodbye(goodbye).to_link_text());
        true
    }
}
