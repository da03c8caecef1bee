//! Clients that stop, callers that leave, and answers that grow.

use serde_json::{Value, json};

use super::client::{WELCOME, answer, id, text};
use super::scene::{Records, Scene};

pub(super) fn scenes() -> Vec<Scene> {
    vec![stop(), forget(), growing()]
}

fn welcomed(name: &'static str, about: &'static str, options: Value) -> Scene {
    let mut scene = Scene::new(name, about);
    scene.client("client", options);
    scene.give("client", "connect", Value::Null);
    scene.give("client", "opened_in", Value::Null);
    scene.give("client", "text_in", text(WELCOME));
    scene
}

/// The link breaks and another one is welcomed.
fn reconnect(scene: &mut Scene) {
    let events = scene.give("client", "closed_in", json!({}));
    scene.wait_for(&events);
    scene.tick("client");
    scene.give("client", "opened_in", Value::Null);
    scene.give("client", "text_in", text(WELCOME));
}

fn piece(asked: &Value, content: &str) -> Value {
    let frame = json!({ "type": "chat_response_delta", "content": content, "reply_to": id(asked) });
    text(&frame.to_string())
}

fn stop() -> Scene {
    let about = "A client that stops ends every request: as unknown what it has sent, as unsent \
                 what it has not. It takes no more until it is started again, and nothing of before \
                 goes out then.";
    let mut scene = welcomed("client-stop", about, json!({}));
    scene.give("client", "ask", json!({ "message": "sent" }));
    let events = scene.give("client", "closed_in", json!({}));
    scene.give("client", "ask", json!({ "message": "not sent" }));
    scene.wait_for(&events);
    scene.tick("client");
    scene.give("client", "opened_in", Value::Null);
    let events = scene.give("client", "close_in", json!({ "code": 4003, "reason": "enough" }));
    assert_eq!(events.one("stopped").text("class"), "refused");
    let ends = (events.one("unknown").word("request"), events.one("unsent").word("request"));
    assert_eq!(ends, (Some(0), Some(1)));
    let events = scene.give("client", "ask", json!({ "message": "while stopped" }));
    assert_eq!(events.one("fault").text("name"), "stopped");
    let events = scene.give("client", "connect", Value::Null);
    assert_eq!(events.one("dial").word("attempt"), Some(1));
    scene.give("client", "opened_in", Value::Null);
    scene.give("client", "ask", json!({ "message": "again" }));
    let events = scene.give("client", "text_in", text(WELCOME));
    let asked: Vec<_> = events.written().iter().map(|asked| asked["message"].clone()).collect();
    assert_eq!(asked, ["again"]);
    scene.give("client", "text_in", answer(&events.written()[0], "yes"));
    assert_eq!(scene.audit("client").endings(), ["unknown", "unsent", "answer"]);
    scene
}

fn forget() -> Scene {
    let about = "Nobody waits for a request any more: what the server says of it is late, and what \
                 was never sent is not sent.";
    let mut scene = welcomed("client-forget", about, json!({ "request_timeout_ms": 5_000 }));
    let [answered, refused] = ["one", "two"].map(|message| {
        let events = scene.give("client", "ask", json!({ "message": message, "stream": 1 }));
        let asked = events.written()[0].clone();
        let events = scene.give(
            "client",
            "forget",
            json!({ "request": events.one("asked").word("request") }),
        );
        assert!(events.names().is_empty());
        asked
    });
    for frame in [piece(&answered, "t"), answer(&answered, "to one")] {
        let events = scene.give("client", "text_in", frame);
        assert_eq!((events.names(), events.one("late").word("request")), (vec!["late"], Some(0)));
    }
    let error = json!({ "type": "error", "message": "no", "reply_to": id(&refused) });
    let events = scene.give("client", "text_in", text(&error.to_string()));
    assert_eq!((events.names(), events.one("late").word("request")), (vec!["late"], Some(1)));
    let events = scene.give("client", "closed_in", json!({}));
    scene.give("client", "ask", json!({ "message": "three" }));
    scene.give("client", "forget", json!({ "request": 2 }));
    // What has ended, or never was, cannot be forgotten.
    scene.give("client", "forget", json!({ "request": 2 }));
    scene.give("client", "forget", json!({ "request": u64::MAX - 1 }));
    scene.wait_for(&events);
    scene.tick("client");
    scene.give("client", "opened_in", Value::Null);
    let events = scene.give("client", "text_in", text(WELCOME));
    assert!(events.written().is_empty());
    scene
}

fn growing() -> Scene {
    let about = "Answers that grow: the whole answer says what of it is new, or that what was told \
                 is void; over another link the pieces begin anew; beyond the bound, which is \
                 `max_message_bytes`, the answer brings the rest.";
    let options = json!({ "max_message_bytes": 1_024 });
    let mut scene = welcomed("client-growing", about, options);
    for (pieces, whole, rest, restart) in [
        (vec!["on", "ce"], "once upon", Some(" upon"), 0),
        (vec!["é", "漢"], "é漢", Some(""), 0),
        (vec!["twice"], "once", None, 1),
        (vec![], "once", None, 0),
        (vec!["left to", " the pieces"], "", Some(""), 0),
    ] {
        let events = scene.give("client", "ask", json!({ "message": "?", "stream": 1 }));
        let asked = &events.written()[0];
        for it in &pieces {
            let events = scene.give("client", "text_in", piece(asked, it));
            let events = events.one("piece");
            assert_eq!((events.text("text"), events.word("restart")), (*it, Some(0)));
        }
        let events = scene.give("client", "text_in", answer(asked, whole));
        let events = events.one("answer");
        let expected = rest.map(str::as_bytes);
        assert_eq!((events.bytes("rest"), events.word("restart")), (expected, Some(restart)));
        let text = if whole.is_empty() { pieces.concat() } else { whole.to_owned() };
        assert_eq!(events.text("text"), text);
    }

    let events = scene.give("client", "ask", json!({ "message": "?", "stream": 1 }));
    let asked = &events.written()[0];
    scene.give("client", "text_in", piece(asked, "once"));
    reconnect(&mut scene);
    let events = scene.give("client", "text_in", piece(asked, "on"));
    assert_eq!(events.one("piece").word("restart"), Some(1));
    let events = scene.give("client", "text_in", piece(asked, "ce"));
    assert_eq!(events.one("piece").word("restart"), Some(0));
    let events = scene.give("client", "text_in", answer(asked, "once"));
    assert_eq!(events.one("answer").bytes("rest"), Some(&b""[..]));

    let events = scene.give("client", "ask", json!({ "message": "?", "stream": 1 }));
    let asked = &events.written()[0];
    let half = "x".repeat(600);
    scene.give("client", "text_in", piece(asked, &half));
    let events = scene.give("client", "text_in", piece(asked, &half));
    assert!(events.names().is_empty());
    // An end without the text has not all of it.
    let events = scene.give("client", "text_in", answer(asked, ""));
    assert_eq!(events.one("rejected").text("error_code"), "MESSAGE_TOO_LARGE");
    scene
}
