import java.io.File

/** Rounds before those that count: the JVM compiles what is called often. */
private const val WARM = 30

/** How often the bytes of a message are copied, as the code has it; see `bindings/README.md`. */
private val COPIES = listOf(
    "text in: encoded, put beside its record, into the link's reader" to 3,
    "event out: into the output, out of the engine, to the heap, `String`" to 4,
)

/**
 * What a call across the border costs on the JVM: `MainKt [--out FILE] [--quick]`, called by
 * `cargo xtask bench ffi`. The engine's own time is read from `ffi-rust.json` beside FILE.
 *
 * The contenders take turns, in an order that turns with each round; a figure is the median of the
 * rounds behind the first ones.
 */
fun main(arguments: Array<String>) {
    val look = arguments.indexOf("--look")
    if (look >= 0) return println(lookHere(arguments[look + 1]))
    val at = arguments.indexOf("--out")
    val out = if (at < 0) null else File(arguments[at + 1])
    val quick = "--quick" in arguments
    val (world, talk, snapshot) = Triple(World(), Talk(), Talk().snapshot())
    val contenders = listOf<Pair<String, () -> Double>>(
        "empty step, its output read" to world::empty,
        "empty step, the C entry alone" to world::entry,
        "empty step through UniFFI" to world::stepUniffi,
        "a getter through UniFFI" to world::getterUniffi,
        "one 300 B chat to its event" to { world.oneByOne() },
        "building the event of one chat" to world::event,
        "ten 300 B chats in one call, each" to world::tenAtOnce,
        "one send of 300 B" to world::sends,
        "one 64 KiB message to its event" to { world.oneByOne(LARGE) },
        "a token of a stream to its event, alone" to { talk.tokens(1) },
        "the same, $TOGETHER in one step, each" to { talk.tokens(TOGETHER) },
        "cancel, to its result" to talk::cancels,
        "restore of a snapshot with 16 running requests" to { restores(snapshot) },
    )
    val nanos = measure(contenders.map { it.second }, if (quick) 5 else 31)
    val micros = contenders.map { it.first }.zip(nanos.map { it / 1e3 }).toMap()
    val rows = Rows()
    for ((name, value) in micros) {
        rows.add(if (name == CHAT_ROW) parts(value, micros, out) else Row(name, value, "us"))
    }
    for ((name, copies) in COPIES) rows.add(Row("copies of a message, $name", copies.toDouble(), "copies"))
    footprint(rows, quick)
    rows.write(out)
}

private const val CHAT_ROW = "one 300 B chat to its event"

/** The chat beside the sum of its parts, where the engine's is known. */
private fun parts(value: Double, micros: Map<String, Double>, out: File?): Row {
    val file = File(out?.absoluteFile?.parentFile, "ffi-rust.json")
    if (out == null || !file.exists()) return Row(CHAT_ROW, value, "us")
    val engine = valueIn(file, "rust: one 300 B chat to its event") / 1e3
    val border = micros.getValue("empty step, the C entry alone")
    val event = micros.getValue("building the event of one chat")
    val peer = "border call + engine + event"
    return Row(CHAT_ROW, value, "us", peer, border + engine + event, atMost = 2.0)
}

/** The median of each contender. */
private fun measure(contenders: List<() -> Double>, rounds: Int): List<Double> {
    val figures = contenders.map { ArrayList<Double>() }
    for (round in 0 until WARM + rounds) {
        for (place in contenders.indices) {
            val at = (place + round) % contenders.size
            System.gc()
            val nanos = contenders[at]()
            if (round >= WARM) figures[at] += nanos
        }
    }
    return figures.map { it.sorted()[it.size / 2] }
}
