//! How each file is run. A runner returns how many cases it has run; a case that fails panics.

mod engine;
mod frames;
mod options;
mod packed;
mod rooms;
mod routing;
mod tables;
mod texts;
mod transcripts;
mod window;

pub(crate) use self::engine::{Engine, Input, Step, input_line};
pub(crate) use self::frames::write;

use serde_json::Value;

type Runner = fn(&Value) -> usize;

/// Who runs the file of this path.
pub(crate) fn runner(path: &str) -> Option<Runner> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    Some(match (folder, name.strip_suffix(".json")?) {
        ("", "backoff") => rooms::backoff,
        ("", "errors") => tables::errors,
        ("", "jwt") => rooms::jwt,
        ("", "options") => options::options,
        ("", "states") => tables::states,
        ("", "targets") => rooms::targets,
        ("engine", _) => engine::run,
        ("envelopes", _) => texts::envelopes,
        ("frames", _) => frames::run,
        ("packed", "records") => packed::records,
        ("packed", "schema") => packed::schema,
        ("routing", _) => routing::run,
        ("transcripts", _) => transcripts::run,
        ("values", "values") => texts::values,
        ("values", "writers") => texts::writers,
        ("window", _) => window::run,
        _ => return None,
    })
}

/// The items of a list.
fn items(list: &Value) -> &[Value] {
    list.as_array().unwrap_or_else(|| panic!("no list: {list}"))
}

/// A text that must be there.
fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// A number that must be there.
fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("no number: {value}"))
}

/// The seed of a number.
pub(crate) fn seed(number: u64) -> [u8; 32] {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    seed
}

/// The number of an error.
pub(crate) fn code(failure: &pamlink_ffi::Failure) -> u32 {
    let pamlink_ffi::Failure::Failure { code, .. } = failure;
    *code
}
