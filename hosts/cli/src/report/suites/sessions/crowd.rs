//! A crowd that is told stories while its server is killed and another one takes its place.

use std::future::pending;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use pamlink::seed::Seed;
use pamlink_tokio::{Client, ClientConfig, Event, descriptors};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::asked::Asked;
use super::fates::Fates;
use super::returns::{Return, Returns};
use super::served::{ANYWHERE, Served};
use super::talk::Dialect;
use crate::ensure;
use crate::report::bench::{Dice, Failure};
use crate::report::peers::{Proxy, Watch};
use crate::report::suites::house::{connect, metric};
use crate::report::suites::stories;

/// Who listens, over which wires, and to what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Crowd {
    pub(super) dialect: Dialect,
    /// In how many of a hundred messages of either way the wire is cut.
    pub(super) percent: u64,
    pub(super) clients: usize,
    /// The longest wait before an attempt to connect; none: what a client has by default, whose waits
    /// grow when one link after the other breaks.
    pub(super) wait: Option<Duration>,
    /// Words of each story, and the time between two of them.
    pub(super) words: usize,
    pub(super) pause: Duration,
    /// How long wires are cut behind the kill. While they are, a request may have nothing come of it
    /// for as long as chance will have it.
    pub(super) cut_for: Duration,
    /// A request of which nothing comes for so long over wires that nobody cuts is lost in silence.
    pub(super) patience: Duration,
}

/// What became of it.
pub(super) struct Aftermath {
    pub(super) fates: Fates,
    pub(super) returns: Returns,
    /// Stories that were in their middle when the server was killed.
    pub(super) under_way: usize,
    /// Clients that have counted other than one end of each request.
    pub(super) miscounted: usize,
    pub(super) clients: usize,
    pub(super) messages: u64,
    pub(super) cuts: u64,
}

/// Stories that each asks for, one after the other: the server is killed in the first one.
const ROUNDS: usize = 2;
/// Clients that shake hands at once: as many of one address as a server takes.
const AT_ONCE: usize = 32;
/// Descriptors of a client: its socket, and both of the proxy.
const DESCRIPTORS: usize = 3;

