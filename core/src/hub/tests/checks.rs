//! How often a text is checked to be UTF-8 on its way.

use core::time::Duration;

use super::support::Host;
use crate::frame::{Incoming, looked_at_during};
use crate::hub::Proof;
use crate::link::Claims;

/// A text that comes in one frame is checked where it is decided on, and once more where it is lent
/// to the host, if it is. One that comes whole was checked by its transport.
#[test]
fn a_text_is_checked_where_it_is_decided_on_and_where_it_is_lent() {
    let words = "漢字 kanji ".repeat(300);
    let texts = [
        ("request ada -> chat", 2, format!(r#"{{"type":"chat","id":"a","message":"{words}"}}"#)),
        ("duplicate ada Running", 1, format!(r#"{{"type":"chat","id":"a","message":"{words}"}}"#)),
        ("message ada init", 2, format!(r#"{{"type":"init","about":"{words}"}}"#)),
        ("refused ada UNKNOWN_TYPE false", 1, format!(r#"{{"type":"{words}"}}"#)),
        ("", 1, format!(r#"{{"type":"ping","about":"{}"}}"#, &words[..1_700])),
    ];

    let mut host = Host::new();
    let link = host.open("ada");
    host.events();
    for (event, checks, text) in &texts {
        let looked_at = looked_at_during(|| host.say(link, text));
        assert_eq!(host.events().join(", "), *event);
        assert_eq!(looked_at / text.len(), *checks, "{looked_at} of {}: {event}", text.len());
    }

    let mut host = Host::new();
    let claims = Claims::new("ada", host.now.wall + Duration::from_secs(60));
    let link = host.hub.accept_opened(host.now, "ada", Proof::Claims(claims), None).unwrap();
    while host.hub.poll_event().is_some() {}
    for (event, _, text) in &texts {
        let mut events = 0;
        let looked_at = looked_at_during(|| {
            host.hub.handle_message(host.now, link, Incoming::Text(text)).unwrap();
            while host.hub.poll_event().is_some() {
                events += 1;
            }
        });
        assert_eq!((events, looked_at), (usize::from(!event.is_empty()), 0), "{event}");
    }
}
