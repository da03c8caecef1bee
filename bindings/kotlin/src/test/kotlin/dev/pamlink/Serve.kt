package dev.pamlink

import java.io.File
import java.util.concurrent.TimeUnit

/** A running `pamlink serve --dev`, whose program the environment names as `PAMLINK`. */
internal class Serve private constructor(private val program: String, address: String, private val pace: String?) :
    AutoCloseable {
    private val process: Process
    private val address: String

    init {
        val paced = if (pace == null) emptyList() else listOf("--pace", pace)
        process = ProcessBuilder(listOf(program, "serve", "--dev", "--listen", address) + paced)
            .redirectError(ProcessBuilder.Redirect.DISCARD).start()
        val first = process.inputStream.bufferedReader().readLine() ?: error("the server does not start")
        this.address = first.substringAfter("http://")
    }

    fun url(user: String): String = "ws://$address/api/v1/pam/ws/$user"

    fun token(user: String): String {
        val made = ProcessBuilder(program, "token", "--dev", "--user", user).start()
        return made.inputStream.bufferedReader().readLine() ?: error("no token")
    }

    /** Ends it without a close frame. */
    fun kill() {
        process.destroyForcibly()
        check(process.waitFor(10, TimeUnit.SECONDS)) { "the server does not end" }
    }

    /** Another one at the same address. */
    fun again(): Serve = Serve(program, address, pace)

    override fun close(): Unit = kill()

    companion object {
        /** [pace]: how long each word of an answer waits. */
        fun start(pace: String? = null): Serve {
            val program = System.getenv("PAMLINK") ?: error("PAMLINK: where is the program?")
            check(File(program).canExecute()) { "$program cannot be run" }
            return Serve(program, "127.0.0.1:0", pace)
        }
    }
}
