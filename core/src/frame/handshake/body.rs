//! What an answer that opens no connection says to a person: the first line of its body.

use super::Headers;

/// How many bytes of a body are read.
const LOOKED_AT: usize = 1_024;
/// The longest line that is reported, in bytes.
const LONGEST: usize = 200;

/// The first line of a text that says anything, without control characters, cut at 200 bytes on the
/// border of a character. What is no UTF-8 reads as U+FFFD.
pub(crate) fn first_line(text: &[u8]) -> Box<str> {
    let text = String::from_utf8_lossy(&text[..text.len().min(LOOKED_AT)]);
    let lines = text.split(['\r', '\n']);
    let line = lines.map(|line| line.trim_matches(is_blank)).find(|line| !line.is_empty());
    let mut line = line.unwrap_or_default().replace(char::is_control, " ");
    line.truncate(line.floor_char_boundary(LONGEST));
    line.into()
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// Reads the body of an answer until its first line is there.
#[derive(Debug)]
pub(super) struct Body {
    text: Vec<u8>,
    /// Bytes that come yet, where that is known; else they come until the connection ends.
    left: Option<usize>,
    /// The line with the size of the first chunk comes first (RFC 9112 section 7.1).
    is_size: bool,
    /// Bytes that may still be read.
    room: usize,
}

impl Body {
    pub(super) fn new(headers: &Headers) -> Self {
        let is_size =
            headers.list("Transfer-Encoding").any(|it| it.eq_ignore_ascii_case("chunked"));
        let mut left = headers.first("Content-Length").and_then(|length| length.parse().ok());
        if is_size {
            left = None;
        }
        // Packed, it says nothing to a person.
        if headers.first("Content-Encoding").is_some() {
            left = Some(0);
        }
        Self { text: Vec::new(), left, is_size, room: LOOKED_AT }
    }

    /// A body of which all is known.
    pub(super) fn of_line(line: &[u8]) -> Self {
        Self { text: line.to_vec(), left: Some(0), is_size: false, room: 0 }
    }

    /// Takes bytes. Whether there is nothing more to wait for.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> bool {
        self.is_done() || bytes.iter().any(|&byte| self.take(byte))
    }

    pub(super) fn line(&self) -> Box<str> {
        if self.is_size { Box::default() } else { first_line(&self.text) }
    }

    fn is_done(&self) -> bool {
        self.room == 0 || self.left == Some(0)
    }

    fn take(&mut self, byte: u8) -> bool {
        self.room -= 1;
        if self.is_size {
            if byte == b'\n' {
                let size = core::str::from_utf8(&self.text).unwrap_or_default();
                let size = size.split(';').next().unwrap_or_default().trim();
                self.left = Some(usize::from_str_radix(size, 16).unwrap_or(0));
                (self.is_size, self.text) = (false, Vec::new());
            } else {
                self.text.push(byte);
            }
            return self.is_done();
        }
        self.left = self.left.map(|left| left - 1);
        let ended = byte == b'\n' && !self.text.trim_ascii().is_empty();
        self.text.push(byte);
        ended || self.is_done()
    }
}
