//! Clients that come back, and those that do not: backoff, classes, tokens, liveness.

use serde_json::{Value, json};

use super::client::{WELCOME, text};
use super::pair::token;
use super::scene::{Records, Scene, WALL_MS};
use super::wire::Wire;
use crate::record::{Record, hex};

pub(super) fn scenes() -> Vec<Scene> {
    vec![backoff(), classes(), tokens(), renewal(), heartbeat(), bytes_heartbeat(), deadlines()]
}

const SECOND: u64 = 1_000_000_000;

/// The delay before retry `n` lies within the bounds of docs/link-states.md.
fn within_bounds(retrying: &Record, n: u32, cap: u64) {
    let after = retrying.word("after").expect("a delay");
    let most = cap.min((SECOND / 2).saturating_mul(1 << n));
    let (least, most) = if n == 0 { (0, SECOND) } else { (SECOND / 5, most.max(SECOND / 5)) };
    assert!((least..=most).contains(&after), "retry {n} after {after}");
}

fn backoff() -> Scene {
    let about = "Dial after dial fails: the delays grow up to the cap, each drawn anew. A link that \
                 lived ten seconds after its welcome begins them again; `wake` ends the wait.";
    let mut scene = Scene::new("client-backoff", about);
    scene.client("client", json!({ "backoff_cap_ms": 8_000 }));
    scene.client("other", json!({}));
    let mut delays = Vec::new();
    for machine in ["client", "other"] {
        scene.give(machine, "connect", Value::Null);
    }
    for n in 0..9 {
        let events = scene.give("client", "dial_failed", json!({ "class": "network" }));
        assert_eq!(events.names(), ["state_changed", "closed", "retrying"]);
        within_bounds(events.one("retrying"), n, 8 * SECOND);
        assert_eq!(events.one("retrying").word("attempt"), Some(u64::from(n) + 2));
        delays.push(events.one("retrying").word("after"));
        assert_eq!(scene.wait_for(&events), "backoff");
        let events = scene.tick("client");
        assert_eq!(events.one("dial").word("attempt"), Some(u64::from(n) + 2));
    }
    delays.dedup();
    assert_eq!(delays.len(), 9, "no two are equal");
    scene.give("client", "opened_in", Value::Null);
    scene.give("client", "text_in", text(WELCOME));
    scene.wait(10_000);
    scene.tick("client");
    let events = scene.give("client", "closed_in", json!({}));
    within_bounds(events.one("retrying"), 0, 8 * SECOND);
    // The device wakes up: no waiting, and no second dial for the second call.
    assert!(!scene.give("client", "wake", Value::Null).no("dial"));
    assert!(scene.give("client", "network_changed", Value::Null).no("dial"));
    // Another seed, other delays.
    let events = scene.give("other", "dial_failed", json!({ "class": "no such class" }));
    assert_eq!(events.one("closed").text("class"), "network");
    assert_ne!(events.one("retrying").word("after"), delays[0]);
    scene
}

