//! A short text kept without an allocation.

/// Longest text kept inside: a UUID in quotes.
const INSIDE: usize = 40;

/// An owned text: inside when short, on the heap when long.
///
/// All of it is aligned to whole words: it moves in whole words then, which matters for what
/// every message moves several times.
#[derive(Clone, Debug)]
pub(super) enum InlineText {
    Inside(usize, Bytes),
    Heap(Box<str>),
}

#[derive(Clone, Debug)]
#[repr(align(8))]
pub(super) struct Bytes([u8; INSIDE]);

impl InlineText {
    pub(super) fn new(text: &str) -> Self {
        let mut bytes = Bytes([0; INSIDE]);
        match bytes.0.get_mut(..text.len()) {
            Some(inside) => {
                inside.copy_from_slice(text.as_bytes());
                Self::Inside(text.len(), bytes)
            }
            None => Self::Heap(text.into()),
        }
    }

    pub(super) fn as_str(&self) -> &str {
        match self {
            // Always valid: the bytes were copied from a `str`, whole.
            Self::Inside(len, bytes) => str::from_utf8(&bytes.0[..*len]).unwrap_or_default(),
            Self::Heap(text) => text,
        }
    }

    /// Bytes on the heap.
    pub(super) fn heap(&self) -> usize {
        match self {
            Self::Inside(..) => 0,
            Self::Heap(text) => text.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_comes_back(text in ".{0,80}") {
            let kept = InlineText::new(&text);
            prop_assert_eq!(kept.as_str(), text);
        }
    }

    #[test]
    fn an_id_of_the_usual_kind_costs_no_allocation() {
        assert_eq!(InlineText::new("\"7b1e0c52-3f4a-4d1b-9a55-0c2f6f6a1d10\"").heap(), 0);
        assert_eq!(InlineText::new(&"x".repeat(41)).heap(), 41);
    }
}
