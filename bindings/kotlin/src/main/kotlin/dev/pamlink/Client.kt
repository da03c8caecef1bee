package dev.pamlink

import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.flow.Flow
import kotlinx.coroutines.flow.StateFlow
import kotlinx.coroutines.flow.flow

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
public class Client(
    url: String,
    tokens: (suspend (TokenNeed) -> String)?,
    config: ClientConfig = ClientConfig(),
    scope: CoroutineScope? = null,
) : AutoCloseable {
    private val driver = Driver(url, tokens, config, scope)

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
     * If the caller is cancelled, a request that was not sent yet is not sent; any other has its
     * effect, and what the server says of it is an [Event.Late].
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
        return driver.asking(ClientRequest(text, false, agent, intent, sessionId, context), waiting) { waiting.await() }
    }

    /**
     * Makes a request when the flow is collected, and hands over the answer as it grows.
     *
     * Append each [Piece.text] to what came before, or begin anew at [Piece.restart]. The last piece
     * has the whole answer in [Piece.answer]. A server that does not stream sends one piece. A
     * collector that is slower than the server gets several pieces as one.
     *
     * If the collector is cancelled, nothing is left behind; an answer that still comes is an
     * [Event.Late].
     *
     * Throws in the collector what [send] throws, and [PamlinkException.Answer] for
     * [Outcome.Rejected], [Outcome.Expired], [Outcome.Unknown] and [Outcome.Unsent].
     */
    public fun ask(
        text: String,
        agent: String? = null,
        intent: String? = null,
        sessionId: String? = null,
        context: String? = null,
    ): Flow<Piece> = flow {
        val waiting = WaitingForPieces()
        val request = ClientRequest(text, true, agent, intent, sessionId, context)
        driver.asking(request, waiting) { waiting.handOver(this) }
    }

    /**
     * Sends an envelope that wants no answer, as JSON.
     *
     * @throws PamlinkException.Link `not_open`, `stopped` or `closed`: it was not sent.
     * @throws PamlinkException.Busy `outbox_full`: it was not sent.
     * @throws PamlinkException.Usage `not_an_envelope`.
     */
    public suspend fun post(envelope: String): Unit = driver.post(envelope)

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
}
