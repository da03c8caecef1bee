//! Many incoming links of many users: what a server holds.
//!
//! A [`Hub`] is one value with the same verbs as every machine here. The host gives it
//! connections, bytes and time; the hub answers with events, bytes and the next deadline:
//!
//! 1. One call in: [`accept`](Hub::accept), [`handle_bytes`](Hub::handle_bytes),
//!    [`handle_closed`](Hub::handle_closed), [`handle_timeout`](Hub::handle_timeout), or a command
//!    such as [`reply`](Hub::reply).
//! 2. [`poll_event`](Hub::poll_event) until it returns `None`. Messages are read and decided on
//!    here, one at a time: an event borrows the message from the buffer of its link.
//! 3. [`poll_writable`](Hub::poll_writable) until it names no link, and
//!    [`poll_transmit`](Hub::poll_transmit) for each, or
//!    [`poll_transmit_vectored`](Hub::poll_transmit_vectored).
//! 4. [`poll_timeout`](Hub::poll_timeout): when to call `handle_timeout`.
//!
//! A host that keeps streams in a [log of its own](HubConfig::host_log) calls
//! [`poll_log`](Hub::poll_log) until it returns `None` after the second step, and what the log
//! answers is one call in, [`handle_log`](Hub::handle_log).
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use pamlink::frame::Incoming;
//! use pamlink::hub::{Auth, Event, Hub, HubConfig, Proof, Reply};
//! use pamlink::link::Claims;
//! use pamlink::time::{Mono, Now, Wall};
//! use pamlink::{routing::Table, seed::Seed};
//!
//! let now = Now::new(Mono::ZERO, Wall::from_unix_secs(1_772_337_906));
//! let (config, routes) = (HubConfig::default(), Arc::new(Table::default()));
//! let mut hub = Hub::new(config, Auth::Host, routes, Seed::from_number(1));
//!
//! // The transport speaks WebSocket itself, and its host has verified the token.
//! let claims = Claims::new("ann", now.wall + Duration::from_secs(3600));
//! let link = hub.accept_opened(now, "ann", Proof::Claims(claims), None)?;
//! hub.handle_message(now, link, Incoming::Text(r#"{"type":"chat","message":"my budget?"}"#))?;
//!
//! let mut asked = None;
//! while let Some(event) = hub.poll_event() {
//!     if let Event::Request(request) = event {
//!         assert_eq!(request.decision.agent.name.as_ref(), "Financial Advisor");
//!         asked = Some(request.request);
//!     }
//! }
//! if let Some(request) = asked {
//!     let _delivered = hub.reply(now, request, &Reply::text("40 are left"))?;
//! }
//!
//! let mut sent = Vec::new();
//! while let Some(link) = hub.poll_writable() {
//!     while hub.poll_message(link, &mut sent).is_some() {}
//! }
//! assert!(String::from_utf8_lossy(&sent).contains("40 are left"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! An inbound message passes, in this order, the frame reader, one strict scan of its JSON, the
//! size limits, the duplicate window, the rate of its user, and the routing table, and reaches the
//! host as an [`Event`]. A refused message is answered with an `error`, counted, and reported to
//! the host ([`Event::Refused`]); too many violations close the link.
//!
//! A link that offers the `pamlink.v1` dialect in its handshake gets it: what it says and is told
//! then goes on over its next links, its answers included, and what is asked reaches the host as
//! the same [`Event::Request`], is answered by the same [`Hub::reply`], and may be
//! [cancelled](Event::Cancelled).
//!
//! The hub is composed of machines that do not know each other and have tests of their own: the
//! links, the admission of messages, the running requests with their answers, the users, and the
//! maker of the hub's own frames. The hub takes a decision from one and carries it out with
//! another. This file follows a message from its bytes to its event; `effects` applies decisions to
//! a link.
//!
//! Everything is bounded by [`HubConfig`]: links, links of a user, running requests, what waits
//! to be written (the backpressure of a link), the duplicate window, the tables of rates. There is
//! no queue of events: `poll_event` finds the next one in the links and requests themselves.
//!
//! # Where it is specified
//!
//! All of `docs/protocol.md` and the server's side of `docs/protocol-v1.md`, of which each clause
//! names the tests or files that hold it; `docs/configuration.md` has the bounds that a file can set for `pamlink serve`, and
//! `docs/hosts.md` the loop around a hub.

