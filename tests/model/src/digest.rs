//! States told apart by what their machines show.

use std::fmt::{self, Write as _};
use std::hash::{DefaultHasher, Hasher as _};

/// A number of what `Debug` shows of these, the same in every run.
pub(crate) fn of(parts: &[&dyn fmt::Debug]) -> u64 {
    struct Hashing(DefaultHasher);

    impl fmt::Write for Hashing {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0.write(text.as_bytes());
            Ok(())
        }
    }

    let mut hashing = Hashing(DefaultHasher::new());
    for part in parts {
        // It takes all that is written.
        let _ = write!(hashing, "{part:?};");
    }
    hashing.0.finish()
}
