//! Suite 7: how fast, how many, how steady, in the dialect of the baseline.

use std::time::{Duration, Instant};

use pamlink::hub::Hub;
use pamlink_tokio::Client;

use super::connection::{http, until_empty};
use super::house::{House, Plan};
use super::system::{computed, installed, resident, show_growth};
use super::{json, stability};
use crate::ensure;
use crate::report::bench::{Bench, Dice, Failure};
use crate::report::model::{Figure, Throughput, figures, mean, percentile};

/// Messages, and the baseline's rate and mean processing time for so many.
const BURSTS: [(usize, f64, f64); 4] =
    [(10, 128.2, 4.90), (50, 185.9, 2.82), (100, 192.7, 2.05), (500, 174.3, 2.89)];
/// The baseline's best rate.
const PEAK: f64 = 192.7;
/// Connections, and the baseline's mean latency for so many.
const CROWDS: [(usize, f64); 4] = [(1, 0.29), (5, 0.24), (10, 0.08), (25, 0.12)];
/// Requests of one client under way at once.
const AT_ONCE: usize = 16;

pub(super) async fn run(bench: &mut Bench) {
    let mut dice = bench.dice("performance");
    let dice = &mut dice;
    let Some(house) = bench.need("Server on loopback", Plan::new().build(dice).await) else {
        return;
    };
    let house = &house;
    throughput(bench, house, dice).await;
    crowds(bench, house, dice).await;
    stability::run(bench, dice).await;
    memory(bench, dice).await;
    health(bench, dice).await;
}

async fn throughput(bench: &mut Bench, house: &House, dice: &mut Dice) {
    let Some(client) = bench.need("Client of the suite", house.pam_client("ada", dice).await)
    else {
        return;
    };
    let mut latencies = Vec::new();
    let mut plot = Vec::new();
    for (messages, report_rate, report_ms) in BURSTS {
        let rounds = bench.count(4_000, 1_500).div_ceil(messages).clamp(3, 40);
        let report = Figure::number(report_rate, "msg/s").and(format!("{report_ms:.2} ms avg"));
        let found = bench
            .case(&format!("Throughput, {messages} messages"), report, async {
                let mut rates = Vec::new();
                let mut times = Vec::new();
                for _ in 0..rounds {
                    let began = Instant::now();
                    let burst = burst(&client, messages).await?;
                    rates.push(messages as f64 / began.elapsed().as_secs_f64());
                    times.extend(burst);
                }
                rates.sort_by(f64::total_cmp);
                let rate = percentile(&rates, 50.0);
                ensure!(rate > report_rate, "{rate:.1} msg/s is below the baseline's");
                let text = format!("{} ms avg, {rounds} rounds", figures(mean(&times)));
                Ok((Figure::number(rate, "msg/s").and(text), (rate, times)))
            })
            .await;
        if let Some((_, (rate, times))) = found {
            latencies.extend(times);
            plot.push(Throughput { messages, rate, report_rate });
        }
    }
    let peak = plot.iter().map(|burst| burst.rate).fold(0.0, f64::max);
    bench
        .case("Peak throughput", Figure::number(PEAK, "msg/s"), async {
            ensure!(peak > PEAK, "{peak:.1} msg/s is below the baseline's");
            Ok(Figure::number(peak, "msg/s").and(format!("{} times", figures(peak / PEAK))))
        })
        .await;
    bench.plots.latency_ms = latencies;
    bench.plots.throughput = plot;
    client.close().await;
}

/// Asks `messages` times, some at once; the time from each request to its answer.
pub(super) async fn burst(client: &Client, messages: usize) -> Result<Vec<f64>, Failure> {
    let mut workers = Vec::new();
    for worker in 0..AT_ONCE.min(messages) {
        let client = client.clone();
        workers.push(tokio::spawn(async move {
            let mut times = Vec::new();
            for number in (worker..messages).step_by(AT_ONCE) {
                let began = Instant::now();
                let answer = client.ask(format!("message {number}")).await?;
                times.push(began.elapsed().as_secs_f64() * 1e3);
                ensure!(
                    answer.text().ends_with(&format!("message {number}")),
                    "{number} got {}",
                    answer.as_str()
                );
            }
            Ok(times)
        }));
    }
    let mut all = Vec::with_capacity(messages);
    for worker in workers {
        all.extend(worker.await??);
    }
    Ok(all)
}

