package dev.pamlink

import dev.pamlink.sansio.Input
import kotlin.time.Duration
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.StateFlow

/**
 * A connection to a server that outlives its links: it reconnects by itself, and sends again under
 * the same id what got no answer.
 *
 * ```
 * Client("wss://example.org/api/v1/pam/ws/ann", tokens = { session.token() }).use { client ->
 *     client.ask("fuel so far?").collect { piece -> print(piece.text) }
 * }
 * ```
 *
 * It connects as soon as it is made. All of its functions may be called from any thread and any
 * coroutine; none blocks.
 *
 * Its coroutines are children of the job of [scope], if one is given, and end with it; that scope
 * in turn does not end before the client is closed. They run one at a time, on one of the threads
 * of the default dispatcher.
 *
 * @param url `ws://` or `wss://`, with the whole path and without a token.
 * @param tokens gets a token from the app whenever one is wanted. It throws [TokenDenied] if there
 * is none to be had any more, and the client stops; after any other exception it is called again
 * later. Null: connect without tokens.
 * @param config bounds, transport and clock.
 * @param scope the scope that the client belongs to. Null: it stands alone until [close].
 * @throws PamlinkException.Usage `bad_url`, `bad_option`, `abi_mismatch`.
 */
public class Client private constructor(private val driver: Driver) : AutoCloseable {
    public constructor(
        url: String,
        tokens: (suspend (TokenNeed) -> String)?,
        config: ClientConfig = ClientConfig(),
        scope: CoroutineScope? = null,
    ) : this(Driver(url, tokens, config, scope))

    /**
     * The requests that a [restored][restore] client goes on with, as they were made; collect each
     * of them once. Their pieces come again from the beginning. Empty for any other client.
     */
    public val restored: List<AnswerStream> get() = driver.restored

    /**
     * What happens beside the answers to requests.
     *
     * At most [ClientConfig.eventBuffer] events wait to be taken; then the oldest are dropped, and
     * [Event.Lost] says how many. While nobody collects, events wait for the next collector; several
     * collectors at once get each event all of them. Ends when the client is closed.
     */
    public val events: Flow<Event> get() = driver.events.flow

    /** The state of the link. */
    public val state: StateFlow<LinkState> get() = driver.state

    /** Connects again after [disconnect] or [Event.Stopped]. */
    public fun connect(): Unit = driver.connect()

    /** Closes the link and stays disconnected. Requests wait, until they expire. */
    public fun disconnect(): Unit = driver.disconnect()

    /**
     * Makes a request, and returns how it ended. While disconnected, too: the request waits for a
     * link.
     *
     * If the caller is cancelled, so is the request: one that was not sent yet is not sent, and a
     * server of `pamlink.v1` ends the answer to any other. Towards a server that does not speak that
     * it has its effect, and what the server says of it is an [Event.Late].
     *
     * @param text what is said.
     * @param agent the agent that is meant, if one is.
     * @param intent the intent, where it is known.
     * @param sessionId the conversation that it belongs to.
     * @param context a JSON object for the agent.
     * @throws PamlinkException.Busy `requests_full`: as many requests, or bytes of them, wait as may.
     * @throws PamlinkException.Usage `bad_context`.
     * @throws PamlinkException.Link `stopped` (until [connect]) or `closed`.
     */
    public suspend fun send(
        text: String,
        agent: String? = null,
        intent: String? = null,
        sessionId: String? = null,
        context: String? = null,
    ): Outcome {
        val waiting = WaitingForEnd()
        val request = Asked.Now(ClientRequest(text, false, agent, intent, sessionId, context))
        return driver.asking(request, waiting, { false }) { waiting.await() }
    }

    /**
     * Makes a request when the flow is collected, and hands over the answer as it grows:
     * [AnswerStream] says how to read it, to cancel it, and what becomes of it when its collector
     * leaves.
     *
     * Throws in the collector what [send] throws, and [PamlinkException.Answer] for every outcome
     * that is no [Outcome.Answered].
     */
    public fun ask(
        text: String,
        agent: String? = null,
        intent: String? = null,
        sessionId: String? = null,
        context: String? = null,
    ): AnswerStream =
        AnswerStream(driver, Asked.Now(ClientRequest(text, true, agent, intent, sessionId, context)))

    /**
     * Sends an envelope that wants no answer, as JSON.
     *
     * @throws PamlinkException.Link `not_open`, `stopped` or `closed`: it was not sent.
     * @throws PamlinkException.Busy `outbox_full`: it was not sent.
     * @throws PamlinkException.Usage `not_an_envelope`.
     */
    public suspend fun post(envelope: String): Unit = driver.post(envelope)

    /**
     * Sends an envelope over `pamlink.v1`, now or as soon as a link speaks it, and returns what has
     * become of it. What is sent arrives once, whatever becomes of links.
     *
     * If the caller is cancelled, the envelope goes on, and nobody is told.
     *
     * @param envelope JSON.
     * @param priority in which order it goes, while it waits.
     * @param key what waits under the same key is replaced, and has [SubmitResult.Expired].
     * @param timeToLive how long it may wait to be sent. Null: as long as its session.
     * @throws PamlinkException.Link `needs_v1` without [ClientConfig.v1]; `stopped`, `closed`.
     * @throws PamlinkException.Busy `outbox_full`: too much waits.
     * @throws PamlinkException.Usage `not_an_envelope`, `too_large`, `bad_option`.
     */
    public suspend fun submit(
        envelope: String,
        priority: Priority = Priority.NORMAL,
        key: String? = null,
        timeToLive: Duration? = null,
    ): SubmitResult = driver.submit(Input.Submit(timeToLive, envelope, priority.name.lowercase(), key))

    /**
     * The client as bytes, of which [restore] makes it again after the process has ended: with its
     * session and the requests that have not ended. Empty without [ClientConfig.v1].
     *
     * Take it when the app goes to the background, and whenever a request was made. What happened
     * after it is found again where the server knows it, and else ends as [Outcome.Unknown]. The
     * bytes hold what was asked, and no token.
     *
     * @throws PamlinkException.Link `closed`.
     */
    public suspend fun snapshot(): ByteArray = driver.snapshot()

    /** The device woke up, or the app came to the front: the link is probed, or made, at once. */
    public fun wake(): Unit = driver.wake()

    /** The device has another network than before: the link is probed, or made, at once. */
    public fun networkChanged(): Unit = driver.networkChanged()

    /** All that was counted, as text for Prometheus. */
    public fun metrics(): String = driver.metrics()

    /**
     * Sends the close frame and frees everything, without waiting for it. Whoever waits for an
     * answer gets `closed`. May be called again.
     */
    override fun close(): Unit = driver.close()

    /** [close], and waits until everything is freed: at most a few seconds. */
    public suspend fun closeAndJoin(): Unit = driver.closeAndJoin()

    /** Without the token. */
    override fun toString(): String = "Client($driver)"

    public companion object {
        /**
         * The client of which [snapshot][Client.snapshot] has given these bytes: it connects, and its
         * requests go on ([restored]). The client before must not live any more.
         *
         * @param snapshot of a client of the same user, made with the same bounds.
         * @throws PamlinkException.Usage `bad_snapshot`, and what the constructor throws.
         */
        public fun restore(
            snapshot: ByteArray,
            url: String,
            tokens: (suspend (TokenNeed) -> String)?,
            config: ClientConfig = ClientConfig(),
            scope: CoroutineScope? = null,
        ): Client = Client(Driver(url, tokens, config, scope, snapshot))
    }
}
