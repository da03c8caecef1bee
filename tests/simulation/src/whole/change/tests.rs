//! What is found in a change, by what was said over its links.

use super::*;

const SESSION: &str = "9f2c4e6a8b0d1f3557799bbddff01234";
const OLD: u64 = 1;
const NEW: u64 = 2;

/// A device with a session over its old link, by which two items have come and a piece of `q`.
struct Said {
    changes: Changes,
    millis: u64,
}

impl Said {
    fn new() -> Self {
        let mut said = Self { changes: Changes::new(10, None), millis: 0 };
        said.changes.dialed(OLD, 0);
        said.up(OLD, r#"{"type":"open","sent":["c1a5e00000000001",0]}"#);
        said.down(OLD, &opened("begun"));
        for number in 1..=2 {
            said.down(OLD, &item("5e7f00000000000a", number));
            said.up(OLD, &item("c1a5e00000000001", number));
        }
        said.down(OLD, &piece(1, 0));
        said.down(OLD, r#"{"type":"goodbye","code":"rotate","spread":4000,"within":30000}"#);
        said
    }

    /// The same, whose new link is welcomed and has said its `open`.
    fn opening() -> Self {
        let mut said = Self::new();
        said.change();
        said.up(NEW, &open());
        said
    }

    fn change(&mut self) {
        self.changes.dialed(NEW, 0);
        self.changes.changed(0, self.millis);
    }

    fn up(&mut self, link: u64, text: &str) {
        self.say(link, true, text);
    }

    fn down(&mut self, link: u64, text: &str) {
        self.say(link, false, text);
    }

    fn say(&mut self, link: u64, is_up: bool, text: &str) {
        self.changes.say(Place { link, is_up, millis: self.millis, is_quiet: true }, text);
    }

    /// The client leaves the old link, and its end comes.
    fn leave(&mut self) {
        self.up(OLD, r#"{"type":"goodbye","code":"left"}"#);
        self.changes.ended(OLD);
    }

    /// What is wrong, and how many changes were clean.
    fn found(mut self) -> (Vec<String>, u64) {
        let found = self.changes.take_judged().into_iter().flatten().collect();
        (found, self.changes.take_clean())
    }

    #[track_caller]
    fn finds(self, what: &str) {
        let (found, clean) = self.found();
        assert!(found.iter().any(|it| it.contains(what)), "{found:?}");
        assert_eq!(clean, 0);
    }
}

fn open() -> String {
    let (received, sent) = (r#"["5e7f00000000000a",2]"#, r#"["c1a5e00000000001",2]"#);
    let follow = r#"[{"stream":"q","received":["109e000000000001",1],"offset":3}]"#;
    format!(
        r#"{{"type":"open","session":"{SESSION}","received":{received},"sent":{sent},"follow":{follow}}}"#
    )
}

fn opened(answer: &str) -> String {
    let at = r#"["c1a5e00000000001",0]"#;
    format!(
        r#"{{"type":"opened","session":"{SESSION}","answer":"{answer}","received":{at},"from":{at},"sent":{at},"log":"109e000000000001","window":{{"envelopes":512,"bytes":262144}},"keep":120000}}"#
    )
}

fn item(epoch: &str, number: u64) -> String {
    format!(r#"{{"type":"item","at":["{epoch}",{number}],"body":null}}"#)
}

fn piece(number: u64, offset: u64) -> String {
    let at = format!(r#"["109e000000000001",{number}]"#);
    format!(r#"{{"type":"piece","stream":"q","at":{at},"offset":{offset},"append":"one"}}"#)
}

fn following() -> String {
    let from = r#"["109e000000000001",1]"#;
    format!(r#"{{"type":"following","stream":"q","answer":"resumed","from":{from},"offset":3}}"#)
}

#[test]
fn a_change_that_carries_its_session_is_clean() {
    let mut said = Said::opening();
    // What still comes over the old link comes again.
    said.down(OLD, &item("5e7f00000000000a", 3));
    said.up(OLD, &item("c1a5e00000000001", 3));
    said.millis += 20;
    said.down(NEW, &opened("resumed"));
    said.down(NEW, &following());
    said.down(NEW, &item("5e7f00000000000a", 3));
    said.up(NEW, &item("c1a5e00000000001", 3));
    said.down(NEW, &piece(2, 3));
    said.changes.pass(said.millis);
    said.leave();
    assert_eq!(said.found(), (Vec::new(), 1));
}

#[test]
fn what_a_fault_hits_is_not_judged() {
    let mut said = Said::opening();
    said.changes.hit(Some(0));
    said.leave();
    assert_eq!(said.found(), (Vec::new(), 0));
}

#[test]
fn a_link_that_is_left_too_early_is_found() {
    let mut said = Said::opening();
    said.leave();
    said.finds("leaves its old link before 1 sessions are open");
    let mut said = Said::opening();
    said.changes.ended(NEW);
    said.finds("a link ends before 1 sessions are open");
}

#[test]
fn a_session_that_is_opened_again_or_is_not_resumed_is_found() {
    let mut said = Said::opening();
    said.up(NEW, &open());
    said.finds("opened again");
    let mut said = Said::opening();
    said.down(NEW, &opened("gap"));
    said.finds("not resumed");
    let mut said = Said::opening();
    said.down(NEW, r#"{"type":"closed","code":"not_open"}"#);
    said.finds("closed over the new link");
}

#[test]
fn what_has_come_and_is_said_again_is_found() {
    for (is_up, text) in [
        (false, item("5e7f00000000000a", 2)),
        (true, item("c1a5e00000000001", 1)),
        (false, piece(1, 0)),
        (false, following().replace("\"offset\":3", "\"offset\":2")),
    ] {
        let mut said = Said::opening();
        said.down(NEW, &opened("resumed"));
        said.say(NEW, is_up, &text);
        said.finds("what had come is said again");
    }
}

#[test]
fn a_pause_is_found_when_it_is_longer_than_a_way_there_and_back() {
    for (millis, finds) in [(10, None), (11, Some("not opened at once"))] {
        let mut said = Said::new();
        said.change();
        said.changes.pass(millis);
        let (found, _) = said.found();
        assert_eq!(found.first().map(|it| it.contains(finds.unwrap_or("?"))), finds.map(|_| true));
    }
    let mut said = Said::opening();
    said.changes.pass(11);
    said.finds("a session pauses");
    let mut said = Said::opening();
    said.down(NEW, &opened("resumed"));
    said.changes.pass(11);
    said.finds("a stream pauses");
    let mut said = Said::opening();
    said.down(NEW, &opened("resumed"));
    said.down(NEW, &following());
    said.changes.pass(40_000);
    said.finds("does not come to its end");
}

#[test]
fn a_session_that_is_left_before_it_is_open_is_none_of_the_change() {
    let mut said = Said::new();
    said.changes.hit(None);
    said.changes.ended(OLD);
    said.changes.dialed(OLD, 0);
    said.up(OLD, r#"{"type":"open","sent":["c1a5e00000000001",0]}"#);
    said.up(OLD, r#"{"type":"closed","code":"left"}"#);
    said.down(OLD, &opened("begun"));
    said.down(OLD, r#"{"type":"goodbye","code":"rotate","spread":4000,"within":30000}"#);
    said.change();
    said.changes.pass(11);
    said.leave();
    assert_eq!(said.found(), (Vec::new(), 1));
}