fn classes() -> Scene {
    let about = "What follows from a dial that failed with a status or a class, from the status of \
                 an answer, and from a close code: one client for each.";
    let mut scene = Scene::new("client-classes", about);
    let dials = [
        (json!({ "status": 503 }), "server_unavailable", "retrying"),
        (json!({ "status": 500 }), "server_error", "retrying"),
        (json!({ "status": 408 }), "timeout", "retrying"),
        (json!({ "status": 429 }), "rate_limited", "retrying"),
        (json!({ "status": 404 }), "not_found", "retrying"),
        (json!({ "status": 404, "retry_after": 90 * SECOND }), "not_found", "retrying"),
        (json!({ "status": 410 }), "refused", "stopped"),
        (json!({ "status": 413 }), "setup", "stopped"),
        (json!({ "status": 101 }), "setup", "stopped"),
        (json!({ "status": 200, "said": "\n<html>\r\nlogin" }), "setup", "stopped"),
        (json!({ "status": 301 }), "setup", "stopped"),
        (json!({ "status": 400, "said": "missing Upgrade" }), "setup", "stopped"),
        (json!({ "status": 401, "said": "proxy: who are you?" }), "authentication", "stopped"),
        (json!({ "status": 407 }), "authentication", "stopped"),
        (json!({ "status": 414, "said": "no token=secret here" }), "setup", "stopped"),
        (json!({ "status": 426 }), "setup", "stopped"),
        (json!({ "status": 431 }), "setup", "stopped"),
        (json!({ "status": 501 }), "setup", "stopped"),
        (json!({ "status": 505 }), "setup", "stopped"),
        (json!({ "status": 511 }), "network", "retrying"),
        (json!({ "class": "timeout" }), "timeout", "retrying"),
        (json!({ "class": "network", "said": "no route to \u{1b}[2Jhost" }), "network", "retrying"),
        (json!({ "class": "protocol" }), "protocol", "stopped"),
        (json!({}), "network", "retrying"),
        // A status says more than a class.
        (json!({ "status": 505, "class": "network" }), "setup", "stopped"),
    ];
    for (at, (how, class, then)) in dials.into_iter().enumerate() {
        let client = format!("dial-{at}");
        scene.client(&client, json!({}));
        scene.give(&client, "connect", Value::Null);
        let status = how["status"].as_u64();
        let hint = how["retry_after"].as_u64().unwrap_or(30 * SECOND);
        let records = scene.give(&client, "dial_failed", how);
        ends(&records, class, then);
        assert_eq!(records.one(then).word("status"), status);
        if matches!(class, "rate_limited" | "not_found") {
            let after = records.one("retrying").word("after").expect("a delay");
            assert!((hint..=hint / 4 * 5).contains(&after), "30 s if not told: {after}");
        }
    }
    let closes = [
        (1000, "normal", "stopped"),
        (1001, "server_unavailable", "retrying"),
        (1002, "protocol", "stopped"),
        (1009, "too_big", "retrying"),
        (1011, "server_error", "retrying"),
        (1013, "server_unavailable", "retrying"),
        (3008, "timeout", "retrying"),
        (4003, "refused", "stopped"),
        (4008, "rate_limited", "retrying"),
        (4100, "server_error", "retrying"),
        (4500, "refused", "stopped"),
    ];
    for (code, class, then) in closes {
        let client = format!("close-{code}");
        scene.client(&client, json!({}));
        scene.give(&client, "connect", Value::Null);
        scene.give(&client, "opened_in", Value::Null);
        let events = scene.give(&client, "close_in", json!({ "code": code, "reason": "why" }));
        assert_eq!(events.one("closed").text("reason"), "why");
        ends(&events, class, then);
        assert_eq!(events.one(then).word("code"), Some(code));
        assert_eq!(events.one(then).text("cause"), format!("peer: close {code}: why"));
    }
    for (status, body, class, then) in [
        ("503 No\r\nRetry-After: 120", "", "server_unavailable", "retrying"),
        ("404 No", "no backend", "not_found", "retrying"),
        ("200 OK", "<html>\n<body>", "setup", "stopped"),
        ("301 Moved\r\nLocation: https://h/", "moved", "setup", "stopped"),
        ("426 No", "Upgrade Required", "setup", "stopped"),
    ] {
        let client = format!("answer-{}", &status[..3]);
        scene.client(&client, json!({}));
        scene.give(&client, "connect", Value::Null);
        scene.give(&client, "dialed", Value::Null);
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
        let events = scene.give(&client, "bytes_in", json!({ "bytes": hex(answer.as_bytes()) }));
        ends(&events, class, then);
        if status.contains("120") {
            let after = events.one("retrying").word("after").expect("a delay");
            assert!((120 * SECOND..=150 * SECOND).contains(&after), "as told: {after}");
        }
    }
    scene
}

fn ends(events: &[Record], class: &str, then: &str) {
    assert_eq!(events.one("closed").text("class"), class);
    assert_eq!(events.one(then).text("class"), class);
    let other = if then == "stopped" { "retrying" } else { "stopped" };
    assert!(events.no(other), "{:?}", events.names());
}

