//! Planned changes of a link that nothing hits (V-10.6), read from what is said over both links.
//!
//! A change that loses its sessions on the way is mended: they are opened again, and what is missing
//! is said again. So nothing that its host is told gives it away, and it is looked at here, on the
//! wire: every session is opened once over the new link before the old one is left, nothing comes
//! there that had come over the old one, and it takes no longer than the ways over the links do.

mod link;
mod seen;

use std::collections::BTreeMap;

use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{self, Answer, GoodbyeCode, Message};

use self::link::Link;
use self::seen::{Id, Seen};

/// All changes of a world, and what is known of the links and sessions that they are about: those of
/// devices that hold two links over `pamlink.v1`.
#[derive(Debug)]
pub(super) struct Changes {
    links: BTreeMap<u64, Link>,
    /// What has come of each session, to either end.
    sessions: BTreeMap<Id, Seen>,
    /// Of each device the change that is under way, as long as nothing hits it.
    under_way: BTreeMap<usize, Change>,
    /// The most milliseconds that a link takes one way.
    way: u64,
    /// The most that a log takes for an answer.
    log: u64,
    /// What was compared, and what is not as it must be.
    judged: Vec<Option<String>>,
    /// Changes that came to their end without being hit.
    clean: u64,
}

/// A change from the `goodbye` that begins it.
#[derive(Debug)]
struct Change {
    old: u64,
    new: Option<u64>,
    /// When it is to be over.
    until: u64,
    /// When the two links have changed places.
    changed: Option<u64>,
    /// The client has left the old link, and the server knows.
    has_left: bool,
    sessions: BTreeMap<Id, Carried>,
}

/// A session on its way from one link to the other.
#[derive(Debug, Default)]
struct Carried {
    /// How often its `open` has come over the new link.
    opens: u32,
    /// When it is to be answered, and the reading of streams to go on.
    due: (u64, u64),
    is_open: bool,
    /// The streams whose reading goes on there when it is answered.
    awaited: Vec<String>,
}

/// The code of a channel whose host has left the session (V-6.2).
const LEFT: &str = "left";

/// Where and when something has come.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) link: u64,
    /// To the hub, or to the device.
    pub(super) is_up: bool,
    pub(super) millis: u64,
    /// Nothing that was drawn for later is in the way of a change that begins now.
    pub(super) is_quiet: bool,
}

impl Changes {
    /// The most milliseconds between which a client asks for a token and has it.
    const TOKEN: u64 = 900;

    pub(super) fn new(way: u32, log: Option<u32>) -> Self {
        Self {
            links: BTreeMap::new(),
            sessions: BTreeMap::new(),
            under_way: BTreeMap::new(),
            way: way.into(),
            log: log.unwrap_or(0).into(),
            judged: Vec::new(),
            clean: 0,
        }
    }

    // What happens to links.

    /// A device dials a link that is looked at.
    pub(super) fn dialed(&mut self, link: u64, device: usize) {
        self.links.insert(link, Link::new(device));
        if let Some(change) = self.under_way.get_mut(&device) {
            change.new = Some(link);
        }
    }

    /// A fault hits a device and so its links, or all of them.
    pub(super) fn hit(&mut self, device: Option<usize>) {
        let is_hit = |it: usize| device.is_none_or(|device| device == it);
        self.under_way.retain(|it, _| !is_hit(*it));
        self.links.values_mut().for_each(|link| link.is_hit |= is_hit(link.device));
    }

    /// Whether this would hit a change that is under way.
    pub(super) fn are_hit_by(&self, device: Option<usize>) -> bool {
        device.map_or(!self.under_way.is_empty(), |device| self.under_way.contains_key(&device))
    }

    /// The device has a link no more.
    pub(super) fn ended(&mut self, link: u64) {
        let Some(Link { device, .. }) = self.links.remove(&link) else { return };
        let Some(change) = self.under_way.remove(&device) else { return };
        let lost = change.sessions.values().filter(|it| !it.is_open).count();
        let is_whole = change.old == link && change.has_left && lost == 0;
        self.judge(is_whole, || {
            format!("device {device}: a link ends before {lost} sessions are open: {change:?}")
        });
        self.clean += u64::from(is_whole);
    }

