//! Connections that deliver bytes late, in chunks, and not always.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use pamlink::hub::{LinkId, RequestId};
use pamlink::time::Mono;

use super::random::Random;

/// An end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Client,
    Hub,
}

/// Something that happens at a moment.
#[derive(Debug)]
pub(super) enum Action {
    Ask(usize),
    Restart,
    Dialed { user: usize, connection: usize },
    DialFailed { user: usize, connection: usize },
    Deliver { connection: usize, to: Side, bytes: Vec<u8> },
    Closed { connection: usize, side: Side },
    Piece(RequestId),
    Reply(RequestId),
}

pub(super) struct Network {
    cuts: u32,
    actions: BTreeMap<(Mono, u64), Action>,
    made: u64,
    connections: Vec<Connection>,
    current: HashMap<usize, usize>,
    links: HashMap<LinkId, usize>,
}

struct Connection {
    user: usize,
    link: Option<LinkId>,
    /// When the last byte arrives, towards client and hub.
    last: [Mono; 2],
    broken: bool,
}

impl Network {
    pub(super) fn new(cuts: u32) -> Self {
        Self {
            cuts,
            actions: BTreeMap::new(),
            made: 0,
            connections: Vec::new(),
            current: HashMap::new(),
            links: HashMap::new(),
        }
    }

    pub(super) fn at(&mut self, at: Mono, action: Action) {
        self.made += 1;
        self.actions.insert((at, self.made), action);
    }

    pub(super) fn next(&self) -> Option<Mono> {
        self.actions.first_key_value().map(|((at, _), _)| *at)
    }

    pub(super) fn due(&mut self, now: Mono) -> Option<Action> {
        let entry = self.actions.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    /// A user dials; its connection before is its own no more.
    pub(super) fn dial(&mut self, now: Mono, user: usize, failed: bool, random: &mut Random) {
        let connection = self.connections.len();
        let last = [now; 2];
        self.connections.push(Connection { user, link: None, last, broken: failed });
        self.current.insert(user, connection);
        let at = now + latency(random);
        self.at(
            at,
            match failed {
                true => Action::DialFailed { user, connection },
                false => Action::Dialed { user, connection },
            },
        );
    }

    pub(super) fn connected(&mut self, connection: usize, link: LinkId) {
        self.connections[connection].link = Some(link);
        self.links.insert(link, connection);
    }

    pub(super) fn is_current(&self, user: usize, connection: usize) -> bool {
        self.current(user) == Some(connection)
    }

    pub(super) fn current(&self, user: usize) -> Option<usize> {
        self.current.get(&user).copied()
    }

    pub(super) fn of_link(&self, link: LinkId) -> Option<usize> {
        self.links.get(&link).copied()
    }

    pub(super) fn link(&self, connection: usize) -> Option<LinkId> {
        self.connections[connection].link
    }

    /// The user of a connection, while it has no other.
    pub(super) fn user(&self, connection: usize) -> Option<usize> {
        let user = self.connections[connection].user;
        self.is_current(user, connection).then_some(user)
    }

    /// Sends a batch; whether that cut the connection.
    pub(super) fn send(
        &mut self,
        now: Mono,
        connection: usize,
        to: Side,
        bytes: &[u8],
        random: &mut Random,
    ) -> bool {
        if bytes.is_empty() || self.connections[connection].broken {
            return false;
        }
        let cut = random.below(100) < u64::from(self.cuts);
        let arrives = if cut { random.below(bytes.len() as u64 + 1) as usize } else { bytes.len() };
        let mut rest = &bytes[..arrives];
        while !rest.is_empty() {
            let (part, after) = rest.split_at(1 + random.below(rest.len() as u64) as usize);
            rest = after;
            let last = &mut self.connections[connection].last[to as usize];
            *last = (*last).max(now + latency(random));
            let (at, bytes) = (*last, part.to_vec());
            self.at(at, Action::Deliver { connection, to, bytes });
        }
        if cut {
            self.break_off(now, connection, random);
        }
        cut
    }

    /// One side has closed its transport: what it wrote arrives before the end does.
    pub(super) fn close_transport(
        &mut self,
        now: Mono,
        connection: usize,
        side: Side,
        random: &mut Random,
    ) {
        let broken = &mut self.connections[connection].broken;
        if core::mem::replace(broken, true) {
            return;
        }
        let other = if side == Side::Hub { Side::Client } else { Side::Hub };
        let last = self.connections[connection].last[other as usize].max(now);
        self.at(last + latency(random), Action::Closed { connection, side: other });
        self.at(now, Action::Closed { connection, side });
    }

    /// The process behind all links has died: its clients learn it at once or later.
    pub(super) fn forget_links(&mut self, now: Mono, random: &mut Random) {
        self.links.clear();
        for connection in 0..self.connections.len() {
            if self.connections[connection].link.take().is_some() {
                self.connections[connection].broken = true;
                let at = now + latency(random);
                self.at(at, Action::Closed { connection, side: Side::Client });
            }
        }
    }

    /// The connection is no more. Either side may learn it soon, late, or by itself only.
    fn break_off(&mut self, now: Mono, connection: usize, random: &mut Random) {
        self.connections[connection].broken = true;
        for side in [Side::Client, Side::Hub] {
            let after = match random.below(4) {
                0 => continue,
                1 => Duration::from_millis(random.below(60_000)),
                _ => Duration::from_millis(random.below(500)),
            };
            let last = self.connections[connection].last[side as usize].max(now);
            self.at(last + after, Action::Closed { connection, side });
        }
    }
}

fn latency(random: &mut Random) -> Duration {
    Duration::from_micros(500 + random.below(120_000))
}
