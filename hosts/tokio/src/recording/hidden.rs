//! Tokens kept out of a recording: what stands for them has their length, and nothing of them.

use std::collections::HashMap;

/// So many bytes in a row that a token has, too, are hidden; what is shorter is not told from other
/// text. A token must be as long.
pub(super) const KNOWN_BY: usize = 8;
/// The latest tokens of so many bytes are hidden, which is a thousand of them as a rule. Where they
/// are looked for takes 20 MiB at most.
const MOST: usize = 512 << 10;

/// The letters of which a placeholder consists: no word by which a table might route, wherever it is
/// cut.
pub(super) const LETTERS: &[u8] = b"hiddentoken";

/// What stands for a token. It is as long, has what must be escaped where the token has that, and
/// looks like a JWT to [`redact`](pamlink::link::redact) where the token does: so what is written
/// with it is as long as with the token, and what is hidden of it in a line is the same.
pub(super) fn placeholder(token: &str) -> String {
    let letters = LETTERS.iter().cycle();
    let stands_for = |(at, (letter, byte)): (usize, (&u8, u8))| match byte {
        _ if at < 3 && token.starts_with("eyJ") => char::from(byte),
        b'"' | b'\\' => '"',
        _ if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => char::from(*letter),
        _ => '+',
    };
    letters.zip(token.bytes()).enumerate().map(stands_for).collect()
}

/// The tokens of an engine, to be hidden.
pub(super) struct Hidden {
    /// The latest come last.
    tokens: Vec<Known>,
    /// Where each run of [`KNOWN_BY`] bytes is: in which token, and from which byte on.
    runs: HashMap<[u8; KNOWN_BY], (usize, usize)>,
    /// Whether a token has this byte.
    bytes: [bool; 256],
    /// The bytes of all tokens.
    size: usize,
}

struct Known {
    text: Box<[u8]>,
    placeholder: Box<[u8]>,
}

impl Default for Hidden {
    fn default() -> Self {
        Self { tokens: Vec::new(), runs: HashMap::new(), bytes: [false; 256], size: 0 }
    }
}

impl Hidden {
    /// Hides this token from now on, where it is long enough.
    pub(super) fn learn(&mut self, token: &str) {
        self.learn_as(token, placeholder);
    }

    /// The same with another placeholder, of the same length and of ASCII as well.
    pub(super) fn learn_as(&mut self, token: &str, placeholder: impl FnOnce(&str) -> String) {
        let text: Box<[u8]> = token.as_bytes().into();
        if text.len() < KNOWN_BY || self.tokens.iter().any(|known| known.text == text) {
            return;
        }
        if self.size + text.len() > MOST && !self.tokens.is_empty() {
            self.forget_half();
        }
        self.enter(Known { text, placeholder: placeholder(token).into_bytes().into() });
    }

    fn enter(&mut self, known: Known) {
        let index = self.tokens.len();
        for at in 0..known.text.len().saturating_sub(KNOWN_BY - 1) {
            if let Some(run) = known.text[at..].first_chunk() {
                self.runs.entry(*run).or_insert((index, at));
            }
        }
        known.text.iter().for_each(|byte| self.bytes[usize::from(*byte)] = true);
        self.size += known.text.len();
        self.tokens.push(known);
    }

    /// Forgets the older half: a run of one of these may be one of another token as well.
    fn forget_half(&mut self) {
        let tokens = std::mem::take(self).tokens;
        let older = tokens.len().div_ceil(2);
        tokens.into_iter().skip(older).for_each(|known| self.enter(known));
    }

