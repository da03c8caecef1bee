//! What is to become of a message: examined while its text is lent, carried out by the hub.
//!
//! The order is that of the hub's [module](super): the envelope, its size, its type, then for a
//! request the duplicate window, the rate of its user and the routing table.

use core::time::Duration;
use std::sync::Arc;

use super::config::{HubConfig, UnknownAgent};
use super::inline_text::InlineText;
use super::refusal_reason::RefusalReason;
use super::requests::Requests;
use crate::dedup::{First, Key, UserKey};
use crate::envelope::{Envelope, ErrorCode, Kind, Scan, Text};
use crate::limits::{RateClass, RateLimiter, Strike, Unit, Violations, Wait};
use crate::link::{Token, TooMany};
use crate::metric_families::Metrics;
use crate::metrics::Direction;
use crate::routing::{Choice, NoAgent, Outcome, Query, Replaced, Router, Table, Ticket};
use crate::time::{Mono, Now};

/// The longest id, in bytes of JSON.
const MAX_ID: usize = 256;

/// What is to become of a message.
#[derive(Debug)]
pub(super) enum Action {
    /// Nothing: it only shows that the peer is alive.
    Life,
    /// It answers a ping.
    Pong,
    /// A `ping` of the peer: it wants a `pong`.
    Ping { id: Option<InlineText> },
    /// It renews the token of its link.
    Renewal { token: Token, id: Option<InlineText> },
    /// It goes to the host, which does not reply to it.
    Message { acknowledge: bool, id: Option<InlineText> },
    /// A request: it goes to the host, which replies.
    Request { choice: Choice, key: Option<Key>, id: Option<InlineText>, pieces: bool },
    /// A request that waits for its turn.
    Wait { key: Option<Key>, id: Option<InlineText>, pieces: bool },
    /// A repeat of a request.
    Repeat { key: Key, id: Option<InlineText>, first: First, pieces: bool },
    /// It is refused.
    Refuse { reason: RefusalReason, id: Option<InlineText> },
}

/// Who sent a message, and when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sender<'a> {
    pub(super) now: Now,
    pub(super) user: UserKey,
    /// Whether one more request of its link may run.
    pub(super) free: bool,
    /// What becomes of a request of its user now.
    pub(super) turn: Turn,
    /// The agent that what it came in names, which comes before one that it names itself.
    pub(super) agent: Option<&'a str>,
}

/// What becomes of a request by what else its user has asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// It runs, whatever runs.
    Now,
    /// It waits for its turn, and has a place at an agent from then on.
    Later,
    /// It is refused.
    Never,
}

/// A message that is examined.
#[derive(Debug)]
struct Message<'m> {
    sender: Sender<'m>,
    text: &'m str,
    scan: &'m Scan,
    class: RateClass,
}

/// The `error` that the sender of a refused message gets.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) code: ErrorCode<'static>,
    pub(super) message: String,
    pub(super) retry_after: Option<Duration>,
    /// How many more violations the user may commit; `None` if this one closes the link.
    pub(super) left: Option<u32>,
    /// The kind of violation that closes the link, if one does.
    pub(super) close: Option<TooMany>,
}

/// Decides about messages by the sizes, the duplicate window, the rates and the routing table.
#[derive(Debug)]
pub(super) struct Admission {
    config: Arc<HubConfig>,
    rates: RateLimiter,
    violations: Violations,
    router: Router,
}

impl Admission {
    pub(super) fn new(
        config: &Arc<HubConfig>,
        violations: Violations,
        rates: RateLimiter,
        router: Router,
    ) -> Self {
        Self { config: Arc::clone(config), rates, violations, router }
    }

