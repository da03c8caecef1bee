//! What the server's host is told, and how that is compared with what must be.

use std::collections::BTreeMap;

use pamlink::delivery::stream::{Event as OfStream, Fence, StreamKey};
use pamlink::delivery::{Event, Fault, Outcome, SendOptions, SessionNumber, SessionsEvent};
use pamlink::envelope::v1::{Code, How, Position};
use pamlink::time::Now;

use super::producing::Producer;
use super::{Reply, Server};
use crate::action::Sending;
use crate::body;
use crate::defect::Defect;
use crate::oracle::{Fate, Kind, Oracle, Witness};
use crate::profile::Policy;
use crate::random::mixed;

impl Server {
    /// The host takes the next event, and does what follows before it takes another; whether there
    /// was one.
    pub(super) fn take_event(&mut self, now: Now, witness: &mut Witness) -> bool {
        let millis = witness.millis;
        let Some(event) = self.sessions.poll_event() else { return false };
        witness.trace.line(millis, || format!("server hears {event:?}"));
        let reply = match event {
            SessionsEvent::Session { session, user, event } => match event {
                Event::Item { at, stream, body, .. } => {
                    let number = body::number(body.as_json());
                    let place =
                        stream.and_then(|name| witness.truth.place(&StreamKey::new(user, &name)));
                    let drawn = mixed(self.seed, number as u64) % 100;
                    let policy = self.policy;
                    let (is_taken, reply) = match place {
                        None if drawn < 12 => (false, Some(Reply::Reject(session, at))),
                        None if drawn < 30 => (true, Some(Reply::Answer(session, at))),
                        None => (true, None),
                        Some(stream)
                            if is_refused(policy, drawn, stream, &self.producers, witness) =>
                        {
                            (false, Some(Reply::RejectStream(session, at, stream)))
                        }
                        Some(stream) if drawn < 85 => (true, Some(Reply::Begin(stream))),
                        // It is claimed later, or its lease lapses.
                        Some(_) => (true, None),
                    };
                    hear(number, (self.life, session.as_u64()), is_taken, witness);
                    reply
                }
                Event::Outcome { command, outcome } => {
                    if let Some(number) = self.commands.get(&(session, command.as_u64()))
                        && settle(*number, &outcome, witness) == Fate::Unknown
                    {
                        self.unknown.push((session, *number));
                    }
                    None
                }
                Event::Ended(ending) => {
                    witness.counts.see(&format!("session ended: {ending:?}"));
                    *self.breaks.entry(session).or_default() += 1;
                    None
                }
                Event::Gap { reason, .. } => {
                    let what = format!("a gap at the server: {reason}");
                    witness.check(Oracle::Gap, false, || what);
                    None
                }
                Event::Fault(fault) => {
                    let is_garbled = self.garbled > 0 && fault == Fault::Malformed;
                    self.garbled -= u32::from(is_garbled);
                    let what = format!("the server finds {fault} in a session of {user}");
                    witness.check(Oracle::Fault, is_garbled, || what);
                    None
                }
                Event::Closed { code, .. } => {
                    witness.counts.see(&format!("closed by a device: {code}"));
                    None
                }
                _ => None,
            },
            SessionsEvent::Stream(event) => hear_stream(event, &mut self.producers, witness),
            SessionsEvent::Refused { .. } => {
                witness.counts.see("a session that is refused");
                witness.refused += 1;
                None
            }
            SessionsEvent::Evicted { .. } => {
                witness.counts.see("a session that makes room");
                None
            }
            _ => None,
        };
        if let Some(reply) = reply {
            self.reply(now, reply, witness);
        }
        true
    }

    /// Looks for what explains the outcomes that are unknown, once all events are taken.
    pub(super) fn explain(&mut self, witness: &mut Witness) {
        for (session, number) in std::mem::take(&mut self.unknown) {
            let is_explained = witness.ledger.is_explained(number, self.broken(session));
            witness.check(Oracle::Loss, is_explained, || {
                format!("item {number} is unknown though its session goes on")
            });
        }
    }

    /// The host does what it has decided.
    fn reply(&mut self, now: Now, reply: Reply, witness: &mut Witness) {
        match reply {
            Reply::Reject(session, at) => self.reject(now, session, at, witness),
            Reply::RejectStream(session, at, stream) => {
                self.reject(now, session, at, witness);
                self.end_unclaimed(now, stream, witness);
            }
            Reply::Answer(session, at) => {
                let sending = Sending { bytes: 20, priority: 1, is_brief: false, has_key: false };
                let options = SendOptions { of: Some(at), ..SendOptions::default() };
                self.send(session, sending, options, witness);
            }
            Reply::Begin(stream) => self.begin(now, stream, witness),
            Reply::Ended(stream) => self.go_on_after(now, stream, witness),
        }
    }

