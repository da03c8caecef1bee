//! Why an embedded log does not open, or does not store.

use std::path::PathBuf;

use pamlink::delivery::stream::EntryError;
use thiserror::Error;

/// Why an embedded log does not open, or does not store. Nothing in the file is changed by it.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum EmbeddedLogError {
    /// Another server has it open, in this process or another.
    #[error("{}: another server has this log open", path.display())]
    InUse {
        /// Which file.
        path: PathBuf,
    },
    /// It is something else.
    #[error("{}: this is no log of streams", path.display())]
    NoLog {
        /// Which file.
        path: PathBuf,
    },
    /// It was made by a later version.
    #[error("{}: a log of version {version}, and this program knows 1", path.display())]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its version.
        version: i64,
    },
    /// What it has of a stream is broken.
    #[error("{}: stream {name:?} of {owner:?}, row {row}: {why}", path.display())]
    Entry {
        /// Which file.
        path: PathBuf,
        /// Whose stream.
        owner: String,
        /// Which of them.
        name: String,
        /// Where in the table `entries`.
        row: i64,
        /// What is wrong.
        why: EntryError,
    },
    /// It cannot be read or written, or is broken.
    #[error("{}: {what}", path.display())]
    Failed {
        /// Which file.
        path: PathBuf,
        /// What SQLite or the operating system says.
        what: String,
    },
}
