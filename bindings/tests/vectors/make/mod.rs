//! The files that are made: what stands in them comes from the engine, and what must be true of it
//! is said here by hand.

mod engine;
mod errors;
mod frames;
mod options;
mod records;
mod states;
mod window;

use crate::files::Made;

/// Every file that is made, but the schema, which is made where the schema is.
pub(crate) fn all() -> Vec<Made> {
    let mut made = vec![errors::file(), options::file(), records::file(), states::file()];
    made.extend(window::files());
    made.extend(frames::files());
    made.extend(engine::files());
    made
}

/// Lines of a list, each with its comma.
fn list(indent: &str, lines: &[String]) -> String {
    let lines: Vec<_> = lines.iter().map(|line| format!("{indent}{line}")).collect();
    lines.join(",\n")
}
