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
    let mut strict = verifier;
    strict.set("leeway_ms", 0).unwrap();
    assert_eq!(strict.verify(&token, Wall::from_unix_secs(2_000)), Err(AuthError::Expired));
    let read = crate::link::Token::new(token);
    assert_eq!((read.issued(), read.expires()), (claims.issued, Some(claims.expires)));
}

#[test]
fn weak_and_broken_keys_are_refused_when_they_are_loaded() {
    let jwks = |text: &str| Verifier::from_jwks(text, "a").map(drop);
    assert_eq!(Verifier::hs256(&[1; 31], "a").map(drop), Err(KeyError::WeakSecret));
    assert_eq!(jwks(r#"{"keys":[]}"#), Err(KeyError::NoKeys));
    assert_eq!(jwks(r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"AA"}]}"#), Err(KeyError::NoKeys));
    assert_eq!(jwks("{\n 1}"), Err(KeyError::NotJwks { line: 2, column: 2 }));
}

/// The set of one key that is `key` with these members put in place.
fn set(mut key: Value, members: &[(&str, Value)]) -> String {
    for (name, value) in members {
        key[*name] = value.clone();
    }
    serde_json::json!({ "keys": [key] }).to_string()
}

#[test]
fn a_key_that_cannot_verify_is_refused_by_member_and_reason() {
    let vectors = vectors();
    let keys = vectors.jwks["keys"].as_array().unwrap();
    let of = |kind: &str| keys.iter().find(|key| key["kty"] == kind).unwrap().clone();
    let (rsa, ec) = (of("RSA"), of("EC"));
    let oct = serde_json::json!({ "kty": "oct", "k": "" });
    let b64 = |bytes: &[u8]| Value::from(URL_SAFE_NO_PAD.encode(bytes));
    let modulus = |len: usize, first: u8, last: u8| {
        let mut n = vec![0x55; len];
        (n[0], n[len - 1]) = (first, last);
        b64(&n)
    };
    let one = |n| set(rsa.clone(), &[("n", n)]);
    let e = |e: &[u8]| set(rsa.clone(), &[("e", b64(e))]);
    let half = |member, half: &[u8]| set(ec.clone(), &[(member, b64(half))]);
    let k = |k: &[u8]| set(oct.clone(), &[("k", b64(k))]);
    for (document, says) in [
        (vectors.weak_rsa.to_string(), "keys[0].n: has fewer than 2048 bits"),
        (one(modulus(256, 0x7f, 1)), "keys[0].n: has fewer than 2048 bits"),
        (one(modulus(257, 0, 1)), "keys[0].n: has fewer than 2048 bits"),
        (one(modulus(256, 0x80, 2)), "keys[0].n: is even"),
        (
            one(modulus(513, 1, 1)),
            "keys[0].n: has more than 4096 bits, which this verifier does not take",
        ),
        (one("!".into()), "keys[0].n: is no base64url"),
        (one(7.into()), "keys[0].n: is no text"),
        (one(b64(&[])), "keys[0].n: is even"),
        (r#"{"keys":[{"kty":"RSA","n":"AQAB"}]}"#.into(), "keys[0].e: is missing"),
        (e(&[1, 0, 0]), "keys[0].e: is even"),
        (e(&[1]), "keys[0].e: is less than 3"),
        (e(&[]), "keys[0].e: is even"),
        (
            e(&[1, 0, 0, 0, 1]),
            "keys[0].e: has more than 32 bits, which this verifier does not take",
        ),
        (half("x", &[1; 31]), "keys[0].x: has not 32 bytes"),
        (half("y", &[1; 32]), "keys[0].y: makes no point of P-256 with x"),
        (k(&[1; 31]), "keys[0].k: has fewer than 32 bytes"),
        (k(b"-----BEGIN PUBLIC KEY-----\n"), "keys[0].k: is no secret but a public key"),
    ] {
        let error = Verifier::from_jwks(&document, "a").map(drop).unwrap_err();
        assert_eq!(error.to_string(), says, "{document}");
    }
    for good in [one(modulus(256, 0x80, 1)), one(modulus(512, 0xff, 1)), e(&[0, 0, 3])] {
        assert_eq!(Verifier::from_jwks(&good, "a").map(drop), Ok(()), "{good}");
    }
}

#[test]
fn what_others_know_is_no_secret() {
    let jwks = vectors().jwks.to_string();
    for (secret, says) in [
        ("-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE", "a PEM file"),
        ("\n  -----BEGIN CERTIFICATE-----\n", "a PEM file"),
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE0 ada@host", "a public key of SSH"),
        (&jwks, "a JWK set"),
        (r#"{"kty":"EC","crv":"P-256"}"#, "a JWK set"),
    ] {
        let refused = Verifier::hs256(secret.as_bytes(), "a").map(drop);
        assert_eq!(refused, Err(KeyError::NoSecret(says)), "{secret}");
        let claims = Claims::new("u", Wall::from_unix_secs(1));
        assert_eq!(sign_hs256(secret.as_bytes(), "a", &claims), Err(KeyError::NoSecret(says)));
    }
    let braces = br#"{"a":"a secret may look like anything else"}"#;
    assert!(Verifier::hs256(braces, "a").is_ok());
}

#[test]
fn a_role_that_is_no_text_says_nothing() {
    let secret = [7; 32];
    for (role, read) in [("7", None), ("[\"a\"]", None), ("null", None), ("\"a\"", Some("a"))] {
        let payload = format!(r#"{{"sub":"u","exp":2000,"aud":"a","role":{role}}}"#);
        let body = [r#"{"alg":"HS256"}"#, &payload].map(|part| URL_SAFE_NO_PAD.encode(part));
        let message = body.join(".");
        let key = EncodingKey::from_secret(&secret);
        let signature =
            jsonwebtoken::crypto::sign(message.as_bytes(), &key, Algorithm::HS256).unwrap();
        let verifier = Verifier::hs256(&secret, "a").unwrap();
        let verdict = verifier.verify(&format!("{message}.{signature}"), Wall::from_unix_secs(1));
        assert_eq!(verdict.map(|claims| claims.role).as_ref().map(Option::as_deref), Ok(read));
    }
}

#[test]
fn a_verifier_never_shows_its_secret() {
    let secret = b"hidden-secret-of-thirty-two-byte";
    let shown = format!("{:?}", Verifier::hs256(secret, "a").unwrap());
    assert!(shown.contains("Verifier") && !shown.contains("hidden"), "{shown}");
}
