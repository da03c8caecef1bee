//! A session that goes on over a new link while much is outstanding in it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pamlink::delivery::SendOptions;
use pamlink::delivery::stream::StreamsConfig;
use pamlink_benches::cpu::Stopwatch;
use pamlink_benches::race::median;
use pamlink_benches::rows::{Row, Rows};

use super::Effort;
use super::ends::Ends;

const OUTSTANDING: usize = 500;
const BODY: &str = r#"{"kind":"reminder","text":"The kiosk closes at eight, and the gate at ten"}"#;

pub(crate) fn run(effort: Effort, rows: &mut Rows) -> Result<()> {
    let mut ends = Ends::open(StreamsConfig::default(), vec!["ann".to_owned()]);
    let mut millis = Vec::new();
    for _ in 0..effort.rounds {
        millis.push(resume(&mut ends)?.as_secs_f64() * 1e3);
    }
    let name = "resume with 500 items outstanding, both ends";
    rows.push(Row::new(name, median(millis), "ms").at_most(1.0));
    Ok(())
}

/// Items go out over a link that breaks before one arrives. From then on, what both ends compute
/// until the client has all of them and knows it.
fn resume(ends: &mut Ends) -> Result<Duration> {
    let session = ends.heard.session.context("the server was told of no session")?;
    // All that came before is acknowledged.
    ends.rest(Duration::from_secs(2));
    let now = ends.now();
    for _ in 0..OUTSTANDING {
        ends.sessions.send(now, session, BODY, SendOptions::default())?;
    }
    let mut lost = 0;
    ends.each_text(|_, _| lost += 1);
    ensure!(lost == OUTSTANDING, "{lost} texts were lost");
    ends.cut(0);
    ends.settle(0..1);
    let (pushed, caught_up) = (ends.heard.pushed, ends.heard.caught_up);

    let start = Stopwatch::start();
    ends.attach(0);
    while ends.heard.caught_up == caught_up {
        ends.client_says(0);
        ends.server_hears();
        ends.server_says();
    }
    let time = start.elapsed();
    ensure!(ends.heard.pushed - pushed == OUTSTANDING, "not all were sent again");
    ends.settle(0..1);
    Ok(time)
}
