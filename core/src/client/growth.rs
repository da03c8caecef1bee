//! What has been told of an answer that grows.

/// The beginning of an answer, as far as it was told in pieces.
///
/// What was told is always the beginning of the answer without gaps: after a piece for which there
/// is no room, no more are told, and the answer brings the rest.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Growth {
    text: String,
    /// A piece was left out.
    full: bool,
    /// The pieces came over an earlier link: the next one begins anew.
    stale: bool,
}

impl Growth {
    /// Bytes that were told.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Adds a piece. Whether what was told before is void with it; nothing if it does not fit into
    /// `room`, in all, and is not to be told.
    pub(super) fn add(&mut self, text: &str, begins: bool, room: usize) -> Option<bool> {
        let anew = begins || self.stale;
        let before = if anew { 0 } else { self.text.len() };
        self.full = (self.full && !anew) || text.len() > room.saturating_sub(before);
        self.stale = false;
        if self.full {
            return None;
        }
        let restart = anew && !self.text.is_empty();
        self.text.truncate(before);
        self.text.push_str(text);
        Some(restart)
    }

    /// Forgets everything, and tells how many bytes that were.
    pub(super) fn clear(&mut self) -> usize {
        core::mem::take(self).text.len()
    }

    /// The link is gone: its server does not know what was told over it.
    pub(super) fn link_lost(&mut self) {
        self.stale = self.full || !self.text.is_empty();
    }

    /// What of the whole answer was told before.
    pub(super) fn of(&self, whole: &str) -> Told {
        if whole.starts_with(&self.text) { Told::Beginning(self.text.len()) } else { Told::Other }
    }

    /// The whole answer, where the server left that to its pieces; nothing if some were left out.
    pub(super) fn into_whole(self) -> Option<String> {
        // What an earlier link has brought is no answer of this one.
        let text = if self.stale { String::new() } else { self.text };
        (!self.full || self.stale).then_some(text)
    }
}

/// What was told of an answer before it came as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// So many bytes of its beginning.
    Beginning(usize),
    /// Something else, which is void.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grown(pieces: &[&str], room: usize) -> Growth {
        let mut growth = Growth::default();
        for piece in pieces {
            let _ = growth.add(piece, false, room);
        }
        growth
    }

    #[test]
    fn what_was_told_is_the_beginning_or_void() {
        let growth = grown(&["once ", "upon"], 100);
        assert_eq!(growth.of("once upon a time"), Told::Beginning(9));
        assert_eq!(growth.of("once upon"), Told::Beginning(9));
        assert_eq!(growth.of("once"), Told::Other);
        assert_eq!(growth.of("never"), Told::Other);
        assert_eq!(Growth::default().of("once"), Told::Beginning(0));
    }

    #[test]
    fn after_a_piece_without_room_no_more_are_told() {
        let mut growth = Growth::default();
        assert_eq!(growth.add("12345", false, 8), Some(false));
        assert_eq!(growth.add("6789", false, 8), None);
        assert_eq!(growth.add("x", false, 8), None);
        assert_eq!(growth.of("123456789x"), Told::Beginning(5));
        assert_eq!(growth.into_whole(), None);
    }

    #[test]
    fn the_first_piece_of_another_link_begins_anew() {
        let mut growth = grown(&["once "], 8);
        assert_eq!(growth.add("upon", false, 8), None);
        growth.link_lost();
        assert_eq!(growth.of("once upon"), Told::Beginning(5));
        assert_eq!(growth.add("", false, 8), Some(true));
        assert_eq!(growth.add("once", false, 8), Some(false));
        assert_eq!(growth.into_whole().as_deref(), Some("once"));
        let mut nothing = Growth::default();
        nothing.link_lost();
        assert_eq!(nothing.add("once", false, 8), Some(false));
    }

    #[test]
    fn a_new_beginning_without_room_leaves_what_was_told_to_the_answer() {
        let mut growth = grown(&["1234"], 8);
        assert_eq!(growth.add("123456789", true, 8), None);
        assert_eq!(growth.of("123456789"), Told::Beginning(4));
        assert_eq!(growth.of("x23456789"), Told::Other);
        assert_eq!(growth.add("x", true, 8), Some(true));
        assert_eq!(growth.of("x23456789"), Told::Beginning(1));
    }

    #[test]
    fn a_beginning_makes_void_what_was_told() {
        let mut growth = grown(&["once"], 8);
        assert_eq!(growth.add("", true, 8), Some(true));
        assert_eq!(growth.add("", true, 8), Some(false));
        assert_eq!(growth.into_whole().as_deref(), Some(""));
    }
}
