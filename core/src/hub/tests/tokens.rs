//! Tokens that end, are renewed, or are judged by the host.

use core::time::Duration;

use super::support::{Host, START};
use crate::envelope::Kind;
use crate::hub::{Auth, HubConfig};
use crate::link::{AuthError, Claims};
use crate::metrics::Direction;
use crate::time::Wall;

/// Passes time with a peer that shows life.
fn live(host: &mut Host, link: crate::hub::LinkId, secs: u64) {
    for _ in 0..secs / 10 {
        host.pass(Duration::from_secs(10));
        if host.peers[&link].closed.is_none() {
            host.say(link, r#"{"type":"pong"}"#);
        }
    }
}

#[test]
fn a_link_outlives_its_token_by_the_grace_and_no_more() {
    let mut host = Host::new();
    let link = host.dial("/api/v1/pam/ws/ada?token=ada%2B100");
    live(&mut host, link, 150);
    assert_eq!(host.peers[&link].closed, None);
    live(&mut host, link, 20);
    assert_eq!(host.peers[&link].closed, Some((4001, "token expired".to_owned())));
}

#[test]
fn a_token_is_renewed_in_band_under_both_names() {
    for kind in ["auth", "token_refresh"] {
        let mut host = Host::new();
        let link = host.dial("/api/v1/pam/ws/ada?token=ada%2B100");
        host.text(link);
        host.say(link, &format!(r#"{{"type":"{kind}","token":"ada+1000"}}"#));
        assert!(host.peers[&link].texts.is_empty(), "no answer, as ever");
        live(&mut host, link, 900);
        assert_eq!(host.peers[&link].closed, None);
        live(&mut host, link, 200);
        assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 4001);
    }
}

#[test]
fn a_bad_renewal_is_refused_and_changes_nothing() {
    let mut host = Host::new();
    let link = host.open("ada");
    for token in ["bad", "ben"] {
        host.say(link, &format!(r#"{{"type":"auth","token":"{token}"}}"#));
        assert!(host.text(link).contains("AUTH_REQUIRED"));
    }
    let counted = host.hub.metrics.messages.value(Kind::Error, Direction::Outbound);
    assert_eq!(counted, 2);
    host.say(link, r#"{"type":"auth"}"#);
    assert!(host.peers[&link].texts.is_empty(), "without a token it means nothing");
    assert_eq!(host.peers[&link].closed, None);
}

#[test]
fn a_verifiers_leeway_lets_a_token_in_and_its_grace_counts_from_its_end() {
    let mut host = Host::new();
    let link = host.dial("/api/v1/pam/ws/ada?token=ada%2B-9");
    assert!(host.text(link).contains("connected"));
    host.say(link, r#"{"type":"auth","token":"ada+-8"}"#);
    assert!(host.peers[&link].texts.is_empty(), "a renewal is judged alike");
    live(&mut host, link, 50);
    assert_eq!(host.peers[&link].closed, None);
    host.pass(Duration::from_secs(2));
    assert_eq!(host.peers[&link].closed, Some((4001, "token expired".to_owned())));
}

#[test]
fn a_bad_renewal_is_named_by_its_id() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, r#"{"type":"chat","message":"x"}"#);
    host.say(link, r#"{"type":"auth","id":"a-1","token":"bad"}"#);
    let error = host.text(link);
    assert!(error.contains("AUTH_REQUIRED") && error.contains(r#""reply_to":"a-1""#), "{error}");

    let mut host = Host::with_auth(HubConfig::default(), Auth::Host);
    let link = host.dial("/api/v1/pam/ws/ada?token=t");
    let claims = Claims::new("ada", Wall::from_unix_secs(START + 100));
    host.hub.authorize(host.now, link, Ok(claims)).unwrap();
    host.drain();
    host.text(link);
    host.say(link, r#"{"type":"token_refresh","id":7,"token":"t"}"#);
    host.hub.authorize(host.now, link, Err(AuthError::BadSignature)).unwrap();
    host.drain();
    let error = host.text(link);
    assert!(error.contains("AUTH_REQUIRED") && error.contains(r#""reply_to":7"#), "{error}");
}

#[test]
fn good_tokens_cost_nothing_and_bad_ones_do() {
    let mut host = Host::new();
    let (one, other) = (host.open("ada"), host.open("ada"));
    let auth = |token: &str| format!(r#"{{"type":"auth","id":1,"token":"{token}"}}"#);
    for _ in 0..15 {
        for link in [one, other] {
            host.say(link, &auth("ada"));
            assert!(host.peers[&link].texts.is_empty(), "whatever the schedule, it is slower");
        }
        host.pass(Duration::from_secs(1));
    }
    for n in 0..6 {
        host.say(one, &auth("bad"));
        let error = host.text(one);
        let (code, waits) = match n {
            0..5 => ("AUTH_REQUIRED", false),
            _ => ("RATE_LIMIT_EXCEEDED", true),
        };
        assert!(error.contains(code) && error.contains("retry_after") == waits, "{n}: {error}");
        host.pass(Duration::from_millis(500));
    }
    host.say(other, &auth("ada"));
    assert!(host.peers[&other].texts.is_empty(), "a good one is good behind bad ones, too");
}

#[test]
fn a_link_has_only_so_many_tokens_judged() {
    let mut host = Host::new();
    let link = host.open("ada");
    let auth = r#"{"type":"auth","id":1,"token":"ada"}"#;
    for _ in 0..5 {
        host.say(link, auth);
    }
    assert!(host.peers[&link].texts.is_empty());
    host.say(link, auth);
    let error = host.text(link);
    assert!(
        error.contains("RATE_LIMIT_EXCEEDED") && error.contains(r#""retry_after":1"#),
        "{error}"
    );
    host.pass(Duration::from_millis(999));
    host.say(link, auth);
    assert!(host.text(link).contains(r#""retry_after":0.001"#));
    host.pass(Duration::from_millis(1));
    host.say(link, auth);
    assert!(host.peers[&link].texts.is_empty(), "what was told was exact");
}

#[test]
fn a_token_that_nobody_can_judge_is_wanted_again() {
    let mut host = Host::with_auth(HubConfig::default(), Auth::Host);
    let link = host.dial("/api/v1/pam/ws/ada?token=t");
    let claims = Claims::new("ada", Wall::from_unix_secs(START + 100));
    host.hub.authorize(host.now, link, Ok(claims)).unwrap();
    host.drain();
    host.text(link);
    for _ in 0..10 {
        host.say(link, r#"{"type":"auth","id":7,"token":"t"}"#);
        host.hub.authorize(host.now, link, Err(AuthError::Unavailable)).unwrap();
        host.drain();
        let error = host.text(link);
        assert!(
            error.contains("AUTH_REQUIRED") && error.contains(r#""retry_after":10"#),
            "{error}"
        );
        host.pass(Duration::from_secs(1));
    }
}

#[test]
fn a_bad_renewal_without_an_id_overtakes_no_answer() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, r#"{"type":"chat","message":"x"}"#);
    host.say(link, r#"{"type":"auth","token":"bad"}"#);
    assert!(host.peers[&link].texts.is_empty(), "the error waits");
    host.reply("to x");
    assert!(host.text(link).contains("to x"));
    let error = host.text(link);
    assert!(error.contains("AUTH_REQUIRED") && !error.contains("reply_to"), "{error}");
}

#[test]
fn a_host_judges_in_its_own_time_and_nothing_is_looked_at_before() {
    let mut host = Host::with_auth(HubConfig::default(), Auth::Host);
    let link = host.dial("/api/v1/pam/ws/ada?token=t");
    host.say(link, r#"{"type":"chat","id":1,"message":"x"}"#);
    assert_eq!(host.events(), ["authorize ada"]);
    let claims = Claims::new("ada", Wall::from_unix_secs(START + 100));
    host.hub.authorize(host.now, link, Ok(claims)).unwrap();
    host.drain();
    assert_eq!(host.events()[0], "opened ada 1");
    assert_eq!(host.requests.len(), 1, "what came meanwhile is taken");
    assert!(host.text(link).contains("connected"));
}

#[test]
fn the_hosts_verdict_is_held_against_path_and_clock() {
    for (verdict, reason) in [
        (Err(AuthError::Expired), "token expired"),
        (Ok(Claims::new("ben", Wall::from_unix_secs(START + 100))), "wrong subject"),
        (Ok(Claims::new("ada", Wall::from_unix_secs(START))), "token expired"),
    ] {
        let mut host = Host::with_auth(HubConfig::default(), Auth::Host);
        let link = host.dial("/api/v1/pam/ws/ada?token=t");
        host.hub.authorize(host.now, link, verdict).unwrap();
        host.drain();
        assert_eq!(host.peers[&link].closed, Some((4001, reason.to_owned())));
    }
}

#[test]
fn a_host_that_does_not_judge_loses_the_link() {
    let mut host = Host::with_auth(HubConfig::default(), Auth::Host);
    let link = host.dial("/api/v1/pam/ws/ada?token=t");
    host.pass(Duration::from_secs(10));
    assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 1013);
    // Too late, and harmless: the link is closing.
    assert_eq!(host.hub.authorize(host.now, link, Err(AuthError::Expired)), Ok(()));
    host.pass(Duration::from_secs(6));
    assert_eq!(host.hub.links(), 0);
}

#[test]
fn no_event_shows_a_token() {
    let mut host = Host::with_auth(HubConfig::default(), Auth::Host);
    let link = host.hub.accept(host.now).unwrap();
    let request = "GET /api/v1/pam/ws/ada?token=s3cret HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    host.hub.handle_bytes(host.now, link, request.as_bytes()).unwrap();
    while let Some(event) = host.hub.poll_event() {
        let shown = format!("{event:?}");
        assert!(shown.contains("Authorize") && !shown.contains("s3cret"), "{shown}");
    }
}

#[test]
fn who_is_not_known_yet_gets_little_room() {
    let mut host = Host::with_auth(HubConfig::default(), Auth::Host);
    let link = host.dial("/api/v1/pam/ws/ada?token=t");
    let early = format!(r#"{{"type":"chat","message":"{}"}}"#, "x".repeat(4_000));
    let mut before = 0;
    while host.peers[&link].closed.is_none() {
        host.say(link, &early);
        before += 1;
        assert!(before < 20);
    }
    assert!(before > 2, "some may come early");
    assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 1008);
    assert!(host.hub.memory() < 100_000);
}
