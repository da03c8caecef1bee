//! The transitions of a client's link between its phases: how an attempt begins, and what follows
//! from each end.

use core::mem;
use core::time::Duration;

use super::ClientLink;
use super::event::TokenNeed;
use super::notes::Note;
use super::rows::Rows;
use super::saying::fits;
use crate::frame::{Role, Writer};
use crate::link::cause::Cause;
use crate::link::class::{CloseClass, Remedy};
use crate::link::connection::{Connection, End};
use crate::link::state::{Cell, ClientInput, ClientPhase};

impl ClientLink {
    /// Resets the count of attempts; the token may be renewed once more.
    pub(super) fn start_over(&mut self) {
        self.backoff.reset();
        (self.attempt, self.renewed, self.oversized) = (0, false, false);
    }

    /// The next attempt begins, as these rows say: with a token it dials, without one it asks the
    /// host for it.
    pub(super) fn begin(&mut self, with: ClientInput, without: ClientInput) {
        (self.hint, self.held_back) = (None, false);
        if self.has_token() {
            return self.dial(with);
        }
        self.deadline = self.now.mono + self.config.token.patience;
        self.go(ClientPhase::Token, without);
        self.request_token(TokenNeed::Missing);
    }

    pub(super) fn dial(&mut self, input: ClientInput) {
        let writer = Writer::client(self.random.next_seed());
        let link = &self.config.link;
        self.connection = Connection::new(Role::Client, link, writer, self.now.mono);
        (self.welcome, self.proven, self.subprotocol) = (None, None, None);
        (self.renew_again, self.renewing, self.renew_next) = (None, false, false);
        self.heartbeat = None;
        self.negotiation.begin(self.now.mono, fits(&self.config, self.tokens.last()));
        (self.leaving, self.rejection) = (None, None);
        self.attempt = self.attempt.saturating_add(1);
        self.deadline = self.now.mono + self.config.dial;
        self.go(ClientPhase::Dial, input);
        self.notes.push(Note::Dial);
    }

    /// This end fails the link, and closes its transport.
    pub(super) fn fail(&mut self, end: End, rows: Rows) {
        let end = self.connection.fail(end);
        self.lose(end, rows, true);
    }

    /// The link has ended, or a token could not be had: what follows depends on the class.
    pub(super) fn lose(&mut self, mut end: End, rows: Rows, close_transport: bool) {
        if self.phase == ClientPhase::Closing {
            // The host has ended it; how exactly it went makes no difference to what follows.
            let (cause, input) = (end.cause.clone(), rows.of(end.class.remedy()));
            let ours = self.connection.end(end);
            self.end_link(ours, ClientPhase::Idle, input, Some(cause), close_transport);
            if mem::take(&mut self.again) {
                self.start_over();
                self.begin(ClientInput::Connect, ClientInput::ConnectNoToken);
            }
            return;
        }
        // Libraries and proxies change a code on its way, but not to one of an application's own.
        let theirs = matches!(end.cause, Cause::Peer { .. } | Cause::Frame(_));
        if self.leaving.is_some() && theirs && end.code.as_u16() < 3_000 {
            end.class = CloseClass::ServerUnavailable;
        }
        if self.phase == ClientPhase::Open && self.welcome.is_none() {
            self.learn_of_end(&end.cause);
        }
        if theirs {
            self.negotiation.handle_closed(end.code.as_u16());
        }
        if self.negotiation.take_goes_back() {
            return self.wait_for(Duration::ZERO, end, rows.retry, close_transport);
        }
        if end.class == CloseClass::TooBig && matches!(end.cause, Cause::Frame(_)) {
            // The peer sends again what this end has not received.
            if mem::replace(&mut self.oversized, true) {
                return self.give_up(end, rows.stop, close_transport);
            }
        }
        match end.class.remedy() {
            Remedy::Retry | Remedy::RetrySlowly => self.wait(end, rows.retry, close_transport),
            Remedy::RenewToken if !self.renewed && !self.config.anonymous => {
                self.renewed = true;
                self.tokens.reject();
                let cause = end.cause.clone();
                self.wait(end, rows.renew, close_transport);
                self.rejection = Some(cause);
                self.request_token(TokenNeed::Rejected);
            }
            Remedy::RenewToken | Remedy::Stop if self.negotiation.handle_last() => {
                self.wait(end, rows.retry, close_transport);
            }
            Remedy::RenewToken => self.give_up(end, rows.again, close_transport),
            Remedy::Stop => self.give_up(end, rows.stop, close_transport),
        }
    }

