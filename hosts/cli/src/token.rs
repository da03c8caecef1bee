//! `pamlink token`: tokens for tests and development, signed with HS256.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pamlink::link::jwt::{DEFAULT_AUDIENCE, KeyError, Verifier, sign_hs256};
use pamlink::link::{Claims, Token};
use pamlink::time::Wall;
use serde::Deserialize;

use crate::args::TokenArgs;
use crate::fault::Fault;

/// The secret of `serve --dev` and `token --dev`. It is public: it protects nothing, which is why
/// `serve --dev` listens on loopback alone.
pub const DEV_SECRET: &[u8] = b"pamlink development secret: protects nothing, loopback only";

/// The shortest HS256 secret that is accepted: as long as the hash (RFC 7518 section 3.2).
const SHORTEST_SECRET: usize = 32;

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
    let mut claims = claims(&args.user, args.ttl);
    claims.role.clone_from(&args.role);
    let token = sign_hs256(&secret, &args.audience, &claims)
        .map_err(|error| Fault::failed(error.to_string()))?;
    writeln!(std::io::stdout(), "{token}")
        .map_err(|error| Fault::failed(format!("cannot write: {error}")))?;
    Ok(ExitCode::SUCCESS)
}

/// Claims of `user`, made now and good for `ttl`. Whole seconds count: less than one is one.
pub fn claims(user: &str, ttl: Duration) -> Claims {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = Wall::from_unix_secs(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
    let ttl = Duration::from_secs(ttl.as_secs().max(1));
    let mut claims = Claims::new(user, now + ttl);
    claims.issued = Some(now);
    claims
}

/// A token of `user` that `serve --dev` accepts, good for `ttl` from now.
///
/// # Errors
///
/// The signature cannot be made.
pub fn dev(user: &str, ttl: Duration, audience: &str) -> Result<String, KeyError> {
    sign_hs256(DEV_SECRET, audience, &claims(user, ttl))
}

/// A token with the dates that it bears, so that it is renewed ahead of its end; without dates
/// where it bears none that can be read. Nothing is verified: the server does that.
pub fn dated(token: &str) -> Token {
    #[derive(Deserialize)]
    struct Dates {
        exp: f64,
        iat: Option<f64>,
    }
    let body = token.split('.').nth(1).and_then(|body| URL_SAFE_NO_PAD.decode(body).ok());
    match body.and_then(|body| serde_json::from_slice::<Dates>(&body).ok()) {
        Some(Dates { exp, iat }) => {
            // The cast saturates.
            let wall = |seconds: f64| Wall::from_unix_micros((seconds * 1e6) as i64);
            Token::with_dates(token, iat.map(wall), wall(exp))
        }
        None => Token::new(token),
    }
}

/// The secret in the file at `path`, without one final line break.
///
/// # Errors
///
/// The file cannot be read, holds less than 32 bytes, or a key that is public.
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
    // A key that others know is none.
    Verifier::hs256(&secret, DEFAULT_AUDIENCE).map_err(|error| Fault::file(path, error))?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_with_its_dates_or_without() {
        let token = dev("ada", Duration::from_secs(90), "a").unwrap();
        let dated_token = dated(&token);
        let life = dated_token.expires().unwrap().saturating_since(dated_token.issued().unwrap());
        assert_eq!(life, Duration::from_secs(90));
        assert_eq!(dated_token.expose(), token);
        for odd in ["", "a", "a.b.c", "e30.e30.x"] {
            assert!(dated(odd).expires().is_none(), "{odd}");
        }
    }
}
