//! A server that is killed: what becomes of an answer.

use std::time::{Duration, Instant};

use pamlink_tokio::{Answer, AnswerStream, RequestError};

use super::answers::Cases;
use super::served::{ANYWHERE, Served};
use crate::ensure;
use crate::report::bench::{Bench, Dice, Failure};
use crate::report::model::Figure;
use crate::report::peers::Proxy;
use crate::report::suites::house::{client_config, connect, metric};

/// Begins the case, which waits as those of answers do.
pub(super) fn begin(bench: &Bench) -> Cases {
    let dice = bench.dice("killed");
    vec![("Server killed in the middle of an answer", tokio::spawn(killed(dice)))]
}

/// The server has half an answer, no time for a word, and no memory when it is back.
async fn killed(mut dice: Dice) -> Result<Figure, Failure> {
    const WORDS: usize = 600;
    let server = Served::start(ANYWHERE).await?;
    let address = server.address;
    let proxy = Proxy::start(address).await?;
    let client = connect(proxy.address(), "ada", client_config(&mut dice)).await?;
    client.ask("before").await?;
    // The client gets the beginning and no more, however quick the server is.
    proxy.cutter().stall_after(2 * 1024);
    let mut answer = client.stream("a word, ".repeat(WORDS))?;
    let first = answer.next_piece().await?.map_or(0, |piece| piece.text.len());
    ensure!(first > 0, "the answer ended at once");
    let down = Instant::now();
    server.kill();
    proxy.cutter().cut();
    let server = Served::start(address).await?;
    let patience = Duration::from_secs(8);
    let (bytes, ended) = tokio::time::timeout(patience, rest(answer))
        .await
        .map_err(|_| Failure::new(format!("nothing was said of the request for {patience:?}")))?;
    let bytes = first + bytes;
    // It had begun: asked again it would be done twice, and what has come is not all.
    ensure!(ended == Err(RequestError::Unknown), "after {bytes} bytes it ended with {ended:?}");
    ensure!(bytes < 8 * WORDS, "the whole answer came");
    client.ask("after").await?;
    let back = down.elapsed().as_secs_f64() * 1e3;
    let outcomes = client.metrics();
    let all = metric(&outcomes, "pamlink_requests_total", "");
    ensure!(all == 3.0, "3 requests had {all} ends");
    client.close().await;
    server.kill();
    let text = format!("to the next answer; this one, of which {bytes} bytes came: unknown");
    Ok(Figure::number(back, "ms").and(text))
}

/// What else comes of an answer, in bytes, and how its request ends.
async fn rest(mut answer: AnswerStream) -> (usize, Result<Answer, RequestError>) {
    let mut bytes = 0;
    while let Ok(Some(piece)) = answer.next_piece().await {
        bytes += piece.text.len();
    }
    (bytes, answer.answer().await)
}
