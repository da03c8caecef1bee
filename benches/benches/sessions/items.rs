//! An item from one host to the other and its acknowledgement back, beside the same envelope
//! written and read with no session around it.
//!
//! Each item goes by itself: sent, carried as text, read, taken. After every 32 the server
//! acknowledges all, as it does by default, which is in the figure.

use std::hint::black_box;
use std::time::Duration;

use anyhow::{Context, Result};
use pamlink::delivery::SendOptions;
use pamlink::delivery::stream::StreamsConfig;
use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{Channel, DEPTH, Message};
use pamlink_benches::alloc::counted;
use pamlink_benches::cpu::Stopwatch;
use pamlink_benches::race::{Turn, race};
use pamlink_benches::rows::{Row, Rows};

use super::Effort;
use super::ends::Ends;

const BODY: &str = concat!(
    r#"{"message":"We are near the river and the kids ask for a camp fire tonight","#,
    r#""user_location":{"lat":-27.4,"lng":153.01}}"#
);
const ITEMS: usize = 4_096;

pub(crate) fn run(effort: Effort, rows: &mut Rows) -> Result<()> {
    let mut ends = Ends::open(StreamsConfig::default(), vec!["ann".to_owned()]);
    let mut ours = || {
        (0..ITEMS / 8).for_each(|_| item(&mut ends));
        let before = ends.heard.acknowledged;
        let start = Stopwatch::start();
        (0..ITEMS).for_each(|_| item(&mut ends));
        let time = start.elapsed();
        assert_eq!(ends.heard.acknowledged - before, ITEMS, "all are acknowledged");
        Turn { time, operations: ITEMS as u64 }
    };
    let sample = sample()?;
    let sample = Envelope::parse(&sample, DEPTH)?;
    let (_, message) = Message::read(&sample)?.context("no envelope of the dialect")?;
    let mut text = String::new();
    let mut theirs = || {
        (0..ITEMS / 8).for_each(|_| envelope(&message, &mut text));
        let start = Stopwatch::start();
        (0..ITEMS).for_each(|_| envelope(&message, &mut text));
        Turn { time: start.elapsed(), operations: ITEMS as u64 }
    };
    let [session, bare] = race(effort.rounds, [&mut ours, &mut theirs]);
    assert_eq!(ends.heard.items, ends.heard.acknowledged, "none came twice");
    let row = Row::new("item, sent to acknowledged", session, "ns");
    rows.push(row.beside("its envelope written and read", bare));
    rows.push(Row::new("item, over its envelope", session - bare, "ns").at_most(250.0));
    let ((), memory) = counted(|| (0..ITEMS).for_each(|_| item(&mut ends)));
    let each = memory.allocations as f64 / ITEMS as f64;
    rows.push(Row::new("item, sent to acknowledged: allocations", each, "/item"));
    Ok(())
}

pub(crate) fn item(ends: &mut Ends) {
    ends.pass(Duration::from_micros(100));
    let now = ends.now();
    ends.clients[0].send(now, BODY, SendOptions::default()).expect("there is room");
    ends.client_says(0);
    ends.server_hears();
    ends.server_says();
}

/// The text of an item's envelope.
pub(crate) fn sample() -> Result<String> {
    let mut ends = Ends::open(StreamsConfig::default(), vec!["ann".to_owned()]);
    let (now, session) = (ends.now(), ends.heard.session.context("no session was told of")?);
    ends.sessions.send(now, session, BODY, SendOptions::default())?;
    let mut sample = String::new();
    ends.each_text(|_, text| text.clone_into(&mut sample));
    Ok(sample)
}

/// Writes an envelope and reads it, with no session.
pub(crate) fn envelope(message: &Message<'_>, text: &mut String) {
    text.clear();
    message.write(Channel(0), text);
    let envelope = Envelope::parse(text, DEPTH).expect("an envelope");
    black_box(Message::read(&envelope).expect("it is sound"));
}
