// Sends numbered requests one after the other over a connection that somebody cuts, and says each
// answer: `answer I TEXT`, and at the end `done`.
//
//     java … CrossKt URL TOKEN COUNT

import dev.pamlink.Client
import dev.pamlink.ClientConfig
import dev.pamlink.Outcome
import kotlin.system.exitProcess
import kotlinx.coroutines.runBlocking

fun main(arguments: Array<String>) {
    val count = arguments.getOrNull(2)?.toIntOrNull()
    if (arguments.size != 3 || count == null) {
        System.err.println("usage: cross URL TOKEN COUNT")
        exitProcess(2)
    }
    val (url, token) = arguments
    val answered = runBlocking { ask(Client(url, { token }, ClientConfig(log = ::log), this), count) }
    exitProcess(if (answered) 0 else 1)
}

private suspend fun ask(client: Client, count: Int): Boolean = client.use {
    for (number in 0 until count) {
        val outcome = client.send("KOTLIN $number")
        if (outcome !is Outcome.Answered) {
            System.err.println("request $number ended as $outcome")
            return false
        }
        println("answer $number ${outcome.text}")
    }
    println("done")
    true
}

private fun log(message: String, cause: Throwable?) = System.err.println("$message ($cause)")
