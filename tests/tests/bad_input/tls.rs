//! What is said to a port that expects TLS.

use std::path::PathBuf;
use std::time::Duration;

use pamlink_tokio::{ClientConfig, tls};

use crate::house::{House, config};
use crate::peer::{Peer, upgrade};

/// A certificate for `localhost` and its key, as files of this name.
fn certificate(name: &str) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let files = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    std::fs::write(&files.0, made.cert.pem()).unwrap();
    std::fs::write(&files.1, made.signing_key.serialize_pem()).unwrap();
    files
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_tls_is_sent_away_and_counted() {
    let (chain, key) = certificate("bad-input");
    let mut config = config();
    config.tls = Some(tls::server(&chain, &key).unwrap());
    config.hub.link.patience.handshake = Duration::from_millis(1_500);
    let mut witness = ClientConfig::default();
    witness.tls = Some(tls::client_trusting(&chain).unwrap());
    let house = House::with_witness(config, "wss://localhost", witness).await;

    let plain = upgrade("/api/v1/pam/ws/ann?token=x");
    let hello = [22, 3, 1, 0xff, 0xff, 1, 0, 0xff, 0xfb, 3, 3];
    let garbage: &[&[u8]] =
        &[plain.as_bytes(), &[0; 4_096], &[0xff; 100_000], b"\x16\x03\x01\x00\x05hello", &hello];
    for (at, bytes) in garbage.iter().enumerate() {
        let mut peer = Peer::connect(house.addr).await;
        let _ = peer.say(bytes).await;
        let answer = peer.answer().await;
        assert!(!answer.contains("HTTP"), "no plain answer where secrets are expected: {answer}");
        house.counted("pamlink_handshake_failures_total", "", at as u64 + 1).await;
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn peers_that_never_begin_tls_take_places_and_lose_them() {
    let (chain, key) = certificate("silent");
    let mut config = config();
    config.tls = Some(tls::server(&chain, &key).unwrap());
    config.hub.link.patience.handshake = Duration::from_millis(1_500);
    config.hub.max_links = 21;
    let mut witness = ClientConfig::default();
    witness.tls = Some(tls::client_trusting(&chain).unwrap());
    let house = House::with_witness(config, "wss://localhost", witness).await;

    let mut silent = Vec::new();
    for _ in 0..30 {
        silent.push(Peer::connect(house.addr).await);
    }
    // Those that came first make way: nobody is turned away for them.
    house.counted("pamlink_connections_refused_total", "crowded_out", 10).await;
    assert_eq!(house.count("pamlink_connections_refused_total", "full"), 0);
    for mut peer in silent {
        assert_eq!(peer.answer().await, "");
    }
    house.counted("pamlink_handshake_failures_total", "timeout", 20).await;
    house.close().await;
}
