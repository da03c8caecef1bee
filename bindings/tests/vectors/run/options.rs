//! The table of options: a machine takes what is within the bounds of an option, and refuses what
//! is beyond by its name, its value and its bounds.

use pamlink_ffi::Failure;
use serde_json::{Value, json};

use super::{Engine, items, number, text};

pub(super) fn options(file: &Value) -> usize {
    let cases = items(&file["cases"]);
    for case in cases {
        if case["lowest"].is_null() {
            continue;
        }
        for bound in ["lowest", "highest", "default"] {
            made_with(case, number(&case[bound])).unwrap_or_else(|fault| panic!("{case}: {fault}"));
        }
        for refused in items(&case["refused"]) {
            let made = made_with(case, number(&refused["value"]));
            let Err(Failure::Failure { name, what, .. }) = made else { panic!("taken: {refused}") };
            assert_eq!((&*name, &*what), ("bad_option", text(&refused["says"])));
        }
    }
    cases.len()
}

/// A machine with this option.
fn made_with(case: &Value, value: u64) -> Result<Engine, Failure> {
    let name = text(&case["name"]);
    let (kind, options) = match text(&case["of"]) {
        "client" => ("client", json!({"url": "ws://h/", name: value})),
        "hub" => ("hub", json!({name: value})),
        "auth" => ("hub", json!({"auth": {"hs256_secret": "07".repeat(32), name: value}})),
        other => panic!("nobody has options of {other}"),
    };
    Engine::make(&json!({"kind": kind, "seed": 1, "options": options}), 0, 0)
}
