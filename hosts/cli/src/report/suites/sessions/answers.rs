//! Answers that grow while their link breaks, and those that are stopped.

use std::time::{Duration, Instant};

use pamlink_tokio::{AnswerStream, Client, Event, RequestError};
use tokio::task::JoinHandle;

use crate::ensure;
use crate::report::bench::{Bench, Dice, Failure};
use crate::report::model::{Figure, figures};
use crate::report::peers::{Cutter, Proxy, Watch};
use crate::report::suites::house::{House, Plan, client_config, connect};
use crate::report::suites::stories::{self, Story};

/// Words of a story that is told to its end, and between two of them.
const WORDS: usize = 40;
const PAUSE: Duration = Duration::from_millis(10);
/// After how many words its wire is cut.
const CUTS: [usize; 2] = [8, 20];
/// Words of a story that nobody hears to its end.
const ENDLESS: usize = 10_000;

/// What the cases are called, each on its way.
pub(super) type Cases = Vec<(&'static str, JoinHandle<Result<Figure, Failure>>)>;

/// Begins all cases: each waits for words and attempts to connect, and none minds the others.
pub(super) fn begin(bench: &Bench) -> Cases {
    let dice = |name| bench.dice(name);
    vec![
        ("A growing answer goes on in the middle", tokio::spawn(goes_on(dice("goes on")))),
        ("Stop", tokio::spawn(stop(dice("stop"), false))),
        ("Stop while there is no link", tokio::spawn(stop(dice("stop, no link"), true))),
        ("Stop that comes too late", tokio::spawn(too_late(dice("too late")))),
    ]
}

/// A client behind a wire that can be cut.
struct Stage {
    house: House,
    client: Client,
    watch: Watch,
    cutter: Cutter,
    _proxy: Proxy,
}

impl Stage {
    async fn build(mut dice: Dice) -> Result<Self, Failure> {
        let house = Plan::new().build(&mut dice).await?;
        let proxy = Proxy::start(house.address).await?;
        let client = connect(proxy.address(), "ada", client_config(&mut dice)).await?;
        let (watch, cutter) = (Watch::of(&client), proxy.cutter());
        Ok(Self { house, client, watch, cutter, _proxy: proxy })
    }

    /// The outcome of a cancel, and the length of the answer as the server has it.
    async fn cancelled(&self) -> Result<(String, Option<u64>), Failure> {
        let result = |event: &Event| matches!(event, Event::CancelResult { .. });
        match self.watch.wait("the outcome of the cancel", 1, result).await? {
            (_, Event::CancelResult { outcome: Some(outcome), offset, .. }) => {
                Ok((outcome, offset))
            }
            (_, other) => Err(Failure::new(format!("the cancel has come to {other:?}"))),
        }
    }

    /// A story as its agent has left it.
    async fn left(&self, asked: &str) -> Result<Story, Failure> {
        for _ in 0..500 {
            let story = self.house.stories.of(asked);
            if story.left.is_some() {
                return Ok(story);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(Failure::new("the agent goes on"))
    }
}

async fn goes_on(dice: Dice) -> Result<Figure, Failure> {
    let stage = Stage::build(dice).await?;
    let asked = stories::request(WORDS, PAUSE, "goes on");
    let mut answer = stage.client.stream(asked.as_str())?;
    let mut cuts = CUTS.into_iter().peekable();
    let (mut text, mut cut_at, mut gaps, mut last) = (String::new(), None, Vec::new(), None);
    while let Some(piece) = answer.next_piece().await? {
        ensure!(!piece.restart, "what had come was void after {} bytes", text.len());
        text.push_str(&piece.text);
        let now = Instant::now();
        if let Some(cut_at) = cut_at.take() {
            gaps.push(figures(now.duration_since(cut_at).as_secs_f64() * 1e3));
            last = Some(now);
        }
        let words = stories::numbers(&text).0.len();
        if cuts.next_if(|cut| words >= *cut).is_some() {
            stage.cutter.cut();
            cut_at = Some(now);
        }
    }
    ensure!(text == stories::text(WORDS), "the pieces are {text:?}");
    ensure!(answer.answer().await?.text() == text, "the answer is another than its pieces");
    let story = stage.left(&asked).await?;
    ensure!(story.begun == 1, "the agent began {} times", story.begun);
    ensure!(gaps.len() == CUTS.len(), "{} of {} cuts came in the middle", gaps.len(), CUTS.len());
    // Not only its end came over another link.
    ensure!(last < story.left, "nothing came between the last cut and the end");
    stage.client.close().await;
    let text = format!("from a cut to the next piece; {WORDS} words, each once");
    Ok(Figure::words(format!("{} ms", gaps.join(" and "))).and(text))
}

/// Reads until so many words are there.
async fn read(answer: &mut AnswerStream, words: usize) -> Result<String, Failure> {
    let mut text = String::new();
    while stories::numbers(&text).0.len() < words {
        match answer.next_piece().await? {
            Some(piece) => text.push_str(&piece.text),
            None => return Err(Failure::new(format!("ended with {text:?}"))),
        }
    }
    Ok(text)
}

async fn stop(dice: Dice, is_down: bool) -> Result<Figure, Failure> {
    let stage = Stage::build(dice).await?;
    let asked = stories::request(ENDLESS, Duration::from_millis(5), "stop");
    let mut answer = stage.client.stream(asked.as_str())?;
    let mut text = read(&mut answer, 4).await?;
    if is_down {
        stage.cutter.set_down(true);
        stage.cutter.cut();
        // Until then the cancel may still find its way.
        let lost = |event: &Event| matches!(event, Event::Retrying { .. });
        stage.watch.wait("the loss of the link", 1, lost).await?;
    }
    let mut began = Instant::now();
    answer.cancel()?;
    if is_down {
        tokio::time::sleep(Duration::from_millis(80)).await;
        let story = stage.house.stories.of(&asked);
        ensure!(story.left.is_none(), "the end of a link has stopped the agent");
        stage.cutter.set_down(false);
        began = Instant::now();
    }
    let ended = loop {
        match answer.next_piece().await {
            Ok(Some(piece)) => text.push_str(&piece.text),
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    let took = began.elapsed().as_secs_f64() * 1e3;
    ensure!(ended == Err(RequestError::Cancelled), "the request ended with {ended:?}");
    let (outcome, offset) = stage.cancelled().await?;
    ensure!(outcome == "cancelled", "the cancel has come to {outcome}");
    ensure!(offset == Some(text.len() as u64), "{} bytes came of {offset:?}", text.len());
    ensure!(stories::text(ENDLESS).starts_with(&text), "the pieces are {text:?}");
    let story = stage.left(&asked).await?;
    ensure!(story.begun == 1 && story.said.len() < ENDLESS, "{} words were said", story.said.len());
    stage.client.ask("and now?").await?;
    stage.client.close().await;
    let from = if is_down { "from the next link on" } else { "to the end" };
    let text = format!("{outcome} at byte {}, as the client has it; its agent stopped", text.len());
    Ok(Figure::number(took, "ms").and(from).and(text))
}

/// The answer has ended at the server, and the client does not know.
async fn too_late(dice: Dice) -> Result<Figure, Failure> {
    let stage = Stage::build(dice).await?;
    let asked = stories::request(WORDS / 2, PAUSE / 2, "too late");
    let mut answer = stage.client.stream(asked.as_str())?;
    let mut text = read(&mut answer, 2).await?;
    stage.cutter.stall_after(0);
    stage.left(&asked).await?;
    answer.cancel()?;
    stage.cutter.cut();
    while let Some(piece) = answer.next_piece().await? {
        ensure!(!piece.restart, "what had come was void after {} bytes", text.len());
        text.push_str(&piece.text);
    }
    let whole = stories::text(WORDS / 2);
    ensure!(text == whole, "the pieces are {text:?}");
    let (outcome, offset) = stage.cancelled().await?;
    ensure!(outcome == "ended", "the cancel has come to {outcome}");
    ensure!(offset == Some(whole.len() as u64), "it ended at {offset:?}, not {}", whole.len());
    stage.client.close().await;
    Ok(Figure::words(format!("{outcome} at byte {}, the answer is whole", whole.len())))
}
