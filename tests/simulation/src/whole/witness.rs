//! What looks at a world from outside the engines: what was asked, done and told, and whether that
//! is as promised.

use std::collections::{BTreeMap, BTreeSet};

use pamlink::delivery::SessionNumber;

use super::action::{Fault, Profile};
use super::change::{Changes, Place};
use super::oracle::{Defect, Oracle};
use super::said::{Kinds, Said};
use super::submitted::{End, Submissions};
use crate::oracle::Trace;
use crate::worlds::Violation;

/// A request: the place of its device, and its number there.
pub(super) type Key = (usize, usize);

/// How much of everything was seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(super) faults: [u64; Fault::KINDS.len()],
    pub(super) compared: [u64; Oracle::ALL.len()],
    /// Bytes that have arrived.
    pub(super) bytes: u64,
    /// Envelopes that have come, by their type.
    pub(super) kinds: Kinds,
    pub(super) seen: BTreeMap<&'static str, u64>,
    pub(super) millis: u64,
}

impl Counts {
    pub(super) fn see(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    pub(super) fn all_faults(&self) -> u64 {
        self.faults.iter().sum()
    }

    pub(super) fn add(&mut self, other: &Self) {
        let add = |sum: &mut [u64], other: &[u64]| {
            sum.iter_mut().zip(other).for_each(|(sum, other)| *sum += other);
        };
        add(&mut self.faults, &other.faults);
        add(&mut self.compared, &other.compared);
        for (what, count) in &other.seen {
            *self.seen.entry(what).or_default() += count;
        }
        for (kinds, other) in self.kinds.iter_mut().zip(&other.kinds) {
            for (kind, count) in other {
                *kinds.entry(kind).or_default() += count;
            }
        }
        self.bytes += other.bytes;
        self.millis += other.millis;
    }
}

/// What is known of a request.
#[derive(Debug, Default)]
pub(super) struct Asked {
    /// The answer that the hub's host stands for, each time it was asked.
    plans: Vec<String>,
    replies: Vec<String>,
    /// The text of the pieces that its device has.
    grown: String,
    /// What it has come to, and in which process of the device that was told.
    end: Option<(&'static str, u32)>,
    /// Its process has died, and nothing was stored.
    is_lost: bool,
    /// Another process goes on with it.
    is_carried: bool,
    /// It was cancelled, or its host has left it.
    is_unwanted: bool,
    /// A cancel has no result yet.
    awaits_result: bool,
    /// A cancel that says that it has ended the request.
    was_cancelled: bool,
}

/// A session: the place of its device, and what that calls it.
pub(super) type InSession = (usize, SessionNumber);

/// The pushes that a session hears.
#[derive(Debug, Default)]
struct Heard {
    /// The last of them.
    last: Option<u64>,
    /// Nothing has happened since after which one may be missing.
    is_gapless: bool,
}

/// All oracles of a world.
#[derive(Debug)]
pub(super) struct Witness {
    asked: BTreeMap<Key, Asked>,
    /// Of each session.
    heard: BTreeMap<InSession, Heard>,
    submissions: Submissions,
    /// Sessions that were left.
    left: BTreeSet<InSession>,
    /// Of each push that nobody refused, the user and the hub's process.
    pushed: BTreeMap<u64, (String, u64)>,
    said: Said,
    pub(super) changes: Changes,
    pub(super) counts: Counts,
    pub(super) trace: Trace,
    pub(super) violation: Option<Violation<Oracle>>,
    pub(super) millis: u64,
    /// How far the hub's clock is ahead of the world's: whoever makes tokens has that.
    pub(super) hub_ahead: u64,
    pub(super) defect: Option<Defect>,
    chances: u32,
    /// Nothing goes wrong any more.
    pub(super) recovers: bool,
}

impl Witness {
    pub(super) fn new(profile: &Profile, defect: Option<Defect>, is_traced: bool) -> Self {
        Self {
            asked: BTreeMap::new(),
            heard: BTreeMap::new(),
            submissions: Submissions::default(),
            left: BTreeSet::new(),
            pushed: BTreeMap::new(),
            changes: Changes::new(profile.latency, profile.log),
            said: Said::default(),
            counts: Counts::default(),
            trace: Trace::new(is_traced),
            violation: None,
            millis: 0,
            hub_ahead: 0,
            defect,
            chances: 0,
            recovers: false,
        }
    }

