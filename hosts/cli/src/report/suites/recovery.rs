//! Suite 6: what a client does when things go wrong, class by class.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pamlink::link::jwt::DEFAULT_AUDIENCE;
use pamlink::link::{CloseClass, Endpoint, Token, TokenError, TokenNeed};
use pamlink_tokio::{Client, ClientConfig, Event, RequestError};
use serde_json::json as object;
use tokio::net::TcpStream;

use super::house::{Plan, client_config, pam_config, start};
use super::{json, liveness, spread, states};
use crate::ensure;
use crate::report::bench::{Bench, Dice, Failure};
use crate::report::model::{Figure, figures};
use crate::report::peers::{Incoming, Script, Watch, Wire};
use crate::token;

/// Failed attempts before the server comes round.
const FAILURES: usize = 4;

pub(super) async fn run(bench: &mut Bench) {
    let mut dice = bench.dice("recovery");
    let dice = &mut dice;
    let crowd = spread::begin(bench);
    bench
        .case("Connection timeout", Figure::words("reconnects with exponential backoff"), async {
            timeout(dice).await
        })
        .await;
    bench
        .case("Server unavailable", Figure::words("proper retry logic"), async {
            unavailable(dice).await
        })
        .await;
    bench
        .case("Nobody listens", Figure::words("standard reconnection flow"), async {
            nobody(dice).await
        })
        .await;
    bench
        .case("Authentication failure", Figure::words("requests re-auth (no auto-retry)"), async {
            authentication(dice).await
        })
        .await;
    bench
        .case(
            "Rate limiting: the link is closed",
            Figure::words("backoff and retry with longer delays"),
            async { limited(dice).await },
        )
        .await;
    bench
        .case("Rate limiting per user", Figure::words("recommended"), async { refused(dice).await })
        .await;
    bench
        .case("Network error", Figure::words("standard reconnection flow"), async {
            network(dice).await
        })
        .await;
    bench
        .case("Server restart", Figure::words("automatic reconnection"), async {
            restart(dice).await
        })
        .await;
    bench
        .case("Message too big", Figure::none(), async {
            returns(1009, CloseClass::TooBig, dice).await
        })
        .await;
    bench
        .case("Protocol error", Figure::none(), async {
            stops(1002, CloseClass::Protocol, dice).await
        })
        .await;
    liveness::run(bench, dice).await;
    states::run(bench, dice).await;
    spread::run(bench, crowd).await;
}

/// Answers every request as an engine would.
pub(super) async fn answer(mut wire: Wire) -> Result<(), Failure> {
    loop {
        let asked = json(&wire.next_text().await?)?;
        if asked["type"] == "chat" {
            let text = asked["message"].as_str().unwrap_or_default();
            let answer = object!({
                "type": "chat_response", "message": text, "content": text, "error": false,
                "reply_to": asked["id"],
            });
            wire.send(&answer.to_string()).await?;
        }
    }
}

pub(super) async fn welcome(stream: TcpStream) -> Result<Wire, Failure> {
    Incoming::read(stream).await?.welcome().await
}

/// Waits until the client has failed with `class` as often as it had to and is then welcomed;
/// checks every delay against its bounds.
async fn comes_round(
    script: &Script,
    config: ClientConfig,
    class: CloseClass,
) -> Result<Figure, Failure> {
    let backoff = config.engine.link.backoff;
    let client = start(script.address(), "ada", config)?;
    let watch = Watch::of(&client);
    let answer = client.ask("are you back?").await?;
    ensure!(answer.text() == "are you back?", "answered with {}", answer.as_str());
    let mut waits = Vec::new();
    for (_, event) in watch.events() {
        let Event::Retrying { after, class: found, .. } = event else { continue };
        ensure!(found == class, "attempt {} was classed {found}", waits.len() + 1);
        let factor = 1_u32 << waits.len().min(20);
        let most = match waits.len() {
            0 => backoff.first,
            _ => backoff.base.saturating_mul(factor),
        };
        let most = most.min(backoff.cap);
        ensure!(after <= most, "wait {} is {after:?}, the most is {most:?}", waits.len() + 1);
        waits.push(after);
    }
    // On a machine that stalls, one more attempt may fail.
    ensure!(waits.len() >= FAILURES, "{} retries, {FAILURES} were due", waits.len());
    let distinct: std::collections::BTreeSet<_> = waits.iter().collect();
    ensure!(distinct.len() > 1, "all waits are {:?}: there is no jitter", waits[0]);
    let dials = script.dials().len();
    ensure!(dials == waits.len() + 1, "{dials} dials, {} retries", waits.len());
    client.close().await;
    let waits: Vec<_> = waits.iter().map(|wait| figures(wait.as_secs_f64() * 1e3)).collect();
    Ok(Figure::words(format!("open at dial {dials}, waits {} ms", waits.join(" "))))
}

