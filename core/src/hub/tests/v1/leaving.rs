//! Tokens of open links, and how links end.

use core::time::Duration;

use super::script::{EPOCH, kind, member};
use crate::frame::CloseCode;
use crate::hub::tests::support::{Host, START};
use crate::hub::{Auth, Delivered, HubConfig, LinkId};
use crate::link::{AuthError, Claims};
use crate::time::Wall;

const ASK: &str = r#"{"type":"chat","id":"q-1","message":"fuel so far?"}"#;

/// Passes time with a client that says its heartbeats.
fn live(host: &mut Host, link: LinkId, secs: u64) {
    for _ in 0..secs / 10 {
        host.pass(Duration::from_secs(10));
        if host.peers[&link].closed.is_none() {
            host.say(link, r#"{"type":"heartbeat","channels":[]}"#);
        }
    }
}

/// What was said of the link.
fn of_link(host: &mut Host, link: LinkId) -> Vec<String> {
    let said = host.said_v1(link);
    said.into_iter().filter(|text| kind(text) != "heartbeat").collect()
}

#[test]
fn a_token_that_ends_is_asked_for_and_renewed_in_band() {
    let mut host = Host::new();
    let link = host.dial_v1("ada");
    host.say(link, &super::script::hello("ada+100"));
    assert_eq!(member(&host.text(link), "expires"), "100000");
    live(&mut host, link, 90);
    assert!(of_link(&mut host, link).is_empty());
    live(&mut host, link, 20);
    assert_eq!(of_link(&mut host, link), [r#"{"type":"token_wanted","within":60000}"#]);
    host.say(link, r#"{"type":"token","token":"ada+1000"}"#);
    assert_eq!(of_link(&mut host, link), [r#"{"type":"renewed","expires":890000}"#]);
    live(&mut host, link, 900);
    assert_eq!(of_link(&mut host, link), [r#"{"type":"token_wanted","within":60000}"#]);
    live(&mut host, link, 60);
    assert_eq!(of_link(&mut host, link), [r#"{"type":"goodbye","code":"token_expired"}"#]);
    assert_eq!(host.peers[&link].closed, Some((4001, "token expired".to_owned())));
}

#[test]
fn a_bad_token_ends_the_link() {
    let mut host = Host::new();
    let link = host.open_v1("ada");
    host.say(link, r#"{"type":"token","token":"bad"}"#);
    assert_eq!(of_link(&mut host, link), [r#"{"type":"goodbye","code":"unauthorized"}"#]);
    assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 4001);
    let link = host.open_v1("ada");
    for _ in 0..6 {
        host.say(link, r#"{"type":"token","token":"ada"}"#);
    }
    let said = of_link(&mut host, link);
    assert_eq!(said.len(), 6, "{said:?}");
    assert_eq!(said[5], r#"{"type":"goodbye","code":"overloaded","retry_after":1000}"#);
}

#[test]
fn the_host_judges_one_token_at_a_time() {
    let mut host = Host::with_auth(HubConfig::default(), Auth::Host);
    let link = host.dial_v1("ada");
    host.say(link, &super::script::hello("t"));
    let claims = || Ok(Claims::new("ada", Wall::from_unix_secs(START + 60)));
    host.hub.authorize(host.now, link, claims()).unwrap();
    host.drain();
    host.events();
    host.said_v1(link);
    host.say(link, r#"{"type":"token","token":"u"}"#);
    assert_eq!(host.events(), ["authorize ada"]);
    host.hub.authorize(host.now, link, claims()).unwrap();
    host.drain();
    assert_eq!(of_link(&mut host, link), [r#"{"type":"renewed","expires":60000}"#]);
    host.say(link, r#"{"type":"token","token":"v"}"#);
    host.say(link, r#"{"type":"token","token":"w"}"#);
    let said = of_link(&mut host, link);
    assert_eq!(said, [r#"{"type":"goodbye","code":"overloaded","retry_after":10000}"#]);
    host.hub.authorize(host.now, link, Err(AuthError::Expired)).unwrap();
    host.drain();
    assert!(of_link(&mut host, link).is_empty(), "it is said once");
}

/// Shortly before it has to be gone a link still has its answer.
fn carries_on(host: &mut Host, link: LinkId) {
    host.pass(Duration::from_secs(9));
    assert_eq!(host.reply("40 liters"), Delivered::Queued(link));
    assert_eq!(kind(&of_link(host, link)[0]), "end");
    assert!(host.peers[&link].closed.is_none());
}

#[test]
fn a_drain_lets_links_move_while_they_carry_on() {
    let mut host = Host::new();
    let (link, _) = host.begin_v1("ada");
    host.request_v1(link, 1, "q-1", ASK);
    host.hub.drain(host.now, Duration::from_secs(10));
    host.drain();
    let said = r#"{"type":"goodbye","code":"going_away","spread":10000,"within":10000}"#;
    assert_eq!(of_link(&mut host, link), [said]);
    carries_on(&mut host, link);
    host.pass(Duration::from_secs(1));
    assert!(of_link(&mut host, link).is_empty(), "it was said before");
    assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 1012);
    host.pass(Duration::from_secs(6));
    assert_eq!(host.events().last().unwrap(), "drained");
}

#[test]
fn a_link_that_is_to_move_carries_on_meanwhile_and_others_stay() {
    let mut host = Host::new();
    let within = Duration::from_secs(10);
    let (link, _) = host.begin_v1("ada");
    let (other, _) = host.begin_v1("bob");
    host.request_v1(link, 1, "q-1", ASK);
    assert!(host.hub.rotate(host.now, link, within));
    assert!(!host.hub.rotate(host.now, link, within), "it is said once");
    host.drain();
    let said = r#"{"type":"goodbye","code":"rotate","spread":10000,"within":10000}"#;
    assert_eq!(of_link(&mut host, link), [said]);
    carries_on(&mut host, link);
    // Another one of the user is let in meanwhile, and told nothing.
    let (new, _) = host.begin_v1("ada");
    host.pass(Duration::from_secs(1));
    assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 1012);
    host.pass(Duration::from_secs(5));
    for stays in [other, new] {
        assert!(host.peers[&stays].closed.is_none());
    }
    assert_eq!(host.hub.rotate_user(host.now, "ada", within), 1);
    assert_eq!(host.hub.rotate_user(host.now, "eve", within), 0);
    host.drain();
    assert_eq!(of_link(&mut host, new).last().unwrap(), said);
}

#[test]
fn a_client_that_says_goodbye_is_let_go() {
    let mut host = Host::new();
    let (link, session) = host.begin_v1("ada");
    host.say(link, r#"{"type":"goodbye","code":"left"}"#);
    assert_eq!(host.peers[&link].closed, Some((1000, "left".to_owned())));
    // Its session goes on over another link.
    let again = host.open_v1("ada");
    let open = format!(
        r#"{{"type":"open","session":"{session}","received":["0000000000000000",0],"sent":["{EPOCH}",0]}}"#
    );
    host.say(again, &open);
    assert_eq!(member(&host.said_v1(again)[0], "answer"), r#""gap""#);
}

#[test]
fn what_is_no_envelope_ends_the_link_and_what_is_malformed_its_channel() {
    let mut host = Host::new();
    for (text, code) in [
        ("[]", "malformed"),
        ("{", "malformed"),
        (r#"{"type":"token"}"#, "malformed"),
        (
            r#"{"type":"welcome","version":1,"features":0,"limits":{"message":524288},"heartbeat":1000}"#,
            "not_open",
        ),
    ] {
        let (link, _) = host.begin_v1("ada");
        host.say(link, text);
        let said = of_link(&mut host, link);
        assert_eq!(said, [format!(r#"{{"type":"goodbye","code":"{code}"}}"#)], "{text}");
        assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 4003);
    }
    let (link, _) = host.begin_v1("ada");
    host.say(link, r#"{"type":"item"}"#);
    host.say(link, r#"{"type":"of_the_future"}"#);
    assert_eq!(of_link(&mut host, link), [r#"{"type":"closed","code":"malformed"}"#]);
    assert!(host.peers[&link].closed.is_none());
}

#[test]
fn a_binary_message_and_too_many_faults_end_the_link() {
    let mut host = Host::new();
    let (link, _) = host.begin_v1("ada");
    let mut frame = Vec::new();
    host.peers.get_mut(&link).unwrap().writer.binary(b"x", &mut frame).unwrap();
    host.bytes(link, &frame);
    assert_eq!(of_link(&mut host, link), [r#"{"type":"goodbye","code":"malformed"}"#]);
    let (link, _) = host.begin_v1("ben");
    for number in 1..=6 {
        host.request_v1(link, number, &format!("q-{number}"), "[]");
    }
    let said = of_link(&mut host, link);
    let kinds: Vec<_> = said.iter().map(|text| kind(text)).collect();
    assert_eq!(kinds, ["reject", "reject", "reject", "reject", "reject", "reject", "goodbye"]);
    assert_eq!(member(&said[5], "code"), r#""format_error""#);
    assert_eq!(member(&said[6], "code"), r#""forbidden""#);
    assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 4003);
}

#[test]
fn a_silent_client_is_given_heartbeats_and_then_up() {
    let mut host = Host::new();
    let (link, _) = host.begin_v1("ada");
    host.pass(Duration::from_secs(20));
    let said = host.said_v1(link);
    assert_eq!(said.len(), 1, "{said:?}");
    assert_eq!(kind(&said[0]), "heartbeat");
    assert!(member(&said[0], "channels").starts_with(r#"[{"channel":0,"#), "{said:?}");
    host.pass(Duration::from_secs(10));
    assert_eq!(host.events().last().unwrap(), "closed ada 1001 running 0 left 0");
}

#[test]
fn a_peer_learns_from_a_close_whether_to_come_back() {
    let mut host = Host::new();
    for (code, word) in [
        (1000, "left"),
        (1012, "going_away"),
        (1013, "overloaded"),
        (4001, "unauthorized"),
        (4003, "forbidden"),
        (4009, "too_large"),
        (4321, "rotate"),
    ] {
        let (link, _) = host.begin_v1("ada");
        host.hub.disconnect(host.now, link, CloseCode::new(code), "why");
        host.drain();
        let goodbye = format!(r#"{{"type":"goodbye","code":"{word}"}}"#);
        assert_eq!(of_link(&mut host, link), [goodbye]);
        assert_eq!(host.peers[&link].closed, Some((code, "why".to_owned())));
    }
    let (link, _) = host.begin_v1("ben");
    assert_eq!(host.hub.disconnect_user(host.now, "ben", CloseCode::new(4003), "no"), 1);
    host.drain();
    assert_eq!(of_link(&mut host, link), [r#"{"type":"goodbye","code":"forbidden"}"#]);
}

#[test]
fn nothing_is_left_when_all_sessions_have_ended() {
    let mut config = HubConfig::default();
    config.window.max_entries = 16;
    let mut host = Host::with(config);
    let mut held = [0; 2];
    for held in &mut held {
        let links: Vec<_> = (0..20).map(|n| host.begin_v1(&format!("user-{n}")).0).collect();
        for link in &links {
            host.request_v1(*link, 1, "q-1", ASK);
        }
        let during = host.hub.memory();
        while !host.requests.is_empty() {
            let _ = host.reply("40 liters");
        }
        for link in links {
            host.cut(link);
        }
        host.pass(Duration::from_secs(400));
        *held = host.hub.memory();
        assert!(during > *held + 20 * 1_000, "{during} {held}");
    }
    let v1 = host.hub.v1.as_ref().unwrap();
    assert_eq!((host.hub.users(), host.hub.requests(), v1.poll_timeout()), (0, 0, None));
    assert_eq!(held[0], held[1], "the second round leaves no more than the first");
}

#[test]
fn a_link_that_is_to_move_before_its_session_begins_reaches_the_host() {
    let mut host = Host::new();
    let link = host.open_v1("ada");
    assert!(host.hub.rotate(host.now, link, Duration::from_secs(10)));
    host.drain();
    host.say(link, &format!(r#"{{"type":"open","sent":["{EPOCH}",0]}}"#));
    assert_eq!(host.events(), ["opened ada 1"]);
}

#[test]
fn a_renewal_does_not_keep_a_link_that_is_to_move() {
    let mut host = Host::new();
    let (link, _) = host.begin_v1("ada");
    assert!(host.hub.rotate(host.now, link, Duration::from_secs(10)));
    host.drain();
    host.say(link, r#"{"type":"token","token":"ada"}"#);
    live(&mut host, link, 20);
    assert_eq!(host.peers[&link].closed.as_ref().map(|it| it.0), Some(1012));
}

#[test]
fn a_token_ends_though_its_link_is_to_move() {
    let mut host = Host::new();
    let link = host.dial_v1("ada");
    host.say(link, &super::script::hello("ada+20"));
    assert!(host.hub.rotate(host.now, link, Duration::from_secs(600)));
    host.drain();
    live(&mut host, link, 120);
    assert!(host.peers[&link].closed.is_some());
}
