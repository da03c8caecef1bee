//! The heartbeat of a client's link, as far as ends of links have taught how often it has to come.

use core::mem;
use core::time::Duration;
use std::sync::Arc;

use super::ClientLink;
use crate::frame::CloseCode;
use crate::link::cause::Cause;

impl ClientLink {
    /// A welcomed link has ended: it may have been cut because it was quiet.
    pub(super) fn learn_of_end(&mut self, cause: &Cause) {
        // The code is a library's word for the same.
        let is_cut = *cause == Cause::Transport || cause.code() == Some(CloseCode::ABNORMAL);
        if !is_cut {
            return self.idle_timeout.handle_other_end();
        }
        let quiet = self.now.mono.saturating_since(self.active);
        let own = self.heartbeat_interval();
        let interval = self.heartbeat.map_or(own, |(interval, _)| interval.min(own));
        if let Some(shorter) = self.idle_timeout.handle_cut(quiet, interval) {
            Arc::make_mut(&mut self.config).link.heartbeat.interval = shorter;
            self.shortened = self.shortened.saturating_add(1);
        }
    }

    /// The host starts anew: the heartbeat is as the host has set it.
    pub(super) fn forget_idle_timeout(&mut self) {
        self.idle_timeout.handle_other_end();
        if self.heartbeat_interval() != self.interval {
            Arc::make_mut(&mut self.config).link.heartbeat.interval = self.interval;
        }
    }

    /// How long a link may be quiet before a heartbeat is said.
    pub(crate) fn heartbeat_interval(&self) -> Duration {
        self.config.link.heartbeat.interval
    }

    /// How often that was shortened, since the last call.
    #[inline]
    pub(crate) fn take_shortened(&mut self) -> u32 {
        mem::take(&mut self.shortened)
    }
}
