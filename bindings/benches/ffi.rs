//! What the engine itself takes for the calls that the packages make: the C entry, called from
//! Rust. The programs of the other languages do the same work and hold their figures against
//! these. Called by `cargo xtask bench ffi`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use pamlink_ffi::entry::pamlink_step;
use pamlink_ffi::packed::{self, NONE, schema};
use pamlink_ffi::{Hub, HubOptions};
use serde_json::{Value, json};

/// Messages between two looks at the clock.
const TURN: usize = 1_000;
/// Bytes of the chat that everybody receives.
const CHAT: usize = 300;
const LARGE: usize = 64 * 1024;

/// What is timed: nanoseconds an operation.
type Contender = fn(&mut World) -> f64;

fn main() {
    let (mut out, mut rounds) = (None, 31);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--out" => out = arguments.next().map(PathBuf::from),
            "--quick" => rounds = 5,
            // Cargo's own word for a bench.
            "--bench" => {}
            other => panic!("no such argument: {other}"),
        }
    }
    let contenders: [(&str, Contender); 5] = [
        ("empty step", World::empty),
        ("one 300 B chat to its event", |world| world.chats(1, CHAT)),
        ("ten 300 B chats in one step, each", |world| world.chats(10, CHAT)),
        ("one send of 300 B", World::sends),
        ("one 64 KiB message to its event", |world| world.chats(1, LARGE)),
    ];
    let mut world = World::new();
    let mut figures = contenders.map(|_| Vec::new());
    for round in 0..=rounds {
        for at in 0..contenders.len() {
            let at = (at + round) % contenders.len();
            let nanos = contenders[at].1(&mut world);
            if round > 0 {
                figures[at].push(nanos);
            }
        }
    }
    let mut rows: Vec<Value> = Vec::new();
    for ((name, _), mut figures) in contenders.into_iter().zip(figures) {
        figures.sort_by(f64::total_cmp);
        rows.push(row(&format!("rust: {name}"), figures[figures.len() / 2], "ns"));
    }
    let text = json!({ "rows": rows }).to_string();
    match out {
        Some(path) => std::fs::write(path, text).unwrap(),
        None => println!("{text}"),
    }
}

fn row(name: &str, value: f64, unit: &str) -> Value {
    eprintln!("  {name}: {value:.1} {unit}");
    json!({
        "name": name, "value": value, "unit": unit, "peer": null, "peer_value": null,
        "ratio": null, "target": null, "met": null
    })
}

/// A hub with one link that speaks whole messages.
struct World {
    hub: Arc<Hub>,
    link: u64,
    mono: u64,
    next: u64,
    out: Vec<u8>,
}

impl World {
    fn new() -> Self {
        let most = Some(10_000_000);
        let options = HubOptions {
            messages_per_minute: most,
            max_requests_per_link: Some(65_536),
            ..HubOptions::default()
        };
        let hub = Hub::new(options, &[7; 32]).unwrap();
        let mut world = Self { hub, link: 0, mono: 1, next: 0, out: vec![0; 1 << 20] };
        let mut input = Vec::new();
        let texts = [Some(&b"ann"[..]), None, Some(&b"ann"[..])];
        packed::push(&mut input, schema::ACCEPT_OPENED, &[NONE], &texts);
        let length = world.step(&input);
        assert!(length > 0);
        // `accepted` comes first: its head, `of`, then the link.
        world.link = u64::from_le_bytes(world.out[16..24].try_into().unwrap());
        world
    }

    fn step(&mut self, input: &[u8]) -> usize {
        self.mono += 1_000;
        let (out, cap) = (self.out.as_mut_ptr(), self.out.len() as u64);
        let handle = self.hub.handle();
        let wall = 1_800_000_000_000_000;
        // SAFETY: `input` and `out` are the whole of two slices of ours.
        let length = unsafe {
            pamlink_step(handle, self.mono, wall, input.as_ptr(), input.len() as u64, out, cap)
        };
        usize::try_from(length).expect("a step succeeds")
    }

