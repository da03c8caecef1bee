//! What servers answer, whole or in pieces.

use super::macros::frames;
use super::{Message, Object, Record};
use crate::envelope::field::Number;
use crate::envelope::id::Id;
use crate::envelope::json_string::Text;
use crate::envelope::kind::{ErrorCode, Kind, Source};
use crate::envelope::raw::Raw;
use crate::envelope::record::record;
use crate::envelope::timestamp::Timestamp;

frames! {
    /// An answer.
    ChatResponse: ChatResponse {
        /// What the server calls the answer.
        "id" id: Id<'a>,
        /// The text.
        "message" message: Text<'a>,
        /// The same text.
        "content" content: Text<'a>,
        /// Things for the page to do, as early servers name them; see
        /// [`UiAction`](super::UiAction).
        "actions" actions: Raw<'a>,
        /// Things for the page to do: an array of [`UiAction`](super::UiAction).
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
        /// The server's view of a failure; see [`DebugInfo`](super::DebugInfo).
        "debug_info" debug_info: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The text as speech; see [`Tts`](super::Tts).
        "tts" tts: Raw<'a>,
        /// How long speaking took, in milliseconds.
        "tts_processing_time_ms" tts_processing_time_ms: Number<'a>,
        /// The request it answers.
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
        /// The request it answers.
        "reply_to" reply_to: Id<'a>,
    }

    /// A piece of a streamed answer.
    ChatResponseDelta: ChatResponseDelta {
        /// The piece of text.
        "content" content: Text<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The request it answers.
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
        /// The request it answers.
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
        /// The request it answers.
        "reply_to" reply_to: Id<'a>,
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
        /// The rate that was exceeded, in its first shape; see [`RateLimit`](super::RateLimit).
        "rate_limit" rate_limit: Raw<'a>,
        /// The rate that was exceeded, in its second shape; see
        /// [`RateLimitInfo`](super::RateLimitInfo).
        "rate_limit_info" rate_limit_info: Raw<'a>,
        /// The size that was exceeded; see [`SizeInfo`](super::SizeInfo).
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
        /// How it came about; see [`ResponseMetadata`](super::ResponseMetadata).
        "metadata" metadata: Raw<'a>,
        /// The text as speech; see [`Tts`](super::Tts).
        "tts" tts: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The request it answers.
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
        /// The request it answers.
        "reply_to" reply_to: Id<'a>,
    }

    /// Asks which audio a server takes, and answers that.
    SttCapabilities: SttCapabilities {
        /// What the sender calls the request.
        "id" id: Id<'a>,
        /// What the server can do.
        "capabilities" capabilities: Raw<'a>,
        /// An array of formats.
        "supported_formats" supported_formats: Raw<'a>,
        /// An array of languages.
        "supported_languages" supported_languages: Raw<'a>,
        /// The request it answers.
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
}
