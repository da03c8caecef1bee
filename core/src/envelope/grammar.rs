//! The grammar of RFC 8259, without recursion and without building anything.
//!
//! Every function takes the place where its piece of grammar starts and gives the place behind
//! it. Places are passed by value and faults are small, so that the way through a valid text
//! stays in registers.

use super::error::EnvelopeError;
use super::runs::{digits_until, plain_until};

/// Where a text stops being acceptable, and what would have been.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    at: u32,
    expected: Expected,
}

/// What the grammar allows at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Colon,
    CommaOrBrace,
    CommaOrBracket,
    Digit,
    End,
    Escape,
    EscapedControl,
    False,
    Hex,
    Name,
    NameOrEnd,
    Null,
    Quote,
    True,
    Value,
    ValueOrEnd,
    /// Nothing is wrong but the depth.
    LessDepth,
}

impl Fault {
    #[cold]
    #[inline(never)]
    fn new<T>(at: usize, expected: Expected) -> Result<T, Self> {
        // Texts are shorter than 2 GiB: `Scan::object` and `check` see to it.
        Err(Self { at: u32::try_from(at).unwrap_or(u32::MAX), expected })
    }

    /// The error for the caller; `limit` is the allowed nesting.
    #[cold]
    pub(super) fn error(self, limit: u8) -> EnvelopeError {
        let at = self.at as usize;
        let expected = match self.expected {
            Expected::Colon => "`:`",
            Expected::CommaOrBrace => "`,` or `}`",
            Expected::CommaOrBracket => "`,` or `]`",
            Expected::Digit => "a digit",
            Expected::End => "the end of the text",
            Expected::Escape => "an escape (one of `\"\\/bfnrtu`)",
            Expected::EscapedControl => "an escape in place of the control character",
            Expected::False => "`false`",
            Expected::Hex => "four hexadecimal digits",
            Expected::Name => "a member name in quotes",
            Expected::NameOrEnd => "a member name in quotes or `}`",
            Expected::Null => "`null`",
            Expected::Quote => "the closing `\"`",
            Expected::True => "`true`",
            Expected::Value => "a value",
            Expected::ValueOrEnd => "a value or `]`",
            Expected::LessDepth => return EnvelopeError::TooDeep { at, limit },
        };
        EnvelopeError::NotJson { at, expected }
    }
}

/// The bound of a text: a place in it fits into 31 bits.
pub(super) const TOO_LONG: usize = 1 << 31;

/// Checks that `text` is one JSON value, nested no deeper than `depth`.
pub(super) fn check(text: &str, depth: u8) -> Result<(), EnvelopeError> {
    if text.len() >= TOO_LONG {
        return Err(EnvelopeError::TooLong);
    }
    let bytes = text.as_bytes();
    let ended = value(bytes, skip_whitespace(bytes, 0), 0, depth);
    ended.and_then(|it| finish(bytes, it.end)).map_err(|fault| fault.error(depth))
}

/// A string: where it ends, and whether it is free of escapes.
#[derive(Clone, Copy)]
pub(super) struct Quoted {
    pub(super) end: usize,
    pub(super) plain: bool,
}

#[inline(always)]
pub(super) fn peek(bytes: &[u8], at: usize) -> Option<u8> {
    bytes.get(at).copied()
}

#[inline(always)]
pub(super) fn skip_whitespace(bytes: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = peek(bytes, at) {
        at += 1;
    }
    at
}

/// Nothing but whitespace.
pub(super) fn finish(bytes: &[u8], at: usize) -> Result<(), Fault> {
    let at = skip_whitespace(bytes, at);
    if at < bytes.len() { Fault::new(at, Expected::End) } else { Ok(()) }
}

/// The opening brace of an object and what follows: the place of its first name, or of `}`.
pub(super) fn first_name(bytes: &[u8], at: usize, limit: u8) -> Result<usize, Fault> {
    if limit == 0 {
        return Fault::new(at, Expected::LessDepth);
    }
    let at = skip_whitespace(bytes, at + 1);
    match peek(bytes, at) {
        Some(b'"' | b'}') => Ok(at),
        _ => Fault::new(at, Expected::NameOrEnd),
    }
}

/// What follows a member of an object: the place of the next name, or of `}`.
#[inline(always)]
pub(super) fn next_name(bytes: &[u8], at: usize) -> Result<usize, Fault> {
    let at = skip_whitespace(bytes, at);
    match peek(bytes, at) {
        Some(b'}') => Ok(at),
        Some(b',') => {
            let at = skip_whitespace(bytes, at + 1);
            match peek(bytes, at) {
                Some(b'"') => Ok(at),
                _ => Fault::new(at, Expected::Name),
            }
        }
        _ => Fault::new(at, Expected::CommaOrBrace),
    }
}

