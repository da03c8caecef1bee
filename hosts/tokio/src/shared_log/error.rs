//! Why a shared log cannot be reached.

use thiserror::Error;

/// Why a shared log cannot be reached, or what is not as it should be there.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum SharedLogError {
    /// The address is none.
    #[error("{url}: {what}")]
    Address {
        /// What was given, without a password.
        url: String,
        /// What is wrong with it.
        what: String,
    },
    /// The server does not answer, or not as one does.
    #[error("{url}: {what}")]
    Away {
        /// Which server.
        url: String,
        /// What the library or the server says.
        what: String,
    },
    /// The server is of a version that does not have what is needed.
    #[error("{url}: the server is like Redis {version}, and is to be like Redis 7 or later")]
    Old {
        /// Which server.
        url: String,
        /// Its version.
        version: String,
    },
    /// The server lets go of what is not over where its memory is full.
    #[error(
        "{url}: the server has the policy {policy} where its memory is full, and is to have noeviction"
    )]
    Evicts {
        /// Which server.
        url: String,
        /// Its `maxmemory-policy`.
        policy: String,
    },
}
