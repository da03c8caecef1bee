//! What is to become of one message: examined while its text is lent, acted on afterwards.

use super::UnknownAgent;
use super::inline::InlineText;
use super::refusal::Fault;
use crate::dedup::{First, Key, UserKey, Window};
use crate::envelope::{Envelope, Kind, Scan};
use crate::limits::{Class, RateLimiter, Sizes, Unit};
use crate::link::Token;
use crate::metrics::Direction;
use crate::registry::Metrics;
use crate::routing::{Choice, Query, Refused, Router};
use crate::time::Now;

/// The longest id, in bytes of JSON.
const MAX_ID: usize = 256;

/// What is to become of a message.
#[derive(Debug)]
pub(super) enum Finding {
    /// Nothing: it only shows life.
    Life,
    /// It answers a ping.
    Pong,
    /// It asks for life.
    Ping { id: Option<InlineText> },
    /// It brings a token.
    Renewal { token: Token, id: Option<InlineText> },
    /// It is for the host, and wants no reply of the host's.
    Message { acknowledge: bool, id: Option<InlineText> },
    /// It is for the host, who is to reply.
    Request { choice: Choice, key: Option<Key>, id: Option<InlineText>, pieces: bool },
    /// It came before.
    Repeat { key: Key, id: Option<InlineText>, first: First, pieces: bool },
    /// It is not taken.
    Fault { fault: Fault, id: Option<InlineText> },
}

/// What the examination of a message needs of the hub.
#[derive(Debug)]
pub(super) struct Admission<'h> {
    pub(super) now: Now,
    pub(super) user: UserKey,
    /// Whether one more request may run.
    pub(super) free: bool,
    pub(super) sizes: &'h Sizes,
    pub(super) accepts: &'h [String],
    pub(super) unknown_agent: UnknownAgent,
    pub(super) window: &'h mut Window,
    pub(super) rates: &'h mut RateLimiter,
    pub(super) router: &'h mut Router,
    pub(super) metrics: &'h mut Metrics,
}

impl Admission<'_> {
    /// Examines a text. What it is made of is left in `scan`, if it is an envelope.
    pub(super) fn examine(&mut self, text: &str, scan: &mut Scan) -> Finding {
        self.metrics.message_bytes.record(text.len());
        if let Err(error) = Envelope::scan_into(scan, text, self.sizes.depth) {
            let id = Envelope::refused_id(text).map(|id| id.to_json());
            let id = id.filter(|id| id.len() <= MAX_ID).map(|id| InlineText::new(&id));
            return Finding::Fault { fault: Fault::Envelope(error), id };
        }
        let kind = scan.kind(text);
        let name = kind.as_str();
        self.metrics.messages.increment(&kind, Direction::Inbound);

        let spelled = scan.id_json(text);
        if spelled.is_some_and(|id| id.len() > MAX_ID) {
            return Finding::Fault { fault: Fault::IdTooLong, id: None };
        }
        let id = spelled.map(InlineText::new);
        let class = match kind {
            Kind::Auth | Kind::TokenRefresh => Class::Auth,
            Kind::Voice => Class::Voice,
            Kind::Unknown(_) if name == "feedback" => Class::Feedback,
            _ => Class::Message,
        };
        if let Err(refusal) = self.sizes.rule(name).check(text, scan) {
            let mut fault = Fault::Limits(refusal);
            // What is no fault costs what a message costs, or it would cost nothing.
            if refusal.unit == Unit::Characters
                && let Err(wait) = self.rates.check_key(self.now.mono, class, self.user)
            {
                fault = Fault::Rate(wait);
            }
            return Finding::Fault { fault, id };
        }
        match kind {
            Kind::Ping => return Finding::Ping { id },
            Kind::Pong => return Finding::Pong,
            _ => {}
        }
        if class == Class::Auth {
            let token = scan.token(text).and_then(|token| token.text());
            let Some(token) = token.filter(|token| !token.is_empty()) else {
                return Finding::Life;
            };
            return Finding::Renewal { token: Token::new(&*token), id };
        }
        if kind.is_request() || self.router.table().lists_type(name) {
            return self.request(text, scan, &kind, class, id);
        }
        if let Err(wait) = self.rates.check_key(self.now.mono, class, self.user) {
            return Finding::Fault { fault: Fault::Rate(wait), id };
        }
        let acknowledge = kind == Kind::ContextUpdate;
        if acknowledge || kind == Kind::Init || self.accepts.iter().any(|taken| taken == name) {
            return Finding::Message { acknowledge, id };
        }
        Finding::Fault { fault: Fault::UnknownType, id }
    }

    /// Examines a request: has it come before, may it come now, and who answers it?
    fn request(
        &mut self,
        text: &str,
        scan: &Scan,
        kind: &Kind<'_>,
        class: Class,
        id: Option<InlineText>,
    ) -> Finding {
        // As it is spelled: a resend is spelled alike.
        let content = scan.said(text).map_or(text, |said| said.as_json());
        let key = self.window.key_of(self.user, scan.id_json(text), content);
        // Clients that were there before take any `content` for the whole answer. Some of them
        // ask to `stream`, and some send ids, but none does both.
        let pieces = id.is_some() && scan.streams(text);
        // A repeat is no second request: it costs nothing of that rate, but sending an answer
        // again is not for nothing either.
        if let Some(key) = key
            && let Some(first) = self.window.seen(self.now.mono, key)
        {
            return match self.rates.check_key(self.now.mono, Class::Repeat, self.user) {
                Ok(()) => Finding::Repeat { key, id, first, pieces },
                Err(wait) => Finding::Fault { fault: Fault::Rate(wait), id },
            };
        }
        match self.route(text, scan, kind, class) {
            Ok(choice) => {
                // Only what is taken is remembered: a refused request may be tried again under
                // the same id, and pushes nobody else's out of the window.
                if let Some(key) = key {
                    self.window.remember(self.now.mono, key);
                }
                Finding::Request { choice, key, id, pieces }
            }
            Err(fault) => Finding::Fault { fault, id },
        }
    }

    fn route(
        &mut self,
        text: &str,
        scan: &Scan,
        kind: &Kind<'_>,
        class: Class,
    ) -> Result<Choice, Fault> {
        self.rates.check_key(self.now.mono, class, self.user).map_err(Fault::Rate)?;
        if !self.free {
            return Err(Fault::Busy);
        }
        let agent = scan.agent(text).and_then(|agent| agent.text());
        let intent = scan.intent(text).and_then(|intent| intent.text());
        // An agent that is named decides alone: the words need not be read.
        let said = scan.said(text).filter(|_| agent.is_none());
        let said = said.and_then(|said| said.text());
        let query = Query {
            agent: agent.as_deref(),
            kind: kind.as_str(),
            intent: intent.as_deref(),
            text: said.as_deref().unwrap_or(""),
        };
        let choice = self.router.choose(self.now.mono, &query);
        self.count(choice);
        match choice.refused {
            None => Ok(choice),
            Some(Refused::UnknownAgent) if self.unknown_agent == UnknownAgent::Route => Ok(choice),
            Some(refused) => Err(Fault::Route(refused)),
        }
    }

    fn count(&mut self, choice: Choice) {
        let decision = self.router.decision(choice);
        self.metrics.routes.increment(&decision);
    }
}
