//! Typed messages: every frame that peers of the `pam` dialect send, in both directions.
//!
//! Every member is optional: what a peer left out, sent as `null` or sent with another type reads
//! as absent. Members that this version does not know, and those of another type, are in `extra`.
//! Decoding and encoding again gives the known members first, in the order of the struct, then
//! the others; each value is spelled as it came. Of members with equal names only the last one is
//! kept where the name is known.
//!
//! Free-form members are [`Raw`](super::Raw); [`part`] types those that have a shape.

mod answer;
mod ask;
mod macros;
mod notice;
pub mod part;
mod reading;

pub use answer::{
    ChatResponse, ChatResponseComplete, ChatResponseDelta, ChatResponseStart, Chunk,
    ContextUpdated, ErrorFrame, Response, ResponseComplete, SttCapabilities, SttInstruction,
    SttResult,
};
pub use ask::{
    Auth, Batch, Chat, ChatMessage, ContextUpdate, Init, PlainMessage, TokenRefresh, Voice,
};
pub use notice::{
    Connection, GoingAway, Ping, Pong, ProactiveAlert, TimerExpired, UiActions, VisualAction,
};
pub use reading::Unknown;

use macros::messages;

use super::extra::Extra;
use super::kind::Kind;
use super::object::Object;
use super::record::{self, Record};
use super::{DecodeError, Envelope};

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
