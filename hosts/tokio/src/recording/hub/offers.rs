//! The subprotocols that a client offers, hidden so that those that differ still do, and those that are
//! alike still are: a hub refuses a list that has one of them twice.

use std::sync::Arc;

use super::letters::is_of_token;
use crate::recording::hidden::LETTERS;

/// The engine's own: what follows the second is a token.
const OWN: [&str; 2] = ["pamlink.v1", "pamlink.token."];
/// So many are remembered. A request with more is refused.
const MOST: usize = 65;

/// The offers of one request.
#[derive(Debug)]
pub(super) struct Offers {
    /// What stays beside the engine's own.
    subprotocols: Arc<[String]>,
    /// Those that have come, each byte with what stands for it.
    all: Vec<Vec<(u8, u8)>>,
    /// That which comes.
    current: Vec<(u8, u8)>,
    /// Which of all begin as the current one does.
    alike: Vec<usize>,
    /// Letters of the current one that do not stay.
    hidden: usize,
}

impl Offers {
    pub(super) fn new(subprotocols: Arc<[String]>) -> Self {
        let (all, current, alike) = (Vec::new(), Vec::new(), Vec::new());
        Self { subprotocols, all, current, alike, hidden: 0 }
    }

    /// The next byte of a list, or what stands for it.
    pub(super) fn pass(&mut self, byte: u8) -> u8 {
        if matches!(byte, b',' | b' ' | b'\t' | b'\r' | b'\n') {
            self.end();
            return byte;
        }
        if self.current.is_empty() {
            self.alike = (0..self.all.len()).collect();
        }
        let at = self.current.len();
        let known = self.next().find(|next| next.0 == byte);
        let shown = known.map_or_else(|| self.new_letter(byte), |next| next.1);
        let all = &self.all;
        self.alike.retain(|index| all[*index].get(at).is_some_and(|next| next.0 == byte));
        let stays = !is_of_token(byte) || self.staying().any(|next| next == byte);
        self.hidden += usize::from(!stays);
        self.current.push((byte, shown));
        shown
    }

    /// An offer is complete.
    pub(super) fn end(&mut self) {
        let offer = std::mem::take(&mut self.current);
        if !offer.is_empty() && self.all.len() < MOST {
            self.all.push(offer);
        }
        self.hidden = 0;
    }

    /// What stands for a byte with which no other goes on that begins alike.
    fn new_letter(&self, byte: u8) -> u8 {
        let stays = || self.staying();
        // What no subprotocol may have stays for that.
        if !is_of_token(byte) || stays().any(|next| next == byte) {
            return byte;
        }
        let is_free =
            |letter: &u8| stays().chain(self.next().map(|next| next.1)).all(|next| next != *letter);
        let usual = LETTERS[self.hidden % LETTERS.len()];
        let others = (b'!'..=b'~').filter(|letter| is_of_token(*letter));
        std::iter::once(usual).chain(others).find(is_free).unwrap_or(usual)
    }

    /// How others go on that begin as the current one.
    fn next(&self) -> impl Iterator<Item = (u8, u8)> {
        self.alike.iter().filter_map(|index| self.all[*index].get(self.current.len()).copied())
    }

    /// How those go on that stay and begin as the current one.
    fn staying(&self) -> impl Iterator<Item = u8> {
        let names = self.subprotocols.iter().map(String::as_str).chain(OWN);
        names.filter_map(|name| {
            let (begun, rest) = name.as_bytes().split_at_checked(self.current.len())?;
            let is_alike = self.current.iter().map(|it| it.0).eq(begun.iter().copied());
            rest.first().copied().filter(|_| is_alike)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> String {
        let mut offers = Offers::new(["v10.stomp".to_owned(), "hid".to_owned()].into());
        String::from_utf8(text.bytes().map(|byte| offers.pass(byte)).collect()).unwrap()
    }

    #[test]
    fn what_differs_still_does_and_what_is_alike_still_is() {
        for (text, expected) in [
            (
                "pamlink.v1, pamlink.token.secret, secret",
                "pamlink.v1, pamlink.token.hidden, !idden",
            ),
            ("v10.stomp,v11.stomp\r\nv12.stomp", "v10.stomp,v1hiddent\r\nv1!iddent"),
            ("abc, abd, abc, ab", "!id, !i!, !id, !i"),
            ("ab/c==", "!i/d=="),
        ] {
            assert_eq!(hidden(text), expected);
        }
        let names: Vec<_> = (b'!'..=b'~').filter(|it| is_of_token(*it)).take(64).collect();
        let list: Vec<_> = names.iter().map(|it| char::from(*it).to_string()).collect();
        let shown = hidden(&list.join(","));
        let distinct: std::collections::BTreeSet<_> = shown.split(',').collect();
        assert_eq!(distinct.len(), 64);
    }
}