    /// Nanoseconds of a step in which nothing happened.
    fn empty(&mut self) -> f64 {
        let start = Instant::now();
        for _ in 0..TURN {
            self.step(&[]);
        }
        start.elapsed().as_nanos() as f64 / TURN as f64
    }

    /// Nanoseconds a chat of `bytes` to its event, `batch` of them in a step.
    fn chats(&mut self, batch: usize, bytes: usize) -> f64 {
        let turn = if bytes > CHAT { TURN / 10 } else { TURN };
        let mut inputs = Vec::new();
        for _ in 0..turn / batch {
            let mut input = Vec::new();
            for _ in 0..batch {
                let text = self.chat(bytes);
                packed::push(&mut input, schema::TEXT, &[self.link], &[Some(text.as_bytes())]);
            }
            inputs.push(input);
        }
        let mut requests = Vec::new();
        let mut nanos = 0;
        for input in &inputs {
            let start = Instant::now();
            let length = self.step(input);
            nanos += start.elapsed().as_nanos();
            requests.extend(self.requests(length));
        }
        assert_eq!(requests.len(), turn, "every chat is a request");
        let mut dismissed = Vec::new();
        for request in requests {
            packed::push(&mut dismissed, schema::DISMISS, &[request], &[]);
        }
        self.step(&dismissed);
        nanos as f64 / turn as f64
    }

    /// Nanoseconds a text that is sent to the link.
    fn sends(&mut self) -> f64 {
        let text = r#"{"type":"proactive_alert","id":"a","category":""#.to_owned();
        let text = format!("{text}{}\"}}", "x".repeat(CHAT - text.len() - 2));
        let mut input = Vec::new();
        packed::push(&mut input, schema::SEND_TO, &[self.link], &[Some(text.as_bytes())]);
        let mut written = Vec::new();
        packed::push(&mut written, schema::WRITTEN, &[self.link], &[]);
        let mut nanos = 0;
        for at in 0..TURN {
            if at % 32 == 0 {
                self.step(&written);
            }
            let start = Instant::now();
            let length = self.step(&input);
            nanos += start.elapsed().as_nanos();
            assert!(length > CHAT, "it is handed out");
        }
        self.step(&written);
        nanos as f64 / TURN as f64
    }

    /// A chat under an id of its own. A large one says so in its context: the dialect has a bound
    /// for what is said.
    fn chat(&mut self, bytes: usize) -> String {
        self.next += 1;
        let head = format!(
            r#"{{"type":"chat","id":"{:016x}","message":"what is left of my budget for fuel this week?","context":{{"#,
            self.next
        );
        let mut text = head;
        // Nested values are bounded as well, so a large one has many members of their own.
        text.push_str(r#""timezone":"Australia/Brisbane"},"#);
        let mut at = 0;
        while text.len() + 2_100 < bytes {
            text.push_str(&format!(r#""note{at}":"{}","#, "n".repeat(1_900)));
            at += 1;
        }
        let tail = r#""pad":""}"#;
        let pad = bytes - text.len() - tail.len();
        text.push_str(&format!(r#""pad":"{}"}}"#, "p".repeat(pad)));
        assert_eq!(text.len(), bytes);
        text
    }

    /// The ids of all requests in the output.
    fn requests(&self, length: usize) -> Vec<u64> {
        let mut all = Vec::new();
        let mut rest = &self.out[..length];
        while rest.len() >= 8 {
            let size = u32::from_le_bytes(rest[..4].try_into().unwrap()) as usize;
            if u16::from_le_bytes(rest[4..6].try_into().unwrap()) == schema::REQUEST {
                all.push(u64::from_le_bytes(rest[8..16].try_into().unwrap()));
            }
            rest = &rest[size..];
        }
        all
    }
}
