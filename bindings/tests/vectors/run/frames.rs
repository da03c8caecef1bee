//! The frame codec.

use std::sync::Arc;

use pamlink_ffi::{Failure, FrameCodec};
use serde_json::Value;

use super::{code, items, number, seed, text};
use crate::record::{Record, bytes, hex};

pub(super) fn run(file: &Value) -> usize {
    for case in items(&file["cases"]) {
        let codec = FrameCodec::new(
            file["client"] == true,
            number(&file["max_message_bytes"]),
            &seed(number(&file["seed"])),
        )
        .expect("a codec");
        if let Some(parts) = case.get("parts") {
            let mut events = Vec::new();
            for part in items(parts) {
                events.extend(Record::read(&codec.read(&bytes(text(part))).expect("room")));
            }
            let expected: Vec<_> = items(&case["events"]).iter().map(Record::from_json).collect();
            assert_eq!(events, expected, "{}", case["name"]);
        } else {
            assert_eq!(items(&case["write"]).len(), items(&case["bytes"]).len());
            for (write, expected) in items(&case["write"]).iter().zip(items(&case["bytes"])) {
                let written: Value = match self::write(&codec, write) {
                    Ok(frame) => hex(&frame).into(),
                    Err(failure) => code(&failure).into(),
                };
                assert_eq!(Value::clone(expected), written, "{}: {write}", case["name"]);
            }
        }
    }
    items(&file["cases"]).len()
}

/// Writes what an item says.
pub(crate) fn write(codec: &Arc<FrameCodec>, write: &Value) -> Result<Vec<u8>, Failure> {
    let (kind, it) = write.as_object().and_then(|it| it.iter().next()).expect("a frame");
    match kind.as_str() {
        "text" => codec.text(text(it)),
        "binary" => codec.binary(&bytes(text(it))),
        "ping" => codec.ping(&bytes(text(it))),
        "pong" => codec.pong(&bytes(text(it))),
        "fragment" => {
            codec.fragment(it["text"] == true, it["fin"] == true, &bytes(text(&it["bytes"])))
        }
        "close" => {
            let code = it["code"].as_u64().map(|code| code as u32);
            codec.close_frame(code, text(&it["reason"]))
        }
        other => panic!("no frame is `{other}`"),
    }
}
