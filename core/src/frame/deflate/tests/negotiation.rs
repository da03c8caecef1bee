//! Offers and answers (RFC 7692 section 7.1).

use super::*;
use crate::frame::handshake::{
    HandshakeConfig, HandshakeError, HeadError, HeaderFault, Request, RequestReader, Response,
    ResponseReader, Upgrade, WebSocketKey, accept, write_request,
};

fn request(extensions: &str) -> Result<Request, HandshakeError> {
    let mut reader = RequestReader::new(HandshakeConfig::default());
    let head = format!(
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         {extensions}\r\n"
    );
    assert_eq!(reader.handle_bytes(head.as_bytes()), head.len());
    reader.poll_event().unwrap()
}

/// A server's answer to offers, and what it then believes; `None` without compression.
fn answer(config: &DeflateConfig, offers: &str) -> Option<(String, Agreement)> {
    let request = request(&format!("Sec-WebSocket-Extensions: {offers}\r\n")).unwrap();
    let agreed = Agreement::choose(config, &request)?;
    let mut out = Vec::new();
    accept(&request, None, Some(agreed), &mut out).unwrap();
    let head = String::from_utf8(out).unwrap();
    let line = head.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Extensions: "));
    Some((line.unwrap().to_owned(), agreed))
}

const fn window(bits: u8, takeover: bool) -> DeflateWindow {
    DeflateWindow { bits, takeover }
}

#[test]
fn a_server_narrows_what_is_offered() {
    let cases: &[(&str, &str, DeflateWindow, DeflateWindow)] = &[
        // Not held to a window, a client must start over for each message, if it can.
        (
            "permessage-deflate; client_no_context_takeover",
            "permessage-deflate; client_no_context_takeover",
            window(15, true),
            window(15, false),
        ),
        // What browsers offer.
        (
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; client_max_window_bits=9",
            window(15, true),
            window(9, true),
        ),
        (
            "permessage-deflate; client_max_window_bits=8",
            "permessage-deflate; client_max_window_bits=8",
            window(15, true),
            window(8, true),
        ),
        (
            "permessage-deflate; server_max_window_bits=10; server_no_context_takeover; \
             client_max_window_bits=15; client_no_context_takeover",
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
             server_max_window_bits=10; client_max_window_bits=9",
            window(10, false),
            window(9, false),
        ),
        // A window that we never compress into is no reason to refuse the other direction.
        (
            "permessage-deflate; server_max_window_bits=8; client_max_window_bits",
            "permessage-deflate; server_max_window_bits=8; client_max_window_bits=9",
            window(8, true),
            window(9, true),
        ),
        (
            "permessage-deflate ;\tclient_max_window_bits = \"12\"",
            "permessage-deflate; client_max_window_bits=9",
            window(15, true),
            window(9, true),
        ),
        // The first offer that is in order and within our bounds wins; others are passed over.
        (
            "x-other; a=1, permessage-deflate; unknown, permessage-deflate; \
             server_max_window_bits=14, permessage-deflate; server_max_window_bits=12; \
             client_max_window_bits, permessage-deflate; client_max_window_bits",
            "permessage-deflate; server_max_window_bits=12; client_max_window_bits=9",
            window(12, true),
            window(9, true),
        ),
        // libwebsockets 4.1.6 and what its documentation shows.
        (
            "permessage-deflate; client_no_context_takeover; client_max_window_bits",
            "permessage-deflate; client_no_context_takeover; client_max_window_bits=9",
            window(15, true),
            window(9, false),
        ),
    ];
    for (offer, expected, send, receive) in cases {
        let (line, agreed) = answer(&DeflateConfig::server(), offer).expect(offer);
        assert_eq!(&line, expected, "{offer}");
        assert_eq!(agreed, Agreement { send: *send, receive: *receive }, "{offer}");
    }
}

