//! Agent routing: who answers a message, and what happens when nobody can.
//!
//! A [`Table`] says who answers what. A [`Router`] decides by it, message by message, and keeps
//! count of what its agents work on and how they are doing.

mod decision;
mod error;
mod health;
mod json;
mod load;
mod names;
mod router;
mod table;
mod tickets;
mod words;

pub use decision::{Because, Decision, Fallback, Obstacle, Query, Refused};
pub use error::{Fault, Problem, TableError};
pub use health::{Health, HealthConfig, Outcome};
pub use load::{
    DEFAULT_CONCURRENCY, MAX_AGENTS, MAX_ALIASES, MAX_CONCURRENCY, MAX_FALLBACKS,
    MAX_KEYWORD_BYTES, MAX_KEYWORDS, MAX_LENGTH, MAX_LISTED, MAX_TABLE,
};
pub use names::MAX_NAME;
pub use router::{Finished, Replaced, Router, Status};
pub use table::{Agent, Table};
pub use tickets::Ticket;
pub use words::MAX_SCANNED;

#[cfg(test)]
mod tests;
