//! What comes over a link that speaks `pamlink.v1`.

use crate::envelope::Envelope;
use crate::envelope::v1::{DEPTH, Message, divide};
use crate::frame::Item;
use crate::hub::Hub;
use crate::hub::event::Unlent;
use crate::hub::index::LinkIndex;
use crate::hub::links::Phase;
use crate::hub::tokens::TOO_MANY_TOKENS;
use crate::link::{ServerClose, Token, TooMany};

/// What a client says of its link.
enum OfLink {
    Token(Token),
    Close(ServerClose<'static>),
}

impl Hub {
    /// A message has come over a link that speaks the dialect.
    pub(in crate::hub) fn message_v1(
        &mut self,
        index: LinkIndex,
        text: Item,
        lent: &str,
    ) -> Option<Unlent> {
        match self.links.get(index)?.phase {
            Phase::Greeting => self.hello(index, text),
            Phase::Open => match self.envelopes_v1(index, text, lent)? {
                OfLink::Token(token) => self.renewal(index, token, None),
                OfLink::Close(why) => {
                    self.close(index, why);
                    None
                }
            },
            Phase::Opening | Phase::Http | Phase::Authorizing | Phase::Refused | Phase::Ended => {
                None
            }
        }
    }

    /// Hands the envelopes of a message to the sessions, up to one that ends the link. What is to
    /// be done about the link itself, if anything.
    fn envelopes_v1(&mut self, index: LinkIndex, text: Item, lent: &str) -> Option<OfLink> {
        let link = self.links.id(index);
        let slot = self.links.get(index)?;
        let batch = slot.v1?.batch;
        let user = self.users.name(slot.user);
        let text = self.links.text(index, text, lent)?;
        let v1 = self.v1.as_mut()?;
        let mut token = None;
        // JSON has no such character, so no envelope is cut.
        for text in divide(text, batch) {
            let Ok(envelope) = Envelope::parse(text, DEPTH) else {
                return Some(OfLink::Close(ServerClose::Malformed));
            };
            let close = match Message::read(&envelope) {
                Ok(Some((_, Message::Token(said)))) if token.is_none() => {
                    token = Some(Token::new(said.token.expose()));
                    continue;
                }
                Ok(Some((_, Message::Token(_)))) => {
                    ServerClose::Refusals(TooMany::Messages, TOO_MANY_TOKENS)
                }
                Ok(Some((_, Message::Goodbye(_)))) => ServerClose::Left,
                Ok(Some((_, message))) if message.is_of_link() => ServerClose::NotOpen,
                Err(malformed) if malformed.is_of_link() => ServerClose::Malformed,
                read => {
                    v1.handle_read(self.now, link, user, read);
                    continue;
                }
            };
            return Some(OfLink::Close(close));
        }
        token.map(OfLink::Token)
    }
}
