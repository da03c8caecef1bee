//! `pamlink routes`: routing tables in files.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use pamlink::routing::{Table, TableError};

use crate::args::RoutesCommand;
use crate::fault::Fault;

/// Runs `routes check`: a line for each fault on standard error and exit code 2, or a line that
/// says what the table holds.
///
/// # Errors
///
/// The file cannot be read.
pub fn run(command: &RoutesCommand) -> Result<ExitCode, Fault> {
    let RoutesCommand::Check { file } = command;
    match parse(file)? {
        Ok(table) => {
            let said = format!(
                "{}: good, version {}, {} agents, error handler {}\n",
                file.display(),
                table.version(),
                table.agents().len(),
                table.error_handler().id
            );
            let printed = std::io::stdout().write_all(said.as_bytes());
            printed.map_err(|error| Fault::failed(format!("cannot write: {error}")))?;
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            let mut lines = String::new();
            for fault in error.faults() {
                lines.push_str(&format!("pamlink: {}: {fault}\n", file.display()));
            }
            if error.more() > 0 {
                lines.push_str(&format!("pamlink: {}: {} more\n", file.display(), error.more()));
            }
            // Nothing is left to do when even standard error is gone.
            let _ = std::io::stderr().write_all(lines.as_bytes());
            Ok(ExitCode::from(2))
        }
    }
}

/// The table in the file at `path`, for a command that needs a good one.
///
/// # Errors
///
/// The file cannot be read, or holds a fault: the first is named.
pub fn load(path: &Path) -> Result<Arc<Table>, Fault> {
    parse(path)?.map(Arc::new).map_err(|error| {
        let rest = error.faults().len() - 1 + error.more();
        let first = error.faults().first().map(ToString::to_string).unwrap_or_default();
        let more = if rest == 0 {
            String::new()
        } else {
            format!(" ({rest} more: `pamlink routes check` lists them)")
        };
        Fault::file(path, format!("{first}{more}"))
    })
}

fn parse(path: &Path) -> Result<Result<Table, TableError>, Fault> {
    let text = std::fs::read_to_string(path).map_err(|error| Fault::file(path, error))?;
    Ok(Table::from_json(&text))
}
