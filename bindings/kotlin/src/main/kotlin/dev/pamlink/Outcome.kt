package dev.pamlink

import kotlin.time.Duration

/** How a request ended: each ends in exactly one of these. */
public sealed interface Outcome {
    /** The server answered. */
    public data class Answered(
        /** What the answer says. */
        public val text: String,
        /** The whole envelope. */
        public val json: String,
    ) : Outcome

    /** The server refused the request or failed at it. */
    public data class Rejected(
        /** Why, for programs: the server's own code, such as `RATE_LIMITED`. */
        public val code: String?,
        /** Why, for people. */
        public val message: String,
        /** When the request may be sent again, from now; null if the server did not say. */
        public val retryAfter: Duration?,
        /** The whole `error` envelope. */
        public val json: String,
    ) : Outcome

    /** No answer came in time. Whether the request had an effect is not known. */
    public data object Expired : Outcome

    /**
     * The link broke after the request had been sent, and the server cannot tell repeats, or the
     * client has stopped: sending it again might do it twice.
     */
    public data object Unknown : Outcome

    /**
     * The client stopped before the request was sent: it had no effect, and may be sent again after
     * [Client.connect].
     */
    public data object Unsent : Outcome

    /** The request was cancelled: its answer ends where its pieces have. */
    public data object Cancelled : Outcome
}

/** A part of an answer that grows: see [Client.ask]. */
public data class Piece(
    /** What to append to what came before; may be empty in the last piece. */
    public val text: String,
    /** Throw away what came before: the answer begins anew with [text]. */
    public val restart: Boolean = false,
    /** In the last piece, and only there, the whole answer. */
    public val answer: Outcome.Answered? = null,
)

/** What [AnswerStream.cancel] has come to. */
public data class CancelResult(
    /** What has become of the request. */
    public val outcome: CancelOutcome,
    /** How long the answer is, in bytes of UTF-8, where it has ended. */
    public val offset: Long?,
    /** Why the server has refused to cancel. */
    public val errorCode: String?,
)

/** What has become of a request that was to be cancelled. */
public enum class CancelOutcome {
    /** It has ended, and its answer ends where its pieces have. */
    CANCELLED,

    /** It goes on: [CancelResult.errorCode] says why. */
    REFUSED,

    /** It had ended before. */
    ENDED,

    /** The server knows no such request, or what it said is lost. */
    UNKNOWN,
    ;

    internal companion object {
        // A word of a newer server says nothing to this version.
        fun of(name: String?): CancelOutcome = when (name) {
            "cancelled" -> CANCELLED
            "refused" -> REFUSED
            "ended" -> ENDED
            else -> UNKNOWN
        }
    }
}

/** In which order waiting envelopes go: see [Client.submit]. */
public enum class Priority {
    /** Before all others. */
    URGENT,

    /** In its turn. */
    NORMAL,

    /** After all others. */
    BULK,
}

/** What has become of what was submitted: see [Client.submit]. */
public sealed interface SubmitResult {
    /** The server has it. */
    public data object Acknowledged : SubmitResult

    /** The server has not taken it. */
    public data class Rejected(
        /** Why, for programs. */
        public val errorCode: String,
        /** When it may be sent again, from now; null if the server did not say. */
        public val retryAfter: Duration?,
    ) : SubmitResult

    /** It was not sent, and has had no effect. */
    public data class Expired(
        /**
         * Why: `age` (it has waited for as long as it may), `replaced` (something else has its key),
         * `dropped` (too much waited) or `session_ended`.
         */
        public val errorCode: String,
    ) : SubmitResult

    /** It was sent, and whether the server has it is not known. */
    public data object Unknown : SubmitResult
}
