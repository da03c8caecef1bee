//! Sessions of `pamlink.v1`: cancels, outcomes, snapshots, and a server that has lost its memory.

use serde_json::{Value, json};

use super::scene::{Records, Scene};
use crate::record::Record;

pub(super) fn scenes() -> Vec<Scene> {
    let (sessions, snapshot) = sessions();
    vec![sessions, restored(&snapshot), last_words(), pushes()]
}

fn sessions() -> (Scene, Vec<u8>) {
    let about = "A client and a hub that speak pamlink.v1: an answer that is cancelled in its \
                 middle, one that nobody waits for any more, a message with its outcome, a \
                 snapshot in mid-answer, and another hub that knows nothing of the session.";
    let mut scene = Scene::new("sessions", about);
    scene.client("client", json!({ "v1": true }));
    scene.hub("hub", json!({ "accepts": ["presence"] }));
    scene.hub("other", json!({}));
    let dialled = scene.give("client", "connect", Value::Null);
    assert_eq!(dialled.one("dial").text("subprotocol"), "pamlink.v1");
    let mut talk = Talk::open(&mut scene, "hub");

    let request = talk.request("tell me a story");
    talk.of_hub("reply_piece", json!({ "request": request, "text": "Once " }));
    talk.of_client("cancel", json!({ "request": 0 }));
    let events = talk.settle();
    assert_eq!(events.of_hub.one("request_cancelled").word("request"), Some(request));
    let result = events.of_client.one("cancel_result");
    assert_eq!((result.text("outcome"), result.word("offset")), ("cancelled", Some(5)));
    assert_eq!(events.of_client.one("cancelled").word("request"), Some(0));
    let late = talk.of_hub("reply", json!({ "request": request, "text": "Once upon a time" }));
    assert_eq!(late.one("delivered").text("outcome"), "cancelled");

    let left = talk.request("nobody waits for this");
    talk.of_client("abandon", json!({ "request": 1 }));
    let events = talk.settle();
    assert_eq!(events.of_hub.one("request_cancelled").word("request"), Some(left));
    assert!(events.of_client.no("cancelled") && events.of_client.no("cancel_result"));
    let events = talk.of_client("cancel", json!({ "request": 1 }));
    assert_eq!(events.one("cancel_result").text("outcome"), "ended");

    let envelope = r#"{"type":"presence","status":"away"}"#;
    let submitted = talk.of_client("submit", json!({ "envelope": envelope, "key": "presence" }));
    let command = submitted.one("submitted").word("command");
    let events = talk.settle();
    assert_eq!(events.of_hub.one("received").text("kind"), "presence");
    // What is acknowledged with nothing else on its way is so after a moment.
    talk.scene.wait(1_000);
    let events = talk.settle();
    let outcome = events.of_client.one("outcome");
    assert_eq!((outcome.text("outcome"), outcome.word("command")), ("acknowledged", command));

    talk.request("another one");
    let events = talk.of_client("snapshot", Value::Null);
    let snapshot = events.one("snapshot_taken").bytes("bytes").expect("bytes").to_vec();
    talk.break_off();
    let events = scene.tick("client");
    scene.wait_for(&events);
    assert!(!scene.tick("client").no("dial"));
    let mut talk = Talk::open(&mut scene, "other");
    let events = talk.settle();
    assert_eq!(events.of_client.one("gap").text("error_code"), "session_ended");
    assert_eq!(events.of_client.one("unknown").word("request"), Some(2));
    (scene, snapshot)
}

fn restored(snapshot: &[u8]) -> Scene {
    let about = "A client that is restored from a snapshot in mid-answer tells first which requests \
                 go on, and ends them where the server knows nothing of its session.";
    let mut scene = Scene::new("session-restored", about);
    scene.restored("client", json!({ "v1": true }), snapshot);
    scene.hub("hub", json!({}));
    let events = scene.give("client", "connect", Value::Null);
    assert_eq!(events.names()[0], "restored");
    let envelope: Value = serde_json::from_str(events.one("restored").text("json")).expect("JSON");
    assert_eq!(envelope["message"], "another one");
    let mut talk = Talk::open(&mut scene, "hub");
    let events = talk.settle();
    assert_eq!(events.of_client.one("unknown").word("request"), Some(2));
    scene
}

