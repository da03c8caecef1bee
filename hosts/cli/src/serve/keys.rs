//! What tokens are verified with, and when its file is read again.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use pamlink::link::jwt::Verifier;
use pamlink::link::{AuthError, Claims, Verify};
use pamlink::time::Wall;

use crate::fault::Fault;
use crate::token::{DEV_SECRET, read_secret};

/// How long a set is not read again for another key that it does not have.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the keys are.
#[derive(Clone, Debug)]
pub(super) enum Source {
    /// The built-in secret.
    Development,
    /// A file with an HS256 secret.
    Secret(PathBuf),
    /// A file with a JWK set.
    Set(PathBuf),
}

/// The keys as they are now. Clones share them.
#[derive(Clone, Debug)]
pub(super) struct Keys(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    source: Source,
    audience: String,
    verifier: RwLock<Arc<Verifier>>,
    /// When the set was last read for a key that it did not have.
    sought: Mutex<Option<Instant>>,
}

impl Keys {
    /// Reads them for the first time.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a key in it is bad: the line names file, member and reason.
    pub(super) fn read(source: Source, audience: &str) -> Result<Self, Fault> {
        let verifier = RwLock::new(Arc::new(verifier(&source, audience)?));
        let (audience, sought) = (audience.to_owned(), Mutex::new(None));
        Ok(Self(Arc::new(Shared { source, audience, verifier, sought })))
    }

    /// The file, if they are in one.
    pub(super) fn path(&self) -> Option<&PathBuf> {
        match &self.0.source {
            Source::Development => None,
            Source::Secret(path) | Source::Set(path) => Some(path),
        }
    }

    /// Reads them again. If that fails they stay as they were.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    pub(super) fn read_again(&self) -> Result<(), Fault> {
        let verifier = verifier(&self.0.source, &self.0.audience)?;
        *self.0.verifier.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(verifier);
        Ok(())
    }

    fn verifier(&self) -> Arc<Verifier> {
        Arc::clone(&self.0.verifier.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether a set may be read again for a key that it does not have: a stranger asks for it,
    /// and may do so again and again.
    fn may_seek(&self, now: Instant) -> bool {
        if !matches!(self.0.source, Source::Set(_)) {
            return false;
        }
        let mut sought = self.0.sought.lock().unwrap_or_else(PoisonError::into_inner);
        let may = sought.is_none_or(|at| now.saturating_duration_since(at) >= PATIENCE);
        if may {
            *sought = Some(now);
        }
        may
    }
}

impl Verify for Keys {
    fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError> {
        let verdict = self.verifier().verify(token, now);
        if verdict != Err(AuthError::UnknownKey) || !self.may_seek(Instant::now()) {
            return verdict;
        }
        if let Err(fault) = self.read_again() {
            eprintln!("keys: kept as they were: {fault}");
        }
        self.verifier().verify(token, now)
    }
}

fn verifier(source: &Source, audience: &str) -> Result<Verifier, Fault> {
    match source {
        Source::Development => {
            Verifier::hs256(DEV_SECRET, audience).map_err(|error| Fault::failed(error.to_string()))
        }
        Source::Secret(path) => {
            Verifier::hs256(&read_secret(path)?, audience).map_err(|error| Fault::file(path, error))
        }
        Source::Set(path) => {
            let text = std::fs::read_to_string(path).map_err(|error| Fault::file(path, error))?;
            Verifier::from_jwks(&text, audience).map_err(|error| Fault::file(path, error))
        }
    }
}

#[cfg(test)]
mod tests {
    use pamlink::link::jwt::sign_hs256;

    use super::*;

    const NOW: Wall = Wall::from_unix_secs(1_000);

    fn set(keys: &[(&str, u8)]) -> String {
        use base64::Engine as _;
        let keys: Vec<_> = keys
            .iter()
            .map(|(kid, byte)| {
                let k = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode([*byte; 32]);
                serde_json::json!({ "kty": "oct", "kid": kid, "k": k })
            })
            .collect();
        serde_json::json!({ "keys": keys }).to_string()
    }

    fn token(kid: &str, byte: u8) -> String {
        use jsonwebtoken::{Algorithm, EncodingKey, Header};
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some(kid.to_owned());
        let claims = serde_json::json!({ "sub": "ada", "exp": 2_000, "aud": "a" });
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&[byte; 32])).unwrap()
    }

    #[test]
    fn a_key_that_is_not_known_is_looked_for_once_a_minute() {
        let path = std::env::temp_dir().join(format!("pamlink-keys-{}.json", std::process::id()));
        std::fs::write(&path, set(&[("one", 1)])).unwrap();
        let keys = Keys::read(Source::Set(path.clone()), "a").unwrap();
        let verdict = |kid: &str, byte| keys.verify(&token(kid, byte), NOW).map(drop);
        assert_eq!(verdict("one", 1), Ok(()));
        std::fs::write(&path, set(&[("one", 1), ("two", 2)])).unwrap();
        assert_eq!(verdict("two", 2), Ok(()), "the token that asked for it is good at once");
        std::fs::write(&path, set(&[("three", 3)])).unwrap();
        assert_eq!(verdict("three", 3), Err(AuthError::UnknownKey), "not twice within a minute");
        keys.read_again().unwrap();
        assert_eq!(verdict("three", 3), Ok(()), "but whenever the operator says so");
        std::fs::write(&path, "{").unwrap();
        assert!(keys.read_again().unwrap_err().to_string().contains("line 1"));
        assert_eq!(verdict("three", 3), Ok(()), "a file that is bad changes nothing");
        std::fs::remove_file(path).unwrap();

        let now = Instant::now();
        assert!(!keys.may_seek(now + Duration::from_secs(50)));
        assert!(keys.may_seek(now + Duration::from_secs(61)));
        assert!(!keys.may_seek(now + Duration::from_secs(62)));
    }

    #[test]
    fn a_secret_is_never_looked_for() {
        let keys = Keys::read(Source::Development, "a").unwrap();
        assert!(!keys.may_seek(Instant::now()) && keys.path().is_none());
        let claims = Claims::new("ada", Wall::from_unix_secs(2_000));
        assert!(keys.verify(&sign_hs256(DEV_SECRET, "a", &claims).unwrap(), NOW).is_ok());
    }
}