async fn timeout(dice: &mut Dice) -> Result<Figure, Failure> {
    let script = Script::start(async |number, stream| {
        if number < FAILURES {
            // Takes the connection and never says a word.
            tokio::time::sleep(Duration::from_secs(30)).await;
            drop(stream);
            return Ok(());
        }
        answer(welcome(stream).await?).await
    })
    .await?;
    let mut config = pam_config(dice);
    config.engine.link.link.patience.handshake = Duration::from_millis(200);
    comes_round(&script, config, CloseClass::Timeout).await
}

async fn unavailable(dice: &mut Dice) -> Result<Figure, Failure> {
    let script = Script::start(async |number, stream| {
        let incoming = Incoming::read(stream).await?;
        if number < FAILURES {
            return incoming.reject(503).await;
        }
        answer(incoming.welcome().await?).await
    })
    .await?;
    comes_round(&script, pam_config(dice), CloseClass::ServerUnavailable).await
}

async fn nobody(dice: &mut Dice) -> Result<Figure, Failure> {
    // A port that was free a moment ago.
    let address = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?.local_addr()?;
    let client = start(address, "ada", client_config(dice))?;
    let watch = Watch::of(&client);
    let refused = |event: &Event| {
        matches!(event, Event::Retrying { class: CloseClass::ServerUnavailable, .. })
    };
    watch.wait("the third retry", 3, refused).await?;
    let asked = tokio::spawn({
        let client = client.clone();
        async move { client.ask("hello").await }
    });
    let house = Plan::new().build_at(address, dice).await?;
    let began = Instant::now();
    asked.await??;
    let took = began.elapsed().as_secs_f64() * 1e3;
    client.close().await;
    house.close().await?;
    Ok(Figure::number(took, "ms").and("from the server's start to the answer"))
}

async fn authentication(dice: &mut Dice) -> Result<Figure, Failure> {
    let script = Script::start(async |_, stream| {
        let mut wire = Incoming::read(stream).await?.accept().await?;
        wire.close(4001, "bad signature").await?;
        wire.until_closed().await.map(drop)
    })
    .await?;
    let drawn = Arc::new(AtomicUsize::new(0));
    let tokens = {
        let drawn = Arc::clone(&drawn);
        move |_: TokenNeed| {
            drawn.fetch_add(1, Ordering::SeqCst);
            let token = token::dev("ada", Duration::from_secs(600), DEFAULT_AUDIENCE);
            std::future::ready(token.map(Token::new).map_err(|_| TokenError::Denied))
        }
    };
    let url = Endpoint::pam(&format!("ws://{}", script.address()), "ada")?.url(None);
    let client = Client::start(&url, tokens, pam_config(dice))?;
    let watch = Watch::of(&client);
    let stopped =
        |event: &Event| matches!(event, Event::Stopped { class: CloseClass::Authentication, .. });
    watch.wait("the stop", 1, stopped).await?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (dials, drawn) = (script.dials().len(), drawn.load(Ordering::SeqCst));
    ensure!(dials == 2, "dialled {dials} times");
    ensure!(drawn == 2, "asked for {drawn} tokens");
    client.close().await;
    Ok(Figure::words("one renewal, then stopped: 2 dials, 2 tokens"))
}

