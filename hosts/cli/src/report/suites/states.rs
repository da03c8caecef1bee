//! The four states, each by its number and by what it is for.

use std::time::Duration;

use pamlink::link::State;
use pamlink_tokio::{Event, RequestError};

use super::house::{pam_config, start};
use super::recovery::answer;
use crate::ensure;
use crate::report::bench::{Bench, Dice, Failure};
use crate::report::model::Figure;
use crate::report::peers::{Incoming, Script, Watch};

/// How long the scripted server takes its time.
const PAUSE: Duration = Duration::from_millis(120);

pub(super) async fn run(bench: &mut Bench, dice: &mut Dice) {
    bench
        .case("CONNECTING (0)", Figure::words("wait_for_open"), async { connecting(dice).await })
        .await;
    bench.case("OPEN (1)", Figure::words("ready_to_send"), async { open(dice).await }).await;
    bench.case("CLOSING (2)", Figure::words("wait_for_close"), async { closing(dice).await }).await;
    bench
        .case("CLOSED (3)", Figure::words("reconnect_if_needed"), async { closed(dice).await })
        .await;
}

fn is(state: State, number: u8, name: &str) -> Result<(), Failure> {
    ensure!(state.number() == number, "{state} has the number {}", state.number());
    ensure!(state.as_str() == name, "state {number} is called {state}");
    Ok(())
}

/// Nothing can be sent; a request waits and is answered once the link is open.
async fn connecting(dice: &mut Dice) -> Result<Figure, Failure> {
    let script = Script::start(async |_, stream| {
        let incoming = Incoming::read(stream).await?;
        tokio::time::sleep(PAUSE).await;
        answer(incoming.welcome().await?).await
    })
    .await?;
    let client = start(script.address(), "ada", pam_config(dice))?;
    let asked = tokio::spawn({
        let client = client.clone();
        async move { client.ask("early").await }
    });
    tokio::time::sleep(PAUSE / 2).await;
    is(client.state(), 0, "CONNECTING")?;
    let sent = client.send(r#"{"type":"context_update"}"#);
    ensure!(sent.is_err(), "something was sent before the link was open");
    let text = asked.await??.text().into_owned();
    ensure!(text == "early", "answered with {text}");
    client.close().await;
    Ok(Figure::words("a request waits, a send is refused"))
}

async fn open(dice: &mut Dice) -> Result<Figure, Failure> {
    let script = Script::start(async |_, stream| {
        answer(Incoming::read(stream).await?.welcome().await?).await
    })
    .await?;
    let client = start(script.address(), "ada", pam_config(dice))?;
    client.ready().await?;
    is(client.state(), 1, "OPEN")?;
    client.send(r#"{"type":"context_update"}"#)?;
    client.ask("now").await?;
    client.close().await;
    Ok(Figure::words("sends, asks"))
}

/// The close frame is sent; the link is over when the server has sent one, too.
async fn closing(dice: &mut Dice) -> Result<Figure, Failure> {
    let script = Script::start(async |_, stream| {
        let mut wire = Incoming::read(stream).await?.welcome().await?;
        let heard = wire.next().await?;
        tokio::time::sleep(PAUSE).await;
        ensure!(matches!(heard, crate::report::peers::Heard::Close(1000, _)), "{heard:?}");
        wire.close(1000, "").await
    })
    .await?;
    let client = start(script.address(), "ada", pam_config(dice))?;
    client.ready().await?;
    let watch = Watch::of(&client);
    let close = tokio::spawn(client.clone().close());
    tokio::time::sleep(PAUSE / 2).await;
    is(client.state(), 2, "CLOSING")?;
    let asked = client.ask("late").await;
    ensure!(matches!(asked, Err(RequestError::Closed)), "asking ended with {asked:?}");
    close.await?;
    let over = |event: &Event| {
        matches!(event, Event::StateChanged { from: State::Closing, to: State::Closed })
    };
    watch.wait("the end", 1, over).await?;
    Ok(Figure::words("takes no request, ends with the server's close frame"))
}

/// After a loss it comes back by itself; after a close frame it stays.
async fn closed(dice: &mut Dice) -> Result<Figure, Failure> {
    let script = Script::start(async |number, stream| {
        let wire = Incoming::read(stream).await?.welcome().await?;
        if number == 0 {
            wire.cut();
            return Ok(());
        }
        answer(wire).await
    })
    .await?;
    let client = start(script.address(), "ada", pam_config(dice))?;
    let watch = Watch::of(&client);
    let back = |event: &Event| {
        matches!(event, Event::StateChanged { from: State::Closed, to: State::Connecting })
    };
    // Some engines begin closed: the first such change may be the first dial.
    watch.wait("the way back", 1, back).await?;
    client.ask("back?").await?;
    let seen: Vec<_> = watch
        .events()
        .into_iter()
        .filter_map(|(_, event)| match event {
            Event::StateChanged { to, .. } => Some(to),
            _ => None,
        })
        .collect();
    let lost = seen.windows(2).any(|pair| pair == [State::Closed, State::Connecting]);
    ensure!(lost, "the states were {seen:?}");
    let gone = client.clone();
    client.close().await;
    is(gone.state(), 3, "CLOSED")?;
    let dials = script.dials().len();
    tokio::time::sleep(PAUSE).await;
    ensure!(script.dials().len() == dials, "dialled again after its close frame");
    Ok(Figure::words("back after a loss, stays after a close frame"))
}
