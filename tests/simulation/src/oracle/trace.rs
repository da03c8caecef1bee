//! What has happened in a world, line by line, or only as a number that follows from it.

use std::fmt::Write as _;

/// The lines of a world.
#[derive(Debug)]
pub(crate) struct Trace {
    lines: Option<String>,
    digest: u64,
}

impl Trace {
    pub(crate) const fn new(is_on: bool) -> Self {
        Self { lines: if is_on { Some(String::new()) } else { None }, digest: 0 }
    }

    /// Something has happened at this time.
    pub(crate) fn line(&mut self, millis: u64, line: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            let _infallible = writeln!(lines, "{millis:>8} {}", line());
        }
    }

    /// A text has arrived.
    pub(crate) fn text(&mut self, millis: u64, text: &str) {
        let mut digest = self.digest ^ millis;
        let (words, rest) = text.as_bytes().as_chunks::<8>();
        for word in words {
            digest = (digest ^ u64::from_le_bytes(*word)).wrapping_mul(0x0100_0000_01b3);
            digest ^= digest >> 29;
        }
        for byte in rest {
            digest = (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
        self.digest = digest;
    }

    /// A number that follows from all texts that have arrived, and when.
    pub(crate) const fn digest(&self) -> u64 {
        self.digest
    }

    /// The lines, if they were kept.
    pub(crate) fn into_lines(self) -> String {
        self.lines.unwrap_or_default()
    }
}
