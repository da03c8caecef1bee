//! The planned change of a link: the new one first, then the old (V-10.6).
//!
//! A client whose host can hold two transports ([`ClientConfig::two_links`](super::ClientConfig))
//! does not leave at a `goodbye` that gives time. It dials again beside the link that it has; when
//! that second link is welcomed, the two change places, and the sessions are opened over the new
//! one. The old one says `goodbye` once all are open there.

use core::time::Duration;

use super::Client;
use super::known_server::KnownServer;
use super::unlent::Unlent;
use crate::envelope::v1::{GoodbyeCode, Versions, Welcome};
use crate::frame::Item;
use crate::link::{ClientLink, ClientLinkUnlent, Said, State};

/// The least age at which a link is changed.
const YOUNGEST: Duration = Duration::from_secs(1);

/// The link of a client beside its first.
#[derive(Debug)]
pub(super) struct Second {
    pub(super) link: ClientLink,
    /// The two have changed places: it is the one that is left.
    pub(super) is_old: bool,
}

/// What has come of the second link.
#[derive(Debug)]
pub(super) enum Beside {
    Event(Unlent),
    /// Something that is no event, and may have been about the first.
    Again,
    Nothing,
}

impl Client {
    /// Whether what the server has said about the first link is the beginning of a planned change:
    /// then another link is made, or this one stays a while, and nothing else follows from it.
    pub(super) fn begins_change(&mut self, said: &Said) -> bool {
        let Some((goodbye, within)) = said.planned_end() else { return false };
        if self.link.state() != State::Open || !self.link.is_welcomed_v1() {
            return false;
        }
        if !self.config.two_links {
            return self.stays(said, within);
        }
        let is_under_way = match &self.second {
            // The link before this one still closes, and a third is one too many.
            Some(second) if second.is_old && !second.link.is_over() => return false,
            Some(second) => !second.is_old && !second.link.is_over(),
            None => false,
        };
        let after = self.link.handle_planned_end(self.now, goodbye, within);
        if !is_under_way {
            let link = self.link.beside(self.now, after);
            self.second = link.map(|link| Second { link, is_old: false }.into());
        }
        true
    }

    /// The first link was welcomed: from here on it has an age.
    pub(super) fn begin_age(&mut self) {
        let age = self.config.max_link_age;
        let counts = self.config.two_links && !age.is_zero();
        self.ages = counts.then(|| self.link.draw_end(self.now, age.max(YOUNGEST)));
    }

    /// The first link may be old enough to be changed.
    pub(super) fn handle_age(&mut self) {
        if self.ages.is_none_or(|at| at > self.now.mono) {
            return;
        }
        self.ages = None;
        let is_open = self.link.state() == State::Open && self.link.is_welcomed_v1();
        let is_free = self.second.as_ref().is_none_or(|second| second.link.is_over());
        if is_open && is_free {
            let link = self.link.beside(self.now, Duration::ZERO);
            self.second = link.map(|link| Second { link, is_old: false }.into());
        }
    }

    /// The next of what has come of the second link.
    pub(super) fn poll_second(&mut self) -> Beside {
        self.settle_second();
        let Some(second) = &mut self.second else { return Beside::Nothing };
        if let Some(need) = second.link.take_need() {
            // One answer of the host is for both.
            let is_new = self.link.requests_for_other(self.now);
            return if is_new { Beside::Event(Unlent::NeedToken(need)) } else { Beside::Again };
        }
        let Some(unlent) = second.link.poll_unlent() else {
            second.link.take_pings().add_to(&mut self.counters.metrics);
            return Beside::Nothing;
        };
        match unlent {
            ClientLinkUnlent::Text(item) => {
                self.read_second(item).map_or(Beside::Again, Beside::Event)
            }
            ClientLinkUnlent::Binary(_) => {
                if second.link.awaits_welcome_v1() {
                    second.link.handle_said(self.now, Said::Wrong(GoodbyeCode::NotOpen));
                }
                Beside::Again
            }
            ClientLinkUnlent::Note | ClientLinkUnlent::Overflowed(_) => {
                Beside::Event(Unlent::SecondLink(unlent))
            }
        }
    }

    /// Ends the second link where it is not needed any more.
    fn settle_second(&mut self) {
        let Some(second) = &mut self.second else { return };
        let first_is_open = self.link.state() == State::Open;
        if second.is_old {
            let are_open = self.conversations.as_ref().is_some_and(|it| it.are_open(self.now.mono));
            let waits = second.link.state() == State::Open && first_is_open && !are_open;
            if !waits {
                second.link.disconnect(self.now);
            }
        } else if !first_is_open {
            second.link.disconnect(self.now);
        } else if second.link.goes_back() {
            self.link.follow_back(self.now, &second.link);
            second.link.disconnect(self.now);
        }
    }

    /// A text has come over the second link: before it is welcomed only that counts, and of one that
    /// is left nothing does any more.
    fn read_second(&mut self, item: Item) -> Option<Unlent> {
        let second = self.second.as_deref_mut()?;
        if second.is_old || !second.link.awaits_welcome_v1() {
            return None;
        }
        // If it is not UTF-8 the link's next step says so.
        let text = second.link.text(item).ok()?;
        self.counters.metrics.message_bytes.record(text.len());
        let said = Said::first(text);
        let welcome: Option<(Welcome, Box<str>)> = match &said {
            Said::Welcome(it) if Versions::OWN.contains(it.version) => {
                Some((it.clone(), Box::from(text)))
            }
            _ => None,
        };
        if welcome.is_some() {
            second.link.take_over(&mut self.link);
        }
        second.link.handle_said(self.now, said);
        let (welcome, text) = welcome?;
        self.change_places(&welcome, text);
        Some(Unlent::ChangedPlaces)
    }

    /// The second link was welcomed with this: it is the first from here on, and the sessions are
    /// opened over it. What still comes over the other comes again.
    fn change_places(&mut self, welcome: &Welcome, text: Box<str>) {
        let Some(second) = &mut self.second else { return };
        core::mem::swap(&mut self.link, &mut second.link);
        second.is_old = true;
        if let Some(conversations) = &mut self.conversations {
            conversations.handle_link_lost(self.now, false);
            conversations.handle_welcome(self.now.mono, Some(text));
        }
        self.requests.link_lost();
        self.server = KnownServer::of_v1(welcome);
        self.begin_age();
        self.counters.changed(self.now.mono);
        self.flush();
    }
}
