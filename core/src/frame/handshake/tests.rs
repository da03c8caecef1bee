//! The opening handshake, both roles.

use proptest::prelude::*;

use super::*;
use crate::seed::Seed;

mod peers;
mod responses;

/// The request of RFC 6455 section 1.2.
const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Origin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

type Outcome = Option<Result<Request, HandshakeError>>;

/// The outcome, and how many bytes were taken.
fn read_in(config: HandshakeConfig, head: &[u8], size: usize) -> (Outcome, usize) {
    let mut reader = RequestReader::new(config);
    let (mut outcome, mut taken) = (None, 0);
    for part in head.chunks(size) {
        taken += reader.handle_bytes(part);
        if let Some(event) = reader.poll_event() {
            assert!(outcome.replace(event).is_none(), "two outcomes");
        }
    }
    (outcome, taken)
}

fn read(head: &str) -> Result<Request, HandshakeError> {
    let whole = read_in(HandshakeConfig::default(), head.as_bytes(), head.len());
    assert_eq!(read_in(HandshakeConfig::default(), head.as_bytes(), 1), whole);
    assert_eq!(whole.1, head.len());
    whole.0.expect("a whole head")
}

fn refused(head: &str) -> HandshakeError {
    let error = read(head).expect_err(head);
    let mut out = Vec::new();
    reject(error.status(), &error.to_string(), &mut out).unwrap();
    error
}

/// The request with one part replaced.
fn with(part: &str, by: &str) -> String {
    assert!(REQUEST.contains(part), "{part}");
    REQUEST.replacen(part, by, 1)
}

#[test]
fn the_request_of_the_rfc_is_answered_as_the_rfc_does() {
    let request = read(REQUEST).unwrap();
    assert!(request.is_upgrade());
    assert_eq!((request.method(), request.target()), ("GET", "/chat"));
    assert_eq!(request.host(), Some("server.example.com"));
    assert_eq!(request.origin(), Some("http://example.com"));
    assert_eq!(request.subprotocols().collect::<Vec<_>>(), ["chat", "superchat"]);
    let mut out = Vec::new();
    accept(&request, Some("chat"), None, &mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
    );
}

#[test]
fn names_and_tokens_are_read_in_any_case_and_lists_in_any_form() {
    for request in [
        with("Connection: Upgrade", "connection: keep-alive,\t UPGRADE"),
        with("Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade"),
        with("Upgrade: websocket", "UPGRADE: h2c, WebSocket"),
        with("Host: server", "Host:server"),
        with("Version: 13", "Version: \t13 \t"),
    ] {
        assert!(read(&request).unwrap().is_upgrade(), "{request}");
    }
    let two = with("chat, superchat", "chat,,\r\nsec-websocket-protocol: b");
    assert_eq!(read(&two).unwrap().subprotocols().collect::<Vec<_>>(), ["chat", "b"]);
}

