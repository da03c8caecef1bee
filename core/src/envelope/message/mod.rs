//! Typed messages: every frame that peers of the `pam` dialect send, in both directions, with the
//! objects inside of them and the sets of words that these alone have.
//!
//! This is the vocabulary of the dialect. Nobody needs it to drive a client or a hub: a request is
//! a [`Chat`], what comes in is an [`Envelope`], and an answer is text. It is for who wants the
//! members of a message by name and type:
//!
//! ```
//! use pamlink::envelope::Envelope;
//! use pamlink::envelope::message::{Context, InputMode, Message};
//!
//! let text = r#"{"type":"chat","message":"and here?","context":{"input_mode":"voice"}}"#;
//! let Message::Chat(chat) = Envelope::parse(text, Envelope::DEPTH)?.message() else {
//!     unreachable!("its type says so")
//! };
//! let context = chat.context.and_then(Context::of);
//! assert_eq!(context.and_then(|it| it.input_mode), Some(InputMode::Voice));
//! # Ok::<(), pamlink::envelope::EnvelopeError>(())
//! ```
//!
//! Every member is optional: what a peer left out, sent as `null` or sent with another type reads
//! as absent. Members that this version does not know, and those of another type, are in `extra`.
//! Decoding and encoding again gives the known members first, in the order of the struct, then
//! the others; each value is spelled as it came. Of members with equal names only the last one is
//! kept where the name is known.
//!
//! Objects inside of a message stay [`Raw`](super::Raw) until somebody types them with `of`, as
//! above; the member says which type it is.
//!
//! Sections 3 and 4 of `docs/protocol.md` specify all of it.

mod answer;
mod macros;
mod notice;
mod part;
mod reading;
pub(super) mod request;

pub use answer::{
    ChatResponse, ChatResponseComplete, ChatResponseDelta, ChatResponseStart, Chunk,
    ContextUpdated, ErrorFrame, Response, ResponseComplete, SttCapabilities, SttInstruction,
    SttResult,
};
pub use notice::{
    Connection, GoingAway, Ping, Pong, ProactiveAlert, TimerExpired, UiActions, VisualAction,
};
pub use part::{
    AlertContent, BookAppointment, Context, CreateTrip, DebugInfo, Location, LogExpense, Navigate,
    Notification, RateLimit, RateLimitInfo, ResponseMetadata, SizeInfo, Tts, Turn, UiAction,
    VisualVerb,
};
pub use reading::Unknown;
pub use request::{
    Auth, Batch, ChatMessage, ContextUpdate, Init, PlainMessage, TokenRefresh, Voice,
};

pub use super::error::DecodeError;
pub use super::extra::Extra;
pub use super::field::Number;
pub use super::json_string::Secret;
pub use super::kind::{AlertAction, AlertCategory, InputMode, Priority, TimerType, Verb};

use macros::messages;
use request::Chat;

use super::Envelope;
use super::kind::Kind;
use super::object::Object;
use super::record::{self, Record};

/// A frame that can be read by itself.
pub(crate) trait Typed<'a> {
    /// What it is.
    const KIND: Kind<'static>;

    /// The payload of an envelope of this type.
    fn typed(envelope: &Envelope<'a>) -> Self;
}

messages! {
    Auth: Auth,
    Batch: Batch,
    Chat: Chat,
    ChatMessage: ChatMessage,
    ChatResponse: ChatResponse,
    ChatResponseComplete: ChatResponseComplete,
    ChatResponseDelta: ChatResponseDelta,
    ChatResponseStart: ChatResponseStart,
    Chunk: Chunk,
    Connection: Connection,
    ContextUpdate: ContextUpdate,
    ContextUpdated: ContextUpdated,
    Error: ErrorFrame,
    GoingAway: GoingAway,
    Init: Init,
    Message: PlainMessage,
    Ping: Ping,
    Pong: Pong,
    ProactiveAlert: ProactiveAlert,
    Response: Response,
    ResponseComplete: ResponseComplete,
    SttCapabilities: SttCapabilities,
    SttInstruction: SttInstruction,
    SttResult: SttResult,
    TimerExpired: TimerExpired,
    TokenRefresh: TokenRefresh,
    UiActions: UiActions,
    VisualAction: VisualAction,
    Voice: Voice,
}

#[cfg(test)]
mod tests;
