//! The questions under way, in order of asking.
//!
//! Bounded in count, bytes and age. An answer that comes in pieces lets its ask become older, up
//! to a bound of its own, so the order of expiry is almost that of asking. An ask that has ended
//! but whose answer may still come over this link, from a peer that does not say what it answers,
//! stays as a mark until that answer has come or the link is gone: otherwise the late answer would
//! be taken for the next one's. An ask whose caller has left lives on like any other, so that it
//! takes effect once, but nothing of it goes to the caller any more.

use std::collections::VecDeque;
use std::sync::Arc;

use core::time::Duration;

use super::growth::{Added, Growth};
use super::{AskId, ClientConfig};
use crate::envelope::Text;
use crate::time::Mono;

/// Which link has carried an ask last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    Never,
    EarlierLink,
    ThisLink,
}

#[derive(Debug)]
struct Ask {
    id: AskId,
    /// The whole message, which the link holds too while it waits there; empty once the ask has ended.
    text: Arc<str>,
    asked: Mono,
    /// When it has waited too long: the timeout after it was asked, or later.
    until: Mono,
    sent: Sent,
    /// It is known that the server of this link takes messages as large.
    taken: bool,
    ended: bool,
    /// Nobody waits for it any more.
    forgotten: bool,
    growth: Growth,
}

/// An ask that has got its answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answered {
    /// Which.
    pub(super) id: AskId,
    /// When it was asked.
    pub(super) asked: Mono,
    /// What was told of its answer before.
    pub(super) growth: Growth,
}

/// An ask that ends without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unanswered {
    /// Which.
    pub(super) id: AskId,
    /// A link has carried it, so it may have had its effect.
    pub(super) sent: bool,
    /// Nobody waits for it.
    pub(super) forgotten: bool,
}

/// The ask that an answer without `reply_to` is correlated with, by order.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum InOrder {
    /// The first ask that still waits: it has ended now.
    Answered(Answered),
    /// An ask that had already ended.
    Late(AskId),
    /// Nothing was asked over this link.
    Nobody,
}

/// The ask that a piece of an answer is correlated with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Growing {
    /// An ask that waits; whether the piece begins its answer anew.
    Waiting(AskId, Added),
    /// An ask that waits, but no more can be kept of growing answers: the whole answer brings what
    /// this piece would have added.
    Full,
    /// An ask that had already ended, or whose caller has left.
    Ended(AskId),
    /// Nothing was asked over this link.
    Nobody,
}

/// All asks that have not ended, and the marks of those that ended early.
#[derive(Debug)]
pub(super) struct Asks {
    asks: VecDeque<Ask>,
    bytes: usize,
    /// Bytes of growing answers.
    grown: usize,
    waiting: usize,
    max_asks: usize,
    max_bytes: usize,
    max_grown: usize,
    timeout: Duration,
    /// What pieces may stretch the timeout to.
    max_age: Duration,
}

impl Asks {
    pub(super) fn new(config: &ClientConfig) -> Self {
        Self {
            asks: VecDeque::new(),
            bytes: 0,
            grown: 0,
            waiting: 0,
            max_asks: config.max_asks,
            max_bytes: config.max_ask_bytes,
            max_grown: config.max_answer_bytes,
            timeout: config.ask_timeout,
            max_age: config.max_ask_age.max(config.ask_timeout),
        }
    }

    /// Whether another ask of `bytes` fits. Marks count: a peer that never answers fills the
    /// table.
    pub(super) fn fits(&self, bytes: usize) -> bool {
        self.asks.len() < self.max_asks && bytes <= self.max_bytes.saturating_sub(self.bytes)
    }

    /// Enters an ask. Ids must rise and [`fits`](Self::fits) must hold. `taken`: the server of this
    /// link has said that it takes messages as large.
    pub(super) fn push(&mut self, now: Mono, id: AskId, text: Arc<str>, taken: bool) {
        self.bytes += text.len();
        self.waiting += 1;
        let until = now + self.timeout;
        self.asks.push_back(Ask {
            id,
            text,
            asked: now,
            until,
            sent: Sent::Never,
            taken,
            ended: false,
            forgotten: false,
            growth: Growth::default(),
        });
    }

    /// The next text to send over this link, and whether the server of this link is known to take
    /// messages as large; [`sent`](Self::sent) tells that the link has taken it.
    pub(super) fn next_to_send(&self) -> Option<(AskId, &Arc<str>, bool)> {
        let ask = self.asks.iter().find(|ask| !ask.ended && ask.sent != Sent::ThisLink)?;
        Some((ask.id, &ask.text, ask.taken))
    }

