/** What the recipe for Android needs of `androidx.lifecycle`, under its names, on any JVM. */
package androidx.lifecycle

import java.io.File
import java.nio.file.Files
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import kotlinx.coroutines.CoroutineScope
import kotlinx.coroutines.Dispatchers
import kotlinx.coroutines.SupervisorJob

open class ViewModel {
    internal val scope = CoroutineScope(SupervisorJob() + Dispatchers.Default)
}

val ViewModel.viewModelScope: CoroutineScope get() = scope

/** State that outlives the process: bytes of one name, in a file. */
class SavedStateHandle(private val file: File) {
    @Suppress("UNCHECKED_CAST", "UNUSED_PARAMETER")
    operator fun <T> get(name: String): T? = if (file.exists()) file.readBytes() as T else null

    @Suppress("UNUSED_PARAMETER")
    operator fun set(name: String, value: ByteArray) {
        val whole = File("$file.whole").apply { writeBytes(value) }
        Files.move(whole.toPath(), file.toPath(), ATOMIC_MOVE)
    }
}
