//! What a run shows on standard error while it works.

use std::io::{IsTerminal as _, Write};

use super::model::{Case, Suite};

/// Tells how far the run is: one line that renews itself on a terminal, one line a case elsewhere.
pub struct Progress {
    out: Option<Box<dyn Write + Send>>,
    terminal: bool,
    colour: bool,
    suite: String,
    done: usize,
}

impl Progress {
    /// On standard error.
    pub fn stderr() -> Self {
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let terminal = std::io::stderr().is_terminal() && !dumb;
        Self::to(Box::new(std::io::stderr()), terminal)
    }

    /// On `out`, which is a terminal or not.
    pub fn to(out: Box<dyn Write + Send>, terminal: bool) -> Self {
        let colour = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self { out: Some(out), terminal, colour, suite: String::new(), done: 0 }
    }

    /// Nowhere.
    pub fn silent() -> Self {
        Self { out: None, terminal: false, colour: false, suite: String::new(), done: 0 }
    }

    /// A suite begins.
    pub fn suite(&mut self, name: &str) {
        name.clone_into(&mut self.suite);
    }

    /// A case begins.
    pub fn case(&mut self, name: &str) {
        if self.terminal {
            let line = format!("\r\x1b[2K  {} {}: {name} ...", self.done + 1, self.suite);
            self.write(&line);
        }
    }

    /// A case has ended.
    pub fn case_done(&mut self, case: &Case) {
        self.done += 1;
        if !self.terminal {
            let word = if case.passed { "pass" } else { "FAIL" };
            let line = format!(
                "{word} {:>3} {}: {} ({:.0} ms){}\n",
                self.done,
                self.suite,
                case.name,
                case.elapsed_ms,
                case.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default()
            );
            self.write(&line);
        } else if !case.passed {
            let (red, plain) = self.paint("31");
            let why = case.why.as_deref().unwrap_or_default();
            let line = format!("\r\x1b[2K{red}x{plain} {}: {}: {why}\n", self.suite, case.name);
            self.write(&line);
        }
    }

    /// A suite has ended.
    pub fn suite_done(&mut self, suite: &Suite) {
        if self.terminal {
            let all = suite.passed() == suite.cases.len();
            let (colour, plain) = self.paint(if all { "32" } else { "31" });
            let line = format!(
                "\r\x1b[2K{colour}{}{plain} {}  {}/{}  {:.1} s\n",
                if all { "ok" } else { "!!" },
                suite.name,
                suite.passed(),
                suite.cases.len(),
                suite.elapsed_ms / 1e3
            );
            self.write(&line);
        }
    }

    /// The run is over.
    pub fn finish(mut self) {
        if self.terminal {
            self.write("\r\x1b[2K");
        }
    }

    fn paint(&self, code: &str) -> (String, &'static str) {
        if self.colour { (format!("\x1b[{code}m"), "\x1b[0m") } else { (String::new(), "") }
    }

    fn write(&mut self, text: &str) {
        // Progress is a courtesy: a closed standard error does not end the run.
        if let Some(out) = &mut self.out {
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        }
    }
}

impl std::fmt::Debug for Progress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress").field("terminal", &self.terminal).finish_non_exhaustive()
    }
}
