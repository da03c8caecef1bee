use super::*;
use crate::frame::{FrameConfig, FrameEvent, Reader};
use crate::time::Wall;

const REQUEST: &[u8] =
    b"GET /api/v1/pam/ws/u?token=t HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

fn at(millis: u64) -> Now {
    let wall = Wall::from_unix_millis(1_800_000_000_000 + i64::try_from(millis).unwrap());
    Now::new(Mono::from_millis(millis), wall)
}

fn link(config: LinkConfig) -> ServerLink {
    ServerLink::new(&Arc::new(config), Seed::from_number(1), at(0))
}

fn open(config: LinkConfig) -> ServerLink {
    let mut link = link(config);
    link.handle_bytes(at(0), REQUEST).unwrap();
    assert!(matches!(link.poll_event(), Some(LinkEvent::Request(_))));
    link.accept(at(0), None).unwrap();
    assert!(written(&mut link).starts_with(b"HTTP/1.1 101 "));
    link
}

fn written(link: &mut ServerLink) -> Vec<u8> {
    let mut out = Vec::new();
    while link.poll_transmit(&mut out).more {}
    out
}

fn client() -> Writer {
    Writer::client(Seed::from_number(2))
}

#[test]
fn an_idle_link_is_small_and_holds_no_buffer() {
    assert!(size_of::<ServerLink>() <= 512, "{} bytes", size_of::<ServerLink>());
    let mut link = open(LinkConfig::server());
    let mut bytes = Vec::new();
    client().text("hello", &mut bytes).unwrap();
    link.handle_bytes(at(1), &bytes).unwrap();
    assert_eq!(link.poll_event(), Some(LinkEvent::Text("hello")));
    assert_eq!(link.poll_event(), None);
    link.handle_timeout(at(21_000));
    let _ = written(&mut link);
    assert_eq!(link.connection.reader().capacity(), 0);
    assert!(link.opening.is_none() && link.end.is_none());
}

#[test]
fn a_request_counts_for_the_memory_of_its_link() {
    let mut link = link(LinkConfig::server());
    let empty = link.memory();
    let (line, rest) =
        REQUEST.split_at(REQUEST.iter().position(|byte| *byte == b'\n').unwrap() + 1);
    link.handle_bytes(at(0), line).unwrap();
    link.handle_bytes(at(0), &[&b"X: "[..], &[b'x'; 7_000]].concat()).unwrap();
    assert!(link.memory() >= empty + 7_000, "{} and {}", empty, link.memory());
    link.handle_bytes(at(0), &[b"\r\n", rest].concat()).unwrap();
    assert!(link.memory() >= empty + 7_000, "before it is told");
    assert!(matches!(link.poll_event(), Some(LinkEvent::Request(_))));
    assert!(link.memory() >= empty + 7_000, "until it is answered");
    link.accept(at(0), None).unwrap();
    let _ = written(&mut link);
    assert!(link.memory() < empty + 1_000, "{}", link.memory());
}

#[test]
fn messages_flow_both_ways_and_pings_are_answered_by_the_newest_pong_alone() {
    let mut link = open(LinkConfig::server());
    let mut bytes = Vec::new();
    let mut writer = client();
    for payload in [&b"1"[..], b"2", b"3"] {
        writer.ping(payload, &mut bytes).unwrap();
    }
    writer.binary(b"\x01\x02", &mut bytes).unwrap();
    for byte in bytes {
        link.handle_bytes(at(1), &[byte]).unwrap();
    }
    assert_eq!(link.poll_event(), Some(LinkEvent::Binary(b"\x01\x02")));
    assert_eq!(link.poll_event(), None);
    link.send_text(at(2), "answer").unwrap();
    let shared: Arc<[u8]> = Arc::from(*b"hi");
    link.send_shared(at(2), shared).unwrap();
    let mut reader = Reader::new(Role::Client, FrameConfig::default());
    reader.handle_bytes(&written(&mut link)).unwrap();
    assert_eq!(reader.poll_event(), Some(FrameEvent::Pong(b"3")));
    assert_eq!(reader.poll_event(), Some(FrameEvent::Text("answer")));
    assert_eq!(reader.poll_event(), Some(FrameEvent::Text("hi")));
    assert_eq!(reader.poll_event(), None);
}

#[test]
fn a_slow_loris_has_ten_seconds_for_its_request_however_steadily_it_drips() {
    let mut link = link(LinkConfig::server());
    for (second, byte) in (0..).zip(REQUEST) {
        link.handle_bytes(at(second * 1_000), &[*byte]).unwrap();
        link.handle_timeout(at(second * 1_000));
        if link.phase() == ServerPhase::Closed {
            assert_eq!(second, 10);
            break;
        }
    }
    assert!(written(&mut link).starts_with(b"HTTP/1.1 408 "));
    let Some(LinkEvent::Closed(closed)) = link.poll_event() else { panic!("no end") };
    assert_eq!((closed.class, closed.clean), (CloseClass::Timeout, false));
    assert_eq!(closed.cause, &Cause::Timeout(TimerReason::Handshake));
    assert_eq!(link.poll_event(), None);
}

