//! `pamlink serve` behind the adapter protocol of `tests/conformance`: it judges tokens itself and
//! answers requests itself, so it is held to what it says over its links.

use std::io;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{EncodingKey, Header, encode};
use pamlink_tests::Served;
use serde_json::{Value, json};

use crate::lines;

const SECRET: &str = "a secret of the tests, and of nothing else: 0123456789";

pub(crate) fn run() -> io::Result<()> {
    lines::write(&json!({
        "ends": ["whole_server"],
        "judges": true,
        "answers": true,
        "options": ["heartbeat_interval_ms", "max_message_bytes", "max_unauthenticated", "origins",
                    "window_result_bytes"],
    }));
    let folder = std::env::temp_dir().join(format!("pamlink-conformance-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let served = serve(&folder);
    std::fs::remove_dir_all(folder)?;
    served
}

fn serve(folder: &Path) -> io::Result<()> {
    std::fs::write(folder.join("secret"), SECRET)?;
    let mut served = None;
    for line in lines::read() {
        let line = line?;
        let done = if let Some(wanted) = line.get("token") {
            json!({ "token": token(wanted)? })
        } else {
            // The one before ends first.
            drop(served.take());
            let started = start(&line["options"], folder)?;
            let done = json!({ "address": started.address().to_string() });
            served = Some(started);
            done
        };
        lines::write(&json!({ "done": done }));
    }
    Ok(())
}

/// A token that is good for so long. One that has ended has done so for longer than clocks may differ.
fn token(wanted: &Value) -> io::Result<String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let ends = match wanted["expires"].as_u64().unwrap_or_default() {
        0 => now - 3_600,
        expires => now + expires.div_ceil(1_000),
    };
    let claims = json!({"sub": wanted["user"], "aud": "authenticated", "exp": ends});
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    encode(&Header::default(), &claims, &key).map_err(io::Error::other)
}

fn start(options: &Value, folder: &Path) -> io::Result<Served> {
    let (secret, file) = (folder.join("secret"), folder.join("config.json"));
    let config = json!({
        "auth": {"origins": options["origins"]},
        "links": {"max_unauthenticated": options["max_unauthenticated"]},
        "duplicates": {"max_result_bytes": options["window_result_bytes"]},
        "heartbeat": {"interval_ms": options["heartbeat_interval_ms"]},
        "messages": {"max_bytes": options["max_message_bytes"]},
    });
    std::fs::write(&file, without_nulls(config).to_string())?;
    Served::start([Path::new("--jwt-secret-file"), &secret, Path::new("--config"), &file])
}

fn without_nulls(mut config: Value) -> Value {
    for room in config.as_object_mut().into_iter().flat_map(|rooms| rooms.values_mut()) {
        if let Some(members) = room.as_object_mut() {
            members.retain(|_, member| !member.is_null());
        }
    }
    config
}
