//! Parts of the inbound path by themselves, each beside the crate that does its work.

use std::hint::black_box;

use pamlink::dedup::{Window, WindowConfig};
use pamlink::envelope::Envelope;
use pamlink::frame::{FrameConfig, Reader, Role};
use pamlink::seed::Seed;
use pamlink_benches::cpu::Stopwatch;
use pamlink_benches::race::{Turn, race};
use pamlink_benches::rows::{Row, Rows};
use serde::Deserialize;

use super::Effort;
use super::chats::Chats;
use super::host::{Depth, type_it};
use super::usual::{ClientMessage, socket};

const MESSAGES: usize = 4_096;

pub(crate) fn run(effort: Effort, rows: &mut Rows) -> anyhow::Result<()> {
    let chats = Chats::new(Some("chat"));
    frames(effort, rows, &chats);
    let texts = chats.texts(MESSAGES);
    heads(effort, rows, &texts);
    payloads(effort, rows, &texts);
    keys(effort, rows);
    Ok(())
}

fn frames(effort: Effort, rows: &mut Rows, chats: &Chats) {
    let mut reader = Reader::new(Role::Server, FrameConfig::default());
    let mut ours = || {
        timed(|at| {
            reader.handle_bytes(chats.frame(at)).expect("events were polled");
            while let Some(event) = reader.poll_event() {
                black_box(event);
            }
        })
    };
    let mut socket = socket(chats);
    let mut theirs = || timed(|_| drop(black_box(socket.read())));
    let [ours, theirs] = race(effort.rounds, [&mut ours, &mut theirs]);
    rows.push(Row::new("layer: masked frame to text", ours, "ns").beside("tungstenite", theirs));
}

fn heads(effort: Effort, rows: &mut Rows, texts: &[String]) {
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "the fields are what the head carries, read or not")]
    struct Head<'a> {
        r#type: &'a str,
        id: Option<&'a str>,
        reply_to: Option<&'a str>,
        timestamp: Option<f64>,
    }
    let mut ours = || {
        timed(|at| {
            let envelope = Envelope::parse(&texts[at], Envelope::DEPTH).expect("chats are JSON");
            black_box((envelope.kind(), envelope.id(), envelope.timestamp()));
        })
    };
    let mut theirs = || {
        timed(|at| {
            black_box(serde_json::from_str::<Head<'_>>(&texts[at]).expect("chats are JSON"));
        })
    };
    let [ours, theirs] = race(effort.rounds, [&mut ours, &mut theirs]);
    let row = Row::new("layer: text to head", ours, "ns");
    rows.push(row.beside("serde_json, a struct of the head", theirs));
}

fn payloads(effort: Effort, rows: &mut Rows, texts: &[String]) {
    let mut ours = || {
        timed(|at| {
            let envelope = Envelope::parse(&texts[at], Envelope::DEPTH).expect("chats are JSON");
            type_it(&envelope.message(), Depth::Typed);
        })
    };
    let mut theirs = || {
        timed(|at| {
            black_box(
                serde_json::from_str::<ClientMessage<serde_json::Value>>(&texts[at])
                    .expect("chats are JSON"),
            );
        })
    };
    let [ours, theirs] = race(effort.rounds, [&mut ours, &mut theirs]);
    let row = Row::new("layer: text to typed payload", ours, "ns");
    rows.push(row.beside("serde_json, a tagged enum", theirs));
}

fn keys(effort: Effort, rows: &mut Rows) {
    const ID: &str = "\"5e1fa0b3-9f30-4c1d-8f1e-6f1b2a9d0c11\"";
    let window = Window::new(WindowConfig::default(), Seed::from_number(1));
    let user = "7b1e0c52-3f4a-4d1b-9a55-0c2f6f6a1d10";
    let mut ours = || {
        timed(|_| {
            black_box(window.key(black_box(user), Some(black_box(ID)), ""));
        })
    };
    let [ours] = race(effort.rounds, [&mut ours]);
    rows.push(Row::new("layer: user and id to key", ours, "ns"));
}

fn timed(mut work: impl FnMut(usize)) -> Turn {
    (0..MESSAGES / 8).for_each(&mut work);
    let start = Stopwatch::start();
    (0..MESSAGES).for_each(&mut work);
    Turn { time: start.elapsed(), operations: MESSAGES as u64 }
}
