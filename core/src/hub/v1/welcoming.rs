//! What a link that speaks `pamlink.v1` is welcomed with (V-10.3).

use crate::envelope::v1::{Features, HeartbeatInterval, Limits, Message, VERSION, Welcome};
use crate::hub::Hub;
use crate::hub::index::LinkIndex;
use crate::link::Claims;

impl Hub {
    /// Lets a link in: it may say envelopes from here on.
    pub(in crate::hub) fn welcome_v1(&mut self, index: LinkIndex, claims: &Claims) {
        let batch = self.links.agreed(index).is_some_and(|agreed| agreed.batch);
        let welcome = Message::Welcome(Welcome {
            version: VERSION,
            features: if batch { Features::BATCH } else { Features::NONE },
            limits: Limits::of_bytes(self.links.largest()),
            heartbeat: HeartbeatInterval::new(self.config.link.heartbeat.interval),
            expires: Some(claims.expires.saturating_since(self.now.wall)),
        });
        self.links.send_anyway(index, &welcome.to_link_text());
    }
}
