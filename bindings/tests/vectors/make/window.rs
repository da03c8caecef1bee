//! `window/*.json`. Every answer is written down by hand; the window is held to it.

use std::sync::Arc;

use pamlink_ffi::DuplicateWindow;

use super::list;
use crate::files::Made;
use crate::record::quoted;
use crate::run::seed;

pub(super) fn files() -> Vec<Made> {
    vec![count(), age(), content(), results(), forget(), clock_back(), keys()]
}

fn count() -> Made {
    let about = "The newest three are remembered; one that comes again is not newer for it.";
    let mut scene = Scene::new("count", about, Bounds { entries: 3, ..Bounds::ROOMY });
    for (id, size) in [("a", 1), ("b", 2), ("c", 3)] {
        scene.check(id, "fresh", size);
    }
    for id in ["c", "b", "a"] {
        scene.check(id, "pending", 3);
    }
    scene.check("d", "fresh", 3);
    scene.check("b", "pending", 3);
    scene.check("c", "pending", 3);
    // `a` made room for `d`, and comes back at the cost of `b`.
    scene.check("a", "fresh", 3);
    scene.check("b", "fresh", 3);
    scene.check("d", "pending", 3);
    scene.check("a", "pending", 3);
    scene.complete("c", "gone by now", false, 3);
    scene.complete("d", "kept", true, 3);
    scene.check("e", "fresh", 3);
    // A result goes with its message.
    scene.check("d", "fresh", 3);
    scene.made()
}

fn age() -> Made {
    let about = "A message is remembered while it is younger than a second, counted from the first; \
                 a check removes at most two that are too old.";
    let mut scene = Scene::new("age", about, Bounds { age_ms: 1_000, ..Bounds::ROOMY });
    scene.check("a", "fresh", 1);
    scene.at(500).check("b", "fresh", 2);
    scene.at(999).check("a", "pending", 2);
    scene.at(1_000).check("a", "fresh", 2);
    scene.at(1_499).check("b", "pending", 2);
    scene.complete("b", "late", true, 2);
    scene.check("b", "result:late", 2);
    scene.at(1_500).check("b", "fresh", 2);
    scene.check("b", "pending", 2);
    for (id, size) in [("c", 3), ("d", 4), ("e", 5)] {
        scene.check(id, "fresh", size);
    }
    // Five are too old; two of them go, one comes.
    scene.at(9_000).check("f", "fresh", 4);
    // `c` is too old though it is still held; two more go.
    scene.check("c", "fresh", 3);
    scene.check("g", "fresh", 3);
    scene.check("e", "fresh", 4);
    scene.made()
}

fn content() -> Made {
    let about = "Messages without an id are remembered by their content, for a shorter time.";
    let bounds = Bounds { age_ms: 1_000, content_age_ms: Some(100), ..Bounds::ROOMY };
    let mut scene = Scene::new("content", about, bounds);
    scene.said("ann", None, "hello", "fresh", 1);
    scene.at(99).said("ann", None, "hello", "pending", 1);
    scene.said("ann", None, "hello ", "fresh", 2);
    scene.said("ann", None, "Hello", "fresh", 3);
    scene.said("bob", None, "hello", "fresh", 4);
    // One with an id is known by it alone.
    scene.said("ann", Some("1"), "hello", "fresh", 5);
    scene.said("ann", Some("2"), "hello", "fresh", 6);
    scene.said("ann", Some("1"), "something else", "pending", 6);
    scene.at(100).said("ann", None, "hello", "fresh", 6);
    scene.at(198).said("bob", None, "hello", "pending", 6);
    scene.at(199).said("bob", None, "hello", "fresh", 6);
    scene.at(1_098).said("ann", Some("1"), "hello", "pending", 6);
    scene.said("ann", None, "", "fresh", 7);
    scene.said("ann", None, "", "pending", 7);
    scene.made()
}

