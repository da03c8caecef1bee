//! Hubs by themselves: who is let in, over bytes and over messages.

use serde_json::{Value, json};

use super::pair::{SECRET, token, verifier};
use super::renewals;
use super::scene::{Records, Scene, WALL_MS};
use super::wire::{ACCEPT, Wire, request};
use crate::record::{Record, hex};

pub(super) fn scenes() -> Vec<Scene> {
    vec![
        over_bytes(),
        turned_away(),
        over_messages(),
        verdicts(),
        by_the_host(),
        renewal(),
        renewals::scene(),
        http(),
    ]
}

/// A link of `user`, whom the host has authenticated.
pub(super) fn open(scene: &mut Scene, user: &str) -> u64 {
    let events = scene.give("hub", "accept_opened", json!({ "user": user, "subject": user }));
    assert_eq!(events.one("opened").text("user"), user);
    events.one("accepted").word("link").expect("a link")
}

/// What comes of a text over a link.
pub(super) fn say(scene: &mut Scene, link: u64, text: &Value) -> Vec<Record> {
    scene.give("hub", "text_in", json!({ "link": link, "text": text.to_string() }))
}

/// The number of the request that came.
pub(super) fn request_of(events: &[Record]) -> u64 {
    events.one("request").word("request").expect("a request")
}

