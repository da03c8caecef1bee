use serde::Deserialize;
use serde_json::Value;

use super::*;

#[derive(Deserialize)]
struct Vectors {
    now: i64,
    secret: String,
    weak_rsa: Value,
    jwks: Value,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    keys: String,
    token: String,
    expect: String,
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("../../../tests/vectors/jwt.json")).unwrap()
}

#[test]
fn every_token_of_the_vectors_is_judged_as_they_say() {
    let vectors = vectors();
    let now = Wall::from_unix_secs(vectors.now);
    let secret = Verifier::hs256(vectors.secret.as_bytes(), DEFAULT_AUDIENCE).unwrap();
    let jwks = Verifier::from_jwks(&vectors.jwks.to_string(), DEFAULT_AUDIENCE).unwrap();
    for case in vectors.cases {
        let verifier = if case.keys == "jwks" { &jwks } else { &secret };
        let verdict = verifier.verify(&case.token, now);
        let said = match &verdict {
            Ok(claims) => {
                assert_eq!(claims.require_subject("u-1"), Ok(()), "{}", case.name);
                assert_eq!(claims.require_subject("u-2"), Err(AuthError::WrongSubject));
                "ok".to_owned()
            }
            Err(AuthError::MissingClaim(claim)) => format!("MissingClaim {claim}"),
            Err(error) => format!("{error:?}"),
        };
        assert_eq!(said, case.expect, "{}", case.name);
        for part in case.token.split('.').filter(|part| part.len() > 3) {
            assert!(!format!("{:?}", verdict.clone().map(drop)).contains(part), "{}", case.name);
        }
    }
}

#[test]
fn every_flipped_character_of_a_token_is_noticed() {
    let vectors = vectors();
    let now = Wall::from_unix_secs(vectors.now);
    let verifier = Verifier::hs256(vectors.secret.as_bytes(), DEFAULT_AUDIENCE).unwrap();
    let good = &vectors.cases[0].token;
    assert!(verifier.verify(good, now).is_ok());
    for at in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'Q' } else { b'A' };
        let forged = String::from_utf8(bytes).unwrap();
        assert!(verifier.verify(&forged, now).is_err(), "character {at}");
    }
}

#[test]
fn a_signed_token_verifies_and_carries_what_it_was_given() {
    let secret = [7; 32];
    let now = Wall::from_unix_secs(1_000);
    let mut claims = Claims::new("u \"1\"", Wall::from_unix_secs(2_000));
    claims.issued = Some(now);
    claims.role = Some("admin".to_owned());
    let token = sign_hs256(&secret, "here", &claims).unwrap();
    let verifier = Verifier::hs256(&secret, "here").unwrap();
    assert_eq!(verifier.verify(&token, now), Ok(claims.clone()));
    assert_eq!(verifier.verify(&token, Wall::from_unix_secs(2_010)), Err(AuthError::Expired));
    let strict = verifier.with_leeway(Duration::ZERO);
    assert_eq!(strict.verify(&token, Wall::from_unix_secs(2_000)), Err(AuthError::Expired));
    let read = crate::link::Token::new(token);
    assert_eq!((read.issued(), read.expires()), (claims.issued, Some(claims.expires)));
}

#[test]
fn weak_and_broken_keys_are_refused_when_they_are_loaded() {
    let jwks = |text: &str| Verifier::from_jwks(text, "a").map(drop);
    assert_eq!(Verifier::hs256(&[1; 31], "a").map(drop), Err(KeyError::WeakSecret));
    assert_eq!(jwks(&vectors().weak_rsa.to_string()), Err(KeyError::WeakKey { index: 0 }));
    assert_eq!(jwks(r#"{"keys":[]}"#), Err(KeyError::NoKeys));
    assert_eq!(jwks(r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}"#), Err(KeyError::NoKeys));
    assert_eq!(jwks("{\n 1}"), Err(KeyError::NotJwks { line: 2, column: 2 }));
    let broken = Err(KeyError::BrokenKey { index: 0 });
    assert_eq!(jwks(r#"{"keys":[{"kty":"RSA","n":"!","e":"AQAB"}]}"#), broken);
    assert_eq!(jwks(r#"{"keys":[{"kty":"EC","crv":"P-256","x":"AA","y":"AA"}]}"#), broken);
    assert_eq!(jwks(r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#), Err(KeyError::WeakSecret));
}

#[test]
fn a_verifier_never_shows_its_secret() {
    let secret = b"hidden-secret-of-thirty-two-byte";
    let shown = format!("{:?}", Verifier::hs256(secret, "a").unwrap());
    assert!(shown.contains("Verifier") && !shown.contains("hidden"), "{shown}");
}
