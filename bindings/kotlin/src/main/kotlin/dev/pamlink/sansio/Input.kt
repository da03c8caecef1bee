package dev.pamlink.sansio

import kotlin.time.Duration

/**
 * What happened, or a command: what a step of [ClientEngine] or [HubEngine] takes.
 *
 * Each is a record of the packed layout, with its members in the order of the schema.
 */
public sealed interface Input {
    /** Bytes of the transport, cut anywhere: the engine speaks WebSocket. */
    public data class BytesIn(
        /** The link; 0 for a client. */
        val link: Long,
        /** The bytes. */
        val bytes: ByteArray,
    ) : Input

    /** A text message of a transport that speaks WebSocket itself. */
    public data class TextIn(
        /** The link; 0 for a client. */
        val link: Long,
        /** The text. */
        val text: String,
    ) : Input

    /** A binary message of such a transport. */
    public data class BinaryIn(
        /** The link; 0 for a client. */
        val link: Long,
        /** The bytes. */
        val bytes: ByteArray,
    ) : Input

    /** The peer's close frame, from such a transport. */
    public data class CloseIn(
        /** The link; 0 for a client. */
        val link: Long,
        /** The close code; null if there is none. */
        val code: Int? = null,
        /** The reason. */
        val reason: String,
    ) : Input

    /** The transport has ended, whoever ended it. Not after `CloseTransport`. */
    public data class ClosedIn(
        /** The link; 0 for a client. */
        val link: Long,
    ) : Input

    /** Everything that was handed out for this link has gone to the transport: there is room for more. */
    public data class Written(
        /** The link; 0 for a client. */
        val link: Long,
    ) : Input

    /** A client: connect, and stay connected. */
    public data object Connect : Input

    /** A client: close the link and stay disconnected. Requests wait until they expire. */
    public data object Disconnect : Input

    /** A client: the transport that `Dial` asked for is made and carries bytes. */
    public data object Dialed : Input

    /** A client: the transport that `Dial` asked for is open and speaks WebSocket itself. */
    public data class OpenedIn(
        /** The subprotocol that the server chose, if any. */
        val subprotocol: String? = null,
    ) : Input

    /** A client: the transport could not be made. */
    public data class DialFailed(
        /** The HTTP status that something answered. */
        val status: Int? = null,
        /** What kind of failure, where there is no status. */
        val endClass: String? = null,
        /** The body of the answer or its beginning, or what happened. */
        val said: String? = null,
        /** `Retry-After` of the answer. */
        val retryAfter: Duration? = null,
    ) : Input

    /** A client: the answer to `NeedToken`, or a new token unasked. */
    public data class Token(
        /** When it expires, in microseconds since 1970; null if the token says so itself or never. */
        val expires: Long? = null,
        /** The token. */
        val token: String,
    ) : Input {
        /** Without the token. */
        override fun toString(): String = "Token(expires=$expires)"
    }

    /** A client: there is no token. */
    public data class TokenFailed(
        /** The issuer will not give one: the client stops. Otherwise it tries again. */
        val denied: Boolean,
    ) : Input

    /** A client: the device woke up, or the app came to the front. */
    public data object Wake : Input

    /** A client: the device has another network than before. */
    public data object NetworkChanged : Input

    /** A client: send a request; the result is `Asked` or a fault. */
    public data class Ask(
        /** Whether the answer may come in pieces. */
        val stream: Boolean,
        /** What is said. */
        val message: String,
        /** The agent that is meant, or that answered. */
        val agent: String? = null,
        /** The intent, where it is known. */
        val intent: String? = null,
        /** The conversation it belongs to. */
        val sessionId: String? = null,
        /** A JSON object. */
        val context: String? = null,
    ) : Input

    /** A client: nobody waits for this request any more. */
    public data class Forget(
        /** The request. */
        val request: Long,
    ) : Input

    /** A client: nobody wants the answer to this request; it ends at the server too, where that can be. */
    public data class Abandon(
        /** The request. */
        val request: Long,
    ) : Input

    /** A client: send an envelope that wants no answer. */
    public data class Send(
        /** The whole envelope, JSON. */
        val envelope: String,
    ) : Input

    /**
     * A client that speaks `pamlink.v1`: end a request at the server; what it comes to is one
     * [RequestEvent.CancelResult]. A fault, `needs_v1` or `requests_full`: nothing was cancelled.
     */
    public data class Cancel(
        /** The request. */
        val request: Long,
    ) : Input

    /** The same: send an envelope and learn what becomes of it; the result is `Submitted` or a fault. */
    public data class Submit(
        /** How long it may wait to be sent; null: until the session ends. */
        val timeToLive: Duration? = null,
        /** The whole envelope, JSON. */
        val envelope: String,
        /** `urgent`, `normal` or `bulk`; null: `normal`. */
        val priority: String? = null,
        /** What it replaces where something of the same key still waits. */
        val key: String? = null,
        /** The agent that is meant. */
        val agent: String? = null,
    ) : Input

