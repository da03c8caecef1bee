//! The correlation of messages with requests, while the text of a message is borrowed.

use core::time::Duration;
use std::borrow::Cow;

use super::counters::Counters;
use super::event::RequestId;
use super::growth::{self, Growth};
use super::requests::{Answered, Growing, InOrder, Requests};
use super::unlent::Meaning;
use crate::dedup::{Duplicate, Verdict, Window};
use crate::envelope::message::{ErrorFrame, GoingAway};
use crate::envelope::{Envelope, ErrorCode, Id, Kind, Text};
use crate::link::{ClientLink, RENEWAL};
use crate::metric_families::RequestOutcome;
use crate::time::{Mono, Now};

/// The name under which the client knows itself in the window of pushes it has seen.
const SERVER: &str = "server";

/// What a message asks of the link, to be carried out when the message is lent no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Advice {
    /// Should the link end next because there was too much: not to come back before.
    RetryAfter(Duration),
    /// The token that the link sent was not taken: when to send it again.
    RenewalRefused(Duration),
    /// The server goes away, and may be back after this.
    GoingAway(Option<Duration>),
}

/// Finds the request that a message belongs to, and ends it if that is its answer. Knows the
/// requests and nothing of the link, from which the message is lent.
#[derive(Debug)]
pub(super) struct Correlation<'c> {
    pub(super) now: Mono,
    /// How the ids of this client's requests begin.
    pub(super) prefix: &'c str,
    /// The number of its next request.
    pub(super) next: u64,
    /// The server names the request in each reply.
    pub(super) correlates: bool,
    pub(super) requests: &'c mut Requests,
    pub(super) seen: &'c mut Window,
    /// Where an answer is put that the server left to its pieces.
    pub(super) whole: &'c mut String,
    pub(super) counters: &'c mut Counters,
    pub(super) advice: Option<Advice>,
}

