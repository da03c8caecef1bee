package dev.pamlink

import java.util.concurrent.atomic.AtomicBoolean
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.flow.flow

/**
 * An answer that is read as it grows: of [Client.ask], whose request is made each time it is
 * collected; or of a request that a restored client goes on with ([Client.restored]), collected once.
 *
 * Append each [Piece.text] to what came before, or begin anew at [Piece.restart]. The last piece has
 * the whole answer in [Piece.answer]. A server that does not stream sends one piece. A collector
 * that is slower than the server gets several pieces as one.
 *
 * Whoever leaves the collection before the end, by an exception or since it is cancelled, cancels the
 * request: at the server where that speaks `pamlink.v1`, else the answer goes nowhere. What still
 * comes of it is an [Event.Late]. [detach] leaves it running.
 */
public class AnswerStream internal constructor(
    private val driver: Driver,
    private val asked: Asked,
) : Flow<Piece> {
    /** The envelope of the request, as JSON, if this is one of [Client.restored]. */
    public val request: String? get() = (asked as? Asked.Before)?.json

    private val detached = AtomicBoolean()
    private val begun = AtomicBoolean()

    /** The request that is running: the latest, if this is collected more than once. */
    @Volatile
    private var running: Long? = (asked as? Asked.Before)?.number

    /**
     * Whether the request has been made, and has not ended, and there is no link: a break came in the
     * middle of the answer, or none is open yet. For a spinner; [Client.state] says when to look again.
     */
    public val resuming: Boolean
        get() = running?.let(driver::isRunning) == true && driver.state.value != LinkState.OPEN

    /**
     * Hands over everything until the end.
     *
     * @throws PamlinkException what [Client.send] throws, and [PamlinkException.Answer] for every
     * outcome that is no [Outcome.Answered].
     */
    override suspend fun collect(collector: FlowCollector<Piece>) {
        val pieces = when (asked) {
            is Asked.Now -> WaitingForPieces()
            is Asked.Before -> asked.waiting.also { check(begun.compareAndSet(false, true)) { "it was collected before" } }
        }
        flow {
            driver.asking(asked, pieces, detached::get) { number ->
                running = number
                pieces.handOver(this)
            }
        }.collect(collector)
    }

    /**
     * Cancels the request, and returns what that has come to. A collector gets
     * [Outcome.Cancelled] as an exception, unless the answer was quicker. While there is no link,
     * this waits for one. Of a request that was not made yet nothing is known.
     *
     * @throws PamlinkException.Link `needs_v1`: the server does not speak `pamlink.v1`, and the
     * request goes on; `closed`.
     * @throws PamlinkException.Busy `requests_full`: too much waits to be sent.
     */
    public suspend fun cancel(): CancelResult =
        running?.let { driver.cancel(it) } ?: CancelResult(CancelOutcome.UNKNOWN, null, null)

    /**
     * When the collection is left before its end, the answer goes on at the server, and what comes of it
     * is an [Event.Late]. Nobody waits for it from then on: a later [snapshot][Client.snapshot] has it no
     * more. A request that was not sent yet is not sent.
     */
    public fun detach(): Unit = detached.set(true)
}

/** What an answer belongs to. */
internal sealed interface Asked {
    /** A request that is made when somebody waits for it. */
    class Now(val request: ClientRequest) : Asked

    /** One that a restored client goes on with, and what has come of it. */
    class Before(val number: Long, val json: String) : Asked {
        val waiting = WaitingForPieces()
    }
}
