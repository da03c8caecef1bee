//! Why a command could not do its work: one line, and the exit code that goes with it.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

/// One clear line and an exit code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    line: String,
    code: u8,
}

impl Fault {
    /// Flags or files are bad: exit code 2.
    pub fn usage(line: impl Into<String>) -> Self {
        Self { line: one_line(&line.into()), code: 2 }
    }

    /// The flags were good and the work failed: exit code 1.
    pub fn failed(line: impl Into<String>) -> Self {
        Self { line: one_line(&line.into()), code: 1 }
    }

    /// `path` could not be read or holds something wrong: exit code 2.
    pub fn file(path: &Path, what: impl fmt::Display) -> Self {
        Self::usage(format!("{}: {what}", path.display()))
    }

    /// The code that the process ends with.
    pub fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

impl std::error::Error for Fault {}

impl From<clap::Error> for Fault {
    /// What clap says in a paragraph, in one line: the usage is left to `--help`.
    fn from(error: clap::Error) -> Self {
        use clap::error::ErrorKind;

        if matches!(
            error.kind(),
            ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand | ErrorKind::MissingSubcommand
        ) {
            return Self::usage("a command is missing (`pamlink --help` lists them)");
        }
        let text = error.render().to_string();
        let mut parts = Vec::new();
        let mut usage = None;
        for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            if let Some(rest) = line.strip_prefix("Usage: ") {
                usage = Some(rest);
                break;
            }
            if line.starts_with("For more information") {
                break;
            }
            parts.push(line.trim_start_matches("error: ").trim_start_matches("tip: "));
        }
        // `...were not provided:` is followed by what it names, everything else by a hint.
        let mut line = String::new();
        for part in parts {
            let joint = match line.chars().last() {
                None => "",
                Some(':') => " ",
                Some(_) => "; ",
            };
            line.push_str(joint);
            line.push_str(part);
        }
        // `pamlink serve --listen <ADDR> ...`: the words before the first flag name the command.
        let command = usage.map_or_else(
            || "pamlink".to_owned(),
            |usage| {
                let plain = |word: &&str| word.chars().all(|c| c.is_ascii_lowercase());
                usage.split_whitespace().take_while(plain).collect::<Vec<_>>().join(" ")
            },
        );
        line.push_str(&format!(" (see `{command} --help`)"));
        Self::usage(line)
    }
}

/// `text` with every run of line breaks and blanks around them as one blank.
fn one_line(text: &str) -> String {
    text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ")
}
