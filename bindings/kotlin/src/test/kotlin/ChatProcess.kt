import androidx.lifecycle.SavedStateHandle
import dev.pamlink.TokenNeed
import java.io.File
import kotlinx.coroutines.runBlocking

/** Whom the recipe's chat is of. */
object Account {
    lateinit var url: String
    lateinit var jwt: String

    suspend fun token(@Suppress("UNUSED_PARAMETER") need: TokenNeed): String = jwt
}

/** A process of the recipe's app: prints what is shown, a line each time. It asks if it has no state yet. */
fun main(arguments: Array<String>): Unit = runBlocking {
    val (url, token, file, text) = arguments
    Account.url = url
    Account.jwt = token
    val isNew = !File(file).exists()
    val chat = ChatViewModel(SavedStateHandle(File(file)))
    if (isNew) chat.ask(text)
    chat.shown.collect { println(it) }
}
