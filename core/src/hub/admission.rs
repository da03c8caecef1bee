//! What is to become of one message: examined while its text is lent, acted on afterwards.

use super::UnknownAgent;
use super::inline::InlineText;
use super::refusal::Fault;
use crate::dedup::{First, Key, Verdict, Window};
use crate::envelope::{Envelope, Kind, Scan, Shape};
use crate::limits::{Class, RateLimiter, Sizes};
use crate::link::Token;
use crate::metrics::{Direction, MessageType, Metrics};
use crate::routing::{Choice, Query, Refused, Router};
use crate::time::Now;

/// The longest id, in bytes of JSON.
const MAX_ID: usize = 256;

/// What is to become of a message.
#[derive(Debug)]
pub(super) enum Finding {
    /// Nothing: it only shows life.
    Life,
    /// It asks for life.
    Ping { id: Option<InlineText> },
    /// It brings a token.
    Renewal { token: Token },
    /// It is for the host, and wants no reply of the host's.
    Message { scan: Scan, acknowledge: bool, id: Option<InlineText> },
    /// It is for the host, who is to reply.
    Request { scan: Scan, choice: Choice, key: Option<Key>, id: Option<InlineText> },
    /// It came before.
    Repeat { key: Key, id: Option<InlineText>, first: First },
    /// It is not taken.
    Fault { fault: Fault, id: Option<InlineText>, in_order: bool },
}

/// What the examination of a message needs of the hub.
#[derive(Debug)]
pub(super) struct Admission<'h> {
    pub(super) now: Now,
    pub(super) user: &'h str,
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
    /// Examines a text.
    pub(super) fn examine(&mut self, text: &str) -> Finding {
        self.metrics.message_bytes.record(text.len());
        let envelope = match Envelope::parse(text, self.sizes.depth) {
            Ok(envelope) => envelope,
            Err(error) => {
                // Nobody can tell what it was; a peer without ids may wait for an answer to it.
                return Finding::Fault { fault: Fault::Envelope(error), id: None, in_order: true };
            }
        };
        let kind = envelope.kind();
        let name = kind.as_str();
        self.metrics.messages.increment(MessageType::known(name), Direction::Inbound);

        let spelled = envelope.field("id").filter(|id| id.shape() != Shape::Null);
        let spelled = spelled.map(|id| id.as_json());
        if spelled.is_some_and(|id| id.len() > MAX_ID) {
            let in_order = kind.is_request();
            return Finding::Fault { fault: Fault::IdTooLong, id: None, in_order };
        }
        let id = spelled.map(InlineText::new);
        let field = |name: &str| envelope.field(name).map(|value| value.as_json());
        if let Err(refusal) = self.sizes.check(name, text.len(), field) {
            return fault(Fault::Limits(refusal), id, &kind);
        }
        let class = match kind {
            Kind::Ping => return Finding::Ping { id },
            Kind::Pong => return Finding::Life,
            Kind::Auth | Kind::TokenRefresh => Class::Auth,
            Kind::Voice => Class::Voice,
            _ => Class::Message,
        };
        if class == Class::Auth {
            let token = envelope.field("token").and_then(|token| token.text());
            let Some(token) = token.filter(|token| !token.is_empty()) else {
                return Finding::Life;
            };
            return match self.rates.check(self.now.mono, class, self.user) {
                Ok(()) => Finding::Renewal { token: Token::new(&*token) },
                Err(wait) => fault(Fault::Rate(wait), id, &kind),
            };
        }
        if kind.is_request() || self.router.table().lists_type(name) {
            return self.request(&envelope, &kind, class, id);
        }
        if let Err(wait) = self.rates.check(self.now.mono, class, self.user) {
            return fault(Fault::Rate(wait), id, &kind);
        }
        let acknowledge = kind == Kind::ContextUpdate;
        if acknowledge || kind == Kind::Init || self.accepts.iter().any(|taken| taken == name) {
            return Finding::Message { scan: envelope.scan(), acknowledge, id };
        }
        fault(Fault::UnknownType, id, &kind)
    }

    /// Examines a request: has it come before, may it come now, and who answers it?
    fn request(
        &mut self,
        envelope: &Envelope<'_>,
        kind: &Kind<'_>,
        class: Class,
        id: Option<InlineText>,
    ) -> Finding {
        let text = |name| envelope.field(name).and_then(|value| value.text());
        let words = text("message").or_else(|| text("content"));
        let content = words.as_deref().unwrap_or(envelope.as_str());
        let key = self.window.key(self.user, id.as_ref().map(InlineText::as_str), content);
        // A repeat costs its sender nothing: it is no second request.
        if let Some(key) = key
            && let Verdict::Duplicate { first } = self.window.check(self.now.mono, key)
        {
            return Finding::Repeat { key, id, first };
        }
        match self.route(envelope, kind, class, words.as_deref().unwrap_or("")) {
            Ok(choice) => Finding::Request { scan: envelope.scan(), choice, key, id },
            Err(refused) => {
                // It was not taken: under the same id it may be tried again.
                if let Some(key) = key {
                    self.window.forget(key);
                }
                fault(refused, id, kind)
            }
        }
    }

    fn route(
        &mut self,
        envelope: &Envelope<'_>,
        kind: &Kind<'_>,
        class: Class,
        words: &str,
    ) -> Result<Choice, Fault> {
        self.rates.check(self.now.mono, class, self.user).map_err(Fault::Rate)?;
        if !self.free {
            return Err(Fault::Busy);
        }
        let text = |name| envelope.field(name).and_then(|value| value.text());
        let (agent, intent) = (text("agent"), text("intent"));
        let query = Query {
            agent: agent.as_deref(),
            kind: kind.as_str(),
            intent: intent.as_deref(),
            text: words,
        };
        let choice = self.router.choose(self.now.mono, &query);
        match choice.refused {
            None => Ok(choice),
            Some(Refused::UnknownAgent) if self.unknown_agent == UnknownAgent::Route => Ok(choice),
            Some(refused) => Err(Fault::Route(refused)),
        }
    }
}

/// An answer to a request without an id must not overtake those to earlier ones.
fn fault(fault: Fault, id: Option<InlineText>, kind: &Kind<'_>) -> Finding {
    let in_order = id.is_none() && kind.is_request();
    Finding::Fault { fault, id, in_order }
}
