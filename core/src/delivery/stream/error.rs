//! Why a stream is not begun or claimed.

use thiserror::Error;

use crate::envelope::v1::Code;

/// Why a stream does not begin.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum BeginError {
    /// It was cancelled before it was asked for (V-8.4).
    #[error("the stream was cancelled ahead")]
    Cancelled,
    /// Another item asks for a stream of this name (V-7.1).
    #[error("there is a stream of this name")]
    Exists,
    /// There are as many streams as there may be here, or as the reader may follow.
    #[error("there are too many streams")]
    TooMany,
}

impl BeginError {
    /// The code with which the item is rejected.
    pub fn code(self) -> Option<Code<'static>> {
        Code::new(match self {
            Self::Cancelled => "cancelled",
            Self::Exists => "stream_exists",
            Self::TooMany => "too_many_streams",
        })
    }
}

/// Why a stream cannot be claimed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClaimError {
    /// It is being claimed, or is about to end: an event says how that goes.
    #[error("the stream is being claimed, or is about to end")]
    Busy,
    /// There are as many streams as there may be here.
    #[error("there are too many streams")]
    TooMany,
}