fn results() -> Made {
    let about = "The first result is kept for repeats, as long as 200 bytes hold: each costs 80 \
                 beside its own, and the oldest goes first.";
    let mut scene = Scene::new("results", about, Bounds { results: 200, ..Bounds::ROOMY });
    let [twenty, more] = ["twenty bytes, so many", "twenty bytes of more."].map(|it| &it[..20]);
    scene.complete("a", "never seen", false, 0);
    scene.check("a", "fresh", 1);
    scene.check("a", "pending", 1);
    scene.complete("a", twenty, true, 1);
    scene.check("a", &format!("result:{twenty}"), 1);
    scene.complete("a", "another", false, 1);
    scene.check("a", &format!("result:{twenty}"), 1);
    scene.check("b", "fresh", 2);
    scene.complete("b", more, true, 2);
    scene.check("a", &format!("result:{twenty}"), 2);
    scene.check("b", &format!("result:{more}"), 2);
    // One more, however small, and the oldest goes; its message stays.
    scene.check("c", "fresh", 3);
    scene.complete("c", "", true, 3);
    scene.check("a", "forgotten", 3);
    scene.complete("a", "once more", false, 3);
    scene.check("a", "forgotten", 3);
    scene.check("b", &format!("result:{more}"), 3);
    scene.check("c", "result:", 3);
    scene.check("d", "fresh", 4);
    scene.complete("d", &"x".repeat(121), false, 4);
    scene.check("d", "forgotten", 4);
    scene.check("c", "result:", 4);
    scene.check("e", "fresh", 5);
    scene.complete("e", &"é".repeat(60), true, 5);
    scene.check("e", &format!("result:{}", "é".repeat(60)), 5);
    for (id, verdict) in [("b", "forgotten"), ("c", "forgotten"), ("d", "forgotten")] {
        scene.check(id, verdict, 5);
    }
    scene.made()
}

fn forget() -> Made {
    let about = "What is forgotten never came; its place is free when its turn comes.";
    let mut scene = Scene::new("forget", about, Bounds { entries: 3, ..Bounds::ROOMY });
    scene.forget("a", false, 0);
    scene.check("a", "fresh", 1);
    scene.forget("a", true, 0);
    scene.forget("a", false, 0);
    scene.complete("a", "nothing to complete", false, 0);
    scene.check("a", "fresh", 1);
    scene.complete("a", "done", true, 1);
    scene.check("a", "result:done", 1);
    scene.forget("a", true, 0);
    scene.check("a", "fresh", 1);
    scene.check("b", "fresh", 2);
    scene.check("c", "fresh", 3);
    scene.forget("b", true, 2);
    scene.check("a", "pending", 2);
    // Its place lies behind that of `a`, which has to go first.
    scene.check("d", "fresh", 2);
    scene.check("a", "fresh", 3);
    scene.check("c", "pending", 3);
    scene.check("d", "pending", 3);
    scene.made()
}

fn clock_back() -> Made {
    let about = "A time earlier than one given before counts as that one.";
    let mut scene = Scene::new("clock-back", about, Bounds { age_ms: 1_000, ..Bounds::ROOMY });
    scene.at(5_000).check("a", "fresh", 1);
    scene.at(100).check("a", "pending", 1);
    scene.check("b", "fresh", 2);
    scene.at(0).check("b", "pending", 2);
    scene.at(5_999).check("a", "pending", 2);
    scene.check("b", "pending", 2);
    scene.at(6_000).check("b", "fresh", 1);
    scene.at(10).check("a", "fresh", 2);
    scene.at(6_999).check("a", "pending", 2);
    scene.at(7_000).check("a", "fresh", 1);
    scene.made()
}

fn keys() -> Made {
    let about = "Ids are of one user, compared as texts, and no id is none: without a time for \
                 contents such a message is always new.";
    let mut scene = Scene::new("keys", about, Bounds::ROOMY);
    scene.said("ann", Some("1"), "x", "fresh", 1);
    scene.said("bob", Some("1"), "x", "fresh", 2);
    scene.said("Ann", Some("1"), "x", "fresh", 3);
    scene.said("ann", Some("1"), "y", "pending", 3);
    scene.said("ann", Some("01"), "x", "fresh", 4);
    scene.said("ann", Some("1.0"), "x", "fresh", 5);
    scene.said("ann", Some(""), "x", "fresh", 6);
    scene.said("ann", Some(""), "x", "pending", 6);
    scene.said("", Some("1"), "x", "fresh", 7);
    // The same to the eye, but not the same text.
    scene.said("ann", Some("caf\u{e9}"), "x", "fresh", 8);
    scene.said("ann", Some("cafe\u{301}"), "x", "fresh", 9);
    scene.said("ann", Some("caf\u{e9}"), "x", "pending", 9);
    scene.said("ann", Some("a\u{0}b"), "x", "fresh", 10);
    // User and id do not run into each other.
    scene.said("ann1", Some(""), "x", "fresh", 11);
    scene.said("an", Some("n1"), "x", "fresh", 12);
    scene.said("ann", None, "x", "fresh", 12);
    scene.said("ann", None, "x", "fresh", 12);
    scene.said("ann", Some(&"long ".repeat(60)), "x", "fresh", 13);
    scene.said("ann", Some(&"long ".repeat(60)), "x", "pending", 13);
    scene.made()
}

