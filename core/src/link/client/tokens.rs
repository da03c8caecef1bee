//! The token of a client's link: asked for, handed over, renewed in band.

use core::time::Duration;

use super::ClientLink;
use super::event::TokenNeed;
use super::notes::Note;
use super::rows::Rows;
use crate::envelope::{Id, write};
use crate::link::cause::Cause;
use crate::link::class::CloseClass;
use crate::link::connection::End;
use crate::link::state::{ClientInput, ClientPhase};
use crate::link::token::{Token, TokenError};
use crate::time::Now;

/// The id of the frame that brings a token over an open link: a refusal names it.
pub(crate) const RENEWAL: &str = "renewal";

impl ClientLink {
    /// The host's answer to [`NeedToken`](super::ClientLinkEvent::NeedToken), or a new token of its
    /// own accord. An open link passes it on in band.
    ///
    /// # Errors
    ///
    /// [`TokenError`] if the token is of no use; a link that waits for it then stops.
    pub fn provide_token(&mut self, now: Now, token: Token) -> Result<(), TokenError> {
        self.now = now;
        match self.tokens.provide(now, token) {
            Ok(()) => {
                if self.phase == ClientPhase::Token {
                    self.dial(ClientInput::Provide);
                } else if self.phase == ClientPhase::Open {
                    self.renew_in_band();
                }
                Ok(())
            }
            Err(error) => {
                if self.phase == ClientPhase::Token {
                    let end = End::without_code(CloseClass::Authentication, Cause::Token(error));
                    self.give_up(end, ClientInput::ProvideMalformed, false);
                }
                Err(error)
            }
        }
    }

    /// The host has no token: [`TokenError::Unavailable`] is worth a retry, anything else is not.
    pub fn token_failed(&mut self, now: Now, error: TokenError) {
        self.now = now;
        self.tokens.fail(now);
        let denied = if self.has_token() {
            ClientInput::TokenDenied
        } else {
            ClientInput::TokenDeniedNoToken
        };
        let class = match error {
            TokenError::Unavailable => CloseClass::ServerUnavailable,
            _ => CloseClass::Authentication,
        };
        let mut end = End::without_code(class, Cause::Token(error));
        let waits = match self.phase {
            ClientPhase::Token => true,
            ClientPhase::Waiting => denied == ClientInput::TokenDeniedNoToken,
            _ => false,
        };
        if error != TokenError::Unavailable {
            if waits {
                // What the peer said of the last token says more.
                end.cause = self.rejection.take().unwrap_or(end.cause);
                self.give_up(end, denied, false);
            }
        } else if self.phase == ClientPhase::Token {
            self.lose(end, Rows::one(ClientInput::TokenUnavailable), false);
        }
    }

    /// The server did not take the token that was sent to it over the open link, and said when it
    /// may: it is sent again then.
    pub(crate) fn renewal_refused(&mut self, now: Now, retry_after: Duration) {
        self.now = now;
        if self.phase == ClientPhase::Open {
            let after = retry_after.min(self.config.backoff.longest_hint);
            self.renew_again = Some(now.mono + after);
        }
    }

    pub(super) fn renew_token(&mut self) {
        if !self.config.anonymous && self.tokens.handle_timeout(self.now) {
            self.notes.push(Note::NeedToken(TokenNeed::Renewal));
        }
    }

    pub(super) fn renew_in_band(&mut self) {
        self.renew_again = None;
        if self.speaks_v1() {
            return self.say_token();
        }
        if let Some(token) = self.tokens.last() {
            let mut text = String::new();
            write::auth(&mut text, Some(&Id::from(RENEWAL)), token.expose());
            self.connection.output.send_anyway(text.as_bytes().into());
        }
    }
}
