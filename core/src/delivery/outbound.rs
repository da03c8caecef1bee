//! The sending half of a session: numbers, the window, and what becomes of what has a number.

use std::collections::VecDeque;

use super::event::CommandId;
use super::events::{End, Events};
use super::fault::Fault;
use super::oversize::Oversize;
use super::payload::{Payload, Target};
use crate::envelope::v1::{Code, Epoch, MAX_NUMBER, Name, Position, Window};

/// The code of an item that is too large for the way to the other end (V-10.9).
const TOO_LARGE: &str = "message_too_large";

/// What this end has numbered and the other has not acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outbound {
    /// The last number that was given.
    last: Position,
    /// The last number that was written over this link.
    written: u64,
    /// What is unacknowledged: the last numbers up to `last`.
    window: VecDeque<Sent>,
    /// Of those the ones that count in the window, and their bytes.
    counted: usize,
    bytes: usize,
    /// What the other end allows, within what this one does.
    limit: Window,
    /// Cancels that are acknowledged and have no result yet.
    awaited: VecDeque<(Position, CommandId)>,
    /// An acknowledgement, and what has to be received before it counts (V-3.6).
    pending: Option<Pending>,
    /// Up to here something may have ended as unknown that the other end has rejected.
    unknown: u64,
    /// What the other end said that it had when this epoch was drawn, until it has something of the
    /// epoch.
    replaces: Option<Position>,
    oversize: Oversize,
}

/// What has a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sent {
    /// What its end is told of; nothing once it was.
    pub(super) command: Option<CommandId>,
    pub(super) payload: Payload,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pending {
    received: u64,
    until: Position,
}

/// Whether the other end can go on from where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// It has everything before what this one still has.
    Resumable,
    /// What came after it is not here any more; so many numbers are missing.
    Evicted(u64),
    /// It has more than this end has ever sent.
    Ahead,
    /// It is of another epoch.
    ForeignEpoch,
}

impl Reach {
    /// The word for it on the wire (V-5.5).
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::Resumable => "resumed",
            Self::Evicted(_) => "evicted",
            Self::Ahead => "ahead",
            Self::ForeignEpoch => "foreign_epoch",
        }
    }

    /// How many numbers are missing, where that is known.
    pub(super) const fn lost(self) -> Option<u64> {
        match self {
            Self::Evicted(lost) => Some(lost),
            Self::Resumable | Self::Ahead | Self::ForeignEpoch => None,
        }
    }
}

impl Outbound {
    /// Nothing is numbered.
    pub(super) const fn new(epoch: Epoch, limit: Window) -> Self {
        Self {
            last: Position::start(epoch),
            written: 0,
            window: VecDeque::new(),
            counted: 0,
            bytes: 0,
            limit,
            awaited: VecDeque::new(),
            pending: None,
            unknown: 0,
            replaces: None,
            oversize: Oversize::NONE,
        }
    }

    /// What was numbered before, from a snapshot.
    pub(super) fn restored(
        last: Position,
        limit: Window,
        window: VecDeque<Sent>,
        awaited: VecDeque<(Position, CommandId)>,
        (unknown, replaces): (u64, Option<Position>),
    ) -> Option<Self> {
        let base = last.sequence.checked_sub(u64::try_from(window.len()).ok()?)?;
        let counted = window.iter().filter(|sent| !sent.payload.is_reject()).count();
        let bytes = window.iter().map(|sent| sent.payload.bytes()).fold(0, usize::saturating_add);
        let new = Self::new(last.epoch, limit);
        Some(Self {
            last,
            written: base,
            window,
            counted,
            bytes,
            awaited,
            unknown,
            replaces,
            ..new
        })
    }

    /// Where the other end is, which resumes.
    pub(super) fn reach(&self, received: Position) -> Reach {
        if received.epoch != self.last.epoch {
            Reach::ForeignEpoch
        } else if received.sequence > self.last.sequence {
            Reach::Ahead
        } else if received.sequence < self.base() {
            Reach::Evicted(self.base() - received.sequence)
        } else {
            Reach::Resumable
        }
    }

