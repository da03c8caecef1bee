//! Peers that are gone without a word.

use std::time::{Duration, Instant};

use pamlink::link::CloseClass;
use pamlink_tokio::Event;

use super::house::{Plan, pam_config, start};
use super::recovery::{answer, welcome};
use crate::ensure;
use crate::report::bench::{Bench, Dice, Failure};
use crate::report::model::Figure;
use crate::report::peers::{Script, Watch};

/// The answers of a living peer that are waited for, one each 50 ms.
const PONGS: f64 = 5.0;

pub(super) async fn run(bench: &mut Bench, dice: &mut Dice) {
    bench
        .case("A peer that fell silent", Figure::words("heartbeat working"), async {
            silent(dice).await
        })
        .await;
    bench.case("Awake again on a dead link", Figure::none(), async { woken(dice).await }).await;
}

/// A peer that stops answering is found out by the heartbeat.
async fn silent(dice: &mut Dice) -> Result<Figure, Failure> {
    let script = deaf().await?;
    let mut config = pam_config(dice);
    config.engine.link.link.heartbeat.interval = Duration::from_millis(150);
    config.engine.link.link.heartbeat.deadline = Duration::from_millis(100);
    let client = start(script.address(), "ada", config)?;
    let watch = Watch::of(&client);
    let (welcomed, _) = watch.wait("the welcome", 1, |e| matches!(e, Event::Welcomed)).await?;
    let dead = |event: &Event| matches!(event, Event::Retrying { class: CloseClass::Timeout, .. });
    let (found, _) = watch.wait("the finding", 1, dead).await?;
    let took = found.saturating_duration_since(welcomed);
    // The usual heartbeat would take 20 s. A busy machine may be late by seconds.
    let (least, most) = (Duration::from_millis(200), Duration::from_secs(5));
    ensure!(took >= least && took <= most, "found out after {took:?}");
    client.ask("and now?").await?;
    client.close().await;

    // The other way round: the server pings, the client answers, and the link lives.
    let mut plan = Plan::new();
    plan.hub.link.heartbeat.interval = Duration::from_millis(50);
    plan.hub.link.heartbeat.deadline = Duration::from_secs(2);
    let house = plan.build(dice).await?;
    let client = house.pam_client("ada", dice).await?;
    let began = Instant::now();
    let pongs = || house.metric_of("websocket_messages_total", "pong");
    while pongs() < PONGS {
        ensure!(began.elapsed() < Duration::from_secs(5), "{} pongs came in 5 s", pongs());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    ensure!(house.handle.links() == 1, "a link that answers pings was closed");
    client.close().await;
    let text = format!("found out; {PONGS} pongs in {} ms", began.elapsed().as_millis());
    Ok(Figure::number(took.as_secs_f64() * 1e3, "ms").and(text))
}

/// A dead link after sleep is found within the probe's time, not the heartbeat's.
async fn woken(dice: &mut Dice) -> Result<Figure, Failure> {
    let script = deaf().await?;
    let mut config = pam_config(dice);
    config.engine.link.link.heartbeat.probe = Duration::from_millis(100);
    let client = start(script.address(), "ada", config)?;
    let watch = Watch::of(&client);
    watch.wait("the welcome", 1, |event| matches!(event, Event::Welcomed)).await?;
    let woken = Instant::now();
    client.wake();
    let dead = |event: &Event| matches!(event, Event::Retrying { class: CloseClass::Timeout, .. });
    let (found, _) = watch.wait("the finding", 1, dead).await?;
    let took = found.saturating_duration_since(woken);
    // The heartbeat alone would take 20 s.
    ensure!(took <= Duration::from_secs(5), "found out after {took:?}");
    client.ask("and now?").await?;
    client.close().await;
    Ok(Figure::number(took.as_secs_f64() * 1e3, "ms").and("probe of 100 ms, interval 20 s"))
}

/// A server whose first link is welcomed and then ignored; later ones are answered.
async fn deaf() -> Result<Script, Failure> {
    Script::start(async |number, stream| {
        let wire = welcome(stream).await?;
        if number > 0 {
            return answer(wire).await;
        }
        tokio::time::sleep(Duration::from_secs(30)).await;
        drop(wire);
        Ok(())
    })
    .await
}
