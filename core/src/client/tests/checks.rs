//! How often a message is looked at on its way.

use super::*;
use crate::frame::looked_at_during;

/// Once for what it means, and once where it is lent to the host.
#[test]
fn a_message_is_checked_to_be_text_twice_whatever_it_means() {
    let mut host = Host::welcomed(NEW_WELCOME);
    host.ask("how far?");
    let asked = host.read().pop().unwrap();
    let id = Envelope::parse(&asked, 10).unwrap().id().unwrap().to_json();
    let words = "漢字 kanji ".repeat(1_000);
    for text in [
        format!(r#"{{"type":"alert","id":"a1","message":"{words}"}}"#),
        format!(r#"{{"type":"going_away","message":"{words}","retry_after":1}}"#),
        format!(r#"{{"type":"error","message":"{words}","retry_after":1}}"#),
        format!(r#"{{"type":"chat_response_delta","content":"{words}","reply_to":{id}}}"#),
        format!(r#"{{"type":"chat_response","message":"{words}!","reply_to":{id}}}"#),
        format!(r#"{{"type":"chat_response","message":"{words}","reply_to":{id}}}"#),
        format!(r#"{{"type":"chat_response","message":"{words}","reply_to":{id}"#),
    ] {
        let mut frame = Vec::new();
        host.server.as_mut().unwrap().0.text(&text, &mut frame).unwrap();
        let mut events = 0;
        let looked_at = looked_at_during(|| {
            host.client.handle_bytes(host.now, &frame).unwrap();
            while host.client.poll_event().is_some() {
                events += 1;
            }
        });
        assert_eq!((events, looked_at / text.len()), (1, 2), "{looked_at} of {text:.40}");
    }
}
