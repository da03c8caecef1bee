//! The server's side: reads a request, writes the answer.

use core::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::head::{HeadReader, Span, StartLine};
use super::{
    HandshakeConfig, HandshakeError, HeadError, HeaderFault, Headers, accept_value, is_token,
    is_value,
};
use crate::frame::{Agreement, deflate};

/// Reads one HTTP request, in any chunking, in time linear in its length.
#[derive(Debug)]
pub struct RequestReader {
    head: HeadReader<RequestLine>,
    outcome: Option<Result<Request, HandshakeError>>,
    is_head: bool,
}

impl RequestReader {
    /// A reader with these bounds. Allocates nothing.
    pub fn new(config: HandshakeConfig) -> Self {
        Self { head: HeadReader::new(config), outcome: None, is_head: false }
    }

    /// Takes bytes of the head and tells how many. The rest, `&bytes[taken..]`, belongs to the
    /// frame reader. After a fault all bytes are taken.
    #[must_use = "the bytes that were not taken are frames"]
    pub fn handle_bytes(&mut self, bytes: &[u8]) -> usize {
        let (taken, outcome) = self.head.feed(bytes);
        if let Some(outcome) = outcome {
            self.outcome = Some(outcome.and_then(|(line, headers)| {
                self.is_head = headers.text(line.method) == "HEAD";
                Request::judge(line, headers)
            }));
        }
        taken
    }

    /// The request, or the peer's fault; once, when its head is complete.
    pub fn poll_event(&mut self) -> Option<Result<Request, HandshakeError>> {
        self.outcome.take()
    }

    /// Whether the method is `HEAD`, of a faulty request too: then the answer must have no body
    /// (RFC 9110 section 9.3.2).
    pub(crate) const fn is_head(&self) -> bool {
        self.is_head
    }

    /// Bytes on the heap.
    pub(crate) fn memory(&self) -> usize {
        let outcome = self.outcome.as_ref().and_then(|outcome| outcome.as_ref().ok());
        self.head.memory() + outcome.map_or(0, Request::memory)
    }
}

/// A request: an upgrade to WebSocket that is in order, or a plain HTTP request.
///
/// `Debug` leaves out the query and the values of headers, where tokens are.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    headers: Headers,
    line: RequestLine,
    /// What the key of an upgrade is answered with.
    accept: Option<String>,
}

impl Request {
    /// The method, such as `GET`.
    pub fn method(&self) -> &str {
        self.headers.text(self.line.method)
    }

    /// Path and query as they came, also where the target was a whole URL. Do not log it: the
    /// query may hold a token.
    pub fn target(&self) -> &str {
        self.headers.text(self.line.target)
    }

    /// The target up to the query.
    pub fn path(&self) -> &str {
        let target = self.target();
        target.split_once('?').map_or(target, |(path, _)| path)
    }

    /// The target after the first `?`, not decoded.
    pub fn query(&self) -> Option<&str> {
        self.target().split_once('?').map(|(_, query)| query)
    }

    /// The host in the target, if that is a whole URL (RFC 9112 section 3.2.2), else `Host`; there
    /// in every request of HTTP/1.1.
    pub fn host(&self) -> Option<&str> {
        match self.line.authority {
            Some(authority) => Some(self.headers.text(authority)),
            None => self.headers.first("Host"),
        }
    }

    /// `Origin`, which browsers send (RFC 6455 section 10.2).
    pub fn origin(&self) -> Option<&str> {
        self.headers.first("Origin")
    }

    /// The subprotocols that the client offers, in its order of preference.
    pub fn subprotocols(&self) -> impl Iterator<Item = &str> {
        self.headers.list("Sec-WebSocket-Protocol")
    }

    /// The extensions that the client offers, each with its parameters, in its order of preference.
    /// [`Agreement::choose`] looks for compression among them.
    pub fn extensions(&self) -> impl Iterator<Item = &str> {
        self.headers.list("Sec-WebSocket-Extensions")
    }

