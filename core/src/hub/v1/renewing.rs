//! The token of a link that speaks `pamlink.v1` (V-10.4).

use core::time::Duration;

use crate::envelope::v1::{Message, Renewed, TokenWanted};
use crate::hub::Hub;
use crate::hub::index::LinkIndex;
use crate::link::Claims;

impl Hub {
    /// The token that a client has shown over its link is good; `pam` has no word for that.
    pub(in crate::hub) fn say_renewed(&mut self, index: LinkIndex, claims: &Claims) {
        if self.links.agreed(index).is_some() {
            let expires = Some(claims.expires.saturating_since(self.now.wall));
            let renewed = Message::Renewed(Renewed { expires });
            self.links.send_anyway(index, &renewed.to_link_text());
        }
    }

    /// The token of a link has ended, and another one is waited for. `pam` has no word for that.
    pub(in crate::hub) fn say_token_wanted(&mut self, index: LinkIndex, within: Duration) {
        if self.links.agreed(index).is_some() {
            let wanted = Message::TokenWanted(TokenWanted { within });
            self.links.send_anyway(index, &wanted.to_link_text());
        }
    }
}
