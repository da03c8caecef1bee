//! One end of a WebSocket over TCP that does what it is told: the frames are the engine's, the
//! conduct is the suite's.

use std::net::SocketAddr;
use std::time::Duration;

use pamlink::frame::handshake::{
    HandshakeConfig, HandshakeError, Request, RequestReader, ResponseReader, Upgrade, WebSocketKey,
    accept, reject, write_request,
};
use pamlink::frame::{CloseCode, FrameConfig, FrameEvent, Reader, Role, Writer};
use pamlink::seed::Seed;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::report::bench::{Dice, Failure};

/// Longer than anything on loopback takes.
const PATIENCE: Duration = Duration::from_secs(5);

/// An open WebSocket.
pub(crate) struct Wire {
    stream: TcpStream,
    reader: Reader,
    writer: Writer,
    out: Vec<u8>,
}

/// What the other end said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// A text message.
    Text(String),
    /// A Close frame, with 1005 for one without a code.
    Close(u16, String),
    /// The transport ended without a Close frame.
    End,
}

/// Why there is no WebSocket.
#[derive(Clone, Debug)]
pub(crate) enum Refused {
    /// The server answered with this HTTP status.
    Status(u16),
    /// Anything else.
    Other(String),
}

impl Wire {
    /// Dials `address` and asks for `target`.
    pub(crate) async fn connect(
        address: SocketAddr,
        target: &str,
        dice: &mut Dice,
    ) -> Result<Self, Refused> {
        let other = |what: String| Refused::Other(what);
        let dialled = timeout(PATIENCE, TcpStream::connect(address)).await;
        let dialled = dialled.map_err(|_| other("no connection in time".into()))?;
        let mut stream = dialled.map_err(|error| other(format!("cannot connect: {error}")))?;
        stream.set_nodelay(true).map_err(|error| other(error.to_string()))?;
        let key = WebSocketKey::from_seed(Seed::from_number(dice.roll()));
        let host = address.to_string();
        let upgrade = Upgrade {
            host: &host,
            target,
            key: &key,
            subprotocols: &[],
            deflate: None,
            origin: None,
            headers: &[],
        };
        let mut out = Vec::new();
        write_request(&upgrade, &mut out).map_err(|error| other(error.to_string()))?;
        stream.write_all(&out).await.map_err(|error| other(error.to_string()))?;

        let mut head = ResponseReader::new(HandshakeConfig::default(), &key, &[]);
        let mut reader = Reader::new(Role::Client, FrameConfig::default());
        let mut buffer = [0; 4096];
        loop {
            let read = timeout(PATIENCE, stream.read(&mut buffer)).await;
            let read = read.map_err(|_| other("no answer to the handshake".into()))?;
            let read = read.map_err(|error| other(error.to_string()))?;
            if read == 0 {
                return Err(other("the server hung up during the handshake".into()));
            }
            let taken = head.handle_bytes(&buffer[..read]);
            match head.poll_event() {
                None => {}
                Some(Ok(_)) => {
                    let rest = reader.handle_bytes(&buffer[taken..read]);
                    rest.map_err(|error| other(error.to_string()))?;
                    break;
                }
                Some(Err(HandshakeError::Refused { status, .. })) => {
                    return Err(Refused::Status(status));
                }
                Some(Err(error)) => return Err(other(error.to_string())),
            }
        }
        let writer = Writer::client(Seed::from_number(dice.roll()));
        out.clear();
        Ok(Self { stream, reader, writer, out })
    }

    /// The same, where a refusal fails the case.
    pub(crate) async fn open(
        address: SocketAddr,
        target: &str,
        dice: &mut Dice,
    ) -> Result<Self, Failure> {
        Self::connect(address, target, dice).await.map_err(|refused| match refused {
            Refused::Status(status) => Failure::new(format!("refused with HTTP {status}")),
            Refused::Other(what) => Failure::new(what),
        })
    }

    /// Sends a text message.
    pub(crate) async fn send(&mut self, text: &str) -> Result<(), Failure> {
        self.writer.text(text, &mut self.out)?;
        self.flush().await
    }

