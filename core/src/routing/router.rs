//! Decisions, and what becomes of them.

use core::time::Duration;
use std::sync::Arc;

use crate::seed::{Random, Seed};
use crate::time::Mono;

use super::decision::{Because, Decision, Fallback, NoAgent, Obstacle, Query};
use super::health::{Breaker, Change, Health, Outcome};
use super::table::{Agent, HANDLER, Table};
use super::tickets::{Held, Ticket, Tickets};

/// Decides who answers each message, by a table and by how its agents are doing.
///
/// Every query gets a decision. The same table, seed and calls give the same decisions.
#[derive(Debug)]
pub struct Router {
    table: Arc<Table>,
    /// Per agent of the table.
    live: Vec<Live>,
    tickets: Tickets,
    random: Random,
    /// Folded text; keeps at most what folding [`MAX_SCANNED`](super::words::MAX_SCANNED) bytes
    /// needs.
    scratch: String,
}

#[derive(Clone, Copy, Debug)]
struct Live {
    running: u32,
    /// The agent's concurrency, here to be at hand.
    limit: u32,
    breaker: Breaker,
}

/// What [`Router::finished`] did.
///
/// Closed: all that can have become of a ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums)]
pub enum Finished {
    /// Nothing: the ticket was finished before, or its agent has left the table.
    Stale,
    /// The place is free again.
    Counted,
    /// The place is free again, and this failure opened the agent's breaker.
    Opened,
    /// The place is free again, and this success closed the agent's breaker.
    Closed,
}

/// How an agent is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status<'r> {
    /// The agent.
    pub agent: &'r Arc<Agent>,
    /// Its breaker.
    pub health: Health,
    /// The messages that it works on.
    pub running: u32,
}

/// What [`Router::replace`] changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Replaced {
    /// Agents that both tables have: they keep their health and their running messages.
    pub kept: usize,
    /// Agents that only the new table has.
    pub added: usize,
    /// Agents that only the old table had: their running messages are forgotten.
    pub removed: usize,
}

impl Router {
    /// A router for `table`; `seed` fixes every choice among agents of equal priority.
    pub fn new(table: Arc<Table>, seed: Seed) -> Self {
        let live = Live::of(&table);
        let random = seed.into_random();
        Self { table, live, tickets: Tickets::default(), random, scratch: String::new() }
    }

    /// Decides who answers `query`, and takes a place at that agent.
    ///
    /// The first of agent id, message type, intent, keyword and default that leads to agents
    /// decides; which of these is told by [`Decision::because`]. Among them the highest priority
    /// that has an agent free wins, and within it the weights. If none is free, those who stand
    /// in for them are tried; if none of these is free either, the decision is a refusal.
    #[inline]
    pub fn route(&mut self, now: Mono, query: &Query<'_>) -> Decision<'_> {
        let choice = self.choose(now, query);
        self.decision(choice)
    }

    /// Ends the message of `ticket`. Harmless if it has ended before.
    pub fn finished(&mut self, now: Mono, ticket: Ticket, outcome: Outcome) -> Finished {
        let Some(held) = self.tickets.give_back(ticket) else {
            return Finished::Stale;
        };
        let Some(live) = self.live.get_mut(usize::from(held.agent)) else {
            return Finished::Stale;
        };
        live.running = live.running.saturating_sub(1);
        let config = &self.table.by_index(held.agent).health;
        match live.breaker.finished(now, held.epoch, outcome, config) {
            Some(Change::Opened) => Finished::Opened,
            Some(Change::Closed) => Finished::Closed,
            None => Finished::Counted,
        }
    }

    /// Replaces the table between two decisions. Agents of the same id keep their health and
    /// their running messages; tickets of agents that are gone finish harmlessly.
    pub fn replace(&mut self, table: Arc<Table>) -> Replaced {
        let place = |old: u16| {
            let id = &self.table.by_index(old).id;
            let index = table.agents().position(|agent| agent.id == *id)?;
            u16::try_from(index).ok()
        };
        let places: Vec<Option<u16>> = (0..).take(self.table.len()).map(place).collect();
        let mut live = Live::of(&table);
        let mut kept = 0;
        for (old, new) in places.iter().enumerate() {
            if let Some(new) = new {
                let live = &mut live[usize::from(*new)];
                *live = Live { limit: live.limit, ..self.live[old] };
                kept += 1;
            }
        }
        self.tickets.remap(|old| places.get(usize::from(old)).copied().flatten());
        let replaced =
            Replaced { kept, added: table.len() - kept, removed: self.table.len() - kept };
        self.live = live;
        self.table = table;
        replaced
    }

    /// The table that decides.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// How every agent is doing, in the table's order.
    pub fn statuses(&self, now: Mono) -> impl ExactSizeIterator<Item = Status<'_>> {
        self.table.agents().zip(&self.live).map(move |(agent, live)| Status {
            agent,
            health: live.breaker.health(now),
            running: live.running,
        })
    }