    fn reject(&mut self, now: Now, session: SessionNumber, at: Position, witness: &mut Witness) {
        let Some(code) = Code::new("busy") else { return };
        match self.sessions.reject(now, session, at, code, None) {
            Ok(command) => {
                let sender = self.sender(session);
                let number = witness.ledger.sent(sender, Kind::Reject, self.broken(session));
                self.commands.insert((session, command.as_u64()), number);
            }
            // The session has ended meanwhile.
            Err(_) => witness.counts.see("a reject that is not taken"),
        }
    }
}

/// Whether the host does not take an item that asks for a stream.
fn is_refused(
    policy: Policy,
    drawn: u64,
    stream: usize,
    producers: &BTreeMap<usize, Producer>,
    witness: &Witness,
) -> bool {
    let user = |stream: usize| witness.truth.get(stream).user;
    let is_busy = || producers.keys().any(|other| user(*other) == user(stream));
    drawn < 6 || (policy == Policy::Reject && is_busy())
}

fn settle(number: usize, outcome: &Outcome<'_>, witness: &mut Witness) -> Fate {
    let fate = match outcome {
        Outcome::Acknowledged => Fate::Acknowledged,
        Outcome::Rejected { .. } => Fate::Rejected,
        Outcome::Expired(_) => Fate::Expired,
        _ => Fate::Unknown,
    };
    witness.counts.see(&format!("outcome at the server: {fate:?}"));
    let settled = witness.ledger.settle(number, fate);
    witness.judge(Oracle::Outcome, settled, || format!("command {number}"));
    fate
}

fn hear(number: usize, session: (u32, u64), is_taken: bool, witness: &mut Witness) {
    let heard = witness.ledger.heard(number, session, is_taken);
    witness.judge(Oracle::Order, heard, || format!("item {number}"));
    if is_taken && witness.planted.strikes(Defect::TakesEffectTwice) {
        witness.ledger.take_effect(number, 1);
    }
    if is_taken && witness.planted.strikes(Defect::ForgetsItems) {
        witness.ledger.take_effect(number, -1);
    }
    if !is_taken && witness.planted.strikes(Defect::DoesWhatItRejects) {
        witness.ledger.take_effect(number, 1);
    }
}

fn hear_stream(
    event: OfStream,
    producers: &mut BTreeMap<usize, Producer>,
    witness: &mut Witness,
) -> Option<Reply> {
    match event {
        OfStream::Claimed { key, generation, .. } => {
            if let Some(place) = witness.truth.place(&key) {
                producers.insert(place, Producer::new(generation));
            }
        }
        OfStream::Fenced { key, generation, why } => {
            witness.counts.see(match why {
                Fence::Claimed { .. } => "fenced: claimed",
                Fence::Ended(_) => "fenced: ended",
                Fence::Misplaced => "fenced: misplaced",
                Fence::Lost => "fenced: lost",
                _ => "fenced",
            });
            if let Some(place) = witness.truth.place(&key)
                && producers.get(&place).is_some_and(|it| it.generation() == generation)
            {
                producers.remove(&place);
            }
        }
        OfStream::Ended { key, ended } => {
            let how = ended.end.how.clone();
            witness.counts.see(&format!("stream: {}", how.as_str()));
            let place = witness.truth.place(&key)?;
            let life = witness.truth.get(place).life();
            let is_so = life.is_none_or(|life| life.end.as_ref() == Some(&ended));
            let what = format!("{key:?}: {ended:?}");
            witness.check(Oracle::Ended, is_so, || what);
            if let Some(producer) = producers.remove(&place)
                && producer.has_finished()
                && matches!(how, How::Done | How::Failed)
                && let Some(life) = witness.truth.get(place).life()
            {
                let generation = producer.generation().number();
                let taken = life.taken.get(&generation).map(|taken| taken.as_str());
                let is_whole = taken == Some(life.text.as_str());
                witness.check(Oracle::Taken, is_whole, || {
                    format!("{} ends without what was taken", key.name)
                });
            }
            return Some(Reply::Ended(place));
        }
        OfStream::NotClaimed { .. } => witness.counts.see("not claimed"),
        OfStream::Repeated { .. } => witness.counts.see("repeated"),
        OfStream::ReaderLapsed { .. } => witness.counts.see("a reader that lapses"),
        OfStream::Lost { .. } => witness.counts.see("a stream that is lost"),
        OfStream::Unavailable { .. } => witness.counts.see("a log that is unavailable"),
        OfStream::Room { .. } => witness.counts.see("room again"),
        _ => {}
    }
    None
}
