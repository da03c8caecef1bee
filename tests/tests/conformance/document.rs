//! The envelopes that `docs/protocol-v1.md` shows, read with the codec.

use std::path::Path;

use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{DEPTH, Message};

#[test]
fn every_envelope_that_is_shown_is_read() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol-v1.md");
    let document = std::fs::read_to_string(path).expect("a file of the repository");
    let faults: Vec<_> = shown(&document).filter_map(fault).collect();
    assert!(shown(&document).count() >= 10);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The lines of fenced code that a client (`>`) or a server (`<`) says.
fn shown(document: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    document.lines().filter(move |line| {
        fenced ^= line.starts_with("```");
        fenced && (line.starts_with("> {") || line.starts_with("< {"))
    })
}

/// What is wrong with a line.
fn fault(line: &str) -> Option<String> {
    let (sender, text) = line.split_at(2);
    let envelope = match Envelope::parse(text, DEPTH) {
        Ok(envelope) => envelope,
        Err(why) => return Some(format!("{line}: {why}")),
    };
    match Message::read(&envelope) {
        Ok(Some((_, message))) => {
            let is_of =
                if sender == "> " { message.is_of_client() } else { message.is_of_server() };
            (!is_of).then(|| format!("{line}: the other end says that"))
        }
        Ok(None) => Some(format!("{line}: a type that is not known")),
        Err(why) => Some(format!("{line}: {why}")),
    }
}

#[test]
fn an_envelope_that_is_not_read_is_a_fault() {
    let ack = r#"> {"type":"ack","received":["5e7f00000000000a",7],"sent":["c1a5e00000000001",2]}"#;
    assert_eq!(fault(ack), None);
    assert!(fault(&ack.replace("ack", "nack")).is_some());
    assert!(fault(&ack.replace("7]", "-7]")).is_some());
    assert!(fault(&ack.replace("}", "")).is_some());
    assert!(fault(r#"> {"type":"unfollow","stream":"q"}"#).is_none());
    assert!(fault(r#"< {"type":"unfollow","stream":"q"}"#).is_some());
    assert_eq!(shown("> {}\n```\n> {}\n<{}\n< {\n```\n< {}\n").count(), 2);
}
