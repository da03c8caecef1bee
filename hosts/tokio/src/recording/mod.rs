//! A client's run as a file: what it was given, and when, so that it can be run again anywhere.
//!
//! The engine is deterministic: the same configuration, seed and inputs with their times give the
//! same outputs. A [`Recorder`] in [`ClientConfig::record`](crate::ClientConfig::record) writes the
//! inputs of a client as JSON, a line each, with a digest of what the client said and wrote after
//! each; [`Replay`] gives them to a new engine, says what that does, and finds the line from which
//! on it does something else.
//!
//! **What is in the file.** Everything that was asked and answered, as it came, and the seed, from
//! which the masks and ids of that client follow: it is as confidential as the conversation. No
//! token is in it, but for its dates: a placeholder of the same length stands for it, and for any
//! eight characters of it in a row that a server has repeated or a user has typed; of a later token
//! from when the client was given it. What a client writes is an output and is not in the file;
//! since a token is among it, its length is compared and its bytes are not. What the client says is
//! compared by a hash of its lines.
//!
//! **What cannot be recorded.** A client that compresses (what it writes is as long as its token
//! makes it, and what comes cannot be searched for one), a value of the configuration that no
//! option has, a token of fewer than eight characters, a URL with what looks like a token in it, a
//! snapshot to go on with that has a part of the token in it. The last line of such a recording says
//! so.
//!
//! **The format**, version 1, each line one JSON object: first the header (`pamlink_recording`, the
//! version of the engine, the endpoint, the options that are not at their default, the seed, both
//! clocks), then for each input `at` (nanoseconds since the header, on the monotonic clock), `wall`
//! (microseconds since then, on the wall clock), `in`, and `then`: in the order in which the host
//! asked, `events` with their number and hash, `wrote` with the bytes and whether the transport was
//! to be closed, and `said`, what came of a command. What is of the second link of a planned change
//! has its input within `second`, and `wrote_second`; after the event that the two have changed
//! places the second is that which was the first. A client that goes on with a snapshot has that in
//! its header, its bytes written as those of `bytes`; of one that is taken, `snapshot` has the length
//! and the hash, or no hash where it has a part of a token in it. Last `end` with the reason.

mod characters;
mod format;
mod hidden;
mod input;
mod lines;
mod replay;
mod transports;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::io::Write;
use std::sync::Arc;

use pamlink::client::{ClientConfig, Event};
use pamlink::delivery::SnapshotError;
use pamlink::link::{Endpoint, Transmit, redact};
use pamlink::seed::Seed;
use pamlink::time::Now;
use parking_lot::Mutex;
use serde::Serialize;

pub(crate) use self::input::{Input, asked, opened, outcome, submitted};
pub use self::replay::{RecordingError, Replay, Step};

use self::format::{Header, Line, Then};
use self::hidden::Hidden;
use self::lines::Digest;
use self::transports::Transports;
use crate::clock;

/// Where the first client that starts with it is recorded. A clone is the same recorder.
///
/// It writes a line at a time, from the task that the input comes from. What cannot be written ends
/// the recording and never the client.
#[derive(Clone)]
pub struct Recorder {
    out: Arc<Mutex<Option<Box<dyn Write + Send>>>>,
    max_bytes: u64,
}

impl Recorder {
    /// The size that a recording has at most, in bytes: 64 MiB.
    pub const MAX_BYTES: u64 = 64 << 20;

    /// A recorder that writes here, such as to a file.
    pub fn new(out: impl Write + Send + 'static) -> Self {
        Self { out: Arc::new(Mutex::new(Some(Box::new(out)))), max_bytes: Self::MAX_BYTES }
    }

    /// The same with another bound, in bytes, its last line included. Whoever reaches it is recorded
    /// no further, and the last line says so.
    #[must_use]
    pub fn max_bytes(self, bytes: u64) -> Self {
        Self { max_bytes: bytes, ..self }
    }