#[test]
fn a_peer_that_does_not_read_is_closed_with_1013_and_what_it_missed_is_counted() {
    let mut config = LinkConfig::server();
    config.outbox.max_bytes = 1_000;
    let mut link = open(config);
    let text = "x".repeat(400);
    for _ in 0..3 {
        link.send_text(at(1), &text).unwrap();
    }
    assert!(matches!(link.send_text(at(1), &text), Err(LinkSendError::Full { .. })));
    assert_eq!(link.state(), State::Closing);
    let overflowed = Overflowed { policy: Overflow::Close, messages: 1, bytes: 404 };
    assert_eq!(link.poll_event(), Some(LinkEvent::Overflowed(overflowed)));
    let mut reader = Reader::new(Role::Client, FrameConfig::default());
    reader.handle_bytes(&written(&mut link)).unwrap();
    let Some(FrameEvent::Close(Some(close))) = reader.poll_event() else {
        panic!("no close frame")
    };
    assert_eq!(close.code, CloseCode::TRY_AGAIN_LATER);
    link.handle_timeout(at(6_001));
    let Some(LinkEvent::Closed(closed)) = link.poll_event() else { panic!("no end") };
    assert_eq!((closed.unsent, closed.cause), (3, &Cause::Overflow));
}

#[test]
fn what_was_sent_before_a_close_goes_out_before_it() {
    let mut link = open(LinkConfig::server());
    link.send_text(at(1), "last words").unwrap();
    link.close(at(1), CloseCode::SERVICE_RESTART, &"ü".repeat(100));
    assert_eq!(link.send_text(at(1), "too late"), Err(LinkSendError::NotOpen));
    let mut reader = Reader::new(Role::Client, FrameConfig::default());
    reader.handle_bytes(&written(&mut link)).unwrap();
    assert_eq!(reader.poll_event(), Some(FrameEvent::Text("last words")));
    let Some(FrameEvent::Close(Some(close))) = reader.poll_event() else {
        panic!("no close frame")
    };
    assert_eq!((close.code.as_u16(), close.reason), (1012, &*"ü".repeat(61)));
}

#[test]
fn no_token_shows_in_a_request_a_reason_or_a_link() {
    let mut link = link(LinkConfig::server());
    let request = core::str::from_utf8(REQUEST).unwrap().replace("token=t", "token=hidden");
    link.handle_bytes(at(0), request.as_bytes()).unwrap();
    assert!(!format!("{link:?}").contains("hidden"));
    let Some(LinkEvent::Request(request)) = link.poll_event() else { panic!("no request") };
    assert!(request.target().contains("hidden"));
    assert!(!format!("{request:?}").contains("hidden"));
    link.accept(at(0), None).unwrap();
    let mut bytes = Vec::new();
    client().close(CloseCode::NORMAL, "bad token=hidden eyJhidden.e.s", &mut bytes).unwrap();
    link.handle_bytes(at(1), &bytes).unwrap();
    let Some(LinkEvent::Closed(closed)) = link.poll_event() else { panic!("no end") };
    assert_eq!(closed.reason, "bad token=*** ***");
}

#[test]
fn bytes_that_drip_in_are_not_shown_by_debug_either() {
    let mut link = link(LinkConfig::server());
    link.handle_bytes(at(0), b"GET /api/v1/pam/ws/u?token=hidden").unwrap();
    let shown = format!("{link:?}");
    let decimal = format!("{:?}", b"hidden");
    assert!(!shown.contains("hidden") && !shown.contains(decimal.trim_matches(['[', ']'])));
}

#[test]
fn a_head_request_gets_the_head_of_the_answer_and_no_body() {
    let ask = |method: &str, answer: &dyn Fn(&mut ServerLink)| {
        let mut link = link(LinkConfig::server());
        let request = format!("{method} /health HTTP/1.1\r\nHost: h\r\n\r\n");
        link.handle_bytes(at(0), request.as_bytes()).unwrap();
        answer(&mut link);
        let mut out = Vec::new();
        assert!(link.poll_transmit(&mut out).close_transport);
        String::from_utf8(out).unwrap()
    };
    let answers: [&dyn Fn(&mut ServerLink); 4] = [
        &|link| link.respond(at(1), 200, &[("Content-Type", "text/plain")], b"fine").unwrap(),
        &|link| link.reject(at(1), 404, "none").unwrap(),
        &|link| link.close(at(1), CloseCode::SERVICE_RESTART, "away"),
        &|link| link.handle_timeout(at(10_000)),
    ];
    for answer in answers {
        let (got, head) = (ask("GET", answer), ask("HEAD", answer));
        let end = got.find("\r\n\r\n").unwrap() + 4;
        assert_eq!(head, got[..end], "the same head");
    }
    let faulty = "HEAD / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n\r\n";
    let mut link = link(LinkConfig::server());
    link.handle_bytes(at(0), faulty.as_bytes()).unwrap();
    let answer = String::from_utf8(written(&mut link)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.ends_with("\r\n\r\n"), "{answer}");
}
