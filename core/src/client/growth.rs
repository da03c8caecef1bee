//! An answer that grows: the text of its pieces so far.

use crate::envelope::{Seam, Text};

/// The beginning of an answer, as far as pieces have given it to the host.
///
/// It is always a beginning without gaps: after a piece that exceeds the bound, none is handed out
/// any more, and the whole answer brings the rest.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Growth {
    text: String,
    /// Between the pieces: a server may cut a text within a character.
    seam: Seam,
    /// A piece was left out.
    full: bool,
    /// The pieces came over an earlier link: the next one begins anew.
    stale: bool,
}

impl Growth {
    /// Bytes that were handed out.
    pub(super) fn len(&self) -> usize {
        self.text.len()
    }

    /// Adds a piece; `None` if the text with it exceeds `room`: then it is not handed out.
    pub(super) fn add(&mut self, text: &Text<'_>, begins: bool, room: usize) -> Option<Added> {
        let anew = begins || self.stale;
        let before = if anew { 0 } else { self.text.len() };
        if anew {
            self.seam = Seam::default();
        }
        let text = text.to_wtf8();
        let text = self.seam.join(&text);
        self.full = (self.full && !anew) || text.len() > room.saturating_sub(before);
        self.stale = false;
        if self.full {
            return None;
        }
        let restart = anew && !self.text.is_empty();
        self.text.truncate(before);
        self.text.push_str(&text);
        Some(Added { restart, at: before })
    }

    /// Adds text that stands at this byte of the answer, where what was given from there on is
    /// void; `None` where that is beyond what was given, or exceeds `room`.
    pub(super) fn add_at(&mut self, offset: u64, text: &str, room: usize) -> Option<Added> {
        let place = usize::try_from(offset).ok();
        let stays = place.and_then(|at| self.text.get(..at)).filter(|it| {
            // After what was left out only a new beginning is without a gap.
            !self.full || it.is_empty()
        });
        let Some(stays) = stays else {
            self.full = true;
            return None;
        };
        if stays.len() == self.text.len() && !self.full {
            return self.add(&Text::from(text), false, room);
        }
        let text = format!("{stays}{text}");
        self.add(&Text::from(text), true, room)
    }

    /// Some of the answer does not come in pieces any more.
    pub(super) fn lose(&mut self) {
        self.full = true;
    }

    /// The text of the pieces, from this byte on.
    pub(super) fn since(&self, at: usize) -> &str {
        self.text.get(at..).unwrap_or_default()
    }

    /// Forgets everything, and returns how many bytes that were.
    pub(super) fn clear(&mut self) -> usize {
        core::mem::take(self).text.len()
    }

    /// The link is lost: the server begins the answer anew over the next one.
    pub(super) fn link_lost(&mut self) {
        self.stale = self.full || !self.text.is_empty();
    }

    /// Compares the whole answer with its pieces.
    pub(super) fn of(&self, whole: &str) -> Given {
        if whole.starts_with(&self.text) { Given::Beginning(self.text.len()) } else { Given::Other }
    }

    /// The whole answer, where the server left that to its pieces; nothing if some were left out.
    pub(super) fn into_whole(self) -> Option<String> {
        // What an earlier link has brought is no answer of this one.
        let text = if self.stale { String::new() } else { self.text + self.seam.end() };
        (!self.full || self.stale).then_some(text)
    }
}

/// A piece that is to be handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Added {
    /// The pieces before it are void.
    pub(super) restart: bool,
    /// The byte of the text at which it begins.
    pub(super) at: usize,
}