#[derive(Clone, Copy)]
struct Bounds {
    entries: u64,
    age_ms: u64,
    content_age_ms: Option<u64>,
    results: u64,
}

impl Bounds {
    /// Bounds that nothing here reaches.
    const ROOMY: Self =
        Self { entries: 64, age_ms: 300_000, content_age_ms: None, results: 65_536 };
}

const SEED: u64 = 1;

struct Scene {
    name: &'static str,
    about: &'static str,
    bounds: Bounds,
    window: Arc<DuplicateWindow>,
    now_ms: u64,
    steps: Vec<String>,
}

impl Scene {
    fn new(name: &'static str, about: &'static str, bounds: Bounds) -> Self {
        let Bounds { entries, age_ms, content_age_ms, results } = bounds;
        let window = DuplicateWindow::new(entries, age_ms, content_age_ms, results, &seed(SEED));
        let window = window.expect("a window");
        Self { name, about, bounds, window, now_ms: 0, steps: Vec::new() }
    }

    fn at(&mut self, now_ms: u64) -> &mut Self {
        self.now_ms = now_ms;
        self
    }

    fn check(&mut self, id: &str, verdict: &str, size: u64) {
        self.said("ann", Some(id), "x", verdict, size);
    }

    fn said(&mut self, user: &str, id: Option<&str>, content: &str, verdict: &str, size: u64) {
        let now = self.now_ms * 1_000_000;
        let said = self.window.check(now, user, id.map(str::to_owned), content);
        let result = said.result.map(|it| format!(":{}", String::from_utf8_lossy(&it)));
        let found = said.verdict + &result.unwrap_or_default();
        assert_eq!(found, verdict, "{}: {user} {id:?} {content}", self.steps.len());
        self.step("check", &message(user, id, content, ""), &quoted(verdict), size);
    }

    fn complete(&mut self, id: &str, result: &str, kept: bool, size: u64) {
        let found = self.window.complete("ann", Some(id.to_owned()), "x", result.as_bytes());
        assert_eq!(found, kept, "{}: {id}", self.steps.len());
        let result = format!(", \"result\": {}", quoted(result));
        self.step("complete", &message("ann", Some(id), "x", &result), &kept.to_string(), size);
    }

    fn forget(&mut self, id: &str, known: bool, size: u64) {
        let found = self.window.forget("ann", Some(id.to_owned()), "x");
        assert_eq!(found, known, "{}: {id}", self.steps.len());
        self.step("forget", &message("ann", Some(id), "x", ""), &known.to_string(), size);
    }

    fn step(&mut self, what: &str, message: &str, expect: &str, size: u64) {
        assert_eq!(self.window.size(), size, "{}: {message}", self.steps.len());
        self.steps.push(format!(
            "{{\"at_ms\": {}, \"{what}\": {message}, \"expect\": {expect}, \"size\": {size}}}",
            self.now_ms
        ));
    }

    fn made(self) -> Made {
        let Bounds { entries, age_ms, content_age_ms, results } = self.bounds;
        let content_age = content_age_ms.map_or_else(|| "null".to_owned(), |age| age.to_string());
        let text = format!(
            "{{\n  \"about\": {},\n  \"seed\": {SEED}, \"max_entries\": {entries}, \
             \"max_age_ms\": {age_ms}, \"content_age_ms\": {content_age}, \
             \"max_result_bytes\": {results},\n  \"steps\": [\n{}\n  ]\n}}\n",
            quoted(self.about),
            list("    ", &self.steps)
        );
        Made { path: format!("window/{}.json", self.name), text }
    }
}

fn message(user: &str, id: Option<&str>, content: &str, more: &str) -> String {
    let id = id.map_or_else(|| "null".to_owned(), quoted);
    format!("{{\"user\": {}, \"id\": {id}, \"content\": {}{more}}}", quoted(user), quoted(content))
}
