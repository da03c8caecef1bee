package dev.pamlink.sansio

import dev.pamlink.Event
import dev.pamlink.PamlinkException
import dev.pamlink.TokenNeed
import kotlin.time.Duration

/**
 * What follows of a step: a [CommandResult], an [Action], a [RequestEvent], a [CommandOutcome], a
 * [Restored] or an [Event] of a client, a [HubEvent], or an [Event.UnknownEvent] of a newer library.
 */
public interface Output

/** What became of an [Input]. [of] is its place in the inputs of the step, from 0. */
public sealed interface CommandResult : Output {
    /** The place of the input, from 0. */
    public val of: Int

    /** It was refused. */
    public data class Faulted(
        override val of: Int,
        /** Why. */
        val error: PamlinkException,
    ) : CommandResult

    /** A request was taken. */
    public data class Asked(
        override val of: Int,
        /** Its number: what comes of it names this. */
        val request: Long,
    ) : CommandResult

    /** A link was taken. */
    public data class Accepted(
        override val of: Int,
        /** Its number. */
        val link: Long,
    ) : CommandResult

    /** A reply was taken. */
    public data class Delivered(
        override val of: Int,
        /** The link that it goes to, if it goes to one. */
        val link: Long?,
        /**
         * `queued`, `in_order` (behind an earlier answer), `kept` (for a repeat: the link is gone),
         * `refused` (too much waits), `whole` (the piece comes with the answer), `cancelled` (the
         * request was), `too_large` (the peer gets an `error` in its place), `absent`.
         */
        val outcome: String,
    ) : CommandResult

    /** An envelope was handed to links. */
    public data class Pushed(
        override val of: Int,
        /** Links that have it in their line. */
        val queued: Long,
        /** Links for which too much waits. */
        val refused: Long,
        /** What [HubEvent.Undelivered] calls it. */
        val push: Long,
    ) : CommandResult

    /** Links are being closed. */
    public data class Disconnected(
        override val of: Int,
        /** How many. */
        val links: Long,
    ) : CommandResult

    /** What was submitted was taken. */
    public data class Submitted(
        override val of: Int,
        /** Its number: its [CommandOutcome] names this. */
        val command: Long,
    ) : CommandResult

    /** The client as bytes, of which [ClientEngine.restore] makes it again. Store it before you write. */
    public class SnapshotTaken(
        override val of: Int,
        /** As confidential as what was sent; without the token. Empty without `v1`. */
        public val bytes: ByteArray,
    ) : CommandResult {
        override fun toString(): String = "SnapshotTaken(of=$of, ${bytes.size} bytes)"
    }
}

/** What the host is to do. */
public sealed interface Action : Output {
    /** Write bytes. */
    public class WriteBytes(
        /** Of which link; 0 for a client. */
        public val link: Long,
        /** Say [Input.Written] when it is written. */
        public val ack: Boolean,
        /** The bytes. */
        public val bytes: ByteArray,
    ) : Action {
        override fun toString(): String = "WriteBytes(link=$link, ${bytes.size} bytes)"
    }

    /** Write a text message. */
    public data class WriteText(
        /** Of which link; 0 for a client. */
        val link: Long,
        /** Say [Input.Written] when it is written. */
        val ack: Boolean,
        /** The message. */
        val text: String,
    ) : Action

    /** Write a close frame. */
    public data class WriteClose(
        /** Of which link; 0 for a client. */
        val link: Long,
        /** Its code; null: none. */
        val code: Int?,
        /** Its reason. */
        val reason: String,
    ) : Action

    /** Drop the transport once everything is written. Its end need not be reported. */
    public data class CloseTransport(
        /** Of which link; 0 for a client. */
        val link: Long,
    ) : Action

    /** A client: make a transport. */
    public data class Dial(
        /** How many attempts have failed since the last link that proved itself. */
        val attempt: Long,
        /** Over TLS. */
        val tls: Boolean,
        /** The port. */
        val port: Int,
        /** The whole URL. It holds the token: never log it. */
        val url: String,
        /** The host. */
        val host: String,
        /** The path and query of the request. It holds the token: never log it. */
        val target: String,
        /** What to offer before all other subprotocols. */
        val subprotocol: String?,
    ) : Action {
        /** Without the token. */
        override fun toString(): String =
            "Dial(attempt=$attempt, tls=$tls, host=$host, port=$port, target=${target.substringBefore('?')})"
    }

