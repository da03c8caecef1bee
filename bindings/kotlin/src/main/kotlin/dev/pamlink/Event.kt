package dev.pamlink

import dev.pamlink.sansio.Output
import kotlin.time.Duration

/**
 * What happens beside the answers to requests: see [Client.events].
 *
 * `json` is the whole envelope as it came, `text` what it says to a person (its `message`, else its
 * `content`, else nothing).
 */
public sealed interface Event : Output {
    /** The link has another state. */
    public data class StateChanged(
        /** The state before. */
        public val from: LinkState,
        /** The state now. */
        public val to: LinkState,
        /** What led there. */
        public val cause: String,
    ) : Event

    /** The server has welcomed this link. */
    public data class Welcomed(
        /** The server names the request in each reply. */
        public val correlates: Boolean,
        /** The server recognises repeats: what got no answer is sent again after a break. */
        public val repeats: Boolean,
        /** The welcome. */
        public val json: String,
    ) : Event

    /** A message that answers nothing: an alert, a timer, anything the server pushes. */
    public data class Message(
        /** The `type` of the envelope. */
        public val kind: String,
        /** Its id, if it has one. */
        public val id: String?,
        /** What it says. */
        public val text: String,
        /** The envelope. */
        public val json: String,
    ) : Event

    /** A message that had come before, under the same id, came again: nothing to do. */
    public data class Repeated(
        /** The `type` of the envelope. */
        public val kind: String,
        /** Its id. */
        public val id: String?,
        /** What it says. */
        public val text: String,
        /** The envelope. */
        public val json: String,
    ) : Event

    /**
     * An answer, or a piece of one, for which nobody waits: its request had ended before, or its
     * caller was cancelled, or none is known.
     */
    public data class Late(
        /** The number of the request, if it is known. */
        public val request: Long?,
        /** What it says. */
        public val text: String,
        /** The envelope. */
        public val json: String,
    ) : Event

    /** A text came that is no envelope. */
    public data class Unreadable(
        /** What is wrong with it. */
        public val message: String,
        /** The text. */
        public val text: String,
    ) : Event

    /** A binary message came; the dialect has none. */
    public class Binary(
        /** The message. */
        public val bytes: ByteArray,
    ) : Event {
        override fun equals(other: Any?): Boolean = other is Binary && bytes.contentEquals(other.bytes)

        override fun hashCode(): Int = bytes.contentHashCode()

        override fun toString(): String = "Binary(${bytes.size} bytes)"
    }

    /** What waited to be written reached its bound. */
    public data class Overflowed(
        /** Messages that were lost. */
        public val messages: Long,
        /** Their bytes. */
        public val bytes: Long,
        /** What was done: `close`, `drop_oldest` or `reject`. */
        public val policy: String,
    ) : Event

    /** The server broke the WebSocket protocol; [Closed] follows. */
    public data class Failed(
        /** The close code that says so. */
        public val closeCode: Int,
        /** The name of the fault. */
        public val error: String,
        /** What is wrong, for people. */
        public val message: String,
    ) : Event

    /** The link is over. [Retrying] or [Stopped] says what follows. */
    public data class Closed(
        /** The close code. */
        public val code: Int,
        /** Both sides have sent a close frame. */
        public val clean: Boolean,
        /** Messages that were not written any more. */
        public val unsent: Long,
        /** The HTTP status that the opening request was answered with, if there never was a link. */
        public val status: Int?,
        /** What kind of end it is, such as `network`, `setup` or `authentication`. */
        public val endClass: String,
        /** The reason that came or went with the code. */
        public val reason: String,
        /**
         * Who or what ended it, for people: one word and, where there is more to say, a colon and
         * that, such as `peer: close 4001: token expired` or `answered: HTTP 502: no backend`.
         */
        public val cause: String,
    ) : Event

    /** The next attempt to connect comes by itself. */
    public data class Retrying(
        /** Its number, from 1. */
        public val attempt: Long,
        /** When it comes, from now. */
        public val after: Duration,
        /** The HTTP status that the last one was answered with, if that was it. */
        public val status: Int?,
        /** The code of the peer's close, if that was it. */
        public val code: Int?,
        /** What kind of end the last one had. */
        public val endClass: String,
        /** Who or what ended it, as in [Closed]. */
        public val cause: String,
        /** What the other side said: the reason of its close, or the first line of its answer. */
        public val reason: String,
    ) : Event

    /** There are no more attempts before [Client.connect] is called. */
    public data class Stopped(
        /** The HTTP status that the last attempt was answered with, if that was it. */
        public val status: Int?,
        /** The code of the peer's close, if that was it. */
        public val code: Int?,
        /** What kind of end the last link had. */
        public val endClass: String,
        /** Its cause, as in [Closed]. */
        public val cause: String,
        /** What the other side said: the reason of its close, or the first line of its answer. */
        public val reason: String,
    ) : Event

    /**
     * Over `pamlink.v1`: something that the server has sent is lost, or may be. Requests say what has
     * become of themselves.
     */
    public data class Gap(
        /** How many messages; null if that is not known. */
        public val lost: Long?,
        /** Why, such as `session_ended`. */
        public val errorCode: String,
    ) : Event

    /** So many events were dropped, the oldest first, because nobody took them. */
    public data class Lost(
        /** How many. */
        public val count: Long,
    ) : Event

    /** An event of a newer library, which this version does not know. */
    public class UnknownEvent(
        /** The number of its record. */
        public val kind: Int,
        /** The whole record in the packed layout. */
        public val raw: ByteArray,
    ) : Event {
        override fun equals(other: Any?): Boolean =
            other is UnknownEvent && kind == other.kind && raw.contentEquals(other.raw)

        override fun hashCode(): Int = 31 * kind + raw.contentHashCode()

        override fun toString(): String = "UnknownEvent(kind=$kind, ${raw.size} bytes)"
    }
}