/// The server says how long to wait, and then closes.
async fn limited(dice: &mut Dice) -> Result<Figure, Failure> {
    const WAIT: Duration = Duration::from_millis(400);
    let script = Script::start(async |number, stream| {
        let mut wire = welcome(stream).await?;
        if number > 0 {
            return answer(wire).await;
        }
        let asked = json(&wire.next_text().await?)?;
        let refusal = object!({
            "type": "error", "message": "slow down", "error_code": "RATE_LIMIT_EXCEEDED",
            "retry_after": WAIT.as_secs_f64(), "reply_to": asked["id"],
        });
        wire.send(&refusal.to_string()).await?;
        // That one ended the request. This one is about the link.
        let refusal = object!({
            "type": "error", "message": "slow down", "error_code": "RATE_LIMIT_EXCEEDED",
            "retry_after": WAIT.as_secs_f64(),
        });
        wire.send(&refusal.to_string()).await?;
        wire.close(4008, "slow down").await?;
        wire.until_closed().await.map(drop)
    })
    .await?;
    let client = start(script.address(), "ada", pam_config(dice))?;
    let watch = Watch::of(&client);
    let asked = Instant::now();
    match client.ask("first").await {
        Err(RequestError::Rejected { code, retry_after: Some(after), .. }) => {
            ensure!(code == "RATE_LIMIT_EXCEEDED", "code {code}");
            ensure!(after == WAIT, "told to wait {after:?}, not {WAIT:?}");
        }
        other => return Err(Failure::new(format!("the request ended with {other:?}"))),
    }
    let limited =
        |event: &Event| matches!(event, Event::Retrying { class: CloseClass::RateLimited, .. });
    let (_, event) = watch.wait("the retry", 1, limited).await?;
    let Event::Retrying { after, .. } = event else { return Err(Failure::new("no retry")) };
    ensure!(after >= WAIT && after <= WAIT + WAIT / 4, "waits {after:?}, told was {WAIT:?}");
    client.ask("second").await?;
    let dials = script.dials();
    // The server closes after it was asked. When this program hears of it is its own affair.
    let waited = dials[1].saturating_duration_since(asked);
    ensure!(waited >= WAIT, "dialled again after {waited:?}");
    client.close().await;
    Ok(Figure::number(after.as_secs_f64() * 1e3, "ms")
        .and("waited, 400 told, up to a quarter more"))
}

/// The server's own limiter: the exact time to wait, and the link stays.
async fn refused(dice: &mut Dice) -> Result<Figure, Failure> {
    use pamlink::limits::{Rate, RateClass};
    let mut plan = Plan::new();
    let rate = Rate::new(5, Duration::from_secs(4));
    plan.hub.rates = plan.hub.rates.with(RateClass::Message, rate);
    let house = plan.build(dice).await?;
    let client = house.client("ada", dice).await?;
    for turn in 0..5 {
        client.ask(format!("turn {turn}")).await?;
    }
    let wait = match client.ask("one too many").await {
        Err(RequestError::Rejected { code, retry_after: Some(wait), .. })
            if code == "RATE_LIMIT_EXCEEDED" =>
        {
            wait
        }
        other => return Err(Failure::new(format!("the sixth ended with {other:?}"))),
    };
    ensure!(wait <= Duration::from_millis(800), "told to wait {wait:?}");
    tokio::time::sleep(wait).await;
    client.ask("after the wait").await?;
    // Another user has a rate of its own.
    house.client("bob", dice).await?.ask("me too").await?;
    client.close().await;
    Ok(Figure::number(wait.as_secs_f64() * 1e3, "ms").and("told, then taken; the link stayed"))
}

