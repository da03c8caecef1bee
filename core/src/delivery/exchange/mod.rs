//! Both directions of a session together, whatever carries them.

mod commands;

use core::fmt;
use std::sync::Arc;

pub use self::commands::SendOptions;

use super::config::SessionConfig;
use super::event::Ending;
use super::events::{End, Events, Unlent};
use super::fault::Fault;
use super::inbound::{Arrival, EntryKind, Inbound, most_open};
use super::outbound::{Outbound, Reach, Sent};
use super::payload::{Target, owned_result};
use super::queue::Queue;
use crate::envelope::v1::{
    Ack, Cancel, CancelResult, Channel, Code, Epoch, Item, Message, Name, Position, Reject, Window,
};
use crate::seed::Seed;
use crate::time::Mono;

/// What an end has to send and has sent, what it has received, and what its host is to hear of
/// both.
///
/// It knows no link: what is said of positions when one comes is handed to it, and it says what
/// follows.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) config: Arc<SessionConfig>,
    pub(super) queue: Queue,
    pub(super) outbound: Outbound,
    pub(super) inbound: Inbound,
    pub(super) events: Events,
    /// The number of the next command.
    pub(super) next: u64,
    /// What may be unacknowledged of what the other end sends, which that knows.
    pub(super) window: Window,
    /// It comes from a snapshot and was not resumed since: the other end may know more.
    pub(super) restored: bool,
    epochs: Epochs,
}

/// Where epochs are drawn from. They are rarely: a seed is kept in the place of the generator that
/// it starts, which is several times as large.
#[derive(Clone)]
struct Epochs {
    seed: Seed,
    drawn: u32,
}

impl Exchange {
    /// Nothing has been sent or received.
    pub(super) fn new(config: Arc<SessionConfig>, seed: Seed) -> Self {
        let mut epochs = Epochs { seed, drawn: 0 };
        let window = config.window();
        let outbound = Outbound::new(epochs.draw(), window);
        // Until the other end has said where it begins, nothing of it is known: an epoch that it
        // does not have says so.
        let inbound = Inbound::new(Position::start(epochs.draw()));
        Self {
            config,
            queue: Queue::default(),
            outbound,
            inbound,
            events: Events::default(),
            next: 0,
            window,
            restored: false,
            epochs,
        }
    }

    /// What was sent and received before, from a snapshot.
    pub(super) fn restored(
        mut self,
        window: Window,
        outbound: Outbound,
        inbound: Inbound,
        queue: Queue,
        next: u64,
    ) -> Self {
        (self.outbound, self.inbound, self.queue) = (outbound, inbound, queue);
        (self.window, self.next, self.restored) = (window, next, true);
        self
    }

    /// Of what this end sends so much may be unacknowledged at the other, as that has said.
    pub(super) fn set_limit(&mut self, other: Window) {
        let own = self.config.window();
        self.outbound.set_limit(Window {
            envelopes: own.envelopes.min(other.envelopes),
            bytes: own.bytes.min(other.bytes),
        });
    }

    /// The other end begins here, and there is nothing before.
    pub(super) fn begin_after(&mut self, from: Position) {
        self.inbound.begin_after(from);
        self.queue.keep_restored();
        self.restored = false;
    }

    /// The other end goes on after `from`, and something before it is lost.
    pub(super) fn handle_gap(&mut self, from: Position, lost: Option<u64>, reason: &Code<'_>) {
        self.events.push(Unlent::Gap(lost, reason.clone().into_owned()));
        let is_over = |of: Position| of.epoch == from.epoch && of.sequence <= from.sequence;
        self.queue.end_rejects(is_over, &mut self.events);
        self.inbound.begin_after(from);
        self.outbound.handle_gap(&mut self.events);
    }

    /// A client resumes, which has `received` of this server's, from where it can go on or not, and
    /// has given numbers up to `sent` (V-5.5).
    pub(super) fn resume_client(&mut self, reach: Reach, received: Position, sent: Position) {
        match reach {
            Reach::Resumable => {
                self.outbound.resume_after(received.sequence, sent);
                self.outbound.handle_received(self.inbound.received(), &mut self.events);
            }
            // After a snapshot another epoch of this end's may have been forgotten, in which the
            // client has received what is in the window here.
            Reach::ForeignEpoch if self.restored => self.renumber(received),
            Reach::Ahead => self.renumber(received),
            Reach::Evicted(_) | Reach::ForeignEpoch => self.outbound.resume_whole(),
        }
        self.queue.keep_restored();
        self.restored = false;
        self.number_rejects();
    }

    /// The server has resumed, which has `received` of this client's and has given numbers up to
    /// `sent`: whether this end goes on from there. If not, it says `continue` (V-5.6).
    pub(super) fn resume_server(&mut self, received: Position, sent: Position, gap: bool) -> Reach {
        let reach = self.outbound.reach(received);
        if reach == Reach::Resumable {
            self.outbound.resume_after(received.sequence, sent);
            self.outbound.give_up_too_large(received.sequence, &mut self.events);
            if gap {
                self.outbound.handle_gap(&mut self.events);
            } else {
                self.outbound.handle_received(self.inbound.received(), &mut self.events);
            }
        } else if self.outbound.is_unheard(received) {
            self.outbound.resume_whole();
        } else {
            self.renumber(received);
        }
        self.queue.keep_restored();
        self.restored = false;
        self.number_rejects();
        reach
    }