/// The colon behind a name: the place of the value.
#[inline(always)]
pub(super) fn colon(bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
    if peek(bytes, at) != Some(b':') {
        at = skip_whitespace(bytes, at);
        if peek(bytes, at) != Some(b':') {
            return Fault::new(at, Expected::Colon);
        }
    }
    Ok(skip_whitespace(bytes, at + 1))
}

/// A string from its opening quote.
#[inline(always)]
pub(super) fn string(bytes: &[u8], at: usize) -> Result<Quoted, Fault> {
    let at = plain_until(bytes, at + 1);
    if peek(bytes, at) == Some(b'"') {
        return Ok(Quoted { end: at + 1, plain: true });
    }
    escaped_string(bytes, at).map(|end| Quoted { end, plain: false })
}

/// The rest of a string from its first escape.
#[inline(never)]
fn escaped_string(bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
    loop {
        match peek(bytes, at) {
            Some(b'"') => return Ok(at + 1),
            Some(b'\\') => at = escape(bytes, at + 1)?,
            Some(_) => return Fault::new(at, Expected::EscapedControl),
            None => return Fault::new(at, Expected::Quote),
        }
        at = plain_until(bytes, at);
    }
}

/// What follows a backslash.
#[inline(always)]
fn escape(bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
    match peek(bytes, at) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(at + 1),
        Some(b'u') => {
            for _ in 0..4 {
                at += 1;
                if !peek(bytes, at).is_some_and(|byte| byte.is_ascii_hexdigit()) {
                    return Fault::new(at, Expected::Hex);
                }
            }
            Ok(at + 1)
        }
        _ => Fault::new(at, Expected::Escape),
    }
}

/// Any value, within `outer` containers; a plain string is marked.
#[inline(always)]
pub(super) fn value(bytes: &[u8], at: usize, outer: u8, limit: u8) -> Result<Quoted, Fault> {
    let end = match peek(bytes, at) {
        Some(b'"') => return string(bytes, at),
        Some(b'{' | b'[') => container(bytes, at, outer, limit)?,
        _ => scalar(bytes, at, Expected::Value)?,
    };
    Ok(Quoted { end, plain: false })
}

/// A number or one of the three words.
#[inline(always)]
fn scalar(bytes: &[u8], at: usize, expected: Expected) -> Result<usize, Fault> {
    match peek(bytes, at) {
        Some(b'-' | b'0'..=b'9') => number(bytes, at),
        Some(b't') => word(bytes, at, b"true", Expected::True),
        Some(b'f') => word(bytes, at, b"false", Expected::False),
        Some(b'n') => word(bytes, at, b"null", Expected::Null),
        _ => Fault::new(at, expected),
    }
}

fn word(bytes: &[u8], at: usize, word: &[u8], expected: Expected) -> Result<usize, Fault> {
    if bytes[at..].starts_with(word) { Ok(at + word.len()) } else { Fault::new(at, expected) }
}

fn number(bytes: &[u8], mut at: usize) -> Result<usize, Fault> {
    if peek(bytes, at) == Some(b'-') {
        at += 1;
    }
    at = if peek(bytes, at) == Some(b'0') { at + 1 } else { digits(bytes, at)? };
    if peek(bytes, at) == Some(b'.') {
        at = digits(bytes, at + 1)?;
    }
    if let Some(b'e' | b'E') = peek(bytes, at) {
        at += 1;
        if let Some(b'+' | b'-') = peek(bytes, at) {
            at += 1;
        }
        at = digits(bytes, at)?;
    }
    Ok(at)
}

#[inline(always)]
fn digits(bytes: &[u8], start: usize) -> Result<usize, Fault> {
    let at = digits_until(bytes, start);
    if at == start { Fault::new(at, Expected::Digit) } else { Ok(at) }
}

/// The containers that are open around a place.
struct Nest {
    /// A bit for each of the innermost: set for an object, the innermost lowest.
    inner: u64,
    /// The 64, 128 and 192 outermost, while there are more.
    outer: [u64; 3],
    /// How many are open, and how many may be.
    depth: usize,
    limit: usize,
}