    /// The first half of [`route`](Self::route): decides and lends nothing.
    #[inline]
    pub(crate) fn choose(&mut self, now: Mono, query: &Query<'_>) -> Choice {
        // The short way for the common case: the agent that the message names is free.
        if let Some(agent) = query.agent.and_then(|name| self.table.by_name(name))
            && self.live[usize::from(agent)].obstacle(now).is_none()
        {
            return self.pool(now).0.take(Basis::AgentId, agent, None);
        }
        self.choose_by_rules(now, query)
    }

    fn pool(&mut self, now: Mono) -> (Pool<'_>, &mut String) {
        let Self { table, live, tickets, random, scratch } = self;
        (Pool { now, table, live, tickets, random }, scratch)
    }

    #[inline(never)]
    fn choose_by_rules(&mut self, now: Mono, query: &Query<'_>) -> Choice {
        let (mut pool, scratch) = self.pool(now);
        let table = pool.table;
        if let Some(name) = query.agent {
            if let Some(agent) = table.by_name(name) {
                return pool.choose(Basis::AgentId, &[agent]);
            }
            if !name.trim().is_empty() {
                return Choice::refused(Basis::UnknownAgent, NoAgent::UnknownAgent);
            }
        }
        if let Some(candidates) = table.by_type(query.kind) {
            return pool.choose(Basis::MessageType, candidates);
        }
        let intent = query.intent.filter(|intent| !intent.trim().is_empty());
        if let Some(candidates) = intent.and_then(|intent| table.by_intent(intent)) {
            return pool.choose(Basis::Intent, candidates);
        }
        let mut choice = if let Some((word, candidates)) = table.by_text(query.text, scratch) {
            pool.choose(Basis::Keyword(word), candidates)
        } else if let Some(agent) = table.by_default() {
            pool.choose(Basis::Default, &[agent])
        } else {
            Choice::refused(Basis::NoMatch, NoAgent::NoMatch)
        };
        choice.unknown_intent = intent.is_some();
        choice
    }

    /// The decision for the host: the agents that the indexes of a choice stand for.
    #[inline]
    pub(crate) fn decision(&self, choice: Choice) -> Decision<'_> {
        let table = &*self.table;
        let because = match choice.basis {
            Basis::AgentId => Because::AgentId,
            Basis::UnknownAgent => Because::UnknownAgent,
            Basis::MessageType => Because::MessageType,
            Basis::Intent => Because::Intent,
            Basis::Keyword(word) => Because::Keyword { word: table.word(word) },
            Basis::Default => Because::Default,
            Basis::NoMatch => Because::NoMatch,
        };
        let fallback =
            choice.fallback.map(|(from, why)| Fallback { from: table.by_index(from), why });
        Decision {
            agent: table.by_index(choice.agent),
            because,
            fallback,
            ticket: choice.ticket,
            refused: choice.refused,
            unknown_intent: choice.unknown_intent,
            version: table.version(),
        }
    }
}

impl Live {
    fn of(table: &Table) -> Vec<Self> {
        let new = |agent: &Arc<Agent>| Self {
            running: 0,
            limit: agent.concurrency,
            breaker: Breaker::new(),
        };
        table.agents().map(new).collect()
    }

    #[inline]
    fn obstacle(&self, now: Mono) -> Option<Obstacle> {
        if !self.breaker.admits(now) {
            return Some(match self.breaker.health(now) {
                Health::Open { .. } => Obstacle::Open,
                _ => Obstacle::Probing,
            });
        }
        (self.running >= self.limit).then_some(Obstacle::Busy)
    }
}

/// A decision in indexes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Choice {
    agent: u16,
    basis: Basis,
    fallback: Option<(u16, Obstacle)>,
    pub(crate) ticket: Option<Ticket>,
    pub(crate) refused: Option<NoAgent>,
    unknown_intent: bool,
}

