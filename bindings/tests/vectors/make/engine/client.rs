//! Clients by themselves: conversations and requests.

use serde_json::{Value, json};

use super::scene::{Records, Scene};
use super::wire::Wire;
use crate::record::{Record, hex};

pub(super) fn scenes() -> Vec<Scene> {
    vec![bytes(), messages(), requests(), sizes(), in_order(), no_window(), pieces()]
}

/// The welcome of a server that names requests in its replies and knows repeats.
pub(super) const WELCOME: &str =
    r#"{"type":"connection","status":"connected","features":["reply_to","repeat"],"epoch":"e1"}"#;

/// The welcome of a server of the dialect without the engine.
const PLAIN: &str = r#"{"type":"connection","status":"connected","message":"ready"}"#;

/// A server's text over a transport of messages.
pub(super) fn text(text: &str) -> Value {
    json!({ "text": text })
}

/// The id under which a request was sent.
pub(super) fn id(asked: &Value) -> &str {
    asked["id"].as_str().expect("an id")
}

pub(super) fn answer(asked: &Value, text: &str) -> Value {
    let frame = json!({ "type": "chat_response", "message": text, "reply_to": id(asked) });
    json!({ "text": frame.to_string() })
}

fn bytes() -> Scene {
    let about = "A client over bytes: upgrade, welcome, request, answer, ping, a server that \
                 leaves, another link, close frame.";
    let mut scene = Scene::new("client-bytes", about);
    let options = json!({ "origin": "http://localhost", "subprotocols": ["pam"] });
    scene.client("client", options);
    let events = scene.give("client", "connect", Value::Null);
    assert_eq!(events.names(), ["state_changed", "dial"]);
    assert_eq!(events.one("dial").word("attempt"), Some(1));
    assert_eq!(events.one("dial").text("host"), "localhost");
    let events = scene.give("client", "dialed", Value::Null);
    let head = events.one("write_bytes").bytes("bytes").expect("bytes").to_vec();
    let head = String::from_utf8(head).expect("a head is text");
    assert!(head.starts_with("GET /api/v1/pam/ws/ann HTTP/1.1\r\n"), "{head}");
    for line in [
        "Host: localhost:8000",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Protocol: pam",
        "Origin: http://localhost",
    ] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line} in {head}");
    }
    let (wire, mut response) = (Wire::server(), Wire::upgrade(&events));
    // The welcome comes with the end of the head, cut within its frame.
    response.extend(crate::record::bytes(&wire.text(WELCOME)));
    let cuts = [0, 20, response.len() - 30, response.len()];
    for cut in cuts.windows(2) {
        let part = &response[cut[0]..cut[1]];
        let events = scene.give("client", "bytes_in", json!({ "bytes": hex(part) }));
        if cut[1] == cuts[2] {
            assert_eq!(events.one("state_changed").word("to"), Some(1));
        }
        assert_eq!(events.no("welcomed"), cut[1] < response.len());
    }
    let events = scene.give("client", "ask", json!({ "message": "fuel so far?", "agent": "chat" }));
    let asked = wire.texts(&events);
    assert_eq!(asked.len(), 1);
    assert_eq!(
        (&asked[0]["message"], &asked[0]["agent"]),
        (&json!("fuel so far?"), &json!("chat"))
    );
    let reply = answer(&asked[0], "40 so far");
    let reply = wire.text(reply["text"].as_str().expect("a text"));
    let events = scene.give("client", "bytes_in", json!({ "bytes": reply }));
    assert_eq!(events.one("answer").text("text"), "40 so far");
    let events = scene.give("client", "bytes_in", json!({ "bytes": wire.ping(b"alive?") }));
    assert_eq!(wire.frames(&events)[0].bytes("bytes"), Some(&b"alive?"[..]));
    let events =
        scene.give("client", "bytes_in", json!({ "bytes": wire.close(1012, "restarting") }));
    assert_eq!(events.one("closed").text("class"), "server_unavailable");
    assert_eq!(events.one("closed").word("code"), Some(1012));
    assert_eq!(events.all("close_transport").len(), 1);
    assert!(!events.no("retrying") && events.no("stopped"));
    assert_eq!(scene.wait_for(&events), "backoff");
    let events = scene.tick("client");
    assert_eq!(events.one("dial").word("attempt"), Some(2));
    let events = scene.give("client", "dialed", Value::Null);
    let wire = Wire::server();
    let response = [Wire::upgrade(&events), crate::record::bytes(&wire.text(WELCOME))].concat();
    scene.give("client", "bytes_in", json!({ "bytes": hex(&response) }));
    let events = scene.give("client", "disconnect", Value::Null);
    assert_eq!(wire.frames(&events)[0].word("code"), Some(1000));
    assert_eq!(scene.state("client"), 2);
    let events = scene.give("client", "bytes_in", json!({ "bytes": wire.close(1000, "") }));
    assert_eq!(events.one("closed").word("clean"), Some(1));
    assert_eq!(events.names(), ["state_changed", "closed", "stopped", "close_transport"]);
    assert_eq!(
        events.last().and_then(|next| next.word("deadline")),
        None,
        "nothing left to wait for"
    );
    scene.audit("client").all_answered_in_order(1);
    scene.audit("client").all_closed();
    scene
}

