//! A server of the program's own kind, on a loopback socket, whose effects are counted outside the
//! engine.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use pamlink::envelope::Text;
use pamlink::frame::handshake;
use pamlink::hub::{self, Auth, Hub, HubConfig};
use pamlink::limits::{Rate, RateClass, Rates};
use pamlink::link::jwt::{DEFAULT_AUDIENCE, Verifier};
use pamlink::link::{Endpoint, Token, TokenError, TokenNeed};
use pamlink::metrics::{SampleValue, Snapshot};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink_tokio::{
    Client, ClientConfig, Handle, Handler, HttpResponse, Reply, Request, Server, ServerConfig,
};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::stories::Stories;
use crate::report::bench::{Dice, Failure};
use crate::report::peers::Wire;
use crate::serve::App;
use crate::token::{self, DEV_SECRET};

/// How long an agent takes for a text that begins with `slow: `.
const SLOW: Duration = Duration::from_millis(40);

/// How a house is built.
pub(super) struct Plan {
    pub(super) hub: HubConfig,
    pub(super) routes: Arc<Table>,
    pub(super) drain_spread: Duration,
    /// What some requests are answered with, before the agents are asked.
    pub(super) answers: Answers,
    /// Where each request is noted as the hub tells of it.
    pub(super) arrivals: Option<Arrivals>,
    /// What its agent notes of the stories that it tells.
    pub(super) stories: Stories,
    /// Who decides on tokens; the development secret when absent.
    pub(super) auth: Option<Auth>,
}

/// What a request is answered with, if it is one of those.
pub(super) type Answers = Box<dyn Fn(&Request) -> Option<Reply> + Send + Sync>;

impl Plan {
    /// The server's defaults, with rates that a test campaign does not reach.
    pub(super) fn new() -> Self {
        let mut hub = HubConfig::default();
        let roomy = Rate::new(1_000_000, Duration::from_secs(1));
        let mut rates = Rates::default();
        for class in RateClass::ALL {
            rates = rates.with(class, roomy);
        }
        hub.rates = rates;
        hub.max_links_per_user = 1_000;
        Self {
            hub,
            routes: Arc::default(),
            drain_spread: Duration::from_millis(50),
            answers: Box::new(|_| None),
            arrivals: None,
            stories: Stories::default(),
            auth: None,
        }
    }

    /// The same, where `answers` come before the agents.
    pub(super) fn with_answers(
        mut self,
        answers: impl Fn(&Request) -> Option<Reply> + Send + Sync + 'static,
    ) -> Self {
        self.answers = Box::new(answers);
        self
    }

    /// Builds it on a free port.
    pub(super) async fn build(self, dice: &mut Dice) -> Result<House, Failure> {
        self.build_at(SocketAddr::from(([127, 0, 0, 1], 0)), dice).await
    }