    /// Examines a text. What it is made of is left in `scan`, if it is an envelope.
    pub(super) fn examine(
        &mut self,
        sender: Sender<'_>,
        text: &str,
        scan: &mut Scan,
        requests: &mut Requests,
        metrics: &mut Metrics,
    ) -> Action {
        metrics.message_bytes.record(text.len());
        if let Err(error) = Envelope::scan_into(scan, text, self.config.sizes.depth) {
            let id = Envelope::refused_id(text).map(|id| id.to_json());
            let id = id.filter(|id| id.len() <= MAX_ID).map(|id| InlineText::new(&id));
            return Action::Refuse { reason: RefusalReason::Envelope(error), id };
        }
        let kind = scan.kind(text);
        let name = kind.as_str();
        metrics.messages.increment(&kind, Direction::Inbound);

        let spelled = scan.id_json(text);
        if spelled.is_some_and(|id| id.len() > MAX_ID) {
            return Action::Refuse { reason: RefusalReason::IdTooLong, id: None };
        }
        let id = spelled.map(InlineText::new);
        let class = match kind {
            Kind::Auth | Kind::TokenRefresh => RateClass::Auth,
            Kind::Voice => RateClass::Voice,
            Kind::Unknown(_) if name == "feedback" => RateClass::Feedback,
            _ => RateClass::Message,
        };
        if let Err(refusal) = self.config.sizes.rule(name).check(text, scan) {
            let mut reason = RefusalReason::Limits(refusal);
            // What is no fault costs what a message costs, or it would cost nothing.
            if refusal.unit == Unit::Characters
                && let Err(wait) = self.rates.check_key(sender.now.mono, class, sender.user)
            {
                reason = RefusalReason::Rate(wait);
            }
            return Action::Refuse { reason, id };
        }
        match kind {
            Kind::Ping => return Action::Ping { id },
            Kind::Pong => return Action::Pong,
            _ => {}
        }
        if class == RateClass::Auth {
            let token = scan.token(text).and_then(|token| token.text());
            let Some(token) = token.filter(|token| !token.is_empty()) else {
                return Action::Life;
            };
            return Action::Renewal { token: Token::new(&*token), id };
        }
        if kind.is_request() || self.router.table().lists_type(name) {
            let message = Message { sender, text, scan, class };
            return self.request(&message, id, requests, metrics);
        }
        if let Err(wait) = self.rates.check_key(sender.now.mono, class, sender.user) {
            return Action::Refuse { reason: RefusalReason::Rate(wait), id };
        }
        let acknowledge = kind == Kind::ContextUpdate;
        if acknowledge
            || kind == Kind::Init
            || self.config.accepts.iter().any(|taken| taken == name)
        {
            return Action::Message { acknowledge, id };
        }
        Action::Refuse { reason: RefusalReason::UnknownType, id }
    }

    /// Examines a request: whether it is a duplicate, within its user's rate, and which agent
    /// answers.
    fn request(
        &mut self,
        message: &Message<'_>,
        id: Option<InlineText>,
        requests: &mut Requests,
        metrics: &mut Metrics,
    ) -> Action {
        let Message { sender, text, scan, .. } = *message;
        // As it is spelled: a repeat is spelled alike.
        let content = scan.said(text).map_or(text, |said| said.as_json());
        let key = requests.key_of(sender.user, scan.id_json(text), content);
        // Clients that were there before take any `content` for the whole answer. Some of them
        // ask to `stream`, and some send ids, but none does both.
        let pieces = id.is_some() && scan.streams(text);
        // A repeat is no second request: it costs nothing of that rate, but sending an answer
        // again is not for nothing either.
        if let Some(key) = key
            && let Some(first) = requests.seen(sender.now.mono, key)
        {
            return match self.rates.check_key(sender.now.mono, RateClass::Repeat, sender.user) {
                Ok(()) => Action::Repeat { key, id, first, pieces },
                Err(wait) => Action::Refuse { reason: RefusalReason::Rate(wait), id },
            };
        }
        let choice = match self.route(message, requests, metrics) {
            Ok(choice) => choice,
            Err(reason) => return Action::Refuse { reason, id },
        };
        // Only what is taken is remembered: a refused request may be tried again under the same id,
        // and pushes nobody else's out of the window.
        if let Some(key) = key {
            requests.remember(sender.now.mono, key);
        }
        match choice {
            Some(choice) => Action::Request { choice, key, id, pieces },
            None => Action::Wait { key, id, pieces },
        }
    }

    /// Which agent answers a request whose turn has come, and takes a place there.
    pub(super) fn route_in_turn(
        &mut self,
        now: Mono,
        (text, agent): (&str, Option<&str>),
        scan: &Scan,
        metrics: &mut Metrics,
    ) -> Result<Choice, RefusalReason> {
        let choice = self.choose(now, (text, agent), scan);
        self.decide(choice, metrics)
    }

