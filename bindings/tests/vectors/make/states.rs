//! `states.json`.

use pamlink_ffi::state_tables;
use serde_json::Value;

use super::list;
use crate::files::Made;

pub(super) fn file() -> Made {
    let tables: Value = serde_json::from_str(&state_tables()).expect("JSON");
    let ends: Vec<_> =
        ["client", "server"].map(|end| format!("\"{end}\": {}", table(&tables[end]))).into();
    let text = format!("{{\n{}\n}}\n", list("  ", &ends));
    Made { path: "states.json".to_owned(), text }
}

fn table(table: &Value) -> String {
    let inputs = table["inputs"].as_object().expect("inputs");
    let rows: Vec<_> = inputs.iter().map(|(input, row)| format!("\"{input}\": {row}")).collect();
    format!(
        "{{\n    \"phases\": {},\n    \"states\": {},\n    \"inputs\": {{\n{}\n    }}\n  }}",
        table["phases"],
        table["states"],
        list("      ", &rows)
    )
}
