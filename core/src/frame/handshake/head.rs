//! What requests and responses share: the search for the end of the head, its bounds, and its
//! header lines.

use core::fmt;
use core::ops::Range;
use std::borrow::Cow;

use memchr::memchr_iter;

use crate::frame::work::looked_at;

use super::{HandshakeError, HeaderFault, is_token, is_value};

/// The bounds of an opening handshake, and with them of what a peer that nobody knows yet can hold:
/// `max_head` bytes, as they come, and up to 16 bytes for each of `max_headers`.
///
/// Closed: built by a literal that ends with `..Default::default()`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs)]
pub struct HandshakeConfig {
    /// The longest head in bytes, the empty line at its end counted. Default: 32 KiB, for the
    /// longest target and 8 KiB of cookies and what proxies add. At most
    /// [`HandshakeConfig::MOST_HEAD`] are used.
    pub max_head: usize,
    /// The most header lines. Default: 128.
    pub max_headers: usize,
    /// The longest target of a request in bytes, as it is spelled. Default: 20 KiB, for a token of
    /// 16 KiB.
    pub max_target: usize,
}

impl HandshakeConfig {
    /// The longest head that any config allows, in bytes: places in it have 16 bits.
    pub const MOST_HEAD: usize = 65_535;
}

impl Default for HandshakeConfig {
    fn default() -> Self {
        Self { max_head: 32 * 1024, max_headers: 128, max_target: 20 * 1024 }
    }
}

/// The header lines of a message.
///
/// In a line that is not UTF-8 each byte beyond ASCII reads as `?`.
#[derive(Clone, PartialEq, Eq)]
pub struct Headers {
    head: Box<str>,
    /// Name and value of each line.
    lines: Box<[(Span, Span)]>,
}

impl fmt::Debug for Headers {
    /// Names only: values may be secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

impl Headers {
    /// The value of the first header of this name, in any case.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    /// The values of all headers of this name, in any case.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.iter().filter(move |line| line.0.eq_ignore_ascii_case(name)).map(|line| line.1)
    }

    /// All headers as they came.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines.iter().map(|(name, value)| (self.text(*name), self.text(*value)))
    }

    /// Bytes on the heap.
    pub(super) const fn memory(&self) -> usize {
        self.head.len() + self.lines.len() * size_of::<(Span, Span)>()
    }

    pub(super) fn text(&self, span: Span) -> &str {
        &self.head[usize::from(span.0)..usize::from(span.1)]
    }

    /// The value of a header that may be there once.
    pub(super) fn at_most_one(&self, name: &'static str) -> Result<Option<&str>, HandshakeError> {
        let mut all = self.all(name);
        let first = all.next();
        if all.next().is_some() {
            return Err(HandshakeError::header(name, HeaderFault::Duplicate));
        }
        Ok(first)
    }

    /// The value of a header that must be there once.
    pub(super) fn exactly_one(&self, name: &'static str) -> Result<&str, HandshakeError> {
        self.at_most_one(name)?.ok_or_else(|| HandshakeError::header(name, HeaderFault::Missing))
    }

    /// Refuses a header that may not be there.
    pub(super) fn none(&self, name: &'static str) -> Result<(), HandshakeError> {
        match self.first(name) {
            Some(_) => Err(HandshakeError::header(name, HeaderFault::NotAllowed)),
            None => Ok(()),
        }
    }

    /// The elements of a list header, empty ones left out (RFC 9110 section 5.6.1).
    pub(super) fn list(&self, name: &str) -> impl Iterator<Item = &str> {
        self.all(name)
            .flat_map(|value| value.split(','))
            .map(|element| element.trim_matches([' ', '\t']))
            .filter(|element| !element.is_empty())
    }

    /// Requires an element in a list header.
    pub(super) fn require(&self, name: &'static str, element: &str) -> Result<(), HandshakeError> {
        if self.list(name).any(|found| found.eq_ignore_ascii_case(element)) {
            return Ok(());
        }
        let there = self.first(name).is_some();
        let fault = if there { HeaderFault::Unsupported } else { HeaderFault::Missing };
        Err(HandshakeError::header(name, fault))
    }
}

