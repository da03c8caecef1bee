//! The client's side: writes a request, reads the answer.

use core::fmt;
use core::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::frame::{Agreement, DeflateConfig};
use crate::seed::{Random, Seed};

use super::body::Body;
use super::head::{HeadReader, StartLine};
use super::request::{header_line, is_host, is_path};
use super::{
    HandshakeConfig, HandshakeError, HeadError, HeaderFault, Headers, accept_value, is_token,
    is_value,
};

/// The value of `Sec-WebSocket-Key`: 16 random bytes, fresh for each connection (RFC 6455
/// section 4.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebSocketKey(String);

impl WebSocketKey {
    /// The key of these 16 random bytes.
    pub fn new(nonce: [u8; 16]) -> Self {
        Self(STANDARD.encode(nonce))
    }

    /// The key that this seed gives.
    pub fn from_seed(seed: Seed) -> Self {
        Self::draw(&mut seed.into_random())
    }

    /// The next key of a generator.
    pub(crate) fn draw(random: &mut Random) -> Self {
        let mut nonce = [0; 16];
        nonce[..8].copy_from_slice(&random.next_u64().to_le_bytes());
        nonce[8..].copy_from_slice(&random.next_u64().to_le_bytes());
        Self::new(nonce)
    }

    /// The value of the header.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a client asks for.
///
/// `Debug` leaves out the target and the values of headers, where tokens are.
///
/// Closed: what RFC 6455 lets a client ask for.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs)]
pub struct Upgrade<'a> {
    /// `Host`: name and, unless it is the scheme's own, port.
    pub host: &'a str,
    /// Path and query.
    pub target: &'a str,
    /// The key, also for the [`ResponseReader`].
    pub key: &'a WebSocketKey,
    /// Subprotocols on offer, the preferred one first.
    pub subprotocols: &'a [&'a str],
    /// Offers compression, also for the [`ResponseReader`].
    pub deflate: Option<&'a DeflateConfig>,
    /// `Origin`, where a server asks for one.
    pub origin: Option<&'a str>,
    /// More headers, such as `Authorization`.
    pub headers: &'a [(&'static str, &'a str)],
}

impl fmt::Debug for Upgrade<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade")
            .field("host", &self.host)
            .field("subprotocols", &self.subprotocols)
            .field("origin", &self.origin)
            .finish_non_exhaustive()
    }
}

