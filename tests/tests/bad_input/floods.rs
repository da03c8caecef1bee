//! Peers that say too much, too little, or never listen.

use std::time::Duration;

use pamlink::frame::MessageKind;
use tokio::net::TcpSocket;

use crate::house::{House, PATIENCE, config, token, within};
use crate::peer::{Heard, Peer, target, upgrade};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_pings_are_counted_and_the_last_is_answered() {
    let house = House::open().await;
    let mut peer = Peer::welcomed(&house, "ann").await;
    let mut flood = Vec::new();
    for _ in 0..10_000 {
        peer.writer.ping(&[b'p'; 100], &mut flood).unwrap();
    }
    peer.writer.ping(b"last", &mut flood).unwrap();
    peer.say(&flood).await.unwrap();
    let mut pongs = 0;
    loop {
        match peer.hear().await {
            Heard::Pong(4) => break,
            Heard::Pong(_) => pongs += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(pongs <= 10_000);
    house.counted("pamlink_pings_total", "inbound", 10_001).await;
    drop(peer);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_pings_of_the_dialect_are_answered() {
    let house = House::open().await;
    let mut peer = Peer::welcomed(&house, "ann").await;
    for _ in 0..100 {
        let mut flood = Vec::new();
        for _ in 0..100 {
            peer.writer.text(r#"{"type":"ping"}"#, &mut flood).unwrap();
        }
        peer.say(&flood).await.unwrap();
        for _ in 0..100 {
            assert!(peer.reply().await.starts_with(r#"{"type":"pong""#));
        }
    }
    house.counted("pamlink_pings_total", "inbound", 10_000).await;
    drop(peer);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_sends_and_never_reads_is_sent_away_within_its_bound() {
    let house = House::open().await;
    let mut peer = deaf(&house, "ann").await;
    let mut flood = Vec::new();
    for _ in 0..1_000 {
        peer.writer.text(r#"{"type":"ping","id":"0123456789"}"#, &mut flood).unwrap();
    }
    // Every ping makes a pong, and nobody takes them.
    within(async { while peer.say(&flood).await.is_ok() {} }).await;
    house.counted("pamlink_overflow_total", "closed", 1).await;
    house.only_the_witness().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pushes_to_a_peer_that_never_listens_end_its_link_and_not_the_server() {
    let house = House::open().await;
    let peer = deaf(&house, "ann").await;
    let text = format!(r#"{{"type":"proactive_alert","text":"{}"}}"#, "x".repeat(10_000));
    let mut queued = 0;
    let began = std::time::Instant::now();
    loop {
        let push = house.handle.push("ann", &text).unwrap();
        queued += push.queued;
        if push.is_absent() {
            break;
        }
        assert!(queued < 4_000, "{queued} pushes fit");
        assert!(began.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
    println!("{queued} pushes of 10 kB were queued");
    house.counted("pamlink_overflow_total", "closed", 1).await;
    house.counted("pamlink_closes_total", "server_unavailable", 1).await;
    drop(peer);
    house.close().await;
}

/// A welcomed peer with a small receive buffer that will not be read.
async fn deaf(house: &House, user: &str) -> Peer {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut peer = Peer::of(socket.connect(house.addr).await.unwrap());
    peer.say(upgrade(&target(user, &token(user, 3_600))).as_bytes()).await.unwrap();
    assert!(peer.head().await.starts_with("HTTP/1.1 101 "));
    assert!(matches!(peer.hear().await, Heard::Text(_)));
    peer
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_sends_a_byte_at_a_time_is_served_like_any_other() {
    let house = House::open().await;
    let mut peer = Peer::connect(house.addr).await;
    let head = upgrade(&target("ann", &token("ann", 3_600)));
    let mut bytes = head.into_bytes();
    for at in 0..10 {
        let chat = format!(r#"{{"type":"chat","id":{at},"message":"slowly \u20ac €"}}"#);
        let piece = chat.len() / 2;
        // Not on the border of a character: pieces are bytes.
        peer.writer
            .fragment(MessageKind::Text, false, &chat.as_bytes()[..piece], &mut bytes)
            .unwrap();
        peer.writer.ping(b"between", &mut bytes).unwrap();
        peer.writer
            .fragment(MessageKind::Text, true, &chat.as_bytes()[piece..], &mut bytes)
            .unwrap();
    }
    for byte in bytes {
        peer.say(&[byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert!(peer.head().await.starts_with("HTTP/1.1 101 "));
    let mut answers = 0;
    while answers < 10 {
        match peer.hear().await {
            Heard::Text(text) if text.contains("echo slowly € €") => answers += 1,
            Heard::Text(text) => assert!(text.contains("connected"), "{text}"),
            Heard::Pong(7) => {}
            other => panic!("{other:?}"),
        }
    }
    drop(peer);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_in_four_thousand_pieces_is_one_message() {
    let house = House::open().await;
    let mut peer = Peer::welcomed(&house, "ann").await;
    let chat = format!(r#"{{"type":"chat","id":1,"message":"{}"}}"#, "y".repeat(3_000));
    let mut flood = Vec::new();
    let last = chat.len() - 1;
    for (at, byte) in chat.bytes().enumerate() {
        peer.writer.fragment(MessageKind::Text, at == last, &[byte], &mut flood).unwrap();
    }
    for _ in 0..5 {
        peer.say(&flood).await.unwrap();
        assert!(peer.reply().await.contains("echo yyy"));
    }
    drop(peer);
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_falls_silent_is_found_out() {
    let mut config = config();
    config.hub.link.heartbeat.interval = Duration::from_millis(500);
    config.hub.link.heartbeat.deadline = Duration::from_millis(500);
    config.hub.link.heartbeat.probe = Duration::from_secs(5);
    let house = House::with(config).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(Peer::welcomed(&house, "ann").await);
    }
    // Half open: they neither read nor write nor end, as after a pulled plug.
    house.counted("pamlink_closes_total", "timeout", 20).await;
    for mut peer in silent {
        let (_, end) = peer.until_close().await;
        assert_eq!(end, Heard::Close(1001, "Ping timeout".to_owned()));
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn links_that_are_reset_while_they_are_answered_leave_nothing() {
    let house = House::open().await;
    let mut ends = 0;
    for round in 0..50 {
        let mut peer = Peer::welcomed(&house, &format!("user-{round}")).await;
        let mut flood = Vec::new();
        for at in 0..20 {
            let chat = format!(r#"{{"type":"chat","id":{at},"message":"gone"}}"#);
            peer.writer.text(&chat, &mut flood).unwrap();
        }
        let _ = peer.say(&flood).await;
        peer.reset();
        ends += 1;
    }
    house.counted("pamlink_closes_total", "network", ends).await;
    house.only_the_witness().await;
    let empty = async {
        while house.handle.users() > 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    within(empty).await;
    house.close().await;
}

/// One link sends as much as it can; the witness must not starve. How slow its slowest answer was
/// is printed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_on_one_link_starves_no_other() {
    let house = House::open().await;
    let mut peer = Peer::welcomed(&house, "ann").await;
    let mut flood = Vec::new();
    while flood.len() < 1 << 20 {
        peer.writer.text(r#"{"type":"pong"}"#, &mut flood).unwrap();
    }
    for _ in 0..20 {
        peer.say(&flood).await.unwrap();
    }
    drop(peer);
    house.close().await;
}
