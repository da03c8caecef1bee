//! The opening handshake, both roles.

use super::*;

/// The request of RFC 6455 section 1.2.
const REQUEST: &str = "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Origin: http://example.com\r\nSec-WebSocket-Protocol: chat, superchat\r\n\
    Sec-WebSocket-Version: 13\r\n\r\n";

fn read(head: &str) -> Result<Request, HandshakeError> {
    let mut reader = RequestReader::new(HandshakeConfig::default());
    assert_eq!(reader.handle_bytes(head.as_bytes()), head.len());
    reader.poll_event().expect("a whole head")
}

#[test]
fn the_request_of_the_rfc_is_answered_as_the_rfc_does() {
    let request = read(REQUEST).unwrap();
    let mut out = Vec::new();
    accept(&request, Some("chat"), &mut out).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: chat\r\n\r\n"
    );
}

#[test]
fn a_client_reads_what_a_server_answers() {
    let key = Key::from_seed(crate::seed::Seed::from_number(7));
    let upgrade = Upgrade {
        host: "h",
        target: "/p?token=secret",
        key: &key,
        subprotocols: &["a", "b"],
        origin: None,
        headers: &[],
    };
    let mut out = Vec::new();
    write_request(&upgrade, &mut out).unwrap();
    let request = read(core::str::from_utf8(&out).unwrap()).unwrap();
    assert_eq!((request.path(), request.query()), ("/p", Some("token=secret")));
    assert!(!format!("{request:?}{upgrade:?}").contains("secret"));

    let mut answer = Vec::new();
    accept(&request, Some("b"), &mut answer).unwrap();
    let head = answer.len();
    answer.extend_from_slice(b"frames");
    let mut reader = ResponseReader::new(HandshakeConfig::default(), &key, &["a", "b"]);
    assert_eq!(reader.handle_bytes(&answer), head);
    assert_eq!(reader.poll_event().unwrap().unwrap().subprotocol(), Some("b"));
}