fn messages() -> Scene {
    let about = "A client over a transport of messages: everything that a server may say.";
    let mut scene = Scene::new("client-messages", about);
    scene.client("client", json!({}));
    scene.give("client", "connect", Value::Null);
    let events = scene.give("client", "opened_in", json!({ "subprotocol": "pam" }));
    assert_eq!(events.one("state_changed").word("to"), Some(1));
    let events = scene.give("client", "text_in", text(WELCOME));
    let welcomed = events.one("welcomed");
    assert_eq!((welcomed.word("correlates"), welcomed.word("repeats")), (Some(1), Some(1)));
    let events = scene.give(
        "client",
        "ask",
        json!({
            "message": "one", "intent": "greet", "session_id": "s-1", "context": "{\"a\": [1]}",
        }),
    );
    let asked = &events.written()[0];
    assert_eq!(asked["context"], json!({ "a": [1] }));
    assert_eq!(asked["session_id"], "s-1");
    let events = scene.give("client", "text_in", answer(asked, "é漢"));
    assert_eq!(events.one("answer").text("text"), "é漢");
    // Once more, it comes too late.
    let events = scene.give("client", "text_in", answer(asked, "é漢"));
    assert_eq!(events.one("late").word("request"), Some(0));
    let events = scene.give("client", "ask", json!({ "message": "two" }));
    let error = json!({
        "type": "error", "message": "slow down", "error_code": "RATE_LIMIT_EXCEEDED",
        "retry_after": 1.5, "reply_to": id(&events.written()[0]),
    });
    let events = scene.give("client", "text_in", text(&error.to_string()));
    let rejected = events.one("rejected");
    assert_eq!(rejected.word("retry_after"), Some(1_500_000_000));
    assert_eq!(rejected.text("error_code"), "RATE_LIMIT_EXCEEDED");
    let news = r#"{"type":"timer_expired","id":"n-1","message":"tea"}"#;
    assert_eq!(scene.give("client", "text_in", text(news)).one("message").text("id"), "n-1");
    assert_eq!(scene.give("client", "text_in", text(news)).names(), ["repeated"]);
    let tomorrow = r#"{"type":"of tomorrow","id":7,"nested":{"é":[null,1e400]}}"#;
    let events = scene.give("client", "text_in", text(tomorrow));
    assert_eq!(events.one("message").text("json"), tomorrow);
    let events = scene.give("client", "text_in", text("no JSON"));
    assert_eq!(events.one("unreadable").text("text"), "no JSON");
    let events = scene.give("client", "binary_in", json!({ "bytes": "00ff" }));
    assert_eq!(events.one("binary").bytes("bytes"), Some(&[0, 255][..]));
    let events =
        scene.give("client", "text_in", text(r#"{"type":"ping","id":"p-1","timestamp":7}"#));
    assert_eq!(events.names(), ["write_text"]);
    assert_eq!(events.written()[0]["type"], "pong");
    assert!(scene.give("client", "text_in", text(r#"{"type":"pong"}"#)).names().is_empty());
    let events = scene.give("client", "send", json!({ "envelope": r#"{"type":"context","x":1}"# }));
    assert_eq!(events.written()[0], json!({ "type": "context", "x": 1 }));
    let events = scene.give("client", "send", json!({ "envelope": "{}" }));
    assert_eq!(events.one("fault").text("name"), "not_an_envelope");
    let events = scene.give("client", "disconnect", Value::Null);
    assert_eq!(events.one("write_close").word("code"), Some(1000));
    let events = scene.give("client", "text_in", text(news));
    assert!(events.names().is_empty(), "nobody listens any more");
    let events = scene.give("client", "close_in", json!({ "code": 1000, "reason": "bye" }));
    assert_eq!(events.one("closed").word("clean"), Some(1));
    assert_eq!(events.all("close_transport").len(), 1);
    assert_eq!(scene.audit("client").endings(), ["answer", "rejected"]);
    scene.audit("client").all_closed();
    scene
}

fn requests() -> Scene {
    let about = "Requests: asked before there is a link, too many of them, too old, without a \
                 sound context; each ends once.";
    let mut scene = Scene::new("client-requests", about);
    let options =
        json!({ "max_requests": 2, "max_request_bytes": 1_024, "request_timeout_ms": 5_000 });
    scene.client("client", options);
    // Without a link a request waits.
    let events = scene.give("client", "ask", json!({ "message": "first" }));
    assert_eq!(events.names(), ["asked"]);
    let too_long = Record::new("ask", json!({ "message": "x".repeat(1_000) }));
    let bad = |context: &str| Record::new("ask", json!({ "message": "", "context": context }));
    let second = Record::new("ask", json!({ "message": "second" }));
    let third = Record::new("ask", json!({ "message": "third" }));
    let events =
        scene.step("client", [too_long, bad("[]"), bad("{"), second, third].map(Ok).into());
    let faults = events.all("fault");
    let events_of: Vec<_> = faults.iter().map(|it| (it.word("of"), it.text("name"))).collect();
    assert_eq!(
        events_of,
        [
            (Some(0), "too_large"),
            (Some(1), "bad_context"),
            (Some(2), "bad_context"),
            (Some(4), "requests_full"),
        ]
    );
    assert_eq!(events.one("asked").word("of"), Some(3));
    scene.wait(3_000);
    scene.give("client", "connect", Value::Null);
    scene.give("client", "opened_in", Value::Null);
    let events = scene.give("client", "text_in", text(WELCOME));
    let asked = events.written();
    assert_eq!(asked.len(), 2, "what waited is asked at the welcome");
    let events = scene.give("client", "text_in", answer(&asked[1], "second"));
    assert_eq!(events.one("answer").word("request"), Some(1));
    assert_eq!(scene.wait_for(&events), "request expiry");
    assert_eq!(scene.at_ms, 6_000);
    let events = scene.tick("client");
    assert_eq!(events.one("expired").word("request"), Some(0));
    let events = scene.give("client", "text_in", answer(&asked[0], "too late"));
    assert_eq!(events.one("late").word("request"), Some(0));
    // The break of a link is no end: the request is sent again, under the same id.
    let events = scene.give("client", "ask", json!({ "message": "third" }));
    let before = events.written();
    let events = scene.give("client", "closed_in", json!({}));
    assert_eq!(events.names(), ["state_changed", "closed", "retrying"]);
    scene.wait_for(&events);
    scene.tick("client");
    scene.give("client", "opened_in", Value::Null);
    let events = scene.give("client", "text_in", text(WELCOME));
    assert_eq!(events.written(), before);
    scene.give("client", "text_in", answer(&before[0], "third"));
    assert_eq!(scene.audit("client").endings(), ["expired", "answer", "answer"]);
    scene
}

fn sizes() -> Scene {
    let about = "What the server says it does not take is refused before it is sent; an answer that \
                 cannot be read ends its request with the reason.";
    let mut scene = Scene::new("client-sizes", about);
    scene.client("client", json!({}));
    // Asked before the server has said how much it takes.
    let long = "x".repeat(1_000);
    scene.give("client", "ask", json!({ "message": long }));
    scene.give("client", "connect", Value::Null);
    scene.give("client", "opened_in", Value::Null);
    let mut welcome: Value = serde_json::from_str(WELCOME).expect("JSON");
    welcome["max_message"] = 1_000.into();
    let (types, characters) = (json!({ "chat": 900 }), json!({ "message": 8 }));
    welcome["limits"] = json!({ "types": types, "characters": characters });
    let events = scene.give("client", "text_in", text(&welcome.to_string()));
    assert!(events.written().is_empty());
    assert_eq!(events.one("rejected").text("error_code"), "MESSAGE_TOO_LARGE");
    let events = scene.give("client", "ask", json!({ "message": long }));
    assert_eq!(events.one("fault").text("name"), "too_large");
    let init = json!({ "type": "init", "context": { "a": long } }).to_string();
    let events = scene.give("client", "send", json!({ "envelope": init }));
    assert_eq!(events.one("fault").text("name"), "too_large");
    let events = scene.give("client", "ask", json!({ "message": "nine 😀😀😀😀" }));
    assert_eq!(events.one("fault").text("name"), "too_large");
    let events = scene.give("client", "ask", json!({ "message": "actions?" }));
    let asked = events.written();
    let deep = format!("{}{}", "[".repeat(12), "]".repeat(12));
    let frame = format!(
        r#"{{"type":"chat_response","message":"m","ui_actions":{deep},"reply_to":"{}"}}"#,
        id(&asked[0])
    );
    let events = scene.give("client", "text_in", text(&frame));
    assert_eq!(events.names(), ["unreadable", "rejected"]);
    assert_eq!(events.one("rejected").text("error_code"), "MESSAGE_TOO_LARGE");
    assert_eq!(scene.audit("client").endings(), ["rejected", "rejected"]);
    scene
}

fn in_order() -> Scene {
    let about = "A server that does not name requests: its answers are taken in the order of \
                 asking, also that of a request that has expired.";
    let mut scene = Scene::new("client-in-order", about);
    scene.client("client", json!({ "request_timeout_ms": 5_000 }));
    scene.give("client", "connect", Value::Null);
    scene.give("client", "opened_in", Value::Null);
    let events = scene.give("client", "text_in", text(PLAIN));
    assert_eq!(events.one("welcomed").word("correlates"), Some(0));
    let events = scene.give("client", "ask", json!({ "message": "one" }));
    scene.wait(2_000);
    scene.give("client", "ask", json!({ "message": "two" }));
    scene.wait(1_000);
    scene.give("client", "ask", json!({ "message": "three" }));
    assert_eq!(scene.wait_for(&events), "request expiry");
    let events = scene.tick("client");
    assert_eq!(events.one("expired").word("request"), Some(0));
    let said = |text: &str| json!({ "text": format!("{{\"type\":\"chat_response\",\"message\":\"{text}\"}}") });
    let events = scene.give("client", "text_in", said("to one"));
    assert_eq!(events.one("late").word("request"), Some(0));
    let events = scene.give("client", "text_in", said("to two"));
    assert_eq!(events.one("answer").word("request"), Some(1));
    let error = json!({ "type": "error", "message": "no" }).to_string();
    let events = scene.give("client", "text_in", text(&error));
    assert_eq!(events.one("rejected").word("request"), Some(2));
    assert_eq!(events.one("rejected").bytes("error_code"), None);
    let events = scene.give("client", "text_in", said("to nobody"));
    assert_eq!(events.one("late").word("request"), None);
    assert_eq!(scene.audit("client").endings(), ["expired", "answer", "rejected"]);
    scene
}

fn no_window() -> Scene {
    let about = "A server that keeps no window: a request that was sent before the link broke is \
                 not asked again, and one that was not is.";
    let mut scene = Scene::new("client-no-window", about);
    scene.client("client", json!({}));
    scene.give("client", "connect", Value::Null);
    scene.give("client", "opened_in", Value::Null);
    scene.give("client", "text_in", text(PLAIN));
    scene.give("client", "ask", json!({ "message": "sent" }));
    let events = scene.give("client", "closed_in", json!({}));
    scene.give("client", "ask", json!({ "message": "not sent" }));
    scene.wait_for(&events);
    scene.tick("client");
    scene.give("client", "opened_in", Value::Null);
    let events = scene.give("client", "text_in", text(PLAIN));
    assert_eq!(events.one("unknown").word("request"), Some(0));
    let mut asked = events.written();
    if asked.is_empty() {
        asked = scene.tick("client").written();
    }
    assert_eq!(asked[0]["message"], "not sent");
    scene.give("client", "text_in", text(r#"{"type":"chat_response","message":"yes"}"#));
    assert_eq!(scene.audit("client").endings(), ["unknown", "answer"]);
    scene
}

fn pieces() -> Scene {
    let about = "An answer that comes in pieces: each gives the request more time, the end comes \
                 once, and what comes after it is late.";
    let mut scene = Scene::new("client-pieces", about);
    scene.client("client", json!({ "request_timeout_ms": 5_000 }));
    scene.give("client", "connect", Value::Null);
    scene.give("client", "opened_in", Value::Null);
    scene.give("client", "text_in", text(WELCOME));
    let events = scene.give("client", "ask", json!({ "message": "a story", "stream": 1 }));
    let asked = &events.written()[0];
    assert_eq!(asked["stream"], true);
    let piece = |kind: &str, text: &str| {
        let frame = json!({ "type": kind, "content": text, "reply_to": id(asked) });
        json!({ "text": frame.to_string() })
    };
    scene.give("client", "text_in", piece("chat_response_start", ""));
    for text in ["once ", "upon ", "a time"] {
        scene.wait(4_000);
        let events = scene.give("client", "text_in", piece("chat_response_delta", text));
        assert_eq!(events.one("piece").text("text"), text);
    }
    // A server that cuts its text by UTF-16 may cut a character.
    for (half, whole) in [(r" \ud83d", " "), (r"\ude00", "😀")] {
        let frame = piece("chat_response_delta", "HALF")["text"].to_string();
        let frame: String = serde_json::from_str(&frame).expect("a text");
        let events = scene.give("client", "text_in", text(&frame.replace("HALF", half)));
        assert_eq!(events.one("piece").text("text"), whole);
    }
    let events = scene.give("client", "text_in", answer(asked, "once upon a time 😀"));
    assert_eq!(events.one("answer").text("text"), "once upon a time 😀");
    let events = scene.give("client", "text_in", piece("chat_response_delta", "!"));
    assert_eq!(events.one("late").word("request"), Some(0));
    scene.audit("client").all_answered_in_order(1);
    scene
}