impl Crowd {
    /// Runs it to its end, and says what became of it.
    pub(super) async fn hold(mut self, mut dice: Dice) -> Result<Aftermath, Failure> {
        // This process has those of each client, and some for itself.
        let room =
            descriptors::raise().map_or(usize::MAX, |room| room.saturating_sub(200) as usize);
        self.clients = self.clients.min(room / DESCRIPTORS);
        let server = Served::storyteller(ANYWHERE).await?;
        let address = server.address;
        let proxy = match self.percent {
            0 => None,
            _ => Some(Proxy::start(address).await?),
        };
        let dialled = proxy.as_ref().map_or(address, Proxy::address);
        let clients = self.gather(dialled, &mut dice).await?;
        if let Some(proxy) = &proxy {
            proxy.cutter().cut_messages(self.percent, dice.clone());
        }

        let (mend, mended) = watch::channel(proxy.is_none());
        let mut listening = JoinSet::new();
        for (number, client) in clients.into_iter().enumerate() {
            listening.spawn(client.listen(self, number.to_string(), mended.clone()));
        }
        let until = Instant::now() + self.patience;
        // When half of them have half a story, most are in the middle of one.
        while server.stories.under_way(self.words / 2, usize::MAX) < self.clients.div_ceil(2) {
            ensure!(Instant::now() < until, "the stories did not come to their middle");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let before = server.kill();
        let killed = Instant::now();
        let server = Served::storyteller(address).await?;
        let listening_since = Instant::now();

        let cutter = proxy.as_ref().map(Proxy::cutter);
        let mending = async {
            tokio::time::sleep_until((killed + self.cut_for).into()).await;
            if let Some(cutter) = &cutter {
                cutter.cut_messages(0, dice.clone());
            }
            mend.send_replace(true);
            pending().await
        };
        let listeners = tokio::select! {
            listeners = listening.join_all() => listeners,
            listeners = mending => listeners,
        };
        let (mut messages, mut cuts) = (0, 0);
        if let Some(cutter) = cutter {
            (messages, cuts) = (cutter.messages(), cutter.count());
            cutter.cut_messages(0, dice);
        }
        let miscounted = listeners.iter().filter(|listener| !listener.counts_each_once()).count();
        let back = |it: &Listener| Return::of(&it.watch.events(), killed, listening_since);
        let returns = listeners.iter().map(back).collect();
        let mut leaving = JoinSet::new();
        let mut asked = Vec::new();
        for listener in listeners {
            asked.extend(listener.asked);
            leaving.spawn(listener.client.close());
        }
        leaving.join_all().await;
        let under_way = before.under_way(1, self.words);
        let fates = Fates::of(&asked, self.words, &[before, server.kill()]);
        let returns = Returns::new(returns);
        let clients = self.clients;
        Ok(Aftermath { fates, returns, under_way, miscounted, clients, messages, cuts })
    }

    /// All clients, each welcomed.
    async fn gather(&self, address: SocketAddr, dice: &mut Dice) -> Result<Vec<Listener>, Failure> {
        let mut clients = Vec::new();
        for from in (0..self.clients).step_by(AT_ONCE) {
            let mut dialling = JoinSet::new();
            for number in from..self.clients.min(from + AT_ONCE) {
                let config = self.config(dice);
                dialling.spawn(async move {
                    let client = connect(address, &format!("one-of-many-{number}"), config).await?;
                    let watch = Watch::of(&client);
                    watch.wait("the welcome", 1, |it| matches!(it, Event::Welcomed)).await?;
                    Ok::<_, Failure>(Listener { client, watch, asked: Vec::new() })
                });
            }
            while let Some(client) = dialling.join_next().await {
                clients.push(client??);
            }
        }
        Ok(clients)
    }

    fn config(&self, dice: &mut Dice) -> ClientConfig {
        let mut config = ClientConfig::default();
        config.seed = Some(Seed::from_number(dice.roll()));
        config.v1 = self.dialect == Dialect::V1;
        if let Some(wait) = self.wait {
            let backoff = &mut config.engine.link.backoff;
            (backoff.first, backoff.base, backoff.cap) = (wait, wait / 2, wait);
            backoff.floor = backoff.floor.min(wait / 5);
        }
        config
    }
}

/// One of the crowd.
struct Listener {
    client: Client,
    watch: Watch,
    asked: Vec<Asked>,
}

impl Listener {
    /// Asks for one story after the other, once the one before has ended.
    async fn listen(mut self, crowd: Crowd, name: String, mended: watch::Receiver<bool>) -> Self {
        for round in 0..ROUNDS {
            let text = stories::request(crowd.words, crowd.pause, &format!("{name}-{round}"));
            let answer = self.client.stream(text.as_str());
            let mut asked = Asked::now(text);
            match answer {
                Ok(answer) => {
                    asked.follow(answer, || silence(mended.clone(), crowd.patience)).await;
                }
                Err(error) => asked.answer = Some(Err(error)),
            }
            let has_ended = asked.answer.is_some();
            self.asked.push(asked);
            if !has_ended {
                break;
            }
        }
        self
    }

    /// Whether the client has counted as many ends as it has requests.
    fn counts_each_once(&self) -> bool {
        let metrics = self.client.metrics();
        let ends = metric(&metrics, "pamlink_requests_total", "")
            - metric(&metrics, "pamlink_requests_total", "late");
        ends == self.asked.len() as f64
    }
}

/// Ends when wires have been whole for so long.
async fn silence(mut mended: watch::Receiver<bool>, patience: Duration) {
    // Where nobody will mend them any more, nobody listens either.
    let _ = mended.wait_for(|is_mended| *is_mended).await;
    tokio::time::sleep(patience).await;
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn nothing_is_silent_while_wires_are_cut() {
        let patience = Duration::from_millis(20);
        let (mend, mended) = watch::channel(false);
        let mut silence = std::pin::pin!(silence(mended, patience));
        assert!(timeout(patience * 3, &mut silence).await.is_err());
        mend.send_replace(true);
        let at = Instant::now();
        silence.await;
        assert!(at.elapsed() >= patience, "{:?}", at.elapsed());
    }
}
