//! Any text: what we take is JSON, what is JSON we take, and what was decoded encodes to the same
//! message again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pamlink::envelope::{Envelope, EnvelopeError};
use serde::de::IgnoredAny;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    // `IgnoredAny` checks the grammar and nothing else.
    let json = serde_json::from_str::<IgnoredAny>(text);
    match Envelope::parse(text, u8::MAX) {
        Ok(envelope) => {
            assert!(json.is_ok(), "took what is no JSON: {json:?}");
            assert_eq!(envelope.as_str(), text);
            look(&envelope);
        }
        Err(EnvelopeError::NotJson { at, .. }) => {
            assert!(json.is_err(), "refused JSON at byte {at}");
            assert!(at <= text.len() && text.is_char_boundary(at));
        }
        // The first fault is reported; what follows it may be no JSON.
        Err(EnvelopeError::TooDeep { at, .. }) => assert!(at < text.len()),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    // A refusal names the id that an acceptance would have shown.
    let refused_id = Envelope::refused_id(text);
    if let Ok(envelope) = Envelope::parse(text, u8::MAX) {
        assert!(refused_id.is_none() || refused_id == envelope.id());
    }
    // A smaller depth refuses more, and never other things.
    if let Err(shallow) = Envelope::parse(text, Envelope::DEPTH) {
        let is_depth = matches!(shallow, EnvelopeError::TooDeep { .. });
        assert!(is_depth || Envelope::parse(text, u8::MAX).err() == Some(shallow));
    }
});

/// Reads all that there is to read, and writes it again.
fn look(envelope: &Envelope<'_>) {
    let kind = envelope.kind();
    let _unused = (kind.is_request(), kind.is_answer(), kind.storage());
    let (id, time) = (envelope.id(), envelope.timestamp());
    let message = envelope.message();
    assert_eq!(message.kind(), kind);
    for mismatch in message.mismatches() {
        assert!(!mismatch.to_string().is_empty());
    }
    let mut once = String::new();
    message.encode(&mut once);
    let again = Envelope::parse(&once, u8::MAX).expect("what we write is an envelope");
    assert_eq!(again.kind(), kind);
    assert_eq!(again.id(), id);
    assert_eq!(again.timestamp(), time);
    let mut twice = String::new();
    again.message().encode(&mut twice);
    assert_eq!(once, twice, "encoding does not settle");
}