    /// The link has taken the ask.
    pub(super) fn sent(&mut self, id: AskId) {
        if let Some(place) = self.place(id) {
            self.asks[place].sent = Sent::ThisLink;
        }
    }

    /// The caller of an ask has left. Whether that ended it: what was never sent is not sent any
    /// more.
    pub(super) fn forget(&mut self, id: AskId) -> bool {
        let Some(place) = self.place(id).filter(|place| !self.asks[*place].ended) else {
            return false;
        };
        let ask = &mut self.asks[place];
        ask.forgotten = true;
        self.grown -= ask.growth.clear();
        let unsent = ask.sent == Sent::Never;
        if unsent {
            self.take(place);
        }
        unsent
    }

    /// Ends the ask of this id with its answer. Nothing if it had ended before, or if its caller
    /// has left.
    pub(super) fn answer(&mut self, id: AskId) -> Option<Answered> {
        let place = self.place(id)?;
        self.answered(place)
    }

    /// Gives an answer that names nobody to the first ask of this link.
    pub(super) fn answer_in_order(&mut self) -> InOrder {
        let Some(place) = self.asks.iter().position(|ask| ask.sent == Sent::ThisLink) else {
            return InOrder::Nobody;
        };
        let id = self.asks[place].id;
        self.answered(place).map_or(InOrder::Late(id), InOrder::Answered)
    }

    fn answered(&mut self, place: usize) -> Option<Answered> {
        let Ask { id, asked, ended, forgotten, growth, .. } = self.take(place);
        (!ended && !forgotten).then_some(Answered { id, asked, growth })
    }

    /// Gives a piece with this text to the ask that it names. `begins`: it says that the answer
    /// begins with it.
    pub(super) fn grow(&mut self, now: Mono, id: AskId, text: &Text<'_>, begins: bool) -> Growing {
        let Some(place) = self.place(id).filter(|place| !self.asks[*place].ended) else {
            return Growing::Ended(id);
        };
        let ask = &mut self.asks[place];
        let until = (now + self.timeout).min(ask.asked + self.max_age);
        ask.until = ask.until.max(until);
        if ask.forgotten {
            return Growing::Ended(id);
        }
        let before = ask.growth.len();
        let room = self.max_grown - (self.grown - before);
        let grown = ask.growth.add(text, begins, room);
        self.grown = self.grown - before + ask.growth.len();
        grown.map_or(Growing::Full, |added| Growing::Waiting(id, added))
    }

    /// Gives a piece that names nobody to the first ask of this link, as its answer will be.
    pub(super) fn grow_in_order(&mut self, now: Mono, text: &Text<'_>, begins: bool) -> Growing {
        match self.asks.iter().find(|ask| ask.sent == Sent::ThisLink).map(|ask| ask.id) {
            Some(id) => self.grow(now, id, text, begins),
            None => Growing::Nobody,
        }
    }

    /// What was told of the answer to this ask, from this byte on.
    pub(super) fn told_since(&self, id: AskId, at: usize) -> &str {
        self.place(id).map_or("", |place| self.asks[place].growth.since(at))
    }

    /// Ends the next ask that has waited too long. `in_order`: the peer does not say what it
    /// answers, so a mark stays.
    pub(super) fn expire(&mut self, now: Mono, in_order: bool) -> Option<Unanswered> {
        let (place, until) = self.next_to_expire()?;
        if now < until {
            return None;
        }
        let expired = self.asks[place].unanswered();
        if in_order && self.asks[place].sent == Sent::ThisLink {
            let ask = &mut self.asks[place];
            ask.ended = true;
            self.bytes -= ask.text.len();
            self.grown -= ask.growth.clear();
            self.waiting -= 1;
            ask.text = Arc::default();
        } else {
            self.take(place);
        }
        Some(expired)
    }

    /// When the next ask will have waited too long.
    pub(super) fn expiry(&self) -> Option<Mono> {
        self.next_to_expire().map(|(_, until)| until)
    }

    /// Where the ask is that will have waited too long before all others, and when.
    fn next_to_expire(&self) -> Option<(usize, Mono)> {
        let mut next: Option<(usize, Mono)> = None;
        for (place, ask) in self.asks.iter().enumerate().filter(|(_, ask)| !ask.ended) {
            // Those from here on were asked later, and none waits for less than the timeout: where
            // nothing grows, this is the second one that waits.
            if next.is_some_and(|(_, until)| until <= ask.asked + self.timeout) {
                break;
            }
            if next.is_none_or(|(_, until)| ask.until < until) {
                next = Some((place, ask.until));
            }
        }
        next
    }

