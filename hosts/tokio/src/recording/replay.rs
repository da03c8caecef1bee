//! A recording, given to a new engine.

use std::io::{BufRead, Read as _};
use std::time::Duration;

use pamlink::client::{Client, Event};
use pamlink::frame::{FrameConfig, FrameEvent, Reader, Role};
use pamlink::link::{Endpoint, Gather, State};
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, TimerReason, Wall};
use serde::Deserialize;
use thiserror::Error;

use super::format::{End, Header, Line, Then, VERSION};
use super::input::{Input, Place, outcome};
use super::lines::{self, Digest};

/// The longest line that is read: what was held back for a message of the largest size.
const LONGEST: u64 = 256 << 20;

/// A recording that is given to a new engine, line by line.
///
/// ```
/// use pamlink_tokio::recording::Replay;
///
/// let error = Replay::open(&b"{}"[..]).unwrap_err();
/// assert!(error.to_string().starts_with("line 1: it is no recording"));
/// ```
pub struct Replay<R> {
    file: R,
    line: u64,
    engine: String,
    client: Client,
    start: Now,
    /// What the client has written over the present transports, of the first link and the second.
    written: [Reader; 2],
    end: Option<String>,
}

/// An input of a recording, and what the engine did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The line in the file, from 1: the header is the first.
    pub line: u64,
    /// When it was, since the beginning.
    pub at: Duration,
    /// What the client was given.
    pub input: String,
    /// The state of the link before it.
    pub before: State,
    /// The state of the link after it.
    pub after: State,
    /// What the client said: what came of a command, and the events.
    pub said: Vec<String>,
    /// What the client wrote: messages by their type, control frames, the opening request.
    pub wrote: Vec<String>,
    /// What the client waits for, and how long from here.
    pub due: Option<(TimerReason, Duration)>,
    /// What the recording has, where the engine did something else. The steps after this one tell
    /// nothing.
    pub differs: Option<String>,
}

/// What is wrong with a recording.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}: {what}")]
#[non_exhaustive]
pub struct RecordingError {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: String,
}

impl<R: BufRead> Replay<R> {
    /// Reads the header.
    ///
    /// # Errors
    ///
    /// It is none, or one of another version.
    pub fn open(mut file: R) -> Result<Self, RecordingError> {
        let wrong = |what: String| RecordingError { line: 1, what };
        let text = read_line(&mut file).map_err(wrong)?.unwrap_or_default();
        #[derive(Deserialize)]
        struct Version {
            pamlink_recording: u32,
        }
        if let Ok(End { end }) = serde_json::from_str(&text) {
            return Err(wrong(format!("nothing was recorded: {end}")));
        }
        let version = serde_json::from_str::<Version>(&text);
        let version = version.map_err(|error| wrong(format!("it is no recording: {error}")))?;
        if version.pamlink_recording != VERSION {
            let (other, known) = (version.pamlink_recording, VERSION);
            return Err(wrong(format!("it has format {other}, and this program reads {known}")));
        }
        let header = serde_json::from_str::<Header>(&text);
        let header = header.map_err(|error| wrong(format!("the header: {error}")))?;
        let config = header.config().map_err(|error| wrong(error.to_string()))?;
        let (endpoint, _) =
            Endpoint::parse(&header.endpoint).map_err(|error| wrong(error.to_string()))?;
        let endpoint = if header.v1 { endpoint.offering_v1() } else { endpoint };
        let seed = seed(&header.seed).ok_or_else(|| wrong("the seed is not 64 digits".into()))?;
        let start = Now::new(Mono::from_nanos(header.mono), Wall::from_unix_micros(header.wall));
        let client = match &header.snapshot {
            Some(snapshot) => Client::restore(config, endpoint, snapshot, seed, start)
                .map_err(|error| error.to_string()),
            None => Client::new(config, endpoint, seed, start).map_err(|error| error.to_string()),
        };
        let client = client.map_err(wrong)?;
        let engine = header.engine;
        Ok(Self { file, line: 1, engine, client, start, written: [reader(), reader()], end: None })
    }

    /// The version of the engine that was recorded. Another may do some things differently.
    pub fn engine(&self) -> &str {
        &self.engine
    }

    /// How the recording ends, once there are no more steps; nothing if it was cut off.
    pub fn end(&self) -> Option<&str> {
        self.end.as_deref()
    }

    /// The next input; nothing after the last.
    ///
    /// # Errors
    ///
    /// The line is none of a recording.
    pub fn next_step(&mut self) -> Result<Option<Step>, RecordingError> {
        self.line += 1;
        let line = self.line;
        let wrong = |what: String| RecordingError { line, what };
        let Some(text) = read_line(&mut self.file).map_err(wrong)? else { return Ok(None) };
        if self.end.is_some() {
            return Err(wrong("something comes after the end".into()));
        }
        if let Ok(End { end }) = serde_json::from_str(&text) {
            self.end = Some(end);
            return self.next_step();
        }
        let read = serde_json::from_str::<Line>(&text);
        self.run(&read.map_err(|error| wrong(error.to_string()))?).map(Some).map_err(wrong)
    }

