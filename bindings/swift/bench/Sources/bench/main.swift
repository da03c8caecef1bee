// What a call across the border costs in Swift: `bench [--out FILE] [--quick]`, called by
// `cargo xtask bench ffi`. The engine's own time is read from `ffi-rust.json` beside FILE.
//
// The contenders take turns, in an order that turns with each round; a figure is the median of the
// rounds behind the first.

import Foundation

/// How often the bytes of a message are copied, as the code has it; see `bindings/README.md`.
let copies = [
    ("text in: to its record, into the link's reader", 2.0),
    ("event out: into the output, out of the engine, `String`", 3.0),
]

/// The median of each contender.
func measure(_ contenders: [(String, () throws -> Double)], rounds: Int) throws -> [Double] {
    var figures = contenders.map { _ in [Double]() }
    for round in 0...rounds {
        for place in contenders.indices {
            let at = (place + round) % contenders.count
            let nanos = try contenders[at].1()
            if round > 0 { figures[at].append(nanos) }
        }
    }
    return figures.map { $0.sorted()[$0.count / 2] }
}

func run(_ arguments: [String]) throws {
    if let look = arguments.firstIndex(of: "--look") {
        let found = try Footprint.here(arguments[look + 1])
        return print(found.map { "\($0)" }.joined(separator: " "))
    }
    let quick = arguments.contains("--quick")
    let out = arguments.firstIndex(of: "--out").map { arguments[$0 + 1] }
    let (world, talk, snapshot) = (try World(), try Talk(), try Talk().snapshot())
    let contenders: [(String, () throws -> Double)] = [
        ("empty step, its output read", world.empty),
        ("empty step, the C entry alone", world.entry),
        ("empty step through UniFFI", world.stepUniFFI),
        ("a getter through UniFFI", world.getterUniFFI),
        ("building the event of one chat", world.event),
        ("one 300 B chat to its event", { try world.oneByOne() }),
        ("ten 300 B chats in one call, each", world.tenAtOnce),
        ("one send of 300 B", world.sends),
        ("one 64 KiB message to its event", { try world.oneByOne(large) }),
        ("a token of a stream to its event, alone", { try talk.tokens(1) }),
        ("the same, \(together) in one step, each", { try talk.tokens(together) }),
        ("cancel, to its result", talk.cancels),
        ("restore of a snapshot with 16 running requests", { try restores(snapshot) }),
    ]
    let micros = try measure(contenders, rounds: quick ? 5 : 31).map { $0 / 1_000 }
    let folder = out.map { URL(fileURLWithPath: $0).deletingLastPathComponent().path }
    let name = "rust: one 300 B chat to its event"
    let engine = try folder.flatMap { try value(of: name, in: "\($0)/ffi-rust.json") }
    var rows = Rows()
    for (at, (name, _)) in contenders.enumerated() {
        guard at == 5, let engine else {
            rows.add(Row(name, micros[at], "us"))
            continue
        }
        let parts = micros[1] + engine / 1_000 + micros[4]
        let peer = ("border call + engine + event", parts)
        rows.add(Row(name, micros[at], "us", beside: peer, atMost: 2))
    }
    for (name, count) in copies { rows.add(Row("copies of a message, \(name)", count, "copies")) }
    try Footprint.add(to: &rows, quick: quick)
    try rows.write(to: out)
}

try run(Array(CommandLine.arguments.dropFirst()))
