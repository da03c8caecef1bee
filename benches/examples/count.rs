//! The work of a row of `bench engine` or `bench sessions` by itself, for a count of instructions:
//! on a busy machine that says what a time does not.
//!
//! ```sh
//! cargo build --profile bench --package pamlink-benches --example count
//! valgrind --tool=callgrind --toggle-collect=count::measured target/release/examples/count head
//! ```
//!
//! It prints how many operations are in the count. Everything before and between them (opening,
//! filling the window, answering) is outside of it.

#![allow(dead_code, reason = "it takes a part of each module")]

#[path = "../benches/engine/chats.rs"]
mod chats;
#[path = "../benches/sessions/ends.rs"]
mod ends;
#[path = "../benches/engine/host.rs"]
mod host;
#[path = "../benches/sessions/items.rs"]
mod items;
#[path = "../benches/sessions/tokens.rs"]
mod tokens;
#[path = "../benches/engine/usual.rs"]
mod usual;

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use pamlink::dedup::{Window, WindowConfig};
use pamlink::delivery::stream::StreamsConfig;
use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{DEPTH, Message};
use pamlink::seed::Seed;
use pamlink::time::Mono;

use self::chats::Chats;
use self::ends::Ends;
use self::host::{Clock, Depth, Host, Input};
use self::tokens::Answer;
use self::usual::{Usual, WINDOW};

/// Operations between two parts that are not counted, and how many such batches there are.
const BATCH: usize = 256;
const BATCHES: usize = 16;
/// Batches before the first that counts: they fill the window.
const WARM: usize = 24;

/// How long measuring takes, which is another matter here.
#[derive(Clone, Copy, Debug)]
struct Effort {
    rounds: usize,
}

fn main() -> Result<()> {
    let row = std::env::args().nth(1).context("which row?")?;
    match row.as_str() {
        "head" => inbound(Depth::Head, false, false)?,
        "typed" => inbound(Depth::Typed, false, false)?,
        "whole" => inbound(Depth::Typed, true, false)?,
        "reply" => inbound(Depth::Head, false, true)?,
        "usual" => usual(),
        "text" => text(),
        "window" => window(),
        "item" => item(),
        "bare" => bare()?,
        "token" => token(Duration::ZERO, 1)?,
        "ten" => token(Duration::ZERO, 10)?,
        "coalesced" => token(StreamsConfig::default().flush_after, 1)?,
        other => bail!("there is no {other}"),
    }
    println!("{} operations", BATCH * BATCHES);
    Ok(())
}

/// What is counted, and nothing else.
#[inline(never)]
fn measured(work: &mut dyn FnMut()) {
    work();
}

fn run(counts: bool, work: &mut dyn FnMut()) {
    if counts {
        measured(work);
    } else {
        work();
    }
}

/// Chats from their bytes, or as whole messages, to their agents; or the replies to them.
fn inbound(depth: Depth, is_whole: bool, counts_replies: bool) -> Result<()> {
    let chats = Chats::new(Some("chat"));
    let texts = chats.texts(Chats::COUNT);
    let (mut host, clock) = (Host::new(), Clock::new());
    let user = "7b1e0c52-3f4a-4d1b-9a55-0c2f6f6a1d10";
    let link = match is_whole {
        true => host.open_whole(clock.now(), user)?,
        false => host.open(clock.now(), user)?,
    };
    for batch in 0..WARM + BATCHES {
        let now = clock.now();
        let counts = batch >= WARM;
        let texts = &texts[batch * BATCH..][..BATCH];
        let mut take = || {
            for (at, text) in (batch * BATCH..).zip(texts) {
                let chat = match is_whole {
                    true => Input::Text(text),
                    false => Input::Bytes(chats.frame(at)),
                };
                host.handle(now, link, chat, depth);
            }
        };
        run(counts && !counts_replies, &mut take);
        run(counts && counts_replies, &mut || assert_eq!(host.reply(now), BATCH));
    }
    Ok(())
}

fn usual() {
    let chats = Chats::new(Some("chat"));
    let mut usual = Usual::<serde_json::Value>::new(&chats);
    let now = std::time::Instant::now();
    (0..WARM * BATCH).for_each(|_| usual.handle(now));
    measured(&mut || (0..BATCH * BATCHES).for_each(|_| usual.handle(now)));
}

/// Texts to their heads.
fn text() {
    let texts = Chats::new(Some("chat")).texts(BATCH * BATCHES);
    measured(&mut || {
        for text in &texts {
            let envelope = Envelope::parse(text, Envelope::DEPTH).expect("chats are JSON");
            black_box((envelope.kind(), envelope.id(), envelope.timestamp()));
        }
    });
}

/// New keys in a full window.
fn window() {
    let config = WindowConfig { max_entries: WINDOW, ..WindowConfig::default() };
    let mut window = Window::new(config, Seed::from_number(1));
    let keys: Vec<_> = (0..BATCH * (WARM + BATCHES))
        .filter_map(|number| window.key("user", Some(&number.to_string()), ""))
        .collect();
    let (warm, counted) = keys.split_at(BATCH * WARM);
    for key in warm {
        let _ = black_box(window.check(Mono::ZERO, *key));
    }
    measured(&mut || {
        for key in counted {
            let _ = black_box(window.check(Mono::ZERO, *key));
        }
    });
}

fn item() {
    let mut ends = Ends::open(StreamsConfig::default(), vec!["ann".to_owned()]);
    (0..WARM * BATCH).for_each(|_| items::item(&mut ends));
    measured(&mut || (0..BATCH * BATCHES).for_each(|_| items::item(&mut ends)));
}

fn bare() -> Result<()> {
    let sample = items::sample()?;
    let sample = Envelope::parse(&sample, DEPTH)?;
    let (_, message) = Message::read(&sample)?.context("no envelope of the dialect")?;
    let mut text = String::new();
    measured(&mut || (0..BATCH * BATCHES).for_each(|_| items::envelope(&message, &mut text)));
    Ok(())
}

fn token(flush_after: Duration, readers: usize) -> Result<()> {
    let config = StreamsConfig { flush_after, ..StreamsConfig::default() };
    let mut answer = Answer::new(config, readers)?;
    let (key, by) = answer.begin()?;
    for _ in 0..BATCHES {
        answer.renew(&key, by)?;
        measured(&mut || (0..BATCH).for_each(|_| answer.token(&key, by)));
        answer.take();
    }
    answer.end(&key, by)
}
