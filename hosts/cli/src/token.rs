//! `pamlink token`: tokens for tests and development, signed with HS256.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;

use crate::args::TokenArgs;
use crate::fault::Fault;

/// The secret of `serve --dev` and `token --dev`. It is public: it protects nothing, which is why
/// `serve --dev` listens on loopback alone.
pub const DEV_SECRET: &[u8] = b"pamlink development secret: protects nothing, loopback only";

/// The shortest HS256 secret that is accepted: as long as the hash (RFC 7518 section 3.2).
const SHORTEST_SECRET: usize = 32;

/// What a token says.
#[derive(Clone, Debug, Serialize)]
pub struct Claims<'a> {
    /// Whom it names.
    pub sub: &'a str,
    /// When it was made, in seconds since the epoch.
    pub iat: u64,
    /// When it ends, in seconds since the epoch.
    pub exp: u64,
    /// Whom it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<&'a str>,
}

/// Prints one token.
///
/// # Errors
///
/// The secret's file cannot be read or is too short.
pub fn run(args: &TokenArgs) -> Result<ExitCode, Fault> {
    let secret = match &args.jwt_secret_file {
        Some(path) => read_secret(path)?,
        None => DEV_SECRET.to_vec(),
    };
    let token = sign(&secret, &args.user, args.ttl, args.audience.as_deref())?;
    writeln!(std::io::stdout(), "{token}")
        .map_err(|error| Fault::failed(format!("cannot write: {error}")))?;
    Ok(ExitCode::SUCCESS)
}

/// A token for `user`, good for `ttl` from now. Whole seconds count: less than one is one.
///
/// # Errors
///
/// The signature cannot be made.
pub fn sign(
    secret: &[u8],
    user: &str,
    ttl: Duration,
    audience: Option<&str>,
) -> Result<String, Fault> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let exp = now.saturating_add(ttl.as_secs().max(1));
    sign_claims(secret, &Claims { sub: user, iat: now, exp, aud: audience })
}

/// A token that says what `claims` says.
///
/// # Errors
///
/// The signature cannot be made.
pub fn sign_claims(secret: &[u8], claims: &impl Serialize) -> Result<String, Fault> {
    let key = EncodingKey::from_secret(secret);
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key)
        .map_err(|error| Fault::failed(format!("cannot sign: {error}")))
}

/// The secret in the file at `path`, without one final line break.
///
/// # Errors
///
/// The file cannot be read, or holds less than 32 bytes.
pub fn read_secret(path: &Path) -> Result<Vec<u8>, Fault> {
    let mut secret = std::fs::read(path).map_err(|error| Fault::file(path, error))?;
    if secret.last() == Some(&b'\n') {
        secret.pop();
        if secret.last() == Some(&b'\r') {
            secret.pop();
        }
    }
    if secret.len() < SHORTEST_SECRET {
        let found = secret.len();
        let what = format!("an HS256 secret needs {SHORTEST_SECRET} bytes or more, found {found}");
        return Err(Fault::file(path, what));
    }
    Ok(secret)
}
