//! Any text as an envelope of the `pamlink.v1` dialect: what is read is written, and reads again as
//! the same; what is not names a member.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{Channel, DEPTH, Malformed, Message};

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    // A reader that allows more depth reads the same, and bodies no deeper than they may be.
    let Ok(deep) = Envelope::parse(text, u8::MAX) else { return };
    let said = Message::read(&deep);
    if let Ok(envelope) = Envelope::parse(text, DEPTH) {
        assert_eq!(Message::read(&envelope), said);
    }
    match said {
        Ok(Some((channel, message))) => look(channel, &message),
        Ok(None) => {}
        Err(Malformed { kind, member, wanted, .. }) => {
            assert!(!kind.is_empty() && !member.is_empty() && !wanted.is_empty());
        }
    }
});

/// Writes a message and reads it again.
fn look(channel: Channel, message: &Message<'_>) {
    assert!(message.is_of_client() || message.is_of_server());
    let mut once = String::new();
    message.write(channel, &mut once);
    let envelope = Envelope::parse(&once, DEPTH).expect("what we write is an envelope");
    let (again_in, again) = Message::read(&envelope).expect("in its bounds").expect("of a type");
    assert_eq!((again_in, &again), (channel, message));
    let mut twice = String::new();
    again.write(again_in, &mut twice);
    assert_eq!(once, twice, "writing does not settle");
}
