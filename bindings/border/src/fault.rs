//! What goes wrong at the border, under numbers that never change.

use core::time::Duration;

use pamlink::client::{CancelError, RequestError, RestoreError, SendError};
use pamlink::delivery::{self, SnapshotError};
use pamlink::envelope::EnvelopeError;
use pamlink::frame::{NotDrained, WriteError};
#[cfg(feature = "hub")]
use pamlink::hub::{Full, InputError, PushError, ReplyError, RespondError, UnknownLink};
use pamlink::link::{self, AuthError, TokenError};
use pamlink::options::OptionError;

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $number:literal $code:ident $name:literal $class:literal $retryable:literal)*) => {
        /// The number of an error. Append-only: `tests/vectors/errors.json` holds each.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u32)]
        pub enum Code { $($(#[doc = $doc])* $code = $number,)* }

        impl Code {
            /// Every code, by rising number.
            pub const ALL: &[Self] = &[$(Self::$code,)*];

            /// The name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$code => $name,)* }
            }

            /// What kind of thing went wrong.
            pub const fn class(self) -> &'static str {
                match self { $(Self::$code => $class,)* }
            }

            /// Whether the same call may succeed later.
            pub const fn is_retryable(self) -> bool {
                match self { $(Self::$code => $retryable,)* }
            }
        }
    };
}

codes! {
    /// The package and its library are of different versions.
    1 AbiMismatch "abi_mismatch" "usage" false
    /// A packed buffer breaks the layout.
    2 BadInput "bad_input" "usage" false
    /// This machine takes no such command.
    3 WrongMachine "wrong_machine" "usage" false
    /// The handle names no engine, or not any more.
    4 NoEngine "no_engine" "usage" false
    /// The output of the step before was not fetched.
    5 OutputPending "output_pending" "usage" true
    /// The engine panicked: this one is of no more use, all others are.
    6 Poisoned "poisoned" "internal" false
    /// The engine was made before a fork, in another process.
    7 Forked "forked" "usage" false
    /// The call came from another event loop than the object belongs to.
    8 WrongLoop "wrong_loop" "usage" false
    /// An option is out of its bounds.
    10 BadOption "bad_option" "usage" false
    /// The URL cannot be used.
    11 BadUrl "bad_url" "usage" false
    /// The seed does not have 32 bytes.
    12 BadSeed "bad_seed" "usage" false
    /// The key material cannot be used.
    13 BadKey "bad_key" "usage" false
    /// The routing table is refused.
    14 BadRoutes "bad_routes" "usage" false
    /// The bytes are no snapshot of a client, or one that a later version has made.
    15 BadSnapshot "bad_snapshot" "usage" false
    /// As many requests, or bytes of them, are under way as may be.
    20 RequestsFull "requests_full" "busy" true
    /// The link is not open.
    21 NotOpen "not_open" "link" true
    /// Too much waits to be written.
    22 OutboxFull "outbox_full" "busy" true
    /// The text is no envelope.
    23 NotAnEnvelope "not_an_envelope" "usage" false
    /// The context of a request is no JSON object.
    24 BadContext "bad_context" "usage" false
    /// It is larger than any message may be, or than the peer takes.
    25 TooLarge "too_large" "usage" false
    /// The server, or this client, does not speak `pamlink.v1`.
    26 NeedsV1 "needs_v1" "link" false
    /// The client has given no request this number.
    27 NoRequest "no_request" "usage" false
    /// The token had expired when it was handed over.
    30 TokenExpired "token_expired" "auth" false
    /// The token has characters that no token has.
    31 TokenMalformed "token_malformed" "auth" false
    /// The token was refused by its issuer.
    32 TokenDenied "token_denied" "auth" false
    /// No token can be had for now.
    33 TokenUnavailable "token_unavailable" "auth" true
    /// The hub holds as many links as it may.
    40 HubFull "hub_full" "busy" true
    /// The hub is being drained.
    41 HubDraining "hub_draining" "busy" true
    /// The link has ended.
    42 NoLink "no_link" "link" false
    /// The request was answered before, has expired, or never was.
    43 NotRunning "not_running" "usage" false
    /// The HTTP response breaks HTTP, or no request waits for one.
    44 BadResponse "bad_response" "usage" false
    /// More input than may wait to be read.
    45 NotDrained "not_drained" "busy" true
    /// A Close frame was already written.
    50 FramesClosed "frames_closed" "usage" false
    /// This role may not send this close code.
    51 CloseCode "close_code" "usage" false
    /// A control frame of more than 125 bytes.
    52 ControlTooLong "control_too_long" "usage" false
    /// A fragmented message is open.
    53 MessageOpen "message_open" "usage" false
    /// The signature of a token is wrong.
    60 BadSignature "bad_signature" "auth" false
    /// `exp` of a token has passed.
    61 Expired "expired" "auth" false
    /// The token is malformed.
    62 Malformed "malformed" "auth" false
    /// A claim that must be there is not.
    63 MissingClaim "missing_claim" "auth" false
    /// There is no token.
    64 MissingToken "missing_token" "auth" false
    /// `nbf` of a token lies ahead.
    65 NotYetValid "not_yet_valid" "auth" false
    /// The verifier could not be asked.
    66 VerifierUnavailable "verifier_unavailable" "auth" true
    /// No key fits the token.
    67 UnknownKey "unknown_key" "auth" false
    /// The algorithm of the token is not the key's.
    68 UnsupportedAlgorithm "unsupported_algorithm" "auth" false
    /// The token is for another audience.
    69 WrongAudience "wrong_audience" "auth" false
    /// The token is another user's.
    70 WrongSubject "wrong_subject" "auth" false
    /// The server answered with an `error`.
    80 Rejected "rejected" "answer" false
    /// No answer came in time; whether the request had an effect is not known.
    81 RequestExpired "request_expired" "answer" false
    /// The link broke after the request was sent, and the server cannot tell repeats.
    82 RequestUnknown "request_unknown" "answer" false
    /// The client has stopped: another attempt would end the same way.
    83 Stopped "stopped" "link" false
    /// The client is closed.
    84 Closed "closed" "link" false
    /// The client stopped before the request was sent: it had no effect.
    85 RequestUnsent "request_unsent" "answer" false
    /// The request was cancelled: its answer ends where its pieces have.
    86 RequestCancelled "request_cancelled" "answer" false
}

