// A program of a user: sends one request to `pamlink serve --dev` and prints the answer.

import dev.pamlink.Client
import kotlinx.coroutines.runBlocking

fun main(): Unit = runBlocking {
    val url = System.getenv("PAMLINK_URL") ?: error("PAMLINK_URL: where is the server?")
    val token = System.getenv("PAMLINK_TOKEN") ?: error("PAMLINK_TOKEN: who asks?")
    Client(url, tokens = { token }, scope = this).use { client ->
        client.ask("fuel so far?").collect { piece -> print(piece.text) }
        println()
    }
}
