//! Single rooms of the engine: backoff and tokens.

use std::sync::Arc;

use pamlink::hub::{Auth, Hub, HubConfig};
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};
use pamlink_ffi::{AuthOptions, Failure, TokenVerifier, backoff_delays, read_target};
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

/// What is read of a target, and what a hub answers that is given the whole request.
pub(super) fn targets(file: &Value) -> usize {
    for case in items(&file["cases"]) {
        let target = text(&case["target"]);
        let read = read_target(target, "/api/v1/pam/ws/");
        let token = read.as_ref().and_then(|read| read.token.clone());
        assert_eq!(json!(token), case["token"], "{case}");
        let max_message = read.as_ref().and_then(|read| read.max_message);
        assert_eq!(max_message, case["max_message"].as_u64(), "{case}");
        assert_eq!(json!(read.map(|read| read.user)), case["user"], "{case}");
        let status = match (case["user"].as_str(), case["token"].as_str()) {
            (None, _) => "404",
            (_, None) => "403",
            _ => "101",
        };
        assert_eq!(status_of(target), status, "{case}");
    }
    items(&file["cases"]).len()
}

/// The status that a hub answers an upgrade of this target with.
fn status_of(target: &str) -> String {
    let mut hub = Hub::new(HubConfig::default(), Auth::Host, Arc::default(), Seed::from_number(1));
    let now = Now::new(Mono::ZERO, Wall::EPOCH);
    let link = hub.accept(now).expect("room");
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    hub.handle_bytes(now, link, request.as_bytes()).expect("the link is there");
    while hub.poll_event().is_some() {}
    let mut out = Vec::new();
    let _ = hub.poll_transmit(link, &mut out);
    String::from_utf8_lossy(&out).split(' ').nth(1).unwrap_or_default().to_owned()
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
