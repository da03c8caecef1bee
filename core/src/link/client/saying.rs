//! What a client's link says about itself in `pamlink.v1` (section 10).

use core::time::Duration;

use super::ClientLink;
use super::event::ClientLinkConfig;
use crate::envelope::v1::{
    Channel, Features, Goodbye, GoodbyeCode, Heartbeat, Hello, Limits, Message, Secret, Token,
    Versions,
};
use crate::link::token;

/// How long a server has for its welcome, where the configuration says that none comes: one always
/// comes in this dialect.
pub(super) const WELCOME: Duration = Duration::from_secs(10);

impl ClientLink {
    /// Whether the present link speaks `pamlink.v1`.
    pub(crate) const fn speaks_v1(&self) -> bool {
        self.negotiation.is_agreed()
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
            features: Features::NONE,
            limits: limits(&self.config),
            token,
        };
        let mut text = String::new();
        Message::Hello(hello).write(Channel::default(), &mut text);
        self.send_numbered(&text);
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
        let mut text = String::new();
        Message::Token(Token { token }).write(Channel::default(), &mut text);
        self.send_numbered(&text);
        (self.renewing, self.renew_next) = (true, false);
    }

    /// Takes leave, before the close frame.
    pub(super) fn say_goodbye(&mut self, code: GoodbyeCode<'_>) {
        let goodbye = Goodbye { code, retry_after: None, spread: None, within: None };
        let mut text = String::new();
        Message::Goodbye(goodbye).write(Channel::default(), &mut text);
        self.send_numbered(&text);
    }

    /// A heartbeat that speaks of no session, where nobody else has said one.
    pub(super) fn say_heartbeat(&mut self) {
        if self.take_heartbeat() {
            let heartbeat = Heartbeat { channels: Vec::new(), reply: false };
            let mut text = String::new();
            Message::Heartbeat(heartbeat).write(Channel::default(), &mut text);
            self.send_numbered(&text);
        }
    }
}

/// The limits that a client states: its own, of what it reads.
fn limits(config: &ClientLinkConfig) -> Limits {
    Limits::new(u32::try_from(config.link.frames.max_message).unwrap_or(u32::MAX))
}

/// Whether what a client says first is within the bounds of the dialect; of what is not, `pam`
/// knows no such bound.
pub(super) fn fits(config: &ClientLinkConfig, token: Option<&token::Token>) -> bool {
    let takes = u32::try_from(config.link.frames.max_message).unwrap_or(u32::MAX);
    takes >= *Limits::MESSAGE.start()
        && token.is_none_or(|token| token.expose().len() <= Secret::MOST)
}