    /// The link is gone: what it carried may or may not have arrived, and nothing more comes.
    pub(super) fn link_lost(&mut self) {
        self.asks.retain(|ask| !ask.ended);
        for ask in &mut self.asks {
            ask.taken = false;
            if ask.sent == Sent::ThisLink {
                ask.sent = Sent::EarlierLink;
                ask.growth.link_lost();
            }
        }
    }

    /// Ends the ask that has most likely ended the link that is gone, by a message that was too large:
    /// the longest that it has carried if the message was `ours`, else the one that was to be answered
    /// next. Nothing if nobody waits for it any more.
    pub(super) fn end_too_large(&mut self, ours: bool) -> Option<AskId> {
        let carried = self.asks.iter().enumerate().filter(|(_, ask)| ask.sent == Sent::EarlierLink);
        let place = match ours {
            true => carried.max_by_key(|(_, ask)| ask.text.len())?.0,
            false => carried.min_by_key(|(place, _)| *place)?.0,
        };
        let ask = self.take(place);
        (!ask.forgotten).then_some(ask.id)
    }

    /// Ends the next ask that only an earlier link has carried.
    pub(super) fn give_up_unsure(&mut self) -> Option<Unanswered> {
        let place = self.asks.iter().position(|ask| ask.sent == Sent::EarlierLink)?;
        Some(self.take(place).unanswered())
    }

    /// Ends the next ask, sent or not: the client has stopped.
    pub(super) fn give_up(&mut self) -> Option<Unanswered> {
        let place = self.asks.iter().position(|ask| !ask.ended)?;
        Some(self.take(place).unanswered())
    }

    /// Asks that have not ended.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Whether marks of ended asks fill the table: the server owes more answers than can be counted.
    pub(super) fn is_stuck(&self) -> bool {
        self.waiting == 0 && self.asks.len() >= self.max_asks
    }

    /// Bytes of text held.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn place(&self, id: AskId) -> Option<usize> {
        self.asks.binary_search_by_key(&id, |ask| ask.id).ok()
    }

    fn take(&mut self, place: usize) -> Ask {
        let ask = self.asks.remove(place).expect("the place was found in the queue");
        if !ask.ended {
            self.bytes -= ask.text.len();
            self.grown -= ask.growth.len();
            self.waiting -= 1;
        }
        ask
    }
}

