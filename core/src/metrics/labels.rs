//! The closed sets of label values.

use super::label::labels;

labels! {
    /// Which way a frame went, seen from the engine that counts.
    Direction "direction" {
        /// From the peer.
        Inbound = "inbound",
        /// To the peer.
        Outbound = "outbound",
    }

    /// The type of a message. Types that nobody knows count as one, so that a peer cannot make
    /// label values.
    MessageType "type" {
        /// A question in words.
        Chat = "chat",
        /// A question in words, as load tests name it.
        ChatMessage = "chat_message",
        /// Asks for life.
        Ping = "ping",
        /// Shows life.
        Pong = "pong",
        /// Context at the start.
        Init = "init",
        /// A token.
        Auth = "auth",
        /// New context.
        ContextUpdate = "context_update",
        /// The untyped message of an old client.
        Message = "message",
        /// A renewed token.
        TokenRefresh = "token_refresh",
        /// Recorded speech.
        Voice = "voice",
        /// What speech the peer can take.
        SttCapabilities = "stt_capabilities",
        /// Several messages in one.
        Batch = "batch",
        /// A trial.
        Test = "test",
        /// A question, older name.
        UserMessage = "user_message",
        /// A message of the system.
        SystemMessage = "system_message",
        /// Shows life, older name.
        Heartbeat = "heartbeat",
        /// Opened, older name.
        ConnectionEstablished = "connection_established",
        /// Recorded speech, older name.
        VoiceInput = "voice_input",
        /// A question, older name.
        TextInput = "text_input",
        /// A state.
        StatusUpdate = "status_update",
        /// Somebody types.
        TypingIndicator = "typing_indicator",
        /// The end of a conversation.
        ConversationEnd = "conversation_end",
        /// Answers `init`.
        InitAck = "init_ack",
        /// The welcome.
        Connection = "connection",
        /// An answer.
        ChatResponse = "chat_response",
        /// An answer, older name.
        Response = "response",
        /// A streamed answer starts.
        ChatResponseStart = "chat_response_start",
        /// A piece of a streamed answer.
        Chunk = "chunk",
        /// A streamed answer ends.
        ResponseComplete = "response_complete",
        /// A piece of a streamed answer.
        ChatResponseDelta = "chat_response_delta",
        /// A streamed answer ends.
        ChatResponseComplete = "chat_response_complete",
        /// Answers `context_update`.
        ContextUpdated = "context_updated",
        /// Something to show or do.
        VisualAction = "visual_action",
        /// Things to do.
        UiActions = "ui_actions",
        /// What was heard.
        SttResult = "stt_result",
        /// How to hear.
        SttInstruction = "stt_instruction",
        /// A timer rang.
        TimerExpired = "timer_expired",
        /// Unasked advice.
        ProactiveAlert = "proactive_alert",
        /// A refusal or failure.
        Error = "error",
        /// The server goes down.
        GoingAway = "going_away",
        /// Everything else.
        Other = "other",
    }

    /// Why a connection was not taken.
    RefusedConnection "cause" {
        /// As many links as the hub holds.
        Full = "full",
        /// As many links as one user may have.
        UserFull = "user_full",
        /// Too many connections in too little time.
        RateLimited = "rate_limited",
        /// The hub is being drained.
        Draining = "draining",
        /// The path is none that is served.
        NotFound = "not_found",
        /// No token was given.
        NoToken = "no_token",
        /// It had shown no good token, and made way for another.
        CrowdedOut = "crowded_out",
        /// The host has no descriptor left.
        Descriptors = "descriptors",
        /// The host said no.
        Host = "host",
    }

    /// What an opening handshake failed of.
    HandshakeFailure "cause" {
        /// The head is not HTTP.
        Malformed = "malformed",
        /// The head is too large.
        TooLarge = "too_large",
        /// The head took too long.
        Timeout = "timeout",
        /// The method is not GET.
        Method = "method",
        /// A header that an upgrade needs is missing or wrong.
        Upgrade = "upgrade",
        /// HTTP is not of version 1.1, or the WebSocket not of version 13.
        Version = "version",
        /// The transport ended first.
        Ended = "ended",
    }

    /// Why a token was not taken.
    AuthFailure "cause" {
        /// It is not a token.
        Malformed = "malformed",
        /// The signature is wrong, or the key or algorithm is not known.
        Signature = "signature",
        /// It has expired.
        Expired = "expired",
        /// It is not valid yet.
        NotYetValid = "not_yet_valid",
        /// It is for another audience.
        Audience = "audience",
        /// It is another user's.
        Subject = "subject",
        /// None came.
        Missing = "missing",
        /// Too many waited to be verified.
        Busy = "busy",
        /// It expired on an open link and was not renewed.
        NotRenewed = "not_renewed",
        /// The host said no.
        Host = "host",
        /// Anything else.
        Other = "other",
    }

    /// What came of a duplicate.
    Duplicate "outcome" {
        /// The first is still being worked on: the repeat waits with it.
        Attached = "attached",
        /// It got the first result again.
        Repeated = "repeated",
        /// The first result is gone.
        Forgotten = "forgotten",
    }

    /// Why something left the duplicate window.
    Eviction "cause" {
        /// An entry made room for a newer one.
        Count = "count",
        /// An entry was too old.
        Age = "age",
        /// A result made room, or was too large.
        Result = "result",
    }

    /// The `error_code` of a refusal.
    Refused "code" {
        /// Too much in too little time.
        RateLimited = "RATE_LIMIT_EXCEEDED",
        /// Larger than its type may be.
        TooLarge = "MESSAGE_TOO_LARGE",
        /// A field is wrong or too long.
        Validation = "VALIDATION_ERROR",
        /// Not a JSON object with a type.
        Format = "FORMAT_ERROR",
        /// A type that nobody takes.
        UnknownType = "UNKNOWN_TYPE",
        /// An agent that nobody knows.
        UnknownAgent = "UNKNOWN_AGENT",
        /// The agent has enough to do.
        AgentBusy = "AGENT_BUSY",
        /// The agent is ill.
        AgentUnavailable = "AGENT_UNAVAILABLE",
        /// No reply came in time.
        RequestExpired = "REQUEST_EXPIRED",
        /// A token is needed.
        AuthRequired = "AUTH_REQUIRED",
        /// A repeat whose answer is no longer kept.
        DuplicateRequest = "DUPLICATE_REQUEST",
        /// The handler failed.
        Processing = "PROCESSING_ERROR",
        /// Any other code.
        Other = "other",
    }

    /// What a rate limits.
    RateClass "class" {
        /// Messages that ask for work.
        Message = "message",
        /// Connections opened.
        Connect = "connect",
        /// Tokens sent over an open link: too many bad ones, or too many at once.
        Auth = "auth",
        /// Voice input.
        Voice = "voice",
        /// Feedback.
        Feedback = "feedback",
        /// Repeats of requests.
        Repeat = "repeat",
        /// Any other class.
        Other = "other",
    }

    /// What came of a push.
    PushOutcome "outcome" {
        /// It was queued for a link of the user; counted for each link.
        Queued = "queued",
        /// A link refused it for lack of room; counted for each link.
        Refused = "refused",
        /// The user has no link.
        Absent = "absent",
    }

    /// How a question of a client ended.
    AskOutcome "outcome" {
        /// With its answer.
        Answered = "answered",
        /// With a refusal.
        Rejected = "rejected",
        /// Without an answer in time.
        Expired = "expired",
        /// Nobody can tell: the link broke and the peer cannot be asked again.
        Unknown = "unknown",
        /// The client stopped before it was sent.
        Unsent = "unsent",
        /// Its caller left before it was sent.
        Forgotten = "forgotten",
        /// An answer came after the end.
        Late = "late",
    }

    /// What the end of a link means: the words of [`Class`](crate::link::Class).
    CloseClass "class" {
        /// The peer was not believed.
        Authentication = "authentication",
        /// The path broke.
        Network = "network",
        /// By agreement.
        Normal = "normal",
        /// Nothing is at the address.
        NotFound = "not_found",
        /// The protocol was broken.
        Protocol = "protocol",
        /// Too much, too fast.
        RateLimited = "rate_limited",
        /// The peer may not.
        Refused = "refused",
        /// The peer failed.
        ServerError = "server_error",
        /// Restarting, overloaded or draining.
        ServerUnavailable = "server_unavailable",
        /// What answers is no server of ours, or something on the way does not let links through.
        Setup = "setup",
        /// Silence.
        Timeout = "timeout",
        /// A message was too large.
        TooBig = "too_big",
        /// Any other class.
        Other = "other",
    }

    /// Why outbound bytes were not sent.
    Dropped "cause" {
        /// The oldest made room for newer ones.
        Oldest = "oldest",
        /// The newest was refused.
        Newest = "newest",
        /// The link was closed because its peer does not read.
        Closed = "closed",
    }

    /// Why a route was chosen: the words of [`Because`](crate::routing::Because), and what may
    /// follow from there.
    RouteReason "because" {
        /// The message names the agent.
        AgentId = "agent_id",
        /// The named agent is not in the table.
        UnknownAgent = "unknown_agent",
        /// By the type of the message.
        MessageType = "message_type",
        /// By the intent.
        Intent = "intent",
        /// By a keyword in the text.
        Keyword = "keyword",
        /// Nothing else matched, and there is a default.
        Default = "default",
        /// Nothing matched.
        NoMatch = "no_match",
        /// The first choice was busy or ill.
        Fallback = "fallback",
        /// Nobody can take it.
        Unavailable = "unavailable",
        /// Any other reason.
        Other = "other",
    }
}

impl MessageType {
    /// The type with this name, or [`MessageType::Other`].
    pub fn known(name: &str) -> Self {
        Self::of(name).unwrap_or(Self::Other)
    }
}

impl RouteReason {
    /// The reason with this text, or [`RouteReason::Other`].
    pub fn known(because: &str) -> Self {
        Self::of(because).unwrap_or(Self::Other)
    }
}

impl Refused {
    /// The code with this text, or [`Refused::Other`].
    pub fn known(code: &str) -> Self {
        Self::of(code).unwrap_or(Self::Other)
    }
}

impl CloseClass {
    /// The class with this text, or [`CloseClass::Other`].
    pub fn known(class: &str) -> Self {
        Self::of(class).unwrap_or(Self::Other)
    }
}
