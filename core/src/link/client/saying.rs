//! What a client's link says about itself in `pamlink.v1` (section 10).

use core::time::Duration;

use super::ClientLink;
use super::event::ClientLinkConfig;
use crate::envelope::v1::{
    Features, Goodbye, GoodbyeCode, Heartbeat, Hello, Limits, Message, Secret, Token, Versions,
};
use crate::link::early::MAX_EARLY;
use crate::link::state::ClientPhase;
use crate::link::token;

/// What this end can do (V-10.7).
pub(crate) const OFFERED: Features = Features::BATCH;

/// How long a server has for its welcome, where the configuration says that none comes: one always
/// comes in this dialect.
pub(super) const WELCOME: Duration = Duration::from_secs(10);

/// What else is within the bytes that a server keeps ahead of its verdict: the heads of frames, and
/// heartbeats of a client that has learned to say them often.
const SPARE: usize = 256;

impl ClientLink {
    /// Whether the present link speaks `pamlink.v1`.
    pub(crate) const fn speaks_v1(&self) -> bool {
        self.negotiation.is_agreed()
    }

    /// Whether the present link speaks the dialect, and was welcomed.
    pub(crate) const fn is_welcomed_v1(&self) -> bool {
        self.negotiation.is_spoken()
    }

    /// Whether the welcome of the dialect is due over the present link, which is open.
    pub(crate) fn awaits_welcome_v1(&self) -> bool {
        self.phase == ClientPhase::Open
            && self.negotiation.is_agreed()
            && !self.negotiation.is_spoken()
    }

    /// Whether a heartbeat is to be said, for whoever knows the sessions; said once.
    pub(crate) fn take_heartbeat(&mut self) -> bool {
        self.speaks_v1() && self.connection.output.take_ping()
    }

    /// Sends an envelope of a session, which no policy may keep out: it was numbered.
    pub(crate) fn send_numbered(&mut self, text: &str) {
        self.connection.output.send_anyway(text.as_bytes().into());
    }

    /// The first envelope of the link.
    pub(super) fn say_hello(&mut self) {
        let token = self.tokens.last().filter(|_| !self.config.anonymous);
        let token = token.and_then(|token| Secret::new(token.expose()));
        let hello = Hello {
            versions: Versions::OWN,
            features: OFFERED,
            limits: Limits::of_bytes(self.config.link.frames.max_message),
            token,
        };
        let text = Message::Hello(hello).to_link_text();
        self.ahead = text.len();
        self.send_numbered(&text);
    }

    /// Sends an envelope ahead of the welcome, if it is within what a server keeps beside the
    /// `hello` until it has judged the token (V-10.2). Whether it was sent.
    pub(crate) fn send_ahead(&mut self, text: &str) -> bool {
        let ahead = self.ahead + text.len();
        let fits = ahead + SPARE <= MAX_EARLY;
        if fits {
            self.ahead = ahead;
            self.send_numbered(text);
        }
        fits
    }

    /// Shows the token anew; one at a time.
    pub(super) fn say_token(&mut self) {
        if self.renewing {
            self.renew_next = true;
            return;
        }
        let Some(token) = self.tokens.last().and_then(|it| Secret::new(it.expose())) else {
            return;
        };
        let text = Message::Token(Token { token }).to_link_text();
        if !self.awaits_welcome_v1() {
            self.send_numbered(&text);
        } else if !self.send_ahead(&text) {
            self.renew_next = true;
            return;
        }
        (self.renewing, self.renew_next) = (true, false);
    }

    /// Takes leave, before the close frame.
    pub(super) fn say_goodbye(&mut self, code: GoodbyeCode<'_>) {
        let goodbye = Goodbye { code, retry_after: None, spread: None, within: None };
        self.send_numbered(&Message::Goodbye(goodbye).to_link_text());
    }

    /// A heartbeat that speaks of no session, where nobody else has said one.
    pub(super) fn say_heartbeat(&mut self) {
        if self.take_heartbeat() {
            let heartbeat = Heartbeat { channels: Vec::new(), reply: false };
            self.send_numbered(&Message::Heartbeat(heartbeat).to_link_text());
        }
    }
}

/// Whether what a client says first is within the bounds of the dialect; of what is not, `pam`
/// knows no such bound.
pub(super) fn fits(config: &ClientLinkConfig, token: Option<&token::Token>) -> bool {
    Limits::fit(config.link.frames.max_message)
        && token.is_none_or(|token| token.expose().len() <= Secret::MOST)
}
