//! `pamlink serve` behind the adapter protocol of `tests/conformance`: it judges tokens itself and
//! answers requests itself, so it is held to what it says over its links.

use std::io;

use pamlink_tests::{Served, token};
use serde_json::{Value, json};

use crate::lines;

pub(crate) fn run() -> io::Result<()> {
    lines::write(&json!({
        "ends": ["whole_server"],
        "judges": true,
        "answers": true,
        "options": ["heartbeat_interval_ms", "max_message_bytes"],
    }));
    let mut served = None;
    for line in lines::read() {
        let line = line?;
        if let Some(wanted) = line.get("token") {
            let user = wanted["user"].as_str().unwrap_or_default();
            lines::write(&if wanted["expires"] == 0 {
                json!({"cannot": "it makes no token that has ended"})
            } else {
                let token = token(user, &format!("{}ms", wanted["expires"]))?;
                json!({"done": {"token": token}})
            });
        } else {
            // The one before ends first.
            drop(served.take());
            let started = start(&line["options"])?;
            lines::write(&json!({"done": {"address": started.address().to_string()}}));
            served = Some(started);
        }
    }
    Ok(())
}

fn start(options: &Value) -> io::Result<Served> {
    let config = json!({
        "heartbeat": {"interval_ms": options["heartbeat_interval_ms"]},
        "messages": {"max_bytes": options["max_message_bytes"]},
    });
    let mut arguments = vec!["--dev".to_owned()];
    let file = std::env::temp_dir();
    let file = file.join(format!("pamlink-serve-{}.json", std::process::id()));
    if options.as_object().is_some_and(|options| !options.is_empty()) {
        std::fs::write(&file, without_nulls(config).to_string())?;
        arguments.extend(["--config".to_owned(), file.display().to_string()]);
    }
    let started = Served::start(arguments);
    // It has read it.
    let _was_none = std::fs::remove_file(file);
    started
}

fn without_nulls(mut config: Value) -> Value {
    for room in config.as_object_mut().into_iter().flat_map(|rooms| rooms.values_mut()) {
        if let Some(members) = room.as_object_mut() {
            members.retain(|_, member| !member.is_null());
        }
    }
    config
}
