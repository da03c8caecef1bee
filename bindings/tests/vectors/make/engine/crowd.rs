//! Many links of a hub at once: pushes, caps, heartbeats, draining.

use serde_json::{Value, json};

use super::hub::{open, request_of, say};
use super::requests::chat;
use super::scene::{Records, Scene};
use crate::record::Record;

pub(super) fn scenes() -> Vec<Scene> {
    vec![push(), caps(), full(), drain(), heartbeat()]
}

/// The links that something was written to.
fn reached(events: &[Record]) -> Vec<u64> {
    events.all("write_text").iter().filter_map(|record| record.word("link")).collect()
}

fn push() -> Scene {
    let about = "Envelopes of the host's own, to a link, to a user, to everybody; and a close frame to a \
                 user.";
    let mut scene = Scene::new("hub-push", about);
    scene.hub("hub", json!({}));
    let [ann, too, bob] = ["ann", "ann", "bob"].map(|user| open(&mut scene, user));
    let news = r#"{ "type": "timer_expired", "n": 1.0 }"#;
    let events = scene.give("hub", "send_to", json!({ "link": ann, "envelope": news }));
    assert_eq!(events.one("pushed").word("queued"), Some(1));
    assert_eq!((reached(&events), events.one("write_text").text("text")), (vec![ann], news));
    let events = scene.give("hub", "push", json!({ "user": "ann", "envelope": news }));
    assert_eq!(events.one("pushed").word("queued"), Some(2));
    let mut links = reached(&events);
    links.sort_unstable();
    assert_eq!(links, [ann, too]);
    let events = scene.give("hub", "push", json!({ "user": "nobody", "envelope": news }));
    assert_eq!(events.one("pushed").word("queued"), Some(0));
    let events = scene.give("hub", "broadcast", json!({ "envelope": news }));
    assert_eq!(events.one("pushed").word("queued"), Some(3));
    assert_eq!(reached(&events).len(), 3);
    let not_one = json!({ "user": "ann", "envelope": "7" });
    assert_eq!(scene.give("hub", "push", not_one).one("fault").text("name"), "not_an_envelope");
    let events =
        scene.give("hub", "disconnect_user", json!({ "user": "ann", "code": 4500, "reason": "r" }));
    assert_eq!(events.one("disconnected").word("links"), Some(2));
    assert_eq!(events.all("write_close").len(), 2);
    let events = scene.give("hub", "push", json!({ "user": "ann", "envelope": news }));
    assert_eq!(events.one("pushed").word("queued"), Some(0), "they are going");
    for link in [ann, too] {
        scene.give("hub", "closed_in", json!({ "link": link }));
    }
    let events = scene.give("hub", "disconnect_link", json!({ "link": ann, "code": 1000 }));
    assert_eq!(events.one("disconnected").word("links"), Some(0));
    let events = scene.give("hub", "broadcast", json!({ "envelope": news }));
    assert_eq!(reached(&events), [bob]);
    scene
}

fn caps() -> Scene {
    let about = "One link more than a user may have: the oldest goes, or the newest is refused.";
    let mut scene = Scene::new("hub-caps", about);
    scene.hub("hub", json!({ "max_links_per_user": 2 }));
    scene.machine("strict", "hub", json!({ "max_links_per_user": 2, "refuse_newest": true }));
    let links = [(); 2].map(|()| open(&mut scene, "ann"));
    let events = scene.give("hub", "accept_opened", json!({ "user": "ann", "subject": "ann" }));
    assert!(!events.no("opened"));
    let close = events.one("write_close");
    assert_eq!((close.word("link"), close.word("code")), (Some(links[0]), Some(1000)));
    open(&mut scene, "bob");
    for welcomed in [true, true, false] {
        let events =
            scene.give("strict", "accept_opened", json!({ "user": "ann", "subject": "ann" }));
        assert_eq!(events.no("opened"), !welcomed);
        assert_eq!(events.no("write_close"), welcomed);
        if !welcomed {
            assert_eq!(events.one("write_close").word("code"), Some(1013));
        }
    }
    scene
}

