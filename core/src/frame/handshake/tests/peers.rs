//! What other implementations fell to. `docs/frames.md` tells which, and where it was reported.

use super::*;
use crate::frame::work;

/// Headers of this many bytes that never end.
fn endless(len: usize) -> Vec<u8> {
    let mut head = REQUEST.as_bytes()[..REQUEST.len() - 2].to_vec();
    while head.len() < len {
        head.extend_from_slice(b"X-More: and more of it\r\n");
    }
    head
}

/// tungstenite-rs#376 (CVE-2023-43669): one request kept a server busy for minutes.
#[test]
fn a_head_that_drips_in_is_looked_at_a_fixed_number_of_times() {
    let config = HandshakeConfig { max_head: 60_000, max_headers: 5_000, max_target: 50_000 };
    let long_line = with("Host", &format!("X: {}\r\nHost", "a".repeat(50_000)));
    let long_target = with("/chat", &format!("/{}", "a".repeat(49_000)));
    for head in [&endless(50_000), long_line.as_bytes(), long_target.as_bytes()] {
        let mut reader = RequestReader::new(config);
        let looked_at = work::during(|| {
            for byte in head {
                assert_eq!(reader.handle_bytes(core::slice::from_ref(byte)), 1);
            }
        });
        assert!((head.len()..3 * head.len()).contains(&looked_at), "{looked_at}");
        assert!(!matches!(reader.poll_event(), Some(Err(_))));
    }
}

/// As above: the limit holds while the head arrives, not once it is whole.
#[test]
fn a_mebibyte_of_headers_costs_no_more_than_the_limit() {
    let head = endless(1 << 20);
    for (max_headers, error) in [
        (128, HandshakeError::TooManyHeaders { limit: 128 }),
        (usize::MAX, HandshakeError::HeadTooLarge { limit: 32_768 }),
    ] {
        for size in [1, 1_000, head.len()] {
            let config = HandshakeConfig { max_headers, ..HandshakeConfig::default() };
            let mut reader = RequestReader::new(config);
            let (mut events, mut most) = (Vec::new(), 0);
            let looked_at = work::during(|| {
                for part in head.chunks(size) {
                    assert_eq!(reader.handle_bytes(part), part.len());
                    most = most.max(reader.memory());
                    events.extend(reader.poll_event());
                }
            });
            assert_eq!(events, [Err(error.clone())], "{size} at a time");
            assert!(looked_at <= 2 * 32_769, "{looked_at}");
            assert!(most <= 160 * 1024 && reader.memory() == 0, "{most}, then {}", reader.memory());
        }
    }
}

/// What a proxy in front of us may read in another way than we do is refused, not repaired.
#[test]
fn no_request_can_be_read_in_two_ways() {
    let (host, key) = ("Host: server.example.com", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==");
    let second = "GET /admin HTTP/1.1\r\nHost: server.example.com\r\n\r\n";
    for head in [
        with(host, &format!("{host}\r\nHost: other.example")),
        with(host, &format!("{host}\r\nhost: server.example.com")),
        with(host, &format!("{host}\r\n , other.example")),
        with(host, "Host: server.example.com, other.example"),
        with(host, "Host : server.example.com"),
        with(host, "X: y"),
        with(key, &format!("{key}\r\n{}", key.replace("dGhl", "AGhl"))),
        with(key, &format!("{key}\r\nContent-Length: {}", second.len())),
        with(key, &format!("{key}\r\nContent-Length: 0\r\nContent-Length: 50")),
        with(key, &format!("{key}\r\nTransfer-Encoding: chunked")),
        with(key, &format!("{key}\r\nTransfer-Encoding : chunked")),
        with(key, &format!("{key}\r\nTransfer-Encoding:\x0bchunked")),
        with(key, &format!("{key}\nX: y")),
        with(key, &format!("{key}\r\r\nX: y")),
        with(key, &format!("{key}\0")),
        with("HTTP/1.1", "HTTP/1.1 HTTP/1.1"),
        with("/chat", "/chat\t"),
        format!("\r\n{REQUEST}"),
    ] {
        assert!(read(&head).is_err(), "{head:?}");
    }
    // A second request right behind the first is never read as one.
    let two = [REQUEST, second].concat();
    let (outcome, taken) = read_in(HandshakeConfig::default(), two.as_bytes(), two.len());
    assert!(outcome.unwrap().unwrap().is_upgrade());
    assert_eq!(taken, REQUEST.len());
}
