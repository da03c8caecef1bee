//! One pass over a text: is it JSON, is it shallow enough, and where are its members?
//!
//! The scanner accepts exactly RFC 8259, builds nothing and does not recurse: the open brackets
//! are bits of a fixed stack.

use super::error::EnvelopeError;
use super::raw::{Raw, Shape};
use super::text::Text;

/// How many members a [`Scan`] remembers; the ones after are found again by reading on.
pub(super) const RECORDED: usize = 12;

/// Where the members of an envelope are.
///
/// Offsets only, so it can be kept while the text moves.
#[derive(Clone, Copy, Debug)]
pub struct Scan {
    recorded: [MemberSpan; RECORDED],
    /// Of how many members `recorded` knows.
    known: u8,
    /// Whether members follow that are not recorded.
    more: bool,
    pub(super) kind: ValueSpan,
    pub(super) id: ValueSpan,
    pub(super) reply_to: ValueSpan,
    pub(super) timestamp: ValueSpan,
}

/// A value of an envelope. Offset 0 stands for absence, since a value never starts there.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct ValueSpan {
    at: u32,
    end: u32,
    /// A string without escapes.
    plain: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct MemberSpan {
    key_at: u32,
    key_end: u32,
    value: ValueSpan,
}

/// A member of an object, as it stands in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Member<'a> {
    /// What stands between the quotes of the name.
    pub(super) key: &'a str,
    pub(super) value: Raw<'a>,
    /// Where the value starts.
    pub(super) at: usize,
}

impl<'a> Member<'a> {
    pub(super) fn name(&self) -> Text<'a> {
        Text::from_spelled(self.key, false)
    }

    pub(super) fn is_named(&self, name: &str) -> bool {
        // A name in the text can only equal without being spelled alike if it holds escapes.
        self.key == name || (self.key.len() > name.len() && self.name() == *name)
    }
}

impl ValueSpan {
    pub(super) fn raw(self, text: &str) -> Option<Raw<'_>> {
        if self.at == 0 {
            return None;
        }
        Some(Raw::trusted(text.get(self.at as usize..self.end as usize)?, self.plain))
    }

    pub(super) fn at(self) -> usize {
        self.at as usize
    }
}

impl Scan {
    /// Scans an object; `depth` is the allowed nesting, its own braces count as one.
    pub(super) fn object(text: &str, depth: u8) -> Result<Self, EnvelopeError> {
        if u32::try_from(text.len()).is_err() {
            return Err(EnvelopeError::TooLong);
        }
        let mut scanner = Scanner::new(text, depth);
        let at = scanner.skip_whitespace();
        if scanner.peek() != Some(b'{') {
            scanner.value()?;
            scanner.finish()?;
            let found = Shape::of(&text.as_bytes()[at..]);
            return Err(EnvelopeError::NotAnObject { at, found });
        }
        let scan = scanner.members()?;
        scanner.finish()?;
        Ok(scan)
    }

    /// The members in the order of the text.
    pub(super) fn members<'s, 'a>(
        &'s self,
        text: &'a str,
    ) -> impl Iterator<Item = Member<'a>> + use<'s, 'a> {
        let recorded = &self.recorded[..usize::from(self.known)];
        let rest = match (self.more, recorded.last()) {
            (true, Some(last)) => Members::after(text, last.value.end as usize),
            _ => Members::none(),
        };
        recorded.iter().map(move |member| member.in_text(text)).chain(rest)
    }
}

impl MemberSpan {
    fn in_text<'a>(&self, text: &'a str) -> Member<'a> {
        Member {
            key: text.get(self.key_at as usize..self.key_end as usize).unwrap_or(""),
            value: self.value.raw(text).unwrap_or(Raw::NULL),
            at: self.value.at(),
        }
    }
}

/// Checks that `text` is one JSON value, nested no deeper than `depth`.
pub(super) fn check(text: &str, depth: u8) -> Result<(), EnvelopeError> {
    let mut scanner = Scanner::new(text, depth);
    scanner.skip_whitespace();
    scanner.value()?;
    scanner.finish()
}

/// The members of an object in a text that has been scanned before.
#[derive(Clone, Debug)]
pub(super) struct Members<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
    done: bool,
}

impl<'a> Members<'a> {
    /// The members of `object`; none if it is no object.
    pub(super) fn of(object: &'a str) -> Self {
        let mut scanner = Scanner::new(object, u8::MAX);
        let done = scanner.peek() != Some(b'{');
        scanner.at += 1;
        Self { text: object, scanner, done }
    }