/// A fault on its way to the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its number.
    pub code: Code,
    /// What is wrong and where.
    pub what: String,
    /// How long to wait.
    pub retry_after: Option<Duration>,
}

impl Fault {
    /// A fault of this number.
    pub fn new(code: Code, what: impl Into<String>) -> Self {
        Self { code, what: what.into(), retry_after: None }
    }

    fn of(code: Code, error: &dyn core::error::Error) -> Self {
        Self::new(code, error.to_string())
    }
}

impl From<RequestError> for Fault {
    fn from(error: RequestError) -> Self {
        let code = match error {
            RequestError::Stopped => Code::Stopped,
            RequestError::TooLarge { .. } | RequestError::Member(_) => Code::TooLarge,
            _ => Code::RequestsFull,
        };
        Self::of(code, &error)
    }
}

impl From<CancelError> for Fault {
    fn from(error: CancelError) -> Self {
        let code = match error {
            CancelError::Dialect => Code::NeedsV1,
            CancelError::NoRequest => Code::NoRequest,
            _ => Code::RequestsFull,
        };
        Self::of(code, &error)
    }
}

impl From<SnapshotError> for Fault {
    fn from(error: SnapshotError) -> Self {
        let code = match error {
            SnapshotError::NotDrained => Code::NotDrained,
            _ => Code::BadSnapshot,
        };
        Self::of(code, &error)
    }
}

impl From<RestoreError> for Fault {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::Snapshot(inner) => inner.into(),
            _ => Self::of(Code::BadOption, &error),
        }
    }
}

impl From<EnvelopeError> for Fault {
    fn from(error: EnvelopeError) -> Self {
        Self::of(Code::NotAnEnvelope, &error)
    }
}

impl From<SendError> for Fault {
    fn from(error: SendError) -> Self {
        match &error {
            SendError::Envelope(inner) => Self::of(Code::NotAnEnvelope, inner),
            SendError::TooLarge { .. } | SendError::Member(_) => Self::of(Code::TooLarge, &error),
            SendError::Stopped => Self::of(Code::Stopped, &error),
            SendError::Dialect => Self::of(Code::NeedsV1, &error),
            SendError::Session(delivery::SendError::Body(inner)) => {
                Self::of(Code::NotAnEnvelope, inner)
            }
            SendError::Session(delivery::SendError::TooLarge { .. }) => {
                Self::of(Code::TooLarge, &error)
            }
            SendError::Session(delivery::SendError::Full) => Self::of(Code::OutboxFull, &error),
            SendError::Link(link::LinkSendError::Full { .. }) => Self::of(Code::OutboxFull, &error),
            _ => Self::of(Code::NotOpen, &error),
        }
    }
}

