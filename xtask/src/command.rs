//! Running a program: its lines are kept, shown when they are wanted, and it may not run for ever.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How often a program that is silent or not shown gives a sign of life.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// What is shown of programs while they run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Console {
    verbose: bool,
    silent: bool,
}

/// A program that has ended.
#[derive(Debug)]
pub(crate) struct Finished {
    /// It ended with exit code 0.
    pub(crate) success: bool,
    /// All lines of both its outputs, as they came.
    pub(crate) lines: Vec<String>,
}

impl Console {
    pub(crate) const fn new(verbose: bool) -> Self {
        Self { verbose, silent: false }
    }

    /// One that shows nothing, for what runs beside another.
    pub(crate) const fn silent() -> Self {
        Self { verbose: false, silent: true }
    }

    /// Runs `command` to its end, or to the end of `limit`: then it is asked to stop.
    pub(crate) fn run(self, mut command: Command, limit: Duration) -> Result<Finished> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().with_context(|| format!("{name} does not start"))?;
        let (sender, receiver) = mpsc::channel();
        forward(child.stdout.take().context("no output")?, sender.clone());
        forward(child.stderr.take().context("no output")?, sender);

        let started = Instant::now();
        let mut lines: Vec<String> = Vec::new();
        let mut shown = started;
        loop {
            match receiver.recv_timeout(Duration::from_secs(1)) {
                Ok(line) => {
                    if self.verbose {
                        println!("    {line}");
                        shown = Instant::now();
                    }
                    lines.push(line);
                }
                // A program that has ended while one that it left behind holds its outputs.
                Err(RecvTimeoutError::Timeout) if child.try_wait()?.is_some() => break,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if !self.silent && shown.elapsed() > SIGN_OF_LIFE {
                shown = Instant::now();
                let last = lines.last().map_or("", |line| line.trim());
                println!("    ... {} s: {last}", started.elapsed().as_secs());
            }
            if started.elapsed() > limit {
                stop(&mut child);
                lines.push(format!("{name} was stopped after {} s", limit.as_secs()));
                return Ok(Finished { success: false, lines });
            }
        }
        Ok(Finished { success: child.wait()?.success(), lines })
    }

    /// Runs a command that must succeed; its last lines are the error when it does not.
    pub(crate) fn must(self, command: Command, limit: Duration) -> Result<Vec<String>> {
        let shown = format!("{command:?}");
        let finished = self.run(command, limit)?;
        if !finished.success {
            bail!("{shown} failed\n{}", finished.tail(40));
        }
        Ok(finished.lines)
    }
}

impl Finished {
    /// The last `count` lines.
    pub(crate) fn tail(&self, count: usize) -> String {
        self.lines[self.lines.len().saturating_sub(count)..].join("\n")
    }
}

/// Sends each line of `from` until it ends.
fn forward(from: impl Read + Send + 'static, to: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n') {
            let Ok(line) = line else { return };
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            if to.send(line).is_err() {
                return;
            }
        }
    });
}

/// Asks our child to end, so that it can end its own children; insists after five seconds.
fn stop(child: &mut std::process::Child) {
    let _asked = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    for _ in 0..50 {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    let _gone_already = child.kill();
    let _reaped = child.wait();
}

/// Whether a program of this name answers `--version`.
pub(crate) fn has_program(name: &str) -> bool {
    let mut command = Command::new(name);
    command.arg("--version").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn keeps_the_lines_of_both_outputs() {
        let script = shell("echo out; echo err >&2; exit 3");
        let mut finished = Console::new(false).run(script, Duration::from_secs(60)).unwrap();
        finished.lines.sort();
        assert!(!finished.success);
        assert_eq!(finished.lines, ["err", "out"]);
    }

    #[test]
    fn stops_a_program_that_runs_too_long() {
        let script = shell("exec sleep 600");
        let finished = Console::new(false).run(script, Duration::ZERO).unwrap();
        assert!(!finished.success);
        assert_eq!(finished.lines, ["sh was stopped after 0 s"]);
    }
}
