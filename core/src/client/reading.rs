//! Inbound messages of a client: each is an answer, a piece of one, an `error`, the welcome, or a
//! push.

use core::mem;

use super::Client;
use super::change::Beside;
use super::correlation::Correlation;
use super::lending::text;
use super::unlent::{Meaning, Source, Unlent};
use crate::envelope::v1::GoodbyeCode;
use crate::envelope::{Envelope, Kind, write};
use crate::frame::Item;
use crate::link::{ClientLinkUnlent, Said};
use crate::metrics::Direction;

impl Client {
    /// Works through ended requests and inbound messages until one gives an event.
    pub(super) fn next_event(&mut self) -> Option<Unlent> {
        if let Some(event) = self.due_event() {
            return Some(event);
        }
        loop {
            if let Some(event) = self.hear() {
                return Some(event);
            }
            let Some(event) = self.link.poll_unlent() else {
                match self.poll_second() {
                    Beside::Event(event) => return Some(event),
                    Beside::Again => continue,
                    Beside::Nothing => {}
                }
                if let Some(conversations) = &mut self.conversations {
                    conversations.expire(self.now);
                }
                // Of a request that nobody waits for, only the result of its cancel is told.
                if let Some(event) = self.hear().or_else(|| self.settled_cancels.pop_front()) {
                    return Some(event);
                }
                self.link.take_pings().add_to(&mut self.counters.metrics);
                let shortened = self.link.take_shortened().into();
                self.counters.metrics.heartbeats_shortened.add(shortened);
                return None;
            };
            match event {
                ClientLinkUnlent::Text(item) => {
                    if let Some(event) = self.read(item, "") {
                        return Some(event);
                    }
                }
                ClientLinkUnlent::Binary(_)
                    if self.link.speaks_v1() && !self.link.is_welcomed_v1() =>
                {
                    self.link.handle_said(self.now, Said::Wrong(GoodbyeCode::NotOpen));
                }
                ClientLinkUnlent::Note
                | ClientLinkUnlent::Binary(_)
                | ClientLinkUnlent::Overflowed(_) => return Some(Unlent::Link(event)),
            }
        }
    }

    /// The next event that comes before all that the link has brought.
    pub(super) fn due_event(&mut self) -> Option<Unlent> {
        if let Some(event) = self.hear().or_else(|| self.give_up()) {
            return Some(event);
        }
        self.keep_step();
        self.settle_stay();
        if mem::take(&mut self.has_ended_oversized) {
            self.link.forgive_oversized();
        }
        None
    }

    /// A server that answers in order but owes more answers than the table holds is out of step:
    /// a new link starts from nothing.
    fn keep_step(&mut self) {
        if self.requests.is_stuck() {
            self.link.disconnect(self.now);
            self.link.connect(self.now);
        }
    }

    /// A text has come: what it means is found while it is lent, and what follows is carried out.
    /// It is of the link's, or the one that the host has `lent`.
    pub(super) fn read(&mut self, item: Item, lent: &str) -> Option<Unlent> {
        if self.link.speaks_v1() {
            return self.read_v1(item, lent);
        }
        let text = text(item, &mut self.link, lent)?;
        self.counters.metrics.message_bytes.record(text.len());
        let mut correlation = Correlation {
            now: self.now.mono,
            prefix: &self.prefix,
            next: self.next,
            correlates: self.server.correlates,
            requests: &mut self.requests,
            seen: &mut self.seen,
            whole: &mut self.whole,
            counters: &mut self.counters,
            advice: None,
        };
        if let Err(error) = Envelope::scan_into(&mut self.scan, text, self.config.depth) {
            if let Some(request) = correlation.unreadable(text) {
                self.turn_down(
                    request,
                    &error.code(),
                    &format!("the answer cannot be read: {error}"),
                );
            }
            return Some(Unlent::Unreadable(Source::Link(item), error));
        }
        let envelope = Envelope::from_scan(text, self.scan);
        let kind = envelope.kind();
        correlation.counters.metrics.messages.increment(&kind, Direction::Inbound);
        let meaning = match kind {
            Kind::Ping => {
                self.text.clear();
                write::pong_to(&mut self.text, &envelope);
                self.answer_ping();
                return None;
            }
            Kind::Pong => {
                self.take_pong();
                return None;
            }
            Kind::Connection if !self.server.welcomed => {
                let epoch = self.server.welcome(&envelope, self.epoch.as_deref());
                self.epoch = epoch;
                self.welcomed();
                return Some(Unlent::Message(Source::Link(item), Meaning::Welcome));
            }
            Kind::Error => correlation.answer(&envelope, true),
            kind if kind.is_answer() => correlation.answer(&envelope, false),
            kind if kind.is_piece() => correlation.piece(&envelope)?,
            _ => correlation.news(&envelope),
        };
        correlation.count(meaning);
        if let Some(advice) = correlation.advice {
            advice.give(&mut self.link, self.now);
        }
        Some(Unlent::Message(Source::Link(item), meaning))
    }

    /// Answers a `ping` of the server, whose `pong` is written.
    fn answer_ping(&mut self) {
        let metrics = &mut self.counters.metrics;
        metrics.pings.increment(Direction::Inbound);
        // A full outbox shows life enough.
        if self.link.send_text(self.now, &self.text).is_ok() {
            metrics.pongs.increment(Direction::Outbound);
            metrics.messages.increment(Kind::Pong, Direction::Outbound);
        }
    }

    /// The server has welcomed the link: what waits goes out.
    fn welcomed(&mut self) {
        self.link.welcomed(self.now);
        if let Some(conversations) = &mut self.conversations {
            // This server has none of them.
            conversations.leave_all(self.now);
        }
        self.counters.welcomed(self.now.mono);
        self.flush();
    }
}
