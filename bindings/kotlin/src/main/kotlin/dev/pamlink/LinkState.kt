package dev.pamlink

/** The state of a link. */
public enum class LinkState(
    /** The number of the state, from 0. */
    public val number: Int,
) {
    /** A token is wanted, a transport is made, or the next attempt is waited for. */
    CONNECTING(0),

    /** Messages flow. */
    OPEN(1),

    /** One side has sent its close frame. */
    CLOSING(2),

    /** There is no link. */
    CLOSED(3),
    ;

    internal companion object {
        fun of(number: Long): LinkState = entries.firstOrNull { it.number.toLong() == number }
            ?: throw PamlinkException.of(ErrorCode.BAD_INPUT, "there is no link state $number")
    }
}

/** Why a token is wanted. */
public enum class TokenNeed {
    /** The client has no token, or it has expired. */
    MISSING,

    /** The server did not take the last one. */
    REJECTED,

    /** The present one expires soon. */
    RENEWAL,
    ;

    internal companion object {
        // A reason of a newer library is a token wanted all the same.
        fun of(name: String): TokenNeed = when (name) {
            "rejected" -> REJECTED
            "renewal" -> RENEWAL
            else -> MISSING
        }
    }
}
