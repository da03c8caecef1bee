//! What a hub makes of messages: requests, replies, repeats, refusals.

use serde_json::{Value, json};

use super::hub::{open, request_of, say};
use super::scene::{Records, Scene};
use crate::record::Record;

pub(super) fn scenes() -> Vec<Scene> {
    vec![
        replies(),
        repeats(),
        sizes(),
        order(),
        pieces(),
        routed(),
        refusals(),
        strikes(),
        characters(),
        rates(),
        expiry(),
    ]
}

/// A chat with an id.
pub(super) fn chat(id: &str, message: &str) -> Value {
    json!({ "type": "chat", "id": id, "message": message })
}

fn reply(scene: &mut Scene, request: u64, text: &str) -> Vec<Record> {
    scene.give("hub", "reply", json!({ "request": request, "text": text }))
}

fn outcome(events: &[Record]) -> &str {
    events.one("delivered").text("outcome")
}

fn replies() -> Scene {
    let about = "Every way to end a request, and what is no reply; a second one comes too late.";
    let mut scene = Scene::new("hub-replies", about);
    scene.hub("hub", json!({}));
    let link = open(&mut scene, "ann");
    let ask = |scene: &mut Scene, id: u64| {
        let events = say(scene, link, &json!({ "type": "chat", "id": id, "message": "m" }));
        request_of(&events)
    };
    let one = ask(&mut scene, 1);
    let events = scene.give(
        "hub",
        "reply",
        json!({
            "request": one, "text": "sorry", "failed": 1, "ui_actions": "{", "source": "cloud",
        }),
    );
    assert_eq!(events.one("fault").text("name"), "not_an_envelope");
    let events =
        scene.give("hub", "reply", json!({ "request": one, "text": "sorry", "failed": 1 }));
    assert_eq!(
        (&events.written()[0]["error"], &events.written()[0]["reply_to"]),
        (&json!(true), &json!(1))
    );
    let events = reply(&mut scene, one, "again");
    assert_eq!(events.one("fault").text("name"), "not_running");
    let two = ask(&mut scene, 2);
    let events = scene.give("hub", "reply_error", json!({
        "request": two, "error_code": "AGENT_BUSY", "message": "later", "retry_after": 2_500_000_000_u64,
    }));
    let error = &events.written()[0];
    assert_eq!((&error["type"], &error["error_code"]), (&json!("error"), &json!("AGENT_BUSY")));
    assert_eq!((&error["retry_after"], &error["reply_to"]), (&json!(2.5), &json!(2)));
    let three = ask(&mut scene, 3);
    let events = scene.give("hub", "reply_raw", json!({ "request": three, "envelope": "[]" }));
    assert_eq!(events.one("fault").text("name"), "not_an_envelope");
    let raw = r#"{ "type": "chat_response", "message": "r\u00e9", "of": [1e400] }"#;
    let events = scene.give("hub", "reply_raw", json!({ "request": three, "envelope": raw }));
    let written = events.one("write_text").text("text");
    assert!(written.contains(r#""r\u00e9", "of": [1e400]"#) && written.contains(r#""reply_to":3"#));
    let four = ask(&mut scene, 4);
    let events = scene.give("hub", "dismiss", json!({ "request": four }));
    assert!(events.names().is_empty());
    let events = scene.give("hub", "dismiss", json!({ "request": four }));
    assert_eq!(events.one("fault").text("name"), "not_running");
    let events = reply(&mut scene, 1 << 63, "to nobody");
    assert_eq!(events.one("fault").text("name"), "not_running");
    // Its link ends first: the reply is kept for a repeat. One without an id cannot be repeated.
    let five = ask(&mut scene, 5);
    let events = say(&mut scene, link, &json!({ "type": "chat", "message": "without id" }));
    let six = request_of(&events);
    let events = scene.give("hub", "closed_in", json!({ "link": link }));
    assert_eq!(events.one("closed").word("running"), Some(2));
    assert_eq!(outcome(&reply(&mut scene, five, "kept")), "kept");
    assert_eq!(outcome(&reply(&mut scene, six, "lost")), "absent");
    scene.audit("hub").each_effect_once(6);
    scene
}

fn repeats() -> Scene {
    let about = "A request that comes again: while the first runs its answer goes to the newer link; \
                 afterwards the first answer is sent again; one that is not kept is refused.";
    let mut scene = Scene::new("hub-repeats", about);
    // Room for the answers to two of the requests, and a memory of a minute.
    scene.hub("hub", json!({ "window_result_bytes": 600, "window_age_ms": 60_000 }));
    let [old, new] = [(); 2].map(|()| open(&mut scene, "ann"));
    let other = open(&mut scene, "bob");
    let running = request_of(&say(&mut scene, old, &chat("q", "one")));
    let events = say(&mut scene, new, &chat("q", "one"));
    let duplicate = events.one("duplicate");
    assert_eq!((duplicate.text("first"), duplicate.word("request")), ("running", Some(running)));
    let events = reply(&mut scene, running, "first");
    assert_eq!(events.one("delivered").word("link"), Some(new));
    let first = events.written();
    for link in [old, new] {
        let events = say(&mut scene, link, &chat("q", "whatever it says"));
        assert_eq!(events.one("duplicate").text("first"), "answered");
        assert_eq!(events.written(), first);
    }
    // Another user's is another, and an id is a text or a number.
    let theirs = request_of(&say(&mut scene, other, &chat("q", "one")));
    scene.give("hub", "dismiss", json!({ "request": theirs }));
    let number =
        request_of(&say(&mut scene, old, &json!({ "type": "chat", "id": 7, "message": "n" })));
    let events = say(&mut scene, old, &json!({ "type": "chat", "id": 7, "message": "n" }));
    assert_eq!(events.one("duplicate").word("request"), Some(number));
    reply(&mut scene, number, &"longer ".repeat(20));
    let events = say(&mut scene, old, &chat("q", "one"));
    assert_eq!(events.one("duplicate").text("first"), "forgotten");
    assert_eq!(events.written()[0]["error_code"], "DUPLICATE_REQUEST");
    // What was dismissed has no answer, also not for a repeat.
    let events = say(&mut scene, other, &chat("q", "one"));
    assert_eq!(events.names(), ["duplicate"]);
    scene.wait(60_000);
    let events = say(&mut scene, old, &chat("q", "a minute later"));
    assert!(!events.no("request"), "as new");
    scene
}

fn sizes() -> Scene {
    let about = "What no peer can read is refused where it is handed over; an answer that is larger \
                 than a message may be ends once, as an error that its repeats get as well.";
    let mut scene = Scene::new("hub-sizes", about);
    scene.hub("hub", json!({ "max_message_bytes": 1_024 }));
    let events = scene.give("hub", "accept_opened", json!({ "user": "ann", "subject": "ann" }));
    let link = events.one("accepted").word("link").expect("a link");
    assert_eq!(events.written()[0]["max_message"], 1_024);
    let asked = request_of(&say(&mut scene, link, &chat("q", "x")));
    let deep = format!("{}{}", "[".repeat(12), "]".repeat(12));
    let raw = format!(r#"{{"type":"chat_response","message":"m","ui_actions":{deep}}}"#);
    for (record, members) in [
        ("reply", json!({ "request": asked, "text": "m", "ui_actions": deep })),
        ("reply_raw", json!({ "request": asked, "envelope": raw })),
        ("send_to", json!({ "link": link, "envelope": raw })),
        ("push", json!({ "user": "ann", "envelope": raw })),
        ("broadcast", json!({ "envelope": raw })),
    ] {
        let events = scene.give("hub", record, members);
        assert_eq!(events.one("fault").text("name"), "not_an_envelope", "{record}");
    }
    let long = json!({ "type": "news", "body": "x".repeat(1_024) }).to_string();
    let events = scene.give("hub", "broadcast", json!({ "envelope": long }));
    assert_eq!(events.one("fault").text("name"), "too_large");
    // The text goes out twice.
    let events = reply(&mut scene, asked, &"x".repeat(500));
    assert_eq!(outcome(&events), "too_large");
    let error = events.written();
    assert_eq!(error[0]["error_code"], "MESSAGE_TOO_LARGE");
    assert_eq!(error[0]["reply_to"], "q");
    let events = say(&mut scene, link, &chat("q", "x"));
    assert_eq!(events.one("duplicate").text("first"), "answered");
    assert_eq!(events.written(), error);
    let asked = request_of(&say(&mut scene, link, &chat("r", "x")));
    assert_eq!(outcome(&reply(&mut scene, asked, "short")), "queued");
    // A peer that says it takes less.
    let peer = json!({ "user": "bob", "subject": "bob", "max_message": 600 });
    let events = scene.give("hub", "accept_opened", peer);
    let link = events.one("accepted").word("link").expect("a link");
    let asked = request_of(&say(&mut scene, link, &chat("q", "x")));
    let events = reply(&mut scene, asked, &"x".repeat(300));
    assert_eq!(outcome(&events), "too_large");
    assert!(events.written()[0]["message"].to_string().contains("600"));
    scene
}

fn order() -> Scene {
    let about = "A peer that sends no ids gets its answers in the order of asking, whatever the \
                 order of the replies; one that names its requests gets them as they come.";
    let mut scene = Scene::new("hub-order", about);
    scene.hub("hub", json!({}));
    let link = open(&mut scene, "ann");
    let plain = |scene: &mut Scene, message: &str| {
        request_of(&say(scene, link, &json!({ "type": "chat", "message": message })))
    };
    let [one, two, three] = ["one", "two", "three"].map(|message| plain(&mut scene, message));
    let named = request_of(&say(&mut scene, link, &chat("id", "named")));
    assert_eq!(outcome(&reply(&mut scene, three, "to three")), "in_order");
    assert_eq!(outcome(&reply(&mut scene, two, "to two")), "in_order");
    let events = reply(&mut scene, named, "to named");
    assert_eq!((outcome(&events), &events.written()[0]["reply_to"]), ("queued", &json!("id")));
    let events = reply(&mut scene, one, "to one");
    assert_eq!(outcome(&events), "queued");
    let texts: Vec<_> = events.written().iter().map(|frame| frame["message"].clone()).collect();
    assert_eq!(texts, ["to one", "to two", "to three"]);
    // One that is dismissed holds nobody up.
    let [four, five] = ["four", "five"].map(|message| plain(&mut scene, message));
    reply(&mut scene, five, "to five");
    let events = scene.give("hub", "dismiss", json!({ "request": four }));
    assert_eq!(events.written()[0]["message"], "to five");
    // A refusal in between has its turn, too.
    let six = plain(&mut scene, "six");
    let events = say(&mut scene, link, &json!({ "type": "never heard of" }));
    assert!(!events.no("refused") && events.no("write_text"));
    let events = reply(&mut scene, six, "to six");
    let kinds: Vec<_> = events.written().iter().map(|frame| frame["type"].clone()).collect();
    assert_eq!(kinds, ["chat_response", "error"]);
    scene
}

fn pieces() -> Scene {
    let about = "An answer in pieces goes to who asked for it under an id; others get it whole. \
                 After another link took the request over, only the whole answer comes.";
    let mut scene = Scene::new("hub-pieces", about);
    scene.hub("hub", json!({}));
    let link = open(&mut scene, "ann");
    let stream = |id: Value| json!({ "type": "chat", "id": id, "message": "m", "stream": true });
    let piece = |scene: &mut Scene, request: u64, text: &str| {
        scene.give("hub", "reply_piece", json!({ "request": request, "text": text }))
    };
    let events = say(&mut scene, link, &stream(json!("a")));
    assert_eq!(events.one("request").word("wants_pieces"), Some(1));
    let asked = request_of(&events);
    for text in ["once ", "upon "] {
        let events = piece(&mut scene, asked, text);
        assert_eq!(outcome(&events), "queued");
        let frame = &events.written()[0];
        assert_eq!(frame["type"], "chat_response_delta");
        assert_eq!((&frame["content"], &frame["reply_to"]), (&json!(text), &json!("a")));
    }
    let events = reply(&mut scene, asked, "once upon a time");
    assert_eq!(events.written()[0]["message"], "once upon a time");
    let events = piece(&mut scene, asked, "!");
    assert_eq!(events.one("fault").text("name"), "not_running");
    for (message, wants) in
        [(chat("b", "m"), 0), (json!({ "type": "chat", "message": "m", "stream": true }), 0)]
    {
        let events = say(&mut scene, link, &message);
        assert_eq!(events.one("request").word("wants_pieces"), Some(wants));
        let asked = request_of(&events);
        assert_eq!(outcome(&piece(&mut scene, asked, "p")), "whole");
        assert_eq!(outcome(&reply(&mut scene, asked, "w")), "queued");
    }
    let asked = request_of(&say(&mut scene, link, &stream(json!("c"))));
    assert_eq!(outcome(&piece(&mut scene, asked, "first ")), "queued");
    let newer = open(&mut scene, "ann");
    let events = say(&mut scene, newer, &stream(json!("c")));
    assert_eq!(events.one("duplicate").text("first"), "running");
    assert_eq!(outcome(&piece(&mut scene, asked, "second ")), "whole");
    let events = reply(&mut scene, asked, "first second third");
    assert_eq!(events.one("delivered").word("link"), Some(newer));
    // Its link is gone: the piece is not kept, the answer will be.
    let asked = request_of(&say(&mut scene, newer, &stream(json!("d"))));
    scene.give("hub", "closed_in", json!({ "link": newer }));
    assert_eq!(outcome(&piece(&mut scene, asked, "to nobody")), "kept");
    assert_eq!(outcome(&reply(&mut scene, asked, "whole")), "kept");
    scene
}

fn routed() -> Scene {
    let about = "Who answers, and why: by agent, by type, by keyword, by default; unknown agents are \
                 answered with an error, or routed to the error handler.";
    let mut scene = Scene::new("hub-routed", about);
    let routes = json!({
        "version": "v", "error_handler": { "id": "errors", "module": "m.errors" }, "default": "main",
        "agents": [
            { "id": "main", "name": "Main", "module": "m.main" },
            { "id": "money", "name": "Money", "keywords": ["budget"], "concurrency": 1 },
            { "id": "voices", "types": ["voice"] },
        ],
    });
    scene.hub("hub", json!({ "routes": routes.to_string(), "accepts": ["of tomorrow"] }));
    let link = open(&mut scene, "ann");
    let events = say(&mut scene, link, &chat("1", "hello"));
    let asked = events.one("request");
    assert_eq!((asked.text("agent"), asked.text("agent_name")), ("main", "Main"));
    assert_eq!((asked.text("module"), asked.text("because")), ("m.main", "default"));
    let events = say(&mut scene, link, &chat("2", "my BUDGET, please"));
    assert_eq!(
        (events.one("request").text("agent"), events.one("request").text("because")),
        ("money", "keyword")
    );
    let events = say(
        &mut scene,
        link,
        &json!({ "type": "chat", "id": "3", "message": "x", "agent": "main" }),
    );
    assert_eq!(events.one("request").text("because"), "agent_id");
    // As busy as it may be.
    let events = say(&mut scene, link, &chat("4", "budget"));
    assert_eq!(events.one("refused").text("error_code"), "AGENT_BUSY");
    assert_eq!(events.one("refused").word("closing"), Some(0));
    let events = say(
        &mut scene,
        link,
        &json!({ "type": "chat", "id": "5", "message": "x", "agent": "nobody" }),
    );
    assert_eq!(events.one("refused").text("error_code"), "UNKNOWN_AGENT");
    // Of `message` and `content` the first that is a text and not empty is what is said.
    for message in [json!(""), json!(null), json!(7), json!(["budget"])] {
        let events = say(
            &mut scene,
            link,
            &json!({ "type": "chat", "message": message, "content": "hello, main" }),
        );
        let asked = events.one("request");
        assert_eq!((asked.text("agent"), asked.text("text")), ("main", "hello, main"));
        let events = say(
            &mut scene,
            link,
            &json!({ "type": "chat", "message": message, "content": "budget?" }),
        );
        assert_eq!(events.one("refused").text("error_code"), "AGENT_BUSY", "the words were read");
    }
    let events = say(&mut scene, link, &json!({ "type": "of tomorrow", "id": "6" }));
    assert_eq!(events.one("received").text("kind"), "of tomorrow");

    scene.machine("router", "hub", json!({ "route_unknown_agents": true }));
    let events = scene.give("router", "accept_opened", json!({ "user": "ann", "subject": "ann" }));
    let link = events.one("accepted").word("link");
    let message =
        json!({ "type": "chat", "id": "1", "message": "x", "agent": "nobody" }).to_string();
    let events = scene.give("router", "text_in", json!({ "link": link, "text": message }));
    let asked = events.one("request");
    assert_eq!((asked.text("because"), asked.text("refused")), ("unknown_agent", "unknown_agent"));
    scene
}

fn refusals() -> Scene {
    let about = "What is no request is answered with its code, and the link goes on.";
    let mut scene = Scene::new("hub-refusals", about);
    scene.hub(
        "hub",
        json!({ "max_violations": 100, "max_requests_per_link": 1, "messages_per_minute": 1_000 }),
    );
    let link = open(&mut scene, "ann");
    let deep =
        format!("{{\"type\":\"chat\",\"id\":1,\"message\":{}{}}}", "[".repeat(12), "]".repeat(12));
    for (text, code) in [
        ("no JSON", "FORMAT_ERROR"),
        ("[]", "FORMAT_ERROR"),
        ("", "FORMAT_ERROR"),
        (r#"{"type":"chat","id":1,"message":"x""#, "FORMAT_ERROR"),
        (r#"{"id":1}"#, "VALIDATION_ERROR"),
        (r#"{"type":7,"id":1}"#, "VALIDATION_ERROR"),
        (r#"{"type":"of tomorrow","id":1}"#, "UNKNOWN_TYPE"),
        (deep.as_str(), "MESSAGE_TOO_LARGE"),
    ] {
        let events = scene.give("hub", "text_in", json!({ "link": link, "text": text }));
        let refused = events.one("refused");
        let answer = &events.written()[0];
        assert_eq!(answer["error_code"], refused.text("error_code"), "{text}");
        assert_eq!(answer["type"], "error");
        assert_eq!(refused.text("error_code"), code, "{text}");
        assert!(events.no("request") && refused.word("closing") == Some(0));
    }
    let long = "x".repeat(257);
    let events = say(&mut scene, link, &chat(&long, "x"));
    assert_eq!(events.one("refused").text("error_code"), "VALIDATION_ERROR");
    let events = scene.give("hub", "binary_in", json!({ "link": link, "bytes": "00" }));
    assert_eq!(events.one("refused").text("error_code"), "FORMAT_ERROR");
    let events = say(&mut scene, link, &chat("big", &"x".repeat(12_000)));
    assert_eq!(events.written()[0]["reply_to"], "big");
    let running = request_of(&say(&mut scene, link, &chat("1", "x")));
    let events = say(&mut scene, link, &chat("2", "x"));
    assert_eq!(events.one("refused").text("error_code"), "AGENT_BUSY");
    assert_eq!(events.one("refused").word("retry_after"), Some(1_000_000_000));
    reply(&mut scene, running, "y");
    // What was refused may be tried again under the same id.
    assert!(!say(&mut scene, link, &chat("2", "x")).no("request"));
    scene
}

fn characters() -> Scene {
    let about = "How long a text may be is a setting, by name or by type and name. Who types too \
                 much makes a mistake and no fault: the link lives.";
    let mut scene = Scene::new("hub-characters", about);
    let limits = json!({ "message": 10, "feedback.message": 3 });
    scene.hub("hub", json!({ "characters": limits, "max_violations": 1 }));
    let link = open(&mut scene, "ann");
    for at in 0..6 {
        let events = say(&mut scene, link, &chat(&at.to_string(), "12345678901"));
        let refused = events.one("refused");
        assert_eq!(refused.text("error_code"), "VALIDATION_ERROR");
        assert_eq!((refused.word("left"), refused.word("closing")), (Some(1), Some(0)));
    }
    let feedback = json!({ "type": "feedback", "id": "f", "message": "1234" });
    assert_eq!(say(&mut scene, link, &feedback).one("refused").word("closing"), Some(0));
    assert!(!say(&mut scene, link, &chat("fits", "1234567890")).no("request"));
    scene
}

fn strikes() -> Scene {
    let about = "The refusal after so many unforgiven ones closes the link; after a minute all are \
                 forgiven.";
    let mut scene = Scene::new("hub-strikes", about);
    scene.hub("hub", json!({ "max_violations": 3 }));
    let link = open(&mut scene, "ann");
    let wrong =
        |scene: &mut Scene| scene.give("hub", "text_in", json!({ "link": link, "text": "{" }));
    for left in [2, 1, 0] {
        let events = wrong(&mut scene);
        assert_eq!(events.one("refused").word("left"), Some(left));
    }
    scene.wait(59_000);
    scene.tick("hub");
    scene.give("hub", "text_in", json!({ "link": link, "text": "{\"type\":\"pong\"}" }));
    scene.wait(1_000);
    scene.give("hub", "text_in", json!({ "link": link, "text": "{\"type\":\"pong\"}" }));
    for left in [2, 1, 0] {
        assert_eq!(wrong(&mut scene).one("refused").word("left"), Some(left));
    }
    let events = wrong(&mut scene);
    assert_eq!(events.one("refused").word("closing"), Some(1));
    assert_eq!(events.one("write_close").word("code"), Some(4003));
    assert!(!events.written().is_empty(), "the last word before the close");
    scene
}

fn rates() -> Scene {
    let about = "A user's rate counts over all its links; a refusal says how long to wait, and not a \
                 moment longer is needed. Repeats have a rate of their own, and so have links.";
    let mut scene = Scene::new("hub-rates", about);
    scene.hub("hub", json!({
        "messages_per_minute": 3, "repeats_per_minute": 2, "connects_per_minute": 2, "max_violations": 50,
    }));
    let [one, two] = [(); 2].map(|()| open(&mut scene, "ann"));
    let events = scene.give("hub", "accept_opened", json!({ "user": "ann", "subject": "ann" }));
    assert_eq!(events.one("write_close").word("code"), Some(4008));
    assert_eq!(events.written()[0]["error_code"], "RATE_LIMIT_EXCEEDED");
    for (link, id) in [(one, "1"), (two, "2"), (one, "3")] {
        let request = request_of(&say(&mut scene, link, &chat(id, "x")));
        scene.give("hub", "dismiss", json!({ "request": request }));
    }
    let events = say(&mut scene, two, &chat("4", "x"));
    assert_eq!(events.one("refused").text("error_code"), "RATE_LIMIT_EXCEEDED");
    let wait = events.one("refused").word("retry_after").expect("a time to wait");
    assert!(wait > 0 && wait <= 60_000_000_000, "{wait}");
    for _ in 0..2 {
        assert!(!say(&mut scene, two, &chat("1", "x")).no("duplicate"));
    }
    assert!(!say(&mut scene, two, &chat("1", "x")).no("refused"), "too many repeats");
    scene.wait(wait.div_ceil(1_000_000));
    assert!(!say(&mut scene, two, &chat("4", "x")).no("request"));
    scene
}

fn expiry() -> Scene {
    let about = "Requests that the host does not reply to in time: the peer is told, and so is a \
                 repeat; a reply comes too late.";
    let mut scene = Scene::new("hub-expiry", about);
    scene.hub("hub", json!({ "request_timeout_ms": 5_000 }));
    let link = open(&mut scene, "ann");
    let one = request_of(&say(&mut scene, link, &chat("1", "x")));
    scene.wait(2_000);
    let events = say(&mut scene, link, &json!({ "type": "chat", "message": "without id" }));
    let two = request_of(&events);
    assert_eq!(scene.wait_for(&events), "request expiry");
    assert_eq!(scene.at_ms, 6_000);
    let events = scene.tick("hub");
    assert_eq!(events.one("request_expired").word("request"), Some(one));
    assert_eq!(events.written()[0]["error_code"], "REQUEST_EXPIRED");
    assert_eq!(events.written()[0]["reply_to"], "1");
    assert_eq!(reply(&mut scene, one, "late").one("fault").text("name"), "not_running");
    let events = say(&mut scene, link, &chat("1", "x"));
    assert_eq!(events.written()[0]["error_code"], "REQUEST_EXPIRED");
    scene.wait_for(&events);
    let events = scene.tick("hub");
    assert_eq!(events.one("request_expired").word("request"), Some(two));
    assert_eq!(events.written()[0].get("reply_to"), None);
    scene
}
