//! The tables of errors and of states.

use pamlink_ffi::{error_codes, state_tables};
use serde_json::{Value, json};

use super::items;

pub(super) fn errors(file: &Value) -> usize {
    let codes = error_codes();
    for (item, code) in items(&file["codes"]).iter().zip(&codes) {
        let ours = json!({
            "code": code.code, "name": code.name, "class": code.class, "retryable": code.retryable,
        });
        assert_eq!(*item, ours);
    }
    assert_eq!(items(&file["codes"]).len(), codes.len());
    codes.len()
}

pub(super) fn states(file: &Value) -> usize {
    let tables: Value = serde_json::from_str(&state_tables()).expect("JSON");
    let mut cases = 0;
    for end in ["client", "server"] {
        for (input, row) in file[end]["inputs"].as_object().expect("inputs") {
            assert_eq!(tables[end]["inputs"][input], *row, "{end}: {input}");
            cases += 1;
        }
    }
    assert_eq!(tables, *file);
    cases
}
