//! `pamlink replay`: a recorded client or server, run again and explained.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write};
use std::process::ExitCode;

use pamlink_tokio::recording::{Replay, Step};

use crate::args::ReplayArgs;
use crate::chat::harmless;
use crate::fault::Fault;
use crate::span;

/// Characters of a text that are shown.
const SHOWN: usize = 100;

/// Runs a recording again.
///
/// # Errors
///
/// The file cannot be read or is no recording, or the engine does something else.
pub fn run(args: &ReplayArgs) -> Result<ExitCode, Fault> {
    let path = &args.file;
    let file = File::open(path).map_err(|error| Fault::file(path, error))?;
    let replay = Replay::open(BufReader::new(file)).map_err(|error| Fault::file(path, error))?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    let ended = print(replay, args, &mut out);
    out.flush().map_err(|error| unwritten(&error))?;
    ended
}

fn print(
    mut replay: Replay<BufReader<File>>,
    args: &ReplayArgs,
    out: &mut impl Write,
) -> Result<ExitCode, Fault> {
    while let Some(step) = replay.next_step().map_err(|error| Fault::file(&args.file, error))? {
        writeln!(out, "{}", explained(&step)).map_err(|error| unwritten(&error))?;
        if let Some(differs) = &step.differs {
            let (file, line, engine) = (args.file.display(), step.line, replay.engine());
            return Err(Fault::failed(format!(
                "{file}: line {line}: recorded by engine {engine} was {differs}"
            )));
        }
    }
    let end = replay.end().unwrap_or("it was cut off");
    writeln!(out, "the recording ends: {}", short(end)).map_err(|error| unwritten(&error))?;
    Ok(ExitCode::SUCCESS)
}

/// One line.
fn explained(step: &Step) -> String {
    let (line, at, input) = (step.line, step.at.as_secs_f64(), short(&step.input));
    let mut text = format!("{line:>5} {at:>11.6} s  {input}");
    if let Some((before, after)) = step.states {
        text.push_str(&format!(": {before}"));
        if before != after {
            text.push_str(&format!(" to {after}"));
        }
    }
    for said in &step.said {
        text.push_str(&format!("; {}", short(said)));
    }
    if !step.wrote.is_empty() {
        text.push_str(&format!("; wrote {}", short(&step.wrote.join(", "))));
    }
    if let Some((reason, after)) = step.due {
        text.push_str(&format!("; {reason} in {}", span::show(after)));
    }
    text
}

/// The beginning of a text, on one line and without what a terminal would obey.
fn short(text: &str) -> String {
    let line = harmless(text).replace(['\n', '\t'], " ");
    match line.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}...", &line[..at]),
        None => line,
    }
}

fn unwritten(error: &std::io::Error) -> Fault {
    Fault::failed(format!("cannot write: {error}"))
}
