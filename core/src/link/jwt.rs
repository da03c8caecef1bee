//! JSON Web Tokens (RFC 7519) with HS256, ES256 and RS256, by the clock that is passed in.
//!
//! Only the signature is left to the `jsonwebtoken` crate: its time checks read the system's
//! clock. `exp`, `nbf` and `aud` are checked here. Each key is bound to one algorithm, so a
//! token cannot choose how it is verified, and `none` has no key at all.

use core::fmt;
use core::time::Duration;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::auth::{AuthError, Claims, Verify};
use crate::options::{self, OptionError, Place, Spec};
use crate::time::{self, Wall};

/// The audience that the identity provider of the `pam` dialect writes.
pub const DEFAULT_AUDIENCE: &str = "authenticated";

/// How far the clocks of issuer and verifier may lie apart, unless set otherwise: a token is
/// taken this long after `exp` and before `nbf`.
const DEFAULT_LEEWAY: Duration = Duration::from_secs(10);

/// The longest token that is verified, in bytes; a longer one is malformed.
const LONGEST: usize = 16 * 1_024;

/// Verifies tokens against one secret or a set of public keys.
pub struct Verifier {
    keys: Vec<Key>,
    audience: String,
    leeway: Duration,
}

struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

impl Verifier {
    /// A verifier of HS256 tokens for `audience`.
    ///
    /// # Errors
    ///
    /// [`KeyError::WeakSecret`] for fewer than 32 bytes (RFC 7518 section 3.2),
    /// [`KeyError::NoSecret`] for a key that is public.
    pub fn hs256(secret: &[u8], audience: &str) -> Result<Self, KeyError> {
        let key = Key { id: None, algorithm: Algorithm::HS256, key: symmetric(secret)? };
        Ok(Self::of(vec![key], audience))
    }

    /// A verifier with the keys of a JWKS document (RFC 7517 section 5) for `audience`.
    ///
    /// Keys of other types, curves, algorithms or uses are passed over: providers publish them
    /// side by side.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if the document is none, a key that claims to be usable is broken or weak, or
    /// none is usable.
    pub fn from_jwks(document: &str, audience: &str) -> Result<Self, KeyError> {
        let set: Jwks = serde_json::from_str(document)
            .map_err(|error| KeyError::NotJwks { line: error.line(), column: error.column() })?;
        let mut keys = Vec::new();
        for (index, jwk) in set.keys.into_iter().enumerate() {
            keys.extend(jwk.into_key(index)?);
        }
        if keys.is_empty() { Err(KeyError::NoKeys) } else { Ok(Self::of(keys, audience)) }
    }

    /// The options that are numbers.
    pub const OPTIONS: &'static [Spec<Self>] = &[Spec::<Self>::number(
        "leeway_ms",
        "ms",
        0..=600_000,
        |it| Place::Span(&mut it.leeway),
        "How far the clocks of issuer and server may lie apart.",
    )
    .in_packages()];

    /// Sets the option of this name.
    ///
    /// # Errors
    ///
    /// [`OptionError`] names the option and, if the value is out of its bounds, these.
    pub fn set(&mut self, name: &str, value: u64) -> Result<(), OptionError> {
        options::set(Self::OPTIONS.iter(), self, name, value)
    }

    fn of(keys: Vec<Key>, audience: &str) -> Self {
        Self { keys, audience: audience.to_owned(), leeway: DEFAULT_LEEWAY }
    }

    /// The key for a header: by `kid` where there is one, else the only one of the algorithm.
    fn key(&self, head: &Head) -> Result<&Key, AuthError> {
        let id = head.kid.as_deref();
        let named = |key: &&Key| id.is_none() || key.id.is_none() || key.id.as_deref() == id;
        let mut named = self.keys.iter().filter(named).peekable();
        if named.peek().is_none() {
            return Err(AuthError::UnknownKey);
        }
        let mut fitting = named.filter(|key| format!("{:?}", key.algorithm) == head.alg);
        let key = fitting.next().ok_or(AuthError::UnsupportedAlgorithm)?;
        if fitting.next().is_some() { Err(AuthError::UnknownKey) } else { Ok(key) }
    }
}

