//! How a client's link moves: beginnings, what arrives, and every way to an end.

use super::*;
use crate::frame::handshake::{HandshakeError, Upgrade, write_request};
use crate::link::beats::BeatCounts;
use crate::link::class::Remedy;

/// How long the first line of a refusal is waited for.
const FIRST_LINE: core::time::Duration = core::time::Duration::from_secs(1);

/// The rows of the table for an end, by what follows from its class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rows {
    retry: ClientInput,
    renew: ClientInput,
    again: ClientInput,
    stop: ClientInput,
}

impl Rows {
    pub(super) const DIAL: Self = Self {
        retry: ClientInput::DialFailed,
        renew: ClientInput::DialFailedAuth,
        again: ClientInput::DialFailedAuthAgain,
        stop: ClientInput::DialFailedStop,
    };
    const ANSWER: Self = Self {
        retry: ClientInput::Refused,
        renew: ClientInput::RefusedAuth,
        again: ClientInput::RefusedAuthAgain,
        stop: ClientInput::RefusedStop,
    };
    const CLOSE: Self = Self {
        retry: ClientInput::PeerClose,
        renew: ClientInput::PeerCloseAuth,
        again: ClientInput::PeerCloseAuthAgain,
        stop: ClientInput::PeerCloseStop,
    };

    const BROKEN: Self =
        Self { retry: ClientInput::BadFrameRetry, ..Self::one(ClientInput::BadFrame) };

    /// An end whose class leaves no choice.
    pub(super) const fn one(input: ClientInput) -> Self {
        Self { retry: input, renew: input, again: input, stop: input }
    }

    const fn of(self, remedy: Remedy) -> ClientInput {
        match remedy {
            Remedy::Retry | Remedy::RetrySlowly => self.retry,
            Remedy::RenewToken => self.renew,
            Remedy::Stop => self.stop,
        }
    }
}

impl ClientLink {
    /// The first half of [`poll_event`](Self::poll_event): moves on, lends nothing.
    #[inline]
    pub(crate) fn poll_unlent(&mut self) -> Option<ClientLinkUnlent> {
        loop {
            if !self.notes.is_empty() {
                return Some(ClientLinkUnlent::Note);
            }
            if mem::take(&mut self.wire.not_utf8) {
                self.fail_frame(FrameError::TextNotUtf8);
                continue;
            }
            if !matches!(self.phase, ClientPhase::Open | ClientPhase::Closing) {
                break;
            }
            let Some(item) = self.wire.advance(None) else { break };
            match item.kind {
                ItemKind::Text if self.phase == ClientPhase::Open => {
                    return Some(ClientLinkUnlent::Text(item));
                }
                ItemKind::Binary if self.phase == ClientPhase::Open => {
                    return Some(ClientLinkUnlent::Binary(item));
                }
                ItemKind::Close => self.peer_closed(item),
                ItemKind::Failed(error) => {
                    self.notes.push_back(Note::Failed(error));
                    self.fail_frame(error);
                }
                // What arrives after our goodbye is not for the host any more.
                _ => {}
            }
        }
        let policy = self.config.link.outbox.overflow;
        self.wire.outbox_mut().take_overflow(policy).map(ClientLinkUnlent::Overflowed)
    }

