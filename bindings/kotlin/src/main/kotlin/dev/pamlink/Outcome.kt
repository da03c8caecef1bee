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
