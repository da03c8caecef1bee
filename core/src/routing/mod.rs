//! Agent routing: who answers a message, and what happens when nobody can.
//!
//! A [`Table`] says who answers what; it is loaded from JSON, checked, compiled and from then on
//! immutable. A [`Router`] decides by it, message by message, and keeps count of what its agents
//! work on and how they are doing. Every query gets a [`Decision`], which says why; what no agent
//! can take goes to the table's error handler with the reason in [`Decision::refused`], so that
//! the peer is always told.
//!
//! ```
//! use std::sync::Arc;
//!
//! use pamlink::routing::{Because, Outcome, Query, Router, Table};
//! use pamlink::seed::Seed;
//! use pamlink::time::Mono;
//!
//! let table = Table::from_json(
//!     r#"{
//!         "version": "2",
//!         "error_handler": { "id": "errors" },
//!         "default": "chat",
//!         "agents": [
//!             { "id": "finance", "keywords": ["budget"], "fallback": ["chat"] },
//!             { "id": "chat" }
//!         ]
//!     }"#,
//! )?;
//! let mut router = Router::new(Arc::new(table), Seed::from_number(1));
//! let now = Mono::from_millis(0);
//!
//! let query = Query { kind: "chat", text: "What is left of my BUDGET?", ..Query::default() };
//! let decision = router.route(now, &query);
//! assert_eq!(&*decision.agent.id, "finance");
//! assert_eq!(decision.because, Because::Keyword { word: "budget" });
//!
//! // When the agent has answered, its place is given back.
//! if let Some(ticket) = decision.ticket {
//!     router.finished(now, ticket, Outcome::Success);
//! }
//! # Ok::<(), pamlink::routing::TableError>(())
//! ```
//!
//! # How a decision is made
//!
//! 1. The first of these that leads to agents decides: the agent that the message names, its
//!    type, its intent, the best keyword in its text, the table's default. A message that names
//!    an agent the table does not have is refused; it is not guessed for.
//! 2. Among agents that list the same thing, those of the highest priority that have one free
//!    win, and among these the weights share out, drawn from the router's seed.
//! 3. An agent is free if it works on fewer messages than its concurrency and its breaker lets
//!    messages through. If none is free, the fallbacks are tried in order, each followed by its
//!    own. If none of these is free either, the decision is a refusal.
//!
//! Names (of agents, types and intents) are compared as they are, then folded: ASCII letters in
//! lower case, runs of blanks, `-`, `_` and `/` as one `_`, none at either end. So a peer that
//! writes `/trip-planner` means `Trip Planner`.
//!
//! # How keywords are found
//!
//! One Aho-Corasick pass over the first 8 KiB of the text finds all keywords that
//! stand between word borders. The longest (in characters) wins, then the one whose agent has the
//! highest priority, then the one whose agent stands first in the table.
//!
//! - A border lies between two characters unless both are letters, digits, `_` or combining
//!   marks. Next to a character of a script without blanks between words (Han, kana, Thai, Lao,
//!   Khmer, Myanmar) there is always a border.
//! - Letter case does not matter wherever a character has a lower-case form of one character;
//!   there is no locale, and `ß` is not `ss`. Final sigma is sigma, `’` is `'`, and any run of
//!   white space is one blank. Texts are not normalised: `é` is not `e` with a combining accent.
//!
//! # The members of a table
//!
//! Unknown members, repeated members and `null` are refused, and every count and length is
//! bounded. A table with faults is refused whole, with all of them ([`TableError`]).
//!
//! | member | type | bounds | default |
//! |---|---|---|---|
//! | `version` | string | 1 to 64 characters | required |
//! | `agents` | array of agents | 1 to 256 | required |
//! | `error_handler` | object of `id`, `name`, `module` | as for agents | required |
//! | `default` | string, an agent | | none: such messages are refused |
//! | `health` | object | | see below |
//!
//! An agent:
//!
//! | member | type | bounds | default |
//! |---|---|---|---|
//! | `id` | string | 1 to 64 bytes, unique | required |
//! | `name` | string, also found by it | 1 to 64 bytes, unique | `id` |
//! | `module` | string, for the host | 1 to 64 bytes | `id` |
//! | `aliases` | array of strings, also found by them | 16 of 1 to 64 bytes, unique | `[]` |
//! | `types` | array of strings | 64 of 1 to 64 bytes | `[]` |
//! | `intents` | array of strings | 64 of 1 to 64 bytes | `[]` |
//! | `keywords` | array of strings | 2,000 of 1 to 64 characters, 256 KiB in a table | `[]` |
//! | `priority` | integer | -1,000 to 1,000 | 0 |
//! | `weight` | integer; 0: by name and as a fallback only | 0 to 1,000 | 1 |
//! | `concurrency` | integer | 1 to 1,000,000 | 1,024 |
//! | `fallback` | array of strings, agents | 8, no circles | `[]` |
//! | `health` | object | | that of the table |
//!
//! `health`, of the table and of an agent:
//!
//! | member | type | bounds | default |
//! |---|---|---|---|
//! | `open_after` | integer, failures in a row | 1 to 1,000 | 5 |
//! | `half_open_after_ms` | integer, milliseconds | 1 to 86,400,000 | 30,000 |
//! | `close_after` | integer, successful probes in a row | 1 to 100 | 2 |
//!
//! # Bounds
//!
//! Of a table: the column above, and 1 MiB for all of it. Of a message: its first 8 KiB are looked
//! at for keywords, and 64 bytes of a name. A decision allocates nothing, and takes no longer with
//! a longer history.
//!
//! # Where it is specified
//!
//! Section 12 of `docs/protocol.md`; `docs/routing.md` teaches how to write a table, and
//! `pamlink routes check` finds its faults.
//!
//! # Alone
//!
//! Any program that hands texts to one of several workers: this module, [`seed`](crate::seed) and
//! [`time`](crate::time). The packages show it as `Router`.

mod build;
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

pub use decision::{Because, Decision, Fallback, NoAgent, Obstacle, Query};
pub use error::{TableError, TableFault};
pub use health::{Health, HealthConfig, Outcome};
pub(crate) use router::Choice;
pub use router::{Finished, Replaced, Router, Status};
pub use table::{Agent, Table};
pub use tickets::Ticket;

#[cfg(test)]
mod tests;