    /// The bytes of all tokens.
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// No token is known.
    pub(super) fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }

    /// Puts the placeholder wherever the bytes have a part of a token.
    pub(super) fn hide(&self, bytes: &mut [u8]) {
        if self.tokens.is_empty() {
            return;
        }
        let mut at = 0;
        while let Some(run) = bytes[at..].first_chunk::<KNOWN_BY>() {
            let Some(hidden) = self.part(run, &bytes[at..]) else {
                at += 1;
                continue;
            };
            let end = at + hidden.len();
            bytes[at..end].copy_from_slice(hidden);
            at = end;
        }
    }

    /// What stands for the part of a token with which `bytes` begin.
    fn part(&self, run: &[u8; KNOWN_BY], bytes: &[u8]) -> Option<&[u8]> {
        let (index, from) = *self.runs.get(run)?;
        let known = self.tokens.get(index)?;
        let alike = known.text[from..].iter().zip(bytes).take_while(|(a, b)| a == b).count();
        Some(&known.placeholder[from..from + alike])
    }

    /// Whether the bytes have no part of a token.
    pub(super) fn is_clean(&self, bytes: &[u8]) -> bool {
        !bytes.windows(KNOWN_BY).any(|run| self.runs.contains_key(run))
    }

    /// Puts the placeholder wherever a text has a part of a token.
    pub(super) fn hide_in(&self, text: &mut String) {
        let mut bytes = std::mem::take(text).into_bytes();
        self.hide(&mut bytes);
        // A token is ASCII, and so is what stands for it.
        *text = String::from_utf8_lossy(&bytes).into_owned();
    }

    /// Whether a part of a token may end with this byte, and go on.
    pub(super) fn has(&self, byte: u8) -> bool {
        self.bytes[usize::from(byte)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "eyJhbGciOi.eyJzdWIiOiJ.c2lnbmF0dXJl";

    fn hidden(text: &str) -> String {
        let (mut hidden, mut text) = (Hidden::default(), text.to_owned());
        hidden.learn(TOKEN);
        hidden.hide_in(&mut text);
        text
    }

    #[test]
    fn a_placeholder_is_as_long_and_escaped_as_its_token() {
        assert_eq!(placeholder(TOKEN).len(), TOKEN.len());
        assert!(placeholder(TOKEN).starts_with("eyJdentokenhidden"));
        assert_eq!(placeholder("ab\"/~\\"), "hi\"+e\"");
    }

    #[test]
    fn a_token_and_any_long_part_of_it_is_hidden_wherever_it_stands() {
        let whole = hidden(&format!("bad: {TOKEN}, go é"));
        assert_eq!(whole, format!("bad: {}, go é", placeholder(TOKEN)));
        for from in 0..TOKEN.len() - KNOWN_BY {
            let part = &TOKEN[from..from + KNOWN_BY];
            let shown = hidden(&format!("<{part}>"));
            assert_eq!(shown, format!("<{}>", &placeholder(TOKEN)[from..from + KNOWN_BY]));
        }
        assert_eq!(hidden("eyJhbGc is short"), "eyJhbGc is short");
    }

    #[test]
    fn of_two_tokens_that_begin_alike_both_are_hidden_whole() {
        let (one, other) = ("eyJhbGciOi.first-one-of-all", "eyJhbGciOi.the-second-one");
        let mut hidden = Hidden::default();
        hidden.learn(one);
        hidden.learn(other);
        let mut text = format!("{other} {one}");
        hidden.hide_in(&mut text);
        for token in [one, other] {
            for run in token.as_bytes().windows(KNOWN_BY) {
                assert!(!text.contains(str::from_utf8(run).unwrap()), "{text}");
            }
        }
    }

    #[test]
    fn the_latest_tokens_are_known_within_the_bound_and_what_they_share_with_older_ones() {
        let mut hidden = Hidden::default();
        let token = |n: usize| format!("eyJhbGciOi.{n:08}.{}", "a".repeat(1_000));
        for n in 0..2_000 {
            hidden.learn(&token(n));
            assert!(hidden.size <= MOST && hidden.runs.len() <= MOST);
        }
        let mut text = token(1_999);
        hidden.hide_in(&mut text);
        assert!(!text.contains("eyJhbGci") && !text.contains("00001999"), "{text}");
        assert!(hidden.is_clean(token(0).split('.').nth(1).unwrap().as_bytes()));
    }
}