/// Mojolicious 9.31 and Jetty 9.4.57 offer so, and break on a parameter that they did not offer.
#[test]
fn of_a_client_nothing_is_asked_that_it_did_not_offer() {
    let bare = "permessage-deflate";
    for offer in [
        bare,
        "permessage-deflate; server_no_context_takeover",
        "permessage-deflate; server_max_window_bits=9",
    ] {
        assert_eq!(answer(&DeflateConfig::server(), offer), None, "{offer}: 32 KiB a link");
    }
    let mut config = DeflateConfig { receive: window(15, true), ..DeflateConfig::server() };
    let agreed = Agreement { send: window(15, true), receive: window(15, true) };
    assert_eq!(answer(&config, bare), Some((bare.to_owned(), agreed)), "its own window fits");
    config.receive.takeover = false;
    assert_eq!(answer(&config, bare), None);
    let narrow = "permessage-deflate; client_max_window_bits";
    assert_eq!(answer(&config, narrow), None);
    assert!(answer(&config, "permessage-deflate; client_no_context_takeover").is_some());
}

#[test]
fn an_offer_that_is_not_in_order_is_declined() {
    for parameters in [
        "unknown",
        "server_no_context_takeover; server_no_context_takeover",
        "server_no_context_takeover=1",
        "client_no_context_takeover=true",
        "server_max_window_bits",
        "server_max_window_bits=7",
        "server_max_window_bits=16",
        "server_max_window_bits=08",
        "server_max_window_bits=+9",
        "server_max_window_bits=10; server_max_window_bits=10",
        "client_max_window_bits=0",
        "client_max_window_bits=008",
        "client_max_window_bits=15; client_max_window_bits",
    ] {
        let offer = format!("permessage-deflate; {parameters}");
        assert_eq!(answer(&DeflateConfig::server(), &offer), None, "{offer}");
    }
    assert_eq!(answer(&DeflateConfig::server(), "permessage-bzip2"), None);
    assert_eq!(answer(&DeflateConfig::server(), "Permessage-Deflate"), None);
}

#[test]
fn an_offer_that_is_no_extension_at_all_fails_the_handshake() {
    for extensions in
        ["permessage-deflate;", "permessage-deflate; a=", "a b", "a; b=\"c d\"", "=", "a; b=\"c"]
    {
        let refused = request(&format!("Sec-WebSocket-Extensions: {extensions}\r\n"));
        let header = "Sec-WebSocket-Extensions";
        let fault = HandshakeError::header(header, HeaderFault::Malformed);
        assert_eq!(refused, Err(fault), "{extensions}");
    }
}

/// What a client makes of an answer.
fn conclude(config: DeflateConfig, answer: &str) -> Result<Option<Agreement>, HandshakeError> {
    let key = WebSocketKey::new([1; 16]);
    let mut reader =
        ResponseReader::new(HandshakeConfig::default(), &key, &[]).with_deflate(config);
    let upgrade = Upgrade {
        host: "h",
        target: "/",
        key: &key,
        subprotocols: &[],
        deflate: Some(&config),
        origin: None,
        headers: &[],
    };
    let mut head = Vec::new();
    write_request(&upgrade, &mut head).unwrap();
    let mut requests = RequestReader::new(HandshakeConfig::default());
    assert_eq!(requests.handle_bytes(&head), head.len());
    let request = requests.poll_event().unwrap().unwrap();
    let mut out = Vec::new();
    accept(&request, None, None, &mut out).unwrap();
    out.truncate(out.len() - 2);
    if !answer.is_empty() {
        out.extend_from_slice(format!("Sec-WebSocket-Extensions: {answer}\r\n").as_bytes());
    }
    out.extend_from_slice(b"\r\n");
    assert_eq!(reader.handle_bytes(&out), out.len());
    reader.poll_event().unwrap().map(|response: Response| response.deflate())
}

