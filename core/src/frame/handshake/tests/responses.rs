//! The client's side.

use core::time::Duration;

use super::*;

/// The nonce of RFC 6455 section 1.3.
fn key() -> WebSocketKey {
    WebSocketKey::new(*b"the sample nonce")
}

const RESPONSE: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\
    Sec-WebSocket-Protocol: chat\r\n\r\n";

fn answer(head: &str) -> Result<Response, HandshakeError> {
    let [one, whole] = [1, usize::MAX].map(|size| {
        let mut reader = ResponseReader::new(HandshakeConfig::default(), &key(), &["chat"]);
        let taken: usize = head.as_bytes().chunks(size).map(|part| reader.handle_bytes(part)).sum();
        assert_eq!(taken, head.len());
        reader.poll_event().expect("a whole head")
    });
    assert_eq!(one, whole);
    whole
}

fn with(part: &str, by: &str) -> String {
    assert!(RESPONSE.contains(part), "{part}");
    RESPONSE.replacen(part, by, 1)
}

#[test]
fn the_answer_of_the_rfc_opens_the_connection() {
    assert_eq!(key().as_str(), "dGhlIHNhbXBsZSBub25jZQ==");
    assert_eq!(answer(RESPONSE).unwrap().subprotocol(), Some("chat"));
    let none = with("Sec-WebSocket-Protocol: chat\r\n", "");
    assert_eq!(answer(&none).unwrap().subprotocol(), None);
    assert!(answer(&with(" Switching Protocols", "")).is_ok());
}

#[test]
fn each_fault_of_an_answer_names_its_header() {
    use HeaderFault::{Duplicate, Folded, Missing, NotAllowed, Unsupported, Wrong};
    let accept = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
    for (head, header, fault) in [
        (with("Upgrade: websocket\r\n", ""), "Upgrade", Missing),
        (with("websocket", "h2c"), "Upgrade", Unsupported),
        (with("Connection: Upgrade\r\n", ""), "Connection", Missing),
        (with("Connection: Upgrade", "Connection: close"), "Connection", Unsupported),
        (with(&format!("{accept}\r\n"), ""), "Sec-WebSocket-Accept", Missing),
        (with("s3pP", "S3pP"), "Sec-WebSocket-Accept", Wrong),
        (with(accept, &format!("{accept}\r\n{accept}")), "Sec-WebSocket-Accept", Duplicate),
        (with("Protocol: chat", "Protocol: other"), "Sec-WebSocket-Protocol", Unsupported),
        (with("Protocol: chat", "Protocol: Chat"), "Sec-WebSocket-Protocol", Unsupported),
        (with("Sec-WebSocket-Protocol: chat", "X: a\r\n\tb"), "X", Folded),
        (
            with("Sec-WebSocket-Protocol: chat", "Sec-WebSocket-Extensions: permessage-deflate"),
            "Sec-WebSocket-Extensions",
            NotAllowed,
        ),
        (with("Sec-WebSocket-Protocol: chat", "Content-Length: 5"), "Content-Length", NotAllowed),
        (
            with("Sec-WebSocket-Protocol: chat", "Transfer-Encoding: chunked"),
            "Transfer-Encoding",
            NotAllowed,
        ),
    ] {
        let error = HandshakeError::Header { header: header.into(), fault };
        assert_eq!(answer(&head), Err(error), "{head}");
    }
    assert_eq!(answer(&with("HTTP/1.1", "HTTP/1.0")), Err(HandshakeError::Version));
    assert_eq!(answer(&with("HTTP/1.1", "HTTPS")), Err(HandshakeError::StartLine));
    assert_eq!(answer(&with("101", "+11")), Err(HandshakeError::StartLine));
    assert_eq!(answer(&with("101", "0101")), Err(HandshakeError::StartLine));
    assert_eq!(answer("SSH-2.0-OpenSSH_9.6\r\n"), Err(HandshakeError::StartLine));
}

#[test]
fn a_refusal_tells_its_status_its_first_line_and_how_long_to_wait() {
    let refused = |status, secs: Option<u64>, line: &str| {
        let retry_after = secs.map(Duration::from_secs);
        Err(HandshakeError::Refused { status, line: line.into(), retry_after })
    };
    for (head, expected) in [
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nno token\n",
            refused(403, None, "no token"),
        ),
        ("HTTP/1.1 429 \r\nretry-after: 7\r\nContent-Length: 0\r\n\r\n", refused(429, Some(7), "")),
        ("HTTP/1.1 503\r\nRetry-After: Fri, 31 Dec 1999\r\n\r\ndown\n", refused(503, None, "down")),
        ("HTTP/1.0 200 OK\r\n\r\n\r\n \n<html>\r\n<b>hi</b>", refused(200, None, "<html>")),
        (
            "HTTP/1.1 502 No\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\nback\r\n0\r\n\r\n",
            refused(502, None, "back"),
        ),
        ("HTTP/1.1 502 No\r\nTransfer-Encoding: chunked\r\n\r\n!\r\nx", refused(502, None, "")),
        (
            "HTTP/1.1 301 Moved\r\nLocation: https://h/new\r\nContent-Length: 4\r\n\r\npage",
            refused(301, None, "Location: https://h/new"),
        ),
        (
            "HTTP/1.1 403 No\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\n\u{1}\u{2}\u{3}",
            refused(403, None, ""),
        ),
        (
            "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 426 Upgrade\r\nContent-Length: 5\r\n\r\nhello",
            refused(426, None, "hello"),
        ),
    ] {
        assert_eq!(answer(head), expected, "{head}");
    }
}