    fn run(&mut self, line: &Line) -> Result<Step, String> {
        let wall = self.start.wall.as_unix_micros().saturating_add(line.wall);
        let at = Duration::from_nanos(line.at);
        let now = Now::new(self.start.mono + at, Wall::from_unix_micros(wall));
        let before = self.client.state();
        if let Some((place, Input::Dialed)) = line.input.of_link() {
            self.written[place as usize] = reader();
        }
        let mut result = line.input.give(&mut self.client, now)?;
        let mut snapshot = Vec::new();
        if matches!(line.input, Input::Snapshot) {
            result = outcome(&self.client.snapshot(&mut snapshot), |()| None);
        }
        let mut said: Vec<_> = result.clone().into_iter().collect();
        let (mut wrote, mut differs) = (Vec::new(), None);
        if result.is_some() && !line.then.iter().any(|then| matches!(then, Then::Said(_))) {
            differs = Some("nothing came of it".to_owned());
        }
        for then in &line.then {
            let found = match then {
                Then::Said(_) => Then::Said(result.clone().unwrap_or_default()),
                Then::Snapshot(..) => Then::snapshot(&snapshot, true),
                Then::Events(..) => self.events(&mut said),
                Then::Wrote(..) => self.write(&mut wrote),
                Then::WroteSecond(..) => self.write_second(&mut wrote),
            };
            if !then.is_met_by(&found) && differs.is_none() {
                differs = Some(format!("{}, and now {}", shown(then), shown(&found)));
            }
        }
        let due = self.client.poll_timeout();
        Ok(Step {
            line: self.line,
            at,
            input: line.input.name(),
            before,
            after: self.client.state(),
            said,
            wrote,
            due: due.map(|due| (due.reason, due.at.saturating_since(now.mono))),
            differs,
        })
    }

    fn events(&mut self, said: &mut Vec<String>) -> Then {
        let (mut count, mut digest) = (0, Digest::EMPTY);
        while let Some(event) = self.client.poll_event() {
            if matches!(event, Event::ChangedPlaces) {
                self.written.swap(0, 1);
            }
            let line = lines::line(&event);
            count += 1;
            digest.add(&line);
            said.push(line);
        }
        Then::Events(count, digest.text())
    }

    fn write(&mut self, wrote: &mut Vec<String>) -> Then {
        let mut gather = Gather::default();
        let transmit = self.client.poll_transmit_vectored(&mut gather);
        wrote.extend(self.read(Place::First, &gather));
        Then::Wrote(u64::try_from(transmit.written).unwrap_or(u64::MAX), transmit.close_transport)
    }

    fn write_second(&mut self, wrote: &mut Vec<String>) -> Then {
        let mut gather = Gather::default();
        let transmit = self.client.second_link().poll_transmit_vectored(&mut gather);
        let said = self.read(Place::Second, &gather);
        wrote.extend(said.into_iter().map(|it| format!("second link: {it}")));
        let bytes = u64::try_from(transmit.written).unwrap_or(u64::MAX);
        Then::WroteSecond(bytes, transmit.close_transport)
    }

    /// What was written over a link: messages by their type, control frames, the opening request.
    fn read(&mut self, place: Place, gather: &Gather) -> Vec<String> {
        let mut wrote = Vec::new();
        let bytes = gather.slices().collect::<Vec<_>>().concat();
        // What is no HTTP is frames: the first byte of a frame has its highest bit set.
        let head = if bytes.starts_with(b"GET ") {
            wrote.push("opening request".to_owned());
            let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
            end.map_or(bytes.len(), |at| at + 4)
        } else {
            0
        };
        let written = &mut self.written[place as usize];
        if written.handle_bytes(&bytes[head..]).is_ok() {
            while let Some(event) = written.poll_event() {
                wrote.push(kind(&event));
            }
        }
        wrote
    }
}

impl<R> std::fmt::Debug for Replay<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay").field("line", &self.line).finish_non_exhaustive()
    }
}

/// What reads what the client has written.
fn reader() -> Reader {
    Reader::new(Role::Server, FrameConfig::default())
}

fn kind(event: &FrameEvent<'_>) -> String {
    match event {
        FrameEvent::Text(text) => {
            let envelope = serde_json::from_str::<serde_json::Value>(text).unwrap_or_default();
            envelope["type"].as_str().map_or_else(|| "text".to_owned(), str::to_owned)
        }
        FrameEvent::Binary(_) => "binary".into(),
        FrameEvent::Ping(_) => "ping".into(),
        FrameEvent::Pong(_) => "pong".into(),
        FrameEvent::Close(said) => {
            let code = said.as_ref().map_or_else(String::new, |said| format!(" {}", said.code));
            format!("close{code}")
        }
        other => format!("{other:?}"),
    }
}

/// What the recording has, in words.
fn shown(then: &Then) -> String {
    match then {
        Then::Events(count, digest) => format!("{count} events ({digest})"),
        Then::Wrote(bytes, false) => format!("{bytes} bytes written"),
        Then::WroteSecond(bytes, closes) => {
            let closes = if *closes { " and its transport closed" } else { "" };
            format!("{bytes} bytes written over the second link{closes}")
        }
        Then::Wrote(bytes, true) => format!("{bytes} bytes written and the transport closed"),
        Then::Said(said) => format!("`{said}`"),
        Then::Snapshot(bytes, None) => format!("a snapshot of {bytes} bytes"),
        Then::Snapshot(bytes, Some(digest)) => format!("a snapshot of {bytes} bytes ({digest})"),
    }
}

fn seed(digits: &str) -> Option<Seed> {
    let mut bytes = [0; 32];
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(Seed::new(bytes))
}

fn read_line(file: &mut impl BufRead) -> Result<Option<String>, String> {
    let mut line = Vec::new();
    let read = file.by_ref().take(LONGEST).read_until(b'\n', &mut line);
    if read.map_err(|error| format!("it cannot be read: {error}"))? == 0 {
        return Ok(None);
    }
    String::from_utf8(line).map(Some).map_err(|_| "it is not UTF-8".to_owned())
}