impl Verify for Verifier {
    fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError> {
        if token.is_empty() {
            return Err(AuthError::MissingToken);
        }
        if token.len() > LONGEST {
            return Err(AuthError::Malformed);
        }
        let (message, signature) = token.rsplit_once('.').ok_or(AuthError::Malformed)?;
        let (head, payload) = message.split_once('.').ok_or(AuthError::Malformed)?;
        if payload.contains('.') {
            return Err(AuthError::Malformed);
        }
        let head: Head = part(head)?;
        // RFC 7515 section 4.1.11: an extension we do not know must be refused.
        if head.crit.is_some() {
            return Err(AuthError::UnsupportedAlgorithm);
        }
        let key = self.key(&head)?;
        let verified =
            jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key.key, key.algorithm);
        if verified != Ok(true) {
            return Err(AuthError::BadSignature);
        }
        part::<Payload>(payload)?.check(now, &self.audience, self.leeway)
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verifier")
            .field("keys", &self.keys.len())
            .field("audience", &self.audience)
            .field("leeway", &self.leeway)
            .finish()
    }
}

/// What is wrong with key material. Carries none of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// A key of the set says it can be used, and no token could be verified with it, or none
    /// safely.
    #[error("keys[{index}].{member}: {reason}")]
    BadKey {
        /// Its place in `keys`, from 0.
        index: usize,
        /// Its member that is wrong.
        member: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// No HS256, ES256 or RS256 key.
    #[error("the set has no HS256, ES256 or RS256 key")]
    NoKeys,
    /// A public key, or a set of them, in the place of a secret: anybody could sign with it.
    #[error("this is no secret but {0}: verify with a JWK set instead")]
    NoSecret(&'static str),
    /// Not a JWKS document.
    #[error("not a JWKS document: line {line}, column {column}")]
    NotJwks {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
    },
    /// The signer failed.
    #[error("the token could not be signed")]
    Signing,
    /// An HMAC secret of fewer than 32 bytes (RFC 7518 section 3.2).
    #[error("an HS256 secret must have at least 32 bytes")]
    WeakSecret,
}

/// An HS256 token of these claims, for development servers and tests.
///
/// # Errors
///
/// [`KeyError::WeakSecret`], [`KeyError::Signing`].
pub fn sign_hs256(secret: &[u8], audience: &str, claims: &Claims) -> Result<String, KeyError> {
    symmetric(secret)?;
    let claims = Signed {
        sub: &claims.subject,
        exp: claims.expires.as_unix_secs(),
        iat: claims.issued.map(Wall::as_unix_secs),
        aud: audience,
        role: claims.role.as_deref(),
    };
    let key = EncodingKey::from_secret(secret);
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key)
        .map_err(|_| KeyError::Signing)
}

fn symmetric(secret: &[u8]) -> Result<DecodingKey, KeyError> {
    if let Some(public) = public(secret) {
        return Err(KeyError::NoSecret(public));
    }
    if secret.len() < 32 { Err(KeyError::WeakSecret) } else { Ok(DecodingKey::from_secret(secret)) }
}

/// What this is if it is a key that others know.
fn public(secret: &[u8]) -> Option<&'static str> {
    let text = core::str::from_utf8(secret).ok()?.trim_ascii_start();
    if text.starts_with("-----BEGIN ") {
        return Some("a PEM file");
    }
    if text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") {
        return Some("a public key of SSH");
    }
    let json: BTreeMap<String, serde_json::Value> = serde_json::from_str(text).ok()?;
    ["keys", "kty"].iter().any(|name| json.contains_key(*name)).then_some("a JWK set")
}

fn part<T: for<'a> Deserialize<'a>>(encoded: &str) -> Result<T, AuthError> {
    let json = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| AuthError::Malformed)?;
    serde_json::from_slice(&json).map_err(|_| AuthError::Malformed)
}

