//! Many incoming links of many users: what a server holds.
//!
//! A [`Hub`] is one value with the same verbs as every machine here. The host gives it
//! connections, bytes and time; the hub answers with events, bytes and the next deadline:
//!
//! 1. One call in: [`accept`](Hub::accept), [`handle_bytes`](Hub::handle_bytes),
//!    [`handle_closed`](Hub::handle_closed), [`handle_timeout`](Hub::handle_timeout), or a command
//!    such as [`reply`](Hub::reply).
//! 2. [`poll_event`](Hub::poll_event) until it has none. The work is done here, message by
//!    message: an event lends what came from the link's own buffer.
//! 3. [`poll_writable`](Hub::poll_writable) until it names no link, and
//!    [`poll_transmit`](Hub::poll_transmit) for each, or
//!    [`poll_transmit_vectored`](Hub::poll_transmit_vectored).
//! 4. [`poll_timeout`](Hub::poll_timeout): when to call `handle_timeout`.
//!
//! What comes in passes, in this order, the frame reader, the envelope's one strict pass, size
//! limits, the duplicate window, the rate of the user, and the routing table, and leaves as an
//! [`Event`]. What is refused is answered with an `error`, counted, and told to the host; it
//! closes the link only when there is too much of it.
//!
//! Everything is bounded by [`HubConfig`]: links, links of a user, running requests, what waits
//! to be written, the duplicate window, the tables of rates. There are no queues of events: what
//! is to be told is found in the links and requests themselves.

mod admission;
mod config;
mod drain;
mod error;
mod event;
mod ids;
mod inbound;
mod index;
mod inline;
mod messages;
mod opening;
mod pieces;
mod push;
mod refusal;
mod replies;
mod reply;
mod requests;
mod room;
mod run;
mod slab;
mod slot;
mod strangers;
mod timers;
mod users;
mod views;

use std::collections::VecDeque;
use std::sync::Arc;

use core::fmt;
use core::net::IpAddr;

use ahash::RandomState;

pub use self::config::{Auth, HubConfig, UnknownAgent, UserCap};
pub use self::error::{Full, InputError, RespondError, UnknownLink};
pub use self::event::{Event, Refused, Repeat, Request};
pub use self::ids::{LinkId, RequestId};
pub use self::messages::Proof;
pub use self::push::{Push, PushError};
pub use self::reply::{Answer, Delivered, Reply, ReplyError};

use self::drain::Drain;
use self::index::{Index, LinkIndex, UserIndex};
use self::requests::Requests;
use self::slab::Slab;
use self::slot::{Phase, Slot};
use self::strangers::{LEAVING, Strangers};
use self::timers::Timers;
use self::users::Users;
use crate::dedup::Window;
use crate::envelope::Scan;
use crate::frame::{DeflatePool, NotDrained};
use crate::limits::{RateLimiter, Violations};
use crate::link::{Gather, LinkConfig, MAX_EARLY, ServerLink, Sink, Transmit};
use crate::metrics::Direction;
use crate::registry::{Metrics, RefusedConnection};
use crate::routing::{Replaced, Router, Table};
use crate::seed::{Random, Seed};
use crate::time::{Deadline, Mono, Now, TimerReason, Wall};

/// Events of one link in a row before the next link has its turn.
const TURN: u32 = 16;

/// Many links of many users. See the [module](self) for how it is driven.
pub struct Hub {
    config: HubConfig,
    link_config: Arc<LinkConfig>,
    auth: Auth,
    /// The latest reading that the host gave.
    now: Now,
    links: Slab<LinkIndex, Box<Slot>>,
    users: Users,
    /// Links that have shown no good token, in order of coming.
    strangers: Strangers,
    /// Links that made way for others and still have their slot.
    leaving: u32,
    /// Links whose token waits for the host's verdict.
    authorizing: u32,
    /// Bytes that wait to be written, over all links.
    buffered: usize,
    requests: Requests,
    timers: Timers,
    /// Links to look at; what a slot's flag does not confirm is an entry of a link that is gone.
    ready: VecDeque<LinkIndex>,
    /// Events that the first of `ready` has had in this turn.
    turn: u32,
    /// Links with something to write, confirmed in the same way.
    writable: VecDeque<LinkIndex>,
    window: Window,
    rates: RateLimiter,
    violations: Violations,
    router: Router,
    metrics: Metrics,
    random: Random,
    drain: Option<Drain>,
    /// What links with compression share.
    pool: DeflatePool,
    /// Where the members of the message are that was examined last.
    scan: Scan,
    /// JSON in the making.
    text: String,
    /// A frame in the making.
    frame: Vec<u8>,
    /// The name of this hub's duplicate window.
    epoch: Box<str>,
    /// How large messages and their members may be, as a welcome states it.
    limits: Box<str>,
    /// The answer to what wants none.
    nothing: Arc<[u8]>,
    /// What the last event lent, to be given up at the next call.
    parting: Parting,
}

/// What the last event lent and nothing else holds any more.
#[derive(Debug)]
struct Parting {
    link: LinkIndex,
    user: UserIndex,
}

