//! What a numbered envelope says, kept from the command that sends it until it is acknowledged.

use core::time::Duration;

use crate::envelope::Raw;
use crate::envelope::v1::{
    Cancel, CancelResult, Channel, Code, Item, Message, Name, Position, Reject, Scope, StreamResult,
};

/// What a numbered envelope says, without its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Payload {
    Item {
        of: Option<Position>,
        stream: Option<Name<'static>>,
        agent: Option<Name<'static>>,
        /// A value that was checked when it was sent.
        body: Box<str>,
    },
    Reject {
        of: Position,
        code: Code<'static>,
        retry_after: Option<Duration>,
    },
    Cancel(Target<'static>),
    CancelResult {
        of: Position,
        results: Box<[StreamResult<'static>]>,
    },
}

impl Payload {
    /// What it counts for in a bound of bytes (V-3.4).
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Item { body, .. } => body.len(),
            Self::Reject { .. } | Self::Cancel(_) | Self::CancelResult { .. } => 0,
        }
    }

    /// The bytes that it has allocated.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Item { stream, agent, body, .. } => {
                body.len()
                    + stream.as_deref().map_or(0, str::len)
                    + agent.as_deref().map_or(0, str::len)
            }
            Self::Reject { code, .. } => code.len(),
            Self::Cancel(target) => target.memory(),
            Self::CancelResult { results, .. } => results.iter().map(result_memory).sum(),
        }
    }

    /// The stream that an item asks for.
    pub(super) const fn stream(&self) -> Option<&Name<'static>> {
        match self {
            Self::Item { stream, .. } => stream.as_ref(),
            Self::Reject { .. } | Self::Cancel(_) | Self::CancelResult { .. } => None,
        }
    }

    pub(super) const fn is_item(&self) -> bool {
        matches!(self, Self::Item { .. })
    }

    pub(super) const fn is_cancel(&self) -> bool {
        matches!(self, Self::Cancel(_))
    }

    pub(super) const fn is_reject(&self) -> bool {
        matches!(self, Self::Reject { .. })
    }

    /// Appends the envelope.
    pub(super) fn write(
        &self,
        channel: Channel,
        at: Position,
        received: Option<Position>,
        out: &mut String,
    ) {
        let message = match self {
            Self::Item { of, stream, agent, body } => Message::Item(Item {
                at,
                of: *of,
                stream: stream.as_ref().map(Name::as_borrowed),
                agent: agent.as_ref().map(Name::as_borrowed),
                received,
                body: Raw::trusted(body, false),
            }),
            Self::Reject { of, code, retry_after } => Message::Reject(Reject {
                at,
                of: *of,
                code: code.as_borrowed(),
                retry_after: *retry_after,
                received,
            }),
            Self::Cancel(target) => Message::Cancel(Cancel {
                at,
                scope: target.scope(),
                stream: target.stream().map(Name::as_borrowed),
                agent: target.agent().map(Name::as_borrowed),
                received,
            }),
            Self::CancelResult { of, results } => Message::CancelResult(CancelResult {
                at,
                of: *of,
                results: results.to_vec(),
                received,
            }),
        };
        message.write(channel, out);
    }
}

/// What a cancel is to end (V-8.2).
///
/// Closed: these are the scopes of the dialect.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums)]
pub enum Target<'a> {
    /// One stream.
    Stream(Name<'a>),
    /// All streams that an agent answers.
    Agent(Name<'a>),
    /// All streams of the user in this session.
    All,
}

impl<'a> Target<'a> {
    /// What a `cancel` is about; nothing where it lacks the name that its scope needs.
    pub(super) fn of(cancel: &Cancel<'a>) -> Option<Self> {
        match cancel.scope {
            Scope::Stream => cancel.stream.clone().map(Self::Stream),
            Scope::Agent => cancel.agent.clone().map(Self::Agent),
            Scope::All => Some(Self::All),
        }
    }

    /// The word for it on the wire.
    pub const fn scope(&self) -> Scope {
        match self {
            Self::Stream(_) => Scope::Stream,
            Self::Agent(_) => Scope::Agent,
            Self::All => Scope::All,
        }
    }

    /// The same without its tie to the envelope.
    pub fn into_owned(self) -> Target<'static> {
        match self {
            Self::Stream(name) => Target::Stream(name.into_owned()),
            Self::Agent(name) => Target::Agent(name.into_owned()),
            Self::All => Target::All,
        }
    }

    /// The same, borrowed.
    pub(super) fn as_borrowed(&self) -> Target<'_> {
        match self {
            Self::Stream(name) => Target::Stream(name.as_borrowed()),
            Self::Agent(name) => Target::Agent(name.as_borrowed()),
            Self::All => Target::All,
        }
    }

    /// The bytes of its name.
    pub(super) fn memory(&self) -> usize {
        match self {
            Self::Stream(name) | Self::Agent(name) => name.len(),
            Self::All => 0,
        }
    }

    fn stream(&self) -> Option<&Name<'a>> {
        match self {
            Self::Stream(name) => Some(name),
            Self::Agent(_) | Self::All => None,
        }
    }

    fn agent(&self) -> Option<&Name<'a>> {
        match self {
            Self::Agent(name) => Some(name),
            Self::Stream(_) | Self::All => None,
        }
    }
}

/// The bytes of a result in a list, with its texts.
pub(super) fn result_memory(result: &StreamResult<'_>) -> usize {
    let how = result.how.as_ref().map_or(0, |how| how.as_str().len());
    let code = result.code.as_deref().map_or(0, str::len);
    let texts = result.stream.len() + result.outcome.as_str().len() + how + code;
    size_of::<StreamResult<'static>>() + texts
}

/// A result without its tie to the envelope.
pub(super) fn owned_result(result: &StreamResult<'_>) -> StreamResult<'static> {
    let result = result.clone();
    StreamResult {
        stream: result.stream.into_owned(),
        outcome: result.outcome.into_owned(),
        offset: result.offset,
        how: result.how.map(|how| how.into_owned()),
        code: result.code.map(Code::into_owned),
    }
}