#[test]
fn a_client_takes_what_the_server_chose() {
    let client = DeflateConfig::client();
    let agreed = |send, receive| Ok(Some(Agreement { send, receive }));
    assert_eq!(conclude(client, ""), Ok(None));
    assert_eq!(conclude(client, "permessage-deflate"), agreed(window(15, true), window(15, true)));
    assert_eq!(
        conclude(
            client,
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; \
             server_max_window_bits=\"8\"; client_max_window_bits=9"
        ),
        agreed(window(9, false), window(8, false))
    );
    let narrow = DeflateConfig { send: window(11, false), ..client };
    assert_eq!(
        conclude(narrow, "permessage-deflate; client_max_window_bits=12"),
        agreed(window(11, false), window(15, true))
    );
}

#[test]
fn an_answer_that_is_not_in_order_fails_the_handshake() {
    let client = DeflateConfig::client();
    let held = DeflateConfig { receive: window(10, false), ..client };
    for (config, answer, fault) in [
        (client, "x-other", HeaderFault::Unsupported),
        (client, "permessage-deflate, permessage-deflate", HeaderFault::Duplicate),
        (client, "permessage-deflate; unknown", HeaderFault::Unsupported),
        (client, "permessage-deflate; client_max_window_bits", HeaderFault::Unsupported),
        (client, "permessage-deflate; client_max_window_bits=7", HeaderFault::Unsupported),
        (
            client,
            "permessage-deflate; server_max_window_bits=9; server_max_window_bits=9",
            HeaderFault::Unsupported,
        ),
        // What was demanded was not accepted.
        (held, "permessage-deflate; server_no_context_takeover", HeaderFault::Unsupported),
        (held, "permessage-deflate; server_max_window_bits=10", HeaderFault::Unsupported),
        (
            held,
            "permessage-deflate; server_max_window_bits=11; server_no_context_takeover",
            HeaderFault::Unsupported,
        ),
    ] {
        let fault = HandshakeError::header("Sec-WebSocket-Extensions", fault);
        assert_eq!(conclude(config, answer), Err(fault), "{answer}");
    }
}

#[test]
fn two_ends_of_ours_agree_on_the_same() {
    let windows = [window(9, true), window(9, false), window(12, true), window(15, true)];
    for (server, client) in windows.iter().flat_map(|a| windows.iter().map(move |b| (*a, *b))) {
        let server = DeflateConfig { send: server, receive: client, ..DeflateConfig::server() };
        let client =
            DeflateConfig { send: server.send, receive: client, ..DeflateConfig::client() };
        let Some((line, at_server)) = answer(&server, &Agreement::offer(&client).unwrap()) else {
            assert!(client.send.takeover && !server.receive.takeover, "nobody gave it up");
            continue;
        };
        let at_client = conclude(client, &line).unwrap().unwrap();
        for (from, to) in [(at_server.send, at_client.receive), (at_client.send, at_server.receive)]
        {
            assert!(from.bits <= to.bits && (to.takeover || !from.takeover), "{line}");
        }
    }
}

#[test]
fn only_what_was_offered_can_be_accepted() {
    let agreed = |send, receive| Agreement { send, receive };
    let (all, none) = (window(15, true), window(15, false));
    for (offers, agreed, allowed) in [
        ("", agreed(all, all), false),
        ("Sec-WebSocket-Extensions: other\r\n", agreed(all, all), false),
        ("Sec-WebSocket-Extensions: permessage-deflate\r\n", agreed(all, all), true),
        ("Sec-WebSocket-Extensions: permessage-deflate\r\n", agreed(all, window(9, true)), false),
        (
            "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n",
            agreed(all, all),
            false,
        ),
        (
            "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover\r\n",
            agreed(none, all),
            true,
        ),
        (
            "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n",
            agreed(all, all),
            false,
        ),
        (
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10\r\n",
            agreed(all, all),
            false,
        ),
        (
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n",
            agreed(all, window(9, true)),
            true,
        ),
    ] {
        let mut out = Vec::new();
        let accepted = accept(&request(offers).unwrap(), None, Some(agreed), &mut out);
        let expected = if allowed { Ok(()) } else { Err(HeadError::NotOffered) };
        assert_eq!(accepted, expected, "{offers}");
        assert_eq!(out.is_empty(), !allowed);
    }
}
