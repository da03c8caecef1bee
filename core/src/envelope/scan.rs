//! One pass over a text: is it JSON, is it shallow enough, and where are its members?

use super::Kind;
use super::error::EnvelopeError;
use super::grammar::{
    Fault, TOO_LONG, check, colon, finish, first_name, next_name, peek, skip_whitespace, string,
    value,
};
use super::json_string::Text;
use super::raw::{Member, Members, Raw};
use super::shape::Shape;

/// How many members a [`Scan`] remembers; the ones after are found again by reading on.
const RECORDED: usize = 12;

/// Where the members of an envelope are.
///
/// Offsets only, so it can be kept while the text moves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan {
    recorded: [MemberSpan; RECORDED],
    /// Of how many members `recorded` knows.
    known: u8,
    /// Whether members follow that are not recorded.
    more: bool,
    /// The nesting that was allowed.
    depth: u8,
    pub(super) kind: ValueSpan,
    pub(super) id: ValueSpan,
    pub(super) reply_to: ValueSpan,
    pub(super) timestamp: ValueSpan,
    agent: ValueSpan,
    pub(super) content: ValueSpan,
    intent: ValueSpan,
    pub(super) message: ValueSpan,
    stream: ValueSpan,
    token: ValueSpan,
}

/// A value of an envelope. Offset 0 stands for absence, since a value never starts there.
#[derive(Clone, Copy, Debug)]
pub(super) struct ValueSpan {
    at: u32,
    /// The end in the low bits; the highest bit says that it is a string without escapes, or a
    /// name without.
    end: u32,
}

#[derive(Clone, Copy, Debug)]
struct MemberSpan {
    key: ValueSpan,
    value: ValueSpan,
}

impl ValueSpan {
    const ABSENT: Self = Self { at: 0, end: 0 };
    const PLAIN: u32 = 1 << 31;
    const PLACE: u64 = 0x7fff_ffff;

    const fn new(at: usize, end: usize, plain: bool) -> Self {
        let plain = if plain { Self::PLAIN } else { 0 };
        Self { at: Self::bits(at), end: Self::bits(end) | plain }
    }

    /// A place in a text, which is no longer than 31 bits tell.
    const fn bits(at: usize) -> u32 {
        (at as u64 & Self::PLACE) as u32
    }

    #[inline]
    pub(super) fn raw(self, text: &str) -> Option<Raw<'_>> {
        if self.at == 0 {
            return None;
        }
        Some(Raw::trusted(text.get(self.at()..self.end())?, self.is_plain()))
    }

    const fn is_plain(self) -> bool {
        self.end & Self::PLAIN != 0
    }

    pub(super) const fn at(self) -> usize {
        self.at as usize
    }

    const fn end(self) -> usize {
        (self.end & !Self::PLAIN) as usize
    }
}

impl MemberSpan {
    const NONE: Self = Self { key: ValueSpan::ABSENT, value: ValueSpan::ABSENT };

    #[inline]
    fn in_text<'a>(&self, text: &'a str) -> Member<'a> {
        Member {
            key: text.get(self.key.at()..self.key.end()).unwrap_or(""),
            plain: self.key.is_plain(),
            value: self.value.raw(text).unwrap_or(Raw::NULL),
            at: self.value.at(),
        }
    }
}

impl Scan {
    /// Of an object without members.
    pub(crate) const EMPTY: Self = Self {
        recorded: [MemberSpan::NONE; RECORDED],
        known: 0,
        more: false,
        depth: 0,
        kind: ValueSpan::ABSENT,
        id: ValueSpan::ABSENT,
        reply_to: ValueSpan::ABSENT,
        timestamp: ValueSpan::ABSENT,
        agent: ValueSpan::ABSENT,
        content: ValueSpan::ABSENT,
        intent: ValueSpan::ABSENT,
        message: ValueSpan::ABSENT,
        stream: ValueSpan::ABSENT,
        token: ValueSpan::ABSENT,
    };

    /// Scans an object into this place, whatever was there; `depth` is the allowed nesting, its
    /// own braces count as one.
    #[inline]
    pub(super) fn object(&mut self, text: &str, depth: u8) -> Result<(), EnvelopeError> {
        if text.len() >= TOO_LONG {
            return Err(EnvelopeError::TooLong);
        }
        let at = skip_whitespace(text.as_bytes(), 0);
        if peek(text.as_bytes(), at) != Some(b'{') {
            check(text, depth)?;
            let found = Shape::of(&text.as_bytes()[at..]);
            return Err(EnvelopeError::NotAnObject { at, found });
        }
        self.clear();
        self.depth = depth;
        self.read(text.as_bytes(), at, depth).map_err(|fault| fault.error(depth))
    }

    /// As [`EMPTY`](Self::EMPTY): what was recorded counts no more, it need not be overwritten.
    #[inline]
    fn clear(&mut self) {
        let Self { known, more, kind, id, reply_to, timestamp, .. } = self;
        (*known, *more) = (0, false);
        for span in [kind, id, reply_to, timestamp] {
            *span = ValueSpan::ABSENT;
        }
        let Self { agent, content, intent, message, stream, token, .. } = self;
        for span in [agent, content, intent, message, stream, token] {
            *span = ValueSpan::ABSENT;
        }
    }

