//! What is true of every machine in every scene, whatever happens to it.

use std::collections::{BTreeMap, BTreeSet};

use pamlink_ffi::error_codes;

use crate::record::Record;
use crate::run::Step;

/// What a machine has said so far.
#[derive(Default)]
pub(super) struct Audit {
    /// Requests, in order, and how each ended.
    asked: Vec<u64>,
    ended: BTreeMap<u64, &'static str>,
    /// The order of endings.
    order: Vec<u64>,
    /// Attempts to connect, and their ends.
    dials: usize,
    closes: usize,
    state: Option<u64>,
    /// Links of a hub, those that have closed, and those whose transport is to be dropped.
    links: BTreeSet<u64>,
    closed: BTreeSet<u64>,
    transport_closed: BTreeSet<u64>,
    /// Requests of a hub by number, and the ids that were worked on by user.
    requests: BTreeSet<u64>,
    effects: Vec<(String, String)>,
}

impl Audit {
    pub(super) fn look(&mut self, step: &Step) {
        let (next, events) = step.output.split_last().expect("an output");
        assert!(next.is("next"), "an output ends with `next`");
        assert_eq!(next.word("deadline").is_some(), next.bytes("reason").is_some());
        let mut commands = Vec::new();
        for input in step.input.iter().flatten() {
            // The host has reported the end of the transport: nothing more comes of it.
            if input.is("closed_in") {
                self.transport_closed.insert(input.word("link").expect("a link"));
            }
        }
        for record in events {
            assert!(!record.is("next"), "`next` comes once");
            if COMMANDS.contains(&record.name()) {
                commands.push(record.word("of").expect("a place"));
            }
            self.record(record);
        }
        assert!(commands.iter().all(|of| *of < step.input.len() as u64), "{commands:?}");
        assert!(commands.is_sorted_by(|one, other| one < other), "{commands:?}");
    }

    fn record(&mut self, record: &Record) {
        match record.name() {
            "fault" => fault(record),
            "asked" => {
                let request = record.word("request").expect("a request");
                assert!(self.asked.last().is_none_or(|last| *last < request), "requests rise");
                self.asked.push(request);
            }
            // It goes on with what was asked before the scene.
            "restored" => self.asked.push(record.word("request").expect("a request")),
            "answer" | "cancelled" | "rejected" | "expired" | "unknown" | "unsent" => {
                let request = record.word("request").expect("a request");
                assert!(self.asked.contains(&request), "{request} was never asked");
                let before = self.ended.insert(request, record.name());
                assert_eq!(before, None, "{request} ended twice");
                self.order.push(request);
            }
            "piece" => {
                let request = record.word("request").expect("a request");
                assert!(self.asked.contains(&request) && !self.ended.contains_key(&request));
            }
            "dial" => {
                assert_eq!(self.dials, self.closes, "a dial before the end of the last");
                self.dials += 1;
                self.transport_closed.clear();
                assert_eq!(self.state, Some(0), "dials while it is connecting");
            }
            "state_changed" => {
                let (from, to) = (record.word("from"), record.word("to"));
                assert!(self.state.is_none() || self.state == from, "from {from:?}");
                assert_ne!(from, to);
                self.state = to;
            }
            "accepted" => {
                assert!(self.links.insert(record.word("link").expect("a link")), "a number twice");
            }
            "closed" => self.close(record),
            "request" => {
                let request = record.word("request").expect("a request");
                assert!(self.requests.insert(request), "{request} came twice");
                let (user, id) = (record.text("user").to_owned(), record.text("id").to_owned());
                self.effects.push((user, id));
            }
            "close_transport" => {
                let link = record.word("link").expect("a link");
                assert!(self.transport_closed.insert(link), "{link} was closed twice");
            }
            "write_bytes" | "write_text" | "write_close" => {
                let link = record.word("link").expect("a link");
                assert!(!self.transport_closed.contains(&link), "{link} is to be dropped already");
            }
            _ => {}
        }
    }

    fn close(&mut self, record: &Record) {
        let link = record.word("link").expect("a link");
        if link == 0 && self.links.is_empty() {
            self.closes += 1;
            assert_eq!(self.dials, self.closes, "an end without a beginning");
        } else {
            assert!(self.links.contains(&link), "{link} never was");
            assert!(self.closed.insert(link), "{link} closed twice");
        }
    }

    /// How each request ended, in the order of asking. Every one has.
    pub(super) fn endings(&self) -> Vec<&'static str> {
        let ending = |request: &u64| {
            self.ended.get(request).copied().unwrap_or_else(|| panic!("{request} has not ended"))
        };
        self.asked.iter().map(ending).collect()
    }

    /// Every request was answered, once and in the order of asking.
    pub(super) fn all_answered_in_order(&self, requests: usize) {
        assert_eq!(self.endings(), vec!["answer"; requests]);
        assert_eq!(self.order, self.asked, "in the order of asking");
    }

    /// Nothing with an id was worked on twice, and this many requests were worked on.
    pub(super) fn each_effect_once(&self, effects: usize) {
        let with_id: Vec<_> = self.effects.iter().filter(|(_, id)| !id.is_empty()).collect();
        let different: BTreeSet<_> = with_id.iter().collect();
        assert_eq!(different.len(), with_id.len(), "{with_id:?}");
        assert_eq!(self.effects.len(), effects);
    }

    /// Every link has ended.
    pub(super) fn all_closed(&self) {
        assert_eq!(self.closed, self.links);
        assert_eq!(self.dials, self.closes);
    }
}

/// What becomes of commands: each names the place of its own.
const COMMANDS: [&str; 8] = [
    "fault",
    "asked",
    "accepted",
    "delivered",
    "pushed",
    "disconnected",
    "submitted",
    "snapshot_taken",
];

/// A fault is of the table of errors.
fn fault(record: &Record) {
    let codes = error_codes();
    let code = codes.iter().find(|code| u64::from(code.code) == record.word("code").unwrap_or(0));
    let code = code.unwrap_or_else(|| panic!("no such error: {record:?}"));
    assert_eq!((record.text("name"), record.text("class")), (&*code.name, &*code.class));
    assert_eq!(record.word("retryable"), Some(code.retryable.into()));
    assert!(!record.text("message").is_empty());
}
