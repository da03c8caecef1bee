//! A server that is killed: what becomes of an answer, and of a crowd.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use pamlink::seed::Seed;
use pamlink_tokio::{Answer, AnswerStream, Client, ClientConfig, Event, RequestError, descriptors};
use tokio::task::JoinSet;

use super::answers::Cases;
use super::served::Served;
use crate::ensure;
use crate::report::bench::{Bench, Dice, Failure};
use crate::report::model::{Figure, figures, percentile};
use crate::report::peers::{Proxy, Watch};
use crate::report::suites::house::{client_config, connect, metric};

/// Any free port.
const ANYWHERE: ([u8; 4], u16) = ([127, 0, 0, 1], 0);
/// Clients that shake hands at once: as many of one address as a server takes.
const AT_ONCE: usize = 32;
/// How long clients come back together, in milliseconds.
const SLICE: f64 = 100.0;

/// Begins all cases, which wait as those of answers do.
pub(super) fn begin(bench: &Bench) -> Cases {
    let (dice, crowd) = (|name| bench.dice(name), bench.count(1_000, 100));
    vec![
        ("Server killed in the middle of an answer", tokio::spawn(killed(dice("killed")))),
        ("Reconnect spread after a kill", tokio::spawn(spread(crowd, dice("killed, a crowd")))),
    ]
}

/// The server has half an answer, no time for a word, and no memory when it is back.
async fn killed(mut dice: Dice) -> Result<Figure, Failure> {
    const WORDS: usize = 600;
    let server = Served::start(SocketAddr::from(ANYWHERE)).await?;
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

/// All lose the server in one moment, and wait as clients do that nobody has told otherwise.
async fn spread(crowd: usize, mut dice: Dice) -> Result<Figure, Failure> {
    // This process has one for each of the crowd, and some for itself.
    let room = descriptors::raise().map_or(crowd, |room| room.saturating_sub(200) as usize);
    let crowd = crowd.min(room);
    let server = Served::start(SocketAddr::from(ANYWHERE)).await?;
    let address = server.address;
    let clients = gather(address, crowd, &mut dice).await?;
    server.kill();
    let down = Instant::now();
    let server = Served::start(address).await?;
    let (mut due, mut back) = (Vec::new(), Vec::new());
    for (_, watch) in &clients {
        let at = second_welcome(watch).await;
        back.push(at.saturating_duration_since(down).as_secs_f64() * 1e3);
        let mut attempts = watch.events().into_iter().filter_map(|(at, event)| match event {
            Event::Retrying { after, .. } => Some(at + after),
            _ => None,
        });
        let last = attempts.next_back().unwrap_or(down);
        due.push(last.saturating_duration_since(down).as_secs_f64() * 1e3);
    }
    let mut leaving = JoinSet::new();
    clients.into_iter().for_each(|(client, _)| drop(leaving.spawn(client.close())));
    leaving.join_all().await;
    server.kill();

    // By what the clients have drawn: how soon a busy machine gets round to it is another matter.
    let most = busiest(&due);
    ensure!(most * 4 <= crowd, "{most} of {crowd} were to come back within {SLICE} ms");
    back.sort_by(f64::total_cmp);
    let (first, last) = (back[0], back[crowd - 1]);
    let average = figures(crowd as f64 * SLICE / (last - first).max(SLICE));
    let middle = figures(percentile(&back, 50.0));
    let text = format!("of {crowd} in the busiest {SLICE} ms, mean {average}");
    let times = format!("half after {middle} ms, all after {} ms", figures(last));
    Ok(Figure::number(busiest(&back) as f64, "links").and(text).and(times))
}

/// When a client was welcomed again: the limit of the case bounds the wait for it.
async fn second_welcome(watch: &Watch) -> Instant {
    loop {
        let events = watch.events().into_iter();
        let mut welcomes = events.filter(|(_, event)| matches!(event, Event::Welcomed));
        if let Some((at, _)) = welcomes.nth(1) {
            return at;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// How many times lie in the slice that has the most.
fn busiest(times: &[f64]) -> usize {
    let within = |from: f64| times.iter().filter(|at| (from..from + SLICE).contains(*at)).count();
    times.iter().map(|from| within(*from)).max().unwrap_or_default()
}

/// So many clients, each welcomed.
async fn gather(
    address: SocketAddr,
    crowd: usize,
    dice: &mut Dice,
) -> Result<Vec<(Client, Watch)>, Failure> {
    let mut clients = Vec::new();
    for from in (0..crowd).step_by(AT_ONCE) {
        let mut dialling = JoinSet::new();
        for number in from..crowd.min(from + AT_ONCE) {
            let mut config = ClientConfig::default();
            config.seed = Some(Seed::from_number(dice.roll()));
            dialling.spawn(async move {
                let client = connect(address, &format!("one-of-many-{number}"), config).await?;
                let watch = Watch::of(&client);
                watch.wait("the welcome", 1, |event| matches!(event, Event::Welcomed)).await?;
                Ok::<_, Failure>((client, watch))
            });
        }
        while let Some(client) = dialling.join_next().await {
            clients.push(client??);
        }
    }
    Ok(clients)
}