fn last_words() -> Scene {
    let about = "A client whose server has no common version closes its link with the code that says \
                 so, drops it, and dials again at once to speak pam.";
    let mut scene = Scene::new("session-last-words", about);
    scene.client("client", json!({ "v1": true }));
    scene.give("client", "connect", Value::Null);
    scene.give("client", "opened_in", json!({ "subprotocol": "pamlink.v1" }));
    let goodbye = json!({ "text": r#"{"type":"goodbye","code":"version"}"# });
    let events = scene.give("client", "text_in", goodbye);
    assert_eq!(events.one("write_close").word("code"), Some(4003));
    let of_links = ["write_close", "close_transport", "dial"];
    let names: Vec<_> = events.names().into_iter().filter(|name| of_links.contains(name)).collect();
    assert_eq!(names, of_links);
    scene
}

fn pushes() -> Scene {
    let about = "Pushes of a hub to a user without a link: what is urgent goes first, what has the key \
                 of another takes its place, and what is pushed for a while is gone after it.";
    let mut scene = Scene::new("session-pushes", about);
    scene.client("client", json!({ "v1": true }));
    scene.hub("hub", json!({}));
    scene.give("client", "connect", Value::Null);
    let mut talk = Talk::open(&mut scene, "hub");
    talk.settle();
    talk.break_off();
    let mut push = |number: u64, mut members: Value| {
        members["user"] = "ann".into();
        members["envelope"] = format!(r#"{{"type":"news","n":{number}}}"#).into();
        scene.give("hub", "push", members)
    };
    push(0, json!({ "key": "weather" }));
    push(1, json!({ "time_to_live": 5_000_000_000u64 }));
    push(2, json!({ "priority": "urgent" }));
    let events = push(3, json!({ "key": "weather" }));
    assert_eq!(
        (events.one("pushed").word("push"), events.one("pushed").word("queued")),
        (Some(3), Some(1))
    );
    let lost = events.one("undelivered");
    assert_eq!((lost.word("push"), lost.text("error_code")), (Some(0), "replaced"));
    scene.wait(6_000);
    let events = scene.tick("hub");
    let lost = events.one("undelivered");
    let words = (lost.word("push"), lost.text("outcome"), lost.text("error_code"));
    assert_eq!(words, (Some(1), "expired", "age"));
    assert!(!scene.tick("client").no("dial"));
    let mut talk = Talk::open(&mut scene, "hub");
    let events = talk.settle();
    let came: Vec<_> =
        events.of_client.all("message").iter().map(|it| it.text("json").to_owned()).collect();
    assert_eq!(came, [2, 3].map(|number| format!(r#"{{"type":"news","n":{number}}}"#)));
    scene
}

/// What has followed at both ends.
#[derive(Default)]
struct Followed {
    of_client: Vec<Record>,
    of_hub: Vec<Record>,
}

/// The client and a hub, with all that is said on its way to the other.
struct Talk<'a> {
    scene: &'a mut Scene,
    hub: &'static str,
    link: u64,
    to_hub: Vec<Record>,
    to_client: Vec<Record>,
}

impl<'a> Talk<'a> {
    /// The link that the client has dialled, welcomed.
    fn open(scene: &'a mut Scene, hub: &'static str) -> Self {
        let members = json!({ "user": "ann", "subject": "ann", "v1": 1 });
        let accepted = scene.give(hub, "accept_opened", members);
        let link = accepted.one("accepted").word("link").expect("a link");
        let mut talk = Self { scene, hub, link, to_hub: vec![], to_client: vec![] };
        let opened = json!({ "subprotocol": "pamlink.v1" });
        talk.of_client("opened_in", opened);
        talk
    }

    /// The client asks, and the hub has the request.
    fn request(&mut self, message: &str) -> u64 {
        self.of_client("ask", json!({ "message": message, "stream": 1 }));
        self.settle().of_hub.one("request").word("request").expect("a number")
    }

    fn of_client(&mut self, record: &str, members: Value) -> Vec<Record> {
        let events = self.scene.give("client", record, members);
        self.to_hub.extend(events.all("write_text").into_iter().cloned());
        events
    }

    fn of_hub(&mut self, record: &str, members: Value) -> Vec<Record> {
        let events = self.scene.give(self.hub, record, members);
        self.to_client.extend(events.all("write_text").into_iter().cloned());
        events
    }

    /// All that is on its way arrives, and what follows from it.
    fn settle(&mut self) -> Followed {
        let mut followed = Followed::default();
        let events = self.scene.tick(self.hub);
        self.to_client.extend(events.all("write_text").into_iter().cloned());
        followed.of_hub.extend(events);
        while !self.to_hub.is_empty() || !self.to_client.is_empty() {
            for text in core::mem::take(&mut self.to_hub) {
                let members = json!({ "link": self.link, "text": text.text("text") });
                let events = self.of_hub("text_in", members);
                followed.of_hub.extend(events);
            }
            for text in core::mem::take(&mut self.to_client) {
                let events = self.of_client("text_in", json!({ "text": text.text("text") }));
                followed.of_client.extend(events);
            }
        }
        followed
    }

    /// The transport breaks.
    fn break_off(self) {
        self.scene.give("client", "closed_in", json!({}));
        self.scene.give(self.hub, "closed_in", json!({ "link": self.link }));
    }
}
