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
    private fun handedOver(most: Int = 1000, come: (WaitingForPieces) -> Unit): List<Piece> = runBlocking {
        withTimeout(10.seconds) {
            val waiting = WaitingForPieces(most)
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
            it.piece("once ")
            it.piece("upon")
            it.end(answer)
        }
        assertEquals(listOf(Piece("once "), Piece("upon"), Piece(" a time", answer = answer)), pieces)
    }

    @Test
    fun `an answer without pieces is one piece`() {
        assertEquals(listOf(Piece("all", answer = answered("all"))), handedOver { it.end(answered("all")) })
    }

    @Test
    fun `an answer that does not begin with its pieces begins anew`() {
        val pieces = handedOver {
            it.piece("twice ")
            it.end(answered("once upon"))
        }
        assertEquals(listOf(Piece("twice "), Piece("once upon", restart = true, answer = answered("once upon"))), pieces)
        assertEquals("once upon", shown(pieces))
    }

    @Test
    fun `an end without a text leaves it to the pieces`() {
        val pieces = handedOver {
            it.piece("once ")
            it.piece("upon")
            it.end(answered(""))
        }
        assertEquals("once upon", shown(pieces))
        assertEquals(Piece("", answer = answered("")), pieces.last())
    }

    @Test
    fun `a slow collector gets several pieces as one`() = runBlocking {
        val waiting = WaitingForPieces(1000)
        waiting.piece("once ")
        waiting.piece("upon")
        val pieces = ArrayList<Piece>()
        waiting.handOver(FlowCollector {
            pieces.add(it)
            if (pieces.size == 1) waiting.end(answered("once upon!"))
        })
        assertEquals(listOf("once upon", "!"), pieces.map { it.text })
    }

    @Test
    fun `pieces beyond the bound are left to the whole answer`() = runBlocking {
        val waiting = WaitingForPieces(5)
        waiting.piece("12345")
        waiting.piece("6")
        waiting.piece("7")
        waiting.end(answered("1234567"))
        assertEquals(listOf(Piece("1234567", answer = answered("1234567"))), collected(waiting))
    }

    @Test
    fun `pieces beyond the bound that no end repeats are an error`() {
        val waiting = WaitingForPieces(5)
        waiting.piece("123456")
        waiting.end(answered(""))
        val error = assertFailsWith<PamlinkException.Busy> { runBlocking { collected(waiting) } }
        assertEquals("not_drained", error.name)
    }

    @Test
    fun `an answer longer than is kept begins anew`() {
        val pieces = handedOver(most = 5) {
            it.piece("1234")
            it.piece("56")
            it.end(answered("123456"))
        }
        assertEquals("123456", shown(pieces))
        assertEquals(true, pieces.last().restart)
    }

    @Test
    fun `what is no answer is thrown, with its kind`() {
        val rejected = Outcome.Rejected("RATE_LIMITED", "slow down", 3.seconds, "{}")
        val error = assertFailsWith<PamlinkException.Answer> {
            handedOver {
                it.piece("once")
                it.end(rejected)
            }
        }
        assertEquals("rejected", error.name)
        assertEquals(80, error.code)
        assertEquals(3.seconds, error.retryAfter)
        assertEquals(true, error.retryable)
        assertSame(rejected, error.outcome)
        assertEquals("RATE_LIMITED: slow down", error.message)
        for ((outcome, name) in listOf(Outcome.Expired to "ask_expired", Outcome.Unknown to "ask_unknown")) {
            val other = assertFailsWith<PamlinkException.Answer> { handedOver { it.end(outcome) } }
            assertEquals(name, other.name)
            assertEquals(false, other.retryable)
            assertNull(other.retryAfter)
        }
    }

    @Test
    fun `the end of the client is thrown`() {
        val closed = PamlinkException.of(ErrorCode.CLOSED)
        assertSame(closed, assertFailsWith<PamlinkException.Link> { handedOver { it.fail(closed) } })
    }
}
