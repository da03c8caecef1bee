//! How sessions come to their links and leave them.

use std::sync::Arc;

use super::config::SessionsBound;
use super::links::Use;
use super::numbers::{LinkNumber, SessionNumber};
use super::said::{Lent, owned_open};
use super::state::State;
use super::table::{Opening, Room};
use crate::delivery::fault::Fault;
use crate::delivery::session::Session;
use crate::delivery::stream::StreamKey;
use crate::delivery::turns::Share;
use crate::envelope::v1::{Channel, Message, Open, SessionId};

impl State {
    /// A user opens a session or goes on with one.
    pub(super) fn handle_open(
        &mut self,
        link: LinkNumber,
        channel: Channel,
        user: &str,
        open: Open<'_>,
    ) {
        if let Some(Use::Session(number)) = self.links.channel(link, channel) {
            // There is one in this channel.
            self.fault(number, Fault::NotOpen);
            return;
        }
        if !self.links.has_room(link, channel) {
            self.refuse(link, channel, user, SessionsBound::Link);
            return;
        }
        let Some(id) = open.session else {
            self.begin(link, channel, user, &open);
            return;
        };
        let Some(number) = self.table.find(id, user) else {
            self.say_unknown(link, channel, id, &open);
            return;
        };
        // It leaves the link that it had (V-5.8).
        let before = self.table.get(number).and_then(|held| {
            held.over.or_else(|| held.opening.as_ref().map(|it| (it.link, it.channel)))
        });
        self.detach(number);
        if let Some((link, channel)) = before {
            self.close(link, channel, "superseded");
        }
        self.links.open(link, channel, number);
        if let Some(held) = self.table.get_mut(number) {
            held.opening = Some(Box::new(Opening { link, channel, open: owned_open(open) }));
        }
        self.attach(number);
    }

    /// A user begins a session.
    fn begin(&mut self, link: LinkNumber, channel: Channel, user: &str, open: &Open<'_>) {
        match self.table.room_for(user, &self.config) {
            Room::Yes => {}
            Room::InPlaceOf(number) => {
                if let Some(held) = self.table.get_mut(number) {
                    let user = Arc::clone(&held.user);
                    held.session.leave(self.now);
                    self.events.push_back(Lent::Evicted(number, user));
                }
                self.follow_session(number);
            }
            Room::No(bound) => {
                self.refuse(link, channel, user, bound);
                return;
            }
        }
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.random.next_u64().to_le_bytes());
        bytes[8..].copy_from_slice(&self.random.next_u64().to_le_bytes());
        let id = SessionId::from_bytes(bytes);
        let seed = self.random.next_seed();
        let config = Arc::clone(&self.of_session);
        let session = Session::server_within(config, id, self.streams.log_epoch(), seed);
        let number = self.table.insert(id, user, session);
        self.links.open(link, channel, number);
        if let Some(held) = self.table.get_mut(number) {
            let open = owned_open(open.clone());
            held.opening = Some(Box::new(Opening { link, channel, open }));
        }
        self.attach(number);
    }

    /// Lets a session go on over the link whose `open` waits, once all its events are taken.
    pub(super) fn attach(&mut self, number: SessionNumber) {
        let Some(held) = self.table.get_mut(number) else { return };
        if held.is_held_up() {
            return;
        }
        let Some(opening) = held.opening.take() else { return };
        if held.session.attach(self.now, opening.channel).is_err() {
            held.opening = Some(opening);
            self.note_events(number);
            return;
        }
        let Opening { link, channel, open } = *opening;
        (held.over, held.share) = (Some((link, channel)), Share::NEW);
        self.streams.forget_reader(self.now, number.reader());
        let (user, follow) = (Arc::clone(&held.user), open.follow.clone());
        held.session.handle_message(self.now, &Message::Open(open));
        let is_open = held.session.is_open();
        for followed in follow.into_iter().filter(|_| is_open) {
            let key = StreamKey::new(Arc::clone(&user), &followed.stream);
            let (received, offset) = (followed.received, followed.offset);
            let follows = self.streams.follow(self.now, number.reader(), &key, received, offset);
            if let Err(fault) = follows {
                self.fault(number, fault);
                return;
            }
        }
        self.follow_session(number);
    }
}
