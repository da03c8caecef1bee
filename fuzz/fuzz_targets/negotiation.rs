//! Any offer of extensions, any answer to ours, and two ends of ours with any settings: what is
//! agreed on is within what each end has asked for.
//!
//! The first byte of an input chooses what it is, the next two the settings; the rest is the value
//! of `Sec-WebSocket-Extensions`, where a line feed begins another header.

#![no_main]

use libfuzzer_sys::fuzz_target;
use pamlink::frame::handshake::{
    HandshakeConfig, Request, RequestReader, Response, ResponseReader, Upgrade, WebSocketKey,
    accept, write_request,
};
use pamlink::frame::{Agreement, DeflateConfig, DeflateWindow};
use pamlink::seed::Seed;

fuzz_target!(|input: &[u8]| {
    let [what, server, client, value @ ..] = input else { return };
    let (server, client) = (config(*server), config(*client));
    match what % 3 {
        0 => offered(&server, value),
        1 => answered(&client, value),
        _ => agreed(&server, &client),
    }
});

/// Settings of one end.
fn config(byte: u8) -> DeflateConfig {
    let mut config = DeflateConfig::server();
    config.send = DeflateWindow { bits: 8 + byte % 8, takeover: byte & 0x40 == 0 };
    config.receive = DeflateWindow { bits: 8 + (byte >> 3) % 8, takeover: byte & 0x80 == 0 };
    config
}

/// What a window of a config asks for: one of 8 bits is taken as 9.
fn within(agreed: DeflateWindow, asked: DeflateWindow) -> bool {
    (8..=15).contains(&agreed.bits)
        && agreed.bits <= asked.bits.max(9)
        && (asked.takeover || !agreed.takeover)
}

/// A client offers whatever the input says.
fn offered(config: &DeflateConfig, value: &[u8]) {
    let mut head = b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        .to_vec();
    lines(value, &mut head);
    let mut reader = RequestReader::new(HandshakeConfig::default());
    let _ = reader.handle_bytes(&head);
    let Some(Ok(request)) = reader.poll_event() else { return };
    if !request.is_upgrade() {
        return;
    }
    let agreed = Agreement::choose(config, &request);
    let mut answer = Vec::new();
    accept(&request, None, agreed, &mut answer).expect("an upgrade can be accepted");
    let answer = String::from_utf8(answer).expect("an answer is ASCII");
    let names_it = answer.contains("\r\nSec-WebSocket-Extensions: permessage-deflate");
    assert_eq!(names_it, agreed.is_some(), "{answer}");
    let Some(agreed) = agreed else { return };
    assert!(within(agreed.send, config.send), "{agreed:?}");
    // Whose window cannot be held to the settings must have offered to keep no context.
    let held = within(agreed.receive, config.receive);
    assert!(held || !agreed.receive.takeover, "{agreed:?}");
    // RFC 7692 section 7.1.2: no parameter in the answer that the offer does not allow.
    let offer = String::from_utf8_lossy(value);
    for parameter in
        ["server_max_window_bits", "client_max_window_bits", "client_no_context_takeover"]
    {
        assert!(!answer.contains(parameter) || offer.contains(parameter), "{answer}");
    }
}

/// A server answers whatever the input says.
fn answered(config: &DeflateConfig, value: &[u8]) {
    let mut head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
        .to_vec();
    lines(value, &mut head);
    let key = WebSocketKey::new(*b"the sample nonce");
    let mut plain = ResponseReader::new(HandshakeConfig::default(), &key, &[]);
    let _ = plain.handle_bytes(&head);
    if let Some(Ok(response)) = plain.poll_event() {
        assert_eq!(response.deflate(), None, "nothing was offered");
    }
    let mut reader =
        ResponseReader::new(HandshakeConfig::default(), &key, &[]).with_deflate(*config);
    let _ = reader.handle_bytes(&head);
    let Some(Ok(response)) = reader.poll_event() else { return };
    let Some(agreed) = response.deflate() else { return };
    assert!(within(agreed.send, config.send), "{agreed:?}");
    assert!(within(agreed.receive, config.receive), "{agreed:?}");
}

/// Two ends of ours. A client that offers to keep its context has to keep it: towards a server that
/// does not let it, they go without compression.
fn agreed(server: &DeflateConfig, client: &DeflateConfig) {
    let (request, response) = open(server, client);
    let chosen = Agreement::choose(server, &request);
    let concluded = response.deflate();
    let apart = client.send.takeover && !server.receive.takeover;
    assert_eq!(chosen.is_none(), apart, "{chosen:?} of {server:?} and {client:?}");
    assert_eq!(concluded.is_none(), apart, "{concluded:?} of {server:?} and {client:?}");
    let (Some(chosen), Some(concluded)) = (chosen, concluded) else { return };
    for (agreed, config) in [(chosen, server), (concluded, client)] {
        assert!(within(agreed.send, config.send), "{agreed:?}");
        assert!(within(agreed.receive, config.receive), "{agreed:?}");
    }
    assert!(within(chosen.send, concluded.receive), "{chosen:?} {concluded:?}");
    assert!(within(concluded.send, chosen.receive), "{chosen:?} {concluded:?}");
}

fn open(server: &DeflateConfig, client: &DeflateConfig) -> (Request, Response) {
    let key = WebSocketKey::from_seed(Seed::from_number(2));
    let upgrade = Upgrade {
        host: "h",
        target: "/",
        key: &key,
        subprotocols: &[],
        deflate: Some(client),
        origin: None,
        headers: &[],
    };
    let mut head = Vec::new();
    write_request(&upgrade, &mut head).expect("a request");
    let mut reader = RequestReader::new(HandshakeConfig::default());
    let _ = reader.handle_bytes(&head);
    let request = reader.poll_event().expect("it is whole").expect("and in order");
    let mut answer = Vec::new();
    accept(&request, None, Agreement::choose(server, &request), &mut answer).expect("an answer");
    let mut reader =
        ResponseReader::new(HandshakeConfig::default(), &key, &[]).with_deflate(*client);
    let _ = reader.handle_bytes(&answer);
    (request, reader.poll_event().expect("it is whole").expect("and in order"))
}

/// The value as headers, and the end of the head.
fn lines(value: &[u8], head: &mut Vec<u8>) {
    for line in value.split(|byte| *byte == b'\n').take(8) {
        head.extend_from_slice(b"Sec-WebSocket-Extensions: ");
        head.extend_from_slice(line);
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
}