    /// Everything after this number is written again, and what is before it counts as acknowledged
    /// once `until` was received.
    pub(super) fn resume_after(&mut self, received: u64, until: Position) {
        self.written = received.max(self.base());
        self.pending = Some(Pending { received, until });
    }

    /// What ends every link over which it is sent has ended as too large, unless the other end has
    /// it. Its number is that of a cancel of the stream that it asked for (V-10.9).
    pub(super) fn give_up_too_large(&mut self, received: u64, events: &mut Events) {
        let number = self.oversize.take(received);
        let Some((number, place)) = number.and_then(|it| Some((it, self.place(it)?))) else {
            return;
        };
        let sent = &mut self.window[place];
        let Payload::Item { stream, body, .. } = &sent.payload else { return };
        let nobodys = || Name::new(format!("{}-{number}", self.last.epoch));
        let (Some(stream), Some(code)) = (stream.clone().or_else(nobodys), Code::new(TOO_LARGE))
        else {
            return;
        };
        self.bytes -= body.len();
        sent.payload = Payload::Cancel(Target::Stream(stream));
        if let Some(command) = sent.command.take() {
            events.end(command, End::Rejected(code, None));
        }
    }

    /// All that is there is written again.
    pub(super) fn resume_whole(&mut self) {
        self.written = self.base();
    }

    /// Numbers anew, since the other end, which says that it has `received`, cannot go on (V-5.6).
    /// What had a number ends as unknown.
    pub(super) fn renumber(&mut self, epoch: Epoch, received: Position, events: &mut Events) {
        self.end_all(events);
        let replaces = Some(received);
        *self = Self { replaces, ..Self::new(epoch, self.limit) };
    }

    /// Whether the other end, which says that it has `received`, has not heard of this epoch yet:
    /// that is where it was when the epoch was drawn.
    pub(super) fn is_unheard(&self, received: Position) -> bool {
        self.replaces == Some(received)
    }

    /// Gives the next number to something, which is to be written with it.
    pub(super) fn number(&mut self, sent: Sent) {
        if !sent.payload.is_reject() {
            self.counted += 1;
            self.bytes += sent.payload.bytes();
        }
        self.last.sequence += 1;
        self.window.push_back(sent);
    }

    /// What is written next of what has a number.
    pub(super) fn write_next(&mut self) -> Option<(Position, &Payload)> {
        if !self.is_behind() {
            return None;
        }
        self.written += 1;
        let at = Position::new(self.last.epoch, self.written);
        let place = self.place(self.written)?;
        Some((at, &self.window[place].payload))
    }

    /// The other end has everything up to `received`.
    pub(super) fn acknowledge(
        &mut self,
        received: Position,
        events: &mut Events,
    ) -> Result<(), Fault> {
        if received.epoch != self.last.epoch {
            // It has not heard of the epoch yet.
            let earlier = self.replaces.is_some_and(|it| it.epoch == received.epoch);
            return if earlier { Ok(()) } else { Err(Fault::Ahead) };
        }
        if received.sequence > self.last.sequence {
            return Err(Fault::Ahead);
        }
        self.advance(received.sequence, &End::Acknowledged, events);
        Ok(())
    }

    /// The other end has everything up to `received`, which counts once `until` was received here.
    pub(super) fn acknowledge_later(
        &mut self,
        received: Position,
        until: Position,
    ) -> Result<(), Fault> {
        if received.epoch == self.last.epoch {
            if received.sequence > self.last.sequence {
                return Err(Fault::Ahead);
            }
            self.pending = Some(Pending { received: received.sequence, until });
        }
        Ok(())
    }

    /// This end has received everything up to `received`: what waited for that counts now.
    pub(super) fn handle_received(&mut self, received: Position, events: &mut Events) {
        if let Some(Pending { received: upto, until }) = self.pending
            && until.epoch == received.epoch
            && until.sequence <= received.sequence
        {
            self.pending = None;
            self.advance(upto, &End::Acknowledged, events);
        }
    }

