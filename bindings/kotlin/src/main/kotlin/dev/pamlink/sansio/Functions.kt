package dev.pamlink.sansio

import dev.pamlink.PamlinkException
import kotlin.time.Duration
import kotlin.time.Duration.Companion.nanoseconds
import dev.pamlink.ffi.abiVersion as ffiAbiVersion
import dev.pamlink.ffi.backoffDelays as ffiBackoffDelays
import dev.pamlink.ffi.describeEnvelope as ffiDescribeEnvelope
import dev.pamlink.ffi.encodeValue as ffiEncodeValue
import dev.pamlink.ffi.engineVersion as ffiEngineVersion
import dev.pamlink.ffi.errorCodes as ffiErrorCodes
import dev.pamlink.ffi.readTarget as ffiReadTarget
import dev.pamlink.ffi.signToken as ffiSignToken
import dev.pamlink.ffi.stateTables as ffiStateTables
import dev.pamlink.ffi.writeFrame as ffiWriteFrame

/** The version of the border that the library speaks. */
public fun abiVersion(): Int = call { ffiAbiVersion().toInt() }

/** The version of the engine. */
public fun engineVersion(): String = call { ffiEngineVersion() }

/** A number of the table of errors. */
public data class KnownError(
    /** The number. */
    val code: Int,
    /** Its name. */
    val name: String,
    /** What kind of thing goes wrong. */
    val kind: String,
    /** Whether the same call may succeed later. */
    val retryable: Boolean,
)

/** Every error number of the library, rising. */
public fun errorCodes(): List<KnownError> = call {
    ffiErrorCodes().map { KnownError(it.code.toInt(), it.name, it.`class`, it.retryable) }
}

/** What a text is as an envelope, as a JSON object; nested no deeper than [depth], at most 255. */
public fun describeEnvelope(text: String, depth: Int = DEPTH): String =
    call { ffiDescribeEnvelope(text, depth.toUInt()) }

/** The state tables of both ends of a link as JSON. */
public fun stateTables(): String = call { ffiStateTables() }

/** A value as JSON, and how often it could not be said exactly, by cause. */
public data class EncodedValue(
    /** The JSON. */
    val json: String,
    /** By cause; empty if all was said exactly. */
    val adjusted: Map<String, Int>,
)

/**
 * Encodes a value, packed as `bindings/src/value.rs` describes, as JSON.
 *
 * @throws PamlinkException.Usage `bad_input`: the bytes are no value.
 */
public fun encodeValue(packed: ByteArray, depth: Int = DEPTH): EncodedValue = call {
    val encoded = ffiEncodeValue(outside(packed), depth.toUInt())
    EncodedValue(encoded.json, encoded.adjusted.mapValues { it.value.toInt() })
}

/**
 * Writes a frame of the engine by its name; [args] is a JSON object of what it says.
 *
 * @throws PamlinkException.Usage `bad_option`: no such frame, or an argument that is none.
 */
public fun writeFrame(frame: String, wallMicros: Long, args: String): String =
    call { ffiWriteFrame(frame, wallMicros, args) }

/** Whom a request is for, and the token that it brings. */
public class PamTarget internal constructor(
    /** The user id in the path, decoded: 1 to 256 bytes. */
    public val user: String,
    /** The `token` parameter, decoded; it may be empty. Null: there is no such parameter. */
    public val token: String?,
    /** The `max_message` parameter: the largest message that the client takes, in bytes. */
    public val maxMessage: Long?,
) {
    override fun toString(): String = "PamTarget(user=$user)"
}

/**
 * Reads path and query of a request as they were sent, by the same rules as a hub that is given the
 * bytes; [prefix] is all of the path before the user id. Null: the path is another, or names no user.
 * A hub answers that with 404, and a request without token with 403.
 */
public fun readTarget(target: String, prefix: String = "/api/v1/pam/ws/"): PamTarget? = call {
    ffiReadTarget(target, prefix)?.let { PamTarget(it.user, it.token, it.maxMessage?.toLong()) }
}

/**
 * An HS256 token for [subject], for development servers and tests.
 *
 * @throws PamlinkException.Usage `bad_key` for a secret of fewer than 32 bytes.
 */
public fun signToken(secret: ByteArray, subject: String, expiresMicros: Long, audience: String? = null): String =
    call { ffiSignToken(outside(secret), subject, expiresMicros, audience) }

/**
 * The delays before retries 0, 1, 2 and so on with the default configuration: one for each of
 * [hints], the time that the server asked for before that retry, if it did.
 */
public fun backoffDelays(seed: ByteArray, hints: List<Duration?>): List<Duration> = call {
    ffiBackoffDelays(outside(seed), hints.map(::millis)).map { it.toLong().nanoseconds }
}

/** How deep the dialect nests. */
private const val DEPTH = 10