#[test]
fn each_fault_of_an_upgrade_names_its_header() {
    use HeaderFault::{Duplicate, Folded, Malformed, Missing, NotAllowed, Unsupported};
    let key = "dGhlIHNhbXBsZSBub25jZQ==";
    let twice = |line: &str| with(line, &format!("{line}\r\n{line}"));
    let without = |line: &str| with(&format!("{line}\r\n"), "");
    for (head, header, fault, status) in [
        (without("Host: server.example.com"), "Host", Missing, 400),
        (twice("Host: server.example.com"), "Host", Duplicate, 400),
        (with("server.example.com", ""), "Host", Malformed, 400),
        (with("server.example.com", "a, b"), "Host", Malformed, 400),
        (with("server.example.com", "a?b"), "Host", Malformed, 400),
        (with("server.example.com", "é"), "Host", Malformed, 400),
        (without("Upgrade: websocket"), "Upgrade", Missing, 426),
        (with("websocket", "h2c"), "Upgrade", Unsupported, 426),
        (without("Connection: Upgrade"), "Connection", Missing, 400),
        (with("Connection: Upgrade", "Connection: close"), "Connection", Unsupported, 400),
        (without("Sec-WebSocket-Version: 13"), "Sec-WebSocket-Version", Missing, 426),
        (with("Version: 13", "Version: 8"), "Sec-WebSocket-Version", Unsupported, 426),
        (with("Version: 13", "Version: 13, 8"), "Sec-WebSocket-Version", Unsupported, 426),
        (twice("Sec-WebSocket-Version: 13"), "Sec-WebSocket-Version", Duplicate, 400),
        (without(&format!("Sec-WebSocket-Key: {key}")), "Sec-WebSocket-Key", Missing, 400),
        (twice(&format!("Sec-WebSocket-Key: {key}")), "Sec-WebSocket-Key", Duplicate, 400),
        (with(key, ""), "Sec-WebSocket-Key", Malformed, 400),
        (with(key, "dGhlIHNhbXBsZSBub25j"), "Sec-WebSocket-Key", Malformed, 400),
        (with(key, "dGhlIHNhbXBsZSBub25jZWVl"), "Sec-WebSocket-Key", Malformed, 400),
        (with(key, "dGhlIHNhbXBsZSBub25jZR=="), "Sec-WebSocket-Key", Malformed, 400),
        (with(key, "dGhlIHNhbXBsZSBub25jZQ=!"), "Sec-WebSocket-Key", Malformed, 400),
        (twice("Origin: http://example.com"), "Origin", Duplicate, 400),
        (with("superchat", "chat"), "Sec-WebSocket-Protocol", Duplicate, 400),
        (with("superchat", "super chat"), "Sec-WebSocket-Protocol", Malformed, 400),
        (with("Origin", "Content-Length: 1\r\nOrigin"), "Content-Length", NotAllowed, 400),
        (with("Origin", "Content-Length: 00\r\nOrigin"), "Content-Length", NotAllowed, 400),
        (
            with("Origin", "Content-Length: 0\r\nContent-Length: 0\r\nOrigin"),
            "Content-Length",
            Duplicate,
            400,
        ),
        (
            with("Origin", "transfer-encoding: chunked\r\nOrigin"),
            "Transfer-Encoding",
            NotAllowed,
            400,
        ),
        (with("Origin:", "X-Long: a\r\n b\r\nOrigin:"), "X-Long", Folded, 400),
        (with("Host:", "\tHost:"), "(unnamed)", Folded, 400),
        (with("Host:", "Host :"), "(unnamed)", Malformed, 400),
        (with("Origin: http", "Origin http"), "(unnamed)", Malformed, 400),
        (with("Origin: http", "Origin: a\0b"), "Origin", Malformed, 400),
        (with("Origin: http", "Origin: a\rb"), "Origin", Malformed, 400),
        (with("Origin: http", ": http"), "(unnamed)", Malformed, 400),
    ] {
        let error = refused(&head);
        assert_eq!(error, HandshakeError::Header { header: header.into(), fault }, "{head}");
        assert_eq!(error.status(), status, "{head}");
    }
}

/// RFC 9112 section 3.2.2 and RFC 6455 section 4.2.1: a target may be a URL, and then its host
/// counts.
#[test]
fn a_target_may_be_a_whole_url() {
    let request = read(&with("/chat", "HTTP://other:81/chat?a=//b")).unwrap();
    assert_eq!((request.target(), request.path()), ("/chat?a=//b", "/chat"));
    assert_eq!(request.host(), Some("other:81"));
    assert_eq!(read(&with("/chat", "/a://b/c")).unwrap().target(), "/a://b/c");
}

/// RFC 9110 section 5.5: bytes beyond ASCII in values are opaque.
#[test]
fn a_client_may_say_that_its_request_has_no_body() {
    let request = read(&with("Origin", "Content-Length: 0\r\nOrigin")).unwrap();
    assert!(request.is_upgrade());
}

#[test]
fn a_value_in_an_old_character_set_is_no_fault() {
    let (before, after) = REQUEST.split_once("Origin").unwrap();
    let read = |line: &[u8]| {
        let head = [before.as_bytes(), line, b"Origin", after.as_bytes()].concat();
        read_in(HandshakeConfig::default(), &head, 7).0.unwrap()
    };
    let request = read(b"Cookie: name=\xe9\xff; b=1\r\n").unwrap();
    assert!(request.is_upgrade());
    assert_eq!(request.header("cookie"), Some("name=??; b=1"));
    assert_eq!(read("Cookie: é\r\n".as_bytes()).unwrap().header("cookie"), Some("é"));
    for line in [&b"N\xe9: a\r\n"[..], b"Connection: \xff\0\r\n", b"\xff\r\n"] {
        assert!(read(line).is_err(), "{line:?}");
    }
}

