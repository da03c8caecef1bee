//! The words of the dialect as labels of metrics.

use super::kind::{ErrorCode, Kind};
use super::open::Words;
use crate::metrics::Label;

/// Types of other servers and clients: this dialect does not know them, dashboards do.
const FOREIGN: [&str; 11] = [
    "connection_established",
    "conversation_end",
    "heartbeat",
    "init_ack",
    "status_update",
    "system_message",
    "test",
    "text_input",
    "typing_indicator",
    "user_message",
    "voice_input",
];

/// Each type that is known counts for itself. All that nobody knows count as one, so that a peer
/// cannot make label values.
impl Label for Kind<'_> {
    type Set = Kind<'static>;
    const NAME: &'static str = "type";
    const TEXTS: &'static [&'static str] = &{
        let mut texts = ["other"; Kind::WORDS.len() + FOREIGN.len() + 1];
        let mut at = 0;
        while at < Kind::WORDS.len() {
            texts[at] = Kind::WORDS[at];
            at += 1;
        }
        while at < texts.len() - 1 {
            texts[at] = FOREIGN[at - Kind::WORDS.len()];
            at += 1;
        }
        texts
    };

    #[inline]
    fn index(&self) -> usize {
        let number = self.number();
        match self {
            Self::Unknown(word) => {
                number + FOREIGN.iter().position(|name| **word == **name).unwrap_or(FOREIGN.len())
            }
            _ => number,
        }
    }
}

/// Codes that a server of this engine gives count for themselves, all others as one.
impl Label for ErrorCode<'_> {
    type Set = ErrorCode<'static>;
    const NAME: &'static str = "code";
    const TEXTS: &'static [&'static str] = &[
        "RATE_LIMIT_EXCEEDED",
        "MESSAGE_TOO_LARGE",
        "VALIDATION_ERROR",
        "FORMAT_ERROR",
        "UNKNOWN_TYPE",
        "UNKNOWN_AGENT",
        "AGENT_BUSY",
        "AGENT_UNAVAILABLE",
        "REQUEST_EXPIRED",
        "AUTH_REQUIRED",
        "DUPLICATE_REQUEST",
        "PROCESSING_ERROR",
        "REQUEST_REPLACED",
        "other",
    ];

    fn index(&self) -> usize {
        match self {
            Self::RateLimitExceeded => 0,
            Self::MessageTooLarge => 1,
            Self::ValidationError => 2,
            Self::FormatError => 3,
            Self::UnknownType => 4,
            Self::UnknownAgent => 5,
            Self::AgentBusy => 6,
            Self::AgentUnavailable => 7,
            Self::RequestExpired => 8,
            Self::AuthRequired => 9,
            Self::DuplicateRequest => 10,
            Self::ProcessingError => 11,
            Self::RequestReplaced => 12,
            Self::CapabilitiesError
            | Self::InvalidAudioData
            | Self::MissingAudioData
            | Self::SecurityError
            | Self::SecurityViolation
            | Self::StreamingError
            | Self::SttError
            | Self::SuspiciousContent
            | Self::Unknown(_) => 13,
        }
    }
}
