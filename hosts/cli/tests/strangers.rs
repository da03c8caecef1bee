//! `serve` and those who have shown it no good token: sockets, keys, and who asks how it is.

#![cfg(unix)]

mod support;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pamlink_cli::token::dev;
use serde_json::Value;
use support::served::{Served, ask, get};
use support::{file, one_line};

/// Opens a link with this token, and reads what comes up to the welcome, or up to the end.
fn open(address: SocketAddr, user: &str, token: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let patience = Some(Duration::from_secs(30));
    stream.set_read_timeout(patience).expect("a time is set");
    let request = format!(
        "GET /api/v1/pam/ws/{user}?token={token} HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).expect("it reads");
    let (mut got, mut buffer) = (String::new(), [0; 4096]);
    while !got.contains("\"connected\"") && !got.contains("4001") {
        // The peer may end with a reset: then this is all there was.
        let Ok(read @ 1..) = stream.read(&mut buffer) else { break };
        got.push_str(&String::from_utf8_lossy(&buffer[..read]));
    }
    (stream, got)
}

fn good(user: &str) -> String {
    dev(user, Duration::from_secs(600), "authenticated").expect("it signs")
}

fn answer(address: SocketAddr, user: &str) -> String {
    open(address, user, &good(user)).1
}

#[test]
fn silent_sockets_lock_nobody_out() {
    let few = file("strangers-few.json", r#"{"links": {"max": 50}}"#);
    let proxied =
        file("strangers-proxied.json", r#"{"links": {"max_unauthenticated_per_address": 100000}}"#);
    for (line, config) in
        [("ulimit -n 200", None), ("ulimit -n 200", Some(&proxied)), ("true", Some(&few))]
    {
        let mut args = vec!["--dev"];
        args.extend(config.iter().flat_map(|config| ["--config", config.as_str()]));
        let served = Served::start_after(line, &args);
        let silent: Vec<_> =
            (0..192).map(|_| TcpStream::connect(served.address).expect("it listens")).collect();
        let got = answer(served.address, "ada");
        assert!(got.contains("\"connected\""), "{line} {config:?}: {got:?}");
        assert_eq!(served.get("/health").0, 200, "{line} {config:?}");
        drop(silent);
    }
}

#[test]
fn out_of_descriptors_is_said_once_counted_and_answered_with_503() {
    let mut served = Served::start_after("ulimit -n 32", &["--dev"]);
    served.said("room for 24 links");
    let mut friends = Vec::new();
    let mut last = String::new();
    for user in 0..32 {
        let name = format!("user-{user}");
        let (stream, got) = open(served.address, &name, &good(&name));
        friends.push(stream);
        last = got;
        if !last.contains("\"connected\"") {
            break;
        }
    }
    assert!(last.starts_with("HTTP/1.1 503 "), "{last}");
    let again = open(served.address, "eve", &good("eve")).1;
    assert!(again.starts_with("HTTP/1.1 503 "), "{again}");
    drop(friends);
    let deadline = Instant::now() + Duration::from_secs(30);
    let metrics = loop {
        let (status, metrics) = get(served.address, "/metrics");
        if status == 200 {
            break metrics;
        }
        assert!(Instant::now() < deadline, "it takes connections again");
        std::thread::sleep(Duration::from_millis(50));
    };
    let counted = metrics
        .lines()
        .find_map(|line| {
            line.strip_prefix("pamlink_connections_refused_total{cause=\"descriptors\"} ")
        })
        .and_then(|count| count.parse::<u64>().ok());
    assert!(counted.is_some_and(|count| count >= 1), "{counted:?}");
    assert_eq!(served.rest().matches("out of descriptors").count(), 1);
}

#[test]
fn health_and_metrics_have_a_listener_of_their_own_if_they_are_to() {
    let mut served = Served::start(&["--dev", "--admin-listen", "127.0.0.1:0"]);
    let admin = served.address("health and metrics on ");
    for path in ["/health", "/metrics"] {
        assert_eq!((served.get(path).0, get(admin, path).0), (404, 200), "{path}");
    }
    assert_eq!((served.get("/").0, get(admin, "/").0, get(admin, "/dev/token").0), (200, 404, 404));
    let (_ada, welcome) = open(served.address, "ada", &good("ada"));
    assert!(welcome.contains("\"connected\""), "{welcome}");
    let health: Value = serde_json::from_str(&get(admin, "/health").1).expect("it is JSON");
    assert_eq!((&health["links"], &health["status"]), (&Value::from(1), &Value::from("ok")));
    assert!(get(admin, "/metrics").1.contains("websocket_connections_active 1"));
    let (_eve, refused) = open(admin, "eve", &good("eve"));
    assert!(!refused.contains("\"connected\""), "nobody talks there: {refused}");
    // It outlives the drain: while links are told, the server says that it drains.
    served.signal("-TERM");
    served.said("draining");
    let mut status = 200;
    let deadline = Instant::now() + Duration::from_secs(10);
    while status == 200 && Instant::now() < deadline {
        status = get(admin, "/health").0;
    }
    assert_eq!(status, 503);
}

/// A JWK set with one HS256 key.
fn set(kid: &str, byte: u8) -> String {
    let k = URL_SAFE_NO_PAD.encode([byte; 32]);
    format!(r#"{{"keys":[{{"kty":"oct","kid":"{kid}","k":"{k}"}}]}}"#)
}

fn signed(kid: &str, byte: u8) -> String {
    use jsonwebtoken::{Algorithm, EncodingKey, Header};
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(kid.to_owned());
    let claims =
        serde_json::json!({ "sub": "ada", "exp": 4_000_000_000_u64, "aud": "authenticated" });
    jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&[byte; 32]))
        .expect("it signs")
}

#[test]
fn keys_are_read_again_when_they_change_on_a_signal_and_when_one_is_missing() {
    let path = file("rotated.json", &set("one", 1));
    let mut served = Served::start(&["--jwks-file", &path]);
    let address = served.address;
    let is_good = |kid, byte| open(address, "ada", &signed(kid, byte)).1.contains("\"connected\"");
    assert!(is_good("one", 1));
    assert!(!is_good("two", 2), "a key that is not there");

    file("rotated.json", &set("two", 2));
    served.said("keys: read again");
    assert!(is_good("two", 2) && !is_good("one", 1), "the file has changed");

    file("rotated.json", r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#);
    let said = served.said("keys: kept as they were");
    assert!(said.contains("rotated.json: keys[0].k: has fewer than 32 bytes"), "{said}");
    assert!(is_good("two", 2), "what is bad changes nothing");

    served.signal("-HUP");
    served.said("keys: kept as they were");
    assert!(is_good("two", 2));
}

#[test]
fn a_secret_and_a_certificate_are_read_again_too() {
    let made = || rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it is made");
    let write = |made: &rcgen::CertifiedKey<rcgen::KeyPair>| {
        let key = file("rotated.key", &made.signing_key.serialize_pem());
        (file("rotated.pem", &made.cert.pem()), key)
    };
    let secret = file("rotated-secret", "0123456789abcdef0123456789abcdef\n");
    let (chain, key) = write(&made());
    let args = ["--jwt-secret-file", &secret, "--tls-cert", &chain, "--tls-key", &key];
    let mut served = Served::start(&args);
    write(&made());
    served.said("certificate: read again");
    file("rotated-secret", "another-secret-of-thirty-two-bytes\n");
    served.said("keys: read again");
    file("rotated.pem", "no certificate");
    served.said("certificate: kept as it was");
}

#[test]
fn keys_that_cannot_verify_are_refused_at_start_by_member_and_reason() {
    let point = r#"{"keys":[{"kty":"EC","crv":"P-256","x":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE","y":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE"}]}"#;
    let n = |len, last| {
        let mut n = vec![0x99_u8; len];
        n[len - 1] = last;
        URL_SAFE_NO_PAD.encode(n)
    };
    let rsa = |n: &str, e: &str| format!(r#"{{"keys":[{{"kty":"RSA","n":"{n}","e":"{e}"}}]}}"#);
    for (name, text, says) in [
        ("point", point.to_owned(), "keys[0].y: makes no point of P-256 with x"),
        ("small", rsa(&n(128, 1), "AQAB"), "keys[0].n: has fewer than 2048 bits"),
        ("large", rsa(&n(1024, 1), "AQAB"), "keys[0].n: has more than 4096 bits"),
        ("even", rsa(&n(256, 1), "AQAA"), "keys[0].e: is even"),
    ] {
        let path = file(&format!("bad-{name}.json"), &text);
        let line = one_line(&["serve", "--jwks-file", &path], 2);
        assert!(line.contains(&format!("bad-{name}.json: {says}")), "{line}");
    }
    let pem = "-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n-----END PUBLIC KEY-----\n";
    let path = file("public.pem", pem);
    for command in [&["serve"][..], &["token", "--user", "ada"]] {
        let line = one_line(&[command, &["--jwt-secret-file", &path]].concat(), 2);
        assert!(line.contains("public.pem: this is no secret but a PEM file"), "{line}");
    }
    for (origin, says) in [("app.example", "its scheme"), ("https://app.example/", "no `/`")] {
        let text = format!(r#"{{"auth": {{"origins": ["{origin}"]}}}}"#);
        let path = file("bad-origin.json", &text);
        let line = one_line(&["serve", "--dev", "--config", &path], 2);
        assert!(line.contains("auth.origins[0]: ") && line.contains(says), "{line}");
    }
}

#[test]
fn the_page_has_its_policy_in_headers() {
    let served = Served::start(&["--dev"]);
    let request = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n");
    let (status, head, page) = ask(served.address, &request("/"));
    assert_eq!(status, 200);
    for part in [
        "\r\nX-Content-Type-Options: nosniff",
        "\r\nReferrer-Policy: no-referrer",
        "\r\nX-Frame-Options: DENY",
        "frame-ancestors 'none'",
        "default-src 'none'",
        "script-src 'self' 'wasm-unsafe-eval';",
        "style-src 'self';",
        "require-trusted-types-for 'script'",
    ] {
        assert!(head.contains(part), "{part}: {head}");
    }
    assert!(!head.contains("unsafe-inline") && !head.contains(" 'unsafe-eval"), "{head}");
    assert!(!page.contains("http-equiv"), "one policy, in one place");
    for path in ["/health", "/metrics", "/nothing", "/dev/token?user=ada", "/page/app.js"] {
        let (_, head, _) = ask(served.address, &request(path));
        assert!(head.contains("X-Content-Type-Options: nosniff"), "{path}: {head}");
    }
    let (_, head, _) = ask(served.address, &request("/dev/token?user=ada"));
    assert!(head.contains("Cache-Control: no-store"), "{head}");
}

#[test]
fn a_full_disk_leaves_no_empty_report() {
    let folder = std::path::PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("full");
    let _ = std::fs::remove_dir_all(&folder);
    let run = |limit: &str| {
        // Files that may not grow: to a program it is as if the disk were full.
        let line = format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" \"$@\"");
        let args = ["report", "--quick", "--seed", "1", "--suite", "Serialization", "--out"];
        let mut shell = std::process::Command::new("sh");
        shell.args(["-c", &line, env!("CARGO_BIN_EXE_pamlink")]).args(args).arg(&folder);
        shell.output().expect("the program starts")
    };
    let names = || {
        let entries = std::fs::read_dir(&folder).expect("the folder is there");
        let mut names: Vec<_> = entries
            .map(|entry| entry.expect("an entry").file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let full = run("4");
    let errors = String::from_utf8_lossy(&full.stderr).into_owned();
    assert_eq!(full.status.code(), Some(1), "{errors}");
    assert!(errors.lines().last().unwrap().contains("report."), "{errors}");
    assert_eq!(names(), [""; 0], "neither a report nor half of one");

    run("unlimited");
    assert_eq!(names(), ["report.html", "report.json"]);
    let before = std::fs::read(folder.join("report.json")).expect("it is there");
    assert_eq!(run("4").status.code(), Some(1));
    assert_eq!(names(), ["report.html", "report.json"]);
    assert_eq!(std::fs::read(folder.join("report.json")).unwrap(), before, "the last one stays");
}