fn full() -> Scene {
    let about = "A hub that holds as many links, or runs as many requests, as it may.";
    let mut scene = Scene::new("hub-full", about);
    scene.hub("hub", json!({ "max_links": 2, "max_requests": 1 }));
    let [ann, bob] = ["ann", "bob"].map(|user| open(&mut scene, user));
    for (record, members) in
        [("accept_opened", json!({ "user": "cat", "subject": "cat" })), ("accept", Value::Null)]
    {
        let events = scene.give("hub", record, members);
        let fault = events.one("fault");
        assert_eq!((fault.text("name"), fault.word("retryable")), ("hub_full", Some(1)));
    }
    let running = request_of(&say(&mut scene, ann, &chat("1", "x")));
    let events = say(&mut scene, bob, &chat("1", "x"));
    assert_eq!(events.one("refused").text("error_code"), "AGENT_BUSY");
    scene.give("hub", "dismiss", json!({ "request": running }));
    assert!(!say(&mut scene, bob, &chat("1", "x")).no("request"));
    scene.give("hub", "closed_in", json!({ "link": ann }));
    let link = open(&mut scene, "cat");
    assert_ne!(link, ann, "a number is never used twice");
    scene
}

fn drain() -> Scene {
    let about = "A hub that closes: each link has a moment of its own within the spread, one with a \
                 running request the whole of it; nobody new is taken.";
    let mut scene = Scene::new("hub-drain", about);
    scene.hub("hub", json!({}));
    let links: Vec<_> = ["ann", "bob", "cat", "dan"].map(|user| open(&mut scene, user)).into();
    let running = request_of(&say(&mut scene, links[3], &chat("1", "x")));
    let began = scene.at_ms;
    let mut events = scene.give("hub", "drain", json!({ "spread": 4_000_000_000_u64 }));
    let refused = scene.give("hub", "accept", Value::Null);
    assert_eq!(refused.one("fault").text("name"), "hub_draining");
    let mut gone = Vec::new();
    for _ in 0..40 {
        let leaving: Vec<_> = events.all("write_close").iter().map(|it| it.word("link")).collect();
        for link in leaving {
            let frame = &events.written()[0];
            assert_eq!((&frame["type"], &frame["retry_after"]), (&json!("going_away"), &json!(4)));
            gone.push((link, scene.at_ms - began));
            events = scene.give("hub", "close_in", json!({ "link": link, "code": 1012 }));
        }
        if !events.no("drained") {
            break;
        }
        scene.wait_for(&events);
        events = scene.tick("hub");
    }
    assert_eq!(gone.len(), 4);
    assert!(gone.iter().all(|(_, after)| *after <= 4_000), "{gone:?}");
    let last = gone.iter().find(|(link, _)| *link == Some(links[3])).expect("it went");
    assert_eq!(last.1, 4_000, "it was given all the time");
    let events = scene.give("hub", "reply", json!({ "request": running, "text": "late" }));
    assert_eq!(events.one("delivered").text("outcome"), "kept");
    scene.audit("hub").all_closed();
    scene
}

fn heartbeat() -> Scene {
    let about = "A hub asks every interval, also a peer that talks; a peer that is silent ten \
                 seconds after is gone. A link that talks stays.";
    let mut scene = Scene::new("hub-heartbeat", about);
    scene.hub("hub", json!({}));
    let [alive, silent] = ["ann", "bob"].map(|user| open(&mut scene, user));
    let mut events = scene.tick("hub");
    let began = scene.at_ms;
    let mut pings = 0;
    while events.no("closed") {
        scene.wait_for(&events);
        events = scene.tick("hub");
        pings += events.written().iter().filter(|frame| frame["type"] == "ping").count();
        if reached(&events).contains(&alive) {
            let ended = say(&mut scene, alive, &json!({ "type": "pong" }));
            assert!(ended.no("closed"));
        }
    }
    assert_eq!(events.one("closed").word("link"), Some(silent));
    assert_eq!(
        (events.one("closed").text("class"), events.one("closed").text("cause")),
        ("timeout", "timeout: liveness")
    );
    assert_eq!(events.one("write_close").word("code"), Some(1001));
    assert!(!events.no("close_transport"), "nobody waits for its close frame");
    assert_eq!(pings, 2);
    let silence = scene.at_ms - began;
    assert!((29_000..=30_000).contains(&silence), "{silence}");
    assert!(!say(&mut scene, alive, &json!({ "type": "ping" })).no("write_text"));
    scene
}
