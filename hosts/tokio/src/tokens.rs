//! Where a client's tokens come from.

use std::future::Future;

use pamlink::link::{Token, TokenError, TokenNeed};

/// A source of tokens. The engine asks it before the first connection, ahead of each expiry, and
/// once after a server refused a token; never twice at a time.
///
/// A [`Token`] is a source of itself, and so is a closure `async |need| Ok(token)`.
pub trait Tokens: Send + Sync + 'static {
    /// A token that is good now, or why there is none: the engine tries again after
    /// [`TokenError::Unavailable`], and stops after [`TokenError::Denied`].
    fn token(&self, need: TokenNeed) -> impl Future<Output = Result<Token, TokenError>> + Send;
}

impl Tokens for Token {
    async fn token(&self, need: TokenNeed) -> Result<Self, TokenError> {
        match need {
            // There is no other one.
            TokenNeed::Rejected => Err(TokenError::Denied),
            _ => Ok(self.clone()),
        }
    }
}

impl<F, T> Tokens for F
where
    F: Fn(TokenNeed) -> T + Send + Sync + 'static,
    T: Future<Output = Result<Token, TokenError>> + Send,
{
    async fn token(&self, need: TokenNeed) -> Result<Token, TokenError> {
        self(need).await
    }
}
