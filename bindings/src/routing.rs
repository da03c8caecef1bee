//! Routing by itself: who answers a message, for a host that receives it by another way.

use std::collections::HashMap;
use std::sync::Arc;

use pamlink::routing::{
    Because, Finished, NoAgent, Outcome, Query as CoreQuery, Router as Core, Table, Ticket,
};
use pamlink::time::Mono;
use parking_lot::Mutex;

use crate::fault::Failure;
use pamlink_border::{Code, Fault, seed};

/// Decides who answers each message, by a table and by how its agents are doing.
#[derive(Debug, uniffi::Object)]
pub struct Router {
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    router: Core,
    tickets: HashMap<u64, Ticket>,
    next: u64,
}

/// What a message is, as far as routing goes.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Query {
    /// The agent that it names.
    #[uniffi(default = None)]
    pub agent: Option<String>,
    /// Its `type`.
    #[uniffi(default = "chat")]
    pub kind: String,
    /// Its intent, where something upstream found one.
    #[uniffi(default = None)]
    pub intent: Option<String>,
    /// What the user wrote.
    #[uniffi(default = "")]
    pub text: String,
}

/// Who answers a message, and why.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Decision {
    /// The id of the agent that answers; the table's error handler if `refused`.
    pub agent: String,
    /// Its name for people.
    pub agent_name: String,
    /// The module that does its work.
    pub module: String,
    /// What led there: `agent_id`, `unknown_agent`, `message_type`, `intent`, `keyword`,
    /// `default`, `no_match`.
    pub because: String,
    /// The keyword that led there.
    pub word: Option<String>,
    /// Whom the message was for, if that agent could not take it.
    pub fallback_from: Option<String>,
    /// Why it could not: `busy`, `open`, `probing`.
    pub fallback_why: Option<String>,
    /// Why no agent answers: `unknown_agent`, `no_match`, `busy`, `unavailable`.
    pub refused: Option<String>,
    /// How long until an agent may be tried again, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// The message named an intent that no agent lists.
    pub unknown_intent: bool,
    /// The version of the table that decided.
    pub version: String,
    /// To hand to `finished` when the message is done; none if refused.
    pub ticket: Option<u64>,
}

#[uniffi::export]
impl Router {
    /// A router by the table `json`, or by the default table of five agents. `seed` fixes every
    /// choice among agents of equal priority.
    ///
    /// # Errors
    ///
    /// `bad_routes` names every fault with its line; `bad_seed`.
    #[uniffi::constructor]
    pub fn new(json: Option<String>, seed: &[u8]) -> Result<Arc<Self>, Failure> {
        let seed = self::seed(seed)?;
        let table = json.as_deref().map_or_else(|| Ok(Arc::default()), table)?;
        let router = Core::new(table, seed);
        let inner = Inner { router, tickets: HashMap::new(), next: 1 };
        Ok(Arc::new(Self { inner: Mutex::new(inner) }))
    }

    /// Decides who answers, and takes a place at that agent until `finished`.
    pub fn route(&self, mono_nanos: u64, query: Query) -> Decision {
        let inner = &mut *self.inner.lock();
        let query = CoreQuery {
            agent: query.agent.as_deref(),
            kind: &query.kind,
            intent: query.intent.as_deref(),
            text: &query.text,
        };
        let decision = inner.router.route(Mono::from_nanos(mono_nanos), &query);
        let ticket = decision.ticket.map(|ticket| {
            let number = inner.next;
            inner.next += 1;
            inner.tickets.insert(number, ticket);
            number
        });
        Decision {
            agent: decision.agent.id.to_string(),
            agent_name: decision.agent.name.to_string(),
            module: decision.agent.module.to_string(),
            because: decision.because.as_str().to_owned(),
            word: match decision.because {
                Because::Keyword { word } => Some(word.to_owned()),
                _ => None,
            },
            fallback_from: decision.fallback.map(|it| it.from.id.to_string()),
            fallback_why: decision.fallback.map(|it| it.why.as_str().to_owned()),
            refused: decision.refused.map(|refused| refused.as_str().to_owned()),
            retry_after_ms: match decision.refused {
                Some(NoAgent::Unavailable { retry_after }) => {
                    Some(u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX))
                }
                _ => None,
            },
            unknown_intent: decision.unknown_intent,
            version: decision.version.to_owned(),
            ticket,
        }
    }

    /// Ends the message of a ticket with `success`, `failure` or `abandoned`, and returns what that
    /// did: `counted`, `opened` or `closed` (the agent's breaker), or `stale`: nothing.
    ///
    /// # Errors
    ///
    /// `bad_option` for another outcome.
    pub fn finished(&self, mono_nanos: u64, ticket: u64, outcome: &str) -> Result<String, Failure> {
        let outcome = match outcome {
            "success" => Outcome::Success,
            "failure" => Outcome::Failure,
            "abandoned" => Outcome::Abandoned,
            _ => return Err(Fault::new(Code::BadOption, "no such outcome").into()),
        };
        let inner = &mut *self.inner.lock();
        let Some(ticket) = inner.tickets.remove(&ticket) else { return Ok("stale".to_owned()) };
        let finished = inner.router.finished(Mono::from_nanos(mono_nanos), ticket, outcome);
        let name = match finished {
            Finished::Stale => "stale",
            Finished::Counted => "counted",
            Finished::Opened => "opened",
            Finished::Closed => "closed",
        };
        Ok(name.to_owned())
    }

    /// Replaces the table between two decisions. Returns how many agents both tables have, only
    /// the new one has, and only the old one had.
    ///
    /// # Errors
    ///
    /// `bad_routes`; nothing has changed.
    pub fn replace(&self, json: &str) -> Result<Vec<u64>, Failure> {
        let table = table(json)?;
        let replaced = self.inner.lock().router.replace(table);
        Ok(vec![replaced.kept as u64, replaced.added as u64, replaced.removed as u64])
    }
}

/// The table of a text.
pub(crate) fn table(json: &str) -> Result<Arc<Table>, Fault> {
    let table =
        Table::from_json(json).map_err(|error| Fault::new(Code::BadRoutes, error.to_string()))?;
    Ok(Arc::new(table))
}
