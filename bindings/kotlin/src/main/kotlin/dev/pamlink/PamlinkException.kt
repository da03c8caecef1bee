package dev.pamlink

import kotlin.time.Duration

/**
 * What goes wrong, with a number that never changes its meaning.
 *
 * The subclasses are the kinds of errors; [code] and [name] say which one it is. No message carries
 * a token.
 */
public sealed class PamlinkException(
    /** The number, the same in every language and release. */
    public val code: Int,
    /** The name of the number, such as `requests_full`. */
    public val name: String,
    /** What kind of thing went wrong: `usage`, `busy`, `link`, `auth`, `answer` or `internal`. */
    public val kind: String,
    /** Whether the same call may succeed later. */
    public val retryable: Boolean,
    /** How long to wait before that, where it is known. */
    public val retryAfter: Duration?,
    message: String,
    cause: Throwable?,
) : RuntimeException(message, cause) {
    /** The call was wrong: another one like it will be, too. */
    public class Usage internal constructor(error: ErrorParts) : PamlinkException(error)

    /** Something is full for now. */
    public class Busy internal constructor(error: ErrorParts) : PamlinkException(error)

    /** There is no link, or not any more. */
    public class Link internal constructor(error: ErrorParts) : PamlinkException(error)

    /** A token is not good, or none can be had. */
    public class Auth internal constructor(error: ErrorParts) : PamlinkException(error)

    /** A request ended without an answer. */
    public class Answer internal constructor(
        error: ErrorParts,
        /** How it ended; never [Outcome.Answered]. */
        public val outcome: Outcome?,
    ) : PamlinkException(error)

    /** The engine failed. It is of no more use, all others are. */
    public class Internal internal constructor(error: ErrorParts) : PamlinkException(error)

    private constructor(parts: ErrorParts) : this(
        parts.code,
        parts.name,
        parts.kind,
        parts.retryable,
        parts.retryAfter,
        parts.message,
        parts.cause,
    )

    internal companion object {
        /** The error of a number of this package's own table. */
        fun of(
            code: ErrorCode,
            message: String = code.about,
            retryAfter: Duration? = null,
            cause: Throwable? = null,
        ): PamlinkException =
            of(ErrorParts(code.number, code.label, code.kind, code.retryable, retryAfter, message, cause))

        /** The error of a number that a library gave. One that this version does not know is internal. */
        fun of(number: Int): PamlinkException {
            val known = ErrorCode.of(number)
            return if (known != null) {
                of(known)
            } else {
                of(ErrorParts(number, "error_$number", "internal", false, null, "error $number of the library"))
            }
        }

        fun of(parts: ErrorParts, outcome: Outcome? = null): PamlinkException = when (parts.kind) {
            "usage" -> Usage(parts)
            "busy" -> Busy(parts)
            "link" -> Link(parts)
            "auth" -> Auth(parts)
            "answer" -> Answer(parts, outcome)
            else -> Internal(parts)
        }

        /** The error that [outcome] is, for those who wait for an answer only. */
        fun of(outcome: Outcome): PamlinkException {
            val (code, message, after) = when (outcome) {
                is Outcome.Rejected -> Triple(
                    ErrorCode.REJECTED,
                    listOfNotNull(outcome.code, outcome.message.ifEmpty { null }).joinToString(": "),
                    outcome.retryAfter,
                )
                Outcome.Expired -> Triple(ErrorCode.REQUEST_EXPIRED, ErrorCode.REQUEST_EXPIRED.about, null)
                Outcome.Unsent -> Triple(ErrorCode.REQUEST_UNSENT, ErrorCode.REQUEST_UNSENT.about, null)
                Outcome.Cancelled -> Triple(ErrorCode.REQUEST_CANCELLED, ErrorCode.REQUEST_CANCELLED.about, null)
                else -> Triple(ErrorCode.REQUEST_UNKNOWN, ErrorCode.REQUEST_UNKNOWN.about, null)
            }
            // Who is told when to come back may come back.
            val retryable = code.retryable || after != null
            return of(ErrorParts(code.number, code.label, code.kind, retryable, after, message), outcome)
        }
    }
}

/** What an error says. */
internal class ErrorParts(
    val code: Int,
    val name: String,
    val kind: String,
    val retryable: Boolean,
    val retryAfter: Duration?,
    val message: String,
    val cause: Throwable? = null,
)

/**
 * Thrown by a token provider: the issuer will not give this user a token any more. The client
 * stops. Any other exception of a provider is worth another attempt.
 */
public class TokenDenied(message: String = "the issuer gives no token", cause: Throwable? = null) :
    Exception(message, cause)
