//! Events of streams on their way to the host.

use super::event::{FollowAnswer, StreamEvent};
use crate::envelope::Raw;
use crate::envelope::v1::{Code, How};

/// A [`StreamEvent`] that borrows nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::delivery) enum Unlent {
    Following { stream: Box<str>, answer: FollowAnswer<'static>, stays: u64, offset: u64 },
    Text { stream: Box<str>, offset: u64, restart: bool, text: Box<str> },
    CaughtUp { stream: Box<str>, offset: u64 },
    Ended { stream: Box<str>, offset: u64, end: End },
}

/// How a stream has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::delivery) struct End {
    how: How<'static>,
    code: Option<Code<'static>>,
    /// A value that was read.
    body: Option<Box<str>>,
}

impl Unlent {
    /// The event for the host.
    pub(in crate::delivery) fn lend(&self) -> StreamEvent<'_> {
        match self {
            Self::Following { stream, answer, stays, offset } => {
                let (stays, offset) = (*stays, *offset);
                StreamEvent::Following { stream, answer: answer.clone(), stays, offset }
            }
            Self::Text { stream, offset, restart, text } => {
                let (offset, restart) = (*offset, *restart);
                StreamEvent::Text { stream, offset, restart, text }
            }
            Self::CaughtUp { stream, offset } => StreamEvent::CaughtUp { stream, offset: *offset },
            Self::Ended { stream, offset, end: End { how, code, body } } => StreamEvent::Ended {
                stream,
                offset: *offset,
                how: how.clone(),
                code: code.as_ref().map(Code::as_borrowed),
                body: body.as_ref().map(|body| Raw::trusted(body, false)),
            },
        }
    }
}

impl From<StreamEvent<'_>> for Unlent {
    fn from(event: StreamEvent<'_>) -> Self {
        match event {
            StreamEvent::Following { stream, answer, stays, offset } => {
                let answer = answer.into_owned();
                Self::Following { stream: stream.into(), answer, stays, offset }
            }
            StreamEvent::Text { stream, offset, restart, text } => {
                Self::Text { stream: stream.into(), offset, restart, text: text.into() }
            }
            StreamEvent::CaughtUp { stream, offset } => {
                Self::CaughtUp { stream: stream.into(), offset }
            }
            StreamEvent::Ended { stream, offset, how, code, body } => {
                let body = body.map(|body| body.as_json().into());
                let end = End { how: how.into_owned(), code: code.map(Code::into_owned), body };
                Self::Ended { stream: stream.into(), offset, end }
            }
        }
    }
}
