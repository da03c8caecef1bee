//! What is read, and what is not.

use serde_json::json;

use super::{Codec, MASK, close, frame, head};
use crate::files::Made;
use crate::record::{Record, hex};

fn text(text: &str) -> Record {
    Record::new("text_read", json!({ "text": text }))
}

fn of_bytes(record: &str, bytes: &[u8]) -> Record {
    Record::new(record, json!({ "bytes": hex(bytes) }))
}

fn close_read(code: Option<u16>, reason: &str) -> Record {
    Record::new("close_read", json!({ "code": code, "reason": reason }))
}

fn failed(code: u16, error: &str) -> Record {
    Record::new("failed", json!({ "close_code": code, "error": error }))
}

/// A frame as a client sends it.
fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, Some(MASK), payload)
}

/// A frame as a server sends it.
fn plain(first: u8, payload: &[u8]) -> Vec<u8> {
    frame(first, None, payload)
}

pub(super) fn server() -> Made {
    let about = "What a server reads from frames of a client, in any chunking.";
    let mut codec = Codec::new("server-reads", about, false, 1_024);
    let hello = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
    assert_eq!(hello[..], masked(0x81, b"Hello"));
    codec.reads("the example of RFC 6455 section 5.7", &[&hello], vec![text("Hello")]);
    codec.reads("nothing at all", &[&[], &[]], vec![]);
    codec.reads("a frame without its end", &[&hello[..10]], vec![]);
    codec.reads_bytewise("byte by byte", &hello, vec![text("Hello")]);
    everything(&mut codec, masked);
    let two = [&hello[..], &masked(0x82, &[0xff, 0, 0x80])].concat();
    let both = || vec![text("Hello"), of_bytes("binary", &[0xff, 0, 0x80])];
    codec.reads("two messages in one chunk", &[&two], both());
    codec.reads("cut within the mask", &[&two[..4], &two[4..]], both());
    codec.reads("cut within the second head", &[&two[..12], &two[12..]], both());
    let again = || masked(0x81, b"again");
    codec.reads(
        "nothing is read after a close",
        &[&masked(0x88, &[]), &again()],
        vec![close_read(None, "")],
    );
    let after = [masked(0x88, &close(1000, "bye")), again()].concat();
    codec.reads("nor in the same chunk", &[&after], vec![close_read(Some(1000), "bye")]);
    codec.made()
}

pub(super) fn client() -> Made {
    let about = "What a client reads from frames of a server, in any chunking.";
    let mut codec = Codec::new("client-reads", about, true, 1_024);
    for (name, bytes, expected) in [
        ("a text", "810548656c6c6f", vec![text("Hello")]),
        ("two fragments", "010348656c80026c6f", vec![text("Hello")]),
        ("a ping", "890548656c6c6f", vec![of_bytes("ping", b"Hello")]),
    ] {
        let bytes = crate::record::bytes(bytes);
        codec.reads(&format!("RFC 6455 section 5.7: {name}"), &[&bytes], expected);
    }
    everything(&mut codec, plain);
    codec.made()
}