    pub(super) fn handle_item(&mut self, item: &Item<'_>) -> Result<(), Fault> {
        let body = item.body.as_json();
        if self.arrive(item.at, EntryKind::Item, body.len())? {
            self.events.push(Unlent::Item {
                at: item.at,
                of: item.of,
                stream: item.stream.clone().map(Name::into_owned),
                agent: item.agent.clone().map(Name::into_owned),
                body: body.into(),
            });
            self.settle(item.received)?;
        }
        Ok(())
    }

    pub(super) fn handle_cancel(&mut self, cancel: &Cancel<'_>) -> Result<(), Fault> {
        let target = Target::of(cancel).ok_or(Fault::Malformed)?;
        if self.arrive(cancel.at, EntryKind::Other, 0)? {
            // Those of a client that has given some up after a gap, and still gets their results.
            if self.inbound.cancels().len() >= 2 * SessionConfig::MAX_CANCELS {
                return Err(Fault::TooMany);
            }
            self.inbound.expect_result(cancel.at);
            self.events.push(Unlent::Cancel(cancel.at, target.into_owned()));
            self.settle(cancel.received)?;
        }
        Ok(())
    }

    pub(super) fn handle_reject(&mut self, reject: &Reject<'_>) -> Result<(), Fault> {
        if self.arrive(reject.at, EntryKind::Reject, 0)? {
            let end = End::Rejected(reject.code.clone().into_owned(), reject.retry_after);
            self.outbound.handle_reject(reject.of, end, &mut self.events)?;
            self.settle(reject.received)?;
        }
        Ok(())
    }

    pub(super) fn handle_result(&mut self, result: &CancelResult<'_>) -> Result<(), Fault> {
        if self.arrive(result.at, EntryKind::Other, 0)? {
            // One of a cancel that has ended as unknown says nothing any more.
            if let Some(command) = self.outbound.handle_result(result.of) {
                let results = result.results.iter().map(owned_result).collect();
                self.events.push(Unlent::CancelResult(command, results));
            }
            self.settle(result.received)?;
        }
        Ok(())
    }

    /// The other end says where it is. Before its replay has ended, `sent` may be beyond what has
    /// come, and `received` counts when that has (V-3.6); after it, that is a loss (V-6.1).
    pub(super) fn handle_positions(
        &mut self,
        received: Position,
        sent: Position,
        caught_up: bool,
    ) -> Result<(), Fault> {
        let here = self.inbound.received();
        if sent.epoch == here.epoch && sent.sequence <= here.sequence {
            return self.outbound.acknowledge(received, &mut self.events);
        }
        if caught_up || sent.epoch != here.epoch {
            return Err(Fault::OutOfOrder);
        }
        self.outbound.acknowledge_later(received, sent)
    }

    /// The next event. The host has then all that came before it, and with the last one all that
    /// came.
    pub(super) fn take_event(&mut self, now: Mono) -> Option<Unlent> {
        let event = self.events.take_next();
        match event.as_ref().map(Unlent::position) {
            // Others may follow before they are acknowledged together.
            Some(Some(at)) => self.inbound.take(now, at),
            Some(None) => self.events.give_back(),
            None => {}
        }
        if self.events.is_empty() {
            self.inbound.take(now, self.inbound.received());
        }
        event
    }

    /// What waits too long has ended.
    pub(super) fn expire(&mut self, now: Mono) {
        self.queue.expire(now, &mut self.events);
    }

    /// The session has ended, and where it is a client's, another one may begin: then the items
    /// that wait are for that.
    pub(super) fn end(&mut self, ending: Ending<'static>, keeps_items: bool) {
        self.outbound.end_all(&mut self.events);
        self.queue.end_session(!keeps_items, &mut self.events);
        self.events.push(Unlent::Ended(ending));
        self.window = self.config.window();
        self.outbound = Outbound::new(self.epochs.draw(), self.window);
        self.inbound = Inbound::new(Position::start(self.epochs.draw()));
        self.queue.keep_restored();
        self.restored = false;
    }

    /// Gives the rejects that wait their numbers, before what covers the items that they answer is
    /// said (V-3.6).
    pub(super) fn number_rejects(&mut self) {
        while let Some(reject) = self.queue.take_reject() {
            let sent = Sent { command: Some(reject.command), payload: reject.payload };
            self.outbound.number(sent);
        }
    }

    /// Appends the next of what is sent again, up to a number. It acknowledges nothing: a reject
    /// may follow of what it would cover (V-3.6).
    pub(super) fn write_replay(&mut self, upto: u64, channel: Channel, out: &mut String) -> bool {
        if self.outbound.written() >= upto {
            return false;
        }
        let next = self.outbound.write_next();
        if let Some((at, payload)) = next {
            payload.write(channel, at, None, out);
        }
        next.is_some()
    }