    /// The members that follow the value which ends at `at`.
    fn after(text: &'a str, at: usize) -> Self {
        let mut scanner = Scanner::new(text, u8::MAX);
        scanner.at = at;
        Self { text, scanner, done: false }
    }

    const fn none() -> Self {
        Self { text: "", scanner: Scanner::new("", 0), done: true }
    }

    fn advance(&mut self) -> Option<Member<'a>> {
        self.scanner.skip_whitespace();
        if self.scanner.peek()? == b',' {
            self.scanner.at += 1;
            self.scanner.skip_whitespace();
        }
        if self.scanner.peek()? == b'}' {
            return None;
        }
        let (key_at, key_end) = self.scanner.key().ok().map(|(at, end, _)| (at, end))?;
        let at = self.scanner.at;
        let plain = self.scanner.value().ok()?;
        Some(Member {
            key: self.text.get(key_at..key_end)?,
            value: Raw::trusted(self.text.get(at..self.scanner.at)?, plain),
            at,
        })
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = Member<'a>;

    fn next(&mut self) -> Option<Member<'a>> {
        if self.done {
            return None;
        }
        let member = self.advance();
        self.done = member.is_none();
        member
    }
}

/// The items of an array in a text that has been scanned before.
#[derive(Clone, Debug)]
pub(super) struct Items<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
    done: bool,
}

impl<'a> Items<'a> {
    /// The items of `array`; none if it is no array.
    pub(super) fn of(array: &'a str) -> Self {
        let mut scanner = Scanner::new(array, u8::MAX);
        let done = scanner.peek() != Some(b'[');
        scanner.at += 1;
        Self { text: array, scanner, done }
    }

    fn advance(&mut self) -> Option<Raw<'a>> {
        self.scanner.skip_whitespace();
        if self.scanner.peek()? == b',' {
            self.scanner.at += 1;
            self.scanner.skip_whitespace();
        }
        if self.scanner.peek()? == b']' {
            return None;
        }
        let at = self.scanner.at;
        let plain = self.scanner.value().ok()?;
        Some(Raw::trusted(self.text.get(at..self.scanner.at)?, plain))
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Raw<'a>;

    fn next(&mut self) -> Option<Raw<'a>> {
        if self.done {
            return None;
        }
        let item = self.advance();
        self.done = item.is_none();
        item
    }
}