impl Correlation<'_> {
    /// Correlates an answer or an `error` with its request, by `reply_to` or by order, and ends it.
    /// `failed`: it is an `error`.
    pub(super) fn answer(&mut self, envelope: &Envelope<'_>, failed: bool) -> Meaning {
        let named = envelope.reply_to();
        if failed {
            let renewal = named.as_ref().is_some_and(|named| named.as_str() == RENEWAL);
            self.advice = advice_of_error(envelope, renewal);
            if renewal {
                return Meaning::News;
            }
        }
        let answered = match named.map(|named| self.own(&named)) {
            Some(Some(request)) => {
                self.requests.answer(request).ok_or(Meaning::Late(Some(request)))
            }
            // It answers what the host sent by itself.
            Some(None) => Err(Meaning::News),
            None if self.correlates && failed => Err(Meaning::News),
            None if self.correlates => Err(Meaning::Late(None)),
            None => match self.requests.answer_in_order() {
                InOrder::Answered(answered) => Ok(answered),
                InOrder::Late(request) => Err(Meaning::Late(Some(request))),
                InOrder::Nobody if failed => Err(Meaning::News),
                InOrder::Nobody => Err(Meaning::Late(None)),
            },
        };
        answered.map_or_else(|meaning| meaning, |it| self.answered(it, envelope, failed))
    }

    /// Ends a request with what its stream has ended with. `failed`: it is an `error`.
    pub(super) fn end(
        &mut self,
        request: RequestId,
        envelope: &Envelope<'_>,
        failed: bool,
    ) -> Meaning {
        match self.requests.answer(request) {
            Some(answered) => self.answered(answered, envelope, failed),
            None => Meaning::Late(Some(request)),
        }
    }

    fn answered(&mut self, answered: Answered, envelope: &Envelope<'_>, failed: bool) -> Meaning {
        self.counters.replied(self.now, answered.asked);
        if failed { Meaning::Rejection(answered.id) } else { self.whole(answered, envelope) }
    }

    /// A whole answer: how much of it the host has already, from its pieces.
    fn whole(&mut self, answered: Answered, envelope: &Envelope<'_>) -> Meaning {
        let Answered { id, growth, .. } = answered;
        if growth == Growth::default() {
            return Meaning::Answer(id, growth::Given::Beginning(0));
        }
        let text = said(envelope);
        if !text.is_empty() {
            return Meaning::Answer(id, growth.of(&text));
        }
        match growth.into_whole() {
            Some(whole) if !whole.is_empty() => {
                *self.whole = whole;
                Meaning::Whole(id)
            }
            Some(_) => Meaning::Answer(id, growth::Given::Other),
            None => Meaning::Incomplete(id),
        }
    }

    /// Correlates a piece of an answer with its request. Nothing if no more of it can be kept.
    pub(super) fn piece(&mut self, envelope: &Envelope<'_>) -> Option<Meaning> {
        let begins = envelope.kind() == Kind::ChatResponseStart;
        // The start of an answer says something of its own, which is no part of it.
        let text = envelope.text().filter(|_| !begins).unwrap_or_default();
        let growing = match envelope.reply_to().map(|named| self.own(&named)) {
            Some(Some(request)) => self.requests.grow(self.now, request, &text, begins),
            // It belongs to what the host sent by itself.
            Some(None) => Growing::Nobody,
            // Where everything is named, it belongs to nothing.
            None if self.correlates => Growing::Nobody,
            None => self.requests.grow_in_order(self.now, &text, begins),
        };
        match growing {
            Growing::Waiting(request, added) => Some(Meaning::Piece(request, added)),
            Growing::Full => None,
            Growing::Ended(request) => Some(Meaning::LatePiece(request)),
            Growing::Nobody => Some(self.news(envelope)),
        }
    }

    /// A push: recognises one whose id has come before, and notes what `going_away` says.
    pub(super) fn news(&mut self, envelope: &Envelope<'_>) -> Meaning {
        if envelope.kind() == Kind::GoingAway {
            let away = envelope.read::<GoingAway>();
            self.advice = Some(Advice::GoingAway(away.and_then(|away| away.retry_after())));
        }
        let key = envelope.id().map(|id| self.seen.keyer().of_id(SERVER, &id.to_json()));
        match key.map(|key| self.seen.check(self.now, key)) {
            Some(Verdict::Duplicate { .. }) => Meaning::OldNews,
            _ => Meaning::News,
        }
    }

    /// Ends the request whose answer this unreadable message is, if it is one; a piece of an answer
    /// ends nothing.
    pub(super) fn unreadable(&mut self, text: &str) -> Option<RequestId> {
        let head = Envelope::before_fault(text).filter(|head| !head.kind().is_piece())?;
        match head.reply_to() {
            Some(named) => {
                let request = self.own(&named)?;
                self.requests.answer(request).map(|answered| answered.id)
            }
            None if self.correlates || !head.kind().is_answer() => None,
            None => match self.requests.answer_in_order() {
                InOrder::Answered(answered) => Some(answered.id),
                InOrder::Late(_) | InOrder::Nobody => None,
            },
        }
    }

    /// Counts what came of a message.
    pub(super) fn count(&mut self, meaning: Meaning) {
        let metrics = &mut self.counters.metrics;
        match meaning {
            Meaning::Answer(..) | Meaning::Whole(_) => {
                metrics.requests.increment(RequestOutcome::Answered);
            }
            Meaning::Rejection(_) | Meaning::Incomplete(_) => {
                metrics.requests.increment(RequestOutcome::Rejected);
            }
            Meaning::Late(_) => metrics.requests.increment(RequestOutcome::Late),
            Meaning::OldNews => metrics.duplicates.increment(Duplicate::Repeated),
            // A request is counted when it ends.
            Meaning::Welcome | Meaning::Piece(..) | Meaning::LatePiece(_) | Meaning::News => {}
        }
    }

    /// The request that this client has sent under this id.
    fn own(&self, id: &Id<'_>) -> Option<RequestId> {
        own(self.prefix, self.next, id.as_str())
    }
}

/// The request of this id, of a client whose ids begin so and whose next number is this.
pub(super) fn own(prefix: &str, next: u64, id: &str) -> Option<RequestId> {
    let number = id.strip_prefix(prefix)?.parse().ok()?;
    (number < next).then_some(RequestId(number))
}

impl Advice {
    /// Tells the link.
    pub(super) fn give(self, link: &mut ClientLink, now: Now) {
        match self {
            Self::RetryAfter(after) => link.retry_after(now, after),
            Self::RenewalRefused(after) => link.renewal_refused(now, after),
            Self::GoingAway(after) => link.going_away(now, after),
        }
    }
}

/// What an `error` asks of the link; `renewal`: it refuses the token that the link sent.
fn advice_of_error(envelope: &Envelope<'_>, renewal: bool) -> Option<Advice> {
    let error = envelope.read::<ErrorFrame>()?;
    let after = error.retry_after()?;
    if renewal {
        return Some(Advice::RenewalRefused(after));
    }
    let limited = matches!(error.error_code, None | Some(ErrorCode::RateLimitExceeded));
    limited.then_some(Advice::RetryAfter(after))
}

/// What an envelope says.
pub(super) fn said<'a>(envelope: &Envelope<'a>) -> Cow<'a, str> {
    envelope.text().map_or(Cow::Borrowed(""), Text::into_cow)
}