/// A place in the head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span(u16, u16);

impl Span {
    /// The place from `start` on for `len` bytes. A head has at most 65,535 bytes.
    pub(super) const fn new(start: usize, len: usize) -> Self {
        Self(Self::bits(start), Self::bits(start + len))
    }

    const fn bits(at: usize) -> u16 {
        debug_assert!(at <= u16::MAX as usize);
        (at as u64 & 0xffff) as u16
    }

    pub(super) const fn start(self) -> usize {
        self.0 as usize
    }
}

impl<S> fmt::Debug for HeadReader<S> {
    /// Without the bytes, where tokens are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadReader")
            .field("phase", &self.phase)
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// The first line of a head, which tells requests from responses.
pub(super) trait StartLine: Sized {
    /// Parses the line, which begins at the head's first byte and comes without its line break.
    fn parse(line: &str, config: &HandshakeConfig) -> Result<Self, HandshakeError>;
}

/// Collects a head, in any chunking, and judges each line when it is complete.
pub(super) struct HeadReader<S> {
    config: HandshakeConfig,
    bytes: Vec<u8>,
    /// Where the line begins whose end is not here yet.
    line: usize,
    start: Option<S>,
    lines: Vec<(Span, Span)>,
    phase: Phase,
}

impl<S: StartLine> HeadReader<S> {
    pub(super) fn new(mut config: HandshakeConfig) -> Self {
        config.max_head = config.max_head.min(HandshakeConfig::MOST_HEAD);
        Self {
            config,
            bytes: Vec::new(),
            line: 0,
            start: None,
            lines: Vec::new(),
            phase: Phase::Reading,
        }
    }

    /// Takes bytes up to the end of the head: how many they were, and the outcome if this ends
    /// the search. After a fault all bytes are taken and thrown away; after a head, none.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> (usize, Option<HeadOutcome<S>>) {
        match self.phase {
            Phase::Complete => return (0, None),
            Phase::Failed => return (bytes.len(), None),
            Phase::Reading => {}
        }
        match self.search(bytes) {
            Ok(None) => (bytes.len(), None),
            Ok(Some(taken)) => {
                self.phase = Phase::Complete;
                (taken, Some(self.finish()))
            }
            Err(error) => {
                self.lines = Vec::new();
                self.phase = Phase::Failed;
                self.bytes = Vec::new();
                (bytes.len(), Some(Err(error)))
            }
        }
    }

    /// Takes bytes, and says how many of them complete the head.
    fn search(&mut self, bytes: &[u8]) -> Result<Option<usize>, HandshakeError> {
        let before = self.bytes.len();
        // One byte over the limit is enough to know that it is broken.
        let most = (self.config.max_head + 1).saturating_sub(before).min(bytes.len());
        self.make_room(most);
        self.bytes.extend_from_slice(&bytes[..most]);
        if self.bytes.first().is_some_and(|first| !first.is_ascii_uppercase()) {
            return Err(HandshakeError::StartLine);
        }
        let fresh = &bytes[..most];
        looked_at(fresh.len());
        for at in memchr_iter(b'\n', fresh) {
            let end = before + at;
            if end >= self.config.max_head {
                break;
            }
            if end == self.line || self.bytes[end - 1] != b'\r' {
                return Err(HandshakeError::LineBreak);
            }
            let line = self.line..end - 1;
            looked_at(line.len());
            self.line = end + 1;
            if line.is_empty() {
                return Ok(Some(at + 1));
            }
            if self.start.is_none() {
                self.check_start_length(line.len())?;
                let text = core::str::from_utf8(&self.bytes[line])
                    .map_err(|_| HandshakeError::StartLine)?;
                self.start = Some(S::parse(text, &self.config)?);
            } else {
                self.header_line(line)?;
            }
        }
        if self.start.is_none() {
            // The last byte may be the first half of the line break.
            let begun = self.bytes.strip_suffix(b"\r").unwrap_or(&self.bytes);
            self.check_start_length(begun.len())?;
        }
        if self.bytes.len() > self.config.max_head {
            return Err(HandshakeError::HeadTooLarge { limit: self.config.max_head });
        }
        Ok(None)
    }