    /** A client: get a token and hand it over as [Input.Token], or [Input.TokenFailed]. */
    public data class NeedToken(
        /** Why. */
        val need: TokenNeed,
    ) : Action
}

/** What comes of a request of a client. */
public sealed interface RequestEvent : Output {
    /** The request, as [CommandResult.Asked] named it. */
    public val request: Long

    /** A piece of an answer that grows. It ends nothing. */
    public data class Piece(
        override val request: Long,
        /** What came before is void: the answer begins anew with this piece. */
        val restart: Boolean,
        /** What it says. */
        val text: String,
        /** The envelope. */
        val json: String,
    ) : RequestEvent

    /** The answer. */
    public data class Answer(
        override val request: Long,
        /** What came in pieces is void: the answer does not begin with it. */
        val restart: Boolean,
        /** What it says. */
        val text: String,
        /** What of [text] did not come in pieces; null: all of it. */
        val rest: String?,
        /** The envelope. */
        val json: String,
    ) : RequestEvent

    /** The server refused the request or failed at it. */
    public data class Rejected(
        override val request: Long,
        /** When the request may be sent again; null if the server did not say. */
        val retryAfter: Duration?,
        /** Why, for programs. */
        val errorCode: String?,
        /** Why, for people. */
        val message: String,
        /** The envelope. */
        val json: String,
    ) : RequestEvent

    /** No answer came in time. */
    public data class Expired(override val request: Long) : RequestEvent

    /** The link broke, and the server cannot tell repeats, or the client has stopped. */
    public data class Unknown(override val request: Long) : RequestEvent

    /** The client stopped before the request was sent. */
    public data class Unsent(override val request: Long) : RequestEvent

    /** The request was cancelled: its answer ends where its pieces have. */
    public data class Cancelled(override val request: Long) : RequestEvent

    /** What [Input.Cancel] has come to. It ends nothing: the end of the request follows. */
    public data class CancelResult(
        override val request: Long,
        /** The length of the answer in bytes of UTF-8, where it has ended. */
        val offset: Long?,
        /** `cancelled`, `refused`, `ended` or `unknown`; null: lost with a gap or with the session. */
        val outcome: String?,
        /** Why it was refused. */
        val errorCode: String?,
    ) : RequestEvent
}

/**
 * A request of the client of which the snapshot was taken, in the first step after
 * [ClientEngine.restore]: it goes on under this number.
 */
public data class Restored(
    /** The request. */
    val request: Long,
    /** Its envelope. */
    val json: String,
) : Output

/** What has become of what was submitted. */
public data class CommandOutcome(
    /** As [CommandResult.Submitted] named it. */
    val command: Long,
    /** When to come back, if it was rejected. */
    val retryAfter: Duration?,
    /** `acknowledged`, `rejected`, `expired` or `unknown`. */
    val outcome: String,
    /** Why it was rejected, or has expired. */
    val errorCode: String?,
) : Output

/** An event of a hub. */
public sealed interface HubEvent : Output {
    /** A plain HTTP request: answer it with [Input.Respond]. */
    public data class Http(
        /** The link it came over. */
        val link: Long,
        /** The method. */
        val method: String,
        /** Path and query. It may hold a token: never log it. */
        val target: String,
        /** `name: value`, one a line. */
        val headers: String,
    ) : HubEvent {
        /** Without the query and the headers. */
        override fun toString(): String = "Http(link=$link, method=$method, target=${target.substringBefore('?')})"
    }

    /** A peer presents a token: decide with [Input.AuthorizeLink]. */
    public data class Authorize(
        /** The link that waits. */
        val link: Long,
        /** The user that it claims to be. */
        val user: String,
        /** The token. */
        val token: String,
    ) : HubEvent {
        /** Without the token. */
        override fun toString(): String = "Authorize(link=$link, user=$user)"
    }

