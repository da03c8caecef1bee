//! The opening request of a link: what may be a token in it is hidden as it comes, which is all that
//! the engine does not look at.

use std::sync::Arc;

use super::first_line::FirstLine;
use super::letters::{Letters, is_of_token};
use super::offers::Offers;

/// Headers whose values stay.
const KEPT: [&str; 12] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "origin",
    "sec-websocket-extensions",
    "sec-websocket-key",
    "sec-websocket-version",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
];

/// Names of headers stay up to this length.
pub(super) const LONGEST_NAME: usize = 32;

/// Where in a request it is.
#[derive(Debug)]
pub(super) struct Opening {
    first_line: FirstLine,
    place: Place,
    /// What of a name or a scheme has come, in small letters where case does not matter.
    begun: Vec<u8>,
    letters: Letters,
    offers: Offers,
    has_long_name: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    FirstLine,
    /// The name of a header.
    Name,
    /// The rest of a name that is too long to stay.
    LongName,
    /// Behind the carriage return of an empty line.
    EmptyLine,
    /// What stays up to the end of the line.
    Kept,
    /// A value of which nothing stays, and a line that is no header.
    Hidden,
    /// Before or in the scheme of `Authorization`.
    Scheme,
    /// The list of subprotocols.
    Offers,
    /// What comes behind the head.
    Body,
}

impl Opening {
    /// A request to a hub that takes these subprotocols.
    pub(super) fn new(subprotocols: Arc<[String]>) -> Self {
        Self {
            first_line: FirstLine::default(),
            place: Place::FirstLine,
            begun: Vec::new(),
            letters: Letters::default(),
            offers: Offers::new(subprotocols),
            has_long_name: false,
        }
    }

    /// The next byte, or what stands for it.
    pub(super) fn pass(&mut self, byte: u8) -> u8 {
        if byte == b'\n' {
            self.offers.end();
            let is_empty = match self.place {
                Place::Name => self.begun.is_empty(),
                place => matches!(place, Place::EmptyLine | Place::Body),
            };
            self.go_to(if is_empty { Place::Body } else { Place::Name });
            return byte;
        }
        match self.place {
            Place::FirstLine => return self.first_line.pass(byte),
            Place::Kept => {}
            // A line that goes on with the value of the one before it.
            Place::Name if self.begun.is_empty() && matches!(byte, b' ' | b'\t') => {
                self.go_to(Place::Hidden);
            }
            Place::Name if self.begun.is_empty() && byte == b'\r' => self.go_to(Place::EmptyLine),
            Place::Name | Place::LongName => return self.name(byte),
            Place::Hidden | Place::Body | Place::EmptyLine => return self.letters.letter(byte),
            Place::Scheme => return self.scheme(byte),
            Place::Offers => return self.offers.pass(byte),
        }
        byte
    }

    /// Whether the name of a header was too long to stay: an answer may repeat it.
    pub(super) const fn has_long_name(&self) -> bool {
        self.has_long_name
    }

    fn name(&mut self, byte: u8) -> u8 {
        if !is_of_token(byte) {
            // What is no colon makes the line no header, and stays for that.
            let place = match &self.begun[..] {
                _ if byte != b':' || self.place == Place::LongName => Place::Hidden,
                b"authorization" => Place::Scheme,
                b"sec-websocket-protocol" => Place::Offers,
                name if KEPT.iter().any(|kept| kept.as_bytes() == name) => Place::Kept,
                _ => Place::Hidden,
            };
            self.go_to(place);
            return byte;
        }
        if self.place == Place::Name && self.begun.len() == LONGEST_NAME {
            self.has_long_name = true;
            self.go_to(Place::LongName);
        }
        if self.place == Place::LongName {
            return self.letters.letter(byte);
        }
        self.begun.push(byte.to_ascii_lowercase());
        byte
    }

    fn scheme(&mut self, byte: u8) -> u8 {
        if self.begun.is_empty() && matches!(byte, b' ' | b'\t') {
            return byte;
        }
        self.begun.push(byte.to_ascii_lowercase());
        if b"bearer ".starts_with(&self.begun[..]) {
            return byte;
        }
        self.go_to(Place::Hidden);
        self.letters.letter(byte)
    }

