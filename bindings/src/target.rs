//! The request target of the `pam` dialect, for hosts whose server reads the request itself.

use core::fmt;

use pamlink::link;

/// Whom a request is for, and the token that it brings.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct PamTarget {
    /// The user id in the path, decoded: 1 to 256 bytes.
    pub user: String,
    /// The `token` parameter, decoded; it may be empty. None: there is no such parameter.
    pub token: Option<String>,
    /// The `max_message` parameter: the largest message that the client takes, in bytes.
    pub max_message: Option<u64>,
}

impl fmt::Debug for PamTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let token = self.token.as_ref().map(|_| "***");
        let mut target = f.debug_struct("PamTarget");
        target.field("user", &self.user).field("token", &token);
        target.field("max_message", &self.max_message).finish()
    }
}

/// Reads path and query of a request as they were sent, nothing decoded: by the same rules as a hub
/// that is given the bytes. `prefix` is all of the path before the user id, `/api/v1/pam/ws/` in the
/// dialect.
///
/// None: the path is another, or the user id is empty, longer than 256 bytes, holds a slash that is
/// not encoded, or is not UTF-8. A hub answers that with 404, and a request without token with 403.
#[uniffi::export]
pub fn read_target(target: &str, prefix: &str) -> Option<PamTarget> {
    let read = link::PamTarget::parse_under(prefix, target)?;
    let token = read.token.map(|token| token.expose().to_owned());
    let max_message = read.max_message.map(|most| most as u64);
    Some(PamTarget { user: read.user, token, max_message })
}
