package dev.pamlink.sansio

import dev.pamlink.PamlinkException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds
import dev.pamlink.ffi.DuplicateWindow as FfiDuplicateWindow
import dev.pamlink.ffi.FrameCodec as FfiFrameCodec
import dev.pamlink.ffi.Query as FfiQuery
import dev.pamlink.ffi.Router as FfiRouter
import dev.pamlink.ffi.TokenVerifier as FfiTokenVerifier

/**
 * Reads and writes RFC 6455 frames of one connection after its opening handshake.
 *
 * @param client masks what it writes, with keys drawn from [seed]; a server does not.
 * @param maxMessageBytes the longest message and frame that is read.
 */
public class FrameCodec(client: Boolean, maxMessageBytes: Long, seed: ByteArray = newSeed()) : AutoCloseable {
    private val codec = call { FfiFrameCodec(client, maxMessageBytes.toULong(), outside(seed)) }

    /**
     * Reads bytes of the peer, cut anywhere. Nothing is read after a close or a failure.
     *
     * @throws PamlinkException.Busy `not_drained` for more at once than a message may have, and a
     * megabyte.
     */
    public fun read(bytes: ByteArray): List<Output> {
        val read = call { codec.read(outside(bytes)) }
        val reader = PackedReader()
        reader.load(outside(read), read.size)
        return buildList { while (reader.next()) add(reader.frameOutput()) }
    }

    /** A text message in one frame. */
    public fun text(text: String): ByteArray = call { codec.text(text) }

    /** A binary message in one frame. */
    public fun binary(bytes: ByteArray): ByteArray = call { codec.binary(outside(bytes)) }

    /** The next fragment of a message; [fin] makes it the last one. */
    public fun fragment(text: Boolean, fin: Boolean, bytes: ByteArray): ByteArray =
        call { codec.fragment(text, fin, outside(bytes)) }

    /** A ping, of at most 125 bytes. */
    public fun ping(bytes: ByteArray = ByteArray(0)): ByteArray = call { codec.ping(outside(bytes)) }

    /** A pong, with the bytes of the ping it answers. */
    public fun pong(bytes: ByteArray): ByteArray = call { codec.pong(outside(bytes)) }

    /** The close frame; without a [code] it has no body. The reason is cut to 123 bytes. */
    public fun closeFrame(code: Int? = null, reason: String = ""): ByteArray =
        call { codec.closeFrame(code?.toUInt(), reason) }

    /** Frees the codec. */
    override fun close(): Unit = codec.close()
}

/**
 * Which messages were seen, and what came of the first of each.
 *
 * @param maxEntries the newest so many are remembered, 1 to 16,777,216.
 * @param maxAge none longer than this.
 * @param maxResultBytes results of so many bytes together are kept.
 * @param contentAge messages without an id are remembered by their content for so long.
 */
public class DuplicateWindow(
    maxEntries: Long,
    maxAge: Duration,
    maxResultBytes: Long,
    contentAge: Duration? = null,
    seed: ByteArray = newSeed(),
) : AutoCloseable {
    private val window = call {
        FfiDuplicateWindow(
            maxEntries.toULong(),
            millis(maxAge) ?: 0UL,
            millis(contentAge),
            maxResultBytes.toULong(),
            outside(seed),
        )
    }

    /** Messages that are held. */
    public val size: Long get() = call { window.size().toLong() }

    /** Bytes that are held. */
    public val memory: Long get() = call { window.memory().toLong() }

    /** Whether this user's message was seen; if not, it is remembered. */
    public fun check(monoNanos: Long, user: String, id: String?, content: String): Verdict {
        val said = call { window.check(monoNanos.toULong(), user, id, content) }
        return Verdict(said.verdict, said.result)
    }

    /** Keeps the result of the first message for its repeats. Whether it is kept. */
    public fun complete(user: String, id: String?, content: String, result: ByteArray): Boolean =
        call { window.complete(user, id, content, outside(result)) }

    /** Forgets a message as if it had never come. Whether it was known. */
    public fun forget(user: String, id: String?, content: String): Boolean =
        call { window.forget(user, id, content) }

    /** Frees the window. */
    override fun close(): Unit = window.close()

    /** What the window says about a message. */
    public class Verdict internal constructor(
        /** `fresh`, `pending` (the first is worked on), `result`, or `forgotten` (it had one). */
        public val verdict: String,
        /** The result of the first. */
        public val result: ByteArray?,
    ) {
        override fun toString(): String = "Verdict($verdict)"
    }
}