impl Choice {
    fn refused(basis: Basis, refused: NoAgent) -> Self {
        Self {
            agent: HANDLER,
            basis,
            fallback: None,
            ticket: None,
            refused: Some(refused),
            unknown_intent: false,
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Basis {
    AgentId,
    UnknownAgent,
    MessageType,
    Intent,
    Keyword(u32),
    Default,
    NoMatch,
}

/// The agents, while one is chosen.
struct Pool<'r> {
    now: Mono,
    table: &'r Table,
    live: &'r mut [Live],
    tickets: &'r mut Tickets,
    random: &'r mut Random,
}

impl Pool<'_> {
    /// Chooses among `candidates`, which come by falling priority.
    fn choose(&mut self, basis: Basis, candidates: &[u16]) -> Choice {
        let Some(&first) = candidates.first() else {
            return Choice::refused(basis, NoAgent::NoMatch);
        };
        let mut rest = candidates;
        while let Some(&head) = rest.first() {
            let priority = self.table.by_index(head).priority;
            let equals = rest
                .iter()
                .position(|agent| self.table.by_index(*agent).priority != priority)
                .unwrap_or(rest.len());
            let (equal, lower) = rest.split_at(equals);
            if let Some(agent) = self.draw(equal) {
                // Passing over a whole priority is a fallback too.
                let from = (rest.len() < candidates.len()).then_some(first);
                return self.take(basis, agent, from);
            }
            rest = lower;
        }
        for candidate in candidates {
            for stand_in in self.table.chain(*candidate) {
                if self.obstacle(*stand_in).is_none() {
                    return self.take(basis, *stand_in, Some(first));
                }
            }
        }
        self.refuse(basis, candidates)
    }

    /// One of `equal` that is free, by weight.
    fn draw(&mut self, equal: &[u16]) -> Option<u16> {
        if let [only] = equal {
            return self.obstacle(*only).is_none().then_some(*only);
        }
        let mut total = 0;
        for agent in equal {
            if self.obstacle(*agent).is_none() {
                total += u64::from(self.table.by_index(*agent).weight);
            }
        }
        if total == 0 {
            return None;
        }
        // Multiply-shift: uniform but for a bias below 2^-45, the weights being at most 256,000.
        let drawn = (u128::from(self.random.next_u64()) * u128::from(total)) >> 64;
        let mut left = drawn as u64;
        for agent in equal {
            if self.obstacle(*agent).is_none() {
                let weight = u64::from(self.table.by_index(*agent).weight);
                if left < weight {
                    return Some(*agent);
                }
                left -= weight;
            }
        }
        None
    }

    #[inline]
    fn take(&mut self, basis: Basis, agent: u16, from: Option<u16>) -> Choice {
        let fallback = from.and_then(|from| Some((from, self.obstacle(from)?)));
        let live = &mut self.live[usize::from(agent)];
        live.running += 1;
        let epoch = live.breaker.pass();
        let ticket = Some(self.tickets.take(Held { agent, epoch }));
        Choice { agent, basis, fallback, ticket, refused: None, unknown_intent: false }
    }

    /// No candidate and nobody who stands in for one is free.
    fn refuse(&self, basis: Basis, candidates: &[u16]) -> Choice {
        let first = candidates.first().copied();
        let fallback = first.and_then(|first| Some((first, self.obstacle(first)?)));
        Choice { fallback, ..Choice::refused(basis, self.refusal(candidates)) }
    }

    fn refusal(&self, candidates: &[u16]) -> NoAgent {
        let mut retry_after = Duration::MAX;
        let all = candidates
            .iter()
            .flat_map(|agent| core::iter::once(agent).chain(self.table.chain(*agent)));
        for agent in all {
            match self.live[usize::from(*agent)].breaker.health(self.now) {
                _ if self.obstacle(*agent) == Some(Obstacle::Busy) => {
                    return NoAgent::Busy;
                }
                Health::Open { until } => {
                    retry_after = retry_after.min(until.saturating_since(self.now));
                }
                Health::Closed | Health::HalfOpen => retry_after = Duration::ZERO,
            }
        }
        NoAgent::Unavailable { retry_after }
    }

    fn obstacle(&self, agent: u16) -> Option<Obstacle> {
        self.live[usize::from(agent)].obstacle(self.now)
    }
}
