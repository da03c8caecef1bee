//! `token` prints a token, and nothing else.

mod support;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use pamlink::link::jwt::DEFAULT_AUDIENCE;
use serde_json::Value;
use support::{file, pamlink};

fn claims(token: &str, secret: &[u8], audience: &str) -> Value {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.set_required_spec_claims(&["exp", "sub", "aud"]);
    validation.set_audience(&[audience]);
    let key = DecodingKey::from_secret(secret);
    jsonwebtoken::decode::<Value>(token, &key, &validation).expect("it verifies").claims
}

fn token(args: &[&str]) -> String {
    let output = pamlink(args);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("it is text");
    let token = text.strip_suffix('\n').expect("a line").to_owned();
    assert!(!token.contains(char::is_whitespace), "{token}");
    token
}

#[test]
fn a_dev_token_names_its_user_and_ends_after_its_ttl() {
    let token = token(&["token", "--user", "ada", "--ttl", "90s", "--dev"]);
    let claims = claims(&token, pamlink_cli::token::DEV_SECRET, DEFAULT_AUDIENCE);
    assert_eq!(claims["sub"], "ada");
    let life = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
    assert_eq!(life, 90);
    assert!(claims.get("role").is_none());
}

#[test]
fn the_final_line_break_is_not_part_of_the_secret() {
    let secret = "0123456789abcdef0123456789abcdef";
    for (name, ending) in [("secret", ""), ("secret-lf", "\n"), ("secret-crlf", "\r\n")] {
        let path = file(name, &format!("{secret}{ending}"));
        let args = ["token", "--user", "ada", "--jwt-secret-file", &path, "--audience", "app"];
        let claims = claims(&token(&args), secret.as_bytes(), "app");
        assert_eq!(claims["aud"], "app", "{name}");
    }
}

#[test]
fn any_user_id_can_be_named() {
    let user = "J\u{fc}rgen \"x\"/\u{1f600}";
    let token = token(&["token", "--user", user, "--dev"]);
    assert_eq!(claims(&token, pamlink_cli::token::DEV_SECRET, DEFAULT_AUDIENCE)["sub"], user);
}

#[test]
fn a_role_is_named_when_it_is_asked_for() {
    let token = token(&["token", "--user", "ada", "--dev", "--role", "service_role"]);
    let claims = claims(&token, pamlink_cli::token::DEV_SECRET, DEFAULT_AUDIENCE);
    assert_eq!(claims["role"], "service_role");
}