mod accept;
mod admission;
mod authentication;
mod backlog;
mod config;
mod drain;
mod effects;
mod ending;
mod envelopes;
mod error;
mod event;
mod ids;
mod index;
mod inline_text;
mod lending;
mod links;
mod options;
mod pieces;
mod ping;
mod push;
mod refusal;
mod refusal_reason;
mod repeats;
mod replies;
mod reply;
mod requests;
mod rotate;
mod slab;
mod subprotocol;
mod tokens;
mod turns;
mod upgrade;
mod user_cap;
mod users;
mod v1;
mod views;
mod welcome;
mod writing;

use core::fmt;
use std::sync::Arc;

use ahash::RandomState;

pub use self::accept::Proof;
pub use self::config::{Auth, HubConfig, UnknownAgent, UserCap, WhileAnswering};
pub use self::error::{Full, InputError, RespondError, UnknownLink};
pub use self::event::{Event, RefusedMessage, Repeat, Request};
pub use self::ids::{LinkId, PushId, RequestId};
pub use self::push::{Push, PushError};
pub use self::reply::{Delivered, Reply, ReplyError};
pub use self::subprotocol::{SubprotocolError, check_subprotocol};

use self::admission::{Action, Admission, Sender};
use self::backlog::Backlog;
use self::drain::Drain;
use self::effects::{Effects, LastEvent, Say};
use self::envelopes::{Envelopes, Own};
use self::event::Unlent;
use self::index::LinkIndex;
use self::links::{Links, Phase};
use self::refusal_reason::RefusalReason;
use self::requests::Requests;
use self::users::Users;
use self::v1::V1;
use crate::dedup::Window;
use crate::envelope::Scan;
use crate::frame::{Incoming, Item, NotDrained};
use crate::limits::{RateLimiter, Violations};
use crate::link::{LinkConfig, LinkUnlent, ServerClose, ServerLink, State, early};
use crate::metric_families::Metrics;
use crate::metrics::Direction;
use crate::routing::{Replaced, Router, Table};
use crate::seed::{Random, Seed};
use crate::time::{Deadline, Mono, Now, TimerReason, Wall};

/// Many links of many users. See the [module](self) for how it is driven.
pub struct Hub {
    config: Arc<HubConfig>,
    link_config: Arc<LinkConfig>,
    auth: Auth,
    /// The latest reading that the host gave.
    now: Now,
    links: Links,
    users: Users,
    admission: Admission,
    requests: Requests,
    envelopes: Envelopes,
    metrics: Metrics,
    random: Random,
    drain: Option<Drain>,
    backlog: Backlog,
    /// How many pushes there were.
    pushes: u64,
    /// The sessions of `pamlink.v1`, once a link speaks it.
    v1: Option<Box<V1>>,
    /// The places of the members in the message that was examined last.
    scan: Scan,
    /// What the last event still borrows; freed at the next call.
    last_event: LastEvent,
}