    /// Begins, with the seed that the client is to have; nothing if a client is recorded already, or
    /// cannot be.
    pub(crate) fn begin(
        &self,
        (config, endpoint, v1, snapshot): (&ClientConfig, &Endpoint, bool, Option<&[u8]>),
        now: Now,
    ) -> Option<(Recording, Seed)> {
        let out = self.out.lock().take()?;
        let seed = clock::entropy();
        let url = endpoint.url(None);
        let mut recording = Recording {
            out: Some(out),
            room: self.max_bytes.saturating_sub(LAST_LINE),
            header: None,
            start: now,
            hidden: Hidden::default(),
            lines: VecDeque::new(),
            transports: Transports::default(),
            held: 0,
            events: (0, Digest::EMPTY),
        };
        if redact(&url) != url {
            recording.end("the URL has what looks like a token in it");
            return None;
        }
        let Some(mut header) = Header::of(config, url, v1, &seed, now) else {
            recording.end("the configuration compresses, or has a value that no option has");
            return None;
        };
        header.snapshot = snapshot.map(<[u8]>::to_vec);
        recording.header = Some(header);
        Some((recording, Seed::new(seed)))
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").field("max_bytes", &self.max_bytes).finish_non_exhaustive()
    }
}

/// Room for the last line.
const LAST_LINE: u64 = 256;
/// What is held back at most while a token may go on in the next bytes. Beyond it fewer than eight
/// characters of one that does may stand on either side.
const HELD_BYTES: usize = 8 << 20;
const HELD_LINES: usize = 4_096;

/// A client that is recorded.
pub(crate) struct Recording {
    /// None once it has ended.
    out: Option<Box<dyn Write + Send>>,
    /// Bytes that may still be written.
    room: u64,
    /// The first line, which waits for the first token as the others do.
    header: Option<Header>,
    start: Now,
    hidden: Hidden,
    /// What is not written yet: the last is not complete, and those before wait for it where a
    /// token may begin in the bytes of one and go on in those of the next, or is not known yet.
    lines: VecDeque<Held>,
    transports: Transports,
    /// Bytes of texts in them.
    held: usize,
    /// The events that were taken since the last input, or the last time that there were no more.
    events: (u64, Digest),
}

/// A line that is not written yet.
struct Held {
    line: Line,
    /// The transport over which its bytes have come.
    transport: u64,
}

impl Recording {
    /// A token that the client is about to be given.
    pub(crate) fn learn(&mut self, token: &str) {
        if token.len() < hidden::KNOWN_BY {
            // It may be in what waits.
            self.header = None;
            self.lines.clear();
            self.end("a token of fewer than 8 characters cannot be hidden");
        }
        self.hidden.learn(token);
    }

    /// The client is about to be given this. False if the recording has ended.
    pub(crate) fn input(&mut self, now: Now, mut input: Input) -> bool {
        let is_over = self.transports.begin(&input);
        let may_go_on = self.transports.may_go_on(&self.hidden);
        let is_unsure = may_go_on || (self.is_without_token() && !is_over);
        if !is_unsure || self.held > HELD_BYTES || self.lines.len() > HELD_LINES {
            self.release();
        }
        self.held += input.texts().iter().map(|text| text.len()).sum::<usize>();
        self.held += input.bytes().map_or(0, |bytes| bytes.len());
        let transport = self.transports.note(&mut input);
        let at = now.mono.saturating_since(self.start.mono);
        let at = u64::try_from(at.as_nanos()).unwrap_or(u64::MAX);
        let wall = now.wall.as_unix_micros().saturating_sub(self.start.wall.as_unix_micros());
        let line = Line { at, wall, input, then: Vec::new() };
        self.lines.push_back(Held { line, transport });
        self.out.is_some()
    }

    /// What came of it.
    pub(crate) fn said(&mut self, said: Option<String>) {
        if let Some(mut said) = said {
            self.hidden.hide_in(&mut said);
            self.then(Then::Said(said));
        }
    }

