//! Who a peer is: the claims of a verified token, and the reasons for which one is refused.

use thiserror::Error;

use crate::metrics::Label;
use crate::time::Wall;

/// Checks a token against a key and the clock.
///
/// `link::jwt::Verifier` (feature `jwt`) does it for HS256, ES256 and RS256; a host may bring its
/// own, for example one that asks its identity provider's library.
pub trait Verify {
    /// The claims of `token` if it is genuine and valid at `now`.
    ///
    /// # Errors
    ///
    /// The first check that failed. An error never carries text of the token.
    fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError>;
}

/// What a verified token says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claims {
    /// `sub`: the user.
    pub subject: String,
    /// `exp`: the token is invalid from then on.
    pub expires: Wall,
    /// `iat`: when the token was made.
    pub issued: Option<Wall>,
    /// `role`: informative; no role skips any check.
    pub role: Option<String>,
}

impl Claims {
    /// Claims of `subject` until `expires`, without any optional claim.
    pub fn new(subject: impl Into<String>, expires: Wall) -> Self {
        Self { subject: subject.into(), expires, issued: None, role: None }
    }

    /// Compares the subject with the user that the path of the request names.
    ///
    /// # Errors
    ///
    /// [`AuthError::WrongSubject`] unless both are equal, byte for byte, whatever the role.
    pub(crate) fn require_subject(&self, user: &str) -> Result<(), AuthError> {
        if self.subject == user { Ok(()) } else { Err(AuthError::WrongSubject) }
    }
}

/// Why a token was refused. Carries no text of the token, so that it can be logged and sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The signature does not belong to the content and the key.
    #[error("bad signature")]
    BadSignature,
    /// Too many tokens wait to be verified; the peer is not at fault.
    #[error("too many tokens wait to be verified")]
    Busy,
    /// `exp` has passed.
    #[error("token expired")]
    Expired,
    /// Not three parts of base64 around JSON of the expected shape.
    #[error("malformed token")]
    Malformed,
    /// A claim that must be there is not.
    #[error("missing claim {0}")]
    MissingClaim(&'static str),
    /// There was no token at all.
    #[error("missing token")]
    MissingToken,
    /// `nbf` lies ahead.
    #[error("token not yet valid")]
    NotYetValid,
    /// The verifier could not be asked; the peer is not at fault.
    #[error("verification unavailable")]
    Unavailable,
    /// No key of the set fits the token's `kid`.
    #[error("unknown key")]
    UnknownKey,
    /// An algorithm other than the key's own, `none` included, or a critical extension.
    #[error("unsupported algorithm")]
    UnsupportedAlgorithm,
    /// `aud` does not name this service.
    #[error("wrong audience")]
    WrongAudience,
    /// `sub` is not the user of the path.
    #[error("wrong subject")]
    WrongSubject,
}

/// Why a link has no valid token, as it is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AuthFailure {
    /// The token was refused.
    Token(AuthError),
    /// It expired on an open link and was not renewed.
    NotRenewed,
    /// The host refused it.
    Host,
}

impl Label for AuthFailure {
    type Set = Self;
    const NAME: &'static str = "cause";
    const TEXTS: &'static [&'static str] = &[
        "malformed",
        "signature",
        "expired",
        "not_yet_valid",
        "audience",
        "subject",
        "missing",
        "busy",
        "not_renewed",
        "host",
        "other",
    ];

    fn index(&self) -> usize {
        match self {
            Self::Token(AuthError::Malformed | AuthError::MissingClaim(_)) => 0,
            Self::Token(
                AuthError::BadSignature | AuthError::UnknownKey | AuthError::UnsupportedAlgorithm,
            ) => 1,
            Self::Token(AuthError::Expired) => 2,
            Self::Token(AuthError::NotYetValid) => 3,
            Self::Token(AuthError::WrongAudience) => 4,
            Self::Token(AuthError::WrongSubject) => 5,
            Self::Token(AuthError::MissingToken) => 6,
            Self::Token(AuthError::Busy) => 7,
            Self::NotRenewed => 8,
            Self::Token(AuthError::Unavailable) | Self::Host => 9,
        }
    }
}
