//! Defects that are planted between the machines, to see that the checker finds them.

use std::sync::Arc;

use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{self, Message};

use super::State;
use super::end::{End, Fate};

/// A mistake of whoever wires the machines together, or a rule of theirs undone on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the tests name each")]
pub enum Defect {
    /// No `ack` arrives, so what was sent has no outcome.
    LosesAcks,
    /// A host takes the end of a link for the end of what it has sent, which then has two outcomes.
    GivesUpAtCut,
    /// A host sends again what was not acknowledged when a link has ended: it takes effect twice.
    SendsAgain,
    /// A link hands on the second of two envelopes first, under the number of the first.
    Reorders,
    /// The epoch of a position is taken for the reader's own (V-2.2): what took effect before a
    /// server lost its memory takes effect again.
    AcceptsForeignEpoch,
    /// Somebody between the ends acknowledges an item that they lose.
    AcknowledgesUnheard,
    /// An `opened` counts at once, whatever was sent before it (V-3.6).
    IgnoresSent,
    /// What comes over a link that was left is still handed on (V-5.8).
    HandsOnTheOld,
    /// A host that does not go back with its session to a snapshot, which it should.
    KeepsItsHost,
    /// Of a cancel the link brings no result, but something else under its number.
    SwallowsResults,
    /// A host takes the end of a link for the end of a cancel, whose result still comes.
    GivesCancelsUp,
    /// A host takes what has waited long for expired, though it has a number (V-4.3).
    ExpiresNumbered,
}

impl Defect {
    /// What becomes of an envelope on its way to the client; nothing if it is lost.
    pub(super) fn to_client(self, text: Arc<str>, client: &End) -> Option<Arc<str>> {
        if self == Self::SwallowsResults
            && let Some(other) = swallowed(&text)
        {
            return Some(other);
        }
        rewritten(text, |message| {
            match (self, message) {
                (Self::LosesAcks, Message::Ack(_)) => return false,
                (Self::IgnoresSent, Message::Opened(opened)) => opened.sent.sequence = 0,
                (Self::AcceptsForeignEpoch, Message::Opened(opened)) => {
                    opened.received.epoch = client.session.clone().positions().sent.epoch;
                }
                _ => {}
            }
            true
        })
    }

    /// The same on its way to the server.
    pub(super) fn to_server(self, text: Arc<str>, state: &mut State) -> Option<Arc<str>> {
        let positions = state.server.session.clone().positions();
        rewritten(text, |message| {
            match (self, message) {
                (Self::AcceptsForeignEpoch, Message::Item(item)) => {
                    item.at.epoch = positions.received.epoch;
                }
                (Self::AcknowledgesUnheard, Message::Item(item)) => {
                    let (at, sent) = (item.at, positions.sent);
                    let ack = format!(
                        r#"{{"type":"ack","received":["{}",{}],"sent":["{}",{}]}}"#,
                        at.epoch, at.sequence, sent.epoch, sent.sequence,
                    );
                    state.link.to_client.push_back(ack.into());
                    return false;
                }
                _ => {}
            }
            true
        })
    }

    /// The link is gone, and a host draws its conclusions.
    pub(super) fn handle_cut(self, end: &mut End) -> Vec<u8> {
        let open = |end: &End| {
            let sent = end.host.sent.clone();
            sent.into_iter().filter(|(it, _)| end.fates(*it).next().is_none()).collect::<Vec<_>>()
        };
        match self {
            Self::GivesUpAtCut => {
                for (command, _) in open(end) {
                    end.settle(command, Fate::Unknown);
                }
                Vec::new()
            }
            Self::GivesCancelsUp => {
                for cancel in end.host.cancels.clone() {
                    end.settle(cancel, Fate::Unknown);
                }
                Vec::new()
            }
            Self::SendsAgain => open(end).into_iter().map(|(_, item)| item).collect(),
            _ => Vec::new(),
        }
    }

    /// Time has passed, and a host draws its conclusions.
    pub(super) fn handle_time(self, end: &mut End) {
        if self == Self::ExpiresNumbered {
            for (command, _) in end.host.sent.clone() {
                if end.fates(command).next().is_none() {
                    end.settle(command, Fate::Expired);
                }
            }
        }
    }

    /// Two envelopes that stand one behind the other, in the order in which they arrive.
    pub(super) fn reordered(self, first: &str, second: &str) -> Option<(Arc<str>, Arc<str>)> {
        let (one, two) = (body(first)?, body(second)?);
        let swapped = |text: &str, from: &str, to: &str| text.replace(from, to).into();
        (self == Self::Reorders).then(|| (swapped(first, one, two), swapped(second, two, one)))
    }
}

/// An item that nobody has sent, under the number of the result of a cancel.
fn swallowed(text: &str) -> Option<Arc<str>> {
    let envelope = Envelope::parse(text, v1::DEPTH).ok()?;
    let Ok(Some((_, Message::CancelResult(result)))) = Message::read(&envelope) else {
        return None;
    };
    let at = result.at;
    Some(format!(r#"{{"type":"item","at":["{}",{}],"body":31}}"#, at.epoch, at.sequence).into())
}

/// An envelope that a defect has changed, unless it has lost it.
fn rewritten(text: Arc<str>, change: impl FnOnce(&mut Message<'_>) -> bool) -> Option<Arc<str>> {
    let Ok(envelope) = Envelope::parse(&text, v1::DEPTH) else { return Some(text) };
    let Ok(Some((channel, mut message))) = Message::read(&envelope) else { return Some(text) };
    let mut out = String::new();
    change(&mut message).then(|| {
        message.write(channel, &mut out);
        out.into()
    })
}

/// The last member of an item, with its name.
fn body(text: &str) -> Option<&str> {
    text.find("\"body\":").map(|at| &text[at..])
}
