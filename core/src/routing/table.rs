//! A table, checked and compiled for decisions.

use std::sync::Arc;

use super::error::TableError;
use super::health::HealthConfig;
use super::load::load;
use super::names::Names;
use super::words::Words;

/// The index of the error handler, which is no agent.
pub(super) const HANDLER: u16 = u16::MAX;

/// One of the agents of a table, or its error handler.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Agent {
    /// What fallbacks, metrics and replacements know it by.
    pub id: Box<str>,
    /// Its name for people. Default: the id.
    pub name: Box<str>,
    /// The module that does its work, for the host. Default: the id.
    pub module: Box<str>,
    /// Agents of a higher priority are chosen before others that list the same thing.
    pub priority: i32,
    /// Its share among agents of the same priority.
    pub weight: u32,
    /// The most messages that it works on at once.
    pub concurrency: u32,
    /// When its breaker opens and closes.
    pub health: HealthConfig,
}

/// Who answers what: immutable, shared, replaced as a whole.
///
/// [`Table::default`] has the five agents of `docs/routing.md` and an error handler.
#[derive(Debug)]
pub struct Table {
    /// The text that it was made from.
    pub(super) text: Box<str>,
    pub(super) version: Box<str>,
    pub(super) agents: Box<[Arc<Agent>]>,
    pub(super) handler: Arc<Agent>,
    pub(super) default: Option<u16>,
    /// Per agent, who stands in for it, nearest first.
    pub(super) chains: Box<[Box<[u16]>]>,
    pub(super) ids: Names,
    pub(super) types: Listed,
    pub(super) intents: Listed,
    pub(super) words: Words,
    /// Per word, who lists it.
    pub(super) listeners: Box<[Candidates]>,
}

/// Agents that list the same thing: never empty, by falling priority, then in the table's order.
/// Agents of weight 0 are left out.
pub(super) type Candidates = Box<[u16]>;

/// Things that agents list, by name.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) names: Names,
    pub(super) candidates: Box<[Candidates]>,
}

impl Table {
    /// The table that `text` describes (the members are listed in the [module's
    /// documentation](super)), or everything that is wrong with it.
    ///
    /// # Errors
    ///
    /// [`TableError`] lists up to 64 faults with line, column and path.
    pub fn from_json(text: &str) -> Result<Self, TableError> {
        load(text)
    }

    /// The text that it was made from: [`from_json`](Self::from_json) makes an equal one of it.
    pub fn as_json(&self) -> &str {
        &self.text
    }

    /// What the table calls this state of itself.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The agents, in the table's order.
    pub fn agents(&self) -> impl ExactSizeIterator<Item = &Arc<Agent>> {
        self.agents.iter()
    }

    /// The agent of this id, name or alias.
    pub fn agent(&self, name: &str) -> Option<&Arc<Agent>> {
        self.agents.get(usize::from(self.ids.find(name)?))
    }

    /// Who is told of what no agent can answer.
    pub fn error_handler(&self) -> &Arc<Agent> {
        &self.handler
    }

    /// Whether an agent lists this message type.
    pub(crate) fn lists_type(&self, kind: &str) -> bool {
        self.types.names.find(kind).is_some()
    }

    pub(super) fn by_index(&self, index: u16) -> &Arc<Agent> {
        self.agents.get(usize::from(index)).unwrap_or(&self.handler)
    }

    pub(super) fn len(&self) -> usize {
        self.agents.len()
    }

    pub(super) fn by_name(&self, name: &str) -> Option<u16> {
        self.ids.find(name)
    }

    pub(super) fn by_type(&self, kind: &str) -> Option<&[u16]> {
        self.types.find(kind)
    }

    pub(super) fn by_intent(&self, intent: &str) -> Option<&[u16]> {
        self.intents.find(intent)
    }

    pub(super) fn by_text(&self, text: &str, scratch: &mut String) -> Option<(u32, &[u16])> {
        let word = self.words.best(text, scratch)?;
        Some((word, self.listeners.get(word as usize)?))
    }

    pub(super) fn by_default(&self) -> Option<u16> {
        self.default
    }

    pub(super) fn word(&self, index: u32) -> &str {
        self.words.text(index).unwrap_or_default()
    }

    pub(super) fn chain(&self, index: u16) -> &[u16] {
        self.chains.get(usize::from(index)).map_or(&[], |chain| chain)
    }
}

impl Default for Table {
    fn default() -> Self {
        Self::from_json(include_str!("default.json")).expect("a test holds the default table valid")
    }
}

impl Listed {
    fn find(&self, name: &str) -> Option<&[u16]> {
        let index = self.names.find(name)?;
        self.candidates.get(usize::from(index)).map(|candidates| &**candidates)
    }
}
