//! `frames/*.json`. Frames are put together here by the text of RFC 6455 alone, and what is read
//! from them and written for them is held to that.

mod reads;
mod writes;

use pamlink_ffi::FrameCodec;
use serde_json::{Value, json};

use super::list;
use crate::files::Made;
use crate::record::{Record, hex, quoted};
use crate::run::{code, seed, write};

pub(super) fn files() -> Vec<Made> {
    vec![
        reads::server(),
        reads::client(),
        reads::faults_of_clients(),
        reads::faults_of_servers(),
        writes::server(),
        writes::client(),
        large(),
    ]
}

/// The mask of the examples of the RFC.
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A frame with its length in the fewest bytes (section 5.2).
fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(first, mask.is_some(), payload.len() as u64);
    match mask {
        None => frame.extend(payload),
        Some(mask) => {
            frame.extend(mask);
            frame.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        }
    }
    frame
}

/// The first bytes of a frame, without the mask.
fn head(first: u8, masked: bool, length: u64) -> Vec<u8> {
    let bit = if masked { 0x80 } else { 0 };
    let mut head = vec![first];
    match length {
        0..=125 => head.push(bit | length as u8),
        126..=0xffff => {
            head.push(bit | 126);
            head.extend((length as u16).to_be_bytes());
        }
        _ => {
            head.push(bit | 127);
            head.extend(length.to_be_bytes());
        }
    }
    head
}

/// The body of a Close frame.
fn close(code: u16, reason: &str) -> Vec<u8> {
    [&code.to_be_bytes(), reason.as_bytes()].concat()
}

/// The smallest frame with a length of eight bytes, which would bury the others. That lengths
/// around it are read right is seen from heads alone, among the faults.
fn large() -> Made {
    let about = "The smallest frame whose length takes eight bytes.";
    let mut codec = Codec::new("large", about, false, 65_536);
    let long = "x".repeat(65_536);
    let bytes = frame(0x81, None, long.as_bytes());
    assert_eq!(bytes[..10], [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
    codec.writes("a text of 65536 bytes", vec![(json!({ "text": long }), Ok(bytes))]);
    codec.made()
}

/// A file in the making.
struct Codec {
    name: &'static str,
    about: &'static str,
    client: bool,
    max: u64,
    cases: Vec<String>,
    names: Vec<String>,
}

const SEED: u64 = 7;

impl Codec {
    fn new(name: &'static str, about: &'static str, client: bool, max: u64) -> Self {
        Self { name, about, client, max, cases: Vec::new(), names: Vec::new() }
    }

    fn codec(&self) -> std::sync::Arc<FrameCodec> {
        FrameCodec::new(self.client, self.max, &seed(SEED)).expect("a codec")
    }

    /// These parts give these records. Of a `failed` the text is the engine's.
    fn reads(&mut self, name: &str, parts: &[&[u8]], mut expected: Vec<Record>) {
        let codec = self.codec();
        let read = |part: &&[u8]| Record::read(&codec.read(part).expect("room"));
        let events: Vec<Record> = parts.iter().flat_map(read).collect();
        for (expected, event) in expected.iter_mut().zip(&events) {
            if expected.is("failed") && event.is("failed") {
                assert!(!event.text("message").is_empty());
                *expected = Record::new(
                    "failed",
                    json!({
                        "close_code": expected.word("close_code"), "error": expected.text("error"),
                        "message": event.text("message"),
                    }),
                );
            }
        }
        assert_eq!(events, expected, "{}: {name}", self.name);
        let parts: Vec<_> = parts.iter().map(|part| format!("\"{}\"", hex(part))).collect();
        let events: Vec<_> = events.iter().map(|event| event.line("")).collect();
        self.case(name, "parts", &parts, "events", &events);
    }

    /// The same, every byte by itself.
    fn reads_bytewise(&mut self, name: &str, bytes: &[u8], expected: Vec<Record>) {
        let parts: Vec<_> = bytes.chunks(1).collect();
        self.reads(name, &parts, expected);
    }

    /// Each item gives this frame or the number of this error. A client masks its frames with keys
    /// that only it knows: here they are wanted without a mask, and held to be masked.
    fn writes(&mut self, name: &str, items: Vec<(Value, Result<Vec<u8>, u32>)>) {
        let codec = self.codec();
        let mut keys = Vec::new();
        let mut events = Vec::new();
        for (item, expected) in &items {
            let written = write(&codec, item).map_err(|failure| code(&failure));
            let plain = written.clone().map(|frame| {
                if !self.client {
                    return frame;
                }
                let (frame, key) = unmasked(&frame);
                keys.push(key);
                frame
            });
            assert_eq!(plain, *expected, "{}: {name}: {item}", self.name);
            events.push(match written {
                Ok(frame) => format!("\"{}\"", hex(&frame)),
                Err(code) => code.to_string(),
            });
        }
        let different: std::collections::HashSet<_> = keys.iter().collect();
        assert_eq!(different.len(), keys.len(), "{name}: a key was used twice");
        let items: Vec<_> = items.iter().map(|(item, _)| item.to_string()).collect();
        self.case(name, "write", &items, "bytes", &events);
    }

    fn case(&mut self, name: &str, given: &str, items: &[String], events: &str, lines: &[String]) {
        self.names.push(name.to_owned());
        self.cases.push(format!(
            "{{\"name\": {}, \"{given}\": [{}], \"{events}\": [{}]}}",
            quoted(name),
            items.join(", "),
            lines.join(", ")
        ));
    }

    fn made(self) -> Made {
        let text = format!(
            "{{\n  \"about\": {},\n  \"client\": {}, \"max_message_bytes\": {}, \"seed\": {SEED},\n  \
             \"cases\": [\n{}\n  ]\n}}\n",
            quoted(self.about),
            self.client,
            self.max,
            list("    ", &self.cases)
        );
        Made { path: format!("frames/{}.json", self.name), text }
    }
}

/// A masked frame without its mask, and the key.
fn unmasked(frame: &[u8]) -> (Vec<u8>, [u8; 4]) {
    assert!(frame[1] & 0x80 != 0, "a client masks every frame");
    let at = match frame[1] & 0x7f {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    let key: [u8; 4] = frame[at..at + 4].try_into().expect("a key");
    let mut plain = frame[..at].to_vec();
    plain[1] &= 0x7f;
    plain.extend(frame[at + 4..].iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    (plain, key)
}