#[derive(Deserialize)]
struct Head {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Payload {
    sub: Option<String>,
    exp: Option<f64>,
    nbf: Option<f64>,
    iat: Option<f64>,
    aud: Option<Audience>,
    /// Informative: what is no text says nothing.
    role: Option<serde_json::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

impl Payload {
    fn check(self, now: Wall, audience: &str, leeway: Duration) -> Result<Claims, AuthError> {
        // A NumericDate may have a fraction (RFC 7519 section 2).
        let wall = |seconds: f64| Wall::from_unix_micros(time::whole(seconds * 1e6));
        let expires = self.exp.map(wall).ok_or(AuthError::MissingClaim("exp"))?;
        if now >= expires + leeway {
            return Err(AuthError::Expired);
        }
        if self.nbf.is_some_and(|nbf| now + leeway < wall(nbf)) {
            return Err(AuthError::NotYetValid);
        }
        let named = match &self.aud {
            None => return Err(AuthError::MissingClaim("aud")),
            Some(Audience::One(one)) => one == audience,
            Some(Audience::Many(many)) => many.iter().any(|one| one == audience),
        };
        if !named {
            return Err(AuthError::WrongAudience);
        }
        let subject = self.sub.filter(|sub| !sub.is_empty());
        let subject = subject.ok_or(AuthError::MissingClaim("sub"))?;
        let role = match self.role {
            Some(serde_json::Value::String(role)) => Some(role),
            _ => None,
        };
        Ok(Claims { subject, expires, issued: self.iat.map(wall), role })
    }
}

#[derive(Serialize)]
struct Signed<'a> {
    sub: &'a str,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    aud: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Jwk>,
}

/// A key as published; members not named here are of no use to us.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    usage: Option<String>,
    crv: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

impl Jwk {
    /// The key if it is one of ours.
    fn into_key(self, index: usize) -> Result<Option<Key>, KeyError> {
        let algorithm = match (self.kty.as_str(), self.crv.as_deref()) {
            ("RSA", _) => Algorithm::RS256,
            ("EC", Some("P-256")) => Algorithm::ES256,
            ("oct", _) => Algorithm::HS256,
            _ => return Ok(None),
        };
        let other = self.alg.as_ref().is_some_and(|alg| *alg != format!("{algorithm:?}"));
        if other || self.usage.as_deref().is_some_and(|usage| usage != "sig") {
            return Ok(None);
        }
        let bad = |member, reason| KeyError::BadKey { index, member, reason };
        let bytes = |member: &'static str| {
            let value = self.rest.get(member).ok_or_else(|| bad(member, "is missing"))?;
            let text = value.as_str().ok_or_else(|| bad(member, "is no text"))?;
            let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
            bytes.map_err(|_| bad(member, "is no base64url"))
        };
        let key = match algorithm {
            Algorithm::RS256 => {
                let (n, e) = (bytes("n")?, bytes("e")?);
                modulus(&n).map_err(|reason| bad("n", reason))?;
                exponent(&e).map_err(|reason| bad("e", reason))?;
                DecodingKey::from_rsa_raw_components(&n, &e)
            }
            Algorithm::ES256 => {
                let (x, y) = (bytes("x")?, bytes("y")?);
                for (member, bytes) in [("x", &x), ("y", &y)] {
                    if bytes.len() != 32 {
                        return Err(bad(member, "has not 32 bytes"));
                    }
                }
                // An uncompressed point (SEC 1 section 2.3.3).
                let point = [&[4], x.as_slice(), y.as_slice()].concat();
                if p256::PublicKey::from_sec1_bytes(&point).is_err() {
                    return Err(bad("y", "makes no point of P-256 with x"));
                }
                DecodingKey::from_ec_der(&point)
            }
            _ => symmetric(&bytes("k")?).map_err(|error| match error {
                KeyError::NoSecret(_) => bad("k", "is no secret but a public key"),
                _ => bad("k", "has fewer than 32 bytes"),
            })?,
        };
        Ok(Some(Key { id: self.kid, algorithm, key }))
    }
}

/// What is wrong with the modulus of an RSA key: big-endian, perhaps with zeros ahead.
fn modulus(n: &[u8]) -> Result<(), &'static str> {
    let rest = &n[n.iter().take_while(|byte| **byte == 0).count()..];
    let bits = rest.first().map_or(0, |first| rest.len() * 8 - first.leading_zeros() as usize);
    match bits {
        _ if n.last().is_none_or(|last| last % 2 == 0) => Err("is even"),
        // RFC 7518 section 3.3.
        ..2_048 => Err("has fewer than 2048 bits"),
        4_097.. => Err("has more than 4096 bits, which this verifier does not take"),
        _ => Ok(()),
    }
}

/// What is wrong with the exponent of an RSA key.
fn exponent(e: &[u8]) -> Result<(), &'static str> {
    let significant = e.iter().skip_while(|byte| **byte == 0).count();
    let value = e.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    match value {
        _ if significant > 4 => Err("has more than 32 bits, which this verifier does not take"),
        _ if value % 2 == 0 => Err("is even"),
        ..3 => Err("is less than 3"),
        _ => Ok(()),
    }
}

#[cfg(test)]
#[path = "jwt_tests.rs"]
mod tests;