    /** A link was authorised and welcomed. */
    public data class Opened(
        /** The link. */
        val link: Long,
        /** How many links the user has now. */
        val linksOfUser: Long,
        /** Its user. */
        val user: String,
    ) : HubEvent

    /** A message that wants a reply. */
    public data class Request(
        /** What to reply to. */
        val request: Long,
        /** Where it came from. */
        val link: Long,
        /** Whether the answer may come in pieces. */
        val wantsPieces: Boolean,
        /** Who asks. */
        val user: String,
        /** The agent that is to answer; the table's error handler if [refused]. */
        val agent: String,
        /** Its name for people. */
        val agentName: String,
        /** The module that does its work. */
        val module: String,
        /** What led there. */
        val because: String,
        /** Why no agent answers. */
        val refused: String?,
        /** The id of the message. */
        val id: String?,
        /** What it says. */
        val text: String,
        /** The envelope. */
        val json: String,
    ) : HubEvent

    /** A message that wants no reply. */
    public data class Received(
        /** Where it came from. */
        val link: Long,
        /** Who sent it. */
        val user: String,
        /** Its `type`. */
        val kind: String,
        /** Its id. */
        val id: String?,
        /** What it says. */
        val text: String,
        /** The envelope. */
        val json: String,
    ) : HubEvent

    /** A request that had come before. It has no second effect. */
    public data class Duplicate(
        /** Where the repeat came from. */
        val link: Long,
        /** The first one, while it runs. */
        val request: Long?,
        /** Who sent it. */
        val user: String,
        /** What came of the first: `answered`, `forgotten`, `running`. */
        val first: String,
    ) : HubEvent

    /** A frame was refused; the peer was sent an `error`. */
    public data class Refused(
        /** Where it came from. */
        val link: Long,
        /** When the peer may try again. */
        val retryAfter: Duration?,
        /** How many more refusals the user is forgiven. */
        val left: Long,
        /** The user had committed all violations that it may: the link closes. */
        val closing: Boolean,
        /** Who sent it. */
        val user: String,
        /** The code of the `error` that the peer was sent. */
        val errorCode: String,
    ) : HubEvent

    /** A request got no reply in time; a reply comes too late now. */
    public data class RequestExpired(
        /** The request. */
        val request: Long,
        /** Who asked. */
        val user: String,
    ) : HubEvent

    /** What waited to be written to a link reached its bound. */
    public data class Overflowed(
        /** The link. */
        val link: Long,
        /** Messages that were lost. */
        val messages: Long,
        /** Their bytes. */
        val bytes: Long,
        /** What was done: `close`, `drop_oldest` or `reject`. */
        val policy: String,
        /** Its user. */
        val user: String,
    ) : HubEvent

    /** A link has ended. */
    public data class Closed(
        /** The link. Its number means nothing any more. */
        val link: Long,
        /** The close code. */
        val code: Int,
        /** Both sides have sent a close frame. */
        val clean: Boolean,
        /** Messages that were not written any more. */
        val unsent: Long,
        /** Requests of this link that still run. */
        val running: Long,
        /** How many links the user has left. */
        val linksOfUser: Long,
        /** The HTTP status that the opening request was answered with, if there never was a link. */
        val status: Int?,
        /** What kind of end it is. */
        val endClass: String,
        /** The reason that was given. */
        val reason: String,
        /** Who or what ended it. */
        val cause: String,
        /** Its user. */
        val user: String,
    ) : HubEvent

    /** Whoever asked has cancelled the request, or something else has taken its place; a reply goes nowhere now. */
    public data class RequestCancelled(
        /** The request. */
        val request: Long,
        /** Who asked. */
        val user: String,
    ) : HubEvent

    /** A session of the user has not got a push, or nobody knows whether it has. */
    public data class Undelivered(
        /** The push, as [CommandResult.Pushed] named it. */
        val push: Long,
        /** When to come back, if it was rejected. */
        val retryAfter: Duration?,
        /** Its user. */
        val user: String,
        /** `rejected`, `expired` or `unknown`. */
        val outcome: String,
        /** Why it was rejected, or has expired. */
        val errorCode: String?,
    ) : HubEvent

    /** Every link has ended after [Input.Drain]. */
    public data object Drained : HubEvent
}