fn over_bytes() -> Scene {
    let about = "A hub over bytes: the request of RFC 6455 section 1.2 byte by byte, a verified \
                 token, a request, its answer, a ping, the peer's close frame.";
    let mut scene = Scene::new("hub-bytes", about);
    scene.hub("hub", verifier());
    let events = scene.give("hub", "accept", Value::Null);
    let link = events.one("accepted").word("link");
    let request = request("ann", &token("ann", 60));
    let (most, last) = request.split_at(request.len() - 1);
    for part in [&most[..1], &most[1..20], &most[20..]] {
        let events = scene.give("hub", "bytes_in", json!({ "link": link, "bytes": hex(part) }));
        assert!(events.names().is_empty());
    }
    let events = scene.give("hub", "bytes_in", json!({ "link": link, "bytes": hex(last) }));
    assert_eq!(events.one("opened").text("user"), "ann");
    let written = events.one("write_bytes").bytes("bytes").expect("bytes").to_vec();
    let end = written.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let head = String::from_utf8(written[..end].to_vec()).expect("a head is text");
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    assert!(head.contains(&format!("\r\nSec-WebSocket-Accept: {ACCEPT}\r\n")), "{head}");
    let wire = Wire::client();
    let welcome = wire.read(&written[end..]);
    let welcome: Value = serde_json::from_str(welcome[0].text("text")).expect("JSON");
    assert_eq!(welcome["type"], "connection");
    assert_eq!(welcome["features"], json!(["reply_to", "repeat"]));
    let request = wire.text(r#"{"type":"chat","id":"q-1","message":"fuel so far?"}"#);
    let events = scene.give("hub", "bytes_in", json!({ "link": link, "bytes": request }));
    let asked = events.one("request");
    assert_eq!((asked.text("user"), asked.text("id")), ("ann", "q-1"));
    assert_eq!(asked.text("text"), "fuel so far?");
    let events = scene.give(
        "hub",
        "reply",
        json!({
            "request": asked.word("request"), "text": "40 so far", "model": "m", "source": "cloud",
            "agent": "chat", "ui_actions": "[{\"a\":1}]",
        }),
    );
    assert_eq!(events.one("delivered").text("outcome"), "queued");
    let answer = &wire.texts(&events)[0];
    assert_eq!(answer["message"], "40 so far");
    assert_eq!((&answer["content"], &answer["error"]), (&answer["message"], &json!(false)));
    assert_eq!(answer["reply_to"], "q-1");
    assert_eq!(answer["ui_actions"], json!([{ "a": 1 }]));
    let ping = wire.ping(b"?");
    let events = scene.give("hub", "bytes_in", json!({ "link": link, "bytes": ping }));
    assert_eq!(wire.frames(&events)[0].bytes("bytes"), Some(&b"?"[..]));
    let ping = wire.text(r#"{"type":"ping","id":3}"#);
    let events = scene.give("hub", "bytes_in", json!({ "link": link, "bytes": ping }));
    let pong = &wire.texts(&events)[0];
    assert_eq!((&pong["type"], &pong["reply_to"]), (&json!("pong"), &json!(3)));
    let close = wire.close(1000, "bye");
    let events = scene.give("hub", "bytes_in", json!({ "link": link, "bytes": close }));
    let closed = events.one("closed");
    assert_eq!((closed.word("code"), closed.word("clean")), (Some(1000), Some(1)));
    assert_eq!(wire.frames(&events)[0].word("code"), Some(1000));
    assert!(!events.no("close_transport"));
    scene.audit("hub").all_closed();
    scene.audit("hub").each_effect_once(1);
    scene
}

fn turned_away() -> Scene {
    let about = "Requests that are answered with a status, and bytes that are none.";
    let mut scene = Scene::new("hub-turned-away", about);
    let mut options = verifier();
    options["origins"] = json!(["http://EXAMPLE.com"]);
    options["subprotocols"] = json!(["app.v1", "app.v2"]);
    scene.hub("hub", options);
    let sound = String::from_utf8(request("ann", "x")).expect("text");
    for (change, to, status) in [
        ("/api/v1/pam/ws/ann?token=x", "/nowhere", "404"),
        ("?token=x", "", "403"),
        ("http://example.com", "http://example.org", "403"),
        ("Version: 13", "Version: 8", "426"),
        ("Upgrade: websocket", "Upgrade: h2c", "4"),
        ("dGhlIHNhbXBsZSBub25jZQ==", "short", "400"),
        ("GET /", "BREW /", "4"),
        ("Host: server.example.com\r\n", "Host: \u{1}\r\n", "400"),
    ] {
        assert!(sound.contains(change));
        let events = scene.give("hub", "accept", Value::Null);
        let link = events.one("accepted").word("link");
        let bytes = hex(sound.replacen(change, to, 1).as_bytes());
        let events = scene.give("hub", "bytes_in", json!({ "link": link, "bytes": bytes }));
        let answer = events.one("write_bytes").bytes("bytes").expect("bytes").to_vec();
        let answer = String::from_utf8(answer).expect("a head is text");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{to}: {answer}");
        assert!(
            !events.no("closed") && !events.no("close_transport"),
            "{to}: {:?}",
            events.names()
        );
        assert!(events.no("opened"));
    }
    // The same request, of a peer whose token is none, is answered and closed: clients of the dialect
    // cannot see a status. Of the subprotocols that it offers, the first that the hub takes is agreed on.
    let events = scene.give("hub", "accept", Value::Null);
    let link = events.one("accepted").word("link");
    let offering = "Sec-WebSocket-Protocol: app.v3, app.v2, app.v1\r\nHost: server";
    let bytes = hex(sound.replacen("Host: server", offering, 1).as_bytes());
    let events = scene.give("hub", "bytes_in", json!({ "link": link, "bytes": bytes }));
    let written = events.one("write_bytes").bytes("bytes").expect("bytes").to_vec();
    let end = written.windows(4).position(|four| four == b"\r\n\r\n").expect("a head") + 4;
    let head = str::from_utf8(&written[..end]).expect("a head is text");
    assert!(head.contains("\r\nSec-WebSocket-Protocol: app.v2\r\n"), "{head}");
    assert_eq!(Wire::client().read(&written[end..])[0].word("code"), Some(4001));
    assert!(events.no("closed"), "it waits for the peer's close frame");
    assert_eq!(scene.wait_for(&events), "close handshake");
    assert!(!scene.tick("hub").no("close_transport"));
    // One that says nothing.
    let events = scene.give("hub", "accept", Value::Null);
    assert_eq!(scene.wait_for(&events), "handshake");
    let events = scene.tick("hub");
    assert_eq!(events.one("closed").text("cause"), "timeout: handshake");
    // And one that is gone before it has said all.
    let events = scene.give("hub", "accept", Value::Null);
    let link = events.one("accepted").word("link");
    scene.give("hub", "bytes_in", json!({ "link": link, "bytes": hex(b"GET /") }));
    assert!(!scene.give("hub", "closed_in", json!({ "link": link })).no("closed"));
    scene.audit("hub").all_closed();
    scene
}

fn over_messages() -> Scene {
    let about = "A hub over transports of messages: a user that the host knows, one with a token, \
                 one with neither, one whose name is too long, and the ends.";
    let mut scene = Scene::new("hub-messages", about);
    scene.hub("hub", verifier());
    let ann = open(&mut scene, "ann");
    let events = scene.give(
        "hub",
        "accept_opened",
        json!({
            "user": "bob", "token": token("bob", 60),
        }),
    );
    let bob = events.one("accepted").word("link").expect("a link");
    assert_eq!(events.written()[0]["type"], "connection");
    for members in [
        json!({ "user": "eve" }),
        json!({ "user": "eve", "token": "" }),
        json!({ "user": "eve", "token": token("bob", 60) }),
        json!({ "user": "eve", "subject": "bob" }),
        json!({ "user": "e".repeat(257), "subject": "e".repeat(257) }),
        json!({ "user": "eve", "subject": "eve", "expires": WALL_MS * 1_000 }),
    ] {
        let events = scene.give("hub", "accept_opened", members);
        let link = events.one("accepted").word("link");
        assert!(events.no("opened"));
        assert_eq!(events.one("write_close").word("code"), Some(4001));
        let events = scene.give("hub", "close_in", json!({ "link": link, "code": 4001 }));
        assert_eq!(events.names(), ["closed", "close_transport"]);
    }
    let events = say(&mut scene, bob, &json!({ "type": "context_update", "id": 1, "context": {} }));
    assert_eq!(events.one("received").text("kind"), "context_update");
    assert_eq!(events.written()[0]["type"], "context_updated");
    let events = say(&mut scene, bob, &json!({ "type": "pong" }));
    assert!(events.names().is_empty(), "life and nothing else");
    let members = json!({ "link": bob, "code": 1008, "reason": "because" });
    let events = scene.give("hub", "disconnect_link", members);
    assert_eq!(events.one("disconnected").word("links"), Some(1));
    assert_eq!(events.one("write_close").word("code"), Some(1008));
    assert_eq!(scene.wait_for(&events), "close handshake");
    let events = scene.tick("hub");
    assert_eq!(events.names(), ["closed", "close_transport"]);
    // The transport's end is the end, whoever ended it; of a link that is gone there is no event.
    let events = scene.give("hub", "closed_in", json!({ "link": ann }));
    assert_eq!(events.names(), ["closed"]);
    assert_eq!(events.one("closed").word("links_of_user"), Some(0));
    let events = scene.give("hub", "closed_in", json!({ "link": ann }));
    assert!(events.names().is_empty());
    let events = say(&mut scene, ann, &json!({ "type": "ping" }));
    assert_eq!(events.one("fault").text("name"), "no_link");
    scene.audit("hub").all_closed();
    scene
}

fn verdicts() -> Scene {
    let about =
        "HS256 tokens: a good one, and those that are closed with 4001, each for its reason.";
    let mut scene = Scene::new("hub-verdicts", about);
    scene.hub("hub", verifier());
    let events =
        scene.give("hub", "accept_opened", json!({ "user": "ann", "token": token("ann", 5) }));
    assert!(!events.no("opened"));
    // Ten seconds of leeway: the clocks of issuer and server lie apart.
    let events =
        scene.give("hub", "accept_opened", json!({ "user": "ann", "token": token("ann", -9) }));
    assert!(!events.no("opened"));
    let other = pamlink_ffi::sign_token(&[b'x'; 32], "ann", i64::MAX / 4, None).expect("a secret");
    let audience = Some("others".to_owned());
    let until = WALL_MS as i64 * 1_000 + 60_000_000;
    let foreign = pamlink_ffi::sign_token(SECRET, "ann", until, audience).expect("a secret");
    let mut reasons = Vec::new();
    for token in [token("ann", -11), token("bob", 60), other, foreign, "no.such.token".to_owned()] {
        let events = scene.give("hub", "accept_opened", json!({ "user": "ann", "token": token }));
        assert!(events.no("opened"));
        let close = events.one("write_close");
        assert_eq!(close.word("code"), Some(4001));
        assert!(!close.text("reason").contains(&*token), "a token in a reason");
        reasons.push(close.text("reason").to_owned());
        let link = close.word("link");
        scene.give("hub", "closed_in", json!({ "link": link }));
    }
    reasons.dedup();
    assert_eq!(reasons.len(), 5, "{reasons:?}");
    scene
}

fn by_the_host() -> Scene {
    let about = "A hub whose host decides on tokens: yes, no, for another user, not now, too late; \
                 what the peer says before is looked at after.";
    let mut scene = Scene::new("hub-by-the-host", about);
    scene.hub("hub", json!({}));
    let knock = |scene: &mut Scene, user: &str| {
        let events = scene.give("hub", "accept_opened", json!({ "user": user, "token": "t" }));
        let asked = events.one("authorize");
        assert_eq!((asked.text("user"), asked.text("token")), (user, "t"));
        asked.word("link").expect("a link")
    };
    let ann = knock(&mut scene, "ann");
    let events = say(&mut scene, ann, &json!({ "type": "chat", "id": "q", "message": "early" }));
    assert!(events.names().is_empty());
    let events = scene.give("hub", "authorize_link", json!({ "link": ann, "subject": "ann" }));
    assert_eq!(events.names()[..2], ["opened", "request"]);
    for (verdict, code) in [
        (json!({ "error": "expired" }), 4001),
        (json!({ "error": "bad_signature" }), 4001),
        (json!({ "error": "no such error" }), 4001),
        (json!({}), 4001),
        (json!({ "error": "verifier_unavailable" }), 1013),
        (json!({ "subject": "bob" }), 4001),
        (json!({ "subject": "eve", "expires": 1 }), 4001),
    ] {
        let eve = knock(&mut scene, "eve");
        let mut verdict = verdict;
        verdict["link"] = eve.into();
        let events = scene.give("hub", "authorize_link", verdict);
        assert_eq!(events.one("write_close").word("code"), Some(code));
        assert!(events.no("opened"));
        scene.give("hub", "closed_in", json!({ "link": eve }));
    }
    let late = knock(&mut scene, "late");
    let events = scene.tick("hub");
    assert_eq!(scene.wait_for(&events), "handshake");
    let events = scene.tick("hub");
    assert_eq!(events.one("write_close").word("code"), Some(1013));
    let events = scene.give("hub", "authorize_link", json!({ "link": late, "subject": "late" }));
    assert!(events.no("opened"), "too late");
    scene.give("hub", "closed_in", json!({ "link": late }));
    let events = scene.give("hub", "authorize_link", json!({ "link": late, "subject": "late" }));
    assert_eq!(events.one("fault").text("name"), "no_link");
    // Over bytes the token is that of the target.
    let events = scene.give("hub", "accept", Value::Null);
    let link = events.one("accepted").word("link");
    let bytes = hex(&request("cat", "a%20b"));
    let events = scene.give("hub", "bytes_in", json!({ "link": link, "bytes": bytes }));
    assert_eq!(events.one("authorize").text("token"), "a b");
    let events = scene.give("hub", "authorize_link", json!({ "link": link, "subject": "cat" }));
    assert_eq!(events.one("opened").text("user"), "cat");
    scene
}

fn renewal() -> Scene {
    let about = "Tokens over an open link: a good one prolongs it, a bad one is answered and changes \
                 nothing, and without any it ends a minute after its token.";
    let mut scene = Scene::new("hub-renewal", about);
    let mut options = verifier();
    options["heartbeat_interval_ms"] = json!(25_000);
    options["heartbeat_deadline_ms"] = json!(120_000);
    scene.hub("hub", options);
    let events =
        scene.give("hub", "accept_opened", json!({ "user": "ann", "token": token("ann", 60) }));
    let link = events.one("accepted").word("link").expect("a link");
    let bad = json!({ "type": "auth", "id": "a-1", "token": token("bob", 500) });
    let events = say(&mut scene, link, &bad);
    let answer = &events.written()[0];
    assert_eq!((&answer["type"], &answer["reply_to"]), (&json!("error"), &json!("a-1")));
    assert_eq!(answer["error_code"], "AUTH_REQUIRED");
    let good = json!({ "type": "auth", "token": token("ann", 100) });
    assert!(say(&mut scene, link, &good).names().is_empty());
    let began = scene.at_ms;
    let mut events = scene.tick("hub");
    while events.no("write_close") {
        scene.wait_for(&events);
        events = scene.tick("hub");
        if events.no("write_close") {
            say(&mut scene, link, &json!({ "type": "pong" }));
            events = scene.tick("hub");
        }
    }
    assert_eq!(scene.at_ms - began, 160_000, "100 s and the grace");
    assert_eq!(events.one("write_close").word("code"), Some(4001));
    scene
}

fn http() -> Scene {
    let about = "Plain HTTP requests on the same port are the host's to answer.";
    let mut scene = Scene::new("hub-http", about);
    scene.hub("hub", json!({}));
    let get = |scene: &mut Scene, method: &str, target: &str| {
        let events = scene.give("hub", "accept", Value::Null);
        let link = events.one("accepted").word("link");
        let head = format!("{method} {target} HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-a: 2\r\n\r\n");
        let bytes = hex(head.as_bytes());
        let events = scene.give("hub", "bytes_in", json!({ "link": link, "bytes": bytes }));
        let http = events.one("http");
        assert_eq!((http.text("method"), http.text("target")), (method, target));
        assert!(http.text("headers").to_lowercase().contains("x-a: 1\nx-a: 2\n"));
        link
    };
    let link = get(&mut scene, "GET", "/healthz?full=1");
    let respond = |link, status: u64| json!({ "link": link, "status": status, "content_type": "text/plain", "body": hex("güt".as_bytes()) });
    let events = scene.give("hub", "respond", respond(link, 99));
    assert_eq!(events.one("fault").text("name"), "bad_response");
    let events = scene.give("hub", "respond", respond(link, 200));
    let answer = events.one("write_bytes").bytes("bytes").expect("bytes");
    let answer = str::from_utf8(answer).expect("text");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\ngüt"), "{answer}");
    assert!(answer.contains("\r\nContent-Type: text/plain\r\n"));
    assert!(answer.contains("\r\nContent-Length: 4\r\n"));
    assert!(!events.no("close_transport") && !events.no("closed"));
    let events = scene.give("hub", "respond", respond(link, 200));
    assert_eq!(events.one("fault").text("name"), "no_link");
    let link = get(&mut scene, "HEAD", "/");
    let events = scene.give("hub", "respond", respond(link, 404));
    let answer = events.one("write_bytes").bytes("bytes").expect("bytes");
    assert!(answer.ends_with(b"\r\n\r\n"), "a HEAD request gets no body");
    let link = get(&mut scene, "GET", "/never");
    let events = scene.tick("hub");
    assert_eq!(scene.wait_for(&events), "handshake");
    let events = scene.tick("hub");
    assert!(!events.no("closed"));
    let events = scene.give("hub", "respond", respond(link, 200));
    assert_eq!(events.one("fault").text("name"), "no_link");
    // One that is a link has no request to answer.
    let link = open(&mut scene, "ann");
    let events = scene.give("hub", "respond", respond(Some(link), 200));
    assert_eq!(events.one("fault").text("name"), "bad_response");
    scene
}