    /// The value of the first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.first(name)
    }

    /// All headers.
    pub const fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Whether this is an upgrade to WebSocket, which then is in order.
    pub const fn is_upgrade(&self) -> bool {
        self.accept.is_some()
    }

    /// Bytes on the heap.
    pub(crate) fn memory(&self) -> usize {
        self.headers.memory() + self.accept.as_ref().map_or(0, String::capacity)
    }

    fn judge(line: RequestLine, headers: Headers) -> Result<Self, HandshakeError> {
        let mut request = Self { headers, line, accept: None };
        let headers = &request.headers;
        match headers.at_most_one("Host")? {
            Some(host) if !is_host(host) => {
                return Err(HandshakeError::header("Host", HeaderFault::Malformed));
            }
            None if line.minor > 0 => {
                return Err(HandshakeError::header("Host", HeaderFault::Missing));
            }
            _ => {}
        }
        if request.wants_upgrade() {
            request.accept = Some(request.judge_upgrade()?);
        }
        Ok(request)
    }

    fn wants_upgrade(&self) -> bool {
        self.headers.list("Upgrade").any(|to| to.eq_ignore_ascii_case("websocket"))
            || self.headers.first("Sec-WebSocket-Key").is_some()
            || self.headers.first("Sec-WebSocket-Version").is_some()
    }

    /// RFC 6455 section 4.2.1.
    fn judge_upgrade(&self) -> Result<String, HandshakeError> {
        let headers = &self.headers;
        if self.method() != "GET" {
            return Err(HandshakeError::Method);
        }
        if self.line.minor == 0 {
            return Err(HandshakeError::Version);
        }
        // A body would be read as frames by us and as something else by a proxy before us.
        headers.none("Transfer-Encoding")?;
        // Java's own client says that it has none.
        if headers.at_most_one("Content-Length")? != Some("0") {
            headers.none("Content-Length")?;
        }
        headers.require("Upgrade", "websocket")?;
        headers.require("Connection", "upgrade")?;
        headers.at_most_one("Origin")?;
        match headers.exactly_one("Sec-WebSocket-Version")? {
            "13" => {}
            _ => {
                let fault = HeaderFault::Unsupported;
                return Err(HandshakeError::header("Sec-WebSocket-Version", fault));
            }
        }
        let key = headers.exactly_one("Sec-WebSocket-Key")?;
        let mut nonce = [0; 18];
        if key.len() != 24 || STANDARD.decode_slice(key, &mut nonce) != Ok(16) {
            return Err(HandshakeError::header("Sec-WebSocket-Key", HeaderFault::Malformed));
        }
        let mut before: Vec<&str> = Vec::new();
        for subprotocol in self.subprotocols() {
            let fault = match subprotocol {
                name if !is_token(name) => HeaderFault::Malformed,
                name if before.contains(&name) => HeaderFault::Duplicate,
                name if before.len() < MAX_SUBPROTOCOLS => {
                    before.push(name);
                    continue;
                }
                _ => HeaderFault::Unsupported,
            };
            return Err(HandshakeError::header("Sec-WebSocket-Protocol", fault));
        }
        if !self.extensions().all(deflate::is_well_formed) {
            let fault = HeaderFault::Malformed;
            return Err(HandshakeError::header("Sec-WebSocket-Extensions", fault));
        }
        Ok(accept_value(key))
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method())
            .field("path", &self.path())
            .field("query", &self.query().map(|_| "[redacted]"))
            .field("host", &self.host())
            .field("upgrade", &self.is_upgrade())
            .finish_non_exhaustive()
    }
}

/// Appends the answer that accepts an upgrade, with a subprotocol that the client offered and the
/// compression that was [chosen](Agreement::choose). From then on both sides speak in frames.
///
/// # Errors
///
/// [`HeadError::NotAnUpgrade`], [`HeadError::NotOffered`].
pub fn accept(
    request: &Request,
    subprotocol: Option<&str>,
    deflate: Option<Agreement>,
    out: &mut Vec<u8>,
) -> Result<(), HeadError> {
    let Some(accept) = &request.accept else { return Err(HeadError::NotAnUpgrade) };
    if let Some(chosen) = subprotocol
        && !request.subprotocols().any(|offered| offered == chosen)
    {
        return Err(HeadError::NotOffered);
    }
    let extension = match deflate {
        None => None,
        Some(agreed) => Some(agreed.answer(request).ok_or(HeadError::NotOffered)?),
    };
    out.extend_from_slice(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
    );
    header_line("Sec-WebSocket-Accept", accept, out);
    if let Some(subprotocol) = subprotocol {
        header_line("Sec-WebSocket-Protocol", subprotocol, out);
    }
    if let Some(extension) = extension {
        header_line("Sec-WebSocket-Extensions", &extension, out);
    }
    out.extend_from_slice(b"\r\n");
    Ok(())
}