    /// The links of a device have changed places.
    pub(super) fn changed(&mut self, device: usize, millis: u64) {
        let Some(change) = self.under_way.get_mut(&device) else { return };
        change.changed = Some(millis);
    }

    // What is said.

    /// Whether a link is the new one of a change that is under way.
    pub(super) fn is_new(&self, link: u64) -> bool {
        self.under_way.values().any(|it| it.new == Some(link) && it.changed.is_some())
    }

    /// These bytes have come over a link, `times` over.
    pub(super) fn come(&mut self, place: Place, bytes: &[u8], times: usize) {
        let Some(link) = self.links.get_mut(&place.link) else { return };
        for text in link.take(place.is_up, bytes) {
            for text in text.split('\u{1e}') {
                (0..times).for_each(|_| self.say(place, text));
            }
        }
    }

    fn say(&mut self, place: Place, text: &str) {
        let Ok(envelope) = Envelope::parse(text, v1::DEPTH) else { return };
        let Ok(Some((channel, message))) = Message::read(&envelope) else { return };
        let Some(link) = self.links.get_mut(&place.link) else { return };
        let device = link.device;
        match &message {
            Message::Goodbye(it) if place.is_up => {
                if it.code == GoodbyeCode::Left {
                    self.leave(device, place.link);
                }
                return;
            }
            Message::Goodbye(it) => {
                if let Some(within) = it.within {
                    self.begin(place, device, within.as_millis());
                }
                return;
            }
            Message::Opened(it) => link.opened(channel, it),
            Message::Open(it) => link.opens(channel, it),
            _ => {}
        }
        let session = link.session(channel);
        if matches!(message, Message::Closed(_)) {
            link.closed(channel, place.is_up);
        }
        if let Some(id) = session {
            self.say_in(place, device, id, &message);
        }
    }

    /// Something is said in a session.
    fn say_in(&mut self, place: Place, device: usize, id: Id, message: &Message<'_>) {
        let seen = self.sessions.entry(id).or_default();
        if let Some(change) = self.under_way.get_mut(&device) {
            if matches!(message, Message::Closed(it) if place.is_up && it.code.as_str() == LEFT) {
                // Its host has left it.
                change.sessions.remove(&id);
            }
            if change.is_void(place, id) {
                return;
            }
            let is_new = change.new == Some(place.link);
            if is_new && matches!(message, Message::Open(_)) {
                let due = place.millis.max(seen.busy_until) + 3 * self.way + 2 * self.log;
                if due > change.until {
                    // The log has more to do than there is time.
                    self.under_way.remove(&device);
                    return;
                }
            }
            if let Some(carried) = change.sessions.get_mut(&id).filter(|_| is_new) {
                if matches!(message, Message::Open(_)) {
                    let due = place.millis.max(seen.busy_until) + self.way;
                    carried.due = (due, due + 2 * self.log);
                }
                let found = carried.hear(place.is_up, message, seen);
                let found = found.map(|found| format!("device {device}: {found}: {message:?}"));
                self.judged.push(found);
            }
        }
        seen.hear(place.is_up, message);
        if place.is_up && matches!(message, Message::Item(_) | Message::Cancel(_)) {
            // A session says nothing while its server waits for the log, which it asks for one after
            // the other.
            seen.busy_until = seen.busy_until.max(place.millis) + 2 * self.log;
        }
    }

