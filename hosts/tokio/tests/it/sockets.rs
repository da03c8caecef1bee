//! What is not a conversation: TLS, plain HTTP, peers that stall.

use std::path::PathBuf;
use std::time::Duration;

use crate::common::{config, retrying, start, within};
use pamlink::frame::handshake;
use pamlink::hub::Hub;
use pamlink::link::{Class, Token};
use pamlink_tokio::{Client, ClientConfig, Handler, HttpResponse, Reply, Request, tls};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

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
    assert_eq!(within(retrying(&wary)).await, Class::Network);
    assert_eq!(server.handle.users(), 1);
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
    assert_eq!(within(retrying(&client)).await, Class::Network);
    server.stop().await;
}
