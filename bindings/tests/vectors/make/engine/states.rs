//! Every cell of docs/link-states.md that an input of the border reaches.
//!
//! The tables come from `state_tables`, the phase of a machine from its events: so a cell is
//! held by two that know nothing of each other.

mod client;
mod server;

use pamlink_ffi::state_tables;
use serde_json::Value;

use super::scene::{Records, Scene};
use crate::record::Record;

pub(super) fn scenes() -> Vec<Scene> {
    vec![client::scene(), server::scene()]
}

/// A table, and the cells that were held.
struct Table {
    phases: Vec<String>,
    states: Vec<u64>,
    inputs: Value,
    held: std::collections::BTreeSet<(String, String)>,
}

impl Table {
    fn of(end: &str) -> Self {
        let tables: Value = serde_json::from_str(&state_tables()).expect("JSON");
        let list = |name: &str| tables[end][name].as_array().expect("a list").clone();
        Self {
            phases: list("phases")
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_lowercase)
                .collect(),
            states: list("states").iter().filter_map(Value::as_u64).collect(),
            inputs: tables[end]["inputs"].clone(),
            held: std::collections::BTreeSet::new(),
        }
    }

    /// What the input does in the phase: the next phase, `stays`, `refused` or `ignored`.
    fn cell(&mut self, input: &str, phase: &str) -> String {
        let column = self.phases.iter().position(|it| it == phase).expect("a phase");
        let cell = self.inputs[input][column].as_str();
        self.held.insert((input.to_owned(), phase.to_owned()));
        cell.unwrap_or_else(|| panic!("no input `{input}`")).to_lowercase()
    }

    fn state(&self, phase: &str) -> u64 {
        let column = self.phases.iter().position(|it| it == phase).expect("a phase");
        self.states[column]
    }
}

/// Whether nothing at all came of an input: no event, no byte, no other deadline.
fn nothing(events: &[Record], deadline: Option<u64>) -> bool {
    events.names().is_empty() && events.last().is_some_and(|next| next.word("deadline") == deadline)
}
