//! How a link agrees on the dialect, and who is let in.

use core::time::Duration;

use super::script::{hello, kind, member};
use crate::frame::{Incoming, Outgoing};
use crate::hub::tests::support::{Host, START};
use crate::hub::{Auth, Event, HubConfig, LinkId, Proof, Reply};
use crate::link::{AuthError, Claims, Token};
use crate::time::Wall;

/// The code of the `goodbye` that came, and the code that the link was closed with.
fn parted(host: &mut Host, link: LinkId) -> (String, u16) {
    let goodbye = host.text(link);
    assert!(goodbye.starts_with(r#"{"type":"goodbye","#), "{goodbye}");
    let closed = host.peers[&link].closed.as_ref().map_or(0, |closed| closed.0);
    (member(&goodbye, "code").trim_matches('"').to_owned(), closed)
}

#[test]
fn hello_is_answered_by_welcome() {
    let mut host = Host::new();
    let link = host.dial_v1("ada");
    let head = str::from_utf8(&host.peers[&link].head).unwrap();
    assert!(head.contains("\r\nSec-WebSocket-Protocol: pamlink.v1\r\n"), "{head}");
    assert!(host.peers[&link].texts.is_empty() && host.events().is_empty());
    host.say(link, &hello("ada"));
    assert_eq!(
        host.text(link),
        r#"{"type":"welcome","version":1,"features":0,"limits":{"message":1048576},"heartbeat":20000,"expires":3600000}"#
    );
    assert!(host.events().is_empty(), "it carries no session yet");
    host.say(link, r#"{"type":"open","sent":["c1a5e00000000001",0]}"#);
    assert_eq!(host.events(), ["opened ada 1"]);
    host.say(link, r#"{"type":"open","channel":1,"sent":["c1a5e00000000002",0]}"#);
    assert!(host.events().is_empty(), "and is known when it carries another");
}

#[test]
fn a_token_may_be_in_the_handshake_and_that_of_hello_comes_first() {
    let mut host = Host::new();
    let plain = r#"{"type":"hello","versions":[1,1],"features":0,"limits":{"message":1048576}}"#;
    for (authorization, subprotocols, hello, wanted) in [
        (Some("Bearer ada"), vec!["pamlink.v1"], plain.to_owned(), "welcome"),
        (Some("bearer  ada"), vec!["pamlink.v1", "pamlink.token.bad"], plain.to_owned(), "welcome"),
        (None, vec!["pamlink.token.ada", "pamlink.v1"], plain.to_owned(), "welcome"),
        (Some("Bearer bad"), vec!["pamlink.v1", "pamlink.token.bad"], hello("ada"), "welcome"),
        (Some("Bearer ada"), vec!["pamlink.v1"], hello("bad"), "goodbye"),
        (Some("Basic ada"), vec!["pamlink.v1"], plain.to_owned(), "goodbye"),
        (None, vec!["pamlink.v1"], plain.to_owned(), "goodbye"),
    ] {
        (host.authorization, host.subprotocols) = (authorization, subprotocols);
        let link = host.dial_v1("ada");
        host.say(link, &hello);
        let said = host.text(link);
        assert_eq!(member(&said, "type").trim_matches('"'), wanted, "{hello}");
    }
}

#[test]
fn a_client_that_is_not_believed_learns_why() {
    let mut host = Host::new();
    for (said, code, close) in [
        (hello("bad"), "unauthorized", 4001),
        (hello("eve"), "unauthorized", 4001),
        (hello("ada").replace("[1,1]", "[2,9]"), "version", 4003),
        (hello("ada").replace("[1,1]", "[0,9]"), "malformed", 4003),
        (r#"{"type":"open","sent":["c1a5e00000000001",0]}"#.to_owned(), "not_open", 4003),
        ("{".to_owned(), "not_open", 4003),
    ] {
        let link = host.dial_v1("ada");
        host.say(link, &said);
        assert_eq!(parted(&mut host, link), (code.to_owned(), close), "{said}");
    }
    assert_eq!(host.hub.links_welcomed(), 0);
}

#[test]
fn a_client_that_says_nothing_is_a_stranger_and_leaves_in_time() {
    let mut config = HubConfig::default();
    config.max_unauthenticated = 2;
    let mut host = Host::with(config);
    let first = host.dial_v1("ada");
    host.dial_v1("ada");
    let last = host.dial_v1("ada");
    assert!(host.peers[&first].transport_closed, "the oldest makes way");
    host.pass(Duration::from_secs(10));
    assert_eq!(parted(&mut host, last), ("idle".to_owned(), 1001));
}

#[test]
fn a_client_says_no_more_than_so_much_before_it_is_welcomed() {
    let mut host = Host::new();
    let link = host.dial_v1("ada");
    host.say(link, &hello(&"x".repeat(17_000)));
    assert_eq!(parted(&mut host, link).0, "too_large");
}

#[test]
fn a_binary_message_is_no_hello() {
    let mut host = Host::new();
    let link = host.dial_v1("ada");
    let mut frame = Vec::new();
    host.peers.get_mut(&link).unwrap().writer.binary(b"{}", &mut frame).unwrap();
    host.bytes(link, &frame);
    assert_eq!(parted(&mut host, link), ("not_open".to_owned(), 4003));
}

#[test]
fn the_host_decides_about_a_token_in_its_own_time() {
    let mut host = Host::with_auth(HubConfig::default(), Auth::Host);
    let link = host.dial_v1("ada");
    host.say(link, &hello("e.y.J"));
    assert_eq!(host.events(), ["authorize ada"]);
    assert!(host.peers[&link].texts.is_empty());
    let claims = Claims::new("ada", Wall::from_unix_secs(START + 60));
    host.hub.authorize(host.now, link, Ok(claims)).unwrap();
    host.drain();
    assert_eq!(member(&host.text(link), "expires"), "60000");
    let other = host.dial_v1("ada");
    // Nobody was asked yet.
    host.hub.authorize(host.now, other, Err(AuthError::Expired)).unwrap();
    host.say(other, &hello("e.y.J"));
    host.hub.authorize(host.now, other, Err(AuthError::Expired)).unwrap();
    host.drain();
    assert_eq!(parted(&mut host, other).0, "unauthorized");
}

#[test]
fn several_envelopes_share_a_message_where_both_can() {
    let mut host = Host::new();
    let link = host.dial_v1("ada");
    host.say(link, &hello("ada").replace(r#""features":0"#, r#""features":7"#));
    assert_eq!(member(&host.text(link), "features"), "1");
    let open = r#"{"type":"open","sent":["c1a5e00000000001",0]}"#;
    let item = |number: u32| {
        format!(
            r#"{{"type":"item","at":["c1a5e00000000001",{number}],"stream":"q-{number}","body":{{"type":"chat","id":{number},"message":"x"}}}}"#
        )
    };
    host.say(link, open);
    host.text(link);
    host.say(link, &[item(1), item(2)].join("\u{1e}"));
    assert_eq!(host.requests.len(), 2);
    // Both end before the links are looked at.
    for request in core::mem::take(&mut host.requests) {
        let reply = Reply::text("y");
        let _ = host.hub.reply(host.now, request, &reply).unwrap();
    }
    host.drain();
    let texts: Vec<_> = core::mem::take(&mut host.peers.get_mut(&link).unwrap().texts);
    let envelopes: Vec<_> = texts.iter().flat_map(|text| text.split('\u{1e}')).collect();
    assert_eq!(envelopes.len(), 2, "{texts:?}");
    // Where the feature is not agreed, the same is no envelope.
    let other = host.open_v1("ada");
    host.say(other, &[open, open].join("\u{1e}"));
    assert_eq!(parted(&mut host, other), ("malformed".to_owned(), 4003));
}

#[test]
fn a_token_among_envelopes_hides_none_of_them() {
    let mut host = Host::new();
    let batched = hello("ada").replace(r#""features":0"#, r#""features":1"#);
    let link = host.dial_v1("ada");
    host.say(link, &batched);
    host.text(link);
    let token = r#"{"type":"token","token":"ada"}"#;
    let open = r#"{"type":"open","sent":["c1a5e00000000001",0]}"#;
    host.say(link, &[token, open].join("\u{1e}"));
    let said = host.said_v1(link);
    let kinds: Vec<_> = said.iter().map(|text| kind(text)).collect();
    assert_eq!(kinds, ["renewed", "opened"]);
    host.say(link, &[token, token].join("\u{1e}"));
    assert_eq!(parted(&mut host, link), ("overloaded".to_owned(), 4008));
}

/// Hands a whole message to a link, and takes what it answers.
fn whole(host: &mut Host, link: LinkId, text: &str) -> Vec<String> {
    host.hub.handle_message(host.now, link, Incoming::Text(text)).unwrap();
    while let Some(event) = host.hub.poll_event() {
        if let Event::Request(request) = event {
            host.requests.push(request.request);
        }
    }
    taken(host, link)
}

/// What a link gives its transport.
fn taken(host: &mut Host, link: LinkId) -> Vec<String> {
    let mut texts = Vec::new();
    let mut out = Vec::new();
    while let Some(outgoing) = host.hub.poll_message(link, &mut out) {
        let text = String::from_utf8(core::mem::take(&mut out)).unwrap();
        match outgoing {
            Outgoing::Text => texts.push(text),
            Outgoing::Close(code) => texts.push(format!("close {code}")),
            _ => break,
        }
    }
    texts
}

#[test]
fn a_transport_of_whole_messages_speaks_it_as_well() {
    let mut host = Host::new();
    let plain = r#"{"type":"hello","versions":[1,1],"features":0,"limits":{"message":1048576}}"#;
    let until = |secs| Claims::new("ada", Wall::from_unix_secs(START + secs));
    for (proof, hello, wanted) in [
        (Proof::Claims(until(60)), plain.to_owned(), "welcome"),
        (Proof::Token(Token::new("ada")), plain.to_owned(), "welcome"),
        (Proof::None, hello("ada"), "welcome"),
        (Proof::Claims(until(60)), hello("bad"), "welcome"),
        (Proof::Claims(until(-60)), plain.to_owned(), "goodbye"),
        (Proof::Claims(Claims::new("eve", until(60).expires)), plain.to_owned(), "goodbye"),
        (Proof::None, plain.to_owned(), "goodbye"),
    ] {
        let link = host.hub.accept_opened_v1(host.now, "ada", proof).unwrap();
        let said = whole(&mut host, link, &hello);
        assert_eq!(member(&said[0], "type").trim_matches('"'), wanted, "{hello}");
        assert_eq!(said.len(), if wanted == "welcome" { 1 } else { 2 }, "{said:?}");
    }
    let long = "x".repeat(257);
    let link = host.hub.accept_opened_v1(host.now, &long, Proof::None).unwrap();
    assert_eq!(taken(&mut host, link).last().unwrap(), "close 4001");

    let claims = Proof::Claims(until(3_600));
    let link = host.hub.accept_opened_v1(host.now, "ada", claims).unwrap();
    whole(&mut host, link, plain);
    whole(&mut host, link, r#"{"type":"open","sent":["c1a5e00000000001",0]}"#);
    let item = r#"{"type":"item","at":["c1a5e00000000001",1],"stream":"q","body":{"type":"chat","id":1,"message":"x"}}"#;
    whole(&mut host, link, item);
    let text = "forty liters ".repeat(4_000);
    let _ = host.hub.reply(host.now, host.requests[0], &Reply::text(&text)).unwrap();
    let said = taken(&mut host, link);
    assert_eq!(member(said.last().unwrap(), "how"), r#""done""#, "{said:?}");
}

#[test]
fn a_hub_that_takes_less_than_the_dialect_needs_speaks_pam() {
    for (largest, speaks_it) in [(524_287, false), (524_288, true)] {
        let mut config = HubConfig::default();
        config.link.frames.max_message = largest;
        let mut host = Host::with(config);
        host.subprotocols = vec!["pamlink.v1"];
        let link = host.dial("/api/v1/pam/ws/ada?token=ada");
        let head = String::from_utf8_lossy(&host.peers[&link].head);
        assert_eq!(head.contains("pamlink.v1"), speaks_it, "{head}");
        // The welcome of `pam` is there at once.
        assert_eq!(host.peers[&link].texts.len(), usize::from(!speaks_it));
    }
}
