//! Typed messages: every frame that peers of the `pam` dialect send, in both directions.
//!
//! Every member is optional: what a peer left out, sent as `null` or sent with another type reads
//! as absent. Members that this version does not know, and those of another type, are in `extra`.
//! Decoding and encoding again gives the known members first, in the order of the struct, then
//! the others; each value is spelled as it came. Of members with equal names only the last one is
//! kept where the name is known.
//!
//! Free-form members are [`Raw`]; [`part`] types those that have a shape.

mod macros;
pub mod part;
mod reading;

pub use reading::Unknown;

use macros::messages;

use super::extra::Extra;
use super::field::Number;
use super::id::Id;
use super::kind::{ErrorCode, Kind, Priority, Source, TimerType};
use super::raw::Raw;
use super::record::{self, Record, record};
use super::text::{Secret, Text};
use super::timestamp::Timestamp;
use super::write::Object;
use super::{DecodeError, Envelope};

messages! {
    /// A client's renewed token, in band.
    Auth: Auth {
        /// What the sender calls the frame.
        "id" id: Id<'a>,
        /// The token.
        "token" token: Secret<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
    }

    /// Several messages of a client in one frame.
    Batch: Batch {
        /// What the sender calls the frame.
        "id" id: Id<'a>,
        /// The messages: an array of envelopes.
        "messages" messages: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
    }

    /// A question.
    Chat: Chat {
        /// What the sender calls the question; the answer names it in `reply_to`.
        "id" id: Id<'a>,
        /// Who asks.
        "user_id" user_id: Text<'a>,
        /// The text.
        "message" message: Text<'a>,
        /// The text, under its other name.
        "content" content: Text<'a>,
        /// Whether the answer may come in pieces.
        "stream" stream: bool,
        /// What surrounds the question; see [`part::Context`].
        "context" context: Raw<'a>,
        /// The conversation.
        "session_id" session_id: Text<'a>,
        /// The agent that shall answer.
        "agent" agent: Text<'a>,
        /// What the sender takes the question to be about.
        "intent" intent: Text<'a>,
        /// How soon it wants an answer.
        "priority" priority: Priority<'a>,
        /// Anything else.
        "metadata" metadata: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
    }

    /// A question, as load tests name it.
    ChatMessage: ChatMessage {
        /// What the sender calls the question.
        "id" id: Id<'a>,
        /// Who asks.
        "user_id" user_id: Text<'a>,
        /// The text.
        "message" message: Text<'a>,
        /// The text, under its other name.
        "content" content: Text<'a>,
        /// What surrounds the question; see [`part::Context`].
        "context" context: Raw<'a>,
        /// The conversation.
        "session_id" session_id: Text<'a>,
        /// The agent that shall answer.
        "agent" agent: Text<'a>,
        /// What the sender takes the question to be about.
        "intent" intent: Text<'a>,
        /// Anything else.
        "metadata" metadata: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
    }

    /// An answer.
    ChatResponse: ChatResponse {
        /// What the server calls the answer.
        "id" id: Id<'a>,
        /// The text.
        "message" message: Text<'a>,
        /// The same text.
        "content" content: Text<'a>,
        /// Things for the page to do, as early servers name them; see [`part::UiAction`].
        "actions" actions: Raw<'a>,
        /// Things for the page to do: an array of [`part::UiAction`].
        "ui_actions" ui_actions: Raw<'a>,
        /// Who made it.
        "source" source: Source<'a>,
        /// The model behind it.
        "model" model: Text<'a>,
        /// The agent behind it.
        "agent" agent: Text<'a>,
        /// How long it took, in milliseconds.
        "processing_time_ms" processing_time_ms: Number<'a>,
        /// Whether the text excuses a failure.
        "error" error: bool,
        /// What failed, for programmers.
        "error_details" error_details: Text<'a>,
        /// The kind of failure.
        "error_type" error_type: Text<'a>,
        /// The state of the services behind.
        "service_status" service_status: Raw<'a>,
        /// The server's view of a failure; see [`part::DebugInfo`].
        "debug_info" debug_info: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The text as speech; see [`part::Tts`].
        "tts" tts: Raw<'a>,
        /// How long speaking took, in milliseconds.
        "tts_processing_time_ms" tts_processing_time_ms: Number<'a>,
        /// The question it answers.
        "reply_to" reply_to: Id<'a>,
    }

    /// The end of a streamed answer.
    ChatResponseComplete: ChatResponseComplete {
        /// The whole text.
        "full_response" full_response: Text<'a>,
        /// Who made it.
        "source" source: Source<'a>,
        /// How long it took, in milliseconds.
        "processing_time_ms" processing_time_ms: Number<'a>,
        /// Anything else.
        "metadata" metadata: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The question it answers.
        "reply_to" reply_to: Id<'a>,
    }

    /// A piece of a streamed answer.
    ChatResponseDelta: ChatResponseDelta {
        /// The piece of text.
        "content" content: Text<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The question it answers.
        "reply_to" reply_to: Id<'a>,
    }

    /// The start of a streamed answer.
    ChatResponseStart: ChatResponseStart {
        /// The server's name for the stream, which no later frame repeats.
        "message_id" message_id: Text<'a>,
        /// `processing`.
        "status" status: Text<'a>,
        /// What to show meanwhile.
        "message" message: Text<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The question it answers.
        "reply_to" reply_to: Id<'a>,
    }

    /// A piece of a streamed answer, as later servers send it.
    Chunk: Chunk {
        /// The piece of text.
        "content" content: Text<'a>,
        /// Who made it.
        "source" source: Source<'a>,
        /// The model behind it.
        "model" model: Text<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The question it answers.
        "reply_to" reply_to: Id<'a>,
    }

    /// The welcome.
    Connection: Connection {
        /// `connected`.
        "status" status: Text<'a>,
        /// A greeting, which old clients take for an answer.
        "message" message: Text<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// `enabled`.
        "profile_integration" profile_integration: Text<'a>,
        /// What the server can do beyond the dialect: an array of strings.
        "features" features: Raw<'a>,
    }

    /// A client's new context.
    ContextUpdate: ContextUpdate {
        /// What the sender calls the frame.
        "id" id: Id<'a>,
        /// Whose context it is.
        "user_id" user_id: Text<'a>,
        /// The context; see [`part::Context`].
        "context" context: Raw<'a>,
        /// The conversation.
        "session_id" session_id: Text<'a>,
        /// Anything else.
        "metadata" metadata: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
    }

    /// The acknowledgement of a context update.
    ContextUpdated: ContextUpdated {
        /// A text, which old clients take for an answer.
        "message" message: Text<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The update it acknowledges.
        "reply_to" reply_to: Id<'a>,
    }

    /// A refusal or failure.
    Error: ErrorFrame {
        /// Why, for people.
        "message" message: Text<'a>,
        /// Why, for programs.
        "error_code" error_code: ErrorCode<'a>,
        /// When to come back, in seconds.
        "retry_after" retry_after: Number<'a>,
        /// The rate that was exceeded, in its first shape; see [`part::RateLimit`].
        "rate_limit" rate_limit: Raw<'a>,
        /// The rate that was exceeded, in its second shape; see [`part::RateLimitInfo`].
        "rate_limit_info" rate_limit_info: Raw<'a>,
        /// The size that was exceeded; see [`part::SizeInfo`].
        "size_info" size_info: Raw<'a>,
        /// The fields that were too large.
        "field_violations" field_violations: Raw<'a>,
        /// How often this peer has offended.
        "violation_count" violation_count: Number<'a>,
        /// What failed, for programmers.
        "error_details" error_details: Text<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The request that failed.
        "reply_to" reply_to: Id<'a>,
    }

    /// A client's opening context.
    Init: Init {
        /// What the sender calls the frame.
        "id" id: Id<'a>,
        /// Whose context it is.
        "user_id" user_id: Text<'a>,
        /// The context; see [`part::Context`].
        "context" context: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
    }

    /// A question by the default name of some clients, and an answer of one old server.
    Message: PlainMessage {
        /// What the sender calls it.
        "id" id: Id<'a>,
        /// Who asks.
        "user_id" user_id: Text<'a>,
        /// The text.
        "message" message: Text<'a>,
        /// The text, under its second name.
        "content" content: Text<'a>,
        /// The text, under its third name.
        "response" response: Text<'a>,
        /// What surrounds the question; see [`part::Context`].
        "context" context: Raw<'a>,
        /// The conversation.
        "session_id" session_id: Text<'a>,
        /// The agent that shall answer.
        "agent" agent: Text<'a>,
        /// What the sender takes the question to be about.
        "intent" intent: Text<'a>,
        /// How soon it wants an answer.
        "priority" priority: Priority<'a>,
        /// Anything else.
        "metadata" metadata: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The question it answers.
        "reply_to" reply_to: Id<'a>,
    }

    /// "Are you there?"
    Ping: Ping {
        /// What the sender calls the frame.
        "id" id: Id<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The server's name for the connection.
        "connection_id" connection_id: Text<'a>,
        /// How many came before it on this connection, and itself.
        "ping_number" ping_number: Number<'a>,
    }

    /// "Yes."
    Pong: Pong {
        /// What the sender calls the frame.
        "id" id: Id<'a>,
        /// When it was sent, or the timestamp of the ping it answers.
        "timestamp" timestamp: Timestamp<'a>,
        /// The ping it answers.
        "reply_to" reply_to: Id<'a>,
    }

    /// News that nobody asked for.
    ProactiveAlert: ProactiveAlert {
        /// The server's name for it.
        "id" id: Id<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The news of one sender; see [`part::AlertContent`].
        "content" content: Raw<'a>,
        /// The weather, of the other sender.
        "weather" weather: Raw<'a>,
        /// Budgets that need care, of the other sender.
        "budgets" budgets: Raw<'a>,
        /// Where tomorrow ends, of the other sender.
        "camps_tomorrow" camps_tomorrow: Raw<'a>,
    }

    /// An answer of the edge matcher or the agent graph.
    Response: Response {
        /// The text.
        "content" content: Text<'a>,
        /// Who made it.
        "source" source: Source<'a>,
        /// How long it took, in milliseconds.
        "processing_time_ms" processing_time_ms: Number<'a>,
        /// How sure it is, from 0 to 1.
        "confidence" confidence: Number<'a>,
        /// How it came about; see [`part::ResponseMetadata`].
        "metadata" metadata: Raw<'a>,
        /// The text as speech; see [`part::Tts`].
        "tts" tts: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The question it answers.
        "reply_to" reply_to: Id<'a>,
    }

    /// The end of a streamed answer, as later servers send it.
    ResponseComplete: ResponseComplete {
        /// Who made it.
        "source" source: Source<'a>,
        /// The model behind it.
        "model" model: Text<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The question it answers.
        "reply_to" reply_to: Id<'a>,
    }

    /// The question which audio a server takes, and the answer.
    SttCapabilities: SttCapabilities {
        /// What the sender calls the question.
        "id" id: Id<'a>,
        /// What the server can do.
        "capabilities" capabilities: Raw<'a>,
        /// An array of formats.
        "supported_formats" supported_formats: Raw<'a>,
        /// An array of languages.
        "supported_languages" supported_languages: Raw<'a>,
        /// The question it answers.
        "reply_to" reply_to: Id<'a>,
    }

    /// How the client is to recognise speech by itself.
    SttInstruction: SttInstruction {
        /// `use_browser_stt`.
        "instruction" instruction: Text<'a>,
        /// The language to expect.
        "language" language: Text<'a>,
        /// The request it answers.
        "reply_to" reply_to: Id<'a>,
    }

    /// Recognised speech.
    SttResult: SttResult {
        /// What was said.
        "text" text: Text<'a>,
        /// How sure it is, from 0 to 1.
        "confidence" confidence: Number<'a>,
        /// The language.
        "language" language: Text<'a>,
        /// What recognised it.
        "engine" engine: Text<'a>,
        /// How long it took.
        "processing_time" processing_time: Number<'a>,
        /// The request it answers.
        "reply_to" reply_to: Id<'a>,
    }

    /// A timer or alarm has run out.
    TimerExpired: TimerExpired {
        /// The server's name for it.
        "timer_id" timer_id: Text<'a>,
        /// The user's name for it.
        "label" label: Text<'a>,
        /// Which of the two.
        "timer_type" timer_type: TimerType<'a>,
        /// What to say.
        "message" message: Text<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// `show_notification`.
        "action" action: Text<'a>,
        /// What to show; see [`part::Notification`].
        "notification" notification: Raw<'a>,
    }

    /// A renewed token, under the name that old servers reject.
    TokenRefresh: TokenRefresh {
        /// What the sender calls the frame.
        "id" id: Id<'a>,
        /// The token.
        "token" token: Secret<'a>,
    }

    /// Things for the page to do.
    UiActions: UiActions {
        /// An array of [`part::UiAction`].
        "actions" actions: Raw<'a>,
    }

    /// A thing for the page to do, and what to say of it.
    VisualAction: VisualAction {
        /// What to do; see [`part::VisualVerb`].
        "action" action: Raw<'a>,
        /// What to say.
        "feedback_message" feedback_message: Text<'a>,
    }

    /// Recorded speech.
    Voice: Voice {
        /// What the sender calls it.
        "id" id: Id<'a>,
        /// The recording in Base64.
        "audio_data" audio_data: Text<'a>,
        /// Its format, e.g. `webm`.
        "format" format: Text<'a>,
        /// The language that is spoken.
        "language" language: Text<'a>,
        /// Whether to answer at once what was recognised.
        "auto_send" auto_send: bool,
        /// What surrounds it; see [`part::Context`].
        "context" context: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
    }
}

#[cfg(test)]
mod tests;
