//! The opening request of a link: what may be a token in it is hidden as it comes, which is all that
//! the engine does not look at.

use super::letters::Letters;

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

/// Names of headers are known up to this length.
const LONGEST_NAME: usize = 32;

/// Where in a request it is.
#[derive(Debug, Default)]
pub(super) struct Opening {
    place: Place,
    /// What of a name, an element or a parameter has come, in small letters.
    begun: Vec<u8>,
    letters: Letters,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// In the first line, up to the query.
    #[default]
    Target,
    /// Within the query: a parameter stays as far as it begins as one of these.
    Parameter,
    /// The value of a parameter that is none of the engine's, or is a token.
    HiddenParameter,
    /// A number.
    Number,
    /// What stays up to the end of the line.
    Kept,
    /// The name of a header.
    Name,
    /// A value of which nothing stays.
    Hidden,
    /// Before or in the scheme of `Authorization`.
    Scheme,
    /// An element of the list of subprotocols.
    Subprotocol,
    /// The rest of such an element.
    HiddenSubprotocol,
}

impl Opening {
    /// The next byte, or what stands for it.
    pub(super) fn pass(&mut self, byte: u8) -> u8 {
        if byte == b'\n' {
            self.go_to(Place::Name);
            return byte;
        }
        match self.place {
            Place::Target if byte == b'?' => self.go_to(Place::Parameter),
            Place::Target | Place::Kept => {}
            Place::Parameter | Place::HiddenParameter | Place::Number if byte == b'&' => {
                self.go_to(Place::Parameter);
            }
            Place::Parameter | Place::HiddenParameter | Place::Number if byte == b' ' => {
                self.go_to(Place::Kept);
            }
            Place::Parameter => return self.parameter(byte),
            Place::Number if byte.is_ascii_digit() => {}
            Place::Number | Place::HiddenParameter => return self.letters.of_target(byte),
            // A line that goes on with the value of the one before it.
            Place::Name if self.begun.is_empty() && matches!(byte, b' ' | b'\t') => {
                self.go_to(Place::Hidden);
            }
            Place::Name => self.name(byte),
            Place::Hidden => return self.letters.letter(byte),
            Place::Scheme => return self.scheme(byte),
            Place::Subprotocol | Place::HiddenSubprotocol
                if matches!(byte, b',' | b' ' | b'\t') =>
            {
                self.go_to(Place::Subprotocol);
            }
            Place::Subprotocol => return self.subprotocol(byte),
            Place::HiddenSubprotocol => return self.letters.letter(byte),
        }
        byte
    }

    fn parameter(&mut self, byte: u8) -> u8 {
        self.begun.push(byte);
        let begins = |name: &str| name.as_bytes().starts_with(&self.begun);
        if !begins("token=") && !begins("max_message=") {
            self.go_to(Place::HiddenParameter);
            return self.letters.of_target(byte);
        }
        if byte == b'=' {
            let is_number = self.begun.starts_with(b"max");
            self.go_to(if is_number { Place::Number } else { Place::HiddenParameter });
        }
        byte
    }

    fn name(&mut self, byte: u8) {
        if byte != b':' {
            if self.begun.len() <= LONGEST_NAME {
                self.begun.push(byte.to_ascii_lowercase());
            }
            return;
        }
        let place = match &self.begun[..] {
            b"authorization" => Place::Scheme,
            b"sec-websocket-protocol" => Place::Subprotocol,
            name if KEPT.iter().any(|kept| kept.as_bytes() == name) => Place::Kept,
            _ => Place::Hidden,
        };
        self.go_to(place);
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

    fn subprotocol(&mut self, byte: u8) -> u8 {
        self.begun.push(byte);
        let begins = |name: &str| name.as_bytes().starts_with(&self.begun);
        if begins("pamlink.v1") || begins("pamlink.token.") {
            return byte;
        }
        self.go_to(Place::HiddenSubprotocol);
        self.letters.letter(byte)
    }

    fn go_to(&mut self, place: Place) {
        *self = Self { place, begun: std::mem::take(&mut self.begun), letters: Letters::default() };
        self.begun.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(text: &str) -> String {
        let mut opening = Opening::default();
        let bytes = text.bytes().map(|byte| opening.pass(byte)).collect();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn what_the_engine_looks_at_stays_and_all_else_is_hidden() {
        for (text, expected) in [
            (
                "GET /api/v1/pam/ws/ann?token=se%63ret&max_message=70&x=secret HTTP/1.1\r\n",
                "GET /api/v1/pam/ws/ann?token=hi%68dde&max_message=70&hiddento HTTP/1.1\r\n",
            ),
            ("GET /?secret HTTP/1.1\r\nHost: h:1\r\n", "GET /?hidden HTTP/1.1\r\nHost: h:1\r\n"),
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
}