    /** The same: the client as bytes, after this step; the result is `SnapshotTaken` or a fault. */
    public data object Snapshot : Input

    /** A hub: a transport of bytes came in; the result is `Accepted`. */
    public data object Accept : Input

    /** A hub: a transport came in that speaks WebSocket itself and has read the upgrade request; the result is `Accepted`. */
    public data class AcceptOpened(
        /** When it expires, in microseconds since 1970; null if the token says so itself or never. */
        val expires: Long? = null,
        /** The user. */
        val user: String,
        /** The token. */
        val token: String? = null,
        /** The user that the host has made out; null: the token says it. */
        val subject: String? = null,
        /** The largest message that the peer says it takes, in bytes. */
        val maxMessage: Long? = null,
        /** The transport has agreed on `pamlink.v1`. */
        val v1: Boolean = false,
    ) : Input {
        /** Without the token. */
        override fun toString(): String =
            "AcceptOpened(expires=$expires, maxMessage=$maxMessage, v1=$v1, user=$user, subject=$subject)"
    }

    /** A hub: the verdict on the token of `HubEvent.Authorize`. */
    public data class AuthorizeLink(
        /** The link; 0 for a client. */
        val link: Long,
        /** When the token expires, in microseconds since 1970; null: never. */
        val expires: Long? = null,
        /** The user that the token names; null if it is refused. */
        val subject: String? = null,
        /** The name of why it is refused, such as `expired`; null if it is not. */
        val error: String? = null,
    ) : Input

    /** A hub: the answer to a request; the result is `Delivered`. */
    public data class Reply(
        /** The request. */
        val request: Long,
        /** Whether the agent counts this as a failure of its own. */
        val failed: Boolean,
        /** The text. */
        val text: String,
        /** JSON for the app. */
        val uiActions: String? = null,
        /** Where the answer comes from, such as `llm`. */
        val source: String? = null,
        /** The model. */
        val model: String? = null,
        /** The agent that is meant, or that answered. */
        val agent: String? = null,
    ) : Input

    /** A hub: an error in place of an answer; the result is `Delivered`. */
    public data class ReplyError(
        /** The request. */
        val request: Long,
        /** When to come back. */
        val retryAfter: Duration? = null,
        /** The code, such as `RATE_LIMITED`. */
        val errorCode: String,
        /** What is said. */
        val message: String,
    ) : Input

    /** A hub: a whole envelope as the answer; the result is `Delivered`. */
    public data class ReplyRaw(
        /** The request. */
        val request: Long,
        /** The whole envelope, JSON. */
        val envelope: String,
    ) : Input

    /** A hub: a piece of an answer that grows; the result is `Delivered`. The whole answer still has to come. */
    public data class ReplyPiece(
        /** The request. */
        val request: Long,
        /** The text. */
        val text: String,
    ) : Input

    /** A hub: this request gets no answer. */
    public data class Dismiss(
        /** The request. */
        val request: Long,
    ) : Input

    /** A hub: an envelope for one link; the result is `Pushed`. */
    public data class SendTo(
        /** The link; 0 for a client. */
        val link: Long,
        /** The whole envelope, JSON. */
        val envelope: String,
    ) : Input

    /** A hub: an envelope for all links and sessions of a user; the result is `Pushed`. */
    public data class Push(
        /** The user. */
        val user: String,
        /** The whole envelope, JSON. */
        val envelope: String,
        /** How long it waits in a session; null: as long as the session does. */
        val timeToLive: Duration? = null,
        /** `urgent`, `normal` or `bulk`; null: `normal`. */
        val priority: String? = null,
        /** What it replaces where something of the same key still waits. */
        val key: String? = null,
    ) : Input

    /** A hub: an envelope for all links; the result is `Pushed`. */
    public data class Broadcast(
        /** The whole envelope, JSON. */
        val envelope: String,
    ) : Input

    /** A hub: close a link; the result is `Disconnected`. */
    public data class DisconnectLink(
        /** The link; 0 for a client. */
        val link: Long,
        /** The close code; null if there is none. */
        val code: Int,
        /** The reason. */
        val reason: String,
    ) : Input

    /** A hub: close all links of a user; the result is `Disconnected`. */
    public data class DisconnectUser(
        /** The close code; null if there is none. */
        val code: Int,
        /** The user. */
        val user: String,
        /** The reason. */
        val reason: String,
    ) : Input

    /** A hub: close every link with code 1012, spread over a time, and take no more. */
    public data class Drain(
        /** Over how long. */
        val spread: Duration,
    ) : Input

    /** A hub: the response to `HubEvent.Http`. */
    public data class Respond(
        /** The link; 0 for a client. */
        val link: Long,
        /** The HTTP status. */
        val status: Int,
        /** The `Content-Type`. */
        val contentType: String,
        /** The body. */
        val body: ByteArray,
    ) : Input
}
