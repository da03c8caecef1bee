//! What an adapter does with lines of JSON.

use std::io::{self, BufRead, Write};

use serde_json::{Value, json};

/// The lines of the runner, until it ends.
pub(crate) fn read() -> impl Iterator<Item = io::Result<Value>> {
    io::stdin().lock().lines().map(|line| Ok(serde_json::from_str(&line?)?))
}

/// Writes a line.
pub(crate) fn write(line: &Value) {
    // Without a runner it ends soon.
    let _unheard = writeln!(io::stdout().lock(), "{line}");
}

/// Says that the host has learnt this.
pub(crate) fn event(name: &str, members: &Value) {
    write(&json!({"event": {name: members}}));
}

/// The command of a line, and its members.
pub(crate) fn command(line: &Value) -> (&str, &Value) {
    let command = line["do"].as_object().and_then(|command| command.iter().next());
    command.map_or(("", &Value::Null), |(word, its)| (word, its))
}
