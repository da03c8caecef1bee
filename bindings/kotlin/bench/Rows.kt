import java.io.File
import java.util.Locale

/** A figure, what it is held against, and what that should be: as `benches/src/rows.rs`. */
class Row(
    private val name: String,
    private val value: Double,
    private val unit: String,
    private val peer: String? = null,
    private val peerValue: Double? = null,
    private val atMost: Double? = null,
) {
    private val ratio = peerValue?.let { value / it }

    fun json(): String {
        val target = atMost?.let { quoted("<= $it x") }
        val met = if (atMost == null) null else ratio?.let { it <= atMost }
        return """{"name": ${quoted("kotlin: $name")}, "value": $value, "unit": ${quoted(unit)}, """ +
            """"peer": ${peer?.let(::quoted)}, "peer_value": $peerValue, "ratio": $ratio, """ +
            """"target": $target, "met": $met}"""
    }

    override fun toString(): String {
        val beside = if (ratio == null) "" else ", $peer: ${one(peerValue ?: 0.0)}, ${three(ratio)} x"
        return "  kotlin: $name: ${one(value)} $unit$beside"
    }
}

/** Rows, said on standard error as they come. */
class Rows {
    private val rows = mutableListOf<Row>()

    fun add(row: Row) {
        System.err.println(row)
        rows += row
    }

    /** Writes them to a file, or to standard output. */
    fun write(file: File?) {
        val text = rows.joinToString(",", "{\"rows\": [", "]}") { it.json() }
        if (file == null) println(text) else file.writeText(text)
    }
}

/** The value of a row in a file of rows, by its name. */
fun valueIn(file: File, name: String): Double {
    val row = file.readText().split('{').single { it.contains(quoted(name)) }
    val value = Regex("\"value\": *([-+.0-9eE]+)").find(row)
    return checkNotNull(value) { "$file has no value of $name" }.groupValues[1].toDouble()
}

// No name in these files has anything to escape.
private fun quoted(text: String) = "\"$text\""

private fun one(value: Double) = String.format(Locale.ROOT, "%.1f", value)

private fun three(value: Double) = String.format(Locale.ROOT, "%.3f", value)
