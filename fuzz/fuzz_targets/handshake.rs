//! Any head, cut anywhere, in both roles; and whatever a client may ask is understood and
//! answered by our own server.
//!
//! The first byte of an input chooses what it is, the second the chunking.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pamlink::frame::handshake::{
    HandshakeConfig, RequestReader, ResponseReader, Upgrade, WebSocketKey, accept, reject,
    write_request,
};
use pamlink::seed::Seed;

const SECRET: &str = "verysecrettoken";

fuzz_target!(|input: &[u8]| {
    let [what, chunking, bytes @ ..] = input else { return };
    let part = usize::from(*chunking).max(1);
    match what % 3 {
        0 => assert_eq!(request(bytes, bytes.len().max(1)), request(bytes, part)),
        1 => assert_eq!(response(bytes, bytes.len().max(1)), response(bytes, part)),
        _ => round(&String::from_utf8_lossy(bytes)),
    }
});

/// What a server makes of a head, and how many bytes it took.
fn request(bytes: &[u8], part: usize) -> (String, usize) {
    let mut reader = RequestReader::new(HandshakeConfig::default());
    let mut taken = 0;
    for part in bytes.chunks(part) {
        let took = reader.handle_bytes(part);
        assert!(took <= part.len());
        taken += took;
        match reader.poll_event() {
            None => assert_eq!(took, part.len(), "bytes are left while the head is not whole"),
            Some(Err(error)) => {
                let mut out = Vec::new();
                reject(error.status(), &error.to_string(), &mut out).expect("a status to answer");
                return (format!("{error:?}"), 0);
            }
            Some(Ok(request)) => {
                let mut out = Vec::new();
                assert_eq!(accept(&request, None, None, &mut out).is_ok(), request.is_upgrade());
                let (path, query) = (request.path(), request.query());
                assert!(request.target().starts_with(path) || query.is_none());
                return (format!("{request:?} {:?}", request.target()), taken);
            }
        }
    }
    (String::new(), taken)
}

/// What a client makes of an answer, and how many bytes it took.
fn response(bytes: &[u8], part: usize) -> (String, usize) {
    let key = WebSocketKey::from_seed(Seed::from_number(1));
    let mut reader = ResponseReader::new(HandshakeConfig::default(), &key, &["pam"]);
    let mut taken = 0;
    for part in bytes.chunks(part) {
        let took = reader.handle_bytes(part);
        assert!(took <= part.len());
        taken += took;
        match reader.poll_event() {
            None => assert_eq!(took, part.len(), "bytes are left while the head is not whole"),
            Some(Err(error)) => return (format!("{error:?}"), 0),
            Some(Ok(response)) => return (format!("{response:?}"), taken),
        }
    }
    (String::new(), taken)
}

/// A client asks for whatever the input says; if it can be asked, the server understands it and
/// the client understands the answer. No Debug shows the token.
fn round(text: &str) {
    let mut parts = text.split('\n');
    let mut part = || parts.next().unwrap_or("");
    let (host, path, origin, protocol) = (part(), part(), part(), part());
    let target = format!("/{path}?token={SECRET}");
    let key = WebSocketKey::from_seed(Seed::from_number(2));
    let offered = [protocol];
    let upgrade = Upgrade {
        host,
        target: &target,
        key: &key,
        subprotocols: if protocol.is_empty() { &[] } else { &offered },
        deflate: None,
        origin: (!origin.is_empty()).then_some(origin),
        headers: &[],
    };
    let mut head = Vec::new();
    if write_request(&upgrade, &mut head).is_err() {
        assert!(head.is_empty(), "a head that was refused is half written");
        return;
    }
    assert!(!format!("{upgrade:?}").contains(SECRET));
    let mut server = RequestReader::new(HandshakeConfig::default());
    assert_eq!(server.handle_bytes(&head), head.len());
    let request = match server.poll_event() {
        Some(Ok(request)) => request,
        Some(Err(_)) if head.len() > 4 * 1024 => return,
        other => panic!("{:?} is read as {other:?}", String::from_utf8_lossy(&head)),
    };
    assert!(!format!("{request:?}").contains(SECRET));
    assert_eq!(request.target(), target);
    let chosen = request.subprotocols().next().map(str::to_owned);
    let mut answer = Vec::new();
    accept(&request, chosen.as_deref(), None, &mut answer).expect("an upgrade can be accepted");
    let mut client = ResponseReader::new(HandshakeConfig::default(), &key, upgrade.subprotocols);
    assert_eq!(client.handle_bytes(&answer), answer.len());
    let response = client.poll_event().expect("the answer is whole").expect("and right");
    assert_eq!(response.subprotocol(), chosen.as_deref());
}
