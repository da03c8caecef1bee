//! Peers that have shown no good token, and what they cost the others.

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

use crate::common::{Good, client, config, start, within};
use pamlink::hub::Auth;
use pamlink::link::{AuthError, Claims, Verify};
use pamlink::time::Wall;
use pamlink_tokio::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Takes as long as it is made to for a token that is forged.
struct Slow {
    begun: Mutex<Sender<()>>,
    go: Mutex<Receiver<()>>,
}

impl Verify for Slow {
    fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError> {
        if token == "forged" {
            // The test waits for the first alone, and lets all go at once.
            let _ = self.begun.lock().unwrap().send(());
            let _ = self.go.lock().unwrap().recv();
        }
        Good.verify(token, now)
    }
}

/// A peer that shows a token that nobody signed.
async fn forge(addr: std::net::SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let request = "GET /api/v1/pam/ws/eve?token=forged HTTP/1.1\r\nHost: h\r\n\
        Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_signature_that_takes_for_ever_keeps_no_conversation_waiting() {
    let (begun, beginning) = channel();
    let (go, gone) = channel();
    let slow = Slow { begun: Mutex::new(begun), go: Mutex::new(gone) };
    let mut config = config();
    config.auth = Auth::Verifier(Box::new(slow));
    let server = start("127.0.0.1:0", config, async |_: Request| "at once").await;
    let ann = client(&server.url("ann"), "ann");
    assert_eq!(within(ann.ask("before")).await.unwrap().text(), "at once");

    let mut forged = Vec::new();
    for _ in 0..8 {
        forged.push(forge(server.addr).await);
    }
    let begun = tokio::task::spawn_blocking(move || beginning.recv());
    within(begun).await.unwrap().unwrap();
    for _ in 0..20 {
        assert_eq!(within(ann.ask("meanwhile")).await.unwrap().text(), "at once");
    }
    drop(go);
    for mut stream in forged {
        let mut answer = Vec::new();
        within(stream.read_to_end(&mut answer)).await.unwrap();
        let close = [0x0f, 0xa1, b'b', b'a', b'd', b' ', b's'];
        assert!(answer.windows(7).any(|it| it == close), "4001 bad signature: {answer:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn an_address_has_no_more_silent_sockets_than_its_bound() {
    let mut config = config();
    config.hub.max_unauthenticated_per_address = 8;
    let server = start("127.0.0.1:0", config, async |_: Request| "welcome").await;
    let ann = client(&server.url("ann"), "ann");
    within(ann.ask("before")).await.unwrap();
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(TcpStream::connect(server.addr).await.unwrap());
    }
    let ben = client(&server.url("ben"), "ben");
    assert_eq!(within(ben.ask("may I?")).await.unwrap().text(), "welcome");
    // The first of them have made way, and have an answer that says so.
    let mut answer = String::new();
    within(silent[0].read_to_string(&mut answer)).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(server.handle.links() <= 2 + 8, "{}", server.handle.links());
    server.stop().await;
}

/// Reads until the words have come, and leaves without a close frame: the server would wait for it.
async fn hear(mut stream: TcpStream, words: &[u8]) {
    let mut read = Vec::new();
    while !read.windows(words.len()).any(|it| it == words) {
        let more = within(stream.read_buf(&mut read)).await.unwrap();
        assert!(more > 0, "it ends with {read:?}");
    }
}

#[tokio::test]
async fn a_verifier_that_panics_judges_the_next_token_all_the_same() {
    struct Nervous;
    impl Verify for Nervous {
        fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError> {
            assert_ne!(token, "forged", "this is what the test is about");
            Good.verify(token, now)
        }
    }
    let mut config = config();
    config.auth = Auth::Verifier(Box::new(Nervous));
    let server = start("127.0.0.1:0", config, async |_: Request| "in").await;
    for _ in 0..8 {
        hear(forge(server.addr).await, b"verification unavailable").await;
    }
    let ann = client(&server.url("ann"), "ann");
    assert_eq!(within(ann.ask("?")).await.unwrap().text(), "in");
    server.stop().await;
}

#[tokio::test]
async fn another_verifier_decides_from_its_moment_on() {
    let server = start("127.0.0.1:0", config(), async |_: Request| "in").await;
    let ann = client(&server.url("ann"), "ann");
    assert_eq!(within(ann.ask("?")).await.unwrap().text(), "in");
    struct Nobody;
    impl Verify for Nobody {
        fn verify(&self, _: &str, _: Wall) -> Result<Claims, AuthError> {
            Err(AuthError::UnknownKey)
        }
    }
    server.handle.set_auth(Auth::Verifier(Box::new(Nobody)));
    hear(forge(server.addr).await, b"unknown key").await;
    assert_eq!(within(ann.ask("?")).await.unwrap().text(), "in", "who is in stays in");
    server.stop().await;
}