impl Parting {
    const NOTHING: Self = Self { link: LinkIndex::NONE, user: UserIndex::NONE };
}

impl Hub {
    /// A hub that decides by `auth` who comes in and by `routes` who answers.
    pub fn new(config: HubConfig, auth: Auth, routes: Arc<Table>, seed: Seed) -> Self {
        let mut random = seed.into_random();
        let hasher = RandomState::with_seeds(
            random.next_u64(),
            random.next_u64(),
            random.next_u64(),
            random.next_u64(),
        );
        let violations = Violations::new(
            config.max_violations,
            config.violation_window,
            config.rates.max_users,
            random.next_seed(),
        );
        let epoch = format!("{:016x}", random.next_u64());
        Self {
            link_config: Arc::new(config.link),
            auth,
            now: Now::new(Mono::ZERO, Wall::EPOCH),
            links: Slab::new(config.max_links.saturating_add(LEAVING)),
            strangers: Strangers::new(config.ipv6_prefix, hasher.clone()),
            users: Users::new(hasher),
            leaving: 0,
            authorizing: 0,
            buffered: 0,
            requests: Requests::new(config.max_requests),
            timers: Timers::default(),
            ready: VecDeque::new(),
            turn: 0,
            writable: VecDeque::new(),
            window: Window::new(config.window, random.next_seed()),
            rates: RateLimiter::new(config.rates.clone(), random.next_seed()),
            violations,
            router: Router::new(routes, random.next_seed()),
            metrics: Metrics::default(),
            random,
            drain: None,
            pool: DeflatePool::with_kept(config.max_compressors as usize),
            scan: Scan::EMPTY,
            text: String::new(),
            frame: Vec::new(),
            epoch: epoch.into(),
            limits: config.sizes.stated().into(),
            nothing: Arc::new([]),
            parting: Parting::NOTHING,
            config,
        }
    }

    // Inputs.

    /// A connection was accepted, nobody knows from where: the opening handshake comes next.
    ///
    /// # Errors
    ///
    /// As [`accept_from`](Self::accept_from).
    pub fn accept(&mut self, now: Now) -> Result<LinkId, Full> {
        self.accept_link(now, None)
    }

    /// A connection was accepted from an address: the opening handshake comes next.
    ///
    /// Links without a good token are bounded, in all and by address
    /// ([`HubConfig::max_unauthenticated_per_address`]): at the bound the one that has waited
    /// longest ends, with 503 or 1013, for the sake of this one.
    ///
    /// # Errors
    ///
    /// [`Full`]: the host should close the connection. It was counted.
    pub fn accept_from(&mut self, now: Now, address: IpAddr) -> Result<LinkId, Full> {
        self.accept_link(now, Some(address))
    }

    fn accept_link(&mut self, now: Now, address: Option<IpAddr>) -> Result<LinkId, Full> {
        self.set_now(now);
        let link = ServerLink::new(&self.link_config, self.random.next_seed(), self.now);
        self.take_in(link, address)
    }

    /// Gives a new link its place.
    fn take_in(&mut self, link: ServerLink, address: Option<IpAddr>) -> Result<LinkId, Full> {
        if self.drain.is_some() {
            self.metrics.connections_refused.increment(RefusedConnection::Draining);
            return Err(Full::Draining);
        }
        let from = address.map(|address| self.strangers.network(address));
        self.make_way(from);
        if self.is_full() {
            self.metrics.connections_refused.increment(RefusedConnection::Full);
            return Err(Full::Links);
        }
        let slot = Box::new(Slot::new(link, self.now.mono));
        let Ok((slot, generation)) = self.links.insert(slot) else { return Err(Full::Links) };
        if let Some(entered) = self.links.get_mut(slot) {
            entered.place = Some(self.strangers.enter(slot, from));
        }
        self.arm(slot);
        Ok(LinkId::new(slot, generation))
    }

    /// Bytes came over a link, in any chunking.
    ///
    /// # Errors
    ///
    /// [`InputError`]; a fault of the peer is an event instead.
    pub fn handle_bytes(&mut self, now: Now, link: LinkId, bytes: &[u8]) -> Result<(), InputError> {
        self.set_now(now);
        let now = self.now;
        self.hear(link, bytes.len(), |link| link.handle_bytes(now, bytes))
    }

    /// Something of this length came over a link.
    #[inline]
    fn hear(
        &mut self,
        link: LinkId,
        len: usize,
        take: impl FnOnce(&mut ServerLink) -> Result<(), NotDrained>,
    ) -> Result<(), InputError> {
        let Some(slot) = self.slot_mut(link) else { return Err(InputError::UnknownLink) };
        if slot.phase == Phase::Ended {
            return Ok(());
        }
        if slot.phase == Phase::Authorizing && slot.link.unread() + len > MAX_EARLY {
            // The hub does not look before the verdict, and nobody has proved anything yet.
            self.close_for_flood(link.index);
            return Ok(());
        }
        let taken = take(&mut slot.link);
        self.metrics.bytes.add(Direction::Inbound, len as u64);
        self.wake(link.index);
        self.arm(link.index);
        taken.map_err(|_| InputError::NotDrained)
    }

