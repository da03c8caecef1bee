//! The routing vectors of `tests/vectors/routing`: tables, queries, and what must come of them.
//!
//! A vector has a `table` (or `"default"`) and `steps`. A step is a `query` whose decision is
//! held against `expect`, a `finish` of an earlier step's `ticket`, or a `replace` of the table.
//! What `expect` leaves out is absent or false, but `module` and `version` are held only where
//! they are given. Or it has a list `refused` of texts with the faults that each must have.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use pamlink::routing::{
    Because, Decision, Finished, NoAgent, Outcome, Query, Router, Table, TableError,
};
use pamlink::seed::Seed;
use pamlink::time::Mono;
use serde_json::{Value, json};

#[test]
fn every_vector_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/routing");
    let mut files: Vec<_> =
        fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 6, "{} vectors in {}", files.len(), folder.display());
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let vector: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        if let Some(cases) = vector["refused"].as_array() {
            for case in cases {
                refused(&name, case);
            }
        } else {
            steps(&name, &vector);
        }
    }
}

#[test]
fn the_example_of_the_docs_is_a_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/routing.md");
    let docs = fs::read_to_string(path).unwrap();
    let example = docs.split("```json").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(Table::from_json(example).unwrap().agents().len(), 5);
}

fn refused(name: &str, case: &Value) {
    let text = match &case["text"] {
        Value::String(text) => text.clone(),
        lines => lines.as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect(),
    };
    let error: TableError = Table::from_json(&text).expect_err(&text);
    let faults: Vec<String> = error.faults().iter().map(ToString::to_string).collect();
    assert_eq!(json!(faults), case["faults"], "{name}: {text}");
}

fn steps(name: &str, vector: &Value) {
    let mut router = Router::new(Arc::new(table(&vector["table"])), Seed::from_number(1));
    let mut tickets = HashMap::new();
    for (index, step) in vector["steps"].as_array().unwrap().iter().enumerate() {
        let place = format!("{name}, step {index}: {step}");
        let now = Mono::from_millis(step["at_ms"].as_u64().unwrap_or(0));
        let expected = &step["expect"];
        if let Some(ticket) = step["finish"].as_str() {
            let finished = router.finished(now, tickets[ticket], outcome(&step["outcome"]));
            assert_eq!(name_of(finished), expected.as_str().unwrap(), "{place}");
        } else if !step["replace"].is_null() {
            let replaced = router.replace(Arc::new(table(&step["replace"])));
            let replaced = json!({
                "kept": replaced.kept, "added": replaced.added, "removed": replaced.removed,
            });
            assert_eq!(replaced, *expected, "{place}");
        } else {
            let query = &step["query"];
            let query = Query {
                agent: query["agent"].as_str(),
                kind: query["type"].as_str().unwrap_or("chat"),
                intent: query["intent"].as_str(),
                text: query["text"].as_str().unwrap_or(""),
            };
            let decision = router.route(now, &query);
            assert_eq!(plain(&decision, expected), *expected, "{place}");
            assert_eq!(decision.ticket.is_none(), decision.refused.is_some(), "{place}");
            if let (Some(name), Some(ticket)) = (step["ticket"].as_str(), decision.ticket) {
                tickets.insert(name.to_owned(), ticket);
            }
        }
    }
}

fn table(value: &Value) -> Table {
    if *value == "default" {
        return Table::default();
    }
    Table::from_json(&value.to_string()).unwrap()
}

/// A decision in the vectors' words.
fn plain(decision: &Decision<'_>, expected: &Value) -> Value {
    let mut plain = json!({
        "agent": *decision.agent.id, "because": decision.because.as_str(),
    });
    if let Because::Keyword { word } = decision.because {
        plain["word"] = json!(word);
    }
    if let Some(fallback) = decision.fallback {
        plain["fallback"] = json!({ "from": *fallback.from.id, "why": fallback.why.as_str() });
    }
    if let Some(refused) = decision.refused {
        plain["refused"] = json!(refused.as_str());
        if let NoAgent::Unavailable { retry_after } = refused {
            plain["retry_after_ms"] = json!(retry_after.as_millis() as u64);
        }
    }
    if decision.unknown_intent {
        plain["unknown_intent"] = json!(true);
    }
    if !expected["module"].is_null() {
        plain["module"] = json!(*decision.agent.module);
    }
    if !expected["version"].is_null() {
        plain["version"] = json!(decision.version);
    }
    plain
}

fn outcome(value: &Value) -> Outcome {
    match value.as_str() {
        Some("success") => Outcome::Success,
        Some("failure") => Outcome::Failure,
        Some("abandoned") => Outcome::Abandoned,
        _ => panic!("no outcome: {value}"),
    }
}

fn name_of(finished: Finished) -> &'static str {
    match finished {
        Finished::Stale => "stale",
        Finished::Counted => "counted",
        Finished::Opened => "opened",
        Finished::Closed => "closed",
    }
}