    /// A link is to move, and has time for it.
    fn begin(&mut self, place: Place, device: usize, within: u128) {
        let within = u64::try_from(within).unwrap_or(u64::MAX);
        // One that moves is told to move again: the client leaves at once.
        let again = self.under_way.remove(&device).is_some();
        let links = self.links.values().filter(|it| it.device == device).count();
        let Some(link) = self.links.get(&place.link) else { return };
        // The other link begins in three quarters of the time. Its token may be asked for; then it is
        // dialled, which is a way, and each of the handshake, of the `hello` and of the `open` goes
        // there and back, and what the client leaves with to the server.
        let least = Self::TOKEN + 8 * self.way;
        if again || links > 1 || link.is_hit || !place.is_quiet || within / 4 < least {
            return;
        }
        let carried = link.open().map(|id| (id, Carried::default())).collect();
        // Then the transport ends, which the other end hears of.
        let until = place.millis + within + 2 * self.way;
        let old = place.link;
        let (new, changed, has_left) = (None, None, false);
        let change = Change { old, new, until, changed, has_left, sessions: carried };
        self.under_way.insert(device, change);
    }

    /// The server hears that a client has left a link.
    fn leave(&mut self, device: usize, link: u64) {
        let Some(change) = self.under_way.get_mut(&device).filter(|it| it.old == link) else {
            return;
        };
        change.has_left = true;
        let lost = change.sessions.values().filter(|it| !it.is_open).count();
        self.judge(lost == 0, || {
            format!("device {device} leaves its old link before {lost} sessions are open")
        });
    }

    // The end.

    /// Whatever is late by now is found.
    pub(super) fn pass(&mut self, millis: u64) {
        let way = self.way;
        let mut judged = Vec::new();
        self.under_way.retain(|device, change| {
            let found = change.is_late(millis, way);
            let is_late = found.is_some();
            judged.extend(found.map(|it| format!("device {device}: {it}: {change:?}")));
            !is_late
        });
        self.judged.extend(judged.into_iter().map(Some));
    }

    /// What was compared since, each with what is wrong.
    pub(super) fn take_judged(&mut self) -> Vec<Option<String>> {
        core::mem::take(&mut self.judged)
    }

    /// How many changes came to their end, since it was asked.
    pub(super) fn take_clean(&mut self) -> u64 {
        core::mem::take(&mut self.clean)
    }

    fn judge(&mut self, holds: bool, what: impl FnOnce() -> String) {
        self.judged.push(if holds { None } else { Some(what()) });
    }
}

impl Change {
    /// Whether what comes here is of no effect: it comes over the link that is left, to an end that
    /// has opened the session over the other one.
    fn is_void(&self, place: Place, id: Id) -> bool {
        if place.link != self.old {
            return false;
        }
        let opens = self.sessions.get(&id).map_or(0, |it| it.opens);
        if place.is_up { opens > 0 } else { self.changed.is_some() }
    }

    /// What takes longer than it may.
    fn is_late(&self, millis: u64, way: u64) -> Option<&'static str> {
        if millis > self.until {
            return Some("the change does not come to its end");
        }
        let opens = self.changed? + way;
        for carried in self.sessions.values() {
            let (due, streams_due) = carried.due;
            if millis > opens && carried.opens == 0 {
                return Some("a session is not opened at once");
            }
            if millis > due && carried.opens > 0 && !carried.is_open {
                return Some("a session pauses for longer than a way there and back");
            }
            if millis > streams_due && !carried.awaited.is_empty() {
                return Some("a stream pauses for longer than its session and its log");
            }
        }
        None
    }
}

impl Carried {
    /// Something comes over the new link, when each end has had this of the session: what is wrong
    /// with it.
    fn hear(&mut self, is_up: bool, message: &Message<'_>, before: &Seen) -> Option<&'static str> {
        match message {
            Message::Open(open) => {
                self.opens += 1;
                self.awaited = open.follow.iter().map(|it| it.stream.as_str().to_owned()).collect();
                return (self.opens > 1).then_some("a session is opened again");
            }
            Message::Opened(opened) => {
                self.is_open = opened.answer == Answer::Resumed;
                return (!self.is_open).then_some("a session is not resumed");
            }
            Message::Following(following) => {
                self.awaited.retain(|it| it != following.stream.as_str());
            }
            Message::Closed(_) => return Some("a session is closed over the new link"),
            _ => {}
        }
        before.has(is_up, message).then_some("what had come is said again")
    }
}

#[cfg(test)]
mod tests;