#[test]
fn an_answer_may_come_after_interim_ones() {
    let answered = answer(&format!("HTTP/1.1 100 Continue\r\n\r\n{RESPONSE}"));
    assert_eq!(answered.unwrap().subprotocol(), Some("chat"));
}

#[test]
fn the_first_line_of_a_refusal_is_waited_for_and_bounded() {
    let mut reader = ResponseReader::new(HandshakeConfig::default(), &key(), &[]);
    let _ = reader.handle_bytes(b"HTTP/1.1 500 No\r\n\r\n\xffa\x1b[2Jb");
    assert!(reader.is_refusal() && reader.poll_event().is_none());
    reader.handle_end();
    let Some(Err(HandshakeError::Refused { line, .. })) = reader.poll_event() else { panic!() };
    assert_eq!(&*line, "\u{fffd}a [2Jb");

    let mut reader = ResponseReader::new(HandshakeConfig::default(), &key(), &[]);
    let _ = reader.handle_bytes(b"HTTP/1.1 500 No\r\n\r\n");
    assert_eq!(reader.handle_bytes("ä".repeat(100_000).as_bytes()), 200_000);
    let Some(Err(HandshakeError::Refused { line, .. })) = reader.poll_event() else { panic!() };
    assert_eq!(&*line, "ä".repeat(100));
    assert_eq!(reader.handle_bytes(b"more"), 4);
    assert!(reader.poll_event().is_none());
}

#[test]
fn a_client_reads_what_a_server_answers() {
    let key = WebSocketKey::from_seed(Seed::from_number(7));
    let upgrade = Upgrade {
        host: "h:8080",
        target: "/p?token=secret",
        key: &key,
        subprotocols: &["a", "b"],
        deflate: None,
        origin: Some("https://o"),
        headers: &[("Authorization", "Bearer secret")],
    };
    let mut out = Vec::new();
    write_request(&upgrade, &mut out).unwrap();
    let request = read(core::str::from_utf8(&out).unwrap()).unwrap();
    assert_eq!((request.path(), request.query()), ("/p", Some("token=secret")));
    assert_eq!((request.host(), request.origin()), (Some("h:8080"), Some("https://o")));
    assert_eq!(request.header("authorization"), Some("Bearer secret"));
    assert!(!format!("{upgrade:?}").contains("secret"));

    let mut answer = Vec::new();
    accept(&request, Some("b"), None, &mut answer).unwrap();
    let head = answer.len();
    answer.extend_from_slice(b"frames");
    let mut reader = ResponseReader::new(HandshakeConfig::default(), &key, &["a", "b"]);
    assert_eq!(reader.handle_bytes(&answer), head);
    assert_eq!(reader.poll_event().unwrap().unwrap().subprotocol(), Some("b"));
    assert_eq!(reader.handle_bytes(b"more frames"), 0);
}

#[test]
fn a_request_cannot_be_broken() {
    let key = key();
    let good = Upgrade {
        host: "h",
        target: "/",
        key: &key,
        subprotocols: &[],
        deflate: None,
        origin: None,
        headers: &[],
    };
    for (header, upgrade) in [
        ("Host", Upgrade { host: "h\r\nX: y", ..good }),
        ("Host", Upgrade { host: "", ..good }),
        ("Host", Upgrade { host: "user@h", ..good }),
        ("Host", Upgrade { host: "h/path", ..good }),
        ("target", Upgrade { target: "/ HTTP/1.1\r\nX: y", ..good }),
        ("target", Upgrade { target: "nowhere", ..good }),
        ("Sec-WebSocket-Protocol", Upgrade { subprotocols: &["a,b"], ..good }),
        ("Origin", Upgrade { origin: Some("a\nb"), ..good }),
        ("X", Upgrade { headers: &[("X", "a\r\nb")], ..good }),
        ("X Y", Upgrade { headers: &[("X Y", "a")], ..good }),
    ] {
        let mut out = Vec::new();
        assert_eq!(write_request(&upgrade, &mut out), Err(HeadError::Characters { header }));
        assert!(out.is_empty());
    }
}
