// Asks, stops and submits over a connection that somebody cuts, one after the other, and says what came
// of each: see `main.py`.
//
//     java … CrossKt URL TOKEN COUNT

import dev.pamlink.Client
import dev.pamlink.ClientConfig
import dev.pamlink.Outcome
import dev.pamlink.PamlinkException
import kotlin.system.exitProcess
import kotlinx.coroutines.CompletableDeferred
import kotlinx.coroutines.coroutineScope
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking

fun main(arguments: Array<String>) {
    val count = arguments.getOrNull(2)?.toIntOrNull()
    if (arguments.size != 3 || count == null) {
        System.err.println("usage: cross URL TOKEN COUNT")
        exitProcess(2)
    }
    val (url, token) = arguments
    runBlocking {
        Client(url, { token }, ClientConfig(log = ::log), this).use { client ->
            for (number in 0 until count) println("$number ${end(client, number)}")
        }
    }
    println("done")
}

/** How a command ends, in words. */
private suspend fun end(client: Client, number: Int): String = when (number % 5) {
    4 -> word(client.submit("""{"type":"note","id":"n-$number"}"""))
    3 -> stopped(client, "KOTLIN $number stop")
    else -> answered(client, "KOTLIN $number")
}

private suspend fun answered(client: Client, request: String): String {
    val text = StringBuilder()
    try {
        client.ask(request).collect { piece ->
            if (piece.restart) text.clear()
            text.append(piece.text)
        }
    } catch (error: PamlinkException.Answer) {
        if (error.outcome != Outcome.Unknown) throw error
        return "unknown"
    }
    return "answered $text"
}

/** Cancels the answer once it has begun, while it is being read. */
private suspend fun stopped(client: Client, request: String): String = coroutineScope {
    val stream = client.ask(request)
    val hasBegun = CompletableDeferred<Boolean>()
    launch {
        try {
            stream.collect { hasBegun.complete(true) }
        } catch (error: PamlinkException.Answer) {
            if (error.outcome != Outcome.Cancelled && error.outcome != Outcome.Unknown) throw error
        }
        hasBegun.complete(false)
    }
    if (hasBegun.await()) word(stream.cancel().outcome) else "unknown"
}

private fun word(it: Any) = it.toString().lowercase()

private fun log(message: String, cause: Throwable?) = System.err.println("$message ($cause)")
