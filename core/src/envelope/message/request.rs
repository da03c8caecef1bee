//! What clients ask and tell.

use super::macros::frames;
use super::{Message, Object, Record};
use crate::envelope::id::Id;
use crate::envelope::json_string::{Secret, Text};
use crate::envelope::kind::{Kind, Priority};
use crate::envelope::raw::Raw;
use crate::envelope::record::record;
use crate::envelope::timestamp::Timestamp;

frames! {
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

    /// A request.
    Chat: Chat {
        /// What the sender calls the request; the answer names it in `reply_to`.
        "id" id: Id<'a>,
        /// Who asks.
        "user_id" user_id: Text<'a>,
        /// The text.
        "message" message: Text<'a>,
        /// The text, under its other name.
        "content" content: Text<'a>,
        /// Whether the answer may come in pieces.
        "stream" stream: bool,
        /// What surrounds the request; see [`Context`](super::Context).
        "context" context: Raw<'a>,
        /// The conversation.
        "session_id" session_id: Text<'a>,
        /// The agent that shall answer.
        "agent" agent: Text<'a>,
        /// What the sender takes the request to be about.
        "intent" intent: Text<'a>,
        /// How soon it wants an answer.
        "priority" priority: Priority<'a>,
        /// Anything else.
        "metadata" metadata: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
    }

    /// A request, as load tests name it.
    ChatMessage: ChatMessage {
        /// What the sender calls the request.
        "id" id: Id<'a>,
        /// Who asks.
        "user_id" user_id: Text<'a>,
        /// The text.
        "message" message: Text<'a>,
        /// The text, under its other name.
        "content" content: Text<'a>,
        /// What surrounds the request; see [`Context`](super::Context).
        "context" context: Raw<'a>,
        /// The conversation.
        "session_id" session_id: Text<'a>,
        /// The agent that shall answer.
        "agent" agent: Text<'a>,
        /// What the sender takes the request to be about.
        "intent" intent: Text<'a>,
        /// Anything else.
        "metadata" metadata: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
    }

    /// A client's new context.
    ContextUpdate: ContextUpdate {
        /// What the sender calls the frame.
        "id" id: Id<'a>,
        /// Whose context it is.
        "user_id" user_id: Text<'a>,
        /// The context; see [`Context`](super::Context).
        "context" context: Raw<'a>,
        /// The conversation.
        "session_id" session_id: Text<'a>,
        /// Anything else.
        "metadata" metadata: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
    }

    /// A client's opening context.
    Init: Init {
        /// What the sender calls the frame.
        "id" id: Id<'a>,
        /// Whose context it is.
        "user_id" user_id: Text<'a>,
        /// The context; see [`Context`](super::Context).
        "context" context: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
    }

    /// A request by the default name of some clients, and an answer of one old server.
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
        /// What surrounds the request; see [`Context`](super::Context).
        "context" context: Raw<'a>,
        /// The conversation.
        "session_id" session_id: Text<'a>,
        /// The agent that shall answer.
        "agent" agent: Text<'a>,
        /// What the sender takes the request to be about.
        "intent" intent: Text<'a>,
        /// How soon it wants an answer.
        "priority" priority: Priority<'a>,
        /// Anything else.
        "metadata" metadata: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
        /// The request it answers.
        "reply_to" reply_to: Id<'a>,
    }

    /// A renewed token, under the name that old servers reject.
    TokenRefresh: TokenRefresh {
        /// What the sender calls the frame.
        "id" id: Id<'a>,
        /// The token.
        "token" token: Secret<'a>,
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
        /// What surrounds it; see [`Context`](super::Context).
        "context" context: Raw<'a>,
        /// When it was sent.
        "timestamp" timestamp: Timestamp<'a>,
    }
}
