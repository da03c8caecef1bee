//! New connections: each is accepted, replaces the oldest unauthenticated one, or is refused.

use core::net::IpAddr;

use super::Hub;
use super::error::Full;
use super::ids::LinkId;
use super::index::LinkIndex;
use super::links::Claim;
use crate::link::{AuthError, Claims, PamTarget, ServerClose, ServerLink, Token};
use crate::metric_families::RefusedConnection;
use crate::time::Now;

/// What the host knows of the peer of an opened transport.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// It has shown no token.
    None,
    /// It has shown this token, which [`Auth`](super::Auth) decides on.
    Token(Token),
    /// The host has authenticated it already.
    Claims(Claims),
}

impl Hub {
    /// A connection was accepted, nobody knows from where: the opening handshake comes next.
    ///
    /// # Errors
    ///
    /// As [`accept_from`](Self::accept_from).
    pub fn accept(&mut self, now: Now) -> Result<LinkId, Full> {
        self.accept_link(now, None)
    }

    /// A connection was accepted from an address: the opening handshake comes next.
    ///
    /// Links without a good token are bounded, in all and by address
    /// ([`max_unauthenticated_per_address`](super::HubConfig::max_unauthenticated_per_address)):
    /// at the bound the oldest of them is closed, with HTTP 503 or close code 1013, and this one is
    /// accepted.
    ///
    /// # Errors
    ///
    /// [`Full`]: the host should close the connection. It was counted.
    pub fn accept_from(&mut self, now: Now, address: IpAddr) -> Result<LinkId, Full> {
        self.accept_link(now, Some(address))
    }

    /// A transport that speaks WebSocket itself was opened for this user: no handshake comes any
    /// more. It takes whole messages ([`handle_message`](Self::handle_message)) and gives them
    /// ([`poll_message`](Self::poll_message)), and all else is as for [`accept`](Self::accept):
    /// [`Event::Authorize`](super::Event::Authorize) asks the host about a token if nobody else
    /// decides, and a peer that is not believed is closed with 4001.
    ///
    /// The transport has checked the origin, and answers pings of RFC 6455 itself; the keepalive of
    /// the hub is a `ping` message. A user name of more than 256 bytes is invalid, and its link is
    /// closed with 4001. `max_message` is
    /// the largest message that the peer says it takes, in bytes
    /// ([`PamTarget::max_message`](crate::link::PamTarget::max_message)).
    ///
    /// # Errors
    ///
    /// [`Full`]: the host should close the connection. It was counted.
    pub fn accept_opened(
        &mut self,
        now: Now,
        user: &str,
        proof: Proof,
        max_message: Option<usize>,
    ) -> Result<LinkId, Full> {
        self.now.advance(now);
        let link = ServerLink::opened(&self.link_config, self.random.next_seed(), self.now);
        let link = self.take_in(link, None)?;
        let index = link.index;
        if let (Some(slot), Some(most)) = (self.links.get_mut(index), max_message) {
            slot.max_message = most;
        }
        match proof {
            _ if user.len() > PamTarget::MAX_USER => {
                self.judge(index, "", Err(AuthError::WrongSubject));
            }
            Proof::Token(token) if !token.expose().is_empty() => {
                let claim = Claim::new(user.into(), token);
                let to_be_asked = self.present(index, claim);
                if let Some(slot) = self.links.get_mut(index) {
                    slot.untold |= to_be_asked;
                }
            }
            Proof::Claims(claims) => {
                let verdict = self.in_time(claims);
                self.judge(index, user, verdict);
            }
            Proof::None | Proof::Token(_) => {
                self.judge(index, user, Err(AuthError::MissingToken));
            }
        }
        self.links.touch(index);
        Ok(link)
    }

    /// As [`accept_opened`](Self::accept_opened), of a transport whose opening has agreed on the
    /// subprotocol `pamlink.v1`: the peer says `hello`, and is welcomed then. A token in it comes
    /// before one of `proof`, and claims before both; it says the largest message that it takes. A
    /// host agrees on it where the hub [chooses](Self::choose_subprotocol) it.
    ///
    /// # Errors
    ///
    /// [`Full`]: the host should close the connection. It was counted.
    pub fn accept_opened_v1(&mut self, now: Now, user: &str, proof: Proof) -> Result<LinkId, Full> {
        self.now.advance(now);
        let link = ServerLink::opened(&self.link_config, self.random.next_seed(), self.now);
        let link = self.take_in(link, None)?;
        let fits = user.len() <= PamTarget::MAX_USER;
        let none = Token::new("");
        let mut claim = Claim::new(if fits { user.into() } else { "".into() }, none);
        match proof {
            Proof::None => {}
            Proof::Token(token) => claim.token = token,
            Proof::Claims(claims) => claim.claims = Some(claims),
        }
        self.await_hello(link.index, claim);
        if !fits {
            self.judge(link.index, "", Err(AuthError::WrongSubject));
        }
        self.links.touch(link.index);
        Ok(link)
    }

    /// The host could not accept a connection because it has no file descriptor left. `true`: the
    /// oldest link without a good token is being closed, and its descriptor is free once the host
    /// has dropped its transport. `false`: every descriptor belongs to an authenticated link, which
    /// is counted, and the host refuses the connection.
    pub fn handle_exhausted(&mut self, now: Now) -> bool {
        self.now.advance(now);
        if self.links.makes_way() {
            return true;
        }
        let oldest = self.links.oldest_stranger();
        match oldest {
            Some(oldest) => self.send_away(oldest),
            None => self.metrics.connections_refused.increment(RefusedConnection::Descriptors),
        }
        oldest.is_some()
    }

    fn accept_link(&mut self, now: Now, address: Option<IpAddr>) -> Result<LinkId, Full> {
        self.now.advance(now);
        let link = ServerLink::new(&self.link_config, self.random.next_seed(), self.now);
        self.take_in(link, address)
    }

    /// Gives a new link its place.
    fn take_in(&mut self, link: ServerLink, address: Option<IpAddr>) -> Result<LinkId, Full> {
        if self.drain.is_some() {
            self.metrics.connections_refused.increment(RefusedConnection::Draining);
            return Err(Full::Draining);
        }
        let from = address.map(|address| self.links.network(address));
        let room = self.links.clear_the_way();
        if room && let Some(oldest) = self.links.crowded_by(from) {
            self.send_away(oldest);
        }
        if room && let Some(oldest) = self.links.crowded() {
            self.send_away(oldest);
        }
        if !room || self.links.is_full() {
            self.metrics.connections_refused.increment(RefusedConnection::Full);
            return Err(Full::Links);
        }
        self.links.enter(link, from, self.now.mono).ok_or(Full::Links)
    }

    /// Closes a link without a good token, to accept another.
    fn send_away(&mut self, index: LinkIndex) {
        self.metrics.connections_refused.increment(RefusedConnection::CrowdedOut);
        self.links.forget_stranger(index);
        self.close(index, ServerClose::MadeWay);
        // It was never let in, and nobody waits for its close frame.
        self.links.hasten(index, self.now);
    }
}