impl Hub {
    /// A hub that decides by `auth` who comes in and by `routes` who answers.
    pub fn new(config: HubConfig, auth: Auth, routes: Arc<Table>, seed: Seed) -> Self {
        let config = config.within_bounds();
        let mut random = seed.into_random();
        let hasher = RandomState::with_seeds(
            random.next_u64(),
            random.next_u64(),
            random.next_u64(),
            random.next_u64(),
        );
        let violations =
            Violations::new(config.max_violations, config.violation_window, config.rates.max_users);
        // What was drawn for a key that is gone: the epoch of a seed stays what it was.
        let _unused = random.next_seed();
        let epoch = format!("{:016x}", random.next_u64());
        let window = Window::new(config.window, random.next_seed());
        let rates = RateLimiter::new(config.rates.clone(), random.next_seed());
        let router = Router::new(routes, random.next_seed());
        let limits = config.sizes.stated();
        let config = Arc::new(config);
        Self {
            link_config: Arc::new(config.link),
            auth,
            now: Now::new(Mono::ZERO, Wall::EPOCH),
            links: Links::new(&config, hasher.clone()),
            users: Users::new(hasher),
            admission: Admission::new(&config, violations, rates, router),
            requests: Requests::new(config.max_requests, config.request_timeout, window),
            envelopes: Envelopes::new(epoch.into(), limits.into()),
            metrics: Metrics::default(),
            random,
            drain: None,
            backlog: Backlog::default(),
            pushes: 0,
            v1: None,
            scan: Scan::EMPTY,
            last_event: LastEvent::NOTHING,
            config,
        }
    }

    // Inputs.

    /// Bytes came over a link, in any chunking.
    ///
    /// # Errors
    ///
    /// [`InputError`]; a fault of the peer is an event instead.
    pub fn handle_bytes(&mut self, now: Now, link: LinkId, bytes: &[u8]) -> Result<(), InputError> {
        self.now.advance(now);
        let now = self.now;
        self.receive(link, bytes.len(), |link| link.handle_bytes(now, bytes))
    }

    /// A whole message came over a link that was [opened](Self::accept_opened).
    ///
    /// # Errors
    ///
    /// As [`handle_bytes`](Self::handle_bytes).
    pub fn handle_message(
        &mut self,
        now: Now,
        link: LinkId,
        message: Incoming<'_>,
    ) -> Result<(), InputError> {
        self.now.advance(now);
        let now = self.now;
        self.receive(link, message.len(), |link| link.handle_message(now, message))
    }