#[test]
fn each_fault_of_the_head_has_a_name_and_a_status() {
    for (head, error, status) in [
        (with("GET", "POST"), HandshakeError::Method, 405),
        (with("GET", "get"), HandshakeError::StartLine, 400),
        (with("GET /chat", "GET  /chat"), HandshakeError::StartLine, 400),
        (with("GET", "\r\nGET"), HandshakeError::StartLine, 400),
        (with("HTTP/1.1", "HTTP/1.0"), HandshakeError::Version, 505),
        (with("HTTP/1.1", "HTTP/2.0"), HandshakeError::Version, 505),
        (with("HTTP/1.1", "FTP/1.1"), HandshakeError::StartLine, 400),
        (with("/chat", "chat"), HandshakeError::Target, 400),
        (with("/chat", "/a#b"), HandshakeError::Target, 400),
        (with("/chat", "/é"), HandshakeError::Target, 400),
        (with("/chat", "ftp://a/chat"), HandshakeError::Target, 400),
        (with("/chat", "http://a"), HandshakeError::Target, 400),
        (with("/chat", "http://u@a/chat"), HandshakeError::Target, 400),
        (with("/chat", "http:///chat"), HandshakeError::Target, 400),
        (with("/chat", "*"), HandshakeError::Target, 400),
        (with(".com\r\n", ".com\n"), HandshakeError::LineBreak, 400),
        (with("HTTP/1.1\r\n", "HTTP/1.1\n"), HandshakeError::LineBreak, 400),
        ("\x16\x03\x01\x02\0\x01\0\x01\u{fc}\x03\x03".into(), HandshakeError::StartLine, 400),
    ] {
        assert_eq!(refused(&head), error, "{head}");
        assert_eq!(error.status(), status, "{head}");
    }
}

#[test]
fn limits_are_exact_and_hold_before_the_head_is_complete() {
    let target = |len: usize| with("/chat", &format!("/{}", "a".repeat(len - 1)));
    assert!(read(&target(20_480)).is_ok());
    let error = HandshakeError::TargetTooLong { limit: 20_480 };
    assert_eq!((refused(&target(20_481)), error.status()), (error.clone(), 414));
    let endless = "A".repeat(20_600);
    assert_eq!(refused(&endless), error);

    let padded = |len: usize| {
        let pad = len - REQUEST.len() - "X: \r\n".len();
        with("Host", &format!("X: {}\r\nHost", "a".repeat(pad)))
    };
    assert!(read(&padded(32_768)).is_ok());
    let error = HandshakeError::HeadTooLarge { limit: 32_768 };
    assert_eq!((refused(&padded(32_769)), error.status()), (error.clone(), 431));
    assert_eq!(refused(&padded(50_000)[..32_769]), error);

    let many = |count: usize| with("Host", &format!("{}Host", "X: a\r\n".repeat(count - 7)));
    assert!(read(&many(128)).is_ok());
    let error = HandshakeError::TooManyHeaders { limit: 128 };
    assert_eq!((refused(&many(129)), error.status()), (error, 431));
}

