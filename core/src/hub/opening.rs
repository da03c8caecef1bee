//! From the request of an opening handshake to the welcome, and the renewal of tokens.
//!
//! The upgrade is accepted *before* the token is judged: clients of the dialect cannot see an
//! HTTP status and would take it for a broken network. A link that is not believed gets the close
//! code 4001 instead. Only a request without any `token` parameter is refused with 403.

use super::Hub;
use super::config::{Auth, UserCap};
use super::effects::{Effects, Say};
use super::error::{RespondError, UnknownLink};
use super::event::Unlent;
use super::frames::Own;
use super::ids::LinkId;
use super::index::LinkIndex;
use super::links::{Claim, Phase};
use super::tokens::believe;
use crate::envelope::ErrorCode;
use crate::limits::Class;
use crate::link::{
    AnswerError, AuthError, AuthFailure, Claims, DEFAULT_MAX_MESSAGE, PamTarget, ServerClose,
};
use crate::registry::RefusedConnection;
use crate::time::Now;

impl Hub {
    /// The verdict on the token of [`Event::Authorize`](super::Event::Authorize): the claims of a
    /// valid token, or why it is none.
    ///
    /// # Errors
    ///
    /// The link has ended.
    pub fn authorize(
        &mut self,
        now: Now,
        link: LinkId,
        verdict: Result<Claims, AuthError>,
    ) -> Result<(), UnknownLink> {
        self.now.advance(now);
        let verdict = verdict.and_then(|claims| self.in_time(claims));
        self.decide(link, verdict)
    }

    /// The verdict of a [verifier](crate::link::Verify) that the host asked in its own time: as
    /// [`authorize`](Self::authorize), but the verifier has held the token against the clock, with
    /// its leeway.
    ///
    /// # Errors
    ///
    /// The link has ended.
    pub fn verified(
        &mut self,
        now: Now,
        link: LinkId,
        verdict: Result<Claims, AuthError>,
    ) -> Result<(), UnknownLink> {
        self.now.advance(now);
        self.decide(link, verdict)
    }

    fn decide(
        &mut self,
        link: LinkId,
        verdict: Result<Claims, AuthError>,
    ) -> Result<(), UnknownLink> {
        let slot = self.links.find_mut(link).ok_or(UnknownLink)?;
        let Some(claim) = slot.claim.take() else { return Ok(()) };
        match slot.phase {
            Phase::Authorizing => {
                self.links.end_verdict(link.index, claim.from);
                self.judge(link.index, &claim.user, verdict);
            }
            Phase::Open => {
                // Whose verdict it is needs no event of it.
                self.renew(link.index, verdict, claim.id.as_ref());
            }
            _ => {}
        }
        self.links.touch(link.index);
        Ok(())
    }

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

    /// A request has come: who is it?
    pub(super) fn opening(&mut self, index: LinkIndex) -> Option<Unlent> {
        let slot = self.links.get_mut(index)?;
        let request = slot.link.request()?;
        if !request.is_upgrade() {
            slot.phase = Phase::Http;
            return Some(Unlent::Http(index));
        }
        if let (Some(origin), Some(allowed)) = (request.origin(), &self.config.origins)
            && !allowed.iter().any(|allowed| allowed.eq_ignore_ascii_case(origin))
        {
            return self.turn_away(index, 403, "origin not allowed", RefusedConnection::Host);
        }
        let Some(target) = PamTarget::parse(request.target()) else {
            return self.turn_away(index, 404, "no such path", RefusedConnection::NotFound);
        };
        let Some(token) = target.token else {
            return self.turn_away(index, 403, "no token", RefusedConnection::NoToken);
        };
        slot.link.accept(self.now, None).ok()?;
        slot.max_message = target.max_message.unwrap_or(DEFAULT_MAX_MESSAGE);
        let claim = Claim { user: target.user.into(), token, id: None, from: None };
        if claim.token.expose().is_empty() {
            self.judge(index, &claim.user, Err(AuthError::MissingToken));
            return None;
        }
        self.present(index, claim).then_some(Unlent::Authorize(index))
    }

