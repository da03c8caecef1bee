//! What sessions cost: memory that is kept when their links end, and time for each message.

use std::time::{Duration, Instant};

use pamlink::hub::Hub;

use crate::ensure;
use crate::report::bench::{Bench, Dice, Failure};
use crate::report::model::{Figure, figures, mean, percentile};
use crate::report::suites::connection::until_empty;
use crate::report::suites::house::{House, Plan};
use crate::report::suites::performance::burst;

/// Guests of one visit, each with a session of its own.
const GUESTS: usize = 10;
/// Requests of each.
const ASKED: usize = 20;
/// Sessions that a user may have in these cases.
const EACH: usize = 2;

pub(super) async fn run(bench: &mut Bench) {
    let mut dice = bench.dice("kept");
    let dice = &mut dice;
    let visits = bench.count(10, 3);
    bench
        .case("Sessions are kept, so many of each user", Figure::none(), async {
            bounded(visits, dice).await
        })
        .await;
    bench
        .case("Sessions are given up", Figure::none(), async { given_up(visits, dice).await })
        .await;
    let rounds = bench.count(20, 2);
    bench
        .case("Throughput, 500 messages", Figure::none(), async { throughput(rounds, dice).await })
        .await;
}

/// A house that keeps few sessions of each user, and no more streams than one visit leaves.
fn plan() -> Plan {
    let mut plan = Plan::new();
    plan.hub.sessions.user_sessions = EACH;
    plan.hub.stream_log.owner_streams = 16;
    plan
}

/// All guests come, ask and go. What the hub holds then, the duplicate window aside, in bytes.
async fn visit(house: &House, dice: &mut Dice) -> Result<f64, Failure> {
    let mut guests = Vec::new();
    for number in 0..GUESTS {
        guests.push(house.client(&format!("guest-{number}"), dice).await?);
    }
    for guest in guests {
        burst(&guest, ASKED).await?;
        guest.close().await;
    }
    until_empty(house).await?;
    Ok(held(house))
}

fn held(house: &House) -> f64 {
    house.handle.view(Hub::memory) as f64 - house.metric("pamlink_window_bytes")
}

/// What a session holds is there after its link, and more of them than a user may have are not.
async fn bounded(visits: usize, dice: &mut Dice) -> Result<Figure, Failure> {
    let house = plan().build(dice).await?;
    let mut after = Vec::new();
    for number in 1..=visits {
        after.push(visit(&house, dice).await?);
        let sessions = house.metric("pamlink_sessions_active");
        let due = (GUESTS * number.min(EACH)) as f64;
        ensure!(sessions == due, "{sessions} sessions after {number} visits, {due} are due");
    }
    let (full, last) = (after[EACH - 1], after[visits - 1]);
    ensure!(last <= full * 1.1 + 16_384.0, "the hub grew from {full} to {last} bytes");
    let each = (full - after[0]) / (GUESTS * (EACH - 1)) as f64;
    let text =
        format!("kept by {GUESTS} users in {visits} visits, {} kB each", figures(each / 1e3));
    Ok(Figure::number((GUESTS * EACH) as f64, "sessions").and(text))
}

/// Once they were without a link for as long as they are kept, nothing of them is left.
async fn given_up(visits: usize, dice: &mut Dice) -> Result<Figure, Failure> {
    const KEEP: Duration = Duration::from_millis(50);
    let mut plan = plan();
    plan.hub.sessions.session.keep = KEEP;
    plan.hub.stream_log.keep = KEEP;
    let house = plan.build(dice).await?;
    let mut after = Vec::new();
    for _ in 0..visits {
        visit(&house, dice).await?;
        let began = Instant::now();
        let left =
            || (house.metric("pamlink_sessions_active"), house.metric("pamlink_streams_active"));
        while left() != (0.0, 0.0) {
            let (sessions, streams) = left();
            ensure!(
                began.elapsed() < Duration::from_secs(5),
                "{sessions} sessions and {streams} streams are still there"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        after.push(held(&house));
    }
    let (first, last) = (after[0], after[visits - 1]);
    ensure!(last <= first * 1.1 + 16_384.0, "the hub grew from {first} to {last} bytes");
    let growth = Figure::number((last - first) / 1e3, "kB");
    Ok(growth.and(format!("more after {visits} visits of {GUESTS} sessions than after one")))
}

async fn throughput(rounds: usize, dice: &mut Dice) -> Result<Figure, Failure> {
    const MESSAGES: usize = 500;
    let house = Plan::new().build(dice).await?;
    let client = house.client("ada", dice).await?;
    let (mut rates, mut times) = (Vec::new(), Vec::new());
    for _ in 0..rounds {
        let began = Instant::now();
        times.extend(burst(&client, MESSAGES).await?);
        rates.push(MESSAGES as f64 / began.elapsed().as_secs_f64());
    }
    client.close().await;
    let sessions = house.metric("pamlink_session_opens_total");
    ensure!(sessions == 1.0, "{sessions} sessions were opened");
    rates.sort_by(f64::total_cmp);
    let text = format!("{} ms avg, {rounds} rounds", figures(mean(&times)));
    Ok(Figure::number(percentile(&rates, 50.0), "msg/s").and(text))
}