async fn network(dice: &mut Dice) -> Result<Figure, Failure> {
    let ids = Arc::new(std::sync::Mutex::new(Vec::new()));
    let script = {
        let ids = Arc::clone(&ids);
        Script::start(move |number, stream| {
            let ids = Arc::clone(&ids);
            async move {
                let mut wire = welcome(stream).await?;
                let asked = json(&wire.next_text().await?)?;
                let id = asked["id"].clone();
                ids.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(id.clone());
                if number == 0 {
                    wire.cut();
                    return Ok(());
                }
                let yes = object!({ "type": "chat_response", "message": "yes", "reply_to": id });
                wire.send(&yes.to_string()).await?;
                answer(wire).await
            }
        })
        .await?
    };
    let client = start(script.address(), "ada", pam_config(dice))?;
    let watch = Watch::of(&client);
    let began = Instant::now();
    let answered = client.ask("still there?").await?;
    ensure!(answered.text() == "yes", "answered with {}", answered.as_str());
    let took = began.elapsed().as_secs_f64() * 1e3;
    let lost = |event: &Event| matches!(event, Event::Retrying { class: CloseClass::Network, .. });
    watch.wait("the loss", 1, lost).await?;
    let ids = ids.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
    ensure!(ids.len() == 2 && ids[0] == ids[1] && ids[0].is_string(), "asked as {ids:?}");
    client.close().await;
    Ok(Figure::number(took, "ms").and("to the answer, asked again under the same id"))
}

async fn restart(dice: &mut Dice) -> Result<Figure, Failure> {
    let house = Plan::new().build(dice).await?;
    let address = house.address;
    let client = house.client("ada", dice).await?;
    let watch = Watch::of(&client);
    client.ask("before").await?;
    // A plain peer hears the code that the engine's client acts on.
    let mut wire = house.wire("bob", dice).await?;
    let closing = tokio::spawn(house.close());
    let (code, reason) = wire.until_closed().await?;
    ensure!(code == 1012, "closed with {code} {reason:?}");
    closing.await??;
    let asked = tokio::spawn({
        let client = client.clone();
        async move { client.ask("during").await }
    });
    let down = Instant::now();
    tokio::time::sleep(Duration::from_millis(60)).await;
    let house = Plan::new().build_at(address, dice).await?;
    let answered = asked.await??;
    ensure!(answered.text().ends_with("during"), "answered with {}", answered.as_str());
    let took = down.elapsed().as_secs_f64() * 1e3;
    let left = |event: &Event| {
        matches!(event, Event::Retrying { class: CloseClass::ServerUnavailable, .. })
    };
    watch.wait("the close frame", 1, left).await?;
    client.close().await;
    house.close().await?;
    Ok(Figure::number(took, "ms").and("1012, down 60 ms, answered by the next server"))
}

/// A close code that ends a link, but not the client.
async fn returns(code: u16, class: CloseClass, dice: &mut Dice) -> Result<Figure, Failure> {
    let script = Script::start(move |_, stream| async move {
        let mut wire = welcome(stream).await?;
        wire.close(code, "no").await?;
        wire.until_closed().await.map(drop)
    })
    .await?;
    let client = start(script.address(), "ada", pam_config(dice))?;
    let watch = Watch::of(&client);
    let again =
        |event: &Event| matches!(event, Event::Retrying { class: found, .. } if *found == class);
    watch.wait("the retry", 1, again).await?;
    client.close().await;
    Ok(Figure::words(format!("{code} ends the link, the next dial comes by itself")))
}

/// A close code after which dialling again would only end the same way.
async fn stops(code: u16, class: CloseClass, dice: &mut Dice) -> Result<Figure, Failure> {
    let script = Script::start(move |_, stream| async move {
        let mut wire = welcome(stream).await?;
        wire.close(code, "no").await?;
        wire.until_closed().await.map(drop)
    })
    .await?;
    let client = start(script.address(), "ada", pam_config(dice))?;
    let watch = Watch::of(&client);
    let stopped =
        |event: &Event| matches!(event, Event::Stopped { class: found, .. } if *found == class);
    watch.wait("the stop", 1, stopped).await?;
    tokio::time::sleep(Duration::from_millis(200)).await;
    ensure!(script.dials().len() == 1, "dialled {} times", script.dials().len());
    client.close().await;
    Ok(Figure::words(format!("{code} stops it, no further dial")))
}
