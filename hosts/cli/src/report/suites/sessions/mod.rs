//! Suite 8: conversations that outlive their links, in `pamlink.v1` and in `pam`.
//!
//! Nothing of it is in the baseline, whose server knew no sessions.

mod account;
mod answers;
mod asked;
mod crowd;
mod cuts;
mod fates;
mod kept;
mod kills;
mod restarts;
mod returns;
mod served;
mod talk;

pub(in crate::report) use self::served::tell;
use crate::report::bench::Bench;
use crate::report::model::Figure;

pub(super) async fn run(bench: &mut Bench) {
    cuts::run(bench).await;
    let begun = [answers::begin(bench), restarts::begin(bench)];
    kills::run(bench).await;
    for (name, found) in begun.into_iter().flatten() {
        bench.case(name, Figure::none(), async { found.await? }).await;
    }
    kept::run(bench).await;
}
