//! The room as its users see it.

mod health;
mod load;
mod words;

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::seed::Seed;
use crate::time::Mono;

fn router(table: &str) -> Router {
    Router::new(Arc::new(Table::from_json(table).unwrap()), Seed::from_number(1))
}

#[test]
fn the_default_table_is_that_of_the_report() {
    let table = Table::default();
    let named = |name: &str| table.agent(name).map(|agent| agent.module.to_string());
    assert_eq!(named("Financial Advisor").as_deref(), Some("Financial Module"));
    assert_eq!(named("Trip Planner").as_deref(), Some("Mapping Module"));
    assert_eq!(named("Health Advisor").as_deref(), Some("Health Module"));
    assert_eq!(named("Voice Assistant").as_deref(), Some("Voice Module"));
    assert_eq!(named("Chat Assistant").as_deref(), Some("Chat Module"));
    assert_eq!(&*table.error_handler().module, "Error Handler");
}

#[test]
fn an_unknown_agent_is_refused_by_the_error_handler() {
    let mut router = Router::new(Arc::new(Table::default()), Seed::from_number(1));
    let query = Query { agent: Some("Weather Wizard"), kind: "chat", ..Query::default() };
    let decision = router.route(Mono::ZERO, &query);
    assert_eq!(decision.refused, Some(NoAgent::UnknownAgent));
    assert_eq!(decision.because, Because::UnknownAgent);
    assert_eq!(&*decision.agent.name, "Error Handler");
}

#[test]
fn weights_share_out_equals_and_the_seed_fixes_the_choice() {
    let table = r#"{"version": "1", "error_handler": {"id": "errors"}, "agents": [
        {"id": "one", "types": ["t"], "concurrency": 1000000},
        {"id": "three", "types": ["t"], "weight": 3, "concurrency": 1000000},
        {"id": "none", "types": ["t"], "weight": 0},
        {"id": "low", "types": ["t"], "weight": 1000, "priority": -1}]}"#;
    let draw = |seed| {
        let table = Arc::new(Table::from_json(table).unwrap());
        let mut router = Router::new(table, Seed::from_number(seed));
        let query = Query { kind: "t", ..Query::default() };
        let mut draw = || router.route(Mono::ZERO, &query).agent.id.to_string();
        (0..4_000).map(|_| draw()).collect::<Vec<_>>()
    };
    let drawn = draw(1);
    let count = |id: &str| drawn.iter().filter(|drawn| *drawn == id).count();
    assert_eq!(count("one") + count("three"), 4_000);
    // Expected 3,000 with a standard deviation of 27.
    assert!((2_850..3_150).contains(&count("three")), "{}", count("three"));
    assert_eq!(drawn, draw(1));
    assert_ne!(drawn, draw(2));
}

#[test]
fn a_lower_priority_takes_over_and_says_for_whom() {
    let mut router = router(
        r#"{"version": "1", "error_handler": {"id": "errors"}, "agents": [
            {"id": "low", "types": ["t"]},
            {"id": "high", "types": ["t"], "priority": 1, "concurrency": 1}]}"#,
    );
    let query = Query { kind: "t", ..Query::default() };
    assert_eq!(&*router.route(Mono::ZERO, &query).agent.id, "high");
    let second = router.route(Mono::ZERO, &query);
    assert_eq!(&*second.agent.id, "low");
    let fallback = second.fallback.unwrap();
    assert_eq!((&*fallback.from.id, fallback.why), ("high", Obstacle::Busy));
}

#[test]
fn an_agent_of_weight_0_answers_by_name_and_as_a_fallback() {
    let mut router = router(
        r#"{"version": "1", "error_handler": {"id": "errors"}, "agents": [
            {"id": "main", "concurrency": 1, "fallback": ["spare"]}, {"id": "spare", "weight": 0}]}"#,
    );
    let mut to = |agent| {
        let query = Query { agent: Some(agent), ..Query::default() };
        router.route(Mono::ZERO, &query).agent.id.to_string()
    };
    assert_eq!(to("spare"), "spare");
    assert_eq!(to("main"), "main");
    assert_eq!(to("main"), "spare");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_query_gets_a_decision(
        agent in proptest::option::of("[ -~]{0,8}|finance|Trip Planner|\\PC{0,80}"),
        kind in "chat|voice|\\PC{0,12}",
        intent in proptest::option::of("budget_query|\\PC{0,12}"),
        text in "(budget|fuel prices|[a-z ]|\\PC|\n){0,40}",
        at in any::<u64>(),
    ) {
        let mut router = Router::new(Arc::new(Table::default()), Seed::from_number(1));
        let query =
            Query { agent: agent.as_deref(), kind: &kind, intent: intent.as_deref(), text: &text };
        let decision = router.route(Mono::from_nanos(at), &query);
        prop_assert_eq!(decision.ticket.is_some(), decision.refused.is_none());
        prop_assert_eq!(decision.refused.is_some(), &*decision.agent.id == "error_handler");
        if let Because::Keyword { word } = decision.because {
            prop_assert!(!word.is_empty());
        }
    }
}
