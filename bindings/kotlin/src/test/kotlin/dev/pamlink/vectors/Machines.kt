package dev.pamlink.vectors

import dev.pamlink.sansio.AuthOptions
import dev.pamlink.sansio.ClientEngine
import dev.pamlink.sansio.ClientOptions
import dev.pamlink.sansio.Engine
import dev.pamlink.sansio.HubEngine
import dev.pamlink.sansio.HubOptions
import dev.pamlink.sansio.Now
import dev.pamlink.sansio.PackedWriter
import dev.pamlink.sansio.put
import java.io.ByteArrayOutputStream
import kotlin.time.Duration
import kotlin.time.Duration.Companion.milliseconds

/** The time of a step. */
internal fun nowOf(atMs: Long, wallMs: Long): Now = Now(atMs * 1_000_000, wallMs * 1_000)

/** The machine that a file describes. */
internal fun machineOf(machine: Any?, now: Now): Engine {
    val seed = seedOf(machine["seed"].long)
    val options = machine["options"].members
    return when (val kind = machine["kind"]) {
        "client" -> when (val snapshot = machine["snapshot"]) {
            null -> ClientEngine(clientOptions(options), seed, now)
            else -> ClientEngine.restore(clientOptions(options), bytesOf(snapshot.text), seed, now)
        }
        "hub" -> HubEngine(hubOptions(options), seed)
        else -> error("no machine is a $kind")
    }
}

/** One step with records or bytes: all records that come of it. The typed outputs must agree with them. */
internal fun stepped(engine: Engine, now: Now, input: List<Any?>): List<Map<String, Any?>> {
    val packed = ByteArrayOutputStream()
    input.forEach { packed.write(packedOf(it)) }
    val output = engine.stepPacked(now, packed.toByteArray())
    val reader = Records.readerOf(output)
    return buildList {
        while (reader.next()) {
            val record = Records.read(reader)
            add(record)
            if (record["record"] == "next") continue
            val typed = engine.read(reader)
            check(says(typed, record)) { "$typed is not $record" }
        }
    }
}

/** A record, as its typed [Input] writes it where that can hold it; or bytes that are none. */
internal fun packedOf(record: Any?): ByteArray {
    if (record["record"] == null) return bytesOf(record["hex"].text)
    val generic = PackedWriter().also { Records.write(it, record.members) }
    val typed = inputOf(record.members) ?: return Records.written(generic)
    val written = Records.written(PackedWriter().also { it.put(typed) })
    check(written.contentEquals(Records.written(generic))) { "$typed is written as ${hexOf(written)}" }
    return written
}

/** Takes options one by one; one that nobody takes is an error. */
private class Taking(private val members: Map<String, Any?>) {
    private val taken = HashSet<String>()

    fun any(name: String): Any? = members[name].also { taken += name }

    fun text(name: String): String? = any(name)?.text

    fun flag(name: String): Boolean = any(name) == true

    fun int(name: String): Int? = any(name)?.int

    fun long(name: String): Long? = any(name)?.long

    fun span(name: String): Duration? = any(name)?.long?.milliseconds

    fun texts(name: String): List<String>? = any(name)?.list?.map { it.text }

    fun done() {
        val left = members.keys - taken
        check(left.isEmpty()) { "there is no option $left" }
    }
}

private fun clientOptions(members: Map<String, Any?>): ClientOptions = with(Taking(members)) {
    ClientOptions(
        url = text("url") ?: "",
        anonymous = flag("anonymous"),
        requestTimeout = span("request_timeout_ms"),
        maxRequests = int("max_requests"),
        maxRequestBytes = long("max_request_bytes"),
        heartbeatInterval = span("heartbeat_interval_ms"),
        heartbeatDeadline = span("heartbeat_deadline_ms"),
        backoffCap = span("backoff_cap_ms"),
        dialTimeout = span("dial_timeout_ms"),
        welcomeTimeout = span("welcome_timeout_ms"),
        maxMessageBytes = long("max_message_bytes"),
        origin = text("origin"),
        subprotocols = texts("subprotocols") ?: emptyList(),
        v1 = flag("v1"),
        compression = flag("compression"),
    ).also { done() }
}

private fun hubOptions(members: Map<String, Any?>): HubOptions = with(Taking(members)) {
    HubOptions(
        auth = authOptions(any("auth")?.members ?: emptyMap()),
        routes = text("routes"),
        origins = texts("origins"),
        subprotocols = texts("subprotocols") ?: emptyList(),
        maxLinks = int("max_links"),
        maxLinksPerUser = int("max_links_per_user"),
        refuseNewest = flag("refuse_newest"),
        maxRequests = int("max_requests"),
        maxRequestsPerLink = int("max_requests_per_link"),
        requestTimeout = span("request_timeout_ms"),
        whileAnswering = text("while_answering"),
        authTimeout = span("auth_timeout_ms"),
        tokenGrace = span("token_grace_ms"),
        messagesPerMinute = int("messages_per_minute"),
        connectsPerMinute = int("connects_per_minute"),
        repeatsPerMinute = int("repeats_per_minute"),
        maxViolations = int("max_violations"),
        windowEntries = long("window_entries"),
        windowAge = span("window_age_ms"),
        windowResultBytes = long("window_result_bytes"),
        heartbeatInterval = span("heartbeat_interval_ms"),
        heartbeatDeadline = span("heartbeat_deadline_ms"),
        maxMessageBytes = long("max_message_bytes"),
        outboxBytes = long("outbox_bytes"),
        accepts = texts("accepts") ?: emptyList(),
        characters = any("characters")?.members?.mapValues { (_, most) -> most.int } ?: emptyMap(),
        routeUnknownAgents = flag("route_unknown_agents"),
        compression = flag("compression"),
        maxCompressors = int("max_compressors"),
    ).also { done() }
}

private fun authOptions(members: Map<String, Any?>): AuthOptions = with(Taking(members)) {
    AuthOptions(
        hs256Secret = text("hs256_secret")?.let(::bytesOf),
        jwks = text("jwks"),
        audience = text("audience"),
        leeway = span("leeway_ms"),
    ).also { done() }
}
