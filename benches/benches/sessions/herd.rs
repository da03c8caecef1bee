//! Clients whose server is gone at one moment, without a word, and back at once: how evenly their
//! first dials come.
//!
//! The busiest 100 ms, wherever they begin, as a multiple of the mean of 100 ms over the time in
//! which 99 % of this engine's clients dial. The peers are measured by that same mean: who has no
//! jitter dials in one moment, over which there is no mean.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pamlink::link::{ClientLink, ClientLinkConfig, ClientLinkEvent, Endpoint};
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};
use pamlink_benches::rows::{Row, Rows};
use pamlink_benches::samples::Random;

use super::Effort;
use super::policies::POLICIES;

const CLIENTS: usize = 10_000;
/// How long the links had been open: they have proved themselves, and the backoff starts over.
const BEFORE: Duration = Duration::from_secs(15);
const BUSY: f64 = 100.0;

pub(crate) fn run(_: Effort, rows: &mut Rows) -> Result<()> {
    let mut ours = Vec::new();
    for number in 0..CLIENTS {
        ours.push(first_dial(number as u64)?);
    }
    ours.sort_by(f64::total_cmp);
    let span = ours[CLIENTS * 99 / 100];
    let mean = CLIENTS as f64 * 0.99 * BUSY / span;
    rows.push(Row::new("herd of 10,000: 99 % have dialled", span, "ms"));
    let multiple = busiest(&ours) as f64 / mean;
    let name = "herd of 10,000: busiest 100 ms by the mean";
    rows.push(Row::new(name, multiple, "x").at_most(3.0));
    for (peer, policy) in POLICIES {
        let mut random = Random(1);
        let mut theirs: Vec<f64> = (0..CLIENTS).map(|_| policy(&mut random)).collect();
        theirs.sort_by(f64::total_cmp);
        let row = Row::new(name, multiple, "x");
        rows.push(row.beside(peer, busiest(&theirs) as f64 / mean));
    }
    Ok(())
}

/// The most dials of any 100 ms; the times in order, as all of these.
fn busiest(times: &[f64]) -> usize {
    let within = |at: usize| times[at..].partition_point(|time| *time < times[at] + BUSY);
    (0..times.len()).map(within).max().unwrap_or_default()
}

/// Milliseconds from the loss of an open link to the next dial of its client.
fn first_dial(number: u64) -> Result<f64> {
    let config = Arc::new({
        let mut config = ClientLinkConfig::default();
        config.anonymous = true;
        config
    });
    let endpoint = Endpoint::pam("wss://chat.example.com", &format!("user-{number}"))?;
    let mut client = ClientLink::new(&config, endpoint, Seed::from_number(number), at(0))?;
    client.connect(at(0));
    ensure!(dials(&mut client), "it does not dial");
    client.handle_opened(at(0), None);
    client.welcomed(at(0));
    dials(&mut client);
    let lost = u64::try_from(BEFORE.as_nanos())?;
    while let Some(due) = client.poll_timeout()
        && due.at.as_nanos() < lost
    {
        client.handle_timeout(at(due.at.as_nanos()));
        ensure!(!dials(&mut client), "it dials while it is open");
    }
    client.handle_closed(at(lost));
    ensure!(!dials(&mut client), "it dials without a delay");
    let due = client.poll_timeout().context("it does not come back")?.at.as_nanos();
    client.handle_timeout(at(due));
    ensure!(dials(&mut client), "it does not dial when it is due");
    Ok((due - lost) as f64 / 1e6)
}

/// Takes all events: whether a dial is among them.
fn dials(client: &mut ClientLink) -> bool {
    let mut dials = false;
    while let Some(event) = client.poll_event() {
        dials |= matches!(event, ClientLinkEvent::Dial(_));
    }
    dials
}

fn at(nanos: u64) -> Now {
    let wall = Wall::from_unix_secs(1_757_120_000) + Duration::from_nanos(nanos);
    Now::new(Mono::from_nanos(nanos), wall)
}
