//! Links that are to move to another one, while their hub stays.

use core::time::Duration;

use super::Hub;
use super::index::{Index as _, LinkIndex};
use super::links::Phase;
use crate::envelope::v1::GoodbyeCode;
use crate::hub::LinkId;
use crate::time::Now;

impl Hub {
    /// Tells a link that speaks `pamlink.v1` to move to another one within this time, such as
    /// before a platform cuts it for its age: it carries on meanwhile, and is closed with 1012 at
    /// the end (V-10.6). Whether it was told: not where it speaks `pam`, which has no word for
    /// that, is not welcomed yet, or was told before. A day at most is said.
    pub fn rotate(&mut self, now: Now, link: LinkId, within: Duration) -> bool {
        self.now.advance(now);
        self.links.find_mut(link).is_some() && self.rotate_link(link.index, within)
    }

    /// The same for all links of a user: how many were told.
    pub fn rotate_user(&mut self, now: Now, user: &str, within: Duration) -> u32 {
        self.now.advance(now);
        let user = self.users.find(user).and_then(|user| self.users.get(user));
        let mut next = user.map_or(LinkIndex::NONE, |user| user.first_link);
        let mut moving = 0;
        while let Some(link) = self.links.get(next) {
            let index = core::mem::replace(&mut next, link.next_of_user);
            moving += u32::from(self.rotate_link(index, within));
        }
        moving
    }

    fn rotate_link(&mut self, index: LinkIndex, within: Duration) -> bool {
        let is_open = self.links.get(index).is_some_and(|slot| slot.phase == Phase::Open);
        if !is_open || !self.send_away_in_time(index, GoodbyeCode::Rotate, within) {
            return false;
        }
        if let Some(slot) = self.links.get_mut(index) {
            slot.leaves = Some(self.now.mono + within);
            self.links.arm(index);
        }
        true
    }
}
