//! Suite 5: every message finds its agent, and an unknown one finds the error handler.

use std::sync::Arc;
use std::time::Instant;

use pamlink::routing::Table;
use pamlink_tokio::{Client, ClientRequest, Reply, RequestError};

use super::house::{House, Plan};
use crate::ensure;
use crate::report::bench::{Bench, Dice, Failure};
use crate::report::model::{Figure, mean};

/// Agent, module and mean latency in the baseline.
const AGENTS: [(&str, &str, f64); 5] = [
    ("Financial Advisor", "Financial Module", 85.1),
    ("Trip Planner", "Mapping Module", 99.7),
    ("Health Advisor", "Health Module", 65.5),
    ("Voice Assistant", "Voice Module", 119.9),
    ("Chat Assistant", "Chat Module", 103.9),
];
/// The baseline's mean latency for unknown agents.
const UNKNOWN_MS: f64 = 105.2;

pub(super) async fn run(bench: &mut Bench) {
    let mut dice = bench.dice("routing");
    let dice = &mut dice;
    let plan = Plan::new().with_answers(|request| {
        let text = request.text();
        text.starts_with("why: ")
            .then(|| format!("{} {}", request.agent().id, request.because()).into())
    });
    let Some(house) = bench.need("Server on loopback", plan.build(dice).await) else { return };
    let Some(client) = bench.need("Client of the suite", house.client("ada", dice).await) else {
        return;
    };
    let rounds = bench.count(200, 40);

    for (agent, module, report) in AGENTS {
        let name = format!("{agent} to {module}");
        let report = Figure::number(report, "ms").and("avg");
        bench
            .case(&name, report, async {
                let mut times = Vec::new();
                for turn in 0..rounds {
                    let mut request = ClientRequest::text(format!("{agent}, turn {turn}"));
                    request.agent = Some(agent.to_owned());
                    let began = Instant::now();
                    let answer = client.ask(request).await?;
                    times.push(began.elapsed().as_secs_f64() * 1e3);
                    let text = answer.text();
                    ensure!(
                        text.starts_with(&format!("{agent} ({module}): ")),
                        "{agent} said {text}"
                    );
                }
                Ok(Figure::number(mean(&times), "ms").and(format!("avg of {rounds}")))
            })
            .await;
    }
    let report = Figure::number(UNKNOWN_MS, "ms").and("avg");
    bench
        .case("Unknown agents to Error Handler", report, async {
            let before = house.effects.total();
            let mut times = Vec::new();
            for turn in 0..rounds {
                let mut request = ClientRequest::text("who are you?");
                request.agent = Some(format!("Nobody {turn}"));
                let began = Instant::now();
                let answer = client.ask(request).await;
                times.push(began.elapsed().as_secs_f64() * 1e3);
                match answer {
                    Err(RequestError::Rejected { code, .. }) if code == "UNKNOWN_AGENT" => {}
                    other => return Err(Failure::new(format!("got {other:?}"))),
                }
            }
            ensure!(house.effects.total() == before, "an agent answered for an unknown one");
            Ok(Figure::number(mean(&times), "ms").and("avg, UNKNOWN_AGENT each time"))
        })
        .await;
    bench
        .case("By keyword, intent and default, and why", Figure::none(), async {
            let mut seen = Vec::new();
            for (text, intent, agent, because) in [
                ("why: how much did i spend on fuel", None, "finance", "keyword"),
                ("why: a campground near the lake", None, "trips", "keyword"),
                ("why: i have a headache", None, "health", "keyword"),
                ("why: xyzzy", Some("route_planning"), "trips", "intent"),
                ("why: xyzzy", None, "chat", "default"),
                // Inside a word a keyword is none.
                ("why: spending-free tripod", None, "finance", "keyword"),
                ("why: tripod", None, "chat", "default"),
            ] {
                let mut request = ClientRequest::text(text);
                request.intent = intent.map(str::to_owned);
                let answer = client.ask(request).await?.text().into_owned();
                let right = answer.starts_with(&format!("{agent} ")) && answer.contains(because);
                ensure!(right, "{text:?} went to {answer}");
                seen.push(answer);
            }
            Ok(Figure::words(format!("{} decisions, each with its reason", seen.len())))
        })
        .await;
    bench
        .case("Table replaced while messages flow", Figure::none(), async {
            replaced(&house, &client).await
        })
        .await;
    bench.case("An agent at its limit", Figure::none(), async { busy(dice).await }).await;
    bench
        .case("An agent that fails has a stand-in", Figure::none(), async { failing(dice).await })
        .await;
    client.close().await;
}

fn table(version: &str, agents: &str) -> Result<Arc<Table>, Failure> {
    let text = format!(
        r#"{{"version":"{version}","default":"a","error_handler":{{"id":"nobody"}},"agents":[{agents}]}}"#
    );
    Ok(Arc::new(Table::from_json(&text)?))
}

/// 300 requests, and another table after every 30th: none is lost and none is in between.
async fn replaced(house: &House, client: &Client) -> Result<Figure, Failure> {
    let tables = [
        table("one", r#"{"id":"a","name":"A"},{"id":"b"}"#)?,
        table("two", r#"{"id":"b"},{"id":"a","name":"Other"}"#)?,
    ];
    let mut requests = Vec::new();
    for turn in 0..300_usize {
        if turn.is_multiple_of(30) {
            house.handle.replace_routes(Arc::clone(&tables[turn / 30 % 2]));
        }
        let client = client.clone();
        requests.push(tokio::spawn(async move { client.ask(format!("why: flow {turn}")).await }));
        if requests.len() == 20 {
            for request in requests.drain(..) {
                let text = request.await??.text().into_owned();
                ensure!(text.starts_with("a "), "went to {text}");
            }
        }
    }
    house.handle.replace_routes(Arc::default());
    Ok(Figure::words("300 messages, 10 tables, none lost"))
}

/// One at a time, nobody to stand in: the second is told so.
async fn busy(dice: &mut Dice) -> Result<Figure, Failure> {
    let mut plan = Plan::new();
    plan.routes = table("busy", r#"{"id":"a","concurrency":1}"#)?;
    let house = plan.build(dice).await?;
    let client = house.client("ada", dice).await?;
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.ask("slow: first").await }
    });
    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    match client.ask("second").await {
        Err(RequestError::Rejected { code, .. }) if code == "AGENT_BUSY" => {}
        other => return Err(Failure::new(format!("the second got {other:?}"))),
    }
    first.await??;
    client.ask("third").await?;
    Ok(Figure::words("AGENT_BUSY, free again after the first"))
}

/// An agent that always fails: its breaker opens, and another answers.
async fn failing(dice: &mut Dice) -> Result<Figure, Failure> {
    let mut plan = Plan::new().with_answers(|request| {
        (&*request.agent().id == "a").then(|| Reply::error("PROCESSING_ERROR", "the model is down"))
    });
    plan.routes = table("failing", r#"{"id":"a","fallback":["b"]},{"id":"b"}"#)?;
    let house = plan.build(dice).await?;
    let client = house.client("ada", dice).await?;
    let mut failures = 0;
    for turn in 0..50 {
        match client.ask(format!("turn {turn}")).await {
            Ok(answer) => {
                let text = answer.text();
                ensure!(text.starts_with("b (b): "), "answered by {text}");
                return Ok(Figure::words(format!(
                    "after {failures} failures the stand-in answers"
                )));
            }
            Err(RequestError::Rejected { code, .. }) if code == "PROCESSING_ERROR" => failures += 1,
            Err(error) => return Err(error.into()),
        }
    }
    Err(Failure::new("the failing agent was asked 50 times"))
}
