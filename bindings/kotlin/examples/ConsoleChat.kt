// A chat in the console: each line of the input is a request, and its answer is printed as it grows.
//
//     java … ConsoleChatKt ws://127.0.0.1:8080/api/v1/pam/ws/ann TOKEN
//
// Without arguments the environment variables PAMLINK_URL and PAMLINK_TOKEN are read.

import dev.pamlink.Client
import dev.pamlink.Event
import dev.pamlink.PamlinkException
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.cancelAndJoin
import kotlinx.coroutines.launch
import kotlinx.coroutines.runBlocking
import kotlinx.coroutines.withContext

fun main(arguments: Array<String>): Unit = runBlocking {
    val url = arguments.getOrNull(0) ?: System.getenv("PAMLINK_URL") ?: error("which URL?")
    val token = arguments.getOrNull(1) ?: System.getenv("PAMLINK_TOKEN") ?: error("which token?")
    val client = Client(url, tokens = { token }, scope = this)
    val events = launch {
        client.events.collect { event ->
            when (event) {
                is Event.StateChanged -> System.err.println("[${event.to.name.lowercase()}]")
                is Event.Message -> println("[${event.kind}] ${event.text}")
                is Event.Stopped -> System.err.println("[stopped: ${event.cause}]")
                is Event.Lost -> System.err.println("[${event.count} events lost]")
                else -> {}
            }
        }
    }
    while (true) {
        val line = withContext(Dispatchers.IO) { readlnOrNull() } ?: break
        if (line.isNotBlank()) chat(client, line)
    }
    client.closeAndJoin()
    events.cancelAndJoin()
}

private suspend fun chat(client: Client, request: String) {
    try {
        client.ask(request).collect { piece ->
            if (piece.restart) print("\n[once more] ")
            print(piece.text)
        }
        println()
    } catch (refused: PamlinkException) {
        val later = refused.retryAfter?.let { ", again in $it" } ?: ""
        println("[${refused.name}: ${refused.message}$later]")
    }
}
