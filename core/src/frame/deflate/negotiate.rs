//! The parameters of the extension (RFC 7692 section 7.1): offered by the client, chosen by the
//! server.

use core::fmt::Write as _;

use super::{DeflateConfig, DeflateWindow};
use crate::frame::handshake::{HandshakeError, HeaderFault, Request, is_token};

/// Whether there is something to agree on.
const HAS_COMPRESSION: bool = cfg!(feature = "compression");
/// The name of the extension.
const NAME: &str = "permessage-deflate";

/// What both ends have agreed on, seen from one of them.
///
/// Closed: one window each way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs)]
pub struct Agreement {
    /// For what we send.
    pub send: DeflateWindow,
    /// For what we receive.
    pub receive: DeflateWindow,
}

impl Agreement {
    /// The server's choice: the first offer of the client that is in order and lets it be held to
    /// `config`. `None` if there is none; then the connection goes on without compression. An offer
    /// with a parameter that is unknown, repeated or has a wrong value is passed over (section
    /// 7.1).
    ///
    /// Of a client nothing is asked that it has not offered, though section 7.1.1.2 would allow it:
    /// some that offer no `client_no_context_takeover` do not understand it in the answer.
    pub fn choose(config: &DeflateConfig, request: &Request) -> Option<Self> {
        offers(request).find_map(|offer| offer.narrow(config)).filter(|_| HAS_COMPRESSION)
    }

    /// The value of `Sec-WebSocket-Extensions` with which a server accepts; `None` if the client
    /// has offered less.
    pub(crate) fn answer(self, request: &Request) -> Option<String> {
        let offer = offers(request).find(|offer| offer.allows(self))?;
        let mut value = NAME.to_owned();
        if !self.send.takeover {
            value.push_str("; server_no_context_takeover");
        }
        if !self.receive.takeover {
            value.push_str("; client_no_context_takeover");
        }
        // Writing to a String cannot fail.
        if offer.server_max_window_bits.is_some() {
            let _ = write!(value, "; server_max_window_bits={}", self.send.bits);
        }
        if offer.client_max_window_bits.is_some() && self.receive.bits < 15 {
            let _ = write!(value, "; client_max_window_bits={}", self.receive.bits);
        }
        Some(value)
    }

    /// The value of `Sec-WebSocket-Extensions` with which a client offers; nothing in a build
    /// without compression.
    pub(crate) fn offer(config: &DeflateConfig) -> Option<String> {
        if !HAS_COMPRESSION {
            return None;
        }
        let DeflateConfig { send, receive, .. } = config.within_bounds();
        let mut value = format!("{NAME}; client_max_window_bits");
        if receive.bits < 15 {
            let _ = write!(value, "; server_max_window_bits={}", receive.bits);
        }
        if !receive.takeover {
            value.push_str("; server_no_context_takeover");
        }
        if !send.takeover {
            value.push_str("; client_no_context_takeover");
        }
        Some(value)
    }

    /// What a server's answer to [`offer`](Self::offer) means; `None` without one.
    ///
    /// A fault fails the connection (RFC 6455 section 4.1, RFC 7692 section 7.1).
    pub(crate) fn conclude<'a>(
        config: Option<&DeflateConfig>,
        mut extensions: impl Iterator<Item = &'a str>,
    ) -> Result<Option<Self>, HandshakeError> {
        let fault = |fault| HandshakeError::header("Sec-WebSocket-Extensions", fault);
        let Some(extension) = extensions.next() else { return Ok(None) };
        let Some(config) = config.filter(|_| HAS_COMPRESSION) else {
            return Err(fault(HeaderFault::NotAllowed));
        };
        if extensions.next().is_some() {
            return Err(fault(HeaderFault::Duplicate));
        }
        let (name, parameters) = split(extension);
        if name != NAME {
            return Err(fault(HeaderFault::Unsupported));
        }
        let answer =
            Parameters::parse(parameters).ok_or_else(|| fault(HeaderFault::Unsupported))?;
        let DeflateConfig { send, receive, .. } = config.within_bounds();
        // What we demanded the server must have accepted.
        let bits = answer.server_max_window_bits.unwrap_or(15);
        if bits > receive.bits || (!receive.takeover && !answer.server_no_context_takeover) {
            return Err(fault(HeaderFault::Unsupported));
        }
        let most = match answer.client_max_window_bits {
            None => 15,
            Some(Some(bits)) => bits,
            // Only an offer may leave the value out (section 7.1.2.2).
            Some(None) => return Err(fault(HeaderFault::Unsupported)),
        };
        Ok(Some(Self {
            send: DeflateWindow {
                bits: send.bits.min(most),
                takeover: send.takeover && !answer.client_no_context_takeover,
            },
            receive: DeflateWindow { bits, takeover: !answer.server_no_context_takeover },
        }))
    }
}