/// Appends an answer that ends the request, with `body` as plain text, and the headers that its
/// status needs: `Allow` with 405, the version with 426. The pages of any origin may read it: a browser
/// tells them nothing of an upgrade that was refused, so they ask the same address without one. Then
/// close the transport.
///
/// # Errors
///
/// [`HeadError::Status`].
pub fn reject(status: u16, body: &str, out: &mut Vec<u8>) -> Result<(), HeadError> {
    let text = ("Content-Type", "text/plain; charset=utf-8");
    let for_all = ("Access-Control-Allow-Origin", "*");
    let mut headers = vec![text, for_all];
    match status {
        405 => headers.push(("Allow", "GET")),
        426 => headers.extend([("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]),
        _ => {}
    }
    respond(status, &headers, body.as_bytes(), out)
}

/// Appends a plain HTTP answer with these headers; `Content-Length` and `Connection: close` are
/// added. A status that has no body (204, 304) gets neither body nor length (RFC 9110 section
/// 8.6). Then close the transport.
///
/// # Errors
///
/// [`HeadError::Status`]; [`HeadError::Characters`] if a header would break the head.
pub fn respond(
    status: u16,
    headers: &[(&'static str, &str)],
    body: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), HeadError> {
    if !(200..600).contains(&status) {
        return Err(HeadError::Status { status });
    }
    for &(header, value) in headers {
        if !is_token(header) || !is_value(value) {
            return Err(HeadError::Characters { header });
        }
    }
    out.extend_from_slice(format!("HTTP/1.1 {status} {}\r\n", reason_phrase(status)).as_bytes());
    for (name, value) in headers {
        header_line(name, value, out);
    }
    let has_body = !matches!(status, 204 | 304);
    if has_body {
        header_line("Content-Length", &body.len().to_string(), out);
    }
    // 426 must name `upgrade` as an option of the connection too (RFC 9110 section 7.8).
    let connection = if status == 426 { "close, upgrade" } else { "close" };
    header_line("Connection", connection, out);
    out.extend_from_slice(b"\r\n");
    if has_body {
        out.extend_from_slice(body);
    }
    Ok(())
}

/// The most subprotocols that a client may offer.
const MAX_SUBPROTOCOLS: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RequestLine {
    method: Span,
    /// Path and query.
    target: Span,
    /// The host in a target that is a whole URL.
    authority: Option<Span>,
    /// The digit after `HTTP/1.`.
    minor: u8,
}

impl StartLine for RequestLine {
    /// RFC 9112 section 3, with single spaces. The target is a path or, as every server has to
    /// take it, a whole URL.
    fn parse(line: &str, config: &HandshakeConfig) -> Result<Self, HandshakeError> {
        let mut parts = line.split(' ');
        let (Some(method), Some(target), Some(version), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(HandshakeError::StartLine);
        };
        let minor = match version {
            "HTTP/1.1" => 1,
            "HTTP/1.0" => 0,
            version if version.starts_with("HTTP/") => return Err(HandshakeError::Version),
            _ => return Err(HandshakeError::StartLine),
        };
        if !is_token(method) {
            return Err(HandshakeError::StartLine);
        }
        if target.len() > config.max_target {
            return Err(HandshakeError::TargetTooLong { limit: config.max_target });
        }
        let (authority, path) = match split_url(target) {
            Some((authority, path)) => (Some(authority), path),
            None => (None, target),
        };
        if !is_path(path) || !authority.is_none_or(is_host) {
            return Err(HandshakeError::Target);
        }
        let end = line.len() - version.len() - 1;
        let path = Span::new(end - path.len(), path.len());
        let authority = authority.map(|host| Span::new(path.start() - host.len(), host.len()));
        Ok(Self { method: Span::new(0, method.len()), target: path, authority, minor })
    }
}

/// The host and the path of a URL whose path is written out.
fn split_url(target: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = target.split_once("://")?;
    let known = ["http", "https", "ws", "wss"];
    let known = known.iter().any(|known| scheme.eq_ignore_ascii_case(known));
    rest.find('/').filter(|_| known).map(|slash| rest.split_at(slash))
}

/// Whether the text can be a `Host`: the characters are those of one name or address, and a port
/// (RFC 3986 section 3.2). No more is asked of it.
pub(super) fn is_host(host: &str) -> bool {
    !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=:[]".contains(&byte))
}

/// Whether a target is a path, perhaps with a query: visible ASCII without a fragment.
pub(super) fn is_path(target: &str) -> bool {
    target.starts_with('/') && target.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

pub(super) fn header_line(name: &str, value: &str, out: &mut Vec<u8>) {
    for part in [name, ": ", value, "\r\n"] {
        out.extend_from_slice(part.as_bytes());
    }
}

const fn reason_phrase(status: u16) -> &'static str {
    match status {
        200 => "OK",
        204 => "No Content",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        413 => "Content Too Large",
        414 => "URI Too Long",
        426 => "Upgrade Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        // The phrase may be empty (RFC 9112 section 4).
        _ => "",
    }
}
