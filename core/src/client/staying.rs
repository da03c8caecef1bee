//! A client that holds one link at a time, and is to change it while answers run (V-10.6).

use core::time::Duration;

use super::Client;
use crate::link::{Said, State};
use crate::time::Mono;

/// A goodbye that gives time, which is taken.
#[derive(Debug)]
pub(super) struct Stay {
    goodbye: Said,
    /// When the link is left at the latest.
    pub(super) until: Mono,
}

impl Client {
    /// Whether the link stays after what the server has said about it: while answers run, and no
    /// longer than leaves a quarter of the time for the next link.
    pub(super) fn stays(&mut self, said: &Said, within: Duration) -> bool {
        let stays = self.requests.has_in_sessions();
        if stays {
            // A later goodbye may give less time.
            let until = self.now.mono + within * 3 / 4;
            let until = self.stay.as_ref().map_or(until, |before| before.until.min(until));
            self.stay = Some(Stay { goodbye: said.clone(), until });
        }
        stays
    }

    /// Leaves the link once there is nothing to stay for.
    pub(super) fn settle_stay(&mut self) {
        let is_open = self.link.state() == State::Open;
        let is_over = |stay: &mut Stay| {
            !is_open || !self.requests.has_in_sessions() || stay.until <= self.now.mono
        };
        if let Some(stay) = self.stay.take_if(is_over)
            && is_open
        {
            self.link.handle_said(self.now, stay.goodbye);
        }
    }
}
