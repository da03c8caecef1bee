//! Where a client dials and what a server was asked for, without showing tokens.

use core::fmt::{self, Write as _};

use thiserror::Error;

use super::token::Token;

/// The path of the `pam` dialect before the user's id.
const PAM_PATH: &str = "/api/v1/pam/ws/";
/// The parameter by which a client states the largest message that it takes.
const MAX_MESSAGE: &str = "max_message=";
/// The largest message that a client takes which states none, in bytes.
pub(crate) const DEFAULT_MAX_MESSAGE: usize = 1 << 20;
/// Longest URL accepted, in bytes.
const LONGEST: usize = 4_096;

/// The address of a server: scheme, host, port, path and query, never a token.
///
/// `Debug` and `Display` are safe to log: a token that came in the text was taken out.
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoint {
    tls: bool,
    host: Box<str>,
    port: u16,
    /// Path and query in origin form, without the token.
    target: Box<str>,
    /// The largest message that the client takes, where it is another than servers suppose.
    max_message: Option<usize>,
    /// The dialect `pamlink.v1` is spoken where the server has it.
    offers_v1: bool,
}

impl Endpoint {
    /// Reads a `ws:` or `wss:` URL (RFC 6455 section 3) and the token in its query, if any.
    ///
    /// # Errors
    ///
    /// [`EndpointError`] names what is wrong; it repeats nothing of the text.
    pub fn parse(url: &str) -> Result<(Self, Option<Token>), EndpointError> {
        if url.len() > LONGEST {
            return Err(EndpointError::TooLong);
        }
        if !url.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(EndpointError::Characters);
        }
        let (scheme, rest) = url.split_once("://").ok_or(EndpointError::Scheme)?;
        let tls = match scheme.to_ascii_lowercase().as_str() {
            "ws" => false,
            "wss" => true,
            _ => return Err(EndpointError::Scheme),
        };
        if rest.contains('#') {
            return Err(EndpointError::Fragment);
        }
        let path = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(path);
        let (host, port) = split_authority(authority)?;
        let port = port.unwrap_or(if tls { 443 } else { 80 });
        let (target, token) = take_token(path);
        let target = if target.starts_with('/') { target } else { format!("/{target}") };
        let target = target.into();
        let endpoint =
            Self { tls, host: host.into(), port, target, max_message: None, offers_v1: false };
        Ok((endpoint, token))
    }

    /// The endpoint of the `pam` dialect for `user` under `base` (`wss://host` with an optional
    /// path before `/api/v1/pam/ws/`).
    ///
    /// # Errors
    ///
    /// As [`Endpoint::parse`], and [`EndpointError::User`] for an id that is empty or is what
    /// JavaScript prints for a missing one.
    pub fn pam(base: &str, user: &str) -> Result<Self, EndpointError> {
        if matches!(user, "" | "undefined" | "null" | "[object Object]") {
            return Err(EndpointError::User);
        }
        let (mut endpoint, _) = Self::parse(base)?;
        if endpoint.target.contains('?') {
            return Err(EndpointError::Query);
        }
        let mut target = endpoint.target.trim_end_matches('/').to_owned();
        target.push_str(PAM_PATH);
        push_encoded(user, &mut target);
        endpoint.target = target.into();
        Ok(endpoint)
    }

    /// The same for a client that speaks `pamlink.v1` where the server has it, and `pam` where it
    /// does not.
    ///
    /// # Errors
    ///
    /// As [`Endpoint::pam`].
    pub fn v1(base: &str, user: &str) -> Result<Self, EndpointError> {
        Ok(Self::pam(base, user)?.offering_v1())
    }

    /// This endpoint for a client that speaks `pamlink.v1` where the server has it.
    #[must_use]
    pub fn offering_v1(self) -> Self {
        Self { offers_v1: true, ..self }
    }

    /// The user whom the path of the `pam` dialect names, decoded; a proxy's prefix may stand
    /// before the path.
    pub fn user(&self) -> Option<String> {
        let behind_prefix = self.target.rfind(PAM_PATH)?;
        PamTarget::parse(&self.target[behind_prefix..]).map(|target| target.user)
    }

    /// The transport must be TLS.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// The host to connect to and to verify the certificate against; IPv6 without brackets.
    pub fn host(&self) -> &str {
        self.host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&self.host)
    }

    /// The port to connect to.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The `Host` header: the port is left out where it is the scheme's own.
    pub(crate) fn authority(&self) -> String {
        let default = if self.tls { 443 } else { 80 };
        if self.port == default {
            self.host.to_string()
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The request target with the token in its query. **Not for logs.**
    pub fn target(&self, token: Option<&Token>) -> String {
        let mut target = self.target.to_string();
        if let Some(token) = token {
            target.push(if target.contains('?') { '&' } else { '?' });
            target.push_str("token=");
            push_encoded(token.expose(), &mut target);
        }
        if let Some(bytes) = self.max_message {
            target.push(if target.contains('?') { '&' } else { '?' });
            // Writing to a String cannot fail.
            let _ = write!(target, "{MAX_MESSAGE}{bytes}");
        }
        target
    }

    /// Whether `pamlink.v1` is to be spoken where the server has it.
    pub(crate) fn offers_v1(&self) -> bool {
        self.offers_v1
    }

    /// States the largest message that the client takes, in bytes, to servers that honour it.
    pub(super) fn state_max_message(&mut self, bytes: usize) {
        self.max_message = (bytes != DEFAULT_MAX_MESSAGE).then_some(bytes);
    }

    /// The whole URL with the token in its query, for a transport that dials by URL.
    /// **Not for logs.**
    pub fn url(&self, token: Option<&Token>) -> String {
        let scheme = if self.tls { "wss" } else { "ws" };
        format!("{scheme}://{}{}", self.authority(), self.target(token))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url(None))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({self})")
    }
}

