//! The request of an opening handshake: an upgrade to WebSocket, or plain HTTP, which is the
//! host's.

use super::Hub;
use super::error::RespondError;
use super::event::Unlent;
use super::ids::LinkId;
use super::index::LinkIndex;
use super::links::{Claim, Phase};
use crate::envelope::v1::SUBPROTOCOL;
use crate::link::{AnswerError, AuthError, DEFAULT_MAX_MESSAGE, PamTarget};
use crate::metric_families::RefusedConnection;
use crate::time::Now;

impl Hub {
    /// Answers the request of [`Event::Http`](super::Event::Http), with these headers beside those
    /// of the length and the end, and ends the link. A HEAD request gets the same head and no body.
    ///
    /// # Errors
    ///
    /// [`RespondError`]; nothing has changed.
    pub fn respond(
        &mut self,
        now: Now,
        link: LinkId,
        status: u16,
        headers: &[(&'static str, &str)],
        body: &[u8],
    ) -> Result<(), RespondError> {
        self.now.advance(now);
        let now = self.now;
        let slot = self.links.find_mut(link).ok_or(RespondError::UnknownLink)?;
        if slot.phase != Phase::Http {
            return Err(RespondError::Answer(AnswerError::NoRequest));
        }
        slot.link.respond(now, status, headers, body)?;
        self.links.touch(link.index);
        Ok(())
    }

    /// Reads an opening request: its path, user and token; or refuses it with an HTTP status. What is no
    /// upgrade is the host's to answer, except at the address of a link.
    pub(super) fn opening(&mut self, index: LinkIndex) -> Option<Unlent> {
        let request = self.links.get(index)?.link.request()?;
        let target = PamTarget::parse(request.target());
        // Who asks there without an upgrade may be one whose upgrade was refused, and learns why; or it
        // stands behind a proxy that drops it: a host that looks for a page would say that nothing is
        // there.
        let is_upgrade = request.is_upgrade();
        if !is_upgrade && (target.is_none() || !matches!(request.method(), "GET" | "HEAD")) {
            self.links.get_mut(index)?.phase = Phase::Http;
            return Some(Unlent::Http(index));
        }
        if let (Some(origin), Some(allowed)) = (request.origin(), &self.config.origins)
            && !allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
        {
            return self.turn_away(index, 403, "origin not allowed", RefusedConnection::Host);
        }
        let Some(target) = target else {
            return self.turn_away(index, 404, "no such path", RefusedConnection::NotFound);
        };
        if !is_upgrade {
            // RFC 9110 section 15.5.22.
            let because = RefusedConnection::NoUpgrade;
            return self.turn_away(index, 426, "this is the address of a WebSocket", because);
        }
        let subprotocol = self.choose_subprotocol(request.subprotocols()).map(str::to_owned);
        if subprotocol.as_deref() == Some(SUBPROTOCOL) {
            self.greet(index, target.user);
            return None;
        }
        let Some(token) = target.token else {
            return self.turn_away(index, 403, "no token", RefusedConnection::NoToken);
        };
        let slot = self.links.get_mut(index)?;
        slot.link.accept(self.now, subprotocol.as_deref()).ok()?;
        slot.max_message = target.max_message.unwrap_or(DEFAULT_MAX_MESSAGE);
        let claim = Claim::new(target.user.into(), token);
        if claim.token.expose().is_empty() {
            self.judge(index, &claim.user, Err(AuthError::MissingToken));
            return None;
        }
        self.present(index, claim).then_some(Unlent::Authorize(index))
    }

    /// Answers an opening request with an HTTP status.
    fn turn_away(
        &mut self,
        index: LinkIndex,
        status: u16,
        body: &str,
        because: RefusedConnection,
    ) -> Option<Unlent> {
        self.metrics.connections_refused.increment(because);
        let slot = self.links.get_mut(index)?;
        slot.link.reject(self.now, status, body).ok()?;
        None
    }
}
