//! A hub and its clients with nothing between them, in virtual time.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use pamlink::client::{self, Client, ClientConfig};
use pamlink::delivery::stream::{LogConfig, MemoryLog};
use pamlink::envelope::Chat;
use pamlink::hub::{self, Auth, Hub, HubConfig, LinkId, Reply, RequestId};
use pamlink::link::{AuthError, Claims, ClientLinkEvent, CloseClass, Endpoint, Token, Verify};
use pamlink::metrics::{SampleValue, Snapshot};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};

/// A hub and its clients with nothing between them, in virtual time.
pub(crate) struct World {
    pub(crate) hub: Hub,
    /// Where the hub keeps its streams, if not in itself.
    pub(crate) log: Option<MemoryLog>,
    pub(crate) now: Now,
    pub(crate) apps: Vec<App>,
    pub(crate) requests: Vec<RequestId>,
    /// What was not zero at some moment, in the hub and in the clients.
    pub(crate) moved: [BTreeSet<&'static str>; 2],
}

impl World {
    pub(crate) fn new(config: HubConfig) -> Self {
        Self {
            log: config.host_log.map(|epoch| MemoryLog::new(LogConfig::default(), epoch)),
            hub: new_hub(config, 1),
            now: Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(1_800_000_000)),
            apps: Vec::new(),
            requests: Vec::new(),
            moved: Default::default(),
        }
    }

    /// The hub's process dies, and another begins with nothing but the log of the host.
    pub(crate) fn restart(&mut self, config: HubConfig) {
        self.hub = new_hub(config, 2);
        self.requests.clear();
    }

    /// A client that connects, and comes as far as its token lets it.
    pub(crate) fn connect(
        &mut self,
        user: &'static str,
        token: &'static str,
        config: ClientConfig,
    ) -> usize {
        self.connect_to(Endpoint::pam("ws://hub.test", user).unwrap(), token, config)
    }

    pub(crate) fn connect_to(
        &mut self,
        endpoint: Endpoint,
        token: &'static str,
        config: ClientConfig,
    ) -> usize {
        let seed = Seed::from_number(self.apps.len() as u64 + 2);
        let mut client = Client::new(config, endpoint, seed, self.now).unwrap();
        client.connect(self.now);
        self.apps.push(App { client, token, link: None, second: None });
        self.settle();
        self.apps.len() - 1
    }

    pub(crate) fn ask(&mut self, app: usize, text: &str) {
        let chat = Chat { message: Some(text.into()), ..Chat::default() };
        self.apps[app].client.ask(self.now, &chat).unwrap();
        self.settle();
    }

    pub(crate) fn send(&mut self, app: usize, text: &str) {
        self.apps[app].client.send(self.now, text).unwrap();
        self.settle();
    }

    pub(crate) fn reply(&mut self) {
        for request in std::mem::take(&mut self.requests) {
            self.now.mono = self.now.mono + Duration::from_millis(5);
            self.hub.reply(self.now, request, &Reply::text("done")).unwrap();
        }
        self.settle();
    }

    /// The transport of a client breaks.
    pub(crate) fn cut(&mut self, app: usize) {
        self.apps[app].client.handle_closed(self.now);
        if let Some(link) = self.apps[app].link.take() {
            self.hub.handle_closed(self.now, link);
        }
        self.settle();
    }

    /// Time passes, with every deadline kept.
    pub(crate) fn pass(&mut self, time: Duration) {
        let end = self.now.mono + time;
        while self.now.mono < end {
            let clients = self.apps.iter().filter_map(|app| app.client.poll_timeout());
            let due = clients.chain(self.hub.poll_timeout()).map(|due| due.at).min();
            let at = due.unwrap_or(end).clamp(self.now.mono, end);
            self.now = Now::new(at, self.now.wall + at.saturating_since(self.now.mono));
            self.hub.handle_timeout(self.now);
            for app in &mut self.apps {
                app.client.handle_timeout(self.now);
            }
            self.settle();
        }
    }

    /// Carries bytes until nobody has any.
    pub(crate) fn settle(&mut self) {
        self.look();
        let mut busy = true;
        while busy {
            busy = false;
            for app in 0..self.apps.len() {
                busy |= self.serve_client(app);
            }
            busy |= self.serve_hub();
        }
        self.look();
    }

