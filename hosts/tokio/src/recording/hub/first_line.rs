//! The first line of an opening request, hidden as it comes where it is none, and where the engine does
//! not look.

use super::letters::Letters;

/// Methods are known up to this length.
const LONGEST_METHOD: usize = 7;
/// What a target that is a whole URL begins with.
const SCHEMES: [&str; 4] = ["http://", "https://", "ws://", "wss://"];
const VERSIONS: [&str; 2] = ["HTTP/1.0", "HTTP/1.1"];

/// A method as a line of a recording has it: what is none of the usual form is hidden.
pub(super) fn method(method: &str) -> &str {
    let is_known =
        method.len() <= LONGEST_METHOD && method.bytes().all(|byte| byte.is_ascii_uppercase());
    if is_known { method } else { "another method" }
}

/// Where in the first line it is.
#[derive(Debug, Default)]
pub(super) struct FirstLine {
    place: Place,
    /// What of a method, a scheme, a parameter or the version has come.
    begun: Vec<u8>,
    letters: Letters,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    /// Capital letters.
    #[default]
    Method,
    /// The rest of a method that has others.
    HiddenMethod,
    /// Before or in the scheme of a target.
    Scheme,
    /// The host in a target that is a whole URL.
    Authority,
    /// Up to the query.
    Path,
    /// Within the query: a parameter stays as far as it begins as one of these.
    Parameter,
    /// The value of a parameter that is none of the engine's, or is a token, and a target that is no
    /// path.
    HiddenParameter,
    /// A number.
    Number,
    Version,
    /// What is in no first line.
    Hidden,
}

impl FirstLine {
    /// The next byte, or what stands for it.
    pub(super) fn pass(&mut self, byte: u8) -> u8 {
        match self.place {
            Place::Method | Place::HiddenMethod if byte == b' ' => self.go_to(Place::Scheme),
            Place::Method => return self.method(byte),
            Place::HiddenMethod => return self.letters.of_token(byte),
            Place::Version if byte == b' ' => self.go_to(Place::Hidden),
            Place::Hidden => return self.letters.letter(byte),
            Place::Version => return self.version(byte),
            _ if byte == b' ' => self.go_to(Place::Version),
            Place::Scheme => return self.scheme(byte),
            Place::Authority if byte == b'/' => self.go_to(Place::Path),
            Place::Authority => return self.letters.of_host(byte),
            Place::Path if byte == b'?' => self.go_to(Place::Parameter),
            Place::Path => {}
            Place::Parameter | Place::HiddenParameter | Place::Number if byte == b'&' => {
                self.go_to(Place::Parameter);
            }
            Place::Parameter => return self.parameter(byte),
            Place::Number if byte.is_ascii_digit() => {}
            Place::Number | Place::HiddenParameter => return self.letters.of_target(byte),
        }
        byte
    }

    fn method(&mut self, byte: u8) -> u8 {
        if byte.is_ascii_uppercase() && self.begun.len() < LONGEST_METHOD {
            self.begun.push(byte);
            return byte;
        }
        // The engine reads no further than a first letter that is none of a method.
        let is_none = self.begun.is_empty();
        self.go_to(if is_none { Place::Hidden } else { Place::HiddenMethod });
        if is_none { self.letters.letter(byte) } else { self.letters.of_token(byte) }
    }

    fn scheme(&mut self, byte: u8) -> u8 {
        if byte == b'/' && self.begun.is_empty() {
            self.go_to(Place::Path);
            return byte;
        }
        self.begun.push(byte.to_ascii_lowercase());
        if SCHEMES.iter().any(|scheme| scheme.as_bytes() == self.begun) {
            self.go_to(Place::Authority);
        } else if !self.begins(&SCHEMES) {
            self.go_to(Place::HiddenParameter);
            return self.letters.of_target(byte);
        }
        byte
    }

    fn parameter(&mut self, byte: u8) -> u8 {
        self.begun.push(byte);
        if !self.begins(&["token=", "max_message="]) {
            self.go_to(Place::HiddenParameter);
            return self.letters.of_target(byte);
        }
        if byte == b'=' {
            let is_number = self.begun.starts_with(b"max");
            self.go_to(if is_number { Place::Number } else { Place::HiddenParameter });
        }
        byte
    }

    fn version(&mut self, byte: u8) -> u8 {
        self.begun.push(byte);
        if self.begins(&VERSIONS) {
            return byte;
        }
        // Nothing goes on from here, but what comes behind a space.
        self.begun.truncate(VERSIONS[0].len());
        self.letters.letter(byte)
    }

    fn begins(&self, any_of: &[&str]) -> bool {
        any_of.iter().any(|it| it.as_bytes().starts_with(&self.begun))
    }

    fn go_to(&mut self, place: Place) {
        *self = Self { place, begun: std::mem::take(&mut self.begun), letters: Letters::default() };
        self.begun.clear();
    }
}
