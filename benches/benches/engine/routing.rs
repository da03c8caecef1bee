//! One routing decision.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use aho_corasick::{AhoCorasick, MatchKind};
use anyhow::Context;
use pamlink::routing::{Because, Outcome, Query, Router, Table};
use pamlink::seed::Seed;
use pamlink::time::Mono;
use pamlink_benches::cpu::Stopwatch;
use pamlink_benches::race::{Turn, race};
use pamlink_benches::rows::{Row, Rows};
use pamlink_benches::samples::Random;

use super::Effort;

const AGENTS: usize = 50;
const KEYWORDS: usize = 1_000;
/// Decisions between two untimed parts, in which their places are given back.
const BATCH: usize = 1_024;
const BATCHES: usize = 16;

pub(crate) fn run(effort: Effort, rows: &mut Rows) -> anyhow::Result<()> {
    let sample = Sample::new();
    let table = Arc::new(Table::from_json(&sample.table()).context("the table of the bench")?);
    by_id(effort, rows, &sample, &table);
    by_keyword(effort, rows, &sample, &table)
}

fn by_id(effort: Effort, rows: &mut Rows, sample: &Sample, table: &Arc<Table>) {
    let mut router = Router::new(Arc::clone(table), Seed::from_number(1));
    let mut random = Random(3);
    let asked: Vec<String> =
        (0..BATCH).map(|_| sample.agents[random.below(AGENTS)].clone()).collect();
    let mut ours = || {
        decide(&mut router, |at| Query {
            agent: Some(&asked[at]),
            kind: "chat",
            ..Query::default()
        })
    };

    let hasher = ahash::RandomState::with_seeds(1, 2, 3, 4);
    let mut map: HashMap<String, u32, ahash::RandomState> = HashMap::with_hasher(hasher);
    map.extend(sample.agents.iter().cloned().zip(0..));
    let mut bare = || {
        let start = Stopwatch::start();
        for _ in 0..BATCHES {
            for name in &asked {
                black_box(map.get(black_box(name.as_str())));
            }
        }
        Turn { time: start.elapsed(), operations: (BATCH * BATCHES) as u64 }
    };
    let [ours, bare] = race(effort.rounds, [&mut ours, &mut bare]);
    let row = Row::new("routing decision by id", ours, "ns");
    rows.push(row.beside("ahash map lookup", bare).at_most_times(3.0));
}

fn by_keyword(
    effort: Effort,
    rows: &mut Rows,
    sample: &Sample,
    table: &Arc<Table>,
) -> anyhow::Result<()> {
    let mut router = Router::new(Arc::clone(table), Seed::from_number(1));
    let text = &sample.text;
    let query = Query { kind: "chat", text, ..Query::default() };
    let found = router.route(Mono::ZERO, &query);
    anyhow::ensure!(matches!(found.because, Because::Keyword { .. }), "{:?}", found.because);
    let ticket = found.ticket.context("a free agent")?;
    router.finished(Mono::ZERO, ticket, Outcome::Success);
    let mut ours = || decide(&mut router, |_| black_box(query));

    let automaton = AhoCorasick::builder()
        .match_kind(MatchKind::LeftmostLongest)
        .build(&sample.keywords)
        .context("the automaton of the bench")?;
    let mut bare = || {
        let start = Stopwatch::start();
        for _ in 0..BATCH * BATCHES {
            black_box(automaton.find_iter(black_box(text.as_str())).count());
        }
        Turn { time: start.elapsed(), operations: (BATCH * BATCHES) as u64 }
    };
    let [ours, bare] = race(effort.rounds, [&mut ours, &mut bare]);
    let name = "routing decision by 1,000 keywords on 200 characters";
    let row = Row::new(name, ours, "ns").beside("aho-corasick scan", bare);
    rows.push(row.at_most_times(1.5));
    Ok(())
}

/// Batches of decisions, timed; their places are given back between them.
fn decide<'a>(router: &mut Router, query: impl Fn(usize) -> Query<'a>) -> Turn {
    let now = Mono::from_millis(1);
    let mut tickets = Vec::with_capacity(BATCH);
    let mut turn = Turn::default();
    for _ in 0..BATCHES {
        let start = Stopwatch::start();
        for at in 0..BATCH {
            let decision = router.route(now, &query(at));
            black_box(&decision);
            if let Some(ticket) = decision.ticket {
                tickets.push(ticket);
            }
        }
        turn.time += start.elapsed();
        turn.operations += BATCH as u64;
        assert_eq!(tickets.len(), BATCH, "an agent is out of places");
        for ticket in tickets.drain(..) {
            router.finished(now, ticket, Outcome::Success);
        }
    }
    turn
}

/// Agents, their keywords, and a text with one of them in it.
struct Sample {
    agents: Vec<String>,
    keywords: Vec<String>,
    text: String,
}

impl Sample {
    fn new() -> Self {
        let mut random = Random(11);
        let agents = (0..AGENTS).map(|at| format!("agent-{at}")).collect();
        let mut words = Vec::new();
        while words.len() < KEYWORDS + 100 {
            let word = word(&mut random);
            if !words.contains(&word) {
                words.push(word);
            }
        }
        let others = words.split_off(KEYWORDS);
        let mut text = String::new();
        for (at, other) in others.iter().enumerate() {
            text.push_str(if at == 12 { &words[500] } else { other });
            text.push(' ');
        }
        text.truncate(200);
        Self { agents, keywords: words, text }
    }

    fn table(&self) -> String {
        let agents: Vec<_> = self
            .agents
            .iter()
            .zip(self.keywords.chunks(KEYWORDS / AGENTS))
            .map(|(id, keywords)| serde_json::json!({"id": id, "keywords": keywords}))
            .collect();
        serde_json::json!({
            "version": "1",
            "error_handler": {"id": "errors"},
            "default": self.agents[0],
            "agents": agents,
        })
        .to_string()
    }
}

/// A word of two to four syllables: words share beginnings, as those of a language do.
fn word(random: &mut Random) -> String {
    const SYLLABLES: [&str; 32] = [
        "ba", "con", "der", "en", "fi", "ger", "ho", "in", "ker", "lan", "mo", "na", "or", "per",
        "qui", "re", "sta", "ter", "un", "ver", "wi", "ex", "ya", "zo", "tra", "pla", "ing",
        "ment", "tion", "al", "est", "ous",
    ];
    let syllables = 2 + random.below(3);
    (0..syllables).map(|_| SYLLABLES[random.below(SYLLABLES.len())]).collect()
}
