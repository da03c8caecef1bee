//! Openings that are none: garbage, heads without an end, heads that two servers would read in two
//! ways, targets that nobody serves.

use std::fmt::Write as _;
use std::time::Duration;

use crate::house::{House, config, token, within};
use crate::peer::{Peer, reset, target, upgrade};

const FAILED: &str = "pamlink_handshake_failures_total";
const REFUSED: &str = "pamlink_connections_refused_total";

/// What is said, the status it is answered with, and the counter that moves.
struct Case {
    name: &'static str,
    head: String,
    status: u16,
    counter: (&'static str, &'static str),
}

fn failed(name: &'static str, head: impl Into<String>, status: u16, cause: &'static str) -> Case {
    Case { name, head: head.into(), status, counter: (FAILED, cause) }
}

/// The head of a good upgrade with one line more.
fn with_line(line: &str) -> String {
    let token = token("ann", 3_600);
    upgrade(&target("ann", &token)).replacen("\r\n\r\n", &format!("\r\n{line}\r\n\r\n"), 1)
}

/// The head of a good upgrade with something replaced.
fn with(from: &str, to: &str) -> String {
    let head = upgrade(&target("ann", &token("ann", 3_600)));
    assert!(head.contains(from), "{from}");
    head.replacen(from, to, 1)
}

