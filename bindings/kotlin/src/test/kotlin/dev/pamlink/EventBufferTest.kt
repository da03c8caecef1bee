package dev.pamlink

import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertFailsWith
import kotlinx.coroutines.CoroutineStart
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.async
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.take
import kotlinx.coroutines.flow.toList
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withTimeout

class EventBufferTest {
    private fun event(number: Int) = Event.Unreadable("$number", "")

    @Test
    fun `events wait for who collects first, and then for who collects next`() = bounded {
        val buffer = EventBuffer(8)
        repeat(5) { buffer.offer(event(it)) }
        assertEquals(event(0), buffer.flow.first())
        assertEquals(listOf<Event>(event(1), event(2)), buffer.flow.take(2).toList())
        buffer.close()
        assertEquals(listOf<Event>(event(3), event(4)), buffer.flow.toList())
        assertEquals(emptyList(), buffer.flow.toList())
    }

    @Test
    fun `beyond the bound the oldest go, and their number is reported`() = bounded {
        val buffer = EventBuffer(3)
        repeat(10) { buffer.offer(event(it)) }
        buffer.close()
        assertEquals(listOf(Event.Lost(7), event(7), event(8), event(9)), buffer.flow.toList())
    }

    @Test
    fun `who collects slowly loses only what is beyond the bound`() = bounded {
        val buffer = EventBuffer(3)
        val got = ArrayList<Event>()
        buffer.offer(event(0))
        val collecting = launch(Dispatchers.Unconfined) {
            buffer.flow.collect {
                got.add(it)
                if (it == event(0)) repeat(5) { more -> buffer.offer(event(more + 1)) }
            }
        }
        buffer.close()
        collecting.join()
        assertEquals(listOf(event(0), Event.Lost(2), event(3), event(4), event(5)), got)
    }

    @Test
    fun `each of several collectors gets every event`() = bounded {
        val buffer = EventBuffer(8)
        val both = List(2) { async(Dispatchers.Unconfined, CoroutineStart.UNDISPATCHED) { buffer.flow.toList() } }
        repeat(3) { buffer.offer(event(it)) }
        buffer.close()
        for (one in both) assertEquals(List(3, ::event), one.await())
    }

    @Test
    fun `who waits and is cancelled takes nothing away`() = bounded {
        val buffer = EventBuffer(8)
        val waiting = launch(Dispatchers.Unconfined) { buffer.flow.collect {} }
        waiting.cancel()
        waiting.join()
        buffer.offer(event(1))
        assertEquals(event(1), buffer.flow.first())
    }

    @Test
    fun `many at once lose nothing within the bound`() = bounded {
        val buffer = EventBuffer(40_000)
        val offering = List(4) { launch(Dispatchers.Default) { repeat(5_000) { buffer.offer(event(it)) } } }
        val collecting = async(Dispatchers.Default) { buffer.flow.take(20_000).toList() }
        offering.forEach { it.join() }
        assertEquals(20_000, collecting.await().size)
    }

    @Test
    fun `a buffer for nothing is refused`() {
        assertEquals("bad_option", assertFailsWith<PamlinkException.Usage> { EventBuffer(0) }.name)
    }

    private fun bounded(work: suspend kotlinx.coroutines.CoroutineScope.() -> Unit): Unit =
        runBlocking { withTimeout(20_000) { work() } }
}
