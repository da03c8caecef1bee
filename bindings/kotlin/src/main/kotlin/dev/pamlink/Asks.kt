package dev.pamlink

import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.channels.Channel
import kotlinx.coroutines.flow.FlowCollector

/** Who waits for what comes of a question. */
internal interface Waiting {
    /** A piece of the answer. */
    fun piece(text: String)

    /** The end. */
    fun end(outcome: Outcome)

    /** There will be no end: the client is no more. */
    fun fail(error: PamlinkException)
}

/** Waits for the end alone. */
internal class WaitingForEnd : Waiting {
    private val ended = CompletableDeferred<Outcome>()

    override fun piece(text: String) {}

    override fun end(outcome: Outcome) {
        ended.complete(outcome)
    }

    override fun fail(error: PamlinkException) {
        ended.completeExceptionally(error)
    }

    suspend fun await(): Outcome = ended.await()
}

/**
 * Waits for the pieces and the end.
 *
 * Pieces that a slow collector has not taken yet become one. What waits is bounded: beyond
 * [most] characters no more pieces are kept, and the end has to bring the whole.
 */
internal class WaitingForPieces(private val most: Int) : Waiting {
    private val lock = Any()
    private val waiting = StringBuilder()
    private var full = false
    private var outcome: Outcome? = null
    private var error: PamlinkException? = null
    private val changed = Channel<Unit>(Channel.CONFLATED)

    override fun piece(text: String) {
        synchronized(lock) {
            full = full || waiting.length + text.length > most
            if (!full) waiting.append(text)
        }
        changed.trySend(Unit)
    }

    override fun end(outcome: Outcome) {
        synchronized(lock) { this.outcome = outcome }
        changed.trySend(Unit)
    }

    override fun fail(error: PamlinkException) {
        synchronized(lock) { this.error = error }
        changed.trySend(Unit)
    }

    /** Hands over everything until the end. Throws what is no answer. */
    suspend fun handOver(collector: FlowCollector<Piece>) {
        val given = Given(most)
        while (true) {
            val piece = next(given)
            if (piece == null) {
                changed.receive()
                continue
            }
            collector.emit(piece)
            if (piece.answer != null) return
            given.add(piece.text)
        }
    }

    private fun next(given: Given): Piece? = synchronized(lock) {
        error?.let { throw it }
        when (val outcome = outcome) {
            null -> if (waiting.isEmpty()) null else Piece(take())
            is Outcome.Answered -> last(given, outcome)
            else -> throw PamlinkException.of(outcome)
        }
    }

    private fun last(given: Given, answer: Outcome.Answered): Piece = when {
        // Older servers leave the text to the pieces.
        answer.text.isEmpty() && full -> throw PamlinkException.of(
            ErrorCode.NOT_DRAINED,
            "pieces of the answer were not taken in time, and its end does not repeat them",
        )
        answer.text.isEmpty() -> Piece(take(), answer = answer)
        given.begins(answer.text) -> Piece(answer.text.substring(given.length), answer = answer)
        else -> Piece(answer.text, restart = true, answer = answer)
    }

    private fun take(): String = waiting.toString().also { waiting.setLength(0) }
}

/** What a collector has been given, as far as it is kept. */
private class Given(private val most: Int) {
    private val text = StringBuilder()

    /** More than a message can hold: no answer begins with it. */
    private var tooLong = false

    val length: Int get() = text.length

    fun add(piece: String) {
        tooLong = tooLong || text.length + piece.length > most
        if (!tooLong) text.append(piece)
    }

    fun begins(whole: String): Boolean = !tooLong && whole.startsWith(text)
}
