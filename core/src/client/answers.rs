//! Inbound messages of a client, and the events that follow: each is an answer, a piece of one, an
//! `error`, the welcome, or a push.

use std::borrow::Cow;
use std::sync::Arc;

use super::Client;
use super::asks::{Answered, Growing, InOrder, Unanswered};
use super::event::{AskId, Event};
use super::growth::{self, Added, Growth};
use super::server::Server;
use crate::dedup::{Duplicate, Verdict};
use crate::envelope::message::Message;
use crate::envelope::{Envelope, EnvelopeError, ErrorCode, Id, Kind, Scan, Text, write};
use crate::frame::Item;
use crate::limits::Sizes;
use crate::link::{Cause, Class, ClientLinkEvent, ClientLinkUnlent, RENEWAL, State};
use crate::metrics::Direction;
use crate::registry::AskOutcome;
use crate::time::Wall;

/// The name under which the client knows itself in the window of pushes it has seen.
const SERVER: &str = "server";

/// An [`Event`] that borrows nothing yet: places in tables and buffers instead of references.
// Made and taken apart within one call: a box would cost more than the copy.
#[allow(clippy::large_enum_variant)]
#[derive(Debug)]
pub(super) enum Unlent {
    Link(ClientLinkUnlent),
    Unreadable(Item, EnvelopeError),
    Expired(AskId),
    TurnedDown(AskId),
    Unknown(AskId),
    Unsent(AskId),
    Message(Item, Scan, Meaning),
}

/// The class of a message, by its type alone.
#[derive(Clone, Copy, Debug)]
enum Sort {
    Ping,
    Pong,
    Welcome,
    Answer { failed: bool },
    Piece,
    News,
}

/// A message, correlated with its request where it answers one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    Welcome,
    Piece(AskId, Added),
    Answer(AskId, growth::Told),
    /// The end of an answer whose text came in pieces, all of which the host has.
    Whole(AskId),
    Rejection(AskId),
    /// The end of an answer whose text came in pieces, not all of which were kept.
    Incomplete(AskId),
    Late(Option<AskId>),
    LatePiece(AskId),
    News,
    OldNews,
}

impl Client {
    /// Works through ended requests and inbound messages until one gives an event.
    pub(super) fn next_event(&mut self) -> Option<Unlent> {
        if let Some(told) = self.give_up() {
            return Some(told);
        }
        self.keep_step();
        loop {
            let Some(event) = self.link.poll_unlent() else {
                self.link.take_pings().add_to(&mut self.tally.metrics);
                return None;
            };
            match event {
                ClientLinkUnlent::Text(item) => {
                    if let Some(told) = self.read(item) {
                        return Some(told);
                    }
                }
                ClientLinkUnlent::Note
                | ClientLinkUnlent::Binary(_)
                | ClientLinkUnlent::Overflowed(_) => return Some(Unlent::Link(event)),
            }
        }
    }

    /// Ends the next ask that waits in vain.
    fn give_up(&mut self) -> Option<Unlent> {
        while let Some(ask) = self.asks.expire(self.now.mono, !self.server.correlates) {
            self.tally.metrics.asks.increment(AskOutcome::Expired);
            if !ask.forgotten {
                return Some(Unlent::Expired(ask.id));
            }
        }
        if let Some((ask, error)) = self.turned_down.pop_front() {
            self.tally.metrics.asks.increment(AskOutcome::Rejected);
            self.text = error;
            return Some(Unlent::TurnedDown(ask));
        }
        while self.stopped
            && let Some(ask) = self.asks.give_up()
        {
            if let Some(told) = self.gave_up(ask) {
                return Some(told);
            }
        }
        while self.server.unsure {
            match self.asks.give_up_unsure() {
                Some(ask) => {
                    if let Some(told) = self.gave_up(ask) {
                        return Some(told);
                    }
                }
                None => {
                    self.server.unsure = false;
                    self.flush();
                }
            }
        }
        None
    }

    fn gave_up(&mut self, ask: Unanswered) -> Option<Unlent> {
        let outcome = if ask.sent { AskOutcome::Unknown } else { AskOutcome::Unsent };
        self.tally.metrics.asks.increment(outcome);
        let told = if ask.sent { Unlent::Unknown(ask.id) } else { Unlent::Unsent(ask.id) };
        (!ask.forgotten).then_some(told)
    }