impl From<NotDrained> for Fault {
    fn from(error: NotDrained) -> Self {
        Self::of(Code::NotDrained, &error)
    }
}

impl From<TokenError> for Fault {
    fn from(error: TokenError) -> Self {
        let code = match error {
            TokenError::Denied => Code::TokenDenied,
            TokenError::Unavailable => Code::TokenUnavailable,
            _ => Code::TokenMalformed,
        };
        Self::of(code, &error)
    }
}

#[cfg(feature = "hub")]
impl From<Full> for Fault {
    fn from(error: Full) -> Self {
        let code = if error == Full::Draining { Code::HubDraining } else { Code::HubFull };
        Self::of(code, &error)
    }
}

#[cfg(feature = "hub")]
impl From<InputError> for Fault {
    fn from(error: InputError) -> Self {
        let code = if error == InputError::UnknownLink { Code::NoLink } else { Code::NotDrained };
        Self::of(code, &error)
    }
}

#[cfg(feature = "hub")]
impl From<UnknownLink> for Fault {
    fn from(error: UnknownLink) -> Self {
        Self::of(Code::NoLink, &error)
    }
}

#[cfg(feature = "hub")]
impl From<ReplyError> for Fault {
    fn from(error: ReplyError) -> Self {
        match &error {
            ReplyError::Envelope(inner) => Self::of(Code::NotAnEnvelope, inner),
            _ => Self::of(Code::NotRunning, &error),
        }
    }
}

#[cfg(feature = "hub")]
impl From<PushError> for Fault {
    fn from(error: PushError) -> Self {
        let code = match error {
            PushError::TooLarge { .. } => Code::TooLarge,
            _ => Code::NotAnEnvelope,
        };
        Self::of(code, &error)
    }
}

#[cfg(feature = "hub")]
impl From<RespondError> for Fault {
    fn from(error: RespondError) -> Self {
        match error {
            RespondError::UnknownLink => Self::of(Code::NoLink, &error),
            _ => Self::of(Code::BadResponse, &error),
        }
    }
}

impl From<WriteError> for Fault {
    fn from(error: WriteError) -> Self {
        let code = match error {
            WriteError::CodeNotSendable { .. } => Code::CloseCode,
            WriteError::ControlTooLong { .. } => Code::ControlTooLong,
            WriteError::MessageOpen { .. } => Code::MessageOpen,
            _ => Code::FramesClosed,
        };
        Self::of(code, &error)
    }
}

impl From<OptionError> for Fault {
    fn from(error: OptionError) -> Self {
        Self::of(Code::BadOption, &error)
    }
}

impl From<AuthError> for Fault {
    fn from(error: AuthError) -> Self {
        Self::of(auth_code(error), &error)
    }
}

/// The number of a refused token.
pub const fn auth_code(error: AuthError) -> Code {
    match error {
        AuthError::BadSignature => Code::BadSignature,
        AuthError::Expired => Code::Expired,
        AuthError::MissingClaim(_) => Code::MissingClaim,
        AuthError::MissingToken => Code::MissingToken,
        AuthError::NotYetValid => Code::NotYetValid,
        AuthError::Busy | AuthError::Unavailable => Code::VerifierUnavailable,
        AuthError::UnknownKey => Code::UnknownKey,
        AuthError::UnsupportedAlgorithm => Code::UnsupportedAlgorithm,
        AuthError::WrongAudience => Code::WrongAudience,
        AuthError::WrongSubject => Code::WrongSubject,
        _ => Code::Malformed,
    }
}

/// The refusal that a host names by the name of its number; one without a name of ours is
/// a malformed token.
#[cfg(any(feature = "hub", test))]
pub(crate) fn auth_error(name: &str) -> AuthError {
    match name {
        "bad_signature" => AuthError::BadSignature,
        "expired" => AuthError::Expired,
        "missing_claim" => AuthError::MissingClaim("claim"),
        "missing_token" => AuthError::MissingToken,
        "not_yet_valid" => AuthError::NotYetValid,
        "verifier_unavailable" => AuthError::Unavailable,
        "unknown_key" => AuthError::UnknownKey,
        "unsupported_algorithm" => AuthError::UnsupportedAlgorithm,
        "wrong_audience" => AuthError::WrongAudience,
        "wrong_subject" => AuthError::WrongSubject,
        _ => AuthError::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_names_a_refusal_as_the_table_does() {
        for code in Code::ALL.iter().filter(|code| (60..=70).contains(&(**code as u32))) {
            assert_eq!(auth_code(auth_error(code.as_str())), *code);
        }
    }
}
