//! The words of the dialect: message types, error codes, verbs and the rest.

use super::error::EnvelopeError;
use super::open::open_enum;

open_enum! {
    /// What a frame is: its member `type`.
    Kind {
        /// In-band token from a client; old servers take and ignore it.
        Auth = "auth",
        /// Several messages in one frame; old servers reject it.
        Batch = "batch",
        /// A request from a client.
        Chat = "chat",
        /// A request under the name that some load tests use; old servers reject it.
        ChatMessage = "chat_message",
        /// An answer.
        ChatResponse = "chat_response",
        /// The end of a streamed answer, sometimes with its whole text.
        ChatResponseComplete = "chat_response_complete",
        /// A piece of a streamed answer.
        ChatResponseDelta = "chat_response_delta",
        /// The start of a streamed answer.
        ChatResponseStart = "chat_response_start",
        /// A piece of a streamed answer, as later servers name it.
        Chunk = "chunk",
        /// The welcome: the first frame after authentication.
        Connection = "connection",
        /// A client's new context.
        ContextUpdate = "context_update",
        /// The acknowledgement of a context update.
        ContextUpdated = "context_updated",
        /// A refusal or failure.
        Error = "error",
        /// The server goes down; `retry_after` says when to come back.
        GoingAway = "going_away",
        /// A client's opening context.
        Init = "init",
        /// A request by the default name of some clients; also an answer of one old server.
        Message = "message",
        /// "Are you there?", from either side.
        Ping = "ping",
        /// "Yes", from either side.
        Pong = "pong",
        /// A push.
        ProactiveAlert = "proactive_alert",
        /// An answer of the edge matcher or an agent graph.
        Response = "response",
        /// The end of a streamed answer, as later servers name it.
        ResponseComplete = "response_complete",
        /// Asks which audio the server takes, and answers that.
        SttCapabilities = "stt_capabilities",
        /// How the client is to recognise speech by itself.
        SttInstruction = "stt_instruction",
        /// Recognised speech.
        SttResult = "stt_result",
        /// A timer or alarm has run out.
        TimerExpired = "timer_expired",
        /// A renewed token, under the name that old servers reject.
        TokenRefresh = "token_refresh",
        /// Things for the page to do.
        UiActions = "ui_actions",
        /// A thing for the page to do and what to say of it.
        VisualAction = "visual_action",
        /// Recorded speech.
        Voice = "voice",
    }
}

impl Kind<'_> {
    /// Whether a client sends such a frame to be answered.
    pub const fn is_request(&self) -> bool {
        matches!(self, Self::Chat | Self::ChatMessage | Self::Message | Self::Voice)
    }

    /// Whether such a frame can end the wait for an answer.
    ///
    /// Never a welcome, a timer, an alert or a context frame, whatever text they carry; and never
    /// a piece of a stream, only its end.
    pub const fn is_answer(&self) -> bool {
        matches!(
            self,
            Self::ChatResponse
                | Self::ChatResponseComplete
                | Self::Error
                | Self::Response
                | Self::ResponseComplete
        )
    }

    /// Whether such a frame is a piece of an answer that grows, its start included: it belongs to
    /// a request and does not end the wait for the answer.
    pub const fn is_piece(&self) -> bool {
        matches!(self, Self::ChatResponseDelta | Self::ChatResponseStart | Self::Chunk)
    }

    /// Whether a history keeps such a frame.
    ///
    /// | kinds | storage |
    /// |---|---|
    /// | `chat`, `chat_message`, `message`, `voice`; `chat_response`, `response`, `chat_response_complete`; `timer_expired`, `proactive_alert`; every unknown one | stored |
    /// | `error` | stored, and logged |
    /// | `ping`, `pong`, `connection`, `visual_action`; `ui_actions`; `init`, `auth`, `token_refresh`, `context_update`, `context_updated`; `going_away`; `batch` (its messages count singly); the pieces and bare ends of streams; `stt_*` | transient |
    pub const fn storage(&self) -> Storage {
        match self {
            Self::Chat
            | Self::ChatMessage
            | Self::ChatResponse
            | Self::ChatResponseComplete
            | Self::Message
            | Self::ProactiveAlert
            | Self::Response
            | Self::TimerExpired
            | Self::Voice
            | Self::Unknown(_) => Storage::Stored,
            Self::Error => Storage::StoredWithLog,
            Self::Auth
            | Self::Batch
            | Self::ChatResponseDelta
            | Self::ChatResponseStart
            | Self::Chunk
            | Self::Connection
            | Self::ContextUpdate
            | Self::ContextUpdated
            | Self::GoingAway
            | Self::Init
            | Self::Ping
            | Self::Pong
            | Self::ResponseComplete
            | Self::SttCapabilities
            | Self::SttInstruction
            | Self::SttResult
            | Self::TokenRefresh
            | Self::UiActions
            | Self::VisualAction => Storage::Transient,
        }
    }
}

/// What a history does with a frame.
///
/// Closed: a frame is kept or not, and logged or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums)]
pub enum Storage {
    /// It is kept.
    Stored,
    /// It is kept and written to the log.
    StoredWithLog,
    /// It is not kept.
    Transient,
}

