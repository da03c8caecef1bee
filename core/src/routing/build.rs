//! From what a text says to a table: what its members say together is checked here.

use core::cmp::Reverse;
use std::sync::Arc;

use ahash::RandomState;
use hashbrown::HashMap;

use super::error::{Problem, nearest};
use super::json::{Reader, shown};
use super::load::{AgentSpec, At, MAX_KEYWORD_BYTES, TableSpec};
use super::names::{MAX_NAME, Names, fold};
use super::table::{Agent, Candidates, HANDLER, Listed, Table};
use super::words::Words;

/// Checks what the members say together, and compiles them.
pub(super) fn build(reader: &mut Reader<'_>, text: &str, spec: &TableSpec) -> Option<Table> {
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
        text: text.into(),
        version: spec.version.as_str().into(),
        agents: spec.agents.iter().map(|agent| Arc::new(build_agent(agent))).collect(),
        handler: Arc::new(build_agent(spec.handler.as_ref()?)),
        default,
        chains,
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
type Seen = HashMap<String, (u16, String), RandomState>;

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
    let own = spec.handler.iter().flat_map(|spec| [Some(&spec.id), spec.name.as_ref()]);
    for at in own.flatten() {
        seen.insert(folded(&at.value), (HANDLER, at.spot.path.clone()));
    }
    for (index, agent) in (0u16..).zip(&spec.agents) {
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
            ids.insert(&at.value, index);
        }
    }
    ids
}

/// The agent of a name. If agents are missing for faults of their own, an unknown one may be one
/// of them: it is a fault only if it is nearly another.
fn resolve(reader: &mut Reader<'_>, spec: &TableSpec, ids: &Names, at: &At<String>) -> Option<u16> {
    let found = ids.find(&at.value);
    if found.is_none() {
        let known = spec.agents.iter().map(|agent| agent.id.value.as_str());
        let near: Option<String> = nearest(&at.value, known).map(Into::into);
        if spec.complete || near.is_some() {
            reader.fault(&at.spot, Problem::UnknownAgent { name: shown(&at.value), near });
        }
    }
    found
}

/// Who stands in for each agent: its fallbacks in order, each followed by its own, every agent
/// once.
fn build_chains(reader: &mut Reader<'_>, spec: &TableSpec, ids: &Names) -> Box<[Box<[u16]>]> {
    let mut direct = Vec::with_capacity(spec.agents.len());
    for agent in &spec.agents {
        let mut list: Vec<(u16, &At<String>)> = Vec::new();
        for fallback in &agent.fallback {
            let Some(index) = resolve(reader, spec, ids, fallback) else { continue };
            if let Some((_, first)) = list.iter().find(|(seen, _)| *seen == index) {
                let (name, first) = (shown(&fallback.value), first.spot.path.clone());
                reader.fault(&fallback.spot, Problem::Duplicate { name, first });
            } else {
                list.push((index, fallback));
            }
        }
        direct.push(list);
    }
    let mut chains = Chains { direct: &direct, done: vec![None; direct.len()], cycles: Vec::new() };
    for (index, _) in (0u16..).zip(&direct) {
        chains.follow(index, &mut Vec::new());
    }
    for (cycle, at) in chains.cycles {
        let id = |index: u16| spec.agents[usize::from(index)].id.value.clone();
        reader.fault(&at.spot, Problem::Cycle { chain: cycle.into_iter().map(id).collect() });
    }
    chains.done.into_iter().map(Option::unwrap_or_default).collect()
}

/// The walk through all fallbacks.
struct Chains<'s> {
    /// Per agent, its own fallbacks.
    direct: &'s [Vec<(u16, &'s At<String>)>],
    done: Vec<Option<Box<[u16]>>>,
    /// The agents of each circle, the first again at the end, and the fallback that closes it.
    cycles: Vec<(Vec<u16>, &'s At<String>)>,
}

impl Chains<'_> {
    /// Computes the chain of `index` and of all that it leads to. `path` leads to it, so the walk
    /// is no deeper than there are agents.
    fn follow(&mut self, index: u16, path: &mut Vec<u16>) {
        if self.done[usize::from(index)].is_some() {
            return;
        }
        path.push(index);
        let mut chain: Vec<u16> = Vec::new();
        for (next, at) in &self.direct[usize::from(index)] {
            if let Some(start) = path.iter().position(|on| on == next) {
                let cycle = path[start..].iter().chain([next]).copied().collect();
                self.cycles.push((cycle, at));
                continue;
            }
            self.follow(*next, path);
            let onward = self.done[usize::from(*next)].as_deref().unwrap_or_default();
            for agent in core::iter::once(next).chain(onward) {
                if !chain.contains(agent) {
                    chain.push(*agent);
                }
            }
        }
        path.pop();
        self.done[usize::from(index)] = Some(chain.into());
    }
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
    for (index, agent) in (0u16..).zip(agents) {
        for at in list(agent) {
            lister.add(reader, folded(&at.value), at, index);
        }
    }
    let mut names = Names::new();
    let mut candidates = Vec::new();
    for (index, (at, listed)) in (0u16..).zip(lister.finish(reader)) {
        names.insert(&at.value, index);
        candidates.push(listed);
    }
    Listed { names, candidates: candidates.into() }
}

fn build_words(
    reader: &mut Reader<'_>,
    agents: &[AgentSpec],
) -> Option<(Words, Box<[Candidates]>)> {
    let mut lister = Lister::new(agents);
    for (index, agent) in (0u16..).zip(agents) {
        for at in &agent.keywords {
            lister.add(reader, at.value.clone(), at, index);
        }
    }
    let mut entries = lister.finish(reader);
    let bytes: usize = entries.iter().map(|(at, _)| at.value.len()).sum();
    if bytes > MAX_KEYWORD_BYTES {
        let what = "the size of all keywords in bytes";
        reader.fault_at_start(Problem::too_large(what, 0, MAX_KEYWORD_BYTES, bytes));
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