impl Nest {
    #[inline(always)]
    fn open(&mut self, at: usize, object: bool) -> Result<(), Fault> {
        if self.depth >= self.limit {
            return Fault::new(at, Expected::LessDepth);
        }
        if self.depth.is_multiple_of(64)
            && let Some(outer) = (self.depth / 64).checked_sub(1)
        {
            self.outer[outer % 3] = self.inner;
        }
        self.depth += 1;
        self.inner = self.inner << 1 | u64::from(object);
        Ok(())
    }

    /// Closes the innermost: whether it was the last.
    #[inline(always)]
    fn close(&mut self) -> bool {
        self.depth -= 1;
        self.inner >>= 1;
        if self.depth.is_multiple_of(64)
            && let Some(outer) = (self.depth / 64).checked_sub(1)
        {
            self.inner = self.outer[outer % 3];
        }
        self.depth == 0
    }

    #[inline(always)]
    const fn in_object(&self) -> bool {
        self.inner & 1 != 0
    }
}

/// An object or array with all that is in it, within `outer` containers.
#[inline(never)]
fn container(bytes: &[u8], mut at: usize, outer: u8, limit: u8) -> Result<usize, Fault> {
    let limit = usize::from(limit.saturating_sub(outer));
    let mut nest = Nest { inner: 0, outer: [0; 3], depth: 0, limit };
    loop {
        // At a value.
        match peek(bytes, at) {
            Some(b'"') => at = string(bytes, at)?.end,
            Some(b'{') => {
                nest.open(at, true)?;
                at = skip_whitespace(bytes, at + 1);
                match peek(bytes, at) {
                    Some(b'}') => {}
                    Some(b'"') => {
                        at = colon(bytes, string(bytes, at)?.end)?;
                        continue;
                    }
                    _ => return Fault::new(at, Expected::NameOrEnd),
                }
            }
            Some(b'[') => {
                nest.open(at, false)?;
                at = skip_whitespace(bytes, at + 1);
                match peek(bytes, at) {
                    Some(b']') => {}
                    Some(b'"' | b'{' | b'[') => continue,
                    _ => {
                        at = scalar(bytes, at, Expected::ValueOrEnd)?;
                    }
                }
            }
            _ => at = scalar(bytes, at, Expected::Value)?,
        }
        // Behind a value or an opening bracket: close what ends here.
        loop {
            at = skip_whitespace(bytes, at);
            let object = nest.in_object();
            match peek(bytes, at) {
                Some(b',') => {
                    at = skip_whitespace(bytes, at + 1);
                    if !object {
                        break;
                    }
                    if peek(bytes, at) != Some(b'"') {
                        return Fault::new(at, Expected::Name);
                    }
                    at = colon(bytes, string(bytes, at)?.end)?;
                    break;
                }
                Some(b'}') if object => {}
                Some(b']') if !object => {}
                _ if object => return Fault::new(at, Expected::CommaOrBrace),
                _ => return Fault::new(at, Expected::CommaOrBracket),
            }
            at += 1;
            if nest.close() {
                return Ok(at);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check;

    /// Arrays and objects in each other, the innermost of which holds `inner`.
    fn nested(objects: &[bool], inner: &str) -> String {
        objects.iter().rev().fold(inner.to_owned(), |inner, object| {
            if *object { format!(r#"{{"a":{inner}}}"#) } else { format!("[{inner}]") }
        })
    }

    #[test]
    fn each_container_is_closed_as_it_was_opened_however_deep_it_is() {
        for depth in [1, 2, 63, 64, 65, 66, 127, 128, 129, 191, 192, 193, 254, 255] {
            let objects: Vec<_> = (0..depth).map(|at| at % 3 == 0 || at % 7 == 0).collect();
            let text = nested(&objects, "1");
            let limit = u8::try_from(depth).unwrap();
            check(&text, limit).unwrap();
            assert!(check(&text, limit - 1).is_err(), "{depth} deep");
            // One of them is closed as the other kind.
            for at in 0..depth {
                let mut bytes = text.clone().into_bytes();
                let place = bytes.len() - 1 - at;
                bytes[place] = if bytes[place] == b'}' { b']' } else { b'}' };
                let broken = String::from_utf8(bytes).unwrap();
                assert!(check(&broken, limit).is_err(), "{depth} deep, at {at}");
            }
            // What follows within them is read as it has to be.
            let after = nested(&objects, &format!("[{}],2", nested(&objects[1..], "3")));
            let fits = depth * 2 <= 255 && !objects[depth - 1];
            assert_eq!(check(&after, u8::MAX).is_ok(), fits, "{depth} deep");
        }
    }
}
