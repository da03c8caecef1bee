//! The token that a link shows in its opening handshake, and the verdict on it.
//!
//! The upgrade is accepted *before* the token is judged: clients of the dialect cannot see an
//! HTTP status and would take it for a broken network. A link whose token is refused is closed with
//! code 4001 instead. Only a request without any `token` parameter is refused with 403.

use super::Hub;
use super::config::Auth;
use super::error::UnknownLink;
use super::ids::LinkId;
use super::index::LinkIndex;
use super::links::{Claim, Phase};
use super::tokens::believe;
use crate::link::{AuthError, AuthFailure, Claims, ServerClose};
use crate::time::Now;

impl Hub {
    /// The verdict on the token of [`Event::Authorize`](super::Event::Authorize): the claims of a
    /// valid token, or why the token is invalid.
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

    /// The verdict of a [verifier](crate::link::Verify) that the host ran outside the hub: as
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
        // Of a claim that is not whole before `hello` nobody was asked.
        let asked = slot.claim.take_if(|_| slot.phase != Phase::Greeting);
        let Some(claim) = asked else { return Ok(()) };
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
}
