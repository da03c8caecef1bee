//! A server with a witness.

use std::net::SocketAddr;
use std::time::Duration;

use pamlink::frame::handshake;
use pamlink::hub::{Auth, Hub};
use pamlink::limits::{Rate, RateClass};
use pamlink::link::jwt::{DEFAULT_AUDIENCE, Verifier, sign_hs256};
use pamlink::link::{self, Claims, Token};
use pamlink::metrics::{SampleValue, prometheus};
use pamlink::seed::Seed;
use pamlink::time::Wall;
use pamlink_tokio::{
    Client, ClientConfig, Event, Handle, Handler, HttpResponse, Reply, Request, Server,
    ServerConfig,
};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The secret that tokens are signed with.
pub(crate) const SECRET: &[u8] = b"a secret of the tests, 32 bytes and more";

/// The longest that anything here may take: it only bounds a failure.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A token of `user` that is good for `life` seconds from now, or ended so long ago.
pub(crate) fn token(user: &str, life: i64) -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = i64::try_from(now.as_secs()).unwrap();
    let mut claims = Claims::new(user, Wall::from_unix_secs(now + life));
    claims.role = Some("service_role".to_owned());
    sign_hs256(SECRET, DEFAULT_AUDIENCE, &claims).unwrap()
}

/// A server whose bounds leave room for a test, and that notices things soon.
pub(crate) fn config() -> ServerConfig {
    let verifier = Verifier::hs256(SECRET, DEFAULT_AUDIENCE).unwrap();
    let mut config = ServerConfig::new(Auth::Verifier(Box::new(verifier)));
    config.seed = Some(Seed::from_number(5));
    config.drain_spread = Duration::ZERO;
    let plenty = Rate::new(1_000_000, Duration::from_secs(60));
    config.hub.rates =
        config.hub.rates.with(RateClass::Message, plenty).with(RateClass::Connect, plenty);
    config.hub.max_links_per_user = 100;
    // Whoever attacks here comes from one address.
    config.hub.max_unauthenticated_per_address = config.hub.max_unauthenticated;
    config
}

/// Echoes, and shows what the program `pamlink serve` shows.
struct Echo;

impl Handler for Echo {
    async fn handle(&self, request: Request) -> Reply {
        format!("echo {}", request.text()).into()
    }

    fn http(&self, request: &handshake::Request, hub: &Hub) -> HttpResponse {
        match request.path() {
            "/metrics" => {
                let mut text = String::new();
                prometheus::write(&hub.metrics(), &mut text);
                HttpResponse::text(200, &text)
            }
            "/memory" => HttpResponse::text(200, &hub.memory().to_string()),
            _ => HttpResponse::text(404, "nothing here\n"),
        }
    }
}

/// A server that runs, and its witness.
pub(crate) struct House {
    pub(crate) addr: SocketAddr,
    pub(crate) handle: Handle,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
    leave: oneshot::Sender<()>,
    witness: JoinHandle<Witnessed>,
}

/// What the witness lived through.
#[derive(Debug)]
struct Witnessed {
    answered: u64,
    slowest: Duration,
}

impl House {
    pub(crate) async fn open() -> Self {
        Self::with(config()).await
    }

    pub(crate) async fn with(config: ServerConfig) -> Self {
        Self::with_witness(config, "ws://127.0.0.1", ClientConfig::default()).await
    }

    pub(crate) async fn with_witness(
        config: ServerConfig,
        base: &str,
        witness: ClientConfig,
    ) -> Self {
        let server = Server::bind("127.0.0.1:0", config).await.unwrap();
        let (addr, handle) = (server.local_addr().unwrap(), server.handle());
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(server.serve(Echo, async { drop(stopped.await) }));

        let url = format!("{base}:{}/api/v1/pam/ws/witness", addr.port());
        let client = Client::start(&url, Token::new(token("witness", 3_600)), witness).unwrap();
        let (leave, left) = oneshot::channel();
        // It is there before the first attack.
        let first = within(client.ask("first")).await.unwrap();
        assert_eq!(first.text(), "echo first");
        let witness = tokio::spawn(bear_witness(client, left));
        Self { addr, handle, stop, server, leave, witness }
    }

    /// A counter, all samples of it that have this value in a label.
    pub(crate) fn count(&self, name: &str, label: &str) -> u64 {
        let snapshot = self.handle.metrics();
        let family = snapshot.family(name).unwrap_or_else(|| panic!("no metric {name}"));
        let labelled = family
            .samples
            .iter()
            .filter(|sample| label.is_empty() || sample.labels.iter().any(|it| it.1 == label));
        labelled
            .map(|sample| match &sample.value {
                SampleValue::Counter(count) => *count,
                SampleValue::Gauge(size) => u64::try_from(*size).unwrap_or(0),
                SampleValue::Histogram(buckets) => buckets.count,
            })
            .sum()
    }

    /// Waits until a counter has come to `least`; what a peer sees may come before the count.
    pub(crate) async fn counted(&self, name: &str, label: &str, least: u64) {
        let counted = async {
            while self.count(name, label) < least {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let done = tokio::time::timeout(PATIENCE, counted).await;
        let count = self.count(name, label);
        assert!(done.is_ok(), "{name} {label}: {count}, not {least}");
    }

    /// Waits until only the witness is left.
    pub(crate) async fn only_the_witness(&self) {
        let alone = async {
            while self.handle.links() > 1 {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let done = tokio::time::timeout(PATIENCE, alone).await;
        assert!(done.is_ok(), "{} links are left", self.handle.links());
    }

    /// Asks the witness, and ends. Nothing may have disturbed it, and nothing may be left.
    pub(crate) async fn close(self) {
        self.only_the_witness().await;
        let _ = self.leave.send(());
        let witnessed = within(self.witness).await.expect("the witness was not disturbed");
        assert!(witnessed.answered > 0);
        let Witnessed { answered, slowest } = witnessed;
        println!("witness: {answered} requests, the slowest answer after {slowest:?}");
        let _ = self.stop.send(());
        within(self.server).await.expect("the server ends");
    }

    /// Ends the server, whoever is connected.
    pub(crate) async fn end(self) {
        let _ = self.leave.send(());
        within(self.witness).await.expect("the witness was not disturbed");
        let _ = self.stop.send(());
        within(self.server).await.expect("the server ends");
    }
}

/// Chats until told to leave. Every request must be answered, over one link.
async fn bear_witness(client: Client, mut left: oneshot::Receiver<()>) -> Witnessed {
    let mut witnessed = Witnessed { answered: 0, slowest: Duration::ZERO };
    while left.try_recv() == Err(oneshot::error::TryRecvError::Empty) {
        let request = format!("request {}", witnessed.answered);
        let asked = std::time::Instant::now();
        let answer = within(client.ask(request.as_str())).await.expect("an answer");
        assert_eq!(answer.text(), format!("echo {request}"));
        witnessed.slowest = witnessed.slowest.max(asked.elapsed());
        witnessed.answered += 1;
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    client.clone().close().await;
    let mut welcomes = 0;
    while let Some(event) = client.next_event().await {
        match event {
            Event::Welcomed => welcomes += 1,
            // It closed its link itself.
            Event::Stopped { class: link::CloseClass::Normal, .. } => {}
            Event::Retrying { .. } | Event::Stopped { .. } | Event::Late { .. } => {
                panic!("disturbed: {event:?}")
            }
            _ => {}
        }
    }
    assert_eq!(welcomes, 1, "the witness kept its one link");
    witnessed
}

pub(crate) async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, what).await.expect("it happens in time")
}
