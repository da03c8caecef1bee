//! Routing tables, and who answers.

use std::collections::HashMap;
use std::sync::Arc;

use pamlink_ffi::{Decision, Failure, Query, Router};
use serde_json::{Value, json};

use super::{items, seed, text};

pub(super) fn run(file: &Value) -> usize {
    if let Some(cases) = file["refused"].as_array() {
        cases.iter().for_each(refused);
        return cases.len();
    }
    let router = Router::new(table(&file["table"]), &seed(1)).expect("a table");
    let mut tickets = HashMap::new();
    for step in items(&file["steps"]) {
        self::step(&router, &mut tickets, step);
    }
    items(&file["steps"]).len()
}

fn refused(case: &Value) {
    let table = match &case["text"] {
        Value::String(text) => text.clone(),
        lines => items(lines).iter().map(text).collect(),
    };
    let Err(Failure::Failure { name, what, .. }) = Router::new(Some(table), &seed(1)) else {
        panic!("taken: {case}");
    };
    assert_eq!(name, "bad_routes");
    for fault in items(&case["faults"]) {
        assert!(what.contains(text(fault)), "{fault} is not told in {what}");
    }
}

fn step(router: &Arc<Router>, tickets: &mut HashMap<String, u64>, step: &Value) {
    let now = step["at_ms"].as_u64().unwrap_or(0) * 1_000_000;
    let expected = &step["expect"];
    if let Some(ticket) = step["finish"].as_str() {
        let finished = router.finished(now, tickets[ticket], text(&step["outcome"]));
        assert_eq!(finished.expect("an outcome"), text(expected), "{step}");
    } else if !step["replace"].is_null() {
        let table = table(&step["replace"]).unwrap_or_default();
        let counts = router.replace(&table).expect("a table");
        let names = ["kept", "added", "removed"].map(str::to_owned);
        let replaced: HashMap<_, _> = names.into_iter().zip(counts).collect();
        assert_eq!(json!(replaced), *expected, "{step}");
    } else {
        let query = &step["query"];
        let member = |name: &str| query[name].as_str().map(str::to_owned);
        let decision = router.route(
            now,
            Query {
                agent: member("agent"),
                kind: member("type").unwrap_or_else(|| "chat".to_owned()),
                intent: member("intent"),
                text: member("text").unwrap_or_default(),
            },
        );
        assert_eq!(plain(&decision, expected), *expected, "{step}");
        assert_eq!(decision.ticket.is_none(), decision.refused.is_some(), "{step}");
        if let (Some(name), Some(ticket)) = (step["ticket"].as_str(), decision.ticket) {
            tickets.insert(name.to_owned(), ticket);
        }
    }
}

/// None is the default table.
fn table(value: &Value) -> Option<String> {
    (*value != "default").then(|| value.to_string())
}

/// A decision in the words of the file.
fn plain(decision: &Decision, expected: &Value) -> Value {
    let mut plain = json!({ "agent": decision.agent, "because": decision.because });
    let members = [
        ("word", decision.word.as_ref().map(|word| json!(word))),
        (
            "fallback",
            decision
                .fallback_from
                .as_ref()
                .map(|from| json!({ "from": from, "why": decision.fallback_why })),
        ),
        ("refused", decision.refused.as_ref().map(|refused| json!(refused))),
        ("retry_after_ms", decision.retry_after_ms.map(|millis| json!(millis))),
        ("unknown_intent", decision.unknown_intent.then_some(Value::Bool(true))),
        ("module", expected.get("module").map(|_| json!(decision.module))),
        ("version", expected.get("version").map(|_| json!(decision.version))),
    ];
    for (name, value) in members {
        if let Some(value) = value {
            plain[name] = value;
        }
    }
    plain
}