    /// The transport of a link has ended: end of file, reset, or a failed write. May be called
    /// again and for links that have ended.
    pub fn handle_closed(&mut self, now: Now, link: LinkId) {
        self.set_now(now);
        let now = self.now;
        let Some(slot) = self.slot_mut(link) else { return };
        slot.detached = true;
        if slot.phase == Phase::Ended {
            self.free(link.index);
        } else {
            self.give_room(link.index);
            let Some(slot) = self.slot_mut(link) else { return };
            slot.link.handle_closed(now);
            self.wake(link.index);
        }
    }

    /// Time has passed: at the deadline of [`poll_timeout`](Self::poll_timeout) or whenever the
    /// host likes.
    pub fn handle_timeout(&mut self, now: Now) {
        self.set_now(now);
        let now = self.now;
        while let Some((at, index)) = self.timers.first() {
            // The end of time never comes: a deadline that has saturated there would be due again
            // and again.
            if at > now.mono || at == Mono::END {
                break;
            }
            let due = self.links.get(index).and_then(|slot| slot.next_deadline());
            match due {
                Some(due) if due.at > now.mono => self.timers.set(index, due.at),
                Some(_) => self.link_timeout(index),
                None => self.timers.remove(index),
            }
        }
    }

    // Outputs.

    /// The next event, lent until the next call.
    pub fn poll_event(&mut self) -> Option<Event<'_>> {
        self.part();
        let told = self.step()?;
        self.lend(told)
    }

    /// The next link with something to write or to hang up, each once until it is asked with
    /// [`poll_transmit`](Self::poll_transmit).
    pub fn poll_writable(&mut self) -> Option<LinkId> {
        while let Some(index) = self.writable.pop_front() {
            if let Some(slot) = self.links.get_mut(index)
                && core::mem::take(&mut slot.writable)
            {
                return Some(self.id(index));
            }
        }
        None
    }

    /// Appends what waits to be written to a link. If there is more than a host should write at
    /// once, the link is writable again. After writing it, the host hangs up if told so; of a
    /// link that has ended nothing is left but that.
    pub fn poll_transmit(&mut self, link: LinkId, out: &mut Vec<u8>) -> Transmit {
        self.transmit(link, out)
    }

    /// As [`poll_transmit`](Self::poll_transmit), without copying large frames.
    pub fn poll_transmit_vectored(&mut self, link: LinkId, out: &mut Gather) -> Transmit {
        self.transmit(link, out)
    }

    fn transmit(&mut self, link: LinkId, out: &mut impl Sink) -> Transmit {
        if self.links.find(link.index, link.generation).is_none() {
            return gone();
        }
        let Some(slot) = self.links.get_mut(link.index) else { return gone() };
        let transmit = slot.link.transmit(out, Some(&mut self.pool));
        let beats = slot.link.take_beats();
        let ended = slot.phase == Phase::Ended;
        slot.detached |= transmit.hang_up;
        beats.add_to(&mut self.metrics);
        self.metrics.bytes.add(Direction::Outbound, transmit.written as u64);
        self.room_made(link.index);
        self.weigh(link.index);
        if transmit.more {
            self.stir(link.index);
        }
        if transmit.hang_up {
            if ended {
                self.free(link.index);
            } else {
                self.wake(link.index);
            }
        }
        transmit
    }

    /// When to call [`handle_timeout`](Self::handle_timeout), and why.
    pub fn poll_timeout(&mut self) -> Option<Deadline> {
        let link = loop {
            let Some((at, index)) = self.timers.first() else { break None };
            match self.links.get(index).and_then(|slot| slot.next_deadline()) {
                Some(due) if due.at <= at => break Some(due),
                Some(due) => self.timers.set(index, due.at),
                None => self.timers.remove(index),
            }
        };
        let expiry = self.requests.expiry(self.config.request_timeout);
        let expiry = expiry.map(|at| Deadline::new(at, TimerReason::RequestExpiry));
        Deadline::earlier(link, expiry)
    }

    // Commands that concern the hub as a whole.

    /// Replaces the routing table between two messages. Running requests end under the new one.
    pub fn replace_routes(&mut self, routes: Arc<Table>) -> Replaced {
        self.router.replace(routes)
    }

    /// Replaces who decides whether tokens are good, for tokens that come from now on.
    pub fn set_auth(&mut self, auth: Auth) {
        self.auth = auth;
    }

    /// Begins again with another seed, so with an epoch and keys of its own: what a hub needs that
    /// was made before its process was forked. Whether it could: not once there was a link, whose
    /// peer knows the epoch.
    pub fn reseed(&mut self, seed: Seed) -> bool {
        let untouched = self.links.range().next().is_none() && self.drain.is_none();
        if untouched {
            let auth = core::mem::replace(&mut self.auth, Auth::Host);
            let routes = Arc::clone(self.router.table());
            *self = Self::new(self.config.clone(), auth, routes, seed);
        }
        untouched
    }
}

/// What there is to write to a link that has ended.
fn gone() -> Transmit {
    Transmit { hang_up: true, ..Transmit::default() }
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
