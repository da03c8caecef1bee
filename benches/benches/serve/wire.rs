//! What is said around the envelopes.

use pamlink_benches::opening;

/// How a server wants its frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// An envelope is a text.
    Pam,
    /// An envelope is the argument of an event of Socket.IO (its protocol 5 over Engine.IO's 4).
    SocketIo,
}

impl Wire {
    /// The target of the opening request.
    pub(super) fn target(self, user: &str, token: &str) -> String {
        match self {
            Self::Pam => opening::target(user, token),
            Self::SocketIo => "/socket.io/?EIO=4&transport=websocket".to_owned(),
        }
    }

    /// What the client says first.
    pub(super) fn greeting(self, user: &str, token: &str) -> Option<String> {
        match self {
            Self::Pam => None,
            Self::SocketIo => Some(format!(r#"40{{"user":"{user}","token":"{token}"}}"#)),
        }
    }

    /// An envelope of the client as a text.
    pub(super) fn text(self, envelope: String) -> String {
        match self {
            Self::Pam => envelope,
            Self::SocketIo => format!(r#"42["message",{envelope}]"#),
        }
    }

    /// What is to be answered to this frame, if it asks for a sign of life.
    pub(super) fn pong(self, frame: &[u8]) -> Option<&'static [u8]> {
        match self {
            Self::Pam => {
                memchr::memmem::find(frame, b"\"ping\"").map(|_| &br#"{"type":"pong"}"#[..])
            }
            Self::SocketIo => (frame == b"2").then_some(b"3"),
        }
    }
}
