//! What comes over a link that speaks `pamlink.v1`: each envelope is about the link or a session.

use super::Client;
use super::known_server::KnownServer;
use super::lending::text;
use super::unlent::{Source, Unlent};
use crate::envelope::Envelope;
use crate::envelope::v1::{self, GoodbyeCode, Message, Welcome, divide};
use crate::frame::Item;
use crate::link::Said;
use crate::metrics::Direction;

impl Client {
    /// A message has come over a link that speaks the dialect: an envelope, or several where both
    /// ends join them (V-10.7).
    pub(super) fn read_v1(&mut self, item: Item, lent: &str) -> Option<Unlent> {
        let welcomed = self.link.is_welcomed_v1();
        let text = text(item, &mut self.link, lent)?;
        self.counters.metrics.message_bytes.record(text.len());
        if !welcomed {
            let said = Said::first(text);
            let welcome = match &said {
                Said::Welcome(welcome) => Some((welcome.clone(), Box::from(text))),
                _ => None,
            };
            self.link.handle_said(self.now, said);
            if let Some((welcome, text)) = welcome.filter(|_| self.link.is_welcomed_v1()) {
                self.welcomed_v1(&welcome, text);
            }
            return None;
        }
        let conversations = self.conversations.as_deref_mut()?;
        let (mut of_link, mut unreadable) = (Vec::new(), None);
        let mut ponged = false;
        for text in divide(text, self.server.batches) {
            if let Err(error) = Envelope::scan_into(&mut self.scan, text, v1::DEPTH) {
                unreadable.get_or_insert(error);
                continue;
            }
            let said = match Message::read(&Envelope::from_scan(text, self.scan)) {
                Err(malformed) if malformed.is_of_link() => Said::Wrong(GoodbyeCode::Malformed),
                Err(malformed) => {
                    conversations.handle_malformed(self.now, malformed.channel);
                    continue;
                }
                Ok(None) => continue,
                Ok(Some((channel, message))) => match Said::of(&message) {
                    Some(said) => said,
                    None => {
                        ponged |= matches!(&message, Message::Heartbeat(it) if it.reply);
                        conversations.handle_message(self.now, channel, &message);
                        continue;
                    }
                },
            };
            let ends_link = said.ends_link();
            of_link.push(said);
            // What stands behind is not looked at.
            if ends_link {
                break;
            }
        }
        if ponged {
            self.take_pong();
        }
        for said in of_link {
            if !self.begins_change(&said) {
                self.link.handle_said(self.now, said);
            }
        }
        let is_lent = self.link.is_welcomed_v1();
        let unreadable = unreadable.filter(|_| is_lent);
        unreadable.map(|error| Unlent::Unreadable(Source::Link(item), error))
    }

    /// The server has welcomed a link that speaks the dialect. The host hears of it once the first
    /// session is open: what it asks a server to push then comes.
    fn welcomed_v1(&mut self, welcome: &Welcome, text: Box<str>) {
        self.server = KnownServer::of_v1(welcome);
        if let Some(conversations) = &mut self.conversations {
            conversations.handle_welcome(self.now.mono, Some(text));
        }
        self.begin_age();
        self.counters.welcomed(self.now.mono);
        self.flush();
    }

    /// A `pong` of the server has come: counts it, and how long it took.
    pub(super) fn take_pong(&mut self) {
        self.counters.metrics.pongs.increment(Direction::Inbound);
        if let Some(time) = self.link.ponged(self.now) {
            self.counters.metrics.round_trip.record(time);
        }
    }
}
