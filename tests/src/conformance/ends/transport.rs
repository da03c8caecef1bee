//! The other end of a WebSocket connection, which speaks as a file says: what comes over the
//! connection as the files have it, and bytes for what they say.

use pamlink::frame::handshake::{
    HandshakeConfig, HandshakeError, Request, RequestReader, ResponseReader, Upgrade, WebSocketKey,
    accept, reject, respond, write_request,
};
use pamlink::frame::{CloseCode, FrameConfig, FrameEvent, Reader, Role, Writer};
use pamlink::link::PamTarget;
use pamlink::seed::Seed;
use serde_json::{Value, json};

use super::values::{Members, json_of};

/// By which the two ends agree on the dialect.
const SUBPROTOCOL: &str = "pamlink.v1";

/// What stands between the envelopes of one message.
const BETWEEN: char = '\u{1e}';

pub(in crate::conformance) struct Transport {
    opening: Opening,
    reader: Reader,
    writer: Writer,
    /// The two have agreed on the dialect.
    is_v1: bool,
    /// A close frame was sent.
    closed: bool,
    /// And one has come.
    over: bool,
    /// How many pongs have come.
    pongs: u64,
}

/// How far the opening handshake is.
enum Opening {
    /// A server waits for the request, or has it and is to respond.
    Request(RequestReader, Option<Box<Request>>),
    /// A client waits for the response.
    Response(Box<ResponseReader>),
    Done,
}

impl Transport {
    /// A server's end, which waits for a request.
    pub(in crate::conformance) fn server() -> Self {
        let opening = RequestReader::new(HandshakeConfig::default());
        let reader = Reader::new(Role::Server, FrameConfig::default());
        Self::new(Opening::Request(opening, None), reader, Writer::server())
    }

    /// A client's end, and the bytes of its request.
    pub(in crate::conformance) fn client(request: &Value) -> Result<(Self, Vec<u8>), String> {
        let request = json!({ "request": request });
        let (_, mut its) = Members::of(&request)?;
        let key = WebSocketKey::from_seed(Seed::from_number(1));
        if let Some(head) = its.text("head") {
            its.end()?;
            return Ok((Self::dialling(&key, &[]), head.into_bytes()));
        }
        let (path, token) = (its.text("path"), its.text("token"));
        let mut target = its.need("path", path)?;
        if let Some(token) = token {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str("token=");
            target.push_str(&token);
        }
        let offered = its.take("subprotocols").unwrap_or_default();
        let offered = offered.as_array().into_iter().flatten().map(|it| it.as_str());
        let offered: Vec<_> = offered.collect::<Option<_>>().ok_or("a subprotocol is a text")?;
        let (authorization, origin) = (its.text("authorization"), its.text("origin"));
        its.end()?;
        let headers = authorization.as_deref().map(|value| ("Authorization", value));
        let upgrade = Upgrade {
            host: "server.test",
            target: &target,
            key: &key,
            subprotocols: &offered,
            deflate: None,
            origin: origin.as_deref(),
            headers: headers.as_slice(),
        };
        let mut bytes = Vec::new();
        write_request(&upgrade, &mut bytes).map_err(|why| why.to_string())?;
        Ok((Self::dialling(&key, &offered), bytes))
    }

    /// A client's end that has requested with this key, and waits for the response.
    fn dialling(key: &WebSocketKey, offered: &[&str]) -> Self {
        let opening = ResponseReader::new(HandshakeConfig::default(), key, offered);
        let reader = Reader::new(Role::Client, FrameConfig::default());
        let writer = Writer::client(Seed::from_number(2));
        Self::new(Opening::Response(Box::new(opening)), reader, writer)
    }

    fn new(opening: Opening, reader: Reader, writer: Writer) -> Self {
        Self { opening, reader, writer, is_v1: false, closed: false, over: false, pongs: 0 }
    }

    /// Bytes have come: what they say, and those that answer them.
    pub(in crate::conformance) fn handle_bytes(
        &mut self,
        mut bytes: &[u8],
    ) -> Result<(Vec<Value>, Vec<u8>), String> {
        let (mut said, mut answer) = (Vec::new(), Vec::new());
        if let Opening::Request(reader, request) = &mut self.opening {
            // A client says nothing before it has the response.
            let _ = reader.handle_bytes(bytes);
            if let Some(read) = reader.poll_event() {
                let read = read.map_err(|why| why.to_string())?;
                said.push(shown_request(&read)?);
                *request = Some(Box::new(read));
            }
            return Ok((said, answer));
        }
        if let Opening::Response(reader) = &mut self.opening {
            let taken = reader.handle_bytes(bytes);
            let Some(read) = reader.poll_event() else { return Ok((said, answer)) };
            said.push(self.response(read)?);
            bytes = &bytes[taken..];
        }
        self.reader.handle_bytes(bytes).map_err(|why| why.to_string())?;
        while let Some(event) = self.reader.poll_event() {
            match event {
                FrameEvent::Text(text) if self.is_v1 => said.push(shown_message(text)),
                FrameEvent::Text(text) => said.push(json!({ "pam": json_of(text) })),
                FrameEvent::Close(_) if self.closed => self.over = true,
                FrameEvent::Close(frame) => {
                    let code = frame.as_ref().map(|frame| frame.code);
                    let reason = frame.map(|frame| frame.reason).filter(|it| !it.is_empty());
                    said.push(json!({
                        "close": {"code": code.map(CloseCode::as_u16), "reason": reason},
                    }));
                    (self.closed, self.over) = (true, true);
                    let code = code.unwrap_or(CloseCode::NORMAL);
                    self.writer.close(code, "", &mut answer).map_err(|why| why.to_string())?;
                }
                FrameEvent::Ping(_) => {}
                // That of the runner's own ping.
                FrameEvent::Pong(b"") => self.pongs += 1,
                FrameEvent::Pong(payload) => {
                    said.push(json!({"pong": String::from_utf8_lossy(payload)}));
                }
                other => return Err(format!("{other:?} came")),
            }
        }
        Ok((said, answer))
    }

