//! Who gets in.

use core::time::Duration;

use super::metrics::counts;
use super::support::{Host, START};
use crate::hub::{Auth, Event, HubConfig};
use crate::limits::{Rate, RateClass};
use crate::link::Claims;
use crate::seed::Seed;
use crate::time::Wall;

#[test]
fn a_good_token_is_welcomed() {
    let mut host = Host::new();
    host.open("ada");
    assert_eq!(host.events(), ["opened ada 1"]);
    assert_eq!((host.hub.links(), host.hub.users()), (1, 1));
}

/// simple-websocket 1.1.0 and Apache over HTTP/2 hold back what came with the 101 until then.
#[test]
fn more_bytes_follow_the_welcome_soon() {
    let mut host = Host::new();
    let link = host.open("ada");
    let before = host.peers[&link].came;
    host.pass(Duration::from_millis(99));
    assert_eq!(host.peers[&link].came, before);
    host.pass(Duration::from_millis(1));
    assert_eq!(host.peers[&link].came, before + 2);
    assert_eq!(host.peers[&link].pongs, [b""], "that answers nothing and wants no answer");
    host.pass(Duration::from_secs(10));
    assert_eq!(host.peers[&link].came, before + 2, "once");
}

#[test]
fn a_bad_or_foreign_token_is_accepted_and_then_closed_with_4001() {
    for (token, reason) in [
        ("bad", "bad signature"),
        ("ben", "wrong subject"),
        ("", "missing token"),
        ("ada+-10", "token expired"),
    ] {
        let mut host = Host::new();
        let link = host.dial(&format!("/api/v1/pam/ws/ada?token={token}"));
        let peer = &host.peers[&link];
        assert!(peer.head.starts_with(b"HTTP/1.1 101"), "{token}");
        assert_eq!(peer.closed, Some((4001, reason.to_owned())), "{token}");
        assert!(peer.texts.is_empty());
    }
}