    /// Whether a planted defect strikes here: every third chance, until nothing goes wrong any more.
    /// After that its world would be found not to recover, whatever the defect is.
    pub(super) fn strikes(&mut self, defect: Defect) -> bool {
        if self.defect != Some(defect) || self.recovers {
            return false;
        }
        self.chances += 1;
        self.chances.is_multiple_of(3)
    }

    /// Whether a planted defect strikes where there are few chances.
    pub(super) fn strikes_always(&self, defect: Defect) -> bool {
        self.defect == Some(defect) && !self.recovers
    }

    pub(super) fn line(&mut self, line: impl FnOnce() -> String) {
        self.trace.line(self.millis, line);
    }

    /// An oracle has looked at something that must hold.
    pub(super) fn check(&mut self, oracle: Oracle, holds: bool, what: impl FnOnce() -> String) {
        self.counts.compared[oracle.place()] += 1;
        if !holds {
            let (what, millis) = (what(), self.millis);
            self.line(|| format!("VIOLATION {oracle:?}: {what}"));
            self.violation.get_or_insert(Violation { oracle, what, millis });
        }
    }

    /// These bytes have come over a link.
    pub(super) fn come(&mut self, place: Place, bytes: &[u8]) {
        let again = self.changes.is_new(place.link) && self.strikes(Defect::SaysItAgain);
        self.said.come(place, bytes, &mut self.counts.kinds);
        self.changes.come(place, bytes, 1 + usize::from(again));
    }

    /// Compares what is known by now of planned changes.
    pub(super) fn judge_changes(&mut self) {
        self.changes.pass(self.millis);
        for judged in self.changes.take_judged() {
            self.check(Oracle::Change, judged.is_none(), || judged.unwrap_or_default());
        }
        *self.counts.seen.entry("clean changes").or_default() += self.changes.take_clean();
    }

    // What hosts do.

    pub(super) fn requested(&mut self, key: Key) {
        self.counts.see("asked");
        self.asked.insert(key, Asked::default());
    }

    pub(super) fn cancels(&mut self, key: Key) {
        self.counts.see("cancels");
        let asked = self.asked.entry(key).or_default();
        (asked.is_unwanted, asked.awaits_result) = (true, true);
    }

    /// A device's host has left a request: it is told nothing of it any more, and that is its outcome.
    pub(super) fn abandons(&mut self, key: Key, process: u32) {
        self.counts.see("abandoned");
        let asked = self.asked.entry(key).or_default();
        asked.is_unwanted = true;
        asked.end.get_or_insert(("abandoned", process));
    }

    /// The hub's host is asked, and stands for this answer.
    pub(super) fn hub_asked(&mut self, key: Key, plan: String) {
        let asked = self.asked.entry(key).or_default();
        asked.plans.push(plan);
        let (times, end) = (asked.plans.len(), asked.end);
        let is_sent = end.is_none_or(|(end, _)| end != "unsent");
        self.check(Oracle::Left, is_sent, || format!("{key:?} is asked, and was never sent"));
        self.check(Oracle::Effect, times == 1, || format!("{key:?} is asked {times} times"));
    }

    pub(super) fn hub_replied(&mut self, key: Key, text: String) {
        self.asked.entry(key).or_default().replies.push(text);
    }

    /// The hub's host hears what was submitted.
    pub(super) fn hub_heard(&mut self, key: Key) {
        let may_be = self.submissions.heard(key);
        self.check(Oracle::Submitted, may_be, || format!("submission {key:?} is heard"));
    }

    pub(super) fn submitted(&mut self, key: Key) {
        self.counts.see("submitted");
        self.submissions.submitted(key);
    }

    /// A device's host has left a session, in which it had asked and submitted these.
    pub(super) fn leaves(&mut self, session: InSession, asked: &[Key], submitted: &[Key]) {
        self.counts.see("sessions left");
        self.left.insert(session);
        let open = submitted.iter().find(|key| self.submissions.is_open(**key));
        self.check(Oracle::Left, open.is_none(), || {
            format!("submission {open:?} has no outcome after {session:?}")
        });
        let open = asked.iter().find(|key| self.asked.get(*key).is_some_and(|it| it.end.is_none()));
        self.check(Oracle::Left, open.is_none(), || format!("{open:?} goes on after {session:?}"));
    }

