//! Places and breakers, against a model that remembers everything.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::*;
use crate::seed::Seed;
use crate::time::Mono;

const CONCURRENCY: usize = 3;
const OPEN_AFTER: usize = 3;
const HALF_OPEN_AFTER: u64 = 100;
const CLOSE_AFTER: usize = 2;

fn router() -> Router {
    let table = r#"{"version": "1", "error_handler": {"id": "errors"},
        "health": {"open_after": 3, "half_open_after_ms": 100, "close_after": 2},
        "agents": [{"id": "a", "concurrency": 3}]}"#;
    Router::new(Arc::new(Table::from_json(table).unwrap()), Seed::from_number(1))
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Route,
    /// Finishes the message of this number, finished before or not.
    Finish(usize, Outcome),
    Wait(u64),
    Replace,
}

fn step() -> impl Strategy<Value = Step> {
    let outcome = prop_oneof![
        2 => Just(Outcome::Success),
        4 => Just(Outcome::Failure),
        1 => Just(Outcome::Abandoned),
    ];
    prop_oneof![
        4 => Just(Step::Route),
        5 => (0..4_usize, outcome).prop_map(|(back, outcome)| Step::Finish(back, outcome)),
        2 => prop_oneof![Just(1), Just(60), Just(HALF_OPEN_AFTER)].prop_map(Step::Wait),
        1 => Just(Step::Replace),
    ]
}

/// The breaker as its history: the outcomes since the last change, and when it opened.
#[derive(Debug, Default)]
struct Model {
    running: Vec<usize>,
    /// The generation that each message passed in.
    passed_in: Vec<usize>,
    generation: usize,
    state: ModelState,
}

#[derive(Debug, Default, PartialEq)]
enum ModelState {
    #[default]
    Closed,
    OpenSince(u64),
    HalfOpen,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn places_and_breaker_follow_the_model(steps in proptest::collection::vec(step(), 0..120)) {
        let mut router = router();
        let mut model = Model::default();
        let mut tickets = Vec::new();
        let mut outcomes: Vec<Outcome> = Vec::new();
        let mut now = 0;
        for step in steps {
            let at = Mono::from_millis(now);
            match step {
                Step::Wait(millis) => now += millis,
                Step::Replace => {
                    let table = Arc::clone(router.table());
                    let replaced = router.replace(table);
                    prop_assert_eq!((replaced.kept, replaced.added, replaced.removed), (1, 0, 0));
                }
                Step::Route => {
                    let full = model.running.len() >= CONCURRENCY;
                    let probing = model.running.iter().any(|m| model.passed_in[*m] == model.generation);
                    let passes = match model.state {
                        ModelState::Closed => true,
                        ModelState::OpenSince(since) => now >= since + HALF_OPEN_AFTER,
                        ModelState::HalfOpen => !probing,
                    };
                    let query = Query { agent: Some("a"), ..Query::default() };
                    let decision = router.route(at, &query);
                    prop_assert_eq!(decision.ticket.is_some(), passes && !full, "{:?}", model);
                    if let Some(ticket) = decision.ticket {
                        if matches!(model.state, ModelState::OpenSince(_)) {
                            model.state = ModelState::HalfOpen;
                            model.generation += 1;
                            outcomes.clear();
                        }
                        model.running.push(tickets.len());
                        model.passed_in.push(model.generation);
                        tickets.push(ticket);
                    }
                }
                Step::Finish(back, outcome) => {
                    let Some(message) = tickets.len().checked_sub(back + 1) else { continue };
                    let finished = router.finished(at, tickets[message], outcome);
                    let Some(place) = model.running.iter().position(|m| *m == message) else {
                        prop_assert_eq!(finished, Finished::Stale);
                        continue;
                    };
                    model.running.remove(place);
                    let mut expected = Finished::Counted;
                    if model.passed_in[message] == model.generation && outcome != Outcome::Abandoned {
                        outcomes.push(outcome);
                        let in_a_row = outcomes.iter().rev().take_while(|o| **o == outcome).count();
                        let fails = outcome == Outcome::Failure;
                        let (opens, closes) = match model.state {
                            ModelState::Closed => (fails && in_a_row >= OPEN_AFTER, false),
                            ModelState::HalfOpen => (fails, !fails && in_a_row >= CLOSE_AFTER),
                            ModelState::OpenSince(_) => (false, false),
                        };
                        if opens || closes {
                            expected = if opens { Finished::Opened } else { Finished::Closed };
                            model.state =
                                if opens { ModelState::OpenSince(now) } else { ModelState::Closed };
                            model.generation += 1;
                            outcomes.clear();
                        }
                    }
                    prop_assert_eq!(finished, expected, "{:?}", model);
                }
            }
            let status = router.statuses(Mono::from_millis(now)).next().unwrap();
            prop_assert!(status.running as usize <= CONCURRENCY);
            prop_assert_eq!(status.running as usize, model.running.len());
            let health = match model.state {
                ModelState::Closed => Health::Closed,
                ModelState::OpenSince(since) if now < since + HALF_OPEN_AFTER => {
                    Health::Open { until: Mono::from_millis(since + HALF_OPEN_AFTER) }
                }
                _ => Health::HalfOpen,
            };
            prop_assert_eq!(status.health, health);
        }
    }
}