/// What either end reads.
fn everything(codec: &mut Codec, make: fn(u8, &[u8]) -> Vec<u8>) {
    codec.reads(
        "empty messages",
        &[&make(0x81, b""), &make(0x82, b"")],
        vec![text(""), of_bytes("binary", b"")],
    );
    for length in [125, 126, 127, 1_024] {
        let long = "y".repeat(length);
        let name = format!("a text of {length} bytes");
        codec.reads(&name, &[&make(0x81, long.as_bytes())], vec![text(&long)]);
    }
    let wide = "é漢\u{10ffff}\u{0}👩‍🚀";
    codec.reads("characters of every length", &[&make(0x81, wide.as_bytes())], vec![text(wide)]);
    codec.reads_bytewise("the same byte by byte", &make(0x81, wide.as_bytes()), vec![text(wide)]);
    // The first two bytes of a character of three, and the last.
    let cut = [make(0x01, &[b'a', 0xe6, 0xbc]), make(0x80, &[0xa2, b'b'])].concat();
    codec.reads("a character cut between fragments", &[&cut], vec![text("a漢b")]);
    let fragments = [
        make(0x02, &[1]),
        make(0x89, b"are you there?"),
        make(0x00, &[]),
        make(0x8a, b""),
        make(0x00, &[2, 3]),
        make(0x89, b""),
        make(0x80, &[4]),
        make(0x81, b"next"),
    ]
    .concat();
    let events = || {
        vec![
            of_bytes("ping", b"are you there?"),
            of_bytes("pong", b""),
            of_bytes("ping", b""),
            of_bytes("binary", &[1, 2, 3, 4]),
            text("next"),
        ]
    };
    codec.reads("control frames between fragments", &[&fragments], events());
    codec.reads_bytewise("the same byte by byte", &fragments, events());
    let sevens: Vec<_> = fragments.chunks(7).collect();
    codec.reads("the same by sevens", &sevens, events());
    let whole = [make(0x01, b""), make(0x80, b"")].concat();
    codec.reads("an empty message in two frames", &[&whole], vec![text("")]);
    let full: Vec<u8> = (0..125).collect();
    codec.reads(
        "control frames of 125 bytes",
        &[&make(0x89, &full), &make(0x8a, &full)],
        vec![of_bytes("ping", &full), of_bytes("pong", &full)],
    );
    codec.reads("a close without a body", &[&make(0x88, &[])], vec![close_read(None, "")]);
    for code in [1000, 1001, 1003, 1007, 1008, 1010, 1011, 1012, 1014, 3000, 4001, 4999] {
        let bytes = make(0x88, &close(code, ""));
        codec.reads(&format!("a close {code}"), &[&bytes], vec![close_read(Some(code), "")]);
    }
    let reason = "é".repeat(61) + "!";
    codec.reads(
        "the longest reason",
        &[&make(0x88, &close(4000, &reason))],
        vec![close_read(Some(4000), &reason)],
    );
    let within = [make(0x01, b"half"), make(0x88, &close(1001, ""))].concat();
    codec.reads("a close within a message", &[&within], vec![close_read(Some(1001), "")]);
}

pub(super) fn faults_of_clients() -> Made {
    let about =
        "What breaks RFC 6455 or a bound when a client sends it, and the code to close with.";
    let mut codec = Codec::new("client-faults", about, false, 1_024);
    let unmasked = plain(0x81, b"Hello");
    codec.reads("a frame without a mask", &[&unmasked], vec![failed(1002, "Unmasked")]);
    let late = [masked(0x81, b"good"), plain(0x89, b"")].concat();
    codec.reads(
        "a second frame without one",
        &[&late],
        vec![text("good"), failed(1002, "Unmasked")],
    );
    faults(&mut codec, masked, true);
    codec.made()
}

pub(super) fn faults_of_servers() -> Made {
    let about =
        "What breaks RFC 6455 or a bound when a server sends it, and the code to close with.";
    let mut codec = Codec::new("server-faults", about, true, 1_024);
    codec.reads("a masked frame", &[&masked(0x81, b"Hello")], vec![failed(1002, "Masked")]);
    faults(&mut codec, plain, false);
    let mut flood = plain(0x01, b"");
    for _ in 0..4_096 {
        flood.extend(plain(0x00, b""));
    }
    let most = flood.len() - 2;
    codec.reads(
        "more than 4096 frames of one message",
        &[&flood[..most], &flood[most..]],
        vec![failed(1009, "TooManyFragments")],
    );
    codec.made()
}