/// What is wrong with an address. Repeats nothing of it: it may hold a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// A space, a control character or a character beyond ASCII.
    #[error("the URL has a character that must be percent-encoded")]
    Characters,
    /// A WebSocket URL has no fragment (RFC 6455 section 3).
    #[error("the URL has a fragment")]
    Fragment,
    /// No host, or one with characters that no host has.
    #[error("the URL has no valid host")]
    Host,
    /// Not a number from 1 to 65535.
    #[error("the URL's port is not a number from 1 to 65535")]
    Port,
    /// A base to which the path is still to be added has a query.
    #[error("the base URL has a query")]
    Query,
    /// Neither `ws://` nor `wss://`.
    #[error("the URL does not begin with ws:// or wss://")]
    Scheme,
    /// Longer than 4,096 bytes.
    #[error("the URL is longer than 4096 bytes")]
    TooLong,
    /// The user id is missing.
    #[error("the user id is missing")]
    User,
    /// A name and password before the host would be sent nowhere and printed everywhere.
    #[error("the URL has a user name or password")]
    UserInfo,
}

/// What a request of the `pam` dialect asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PamTarget {
    /// The user id in the path, decoded.
    pub user: String,
    /// The `token` parameter, decoded; it may be empty.
    pub token: Option<Token>,
    /// The `max_message` parameter: the largest message that the client takes, in bytes.
    pub max_message: Option<usize>,
}

impl PamTarget {
    /// The longest user id, in bytes, decoded.
    pub const MAX_USER: usize = 256;

    /// Reads a request target (`/api/v1/pam/ws/{user_id}?token=...`). `None` if the path is another
    /// or the id is empty, longer than [`MAX_USER`](Self::MAX_USER), holds a slash that is not
    /// encoded, or is not UTF-8.
    pub fn parse(target: &str) -> Option<Self> {
        Self::parse_under(PAM_PATH, target)
    }

    /// The same under another path than the dialect's, for a host that serves it elsewhere:
    /// `prefix` is all of the path before the user id, as it is in a target.
    pub fn parse_under(prefix: &str, target: &str) -> Option<Self> {
        let (path, _) = target.split_once('?').unwrap_or((target, ""));
        let user = path.strip_prefix(prefix)?;
        if user.is_empty() || user.contains('/') {
            return None;
        }
        let user = decoded(user).filter(|user| user.len() <= Self::MAX_USER)?;
        let query = target.split_once('?').map_or("", |(_, query)| query);
        let stated = query.split('&').find_map(|it| it.strip_prefix(MAX_MESSAGE)?.parse().ok());
        Some(Self { user, token: take_token(target).1, max_message: stated })
    }
}

fn split_authority(authority: &str) -> Result<(&str, Option<u16>), EndpointError> {
    if authority.contains('@') {
        return Err(EndpointError::UserInfo);
    }
    let bracket = authority.rfind(']').map_or(0, |at| at + 1);
    let colon = authority[bracket..].find(':').map(|at| at + bracket);
    let (host, port) = match colon {
        Some(at) => (&authority[..at], Some(&authority[at + 1..])),
        None => (authority, None),
    };
    let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let valid = match inner {
        Some(address) => address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':' || b == b'.'),
        None => host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~%".contains(&b)),
    };
    if inner.unwrap_or(host).is_empty() || !valid {
        return Err(EndpointError::Host);
    }
    let port = port.map(str::parse::<u16>).transpose().map_err(|_| EndpointError::Port)?;
    if port == Some(0) { Err(EndpointError::Port) } else { Ok((host, port)) }
}

/// Splits the first `token` parameter off a target.
fn take_token(target: &str) -> (String, Option<Token>) {
    let Some((path, query)) = target.split_once('?') else { return (target.to_owned(), None) };
    let mut token = None;
    let mut kept = path.to_owned();
    let mut separator = '?';
    for parameter in query.split('&') {
        match parameter.strip_prefix("token=") {
            // A token that does not decode becomes the empty one, which is refused later on.
            Some(value) => {
                token.get_or_insert_with(|| Token::new(decoded(value).unwrap_or_default()));
            }
            None if parameter.is_empty() => {}
            None => {
                kept.push(separator);
                kept.push_str(parameter);
                separator = '&';
            }
        }
    }
    (kept, token)
}

/// Percent-encodes all but the unreserved characters (RFC 3986 section 2.3).
fn push_encoded(text: &str, out: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
}

/// Percent-decodes; `None` if an escape is broken or the result is not UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let mut digit = || char::from(rest.next()?).to_digit(16);
            let (high, low) = (digit()?, digit()?);
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
#[path = "endpoint_tests.rs"]
mod tests;