    /// Something of what the other end sent is lost, and rejects and results may be among it: what
    /// waited to count as acknowledged is unknown (V-5.7).
    pub(super) fn handle_gap(&mut self, events: &mut Events) {
        if let Some(Pending { received, .. }) = self.pending.take() {
            self.unknown = received;
            self.advance(received, &End::Unknown, events);
        }
        for (_, command) in self.awaited.drain(..) {
            events.end(command, End::Unknown);
        }
    }

    /// The other end has not taken what has this number (V-3.7).
    pub(super) fn handle_reject(
        &mut self,
        of: Position,
        end: End,
        events: &mut Events,
    ) -> Result<(), Fault> {
        // Of an epoch that this end has given up, all is unknown already.
        let in_window = of.sequence > self.base();
        if of.epoch != self.last.epoch || !in_window && of.sequence <= self.unknown {
            return Ok(());
        }
        let sent = self.place(of.sequence).map(|place| &mut self.window[place]);
        let item = sent.filter(|sent| sent.payload.is_item()).ok_or(Fault::Ahead)?;
        // Whoever goes on with an older snapshot is sent again what it has rejected, and does not
        // know that.
        if let Some(command) = item.command.take() {
            events.end(command, end);
        }
        Ok(())
    }

    /// A cancel has its result: the command, unless that has ended before.
    pub(super) fn handle_result(&mut self, of: Position) -> Option<CommandId> {
        if let Some(place) = self.awaited.iter().position(|(at, _)| *at == of) {
            return self.awaited.remove(place).map(|(_, command)| command);
        }
        let place = (of.epoch == self.last.epoch).then(|| self.place(of.sequence)).flatten()?;
        let sent = self.window.get_mut(place).filter(|sent| sent.payload.is_cancel())?;
        sent.command.take()
    }

    /// The link is gone: what was written may be lost.
    pub(super) fn handle_detached(&mut self) {
        self.written = self.base();
        self.pending = None;
    }

    /// The link ends because a message of this end was too large for it.
    pub(super) fn handle_too_large(&mut self) {
        // What has arrived is not it, though that may not count yet.
        let arrived = self.pending.map_or(0, |pending| pending.received).max(self.base());
        if self.written > arrived {
            self.oversize.handle_ended(arrived + 1);
        }
    }

    /// The session has ended: what had a number ends as unknown.
    pub(super) fn end_all(&mut self, events: &mut Events) {
        self.pending = None;
        for (_, command) in self.awaited.drain(..) {
            events.end(command, End::Unknown);
        }
        for sent in core::mem::take(&mut self.window) {
            if let Some(command) = sent.command {
                events.end(command, End::Unknown);
            }
        }
        (self.counted, self.bytes, self.written) = (0, 0, self.last.sequence);
    }

    /// What may be unacknowledged from now on.
    pub(super) const fn set_limit(&mut self, limit: Window) {
        self.limit = limit;
    }

    /// The last number that was written over this link.
    pub(super) const fn written(&self) -> u64 {
        self.written
    }

    /// Whether something that has a number is still to be written over this link.
    pub(super) const fn is_behind(&self) -> bool {
        self.written < self.last.sequence
    }

    /// What is written next of what has a number.
    pub(super) fn next_to_write(&self) -> Option<&Payload> {
        Some(&self.window.get(self.place(self.written + 1)?)?.payload)
    }

    /// Whether the window has room for so many bytes. One envelope that is larger than the window
    /// may be alone in it (V-3.4).
    pub(super) fn fits(&self, bytes: usize) -> bool {
        let (envelopes, limit) = (self.limit.envelopes, self.limit.bytes);
        let within = usize::try_from(limit).unwrap_or(usize::MAX);
        self.counted < usize::try_from(envelopes).unwrap_or(usize::MAX)
            && (bytes == 0 || self.bytes == 0 || self.bytes.saturating_add(bytes) <= within)
            && self.last.sequence < MAX_NUMBER
    }

    /// The rejects in the window.
    pub(super) fn rejects(&self) -> usize {
        self.window.len() - self.counted
    }

