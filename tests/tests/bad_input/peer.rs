//! A peer that speaks by hand, byte by byte.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use pamlink::frame::{FrameConfig, FrameEvent, Reader, Role, Writer};
use pamlink::seed::Seed;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::house::{House, token, within};

/// A connection that can be made to say anything.
pub(crate) struct Peer {
    pub(crate) socket: TcpStream,
    pub(crate) writer: Writer,
    reader: Reader,
}

/// What a peer hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    Text(String),
    Pong(usize),
    /// A close frame: its code and reason.
    Close(u16, String),
    /// The connection ended.
    End,
}

/// The head of an upgrade of this target.
pub(crate) fn upgrade(target: &str) -> String {
    format!(
        "GET {target} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// The target of a user.
pub(crate) fn target(user: &str, token: &str) -> String {
    format!("/api/v1/pam/ws/{user}?token={token}")
}

impl Peer {
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        let socket = within(TcpStream::connect(addr)).await.unwrap();
        socket.set_nodelay(true).unwrap();
        Self::of(socket)
    }

    pub(crate) fn of(socket: TcpStream) -> Self {
        Self {
            socket,
            writer: Writer::client(Seed::from_number(3)),
            reader: Reader::new(Role::Client, FrameConfig::default()),
        }
    }

    /// Connects with a token, and reads the head of the answer.
    pub(crate) async fn present(addr: SocketAddr, user: &str, token: &str) -> Self {
        let mut peer = Self::connect(addr).await;
        peer.say(upgrade(&target(user, token)).as_bytes()).await.unwrap();
        let head = peer.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        peer
    }

    /// Connects as a user with a good token, and reads the welcome.
    pub(crate) async fn welcomed(house: &House, user: &str) -> Self {
        let mut peer = Self::present(house.addr, user, &token(user, 3_600)).await;
        let welcome = peer.reply().await;
        assert!(welcome.contains("connected"), "{welcome}");
        peer
    }

    pub(crate) async fn say(&mut self, bytes: &[u8]) -> io::Result<()> {
        within(self.socket.write_all(bytes)).await
    }

    pub(crate) async fn text(&mut self, text: &str) -> io::Result<()> {
        let mut frame = Vec::new();
        self.writer.text(text, &mut frame).unwrap();
        self.say(&frame).await
    }

    /// The head of an HTTP answer. What comes after it stays in the socket.
    pub(crate) async fn head(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match within(self.socket.read_u8()).await {
                Ok(byte) => head.push(byte),
                Err(_) => break,
            }
        }
        String::from_utf8(head).unwrap()
    }

    /// All of an HTTP answer, up to the end of the connection.
    pub(crate) async fn answer(&mut self) -> String {
        let mut answer = Vec::new();
        // A reset after the answer is the price of saying more than the server wants to read.
        let _ = within(self.socket.read_to_end(&mut answer)).await;
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// The next thing said.
    pub(crate) async fn hear(&mut self) -> Heard {
        let mut bytes = [0; 4_096];
        loop {
            match self.reader.poll_event() {
                Some(FrameEvent::Text(text)) => return Heard::Text(text.to_owned()),
                Some(FrameEvent::Pong(payload)) => return Heard::Pong(payload.len()),
                Some(FrameEvent::Close(frame)) => {
                    let frame = frame.map(|it| (it.code.as_u16(), it.reason.to_owned()));
                    let (code, reason) = frame.unwrap_or((1005, String::new()));
                    return Heard::Close(code, reason);
                }
                Some(FrameEvent::Failed(error)) => panic!("the server broke the protocol: {error}"),
                Some(_) => {}
                None => match within(self.socket.read(&mut bytes)).await {
                    Ok(0) | Err(_) => return Heard::End,
                    Ok(n) => self.reader.handle_bytes(&bytes[..n]).unwrap(),
                },
            }
        }
    }

    /// All that is said up to the close frame or the end, and that.
    pub(crate) async fn until_close(&mut self) -> (Vec<String>, Heard) {
        let mut texts = Vec::new();
        loop {
            match self.hear().await {
                Heard::Text(text) => texts.push(text),
                Heard::Pong(_) => {}
                end => return (texts, end),
            }
        }
    }

    /// The next text that is no ping. A pong that nobody asked for follows each upgrade.
    pub(crate) async fn reply(&mut self) -> String {
        loop {
            match self.hear().await {
                Heard::Text(text) if text.starts_with(r#"{"type":"ping""#) => {}
                Heard::Pong(0) => {}
                Heard::Text(text) => return text,
                other => panic!("no text but {other:?}"),
            }
        }
    }

    /// Ends with a reset instead of a close frame.
    pub(crate) fn reset(self) {
        reset(self.socket);
    }
}

/// Resets a connection.
pub(crate) fn reset(socket: TcpStream) {
    socket.set_zero_linger().unwrap();
    drop(socket);
}

/// A moment in which the server may do what it is not supposed to.
pub(crate) async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(50)).await;
}
