//! Suite 8: conversations that outlive their links, in `pamlink.v1` and in `pam`.
//!
//! Nothing of it is in the baseline, whose server knew no sessions.

mod account;
mod answers;
mod cuts;
mod kept;
mod restarts;
mod served;
mod talk;

use crate::report::bench::Bench;

pub(super) async fn run(bench: &mut Bench) {
    cuts::run(bench).await;
    let mut dice = bench.dice("sessions");
    let spread = restarts::begin(bench);
    answers::run(bench, &mut dice).await;
    kept::run(bench, &mut dice).await;
    restarts::run(bench, &mut dice, spread).await;
}
