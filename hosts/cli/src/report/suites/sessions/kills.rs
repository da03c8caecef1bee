//! A server that is killed while a crowd streams, over wires that are cut more and more often.

use std::time::Duration;

use super::crowd::{Aftermath, Crowd};
use super::cuts::LEVELS;
use super::returns::SLICE;
use super::talk::Dialect;
use crate::ensure;
use crate::report::bench::{Bench, Failure};
use crate::report::model::{Figure, figures};

/// Fewer would not tell whether they come back spread.
const MANY: usize = 100;

pub(super) async fn run(bench: &mut Bench) {
    let mut crowds = Vec::new();
    for percent in LEVELS {
        for dialect in [Dialect::Pam, Dialect::V1] {
            crowds.push(crowd(bench, dialect, percent));
        }
    }
    // Small ones wait most of the time and stand side by side; a large one has the machine for itself.
    for together in crowds.chunks(bench.count(1, crowds.len())) {
        let mut held = Vec::new();
        for crowd in together {
            let dice = bench.dice(&format!("killed, {} {}", crowd.dialect.name(), crowd.percent));
            held.push((*crowd, tokio::spawn(crowd.hold(dice))));
        }
        for (crowd, aftermath) in held {
            level(bench, crowd, async { aftermath.await? }).await;
        }
    }
}

fn crowd(bench: &Bench, dialect: Dialect, percent: u64) -> Crowd {
    let millis = |full, quick| Duration::from_millis(bench.count(full, quick) as u64);
    Crowd {
        dialect,
        percent,
        clients: bench.count(1_000, if (percent, dialect) == (0, Dialect::V1) { MANY } else { 12 }),
        // Where wires are cut all the time, the waits would grow: what is looked at is what comes over
        // links, and not how long clients wait between them.
        wait: (percent > 0).then(|| millis(1_000, 50)),
        words: 40,
        pause: millis(100, 20),
        cut_for: millis(25_000, 3_000),
        patience: millis(20_000, 6_000),
    }
}

async fn level(
    bench: &mut Bench,
    crowd: Crowd,
    aftermath: impl Future<Output = Result<Aftermath, Failure>>,
) {
    let Crowd { dialect, percent, .. } = crowd;
    let is_v1 = dialect == Dialect::V1;
    let name = |what: &str| format!("Server killed, {percent}% cuts, {}: {what}", dialect.name());
    let held = bench
        .case(&name("answers"), Figure::none(), async {
            let aftermath = aftermath.await?;
            let Aftermath { fates, under_way, clients, miscounted, messages, cuts, .. } =
                &aftermath;
            ensure!((percent == 0) == (*cuts == 0), "{cuts} wires were cut");
            ensure!(under_way * 2 >= *clients, "{under_way} were in the middle of an answer");
            // Both dialects promise that each request has one end, of which its host is told.
            ensure!(fates.silent == 0, "{}", fates.ends());
            ensure!(*miscounted == 0, "{miscounted} clients counted other than one end of each");
            // Only sessions can tell that it is not to be done again.
            ensure!(!is_v1 || fates.doubled == 0, "{}", fates.ends());
            ensure!(
                fates.whole >= *clients,
                "those behind the kill did not come: {}",
                fates.ends()
            );
            let share = 100.0 * fates.whole as f64 / fates.asked as f64;
            let cuts =
                format!("{} cuts in {} messages", figures(*cuts as f64), figures(*messages as f64));
            let killed = format!("{under_way} under way at the kill");
            let figure = Figure::number(share, "%").and(fates.ends()).and(killed);
            Ok((if percent == 0 { figure } else { figure.and(cuts) }, aftermath))
        })
        .await;
    let Some((_, Aftermath { fates, returns, clients, .. })) = held else { return };
    bench
        .case(&name("pieces"), Figure::none(), async {
            let words = &fates.words;
            let exact = (fates.gaps, words.doubled, words.disordered) == (0, 0, 0);
            let gaps = format!("{} of those lost in whole answers", fates.gaps);
            ensure!(!is_v1 || exact, "{}, {gaps}", words.faults());
            let figure = Figure::number(words.share(), "%").and(words.faults());
            Ok(figure.and(gaps).and(words.lateness()))
        })
        .await;
    bench
        .case(&name("reconnects"), Figure::none(), async {
            ensure!(returns.absent == 0, "{} clients did not come back", returns.absent);
            let most = returns.most_due();
            let is_spread = crowd.wait.is_some() || clients < MANY || most * 4 <= clients;
            ensure!(is_spread, "{most} of {clients} were to come back within {SLICE} ms");
            Ok(returns.figure())
        })
        .await;
}
