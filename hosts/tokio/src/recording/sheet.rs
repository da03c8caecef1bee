//! The file of a recording: its lines, which wait where a token may go on in the next, and its bound.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::Write;
use std::ops::Range;

use pamlink::time::Now;
use serde::Serialize;

use super::digest::Digest;
use super::format::Line;
use super::hidden::Hidden;
use super::streams::Streams;

/// Room for the last line.
pub(super) const LAST_LINE: u64 = 256;
/// What is held back at most while a token may go on in the next bytes. Beyond it fewer than eight
/// characters of one that does may be in the file.
const HELD_BYTES: usize = 8 << 20;
const HELD_LINES: usize = 4_096;

/// What an engine is given, as a line has it.
pub(super) trait Given: Serialize {
    /// What the host asks of the engine then, and has of it.
    type Then: Then;

    /// Every text that the peer or the program has a hand in.
    fn texts(&mut self) -> Vec<&mut String>;

    /// The bytes that have come.
    fn bytes(&mut self) -> Option<&mut Vec<u8>>;
}

/// What the host asked, and what the engine had.
pub(super) trait Then: PartialEq + Serialize {
    /// Whether there was nothing.
    fn is_empty(&self) -> bool;
}

/// Where among the bytes of an input those of a stream are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) stream: u64,
    pub(super) range: Range<usize>,
}

/// The lines of a recording that goes on.
pub(super) struct Sheet<I: Given> {
    /// None once it has ended.
    out: Option<Box<dyn Write + Send>>,
    /// Bytes that may still be written.
    room: u64,
    start: Now,
    pub(super) hidden: Hidden,
    pub(super) streams: Streams,
    /// What is not written yet: the last is not complete, and those before wait for it where a
    /// token may begin in the bytes of one and go on in those of the next, or is not known yet.
    lines: VecDeque<Held<I>>,
    /// Bytes of texts in them.
    held: usize,
    /// The events that were taken since the last input, or the last time that there were no more.
    events: (u64, Digest),
}

/// A line that is not written yet.
struct Held<I: Given> {
    line: Line<I, I::Then>,
    parts: Vec<Part>,
}

impl<I: Given> Sheet<I> {
    /// A file of so many bytes at most.
    pub(super) fn new(out: Box<dyn Write + Send>, max_bytes: u64, start: Now) -> Self {
        Self {
            out: Some(out),
            room: max_bytes.saturating_sub(LAST_LINE),
            start,
            hidden: Hidden::default(),
            streams: Streams::default(),
            lines: VecDeque::new(),
            held: 0,
            events: (0, Digest::EMPTY),
        }
    }

    /// Whether it goes on.
    pub(super) const fn is_open(&self) -> bool {
        self.out.is_some()
    }

    /// Whether no more may wait.
    pub(super) fn is_full(&self) -> bool {
        self.held > HELD_BYTES || self.lines.len() > HELD_LINES
    }

    /// Whether a token may go on in what comes next.
    pub(super) fn may_go_on(&self) -> bool {
        self.streams.may_go_on(&self.hidden)
    }

    /// An input, with the streams that its bytes are of.
    pub(super) fn note(&mut self, now: Now, mut input: I, parts: Vec<Part>) {
        self.held += input.texts().iter().map(|text| text.len()).sum::<usize>();
        if let Some(bytes) = input.bytes() {
            self.held += bytes.len();
            for part in &parts {
                self.streams.note(part.stream, &bytes[part.range.clone()]);
            }
        }
        let at = now.mono.saturating_since(self.start.mono);
        let at = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
        let wall = now.wall.as_unix_micros().saturating_sub(self.start.wall.as_unix_micros());
        let line = Line { at, wall, input, then: Vec::new() };
        self.lines.push_back(Held { line, parts });
    }

    /// What came of the last input.
    pub(super) fn then(&mut self, then: I::Then) {
        if let Some(Held { line, .. }) = self.lines.back_mut()
            && !is_in_vain(&then, &line.then)
        {
            line.then.push(then);
        }
    }

    /// An event, as a line, with what is to be hidden in it hidden.
    pub(super) fn event(&mut self, line: &str) {
        self.events.0 += 1;
        self.events.1.add(line);
    }

    /// There are no more events: their number and their digest.
    pub(super) fn events(&mut self) -> (u64, String) {
        let (count, digest) = std::mem::replace(&mut self.events, (0, Digest::EMPTY));
        (count, digest.text())
    }

    /// Writes what was held back, with what is to be hidden in it hidden.
    pub(super) fn release(&mut self) {
        // All that has come over each stream.
        let mut came: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        for Held { line, parts } in &mut self.lines {
            let Some(bytes) = line.input.bytes() else { continue };
            for Part { stream, range } in parts {
                came.entry(*stream).or_default().extend_from_slice(&bytes[range.clone()]);
            }
        }
        for (stream, bytes) in &mut came {
            self.streams.hide(*stream, bytes, &self.hidden);
        }
        let mut rest: BTreeMap<u64, &[u8]> = came.iter().map(|(it, all)| (*it, &all[..])).collect();
        self.held = 0;
        for Held { mut line, parts } in std::mem::take(&mut self.lines) {
            for Part { stream, range } in parts {
                if let Some(bytes) = line.input.bytes()
                    && let Some(rest) = rest.get_mut(&stream)
                {
                    let (hidden, after) = rest.split_at(range.len());
                    bytes[range].copy_from_slice(hidden);
                    *rest = after;
                }
            }
            for text in line.input.texts() {
                self.hidden.hide_in(text);
            }
            self.write(&line);
        }
        self.streams.settle();
    }

    /// Writes a line at once.
    pub(super) fn write(&mut self, line: &impl Serialize) {
        let Some(out) = &mut self.out else { return };
        // Strings, numbers and lists of these can always be written.
        let Ok(mut text) = serde_json::to_vec(line) else { return };
        text.push(b'\n');
        let bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let Some(room) = self.room.checked_sub(bytes) else {
            return self.finish("it has reached its bound");
        };
        self.room = room;
        if out.write_all(&text).is_err() {
            self.out = None;
        }
    }

    /// Writes what was held back, and the last line.
    pub(super) fn end(&mut self, why: &str) {
        self.release();
        self.finish(why);
    }

    /// Writes the last line in the place of what was held back.
    pub(super) fn break_off(&mut self, why: &str) {
        self.lines.clear();
        self.finish(why);
    }

    /// Ends it here without a write, which is another process's to go on with. Whoever writes may have
    /// something left that it would write when it is dropped, so it is kept.
    pub(super) fn abandon(&mut self) {
        std::mem::forget(self.out.take());
    }

    fn finish(&mut self, why: &str) {
        if let Some(out) = self.out.take() {
            last_line(out, why);
        }
    }
}

impl<I: Given> fmt::Debug for Sheet<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sheet").field("room", &self.room).finish_non_exhaustive()
    }
}

/// Writes the last line.
pub(super) fn last_line(mut out: impl Write, why: &str) {
    // There is room for it. Whoever reads misses the line if it cannot be written.
    let _ = writeln!(out, "{}", serde_json::json!({ "end": why })).and_then(|()| out.flush());
}

/// Whether what a host asks for in vain was there before, since there was anything: one that is woken
/// for nothing asks for nothing new.
fn is_in_vain<T: Then>(then: &T, before: &[T]) -> bool {
    then.is_empty()
        && before.iter().rev().take_while(|before| before.is_empty()).any(|before| before == then)
}
