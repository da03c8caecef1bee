package dev.pamlink

import java.io.File
import java.nio.file.Files
import java.util.concurrent.TimeUnit
import kotlin.test.Test
import kotlin.test.assertEquals
import kotlin.test.assertTrue

/** The examples, as programs of their own. */
class ExamplesTest {
    @Test
    fun `the chat answers each line`() = Serve.start().use { server ->
        val said = run("ConsoleChatKt", "fuel so far?\n\nplan a trip\n", server.url("ann"), server.token("ann"))
        assertEquals(2, said.size, "$said")
        assertTrue(said[0].endsWith("fuel so far?"), said[0])
        assertTrue(said[1].endsWith("plan a trip"), said[1])
    }

    @Test
    fun `the chat says why there is no answer`() = Serve.start().use { server ->
        val said = run("ConsoleChatKt", "fuel so far?\n", server.url("ann"), server.token("bob"))
        assertTrue(said.single().startsWith("[request_unsent: "), "$said")
    }

    @Test
    fun `the chat of the first page is answered`() = Serve.start().use { server ->
        val said = run("ChatKt", "", server.url("ann"), server.token("ann"))
        assertTrue(said.single().endsWith("fuel so far?"), "$said")
    }

    @Test
    fun `an app that is killed in mid-answer goes on with it`() = Serve.start(pace = "40ms").use { server ->
        val story = List(50) { "word$it" }.joinToString(" ")
        val folder = Files.createTempDirectory("pamlink-app").toFile()
        val state = File(folder, "state")
        val app = { start("ChatProcessKt", server.url("ann"), server.token("ann"), "$state", story) }
        val first = app()
        val begun = first.inputStream.bufferedReader().lineSequence().first { "word1" in it && state.exists() }
        first.destroyForcibly()
        assertTrue(first.waitFor(10, TimeUnit.SECONDS), "the app does not end")
        assertTrue("word49" !in begun, begun)
        val second = app()
        val whole = second.inputStream.bufferedReader().lineSequence().first { it.endsWith(story) }
        second.destroyForcibly()
        assertEquals(1, whole.split("word1 ").size - 1, whole)
        folder.deleteRecursively()
        Unit
    }

    private fun run(main: String, input: String, vararg arguments: String): List<String> {
        val process = start(main, *arguments)
        process.outputStream.use { it.write(input.toByteArray()) }
        val said = process.inputStream.bufferedReader().readLines()
        assertTrue(process.waitFor(30, TimeUnit.SECONDS), "$main does not end")
        assertEquals(0, process.exitValue(), "$said")
        return said
    }

    private fun start(main: String, vararg arguments: String): Process {
        val java = File(System.getProperty("java.home"), "bin/java").path
        val settings = listOf("jna.library.path", "java.class.path").map { "-D$it=${System.getProperty(it)}" }
        return ProcessBuilder(listOf(java, "-Xmx128m") + settings + main + arguments)
            .redirectError(ProcessBuilder.Redirect.DISCARD).start()
    }
}
