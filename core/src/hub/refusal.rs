//! A message is refused: its sender gets an `error`, and too many violations close the link.

use super::Hub;
use super::effects::{Effects, Say};
use super::envelopes::Own;
use super::event::Unlent;
use super::index::LinkIndex;
use super::inline_text::InlineText;
use super::refusal_reason::RefusalReason;
use crate::link::ServerClose;

impl Hub {
    /// Answers a refused message with an `error`, counts it, and closes the link if the user has
    /// used up its violations.
    ///
    /// A peer without ids takes any `error` for the answer to its oldest request: an `error` that
    /// names no message waits behind the answers to those, unless the link closes after it.
    pub(super) fn refuse(
        &mut self,
        link: LinkIndex,
        reason: &RefusalReason,
        reply_to: Option<&InlineText>,
    ) -> Option<Unlent> {
        let user = self.users.get(self.links.user(link)).map(|user| user.key);
        let refusal = self.admission.refuse(self.now.mono, user, reason, &mut self.metrics);
        let (code, message) = (&refusal.code, &*refusal.message);
        let (retry_after, closing) = (refusal.retry_after, refusal.left.is_none());
        let frame = Own::Error { code, message, retry_after, reply_to };
        let say = Say::Answer { frame, in_turn: reply_to.is_none() && !closing };
        let close = refusal.close.map(|what| ServerClose::Refusals(what, message));
        let effects = if self.links.agreed(link).is_none() {
            Effects { say: Some(say), close, tell: None }
        } else {
            // An `error` is none of that dialect.
            Effects { close: Some(close.unwrap_or(ServerClose::Malformed)), ..Effects::default() }
        };
        self.apply(link, effects);
        let left = refusal.left.unwrap_or(0);
        Some(Unlent::Refused { link, code: refusal.code, retry_after, left, closing })
    }
}
