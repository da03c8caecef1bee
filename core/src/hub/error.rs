//! Errors of calls to a hub: a caller's misuse, or a link that has ended meanwhile.

use thiserror::Error;

use crate::link::AnswerError;

/// The hub takes no further connection.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Full {
    /// It holds as many links as it may.
    #[error("the hub holds as many links as it may")]
    Links,
    /// It is being drained.
    #[error("the hub is being drained")]
    Draining,
}

/// Why bytes were not taken.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputError {
    /// The link holds as many unread bytes as it may: poll events first.
    #[error("events must be polled before this link can take more bytes")]
    NotDrained,
    /// The link has ended. The connection can be dropped.
    #[error("no such link")]
    UnknownLink,
}

/// The link has ended.
///
/// Closed: says all by its name.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("no such link")]
#[expect(clippy::exhaustive_structs)]
pub struct UnknownLink;

/// Why an HTTP request was not answered.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum RespondError {
    /// The response breaks HTTP, or no request waits for one.
    #[error(transparent)]
    Answer(#[from] AnswerError),
    /// The link has ended.
    #[error("no such link")]
    UnknownLink,
}
