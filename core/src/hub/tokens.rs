//! Tokens of welcomed links: expiry and renewal.

use core::time::Duration;

use super::Hub;
use super::config::Auth;
use super::effects::{Effects, Say};
use super::envelopes::Own;
use super::event::Unlent;
use super::index::LinkIndex;
use super::inline_text::InlineText;
use super::links::Claim;
use super::refusal_reason::RefusalReason;
use crate::envelope::ErrorCode;
use crate::limits::{Rate, RateClass, Wait};
use crate::link::{AuthError, AuthFailure, Claims, ServerClose, Token, TooMany};
use crate::time::{Deadline, Mono, TimerReason};

/// The rate at which a link may present tokens: far above the schedule of a client
/// ([`TokenConfig::pause`](crate::link::TokenConfig::pause)), and a bound on the work of verifying.
const JUDGED: Rate = Rate::new(5, Duration::from_secs(5));
/// The `retry_after` for a token that could not be verified.
const JUDGE_AGAIN: Duration = Duration::from_secs(10);
/// The reason of the close frame for tokens that come faster than they are judged.
pub(super) const TOO_MANY_TOKENS: &str = "too many tokens";

impl Hub {
    /// Notes when the token of a link ends.
    pub(super) fn expires(&mut self, index: LinkIndex, claims: &Claims) {
        let Some(slot) = self.links.get_mut(index) else { return };
        slot.expires = claims.expires;
        // Where the dialect has a word for it, the peer is asked for another one when this one ends.
        let grace = if slot.v1.is_some() { Duration::ZERO } else { self.config.token_grace };
        // It may have ended already, within the verifier's leeway.
        let end = claims.expires + grace;
        let at = self.now.mono + end.saturating_since(self.now.wall);
        slot.deadline = Some(Deadline::new(at, TimerReason::TokenExpiry));
        self.links.arm(index);
    }

    /// A token came over an open link.
    pub(super) fn renewal(
        &mut self,
        index: LinkIndex,
        token: Token,
        id: Option<InlineText>,
    ) -> Option<Unlent> {
        let slot = self.links.get_mut(index)?;
        if let Err(wait) = keep_pace(&mut slot.next_token, self.now.mono) {
            if self.links.agreed(index).is_some() {
                let close = ServerClose::Refusals(TooMany::Messages, TOO_MANY_TOKENS);
                self.goodbye(index, close.goodbye(), Some(wait.retry_after));
                self.close(index, close);
                return None;
            }
            return self.refuse(index, &RefusalReason::Rate(wait), id.as_ref());
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
        let claim = Claim { id, ..Claim::new(user, token) };
        slot.claim = Some(Box::new(claim));
        Some(Unlent::Authorize(index))
    }

    /// Applies the verdict on a renewed token. An invalid one is counted and changes nothing else,
    /// since the old one may still be valid. A valid one is accepted however many invalid ones came
    /// before, over this link or another of the user.
    pub(super) fn renew(
        &mut self,
        index: LinkIndex,
        verdict: Result<Claims, AuthError>,
        id: Option<&InlineText>,
    ) -> Option<Unlent> {
        let error = match verdict
            .and_then(|claims| believe(claims, self.users.name(self.links.user(index))))
        {
            Ok(claims) => {
                self.metrics.renewals.increment();
                self.expires(index, &claims);
                self.say_renewed(index, &claims);
                return None;
            }
            Err(error) => error,
        };
        self.metrics.auth_failures.increment(AuthFailure::Token(error));
        let later = matches!(error, AuthError::Busy | AuthError::Unavailable);
        let retry_after = later.then_some(JUDGE_AGAIN);
        if self.links.agreed(index).is_some() {
            let why = &*error.to_string();
            let unjudged = ServerClose::Unjudged(why);
            let close = if later { unjudged } else { ServerClose::Unauthenticated(why) };
            self.goodbye(index, close.goodbye(), retry_after);
            self.close(index, close);
            return None;
        }
        if retry_after.is_none() {
            let user = self.users.get(self.links.user(index))?.key;
            if let Err(wait) = self.admission.may_fail(self.now.mono, user) {
                return self.refuse(index, &RefusalReason::Rate(wait), id);
            }
        }
        let (code, message) = (&ErrorCode::AuthRequired, &*error.to_string());
        let frame = Own::Error { code, message, retry_after, reply_to: id };
        let say = Some(Say::Answer { frame, in_turn: id.is_none() });
        self.apply(index, Effects { say, ..Effects::default() })
    }

    /// The token of a welcomed link has expired by the monotonic clock.
    pub(super) fn token_ended(&mut self, index: LinkIndex) {
        let Some(slot) = self.links.get_mut(index) else { return };
        // The wall clock decides, and it may have been set in the meantime.
        let end = slot.expires + self.config.token_grace;
        let left = end.saturating_since(self.now.wall);
        if left > Duration::ZERO {
            let at = self.now.mono + left;
            slot.deadline = Some(Deadline::new(at, TimerReason::TokenExpiry));
            self.say_token_wanted(index, left);
        } else {
            self.metrics.auth_failures.increment(AuthFailure::NotRenewed);
            self.close(index, ServerClose::TokenExpired);
        }
    }
}

/// Whether a link may have one more token judged now; if so, it is counted.
fn keep_pace(next: &mut Mono, now: Mono) -> Result<(), Wait> {
    let apart = JUDGED.per / JUDGED.count;
    let early = next.saturating_since(now).saturating_sub(apart * (JUDGED.burst - 1));
    if !early.is_zero() {
        return Err(Wait {
            class: RateClass::Auth,
            rate: JUDGED,
            retry_after: early,
            crowded: false,
        });
    }
    *next = (*next).max(now) + apart;
    Ok(())
}

/// Checks that every verdict has to pass, whoever gave it.
pub(super) fn believe(claims: Claims, user: &str) -> Result<Claims, AuthError> {
    claims.require_subject(user)?;
    Ok(claims)
}
