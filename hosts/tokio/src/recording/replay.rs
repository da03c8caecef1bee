//! A recording, given to a new engine.

use std::io::{BufRead, Read as _};
use std::time::Duration;

use pamlink::link::State;
use pamlink::time::TimerReason;
use serde::Deserialize;
use thiserror::Error;

use super::format::{End, FIRST_VERSION, Of, VERSION};
use super::{client, hub};

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
    run: Run,
    end: Option<String>,
}

/// The new engine.
enum Run {
    Client(Box<client::Run>),
    Hub(Box<hub::Run>),
}

/// An input of a recording, and what the engine did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// The line in the file, from 1: the header is the first.
    pub line: u64,
    /// When it was, since the beginning.
    pub at: Duration,
    /// What the engine was given.
    pub input: String,
    /// The state of a client's link before it, and after it; none of a hub, which has many links.
    pub states: Option<(State, State)>,
    /// What the engine said: what came of a command, and the events.
    pub said: Vec<String>,
    /// What the engine wrote: messages by their type, control frames, the opening request or its
    /// answer.
    pub wrote: Vec<String>,
    /// What the engine waits for, and how long from here.
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
        struct Kind {
            pamlink_recording: u32,
            #[serde(default)]
            of: Of,
        }
        if let Ok(End { end }) = serde_json::from_str(&text) {
            return Err(wrong(format!("nothing was recorded: {end}")));
        }
        let kind = serde_json::from_str::<Kind>(&text);
        let kind = kind.map_err(|error| wrong(format!("it is no recording: {error}")))?;
        if !(FIRST_VERSION..=VERSION).contains(&kind.pamlink_recording) {
            let (other, known) = (kind.pamlink_recording, VERSION);
            return Err(wrong(format!(
                "it has format {other}, and this program reads {FIRST_VERSION} to {known}"
            )));
        }
        let (run, engine) = match kind.of {
            Of::Client => {
                let (run, engine) = client::Run::begin(&text).map_err(wrong)?;
                (Run::Client(Box::new(run)), engine)
            }
            Of::Hub => {
                let (run, engine) = hub::Run::begin(&text).map_err(wrong)?;
                (Run::Hub(Box::new(run)), engine)
            }
        };
        Ok(Self { file, line: 1, engine, run, end: None })
    }

    /// The version of the engine that was recorded. Another may do some things differently.
    pub fn engine(&self) -> &str {
        &self.engine
    }

    /// Whether it is of a hub, with many links, and not of a client.
    pub fn is_of_hub(&self) -> bool {
        matches!(self.run, Run::Hub(_))
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
        let step = match &mut self.run {
            Run::Client(run) => run.step(line, &text),
            Run::Hub(run) => run.step(line, &text),
        };
        step.map(Some).map_err(wrong)
    }
}

impl<R> std::fmt::Debug for Replay<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Replay").field("line", &self.line).finish_non_exhaustive()
    }
}

fn read_line(file: &mut impl BufRead) -> Result<Option<String>, String> {
    let mut line = Vec::new();
    let read = file.by_ref().take(LONGEST).read_until(b'\n', &mut line);
    if read.map_err(|error| format!("it cannot be read: {error}"))? == 0 {
        return Ok(None);
    }
    String::from_utf8(line).map(Some).map_err(|_| "it is not UTF-8".to_owned())
}
