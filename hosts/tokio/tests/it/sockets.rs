//! What is not a conversation: TLS, plain HTTP, peers that stall.

use std::path::PathBuf;
use std::time::Duration;

use crate::common::{config, retrying, start, within};
use pamlink::envelope::Envelope;
use pamlink::frame::{FrameConfig, FrameEvent, Reader, Role, Writer, handshake};
use pamlink::hub::Hub;
use pamlink::link::{CloseClass, Token};
use pamlink::seed::Seed;
use pamlink_tokio::{Client, ClientConfig, Handler, HttpResponse, Reply, Request, tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// A certificate for `localhost` and its key, as files of this name.
fn certificate(name: &str) -> (PathBuf, PathBuf) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let files = (folder.join(format!("{name}.pem")), folder.join(format!("{name}.key")));
    std::fs::write(&files.0, made.cert.pem()).unwrap();
    std::fs::write(&files.1, made.signing_key.serialize_pem()).unwrap();
    files
}

#[tokio::test]
async fn tls_carries_a_conversation_and_refuses_a_stranger() {
    let (chain, key) = certificate("conversation");
    let mut config = config();
    config.tls = Some(tls::server(&chain, &key).unwrap());
    let server = start("127.0.0.1:0", config, async |_: Request| "safely").await;
    let url = format!("wss://localhost:{}/api/v1/pam/ws/ann", server.addr.port());

    let mut trusting = ClientConfig::default();
    trusting.tls = Some(tls::client_trusting(&chain).unwrap());
    let client = Client::start(&url, Token::new("good-ann"), trusting).unwrap();
    assert_eq!(within(client.ask("psst")).await.unwrap().text(), "safely");

    // The world does not know this certificate: the client must not talk to it.
    let wary = Client::start(&url, Token::new("good-ann"), ClientConfig::default()).unwrap();
    assert_eq!(within(retrying(&wary)).await, CloseClass::Network);
    assert_eq!(server.handle.users(), 1);

    // Another certificate holds for who comes from now on.
    let (renewed, key) = certificate("renewed");
    server.handle.set_tls(tls::server(&renewed, &key).unwrap());
    let mut trusting = ClientConfig::default();
    trusting.tls = Some(tls::client_trusting(&renewed).unwrap());
    let later = Client::start(&url, Token::new("good-ann"), trusting).unwrap();
    assert_eq!(within(later.ask("psst")).await.unwrap().text(), "safely");
    assert_eq!(within(client.ask("still?")).await.unwrap().text(), "safely");
    server.stop().await;
}

#[test]
fn tls_names_the_file_that_is_wrong() {
    let (chain, key) = certificate("files");
    let missing = chain.with_extension("missing");
    let fault = |certificates, key| tls::server(certificates, key).unwrap_err().to_string();
    assert!(fault(&missing, &key).contains("files.missing"));
    assert!(fault(&chain, &missing).contains("files.missing"));
    assert!(fault(&key, &key).contains("no certificate"));
    let (_, other) = certificate("other");
    assert!(fault(&chain, &other).contains("files.pem"));
}

/// Serves `/health`.
struct Healthy;

impl Handler for Healthy {
    async fn handle(&self, _: Request) -> Reply {
        Reply::from("ok")
    }

    fn http(&self, request: &handshake::Request, hub: &Hub) -> HttpResponse {
        match request.path() {
            "/health" => HttpResponse::text(200, &format!("links {}\n", hub.links())),
            _ => HttpResponse::text(404, "not found\n"),
        }
    }
}

async fn http(addr: std::net::SocketAddr, request: &str) -> String {
    let mut socket = TcpStream::connect(addr).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    within(socket.read_to_string(&mut response)).await.unwrap();
    response
}

