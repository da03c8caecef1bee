//! Who gets in, and what is said to those who do not.

use core::time::Duration;

use super::support::Host;
use crate::hub::{Auth, HubConfig, LinkId, SubprotocolError, check_subprotocol};
use crate::link::{AuthError, Claims, Verify};
use crate::time::Wall;

/// Cannot ask whoever knows.
struct Offline;

impl Verify for Offline {
    fn verify(&self, _: &str, _: Wall) -> Result<Claims, AuthError> {
        Err(AuthError::Unavailable)
    }
}

fn closed(host: &Host, link: LinkId) -> (u16, &str) {
    host.peers[&link].closed.as_ref().map_or((0, ""), |(code, reason)| (*code, reason))
}

/// The subprotocol that a hub agrees on which takes `app.v1` and `app.v2`, with a client that offers
/// these; a hub that takes none is asked the same.
fn agreed_on(offered: &str) -> [Option<String>; 2] {
    let mut taking = HubConfig::default();
    taking.subprotocols = vec!["app.v1".into(), "app.v2".into()];
    [taking, HubConfig::default()].map(|config| {
        let mut host = Host::with(config);
        let link = host.hub.accept(host.now).unwrap();
        let request = format!(
            "GET /api/v1/pam/ws/ada?token=ada HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\
            Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
            Sec-WebSocket-Protocol: {offered}\r\n\
            Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
        );
        host.hub.handle_bytes(host.now, link, request.as_bytes()).unwrap();
        while host.hub.poll_event().is_some() {}
        let mut out = Vec::new();
        let _ = host.hub.poll_transmit(link, &mut out);
        let head = String::from_utf8_lossy(&out).to_ascii_lowercase();
        assert!(head.starts_with("http/1.1 101") && !head.contains("extensions"), "{head}");
        let mut lines = head.lines();
        let name = lines.find_map(|line| line.strip_prefix("sec-websocket-protocol: "));
        name.map(str::to_owned)
    })
}

#[test]
fn no_subprotocol_is_chosen_but_one_that_the_host_takes() {
    for (offered, chosen) in [
        ("pam, other", None),
        ("other, app.v2, app.v1", Some("app.v2")),
        ("app.v1", Some("app.v1")),
        ("APP.V1", None),
        ("app", None),
    ] {
        assert_eq!(agreed_on(offered), [chosen.map(str::to_owned), None], "{offered}");
    }
}

#[test]
fn what_a_host_takes_comes_after_the_dialect_of_sessions() {
    let v1 = || Some("pamlink.v1".to_owned());
    assert_eq!(agreed_on("app.v1, pamlink.v1"), [v1(), v1()]);
    // A hub of small messages does not speak that.
    let mut config = HubConfig::default();
    config.link.frames.max_message = 1_024;
    config.subprotocols = vec!["pamlink.v1".into(), "app.v1".into()];
    let host = Host::with(config);
    assert_eq!(host.hub.choose_subprotocol(["pamlink.v1", "app.v1"]), Some("app.v1"));
}

#[test]
fn a_host_takes_no_subprotocol_that_is_the_hubs_own() {
    for own in ["pamlink.v1", "pamlink.token.x", "pamlink."] {
        assert_eq!(check_subprotocol(own), Err(SubprotocolError::Reserved), "{own}");
    }
    for none in ["", "a b", "a,b", "\u{e4}"] {
        assert_eq!(check_subprotocol(none), Err(SubprotocolError::NoToken), "{none}");
    }
    assert_eq!(check_subprotocol("graphql-transport-ws"), Ok(()));
}

#[test]
fn a_user_id_has_at_most_256_bytes() {
    let mut host = Host::new();
    host.open(&"u".repeat(256));
    let user = "u".repeat(257);
    let link = host.dial(&format!("/api/v1/pam/ws/{user}?token={user}"));
    assert!(host.peers[&link].status().contains("404"));
}

#[test]
fn the_welcome_comes_first_whatever_the_peer_has_sent_ahead() {
    let mut host = Host::with_auth(HubConfig::default(), Auth::Host);
    let link = host.dial("/api/v1/pam/ws/ada?token=any");
    host.say(link, r#"{"type":"chat","message":"early"}"#);
    host.say(link, r#"{"type":"ping"}"#);
    assert_eq!(host.events(), ["authorize ada"]);
    assert!(host.peers[&link].texts.is_empty());

    let claims = Claims::new("ada", host.now.wall + Duration::from_secs(60));
    host.hub.authorize(host.now, link, Ok(claims)).unwrap();
    host.drain();
    assert_eq!(host.events(), ["opened ada 1", "request ada -> chat"]);
    assert!(host.text(link).starts_with(r#"{"type":"connection","status":"connected""#));
    assert!(host.text(link).starts_with(r#"{"type":"pong""#));
}

#[test]
fn whoever_cannot_be_judged_is_asked_to_come_back() {
    let mut host = Host::with_auth(HubConfig::default(), Auth::Verifier(Box::new(Offline)));
    let link = host.dial("/api/v1/pam/ws/ada?token=any");
    assert_eq!(closed(&host, link), (1013, "verification unavailable"));

    let mut host = Host::with_auth(HubConfig::default(), Auth::Host);
    let link = host.dial("/api/v1/pam/ws/ada?token=any");
    host.pass(Duration::from_secs(9));
    assert_eq!(closed(&host, link), (0, ""));
    host.pass(Duration::from_secs(1));
    assert_eq!(closed(&host, link), (1013, "authorization took too long"));
}
