//! The query to a router and its decision.

use core::time::Duration;
use std::sync::Arc;

use super::table::Agent;
use super::tickets::Ticket;
use crate::metrics::Label;

/// What a message says about who should answer it.
///
/// Closed: built by a literal that ends with `..Default::default()`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs)]
pub struct Query<'a> {
    /// The agent that it names; blank counts as absent.
    pub agent: Option<&'a str>,
    /// Its `type`.
    pub kind: &'a str,
    /// Its intent, where something upstream found one.
    pub intent: Option<&'a str>,
    /// What the user wrote; keywords are searched in its first 8 KiB.
    pub text: &'a str,
}

/// Who answers a message, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it holds the ticket of a place that is taken"]
#[non_exhaustive]
pub struct Decision<'r> {
    /// The agent that answers; the table's error handler if [`refused`](Self::refused).
    pub agent: &'r Arc<Agent>,
    /// What led there.
    pub because: Because<'r>,
    /// Whom the message was for, if that agent could not take it: another agent does, or none.
    pub fallback: Option<Fallback<'r>>,
    /// To hand back when the message is done; `None` if refused.
    pub ticket: Option<Ticket>,
    /// Why no agent answers. The peer must be told.
    pub refused: Option<NoAgent>,
    /// The message named an intent that no agent lists: two vocabularies have drifted apart.
    pub unknown_intent: bool,
    /// The version of the table that decided.
    pub version: &'r str,
}

/// Counted by what led to the agent, or by what kept the message from it.
impl Label for Decision<'_> {
    type Set = Decision<'static>;
    const NAME: &'static str = "because";
    const TEXTS: &'static [&'static str] = &[
        "agent_id",
        "unknown_agent",
        "message_type",
        "intent",
        "keyword",
        "default",
        "no_match",
        "fallback",
        "unavailable",
        "other",
    ];

    fn index(&self) -> usize {
        match (self.refused, self.fallback) {
            (Some(NoAgent::Busy | NoAgent::Unavailable { .. }), _) => 8,
            (None, Some(_)) => 7,
            (Some(NoAgent::UnknownAgent | NoAgent::NoMatch), _) | (None, None) => {
                match self.because {
                    Because::AgentId => 0,
                    Because::UnknownAgent => 1,
                    Because::MessageType => 2,
                    Because::Intent => 3,
                    Because::Keyword { .. } => 4,
                    Because::Default => 5,
                    Because::NoMatch => 6,
                }
            }
        }
    }
}

/// What led to an agent. The first that applies decides, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Because<'r> {
    /// The message names the agent.
    AgentId,
    /// The message names an agent that the table does not have.
    UnknownAgent,
    /// The agent lists the message's type.
    MessageType,
    /// The agent lists the message's intent.
    Intent,
    /// The agent lists a word of the text.
    Keyword {
        /// The word, folded.
        word: &'r str,
    },
    /// Nothing else applied, and the table has a default.
    Default,
    /// Nothing else applied, and the table has no default.
    NoMatch,
}

impl Because<'_> {
    /// The reason as one word, for metrics and logs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::AgentId => "agent_id",
            Self::UnknownAgent => "unknown_agent",
            Self::MessageType => "message_type",
            Self::Intent => "intent",
            Self::Keyword { .. } => "keyword",
            Self::Default => "default",
            Self::NoMatch => "no_match",
        }
    }
}

/// A message does not go to the agent that it was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fallback<'r> {
    /// Whom it was for.
    pub from: &'r Arc<Agent>,
    /// Why that agent could not take it.
    pub why: Obstacle,
}

/// Why an agent cannot take a message now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Obstacle {
    /// It works on as many messages as it may.
    Busy,
    /// Its breaker is open.
    Open,
    /// Its breaker is half-open and the one probe is under way.
    Probing,
}

impl Obstacle {
    /// The obstacle as one word, for metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Open => "open",
            Self::Probing => "probing",
        }
    }
}

/// Why no agent answers a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoAgent {
    /// It names an agent that the table does not have.
    UnknownAgent,
    /// Nothing in it leads to an agent, and the table has no default.
    NoMatch,
    /// The agent and all that stand in for it are unavailable, and at least one is merely busy:
    /// a place may come free at any moment.
    Busy,
    /// The agent and all that stand in for it have failed too often.
    Unavailable {
        /// The time until the first of them may be tried again; zero if a probe is under way.
        retry_after: Duration,
    },
}

impl NoAgent {
    /// The refusal as one word, for metrics and logs.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::UnknownAgent => "unknown_agent",
            Self::NoMatch => "no_match",
            Self::Busy => "busy",
            Self::Unavailable { .. } => "unavailable",
        }
    }
}
