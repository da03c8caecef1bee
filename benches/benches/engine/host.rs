//! A host in memory: the engine's hub, driven as a server drives it.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Result, ensure};
use pamlink::envelope::message::{Context, Location, Message};
use pamlink::envelope::write::Answer;
use pamlink::frame::handshake::{Upgrade, WebSocketKey, write_request};
use pamlink::hub::{Auth, Event, Hub, HubConfig, LinkId, Reply, RequestId};
use pamlink::limits::{Rate, RateClass};
use pamlink::link::{AuthError, Claims, Verify};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};

use super::usual::WINDOW;

/// A hub, its links, and the requests that wait for a reply.
pub(crate) struct Host {
    pub(crate) hub: Hub,
    pub(crate) links: Vec<LinkId>,
    pub(crate) requests: Vec<RequestId>,
    out: Vec<u8>,
}

/// How much of a message is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Depth {
    /// What routed it: type, id, agent.
    Head,
    /// All of it, typed; its context is free-form and stays as it came.
    Typed,
    /// All of it, typed, and its context, and the place in that.
    Context,
}

impl Host {
    /// A hub with the window of the usual stack and without limits that a bench would meet.
    pub(crate) fn new() -> Self {
        let mut config = HubConfig::default();
        config.window.max_entries = WINDOW;
        config.max_requests_per_link = u32::MAX;
        config.max_links_per_user = u32::MAX;
        config.rates = config
            .rates
            .with(RateClass::Message, Rate::new(u32::MAX, Duration::from_nanos(1)))
            .with(RateClass::Connect, Rate::new(u32::MAX, Duration::from_nanos(1)));
        Self::with(config)
    }

    pub(crate) fn with(config: HubConfig) -> Self {
        let auth = Auth::Verifier(Box::new(Everybody));
        let routes = Arc::new(Table::default());
        Self {
            hub: Hub::new(config, auth, routes, Seed::from_number(1)),
            links: Vec::new(),
            requests: Vec::new(),
            out: Vec::with_capacity(1024),
        }
    }

    /// Opens a link up to its welcome.
    pub(crate) fn open(&mut self, now: Now, user: &str) -> Result<LinkId> {
        let link = self.hub.accept(now)?;
        let key = WebSocketKey::from_seed(Seed::from_number(1));
        let upgrade = Upgrade {
            host: "localhost",
            target: &format!("/api/v1/pam/ws/{user}?token={user}"),
            key: &key,
            subprotocols: &[],
            deflate: None,
            origin: None,
            headers: &[],
        };
        let mut request = Vec::new();
        write_request(&upgrade, &mut request)?;
        let mut opened = false;
        self.take(now, link, &request, |event| opened |= matches!(event, Event::Opened { .. }));
        ensure!(opened, "the link was not welcomed");
        self.links.push(link);
        Ok(link)
    }

    /// One read of a link's socket, and all that follows: events, writes, the next deadline.
    #[inline]
    pub(crate) fn take(
        &mut self,
        now: Now,
        link: LinkId,
        bytes: &[u8],
        mut on_event: impl FnMut(&Event<'_>),
    ) {
        self.hub.handle_bytes(now, link, bytes).expect("events were polled");
        while let Some(event) = &self.hub.poll_event() {
            if let Event::Request(request) = event {
                self.requests.push(request.request);
            }
            on_event(event);
        }
        self.write();
        black_box(self.hub.poll_timeout());
    }

    /// One chat from its bytes to the agent that is to answer it.
    #[inline]
    pub(crate) fn handle(&mut self, now: Now, link: LinkId, frame: &[u8], depth: Depth) {
        let mut routed = false;
        self.take(now, link, frame, |event| {
            let Event::Request(request) = event else { panic!("{event:?}") };
            black_box(request.decision.agent);
            black_box(request.envelope.id());
            if depth != Depth::Head {
                type_it(&request.envelope.message(), depth);
            }
            routed = true;
        });
        assert!(routed, "no request came of the chat");
    }

    /// Replies to all that wait, and writes what comes of it. Returns how many there were.
    pub(crate) fn reply(&mut self, now: Now) -> usize {
        let text = "There is a quiet place two miles up the river, with fire rings.";
        let mut requests = std::mem::take(&mut self.requests);
        let count = requests.len();
        for request in requests.drain(..) {
            let reply = Reply::Answer(Answer { text, ..Answer::default() });
            let delivered = self.hub.reply(now, request, &reply).expect("the request is running");
            black_box(delivered);
            self.write();
        }
        self.requests = requests;
        count
    }

    /// Writes what waits, to nowhere.
    #[inline]
    pub(crate) fn write(&mut self) {
        while let Some(link) = self.hub.poll_writable() {
            self.out.clear();
            let _ = black_box(self.hub.poll_transmit(link, &mut self.out));
            black_box(&self.out);
        }
    }
}

/// Uses a typed message, and types its context if it is to be.
#[inline]
pub(crate) fn type_it(message: &Message<'_>, depth: Depth) {
    let Message::Chat(chat) = message else { panic!("not a chat") };
    black_box(chat);
    if depth == Depth::Context {
        let context = chat.context.and_then(Context::of);
        let place = context.as_ref().and_then(|context| context.user_location);
        black_box(place.and_then(Location::of).and_then(|place| place.degrees()));
        black_box(&context);
    }
}

/// The clocks that a host reads.
#[derive(Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn new() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(&self) -> Now {
        let mono = u64::try_from(self.0.elapsed().as_nanos()).unwrap_or(u64::MAX);
        let wall = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_micros();
        let wall = Wall::from_unix_micros(i64::try_from(wall).unwrap_or(i64::MAX));
        Now::new(Mono::from_nanos(mono), wall)
    }
}

/// Takes a user's name for its token: signatures are not what is measured here.
pub(crate) struct Everybody;

impl Verify for Everybody {
    fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError> {
        Ok(Claims::new(token, now + Duration::from_secs(86_400)))
    }
}
