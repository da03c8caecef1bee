//! Links of transports that speak WebSocket themselves: whole messages instead of bytes.

use super::slot::{Claim, Phase};
use super::{Full, Hub, InputError, LinkId};
use crate::frame::{Incoming, Outgoing};
use crate::link::{AuthError, Claims, PamTarget, ServerLink, Token};
use crate::metrics::Direction;
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
    /// A transport that speaks WebSocket itself was opened for this user: no handshake comes any
    /// more. It takes whole messages ([`handle_message`](Self::handle_message)) and gives them
    /// ([`poll_message`](Self::poll_message)), and all else is as for [`accept`](Self::accept):
    /// [`Event::Authorize`](super::Event::Authorize) asks the host about a token if nobody else
    /// decides, and a peer that is not believed is closed with 4001.
    ///
    /// The origin was the transport's to look at, and pings and pongs are too; the heartbeat's
    /// question is a message. A user has at most 256 bytes; a longer one is nobody.
    ///
    /// # Errors
    ///
    /// [`Full`]: the host should close the connection. It was counted.
    pub fn accept_opened(&mut self, now: Now, user: &str, proof: Proof) -> Result<LinkId, Full> {
        self.set_now(now);
        let link = ServerLink::opened(&self.link_config, self.random.next_seed(), self.now);
        let link = self.take_in(link, None)?;
        let index = link.index;
        match proof {
            _ if user.len() > PamTarget::MAX_USER => {
                self.judge(index, "", Err(AuthError::WrongSubject));
            }
            Proof::Token(token) if !token.expose().is_empty() => {
                let claim = Claim { user: user.into(), token, id: None, from: None };
                let to_be_asked = self.examine(index, claim);
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
        self.wake(index);
        self.stir(index);
        self.arm(index);
        Ok(link)
    }

    /// A whole message came over a link that was [opened](Self::accept_opened).
    ///
    /// # Errors
    ///
    /// As [`handle_bytes`](Self::handle_bytes).
    pub fn handle_message(
        &mut self,
        now: Now,
        link: LinkId,
        message: Incoming<'_>,
    ) -> Result<(), InputError> {
        self.set_now(now);
        let now = self.now;
        self.hear(link, message.len(), |link| link.handle_message(now, message))
    }

    /// What the transport of a link that was [opened](Self::accept_opened) is to do next, in the
    /// place of [`poll_transmit`](Self::poll_transmit); a text or the reason of a close is
    /// appended to `out`. Call it until it has no more, or as often as the transport can take
    /// something: the link is named by [`poll_writable`](Self::poll_writable) when it has new
    /// output, not for what was left.
    ///
    /// [`Outgoing::HangUp`] comes once everything is sent; the link is gone then.
    pub fn poll_message(&mut self, link: LinkId, out: &mut Vec<u8>) -> Option<Outgoing> {
        let Some(slot) = self.slot_mut(link) else { return Some(Outgoing::HangUp) };
        let before = out.len();
        let outgoing = slot.link.poll_message(out);
        let beats = slot.link.take_beats();
        let hang_up = outgoing == Some(Outgoing::HangUp);
        let ended = slot.phase == Phase::Ended;
        slot.detached |= hang_up;
        beats.add_to(&mut self.metrics);
        self.metrics.bytes.add(Direction::Outbound, (out.len() - before) as u64);
        self.weigh(link.index);
        match (hang_up, ended) {
            (true, true) => self.free(link.index),
            (true, false) => self.wake(link.index),
            _ => self.room_made(link.index),
        }
        outgoing
    }
}