    /// Sends several text messages in one write.
    pub(crate) async fn send_all<'a>(
        &mut self,
        texts: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), Failure> {
        for text in texts {
            self.writer.text(text, &mut self.out)?;
        }
        self.flush().await
    }

    /// Sends a binary message.
    pub(crate) async fn send_binary(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.writer.binary(bytes, &mut self.out)?;
        self.flush().await
    }

    /// Sends a Close frame.
    pub(crate) async fn close(&mut self, code: u16, reason: &str) -> Result<(), Failure> {
        self.writer.close(CloseCode::new(code), reason, &mut self.out)?;
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), Failure> {
        let written = self.stream.write_all(&self.out).await;
        self.out.clear();
        Ok(written?)
    }

    /// Hears the next message, a Close frame or the end; answers protocol pings on the way.
    ///
    /// # Errors
    ///
    /// Nothing came in time, or what came is no WebSocket.
    pub(crate) async fn next(&mut self) -> Result<Heard, Failure> {
        self.next_within(PATIENCE).await
    }

    /// The same with another patience.
    pub(crate) async fn next_within(&mut self, patience: Duration) -> Result<Heard, Failure> {
        match timeout(patience, self.hear()).await {
            Ok(heard) => heard,
            Err(_) => Err(Failure::new(format!("heard nothing within {patience:?}"))),
        }
    }

    async fn hear(&mut self) -> Result<Heard, Failure> {
        loop {
            let mut heard = None;
            while let Some(event) = self.reader.poll_event() {
                heard = Some(match event {
                    FrameEvent::Text(text) => Heard::Text(text.to_owned()),
                    FrameEvent::Binary(bytes) => {
                        Heard::Text(String::from_utf8_lossy(bytes).into_owned())
                    }
                    FrameEvent::Ping(payload) => {
                        self.writer.pong(payload, &mut self.out)?;
                        continue;
                    }
                    FrameEvent::Pong(_) => continue,
                    FrameEvent::Close(close) => {
                        let code = close.map_or(1005, |close| close.code.as_u16());
                        Heard::Close(code, close.map_or("", |close| close.reason).to_owned())
                    }
                    FrameEvent::Failed(error) => {
                        return Err(Failure::new(format!("broken frame: {error}")));
                    }
                });
                break;
            }
            if !self.out.is_empty() {
                self.flush().await?;
            }
            if let Some(heard) = heard {
                return Ok(heard);
            }
            let space = self.reader.space(16 * 1024)?;
            match self.stream.read(space).await {
                Ok(0) => return Ok(Heard::End),
                Ok(read) => self.reader.filled(read),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {
                    return Ok(Heard::End);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Hears the next text message whose `type` is not a heartbeat's.
    pub(crate) async fn next_text(&mut self) -> Result<String, Failure> {
        loop {
            match self.next().await? {
                Heard::Text(text) if is_ping(&text) => {}
                Heard::Text(text) => return Ok(text),
                Heard::Close(code, reason) => {
                    return Err(Failure::new(format!("closed with {code} {reason:?}")));
                }
                Heard::End => return Err(Failure::new("the transport ended")),
            }
        }
    }

    /// Hears until the link closes: the close code, and the texts until then.
    pub(crate) async fn until_closed(&mut self) -> Result<(u16, String), Failure> {
        loop {
            match self.next().await? {
                Heard::Text(_) => {}
                Heard::Close(code, reason) => {
                    // The other end may be gone already: the answer is a courtesy.
                    let _ = self.close(if code == 1005 { 1000 } else { code }, "").await;
                    return Ok((code, reason));
                }
                Heard::End => return Ok((1006, String::new())),
            }
        }
    }

    /// Ends the transport at once, with a reset and no Close frame.
    pub(crate) fn cut(self) {
        // Lingering for no time makes the kernel send RST instead of FIN.
        let _ = self.stream.set_zero_linger();
    }
}

fn is_ping(text: &str) -> bool {
    text.starts_with("{\"type\":\"ping\"")
}

/// A client that has asked for a WebSocket and waits for the verdict.
pub(crate) struct Incoming {
    stream: TcpStream,
    request: Request,
    rest: Vec<u8>,
}

impl Incoming {
    /// Reads the request on `stream`.
    pub(crate) async fn read(mut stream: TcpStream) -> Result<Self, Failure> {
        stream.set_nodelay(true)?;
        let mut head = RequestReader::new(HandshakeConfig::default());
        let mut buffer = [0; 4096];
        loop {
            let read = timeout(PATIENCE, stream.read(&mut buffer)).await;
            let read = read.map_err(|_| Failure::new("the client sent no request"))??;
            if read == 0 {
                return Err(Failure::new("the client hung up during the handshake"));
            }
            let taken = head.handle_bytes(&buffer[..read]);
            if let Some(request) = head.poll_event() {
                let rest = buffer[taken..read].to_vec();
                return Ok(Self { stream, request: request?, rest });
            }
        }
    }

    /// Opens the WebSocket.
    pub(crate) async fn accept(mut self) -> Result<Wire, Failure> {
        let mut out = Vec::new();
        accept(&self.request, None, None, &mut out)?;
        self.stream.write_all(&out).await?;
        out.clear();
        let mut reader = Reader::new(Role::Server, FrameConfig::default());
        reader.handle_bytes(&self.rest)?;
        Ok(Wire { stream: self.stream, reader, writer: Writer::server(), out })
    }

    /// Opens the WebSocket and welcomes the client as an engine of the same kind would.
    pub(crate) async fn welcome(self) -> Result<Wire, Failure> {
        let mut wire = self.accept().await?;
        wire.send(WELCOME).await?;
        Ok(wire)
    }

    /// Answers with an HTTP status instead.
    pub(crate) async fn reject(mut self, status: u16) -> Result<(), Failure> {
        let mut out = Vec::new();
        reject(status, "no", &mut out)?;
        self.stream.write_all(&out).await?;
        self.stream.shutdown().await?;
        Ok(())
    }
}

const WELCOME: &str =
    r#"{"type":"connection","status":"connected","features":["reply_to","repeat"]}"#;
