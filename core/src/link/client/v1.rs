//! What a client's link says and hears about itself in `pamlink.v1` (section 10).

use core::time::Duration;

use super::ClientLink;
use super::event::{ClientLinkConfig, TokenNeed};
use super::rows::Rows;
use crate::envelope::v1::{
    Channel, Features, Goodbye, GoodbyeCode, Heartbeat, Hello, Limits, Message, Secret, Token,
    Versions, Welcome,
};
use crate::frame::CloseCode;
use crate::link::class::CloseClass;
use crate::link::connection::End;
use crate::link::state::ClientPhase;
use crate::link::token;
use crate::time::Now;

/// How long a server has for its welcome, where the configuration says that none comes: one always
/// comes in this dialect.
pub(super) const WELCOME: Duration = Duration::from_secs(10);

/// What a server says about a link.
#[derive(Clone, Debug)]
pub(crate) enum Said {
    Welcome(Welcome),
    Renewed,
    TokenWanted,
    Goodbye(Goodbye<'static>),
    /// What it must not say now.
    Wrong(GoodbyeCode<'static>),
    /// Nothing: it was about a session.
    Nothing,
}

impl Said {
    /// What an envelope says about the link; nothing if it is about a session. `welcomed`: the
    /// welcome has come.
    pub(crate) fn of(message: &Message<'_>, welcomed: bool) -> Option<Self> {
        Some(match message {
            Message::Goodbye(it) => {
                let code = it.code.clone().into_owned();
                let Goodbye { retry_after, spread, within, .. } = *it;
                Self::Goodbye(Goodbye { code, retry_after, spread, within })
            }
            Message::Welcome(it) if !welcomed => Self::Welcome(it.clone()),
            _ if !welcomed => Self::Wrong(GoodbyeCode::NotOpen),
            Message::Renewed(_) => Self::Renewed,
            Message::TokenWanted(_) => Self::TokenWanted,
            Message::Welcome(_) | Message::Hello(_) | Message::Token(_) => {
                Self::Wrong(GoodbyeCode::NotOpen)
            }
            _ => return None,
        })
    }
}

impl ClientLink {
    /// Whether the present link speaks `pamlink.v1`.
    pub(crate) const fn speaks_v1(&self) -> bool {
        self.negotiation.is_agreed()
    }

    /// Whether it does, and was welcomed.
    pub(crate) const fn is_welcomed_v1(&self) -> bool {
        self.negotiation.is_welcomed()
    }

    /// The server has said something about the link.
    pub(crate) fn handle_said(&mut self, now: Now, said: Said) {
        self.now = now;
        if self.phase != ClientPhase::Open {
            return;
        }
        match said {
            Said::Welcome(welcome) if Versions::OWN.contains(welcome.version) => {
                self.negotiation.handle_welcome();
                self.welcomed(now);
                self.say_heartbeats(welcome.heartbeat.to_duration());
            }
            Said::Welcome(_) => self.leave(&GoodbyeCode::NotOpen),
            Said::Renewed => {
                self.renewing = false;
                if self.renew_next {
                    self.renew_in_band();
                }
            }
            Said::TokenWanted => self.request_token(TokenNeed::Renewal),
            Said::Goodbye(goodbye) => self.handle_goodbye(&goodbye),
            Said::Wrong(code) => self.leave(&code),
            Said::Nothing => {}
        }
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

    /// The server wants to hear from this end at least this often.
    fn say_heartbeats(&mut self, interval: Duration) {
        // What the keepalive says where the server is silent may be too seldom.
        self.heartbeat = Some((interval, self.now.mono + interval));
    }

    /// The server ends the link. It is left at once: a session goes on over the next.
    fn handle_goodbye(&mut self, goodbye: &Goodbye<'_>) {
        let (code, class) = meaning(&goodbye.code);
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

    /// The server has said what it must not: the link ends, and another is tried.
    fn leave(&mut self, code: &GoodbyeCode<'static>) {
        let (close, class) = meaning(code);
        let end = End::of_peer(close, code.as_str()).of_class(class);
        self.fail(end, Rows::CLOSE);
        self.say_goodbye(code.clone());
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

/// The close code of a goodbye, and what it means for the next link (section 10.5).
fn meaning(code: &GoodbyeCode<'_>) -> (CloseCode, CloseClass) {
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