/**
 * Decides who answers each message.
 *
 * @param json the table; null: the five agents of the dialect.
 * @throws PamlinkException.Usage `bad_routes` names every fault with its line.
 */
public class Router(json: String? = null, seed: ByteArray = newSeed()) : AutoCloseable {
    private val router = call { FfiRouter(json, outside(seed)) }

    /** Decides who answers, and takes a place at that agent until [finished]. */
    public fun route(
        monoNanos: Long,
        text: String,
        agent: String? = null,
        intent: String? = null,
        kind: String = "chat",
    ): Decision {
        val made = call { router.route(monoNanos.toULong(), FfiQuery(agent, kind, intent, text)) }
        return Decision(
            made.agent,
            made.agentName,
            made.module,
            made.because,
            made.word,
            made.fallbackFrom,
            made.fallbackWhy,
            made.refused,
            made.retryAfterMs?.toLong()?.milliseconds,
            made.unknownIntent,
            made.version,
            made.ticket?.toLong(),
        )
    }

    /**
     * Ends the message of a ticket with `success`, `failure` or `abandoned`, and returns what that
     * did: `counted`, `opened` or `closed` (the agent's breaker), or `stale`: nothing.
     */
    public fun finished(monoNanos: Long, ticket: Long, outcome: String): String =
        call { router.finished(monoNanos.toULong(), ticket.toULong(), outcome) }

    /** Replaces the table: how many agents both have, only the new one has, only the old one had. */
    public fun replace(json: String): Replaced {
        val (kept, added, removed) = call { router.replace(json) }
        return Replaced(kept.toLong(), added.toLong(), removed.toLong())
    }

    /** Frees the router. */
    override fun close(): Unit = router.close()

    /** How two tables differ. */
    public data class Replaced(
        /** Agents of both. */
        val kept: Long,
        /** Agents of the new one only. */
        val added: Long,
        /** Agents of the old one only. */
        val removed: Long,
    )

    /** Who answers a message, and why. */
    public data class Decision(
        /** The id of the agent that answers; the table's error handler if [refused]. */
        val agent: String,
        /** Its name for people. */
        val agentName: String,
        /** The module that does its work. */
        val module: String,
        /** What led there: `agent_id`, `unknown_agent`, `message_type`, `intent`, `keyword`, `default`, `no_match`. */
        val because: String,
        /** The keyword that led there. */
        val word: String?,
        /** Whom the message was for, if that agent could not take it. */
        val fallbackFrom: String?,
        /** Why it could not: `busy`, `open`, `probing`. */
        val fallbackWhy: String?,
        /** Why no agent answers: `unknown_agent`, `no_match`, `busy`, `unavailable`. */
        val refused: String?,
        /** How long until an agent may be tried again. */
        val retryAfter: Duration?,
        /** The message named an intent that no agent lists. */
        val unknownIntent: Boolean,
        /** The version of the table that decided. */
        val version: String,
        /** To hand to [finished] when the message is done; null if refused. */
        val ticket: Long?,
    )
}

/**
 * Verifies HS256, ES256 and RS256 tokens (RFC 7519) by the clock that is passed in.
 *
 * @throws PamlinkException.Usage `bad_key`: there is none, or it is weak or broken.
 */
public class TokenVerifier(auth: AuthOptions) : AutoCloseable {
    private val verifier = call { FfiTokenVerifier(auth.ffi()) }

    /**
     * The claims of a token that is genuine and valid now.
     *
     * @throws PamlinkException.Auth the first check that failed. It carries no text of the token.
     */
    public fun verify(token: String, wallMicros: Long): Claims {
        val said = call { verifier.verify(token, wallMicros) }
        return Claims(said.subject, said.expiresMicros, said.issuedMicros, said.role)
    }

    /** Frees the verifier. */
    override fun close(): Unit = verifier.close()

    /** What a verified token says. */
    public data class Claims(
        /** `sub`: the user. */
        val subject: String,
        /** `exp`, in microseconds since 1970. */
        val expiresMicros: Long,
        /** `iat`, in microseconds since 1970. */
        val issuedMicros: Long?,
        /** `role`: informative; no role skips any check. */
        val role: String?,
    )
}