    /// Scans an object as far as it is JSON, nested as deep as can be scanned.
    #[cold]
    pub(super) fn until_fault(text: &str) -> Option<Self> {
        let at = skip_whitespace(text.as_bytes(), 0);
        if text.len() >= TOO_LONG || peek(text.as_bytes(), at) != Some(b'{') {
            return None;
        }
        let mut scan = Self { depth: u8::MAX, ..Self::EMPTY };
        // What was noted before a fault is whole, but for a number that the text may have cut.
        let _fault = scan.read(text.as_bytes(), at, u8::MAX);
        for span in [&mut scan.id, &mut scan.reply_to] {
            if span.end() == text.len() {
                *span = ValueSpan::ABSENT;
            }
        }
        Some(scan)
    }

    /// Reads the object that starts at `at` to the end of the text.
    fn read(&mut self, bytes: &[u8], at: usize, depth: u8) -> Result<(), Fault> {
        let mut at = first_name(bytes, at, depth)?;
        while peek(bytes, at) == Some(b'"') {
            let key_at = at + 1;
            let key = string(bytes, at)?;
            let value_at = colon(bytes, key.end)?;
            let end = value(bytes, value_at, 1, depth)?;
            let span = ValueSpan::new(value_at, end.end, end.plain);
            self.note(&bytes[key_at..key.end - 1], key.plain, span);
            if let Some(slot) = self.recorded.get_mut(usize::from(self.known)) {
                let key = ValueSpan::new(key_at, key.end - 1, key.plain);
                *slot = MemberSpan { key, value: span };
                self.known += 1;
            } else {
                self.more = true;
            }
            at = next_name(bytes, end.end)?;
        }
        finish(bytes, at + 1)
    }

    /// Notes a member of the head, or one that the hub looks at in every request. Of equal names
    /// the last one counts, as everywhere in the dialect.
    #[inline(always)]
    fn note(&mut self, key: &[u8], plain: bool, value: ValueSpan) {
        match key {
            b"type" => self.kind = value,
            b"id" => self.id = value,
            b"reply_to" => self.reply_to = value,
            b"timestamp" => self.timestamp = value,
            b"agent" => self.agent = value,
            b"content" => self.content = value,
            b"intent" => self.intent = value,
            b"message" => self.message = value,
            b"stream" => self.stream = value,
            b"token" => self.token = value,
            _ if !plain => self.note_escaped(key, value),
            _ => {}
        }
    }

    /// A name that is spelled with escapes may still be one of the head's.
    #[cold]
    fn note_escaped(&mut self, key: &[u8], value: ValueSpan) {
        let spelled = str::from_utf8(key).unwrap_or("");
        self.note(Text::from_spelled(spelled, false).as_bytes(), true, value);
    }

    /// How deep the object may be nested, its own braces counting as one.
    pub(super) const fn depth(&self) -> u8 {
        self.depth
    }

    /// The members in the order of the text.
    #[inline]
    pub(super) fn members<'s, 'a>(
        &'s self,
        text: &'a str,
    ) -> impl Iterator<Item = Member<'a>> + use<'s, 'a> {
        let recorded = &self.recorded[..usize::from(self.known)];
        let rest = match (self.more, recorded.last()) {
            (true, Some(last)) => Members::after(text, last.value.end()),
            _ => Members::none(),
        };
        recorded.iter().map(move |member| member.in_text(text)).chain(rest)
    }

    /// The agent that the message names.
    pub(crate) fn agent<'a>(&self, text: &'a str) -> Option<Raw<'a>> {
        self.agent.raw(text)
    }

    /// What the sender takes the message to be about.
    pub(crate) fn intent<'a>(&self, text: &'a str) -> Option<Raw<'a>> {
        self.intent.raw(text)
    }

    /// Whether it asks for its answer in pieces.
    pub(crate) fn streams(&self, text: &str) -> bool {
        self.stream.raw(text).and_then(|raw| raw.bool()) == Some(true)
    }

    /// The token that it brings.
    pub(crate) fn token<'a>(&self, text: &'a str) -> Option<Raw<'a>> {
        self.token.raw(text)
    }

    /// What it is.
    #[inline]
    pub(crate) fn kind<'a>(&self, text: &'a str) -> Kind<'a> {
        let word = self.kind.raw(text).and_then(|raw| raw.text());
        word.map_or_else(|| Kind::Unknown(Text::default()), Kind::from)
    }

    /// The id as it is spelled.
    #[inline]
    pub(crate) fn id_json<'a>(&self, text: &'a str) -> Option<&'a str> {
        let id = self.id.raw(text)?;
        (id.shape() != Shape::Null).then(|| id.as_json())
    }

    /// Calls `visit` with the name and the value of each top-level member whose value is longer
    /// than `least` bytes of JSON. Few are, and the others cost next to nothing.
    #[inline]
    pub(crate) fn visit_longer<'a>(
        &self,
        text: &'a str,
        least: usize,
        mut visit: impl FnMut(&str, Raw<'a>),
    ) {
        let recorded = &self.recorded[..usize::from(self.known)];
        for member in recorded {
            if member.value.end() - member.value.at() > least {
                let member = member.in_text(text);
                member.visit(&mut visit);
            }
        }
        if let (true, Some(last)) = (self.more, recorded.last()) {
            for member in Members::after(text, last.value.end()) {
                if member.value.as_json().len() > least {
                    member.visit(&mut visit);
                }
            }
        }
    }
}