    /// A process of the hub has a push on its way to all devices of a user.
    pub(super) fn hub_pushed(&mut self, number: u64, user: &str, life: u64) {
        self.counts.see("pushed");
        self.pushed.insert(number, (user.to_owned(), life));
    }

    /// A process of a device that stores nothing has died: of its requests nothing is told.
    pub(super) fn lost_process(&mut self, device: usize) {
        for ((of, _), asked) in &mut self.asked {
            asked.is_lost |= *of == device && asked.end.is_none();
        }
        self.may_miss(device);
    }

    /// Another process goes on with a device's requests: their pieces come again from the beginning.
    pub(super) fn carries_on(&mut self, device: usize) {
        for (_, asked) in self.asked.iter_mut().filter(|((of, _), _)| *of == device) {
            asked.grown.clear();
            asked.is_carried = true;
        }
    }

    /// Something has happened after which a push may be missing in any session of a device.
    pub(super) fn may_miss(&mut self, device: usize) {
        for (_, heard) in self.heard.iter_mut().filter(|((of, _), _)| *of == device) {
            heard.is_gapless = false;
        }
    }

    /// The same, in one session.
    pub(super) fn may_miss_in(&mut self, session: InSession) {
        self.heard.entry(session).or_default().is_gapless = false;
    }

    // What a device's host is told.

    pub(super) fn has_piece(&mut self, key: Key, text: &str, restart: bool) {
        self.counts.see("pieces");
        self.trace.text(self.millis, text);
        let asked = self.asked.entry(key).or_default();
        let end = asked.end;
        if restart {
            asked.grown.clear();
        }
        asked.grown.push_str(text);
        let fits = asked.plans.iter().any(|plan| plan.starts_with(&asked.grown));
        let (grown, plans) = (asked.grown.clone(), asked.plans.clone());
        self.check(Oracle::Ended, end.is_none(), || format!("a piece of {key:?} after {end:?}"));
        self.check(Oracle::Text, fits, || format!("{key:?} has {grown:?} of {plans:?}"));
    }

    pub(super) fn has_answer(&mut self, key: Key, text: &str, in_pieces: usize, restart: bool) {
        let asked = self.asked.entry(key).or_default();
        let grown = if restart { "" } else { asked.grown.as_str() };
        let begins = text.get(..in_pieces) == Some(grown);
        let fits = asked.replies.iter().any(|reply| reply == text);
        let (grown, replies) = (grown.to_owned(), asked.replies.clone());
        let is_own = text.starts_with(&format!("answer {}.{}:", key.0, key.1));
        self.check(Oracle::Own, is_own, || format!("{key:?} is answered {text:?}"));
        self.check(Oracle::Text, fits, || format!("{key:?} is answered {text:?} of {replies:?}"));
        self.check(Oracle::Text, begins, || format!("{key:?}: {in_pieces} bytes of {grown:?}"));
    }

    /// A request has come to its end in this process of its device.
    pub(super) fn has_end(&mut self, key: Key, end: &'static str, process: u32) {
        self.counts.see(end);
        self.trace.text(self.millis, end);
        let asked = self.asked.entry(key).or_default();
        let before = asked.end;
        asked.end.get_or_insert((end, process));
        let had_effect = end == "unsent" && !asked.plans.is_empty();
        self.check(Oracle::Left, !had_effect, || format!("{key:?} was asked, and is unsent"));
        let asked = self.asked.entry(key).or_default();
        let wanted = end != "cancelled" || asked.is_unwanted;
        let again = || format!("{key:?} is {end}, and was {before:?}");
        match before {
            Some((_, of)) if of != process => self.check(Oracle::Restored, false, again),
            _ => {
                self.check(Oracle::Restored, true, String::new);
                self.check(Oracle::Outcome, before.is_none(), again);
            }
        }
        self.check(Oracle::Cancel, wanted, || format!("{key:?} is cancelled unasked"));
    }

    /// A device is told what has become of something that it has submitted.
    pub(super) fn has_outcome(&mut self, key: Key, end: End) {
        self.counts.see(end.word());
        let is_so = self.submissions.ended(key, end);
        self.check(Oracle::Submitted, is_so, || format!("submission {key:?} is {end:?}"));
    }