    /// The bytes that are allocated.
    pub(super) fn memory(&self) -> usize {
        self.window.capacity() * size_of::<Sent>()
            + self.awaited.capacity() * size_of::<(Position, CommandId)>()
            + self.window.iter().map(|sent| sent.payload.memory()).sum::<usize>()
    }

    /// The last number that was given.
    pub(super) const fn last(&self) -> Position {
        self.last
    }

    /// The number before all that is here.
    pub(super) fn base(&self) -> u64 {
        // The window is no longer than its numbers.
        self.last.sequence - u64::try_from(self.window.len()).unwrap_or(self.last.sequence)
    }

    /// What is unacknowledged, the first first.
    pub(super) fn window(&self) -> impl ExactSizeIterator<Item = &Sent> {
        self.window.iter()
    }

    /// The cancels that are acknowledged and have no result yet.
    pub(super) fn awaited(&self) -> impl ExactSizeIterator<Item = &(Position, CommandId)> {
        self.awaited.iter()
    }

    /// Up to which number something may have ended as unknown that the other end has rejected.
    pub(super) const fn unknown(&self) -> u64 {
        self.unknown
    }

    /// See [`is_unheard`](Self::is_unheard).
    pub(super) const fn replaces(&self) -> Option<Position> {
        self.replaces
    }

    /// What the other end allows, within what this one does.
    pub(super) const fn limit(&self) -> Window {
        self.limit
    }

    /// Ends everything up to this number.
    fn advance(&mut self, upto: u64, end: &End, events: &mut Events) {
        while self.base() < upto
            && let Some(sent) = self.window.pop_front()
        {
            let at = Position::new(self.last.epoch, self.base());
            if !sent.payload.is_reject() {
                self.counted -= 1;
                self.bytes -= sent.payload.bytes();
            }
            match sent.command {
                // Its end is the result, which is still to come.
                Some(command) if sent.payload.is_cancel() && *end == End::Acknowledged => {
                    self.awaited.push_back((at, command));
                }
                Some(command) => events.end(command, end.clone()),
                None => {}
            }
            self.replaces = None;
        }
        self.written = self.written.max(self.base());
        if self.window.is_empty() {
            self.window = VecDeque::new();
        }
    }

    fn place(&self, sequence: u64) -> Option<usize> {
        let after = sequence.checked_sub(self.base())?.checked_sub(1)?;
        usize::try_from(after).ok().filter(|place| *place < self.window.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delivery::events::Unlent;

    #[test]
    fn what_has_arrived_is_not_suspected_though_it_does_not_count_yet() {
        let mut outbound =
            Outbound::new(Epoch::from_bits(1), Window { envelopes: 8, bytes: 100_000 });
        for number in 0..4 {
            let body = "0".repeat(1 + number);
            let payload =
                Payload::Item { of: None, stream: None, agent: None, body: body.as_str().into() };
            let command = Some(CommandId::from_u64(u64::try_from(number).unwrap()));
            outbound.number(Sent { command, payload });
        }
        let mut events = Events::default();
        // The other end has two of the four, and will not have said all that it has to say before.
        let until = Position::new(Epoch::from_bits(2), 5);
        for ends in 0..4 {
            while outbound.write_next().is_some() {}
            outbound.handle_too_large();
            outbound.handle_detached();
            outbound.resume_after(2, until);
            outbound.give_up_too_large(2, &mut events);
            assert_eq!(events.is_empty(), ends < 2, "{ends}");
        }
        let Some(Unlent::Outcome(command, End::Rejected(code, None))) = events.take_next() else {
            panic!("nothing was given up");
        };
        assert_eq!((command, code.as_str()), (CommandId::from_u64(2), TOO_LARGE));
        assert!(events.is_empty());
        assert_eq!((outbound.window().len(), outbound.bytes), (4, 1 + 2 + 4));
        let (at, payload) = outbound.write_next().unwrap();
        let mut text = String::new();
        payload.write(crate::envelope::v1::Channel(0), at, None, &mut text);
        assert_eq!(
            text,
            r#"{"type":"cancel","at":["0000000000000001",3],"scope":"stream","stream":"0000000000000001-3"}"#
        );
    }
}
