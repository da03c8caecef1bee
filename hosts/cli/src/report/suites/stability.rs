//! Wires that are cut while requests are on their way: everything arrives and takes effect once.

use std::time::Duration;

use super::house::{Plan, connect, impatient, pam_config};
use crate::ensure;
use crate::report::bench::{Bench, Dice, Failure};
use crate::report::model::Figure;
use crate::report::peers::Proxy;

/// Name, cuts in a hundred messages, reconnections in the baseline.
const LEVELS: [(&str, u64, u32); 4] = [
    ("Stable connection", 0, 0),
    ("Occasional drops (5%)", 5, 1),
    ("Unstable network (15%)", 15, 6),
    ("Very unstable (30%)", 30, 3),
];
/// Requests under way at once.
const AT_ONCE: usize = 6;

pub(super) async fn run(bench: &mut Bench, dice: &mut Dice) {
    for (name, percent, reconnections) in LEVELS {
        let plural = if reconnections == 1 { "reconnection" } else { "reconnections" };
        let report = Figure::words(format!("100% delivery, {reconnections} {plural}"));
        let messages = bench.count(400, 100);
        bench.case(name, report, async { level(percent, messages, dice).await }).await;
    }
}

async fn level(percent: u64, messages: usize, dice: &mut Dice) -> Result<Figure, Failure> {
    let house = Plan::new().build(dice).await?;
    let proxy = Proxy::start(house.address).await?;
    let cutter = proxy.cutter();
    let client = connect(proxy.address(), "ada", impatient(pam_config(dice))).await?;
    let mut asked = std::collections::VecDeque::new();
    let mut delivered = 0;
    for number in 0..messages {
        let client = client.clone();
        // Some agents think, so that a cut also meets requests that are running.
        let text = if dice.chance(10) { "slow: log" } else { "log" };
        let text = format!("{text} {number}");
        asked.push_back(tokio::spawn(async move {
            let answer = client.ask(text.as_str()).await?;
            ensure!(answer.text().ends_with(&text), "{text} got {}", answer.as_str());
            Ok(())
        }));
        if dice.chance(percent) {
            // Now and then the bytes are still here, now and then already there.
            tokio::time::sleep(Duration::from_micros(dice.below(400))).await;
            cutter.cut();
        }
        if asked.len() == AT_ONCE {
            for _ in 0..AT_ONCE / 2 {
                if let Some(first) = asked.pop_front() {
                    first.await??;
                    delivered += 1;
                }
            }
        }
    }
    for request in asked {
        request.await??;
        delivered += 1;
    }
    let (effects, distinct) = house.effects.total();
    let expected = messages as u64;
    ensure!(delivered == messages, "{delivered} of {messages} were answered");
    ensure!(distinct == expected, "{distinct} of {expected} took effect");
    ensure!(effects == expected, "{expected} messages had {effects} effects");
    let (made, cut) = (cutter.made(), cutter.count());
    ensure!((percent == 0) == (cut == 0), "{cut} wires were cut");
    client.close().await;
    let reconnections = made.saturating_sub(1);
    let figure =
        Figure::number(100.0, "%").and(format!("delivery of {messages}, each effect once"));
    Ok(figure.and(format!("{reconnections} reconnections")))
}