fn tokens() -> Scene {
    let about = "A token is asked for, goes into the target, is refused once and again; tokens that \
                 are none; a host that has none.";
    let mut scene = Scene::new("client-tokens", about);
    for client in ["client", "denied", "patient", "spoilt", "skewed", "refused"] {
        scene.client(client, json!({ "anonymous": false }));
    }
    let events = scene.give("client", "connect", Value::Null);
    assert_eq!(events.names(), ["state_changed", "need_token"]);
    assert_eq!(events.one("need_token").text("need"), "missing");
    let events = scene.give("client", "token", json!({ "token": "first" }));
    assert_eq!(events.one("dial").text("target"), "/api/v1/pam/ws/ann?token=first");
    assert!(events.one("dial").text("url").ends_with("/ann?token=first"));
    scene.give("client", "opened_in", Value::Null);
    let events = scene.give("client", "close_in", json!({ "code": 4001, "reason": "expired" }));
    assert_eq!(events.one("closed").text("class"), "authentication");
    assert_eq!(events.one("need_token").text("need"), "rejected");
    scene.wait_for(&events);
    let _ = scene.tick("client");
    let events = scene.give("client", "token", json!({ "token": "second" }));
    let events = match events.no("dial") {
        false => events,
        true => {
            scene.wait_for(&events);
            scene.tick("client")
        }
    };
    assert!(events.one("dial").text("target").ends_with("token=second"));
    // Refused again right after the renewal: there is no use in a third.
    let events = scene.give("client", "dial_failed", json!({ "status": 401 }));
    ends(&events, "authentication", "stopped");
    let events = scene.give("client", "connect", Value::Null);
    assert!(!events.no("dial") || !events.no("need_token"), "only the host begins again");

    scene.give("denied", "connect", Value::Null);
    let events = scene.give("denied", "token_failed", json!({ "denied": 1 }));
    assert!(events.one("stopped").text("cause").starts_with("token: "));
    let events = scene.give("patient", "connect", Value::Null);
    let later_events = scene.give("patient", "token_failed", json!({ "denied": 0 }));
    assert!(!later_events.no("retrying") && events.no("retrying"));
    scene.wait_for(&later_events);
    let events = scene.tick("patient");
    assert_eq!(events.one("need_token").text("need"), "missing");
    // A host that says nothing for 30 s is asked again later.
    let at = scene.at_ms;
    scene.wait_for(&events);
    assert_eq!(scene.at_ms, at + 30_000);
    assert!(!scene.tick("patient").no("retrying"));

    scene.give("spoilt", "connect", Value::Null);
    let events = scene.give("spoilt", "token", json!({ "token": "two words" }));
    assert_eq!(events.one("fault").text("name"), "token_malformed");
    assert!(!events.no("stopped"), "a host that has no better token");

    // By the device's clock it is over; whether it is the server says.
    let past = WALL_MS * 1_000 - 1;
    scene.give("skewed", "connect", Value::Null);
    let events = scene.give("skewed", "token", json!({ "token": "old", "expires": past }));
    assert!(events.one("dial").text("target").ends_with("token=old"));

    // What the server said of the last token says more than that there is no other.
    scene.give("refused", "token", json!({ "token": "first" }));
    scene.give("refused", "connect", Value::Null);
    scene.give("refused", "opened_in", Value::Null);
    scene.give("refused", "close_in", json!({ "code": 4001, "reason": "bad signature" }));
    let events = scene.give("refused", "token_failed", json!({ "denied": 1 }));
    assert_eq!(events.one("stopped").text("cause"), "peer: close 4001: bad signature");
    scene
}