impl Ask {
    fn unanswered(&self) -> Unanswered {
        let Self { id, sent, forgotten, .. } = *self;
        Unanswered { id, sent: sent != Sent::Never, forgotten }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asks() -> Asks {
        let config = ClientConfig { max_asks: 4, max_ask_bytes: 100, ..ClientConfig::default() };
        Asks::new(&config)
    }

    fn at(secs: u64) -> Mono {
        Mono::from_millis(secs * 1_000)
    }

    proptest! {
        /// Whatever grows, and however it ends, the ask that expires next is the one whose time is
        /// up first, and none waits for less than the timeout or more than the bound.
        #[test]
        fn the_next_to_expire_is_found_whatever_grows(
            steps in prop::collection::vec((0..4u8, any::<u8>(), 0..30u64), 1..200),
        ) {
            let config =
                ClientConfig { max_asks: 8, max_answer_bytes: 64, ..ClientConfig::default() };
            let mut asks = Asks::new(&config);
            let (mut now, mut next) = (0, 0);
            for (step, choice, pause) in steps {
                now += pause;
                let chosen = AskId(u64::from(choice) % (next + 1));
                match step {
                    0 if asks.fits(1) => {
                        asks.push(at(now), AskId(next), "x".into(), false);
                        next += 1;
                    }
                    1 => drop(asks.answer(chosen)),
                    2 if choice % 16 == 0 => drop(asks.forget(chosen)),
                    _ => drop(asks.grow(at(now), chosen, &"piece".into(), choice % 8 == 0)),
                }
                let grown = asks.asks.iter().map(|ask| ask.growth.len());
                prop_assert_eq!(asks.grown, grown.sum::<usize>());
                prop_assert!(asks.grown <= 64);
                sent(&mut asks);
                let waiting = || asks.asks.iter().filter(|ask| !ask.ended);
                prop_assert_eq!(asks.expiry(), waiting().map(|ask| ask.until).min());
                for ask in waiting() {
                    let age = ask.until.saturating_since(ask.asked).as_secs();
                    prop_assert!((60..=180).contains(&age), "{}", age);
                }
                while let Some(until) = asks.expiry().filter(|until| *until <= at(now)) {
                    prop_assert!(asks.expire(at(now), choice % 2 == 0).is_some(), "{:?}", until);
                }
            }
        }
    }

    fn sent(asks: &mut Asks) -> Vec<String> {
        let mut all = Vec::new();
        while let Some((id, text, _)) = asks.next_to_send() {
            all.push(text.to_string());
            asks.sent(id);
        }
        all
    }

    #[test]
    fn bounds_hold_in_count_and_bytes() {
        let mut asks = asks();
        assert!(asks.fits(100) && !asks.fits(101));
        for id in 0..4 {
            assert!(asks.fits(10));
            asks.push(at(0), AskId(id), "0123456789".into(), false);
        }
        assert!(!asks.fits(10));
        assert!(asks.answer(AskId(2)).is_some());
        assert!(asks.fits(70) && !asks.fits(71));
    }

    #[test]
    fn after_a_lost_link_only_what_has_no_answer_is_sent_again() {
        let mut asks = asks();
        for id in 0..3 {
            asks.push(at(0), AskId(id), format!("{id}").into(), false);
        }
        assert_eq!(sent(&mut asks).len(), 3);
        assert!(asks.answer(AskId(1)).is_some());
        asks.link_lost();
        asks.push(at(1), AskId(3), "3".into(), false);
        assert_eq!(sent(&mut asks), ["0", "2", "3"]);
    }

    fn expired(asks: &mut Asks, secs: u64) -> Option<AskId> {
        asks.expire(at(secs), true).map(|ask| ask.id)
    }

    #[test]
    fn an_answer_in_order_skips_nobody_who_expired() {
        let mut asks = asks();
        asks.push(at(0), AskId(0), "0".into(), false);
        asks.push(at(10), AskId(1), "1".into(), false);
        sent(&mut asks);
        assert_eq!((expired(&mut asks, 59), asks.expiry()), (None, Some(at(60))));
        assert_eq!(expired(&mut asks, 60), Some(AskId(0)));
        assert_eq!((expired(&mut asks, 60), asks.expiry()), (None, Some(at(70))));
        assert_eq!(asks.answer_in_order(), InOrder::Late(AskId(0)));
        let growth = Growth::default();
        let answered = Answered { id: AskId(1), asked: at(10), growth };
        assert_eq!(asks.answer_in_order(), InOrder::Answered(answered));
        assert_eq!(asks.answer_in_order(), InOrder::Nobody);
    }

    #[test]
    fn marks_end_with_their_link_and_count_until_then() {
        let mut asks = asks();
        for id in 0..4 {
            asks.push(at(0), AskId(id), "x".into(), false);
        }
        sent(&mut asks);
        while asks.expire(at(60), true).is_some() {}
        assert!(asks.is_stuck() && !asks.fits(1));
        assert_eq!((asks.waiting(), asks.bytes()), (0, 0));
        asks.link_lost();
        assert!(asks.fits(1));
    }

    #[test]
    fn what_was_never_sent_is_not_unsure() {
        let mut asks = asks();
        asks.push(at(0), AskId(0), "0".into(), false);
        sent(&mut asks);
        asks.push(at(0), AskId(1), "1".into(), false);
        asks.link_lost();
        let unsure = Unanswered { id: AskId(0), sent: true, forgotten: false };
        assert_eq!(asks.give_up_unsure(), Some(unsure));
        assert_eq!(asks.give_up_unsure(), None);
        assert_eq!(sent(&mut asks), ["1"]);
    }

    #[test]
    fn who_gives_up_knows_what_may_have_arrived() {
        let mut asks = asks();
        asks.push(at(0), AskId(0), "0".into(), false);
        sent(&mut asks);
        asks.link_lost();
        asks.push(at(0), AskId(1), "1".into(), false);
        let ends: Vec<_> = core::iter::from_fn(|| asks.give_up()).map(|ask| ask.sent).collect();
        assert_eq!((ends, asks.waiting(), asks.bytes()), (vec![true, false], 0, 0));
    }

    #[test]
    fn what_was_forgotten_before_it_was_sent_is_not_sent() {
        let mut asks = asks();
        asks.push(at(0), AskId(0), "0".into(), false);
        asks.push(at(0), AskId(1), "1".into(), false);
        asks.forget(AskId(0));
        assert_eq!(sent(&mut asks), ["1"]);
        asks.forget(AskId(1));
        assert_eq!(asks.grow(at(1), AskId(1), &"a".into(), false), Growing::Ended(AskId(1)));
        asks.link_lost();
        // It may have had its effect, and is asked again so that it has.
        assert_eq!(sent(&mut asks), ["1"]);
        assert_eq!(asks.answer_in_order(), InOrder::Late(AskId(1)));
        assert_eq!(asks.waiting(), 0);
    }
}
