//! What a client's link hears about itself in `pamlink.v1` (section 10).

use core::time::Duration;

use super::ClientLink;
use super::event::TokenNeed;
use super::rows::Rows;
use super::said::Said;
use crate::envelope::v1::{Goodbye, GoodbyeCode, Versions};
use crate::frame::CloseCode;
use crate::link::class::CloseClass;
use crate::link::connection::End;
use crate::link::state::ClientPhase;
use crate::time::Now;

/// What is said of a token that is good for so long or longer (V-10.3).
const LONGEST: Duration = Duration::from_secs(86_400);

impl ClientLink {
    /// The server has said something about the link.
    pub(crate) fn handle_said(&mut self, now: Now, said: Said) {
        self.now = now;
        if self.phase != ClientPhase::Open {
            return;
        }
        match said {
            Said::Welcome(welcome) if Versions::OWN.contains(welcome.version) => {
                self.negotiation.handle_spoken();
                self.welcomed(now);
                self.say_heartbeats(welcome.heartbeat.to_duration());
                // What it says of the token of `hello` says nothing of one that was shown since.
                if !self.renewing {
                    self.token_is_good(welcome.expires);
                }
            }
            Said::Welcome(_) => self.leave_who_speaks_it(&GoodbyeCode::NotOpen),
            Said::Renewed(expires) => {
                self.renewing = false;
                self.token_is_good(expires);
            }
            Said::TokenWanted => self.request_token(TokenNeed::Renewal),
            Said::Goodbye(goodbye) => self.handle_goodbye(&goodbye),
            Said::Wrong(code) => self.leave_who_speaks_it(&code),
            Said::Foreign => {
                self.negotiation.handle_not_spoken();
                self.leave(&GoodbyeCode::NotOpen);
            }
        }
    }

    /// The server has taken the last token that it was shown: for how long it is good, if it says
    /// so. Another that waits is shown now.
    fn token_is_good(&mut self, expires: Option<Duration>) {
        if self.renew_next {
            return self.renew_in_band();
        }
        if let Some(left) = expires.filter(|left| *left < LONGEST) {
            self.tokens.limit(self.now.mono, left);
        }
    }

    /// The server wants to hear from this end at least this often.
    fn say_heartbeats(&mut self, interval: Duration) {
        // What the keepalive says where the server is silent may be too seldom.
        self.heartbeat = Some((interval, self.now.mono + interval));
    }

    /// The server ends the link. It is left at once: a session goes on over the next.
    fn handle_goodbye(&mut self, goodbye: &Goodbye<'_>) {
        let (code, class) = meaning(&goodbye.code);
        self.negotiation.handle_spoken();
        if goodbye.code == GoodbyeCode::Version {
            self.negotiation.handle_no_version();
        }
        if goodbye.retry_after.is_some() || goodbye.spread.is_some() {
            let spread = self.random.up_to(goodbye.spread.unwrap_or_default());
            self.hint(goodbye.retry_after.unwrap_or_default() + spread);
        }
        let end = End::of_peer(code, goodbye.code.as_str()).of_class(class);
        self.fail(end, Rows::CLOSE);
    }

    /// As [`leave`](Self::leave), for a word of the dialect.
    fn leave_who_speaks_it(&mut self, code: &GoodbyeCode<'static>) {
        self.negotiation.handle_spoken();
        self.leave(code);
    }

    /// The server has said what it must not: the link ends, and another is tried.
    fn leave(&mut self, code: &GoodbyeCode<'static>) {
        let (close, class) = meaning(code);
        let end = End::of_peer(close, code.as_str()).of_class(class);
        self.fail(end, Rows::CLOSE);
        self.say_goodbye(code.clone());
    }
}

/// The close code of a goodbye, and what it means for the next link (V-10.5).
pub(super) fn meaning(code: &GoodbyeCode<'_>) -> (CloseCode, CloseClass) {
    let (close, class) = match code {
        GoodbyeCode::GoingAway | GoodbyeCode::Rotate => (1_012, CloseClass::ServerUnavailable),
        GoodbyeCode::Overloaded => (1_013, CloseClass::ServerUnavailable),
        GoodbyeCode::Idle => (1_001, CloseClass::Timeout),
        GoodbyeCode::Malformed | GoodbyeCode::NotOpen => (4_003, CloseClass::ServerError),
        GoodbyeCode::TooLarge => (1_009, CloseClass::TooBig),
        GoodbyeCode::TokenExpired | GoodbyeCode::Unauthorized => {
            (4_001, CloseClass::Authentication)
        }
        GoodbyeCode::Forbidden => (4_003, CloseClass::Refused),
        GoodbyeCode::Version => (4_003, CloseClass::Protocol),
        GoodbyeCode::Left => (1_000, CloseClass::Normal),
        GoodbyeCode::Unknown(_) => (1_001, CloseClass::ServerError),
    };
    (CloseCode::new(close), class)
}
