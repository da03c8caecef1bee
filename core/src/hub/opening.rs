//! From the request of an opening handshake to the welcome, and the renewal of tokens.
//!
//! The upgrade is accepted *before* the token is judged: clients of the dialect cannot see an
//! HTTP status and would take it for a broken network. A link that is not believed gets the close
//! code 4001 instead. Only a request without any `token` parameter is refused with 403.

use core::time::Duration;

use super::event::Told;
use super::index::{Index, LinkIndex};
use super::inline::InlineText;
use super::refusal::Fault;
use super::slot::{Claim, Phase};
use super::{Auth, Hub, LinkId, RespondError, UnknownLink, UserCap};
use crate::envelope::write::{self, Welcome};
use crate::envelope::{ErrorCode, Kind};
use crate::frame::CloseCode;
use crate::limits::{Class, Rate, Wait};
use crate::link::{
    AnswerError, AuthError, AuthFailure, Claims, DEFAULT_MAX_MESSAGE, PamTarget, ServerClose, Token,
};
use crate::registry::RefusedConnection;
use crate::time::{Deadline, Mono, Now, TimerReason};

/// How often a link may have a token judged: far more often than the schedule of a client comes
/// to ([`TokenConfig::pause`](crate::link::TokenConfig::pause)), and no more work than this.
const JUDGED: Rate = Rate::new(5, Duration::from_secs(5));
/// When to send a token again that nobody could judge.
const JUDGE_AGAIN: Duration = Duration::from_secs(10);

