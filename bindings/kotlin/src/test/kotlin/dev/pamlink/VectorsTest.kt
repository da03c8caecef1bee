package dev.pamlink

import dev.pamlink.vectors.Json
import dev.pamlink.vectors.runnerOf
import java.io.File
import kotlin.test.Test
import kotlin.test.assertNotNull
import kotlin.test.assertNull
import kotlin.test.assertTrue

class VectorsTest {
    private val folder = File(System.getenv("PAMLINK_VECTORS") ?: "tests/vectors")

    @Test
    fun `every file is run and every case holds`() {
        val paths = folder.walk().filter { it.extension == "json" }.map { it.relativeTo(folder).invariantSeparatorsPath }
        var files = 0
        for (path in paths.sorted()) {
            val run = assertNotNull(runnerOf(path), "nobody runs $path")
            val cases = try {
                run(Json.parse(folder.resolve(path).readText()))
            } catch (failed: Throwable) {
                throw AssertionError("$path: $failed at ${failed.stackTrace.take(4)}", failed)
            }
            assertTrue(cases > 0, "$path has no case")
            println("vectors kotlin $path $cases")
            files += 1
        }
        assertTrue(files > 20, "$files files in $folder")
    }

    @Test
    fun `a file that nobody knows is noticed`() {
        assertNotNull(runnerOf("engine/any.json"))
        assertNull(runnerOf("any.json"))
        assertNull(runnerOf("engine/deeper/any.json"))
        assertNull(runnerOf("engine/any.txt"))
    }
}