    /// Holds a claim against the verifier, or keeps it for the host's verdict: true if the host is
    /// to be asked.
    pub(super) fn present(&mut self, index: LinkIndex, claim: Claim) -> bool {
        if let Auth::Verifier(verifier) = &self.auth {
            let verdict = verifier.verify(claim.token.expose(), self.now.wall);
            self.judge(index, &claim.user, verdict);
            return false;
        }
        if !self.links.may_await_verdict() {
            self.judge(index, &claim.user, Err(AuthError::Busy));
            return false;
        }
        self.links.await_verdict(index, claim, self.now.mono + self.config.auth_timeout);
        true
    }

    /// Answers an upgrade with an HTTP status.
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

    /// A verifier has held the token against the clock, with its leeway; a host may not have.
    pub(super) fn in_time(&self, claims: Claims) -> Result<Claims, AuthError> {
        if claims.expires <= self.now.wall { Err(AuthError::Expired) } else { Ok(claims) }
    }

    /// Lets a link in or closes it.
    pub(super) fn judge(
        &mut self,
        index: LinkIndex,
        user: &str,
        verdict: Result<Claims, AuthError>,
    ) {
        match verdict.and_then(|claims| believe(claims, user)) {
            Ok(claims) => self.welcome(index, user, &claims),
            Err(error) => {
                self.metrics.auth_failures.increment(AuthFailure::Token(error));
                let why = error.to_string();
                let close = match error {
                    AuthError::Busy | AuthError::Unavailable => ServerClose::Unjudged(&why),
                    _ => ServerClose::Unauthenticated(&why),
                };
                self.close(index, close);
            }
        }
    }

    /// The host has given no verdict on a link's token in time.
    pub(super) fn verdict_late(&mut self, index: LinkIndex) {
        self.metrics.auth_failures.increment(AuthFailure::Host);
        self.close(index, ServerClose::VerdictLate);
    }

    fn welcome(&mut self, index: LinkIndex, name: &str, claims: &Claims) {
        if let Err(wait) = self.admission.may_connect(self.now.mono, name) {
            self.metrics.connections_refused.increment(RefusedConnection::RateLimited);
            if !wait.crowded {
                self.metrics.rate_limited.increment(Class::Connect);
            }
            let close = ServerClose::ConnectsTooFast;
            let error = Own::Error {
                code: &ErrorCode::RateLimitExceeded,
                message: close.reason(),
                retry_after: Some(wait.retry_after),
                reply_to: None,
            };
            let (say, close) = (Some(Say::Now(error)), Some(close));
            self.apply(index, Effects { say, close, tell: None });
            return;
        }
        if !self.make_room(name) {
            self.metrics.connections_refused.increment(RefusedConnection::UserFull);
            self.close(index, ServerClose::UserFull);
            return;
        }
        let user = self.users.enter(name, self.requests.user_key(name));
        self.links.welcome(index, user, &mut self.users, self.now.mono);
        self.expires(index, claims);
        self.metrics.connections.increment();
        self.metrics.connections_active.add(1);
        let welcome = Own::Welcome { max_message: self.links.largest() };
        self.apply(index, Effects { say: Some(Say::Now(welcome)), ..Effects::default() });
    }

    /// Makes room for one link more of a user, if that can be had.
    fn make_room(&mut self, name: &str) -> bool {
        let Some(user) = self.users.find(name).and_then(|user| self.users.get(user)) else {
            return true;
        };
        let open = |link: &LinkIndex| self.links.get(*link).is_some_and(|slot| slot.is_open());
        let mut links = self.links.of_user(user).filter(open);
        let most = self.config.max_links_per_user as usize;
        let Some(newest) = links.next() else { return true };
        let (count, oldest) = links.fold((1, newest), |(count, _), link| (count + 1, link));
        if count < most {
            return true;
        }
        match self.config.at_user_cap {
            UserCap::RefuseNewest => false,
            UserCap::CloseOldest => {
                self.close(oldest, ServerClose::Replaced);
                true
            }
        }
    }
}