/// What neither end may send.
fn faults(codec: &mut Codec, make: fn(u8, &[u8]) -> Vec<u8>, is_masked: bool) {
    for (name, bits) in [("RSV1", 0x40), ("RSV2", 0x20), ("RSV3", 0x10), ("all of them", 0x70)] {
        let bytes = make(0x81 | bits, b"x");
        codec.reads(
            &format!("reserved bits: {name}"),
            &[&bytes],
            vec![failed(1002, "ReservedBits")],
        );
    }
    for opcode in [3, 7, 11, 15] {
        codec.reads(
            &format!("opcode {opcode}"),
            &[&make(0x80 | opcode, b"")],
            vec![failed(1002, "OpcodeReserved")],
        );
    }
    for opcode in [8, 9, 10] {
        codec.reads(
            &format!("opcode {opcode} without FIN"),
            &[&make(opcode, b"")],
            vec![failed(1002, "ControlFragmented")],
        );
        codec.reads(
            &format!("opcode {opcode} of 126 bytes"),
            &[&make(0x80 | opcode, &[b'x'; 126])],
            vec![failed(1002, "ControlTooLong")],
        );
    }
    for first in [0x00, 0x80] {
        codec.reads(
            "a continuation of nothing",
            &[&make(first, b"x")],
            vec![failed(1002, "ContinuationUnexpected")],
        );
    }
    let over = [make(0x81, b"over"), make(0x80, b"x")].concat();
    codec.reads(
        "a continuation after the end",
        &[&over],
        vec![text("over"), failed(1002, "ContinuationUnexpected")],
    );
    for second in [0x81, 0x01, 0x82] {
        let inside = [make(0x01, b"one"), make(second, b"two")].concat();
        codec.reads(
            "a message inside another",
            &[&inside],
            vec![failed(1002, "MessageInterleaved")],
        );
    }
    let bit = if is_masked { 0x80 } else { 0 };
    let lengths = [
        ("125 in two bytes", [vec![0x81, bit | 126], 125_u16.to_be_bytes().to_vec()].concat()),
        ("126 in eight bytes", [vec![0x81, bit | 127], 126_u64.to_be_bytes().to_vec()].concat()),
        ("65535 in eight", [vec![0x81, bit | 127], 65_535_u64.to_be_bytes().to_vec()].concat()),
    ];
    for (name, head) in &lengths {
        codec.reads(name, &[head], vec![failed(1002, "LengthNotMinimal")]);
    }
    let top = [vec![0x82, bit | 127], (1_u64 << 63).to_be_bytes().to_vec()].concat();
    codec.reads("a length of 2^63", &[&top], vec![failed(1002, "LengthTopBit")]);
    // The head is enough: nothing waits for what will never be taken.
    for length in [1_025, 65_535, 65_536, (1 << 63) - 1] {
        let bytes = head(0x81, is_masked, length);
        codec.reads(
            &format!("a frame of {length} bytes"),
            &[&bytes],
            vec![failed(1009, "FrameTooBig")],
        );
    }
    let sum = [make(0x01, &[b'x'; 1_000]), make(0x80, &[b'x'; 25])].concat();
    codec.reads(
        "a message of 1025 bytes in two frames",
        &[&sum],
        vec![failed(1009, "MessageTooBig")],
    );
    texts(codec, make, is_masked);
    closes(codec, make);
    let twice = [make(0x83, b""), make(0x81, b"never read")].concat();
    codec.reads(
        "nothing is read after a fault",
        &[&twice, &make(0x81, b"nor this")],
        vec![failed(1002, "OpcodeReserved")],
    );
    codec.reads_bytewise(
        "a fault byte by byte",
        &make(0xc1, b"x"),
        vec![failed(1002, "ReservedBits")],
    );
}

/// Texts that are not UTF-8 (RFC 3629).
fn texts(codec: &mut Codec, make: fn(u8, &[u8]) -> Vec<u8>, is_masked: bool) {
    for (name, bytes) in [
        ("a lone continuation byte", &[0x80][..]),
        ("a character without its end", &[0xe6, 0xbc]),
        ("a slash in two bytes", &[0xc0, 0xaf]),
        ("half a surrogate pair", &[0xed, 0xa0, 0x80]),
        ("beyond U+10FFFF", &[0xf4, 0x90, 0x80, 0x80]),
        ("a byte of Latin-1", b"caf\xe9."),
    ] {
        codec.reads(name, &[&make(0x81, bytes)], vec![failed(1007, "TextNotUtf8")]);
    }
    let open = [make(0x01, &[0xe6]), make(0x80, b"x")].concat();
    codec.reads(
        "a character that the next fragment breaks",
        &[&open],
        vec![failed(1007, "TextNotUtf8")],
    );
    let mut early = head(0x81, is_masked, 100);
    if is_masked {
        early.extend([0; 4]);
    }
    early.extend(b"good until here\xff");
    codec.reads("told before the end", &[&early], vec![failed(1007, "TextNotUtf8")]);
}

fn closes(codec: &mut Codec, make: fn(u8, &[u8]) -> Vec<u8>) {
    codec.reads(
        "a close with a body of one byte",
        &[&make(0x88, &[3])],
        vec![failed(1002, "CloseBodyTooShort")],
    );
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535] {
        let bytes = make(0x88, &close(code, ""));
        codec.reads(&format!("a close {code}"), &[&bytes], vec![failed(1002, "CloseCodeInvalid")]);
    }
    let reason = [&1000_u16.to_be_bytes()[..], &[0xff]].concat();
    codec.reads(
        "a reason that is not UTF-8",
        &[&make(0x88, &reason)],
        vec![failed(1007, "CloseReasonNotUtf8")],
    );
}