async fn crowds(bench: &mut Bench, house: &House, dice: &mut Dice) {
    for (count, report_ms) in CROWDS {
        let plural = if count == 1 { "connection" } else { "connections" };
        let report = Figure::words(format!("100% success, {report_ms} ms avg"));
        let each = bench.count(100, 20);
        bench
            .case(&format!("Concurrent, {count} {plural}"), report, async {
                let mut clients = Vec::new();
                for number in 0..count {
                    clients.push(house.pam_client(&format!("crowd-{number}"), dice).await?);
                }
                ensure!(house.handle.links() >= count, "{} links", house.handle.links());
                // All are open; one asks at a time, so that the time is the engine's and not
                // that of a queue before two cores.
                let mut times = Vec::new();
                for turn in 0..each {
                    for client in &clients {
                        let began = Instant::now();
                        client.ask(format!("turn {turn}")).await?;
                        times.push(began.elapsed().as_secs_f64() * 1e3);
                    }
                }
                // And all at once: every one is answered.
                let together: Vec<_> = clients
                    .iter()
                    .map(|client| {
                        let client = client.clone();
                        tokio::spawn(async move { burst(&client, AT_ONCE).await })
                    })
                    .collect();
                let mut answered = times.len();
                for task in together {
                    answered += task.await??.len();
                }
                let asked = count * (each + AT_ONCE);
                ensure!(answered == asked, "{answered} of {asked} were answered");
                for client in clients {
                    client.close().await;
                }
                times.sort_by(f64::total_cmp);
                let p99 = format!("p99 {} ms", figures(percentile(&times, 99.0)));
                let average = format!("{} ms avg", figures(mean(&times)));
                Ok(Figure::number(100.0, "%").and(average).and(p99))
            })
            .await;
    }
}

/// Rounds of the same work must not leave anything behind.
async fn memory(bench: &mut Bench, dice: &mut Dice) {
    let rounds = bench.count(10, 4);
    bench
        .case("No memory leaks", Figure::words("none detected"), async {
            let house = Plan::new().build(dice).await?;
            let mut after_first = None;
            let mut held = Vec::new();
            for round in 0..rounds {
                let mut clients = Vec::new();
                for number in 0..20 {
                    clients.push(house.pam_client(&format!("guest-{number}"), dice).await?);
                }
                for client in &clients {
                    burst(client, 50).await?;
                }
                for client in clients {
                    client.close().await;
                }
                until_empty(&house).await?;
                let window = house.metric("pamlink_window_bytes");
                let hub = house.handle.view(Hub::memory) as f64 - window;
                held.push(hub);
                if round == 0 {
                    after_first = resident();
                }
            }
            // The window fills up to its bound and is measured apart; links must leave nothing.
            let (first, last) = (held[0], held[held.len() - 1]);
            ensure!(last <= first * 1.1 + 16_384.0, "the hub grew from {first} to {last} bytes");
            let growth = show_growth(after_first, resident());
            let most = 8.0;
            ensure!(growth.value.is_none_or(|grown| grown < most), "grew by {}", growth.text);
            Ok(growth.and(format!("over {} more rounds of 20 links", rounds - 1)))
        })
        .await;
}

