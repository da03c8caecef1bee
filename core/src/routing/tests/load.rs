//! Tables, right and wrong. What each fault says is in the vectors (`refused.json`).

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::load::{
    MAX_AGENTS, MAX_ALIASES, MAX_KEYWORDS, MAX_LENGTH, MAX_LISTED, MAX_TABLE,
};
use super::super::names::MAX_NAME;
use super::super::*;

const DEFAULT: &str = include_str!("../default.json");

fn faults(table: &Value) -> Vec<String> {
    match Table::from_json(&table.to_string()) {
        Ok(_) => Vec::new(),
        Err(error) => error.faults().iter().map(|fault| fault.problem.to_string()).collect(),
    }
}

fn with_agents(agents: &Value) -> Value {
    json!({ "version": "1", "error_handler": { "id": "errors" }, "agents": agents })
}

#[test]
fn the_default_table_is_valid() {
    assert_eq!(
        Table::from_json(DEFAULT).map(|table| table.version().to_owned()).unwrap(),
        "report-1"
    );
}

#[test]
fn a_table_has_the_text_that_it_was_made_from() {
    let text = with_agents(&json!([{ "id": "one" }])).to_string();
    assert_eq!(Table::from_json(&text).unwrap().as_json(), text);
    assert_eq!(Table::default().as_json(), DEFAULT);
}

#[test]
fn every_count_and_length_is_bounded() {
    let list = |count: usize| (0..count).map(|n| format!("n{n}")).collect::<Vec<_>>();
    let agent = |member: &str, value: Value| {
        let mut agent = json!({ "id": "a" });
        agent[member] = value;
        with_agents(&json!([agent]))
    };
    for (member, most) in [
        ("aliases", MAX_ALIASES),
        ("types", MAX_LISTED),
        ("intents", MAX_LISTED),
        ("keywords", MAX_KEYWORDS),
    ] {
        assert_eq!(faults(&agent(member, json!(list(most)))), [""; 0], "{member}");
        let found = faults(&agent(member, json!(list(most + 1))));
        let expected = format!("the number of elements must be 0 to {most}, is {}", most + 1);
        assert_eq!(found, [expected], "{member}");
    }
    let agents = |count| {
        let agents: Vec<_> = list(count).into_iter().map(|id| json!({ "id": id })).collect();
        with_agents(&json!(agents))
    };
    assert_eq!(faults(&agents(MAX_AGENTS)), [""; 0]);
    assert_eq!(faults(&agents(MAX_AGENTS + 1)).len(), 1);
    assert_eq!(faults(&agent("keywords", json!(["é".repeat(MAX_LENGTH)]))), [""; 0]);
    assert_eq!(faults(&agent("keywords", json!(["é".repeat(MAX_LENGTH + 1)]))).len(), 1);
    assert_eq!(faults(&agent("types", json!(["é".repeat(MAX_NAME / 2)]))), [""; 0]);
    assert_eq!(faults(&agent("types", json!(["é".repeat(MAX_NAME / 2 + 1)]))).len(), 1);
    assert_eq!(faults(&with_agents(&json!([{ "id": "a" }, " ".repeat(MAX_TABLE)]))).len(), 1);
}

#[test]
fn all_keywords_together_are_bounded() {
    let keywords = |agent: usize| -> Vec<String> {
        (0..MAX_KEYWORDS).map(|n| format!("{agent} {n} {}", "x".repeat(50))).collect()
    };
    let agents = |count: usize| {
        let agents = (0..count).map(|n| json!({ "id": format!("a{n}"), "keywords": keywords(n) }));
        with_agents(&agents.collect())
    };
    assert_eq!(faults(&agents(2)), [""; 0]);
    let found = faults(&agents(5));
    assert!(
        found[0].starts_with("the size of all keywords in bytes must be 0 to 262144"),
        "{found:?}"
    );
}

#[test]
fn faults_beyond_the_bound_are_counted() {
    let agents: Vec<_> = (0..100).map(|n| json!({ "id": format!("a{n}"), "no": 1 })).collect();
    let error = Table::from_json(&with_agents(&json!(agents)).to_string()).unwrap_err();
    assert_eq!((error.faults().len(), error.more()), (64, 36));
    assert!(error.to_string().ends_with("\nand 36 more"));
}

#[test]
fn depth_does_no_harm() {
    let deep = "[".repeat(500_000);
    assert!(Table::from_json(&deep).is_err());
    let closed = format!("{{\"agents\": {}1{}}}", "[".repeat(300_000), "]".repeat(300_000));
    assert!(Table::from_json(&closed).is_err());
}

#[test]
fn a_chain_as_long_as_the_table_is_followed() {
    let agent = |n: usize| {
        let next: Vec<_> =
            (n + 1 < MAX_AGENTS).then(|| format!("a{}", n + 1)).into_iter().collect();
        json!({ "id": format!("a{n}"), "fallback": next })
    };
    let agents: Vec<_> = (0..MAX_AGENTS).map(agent).collect();
    assert_eq!(faults(&with_agents(&json!(agents))), [""; 0]);
}

/// Whether a fault stands inside the text.
fn stands_in(fault: &TableFault, text: &str) -> bool {
    let line = text.split('\n').nth(fault.line - 1);
    line.is_some_and(|line| (1..=line.chars().count() + 1).contains(&fault.column))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_text_is_a_table_or_faults_within_it(text in "[\\[\\]{}\":, \\n0-9a-zé\\\\]{0,60}|\\PC{0,60}") {
        if let Err(error) = Table::from_json(&text) {
            prop_assert!(!error.faults().is_empty());
            for fault in error.faults() {
                prop_assert!(stands_in(fault, &text), "{fault:?}");
            }
        }
    }

    #[test]
    fn a_damaged_table_is_a_table_or_faults_within_it(
        at in 0..DEFAULT.len(),
        cut in 0..40_usize,
        put in "[\\[\\]{}\":,\\n0-9a-z ]{0,4}",
    ) {
        let (at, end) = (DEFAULT.floor_char_boundary(at), DEFAULT.floor_char_boundary(at + cut));
        let text = format!("{}{put}{}", &DEFAULT[..at], &DEFAULT[end..]);
        if let Err(error) = Table::from_json(&text) {
            prop_assert!(!error.faults().is_empty());
            for fault in error.faults() {
                prop_assert!(stands_in(fault, &text), "{fault:?}");
            }
        }
    }
}

/// Tables that cost most for their size: whatever they hold, they are read in one go.
#[test]
fn hostile_tables_are_refused_with_bounded_lists_of_faults() {
    let ten_mebibytes = format!(r#"{{"version": "{}"}}"#, "x".repeat(10 * 1024 * 1024));
    assert_eq!(Table::from_json(&ten_mebibytes).unwrap_err().faults().len(), 1);

    let keywords: Vec<String> = (0..100_000).map(|n| format!("w{n}")).collect();
    let found = faults(&with_agents(&json!([{ "id": "a", "keywords": keywords }])));
    assert_eq!(found, ["the number of elements must be 0 to 2000, is 100000"]);

    let unknown: Vec<String> = (0..20_000).map(|n| format!(r#""{n}":1"#)).collect();
    let text = format!("{{{}}}", unknown.join(","));
    assert!(text.len() < MAX_TABLE);
    let error = Table::from_json(&text).unwrap_err();
    assert_eq!(error.faults().len(), 64);
    assert!(error.more() > 19_900);
}