    fn wait(&mut self, end: End, input: ClientInput, close_transport: bool) {
        let class = end.class;
        let left = self.hint.take().map(|until| until.saturating_since(self.now.mono));
        let mut hint = left.filter(|left| !left.is_zero());
        if class.remedy() == Remedy::RetrySlowly {
            hint = hint.or(Some(self.config.backoff.slow));
        }
        self.held_back = hint.is_some();
        let after = self.backoff.next_delay(hint);
        self.wait_for(after, end, input, close_transport);
    }

    fn wait_for(&mut self, after: Duration, end: End, input: ClientInput, close_transport: bool) {
        let (class, cause) = (end.class, end.cause.clone());
        self.deadline = self.now.mono + after;
        self.end_link(end, ClientPhase::Waiting, input, None, close_transport);
        let attempt = self.attempt.saturating_add(1);
        self.notes.push(Note::Retrying { attempt, after, class, cause });
    }

    /// The peer said when to come back.
    pub(super) fn hint(&mut self, after: Duration) {
        self.hint = Some(self.now.mono + after.min(self.config.backoff.longest_hint));
    }

    /// What was too large and ended the last link does not come again, for nobody asks for it.
    pub(crate) fn forgive_oversized(&mut self) {
        self.oversized = false;
    }

    /// No attempt follows.
    pub(super) fn give_up(&mut self, end: End, input: ClientInput, close_transport: bool) {
        self.end_link(end, ClientPhase::Stopped, input, None, close_transport);
    }

    /// The one transition to an end. `last` is its cause, where that is not what has ended the
    /// link.
    pub(super) fn end_link(
        &mut self,
        end: End,
        phase: ClientPhase,
        input: ClientInput,
        last: Option<Cause>,
        close_transport: bool,
    ) {
        let began = !matches!(self.phase, ClientPhase::Token | ClientPhase::Waiting);
        (self.response, self.welcome, self.proven) = (None, None, None);
        self.connection.stop_reading(Role::Client, &self.config.link);
        let cause = last.unwrap_or_else(|| end.cause.clone());
        self.change(phase, input, Some(cause));
        let stopped = (phase != ClientPhase::Waiting).then(|| Note::Stopped(end.clone()));
        if began {
            self.notes.push(Note::Closed(end));
            if close_transport {
                self.notes.push(Note::CloseTransport);
            }
        }
        if let Some(stopped) = stopped {
            self.notes.push(stopped);
        }
    }

    pub(super) fn go(&mut self, phase: ClientPhase, input: ClientInput) {
        self.change(phase, input, None);
    }

    fn change(&mut self, phase: ClientPhase, input: ClientInput, end: Option<Cause>) {
        debug_assert_eq!(input.cell(self.phase), Cell::To(phase), "{input} in {:?}", self.phase);
        let (from, to) = (self.phase.state(), phase.state());
        self.phase = phase;
        if from != to {
            self.notes.push(Note::StateChanged { from, to, input, end });
        }
    }

    pub(super) fn has_token(&self) -> bool {
        self.config.anonymous || self.tokens.usable(self.now.mono).is_some()
    }

    pub(super) fn request_token(&mut self, need: TokenNeed) {
        if self.tokens.ask(self.now) {
            self.notes.push(Note::NeedToken(need));
        }
    }
}
