//! A session as bytes, to go on after its process has ended.

use core::time::Duration;
use std::collections::VecDeque;
use std::sync::Arc;

use super::Session;
use super::phase::{Phase, Role};
use crate::delivery::config::SessionConfig;
use crate::delivery::error::SnapshotError;
use crate::delivery::event::CommandId;
use crate::delivery::inbound::Inbound;
use crate::delivery::outbound::Outbound;
use crate::delivery::packing::{Packed, pack_list};
use crate::delivery::queue::{Priority, Queue, Waiting};
use crate::delivery::seal;
use crate::envelope::v1::{MAX_NUMBER, Name, Position, Window};
use crate::seed::Seed;
use crate::time::{Mono, Now, Wall};

/// The first byte.
const VERSION: u8 = 2;
/// That of the bytes before, which do not say which window the other end knows.
const WITHOUT_WINDOW: u8 = 1;

impl Session {
    /// Appends a snapshot: what [`restore`](Self::restore) makes this session of again, in a later
    /// process. It has what is unacknowledged, what waits, and every position.
    ///
    /// It is to be stored before what the session says next is on its way, and with what the host
    /// has made of the events until now. An older one is never silently taken for the present: what
    /// the other end knows better ends as unknown, or is a gap (V-5.5 to V-5.7). An item that was
    /// taken before the snapshot is not rejected after it. Its bytes are as
    /// confidential as what was sent, and are trusted: `restore` knows accidents, not forgery.
    ///
    /// # Errors
    ///
    /// Events wait to be taken, which no snapshot has.
    pub fn snapshot(&self, out: &mut Vec<u8>) -> Result<(), SnapshotError> {
        let exchange = &self.exchange;
        if !exchange.events.is_empty() {
            return Err(SnapshotError::NotDrained);
        }
        let start = out.len();
        VERSION.pack(out);
        (self.role == Role::Server).pack(out);
        (self.phase == Phase::Ended).pack(out);
        self.begun.pack(out);
        self.id.pack(out);
        self.log.pack(out);
        self.keep.pack(out);
        self.now.wall.as_unix_micros().pack(out);
        exchange.next.pack(out);

        let outbound = &exchange.outbound;
        outbound.last().pack(out);
        outbound.limit().pack(out);
        (outbound.unknown(), outbound.replaces()).pack(out);
        pack_list(outbound.window(), out);
        outbound.awaited().copied().collect::<VecDeque<_>>().pack(out);

        let inbound = &exchange.inbound;
        exchange.window.pack(out);
        inbound.received().pack(out);
        let open: Vec<_> = inbound.open().map(|entry| entry.decided()).collect();
        pack_list(open.iter(), out);
        pack_list(inbound.cancels(), out);

        let waiting: VecDeque<Stored> = exchange
            .queue
            .waiting()
            .map(|(priority, waiting)| Stored {
                priority,
                rest: waiting.expires.map(|at| at.saturating_since(self.now.mono)),
                waiting: waiting.clone(),
            })
            .collect();
        waiting.pack(out);
        seal::seal(out, start);
        Ok(())
    }

    /// The session of which [`snapshot`](Self::snapshot) has made these bytes. No link carries it.
    ///
    /// What waits has grown older by what the wall clock says. `seed` is another one than that of
    /// the session before.
    ///
    /// # Errors
    ///
    /// The bytes are no snapshot, were cut or changed, or are of a later version.
    pub fn restore(
        config: SessionConfig,
        bytes: &[u8],
        seed: Seed,
        now: Now,
    ) -> Result<Self, SnapshotError> {
        let version = match bytes.first() {
            Some(&version @ (WITHOUT_WINDOW | VERSION)) => version,
            Some(&later @ 3..) => return Err(SnapshotError::Version(later)),
            Some(0) | None => return Err(SnapshotError::Damaged),
        };
        let content = seal::open(bytes).and_then(|content| content.get(1..));
        let restored = content.and_then(|mut bytes| {
            let restored = Self::unpack(config, version, &mut bytes, seed, now)?;
            bytes.is_empty().then_some(restored)
        });
        restored.ok_or(SnapshotError::Damaged)
    }

    /// Whether it is a client's.
    pub(in crate::delivery) fn is_client(&self) -> bool {
        self.role == Role::Client
    }