    /// A device is told something of a session that is no answer.
    pub(super) fn hears_of(&mut self, session: InSession) {
        let is_left = self.left.contains(&session);
        self.check(Oracle::Left, !is_left, || format!("{session:?} was left, and is told of"));
    }

    pub(super) fn has_result(&mut self, key: Key, was_cancelled: bool) {
        self.counts.see("results of cancels");
        let asked = self.asked.entry(key).or_default();
        asked.was_cancelled |= was_cancelled;
        let is_awaited = core::mem::take(&mut asked.awaits_result);
        self.check(Oracle::Cancel, is_awaited, || format!("{key:?} has a result of no cancel"));
    }

    pub(super) fn has_push(&mut self, session: InSession, number: u64, is_v1: bool) {
        let (device, named) = session;
        self.hears_of(session);
        self.counts.see("pushes");
        if named != SessionNumber::FIRST {
            self.counts.see("pushes in another session");
        }
        let heard = self.heard.entry(session).or_default();
        let (last, is_gapless) = (heard.last, heard.is_gapless);
        heard.last = Some(number.max(last.unwrap_or(0)));
        heard.is_gapless = is_v1;
        let what =
            || format!("session {named} of device {device} hears push {number} after {last:?}");
        self.check(Oracle::Push, last.is_none_or(|last| last < number), what);
        let of = self.pushed.get(&number);
        if let Some(last) = last.filter(|_| is_v1 && is_gapless)
            && self.pushed.get(&last).map(|it| it.1) == of.map(|it| it.1)
        {
            // Of the same process of the hub and of the same user.
            let mut between = self.pushed.range(last + 1..number.max(last + 1));
            let missing = between.find(|(_, it)| Some(*it) == of).map(|(number, _)| *number);
            let what = || {
                format!(
                    "session {named} of device {device} misses push {missing:?} before {number}"
                )
            };
            self.check(Oracle::Push, missing.is_none(), what);
        }
    }

    // The end.

    /// A request that has no outcome, and is to have one: of those that another process goes on with
    /// or of the rest.
    fn open(&self, is_carried: bool) -> Option<Key> {
        let open =
            |asked: &Asked| asked.end.is_none() && !asked.is_lost && asked.is_carried == is_carried;
        self.asked.iter().find(|(_, asked)| open(asked)).map(|(key, _)| *key)
    }

    /// The end of a request, of which the devices were told.
    pub(super) fn end_of(&self, key: Key) -> Option<&'static str> {
        self.asked.get(&key).and_then(|asked| asked.end).map(|(end, _)| end)
    }

    /// The last push that a session was told of.
    pub(super) fn last_push(&self, session: InSession) -> Option<u64> {
        self.heard.get(&session).and_then(|heard| heard.last)
    }

    /// A cancel has no result.
    fn open_cancel(&self) -> Option<Key> {
        let open = |asked: &Asked| asked.awaits_result && !asked.is_lost;
        self.asked.iter().find(|(_, asked)| open(asked)).map(|(key, _)| *key)
    }

    /// Every request and every cancel has come to its end.
    pub(super) fn is_concluded(&self) -> bool {
        let are_answered = [true, false].iter().all(|it| self.open(*it).is_none());
        are_answered && self.open_cancel().is_none() && self.submissions.open().is_none()
    }

    /// What must hold of everything in the end.
    pub(super) fn conclude(&mut self) {
        for (oracle, is_carried) in [(Oracle::Outcome, false), (Oracle::Restored, true)] {
            let open = self.open(is_carried);
            self.check(oracle, open.is_none(), || format!("{open:?} has no outcome"));
        }
        let open = self.submissions.open();
        self.check(Oracle::Submitted, open.is_none(), || format!("submission {open:?} is open"));
        let open = self.open_cancel();
        self.check(Oracle::Cancel, open.is_none(), || {
            format!("a cancel of {open:?} has no result")
        });
        let wrong = |asked: &Asked| {
            asked.was_cancelled && asked.end.is_some_and(|(end, _)| matches!(end, "answered"))
        };
        let wrong = self.asked.iter().find(|(_, asked)| wrong(asked)).map(|(key, _)| *key);
        self.check(Oracle::Cancel, wrong.is_none(), || format!("{wrong:?} was cancelled"));
    }
}
