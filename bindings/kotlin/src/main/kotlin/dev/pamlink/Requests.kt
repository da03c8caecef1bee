package dev.pamlink

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.FlowCollector

/** Who waits for what comes of a request. */
internal interface Waiting {
    /** A piece of the answer; [restart]: what came before is void. */
    fun piece(text: String, restart: Boolean)

    /** The end; [rest]: what of an answer did not come in pieces. */
    fun end(outcome: Outcome, rest: String = "", restart: Boolean = false)

    /** There will be no end: the client is no more. */
    fun fail(error: PamlinkException)
}

/** Waits for the end alone. */
internal class WaitingForEnd : Waiting {
    private val ended = CompletableDeferred<Outcome>()

    override fun piece(text: String, restart: Boolean) {}

    override fun end(outcome: Outcome, rest: String, restart: Boolean) {
        ended.complete(outcome)
    }

    override fun fail(error: PamlinkException) {
        ended.completeExceptionally(error)
    }

    suspend fun await(): Outcome = ended.await()
}

/**
 * Waits for the pieces and the end. Pieces that a slow collector has not taken yet become one; the
 * engine bounds what they hold.
 */
internal class WaitingForPieces : Waiting {
    private val lock = Any()
    private val waiting = StringBuilder()
    private var restart = false
    private var outcome: Outcome? = null
    private var error: PamlinkException? = null
    private val changed = Channel<Unit>(Channel.CONFLATED)

    override fun piece(text: String, restart: Boolean) {
        synchronized(lock) { add(text, restart) }
        changed.trySend(Unit)
    }

    override fun end(outcome: Outcome, rest: String, restart: Boolean) {
        synchronized(lock) {
            add(rest, restart)
            this.outcome = outcome
        }
        changed.trySend(Unit)
    }

    override fun fail(error: PamlinkException) {
        synchronized(lock) { this.error = error }
        changed.trySend(Unit)
    }

    /** Hands over everything until the end. Throws what is no answer. */
    suspend fun handOver(collector: FlowCollector<Piece>) {
        while (true) {
            val piece = next()
            if (piece == null) {
                changed.receive()
                continue
            }
            collector.emit(piece)
            if (piece.answer != null) return
        }
    }

    private fun add(text: String, restart: Boolean) {
        if (restart) {
            waiting.setLength(0)
            this.restart = true
        }
        waiting.append(text)
    }

    private fun next(): Piece? = synchronized(lock) {
        error?.let { throw it }
        when (val outcome = outcome) {
            null -> if (waiting.isEmpty() && !restart) null else take(null)
            is Outcome.Answered -> take(outcome)
            // What came of it is worth something all the same.
            else -> if (waiting.isEmpty() && !restart) throw PamlinkException.of(outcome) else take(null)
        }
    }

    private fun take(answer: Outcome.Answered?): Piece {
        val piece = Piece(waiting.toString(), restart, answer)
        waiting.setLength(0)
        restart = false
        return piece
    }
}