#[tokio::test]
async fn plain_http_is_the_programs_to_answer() {
    let server = start("127.0.0.1:0", config(), Healthy).await;
    let found = http(server.addr, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(found.starts_with("HTTP/1.1 200 "), "{found}");
    assert!(found.ends_with("links 1\n"), "{found}");
    let missing = http(server.addr, "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(missing.starts_with("HTTP/1.1 404 "), "{missing}");
    let refused = http(server.addr, "NONSENSE\r\n\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 400 "), "{refused}");
    server.stop().await;
}

#[tokio::test]
async fn a_peer_that_never_finishes_its_handshake_is_let_go() {
    let mut config = config();
    config.hub.link.patience.handshake = Duration::from_millis(50);
    let server = start("127.0.0.1:0", config, async |_: Request| "ok").await;
    let mut socket = TcpStream::connect(server.addr).await.unwrap();
    socket.write_all(b"GET /api/v1/pam/ws/ann?token=good-ann HTTP/1.1\r\n").await.unwrap();
    let mut rest = Vec::new();
    within(socket.read_to_end(&mut rest)).await.unwrap();
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408 "));
    server.stop().await;
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let (chain, key) = certificate("names");
    let mut config = config();
    config.tls = Some(tls::server(&chain, &key).unwrap());
    let server = start("127.0.0.1:0", config, async |_: Request| "ok").await;
    let mut trusting = ClientConfig::default();
    trusting.tls = Some(tls::client_trusting(&chain).unwrap());
    let url = format!("wss://127.0.0.1:{}/api/v1/pam/ws/ann", server.addr.port());
    let client = Client::start(&url, Token::new("good-ann"), trusting).unwrap();
    assert_eq!(within(retrying(&client)).await, CloseClass::Network);
    server.stop().await;
}

/// Twice this and the rest of the frame are just within the largest message.
const LARGE: usize = 500 * 1024;

/// Large if it is asked for with an `l`.
fn answer(mark: char) -> String {
    mark.to_string().repeat(if mark == 'l' { LARGE } else { 10 })
}

#[tokio::test]
async fn a_large_answer_arrives_whole_at_a_peer_that_reads_in_sips() {
    let server = start("127.0.0.1:0", config(), async |request: Request| {
        answer(request.text().chars().next().unwrap_or_default())
    })
    .await;

    // So little room that the server's writes are cut again and again.
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(32 * 1024).unwrap();
    let mut socket = socket.connect(server.addr).await.unwrap();
    let request = "GET /api/v1/pam/ws/ann?token=good-ann HTTP/1.1\r\nHost: h\r\n\
        Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
        Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let mut asked = request.as_bytes().to_vec();
    let mut writer = Writer::client(Seed::from_number(1));
    for mark in ["s", "l", "s"] {
        let request = format!(r#"{{"type":"chat","message":"{mark}"}}"#);
        writer.text(&request, &mut asked).unwrap();
    }
    socket.write_all(&asked).await.unwrap();

    let mut sip = vec![0; 3001];
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(within(socket.read_u8()).await.unwrap());
    }
    let mut frames = FrameConfig::default();
    (frames.max_frame, frames.max_message) = (3 * LARGE, 3 * LARGE);
    let mut reader = Reader::new(Role::Client, frames);
    let mut answers = Vec::new();
    while answers.len() < 3 {
        let n = within(socket.read(&mut sip)).await.unwrap();
        assert_ne!(n, 0, "the server hung up");
        reader.handle_bytes(&sip[..n]).unwrap();
        while let Some(event) = reader.poll_event() {
            let text = match event {
                FrameEvent::Text(text) => text,
                // Follows the 101 after a moment.
                FrameEvent::Pong(_) => continue,
                _ => panic!("{event:?}"),
            };
            let envelope = Envelope::parse(text, u8::MAX).unwrap();
            if envelope.kind().as_str() == "chat_response" {
                answers.push(text.to_owned());
            }
        }
    }
    for (mark, text) in ['s', 'l', 's'].into_iter().zip(answers) {
        let whole = format!("\"{}\"", answer(mark));
        assert!(text.contains(&whole), "{} bytes, {mark}", text.len());
    }
    drop(socket);
    server.stop().await;
}