    /// The event for the host, which borrows from the buffer of the link.
    pub(super) fn lend(&mut self, told: Unlent) -> Option<Event<'_>> {
        Some(match told {
            Unlent::Link(unlent) => {
                let event = self.link.lend(unlent)?;
                self.tally.link_told(self.now.mono, &event);
                match event {
                    ClientLinkEvent::StateChanged { from: State::Open, .. } => {
                        self.asks.link_lost();
                        self.server = Server::default();
                    }
                    // The host's own wish is no reason to give anything up.
                    ClientLinkEvent::Stopped { cause, .. } if *cause != Cause::Host => {
                        self.stopped = true;
                    }
                    _ => {}
                }
                if let ClientLinkEvent::Closed(closed) = event
                    && closed.class == Class::TooBig
                    && let Some(ask) =
                        self.asks.end_too_large(!matches!(closed.cause, Cause::Frame(_)))
                {
                    let why = "a message that was too large ended the link";
                    let code = ErrorCode::MessageTooLarge;
                    let error = rejection(&self.prefix, self.now.wall, ask, &code, why);
                    self.turned_down.push_back((ask, error));
                }
                Event::Link(event)
            }
            Unlent::Unreadable(item, error) => {
                Event::Unreadable { error, text: self.link.text(item).ok()? }
            }
            Unlent::Expired(ask) => Event::Expired { ask },
            Unlent::Unknown(ask) => Event::Unknown { ask },
            Unlent::Unsent(ask) => Event::Unsent { ask },
            Unlent::TurnedDown(ask) => {
                let envelope = Envelope::parse(&self.text, Envelope::DEPTH).ok()?;
                let Message::Error(error) = envelope.message() else { return None };
                Event::Rejected {
                    ask,
                    code: error.error_code,
                    message: said(&envelope),
                    retry_after: None,
                    envelope: Some(envelope),
                }
            }
            Unlent::Message(item, scan, meaning) => {
                let envelope = Envelope::from_scan(self.link.text(item).ok()?, scan);
                match meaning {
                    Meaning::Welcome => Event::Welcomed {
                        envelope,
                        correlates: self.server.correlates,
                        repeats: self.server.repeats,
                    },
                    Meaning::Piece(ask, Added { restart, at }) => {
                        let text = Cow::Borrowed(self.asks.told_since(ask, at));
                        Event::Piece { ask, text, restart, envelope }
                    }
                    Meaning::Answer(ask, told) => {
                        let (told, restart) = match told {
                            growth::Told::Beginning(told) => (told, false),
                            growth::Told::Other => (0, true),
                        };
                        Event::Answer { ask, text: said(&envelope), told, restart, envelope }
                    }
                    Meaning::Whole(ask) => {
                        let text = Cow::Borrowed(self.whole.as_str());
                        Event::Answer { ask, told: text.len(), text, restart: false, envelope }
                    }
                    Meaning::Rejection(ask) => {
                        let Message::Error(error) = envelope.message() else { return None };
                        Event::Rejected {
                            ask,
                            retry_after: error.retry_after(),
                            code: error.error_code,
                            message: said(&envelope),
                            envelope: Some(envelope),
                        }
                    }
                    Meaning::Incomplete(ask) => Event::Rejected {
                        ask,
                        code: Some(ErrorCode::MessageTooLarge),
                        message: "the answer came in more pieces than are kept, and not as a whole"
                            .into(),
                        retry_after: None,
                        envelope: Some(envelope),
                    },
                    Meaning::Late(ask) => Event::Late { ask, envelope },
                    Meaning::LatePiece(ask) => Event::Late { ask: Some(ask), envelope },
                    Meaning::News => Event::Message { envelope },
                    Meaning::OldNews => Event::Repeated { envelope },
                }
            }
        })
    }

    /// Sends what has not gone over this link yet, as far as the link takes it.
    pub(super) fn flush(&mut self) {
        // A server that goes away would not answer any more.
        if !self.server.welcomed || self.server.unsure || self.link.is_leaving() {
            return;
        }
        while let Some((ask, text, taken)) = self.asks.next_to_send() {
            let (bytes, limit) = (text.len(), self.server.largest(&self.config));
            let refused = if taken {
                None
            } else if bytes > limit {
                let why =
                    format!("a question of {bytes} bytes is over the server's limit of {limit}");
                Some((ErrorCode::MessageTooLarge, why))
            } else {
                let refusal = self.server.takes_text(text).err();
                refusal.map(|refusal| (ErrorCode::from(refusal.code.as_str()), refusal.to_string()))
            };
            if let Some((code, why)) = refused {
                if self.asks.answer(ask).is_some() {
                    self.turn_down(ask, &code, &why);
                }
                continue;
            }
            if self.link.send_shared(self.now, Arc::clone(text).into()).is_err() {
                return;
            }
            self.asks.sent(ask);
            self.tally.metrics.messages.increment(Kind::Chat, Direction::Outbound);
        }
    }

    /// Tells of an ask that has ended here, as the server would: with an `error` that says why.
    fn turn_down(&mut self, ask: AskId, code: &ErrorCode<'_>, message: &str) {
        let error = rejection(&self.prefix, self.now.wall, ask, code, message);
        self.turned_down.push_back((ask, error));
    }

    /// An unreadable message. If it is the answer to a question, that ends as rejected; a piece of
    /// an answer ends nothing.
    fn unreadable(&mut self, item: Item, error: EnvelopeError) -> Option<Unlent> {
        let head = Envelope::before_fault(self.link.text(item).ok()?);
        let ended =
            head.filter(|head| !head.kind().is_piece()).and_then(|head| match head.reply_to() {
                Some(named) => {
                    let ask = own(&named, &self.prefix, self.next)?;
                    self.asks.answer(ask).map(|answered| answered.id)
                }
                None if self.server.correlates || !head.kind().is_answer() => None,
                None => match self.asks.answer_in_order() {
                    InOrder::Answered(answered) => Some(answered.id),
                    InOrder::Late(_) | InOrder::Nobody => None,
                },
            });
        if let Some(ask) = ended {
            self.turn_down(ask, &error.code(), &format!("the answer cannot be read: {error}"));
        }
        Some(Unlent::Unreadable(item, error))
    }

    /// A server that answers in order but owes more answers than the table holds is out of step:
    /// a new link starts from nothing.
    fn keep_step(&mut self) {
        if self.asks.is_stuck() {
            self.link.disconnect(self.now);
            self.link.connect(self.now);
        }
    }

    /// A text has come.
    fn read(&mut self, item: Item) -> Option<Unlent> {
        // If it is not UTF-8 the link's next step says so.
        let text = self.link.text(item).ok()?;
        let metrics = &mut self.tally.metrics;
        metrics.message_bytes.record(text.len());
        let envelope = match Envelope::parse(text, self.config.depth) {
            Ok(envelope) => envelope,
            Err(error) => return self.unreadable(item, error),
        };
        let scan = envelope.scan();
        metrics.messages.increment(envelope.kind(), Direction::Inbound);
        let sort = match envelope.kind() {
            Kind::Ping => Sort::Ping,
            Kind::Pong => Sort::Pong,
            Kind::Connection if !self.server.welcomed => Sort::Welcome,
            Kind::Error => Sort::Answer { failed: true },
            kind if kind.is_answer() => Sort::Answer { failed: false },
            kind if kind.is_piece() => Sort::Piece,
            _ => Sort::News,
        };
        let meaning = match sort {
            Sort::Ping => {
                self.text.clear();
                write::pong_to(&mut self.text, &envelope);
                metrics.pings.increment(Direction::Inbound);
                // A full outbox shows life enough.
                if self.link.send_text(self.now, &self.text).is_ok() {
                    metrics.pongs.increment(Direction::Outbound);
                    metrics.messages.increment(Kind::Pong, Direction::Outbound);
                }
                return None;
            }
            Sort::Pong => {
                metrics.pongs.increment(Direction::Inbound);
                if let Some(time) = self.link.ponged(self.now) {
                    metrics.round_trip.record(time);
                }
                return None;
            }
            Sort::Welcome => {
                let mut epoch = None;
                if let Message::Connection(welcome) = envelope.message() {
                    self.server.correlates = welcome.has_feature("reply_to");
                    self.server.repeats = welcome.has_feature("repeat");
                    self.server.max_message = welcome.max_message();
                    let limits = welcome.limits.map(Sizes::from_stated);
                    self.server.limits = limits.map(Box::new);
                    epoch = welcome.epoch.map(|epoch| epoch.as_json());
                }
                let forgetful = epoch != self.epoch.as_deref();
                self.epoch = epoch.map(Box::from);
                self.server.welcomed = true;
                self.server.unsure = forgetful || !self.server.repeats;
                self.link.welcomed(self.now);
                self.tally.welcomed(self.now.mono);
                self.flush();
                Meaning::Welcome
            }
            Sort::Answer { failed } => self.answer(failed, item, scan)?,
            Sort::Piece => self.piece(item, scan)?,
            Sort::News => self.news(item, scan)?,
        };
        self.count(meaning);
        Some(Unlent::Message(item, scan, meaning))
    }

    fn count(&mut self, meaning: Meaning) {
        let metrics = &mut self.tally.metrics;
        match meaning {
            Meaning::Answer(..) | Meaning::Whole(_) => metrics.asks.increment(AskOutcome::Answered),
            Meaning::Rejection(_) | Meaning::Incomplete(_) => {
                metrics.asks.increment(AskOutcome::Rejected);
            }
            Meaning::Late(_) => metrics.asks.increment(AskOutcome::Late),
            Meaning::OldNews => metrics.duplicates.increment(Duplicate::Repeated),
            // Asks are counted by how they end.
            Meaning::Welcome | Meaning::Piece(..) | Meaning::LatePiece(_) | Meaning::News => {}
        }
    }

    /// Correlates an answer or an `error` with its request, by `reply_to` or by order, and ends it.
    fn answer(&mut self, failed: bool, item: Item, scan: Scan) -> Option<Meaning> {
        let envelope = Envelope::from_scan(self.link.text(item).ok()?, scan);
        let named = envelope.reply_to();
        if failed && named.as_ref().is_some_and(|named| named.as_str() == RENEWAL) {
            return self.renewal_refused(item, scan);
        }
        let named = named.map(|named| own(&named, &self.prefix, self.next));
        if failed {
            self.heed(item, scan);
        }
        let answered = match named {
            Some(Some(ask)) => self.asks.answer(ask).ok_or(Meaning::Late(Some(ask))),
            // It answers what the host sent by itself.
            Some(None) => Err(Meaning::News),
            None if self.server.correlates && failed => Err(Meaning::News),
            None if self.server.correlates => Err(Meaning::Late(None)),
            None => match self.asks.answer_in_order() {
                InOrder::Answered(answered) => Ok(answered),
                InOrder::Late(ask) => Err(Meaning::Late(Some(ask))),
                InOrder::Nobody if failed => Err(Meaning::News),
                InOrder::Nobody => Err(Meaning::Late(None)),
            },
        };
        Some(match answered {
            Ok(answered) => {
                self.tally.replied(self.now.mono, answered.asked);
                if failed {
                    Meaning::Rejection(answered.id)
                } else {
                    self.whole(answered, item, scan)?
                }
            }
            Err(meaning) => meaning,
        })
    }

    /// A whole answer: how much of it the host has already, from its pieces.
    fn whole(&mut self, answered: Answered, item: Item, scan: Scan) -> Option<Meaning> {
        let Answered { id, growth, .. } = answered;
        if growth == Growth::default() {
            return Some(Meaning::Answer(id, growth::Told::Beginning(0)));
        }
        let text = said(&Envelope::from_scan(self.link.text(item).ok()?, scan));
        if !text.is_empty() {
            return Some(Meaning::Answer(id, growth.of(&text)));
        }
        Some(match growth.into_whole() {
            Some(whole) if !whole.is_empty() => {
                self.whole = whole;
                Meaning::Whole(id)
            }
            Some(_) => Meaning::Answer(id, growth::Told::Other),
            None => Meaning::Incomplete(id),
        })
    }

    /// Finds the request that a piece of an answer belongs to.
    fn piece(&mut self, item: Item, scan: Scan) -> Option<Meaning> {
        let envelope = Envelope::from_scan(self.link.text(item).ok()?, scan);
        let (text, begins) = (piece(&envelope), envelope.kind() == Kind::ChatResponseStart);
        let growing = match envelope.reply_to().map(|named| own(&named, &self.prefix, self.next)) {
            Some(Some(ask)) => self.asks.grow(self.now.mono, ask, &text, begins),
            // It belongs to what the host sent by itself.
            Some(None) => Growing::Nobody,
            // Where everything is named, it belongs to nothing.
            None if self.server.correlates => Growing::Nobody,
            None => self.asks.grow_in_order(self.now.mono, &text, begins),
        };
        match growing {
            Growing::Waiting(ask, added) => Some(Meaning::Piece(ask, added)),
            Growing::Full => None,
            Growing::Ended(ask) => Some(Meaning::LatePiece(ask)),
            Growing::Nobody => self.news(item, scan),
        }
    }

    /// Notes the `retry_after` of an `error` about a rate: if the link is closed next, the client
    /// waits that long.
    fn heed(&mut self, item: Item, scan: Scan) {
        let Ok(text) = self.link.text(item) else { return };
        let Message::Error(error) = Envelope::from_scan(text, scan).message() else { return };
        let limited = matches!(error.error_code, None | Some(ErrorCode::RateLimitExceeded));
        if let Some(after) = error.retry_after().filter(|_| limited) {
            self.link.retry_after(self.now, after);
        }
    }

    /// The token that the link sent was not taken.
    fn renewal_refused(&mut self, item: Item, scan: Scan) -> Option<Meaning> {
        let envelope = Envelope::from_scan(self.link.text(item).ok()?, scan);
        if let Message::Error(error) = envelope.message()
            && let Some(after) = error.retry_after()
        {
            self.link.renewal_refused(self.now, after);
        }
        Some(Meaning::News)
    }

    /// A push: recognises one whose id has come before, and heeds `going_away`.
    fn news(&mut self, item: Item, scan: Scan) -> Option<Meaning> {
        let envelope = Envelope::from_scan(self.link.text(item).ok()?, scan);
        let away = match envelope.kind() {
            Kind::GoingAway => match envelope.message() {
                Message::GoingAway(away) => Some(away.retry_after()),
                _ => Some(None),
            },
            _ => None,
        };
        let id = envelope.id().map(|id| self.seen.keyer().of_id(SERVER, &id.to_json()));
        if let Some(after) = away {
            self.link.going_away(self.now, after);
        }
        if let Some(key) = id
            && let Verdict::Duplicate { .. } = self.seen.check(self.now.mono, key)
        {
            return Some(Meaning::OldNews);
        }
        Some(Meaning::News)
    }
}

/// An `error` as a server would have it, for an ask that ends here.
fn rejection(prefix: &str, now: Wall, ask: AskId, code: &ErrorCode<'_>, message: &str) -> String {
    let id = Id::from(format!("{prefix}{}", ask.as_u64()));
    let failure = write::Failure { code, message, retry_after: None, reply_to: Some(&id) };
    let mut error = String::new();
    write::error(&mut error, now, &failure);
    error
}

/// The ask whose id this is, if it is of a client with this prefix that has asked `next` times.
fn own(id: &Id<'_>, prefix: &str, next: u64) -> Option<AskId> {
    let number = id.as_str().strip_prefix(prefix)?.parse().ok()?;
    (number < next).then_some(AskId(number))
}

/// What an envelope says.
fn said<'a>(envelope: &Envelope<'a>) -> Cow<'a, str> {
    envelope.text().map_or(Cow::Borrowed(""), Text::into_cow)
}

/// The text that a piece adds to its answer: none for a `chat_response_start`, whose text is not part
/// of the answer.
fn piece<'a>(envelope: &Envelope<'a>) -> Text<'a> {
    let begins = envelope.kind() == Kind::ChatResponseStart;
    envelope.text().filter(|_| !begins).unwrap_or_default()
}