    /// Builds it at `address`.
    pub(super) async fn build_at(
        self,
        address: SocketAddr,
        dice: &mut Dice,
    ) -> Result<House, Failure> {
        let verifier = Verifier::hs256(DEV_SECRET, DEFAULT_AUDIENCE)?;
        let auth = self.auth.unwrap_or_else(|| Auth::Verifier(Box::new(verifier)));
        let mut config = ServerConfig::new(auth);
        config.hub = self.hub;
        config.routes = self.routes;
        config.drain_spread = self.drain_spread;
        config.drain_patience = Duration::from_secs(1);
        config.seed = Some(Seed::from_number(dice.roll()));
        let server = Server::new(TcpListener::bind(address).await?, config);
        let address = server.local_addr()?;
        let handle = server.handle();
        let effects = Effects::default();
        let stories = self.stories;
        let staff = Staff {
            app: App::new(None),
            answers: self.answers,
            effects: effects.clone(),
            stories: stories.clone(),
            arrivals: self.arrivals,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(server.serve(staff, async {
            // Dropped or sent: either way the house closes.
            let _ = stopped.await;
        }));
        Ok(House { address, handle, effects, stories, stop: Some(stop), task })
    }
}

/// A running server.
pub(super) struct House {
    pub(super) address: SocketAddr,
    pub(super) handle: Handle,
    pub(super) effects: Effects,
    pub(super) stories: Stories,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl House {
    /// The target of `user` with a good token.
    pub(super) fn target(&self, user: &str) -> Result<String, Failure> {
        let token = token::dev(user, Duration::from_secs(600), DEFAULT_AUDIENCE)?;
        self.target_with(user, &token)
    }

    /// The target of `user` with this token.
    pub(super) fn target_with(&self, user: &str, token: &str) -> Result<String, Failure> {
        let endpoint = Endpoint::pam(&format!("ws://{}", self.address), user)?;
        Ok(endpoint.target(Some(&Token::new(token))))
    }

    /// A plain peer of `user`, welcomed.
    pub(super) async fn wire(&self, user: &str, dice: &mut Dice) -> Result<Wire, Failure> {
        let mut wire = Wire::open(self.address, &self.target(user)?, dice).await?;
        let welcome = wire.next_text().await?;
        crate::ensure!(welcome.contains("\"connection\""), "the first frame is {welcome}");
        Ok(wire)
    }

    /// An engine's client of `user`, welcomed.
    pub(super) async fn client(&self, user: &str, dice: &mut Dice) -> Result<Client, Failure> {
        connect(self.address, user, client_config(dice)).await
    }

    /// An engine's client of `user` that speaks `pam` alone, welcomed.
    pub(super) async fn pam_client(&self, user: &str, dice: &mut Dice) -> Result<Client, Failure> {
        connect(self.address, user, pam_config(dice)).await
    }

    /// The sum of a metric over its labels.
    pub(super) fn metric(&self, name: &str) -> f64 {
        metric(&self.handle.metrics(), name, "")
    }

    /// The same, of the samples that have this label value.
    pub(super) fn metric_of(&self, name: &str, label: &str) -> f64 {
        metric(&self.handle.metrics(), name, label)
    }

    /// Tells every link to come back later, and ends.
    pub(super) async fn close(mut self) -> Result<(), Failure> {
        drop(self.stop.take());
        Ok((&mut self.task).await?)
    }
}

/// Reads a metric: the sum of its samples with the label value, or of all for an empty one.
pub(super) fn metric(snapshot: &Snapshot, name: &str, label: &str) -> f64 {
    let family = snapshot.families.iter().filter(|family| family.name == name);
    let samples = family.flat_map(|family| &family.samples);
    samples
        .filter(|sample| label.is_empty() || sample.labels.iter().any(|(_, value)| value == label))
        .map(|sample| match &sample.value {
            SampleValue::Counter(value) => *value as f64,
            SampleValue::Gauge(value) => *value as f64,
            SampleValue::Histogram(histogram) => histogram.count as f64,
        })
        .fold(0.0, |sum, value| sum + value)
}

/// A client of `user` with good tokens, welcomed by the server at `address`.
pub(super) async fn connect(
    address: SocketAddr,
    user: &str,
    config: ClientConfig,
) -> Result<Client, Failure> {
    let client = start(address, user, config)?;
    let ready = tokio::time::timeout(Duration::from_secs(10), client.ready()).await;
    ready.map_err(|_| Failure::new("the client was not welcomed in time"))??;
    Ok(client)
}

/// A client of `user` with good tokens that has begun to dial.
pub(super) fn start(
    address: SocketAddr,
    user: &str,
    config: ClientConfig,
) -> Result<Client, Failure> {
    let url = Endpoint::pam(&format!("ws://{address}"), user)?.url(None);
    let user = user.to_owned();
    let tokens = move |_: TokenNeed| {
        let token = token::dev(&user, Duration::from_secs(600), DEFAULT_AUDIENCE);
        std::future::ready(token.map(Token::new).map_err(|_| TokenError::Denied))
    };
    Ok(Client::start(&url, tokens, config)?)
}

/// A client's settings with delays that a test campaign can wait for.
pub(super) fn client_config(dice: &mut Dice) -> ClientConfig {
    let mut config = ClientConfig::default();
    config.seed = Some(Seed::from_number(dice.roll()));
    let backoff = &mut config.engine.link.backoff;
    backoff.first = Duration::from_millis(20);
    backoff.base = Duration::from_millis(10);
    backoff.floor = Duration::from_millis(2);
    backoff.cap = Duration::from_millis(80);
    config
}

/// The same for a client that speaks `pam` alone, and offers no `pamlink.v1`: for peers that are
/// scripts of `pam`, and for what only `pam` has.
pub(super) fn pam_config(dice: &mut Dice) -> ClientConfig {
    let mut config = client_config(dice);
    config.v1 = false;
    config
}

/// What the agents did, by user and text: what a database would hold.
#[derive(Clone, Default)]
pub(super) struct Effects(Arc<Mutex<HashMap<String, u32>>>);

impl Effects {
    fn note(&self, user: &str, text: &str) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(format!("{user}\n{text}")).or_default() += 1;
    }

    /// How often `text` of `user` took effect.
    pub(super) fn of(&self, user: &str, text: &str) -> u32 {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.get(&format!("{user}\n{text}")).copied().unwrap_or_default()
    }

    /// How many effects there were, and how many distinct ones.
    pub(super) fn total(&self) -> (u64, u64) {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (counts.values().map(|count| u64::from(*count)).sum(), counts.len() as u64)
    }
}

/// The same for a client whose links break all the time: a link that was opened counts as a good one,
/// however soon it breaks, and the next attempt comes at once. What is looked at is what comes over
/// links, and not how long clients wait between them.
pub(super) fn impatient(mut config: ClientConfig) -> ClientConfig {
    let link = &mut config.engine.link;
    link.proven = Duration::ZERO;
    link.backoff.first = Duration::from_millis(4);
    link.backoff.base = Duration::from_millis(1);
    link.backoff.floor = Duration::from_millis(1);
    config
}

/// The requests of each user, in the order in which the hub told of them.
#[derive(Clone, Default)]
pub(super) struct Arrivals(Arc<Mutex<HashMap<String, Vec<String>>>>);

impl Arrivals {
    fn note(&self, user: &str, text: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(user.to_owned()).or_default().push(text.to_owned());
    }

    /// Those of `user`.
    pub(super) fn of(&self, user: &str) -> Vec<String> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(user).cloned().unwrap_or_default()
    }
}

/// The agents of `pamlink serve`, watched.
struct Staff {
    app: App,
    answers: Answers,
    effects: Effects,
    stories: Stories,
    arrivals: Option<Arrivals>,
}

impl Handler for Staff {
    async fn handle(&self, request: Request) -> Reply {
        self.effects.note(request.user(), &request.text());
        if request.text().starts_with("slow: ") {
            tokio::time::sleep(SLOW).await;
        }
        if let Some(reply) = (self.answers)(&request) {
            return reply;
        }
        match self.stories.tell(&request).await {
            Some(reply) => reply,
            None => self.app.handle(request).await,
        }
    }

    fn observe(&self, event: &hub::Event<'_>) {
        if let (Some(arrivals), hub::Event::Request(request)) = (&self.arrivals, event) {
            let text = request.envelope.text().map(Text::into_cow).unwrap_or_default();
            arrivals.note(request.user, &text);
        }
    }

    fn http(&self, request: &handshake::Request, hub: &Hub) -> HttpResponse {
        self.app.http(request, hub)
    }
}
