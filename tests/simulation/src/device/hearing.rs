//! What a device's host is told, and how that is compared with what must be.

use std::collections::BTreeMap;
use std::sync::Arc;

use pamlink::delivery::stream::StreamKey;
use pamlink::delivery::{ClientEvent, Event, FollowAnswer, Outcome, StreamEvent};
use pamlink::envelope::v1::{CancelOutcome, Code, How, Name, StreamResult};

use super::Device;
use crate::body;
use crate::defect::Defect;
use crate::oracle::{Fate, Kind, Oracle, Text, Witness};

/// The codes that say that one end has done what it must not.
const FAULTS: [&str; 6] =
    ["malformed", "wrong_role", "not_open", "out_of_order", "ahead", "too_many"];

/// Of so many items from the server a device's host takes all but one.
const NOT_TAKEN: usize = 7;

/// The host takes all events.
pub(super) fn take_events(device: &mut Device, witness: &mut Witness) {
    let (millis, place) = (witness.millis, device.place);
    let Device { session, texts, commands, breaks, unknown, owner, .. } = device;
    let mut rejected = Vec::new();
    while let Some(event) = session.poll_event() {
        witness.trace.line(millis, || format!("device {place} hears {event:?}"));
        match event {
            ClientEvent::Session(Event::Item { at, body, .. }) => {
                let number = body::number(body.as_json());
                let is_taken = !number.is_multiple_of(NOT_TAKEN);
                let heard = witness.ledger.heard(number, (0, 0), is_taken);
                witness.judge(Oracle::Order, heard, || format!("item {number}"));
                rejected.extend((!is_taken).then_some(at));
            }
            ClientEvent::Session(Event::Outcome { command, outcome }) => {
                if let Some(number) = commands.get(&command.as_u64()) {
                    take_outcome(*number, &outcome, unknown, witness);
                }
            }
            ClientEvent::Session(Event::CancelResult { command, results }) => {
                for result in results {
                    judge_cancel(owner, result, witness);
                }
                if let Some(number) = commands.get(&command.as_u64()) {
                    settle(*number, Fate::Answered, witness);
                }
            }
            ClientEvent::Session(Event::Ended(_)) => *breaks += 1,
            ClientEvent::Session(Event::Gap { reason, .. }) => {
                *breaks += 1;
                witness.check(Oracle::Gap, false, || format!("a gap in a session: {reason}"));
            }
            ClientEvent::Session(Event::Fault(fault)) => {
                let is_garbled = device.is_garbled;
                witness.check(Oracle::Fault, is_garbled, || {
                    format!("device {place} finds {fault} in the server")
                });
            }
            ClientEvent::Session(Event::Closed { code, .. }) => {
                witness.counts.see(&format!("closed: {code}"));
                let is_refused = code.as_str() == "too_many" && witness.refused > 0;
                witness.refused -= u32::from(is_refused);
                let is_fault = FAULTS.contains(&code.as_str());
                let is_fault = is_fault && !is_refused && !device.is_garbled;
                witness.check(Oracle::Fault, !is_fault, || {
                    format!("the server finds {code} in device {place}")
                });
                device.closed = Some(code.as_str() == "malformed");
            }
            ClientEvent::Session(Event::Opened { answer }) => {
                witness.counts.see(&format!("opened: {}", answer.as_str()));
            }
            ClientEvent::Session(_) => {}
            ClientEvent::Stream(event) => read(owner, texts, &event, witness),
        }
    }
    for at in rejected {
        let Some(code) = Code::new("busy") else { continue };
        match device.session.reject(device.now(millis), at, code, None) {
            Ok(command) => {
                let number = witness.ledger.sent(device.sender(), Kind::Reject, device.breaks);
                device.commands.insert(command.as_u64(), number);
            }
            // Its session has ended meanwhile.
            Err(_) => witness.counts.see("a reject that is not taken"),
        }
    }
    let Device { breaks, unknown, .. } = device;
    for number in unknown.drain(..) {
        let is_explained = witness.ledger.is_explained(number, *breaks);
        witness.check(Oracle::Loss, is_explained, || {
            format!("item {number} is unknown though its session goes on")
        });
    }
}

fn take_outcome(
    number: usize,
    outcome: &Outcome<'_>,
    unknown: &mut Vec<usize>,
    witness: &mut Witness,
) {
    let mut fate = match outcome {
        Outcome::Acknowledged => Fate::Acknowledged,
        Outcome::Rejected { code, .. } => {
            witness.counts.see(&format!("rejected: {code}"));
            Fate::Rejected
        }
        Outcome::Expired(expiry) => {
            witness.counts.see(&format!("expired: {expiry:?}"));
            Fate::Expired
        }
        _ => Fate::Unknown,
    };
    if fate == Fate::Acknowledged && witness.planted.strikes(Defect::CallsItUnknown) {
        fate = Fate::Unknown;
    }
    if fate == Fate::Unknown {
        unknown.push(number);
    }
    if witness.planted.strikes(Defect::LosesOutcomes) {
        return;
    }
    if witness.planted.strikes(Defect::DoublesOutcomes) {
        settle(number, fate, witness);
    }
    settle(number, fate, witness);
}