    /// Which agent answers a request now; none yet of one that waits for its turn.
    fn route(
        &mut self,
        message: &Message<'_>,
        requests: &Requests,
        metrics: &mut Metrics,
    ) -> Result<Option<Choice>, RefusalReason> {
        let Message { sender, text, scan, class } = *message;
        self.rates.check_key(sender.now.mono, class, sender.user).map_err(RefusalReason::Rate)?;
        if !sender.free || requests.is_full() {
            return Err(RefusalReason::Busy);
        }
        if sender.turn == Turn::Never {
            return Err(RefusalReason::Answering);
        }
        let choice = self.choose(sender.now.mono, (text, sender.agent), scan);
        if sender.turn == Turn::Now {
            return self.decide(choice, metrics).map(Some);
        }
        // What no agent will ever answer is refused at once; an agent that is busy now may be free
        // when the turn comes.
        if let Some(NoAgent::UnknownAgent | NoAgent::NoMatch) = self.refusal_of(choice) {
            self.decide(choice, metrics)?;
        }
        if let Some(ticket) = choice.ticket {
            self.router.finished(sender.now.mono, ticket, Outcome::Abandoned);
        }
        Ok(None)
    }

    /// Which agent answers a request, by its text or the `agent` that what it came in names, which
    /// comes before one that it names itself.
    fn choose(&mut self, now: Mono, (text, agent): (&str, Option<&str>), scan: &Scan) -> Choice {
        let agent = match agent {
            Some(agent) => Some(Text::from(agent)),
            None => scan.agent(text).and_then(|agent| agent.text()),
        };
        let kind = scan.kind(text);
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
        self.router.choose(now, &query)
    }

    /// Counts a choice: a refusal unless an agent was chosen.
    fn decide(&self, choice: Choice, metrics: &mut Metrics) -> Result<Choice, RefusalReason> {
        let decision = self.router.decision(choice);
        metrics.routes.increment(&decision);
        self.refusal_of(choice).map_or(Ok(choice), |refused| Err(RefusalReason::Route(refused)))
    }

    /// Why a choice takes nobody.
    fn refusal_of(&self, choice: Choice) -> Option<NoAgent> {
        let routes_unknown = self.config.unknown_agent == UnknownAgent::Route;
        choice.refused.filter(|why| !routes_unknown || *why != NoAgent::UnknownAgent)
    }

    /// The `error` for a refused message. It is counted, as a violation of its user if the sender
    /// is at fault.
    pub(super) fn refuse(
        &mut self,
        now: Mono,
        user: Option<UserKey>,
        reason: &RefusalReason,
        metrics: &mut Metrics,
    ) -> Refusal {
        let code = reason.code();
        metrics.refusals.increment(&code);
        // A full table is counted by the limiter.
        if let RefusalReason::Rate(wait) = reason
            && !wait.crowded
        {
            metrics.rate_limited.increment(wait.class);
        }
        let close = reason.strikes();
        let strike = close.and(user).map(|user| self.violations.strike(now, user));
        let left = match strike {
            Some(Strike::Tolerated { left }) => Some(left),
            Some(Strike::TooMany) => None,
            None => Some(self.config.max_violations),
        };
        let close = close.filter(|_| left.is_none());
        if close.is_some() {
            metrics.violations_closed.increment();
        }
        let (message, retry_after) = (reason.to_string(), reason.retry_after());
        Refusal { code, message, retry_after, left, close }
    }

    /// Whether a user may open one link more now.
    pub(super) fn may_connect(&mut self, now: Mono, user: &str) -> Result<(), Wait> {
        self.rates.check(now, RateClass::Connect, user)
    }

    /// Whether a user may present one more token that is not good.
    pub(super) fn may_fail(&mut self, now: Mono, user: UserKey) -> Result<(), Wait> {
        self.rates.check_key(now, RateClass::Auth, user)
    }

    /// A request that was routed has ended.
    pub(super) fn finished(&mut self, now: Mono, ticket: Ticket, outcome: Outcome) {
        self.router.finished(now, ticket, outcome);
    }

    /// Replaces the routing table.
    pub(super) fn replace_routes(&mut self, routes: Arc<Table>) -> Replaced {
        self.router.replace(routes)
    }

    pub(super) fn router(&self) -> &Router {
        &self.router
    }

    /// Fills in how the limits are doing.
    pub(super) fn gauge(&self, metrics: &mut Metrics) {
        metrics.rate_crowded.set_total(self.rates.crowded());
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        self.rates.memory() + self.violations.memory()
    }
}

#[cfg(test)]
mod tests;
