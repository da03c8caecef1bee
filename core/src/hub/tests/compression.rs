//! Messages that are compressed, where both ends want it.

use core::time::Duration;

use super::support::Host;
use crate::frame::{DeflateConfig, FrameEvent};
use crate::hub::HubConfig;

/// Words enough that compression is worth it.
const ANSWER: &str = "You spent 42.10 on fuel in March, 39.80 in April and 44.60 in May, \
    which is 126.50 in three months, and a little more than in the three months before.";

fn host() -> Host {
    let mut config = HubConfig::default();
    config.link.deflate = Some(DeflateConfig::server());
    config.max_compressors = 2;
    let mut host = Host::with(config);
    host.offers = Some(DeflateConfig::client());
    host
}

/// Sends a request, has it answered, and returns how many bytes the answer took.
fn chat(host: &mut Host, link: crate::hub::LinkId, id: u32) -> usize {
    let text = format!(r#"{{"type":"chat","id":"q{id}","message":"{ANSWER}"}}"#);
    host.say(link, &text);
    let before = host.peers[&link].came;
    host.reply(ANSWER);
    assert!(host.text(link).contains(ANSWER));
    host.peers[&link].came - before
}

#[test]
fn answers_shrink_and_shrink_again_when_they_repeat() {
    let mut plain = Host::new();
    plain.offers = Some(DeflateConfig::client());
    let link = plain.open("ada");
    let plain = chat(&mut plain, link, 1);

    let mut host = host();
    let link = host.open("ada");
    let (first, second) = (chat(&mut host, link, 1), chat(&mut host, link, 2));
    assert!(first < plain * 4 / 5 && second < first * 2 / 3, "{plain}, {first}, {second}");
}

#[test]
fn who_does_not_offer_gets_plain_messages() {
    let mut host = host();
    host.offers = None;
    let link = host.open("ada");
    assert!(chat(&mut host, link, 1) > ANSWER.len());
}

#[test]
fn what_the_window_drops_or_repeats_does_not_confuse_the_compressor() {
    let mut host = host();
    let link = host.open("ada");
    for id in [1, 2, 3] {
        chat(&mut host, link, id);
    }
    // A repeat gets the first answer, in the form that this link has now.
    let text = format!(r#"{{"type":"chat","id":"q1","message":"{ANSWER}"}}"#);
    host.say(link, &text);
    assert!(host.text(link).contains(ANSWER));
    let again = host.open("ada");
    host.say(again, &text);
    assert!(host.text(again).contains(ANSWER));
    chat(&mut host, link, 4);
}

#[test]
fn a_link_that_rests_gives_its_compressor_back_and_holds_less_than_a_kibibyte_more() {
    let mut host = host();
    let users: Vec<String> = (0..20).map(|user| format!("user{user}")).collect();
    let links: Vec<_> = users.iter().map(|user| host.open(user)).collect();
    for (id, link) in (0..).zip(&links) {
        chat(&mut host, *link, id);
    }
    let busy = host.hub.memory();
    host.offers = None;
    let mut plain = Host::new();
    for (id, user) in (0..).zip(&users) {
        let link = plain.open(user);
        chat(&mut plain, link, id);
    }
    for each in [&mut host, &mut plain] {
        // Long enough for a heartbeat, and the peers answer it.
        each.pass(Duration::from_secs(31));
    }
    let resting = host.hub.memory();
    assert!(resting < busy, "{busy} and {resting}");
    // The pool has the inflater and two compressors, whoever rests.
    let pool = 2 * 400 * 1024 + 50 * 1024 + 64 * 1024;
    let more = resting - plain.hub.memory();
    assert!(more < pool + links.len() * 1024, "{more} bytes");
}

#[test]
fn a_bomb_ends_its_link_with_1009_and_no_other() {
    let mut host = host();
    host.offers = Some(DeflateConfig { level: 9, ..DeflateConfig::client() });
    let (bad, good) = (host.open("mallory"), host.open("ada"));
    let bomb = format!(r#"{{"type":"chat","id":"b","message":"{}"}}"#, "a".repeat(900_000));
    host.say(bad, &bomb);
    assert_eq!(host.peers[&bad].closed.as_ref().map(|close| close.0), Some(1009));
    chat(&mut host, good, 1);
}

#[test]
fn nonsense_in_a_compressed_message_ends_its_link_with_1007() {
    let mut host = host();
    let link = host.open("ada");
    // Masked with zeros: a block of the reserved kind.
    host.bytes(link, &[0xc1, 0x81, 0, 0, 0, 0, 0x07]);
    assert_eq!(host.peers[&link].closed.as_ref().map(|close| close.0), Some(1007));
    let reader = &mut host.peers.get_mut(&link).unwrap().reader;
    assert_eq!(reader.poll_event(), None::<FrameEvent<'_>>);
}
