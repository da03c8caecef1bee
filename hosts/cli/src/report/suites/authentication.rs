//! Suite 2: who gets in, who does not, and for how long.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use pamlink::hub::Auth;
use pamlink::link::Claims;
use pamlink::link::jwt::{DEFAULT_AUDIENCE, Verifier, sign_hs256};
use serde_json::json;

use super::house::{House, Plan};
use crate::ensure;
use crate::report::bench::{Bench, Dice, Failure};
use crate::report::model::Figure;
use crate::report::peers::{Refused, Wire};
use crate::token::{self, DEV_SECRET};

const HOUR: Duration = Duration::from_secs(3_600);

pub(super) async fn run(bench: &mut Bench) {
    let mut dice = bench.dice("authentication");
    let dice = &mut dice;
    let mut plan = Plan::new();
    plan.hub.token_grace = Duration::from_millis(200);
    let Some(house) = bench.need("Server on loopback", plan.build(dice).await) else { return };
    let house = &house;

    bench
        .case("Valid token", Figure::words("authenticated"), async {
            house.wire("ada", dice).await?;
            Ok(Figure::words("welcomed"))
        })
        .await;
    bench
        .case("Missing token", Figure::none(), async {
            match Wire::connect(house.address, "/api/v1/pam/ws/ada", dice).await {
                Err(Refused::Status(403)) => Ok(Figure::words("HTTP 403")),
                Err(refused) => Err(Failure::new(format!("{refused:?}"))),
                Ok(_) => Err(Failure::new("was let in")),
            }
        })
        .await;

    let invalid = Figure::words("rejects invalid tokens");
    let role = |role: &str, user: &str| {
        let mut claims = token::claims(user, HOUR);
        claims.role = Some(role.to_owned());
        claims
    };
    for (name, token, report) in [
        ("Empty token", Ok(String::new()), invalid.clone()),
        ("Malformed token", Ok("no token at all".to_owned()), invalid.clone()),
        ("Forged token", sign(&[7; 32], &token::claims("ada", HOUR)), invalid.clone()),
        ("Expired token", expired(), Figure::none()),
        ("Token of another user", dev(&token::claims("bob", HOUR)), Figure::none()),
        ("service_role of another user", dev(&role("service_role", "bob")), Figure::none()),
        ("admin of another user", dev(&role("admin", "bob")), Figure::none()),
        ("Algorithm none", Ok(unsigned()), Figure::none()),
        ("Token for another audience", other_audience(), Figure::none()),
        ("Token not valid yet", early(), Figure::none()),
        ("Token without expiry", without_expiry(), Figure::none()),
    ] {
        bench.case(name, report, async { refused(house, &token?, dice).await }).await;
    }

    bench
        .case("service_role as itself", Figure::none(), async {
            let token = dev(&role("service_role", "ada"))?;
            let target = house.target_with("ada", &token)?;
            let mut wire = Wire::open(house.address, &target, dice).await?;
            let first = wire.next_text().await?;
            ensure!(first.contains("connection"), "the first frame is {first}");
            Ok(Figure::words("welcomed: the subject matches"))
        })
        .await;
    bench
        .case("ES256 by a JWK set", Figure::words("flexible JWT handling working"), async {
            let mut plan = Plan::new();
            plan.auth =
                Some(Auth::Verifier(Box::new(Verifier::from_jwks(&key_set(), DEFAULT_AUDIENCE)?)));
            let house = plan.build(dice).await?;
            let claims = json!({ "sub": "ada", "exp": seconds(3_600), "aud": DEFAULT_AUDIENCE });
            let header = Header::new(Algorithm::ES256);
            let token = jsonwebtoken::encode(&header, &claims, &private_key()?)?;
            let target = house.target_with("ada", &token)?;
            let mut wire = Wire::open(house.address, &target, dice).await?;
            let first = wire.next_text().await?;
            ensure!(first.contains("connection"), "the first frame is {first}");
            // A secret that the server never had must not verify under a public key.
            refused(&house, &dev(&token::claims("ada", HOUR))?, dice).await?;
            Ok(Figure::words("welcomed; HS256 refused there"))
        })
        .await;

    let not_renewed = tokio::spawn(not_renewed(short_lived(house, dice).await));
    // Whole seconds in a token: it ends one to two seconds from now, and a renewal must reach
    // over that.
    bench
        .case("Renewal in band", Figure::words("refresh token support (recommended)"), async {
            let mut wire = short_lived(house, dice).await?;
            let renewed = token::dev("ada", HOUR, DEFAULT_AUDIENCE)?;
            wire.send(&json!({ "type": "auth", "token": renewed }).to_string()).await?;
            let began = Instant::now();
            tokio::time::sleep(SHORT + OVER).await;
            wire.send(r#"{"type":"ping","id":"still"}"#).await?;
            let pong = wire.next_text().await?;
            ensure!(pong.contains("still"), "heard {pong}");
            let open = began.elapsed().as_secs_f64();
            Ok(Figure::number(open, "s").and("past the first token's end"))
        })
        .await;
    bench
        .case("Renewal for another user", Figure::none(), async {
            let mut wire = house.wire("ada", dice).await?;
            let stolen = token::dev("bob", HOUR, DEFAULT_AUDIENCE)?;
            wire.send(&json!({ "type": "auth", "token": stolen }).to_string()).await?;
            let text = match wire.next_text().await {
                Ok(text) => {
                    ensure!(text.contains("\"error\""), "heard {text}");
                    "told with an error".to_owned()
                }
                Err(Failure(closed)) => {
                    ensure!(closed.contains("4001"), "{closed}");
                    closed
                }
            };
            Ok(Figure::words(text))
        })
        .await;
    bench.case("No renewal", Figure::none(), async { not_renewed.await? }).await;
}

/// How long a short-lived token lasts beyond the verifier's allowance for clocks.
const SHORT: Duration = Duration::from_secs(1);
/// The grace, and some more.
const OVER: Duration = Duration::from_millis(600);

/// A link whose token is about to end.
async fn short_lived(house: &House, dice: &mut Dice) -> Result<Wire, Failure> {
    let token = token::dev("ada", SHORT, DEFAULT_AUDIENCE)?;
    let mut wire = Wire::open(house.address, &house.target_with("ada", &token)?, dice).await?;
    let first = wire.next_text().await?;
    ensure!(first.contains("connection"), "the first frame is {first}");
    Ok(wire)
}

/// Waits for the end of a link whose token nobody renews, while another one's is renewed.
async fn not_renewed(wire: Result<Wire, Failure>) -> Result<Figure, Failure> {
    let (mut wire, began) = (wire?, Instant::now());
    let (code, reason) = wire.until_closed().await?;
    ensure!(code == 4001, "closed with {code} {reason:?}");
    Ok(Figure::words(format!("4001 after {:.1} s", began.elapsed().as_secs_f64())))
}

/// Expects the close 4001 after accepting, with a reason that is short and holds no token.
async fn refused(house: &House, token: &str, dice: &mut Dice) -> Result<Figure, Failure> {
    let before = house.effects.total();
    let mut wire = Wire::open(house.address, &house.target_with("ada", token)?, dice).await?;
    // Impatient clients write before the verdict; nothing of it may take effect.
    wire.send(r#"{"type":"chat","id":"early","message":"let me in"}"#).await?;
    let first = wire.next().await?;
    let crate::report::peers::Heard::Close(code, reason) = first else {
        return Err(Failure::new(format!("heard {first:?} before the close")));
    };
    ensure!(code == 4001, "closed with {code} {reason:?}");
    ensure!(reason.len() <= 123, "the reason is {} bytes long", reason.len());
    ensure!(token.len() < 8 || !reason.contains(&token[..8]), "the reason holds the token");
    ensure!(house.effects.total() == before, "a message took effect");
    Ok(Figure::words(format!("{code} {reason}")))
}

fn sign(secret: &[u8], claims: &Claims) -> Result<String, Failure> {
    Ok(sign_hs256(secret, DEFAULT_AUDIENCE, claims)?)
}

fn dev(claims: &Claims) -> Result<String, Failure> {
    sign(DEV_SECRET, claims)
}

fn seconds(from_now: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    i64::try_from(now).unwrap_or_default() + from_now
}

fn encoded(claims: &serde_json::Value) -> Result<String, Failure> {
    let key = EncodingKey::from_secret(DEV_SECRET);
    Ok(jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key)?)
}

fn expired() -> Result<String, Failure> {
    encoded(&json!({ "sub": "ada", "exp": seconds(-60), "aud": DEFAULT_AUDIENCE }))
}

fn early() -> Result<String, Failure> {
    let (from, to) = (seconds(600), seconds(1_200));
    encoded(&json!({ "sub": "ada", "nbf": from, "exp": to, "aud": DEFAULT_AUDIENCE }))
}

fn without_expiry() -> Result<String, Failure> {
    encoded(&json!({ "sub": "ada", "aud": DEFAULT_AUDIENCE }))
}

fn other_audience() -> Result<String, Failure> {
    encoded(&json!({ "sub": "ada", "exp": seconds(600), "aud": "elsewhere" }))
}

/// What a server that trusts the header's `alg` would take.
fn unsigned() -> String {
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let head = part(json!({ "alg": "none", "typ": "JWT" }));
    let body = part(json!({ "sub": "ada", "exp": seconds(600), "aud": DEFAULT_AUDIENCE }));
    format!("{head}.{body}.")
}

/// The key of RFC 7515 appendix A.3: known to all, and so of use for nothing else.
const X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const D: &str = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI";

fn key_set() -> String {
    let key = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "x": X, "y": Y });
    json!({ "keys": [key] }).to_string()
}

/// The private key as PKCS #8 (RFC 5208), around an elliptic curve key (RFC 5915).
fn private_key() -> Result<EncodingKey, Failure> {
    const HEAD: &[u8] = b"\x30\x81\x87\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
        \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x6d\x30\x6b\x02\x01\x01\x04\x20";
    let mut der = HEAD.to_vec();
    der.extend(URL_SAFE_NO_PAD.decode(D)?);
    der.extend(b"\xa1\x44\x03\x42\x00\x04");
    der.extend(URL_SAFE_NO_PAD.decode(X)?);
    der.extend(URL_SAFE_NO_PAD.decode(Y)?);
    Ok(EncodingKey::from_ec_der(&der))
}
