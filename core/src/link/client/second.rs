//! Another link beside one that is to end: when it begins, and what it takes over (V-10.6).

use core::mem;
use core::time::Duration;

use super::ClientLink;
use super::event::TokenNeed;
use super::rows::Rows;
use super::v1::meaning;
use crate::envelope::v1::{Goodbye, GoodbyeCode};
use crate::link::connection::End;
use crate::link::state::ClientPhase;
use crate::time::{Mono, Now};

impl ClientLink {
    /// The server ends this link in a while, and goes on until then. When another is to begin: what
    /// the server has left of the time it gives is for the opening of that one.
    pub(crate) fn handle_planned_end(
        &mut self,
        now: Now,
        goodbye: &Goodbye<'_>,
        within: Duration,
    ) -> Duration {
        self.now = now;
        let spread = goodbye.spread.unwrap_or_default().min(within / 4 * 3);
        let after = goodbye.retry_after.unwrap_or_default() + self.random.up_to(spread);
        self.hint(after);
        let leaving = now.mono + within + self.config.link.patience.close;
        self.leaving = Some(self.leaving.map_or(leaving, |before| before.min(leaving)));
        after
    }

    /// Another link to where this one leads, with its token, which begins after this time and again
    /// until it is open. None if the opening request would break HTTP, which that of this one does
    /// not.
    pub(crate) fn beside(&mut self, now: Now, after: Duration) -> Option<Self> {
        let seed = self.random.next_seed();
        let mut second = Self::new(&self.config, self.endpoint.clone(), seed, now).ok()?;
        second.tokens.show(self.tokens.last());
        (second.negotiation, second.interval) = (self.negotiation, self.interval);
        (second.phase, second.deadline) = (ClientPhase::Waiting, now.mono + after);
        second.held_back = true;
        Some(second)
    }

    /// When a link that becomes so old from now on is to be changed for another: in the last tenth.
    pub(crate) fn draw_end(&mut self, now: Now, age: Duration) -> Mono {
        now.mono + age.saturating_sub(self.random.up_to(age / 10))
    }

    /// Takes over what outlives links from the one that is left for this one.
    pub(crate) fn take_over(&mut self, old: &mut Self) {
        mem::swap(&mut self.tokens, &mut old.tokens);
        mem::swap(&mut self.idle_timeout, &mut old.idle_timeout);
        self.shortened = self.shortened.saturating_add(old.take_shortened());
    }

    /// Whether the next attempt is one of `pam`, because the server was found without the dialect.
    pub(crate) fn goes_back(&self) -> bool {
        self.phase == ClientPhase::Waiting && self.negotiation.is_turned()
    }

    /// What another link has found of the server holds for this one, which is left at once.
    pub(crate) fn follow_back(&mut self, now: Now, other: &Self) {
        self.now = now;
        if self.phase == ClientPhase::Open {
            self.negotiation = other.negotiation;
            let (code, class) = meaning(&GoodbyeCode::GoingAway);
            let end = End::of_peer(code, GoodbyeCode::GoingAway.as_str()).of_class(class);
            self.fail(end, Rows::CLOSE);
        }
    }

    /// Whether nothing comes of this link any more, unless the host starts it.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase, ClientPhase::Idle | ClientPhase::Stopped) && self.notes.is_empty()
    }

    /// Why the host is to be asked for a token, if that is the next event: it is taken out.
    pub(crate) fn take_need(&mut self) -> Option<TokenNeed> {
        self.notes.take_need()
    }

    /// Whether the host is to be asked for a token that another link wants, and was not asked yet.
    #[must_use]
    pub(crate) fn requests_for_other(&mut self, now: Now) -> bool {
        self.tokens.ask(now)
    }
}
