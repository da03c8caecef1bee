import dev.pamlink.Client
import kotlinx.coroutines.runBlocking

fun main(arguments: Array<String>): Unit = runBlocking {
    val (url, token) = arguments
    Client(url, tokens = { token }).use { client ->
        client.ask("fuel so far?").collect { piece -> print(piece.text) }
    }
}
