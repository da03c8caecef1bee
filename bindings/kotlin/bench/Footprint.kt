import dev.pamlink.sansio.ClientEngine
import dev.pamlink.sansio.ClientOptions
import dev.pamlink.sansio.HubEngine
import dev.pamlink.sansio.Input
import dev.pamlink.sansio.Now
import java.io.File

private const val SESSIONS = 10_000

/** At once: their welcomes are one output. */
private const val GROUP = 100
private val NOW = Now(1, 1_800_000_000_000_000)

/** What the package takes: time to load, bytes of the library and of sessions. */
fun footprint(rows: Rows, quick: Boolean) {
    val loads = List(if (quick) 3 else 7) { look("load").single() }
    rows.add(Row("load classes and library, first engine, a fresh process", loads.sorted()[loads.size / 2] / 1e6, "ms"))
    rows.add(Row("size of the library", library().length() / 1024.0, "KiB"))
    val (resident, counted) = look("sessions")
    rows.add(Row("memory of 10,000 sessions, resident, each", resident / SESSIONS, "B"))
    rows.add(Row("memory of 10,000 sessions, as `memory` counts, each", counted / SESSIONS, "B"))
    rows.add(Row("memory of 10,000 clients, resident, each", look("clients").single() / SESSIONS, "B"))
}

/** What a process of its own finds. */
private fun look(what: String): List<Double> {
    val java = File(System.getProperty("java.home"), "bin/java").path
    val settings = listOf("jna.library.path", "java.class.path").map { "-D$it=${System.getProperty(it)}" }
    val process = ProcessBuilder(listOf(java) + settings + listOf("MainKt", "--look", what))
        .redirectError(ProcessBuilder.Redirect.INHERIT).start()
    val said = process.inputStream.bufferedReader().readText()
    check(process.waitFor() == 0) { "$what ended badly" }
    return said.trim().split(' ').map { it.toDouble() }
}

/** The look itself, in its process. */
fun lookHere(what: String): String = when (what) {
    "load" -> {
        val start = System.nanoTime()
        HubEngine(seed = ByteArray(32)).close()
        "${System.nanoTime() - start}"
    }
    "sessions" -> sessions()
    "clients" -> clients()
    else -> error("there is no look at $what")
}

/** A hub with many welcomed links, of a user each. */
private fun sessions(): String {
    // What is loaded for the first one is no part of any.
    HubEngine(seed = ByteArray(32)).use { open(it, 0) }
    val before = resident()
    val hub = HubEngine(seed = ByteArray(32))
    for (first in 0 until SESSIONS step GROUP) open(hub, first)
    check(hub.links == SESSIONS.toLong())
    return "${resident() - before} ${hub.memory}"
}

private fun open(hub: HubEngine, first: Int) {
    val users = List(GROUP) { "user-${first + it}" }
    hub.step(NOW, users.map { Input.AcceptOpened(null, it, null, it) })
}

/** Many clients that are not connected. */
private fun clients(): String {
    val options = ClientOptions("wss://example.org/api/v1/pam/ws/ann")
    ClientEngine(options, now = NOW).close()
    val before = resident()
    val made = List(SESSIONS) { ClientEngine(options, now = NOW) }
    val taken = resident() - before
    made.forEach { it.close() }
    return "$taken"
}

/** Bytes of this process that are in memory. */
private fun resident(): Long {
    repeat(3) { System.gc() }
    val line = File("/proc/self/status").readLines().single { it.startsWith("VmRSS:") }
    return line.filter(Char::isDigit).toLong() * 1024
}

private fun library(): File {
    val name = System.mapLibraryName("pamlink_ffi")
    val folders = System.getProperty("jna.library.path").orEmpty().split(File.pathSeparator)
    return folders.map { File(it, name) }.first { it.exists() }
}
