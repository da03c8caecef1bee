//! What compression costs a link that has nothing to do, as the allocator sees it.

use std::sync::Arc;
use std::time::Duration;

use pamlink::frame::handshake::{
    HandshakeConfig, ResponseReader, Upgrade, WebSocketKey, write_request,
};
use pamlink::frame::{DeflateConfig, Writer};
use pamlink::hub::{Auth, Event, Hub, HubConfig, LinkId, Reply};
use pamlink::link::{AuthError, Claims, Verify};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::{Mono, Now, Wall};
use pamlink_benches::alloc::{Counting, counted};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const LINKS: u32 = 10_000;
/// Longer than the window that is kept, so that all of it is full.
const TEXT: &str = "How much did I spend on fuel in March, April and May of this year, in all and \
    by month, compared with the same three months of the year before, and how does that compare \
    with what I had planned to spend? Leave out what was for the rented car, and tell me which of \
    the fuel stations was the cheapest in the end, by litre and not by visit. Then put what is \
    left of the plan for the rest of the year into a table, month by month, with the trips that \
    are in my calendar, and say which of them would better be made by train, and what that saves \
    in money and in time, door to door, with the walk to the station counted in.";

#[test]
fn ten_thousand_idle_links_with_compression_hold_at_most_a_kibibyte_more_each() {
    let (plain, compressed) = (each(None), each(Some(DeflateConfig::server())));
    let more = compressed - plain;
    println!("an idle link: {plain} B, with compression {compressed} B");
    assert!(more <= 1024, "{more} bytes more");
    assert!(more >= 512, "the window is not kept: {more} bytes more");
}

/// Bytes that a hub holds for each of so many idle links, the pool's own left out.
fn each(deflate: Option<DeflateConfig>) -> i64 {
    let (hub, memory) = counted(|| idle(deflate));
    let pool = if deflate.is_some() { POOL } else { 0 };
    assert_eq!(hub.links(), LINKS as usize);
    (memory.live - pool) / i64::from(LINKS)
}

/// At most what a pool of one compressor may hold, beside the inflater and its buffer.
const POOL: i64 = 500 * 1024;

/// A hub whose links have all asked, been answered and been pinged.
fn idle(deflate: Option<DeflateConfig>) -> Hub {
    let mut config = HubConfig::default();
    config.link.deflate = deflate;
    config.max_compressors = 1;
    let auth = Auth::Verifier(Box::new(Everybody));
    let mut hub = Hub::new(config, auth, Arc::new(Table::default()), Seed::from_number(1));
    let mut time = Duration::from_secs(1);
    let mut out = Vec::new();
    for number in 0..LINKS {
        open(&mut hub, now(time), number, &mut out);
        time += Duration::from_millis(1);
    }
    let mut pong = Vec::new();
    let mut peer = Writer::client(Seed::from_number(3));
    peer.text(r#"{"type":"pong"}"#, &mut pong).expect("an open writer");
    let end = time + Duration::from_secs(20);
    let mut pinged = 0;
    while let Some(due) = hub.poll_timeout() {
        time = time.max(Duration::from_nanos(due.at.as_nanos()));
        if time > end {
            break;
        }
        hub.handle_timeout(now(time));
        while hub.poll_event().is_some() {}
        while let Some(link) = hub.poll_writable() {
            out.clear();
            let _ = hub.poll_transmit(link, &mut out);
            hub.handle_bytes(now(time), link, &pong).expect("it was drained");
            while hub.poll_event().is_some() {}
            pinged += 1;
        }
    }
    assert!(pinged >= LINKS, "{pinged} links were pinged");
    hub
}

/// Opens a link, asks, and has it answered.
fn open(hub: &mut Hub, now: Now, number: u32, out: &mut Vec<u8>) {
    let link = hub.accept(now).expect("there is room");
    let key = WebSocketKey::from_seed(Seed::from_number(1));
    let client = DeflateConfig::client();
    let target = format!("/api/v1/pam/ws/user{number}?token=user{number}");
    let upgrade = Upgrade {
        host: "localhost",
        target: &target,
        key: &key,
        subprotocols: &[],
        deflate: Some(&client),
        origin: None,
        headers: &[],
    };
    let mut bytes = Vec::new();
    write_request(&upgrade, &mut bytes).expect("a request in order");
    hub.handle_bytes(now, link, &bytes).expect("it was drained");
    while hub.poll_event().is_some() {}
    written(hub, link, out);

    let mut answer =
        ResponseReader::new(HandshakeConfig::default(), &key, &[]).with_deflate(client);
    let _ = answer.handle_bytes(out);
    let answer = answer.poll_event().expect("an answer").expect("an upgrade");
    let mut writer = Writer::client(Seed::from_number(2));
    if let Some(agreed) = answer.deflate() {
        writer.deflate(&client, agreed);
    }
    bytes.clear();
    let chat = format!(r#"{{"type":"chat","id":"q{number}","message":"{TEXT}"}}"#);
    writer.text(&chat, &mut bytes).expect("an open writer");
    assert_eq!(bytes[0] & 0x40 != 0, answer.deflate().is_some(), "it is compressed if agreed");
    hub.handle_bytes(now, link, &bytes).expect("it was drained");
    let mut asked = None;
    while let Some(event) = hub.poll_event() {
        if let Event::Request(request) = event {
            asked = Some(request.request);
        }
    }
    let _ = hub.reply(now, asked.expect("the request"), &Reply::text("42.10")).expect("it runs");
    while hub.poll_event().is_some() {}
    written(hub, link, out);
}

fn written(hub: &mut Hub, link: LinkId, out: &mut Vec<u8>) {
    out.clear();
    while hub.poll_writable().is_some() {}
    while hub.poll_transmit(link, out).more {}
}

fn now(time: Duration) -> Now {
    let nanos = u64::try_from(time.as_nanos()).expect("a short time");
    Now::new(Mono::from_nanos(nanos), Wall::from_unix_secs(1_757_120_000) + time)
}

/// Believes a token that is the name of the user.
struct Everybody;

impl Verify for Everybody {
    fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError> {
        Ok(Claims::new(token, now + Duration::from_secs(3600)))
    }
}
