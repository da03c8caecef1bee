//! Any bytes, cut anywhere, in both roles: the same events, bounded memory, and what was read
//! can be written and read again.
//!
//! The first byte of an input chooses the role, the second the chunking; the rest is the wire.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pamlink::frame::{FrameConfig, FrameEvent, Reader, Role, Writer};
use pamlink::seed::Seed;

const CONFIG: FrameConfig =
    FrameConfig { max_message: 16 * 1024, max_frame: 8 * 1024, max_fragments: 32, retain: 256 };

fuzz_target!(|input: &[u8]| {
    let [role, chunking, wire @ ..] = input else { return };
    let role = if role % 2 == 0 { Role::Server } else { Role::Client };
    let whole = events(role, wire, wire.len().max(1));
    let chunked = events(role, wire, usize::from(*chunking).max(1));
    assert_eq!(whole, chunked, "events depend on the chunking");
    rewrite(role, wire);
});

/// What a reader makes of `wire` when it comes `size` bytes at a time.
fn events(role: Role, wire: &[u8], size: usize) -> Vec<String> {
    let mut reader = Reader::new(role, CONFIG);
    let mut events = Vec::new();
    let mut fed = 0;
    for part in wire.chunks(size) {
        fed += part.len();
        reader.handle_bytes(part).expect("a reader that is drained takes a chunk");
        while let Some(event) = reader.poll_event() {
            let failed = matches!(event, FrameEvent::Failed(_));
            events.push(format!("{event:?}"));
            if failed {
                assert_eq!(reader.poll_event(), None, "a reader speaks after it failed");
            }
        }
        // Grows by what arrives, never by what a header claims.
        assert!(reader.capacity() <= 4 * fed + 8 * 1024, "{} B for {fed} B", reader.capacity());
        assert!(reader.buffered() <= fed);
    }
    events
}

/// Writes every message that is read, and reads it again.
fn rewrite(role: Role, wire: &[u8]) {
    // The writer at the other end of our reader.
    let mut writer = match role {
        Role::Server => Writer::client(Seed::from_number(7)),
        Role::Client => Writer::server(),
    };
    let mut reader = Reader::new(role, CONFIG);
    let mut out = Vec::new();
    if reader.handle_bytes(&wire[..wire.len().min(64 * 1024)]).is_err() {
        return;
    }
    while let Some(event) = reader.poll_event() {
        out.clear();
        let written = match event {
            FrameEvent::Text(text) => writer.text(text, &mut out),
            FrameEvent::Binary(bytes) => writer.binary(bytes, &mut out),
            FrameEvent::Ping(bytes) => writer.ping(bytes, &mut out),
            FrameEvent::Pong(bytes) => writer.pong(bytes, &mut out),
            FrameEvent::Close(_) | FrameEvent::Failed(_) => return,
        };
        written.expect("what was read can be written");
        // One frame may carry what came as fragments, so it gets the longer bound.
        let config = FrameConfig { max_frame: CONFIG.max_message, ..CONFIG };
        let mut again = Reader::new(role, config);
        again.handle_bytes(&out).expect("an empty reader takes a frame");
        assert_eq!(again.poll_event(), Some(event), "written and read differ");
        assert_eq!(again.poll_event(), None);
    }
}