    fn serve_client(&mut self, app: usize) -> bool {
        let App { client, token, link, second } = &mut self.apps[app];
        let (mut dial, mut want, mut close_transport) = (false, false, false);
        let (mut dial_second, mut close_second) = (false, false);
        while let Some(event) = client.poll_event() {
            match &event {
                client::Event::SecondLink(ClientLinkEvent::Dial(_)) => dial_second = true,
                client::Event::SecondLink(ClientLinkEvent::CloseTransport) => close_second = true,
                client::Event::ChangedPlaces => core::mem::swap(link, second),
                _ => {}
            }
            dial |= matches!(event, client::Event::Link(ClientLinkEvent::Dial(_)));
            want |= matches!(event, client::Event::Link(ClientLinkEvent::NeedToken(_)));
            close_transport |=
                matches!(event, client::Event::Link(ClientLinkEvent::CloseTransport));
        }
        if want {
            client.provide_token(self.now, Token::new(*token)).unwrap();
        }
        if dial {
            match self.hub.accept(self.now) {
                Ok(made) => {
                    *link = Some(made);
                    client.handle_dialed(self.now);
                }
                Err(_) => client.handle_dial_failed(self.now, CloseClass::ServerUnavailable),
            }
        }
        if dial_second {
            *second = self.hub.accept(self.now).ok();
            client.second_link().handle_dialed(self.now);
        }
        let mut beside = Vec::new();
        let _ = client.second_link().poll_transmit(&mut beside);
        if let Some(link) = *second {
            let _ = self.hub.handle_bytes(self.now, link, &beside);
        }
        if close_second && let Some(link) = second.take() {
            self.hub.handle_closed(self.now, link);
        }
        let mut bytes = Vec::new();
        let _ = client.poll_transmit(&mut bytes);
        if let Some(link) = *link {
            // A link that has ended takes nothing, and says so.
            let _ = self.hub.handle_bytes(self.now, link, &bytes);
        }
        if close_transport && let Some(link) = link.take() {
            self.hub.handle_closed(self.now, link);
        }
        let busy = want || dial || close_transport || dial_second || close_second;
        busy || !bytes.is_empty() || !beside.is_empty()
    }

    fn serve_hub(&mut self) -> bool {
        let mut busy = false;
        while let Some(event) = self.hub.poll_event() {
            busy = true;
            if let hub::Event::Request(request) = event {
                self.requests.push(request.request);
            }
        }
        while let Some(link) = self.hub.poll_writable() {
            busy = true;
            let mut bytes = Vec::new();
            let transmit = self.hub.poll_transmit(link, &mut bytes);
            if let Some(app) = self.apps.iter_mut().find(|app| app.second == Some(link)) {
                app.client.second_link().handle_bytes(self.now, &bytes).unwrap();
                continue;
            }
            let Some(app) = self.apps.iter_mut().find(|app| app.link == Some(link)) else {
                continue;
            };
            app.client.handle_bytes(self.now, &bytes).unwrap();
            if transmit.close_transport {
                app.client.handle_closed(self.now);
                app.link = None;
            }
        }
        busy
    }

    /// The log answers what it is asked: whether it was anything.
    pub(crate) fn serve_log(&mut self) -> bool {
        let Some(log) = &mut self.log else { return false };
        let mut was_asked = false;
        while let Some(request) = self.hub.poll_log() {
            was_asked = true;
            self.hub.handle_log(self.now, log.handle_request(self.now, &request));
        }
        was_asked
    }

    /// Takes note of what is not zero.
    pub(crate) fn look(&mut self) {
        let clients = self.apps.iter().map(|app| (1, app.client.metrics()));
        for (side, snapshot) in std::iter::once((0, self.hub.metrics())).chain(clients) {
            self.moved[side].extend(moved(&snapshot));
        }
    }
}

fn new_hub(config: HubConfig, seed: u64) -> Hub {
    let auth = Auth::Verifier(Box::new(ByName));
    Hub::new(config, auth, Arc::new(Table::default()), Seed::from_number(seed))
}

/// A client and its host.
pub(crate) struct App {
    pub(crate) client: Client,
    token: &'static str,
    link: Option<LinkId>,
    second: Option<LinkId>,
}

/// The token of a user is its name.
struct ByName;

impl Verify for ByName {
    fn verify(&self, token: &str, _: Wall) -> Result<Claims, AuthError> {
        Ok(Claims::new(token, Wall::from_unix_secs(4_000_000_000)))
    }
}

fn moved(snapshot: &Snapshot) -> impl Iterator<Item = &'static str> {
    let not_zero = snapshot.iter().filter(|(_, sample)| match &sample.value {
        SampleValue::Counter(count) => *count > 0,
        SampleValue::Gauge(value) => *value != 0,
        SampleValue::Histogram(buckets) => buckets.count > 0,
    });
    not_zero.map(|(family, _)| family.name)
}