#[test]
fn a_token_of_16_kib_comes_in_the_url_and_over_the_open_link() {
    let token = format!("{}+3600", "a".repeat(16 * 1024 - 5));
    let user = &token[..16 * 1024 - 5];
    let mut host = Host::with_auth(HubConfig::default(), Auth::Host);
    let link = host.hub.accept(host.now).unwrap();
    // As browsers send it, with cookies of 7,800 bytes and what proxies add.
    let mut request = format!(
        "GET /api/v1/pam/ws/ada?token={} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nCookie: a={}\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        token.replace('+', "%2B"),
        "c".repeat(7_800 - 2)
    );
    for n in 0..100 {
        request.push_str(&format!("X-Forwarded-{n}: 192.0.2.{n}\r\n"));
    }
    request.push_str("\r\n");
    host.hub.handle_bytes(host.now, link, request.as_bytes()).unwrap();
    let Some(Event::Authorize { token: read, .. }) = host.hub.poll_event() else {
        panic!("not asked for a verdict");
    };
    assert_eq!(read.expose(), token);
    let claims = Claims::new("ada", Wall::from_unix_secs(START + 100));
    host.hub.authorize(host.now, link, Ok(claims)).unwrap();
    host.drain();
    assert_eq!(host.events(), ["opened ada 1"]);

    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, &format!(r#"{{"type":"auth","id":"renewal","token":"{user}+9"}}"#));
    assert!(host.text(link).contains("wrong subject"), "it was read and judged");
}

#[test]
fn without_a_token_parameter_or_on_another_path_there_is_no_upgrade() {
    let mut host = Host::new();
    for (target, status) in [("/api/v1/pam/ws/ada", "403"), ("/elsewhere?token=ada", "404")] {
        let link = host.dial(target);
        let peer = &host.peers[&link];
        assert!(peer.status().contains(status), "{}", peer.status());
        assert!(peer.transport_closed);
    }
    assert_eq!(host.hub.links(), 0);
}

#[test]
fn a_plain_request_for_the_address_of_a_link_is_answered_with_426() {
    let mut host = Host::new();
    for (method, target, is_refused) in [
        ("GET", "/api/v1/pam/ws/ada?token=ada", true),
        ("HEAD", "/api/v1/pam/ws/ada", true),
        ("POST", "/api/v1/pam/ws/ada", false),
        ("GET", "/api/v1/pam/ws/", false),
        ("GET", "/api/v1/pam/ws/ada/more", false),
        ("GET", "/", false),
    ] {
        let link = host.hub.accept(host.now).unwrap();
        let request = format!("{method} {target} HTTP/1.1\r\nHost: x\r\n\r\n");
        host.hub.handle_bytes(host.now, link, request.as_bytes()).unwrap();
        let is_for_host = matches!(host.hub.poll_event(), Some(Event::Http { .. }));
        assert_eq!(is_for_host, !is_refused, "{method} {target}");
        if is_refused {
            let mut answer = Vec::new();
            assert!(host.hub.poll_transmit(link, &mut answer).close_transport);
            let answer = String::from_utf8(answer).unwrap();
            let (head, body) = answer.split_once("\r\n\r\n").unwrap();
            assert!(head.starts_with("HTTP/1.1 426 "), "{head}");
            let all = "Access-Control-Allow-Origin: *";
            for line in ["Upgrade: websocket", "Connection: close, upgrade", all] {
                assert!(head.contains(line), "{head}");
            }
            assert_eq!(body.is_empty(), method == "HEAD", "{body}");
        }
    }
    let refused = counts(&host, "pamlink_connections_refused_total");
    assert_eq!(refused, [("no_upgrade".to_owned(), 2)]);
}

#[test]
fn a_hub_begins_again_with_a_seed_of_its_own_until_there_was_a_link() {
    let epoch = |host: &mut Host| {
        let link = host.dial("/api/v1/pam/ws/ada?token=ada");
        let welcome = host.text(link);
        welcome.split_once(r#""epoch":"#).unwrap().1.to_owned()
    };
    let (mut parent, mut child, mut other) = (Host::new(), Host::new(), Host::new());
    assert!(child.hub.reseed(Seed::from_number(77)));
    assert!(other.hub.reseed(Seed::from_number(78)));
    // Whoever decides about tokens does it still.
    let epochs = [epoch(&mut parent), epoch(&mut child), epoch(&mut other)];
    assert!(epochs[0] != epochs[1] && epochs[1] != epochs[2] && epochs[0] != epochs[2]);
    assert_eq!(epoch(&mut Host::new()), epochs[0]);
    assert!(!child.hub.reseed(Seed::from_number(79)));
    assert_eq!(child.hub.links(), 1);
}

#[test]
fn plain_http_is_answered_by_the_host() {
    let mut host = Host::new();
    let link = host.hub.accept(host.now).unwrap();
    host.hub.handle_bytes(host.now, link, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    host.drain();
    assert_eq!(host.events(), ["http /health"]);
    host.hub.respond(host.now, link, 200, &[("Content-Type", "application/json")], b"{}").unwrap();
    while host.hub.poll_event().is_some() {}
    assert_eq!(host.hub.poll_writable(), Some(link));
    let mut out = Vec::new();
    assert!(host.hub.poll_transmit(link, &mut out).close_transport);
    let out = String::from_utf8(out).unwrap();
    assert!(out.starts_with("HTTP/1.1 200") && out.ends_with("{}"), "{out}");
    assert_eq!(host.hub.links(), 0);
    assert!(host.hub.respond(host.now, link, 200, &[], b"").is_err());
}

#[test]
fn a_foreign_origin_is_refused_where_origins_are_configured() {
    let mut config = HubConfig::default();
    config.origins = Some(vec!["https://app.example".to_owned()]);
    for (origin, status) in [
        ("https://app.example", "101"),
        ("HTTPS://APP.EXAMPLE", "101"),
        ("https://evil.example", "403"),
        ("http://app.example", "403"),
        ("https://app.example:444", "403"),
        ("https://app.example.evil.example", "403"),
        ("https://evil.example/https://app.example", "403"),
        ("https://app.example, https://evil.example", "403"),
        ("https://app.example https://evil.example", "403"),
        ("null", "403"),
        ("", "403"),
    ] {
        let mut host = Host::with(config.clone());
        let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        // The page that is refused asks without an upgrade, and learns why.
        for (upgrade, status) in
            [(upgrade, status), ("", if status == "101" { "426" } else { "403" })]
        {
            let link = host.hub.accept(host.now).unwrap();
            let request = format!(
                "GET /api/v1/pam/ws/ada?token=ada HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\n\
                 {upgrade}\r\n"
            );
            host.hub.handle_bytes(host.now, link, request.as_bytes()).unwrap();
            while host.hub.poll_event().is_some() {}
            let mut out = Vec::new();
            let _ = host.hub.poll_transmit(link, &mut out);
            let head = String::from_utf8_lossy(&out);
            assert!(head.starts_with(&format!("HTTP/1.1 {status}")), "{origin}: {head}");
            let is_readable = head.contains("Access-Control-Allow-Origin: *\r\n");
            assert_eq!(is_readable, status != "101", "{origin}: {head}");
        }
    }
}

#[test]
fn garbage_and_silence_end_a_link_before_its_handshake() {
    let mut host = Host::new();
    let garbage = host.hub.accept(host.now).unwrap();
    host.hub.handle_bytes(host.now, garbage, b"\x16\x03\x01\x02\x00\x01\r\n\r\n").unwrap();
    let silent = host.hub.accept(host.now).unwrap();
    host.drain();
    assert_eq!(host.hub.links(), 1, "{silent:?} is left");
    host.pass(Duration::from_secs(10));
    assert_eq!(host.hub.links(), 0);
    assert_eq!(host.events().len(), 2);
}

#[test]
fn too_many_connections_of_a_user_learn_when_to_come_back() {
    let mut config = HubConfig::default();
    config.rates = config.rates.with(RateClass::Connect, Rate::new(2, Duration::from_secs(60)));
    let mut host = Host::with(config);
    host.open("ada");
    host.open("ada");
    let third = host.dial("/api/v1/pam/ws/ada?token=ada");
    let error = host.text(third);
    assert!(
        error.contains("RATE_LIMIT_EXCEEDED") && error.contains(r#""retry_after":30"#),
        "{error}"
    );
    assert_eq!(host.peers[&third].closed.as_ref().unwrap().0, 4008);
    host.open("ben");
}
