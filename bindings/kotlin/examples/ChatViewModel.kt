import androidx.lifecycle.SavedStateHandle
import androidx.lifecycle.ViewModel
import androidx.lifecycle.viewModelScope
import dev.pamlink.AnswerStream
import dev.pamlink.Client
import dev.pamlink.PamlinkException
import kotlinx.coroutines.flow.MutableStateFlow
import kotlinx.coroutines.launch

class ChatViewModel(private val saved: SavedStateHandle) : ViewModel() {
    private val client = saved.get<ByteArray>("client").let { snapshot ->
        if (snapshot == null) Client(Account.url, Account::token, scope = viewModelScope)
        else restored(snapshot)
    }

    val shown = MutableStateFlow("")

    init {
        for (answer in client.restored) viewModelScope.launch { read(answer) }
    }

    private fun restored(snapshot: ByteArray) = try {
        Client.restore(snapshot, Account.url, Account::token, scope = viewModelScope)
    } catch (old: PamlinkException.Usage) {                   // bad_snapshot: of a later version
        Client(Account.url, Account::token, scope = viewModelScope)
    }

    fun ask(text: String) = viewModelScope.launch { read(client.ask(text)) }

    private suspend fun read(answer: AnswerStream) {
        answer.collect { piece ->
            if (piece.restart) shown.value = ""
            shown.value += piece.text
            // Once for each request is enough; here as well it is cheap.
            saved["client"] = client.snapshot()
        }
        saved["client"] = client.snapshot()
    }
}
