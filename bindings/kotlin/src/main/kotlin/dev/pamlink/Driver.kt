package dev.pamlink

import dev.pamlink.sansio.Action
import dev.pamlink.sansio.ClientEngine
import dev.pamlink.sansio.CommandOutcome
import dev.pamlink.sansio.CommandResult
import dev.pamlink.sansio.Input
import dev.pamlink.sansio.Now
import dev.pamlink.sansio.Output
import dev.pamlink.sansio.RequestEvent
import dev.pamlink.sansio.Restored
import java.util.concurrent.ConcurrentHashMap
import java.util.concurrent.atomic.AtomicBoolean
import kotlin.time.Duration.Companion.nanoseconds
import kotlin.time.Duration.Companion.seconds
import kotlinx.coroutines.CancellationException
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.CoroutineExceptionHandler
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.ExperimentalCoroutinesApi
import kotlinx.coroutines.Job
import kotlinx.coroutines.SupervisorJob
import kotlinx.coroutines.delay
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.launch
import kotlinx.coroutines.withContext
import kotlinx.coroutines.withTimeoutOrNull

/** A request on its way. */
internal class ClientRequest(
    val text: String,
    val stream: Boolean,
    val agent: String?,
    val intent: String?,
    val sessionId: String?,
    val context: String?,
)

/**
 * What a [Client] does: it steps the engine and carries out what follows.
 *
 * Everything here that is not said to be safe from any thread runs on [confined], one at a time.
 */
