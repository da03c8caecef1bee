//! What is written, and what may not be.

use pamlink_ffi::Code;
use serde_json::{Value, json};

use super::{Codec, close, frame};
use crate::files::Made;
use crate::record::hex;

type Item = (Value, Result<Vec<u8>, u32>);

pub(super) fn server() -> Made {
    let about = "What a server writes, and the numbers of what it may not.";
    let mut codec = Codec::new("server-writes", about, false, 1_024);
    everything(&mut codec);
    codec.writes("a close 1010, which only clients send", vec![refused_close(1010)]);
    codec.made()
}

pub(super) fn client() -> Made {
    let about = "What a client writes, masked with keys of its seed.";
    let mut codec = Codec::new("client-writes", about, true, 1_024);
    everything(&mut codec);
    codec.writes("a close 1010, which only clients send", vec![close_item(1010, "")]);
    codec.made()
}

fn everything(codec: &mut Codec) {
    codec.writes("texts", vec![text("Hello"), text(""), text("é漢👩‍🚀\u{0}")]);
    codec.writes("binaries", vec![binary(&[]), binary(&[0, 255, 128])]);
    for length in [125, 126] {
        let (long, bytes) = ("z".repeat(length), vec![7; length]);
        let name = format!("messages of {length} bytes");
        codec.writes(&name, vec![text(&long), binary(&bytes)]);
    }
    codec.writes("longer than it reads itself", vec![text(&"z".repeat(1_025))]);
    codec.writes(
        "pings and pongs",
        vec![
            control("ping", 0x89, b""),
            control("pong", 0x8a, b"x"),
            control("ping", 0x89, &[9; 125]),
            control("pong", 0x8a, &[9; 125]),
        ],
    );
    let too_long = |kind: &str| (json!({ kind: hex(&[9; 126]) }), Err(Code::ControlTooLong as u32));
    codec.writes(
        "control frames of 126 bytes",
        vec![too_long("ping"), too_long("pong"), text("nothing was written before")],
    );
    fragments(codec);
    closes(codec);
}

fn fragments(codec: &mut Codec) {
    codec.writes(
        "fragments with control frames between",
        vec![
            fragment(true, false, 0x01, &[b'a', 0xe6, 0xbc]),
            control("ping", 0x89, b"between"),
            fragment(true, false, 0x00, &[]),
            control("pong", 0x8a, b""),
            fragment(true, true, 0x80, &[0xa2]),
            text("after"),
        ],
    );
    codec.writes(
        "a message in one fragment",
        vec![fragment(false, true, 0x82, &[1, 2]), fragment(true, true, 0x81, b"x")],
    );
    let open = |item: Item| (item.0, Err(Code::MessageOpen as u32));
    codec.writes(
        "a message inside another",
        vec![
            fragment(false, false, 0x02, &[1]),
            open(text("no")),
            open(binary(&[1])),
            open(fragment(true, true, 0x81, b"no")),
            fragment(false, true, 0x80, &[2]),
            text("yes"),
        ],
    );
}

fn closes(codec: &mut Codec) {
    codec.writes(
        "a close without a code",
        vec![(json!({ "close": { "code": null, "reason": "" } }), Ok(frame(0x88, None, &[])))],
    );
    for code in [1000, 1009, 1014, 3000, 4999] {
        codec.writes(&format!("a close {code}"), vec![close_item(code, "why")]);
    }
    for code in [0, 999, 1004, 1006, 1015, 2999, 5000, 70_000] {
        codec.writes(
            &format!("a close {code}"),
            vec![refused_close(code), text("the connection goes on"), close_item(1000, "")],
        );
    }
    // 62 characters of two bytes do not fit 123 bytes; 61 do.
    codec.writes(
        "a reason is cut at a character",
        vec![(
            json!({ "close": { "code": 4000, "reason": "é".repeat(62) } }),
            Ok(frame(0x88, None, &close(4000, &"é".repeat(61)))),
        )],
    );
    let closed = |item: Item| (item.0, Err(Code::FramesClosed as u32));
    codec.writes(
        "nothing after a close",
        vec![
            close_item(1001, "going"),
            closed(text("no")),
            closed(binary(&[])),
            closed(control("ping", 0x89, b"")),
            closed(control("pong", 0x8a, b"")),
            closed(fragment(true, true, 0x81, b"no")),
            closed(close_item(1000, "")),
        ],
    );
    codec.writes(
        "a close within a message",
        vec![
            fragment(true, false, 0x01, b"half"),
            close_item(1001, ""),
            closed(fragment(true, true, 0x80, b"no")),
        ],
    );
}

fn text(text: &str) -> Item {
    (json!({ "text": text }), Ok(frame(0x81, None, text.as_bytes())))
}

fn binary(bytes: &[u8]) -> Item {
    (json!({ "binary": hex(bytes) }), Ok(frame(0x82, None, bytes)))
}

fn control(kind: &str, first: u8, bytes: &[u8]) -> Item {
    (json!({ kind: hex(bytes) }), Ok(frame(first, None, bytes)))
}

fn fragment(text: bool, fin: bool, first: u8, bytes: &[u8]) -> Item {
    let item = json!({ "fragment": { "text": text, "fin": fin, "bytes": hex(bytes) } });
    (item, Ok(frame(first, None, bytes)))
}

fn close_item(code: u16, reason: &str) -> Item {
    let item = json!({ "close": { "code": code, "reason": reason } });
    (item, Ok(frame(0x88, None, &close(code, reason))))
}

fn refused_close(code: u32) -> Item {
    let item = json!({ "close": { "code": code, "reason": "" } });
    (item, Err(Code::CloseCode as u32))
}
