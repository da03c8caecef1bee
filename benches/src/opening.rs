//! The opening handshake of a load generator, over a plain TCP socket.

use std::net::SocketAddr;

use anyhow::{Result, ensure};
use memchr::memmem;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// The user of the load generator's client of this number.
pub fn user(number: usize) -> String {
    format!("7b1e0c52-3f4a-4d1b-9a55-{number:012}")
}

/// Where the `pam` dialect is spoken, with the token.
pub fn target(user: &str, token: &str) -> String {
    format!("/api/v1/pam/ws/{user}?token={token}")
}

/// Connects and is upgraded; also gives what has come behind the answer already.
///
/// # Errors
///
/// There is no connection, it ends in the handshake, or the status is not 101.
pub async fn open(server: SocketAddr, target: &str) -> Result<(TcpStream, Vec<u8>)> {
    let mut stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {server}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut unread = Vec::with_capacity(4_096);
    let head = loop {
        ensure!(stream.read_buf(&mut unread).await? > 0, "closed in the handshake");
        if let Some(end) = memmem::find(&unread, b"\r\n\r\n") {
            break end + 4;
        }
    };
    let status = String::from_utf8_lossy(&unread[..head.min(12)]).into_owned();
    ensure!(status.ends_with("101"), "{status}");
    unread.drain(..head);
    Ok((stream, unread))
}
