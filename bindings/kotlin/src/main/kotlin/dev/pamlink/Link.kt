package dev.pamlink

import dev.pamlink.sansio.Action
import dev.pamlink.sansio.Input
import dev.pamlink.transport.Connection
import dev.pamlink.transport.DialException
import dev.pamlink.transport.DialRequest
import dev.pamlink.transport.Incoming
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.Job
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.withTimeoutOrNull

/**
 * One transport of a client, from dialling to its end. [tell] steps the engine, unless this link is
 * not its present one any more. Everything runs where the [Driver] does.
 */
internal class Link(
    private val dial: Action.Dial,
    private val config: ClientConfig,
    private val tell: (Link, Input) -> Unit,
) {
    /** What runs it. */
    lateinit var job: Job

    // The engine hands out about 64 KiB, then waits: that is the bound.
    private val outgoing = Channel<Action>(Channel.UNLIMITED)
    private var connection: Connection? = null

    /** The engine is done with it. */
    private var over = false

    /** What the engine wants of the transport. */
    fun carryOut(action: Action) {
        if (action is Action.CloseTransport) {
            over = true
            // Nothing waits to be written yet.
            if (connection == null) job.cancel()
            outgoing.close()
        } else {
            outgoing.trySend(action)
        }
    }

    suspend fun run() {
        val connection = open() ?: return
        try {
            this.connection = connection
            tell(this, Input.OpenedIn(connection.subprotocol))
            coroutineScope {
                val reading = launch { read(connection) }
                write(connection)
                reading.cancel()
            }
        } finally {
            connection.abort()
        }
    }

    private suspend fun open(): Connection? = try {
        val offered = listOfNotNull(dial.subprotocol) + config.subprotocols
        config.transport.open(DialRequest(dial.url, offered, config.origin, config.maxMessageBytes))
    } catch (cancelled: CancellationException) {
        throw cancelled
    } catch (failed: DialException) {
        config.log("no connection: ${failed.message}", failed)
        val said = if (failed.status != null) failed.body else failed.message
        tell(this, Input.DialFailed(failed.status, failed.endClass, said, failed.retryAfter))
        null
    } catch (failed: Exception) {
        config.log("no connection", failed)
        tell(this, Input.DialFailed(endClass = "network", said = failed.javaClass.simpleName))
        null
    }

    private suspend fun read(connection: Connection) {
        while (true) {
            val input = when (val message = connection.receive()) {
                is Incoming.Text -> Input.TextIn(LINK, message.text)
                is Incoming.Binary -> Input.BinaryIn(LINK, message.bytes)
                is Incoming.Close -> Input.CloseIn(LINK, message.code, message.reason)
                null -> break
            }
            if (over) return
            tell(this, input)
        }
        lost()
    }

    private suspend fun write(connection: Connection) {
        for (action in outgoing) {
            val done = if (over) {
                // The engine has sent its close frame: the peer does not get all the time it may want.
                withTimeoutOrNull(CLOSE_TIMEOUT) { put(connection, action) } ?: break
            } else {
                put(connection, action)
            }
            if (!done) break
            if (action is Action.WriteText && action.ack) tell(this, Input.Written(LINK))
        }
    }

    /** Whether it was written. */
    private suspend fun put(connection: Connection, action: Action): Boolean = try {
        when (action) {
            is Action.WriteText -> connection.send(action.text)
            is Action.WriteClose -> connection.close(action.code, action.reason)
            // Bytes are for transports that do not speak WebSocket, which this one does.
            else -> {}
        }
        true
    } catch (cancelled: CancellationException) {
        throw cancelled
    } catch (failed: Exception) {
        config.log("a message could not be written", failed)
        lost()
        false
    }

    /** The transport has ended. */
    private fun lost() {
        if (over) return
        over = true
        outgoing.close()
        tell(this, Input.ClosedIn(LINK))
    }

    private companion object {
        /** The one link of a client. */
        const val LINK = 0L
        val CLOSE_TIMEOUT = 2.seconds
    }
}
