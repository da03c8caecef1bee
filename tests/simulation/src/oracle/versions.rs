//! A text that grows, and what has stood in it.

/// A text with its earlier versions: those that a restart has made void.
#[derive(Clone, Debug, Default)]
pub(crate) struct Versions {
    now: String,
    before: Vec<String>,
}

impl Versions {
    pub(crate) const fn new() -> Self {
        Self { now: String::new(), before: Vec::new() }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.now
    }

    pub(crate) fn len(&self) -> u64 {
        self.now.len() as u64
    }

    /// How many versions there have been before this one.
    pub(crate) const fn versions(&self) -> u64 {
        self.before.len() as u64
    }

    /// Begins with what another has so far.
    pub(crate) fn beginning(text: &str) -> Self {
        Self { now: text.to_owned(), before: Vec::new() }
    }

    /// From `offset` on stands this; whether that is a place in the text.
    pub(crate) fn put(&mut self, offset: u64, text: &str) -> bool {
        let Ok(offset) = usize::try_from(offset) else { return false };
        if !self.now.is_char_boundary(offset) {
            return false;
        }
        if offset < self.now.len() {
            self.before.push(self.now.clone());
            self.now.truncate(offset);
        }
        self.now.push_str(text);
        true
    }

    /// Whether this stood at `offset` in one of the versions.
    pub(crate) fn has_had(&self, offset: u64, text: &[u8]) -> bool {
        let Ok(offset) = usize::try_from(offset) else { return false };
        let stands = |version: &String| {
            version.as_bytes().get(offset..).is_some_and(|rest| rest.starts_with(text))
        };
        stands(&self.now) || self.before.iter().rev().any(stands)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_void_is_remembered() {
        let mut text = Versions::default();
        assert!(text.put(0, "forty litres") && text.put(6, "two"));
        assert_eq!(text.as_str(), "forty two");
        assert!(text.has_had(6, b"litres") && text.has_had(6, b"two"));
        assert!(!text.has_had(6, b"three") && !text.has_had(9, b"!"));
        assert!(!text.put(10, "beyond"));
    }
}
