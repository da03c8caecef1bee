//! What the lines of every recording have in common.

use std::time::Duration;

use pamlink::seed::Seed;
use pamlink::time::{Now, Wall};
use serde::{Deserialize, Serialize};

/// The version of the format that is written.
pub(super) const VERSION: u32 = 2;
/// The first version, of clients alone: their lines are those of the present one.
pub(super) const FIRST_VERSION: u32 = 1;

/// An input, and what the host asked for until the next.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line<I, T> {
    pub(super) at: u64,
    pub(super) wall: i64,
    #[serde(rename = "in")]
    pub(super) input: I,
    pub(super) then: Vec<T>,
}

impl<I, T> Line<I, T> {
    /// When it was, since the start of the recording and on both clocks.
    pub(super) fn time(&self, start: Now) -> (Duration, Now) {
        let at = Duration::from_nanos(self.at);
        let wall = start.wall.as_unix_micros().saturating_add(self.wall);
        (at, Now::new(start.mono + at, Wall::from_unix_micros(wall)))
    }
}

/// The last line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct End {
    pub(super) end: String,
}

/// Whose recording it is.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Of {
    /// What the first version says nothing of.
    #[default]
    Client,
    Hub,
}

/// The seed of a header.
pub(super) fn digits(seed: &[u8; 32]) -> String {
    seed.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The seed of these digits.
///
/// # Errors
///
/// They are not those of 32 bytes.
pub(super) fn seed(digits: &str) -> Result<Seed, String> {
    let wrong = || "the seed is not 64 digits".to_owned();
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(wrong());
    }
    let mut bytes = [0; 32];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&digits[2 * at..2 * at + 2], 16).map_err(|_| wrong())?;
    }
    Ok(Seed::new(bytes))
}