/// Appends the request that opens a connection (RFC 6455 section 4.1).
///
/// # Errors
///
/// [`HeadError::Characters`] if a part would break the head.
pub fn write_request(upgrade: &Upgrade<'_>, out: &mut Vec<u8>) -> Result<(), HeadError> {
    let Upgrade { host, target, key, subprotocols, deflate, origin, headers } = *upgrade;
    let refuse = |header| Err(HeadError::Characters { header });
    if !is_host(host) {
        return refuse("Host");
    }
    if !is_path(target) {
        return refuse("target");
    }
    if !subprotocols.iter().all(|name| is_token(name)) {
        return refuse("Sec-WebSocket-Protocol");
    }
    if !origin.is_none_or(is_value) {
        return refuse("Origin");
    }
    if let Some((header, _)) = headers.iter().find(|line| !is_token(line.0) || !is_value(line.1)) {
        return refuse(header);
    }
    for part in ["GET ", target, " HTTP/1.1\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    header_line("Host", host, out);
    header_line("Upgrade", "websocket", out);
    header_line("Connection", "Upgrade", out);
    header_line("Sec-WebSocket-Key", key.as_str(), out);
    header_line("Sec-WebSocket-Version", "13", out);
    if !subprotocols.is_empty() {
        header_line("Sec-WebSocket-Protocol", &subprotocols.join(", "), out);
    }
    if let Some(offer) = deflate.and_then(Agreement::offer) {
        header_line("Sec-WebSocket-Extensions", &offer, out);
    }
    if let Some(origin) = origin {
        header_line("Origin", origin, out);
    }
    for (name, value) in headers {
        header_line(name, value, out);
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// Reads the answer to a request, in any chunking, in time linear in its length.
#[derive(Debug)]
pub struct ResponseReader {
    config: HandshakeConfig,
    head: HeadReader<StatusLine>,
    accept: String,
    offered: Vec<String>,
    deflate: Option<DeflateConfig>,
    /// The server has refused, and the first line of what it says comes yet.
    refusal: Option<Refusal>,
    /// The server has refused, and that was read.
    refused: bool,
    outcome: Option<Result<Response, HandshakeError>>,
}

/// An answer with another status than 101, as far as it was read.
#[derive(Debug)]
struct Refusal {
    status: u16,
    retry_after: Option<Duration>,
    body: Body,
}

impl Refusal {
    fn end(self) -> HandshakeError {
        let Self { status, retry_after, body } = self;
        HandshakeError::Refused { status, retry_after, line: body.line() }
    }
}

impl ResponseReader {
    /// A reader of the answer to the request with this key and these subprotocols.
    pub fn new(config: HandshakeConfig, key: &WebSocketKey, subprotocols: &[&str]) -> Self {
        Self {
            config,
            head: HeadReader::new(config),
            accept: accept_value(key.as_str()),
            offered: subprotocols.iter().map(|&name| name.to_owned()).collect(),
            deflate: None,
            refusal: None,
            refused: false,
            outcome: None,
        }
    }

    /// The request has offered compression.
    #[must_use]
    pub const fn with_deflate(mut self, config: DeflateConfig) -> Self {
        self.deflate = Some(config);
        self
    }

    /// Takes bytes of the answer and tells how many. The rest, `&bytes[taken..]`, belongs to the
    /// frame reader. After a fault all bytes are taken.
    ///
    /// Interim answers (100, 103) are read over. Of a refusal the first line of the body is read,
    /// too: until it is there, [`is_refusal`](Self::is_refusal) says so.
    #[must_use = "the bytes that were not taken are frames"]
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> usize {
        let mut at = 0;
        while self.refusal.is_none() && !self.refused {
            let (taken, outcome) = self.head.feed(&bytes[at..]);
            at += taken;
            let Some(outcome) = outcome else { return at };
            match outcome {
                Ok((line, _)) if line.is_interim() => self.head = HeadReader::new(self.config),
                Ok((line, headers)) if line.status != 101 => {
                    self.refusal = Some(refusal(line, &headers));
                }
                outcome => {
                    let judged = outcome.and_then(|(line, headers)| self.judge(line, headers));
                    self.outcome = Some(judged);
                    return at;
                }
            }
        }
        if self.refusal.as_mut().is_some_and(|refusal| refusal.body.feed(&bytes[at..])) {
            self.handle_end();
        }
        bytes.len()
    }

    /// No more of a refusal comes, or is awaited: it is reported as far as it was read.
    pub fn handle_end(&mut self) {
        if let Some(refusal) = self.refusal.take() {
            self.outcome = Some(Err(refusal.end()));
            self.refused = true;
        }
    }

    /// The server has refused, and the first line of its body has not come yet.
    pub fn is_refusal(&self) -> bool {
        self.refusal.is_some()
    }

    /// The answer that opened the connection, or why it did not; once, when it was read.
    pub fn poll_event(&mut self) -> Option<Result<Response, HandshakeError>> {
        self.outcome.take()
    }

    /// RFC 6455 section 4.1, the list at its end.
    fn judge(&self, line: StatusLine, headers: Headers) -> Result<Response, HandshakeError> {
        if line.minor == 0 {
            return Err(HandshakeError::Version);
        }
        // An answer 101 has no body (RFC 9110 section 8.6); a length would be a trap.
        headers.none("Transfer-Encoding")?;
        headers.none("Content-Length")?;
        if !headers.exactly_one("Upgrade")?.eq_ignore_ascii_case("websocket") {
            return Err(HandshakeError::header("Upgrade", HeaderFault::Unsupported));
        }
        headers.require("Connection", "upgrade")?;
        if headers.exactly_one("Sec-WebSocket-Accept")? != self.accept {
            return Err(HandshakeError::header("Sec-WebSocket-Accept", HeaderFault::Wrong));
        }
        let extensions = headers.list("Sec-WebSocket-Extensions");
        let deflate = Agreement::conclude(self.deflate.as_ref(), extensions)?;
        let subprotocol = headers.at_most_one("Sec-WebSocket-Protocol")?.map(str::to_owned);
        if let Some(chosen) = &subprotocol
            && !self.offered.contains(chosen)
        {
            let fault = HeaderFault::Unsupported;
            return Err(HandshakeError::header("Sec-WebSocket-Protocol", fault));
        }
        Ok(Response { headers, subprotocol, deflate })
    }
}

/// What is known of a refusal by its head.
fn refusal(line: StatusLine, headers: &Headers) -> Refusal {
    let retry_after = headers.first("Retry-After").and_then(|value| value.parse().ok());
    // Where a redirect leads says more than its page.
    let place = headers.first("Location").filter(|_| (300..400).contains(&line.status));
    let body = match place {
        Some(place) => Body::of_line(format!("Location: {place}").as_bytes()),
        None => Body::new(headers),
    };
    Refusal { status: line.status, retry_after: retry_after.map(Duration::from_secs), body }
}

/// An answer that opened the connection.
#[derive(Clone, PartialEq, Eq)]
pub struct Response {
    headers: Headers,
    subprotocol: Option<String>,
    deflate: Option<Agreement>,
}

impl Response {
    /// The subprotocol that the server chose from those on offer.
    pub fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    /// What was agreed on, if the server took the offer of compression.
    pub const fn deflate(&self) -> Option<Agreement> {
        self.deflate
    }

    /// The value of the first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.first(name)
    }

    /// All headers.
    pub const fn headers(&self) -> &Headers {
        &self.headers
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response").field("subprotocol", &self.subprotocol).finish_non_exhaustive()
    }
}

#[derive(Clone, Copy, Debug)]
struct StatusLine {
    status: u16,
    minor: u8,
}

impl StatusLine {
    /// Another answer follows (RFC 9110 section 15.2).
    const fn is_interim(self) -> bool {
        matches!(self.status, 100 | 102..=199)
    }
}

impl StartLine for StatusLine {
    /// RFC 9112 section 4. The phrase may be anything, or missing with its space.
    fn parse(line: &str, _: &HandshakeConfig) -> Result<Self, HandshakeError> {
        let (version, rest) = line.split_once(' ').ok_or(HandshakeError::StartLine)?;
        let (status, phrase) = rest.split_once(' ').unwrap_or((rest, ""));
        let minor = match version {
            "HTTP/1.1" => 1,
            "HTTP/1.0" => 0,
            version if version.starts_with("HTTP/") => return Err(HandshakeError::Version),
            _ => return Err(HandshakeError::StartLine),
        };
        let digits = status.len() == 3 && status.bytes().all(|byte| byte.is_ascii_digit());
        match status.parse() {
            Ok(status) if digits && status >= 100 && is_value(phrase) => Ok(Self { status, minor }),
            _ => Err(HandshakeError::StartLine),
        }
    }
}
