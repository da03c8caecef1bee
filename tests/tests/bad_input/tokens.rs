//! Tokens that prove nothing.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::house::{House, SECRET, config, token, within};
use crate::peer::{Heard, Peer};

const FAILED: &str = "pamlink_auth_failures_total";

/// A token of these parts, signed as HS256 whatever its head says.
fn signed(head: &str, claims: &str, secret: &[u8]) -> String {
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(head), URL_SAFE_NO_PAD.encode(claims));
    let key = jsonwebtoken::EncodingKey::from_secret(secret);
    let algorithm = jsonwebtoken::Algorithm::HS256;
    let signature = jsonwebtoken::crypto::sign(signed.as_bytes(), &key, algorithm).unwrap();
    format!("{signed}.{signature}")
}

const HEAD: &str = r#"{"alg":"HS256","typ":"JWT"}"#;

fn bad_tokens() -> Vec<(&'static str, String, &'static str)> {
    let claims = r#"{"sub":"ann","aud":"authenticated","exp":4102444800}"#;
    let good = signed(HEAD, claims, SECRET);
    let (start, signature) = good.rsplit_once('.').unwrap();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none"}"#);
    let with = |claims: &str| signed(HEAD, claims, SECRET);
    vec![
        ("no token at all", String::new(), "missing"),
        ("a word", "secret-word".to_owned(), "malformed"),
        ("two parts", "e30.e30".to_owned(), "malformed"),
        ("four parts", format!("{good}.e30"), "malformed"),
        ("no JSON", "bm8.bm8.bm8".to_owned(), "malformed"),
        ("percent signs", "%zz%".to_owned(), ""),
        ("another's secret", signed(HEAD, claims, &[7; 32]), "signature"),
        ("a changed signature", format!("{start}.{}A", &signature[..42]), "signature"),
        ("no signature", format!("{start}."), "signature"),
        ("no algorithm", format!("{none}.{}.", URL_SAFE_NO_PAD.encode(claims)), "signature"),
        ("another algorithm", signed(r#"{"alg":"RS256"}"#, claims, SECRET), "signature"),
        ("an extension", signed(r#"{"alg":"HS256","crit":["b64"]}"#, claims, SECRET), "signature"),
        ("expired", token("ann", -3_600), "expired"),
        (
            "not yet valid",
            with(r#"{"sub":"ann","aud":"authenticated","exp":4102444800,"nbf":4102444000}"#),
            "not_yet_valid",
        ),
        ("another audience", with(r#"{"sub":"ann","aud":"others","exp":4102444800}"#), "audience"),
        ("no audience", with(r#"{"sub":"ann","exp":4102444800}"#), ""),
        ("no end", with(r#"{"sub":"ann","aud":"authenticated"}"#), ""),
        ("no user", with(r#"{"aud":"authenticated","exp":4102444800}"#), ""),
        ("another user", token("ben", 3_600), "subject"),
        (
            "a service, which is nobody",
            with(
                r#"{"sub":"service","role":"service_role","aud":"authenticated","exp":4102444800}"#,
            ),
            "subject",
        ),
        ("the user in capitals", token("ANN", 3_600), "subject"),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_token_is_refused_with_4001_and_never_repeated() {
    let house = House::open().await;
    for (name, token, cause) in bad_tokens() {
        let before = house.count(FAILED, cause);
        let mut peer = Peer::present(house.addr, "ann", &token).await;
        // What it sends ahead of its welcome is not looked at.
        let _ = peer.text(r#"{"type":"chat","message":"let me in"}"#).await;
        let (texts, end) = peer.until_close().await;
        assert_eq!(texts, [""; 0], "{name}");
        let Heard::Close(code, reason) = end else { panic!("{name}: {end:?}") };
        assert_eq!(code, 4001, "{name}: {reason}");
        assert!(token.len() < 4 || !reason.contains(&token[..4]), "{name}: {reason}");
        house.counted(FAILED, cause, before + 1).await;
    }
    assert_eq!(house.count("pamlink_connections_total", ""), 1, "the witness alone came in");
    // The witness asks one thing at a time.
    assert!(house.count("pamlink_requests_active", "") <= 1);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_renewal_is_refused_and_the_link_lives_on() {
    let house = House::open().await;
    let mut peer = Peer::welcomed(&house, "ann").await;
    for token in [token("ben", 3_600), token("ann", -60), "word".to_owned()] {
        peer.text(&format!(r#"{{"type":"auth","token":"{token}"}}"#)).await.unwrap();
        let error = peer.reply().await;
        assert!(error.contains("AUTH_REQUIRED") && !error.contains(&token), "{error}");
    }
    house.counted(FAILED, "", 3).await;
    peer.text(r#"{"type":"chat","id":1,"message":"still here"}"#).await.unwrap();
    assert!(peer.reply().await.contains("echo still here"));
    drop(peer);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_ends_and_is_not_renewed_ends_its_link() {
    let mut config = config();
    config.hub.token_grace = std::time::Duration::from_millis(100);
    let house = House::with(config).await;
    let mut peer = Peer::present(house.addr, "ann", &token("ann", 2)).await;
    let (_, end) = within(peer.until_close()).await;
    assert_eq!(end, Heard::Close(4001, "token expired".to_owned()));
    house.counted(FAILED, "not_renewed", 1).await;
    house.close().await;
}