open_enum! {
    /// Why an `error` frame was sent: its member `error_code`.
    ErrorCode {
        /// The agent has as many messages as it may.
        AgentBusy = "AGENT_BUSY",
        /// The agent and all that stand in for it have failed.
        AgentUnavailable = "AGENT_UNAVAILABLE",
        /// The link has no valid token.
        AuthRequired = "AUTH_REQUIRED",
        /// The server could not list its audio formats.
        CapabilitiesError = "CAPABILITIES_ERROR",
        /// A repeat of a request whose answer is no longer kept.
        DuplicateRequest = "DUPLICATE_REQUEST",
        /// The frame is no JSON object.
        FormatError = "FORMAT_ERROR",
        /// The recorded speech cannot be read.
        InvalidAudioData = "INVALID_AUDIO_DATA",
        /// The frame or a part of it is too large.
        MessageTooLarge = "MESSAGE_TOO_LARGE",
        /// The voice frame holds no speech.
        MissingAudioData = "MISSING_AUDIO_DATA",
        /// The answer could not be made.
        ProcessingError = "PROCESSING_ERROR",
        /// Too many messages; `retry_after` says when to come back.
        RateLimitExceeded = "RATE_LIMIT_EXCEEDED",
        /// The answer did not come in time.
        RequestExpired = "REQUEST_EXPIRED",
        /// A newer request of the user has taken its place.
        RequestReplaced = "REQUEST_REPLACED",
        /// The security filter failed.
        SecurityError = "SECURITY_ERROR",
        /// The security filter refused the text.
        SecurityViolation = "SECURITY_VIOLATION",
        /// The answer broke off.
        StreamingError = "STREAMING_ERROR",
        /// Speech could not be recognised.
        SttError = "STT_ERROR",
        /// The second filter refused the text.
        SuspiciousContent = "SUSPICIOUS_CONTENT",
        /// No agent has this name.
        UnknownAgent = "UNKNOWN_AGENT",
        /// Neither the dialect nor the host knows this type.
        UnknownType = "UNKNOWN_TYPE",
        /// A member is missing or of the wrong type.
        ValidationError = "VALIDATION_ERROR",
    }
}

open_enum! {
    /// What a page is told to do: in `visual_action`, `ui_actions` and the like.
    Verb {
        /// Show a message.
        Alert = "alert",
        /// Put an appointment into the calendar.
        BookAppointment = "book_appointment",
        /// Press something.
        Click = "click",
        /// Press something, as one client names it.
        ClickElement = "click_element",
        /// Start a trip.
        CreateTrip = "create_trip",
        /// Fill in a form.
        FillForm = "fill_form",
        /// Point something out.
        Highlight = "highlight",
        /// Note an expense.
        LogExpense = "log_expense",
        /// A plain message, in the answers of early servers.
        Message = "message",
        /// Go to a page.
        Navigate = "navigate",
        /// Open the map.
        OpenMap = "open_map",
        /// Load the calendar again.
        ReloadCalendar = "reload_calendar",
        /// Load the expenses again.
        ReloadExpenses = "reload_expenses",
        /// Load the trips again.
        ReloadTrips = "reload_trips",
        /// Scroll to something.
        ScrollTo = "scroll_to",
        /// Show a short message.
        Toast = "toast",
    }
}

open_enum! {
    /// Who made an answer: its member `source`.
    Source {
        /// The main model's fallback text after a failure.
        ClaudePamError = "claude_pam_error",
        /// The main model.
        ClaudePamPrimary = "claude_pam_primary",
        /// The main model, streaming.
        ClaudePamStreaming = "claude_pam_streaming",
        /// The orchestrator of early servers.
        Cloud = "cloud",
        /// The edge matcher.
        Edge = "edge",
        /// The agent graph.
        LanggraphAgent = "langgraph_agent",
    }
}

open_enum! {
    /// How soon an alert wants to be seen.
    Priority {
        /// Soon.
        High = "high",
        /// Whenever.
        Low = "low",
        /// As usual.
        Normal = "normal",
        /// At once.
        Urgent = "urgent",
    }
}

open_enum! {
    /// What an alert is about.
    AlertCategory {
        /// Help of any kind.
        Assistance = "assistance",
        /// Money.
        FinancialGuidance = "financial_guidance",
        /// Danger.
        SafetyAlert = "safety_alert",
        /// Help under way.
        TravelAssistance = "travel_assistance",
        /// A better route or time.
        TripOptimization = "trip_optimization",
    }
}

open_enum! {
    /// What an alert offers to do.
    AlertAction {
        /// Change the route.
        AdjustRoute = "adjust_route",
        /// Look at what was spent.
        AnalyzeExpenses = "analyze_expenses",
        /// Compute routes.
        CalculateRoutes = "calculate_routes",
        /// See whether a campground is free.
        CheckCampgrounds = "check_campgrounds",
        /// Compare prices.
        ComparePrices = "compare_prices",
        /// Look for fuel.
        FindFuelStops = "find_fuel_stops",
        /// Look for savings.
        FindSavings = "find_savings",
        /// Find the best time to leave.
        OptimizeDeparture = "optimize_departure",
        /// Plan where to stop.
        PlanStops = "plan_stops",
    }
}

open_enum! {
    /// What has run out.
    TimerType {
        /// An alarm: a point in time.
        Alarm = "alarm",
        /// A timer: a span of time.
        Timer = "timer",
    }
}

open_enum! {
    /// How a user speaks to the client.
    InputMode {
        /// By typing.
        Text = "text",
        /// By speaking.
        Voice = "voice",
    }
}

impl EnvelopeError {
    /// The `error_code` under which a server answers such a text.
    pub const fn code(&self) -> ErrorCode<'static> {
        match self {
            Self::NotAnObject { .. } | Self::NotJson { .. } => ErrorCode::FormatError,
            Self::MissingType | Self::TypeNotText { .. } => ErrorCode::ValidationError,
            Self::TooDeep { .. } | Self::TooLong => ErrorCode::MessageTooLarge,
        }
    }
}