/// What the welcome tells a peer that knows the engine: replies name their request, and a request
/// that is repeated under its id takes effect once.
const FEATURES: &[&str] = &["reply_to", "repeat"];

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
        self.set_now(now);
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
        self.set_now(now);
        self.decide(link, verdict)
    }

    fn decide(
        &mut self,
        link: LinkId,
        verdict: Result<Claims, AuthError>,
    ) -> Result<(), UnknownLink> {
        let slot = self.slot_mut(link).ok_or(UnknownLink)?;
        let Some(claim) = slot.claim.take() else { return Ok(()) };
        match slot.phase {
            Phase::Authorizing => {
                self.end_verdict(link.index, claim.from);
                self.judge(link.index, &claim.user, verdict);
            }
            Phase::Open => {
                // Whose verdict it is needs no event of it.
                self.renew(link.index, verdict, claim.id.as_ref());
            }
            _ => {}
        }
        self.wake(link.index);
        self.stir(link.index);
        self.arm(link.index);
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
        self.set_now(now);
        let now = self.now;
        let slot = self.slot_mut(link).ok_or(RespondError::UnknownLink)?;
        if slot.phase != Phase::Http {
            return Err(RespondError::Answer(AnswerError::NoRequest));
        }
        slot.link.respond(now, status, headers, body)?;
        self.wake(link.index);
        self.stir(link.index);
        self.arm(link.index);
        Ok(())
    }

    /// A request has come: who is it?
    pub(super) fn opening(&mut self, index: LinkIndex) -> Option<Told> {
        let slot = self.links.get_mut(index)?;
        let request = slot.link.request()?;
        if !request.is_upgrade() {
            slot.phase = Phase::Http;
            return Some(Told::Http(index));
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
        self.examine(index, claim).then_some(Told::Authorize(index))
    }

    /// Holds a claim against the verifier, or keeps it for the host's verdict: true if the host is
    /// to be asked.
    pub(super) fn examine(&mut self, index: LinkIndex, mut claim: Claim) -> bool {
        if let Auth::Verifier(verifier) = &self.auth {
            let verdict = verifier.verify(claim.token.expose(), self.now.wall);
            self.judge(index, &claim.user, verdict);
            return false;
        }
        if self.authorizing >= self.config.max_unauthenticated.max(1) {
            self.judge(index, &claim.user, Err(AuthError::Busy));
            return false;
        }
        claim.from = self.await_verdict(index);
        let Some(slot) = self.links.get_mut(index) else { return false };
        slot.phase = Phase::Authorizing;
        slot.claim = Some(Box::new(claim));
        let at = self.now.mono + self.config.auth_timeout;
        slot.deadline = Some(Deadline::new(at, TimerReason::Handshake));
        self.arm(index);
        true
    }

    /// Answers an upgrade with an HTTP status.
    fn turn_away(
        &mut self,
        index: LinkIndex,
        status: u16,
        body: &str,
        because: RefusedConnection,
    ) -> Option<Told> {
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

    fn welcome(&mut self, index: LinkIndex, name: &str, claims: &Claims) {
        if let Err(wait) = self.rates.check(self.now.mono, Class::Connect, name) {
            self.metrics.connections_refused.increment(RefusedConnection::RateLimited);
            if !wait.crowded {
                self.metrics.rate_limited.increment(Class::Connect);
            }
            let (code, after) = (ErrorCode::RateLimitExceeded, Some(wait.retry_after));
            let close = ServerClose::ConnectsTooFast;
            self.tell_error(index, &code, close.reason(), after);
            self.close(index, close);
            return;
        }
        if !self.make_room(name) {
            self.metrics.connections_refused.increment(RefusedConnection::UserFull);
            self.close(index, ServerClose::UserFull);
            return;
        }
        self.forget_stranger(index);
        let user = self.users.enter(name, self.window.keyer().user(name));
        let Some(entry) = self.users.get_mut(user) else { return };
        let next = core::mem::replace(&mut entry.first_link, index);
        entry.links += 1;
        if let Some(next) = self.links.get_mut(next) {
            next.previous_of_user = index;
        }
        let Some(slot) = self.links.get_mut(index) else { return };
        slot.phase = Phase::Open;
        slot.user = user;
        slot.next_of_user = next;
        slot.previous_of_user = LinkIndex::NONE;
        slot.since = self.now.mono;
        slot.untold = true;
        self.expires(index, claims);
        self.metrics.connections.increment();
        self.metrics.connections_active.add(1);
        self.text.clear();
        // Which window it is that recognises repeats: another hub has another, or this one after
        // a restart.
        let largest = self.largest();
        let welcome = Welcome {
            features: FEATURES,
            epoch: Some(&self.epoch),
            max_message: Some(largest),
            limits: Some(&self.limits),
        };
        write::connection(&mut self.text, self.now.wall, &welcome);
        self.send_text(index, Kind::Connection);
    }

    /// Makes room for one link more of a user, if that can be had.
    fn make_room(&mut self, name: &str) -> bool {
        let Some(user) = self.users.find(name).and_then(|user| self.users.get(user)) else {
            return true;
        };
        let open = |slot: &LinkIndex| self.links.get(*slot).is_some_and(|slot| slot.is_open());
        let mut links = self.links_from(user.first_link).filter(open);
        let most = self.config.max_links_per_user.max(1) as usize;
        let Some(newest) = links.next() else { return true };
        let (count, oldest) = links.fold((1, newest), |(count, _), slot| (count + 1, slot));
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

    /// Notes when the token of a link ends.
    fn expires(&mut self, index: LinkIndex, claims: &Claims) {
        let Some(slot) = self.links.get_mut(index) else { return };
        slot.expires = claims.expires;
        // It may have ended already, within the verifier's leeway.
        let end = claims.expires + self.config.token_grace;
        let at = self.now.mono + end.saturating_since(self.now.wall);
        slot.deadline = Some(Deadline::new(at, TimerReason::TokenExpiry));
        self.arm(index);
    }

    /// A token came over an open link.
    pub(super) fn renewal(
        &mut self,
        index: LinkIndex,
        token: Token,
        id: Option<InlineText>,
    ) -> Option<Told> {
        let slot = self.links.get_mut(index)?;
        if let Err(wait) = keep_pace(&mut slot.next_token, self.now.mono) {
            return self.refuse(index, &Fault::Rate(wait), id.as_ref());
        }
        if let Auth::Verifier(verifier) = &self.auth {
            let verdict = verifier.verify(token.expose(), self.now.wall);
            return self.renew(index, verdict, id.as_ref());
        }
        let slot = self.links.get_mut(index)?;
        if slot.claim.is_some() {
            // Two verdicts could not be told apart.
            return self.renew(index, Err(AuthError::Busy), id.as_ref());
        }
        let user = self.users.name(slot.user).into();
        let claim = Claim { user, token, id, from: None };
        slot.claim = Some(Box::new(claim));
        Some(Told::Authorize(index))
    }

    /// The verdict on a renewed token. A bad one changes nothing but the count of bad ones: the old
    /// one may still be good. A good one is taken however many bad ones came before, over this link
    /// or another of the user.
    fn renew(
        &mut self,
        index: LinkIndex,
        verdict: Result<Claims, AuthError>,
        id: Option<&InlineText>,
    ) -> Option<Told> {
        let error = match verdict.and_then(|claims| believe(claims, self.user_of(index))) {
            Ok(claims) => {
                self.metrics.renewals.increment();
                self.expires(index, &claims);
                return None;
            }
            Err(error) => error,
        };
        self.metrics.auth_failures.increment(AuthFailure::Token(error));
        let later = matches!(error, AuthError::Busy | AuthError::Unavailable);
        let retry_after = later.then_some(JUDGE_AGAIN);
        if retry_after.is_none() {
            let user = self.users.get(self.links.get(index)?.user)?.key;
            if let Err(wait) = self.rates.check_key(self.now.mono, Class::Auth, user) {
                return self.refuse(index, &Fault::Rate(wait), id);
            }
        }
        self.write_error(&ErrorCode::AuthRequired, &error.to_string(), retry_after, id);
        self.answer(index, id.is_none());
        None
    }

    /// The hub's own deadline for a link has come.
    pub(super) fn own_timeout(&mut self, index: LinkIndex) {
        let Some(slot) = self.links.get_mut(index) else { return };
        let Some(due) = slot.deadline.take() else { return };
        match (slot.phase, due.reason) {
            (Phase::Authorizing, _) => {
                self.metrics.auth_failures.increment(AuthFailure::Host);
                self.close(index, ServerClose::VerdictLate);
            }
            (Phase::Open, TimerReason::TokenExpiry) => {
                // The wall clock decides, and it may have been set in the meantime.
                let end = slot.expires + self.config.token_grace;
                let left = end.saturating_since(self.now.wall);
                if left > Duration::ZERO {
                    let at = self.now.mono + left;
                    slot.deadline = Some(Deadline::new(at, TimerReason::TokenExpiry));
                } else {
                    self.metrics.auth_failures.increment(AuthFailure::NotRenewed);
                    self.close(index, ServerClose::TokenExpired);
                }
            }
            (_, TimerReason::Drain) => self.drain_link(index),
            _ => {}
        }
    }

    /// The peer has sent more ahead of its welcome than a link may hold.
    pub(super) fn close_for_flood(&mut self, index: LinkIndex) {
        self.close(index, ServerClose::EarlyFlood);
        self.wake(index);
        self.arm(index);
    }

    /// Closes a link for a reason of the hub's own.
    pub(super) fn close(&mut self, index: LinkIndex, why: ServerClose<'_>) {
        self.close_with(index, why.code(), why.reason());
    }

    /// Starts the close handshake of a link.
    pub(super) fn close_with(&mut self, index: LinkIndex, code: CloseCode, reason: &str) {
        self.give_room(index);
        let Some(slot) = self.links.get_mut(index) else { return };
        slot.link.close(self.now, code, reason);
        if slot.phase == Phase::Authorizing {
            let from = slot.claim.take().and_then(|claim| claim.from);
            self.end_verdict(index, from);
        }
        self.wake(index);
        self.stir(index);
        self.arm(index);
    }
}

/// Whether a link may have one more token judged now; if so, it is counted.
fn keep_pace(next: &mut Mono, now: Mono) -> Result<(), Wait> {
    let apart = JUDGED.per / JUDGED.count;
    let early = next.saturating_since(now).saturating_sub(apart * (JUDGED.burst - 1));
    if !early.is_zero() {
        return Err(Wait { class: Class::Auth, rate: JUDGED, retry_after: early, crowded: false });
    }
    *next = (*next).max(now) + apart;
    Ok(())
}

/// What holds for every verdict, whoever gave it.
fn believe(claims: Claims, user: &str) -> Result<Claims, AuthError> {
    claims.require_subject(user)?;
    Ok(claims)
}
