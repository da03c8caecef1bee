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
    assert_eq!(link.wire.reader.capacity(), 0);
    assert!(link.opening.is_none() && link.end.is_none());
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
    let shared: Arc<[u8]> = Arc::from(*b"\x81\x02hi");
    link.send_frame(at(2), shared).unwrap();
    let mut reader = Reader::new(Role::Client, FrameConfig::default());
    reader.handle_bytes(&written(&mut link)).unwrap();
    assert_eq!(reader.poll_event(), Some(FrameEvent::Pong(b"3")));
    assert_eq!(reader.poll_event(), Some(FrameEvent::Text("answer")));
    assert_eq!(reader.poll_event(), Some(FrameEvent::Text("hi")));
    assert_eq!(reader.poll_event(), None);
}
