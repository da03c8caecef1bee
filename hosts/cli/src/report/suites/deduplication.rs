//! Suite 4: what comes twice takes effect once.

use std::time::{Duration, Instant};

use serde_json::json;

use super::house::{House, Plan};
use super::system::{resident, show_growth};
use crate::ensure;
use crate::report::bench::{Bench, Dice, Failure};
use crate::report::model::{Figure, WindowSample, figures};
use crate::report::peers::Wire;

/// What the baseline's map held after its clean-up: the bound of the window here.
const BOUND: usize = 3_008;
/// What it held before.
const ENTRIES: usize = 5_500;
/// Requests under way at once.
const BURST: usize = 50;

const HELD: &str = "pamlink_window_entries";
const EVICTIONS: &str = "pamlink_window_evictions_total";

pub(super) async fn run(bench: &mut Bench) {
    let mut dice = bench.dice("deduplication");
    let dice = &mut dice;
    let mut plan = Plan::new();
    plan.hub.window.max_entries = BOUND;
    plan.hub.max_requests_per_link = 2 * BURST as u32;
    let Some(house) = bench.need("Server on loopback", plan.build(dice).await) else { return };
    let house = &house;

    bench
        .case("Original messages", Figure::words("processed"), async {
            let mut wire = house.wire("ada", dice).await?;
            for at in 0..20 {
                let answer = ask(&mut wire, &format!("o-{at}"), &format!("original {at}")).await?;
                ensure!(answer.contains("chat_response"), "heard {answer}");
                let times = house.effects.of("ada", &format!("original {at}"));
                ensure!(times == 1, "original {at} took effect {times} times");
            }
            Ok(Figure::words("20 asked, 20 effects"))
        })
        .await;
    bench
        .case("Duplicate messages", Figure::words("rejected correctly"), async {
            let mut wire = house.wire("ada", dice).await?;
            let first = ask(&mut wire, "d-1", "log 40 for fuel").await?;
            let again = ask(&mut wire, "d-1", "log 40 for fuel").await?;
            ensure!(again == first, "the repeat got {again}, the first {first}");
            let mut other = house.wire("ada", dice).await?;
            let elsewhere = ask(&mut other, "d-1", "log 40 for fuel").await?;
            ensure!(elsewhere == first, "the repeat got {elsewhere}, the first {first}");
            let times = house.effects.of("ada", "log 40 for fuel");
            ensure!(times == 1, "took effect {times} times");
            Ok(Figure::words("1 effect of 3, the first result back each time"))
        })
        .await;
    bench
        .case("Duplicate of a running message", Figure::none(), async {
            let mut wire = house.wire("ada", dice).await?;
            let mut other = house.wire("ada", dice).await?;
            let text = r#"{"type":"chat","id":"r-1","message":"slow: book a site"}"#;
            wire.send(text).await?;
            tokio::time::sleep(Duration::from_millis(5)).await;
            other.send(text).await?;
            let answer = other.next_text().await?;
            ensure!(answer.contains("\"r-1\""), "heard {answer}");
            let times = house.effects.of("ada", "slow: book a site");
            ensure!(times == 1, "took effect {times} times");
            Ok(Figure::words("1 effect, the answer goes to the newest link"))
        })
        .await;
    bench
        .case("Similar messages", Figure::words("processed as unique"), async {
            let mut wire = house.wire("ada", dice).await?;
            let mut bob = house.wire("bob", dice).await?;
            ask(&mut wire, "s-1", "fuel so far").await?;
            ask(&mut wire, "s-2", "fuel so far").await?;
            ask(&mut wire, "s-3", "fuel so far?").await?;
            ask(&mut bob, "s-1", "fuel so far").await?;
            let (same, other) =
                (house.effects.of("ada", "fuel so far"), house.effects.of("ada", "fuel so far?"));
            let bobs = house.effects.of("bob", "fuel so far");
            ensure!((same, other, bobs) == (2, 1, 1), "took effect {same}, {other}, {bobs} times");
            Ok(Figure::words("4 of 4: another id, text or user is another message"))
        })
        .await;

    let filled = fill(bench, house, dice).await;
    let Some(Filled { resident_before, resident_after }) = filled else { return };
    bench
        .case("Memory for 5K entries", Figure::number(1.24, "MB").and("RSS"), async {
            let bytes = house.metric("pamlink_window_bytes");
            let held = house.metric(HELD);
            // Keys and answers: the bound that was configured for each.
            ensure!(bytes < 40.0 * BOUND as f64 + 1e6 * 2.0, "the window holds {bytes} bytes");
            let text = format!("window {} kB, {} entries", figures(bytes / 1e3), figures(held));
            Ok(show_growth(resident_before, resident_after).and(text))
        })
        .await;
    bench
        .case("Newest are all recognised", Figure::none(), async {
            let before = house.effects.total();
            let mut wire = house.wire("filler", dice).await?;
            let newest: Vec<_> = (ENTRIES - BOUND..ENTRIES).collect();
            for burst in newest.chunks(BURST) {
                exchange(&mut wire, burst).await?;
            }
            let effects = house.effects.total().0 - before.0;
            ensure!(effects == 0, "{effects} of {BOUND} repeats took effect");
            ensure!(house.metric(HELD) <= BOUND as f64, "the window grew by repeats");
            Ok(Figure::number(BOUND as f64, "entries").and("0 effects of their repeats"))
        })
        .await;
}

