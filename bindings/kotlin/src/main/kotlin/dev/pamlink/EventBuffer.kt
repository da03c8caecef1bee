package dev.pamlink

import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.first
import kotlinx.coroutines.flow.flow

/**
 * The events that wait to be taken: the newest [capacity] of them.
 *
 * While nobody collects, events wait, and who collects next gets them. Every collector gets each
 * event from then on. One that is too slow gets [Event.Lost] in place of what it missed.
 */
internal class EventBuffer(private val capacity: Int) {
    init {
        if (capacity < 1) throw PamlinkException.of(ErrorCode.BAD_OPTION, "eventBuffer is $capacity, not 1 or more")
    }

    private val lock = Any()
    private val newest = ArrayDeque<Event>()

    /** The number of the next event. */
    private var next = 0L

    /** The number of the first event that no collector has had. */
    private var taken = 0L
    private var closed = false

    /** Changes whenever there is something to look for. */
    private val changes = MutableStateFlow(0L)

    fun offer(event: Event) {
        synchronized(lock) {
            if (newest.size == capacity) newest.removeFirst()
            newest.addLast(event)
            next += 1
        }
        changes.value += 1
    }

    /** There are no more events: collectors end when they have had all. */
    fun close() {
        synchronized(lock) { closed = true }
        changes.value += 1
    }

    val flow: Flow<Event> = flow {
        var at = synchronized(lock) { taken }
        while (true) {
            val seen = changes.value
            when (val found = take(at)) {
                null -> changes.first { it != seen }
                END -> break
                else -> {
                    at = found.next
                    found.event?.let { emit(it) }
                }
            }
        }
    }

    /** The event at [at], or how many are gone; null if it has not come yet. */
    private fun take(at: Long): Found? = synchronized(lock) {
        val oldest = next - newest.size
        val found = when {
            at < oldest -> Found(Event.Lost(oldest - at), oldest)
            at < next -> Found(newest[(at - oldest).toInt()], at + 1)
            closed -> return END
            else -> return null
        }
        taken = maxOf(taken, found.next)
        found
    }

    private class Found(val event: Event?, val next: Long)

    private companion object {
        val END = Found(null, 0)
    }
}
