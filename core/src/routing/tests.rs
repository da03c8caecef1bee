//! The room as its users see it.

use std::sync::Arc;

use super::*;
use crate::seed::Seed;
use crate::time::Mono;

fn router(table: &str) -> Router {
    Router::new(Arc::new(Table::from_json(table).unwrap()), Seed::from_number(1))
}

fn text(text: &str) -> Query<'_> {
    Query { kind: "chat", text, ..Query::default() }
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
    assert_eq!(decision.refused, Some(Refused::UnknownAgent));
    assert_eq!(decision.because, Because::UnknownAgent);
    assert_eq!(&*decision.agent.name, "Error Handler");
}

#[test]
fn a_wrong_table_is_told_where_and_what() {
    let table = r#"{
  "version": "1", "error_handler": {"id": "errors"},
  "agents": [
    {"id": "finance"}, {"id": "chat", "fallback": ["finanace"], "wieght": 2}
  ]
}"#;
    let error = Table::from_json(table).unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 4, column 52: agents[1].fallback[0]: unknown agent `finanace`, did you mean \
         `finance`?\nline 4, column 65: agents[1]: unknown member `wieght`, did you mean `weight`?"
    );
}

#[test]
fn the_longest_whole_word_wins() {
    let mut router = router(
        r#"{"version": "1", "error_handler": {"id": "errors"}, "agents": [
            {"id": "a", "keywords": ["fuel"]}, {"id": "b", "keywords": ["fuel prices"]}]}"#,
    );
    let mut to = |query: &str| router.route(Mono::ZERO, &text(query)).agent.id.to_string();
    assert_eq!(to("Fuel now"), "a");
    assert_eq!(to("FUEL\n prices now"), "b");
    assert_eq!(to("fuel prices' rise"), "b");
    assert_eq!(to("fuel priceses"), "a");
    assert_eq!(to("refuel"), "errors");
}
