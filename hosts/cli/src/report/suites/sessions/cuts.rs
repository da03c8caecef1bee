//! Wires that are cut within messages, more and more often: what each dialect brings over them.

use tokio::task::JoinHandle;

use super::account::{Account, Kind};
use super::talk::{Dialect, Talk};
use crate::ensure;
use crate::report::bench::{Bench, Failure};
use crate::report::model::{Figure, figures};

/// In how many of a hundred messages, of either way, the wire is cut before the message is whole.
pub(super) const LEVELS: [u64; 4] = [0, 5, 15, 30];

pub(super) async fn run(bench: &mut Bench) {
    let (users, rounds) = (bench.count(10, 8), bench.count(20, 3));
    for levels in LEVELS.chunks(2) {
        // Side by side: they wait most of the time, for the next attempt to connect.
        let mut talks = Vec::new();
        for percent in levels.iter().copied() {
            for dialect in [Dialect::Pam, Dialect::V1] {
                let talk = Talk { dialect, percent, users, rounds };
                let dice = bench.dice(&format!("{} {percent}", dialect.name()));
                talks.push((talk, tokio::spawn(talk.hold(dice))));
            }
        }
        for (talk, account) in talks {
            level(bench, talk, account).await;
        }
    }
}

async fn level(bench: &mut Bench, talk: Talk, account: JoinHandle<Result<Account, Failure>>) {
    let Talk { dialect, percent, .. } = talk;
    let name = |what: &str| format!("{percent}% cuts, {}: {what}", dialect.name());
    let held = bench
        .case(&name("requests"), Figure::none(), async {
            let account = account.await??;
            ensure!((percent == 0) == (account.cuts == 0), "{} wires were cut", account.cuts);
            let (first, others) = (account.unanswered.first(), account.unanswered.len());
            ensure!(first.is_none(), "{others} were not answered: {}", first.map_or("", |it| it));
            // Both dialects promise it. That requests come in their order, only one does.
            let requests = &account.requests;
            let exact = requests.lost == 0 && requests.doubled == 0;
            ensure!(
                exact && (dialect == Dialect::Pam || requests.is_exact()),
                "{}",
                requests.faults()
            );
            let cuts =
                format!("{} cuts in {} messages", account.cuts, figures(account.messages as f64));
            Ok((came(requests).and("each answered").and(cuts), account))
        })
        .await;
    let Some((_, account)) = held else { return };
    for (what, kind) in [("pieces", account.words), ("pushes", account.pushes)] {
        bench
            .case(&name(what), Figure::none(), async {
                // Where nothing breaks, nothing is lost in either dialect.
                let promised = percent == 0 || dialect == Dialect::V1;
                ensure!(!promised || kind.is_exact(), "{}", kind.faults());
                Ok(came(&kind))
            })
            .await;
    }
}

/// How much of a kind came, what was wrong with that, and how late it was.
fn came(kind: &Kind) -> Figure {
    Figure::number(kind.share(), "%").and(kind.faults()).and(kind.lateness())
}