fn cases() -> Vec<Case> {
    let mut crowd = String::new();
    for line in 0..200 {
        write!(crowd, "X-{line}: y\r\n").unwrap();
    }
    let long = "a".repeat(1_000_000);
    let good = "GET /metrics HTTP/1.1\r\nHost: a\r\n";
    vec![
        failed("bytes", "\u{1}\u{2}\u{3}\u{4}\r\n\r\n", 400, "malformed"),
        failed("words", "NONSENSE\r\n\r\n", 400, "malformed"),
        failed("TLS to a plain port", "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}", 400, "malformed"),
        failed("another protocol", "SSH-2.0-OpenSSH_9.9\r\n", 400, "malformed"),
        failed("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "version"),
        failed("garbage after a good line", format!("{good}\u{0}\u{1}\r\n\r\n"), 400, "upgrade"),
        failed("a line without CR", format!("{good}X: y\n\r\n"), 400, "malformed"),
        failed("a CR inside a line", format!("{good}X: a\rb\r\n\r\n"), 400, "upgrade"),
        failed("a NUL in a value", format!("{good}X: a\0b\r\n\r\n"), 400, "upgrade"),
        failed("a folded line", format!("{good}X: a\r\n b\r\n\r\n"), 400, "upgrade"),
        failed("a space before the colon", format!("{good}X : a\r\n\r\n"), 400, "upgrade"),
        failed("two hosts", format!("{good}Host: b\r\n\r\n"), 400, "upgrade"),
        failed("no host", "GET / HTTP/1.1\r\n\r\n", 400, "upgrade"),
        failed("a target that is no path", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400, "malformed"),
        failed(
            "a million characters in a header",
            with_line(&format!("X: {long}")),
            431,
            "too_large",
        ),
        failed("a million characters without a line", "A".repeat(1_000_000), 414, "too_large"),
        failed("two hundred headers", format!("{good}{crowd}\r\n"), 431, "too_large"),
        failed("a long target", upgrade(&format!("/{}", "a".repeat(25_000))), 414, "too_large"),
        failed("a body by length", with_line("Content-Length: 5"), 400, "upgrade"),
        failed("a body in chunks", with_line("Transfer-Encoding: chunked"), 400, "upgrade"),
        failed("a POST", with("GET ", "POST "), 405, "method"),
        failed("an old version", with("Version: 13", "Version: 8"), 426, "version"),
        failed("HTTP/1.0", with("HTTP/1.1", "HTTP/1.0"), 505, "version"),
        failed("a short key", with("dGhlIHNhbXBsZSBub25jZQ==", "c2hvcnQ="), 400, "upgrade"),
        failed(
            "two keys",
            with_line("Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="),
            400,
            "upgrade",
        ),
        failed("no connection", with("Connection: Upgrade", "Connection: close"), 400, "upgrade"),
        Case {
            name: "a path that is not served",
            head: upgrade("/api/v2/nothing?token=x"),
            status: 404,
            counter: (REFUSED, "not_found"),
        },
        Case {
            name: "a path that climbs",
            head: upgrade("/api/v1/pam/ws/../../admin?token=x"),
            status: 404,
            counter: (REFUSED, "not_found"),
        },
        Case {
            name: "no token",
            head: upgrade("/api/v1/pam/ws/ann"),
            status: 403,
            counter: (REFUSED, "no_token"),
        },
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bad_head_gets_its_status() {
    let house = House::open().await;
    for Case { name, head, status, counter: (metric, cause) } in cases() {
        let before = house.count(metric, cause);
        let mut peer = Peer::connect(house.addr).await;
        // The server need not read to the end what it has refused long before.
        let _ = peer.say(head.as_bytes()).await;
        let answer = peer.answer().await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {answer}");
        assert!(answer.to_ascii_lowercase().contains("connection: close"), "{name}: {answer}");
        house.counted(metric, cause, before + 1).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_bad_head_gets_its_status_byte_by_byte() {
    let house = House::open().await;
    for Case { name, head, status, counter: (metric, cause) } in cases() {
        if head.len() > 1_000 {
            continue;
        }
        let before = house.count(metric, cause);
        let mut peer = Peer::connect(house.addr).await;
        for byte in head.as_bytes() {
            if peer.say(&[*byte]).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        let answer = peer.answer().await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{name}: {answer}");
        house.counted(metric, cause, before + 1).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_that_breaks_off_is_counted() {
    let house = House::open().await;
    let head = upgrade(&target("ann", &token("ann", 3_600)));
    let mut ends = 0;
    for cut in (0..head.len()).step_by(7) {
        let mut peer = Peer::connect(house.addr).await;
        peer.say(&head.as_bytes()[..cut]).await.unwrap();
        // Half of them say that they end, half break.
        if cut % 2 == 0 {
            drop(peer);
        } else {
            reset(peer.socket);
        }
        ends += 1;
    }
    house.counted(FAILED, "ended", ends).await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_loris_gets_a_408() {
    let mut config = config();
    config.hub.link.patience.handshake = Duration::from_millis(300);
    let house = House::with(config).await;
    let crowd = (0..50).map(|at| {
        let addr = house.addr;
        tokio::spawn(async move {
            let mut peer = Peer::connect(addr).await;
            let head = upgrade(&target("ann", &token("ann", 3_600)));
            let head = head.as_bytes();
            // Each byte comes soon after the one before, but the head never ends.
            let began = std::time::Instant::now();
            for byte in head.iter().take(head.len() - 1 - at % 5).chain(std::iter::repeat(&b'x')) {
                if peer.say(&[*byte]).await.is_err() || began.elapsed().as_secs() > 5 {
                    break;
                }
                let mut answer = [0; 12];
                match peer.socket.try_read(&mut answer) {
                    Ok(n) => return String::from_utf8_lossy(&answer[..n]).into_owned(),
                    Err(_) => tokio::time::sleep(Duration::from_millis(3)).await,
                }
            }
            peer.answer().await
        })
    });
    let crowd: Vec<_> = crowd.collect();
    for peer in crowd {
        let answer = within(peer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 408") || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
    house.only_the_witness().await;
    let slow = house.count(FAILED, "timeout");
    let spoilt = house.count(FAILED, "malformed") + house.count(FAILED, "upgrade");
    assert_eq!(slow + spoilt, 50);
    assert!(slow > 0, "some must have been too slow");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_request_behind_the_first_is_never_served() {
    let house = House::open().await;
    let inner = upgrade(&target("ann", &token("ann", 3_600)));
    for first in [
        "GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        format!("GET /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", inner.len()),
        "POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".to_owned(),
        "GET /metrics HTTP/1.0\r\nConnection: keep-alive\r\n\r\n".to_owned(),
    ] {
        let mut peer = Peer::connect(house.addr).await;
        peer.say(format!("{first}{inner}").as_bytes()).await.unwrap();
        let answer = peer.answer().await;
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
        assert!(!answer.contains("101 Switching"), "{answer}");
    }
    assert_eq!(house.handle.users(), 1, "nobody came in behind another request");
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_ends_its_side_after_a_request_is_answered() {
    let house = House::open().await;
    let mut peer = Peer::connect(house.addr).await;
    peer.say(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    tokio::io::AsyncWriteExt::shutdown(&mut peer.socket).await.unwrap();
    let answer = peer.answer().await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    house.close().await;
}
