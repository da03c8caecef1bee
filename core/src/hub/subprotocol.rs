//! Which subprotocol a hub agrees on (RFC 6455 section 1.9).

use thiserror::Error;

use super::Hub;
use crate::envelope::v1::{Limits, SUBPROTOCOL};
use crate::frame::handshake::is_token;

/// What subprotocols begin with that are the project's own.
const OWN: &str = "pamlink.";

impl Hub {
    /// The subprotocol to agree on with a client that offers these, in its order: `pamlink.v1` where
    /// it is among them and this hub speaks it, else the first that is among
    /// [`HubConfig::subprotocols`](super::HubConfig::subprotocols). With any but `pamlink.v1` the
    /// peers speak the `pam` dialect. A hub that takes messages of less than 512 KiB does not speak
    /// `pamlink.v1`.
    pub fn choose_subprotocol<'o>(
        &self,
        offered: impl IntoIterator<Item = &'o str>,
    ) -> Option<&'o str> {
        let speaks_v1 = Limits::fit(self.config.link.frames.max_message);
        let mut chosen = None;
        for name in offered {
            if name == SUBPROTOCOL && speaks_v1 {
                return Some(name);
            }
            let is_taken = !name.starts_with(OWN)
                && self.config.subprotocols.iter().any(|taken| taken == name);
            chosen = chosen.or_else(|| is_taken.then_some(name));
        }
        chosen
    }
}

/// Whether a host may take a subprotocol of this name beside `pamlink.v1`.
///
/// # Errors
///
/// [`SubprotocolError`]: why not.
pub fn check_subprotocol(name: &str) -> Result<(), SubprotocolError> {
    if !is_token(name) {
        return Err(SubprotocolError::NoToken);
    }
    if name.starts_with(OWN) {
        return Err(SubprotocolError::Reserved);
    }
    Ok(())
}

/// Why a subprotocol cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SubprotocolError {
    /// It is empty, or has characters that a subprotocol does not have (RFC 9110 section 5.6.2).
    #[error("a subprotocol is one or more of letters, digits and !#$%&'*+-.^_`|~")]
    NoToken,
    /// It begins as those do that the hub chooses itself or reads a token from.
    #[error("a subprotocol that begins with `pamlink.` is the hub's own")]
    Reserved,
}
