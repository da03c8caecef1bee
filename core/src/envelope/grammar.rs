//! The grammar of RFC 8259, without recursion and without building anything.
//!
//! Every function takes the place where its piece of grammar starts and gives the place behind
//! it. Places are passed by value and faults are small, so that the way through a valid text
//! stays in registers.

use super::error::EnvelopeError;

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

/// The first quote, backslash or control character from `at` on: what a JSON string does not
/// hold as it is. The end if there is none.
#[inline(always)]
pub(super) fn plain_until(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Eight bytes at once. A byte's high bit gets set by the subtraction if the byte is below
    // what is subtracted. A borrow can mislead only above a true hit, and the lowest hit counts.
    // The quote (0x22) is put below 0x21 together with the control characters by flipping 0x02:
    // they stay among themselves, and the two characters between them and the quote go above.
    for part in bytes.get(at..).unwrap_or_default().as_chunks::<8>().0 {
        let word = u64::from_le_bytes(*part);
        let quote_or_control = (word ^ (ONES * 0x02)).wrapping_sub(ONES * 0x21);
        let slash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
        let hit = (quote_or_control | slash) & !word & HIGH;
        if hit != 0 {
            return at + (hit.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(byte) = peek(bytes, at) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
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
    let mut at = start;
    while let Some(b'0'..=b'9') = peek(bytes, at) {
        at += 1;
    }
    if at == start { Fault::new(at, Expected::Digit) } else { Ok(at) }
}

/// The containers that are open around a place, one bit each: set for an object.
struct Nest {
    objects: [u64; 4],
    depth: usize,
    limit: usize,
}

impl Nest {
    #[inline(always)]
    fn open(&mut self, at: usize, object: bool) -> Result<(), Fault> {
        if self.depth >= self.limit {
            return Fault::new(at, Expected::LessDepth);
        }
        self.depth += 1;
        let (word, bit) = (self.depth / 64 % 4, 1 << (self.depth % 64));
        if object {
            self.objects[word] |= bit;
        } else {
            self.objects[word] &= !bit;
        }
        Ok(())
    }

    #[inline(always)]
    fn in_object(&self) -> bool {
        self.objects[self.depth / 64 % 4] & (1 << (self.depth % 64)) != 0
    }
}

/// An object or array with all that is in it, within `outer` containers.
#[inline(never)]
fn container(bytes: &[u8], mut at: usize, outer: u8, limit: u8) -> Result<usize, Fault> {
    let outer = usize::from(outer);
    let mut nest = Nest { objects: [0; 4], depth: outer, limit: usize::from(limit) };
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
            nest.depth -= 1;
            if nest.depth == outer {
                return Ok(at);
            }
        }
    }
}
