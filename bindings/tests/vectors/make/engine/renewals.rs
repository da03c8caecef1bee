//! Tokens that are renewed over the links of one user, by the schedule of its clients.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::pair::{token, verifier};
use super::scene::{Records, Scene};

const SECOND: u64 = 1_000;

/// Tokens live so long.
const LIFE: u64 = 60 * SECOND;

pub(super) fn scene() -> Scene {
    let about = "Two links of one user, each with tokens of a minute that its client renews on its \
                 own schedule: none is ever refused. Bad tokens are counted, a good one is taken \
                 behind them too, and one link may bring only so many at once.";
    let mut scene = Scene::new("hub-renewals", about);
    let mut options = verifier();
    options["heartbeat_interval_ms"] = json!(25_000);
    options["heartbeat_deadline_ms"] = json!(120_000);
    scene.hub("hub", options);
    for client in ["client0", "client1"] {
        scene.client(client, json!({ "anonymous": false, "heartbeat_interval_ms": 25_000 }));
    }
    let mut pairs = Pairs { scene, began: 1_000, renewals: 0, due: HashMap::new() };
    for link in 0..2 {
        pairs.open(link);
    }
    pairs.run_for(400 * SECOND);
    assert!(pairs.renewals >= 2 * 10, "{} renewals", pairs.renewals);

    // Five bad tokens are refused as such, however they are spread over the links.
    let pairs_bad = json!({ "type": "auth", "id": "bad", "token": token("bob", 5_000) });
    for n in 0..6 {
        let events = pairs.say(n % 2, &pairs_bad);
        let code = if n < 5 { "AUTH_REQUIRED" } else { "RATE_LIMIT_EXCEEDED" };
        assert_eq!(events[0]["error_code"], code, "{n}");
        assert_eq!(events[0]["retry_after"].is_null(), n < 5);
        pairs.scene.wait(SECOND);
    }
    // The schedule goes on.
    let before = pairs.renewals;
    pairs.run_for(100 * SECOND);
    assert!(pairs.renewals >= before + 4);
    // Good ones in a tight loop cost a verification each: one link may have five at once.
    let good = json!({ "type": "auth", "id": "good", "token": pairs.token() });
    for _ in 0..5 {
        assert!(pairs.say(0, &good).is_empty());
    }
    let events = pairs.say(0, &good);
    assert_eq!(events[0]["error_code"], "RATE_LIMIT_EXCEEDED");
    assert_eq!(events[0]["retry_after"], 1);
    assert!(pairs.say(1, &good).is_empty(), "the other link has its own");
    pairs.scene
}

/// Two clients, each with a link of one hub.
struct Pairs {
    scene: Scene,
    began: u64,
    renewals: usize,
    /// When each machine wants to be woken, in milliseconds.
    due: HashMap<String, u64>,
}

impl Pairs {
    fn token(&self) -> String {
        let until = self.scene.at_ms - self.began + LIFE;
        token("ann", i64::try_from(until / SECOND).expect("soon"))
    }

    fn open(&mut self, link: u64) {
        let client = format!("client{link}");
        let token = self.token();
        self.give(&client, "token", json!({ "token": token }));
        self.give(&client, "connect", Value::Null);
        self.give(&client, "opened_in", Value::Null);
        self.give("hub", "accept_opened", json!({ "user": "ann", "token": token }));
    }

    fn run_for(&mut self, ms: u64) {
        let end = self.scene.at_ms + ms;
        while let Some((machine, at)) = self.due.iter().min_by_key(|(name, at)| (**at, *name))
            && *at < end
        {
            let (machine, at) = (machine.clone(), *at);
            self.scene.wait(at.saturating_sub(self.scene.at_ms));
            let events = self.scene.tick(&machine);
            self.absorb(&machine, &events);
        }
        self.scene.wait(end - self.scene.at_ms);
    }

    /// A peer sends a frame by hand: what its link is sent.
    fn say(&mut self, link: u64, frame: &Value) -> Vec<Value> {
        let events =
            self.scene.give("hub", "text_in", json!({ "link": link, "text": frame.to_string() }));
        events.written()
    }

    fn give(&mut self, machine: &str, record: &str, members: Value) {
        let events = self.scene.give(machine, record, members);
        self.absorb(machine, &events);
    }

    /// What one says the other hears.
    fn absorb(&mut self, machine: &str, events: &[crate::record::Record]) {
        assert!(events.no("write_close") && events.no("stopped"), "{:?}", events.names());
        if let Some(at) = events.last().and_then(|next| next.word("deadline")) {
            self.due.insert(machine.to_owned(), at.div_ceil(1_000_000));
        }
        for written in events.all("write_text") {
            let text = written.text("text").to_owned();
            assert!(!text.contains("error"), "{text}");
            match machine.strip_prefix("client") {
                Some(link) => {
                    let link: u64 = link.parse().expect("a number");
                    self.give("hub", "text_in", json!({ "link": link, "text": text }));
                }
                None => {
                    let client = format!("client{}", written.word("link").expect("a link"));
                    self.give(&client, "text_in", json!({ "text": text }));
                }
            }
        }
        if !events.no("need_token") {
            self.renewals += 1;
            let token = self.token();
            self.give(machine, "token", json!({ "token": token }));
        }
    }
}