    /// As [`handle_message`](Self::handle_message) and then the first
    /// [`poll_event`](Self::poll_event), for a host that has a message in a buffer of its own. Where
    /// nothing waits that came before, a text is not copied: the event borrows it from there.
    ///
    /// # Errors
    ///
    /// As `handle_message`; no event was taken.
    pub fn lend_message<'a>(
        &'a mut self,
        now: Now,
        link: LinkId,
        message: Incoming<'a>,
    ) -> Result<Option<Event<'a>>, InputError> {
        self.now.advance(now);
        let lent = match message {
            Incoming::Text(text) if self.links.takes_next(link, text.len()) => text,
            _ => {
                self.handle_message(now, link, message)?;
                return Ok(self.poll_event());
            }
        };
        self.release_last();
        let mut event = self.due_event();
        if event.is_none() && self.links.takes_next(link, lent.len()) {
            self.metrics.bytes.add(Direction::Inbound, lent.len() as u64);
            if let Some(slot) = self.links.get_mut(link.index) {
                slot.link.handle_lent(self.now);
            }
            self.links.arm(link.index);
            event = self.message(link.index, Item::LENT, lent);
            self.links.mark_writable(link.index);
        } else {
            // What is due comes first.
            self.handle_message(now, link, message)?;
        }
        let event = event.or_else(|| self.next_event());
        Ok(event.and_then(|event| self.lend(event, lent)))
    }

    /// Takes bytes or a message of this length that came over a link.
    #[inline]
    fn receive(
        &mut self,
        link: LinkId,
        len: usize,
        take: impl FnOnce(&mut ServerLink) -> Result<(), NotDrained>,
    ) -> Result<(), InputError> {
        let Some(slot) = self.links.find_mut(link) else { return Err(InputError::UnknownLink) };
        if slot.phase == Phase::Ended {
            return Ok(());
        }
        if matches!(slot.phase, Phase::Authorizing | Phase::Greeting)
            && early::is_flood(slot.link.unread(), len)
        {
            // The hub does not look before the verdict, and nobody has proved anything yet.
            self.close(link.index, ServerClose::EarlyFlood);
            return Ok(());
        }
        let taken = take(&mut slot.link);
        self.metrics.bytes.add(Direction::Inbound, len as u64);
        self.links.mark_ready(link.index);
        self.links.arm(link.index);
        taken.map_err(|_| InputError::NotDrained)
    }

    /// The transport of a link has ended: end of file, reset, or a failed write. May be called
    /// again and for links that have ended.
    pub fn handle_closed(&mut self, now: Now, link: LinkId) {
        self.now.advance(now);
        self.links.detach(link, self.now);
    }

    /// Time has passed: at the deadline of [`poll_timeout`](Self::poll_timeout) or whenever the
    /// host likes.
    pub fn handle_timeout(&mut self, now: Now) {
        self.now.advance(now);
        while let Some(link) = self.links.next_due(self.now.mono) {
            if let Some(due) = self.links.take_deadline(link, self.now.mono) {
                self.own_timeout(link, due.reason);
            }
            if self.links.handle_timeout(link, self.now) {
                self.heartbeat(link);
            }
        }
        if let Some(v1) = &mut self.v1 {
            v1.handle_timeout(self.now);
        }
    }

    /// The hub's own deadline for a link has come.
    fn own_timeout(&mut self, link: LinkIndex, reason: TimerReason) {
        let Some(slot) = self.links.get(link) else { return };
        match (slot.phase, reason) {
            (Phase::Authorizing, _) => self.verdict_late(link),
            (Phase::Greeting, _) => self.close(link, ServerClose::NoHello),
            (Phase::Open, TimerReason::TokenExpiry) => self.token_ended(link),
            (_, TimerReason::Drain) => self.drain_link(link),
            _ => {}
        }
    }

    // Outputs.

    /// The next event, lent until the next call.
    pub fn poll_event(&mut self) -> Option<Event<'_>> {
        self.release_last();
        let event = self.next_event()?;
        self.lend(event, "")
    }

    /// Works through due requests and ready links until one of them has an event.
    fn next_event(&mut self) -> Option<Unlent> {
        if let Some(event) = self.due_event() {
            return Some(event);
        }
        while let Some(link) = self.links.next_ready() {
            if let Some(event) = self.next_of(link) {
                self.links.event_taken();
                return Some(event);
            }
            self.links.mark_idle(link);
        }
        self.drained()
    }

    /// The next event that comes before all that links have brought.
    #[inline]
    fn due_event(&mut self) -> Option<Unlent> {
        self.expire_request().or_else(|| self.next_of_backlog()).or_else(|| self.next_of_sessions())
    }

    /// The next event of a link.
    fn next_of(&mut self, link: LinkIndex) -> Option<Unlent> {
        loop {
            let (slot, pool) = self.links.reading(link)?;
            if core::mem::take(&mut slot.untold) {
                match slot.phase {
                    Phase::Authorizing => return Some(Unlent::Authorize(link)),
                    Phase::Open => return Some(Unlent::Opened(link)),
                    _ => {}
                }
            }
            match slot.phase {
                Phase::Ended => return None,
                Phase::Authorizing if slot.link.state() != State::Closed => return None,
                _ => {}
            }
            let Some(event) = slot.link.poll_unlent(Some(pool)) else {
                slot.link.take_pings().add_to(&mut self.metrics);
                // What was read may have been a ping alone, and the pong waits.
                self.links.mark_writable(link);
                return None;
            };
            let event = match event {
                LinkUnlent::Request => self.opening(link),
                LinkUnlent::Text(text) => self.message(link, text, ""),
                LinkUnlent::Binary(_) if slot.phase == Phase::Open => {
                    self.refuse(link, &RefusalReason::Binary, None)
                }
                LinkUnlent::Binary(_) if slot.phase == Phase::Greeting => {
                    self.part(link, ServerClose::NotOpen)
                }
                LinkUnlent::Overflowed(overflowed) => {
                    overflowed.add_to(&mut self.metrics);
                    Some(Unlent::Overflowed { link, overflowed })
                }
                LinkUnlent::Binary(_) | LinkUnlent::Failed(_) => None,
                LinkUnlent::Closed => Some(self.ended(link)),
            };
            self.links.mark_writable(link);
            if event.is_some() {
                return event;
            }
        }
    }

    /// A text message has come: the admission decides while the text is lent, and what follows is
    /// carried out. The text is of the link's, or the one that the host has `lent`.
    fn message(&mut self, link: LinkIndex, text: Item, lent: &str) -> Option<Unlent> {
        let slot = self.links.get(link)?;
        if slot.phase != Phase::Open || slot.v1.is_some() {
            return self.message_v1(link, text, lent).or_else(|| self.next_of_sessions());
        }
        let (user, free) = (slot.user, slot.running < self.config.max_requests_per_link);
        let sender = Sender {
            now: self.now,
            user: self.users.get(user)?.key,
            free,
            turn: self.turn_of(user),
            agent: None,
        };
        let examined = self.links.text(link, text, lent)?;
        let (scan, requests) = (&mut self.scan, &mut self.requests);
        match self.admission.examine(sender, examined, scan, requests, &mut self.metrics) {
            Action::Life => None,
            Action::Pong => self.pong(link),
            Action::Ping { id } => self.ping(link, id.as_ref()),
            Action::Renewal { token, id } => self.renewal(link, token, id),
            Action::Message { acknowledge, id } => {
                let done = Own::ContextUpdated { reply_to: id.as_ref() };
                let say = acknowledge.then_some(Say::Now(done));
                let tell = Some(Unlent::Message { link, text });
                self.apply(link, Effects { say, close: None, tell })
            }
            Action::Request { choice, key, id, pieces } => {
                self.make_way(user);
                let request = self.begin(link, choice.ticket, key, id, pieces)?;
                Some(Unlent::Request { link, request, text, choice })
            }
            Action::Wait { key, id, pieces } => {
                let request = self.begin(link, None, key, id, pieces)?;
                let text = self.links.text(link, text, lent)?.into();
                self.wait_for_turn(request, text, None);
                None
            }
            Action::Repeat { key, id, first, pieces } => {
                self.repeat(link, key, id.as_ref(), first, pieces)
            }
            Action::Refuse { reason, id } => self.refuse(link, &reason, id.as_ref()),
        }
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), and why.
    pub fn poll_timeout(&mut self) -> Option<Deadline> {
        let expiry = self.requests.expiry();
        let expiry = expiry.map(|at| Deadline::new(at, TimerReason::RequestExpiry));
        let sessions = self.v1.as_ref().and_then(|v1| v1.poll_timeout());
        Deadline::earlier(Deadline::earlier(self.links.poll_timeout(), expiry), sessions)
    }

    // Commands that concern the hub as a whole.

    /// Replaces the routing table between two messages. Running requests end under the new one.
    pub fn replace_routes(&mut self, routes: Arc<Table>) -> Replaced {
        self.admission.replace_routes(routes)
    }

    /// Replaces who decides whether tokens are good, for tokens that come from now on.
    pub fn set_auth(&mut self, auth: Auth) {
        self.auth = auth;
    }

    /// Replaces the seed, and with it the epoch and all keys: needed in each child of a fork, where
    /// a hub that was made before would share them with its siblings. Returns whether it was done;
    /// it is not once there was a link, whose peer knows the epoch.
    pub fn reseed(&mut self, seed: Seed) -> bool {
        let untouched = self.links.places().next().is_none() && self.drain.is_none();
        if untouched {
            let auth = core::mem::replace(&mut self.auth, Auth::Host);
            let routes = Arc::clone(self.admission.router().table());
            *self = Self::new(HubConfig::clone(&self.config), auth, routes, seed);
        }
        untouched
    }
}

impl fmt::Debug for Hub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hub")
            .field("links", &self.links.len())
            .field("users", &self.users.len())
            .field("requests", &self.requests.len())
            .field("draining", &self.drain.is_some())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