/// Whether an element of `Sec-WebSocket-Extensions` is what RFC 6455 section 9.1 allows.
pub(in crate::frame) fn is_well_formed(element: &str) -> bool {
    let (name, mut parameters) = split(element);
    is_token(name)
        && parameters.all(|(name, value)| {
            is_token(name) && value.is_none_or(|value| is_token(unquoted(value)))
        })
}

/// The offers of this extension that are in order.
fn offers(request: &Request) -> impl Iterator<Item = Parameters> {
    let extensions = request.extensions().map(split);
    extensions.filter(|(name, _)| *name == NAME).filter_map(|(_, given)| Parameters::parse(given))
}

/// The parameters of one offer or answer.
#[derive(Clone, Copy, Debug, Default)]
struct Parameters {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    /// There, and with a value.
    client_max_window_bits: Option<Option<u8>>,
}

impl Parameters {
    /// `None` if one is unknown, repeated, or has a value that it cannot have.
    fn parse<'a>(given: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Option<Self> {
        let mut parameters = Self::default();
        for (name, value) in given {
            let bits = match value.map(unquoted) {
                None => None,
                Some(value) => Some(window_bits(value)?),
            };
            let before = match (name, bits) {
                ("server_no_context_takeover", None) => {
                    core::mem::replace(&mut parameters.server_no_context_takeover, true)
                }
                ("client_no_context_takeover", None) => {
                    core::mem::replace(&mut parameters.client_no_context_takeover, true)
                }
                ("server_max_window_bits", Some(bits)) => {
                    parameters.server_max_window_bits.replace(bits).is_some()
                }
                ("client_max_window_bits", bits) => {
                    parameters.client_max_window_bits.replace(bits).is_some()
                }
                _ => return None,
            };
            if before {
                return None;
            }
        }
        Some(parameters)
    }

    /// Whether a server may answer the offer so.
    fn allows(self, agreed: Agreement) -> bool {
        let Agreement { send, receive } = agreed;
        let most = self.client_max_window_bits.map(|bits| bits.unwrap_or(15));
        (8..=self.server_max_window_bits.unwrap_or(15)).contains(&send.bits)
            && !(send.takeover && self.server_no_context_takeover)
            && (receive.takeover || self.client_no_context_takeover)
            && most.map_or(receive.bits == 15, |most| (8..=most).contains(&receive.bits))
    }

    /// What a server with this config makes of the offer; `None` if the client would send what goes
    /// beyond it.
    fn narrow(self, config: &DeflateConfig) -> Option<Agreement> {
        let DeflateConfig { send, receive, .. } = config.within_bounds();
        // Without the parameter a client cannot be held to a window (section 7.1.2.2).
        let bits = match self.client_max_window_bits {
            None => 15,
            Some(bits) => receive.bits.min(bits.unwrap_or(15)),
        };
        // Without takeover nothing is kept between messages, however large the window is.
        let takeover = !self.client_no_context_takeover;
        if takeover && (!receive.takeover || bits > receive.bits) {
            return None;
        }
        Some(Agreement {
            send: DeflateWindow {
                bits: send.bits.min(self.server_max_window_bits.unwrap_or(15)),
                takeover: send.takeover && !self.server_no_context_takeover,
            },
            receive: DeflateWindow { bits, takeover },
        })
    }
}

/// Section 7.1.2: a decimal from 8 to 15 without leading zeros.
fn window_bits(value: &str) -> Option<u8> {
    match value {
        "8" => Some(8),
        "9" => Some(9),
        _ => value.parse().ok().filter(|bits| value.len() == 2 && (10..=15).contains(bits)),
    }
}

/// Name and parameters of an extension.
fn split(element: &str) -> (&str, impl Iterator<Item = (&str, Option<&str>)>) {
    let mut parts = element.split(';').map(|part| part.trim_matches([' ', '\t']));
    let name = parts.next().unwrap_or_default();
    let parameters = parts.map(|part| match part.split_once('=') {
        Some((name, value)) => {
            (name.trim_end_matches([' ', '\t']), Some(value.trim_start_matches([' ', '\t'])))
        }
        None => (part, None),
    });
    (name, parameters)
}

/// A value without its quotes. In quotes, too, it must be a token, so it has no escapes to undo.
fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}
