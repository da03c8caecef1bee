//! The opening of a link that speaks `pamlink.v1`, up to its `hello` (V-10.1 and V-10.2 of
//! `docs/protocol-v1.md`).

use super::state::V1;
use crate::envelope::Envelope;
use crate::envelope::v1::{DEPTH, Features, Hello, Message, SUBPROTOCOL, Versions};
use crate::frame::Item;
use crate::frame::handshake::Request;
use crate::hub::Hub;
use crate::hub::event::Unlent;
use crate::hub::index::LinkIndex;
use crate::hub::links::Claim;
use crate::link::{AuthError, ServerClose, Token};

/// What a subprotocol begins with that is a token and none (V-10.2).
const TOKEN: &str = "pamlink.token.";

/// What this end can do.
const FEATURES: Features = Features::BATCH;

impl Hub {
    /// A client offers the dialect: `hello` comes next, and says who it is if nothing else has.
    pub(in crate::hub) fn greet(&mut self, index: LinkIndex, user: String) -> Option<()> {
        let slot = self.links.get_mut(index)?;
        let token = slot.link.request().and_then(shown_token).unwrap_or_else(|| Token::new(""));
        slot.link.accept(self.now, Some(SUBPROTOCOL)).ok()?;
        self.await_hello(index, Claim::new(user.into(), token));
        Some(())
    }

    /// A link speaks the dialect from here on, and is a stranger until its `hello` is good.
    pub(in crate::hub) fn await_hello(&mut self, index: LinkIndex, claim: Claim) {
        let until = self.now.mono + self.config.link.patience.handshake;
        self.links.await_hello(index, claim, until);
        if self.v1.is_none() {
            self.v1 = Some(Box::new(V1::new(&self.config, &mut self.random)));
        }
    }

    /// The first envelope of a client has come.
    pub(super) fn hello(&mut self, index: LinkIndex, text: Item) -> Option<Unlent> {
        let (slot, pool) = self.links.reading(index)?;
        let lent = slot.link.text(text, Some(pool)).ok()?;
        let envelope = Envelope::parse(lent, DEPTH).ok();
        let read = envelope.as_ref().map(Message::read);
        let (hello, token) = match read {
            Some(Ok(Some((_, Message::Hello(Hello { token, versions, features, limits }))))) => {
                let token = token.map(|token| Token::new(token.expose()));
                ((versions, features, limits), token)
            }
            Some(Err(malformed)) if malformed.is_of_link() => {
                return self.part(index, ServerClose::Malformed);
            }
            _ => return self.part(index, ServerClose::NotOpen),
        };
        let (versions, features, limits) = hello;
        if versions.highest_common(Versions::OWN).is_none() {
            return self.part(index, ServerClose::NoVersion);
        }
        slot.max_message = usize::try_from(limits.message).unwrap_or(usize::MAX);
        if let Some(agreed) = &mut slot.v1 {
            agreed.batch = features.common(FEATURES).contains(Features::BATCH);
        }
        let mut claim = *slot.claim.take()?;
        // Whom the host has authenticated itself has to show nothing.
        if let Some(claims) = claim.claims.take() {
            let verdict = self.in_time(claims);
            self.judge(index, &claim.user, verdict);
            return None;
        }
        if let Some(token) = token {
            claim.token = token;
        }
        if claim.token.expose().is_empty() {
            self.judge(index, &claim.user, Err(AuthError::MissingToken));
            return None;
        }
        self.present(index, claim).then_some(Unlent::Authorize(index))
    }

    /// Closes a link for what its client has said.
    pub(in crate::hub) fn part(
        &mut self,
        index: LinkIndex,
        why: ServerClose<'_>,
    ) -> Option<Unlent> {
        self.close(index, why);
        None
    }
}

/// The token in the headers of an opening request: that of `Authorization`, else the one among the
/// subprotocols.
fn shown_token(request: &Request) -> Option<Token> {
    let bearer = request.header("Authorization").and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("Bearer").then_some(token.trim_start())
    });
    let offered = || request.subprotocols().find_map(|offered| offered.strip_prefix(TOKEN));
    bearer.or_else(offered).map(Token::new)
}