@OptIn(ExperimentalCoroutinesApi::class)
internal class Driver(
    private val url: String,
    private val tokens: (suspend (TokenNeed) -> String)?,
    val config: ClientConfig,
    scope: CoroutineScope?,
    snapshot: ByteArray? = null,
) {
    // Before the job: what throws here must not leave a child that its parent waits for.
    val events = EventBuffer(config.eventBuffer)
    private val engine = config.options(url, tokens == null).let { options ->
        if (snapshot == null) ClientEngine(options, now = now()) else ClientEngine.restore(options, snapshot, now = now())
    }

    private val confined = Dispatchers.Default.limitedParallelism(1)
    private val job: Job = SupervisorJob(scope?.coroutineContext?.get(Job))
    private val own = CoroutineScope(
        job + confined + CoroutineExceptionHandler { _, error -> config.log("a coroutine of the client failed", error) },
    )
    private val states = MutableStateFlow(LinkState.CLOSED)
    val state: StateFlow<LinkState> get() = states

    /** Who waits for what comes of each request. Safe from any thread. */
    private val waiting = ConcurrentHashMap<Long, Waiting>()

    /** Who waits for what cancelling a request comes to. */
    private val cancels = ConcurrentHashMap<Long, CompletableDeferred<CancelResult>>()

    /** Who waits for what becomes of what was submitted. */
    private val submitted = ConcurrentHashMap<Long, CompletableDeferred<SubmitResult>>()

    /** What this client goes on with; complete once it is made. */
    val restored = ArrayList<AnswerStream>()
    private var link: Link? = null
    private val deadline = Timer()

    private val closing = AtomicBoolean()

    init {
        // Also when the scope ends that the client belongs to.
        job.invokeOnCompletion { free() }
        // What it goes on with has its place before anything can come of it.
        if (snapshot != null) step()
        connect()
    }

    // From any thread.

    fun connect(): Unit = stepSoon(Input.Connect)

    fun disconnect(): Unit = stepSoon(Input.Disconnect)

    fun wake(): Unit = stepSoon(Input.Wake)

    fun networkChanged(): Unit = stepSoon(Input.NetworkChanged)

    fun metrics(): String = if (job.isCompleted) throw closedError() else engine.metrics()

    /** Asks, runs [use], and does with the request what [leaving] says if that ends before it. */
    suspend fun <T> asking(asked: Asked, who: Waiting, isDetached: () -> Boolean, use: suspend (Long) -> T): T {
        var number = (asked as? Asked.Before)?.number
        try {
            if (asked is Asked.Now) withContext(confined) { number = begin(asked.request, who) }
            return use(number ?: throw PamlinkException.of(ErrorCode.REQUEST_UNKNOWN))
        } finally {
            // Whoever leaves before the end gets nothing of it any more.
            number?.let {
                if (waiting.remove(it) != null) stepSoon(if (isDetached()) Input.Forget(it) else Input.Abandon(it))
            }
        }
    }

    /** Whether somebody waits for a request that has not ended. */
    fun isRunning(request: Long): Boolean = waiting.containsKey(request)

    suspend fun cancel(request: Long): CancelResult {
        val result = withContext(confined) {
            refuseIfOver()
            val waits = cancels[request]
            waits ?: CompletableDeferred<CancelResult>().also { result ->
                cancels[request] = result
                step(Input.Cancel(request))?.let {
                    cancels.remove(request)
                    throw it.error
                }
            }
        }
        return result.await()
    }

    suspend fun submit(input: Input.Submit): SubmitResult {
        val outcome = CompletableDeferred<SubmitResult>()
        withContext(confined) {
            refuseIfOver()
            val fault = step(input) { if (it is CommandResult.Submitted) submitted[it.command] = outcome }
            fault?.let { throw it.error }
        }
        return outcome.await()
    }

    suspend fun snapshot(): ByteArray = withContext(confined) {
        refuseIfOver()
        var bytes: ByteArray? = null
        val fault = step(Input.Snapshot) { if (it is CommandResult.SnapshotTaken) bytes = it.bytes }
        fault?.let { throw it.error }
        bytes ?: throw silent("a snapshot")
    }

    suspend fun post(envelope: String): Unit = withContext(confined) {
        refuseIfOver()
        step(Input.Send(envelope))?.let { throw it.error }
    }

    fun close() {
        if (!closing.compareAndSet(false, true)) return
        own.launch {
            fail(closedError())
            step(Input.Disconnect)
            withTimeoutOrNull(CLOSE_TIMEOUT) { link?.job?.join() }
            job.cancel()
        }
        // Without it the launch above may never run: the scope of the client may be over.
        if (job.isCompleted) free()
    }

    suspend fun closeAndJoin() {
        close()
        job.join()
    }

    override fun toString(): String = url.substringBefore('?')

    // Confined.

    private fun begin(request: ClientRequest, who: Waiting): Long {
        refuseIfOver()
        var taken: Long? = null
        val input = with(request) { Input.Ask(stream, text, agent, intent, sessionId, context) }
        val fault = step(input) { result ->
            if (result is CommandResult.Asked) {
                taken = result.request
                waiting[result.request] = who
            }
        }
        fault?.let { throw it.error }
        return taken ?: throw silent("a request")
    }

    private fun silent(about: String) =
        PamlinkException.of(ErrorCode.BAD_INPUT, "the engine did not say what became of $about")

    private fun refuseIfOver() {
        if (closing.get() || job.isCompleted) throw closedError()
    }

    private fun stepSoon(vararg inputs: Input) {
        own.launch { step(*inputs) }
    }

    /**
     * Steps, and carries out what follows. Returns the last fault, if one of [inputs] was refused;
     * [taken] gets what became of a command before anything that comes of it.
     */
    private fun step(vararg inputs: Input, taken: (CommandResult) -> Unit = {}): CommandResult.Faulted? {
        var fault: CommandResult.Faulted? = null
        val outputs = try {
            if (inputs.size == 1) engine.step(now(), inputs[0]) else engine.step(now(), inputs.asList())
        } catch (broken: PamlinkException) {
            // No use going on: nothing would ever come of anything.
            config.log("the engine failed", broken)
            fail(broken)
            job.cancel(CancellationException("the engine failed", broken))
            throw broken
        }
        for (output in outputs) {
            when (output) {
                is CommandResult.Faulted -> fault = output
                is CommandResult -> taken(output)
                else -> handle(output)
            }
        }
        deadline.set(engine.deadline?.monoNanos)
        return fault
    }

    private fun handle(output: Output) {
        when (output) {
            is RequestEvent.CancelResult ->
                result(output.request, CancelResult(CancelOutcome.of(output.outcome), output.offset, output.errorCode))
            is RequestEvent -> handle(output)
            is CommandOutcome -> settle(output)
            is Restored -> {
                val asked = Asked.Before(output.request, output.json)
                waiting[output.request] = asked.waiting
                restored.add(AnswerStream(this, asked))
            }
            is Action.Dial -> dial(output)
            is Action.NeedToken -> own.launch { provide(output.need) }
            is Action -> link?.carryOut(output)
            is Event.StateChanged -> {
                states.value = output.to
                events.offer(output)
            }
            is Event -> events.offer(output)
            else -> config.log("an output that this version does not know: $output", null)
        }
    }

    private fun handle(event: RequestEvent) {
        if (event is RequestEvent.Piece) {
            val who = waiting[event.request]
            if (who != null) who.piece(event.text, event.restart) else late(event.request, event.text, event.json)
            return
        }
        val who = waiting.remove(event.request)
        if (who != null) {
            if (event is RequestEvent.Answer) {
                who.end(Outcome.Answered(event.text, event.json), event.rest ?: event.text, event.restart)
            } else {
                outcome(event)?.let { who.end(it) }
            }
            return
        }
        // The caller has gone a moment ago. What the server said is not lost.
        when (event) {
            is RequestEvent.Answer -> late(event.request, event.text, event.json)
            is RequestEvent.Rejected -> late(event.request, event.message, event.json)
            else -> {}
        }
    }

    private fun late(request: Long, text: String, json: String) = events.offer(Event.Late(request, text, json))

    private fun outcome(event: RequestEvent): Outcome? = when (event) {
        is RequestEvent.Rejected -> Outcome.Rejected(event.errorCode, event.message, event.retryAfter, event.json)
        is RequestEvent.Expired -> Outcome.Expired
        is RequestEvent.Unknown -> Outcome.Unknown
        is RequestEvent.Unsent -> Outcome.Unsent
        is RequestEvent.Cancelled -> Outcome.Cancelled
        is RequestEvent.Answer, is RequestEvent.Piece, is RequestEvent.CancelResult -> null
    }

    private fun result(request: Long, result: CancelResult) {
        cancels.remove(request)?.complete(result)
    }

    private fun settle(outcome: CommandOutcome) {
        val settled = when (outcome.outcome) {
            "acknowledged" -> SubmitResult.Acknowledged
            "rejected" -> SubmitResult.Rejected(outcome.errorCode ?: "", outcome.retryAfter)
            "expired" -> SubmitResult.Expired(outcome.errorCode ?: "")
            else -> SubmitResult.Unknown
        }
        val who = submitted.remove(outcome.command)
        if (who == null) config.log("of what was submitted before the snapshot: $settled", null) else who.complete(settled)
    }

    private fun fail(error: PamlinkException) {
        for (request in waiting.keys) waiting.remove(request)?.fail(error)
        for (request in cancels.keys) cancels.remove(request)?.completeExceptionally(error)
        for (command in submitted.keys) submitted.remove(command)?.completeExceptionally(error)
    }

    private suspend fun provide(need: TokenNeed) {
        val provider = tokens ?: return
        val given = try {
            Input.Token(token = provider(need))
        } catch (denied: TokenDenied) {
            config.log("the token provider gives no token any more", denied)
            Input.TokenFailed(denied = true)
        } catch (cancelled: CancellationException) {
            // Of this client, or of something that the provider itself waited for.
            if (!job.isActive) throw cancelled
            Input.TokenFailed(denied = false)
        } catch (failed: Exception) {
            config.log("the token provider failed", failed)
            Input.TokenFailed(denied = false)
        }
        step(given)?.let { config.log("the token was not taken: ${it.error.message}", null) }
    }

    private fun dial(dial: Action.Dial) {
        val next = Link(dial, config) { from, input -> if (link === from) step(input) }
        link = next
        next.job = own.launch { next.run() }
    }

    /** Everything has ended, and nothing steps any more. */
    private fun free() {
        closing.set(true)
        fail(closedError())
        states.value = LinkState.CLOSED
        events.close()
        engine.close()
    }

    private fun closedError() = PamlinkException.of(ErrorCode.CLOSED)

    private fun now() = Now.of(config.clock)

    /** Steps when the engine wants it. */
    private inner class Timer {
        private var at = Long.MAX_VALUE
        private var running: Job? = null

        fun set(deadline: Long?) {
            // One that has moved back is met early, and set anew then: most do with every message.
            if (deadline == null || deadline >= at) return
            running?.cancel()
            at = deadline
            running = own.launch {
                val left = maxOf(0, deadline - config.clock.monoNanos())
                // Rounded up: to be early would mean to come again at once.
                if (left > 0) delay((left + MILLISECOND - 1).nanoseconds)
                at = Long.MAX_VALUE
                running = null
                step()
            }
        }
    }

    private companion object {
        /** How long a link that is being closed may take. */
        val CLOSE_TIMEOUT = 5.seconds
        const val MILLISECOND = 1_000_000L
    }
}
