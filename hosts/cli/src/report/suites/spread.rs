//! A crowd that loses its server does not come back in one moment.

use std::time::{Duration, Instant};

use pamlink_tokio::Event;
use tokio::task::JoinHandle;

use super::connection::until_empty;
use super::house::{Plan, client_config, connect};
use crate::ensure;
use crate::report::bench::{Bench, Dice, Failure};
use crate::report::model::{Figure, figures, percentile};
use crate::report::peers::{Proxy, Watch};

/// The span over which the first retry is drawn.
const FIRST: Duration = Duration::from_millis(1_000);
/// How long the server is away.
const DOWN: Duration = Duration::from_millis(50);

/// The crowd sets out: that is waiting, which other cases need not do as well.
pub(super) fn begin(bench: &Bench) -> JoinHandle<Result<Vec<f64>, Failure>> {
    let (crowd, dice) = (bench.count(300, 100), bench.dice("spread"));
    tokio::spawn(come_back(crowd, dice))
}

pub(super) async fn run(bench: &mut Bench, crowd: JoinHandle<Result<Vec<f64>, Failure>>) {
    let mut times = Vec::new();
    bench
        .case("Reconnect spread", Figure::none(), async {
            times = crowd.await??;
            let crowd = times.len();
            // A tenth of the time must not hold much more than a tenth of the crowd.
            let span = times[times.len() - 1] - times[0];
            ensure!(span > 300.0, "all came back within {} ms", figures(span));
            let bin = span / 10.0;
            let fullest = (0..10)
                .map(|at| {
                    let from = times[0] + bin * f64::from(at);
                    times.iter().filter(|time| **time >= from && **time < from + bin).count()
                })
                .max()
                .unwrap_or_default();
            ensure!(fullest * 10 < crowd * 4, "{fullest} of {crowd} came back in one tenth");
            let text = format!("for {crowd} links, at most {fullest} in a tenth of it");
            let middle = figures(percentile(&times, 50.0));
            Ok(Figure::number(span, "ms").and(text).and(format!("half after {middle} ms")))
        })
        .await;
    bench.plots.reconnect_ms = times;
}

/// When each of the crowd was welcomed again, in milliseconds after the server was back.
async fn come_back(crowd: usize, mut dice: Dice) -> Result<Vec<f64>, Failure> {
    let house = Plan::new().build(&mut dice).await?;
    let proxy = Proxy::start(house.address).await?;
    let cutter = proxy.cutter();
    let mut clients = Vec::new();
    for number in 0..crowd {
        let mut config = client_config(&mut dice);
        let backoff = &mut config.engine.link.backoff;
        (backoff.first, backoff.base, backoff.cap) = (FIRST, FIRST / 2, FIRST);
        let client = connect(proxy.address(), &format!("one-of-many-{number}"), config).await?;
        let watch = Watch::of(&client);
        watch.wait("the welcome", 1, |event| matches!(event, Event::Welcomed)).await?;
        clients.push((client, watch));
    }
    ensure!(house.handle.links() == crowd, "{} of {crowd} links", house.handle.links());
    cutter.set_down(true);
    cutter.cut();
    tokio::time::sleep(DOWN).await;
    cutter.set_down(false);
    let back = Instant::now();
    let mut times = Vec::new();
    for (_, watch) in &clients {
        let welcomed = |event: &Event| matches!(event, Event::Welcomed);
        let (at, _) = watch.wait("the second welcome", 2, welcomed).await?;
        times.push(at.saturating_duration_since(back).as_secs_f64() * 1e3);
    }
    let closes: Vec<_> =
        clients.into_iter().map(|(client, _)| tokio::spawn(client.close())).collect();
    for close in closes {
        close.await?;
    }
    until_empty(&house).await?;
    times.sort_by(f64::total_cmp);
    Ok(times)
}
