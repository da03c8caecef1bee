//! A table, checked and compiled for decisions.

use core::cmp::Reverse;
use std::sync::Arc;

use ahash::RandomState;
use hashbrown::HashMap;

use super::error::{Problem, TableError};
use super::health::HealthConfig;
use super::json::{Reader, shown};
use super::load::{AgentSpec, At, MAX_KEYWORD_BYTES, TableSpec, load, unknown_agent};
use super::names::{MAX_NAME, Names, fold};
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
/// [`Table::default`] is the table of the report: five agents and an error handler.
#[derive(Debug)]
pub struct Table {
    version: Box<str>,
    agents: Box<[Arc<Agent>]>,
    handler: Arc<Agent>,
    default: Option<u16>,
    /// Per agent, who stands in for it, nearest first.
    chains: Box<[Box<[u16]>]>,
    ids: Names,
    types: Listed,
    intents: Listed,
    words: Words,
    /// Per word, who lists it.
    listeners: Box<[Candidates]>,
}

/// Agents that list the same thing: never empty, by falling priority, then in the table's order.
/// Agents of weight 0 are left out.
pub(super) type Candidates = Box<[u16]>;

#[derive(Debug)]
struct Listed {
    names: Names,
    candidates: Box<[Candidates]>,
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
    pub fn lists_type(&self, kind: &str) -> bool {
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

/// Checks what the members say together, and compiles them.
pub(super) fn build(reader: &mut Reader<'_>, spec: &TableSpec) -> Option<Table> {
    let ids = build_ids(reader, spec);
    let chains = build_chains(reader, spec, &ids);
    let default = spec.default.as_ref().and_then(|default| resolve(reader, spec, &ids, default));
    let types = build_listed(reader, &spec.agents, |agent| &agent.types);
    let intents = build_listed(reader, &spec.agents, |agent| &agent.intents);
    let (words, listeners) = build_words(reader, &spec.agents)?;
    if !reader.is_clean() {
        return None;
    }
    Some(Table {
        version: spec.version.as_str().into(),
        agents: spec.agents.iter().map(|agent| Arc::new(build_agent(agent))).collect(),
        handler: Arc::new(build_agent(&spec.handler)),
        default,
        chains: chains?,
        ids,
        types,
        intents,
        words,
        listeners,
    })
}

fn build_agent(spec: &AgentSpec) -> Agent {
    let id = spec.id.value.as_str();
    Agent {
        id: id.into(),
        name: spec.name.as_ref().map_or(id, |name| &name.value).into(),
        module: spec.module.as_deref().unwrap_or(id).into(),
        priority: spec.priority,
        weight: spec.weight,
        concurrency: spec.concurrency,
        health: spec.health,
    }
}

/// A map from folded names to where they were said first.
type Seen = HashMap<String, (usize, String), RandomState>;

fn seen() -> Seen {
    HashMap::with_hasher(RandomState::with_seeds(5, 6, 7, 8))
}

fn folded(name: &str) -> String {
    fold(name, &mut [0; MAX_NAME]).unwrap_or(name).to_owned()
}

/// Ids, names and aliases; each must mean one agent.
fn build_ids(reader: &mut Reader<'_>, spec: &TableSpec) -> Names {
    let mut ids = Names::new();
    let mut seen = seen();
    let handler = usize::from(HANDLER);
    for at in [Some(&spec.handler.id), spec.handler.name.as_ref()].into_iter().flatten() {
        seen.insert(folded(&at.value), (handler, at.spot.path.clone()));
    }
    for (index, agent) in spec.agents.iter().enumerate() {
        let own = [Some(&agent.id), agent.name.as_ref()].into_iter().flatten();
        for at in own.chain(&agent.aliases) {
            let folded = folded(&at.value);
            match seen.get(&folded) {
                // An agent may spell its own name in several ways.
                Some((holder, _)) if *holder == index => {}
                Some((_, first)) => {
                    let first = first.clone();
                    let problem = Problem::Duplicate { name: shown(&at.value), first };
                    reader.fault(&at.spot, problem);
                }
                None => {
                    seen.insert(folded, (index, at.spot.path.clone()));
                }
            }
            ids.insert(&at.value, index as u16);
        }
    }
    ids
}

fn resolve(reader: &mut Reader<'_>, spec: &TableSpec, ids: &Names, at: &At<String>) -> Option<u16> {
    let found = ids.find(&at.value);
    if found.is_none() {
        let known = spec.agents.iter().map(|agent| agent.id.value.as_str());
        let problem = unknown_agent(&at.value, known);
        reader.fault(&at.spot, problem);
    }
    found
}

/// Who stands in for each agent: its fallbacks in order, each followed by its own, every agent
/// once.
fn build_chains(
    reader: &mut Reader<'_>,
    spec: &TableSpec,
    ids: &Names,
) -> Option<Box<[Box<[u16]>]>> {
    let mut direct = Vec::with_capacity(spec.agents.len());
    for agent in &spec.agents {
        let mut list: Vec<u16> = Vec::new();
        for (at, fallback) in agent.fallback.iter().enumerate() {
            let Some(index) = resolve(reader, spec, ids, fallback) else { continue };
            if let Some(first) = list.iter().position(|seen| *seen == index) {
                let first = agent.fallback[first].spot.path.clone();
                let problem = Problem::Duplicate { name: shown(&fallback.value), first };
                reader.fault(&agent.fallback[at].spot, problem);
            }
            list.push(index);
        }
        direct.push(list);
    }
    let mut chains: Vec<Option<Box<[u16]>>> = vec![None; direct.len()];
    let mut whole = true;
    for index in 0..direct.len() {
        let mut path = Vec::new();
        if let Err(cycle) = follow(index as u16, &direct, &mut chains, &mut path) {
            let chain = cycle.iter().map(|i| spec.agents[usize::from(*i)].id.value.clone());
            let at = &spec.agents[usize::from(cycle[0])];
            if let Some(fallback) = at.fallback.first() {
                reader.fault(&fallback.spot, Problem::Cycle { chain: chain.collect() });
            }
            whole = false;
            break;
        }
    }
    whole.then(|| chains.into_iter().map(Option::unwrap_or_default).collect())
}

/// Computes the chain of `index` and of all that it leads to. As deep as there are agents.
///
/// The error is a cycle: its first agent is also its last.
fn follow(
    index: u16,
    direct: &[Vec<u16>],
    chains: &mut [Option<Box<[u16]>>],
    path: &mut Vec<u16>,
) -> Result<(), Vec<u16>> {
    if chains[usize::from(index)].is_some() {
        return Ok(());
    }
    if let Some(start) = path.iter().position(|on| *on == index) {
        let mut cycle = path[start..].to_vec();
        cycle.push(index);
        return Err(cycle);
    }
    path.push(index);
    let mut chain: Vec<u16> = Vec::new();
    for next in &direct[usize::from(index)] {
        follow(*next, direct, chains, path)?;
        let onward = chains[usize::from(*next)].as_deref().unwrap_or_default();
        for agent in core::iter::once(next).chain(onward) {
            if !chain.contains(agent) {
                chain.push(*agent);
            }
        }
    }
    path.pop();
    chains[usize::from(index)] = Some(chain.into());
    Ok(())
}

/// Collects who lists what.
struct Lister<'s> {
    agents: &'s [AgentSpec],
    index: HashMap<String, usize, RandomState>,
    /// Per thing: its first place, and who lists it.
    entries: Vec<(&'s At<String>, Vec<u16>)>,
}

impl<'s> Lister<'s> {
    fn new(agents: &'s [AgentSpec]) -> Self {
        let index = HashMap::with_hasher(RandomState::with_seeds(9, 10, 11, 12));
        Self { agents, index, entries: Vec::new() }
    }

    fn add(&mut self, reader: &mut Reader<'_>, key: String, at: &'s At<String>, agent: u16) {
        let next = self.entries.len();
        let entry = *self.index.entry(key).or_insert(next);
        if entry == next {
            self.entries.push((at, vec![agent]));
        } else if self.entries[entry].1.last() == Some(&agent) {
            let first = self.entries[entry].0.spot.path.clone();
            reader.fault(&at.spot, Problem::Duplicate { name: shown(&at.value), first });
        } else {
            self.entries[entry].1.push(agent);
        }
    }

    /// The candidates of each thing, in the order of choice.
    fn finish(self, reader: &mut Reader<'_>) -> Vec<(&'s At<String>, Candidates)> {
        let agents = self.agents;
        let finish = |(at, mut listed): (&'s At<String>, Vec<u16>)| {
            listed.retain(|agent| agents[usize::from(*agent)].weight > 0);
            if listed.is_empty() {
                reader.fault(&at.spot, Problem::NoWeight(shown(&at.value)));
            }
            // Stable: the table's order stays within a priority.
            listed.sort_by_key(|agent| Reverse(agents[usize::from(*agent)].priority));
            (at, listed.into())
        };
        self.entries.into_iter().map(finish).collect()
    }
}

fn build_listed(
    reader: &mut Reader<'_>,
    agents: &[AgentSpec],
    list: impl Fn(&AgentSpec) -> &Vec<At<String>>,
) -> Listed {
    let mut lister = Lister::new(agents);
    for (index, agent) in agents.iter().enumerate() {
        for at in list(agent) {
            lister.add(reader, folded(&at.value), at, index as u16);
        }
    }
    let mut names = Names::new();
    let mut candidates = Vec::new();
    for (index, (at, listed)) in lister.finish(reader).into_iter().enumerate() {
        names.insert(&at.value, index as u16);
        candidates.push(listed);
    }
    Listed { names, candidates: candidates.into() }
}

fn build_words(
    reader: &mut Reader<'_>,
    agents: &[AgentSpec],
) -> Option<(Words, Box<[Candidates]>)> {
    let mut lister = Lister::new(agents);
    for (index, agent) in agents.iter().enumerate() {
        for at in &agent.keywords {
            lister.add(reader, at.value.clone(), at, index as u16);
        }
    }
    let mut entries = lister.finish(reader);
    let bytes: usize = entries.iter().map(|(at, _)| at.value.len()).sum();
    if bytes > MAX_KEYWORD_BYTES {
        reader.fault_at_start(Problem::OutOfBounds {
            what: "the size of all keywords in bytes",
            min: 0,
            max: MAX_KEYWORD_BYTES as i64,
            actual: bytes.to_string(),
        });
    }
    if !reader.is_clean() {
        return None;
    }
    // The rank of a word: the longest first, then by its best agent's priority, then by that
    // agent's place in the table, then in the agent's own order, which the stable sort keeps.
    entries.sort_by_key(|(at, listed)| {
        let best = listed.first().copied().unwrap_or(HANDLER);
        let priority = agents.get(usize::from(best)).map_or(0, |agent| agent.priority);
        (Reverse(at.value.chars().count()), Reverse(priority), best)
    });
    let texts = entries.iter().map(|(at, _)| at.value.as_str().into()).collect();
    match Words::new(texts) {
        Ok(words) => Some((words, entries.into_iter().map(|(_, listed)| listed).collect())),
        Err(error) => {
            reader.fault_at_start(Problem::Automaton(error.to_string()));
            None
        }
    }
}
