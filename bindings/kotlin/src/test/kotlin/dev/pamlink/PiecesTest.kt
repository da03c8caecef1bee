package dev.pamlink

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlin.test.assertNull
import kotlin.test.assertSame
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.FlowCollector
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

/** What a collector makes of pieces and an end. */
class PiecesTest {
    private fun answered(text: String) = Outcome.Answered(text, "{}")

    /** What is handed over when [come] happens in front of a collector that keeps up. */
    private fun handedOver(come: (WaitingForPieces) -> Unit): List<Piece> = runBlocking {
        withTimeout(10.seconds) {
            val waiting = WaitingForPieces()
            val pieces = async(Dispatchers.Unconfined, CoroutineStart.UNDISPATCHED) { collected(waiting) }
            come(waiting)
            pieces.await()
        }
    }

    private suspend fun collected(waiting: WaitingForPieces): List<Piece> {
        val pieces = ArrayList<Piece>()
        waiting.handOver(FlowCollector { pieces.add(it) })
        return pieces
    }

    private fun shown(pieces: List<Piece>): String = pieces.fold("") { so, piece -> if (piece.restart) piece.text else so + piece.text }

    @Test
    fun `pieces and the rest of the answer make the whole`() {
        val answer = answered("once upon a time")
        val pieces = handedOver {
            it.piece("once ", false)
            it.piece("upon", false)
            it.end(answer, " a time")
        }
        assertEquals(listOf(Piece("once "), Piece("upon"), Piece(" a time", answer = answer)), pieces)
    }

    @Test
    fun `an answer without pieces is one piece`() {
        assertEquals(listOf(Piece("all", answer = answered("all"))), handedOver { it.end(answered("all"), "all") })
    }

    @Test
    fun `what is void is thrown away`() {
        val pieces = handedOver {
            it.piece("twice ", false)
            it.end(answered("once upon"), "once upon", restart = true)
        }
        assertEquals(listOf(Piece("twice "), Piece("once upon", restart = true, answer = answered("once upon"))), pieces)
        assertEquals("once upon", shown(pieces))
    }

    @Test
    fun `a slow collector gets several pieces as one`() = runBlocking {
        val waiting = WaitingForPieces()
        waiting.piece("once ", false)
        waiting.piece("upon", false)
        val pieces = ArrayList<Piece>()
        waiting.handOver(FlowCollector {
            pieces.add(it)
            if (pieces.size == 1) waiting.end(answered("once upon!"), "!")
        })
        assertEquals(listOf("once upon", "!"), pieces.map { it.text })
    }

    @Test
    fun `a slow collector is reported that what it was given is void`() = runBlocking {
        val waiting = WaitingForPieces()
        waiting.piece("twice", false)
        val pieces = ArrayList<Piece>()
        waiting.handOver(FlowCollector {
            pieces.add(it)
            if (pieces.size == 1) {
                waiting.piece(" or more", false)
                waiting.piece("on", true)
                waiting.end(answered("once"), "ce")
            }
        })
        assertEquals(listOf(Piece("twice"), Piece("once", restart = true, answer = answered("once"))), pieces)
    }

    @Test
    fun `what is no answer is thrown, with its kind`() {
        val rejected = Outcome.Rejected("RATE_LIMITED", "slow down", 3.seconds, "{}")
        val error = assertFailsWith<PamlinkException.Answer> {
            handedOver {
                it.piece("once", false)
                it.end(rejected)
            }
        }
        assertEquals("rejected", error.name)
        assertEquals(80, error.code)
        assertEquals(3.seconds, error.retryAfter)
        assertEquals(true, error.retryable)
        assertSame(rejected, error.outcome)
        assertEquals("RATE_LIMITED: slow down", error.message)
        for ((outcome, name) in listOf(Outcome.Expired to "request_expired", Outcome.Unknown to "request_unknown", Outcome.Unsent to "request_unsent")) {
            val other = assertFailsWith<PamlinkException.Answer> { handedOver { it.end(outcome) } }
            assertEquals(name, other.name)
            assertEquals(false, other.retryable)
            assertNull(other.retryAfter)
        }
    }

    @Test
    fun `what came of an answer is handed over before its end is thrown`() = runBlocking {
        val waiting = WaitingForPieces()
        waiting.piece("once ", false)
        waiting.piece("upon", false)
        waiting.end(Outcome.Cancelled)
        val pieces = ArrayList<Piece>()
        val error = assertFailsWith<PamlinkException.Answer> { waiting.handOver(FlowCollector { pieces.add(it) }) }
        assertEquals("request_cancelled", error.name)
        assertEquals(listOf(Piece("once upon")), pieces)
    }

    @Test
    fun `the end of the client is thrown`() {
        val closed = PamlinkException.of(ErrorCode.CLOSED)
        assertSame(closed, assertFailsWith<PamlinkException.Link> { handedOver { it.fail(closed) } })
    }
}
