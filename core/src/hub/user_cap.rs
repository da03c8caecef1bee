//! The most links of one user: at the bound the newest is refused or the oldest closed.

use super::Hub;
use super::config::UserCap;
use super::index::LinkIndex;
use crate::link::ServerClose;

impl Hub {
    /// Applies the cap of a user's links when it opens one more: closes the oldest, or says that it
    /// cannot.
    pub(super) fn make_room(&mut self, name: &str) -> bool {
        let Some(user) = self.users.find(name).and_then(|user| self.users.get(user)) else {
            return true;
        };
        let open = |link: &LinkIndex| self.links.get(*link).is_some_and(|slot| slot.is_open());
        let mut links = self.links.of_user(user).filter(open);
        let most = self.config.max_links_per_user as usize;
        let Some(newest) = links.next() else { return true };
        let (count, oldest) = links.fold((1, newest), |(count, _), link| (count + 1, link));
        if count < most {
            return true;
        }
        match self.config.at_user_cap {
            UserCap::RefuseNewest => false,
            UserCap::CloseOldest => {
                self.close(oldest, ServerClose::Replaced);
                true
            }
        }
    }
}
