//! The opening handshake of a client's link: what it asks for, and what the answer means.

use core::time::Duration;
use std::borrow::Cow;

use super::ClientLink;
use super::event::ClientLinkConfig;
use super::rows::Rows;
use super::saying::WELCOME;
use crate::frame::NotDrained;
use crate::frame::handshake::{
    HandshakeError, HeadError, HeaderFault, Upgrade, WebSocketKey, write_request,
};
use crate::link::cause::Cause;
use crate::link::class::CloseClass;
use crate::link::connection::End;
use crate::link::endpoint::Endpoint;
use crate::link::state::{ClientInput, ClientPhase};
use crate::link::token::Token;

/// How long the first line of a refusal is waited for.
const FIRST_LINE: Duration = Duration::from_secs(1);

/// Appends the opening request.
pub(super) fn open_request(
    config: &ClientLinkConfig,
    endpoint: &Endpoint,
    token: Option<&Token>,
    subprotocols: &[&str],
    key: &WebSocketKey,
    out: &mut Vec<u8>,
) -> Result<(), HeadError> {
    let upgrade = Upgrade {
        host: &endpoint.authority(),
        target: &endpoint.target(token),
        key,
        subprotocols,
        deflate: config.link.deflate.as_ref(),
        origin: config.origin.as_deref(),
        headers: &[],
    };
    write_request(&upgrade, out)
}

impl ClientLink {
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
                    self.connection.deflate(config, agreed);
                }
                self.response = None;
                if !self.negotiation.handle_taken(self.now.mono, subprotocol.as_deref()) {
                    self.lose(no_dialect(), Rows::ANSWER, true);
                    return Ok(());
                }
                self.open(subprotocol, ClientInput::Upgraded);
                self.connection.handle_early(&bytes[taken..])
            }
            Some(Err(error)) => {
                self.refused(error, true);
                Ok(())
            }
        }
    }

    /// Nothing more of the answer comes. Whether it was a refusal, which has ended the attempt.
    pub(super) fn end_answer(&mut self, close_transport: bool) -> bool {
        let Some(response) = &mut self.response else { return false };
        response.handle_end();
        let Some(Err(error)) = response.poll_event() else { return false };
        self.refused(error, close_transport);
        true
    }

    fn refused(&mut self, error: HandshakeError, close_transport: bool) {
        let (class, cause, rows) = match error {
            HandshakeError::Refused { status, retry_after, line } => {
                if let Some(after) = retry_after {
                    self.hint(after);
                }
                self.negotiation.handle_refused(status);
                let cause = Cause::answered(status, &line, self.tokens.last());
                (CloseClass::of_http_status(status), cause, Rows::ANSWER)
            }
            error => (CloseClass::Protocol, Cause::Handshake(error), Rows::NO_ANSWER),
        };
        self.lose(End::without_code(class, cause), rows, close_transport);
    }

    /// Frames or messages flow from now on.
    pub(super) fn open(&mut self, subprotocol: Option<String>, input: ClientInput) {
        self.subprotocol = subprotocol;
        self.active = self.now.mono;
        self.connection.start_heartbeat(&self.config.link, self.now.mono);
        let is_v1 = self.negotiation.is_agreed();
        match self.config.welcome.or_else(|| is_v1.then_some(WELCOME)) {
            Some(within) => self.welcome = Some(self.now.mono + within),
            None => self.proven = Some(self.now.mono + self.config.proven),
        }
        self.go(ClientPhase::Open, input);
        if is_v1 {
            self.say_hello();
        }
    }
}

/// The end of an attempt that offered a dialect which the server does not have.
pub(super) fn no_dialect() -> End {
    let header = Cow::Borrowed("Sec-WebSocket-Protocol");
    let error = HandshakeError::Header { header, fault: HeaderFault::Missing };
    End::without_code(CloseClass::Protocol, Cause::Handshake(error))
}
