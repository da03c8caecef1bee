//! A host in memory: the engine's hub, driven as a server drives it.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Result, ensure};
use pamlink::envelope::message::{Context, Location, Message};
use pamlink::envelope::write::Answer;
use pamlink::frame::Incoming;
use pamlink::frame::handshake::{Upgrade, WebSocketKey, write_request};
use pamlink::hub::{Auth, Event, Hub, HubConfig, LinkId, Proof, Reply, RequestId};
use pamlink::limits::{Rate, RateClass};
use pamlink::link::{AuthError, Claims, Token, Verify};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};

use super::usual::WINDOW;

/// A hub, its links, and the requests that wait for a reply.
pub(crate) struct Host {
    pub(crate) hub: Hub,
    pub(crate) links: Vec<LinkId>,
    pub(crate) requests: Vec<RequestId>,
    /// Whole messages come and leave, and not bytes.
    whole: bool,
    out: Vec<u8>,
}

/// What came over a link.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input<'a> {
    /// A read of its socket.
    Bytes(&'a [u8]),
    /// A text, of a transport that speaks WebSocket itself.
    Text(&'a str),
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
            whole: false,
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
        let request = Input::Bytes(&request);
        self.take(now, link, request, |event| opened |= matches!(event, Event::Opened { .. }));
        ensure!(opened, "the link was not welcomed");
        self.links.push(link);
        Ok(link)
    }

    /// Opens a link over a transport that speaks WebSocket itself.
    pub(crate) fn open_whole(&mut self, now: Now, user: &str) -> Result<LinkId> {
        self.whole = true;
        let link = self.hub.accept_opened(now, user, Proof::Token(Token::new(user)), None)?;
        let opened = matches!(self.hub.poll_event(), Some(Event::Opened { .. }));
        ensure!(opened, "the link was not welcomed");
        self.write();
        self.links.push(link);
        Ok(link)
    }

    /// What came over a link, and all that follows: events, writes, the next deadline.
    #[inline]
    pub(crate) fn take(
        &mut self,
        now: Now,
        link: LinkId,
        input: Input<'_>,
        mut on_event: impl FnMut(&Event<'_>),
    ) {
        let Self { hub, requests, .. } = self;
        let mut note = |event: &Event<'_>| {
            if let Event::Request(request) = event {
                requests.push(request.request);
            }
            on_event(event);
        };
        match input {
            Input::Bytes(bytes) => {
                hub.handle_bytes(now, link, bytes).expect("events were polled");
            }
            Input::Text(text) => {
                let first = hub.lend_message(now, link, Incoming::Text(text));
                first.expect("events were polled").iter().for_each(&mut note);
            }
        }
        while let Some(event) = &hub.poll_event() {
            note(event);
        }
        self.write();
        black_box(self.hub.poll_timeout());
    }

    /// One chat from its bytes to the agent that is to answer it.
    #[inline]
    pub(crate) fn handle(&mut self, now: Now, link: LinkId, chat: Input<'_>, depth: Depth) {
        let mut routed = false;
        self.take(now, link, chat, |event| {
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
            if self.whole {
                while black_box(self.hub.poll_message(link, &mut self.out)).is_some() {}
            } else {
                let _ = black_box(self.hub.poll_transmit(link, &mut self.out));
            }
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