struct Filled {
    resident_before: Option<u64>,
    resident_after: Option<u64>,
}

/// The baseline's scenario: 5,500 distinct messages against the bound.
async fn fill(bench: &mut Bench, house: &House, dice: &mut Dice) -> Option<Filled> {
    let mut samples = Vec::new();
    let resident_before = resident();
    let evicted_before = house.metric(EVICTIONS);
    let held_before = house.metric(HELD);
    let report = Figure::words("5,500 entries to 3,008 after cleanup");
    let done = bench
        .case("Deduplication map", report, async {
            let mut wire = house.wire("filler", dice).await?;
            let began = Instant::now();
            let all: Vec<_> = (0..ENTRIES).collect();
            for burst in all.chunks(BURST) {
                exchange(&mut wire, burst).await?;
                let entries = house.metric(HELD) as usize;
                ensure!(entries <= BOUND, "{entries} entries are held, the bound is {BOUND}");
                samples.push(WindowSample {
                    messages: burst[burst.len() - 1] + 1,
                    at_ms: began.elapsed().as_secs_f64() * 1e3,
                    entries,
                    bytes: house.metric("pamlink_window_bytes") as usize,
                });
            }
            let held = house.metric(HELD);
            ensure!(held == BOUND as f64, "{held} entries are held, the bound is {BOUND}");
            let text = format!("of {} distinct, never above its bound", figures(ENTRIES as f64));
            Ok(Figure::number(held, "entries").and(text))
        })
        .await;
    let resident_after = resident();
    bench.plots.window = samples;
    bench.plots.window_bound = BOUND;
    done?;
    bench
        .case("Cleanup efficiency", Figure::words("45% of old entries removed"), async {
            let evicted = house.metric(EVICTIONS) - evicted_before;
            let due = held_before + ENTRIES as f64 - BOUND as f64;
            ensure!(evicted == due, "{evicted} entries left, {due} had to");
            let text = format!("{} left one by one, no sweep", figures(evicted));
            Ok(Figure::number((100.0 * evicted / ENTRIES as f64).round(), "%").and(text))
        })
        .await?;
    Some(Filled { resident_before, resident_after })
}

/// Asks all of `numbers` at once and hears all the answers.
async fn exchange(wire: &mut Wire, numbers: &[usize]) -> Result<(), Failure> {
    let chat = |at: &usize| {
        json!({ "type": "chat", "id": format!("f-{at}"), "message": format!("entry {at}") })
            .to_string()
    };
    let texts: Vec<_> = numbers.iter().map(chat).collect();
    wire.send_all(texts.iter().map(String::as_str)).await?;
    for _ in numbers {
        let answer = wire.next_text().await?;
        ensure!(answer.contains("chat_response"), "heard {answer}");
    }
    Ok(())
}

async fn ask(wire: &mut Wire, id: &str, text: &str) -> Result<String, Failure> {
    wire.send(&json!({ "type": "chat", "id": id, "message": text }).to_string()).await?;
    wire.next_text().await
}
