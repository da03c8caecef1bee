//! Questions on their way: sent as far as the link takes them, ended where no answer comes.

use std::sync::Arc;

use super::Client;
use super::asks::Unanswered;
use super::event::AskId;
use super::unlent::Unlent;
use crate::envelope::{ErrorCode, Id, Kind, write};
use crate::metrics::Direction;
use crate::registry::AskOutcome;
use crate::time::Wall;

impl Client {
    /// Sends what has not gone over this link yet, as far as the link takes it.
    pub(super) fn flush(&mut self) {
        // A server that goes away would not answer any more.
        if !self.server.welcomed || self.server.unsure || self.link.is_leaving() {
            return;
        }
        while let Some((ask, text, taken)) = self.asks.next_to_send() {
            let (bytes, limit) = (text.len(), self.server.largest(&self.config));
            let refused = if taken {
                None
            } else if bytes > limit {
                let why =
                    format!("a question of {bytes} bytes is over the server's limit of {limit}");
                Some((ErrorCode::MessageTooLarge, why))
            } else {
                let refusal = self.server.takes_text(text).err();
                refusal.map(|refusal| (ErrorCode::from(refusal.code.as_str()), refusal.to_string()))
            };
            if let Some((code, why)) = refused {
                if self.asks.answer(ask).is_some() {
                    self.turn_down(ask, &code, &why);
                }
                continue;
            }
            if self.link.send_shared(self.now, Arc::clone(text).into()).is_err() {
                return;
            }
            self.asks.sent(ask);
            self.tally.metrics.messages.increment(Kind::Chat, Direction::Outbound);
        }
    }

    /// Ends the next ask that waits in vain.
    pub(super) fn give_up(&mut self) -> Option<Unlent> {
        while let Some(ask) = self.asks.expire(self.now.mono, !self.server.correlates) {
            self.tally.metrics.asks.increment(AskOutcome::Expired);
            if !ask.forgotten {
                return Some(Unlent::Expired(ask.id));
            }
        }
        if let Some((ask, error)) = self.turned_down.pop_front() {
            self.tally.metrics.asks.increment(AskOutcome::Rejected);
            self.text = error;
            return Some(Unlent::TurnedDown(ask));
        }
        while self.stopped
            && let Some(ask) = self.asks.give_up()
        {
            if let Some(told) = self.gave_up(ask) {
                return Some(told);
            }
        }
        while self.server.unsure {
            match self.asks.give_up_unsure() {
                Some(ask) => {
                    if let Some(told) = self.gave_up(ask) {
                        return Some(told);
                    }
                }
                None => {
                    self.server.unsure = false;
                    self.flush();
                }
            }
        }
        None
    }

    fn gave_up(&mut self, ask: Unanswered) -> Option<Unlent> {
        let outcome = if ask.sent { AskOutcome::Unknown } else { AskOutcome::Unsent };
        self.tally.metrics.asks.increment(outcome);
        let told = if ask.sent { Unlent::Unknown(ask.id) } else { Unlent::Unsent(ask.id) };
        (!ask.forgotten).then_some(told)
    }

    /// Tells of an ask that has ended here, as the server would: with an `error` that says why.
    pub(super) fn turn_down(&mut self, ask: AskId, code: &ErrorCode<'_>, message: &str) {
        let error = rejection(&self.prefix, self.now.wall, ask, code, message);
        self.turned_down.push_back((ask, error));
    }
}

/// An `error` as a server would have it, for an ask that ends here.
pub(super) fn rejection(
    prefix: &str,
    now: Wall,
    ask: AskId,
    code: &ErrorCode<'_>,
    message: &str,
) -> String {
    let id = Id::from(format!("{prefix}{}", ask.as_u64()));
    let failure = write::Failure { code, message, retry_after: None, reply_to: Some(&id) };
    let mut error = String::new();
    write::error(&mut error, now, &failure);
    error
}