/// What the host has of an answer, from its pieces, when it comes as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// This many bytes of its beginning.
    Beginning(usize),
    /// A different text, which is void.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::envelope::Raw;

    fn grown(pieces: &[&str], room: usize) -> Growth {
        let mut growth = Growth::default();
        for piece in pieces {
            let _ = growth.add(&Text::from(*piece), false, room);
        }
        growth
    }

    /// Whether this piece makes void what was given before; nothing if it is not given.
    fn add(growth: &mut Growth, piece: &str, begins: bool) -> Option<bool> {
        Some(growth.add(&piece.into(), begins, 8)?.restart)
    }

    #[test]
    fn what_was_given_is_the_beginning_or_void() {
        let growth = grown(&["once ", "upon"], 100);
        assert_eq!(growth.of("once upon a time"), Given::Beginning(9));
        assert_eq!(growth.of("once upon"), Given::Beginning(9));
        assert_eq!(growth.of("once"), Given::Other);
        assert_eq!(growth.of("never"), Given::Other);
        assert_eq!(Growth::default().of("once"), Given::Beginning(0));
    }

    #[test]
    fn after_a_piece_without_room_no_more_are_given() {
        let mut growth = Growth::default();
        assert_eq!(add(&mut growth, "12345", false), Some(false));
        assert_eq!(add(&mut growth, "6789", false), None);
        assert_eq!(add(&mut growth, "x", false), None);
        assert_eq!(growth.of("123456789x"), Given::Beginning(5));
        assert_eq!(growth.into_whole(), None);
    }

    #[test]
    fn a_text_stands_where_it_says_or_is_left_to_the_answer() {
        let add = |growth: &mut Growth, at, text| {
            let Added { restart, at } = growth.add_at(at, text, 12)?;
            Some((restart, growth.since(at).to_owned()))
        };
        let given = |restart, text: &str| Some((restart, text.to_owned()));
        let mut growth = Growth::default();
        assert_eq!(add(&mut growth, 0, "40 litres"), given(false, "40 litres"));
        assert_eq!(add(&mut growth, 3, "miles"), given(true, "40 miles"));
        assert_eq!(add(&mut growth, 8, " of"), given(false, " of"));
        assert_eq!(add(&mut growth, 12, "x"), None);
        assert_eq!(add(&mut growth, 11, "x"), None);
        assert_eq!(growth.of("40 miles of road"), Given::Beginning(11));
        assert_eq!(add(&mut growth, 0, "50"), given(true, "50"));
        assert_eq!(add(&mut growth, 2, " miles"), given(false, " miles"));
        growth.lose();
        assert_eq!(add(&mut growth, 8, "."), None);
        assert_eq!(growth.into_whole(), None);
    }

    #[test]
    fn the_first_piece_of_another_link_begins_anew() {
        let mut growth = grown(&["once "], 8);
        assert_eq!(add(&mut growth, "upon", false), None);
        growth.link_lost();
        assert_eq!(growth.of("once upon"), Given::Beginning(5));
        assert_eq!(add(&mut growth, "", false), Some(true));
        assert_eq!(add(&mut growth, "once", false), Some(false));
        assert_eq!(growth.into_whole().as_deref(), Some("once"));
        let mut nothing = Growth::default();
        nothing.link_lost();
        assert_eq!(add(&mut nothing, "once", false), Some(false));
    }

    #[test]
    fn a_new_beginning_without_room_leaves_what_was_given_to_the_answer() {
        let mut growth = grown(&["1234"], 8);
        assert_eq!(add(&mut growth, "123456789", true), None);
        assert_eq!(growth.of("123456789"), Given::Beginning(4));
        assert_eq!(growth.of("x23456789"), Given::Other);
        assert_eq!(add(&mut growth, "x", true), Some(true));
        assert_eq!(growth.of("x23456789"), Given::Beginning(1));
    }

    #[test]
    fn a_beginning_makes_void_what_was_given() {
        let mut growth = grown(&["once"], 8);
        assert_eq!(add(&mut growth, "", true), Some(true));
        assert_eq!(add(&mut growth, "", true), Some(false));
        assert_eq!(growth.into_whole().as_deref(), Some(""));
    }

    #[test]
    fn a_character_that_two_pieces_share_is_given_with_the_second() {
        let piece = |growth: &mut Growth, json: &str, begins| {
            let text = Raw::parse(json, 1).unwrap().text().unwrap();
            let added = growth.add(&text, begins, 100).unwrap();
            growth.since(added.at).to_owned()
        };
        let mut growth = Growth::default();
        assert_eq!(piece(&mut growth, r#""a\ud83d""#, true), "a");
        assert_eq!(piece(&mut growth, r#""""#, false), "");
        assert_eq!(piece(&mut growth, r#""\ude00 b\uD83D""#, false), "😀 b");
        assert_eq!(growth.of("a😀 b😀"), Given::Beginning(7));
        assert_eq!(piece(&mut growth, r#""\uDE00\ud83d""#, false), "😀");
        // It never came: the next piece is no second half, or none follows at all.
        assert_eq!(piece(&mut growth, r#""c\ud83d""#, false), "\u{fffd}c");
        assert_eq!(growth.into_whole().unwrap(), "a😀 b😀\u{fffd}c\u{fffd}");
        // What is spelled like a half and is none, and halves that are whole within a piece.
        let mut growth = Growth::default();
        assert_eq!(piece(&mut growth, r#""\\ud83d""#, true), r"\ud83d");
        assert_eq!(piece(&mut growth, r#""\\\ud83d""#, false), "\\");
        assert_eq!(piece(&mut growth, r#""\ude00""#, true), "\u{fffd}");
        assert_eq!(piece(&mut growth, r#""x\ud83d\ude00""#, false), "x😀");
        assert_eq!(growth.into_whole().unwrap(), "\u{fffd}x😀");
    }
}