    fn go_to(&mut self, place: Place) {
        self.place = place;
        self.letters = Letters::default();
        self.begun.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden_of(subprotocols: &[&str], text: &str) -> String {
        let subprotocols = subprotocols.iter().map(|&name| name.to_owned()).collect();
        let mut opening = Opening::new(subprotocols);
        let bytes = text.bytes().map(|byte| opening.pass(byte)).collect();
        String::from_utf8(bytes).unwrap()
    }

    fn hidden(text: &str) -> String {
        hidden_of(&[], text)
    }

    #[test]
    fn what_the_engine_looks_at_stays_and_all_else_is_hidden() {
        for (text, expected) in [
            (
                "GET /api/v1/pam/ws/ann?token=se%63ret&max_message=70&x=secret HTTP/1.1\r\n",
                "GET /api/v1/pam/ws/ann?token=hi%68dde&max_message=70&hiddento HTTP/1.1\r\n",
            ),
            ("GET /?secret HTTP/1.1\r\nHost: h:1\r\n", "GET /?hidden HTTP/1.1\r\nHost: h:1\r\n"),
            ("GET WSS://ann:secret@h/a HTTP/1.0\r\n", "GET WSS://hiddentoke@n/a HTTP/1.0\r\n"),
            (
                "GET / HTTP/1.1\r\nCookie: a=b; c\r\n\r\n",
                "GET / HTTP/1.1\r\nCookie: hidd e\r\n\r\n",
            ),
            ("\r\nAuthorization: Bearer secret\r\n", "\r\nAuthorization: Bearer hidden\r\n"),
            ("\r\nauthorization:secret\r\n", "\r\nauthorization:hidden\r\n"),
            ("\r\nAuthorization: Basic secret\r\n", "\r\nAuthorization: Bhidd entoke\r\n"),
            (
                "\r\nSec-WebSocket-Protocol: pamlink.v1, pamlink.token.secret,secret\r\n",
                "\r\nSec-WebSocket-Protocol: pamlink.v1, pamlink.token.hidden,hidden\r\n",
            ),
            ("\r\nHost: h\r\n secret:\r\n", "\r\nHost: h\r\n hiddent\r\n"),
            ("\r\nSec-WebSocket-Key: abc\r\n", "\r\nSec-WebSocket-Key: abc\r\n"),
        ] {
            assert_eq!(hidden(text), expected);
        }
    }

    #[test]
    fn of_what_is_no_request_nothing_stays_but_that_it_is_none() {
        for (text, expected) in [
            // A space in the query, which ends the target.
            ("GET /?token=Bearer secret HTTP/1.1\r\n", "GET /?token=hidden hidden hiddento\r\n"),
            ("GET / HTTP/1.1 secret secret\r\n", "GET / HTTP/1.1 hidden tokenh\r\n"),
            ("GET / HTTP/2.0\r\n", "GET / HTTP/hid\r\n"),
            ("GET secret#x HTTP/1.1\r\n", "GET hidden#t HTTP/1.1\r\n"),
            ("GET wss://secret HTTP/1.1\r\n", "GET wss://hidden HTTP/1.1\r\n"),
            ("PROPFIND(secret) / HTTP/1.1\r\n", "PROPFINh(iddent) / HTTP/1.1\r\n"),
            // No handshake at all.
            (r#"{"type":"hello","token":"secret"}"#, "hiddentokenhiddentokenhiddentoken"),
            // A line that is no header.
            ("\r\nAuthorization Bearer secret\r\n", "\r\nAuthorization hidden tokenh\r\n"),
            ("\r\nCookie(: secret\r\n", "\r\nCookie(h iddent\r\n"),
            (
                "\r\nabcdefghijklmnopqrstuvwxyz012345secret: secret\r\n",
                "\r\nabcdefghijklmnopqrstuvwxyz012345hidden: hidden\r\n",
            ),
            // What is behind the head.
            ("\r\nX\r\n\r\nsecret\r\nsecret", "\r\nX\r\n\r\nhidden\r\nhidden"),
        ] {
            assert_eq!(hidden(text), expected);
        }
    }

    #[test]
    fn the_subprotocols_that_the_hub_takes_stay() {
        let list = "\r\nSec-WebSocket-Protocol: v10.stomp, secret/secret, v10.stomps\r\n";
        let shown = hidden_of(&["v10.stomp", "v11.stomp"], list);
        let expected = "\r\nSec-WebSocket-Protocol: v10.stomp, hidden/tokenh, v10.stomph\r\n";
        assert_eq!(shown, expected);
    }
}