fn renewal() -> Scene {
    let about = "A token that ends in ten minutes is renewed in band while the link is open, and \
                 the link goes on. A server that does not take the token for now has it again when \
                 it said.";
    let mut scene = Scene::new("client-renewal", about);
    scene.client("client", json!({ "anonymous": false, "heartbeat_interval_ms": 25_000 }));
    scene.give("client", "token", json!({ "token": token("ann", 600) }));
    scene.give("client", "connect", Value::Null);
    scene.give("client", "opened_in", Value::Null);
    let mut events = scene.give("client", "text_in", text(WELCOME));
    let began = scene.at_ms;
    for _ in 0..40 {
        if !events.no("need_token") {
            break;
        }
        scene.wait_for(&events);
        events = scene.tick("client");
        if events.written().iter().any(|frame| frame["type"] == "ping") {
            events = scene.give("client", "text_in", text(r#"{"type":"pong"}"#));
        }
    }
    assert_eq!(events.one("need_token").text("need"), "renewal");
    assert!(scene.at_ms - began < 600_000, "in time");
    let fresh = token("ann", 2_000);
    let events = scene.give("client", "token", json!({ "token": fresh }));
    let auth = json!({ "type": "auth", "id": "renewal", "token": fresh });
    assert_eq!(events.written(), std::slice::from_ref(&auth));
    scene.wait(10);
    let refused = r#"{"type":"error","error_code":"RATE_LIMIT_EXCEEDED","retry_after":2.5,"reply_to":"renewal"}"#;
    let events = scene.give("client", "text_in", text(refused));
    assert_eq!(events.names(), ["message"]);
    let refused = scene.at_ms;
    assert_eq!(scene.wait_for(&events), "token renewal");
    assert_eq!(scene.at_ms - refused, 2_500);
    let events = scene.tick("client");
    assert_eq!(events.written(), [auth]);
    assert_eq!(events.last().expect("next").text("reason"), "heartbeat");
    assert_eq!(scene.state("client"), 1);
    scene
}

fn heartbeat() -> Scene {
    let about = "A server that is silent is asked for life in a message; one that stays silent is \
                 left. After `wake` it has three seconds.";
    let mut scene = Scene::new("client-heartbeat", about);
    scene.client("client", json!({}));
    scene.give("client", "connect", Value::Null);
    scene.give("client", "opened_in", Value::Null);
    let events = scene.give("client", "text_in", text(WELCOME));
    scene.wait_for(&events);
    let events = scene.tick("client");
    let began = scene.at_ms;
    assert_eq!(scene.wait_for(&events), "heartbeat");
    let events = scene.tick("client");
    assert_eq!(events.written()[0]["type"], "ping");
    assert_eq!(scene.at_ms - 1_000, 20_000);
    assert!(scene.at_ms > began);
    // Anything at all is life.
    scene.wait(9_000);
    let events = scene.give("client", "text_in", text(r#"{"type":"whatever"}"#));
    let heard = scene.at_ms;
    assert_eq!(scene.wait_for(&events), "heartbeat");
    let events = scene.tick("client");
    assert_eq!(scene.at_ms - heard, 20_000);
    assert_eq!(scene.wait_for(&events), "liveness");
    assert_eq!(scene.at_ms - heard, 30_000);
    let events = scene.tick("client");
    ends(&events, "timeout", "retrying");
    assert_eq!(events.one("closed").text("cause"), "timeout: liveness");
    scene.wait_for(&events);
    scene.tick("client");
    scene.give("client", "opened_in", Value::Null);
    scene.give("client", "text_in", text(WELCOME));
    let events = scene.give("client", "wake", Value::Null);
    assert_eq!(events.written()[0]["type"], "ping");
    let woken = scene.at_ms;
    assert_eq!(scene.wait_for(&events), "liveness");
    assert_eq!(scene.at_ms - woken, 3_000);
    ends(&scene.tick("client"), "timeout", "retrying");
    scene
}

fn bytes_heartbeat() -> Scene {
    let about =
        "Over bytes the request is the same message, and any byte is life: a pong, half a frame.";
    let mut scene = Scene::new("client-heartbeat-bytes", about);
    let options = json!({ "heartbeat_interval_ms": 1_000, "heartbeat_deadline_ms": 500 });
    scene.client("client", options);
    scene.give("client", "connect", Value::Null);
    let events = scene.give("client", "dialed", Value::Null);
    let wire = Wire::server();
    let response = [Wire::upgrade(&events), crate::record::bytes(&wire.text(WELCOME))].concat();
    let events = scene.give("client", "bytes_in", json!({ "bytes": hex(&response) }));
    scene.wait_for(&events);
    let events = scene.tick("client");
    assert_eq!(wire.texts(&events)[0]["type"], "ping");
    let mut events = events;
    for life in [wire.pong(b""), wire.text("{")[..2].to_owned()] {
        scene.wait(499);
        events = scene.give("client", "bytes_in", json!({ "bytes": life }));
        assert!(events.no("closed"));
        assert_eq!(scene.wait_for(&events), "heartbeat");
        events = scene.tick("client");
    }
    assert_eq!(scene.wait_for(&events), "liveness");
    let events = scene.tick("client");
    ends(&events, "timeout", "retrying");
    assert_eq!(events.all("close_transport").len(), 1);
    scene
}

fn deadlines() -> Scene {
    let about = "What does not come in time: the transport, the answer to the upgrade, the welcome, \
                 the peer's close frame.";
    let mut scene = Scene::new("client-deadlines", about);
    let options = json!({ "dial_timeout_ms": 2_000, "welcome_timeout_ms": 4_000 });
    for client in ["dial", "handshake", "welcome", "close"] {
        scene.client(client, options.clone());
    }
    let mut waits = Vec::new();
    for (client, inputs) in [
        ("dial", &["connect"][..]),
        ("handshake", &["connect", "dialed"]),
        ("welcome", &["connect", "opened_in"]),
        ("close", &["connect", "opened_in", "disconnect"]),
    ] {
        let began = scene.at_ms;
        let mut events = Vec::new();
        for input in inputs {
            events = scene.give(client, input, Value::Null);
        }
        let reason = scene.wait_for(&events);
        waits.push((scene.at_ms - began, reason));
        let events = scene.tick(client);
        if client == "close" {
            assert_eq!(events.one("closed").word("clean"), Some(0));
            assert!(events.no("retrying"));
        } else {
            ends(&events, "timeout", "retrying");
        }
    }
    let expected =
        [(2_000, "dial"), (10_000, "handshake"), (4_000, "handshake"), (5_000, "close handshake")];
    assert_eq!(waits, expected.map(|(ms, reason)| (ms, reason.to_owned())));
    scene
}
