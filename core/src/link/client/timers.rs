//! The deadlines of a client's open link.

use super::ClientLink;
use super::rows::Rows;
use crate::frame::CloseCode;
use crate::link::cause::Cause;
use crate::link::class::CloseClass;
use crate::link::connection::End;
use crate::link::state::ClientInput;
use crate::time::{Deadline, TimerReason};

impl ClientLink {
    /// A deadline of the open link may have come.
    pub(super) fn open_timeout(&mut self) {
        let now = self.now;
        if !self.connection.keep_alive(&self.config.link, now, None) {
            let cause = Cause::Timeout(TimerReason::Liveness);
            let end = End::new(CloseCode::GOING_AWAY, "Ping timeout", cause);
            return self.fail(end.of_class(CloseClass::Timeout), Rows::one(ClientInput::Deadline));
        }
        if self.welcome.is_some_and(|welcome| now.mono >= welcome) {
            let cause = Cause::Timeout(TimerReason::Handshake);
            let end = End::new(CloseCode::GOING_AWAY, "no welcome", cause);
            return self.fail(end.of_class(CloseClass::Timeout), Rows::one(ClientInput::Deadline));
        }
        if self.leaving.is_some_and(|leaving| now.mono >= leaving) {
            let cause = Cause::Timeout(TimerReason::Drain);
            let end = End::new(CloseCode::GOING_AWAY, "", cause);
            return self.fail(end, Rows::one(ClientInput::Deadline));
        }
        if self.proven.is_some_and(|proven| now.mono >= proven) {
            self.proven = None;
            self.start_over();
        }
        if self.renew_again.is_some_and(|again| now.mono >= again) {
            self.renew_in_band();
        }
        if let Some((interval, next)) = &mut self.heartbeat
            && *next <= now.mono
        {
            *next = now.mono + *interval;
            self.connection.output.send_ping(now);
        }
        self.renew_token();
    }

    /// The next deadline of the open link.
    pub(super) fn open_deadline(&self) -> Deadline {
        let welcome = self.welcome.map(|at| Deadline::new(at, TimerReason::Handshake));
        let proven = self.proven.map(|at| Deadline::new(at, TimerReason::Proven));
        let leaving = self.leaving.map(|at| Deadline::new(at, TimerReason::Drain));
        let token = self.tokens.poll_timeout().filter(|_| !self.config.anonymous);
        let again = self.renew_again.map(|at| Deadline::new(at, TimerReason::TokenRenewal));
        let heartbeat = self.heartbeat.map(|(_, at)| Deadline::new(at, TimerReason::Heartbeat));
        let mut first = self.connection.poll_timeout();
        for deadline in [welcome, proven, leaving, token, again, heartbeat].into_iter().flatten() {
            if deadline.at < first.at {
                first = deadline;
            }
        }
        first
    }
}
