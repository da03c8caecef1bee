//! A client and a hub with a network between them that breaks where it is told to.

use std::collections::VecDeque;

use pamlink_ffi::sign_token;
use serde_json::{Value, json};

use super::scene::{Records, Scene, WALL_MS};
use crate::record::{Record, hex};

pub(super) const SECRET: &[u8] = b"pamlink-test-secret-of-32-bytes!";

/// A token of `user` that a hub with [`SECRET`] takes for so many seconds of the scene.
pub(super) fn token(user: &str, seconds: i64) -> String {
    let until = WALL_MS as i64 * 1_000 + seconds * 1_000_000;
    sign_token(SECRET, user, until, None).expect("a secret")
}

/// What a hub needs to take such tokens.
pub(super) fn verifier() -> Value {
    json!({ "auth": { "hs256_secret": hex(SECRET) } })
}

/// Where the network breaks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cut {
    Never,
    /// The delivery of this number, from 0, is lost with all behind it.
    Before(usize),
    /// The delivery of this number arrives in half, and what is behind it is lost.
    Within(usize),
}

/// When the host of the hub replies.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Host {
    Prompt,
    /// When nothing is on its way any more, the newest first.
    Late,
}

/// One thing on its way.
struct Parcel {
    to_hub: bool,
    written: Record,
}

pub(super) struct Pair<'a> {
    pub(super) scene: &'a mut Scene,
    client: String,
    hub: String,
    bytes: bool,
    host: Host,
    /// The hub's link while there is a transport.
    link: Option<u64>,
    dialing: bool,
    parcels: VecDeque<Parcel>,
    pending: Vec<(u64, String)>,
    deliveries: usize,
    cut: Cut,
    open: usize,
    pub(super) connects: usize,
}

impl<'a> Pair<'a> {
    /// A client and a hub of their own; `bytes` if they speak WebSocket themselves.
    pub(super) fn new(scene: &'a mut Scene, name: &str, bytes: bool, host: Host, cut: Cut) -> Self {
        let (client, hub) = (format!("client{name}"), format!("hub{name}"));
        scene.client(&client, json!({ "anonymous": !bytes }));
        scene.hub(&hub, if bytes { verifier() } else { json!({}) });
        Self {
            scene,
            client,
            hub,
            bytes,
            host,
            link: None,
            dialing: false,
            parcels: VecDeque::new(),
            pending: Vec::new(),
            deliveries: 0,
            cut,
            open: 0,
            connects: 0,
        }
    }

    pub(super) fn connect(&mut self) {
        if self.bytes {
            self.tell_client("token", json!({ "token": token("ann", 86_400) }));
        }
        self.tell_client("connect", Value::Null);
    }

    pub(super) fn ask(&mut self, requests: &[&str]) {
        self.open += requests.len();
        let ask = |request: &&str| Ok(Record::new("ask", json!({ "message": request })));
        let events = self.scene.step(&self.client.clone(), requests.iter().map(ask).collect());
        self.absorb(false, &events);
    }

    /// Everything that can happen happens, until every request has ended.
    pub(super) fn settle(&mut self) {
        for _ in 0..400 {
            if self.dialing {
                self.make_transport();
            } else if self.host == Host::Prompt && !self.pending.is_empty() {
                self.reply();
            } else if let Some(parcel) = self.parcels.pop_front() {
                self.deliver(&parcel);
            } else if !self.pending.is_empty() {
                self.reply();
            } else if self.open == 0 {
                return;
            } else {
                self.pass_time();
            }
        }
        panic!("{} requests without an end", self.open);
    }

    /// The transport breaks: what is on its way is lost.
    pub(super) fn break_off(&mut self) {
        self.parcels.clear();
        if let Some(link) = self.link.take() {
            self.tell_client("closed_in", json!({}));
            self.tell_hub("closed_in", json!({ "link": link }));
        }
    }

    fn make_transport(&mut self) {
        self.dialing = false;
        self.connects += 1;
        let accepted = if self.bytes {
            self.tell_hub("accept", Value::Null)
        } else {
            self.tell_hub("accept_opened", json!({ "user": "ann", "subject": "ann" }))
        };
        self.link = accepted.one("accepted").word("link");
        // What the hub has said is on its way only now.
        self.absorb(true, &accepted);
        self.tell_client(if self.bytes { "dialed" } else { "opened_in" }, Value::Null);
    }

    fn deliver(&mut self, parcel: &Parcel) {
        let number = self.deliveries;
        self.deliveries += 1;
        if self.cut == Cut::Before(number) {
            return self.break_off();
        }
        let half = self.cut == Cut::Within(number);
        let link = if parcel.to_hub { self.link.expect("a transport") } else { 0 };
        let (record, members) = match parcel.written.name() {
            "write_bytes" => {
                let bytes = parcel.written.bytes("bytes").expect("bytes");
                let bytes = if half { &bytes[..bytes.len() / 2] } else { bytes };
                ("bytes_in", json!({ "link": link, "bytes": hex(bytes) }))
            }
            "write_text" => {
                ("text_in", json!({ "link": link, "text": parcel.written.text("text") }))
            }
            other => panic!("nobody closes here: {other}"),
        };
        if parcel.to_hub {
            self.tell_hub(record, members);
        } else {
            self.tell_client(record, members);
        }
        if half {
            self.break_off();
        }
    }

    fn reply(&mut self) {
        let (request, text) = self.pending.remove(0);
        let text = format!("re: {text}");
        self.tell_hub("reply", json!({ "request": request, "text": text }));
    }

    fn pass_time(&mut self) {
        let events = self.scene.tick(&self.client.clone());
        self.scene.wait_for(&events);
        let (client, hub) = (self.client.clone(), self.hub.clone());
        let events = self.scene.tick(&client);
        self.absorb(false, &events);
        let events = self.scene.tick(&hub);
        self.absorb(true, &events);
    }

    fn tell_client(&mut self, record: &str, members: Value) {
        let events = self.scene.give(&self.client.clone(), record, members);
        self.absorb(false, &events);
    }

    fn tell_hub(&mut self, record: &str, members: Value) -> Vec<Record> {
        let events = self.scene.give(&self.hub.clone(), record, members);
        if record != "accept" && record != "accept_opened" {
            self.absorb(true, &events);
        }
        events
    }

    fn absorb(&mut self, of_hub: bool, events: &[Record]) {
        for record in events {
            match record.name() {
                "dial" => self.dialing = true,
                "write_bytes" | "write_text" => {
                    let alive = self.link.is_some() || !of_hub;
                    assert!(alive, "written to nobody");
                    self.parcels.push_back(Parcel { to_hub: !of_hub, written: record.clone() });
                }
                "request" => {
                    let text = record.text("text").to_owned();
                    self.pending.push((record.word("request").expect("a request"), text));
                }
                "answer" => {
                    assert!(record.text("text").starts_with("re: "));
                    self.open -= 1;
                }
                "rejected" | "expired" | "unknown" | "fault" => panic!("{record:?}"),
                _ => {}
            }
        }
    }
}