    /// The items that ask for streams and have no outcome yet, the first first.
    pub(in crate::delivery) fn asked(&self) -> impl Iterator<Item = (CommandId, &Name<'static>)> {
        let sent = self.exchange.outbound.window();
        let sent = sent.filter_map(|it| Some((it.command?, it.payload.stream()?)));
        let waiting = self.exchange.queue.waiting();
        sent.chain(waiting.filter_map(|(_, it)| Some((it.command, it.payload.stream()?))))
    }

    /// The streams that items ask for which wait and were never sent, as far as this end knows: what
    /// had waited in a snapshot may have been sent after it was made.
    pub(in crate::delivery) fn unsent(&self) -> impl Iterator<Item = &Name<'static>> {
        let waiting = self.exchange.queue.waiting().filter(|(_, it)| !it.restored);
        waiting.filter_map(|(_, it)| it.payload.stream())
    }

    fn unpack(
        config: SessionConfig,
        version: u8,
        bytes: &mut &[u8],
        seed: Seed,
        now: Now,
    ) -> Option<Self> {
        let is_server = bool::unpack(bytes)?;
        let role = if is_server { Role::Server } else { Role::Client };
        let ended = bool::unpack(bytes)?;
        let begun = bool::unpack(bytes)?;
        let id = Packed::unpack(bytes)?;
        let log = Packed::unpack(bytes)?;
        let keep = Packed::unpack(bytes)?;
        let wall = Wall::from_unix_micros(Packed::unpack(bytes)?);
        let next = u64::unpack(bytes).filter(|next| *next <= MAX_NUMBER)?;

        let (last, limit) = (Packed::unpack(bytes)?, Packed::unpack(bytes)?);
        let marks = Packed::unpack(bytes)?;
        let (window, awaited) = (Packed::unpack(bytes)?, Packed::unpack(bytes)?);
        let outbound = Outbound::restored(last, limit, window, awaited, marks)?;

        let config = Arc::new(config.within_bounds());
        let promised = match version {
            // A client named none then, and what a server named is no less than either of these.
            WITHOUT_WINDOW if is_server => larger(config.window(), SessionConfig::WINDOW),
            WITHOUT_WINDOW => SessionConfig::WINDOW,
            _ => Packed::unpack(bytes).filter(SessionConfig::may_be)?,
        };
        let received: Position = Packed::unpack(bytes)?;
        let (open, cancels) = (Packed::unpack(bytes)?, Packed::unpack(bytes)?);
        let inbound = Inbound::restored(now.mono, received, open, cancels)?;

        let mut queue = Queue::default();
        let asleep = now.wall.saturating_since(wall);
        for Stored { priority, rest, mut waiting } in VecDeque::unpack(bytes)? {
            waiting.expires = rest.map(|rest| now.mono + rest.saturating_sub(asleep));
            queue.push(waiting, priority);
        }
        let session = Self::new(role, config, seed);
        let mut session = Self { begun, id, log, keep, now, detached: Some(now.mono), ..session };
        session.exchange = session.exchange.restored(promised, outbound, inbound, queue, next);
        if ended {
            (session.phase, session.detached) = (Phase::Ended, None);
        }
        Some(session)
    }
}

/// What waits, as a snapshot has it.
struct Stored {
    priority: Priority,
    /// How long until it expires.
    rest: Option<Duration>,
    waiting: Waiting,
}

impl Packed for Stored {
    fn pack(&self, out: &mut Vec<u8>) {
        self.priority.pack(out);
        self.rest.pack(out);
        self.waiting.command.pack(out);
        self.waiting.key.pack(out);
        self.waiting.payload.pack(out);
    }

    fn unpack(bytes: &mut &[u8]) -> Option<Self> {
        let (priority, rest) = (Packed::unpack(bytes)?, Packed::unpack(bytes)?);
        let waiting = Waiting {
            command: Packed::unpack(bytes)?,
            key: Packed::unpack(bytes)?,
            payload: Packed::unpack(bytes)?,
            expires: Some(Mono::ZERO),
            restored: true,
        };
        Some(Self { priority, rest, waiting })
    }
}

fn larger(one: Window, other: Window) -> Window {
    Window { envelopes: one.envelopes.max(other.envelopes), bytes: one.bytes.max(other.bytes) }
}