    /// Bytes on the heap.
    pub(super) const fn memory(&self) -> usize {
        self.bytes.capacity() + self.lines.capacity() * size_of::<(Span, Span)>()
    }

    /// Room for so many bytes more: it grows with what comes, and not beyond what a head may have.
    fn make_room(&mut self, more: usize) {
        let needed = self.bytes.len() + more;
        if needed > self.bytes.capacity() {
            let room = needed.max(2 * self.bytes.capacity()).min(self.config.max_head + 1);
            self.bytes.reserve_exact(room.max(needed) - self.bytes.len());
        }
    }

    fn check_start_length(&self, len: usize) -> Result<(), HandshakeError> {
        if len > self.config.max_target.saturating_add(AROUND_TARGET) {
            return Err(HandshakeError::TargetTooLong { limit: self.config.max_target });
        }
        Ok(())
    }

    fn header_line(&mut self, range: Range<usize>) -> Result<(), HandshakeError> {
        if str::from_utf8(&self.bytes[range.clone()]).is_err() {
            // A value may have any bytes beyond ASCII (RFC 9110 section 5.5, obs-text): a cookie
            // in an old character set is no reason to refuse. No value that matters to us has.
            let line = &mut self.bytes[range.clone()];
            line.iter_mut().filter(|byte| !byte.is_ascii()).for_each(|byte| *byte = b'?');
        }
        let line = &self.bytes[range.clone()];
        if matches!(line[0], b' ' | b'\t') {
            let folded = self
                .lines
                .last()
                .map_or(&[][..], |(name, _)| &self.bytes[usize::from(name.0)..usize::from(name.1)]);
            return Err(fault(folded, HeaderFault::Folded));
        }
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let malformed = || fault(&line[..colon], HeaderFault::Malformed);
        let text = core::str::from_utf8(line).map_err(|_| malformed())?;
        let (name, value) = text.split_once(':').ok_or_else(malformed)?;
        if !is_token(name) || !is_value(value) {
            return Err(malformed());
        }
        if self.lines.len() == self.config.max_headers {
            return Err(HandshakeError::TooManyHeaders { limit: self.config.max_headers });
        }
        let left = value.trim_start_matches([' ', '\t']);
        let start = range.end - left.len();
        let value = left.trim_end_matches([' ', '\t']);
        self.lines.push((Span::new(range.start, name.len()), Span::new(start, value.len())));
        Ok(())
    }

    fn finish(&mut self) -> HeadOutcome<S> {
        let lines = core::mem::take(&mut self.lines).into_boxed_slice();
        self.bytes.truncate(self.line);
        // Each line was checked; this cannot fail.
        let head = String::from_utf8(core::mem::take(&mut self.bytes))
            .map_err(|_| HandshakeError::StartLine)?;
        let start = self.start.take().ok_or(HandshakeError::StartLine)?;
        Ok((start, Headers { head: head.into_boxed_str(), lines }))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Reading,
    Complete,
    Failed,
}

pub(super) type HeadOutcome<S> = Result<(S, Headers), HandshakeError>;

/// What the first line of a request may have beside its target: a method, spaces and a version.
const AROUND_TARGET: usize = 48;
/// The longest name of a peer's header that an error repeats.
const NAME_SHOWN: usize = 64;

/// A fault of a header whose name the peer chose. Only a token is repeated: it is no secret and
/// does no harm in a log.
fn fault(name: &[u8], fault: HeaderFault) -> HandshakeError {
    let name = core::str::from_utf8(name).ok().filter(|name| is_token(name));
    let header = match name {
        Some(name) => Cow::Owned(name[..name.len().min(NAME_SHOWN)].to_owned()),
        None => Cow::Borrowed("(unnamed)"),
    };
    HandshakeError::Header { header, fault }
}