/// What `/health` and `/metrics` say, beside what the baseline's server said.
async fn health(bench: &mut Bench, dice: &mut Dice) {
    let Some(house) = bench.need("Server on loopback", Plan::new().build(dice).await) else {
        return;
    };
    let house = &house;
    let mut clients = Vec::new();
    bench
        .case("Active connections", Figure::number(70.0, "links"), async {
            for number in 0..70 {
                clients.push(house.pam_client(&format!("active-{number}"), dice).await?);
            }
            let (_, body) = http(house, "GET /health HTTP/1.1").await?;
            let health = json(&body)?;
            ensure!(health["links"] == 70 && health["users"] == 70, "/health says {body}");
            Ok(Figure::number(70.0, "links").and("by /health"))
        })
        .await;
    let rounds = bench.count(200, 50);
    bench
        .case("Response time", Figure::number(3.7, "ms"), async {
            let mut times = Vec::new();
            for _ in 0..rounds {
                let began = Instant::now();
                let (status, body) = http(house, "GET /health HTTP/1.1").await?;
                times.push(began.elapsed().as_secs_f64() * 1e3);
                ensure!(status == 200 && json(&body)?["status"] == "ok", "{status} {body}");
            }
            Ok(Figure::number(mean(&times), "ms").and("avg of /health, each on a new socket"))
        })
        .await;
    bench
        .case("Status", Figure::words("healthy"), async {
            let (_, body) = http(house, "GET /health HTTP/1.1").await?;
            ensure!(json(&body)?["status"] == "ok", "/health says {body}");
            Ok(Figure::words("ok"))
        })
        .await;
    bench
        .case("CPU usage under this load", Figure::number(39.8, "%"), async {
            let (Some(before), began) = (computed(), Instant::now()) else {
                return Ok(Figure::words("not told by this system"));
            };
            // 70 links that chat at twice the baseline's peak.
            let pause = Duration::from_secs(1).div_f64(2.0 * PEAK);
            let mut next = tokio::time::interval(pause);
            let mut asked = Vec::new();
            while began.elapsed() < Duration::from_secs(1) {
                next.tick().await;
                let client = clients[asked.len() % clients.len()].clone();
                asked.push(tokio::spawn(async move { client.ask("how are you").await }));
            }
            let count = asked.len();
            for request in asked {
                request.await??;
            }
            let wall = began.elapsed().as_secs_f64();
            let spent = computed().unwrap_or(before).saturating_sub(before).as_secs_f64();
            let share = 100.0 * spent / wall;
            ensure!(share < 100.0, "a whole core for {count} messages a second");
            let text = format!("of a core, both ends, at {} msg/s", figures(count as f64 / wall));
            Ok(Figure::number(share, "%").and(text))
        })
        .await;
    bench
        .case("Memory usage", Figure::number(65.6, "%"), async {
            let (Some(resident), Some(installed)) = (resident(), installed()) else {
                return Ok(Figure::words("not told by this system"));
            };
            let share = 100.0 * resident as f64 / installed as f64;
            let text = format!("of the machine: {} MB, both ends", figures(resident as f64 / 1e6));
            Ok(Figure::number(share, "%").and(text))
        })
        .await;
    bench
        .case("Error rate", Figure::number(0.0, "%"), async {
            let errors = house.metric("pamlink_refusals_total");
            let messages = house.metric_of("websocket_messages_total", "inbound");
            ensure!(messages > 0.0, "no message was counted");
            ensure!(errors == 0.0, "{errors} of {messages} messages were refused");
            Ok(Figure::number(0.0, "%").and(format!("of {} messages", figures(messages))))
        })
        .await;
    bench
        .case("Metrics for what to monitor", Figure::words("recommended"), async {
            let (status, text) = http(house, "GET /metrics HTTP/1.1").await?;
            ensure!(status == 200, "/metrics: {status}");
            for name in [
                "websocket_connections_active 70",
                "pamlink_connections_total",
                "pamlink_connections_refused_total",
                "pamlink_request_latency_seconds_bucket",
                "pamlink_window_entries",
                "pamlink_refusals_total",
            ] {
                ensure!(text.contains(name), "/metrics does not have {name}");
            }
            let families = text.matches("# TYPE ").count();
            Ok(Figure::number(families as f64, "metrics").and("success, latency, window, errors"))
        })
        .await;
    for client in clients {
        drop(client);
    }
}
