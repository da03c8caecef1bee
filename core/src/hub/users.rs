//! Users by number: a name is hashed and stored once, when its first link is authorised.
//!
//! A user stays in the table while it has a link or a running request. Its links and its requests
//! hang on the user as lists through the links' and requests' own entries, so a user costs one
//! entry however many devices it brings.

use ahash::RandomState;
use hashbrown::HashTable;

use super::index::{Index, LinkIndex, RequestIndex, UserIndex};
use crate::dedup::UserKey;

/// One user.
#[derive(Debug)]
pub(super) struct User {
    pub(super) name: Box<str>,
    /// What the tables by user know it by.
    pub(super) key: UserKey,
    /// The newest link of the user, the head of a list.
    pub(super) first_link: LinkIndex,
    pub(super) links: u32,
    /// The newest running request of the user, the head of a list.
    pub(super) first_request: RequestIndex,
    pub(super) requests: u32,
}

/// All users that have a link or a running request.
#[derive(Debug)]
pub(super) struct Users {
    hasher: RandomState,
    by_name: HashTable<UserIndex>,
    entries: Vec<Option<User>>,
    free: Vec<UserIndex>,
}

impl Users {
    pub(super) fn new(hasher: RandomState) -> Self {
        Self { hasher, by_name: HashTable::new(), entries: Vec::new(), free: Vec::new() }
    }

    /// The user of this name, entered if it is new.
    pub(super) fn enter(&mut self, name: &str, key: UserKey) -> UserIndex {
        if let Some(index) = self.find(name) {
            return index;
        }
        let user = User {
            name: name.into(),
            key,
            first_link: LinkIndex::NONE,
            links: 0,
            first_request: RequestIndex::NONE,
            requests: 0,
        };
        let index = if let Some(index) = self.free.pop() {
            self.entries[index.number()] = Some(user);
            index
        } else {
            self.entries.push(Some(user));
            UserIndex::new(self.entries.len() - 1)
        };
        let Self { hasher, by_name, entries, .. } = self;
        let hash = hasher.hash_one(name);
        by_name.insert_unique(hash, index, |other| {
            hasher.hash_one(entries[other.number()].as_ref().map_or("", |user| &*user.name))
        });
        index
    }

    /// The user of this name, if it is here.
    pub(super) fn find(&self, name: &str) -> Option<UserIndex> {
        self.by_name.find(self.hasher.hash_one(name), |index| self.name(*index) == name).copied()
    }

    /// Takes the user out if it has neither a link nor a running request.
    pub(super) fn leave_if_idle(&mut self, index: UserIndex) {
        let Some(user) = self.get(index) else { return };
        if user.links > 0 || user.requests > 0 {
            return;
        }
        let hash = self.hasher.hash_one(&*user.name);
        if let Ok(entry) = self.by_name.find_entry(hash, |other| *other == index) {
            entry.remove();
        }
        self.entries[index.number()] = None;
        self.free.push(index);
    }

    /// The name of a user; empty for no user.
    pub(super) fn name(&self, index: UserIndex) -> &str {
        self.get(index).map_or("", |user| &user.name)
    }

    pub(super) fn get(&self, index: UserIndex) -> Option<&User> {
        self.entries.get(index.number())?.as_ref()
    }

    pub(super) fn get_mut(&mut self, index: UserIndex) -> Option<&mut User> {
        self.entries.get_mut(index.number())?.as_mut()
    }

    pub(super) fn len(&self) -> usize {
        self.by_name.len()
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        let names: usize = self.entries.iter().flatten().map(|user| user.name.len()).sum();
        names
            + self.entries.capacity() * size_of::<Option<User>>()
            + self.free.capacity() * size_of::<UserIndex>()
            + self.by_name.allocation_size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dedup::Keyer;
    use crate::seed::Seed;

    fn enter(users: &mut Users, name: &str) -> UserIndex {
        users.enter(name, Keyer::new(Seed::from_number(1)).user(name))
    }

    fn users() -> Users {
        Users::new(RandomState::with_seeds(1, 2, 3, 4))
    }

    #[test]
    fn a_name_has_one_entry_while_it_is_in_use() {
        let mut users = users();
        let ada = enter(&mut users, "ada");
        let ben = enter(&mut users, "ben");
        assert_ne!(ada, ben);
        assert_eq!(enter(&mut users, "ada"), ada);
        assert_eq!((users.find("ben"), users.find("eve")), (Some(ben), None));

        users.get_mut(ada).unwrap().links = 1;
        users.leave_if_idle(ada);
        assert_eq!(users.find("ada"), Some(ada), "a user with a link stays");
        users.get_mut(ada).unwrap().links = 0;
        users.leave_if_idle(ada);
        assert_eq!((users.find("ada"), users.len()), (None, 1));
        assert_eq!(enter(&mut users, "eve"), ada, "the place is used again");
        assert_eq!(users.name(ada), "eve");
    }

    #[test]
    fn many_names_come_and_go() {
        let mut users = users();
        for round in 0..3 {
            let indexes: Vec<_> =
                (0..1_000).map(|n| enter(&mut users, &format!("{round}-{n}"))).collect();
            for (n, index) in indexes.iter().enumerate() {
                assert_eq!(users.find(&format!("{round}-{n}")), Some(*index));
                users.leave_if_idle(*index);
            }
            assert_eq!((users.len(), users.entries.len()), (0, 1_000));
        }
    }
}
