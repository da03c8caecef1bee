//! JSON Web Tokens (RFC 7519) by themselves: for a host's own HTTP routes, and for tests.

use std::sync::Arc;

use pamlink::link::jwt::{self, DEFAULT_AUDIENCE, Verifier};
use pamlink::link::{Claims, Verify};
use pamlink::time::Wall;

use crate::fault::Failure;
use crate::options::AuthOptions;
use pamlink_border::{Code, Fault};

/// Verifies HS256, ES256 and RS256 tokens by the clock that is passed in.
#[derive(Debug, uniffi::Object)]
pub struct TokenVerifier {
    verifier: Verifier,
}

/// What a verified token says.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct VerifiedToken {
    /// `sub`: the user.
    pub subject: String,
    /// `exp`, in microseconds since 1970.
    pub expires_micros: i64,
    /// `iat`, in microseconds since 1970.
    pub issued_micros: Option<i64>,
    /// `role`: informative; no role skips any check.
    pub role: Option<String>,
}

#[uniffi::export]
impl TokenVerifier {
    /// A verifier with the key of `auth`.
    ///
    /// # Errors
    ///
    /// `bad_key`: there is none, or it is weak or broken.
    #[uniffi::constructor]
    pub fn new(auth: AuthOptions) -> Result<Arc<Self>, Failure> {
        let verifier = auth.verifier()?;
        let verifier = verifier.ok_or_else(|| Fault::new(Code::BadKey, "there is no key"))?;
        Ok(Arc::new(Self { verifier }))
    }

    /// The claims of a token that is genuine and valid now.
    ///
    /// # Errors
    ///
    /// The first check that failed, `bad_signature` to `wrong_audience`. It carries no text of the
    /// token.
    pub fn verify(&self, token: &str, wall_micros: i64) -> Result<VerifiedToken, Failure> {
        let now = Wall::from_unix_micros(wall_micros);
        let claims = self.verifier.verify(token, now).map_err(Fault::from)?;
        Ok(VerifiedToken {
            subject: claims.subject,
            expires_micros: claims.expires.as_unix_micros(),
            issued_micros: claims.issued.map(Wall::as_unix_micros),
            role: claims.role,
        })
    }
}

/// An HS256 token for `subject` until `expires_micros`, for development servers and tests.
///
/// # Errors
///
/// `bad_key` for a secret of fewer than 32 bytes.
#[uniffi::export]
pub fn sign_token(
    secret: &[u8],
    subject: &str,
    expires_micros: i64,
    audience: Option<String>,
) -> Result<String, Failure> {
    let audience = audience.as_deref().unwrap_or(DEFAULT_AUDIENCE);
    let claims = Claims::new(subject, Wall::from_unix_micros(expires_micros));
    let token = jwt::sign_hs256(secret, audience, &claims);
    Ok(token.map_err(|error| Fault::new(Code::BadKey, error.to_string()))?)
}