    /// The transport has ended: what that says.
    pub(in crate::conformance) fn handle_end(&mut self) -> Result<Option<Value>, String> {
        let Opening::Response(reader) = &mut self.opening else { return Ok(None) };
        reader.handle_end();
        reader.poll_event().map(|read| self.response(read)).transpose()
    }

    /// The bytes of what a file says.
    pub(in crate::conformance) fn say(&mut self, value: &Value) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::new();
        let member = |name: &str| value.get(name);
        if let Some(response) = member("response") {
            self.respond(response, &mut bytes)?;
        } else if let Some(close) = member("close") {
            let code = close["code"].as_u64().and_then(|code| u16::try_from(code).ok());
            let code = CloseCode::new(code.ok_or("a close has a code")?);
            self.closed = true;
            let reason = close["reason"].as_str().unwrap_or_default();
            self.writer.close(code, reason, &mut bytes).map_err(|why| why.to_string())?;
        } else if let Some(ping) = member("ping") {
            let ping = ping.as_str().ok_or("a ping is written as a text")?;
            self.writer.ping(ping.as_bytes(), &mut bytes).map_err(|why| why.to_string())?;
        } else if let Some(binary) = member("binary") {
            let binary = binary.as_str().ok_or("a binary message is written as a text")?;
            let written = self.writer.binary(binary.as_bytes(), &mut bytes);
            written.map_err(|why| why.to_string())?;
        } else {
            self.writer.text(&text_of(value), &mut bytes).map_err(|why| why.to_string())?;
        }
        Ok(bytes)
    }

    /// The bytes of a ping, over a link that is open.
    pub(in crate::conformance) fn ping(&mut self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let is_open = matches!(self.opening, Opening::Done) && !self.closed;
        (is_open && self.writer.ping(b"", &mut bytes).is_ok()).then_some(bytes)
    }

    /// How many pongs have come.
    pub(in crate::conformance) const fn pongs(&self) -> u64 {
        self.pongs
    }

    /// Whether each end has sent a close frame: then the transport ends.
    pub(in crate::conformance) const fn is_over(&self) -> bool {
        self.over
    }

    fn respond(&mut self, response: &Value, bytes: &mut Vec<u8>) -> Result<(), String> {
        let Opening::Request(_, Some(request)) = &self.opening else {
            return Err("nothing was requested".to_owned());
        };
        let status = response["status"].as_u64().and_then(|status| u16::try_from(status).ok());
        let subprotocol = response["subprotocol"].as_str();
        let written = match status.ok_or("a response has a status")? {
            101 => accept(request, subprotocol, None, bytes),
            status => match response["retry_after"].as_u64() {
                Some(after) => respond(status, &[("Retry-After", &after.to_string())], b"", bytes),
                None => reject(status, "", bytes),
            },
        };
        self.is_v1 = subprotocol == Some(SUBPROTOCOL);
        self.opening = Opening::Done;
        written.map_err(|why| why.to_string())
    }

    fn response(
        &mut self,
        read: Result<pamlink::frame::handshake::Response, HandshakeError>,
    ) -> Result<Value, String> {
        self.opening = Opening::Done;
        Ok(match read {
            Ok(response) => {
                self.is_v1 = response.subprotocol() == Some(SUBPROTOCOL);
                json!({"response": {"status": 101, "subprotocol": response.subprotocol()}})
            }
            Err(HandshakeError::Refused { status, .. }) => json!({"response": {"status": status}}),
            Err(why) => return Err(why.to_string()),
        })
    }
}

fn shown_request(request: &Request) -> Result<Value, String> {
    let target = PamTarget::parse(request.target()).ok_or("a request for something else")?;
    let offered: Vec<_> = request.subprotocols().collect();
    Ok(json!({"request": {
        "path": request.path(),
        "token": target.token.as_ref().map(|token| token.expose()),
        "max_message": target.max_message,
        "subprotocols": (!offered.is_empty()).then_some(offered),
        "authorization": request.header("Authorization"),
    }}))
}

/// The envelopes of a message: of several, a list.
fn shown_message(text: &str) -> Value {
    let mut envelopes: Vec<_> = text.split(BETWEEN).map(json_of).collect();
    if envelopes.len() == 1 { envelopes.remove(0) } else { envelopes.into() }
}

/// The message that an envelope is, or several, or a text as it stands.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(envelopes) => {
            let texts: Vec<_> = envelopes.iter().map(text_of).collect();
            texts.join(&BETWEEN.to_string())
        }
        envelope => envelope.to_string(),
    }
}