fn settle(number: usize, fate: Fate, witness: &mut Witness) {
    witness.counts.see(&format!("outcome: {fate:?}"));
    let settled = witness.ledger.settle(number, fate);
    let oracle = match fate {
        Fate::Acknowledged => Oracle::Effect,
        Fate::Rejected | Fate::Expired => Oracle::NoEffect,
        Fate::Unknown | Fate::Answered => Oracle::Outcome,
    };
    witness.judge(oracle, settled, || format!("command {number}"));
}

/// What a cancel has come to is compared with what has become of the stream.
fn judge_cancel(owner: &Arc<str>, result: &StreamResult<'_>, witness: &mut Witness) {
    witness.counts.see(&format!("cancel: {}", result.outcome.as_str()));
    let key = StreamKey::new(Arc::clone(owner), &result.stream);
    let place = witness.truth.place(&key);
    let lives = place.map_or(&[][..], |place| &witness.truth.get(place).lives);
    let ends = |how: &How<'_>| {
        lives.iter().filter_map(|life| life.end.as_ref()).any(|ended| {
            ended.end.how == *how && result.offset.is_none_or(|offset| offset == ended.offset)
        })
    };
    let holds = match &result.outcome {
        CancelOutcome::Cancelled => ends(&How::Cancelled),
        CancelOutcome::Ended => result.how.as_ref().is_some_and(ends),
        CancelOutcome::Refused => result.code.is_some(),
        _ => true,
    };
    let what = if holds { String::new() } else { format!("{result:?}, but {lives:?}") };
    witness.check(Oracle::Cancel, holds, || what);
}

/// A reader's host does what it is told.
fn read(
    owner: &Arc<str>,
    texts: &mut BTreeMap<usize, Text>,
    event: &StreamEvent<'_>,
    witness: &mut Witness,
) {
    let (StreamEvent::Following { stream: name, .. }
    | StreamEvent::Text { stream: name, .. }
    | StreamEvent::CaughtUp { stream: name, .. }
    | StreamEvent::Ended { stream: name, .. }) = event
    else {
        return;
    };
    let place = Name::new(*name)
        .and_then(|name| witness.truth.place(&StreamKey::new(Arc::clone(owner), &name)));
    let Some(place) = place else {
        return witness.check(Oracle::Text, false, || format!("stream {name} that nobody named"));
    };
    let text = texts.entry(place).or_default();
    let stream = witness.truth.get(place);
    let (oracle, found) = match event {
        StreamEvent::Following { answer, stays, offset, .. } => {
            witness.counts.see(word(answer));
            if let FollowAnswer::Gap { reason, .. } = answer {
                let reason = reason.as_ref().map_or("", |reason| reason.as_str());
                let has_cause = match reason {
                    "foreign_epoch" => stream.lives.iter().any(|life| life.is_gone),
                    "evicted" => witness.truth.may_give_up(stream),
                    _ => false,
                };
                let lives = format!("{:?}", stream.lives);
                witness.check(Oracle::Gap, has_cause, || format!("{name}: {reason:?} {lives}"));
            } else {
                witness.check(Oracle::Gap, true, String::new);
            }
            if matches!(answer, FollowAnswer::Unknown) {
                text.stop();
                return;
            }
            (Oracle::Text, text.jump(*stays, *offset))
        }
        StreamEvent::Text { offset, text: added, .. } => {
            if witness.planted.strikes(Defect::LosesText) {
                return;
            }
            let changed =
                witness.planted.strikes(Defect::ChangesText).then(|| "?".repeat(added.len()));
            let stream = witness.truth.get(place);
            (Oracle::Text, text.put(*offset, changed.as_deref().unwrap_or(added), stream))
        }
        StreamEvent::CaughtUp { offset, .. } => {
            let holds = text.len() == *offset;
            let what =
                format!("{name} is caught up at {offset}, and the reader has {}", text.len());
            return witness.check(Oracle::Text, holds, || what);
        }
        StreamEvent::Ended { offset, how, code, body, .. } => {
            let how = if witness.planted.strikes(Defect::EndsOtherwise) {
                How::TimedOut
            } else {
                how.clone()
            };
            witness.counts.see(&format!("ended: {}", how.as_str()));
            let body = body.as_ref().map(|body| body.as_json());
            let stream = witness.truth.get(place);
            let says = |end: &pamlink::delivery::stream::End| {
                end.how == how && end.code == *code && end.body.as_deref() == body
            };
            let mut found = text.end(stream, says, *offset);
            if found.is_ok() && witness.planted.strikes(Defect::EndsTwice) {
                let stream = witness.truth.get(place);
                found = text.end(stream, says, *offset);
            }
            (Oracle::End, found)
        }
        _ => return,
    };
    witness.judge(oracle, found, || format!("stream {name}: {event:?}"));
}

const fn word(answer: &FollowAnswer<'_>) -> &'static str {
    match answer {
        FollowAnswer::Resumed => "following: resumed",
        FollowAnswer::Pending => "following: pending",
        FollowAnswer::Ended(_) => "following: ended",
        FollowAnswer::Gap { .. } => "following: gap",
        FollowAnswer::Unknown => "following: unknown",
        _ => "following: another answer",
    }
}
