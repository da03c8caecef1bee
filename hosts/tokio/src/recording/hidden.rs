//! Tokens kept out of a recording: what stands for them has their length, and nothing of them.

use std::collections::HashMap;

/// So many bytes in a row that a token has, too, are hidden; what is shorter is not told from other
/// text. A token must be as long.
pub(super) const KNOWN_BY: usize = 8;
/// The latest so many tokens are hidden.
const TOKENS: usize = 64;

/// What stands for a token. It is as long, has what must be escaped where the token has that, and
/// looks like a JWT to [`redact`](pamlink::link::redact) where the token does: so what is written
/// with it is as long as with the token, and what is hidden of it in a line is the same.
pub(super) fn placeholder(token: &str) -> String {
    let letters = b"hidden-token-".iter().cycle();
    let stands_for = |(at, (letter, byte)): (usize, (&u8, u8))| match byte {
        _ if at < 3 && token.starts_with("eyJ") => char::from(byte),
        b'"' | b'\\' => '"',
        _ if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => char::from(*letter),
        _ => '+',
    };
    letters.zip(token.bytes()).enumerate().map(stands_for).collect()
}

/// The tokens of a client, to be hidden.
#[derive(Default)]
pub(super) struct Hidden {
    tokens: Vec<Known>,
}

struct Known {
    text: Box<[u8]>,
    placeholder: Box<[u8]>,
    /// Where the first run of each [`KNOWN_BY`] bytes is.
    runs: HashMap<[u8; KNOWN_BY], usize>,
}

impl Hidden {
    /// Hides this token from now on.
    pub(super) fn learn(&mut self, token: &str) {
        let text: Box<[u8]> = token.as_bytes().into();
        if self.tokens.iter().any(|known| known.text == text) {
            return;
        }
        let mut runs = HashMap::new();
        for at in 0..text.len().saturating_sub(KNOWN_BY - 1) {
            if let Some(run) = text[at..].first_chunk() {
                runs.entry(*run).or_insert(at);
            }
        }
        if self.tokens.len() == TOKENS {
            self.tokens.remove(0);
        }
        let placeholder = placeholder(token).into_bytes().into();
        self.tokens.push(Known { text, placeholder, runs });
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
            let Some(hidden) = self.tokens.iter().find_map(|known| known.part(run, &bytes[at..]))
            else {
                at += 1;
                continue;
            };
            let end = at + hidden.len();
            bytes[at..end].copy_from_slice(hidden);
            at = end;
        }
    }

    /// Whether the bytes have no part of a token.
    pub(super) fn is_clean(&self, bytes: &[u8]) -> bool {
        let mut hidden = bytes.to_vec();
        self.hide(&mut hidden);
        hidden == bytes
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
        self.tokens.iter().any(|known| known.text.contains(&byte))
    }
}

impl Known {
    /// What stands for the part of the token with which `bytes` begin.
    fn part(&self, run: &[u8; KNOWN_BY], bytes: &[u8]) -> Option<&[u8]> {
        let from = *self.runs.get(run)?;
        let alike = self.text[from..].iter().zip(bytes).take_while(|(a, b)| a == b).count();
        Some(&self.placeholder[from..from + alike])
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
        assert!(placeholder(TOKEN).starts_with("eyJden-token-hidden-"));
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
}
