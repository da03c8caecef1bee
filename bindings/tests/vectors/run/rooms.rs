//! Single rooms of the engine: backoff and tokens.

use pamlink_ffi::{AuthOptions, Failure, TokenVerifier, backoff_delays};
use serde_json::{Value, json};

use super::{items, number, seed, text};

pub(super) fn backoff(file: &Value) -> usize {
    for case in items(&file["cases"]) {
        let hints = items(&case["hints_ms"]).iter().map(Value::as_u64).collect();
        let delays = backoff_delays(&seed(number(&case["seed"])), hints).expect("a seed");
        assert_eq!(json!(delays), case["delays_ns"], "{case}");
    }
    items(&file["cases"]).len()
}

pub(super) fn jwt(file: &Value) -> usize {
    let secret = text(&file["secret"]).as_bytes().to_vec();
    let secret = AuthOptions { hs256_secret: Some(secret), ..AuthOptions::default() };
    let jwks = AuthOptions { jwks: Some(file["jwks"].to_string()), ..AuthOptions::default() };
    let [secret, jwks] = [secret, jwks].map(|auth| TokenVerifier::new(auth).expect("a key"));
    let now = number(&file["now"]) as i64 * 1_000_000;
    for case in items(&file["cases"]) {
        let verifier = if case["keys"] == "jwks" { &jwks } else { &secret };
        let said = match verifier.verify(text(&case["token"]), now) {
            Ok(claims) => {
                assert_eq!(claims.subject, "u-1", "{case}");
                "ok".to_owned()
            }
            Err(Failure::Failure { name, .. }) => name,
        };
        let expected = text(&case["expect"]);
        assert_eq!(said, snake(expected.split(' ').next().unwrap_or_default()), "{case}");
    }
    items(&file["cases"]).len()
}

/// The name in the table of errors of a name in the file.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for letter in name.chars() {
        if letter.is_uppercase() && !snake.is_empty() {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}