    /// What came of a snapshot: only its length where it has a part of a token, for which something
    /// else stands when it is replayed.
    pub(crate) fn took(&mut self, result: &Result<(), SnapshotError>, snapshot: &[u8]) {
        if result.is_err() {
            return self.said(outcome(result, |()| None));
        }
        let is_clean = self.hidden.is_clean(snapshot);
        self.then(Then::snapshot(snapshot, is_clean));
    }

    /// The client has this event.
    pub(crate) fn event(&mut self, event: &Event<'_>) {
        if matches!(event, Event::ChangedPlaces) {
            self.transports.exchange();
        }
        let mut line = lines::line(event);
        self.hidden.hide_in(&mut line);
        self.events.0 += 1;
        self.events.1.add(&line);
    }

    /// The client has no more events.
    pub(crate) fn drained(&mut self) {
        let (count, digest) = std::mem::replace(&mut self.events, (0, Digest::EMPTY));
        self.then(Then::Events(count, digest.text()));
    }

    /// The client has written.
    pub(crate) fn wrote(&mut self, transmit: &Transmit) {
        let bytes = u64::try_from(transmit.written).unwrap_or(u64::MAX);
        self.then(Then::Wrote(bytes, transmit.close_transport));
    }

    /// The client has written over its second link.
    pub(crate) fn wrote_second(&mut self, transmit: &Transmit) {
        let bytes = u64::try_from(transmit.written).unwrap_or(u64::MAX);
        self.then(Then::WroteSecond(bytes, transmit.close_transport));
    }

    /// The last line.
    pub(crate) fn end(&mut self, why: &str) {
        self.release();
        self.finish(why);
    }

    fn then(&mut self, then: Then) {
        if let Some(Held { line, .. }) = self.lines.back_mut()
            && !then.repeats(&line.then)
        {
            line.then.push(then);
        }
    }

    /// Whether no token is known yet.
    fn is_without_token(&self) -> bool {
        self.header.as_ref().is_some_and(|header| !header.anonymous) && self.hidden.is_empty()
    }

    /// Writes what was held back, with what is to be hidden in it hidden.
    fn release(&mut self) {
        if let Some(mut header) = self.header.take() {
            // With something else in its place it would be no snapshot.
            if header.snapshot.as_deref().is_some_and(|it| !self.hidden.is_clean(it)) {
                self.lines.clear();
                return self.finish("the snapshot has a part of a token in it");
            }
            self.hidden.hide_in(&mut header.endpoint);
            self.write(&header);
        }
        // All that has come over each transport.
        let mut came: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
        for Held { line, transport } in &mut self.lines {
            if let Some(part) = line.input.bytes() {
                came.entry(*transport).or_default().extend_from_slice(part);
            }
        }
        came.values_mut().for_each(|bytes| self.hidden.hide(bytes));
        let mut rest: BTreeMap<u64, &[u8]> = came.iter().map(|(it, all)| (*it, &all[..])).collect();
        self.held = 0;
        self.transports.settle();
        for Held { mut line, transport } in std::mem::take(&mut self.lines) {
            if let Some(part) = line.input.bytes()
                && let Some(rest) = rest.get_mut(&transport)
            {
                let (hidden, after) = rest.split_at(part.len());
                part.copy_from_slice(hidden);
                *rest = after;
            }
            for text in line.input.texts() {
                self.hidden.hide_in(text);
            }
            self.write(&line);
        }
    }

    fn write(&mut self, line: &impl Serialize) {
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

    fn finish(&mut self, why: &str) {
        if let Some(mut out) = self.out.take() {
            // There is room for it. Whoever reads misses the line if it cannot be written.
            let _ =
                writeln!(out, "{}", serde_json::json!({ "end": why })).and_then(|()| out.flush());
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.end("the client has ended");
    }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording").field("room", &self.room).finish_non_exhaustive()
    }
}