/// How many bytes at the start of `bytes` a JSON string holds as they are: up to the first quote,
/// backslash or control character.
pub(super) fn plain_prefix(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let mut at = 0;
    // Eight bytes at once. A byte's high bit is set if the byte is below the subtrahend; a borrow
    // can only mislead above a true hit, and the lowest hit is the one that counts.
    while let Some(chunk) = bytes[at..].first_chunk::<8>() {
        let word = u64::from_le_bytes(*chunk);
        let quote = (word ^ (ONES * 0x22)).wrapping_sub(ONES);
        let slash = (word ^ (ONES * 0x5c)).wrapping_sub(ONES);
        let control = word.wrapping_sub(ONES * 0x20);
        let hit =
            (quote & !(word ^ (ONES * 0x22)) | slash & !(word ^ (ONES * 0x5c)) | control & !word)
                & HIGH;
        if hit != 0 {
            return at + (hit.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    while let Some(&byte) = bytes.get(at) {
        if byte == b'"' || byte == b'\\' || byte < 0x20 {
            break;
        }
        at += 1;
    }
    at
}

const VALUE: &str = "a value";
const NAME: &str = "a member name in quotes";
const NAME_OR_END: &str = "a member name in quotes or `}`";
const VALUE_OR_END: &str = "a value or `]`";
const COLON: &str = "`:`";
const COMMA_OR_BRACE: &str = "`,` or `}`";
const COMMA_OR_BRACKET: &str = "`,` or `]`";
const DIGIT: &str = "a digit";
const END: &str = "the end of the text";
const ESCAPE: &str = "an escape (one of `\"\\/bfnrtu`)";
const HEX: &str = "four hexadecimal digits";
const QUOTE: &str = "the closing `\"`";
const ESCAPED_CONTROL: &str = "an escape in place of the control character";

#[derive(Clone, Debug)]
struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    limit: u8,
    /// The depth of what is around a value: 1 within the outermost object, else 0.
    outer: u8,
}

/// What may come next inside a container.
#[derive(Clone, Copy)]
enum Turn {
    NameOrEnd,
    Name,
    ValueOrEnd,
    Value,
    After,
}

/// The containers that are open around a place, one bit each: set for an object.
struct Nest {
    objects: [u64; 4],
    depth: usize,
}

impl Nest {
    fn set(&mut self, object: bool) {
        let (word, bit) = (self.depth / 64, 1 << (self.depth % 64));
        if object {
            self.objects[word] |= bit;
        } else {
            self.objects[word] &= !bit;
        }
    }

    fn in_object(&self) -> bool {
        self.objects[self.depth / 64] & (1 << (self.depth % 64)) != 0
    }
}

impl<'a> Scanner<'a> {
    const fn new(text: &'a str, limit: u8) -> Self {
        Self { bytes: text.as_bytes(), at: 0, limit, outer: 0 }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn expected<T>(&self, expected: &'static str) -> Result<T, EnvelopeError> {
        Err(EnvelopeError::NotJson { at: self.at.min(self.bytes.len()), expected })
    }

    fn skip_whitespace(&mut self) -> usize {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
        self.at
    }

    fn finish(&mut self) -> Result<(), EnvelopeError> {
        self.skip_whitespace();
        if self.at < self.bytes.len() { self.expected(END) } else { Ok(()) }
    }

    /// The outermost object: the same grammar as in `container`, and the members are recorded.
    fn members(&mut self) -> Result<Scan, EnvelopeError> {
        let mut scan = Scan {
            recorded: [MemberSpan::default(); RECORDED],
            known: 0,
            more: false,
            kind: ValueSpan::default(),
            id: ValueSpan::default(),
            reply_to: ValueSpan::default(),
            timestamp: ValueSpan::default(),
        };
        if self.limit == 0 {
            return Err(EnvelopeError::TooDeep { at: self.at, limit: 0 });
        }
        self.outer = 1;
        self.at += 1;
        self.skip_whitespace();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(scan);
        }
        if self.peek() != Some(b'"') {
            return self.expected(NAME_OR_END);
        }
        loop {
            let (key_at, key_end, plain_key) = self.key()?;
            let at = self.at;
            let plain = self.value()?;
            let value = ValueSpan { at: at as u32, end: self.at as u32, plain };
            if plain_key {
                // Of equal names the last one counts, as everywhere in the dialect.
                match &self.bytes[key_at..key_end] {
                    b"type" => scan.kind = value,
                    b"id" => scan.id = value,
                    b"reply_to" => scan.reply_to = value,
                    b"timestamp" => scan.timestamp = value,
                    _ => {}
                }
            } else {
                scan.note_escaped(&self.bytes[key_at..key_end], value);
            }
            if let Some(slot) = scan.recorded.get_mut(usize::from(scan.known)) {
                *slot = MemberSpan { key_at: key_at as u32, key_end: key_end as u32, value };
                scan.known += 1;
            } else {
                scan.more = true;
            }
            self.skip_whitespace();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.skip_whitespace();
                }
                Some(b'}') => {
                    self.at += 1;
                    return Ok(scan);
                }
                _ => return self.expected(COMMA_OR_BRACE),
            }
        }
    }

    /// A member name and its colon, up to the value: where the inside of the name starts and
    /// ends, and whether it is free of escapes.
    fn key(&mut self) -> Result<(usize, usize, bool), EnvelopeError> {
        if self.peek() != Some(b'"') {
            return self.expected(NAME);
        }
        let at = self.at + 1;
        let plain = self.string()?;
        let end = self.at - 1;
        if self.peek() != Some(b':') {
            self.skip_whitespace();
            if self.peek() != Some(b':') {
                return self.expected(COLON);
            }
        }
        self.at += 1;
        self.skip_whitespace();
        Ok((at, end, plain))
    }

    /// A string from its opening quote to behind its closing one; whether it is free of escapes.
    fn string(&mut self) -> Result<bool, EnvelopeError> {
        self.at += 1;
        let mut plain = true;
        loop {
            self.at += plain_prefix(&self.bytes[self.at..]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(plain);
                }
                Some(b'\\') => {
                    plain = false;
                    self.escape()?;
                }
                Some(_) => return self.expected(ESCAPED_CONTROL),
                None => return self.expected(QUOTE),
            }
        }
    }

    fn escape(&mut self) -> Result<(), EnvelopeError> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => {
                self.at += 1;
                for _ in 0..4 {
                    if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                        return self.expected(HEX);
                    }
                    self.at += 1;
                }
                Ok(())
            }
            _ => self.expected(ESCAPE),
        }
    }

    /// Any value; whether it is a string without escapes.
    fn value(&mut self) -> Result<bool, EnvelopeError> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(open @ (b'{' | b'[')) => self.container(open).map(|()| false),
            _ => self.scalar(VALUE).map(|()| false),
        }
    }

    /// A number or one of the three words.
    fn scalar(&mut self, expected: &'static str) -> Result<(), EnvelopeError> {
        match self.peek() {
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word(b"true", "`true`"),
            Some(b'f') => self.word(b"false", "`false`"),
            Some(b'n') => self.word(b"null", "`null`"),
            _ => self.expected(expected),
        }
    }

    fn word(&mut self, word: &[u8], expected: &'static str) -> Result<(), EnvelopeError> {
        if !self.bytes[self.at..].starts_with(word) {
            return self.expected(expected);
        }
        self.at += word.len();
        Ok(())
    }

    fn number(&mut self) -> Result<(), EnvelopeError> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    fn digits(&mut self) -> Result<(), EnvelopeError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { self.expected(DIGIT) } else { Ok(()) }
    }

    /// An object or array with all that is in it.
    fn container(&mut self, open: u8) -> Result<(), EnvelopeError> {
        let outer = usize::from(self.outer);
        let mut nest = Nest { objects: [0; 4], depth: outer };
        let mut turn = self.open(&mut nest, open)?;
        loop {
            self.skip_whitespace();
            let next = self.peek();
            turn = match (turn, next) {
                (Turn::NameOrEnd, Some(b'}')) | (Turn::ValueOrEnd, Some(b']')) => {
                    self.at += 1;
                    nest.depth -= 1;
                    Turn::After
                }
                (Turn::NameOrEnd | Turn::Name, Some(b'"')) => {
                    self.key()?;
                    Turn::Value
                }
                (Turn::NameOrEnd, _) => return self.expected(NAME_OR_END),
                (Turn::Name, _) => return self.expected(NAME),
                (Turn::ValueOrEnd | Turn::Value, Some(b'"')) => {
                    self.string()?;
                    Turn::After
                }
                (Turn::ValueOrEnd | Turn::Value, Some(open @ (b'{' | b'['))) => {
                    self.open(&mut nest, open)?
                }
                (Turn::ValueOrEnd, _) => {
                    self.scalar(VALUE_OR_END)?;
                    Turn::After
                }
                (Turn::Value, _) => {
                    self.scalar(VALUE)?;
                    Turn::After
                }
                (Turn::After, next) => match (nest.in_object(), next) {
                    (true, Some(b',')) => {
                        self.at += 1;
                        Turn::Name
                    }
                    (false, Some(b',')) => {
                        self.at += 1;
                        Turn::Value
                    }
                    (true, Some(b'}')) | (false, Some(b']')) => {
                        self.at += 1;
                        nest.depth -= 1;
                        Turn::After
                    }
                    (true, _) => return self.expected(COMMA_OR_BRACE),
                    (false, _) => return self.expected(COMMA_OR_BRACKET),
                },
            };
            if nest.depth == outer {
                return Ok(());
            }
        }
    }

    fn open(&mut self, nest: &mut Nest, open: u8) -> Result<Turn, EnvelopeError> {
        if nest.depth >= usize::from(self.limit) {
            return Err(EnvelopeError::TooDeep { at: self.at, limit: self.limit });
        }
        self.at += 1;
        nest.depth += 1;
        nest.set(open == b'{');
        Ok(if open == b'{' { Turn::NameOrEnd } else { Turn::ValueOrEnd })
    }
}

impl Scan {
    /// A name that is spelled with escapes may still be one of the head's.
    #[cold]
    fn note_escaped(&mut self, key: &[u8], value: ValueSpan) {
        let spelled = core::str::from_utf8(key).unwrap_or("");
        match Text::from_spelled(spelled, false).as_str() {
            "type" => self.kind = value,
            "id" => self.id = value,
            "reply_to" => self.reply_to = value,
            "timestamp" => self.timestamp = value,
            _ => {}
        }
    }
}