    /// Numbers the next of what waits, if there is room for it, and appends it.
    pub(super) fn write_next(&mut self, channel: Channel, out: &mut String) -> bool {
        if !self.outbound.is_behind() {
            let (outbound, waits) = (&self.outbound, self.waits_for_host());
            // Of what waits items alone have bytes.
            let next = self.queue.take_next(|bytes| outbound.fits(bytes) && !(waits && bytes > 0));
            let Some(next) = next else { return false };
            self.outbound.number(Sent { command: Some(next.command), payload: next.payload });
        }
        // Behind it another reject may follow of what it would acknowledge.
        let is_last = self.outbound.written() + 1 == self.outbound.last().sequence;
        let acknowledges = is_last && self.inbound.has_taken();
        let received = acknowledges.then(|| self.acknowledge());
        let next = self.outbound.write_next();
        if let Some((at, payload)) = next {
            payload.write(channel, at, received, out);
        }
        next.is_some()
    }

    /// Whether there may be something to write.
    pub(super) fn may_say(&self, now: Mono) -> bool {
        let waits = self.outbound.is_behind() || !self.queue.is_empty();
        waits || self.ack_due().is_some_and(|at| at <= now)
    }

    /// Whether what is said next, apart from a replay, is a cancel, a result of one or a reject.
    pub(super) fn is_urgent(&self) -> bool {
        match self.outbound.next_to_write() {
            Some(payload) => !payload.is_item(),
            None => self.queue.next().is_some_and(|it| !it.is_item()) && self.outbound.fits(0),
        }
    }

    /// Whether the host has so many rejects yet to take that the other end would not bear one more
    /// item to reject (V-3.4): of four of its windows one may be on its way.
    fn waits_for_host(&self) -> bool {
        let window = self.outbound.limit().envelopes;
        self.inbound.rejects() > 3 * usize::try_from(window).unwrap_or(usize::MAX / 3)
    }

    /// Appends an `ack`, if one is due.
    pub(super) fn write_ack(&mut self, now: Mono, channel: Channel, out: &mut String) -> bool {
        let due = self.ack_due().is_some_and(|at| at <= now);
        if due {
            let (received, sent) = (self.acknowledge(), self.outbound.last());
            Message::Ack(Ack { received, sent }).write(channel, out);
        }
        due
    }

    /// Where both directions are, for who has not polled what is still to be written.
    pub(super) fn positions(&mut self) -> (Position, Position) {
        let received = if self.outbound.is_behind() {
            self.inbound.acknowledged()
        } else {
            self.acknowledge()
        };
        (received, Position::new(self.outbound.last().epoch, self.outbound.written()))
    }

    /// What `received` is to say, which acknowledges all that is taken.
    pub(super) fn acknowledge(&mut self) -> Position {
        self.events.give_back();
        self.inbound.acknowledge()
    }

    /// When an `ack` of its own is due.
    pub(super) fn ack_due(&self) -> Option<Mono> {
        if self.inbound.has_taken() && self.waits_for_host() {
            // What waits for the host alone goes on with it.
            return Some(Mono::ZERO);
        }
        self.inbound.ack_due(&self.config, self.window)
    }

    /// The bytes that are allocated.
    pub(super) fn memory(&self) -> usize {
        self.queue.memory() + self.outbound.memory() + self.inbound.memory() + self.events.memory()
    }

    /// Takes a number in: whether it is new.
    fn arrive(&mut self, at: Position, kind: EntryKind, bytes: usize) -> Result<bool, Fault> {
        // Rejects of the other end are outside the window: they answer what this end has sent.
        let own = self.outbound.limit().envelopes;
        let open = most_open(self.window.envelopes.max(own));
        let arrival = self.inbound.handle_number(at, kind, bytes, self.window, open)?;
        // Who takes what it is sent acknowledges the rejects in it.
        let most = usize::try_from(self.window.envelopes).unwrap_or(usize::MAX);
        if kind == EntryKind::Item && self.outbound.rejects() > 4 * most {
            return Err(Fault::TooMany);
        }
        Ok(arrival == Arrival::New)
    }

    /// A new number has come, and with it perhaps an acknowledgement (V-3.6).
    fn settle(&mut self, received: Option<Position>) -> Result<(), Fault> {
        self.outbound.handle_received(self.inbound.received(), &mut self.events);
        received.map_or(Ok(()), |it| self.outbound.acknowledge(it, &mut self.events))
    }

    fn renumber(&mut self, received: Position) {
        let epoch = self.epochs.draw();
        self.outbound.renumber(epoch, received, &mut self.events);
        self.queue.end_restored(&mut self.events);
        // What they answer ends as unknown at the other end, or has ended.
        self.queue.end_rejects(|_| true, &mut self.events);
    }
}

impl Epochs {
    fn draw(&mut self) -> Epoch {
        let mut random = self.seed.clone().into_random();
        random.skip(self.drawn);
        self.drawn = self.drawn.saturating_add(1);
        Epoch::from_bits(random.next_u64())
    }
}

impl fmt::Debug for Epochs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Epochs(..)")
    }
}