#[test]
fn a_plain_request_is_no_upgrade_and_cannot_be_accepted() {
    let request = read("GET /health?a=b HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    assert!(!request.is_upgrade());
    assert_eq!((request.path(), request.query()), ("/health", Some("a=b")));
    assert_eq!(accept(&request, None, None, &mut Vec::new()), Err(HeadError::NotAnUpgrade));
    assert!(!read("GET / HTTP/1.0\r\n\r\n").unwrap().is_upgrade());
    let h2c = "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n";
    assert!(!read(h2c).unwrap().is_upgrade());
}

#[test]
fn only_what_was_offered_can_be_accepted() {
    let request = read(REQUEST).unwrap();
    let mut out = Vec::new();
    assert_eq!(accept(&request, Some("other"), None, &mut out), Err(HeadError::NotOffered));
    assert!(out.is_empty());
}

#[test]
fn frames_behind_the_head_are_not_taken() {
    let stream = [REQUEST.as_bytes(), b"\x81\x80frames"].concat();
    for size in [1, 7, stream.len()] {
        let (outcome, taken) = read_in(HandshakeConfig::default(), &stream, size);
        assert!(outcome.unwrap().is_ok());
        assert_eq!(taken, REQUEST.len());
    }
}

#[test]
fn answers_are_whole_and_cannot_be_broken() {
    let mut out = Vec::new();
    respond(200, &[("Content-Type", "application/json")], b"{}", &mut out).unwrap();
    assert_eq!(
        core::str::from_utf8(&out).unwrap(),
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\
         Connection: close\r\n\r\n{}"
    );
    out.clear();
    let split = [("Content-Type", "a\r\nSet-Cookie: b")];
    let error = HeadError::Characters { header: "Content-Type" };
    assert_eq!(respond(200, &split, b"", &mut out), Err(error));
    assert_eq!(reject(101, "", &mut out), Err(HeadError::Status { status: 101 }));
    assert!(out.is_empty());
    respond(204, &[], b"nothing", &mut out).unwrap();
    assert_eq!(out, b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    out.clear();
    reject(426, "version 13, please", &mut out).unwrap();
    let answer = String::from_utf8(out).unwrap();
    assert!(answer.contains("\r\nSec-WebSocket-Version: 13\r\n"), "{answer}");
    assert!(answer.contains("\r\nConnection: close, upgrade\r\n"), "{answer}");
}

#[test]
fn a_peer_that_does_not_finish_holds_no_more_than_a_head_may_have() {
    let config = HandshakeConfig::default();
    let mut reader = RequestReader::new(config);
    let mut head = b"GET /?token=".to_vec();
    head.resize(20 * 1024, b'a');
    head.extend_from_slice(b" HTTP/1.1\r\n");
    for line in 0..120 {
        head.extend_from_slice(format!("x-{line}: y\r\n").as_bytes());
    }
    head.extend_from_slice(b"cookie: ");
    head.resize(config.max_head, b'c');
    for (n, byte) in head.iter().enumerate() {
        assert_eq!(reader.handle_bytes(&[*byte]), 1);
        let come = n + 1;
        assert!(
            reader.memory() <= 2 * come + 16 * config.max_headers,
            "{} at {come}",
            reader.memory()
        );
    }
    assert_eq!(reader.poll_event(), None, "it is not whole");
    assert!(
        reader.memory() <= config.max_head + 1 + 16 * config.max_headers,
        "{}",
        reader.memory()
    );
}

#[test]
fn tokens_stay_out_of_debug() {
    let head = with("/chat", "/ws/u?token=secret")
        .replace("Origin:", "Authorization: Bearer secret\r\nCookie: a=secret\r\nOrigin:");
    let request = read(&head).unwrap();
    assert_eq!(request.query(), Some("token=secret"));
    assert_eq!(request.header("authorization"), Some("Bearer secret"));
    assert!(!format!("{request:?} {:?}", request.headers()).contains("secret"));
    let mut reader = RequestReader::new(HandshakeConfig::default());
    let _ = reader.handle_bytes(&head.as_bytes()[..head.len() - 2]);
    let shown = format!("{reader:?}");
    assert!(!shown.contains("secret") && !shown.contains("115, 101, 99, 114, 101, 116"), "{shown}");
}

#[test]
fn a_line_break_that_is_here_by_half_makes_no_line_too_long() {
    let config = HandshakeConfig { max_target: 3, ..HandshakeConfig::default() };
    // As long as a first line may be beside such a target, and none.
    let line = format!("GET {}\r\n\r\n", "a".repeat(3 + 48 - 4));
    let whole = read_in(config, line.as_bytes(), line.len());
    assert_eq!(whole.0, Some(Err(HandshakeError::StartLine)));
    assert_eq!(read_in(config, line.as_bytes(), 1).0, whole.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn outcomes_do_not_depend_on_how_the_bytes_are_cut(
        at in any::<prop::sample::Index>(),
        cut in 0usize..12,
        by in "(\r\n|\n|\r|:| |,|[a-z]{0,5}|é|\0|Host: a\r\n|X: y\r\n){0,6}",
        size in 1usize..60,
        max_head in 200usize..400,
        max_target in 3usize..9,
    ) {
        let mut stream = REQUEST.as_bytes().to_vec();
        let at = at.index(stream.len());
        let end = (at + cut).min(stream.len());
        stream.splice(at..end, by.bytes());
        stream.extend_from_slice(b"behind\r\n\r\n");
        let config = HandshakeConfig { max_head, max_headers: 9, max_target };
        let whole = read_in(config, &stream, stream.len());
        prop_assert_eq!(&read_in(config, &stream, 1), &whole);
        prop_assert_eq!(&read_in(config, &stream, size), &whole);
    }
}