    /// The second half of [`poll_event`](Self::poll_event): the event itself.
    pub(crate) fn lend(&mut self, unlent: ClientLinkUnlent) -> Option<ClientLinkEvent<'_>> {
        Some(match unlent {
            ClientLinkUnlent::Text(item) => match self.wire.text(item, None) {
                Ok(text) => ClientLinkEvent::Text(text),
                Err(error) => ClientLinkEvent::Failed(error),
            },
            ClientLinkUnlent::Binary(item) => {
                ClientLinkEvent::Binary(self.wire.reader.bytes(item, None))
            }
            ClientLinkUnlent::Overflowed(overflowed) => ClientLinkEvent::Overflowed(overflowed),
            ClientLinkUnlent::Note => self.lend_note()?,
        })
    }

    fn lend_note(&mut self) -> Option<ClientLinkEvent<'_>> {
        Some(match self.notes.pop_front()? {
            Note::Dial => ClientLinkEvent::Dial(Dial {
                attempt: self.attempt,
                endpoint: &self.endpoint,
                token: self.tokens.last(),
            }),
            Note::NeedToken(need) => ClientLinkEvent::NeedToken(need),
            Note::StateChanged { from, to, input, end } => {
                let cause = match end {
                    Some(cause) => Trigger::End(self.shown.insert(cause)),
                    None => Trigger::Input(input),
                };
                ClientLinkEvent::StateChanged { from, to, cause }
            }
            Note::Failed(error) => ClientLinkEvent::Failed(error),
            Note::Closed(end) => ClientLinkEvent::Closed(self.told.insert(end).closed()),
            Note::HangUp => ClientLinkEvent::HangUp,
            Note::Retrying { attempt, after, class, cause } => {
                let cause = self.shown.insert(cause);
                ClientLinkEvent::Retrying { attempt, after, class, cause }
            }
            Note::Stopped(end) => {
                let end = self.told.insert(end);
                ClientLinkEvent::Stopped { class: end.class, cause: &end.cause }
            }
        })
    }

    /// The text of a [`ClientLinkUnlent::Text`]; if it is none, the next step fails the link.
    #[inline]
    pub(crate) fn text(&mut self, item: Item) -> Result<&str, FrameError> {
        self.wire.text(item, None)
    }

    /// The peer has answered a ping: how long that took, if it is known.
    pub(crate) fn ponged(&mut self, now: Now) -> Option<core::time::Duration> {
        self.wire.beats.ponged(now.mono)
    }

    /// Pings and pongs since the last call.
    #[inline]
    pub(crate) fn take_beats(&mut self) -> BeatCounts {
        self.wire.beats.take()
    }

    pub(super) fn start_over(&mut self) {
        self.backoff.reset();
        (self.attempt, self.renewed) = (0, false);
    }

    pub(super) fn begin(&mut self, with: ClientInput, without: ClientInput) {
        (self.hint, self.told_to_wait) = (None, false);
        if self.has_token() {
            return self.dial(with);
        }
        self.deadline = self.now.mono + self.config.token.patience;
        self.go(ClientPhase::Token, without);
        self.ask_for_token(TokenNeed::Missing);
    }

    pub(super) fn dial(&mut self, input: ClientInput) {
        let writer = Writer::client(self.random.next_seed());
        self.wire = Wire::new(Role::Client, self.config.link.frames, writer);
        (self.welcome, self.proven, self.subprotocol) = (None, None, None);
        self.renew_again = None;
        (self.leaving, self.rejection) = (None, None);
        self.attempt = self.attempt.saturating_add(1);
        self.deadline = self.now.mono + self.config.dial;
        self.go(ClientPhase::Dial, input);
        self.notes.push_back(Note::Dial);
    }

    pub(super) fn read_answer(&mut self, bytes: &[u8]) -> Result<(), NotDrained> {
        let Some(response) = &mut self.response else { return Ok(()) };
        let taken = response.handle_bytes(bytes);
        match response.poll_event() {
            None => {
                if response.is_refusal() {
                    // Its first line is on its way, or does not come at all.
                    self.deadline = self.deadline.min(self.now.mono + FIRST_LINE);
                }
                Ok(())
            }
            Some(Ok(response)) => {
                let subprotocol = response.subprotocol().map(str::to_owned);
                if let (Some(config), Some(agreed)) =
                    (&self.config.link.deflate, response.deflate())
                {
                    self.wire.deflate(config, agreed);
                }
                self.response = None;
                self.open(subprotocol, ClientInput::Upgraded);
                self.wire.reader.handle_bytes(&bytes[taken..])
            }
            Some(Err(error)) => {
                self.refused(error, true);
                Ok(())
            }
        }
    }

    /// Nothing more of the answer comes: whether it was a refusal, which is told now.
    pub(super) fn end_answer(&mut self, hang_up: bool) -> bool {
        let Some(response) = &mut self.response else { return false };
        response.handle_end();
        let Some(Err(error)) = response.poll_event() else { return false };
        self.refused(error, hang_up);
        true
    }

    fn refused(&mut self, error: HandshakeError, hang_up: bool) {
        let (class, cause, rows) = match error {
            HandshakeError::Refused { status, retry_after, line } => {
                if let Some(after) = retry_after {
                    self.hint(after);
                }
                let cause = Cause::answered(status, &line, self.tokens.last());
                (Class::of_http_status(status), cause, Rows::ANSWER)
            }
            error => (Class::Protocol, Cause::Handshake(error), Rows::one(ClientInput::BadFrame)),
        };
        self.lose(End::without_code(class, cause), rows, hang_up);
    }

    /// Frames or messages flow from now on.
    pub(super) fn open(&mut self, subprotocol: Option<String>, input: ClientInput) {
        self.subprotocol = subprotocol;
        self.heartbeat = Heartbeat::new(&self.config.link.heartbeat, self.now.mono);
        match self.config.welcome {
            Some(within) => self.welcome = Some(self.now.mono + within),
            None => self.proven = Some(self.now.mono + self.config.proven),
        }
        self.go(ClientPhase::Open, input);
    }

    pub(super) fn open_timeout(&mut self) {
        let now = self.now;
        match self.heartbeat.handle_timeout(&self.config.link.heartbeat, now.mono) {
            Beat::Rest => {}
            Beat::Ping => {
                self.wire.release(None);
                self.wire.send_ping(now);
            }
            Beat::Dead => {
                let cause = Cause::Timeout(TimerReason::Liveness);
                let end = End::new(CloseCode::GOING_AWAY, "Ping timeout", cause);
                return self.fail(end.of_class(Class::Timeout), Rows::one(ClientInput::Deadline));
            }
        }
        if self.welcome.is_some_and(|welcome| now.mono >= welcome) {
            let cause = Cause::Timeout(TimerReason::Handshake);
            let end = End::new(CloseCode::GOING_AWAY, "no welcome", cause);
            return self.fail(end.of_class(Class::Timeout), Rows::one(ClientInput::Deadline));
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
        self.renew_token();
    }

    pub(super) fn open_deadline(&self) -> Deadline {
        let welcome = self.welcome.map(|at| Deadline::new(at, TimerReason::Handshake));
        let proven = self.proven.map(|at| Deadline::new(at, TimerReason::Proven));
        let leaving = self.leaving.map(|at| Deadline::new(at, TimerReason::Drain));
        let token = self.tokens.poll_timeout().filter(|_| !self.config.anonymous);
        let again = self.renew_again.map(|at| Deadline::new(at, TimerReason::TokenRenewal));
        let mut first = self.heartbeat.poll_timeout();
        for deadline in [welcome, proven, leaving, token, again].into_iter().flatten() {
            if deadline.at < first.at {
                first = deadline;
            }
        }
        first
    }

    fn peer_closed(&mut self, item: Item) {
        let end = match self.wire.reader.close(item) {
            Some(frame) => End::of_peer(frame.code, frame.reason),
            None => End::of_peer(CloseCode::NO_STATUS, ""),
        };
        if self.phase == ClientPhase::Open {
            self.wire.say_goodbye(end.code, "");
        }
        let mut end = end.clean();
        end.unsent = self.wire.drop_messages();
        self.lose(end, Rows::CLOSE, true);
    }

    fn fail_frame(&mut self, error: FrameError) {
        let end = End::of_frame(error);
        self.fail(end, Rows::BROKEN);
    }

    /// RFC 6455 section 7.1.7: a goodbye, and no waiting for an answer.
    fn fail(&mut self, mut end: End, rows: Rows) {
        end.unsent = self.wire.drop_messages();
        if self.phase == ClientPhase::Open {
            self.wire.say_goodbye(end.code, &end.reason);
        }
        self.lose(end, rows, true);
    }

    /// The link has ended, or a token could not be had: what follows depends on the class.
    pub(super) fn lose(&mut self, mut end: End, rows: Rows, hang_up: bool) {
        if self.phase == ClientPhase::Closing {
            // The host has ended it; how exactly it went makes no difference to what follows.
            let Some(mut ours) = self.end.take() else { return };
            ours.unsent += end.unsent;
            ours.clean = end.clean;
            let input = rows.of(end.class.remedy());
            self.part(ours, ClientPhase::Idle, input, Some(end.cause), hang_up);
            if mem::take(&mut self.again) {
                self.start_over();
                self.begin(ClientInput::Connect, ClientInput::ConnectNoToken);
            }
            return;
        }
        // Libraries and proxies change a code on its way, but not to one of an application's own.
        let theirs = matches!(end.cause, Cause::Peer { .. } | Cause::Frame(_));
        if self.leaving.is_some() && theirs && end.code.as_u16() < 3_000 {
            end.class = Class::ServerUnavailable;
        }
        match end.class.remedy() {
            Remedy::Retry | Remedy::RetrySlowly => self.wait(end, rows.retry, hang_up),
            Remedy::RenewToken if !self.renewed && !self.config.anonymous => {
                self.renewed = true;
                self.tokens.reject();
                let cause = end.cause.clone();
                self.wait(end, rows.renew, hang_up);
                self.rejection = Some(cause);
                self.ask_for_token(TokenNeed::Rejected);
            }
            Remedy::RenewToken => self.give_up(end, rows.again, hang_up),
            Remedy::Stop => self.give_up(end, rows.stop, hang_up),
        }
    }

    fn wait(&mut self, end: End, input: ClientInput, hang_up: bool) {
        let (class, cause) = (end.class, end.cause.clone());
        let left = self.hint.take().map(|until| until.saturating_since(self.now.mono));
        let mut hint = left.filter(|left| !left.is_zero());
        if class.remedy() == Remedy::RetrySlowly {
            hint = hint.or(Some(self.config.backoff.slow));
        }
        self.told_to_wait = hint.is_some();
        let after = self.backoff.next_delay(hint);
        self.deadline = self.now.mono + after;
        self.part(end, ClientPhase::Waiting, input, None, hang_up);
        let attempt = self.attempt.saturating_add(1);
        self.notes.push_back(Note::Retrying { attempt, after, class, cause });
    }

    /// The peer said when to come back.
    pub(super) fn hint(&mut self, after: core::time::Duration) {
        self.hint = Some(self.now.mono + after.min(self.config.backoff.longest_hint));
    }

    pub(super) fn give_up(&mut self, end: End, input: ClientInput, hang_up: bool) {
        self.part(end, ClientPhase::Stopped, input, None, hang_up);
    }

    /// The host wants no link and none is open.
    pub(super) fn rest(&mut self, end: End, input: ClientInput) {
        self.part(end, ClientPhase::Idle, input, None, true);
    }

    /// The one way to an end. `last` is what led there, where that is not what has ended the link.
    fn part(
        &mut self,
        end: End,
        phase: ClientPhase,
        input: ClientInput,
        last: Option<Cause>,
        hang_up: bool,
    ) {
        let began = !matches!(self.phase, ClientPhase::Token | ClientPhase::Waiting);
        (self.response, self.welcome, self.proven) = (None, None, None);
        self.wire.reader = crate::frame::Reader::new(Role::Client, self.config.link.frames);
        let cause = last.unwrap_or_else(|| end.cause.clone());
        self.change(phase, input, Some(cause));
        let stopped = (phase != ClientPhase::Waiting).then(|| Note::Stopped(end.clone()));
        if began {
            self.notes.push_back(Note::Closed(end));
            if hang_up {
                self.notes.push_back(Note::HangUp);
            }
        }
        self.notes.extend(stopped);
    }

    pub(super) fn go(&mut self, phase: ClientPhase, input: ClientInput) {
        self.change(phase, input, None);
    }

    fn change(&mut self, phase: ClientPhase, input: ClientInput, end: Option<Cause>) {
        debug_assert_eq!(input.cell(self.phase), Cell::To(phase), "{input} in {:?}", self.phase);
        let (from, to) = (self.phase.state(), phase.state());
        self.phase = phase;
        if from != to {
            self.notes.push_back(Note::StateChanged { from, to, input, end });
        }
    }
}

/// Appends the opening request.
pub(super) fn open_request(
    config: &ClientConfig,
    endpoint: &Endpoint,
    token: Option<&Token>,
    key: &Key,
    out: &mut Vec<u8>,
) -> Result<(), HeadError> {
    let subprotocols: Vec<&str> = config.subprotocols.iter().map(String::as_str).collect();
    let upgrade = Upgrade {
        host: &endpoint.authority(),
        target: &endpoint.target(token),
        key,
        subprotocols: &subprotocols,
        deflate: config.link.deflate.as_ref(),
        origin: config.origin.as_deref(),
        headers: &[],
    };
    write_request(&upgrade, out)
}
