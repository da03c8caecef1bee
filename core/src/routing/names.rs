//! Names as peers write them: looked up as they are, then folded.

use ahash::RandomState;
use hashbrown::HashMap;

/// Longest name of an agent, a type or an intent, in bytes.
pub(super) const MAX_NAME: usize = 64;

/// Names to indexes. Only the table's own names are inserted, so the hash needs no secret.
#[derive(Debug)]
pub(super) struct Names {
    /// Every name as the table spells it, and its folded form.
    map: HashMap<Box<str>, u16, RandomState>,
}

impl Names {
    pub(super) fn new() -> Self {
        Self { map: HashMap::with_hasher(RandomState::with_seeds(1, 2, 3, 4)) }
    }

    /// Adds `name`; an earlier holder of the same folded form stays.
    pub(super) fn insert(&mut self, name: &str, index: u16) {
        let mut buffer = [0; MAX_NAME];
        if let Some(folded) = fold(name, &mut buffer) {
            self.map.entry(folded.into()).or_insert(index);
        }
        self.map.entry(name.into()).or_insert(index);
    }

    /// The index of `name`, as it is or folded.
    #[inline]
    pub(super) fn find(&self, name: &str) -> Option<u16> {
        match self.map.get(name) {
            Some(index) => Some(*index),
            None => self.find_folded(name),
        }
    }

    /// Apart, so that the way of a name that is spelled as in the table stays short.
    #[inline(never)]
    fn find_folded(&self, name: &str) -> Option<u16> {
        if self.map.is_empty() {
            return None;
        }
        let mut buffer = [0; MAX_NAME];
        let folded = fold(name, &mut buffer)?;
        if folded == name { None } else { self.map.get(folded).copied() }
    }
}

/// The folded form of a name: ASCII letters in lower case, runs of blanks, `-`, `_` and `/` as
/// one `_`, none at either end. So `/Financial-Advisor` is `financial_advisor`.
///
/// `None` if it does not fit or nothing is left.
pub(super) fn fold<'b>(name: &str, buffer: &'b mut [u8; MAX_NAME]) -> Option<&'b str> {
    let mut len = 0;
    let mut gap = false;
    for byte in name.bytes() {
        if matches!(byte, b' ' | b'\t' | b'-' | b'_' | b'/') {
            gap = len > 0;
            continue;
        }
        if gap {
            *buffer.get_mut(len)? = b'_';
            len += 1;
            gap = false;
        }
        *buffer.get_mut(len)? = byte.to_ascii_lowercase();
        len += 1;
    }
    if len == 0 { None } else { core::str::from_utf8(&buffer[..len]).ok() }
}
