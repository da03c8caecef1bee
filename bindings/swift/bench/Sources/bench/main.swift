// What calls across the border cost in Swift: as `bindings/benches/ffi.rs`, whose figures are the
// engine's own. `--out FILE` writes the rows there, `--quick` measures less often.

import CEntry
import Foundation
@_spi(Measured) import Pamlink

/// Messages between two looks at the clock.
let turn = 1_000
/// Bytes of the chat that everybody receives.
let small = 300
let large = 64 * 1024

let world = try World()

/// Nanoseconds that `work` takes.
@MainActor
func nanos(_ work: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try work()
    let (seconds, atto) = start.duration(to: .now).components
    return Double(seconds) * 1e9 + Double(atto) / 1e9
}

/// A step in which nothing happened.
@MainActor
func empty() throws -> Double {
    try nanos { for _ in 0..<turn { _ = try world.hub.step() } } / Double(turn)
}

/// A call that does nothing but cross the border.
@MainActor
func plain() throws -> Double {
    var sum: UInt64 = 0
    let taken = nanos { for _ in 0..<turn { sum += UInt64(pamlink_abi()) } }
    guard sum > 0 else { throw Broken(what: "no version") }
    return taken / Double(turn)
}

/// Chats to their events, `batch` of them in a step.
@MainActor
func chats(_ batch: Int, _ bytes: Int) throws -> Double {
    let count = bytes > small ? turn / 10 : turn
    let inputs = (0..<count / batch).map { _ in
        (0..<batch).map { _ in HubInput.read(link: world.link, .text(world.chat(bytes))) }
    }
    var outputs: [HubOutput] = []
    outputs.reserveCapacity(count)
    let taken = try nanos {
        for input in inputs {
            // One by one through the call for one.
            outputs += try batch == 1 ? world.hub.step(input[0]) : world.hub.step(input)
        }
    }
    guard try world.dismiss(outputs) == count else { throw Broken(what: "a chat is no request") }
    return taken / Double(count)
}

/// The same work of the engine alone, called in C.
@MainActor
func engine() throws -> Double {
    let inputs = (0..<turn).map { _ in world.record(world.chat(small)) }
    var outputs: [[UInt8]] = []
    var taken = 0.0
    for input in inputs {
        let now = Now.current
        var length = 0
        taken += nanos { length = world.bare(input, now) }
        outputs.append(world.output(length))
    }
    let events = try outputs.flatMap { output in
        try output.withUnsafeBytes { try HubEngine.read($0) }
    }
    guard try world.dismiss(events) == turn else { throw Broken(what: "a chat is no request") }
    return taken / Double(turn)
}

/// Building the one object of an event.
@MainActor
func event() throws -> Double {
    let length = world.bare(world.record(world.chat(small)), .current)
    let output = world.output(length)
    var last: [HubOutput] = []
    let taken = try output.withUnsafeBytes { output in
        try nanos { for _ in 0..<turn { last = try HubEngine.read(output) } }
    }
    guard try world.dismiss(last) == 1 else { throw Broken(what: "a chat is no request") }
    return taken / Double(turn)
}

/// Texts that are sent to the link.
@MainActor
func sends() throws -> Double {
    let head = "{\"type\":\"proactive_alert\",\"id\":\"a\",\"category\":\""
    let text = head + String(repeating: "x", count: small - head.utf8.count - 2) + "\"}"
    var taken = 0.0
    for at in 0..<turn {
        if at % 64 == 0 { _ = try world.hub.step(.written(link: world.link)) }
        var outputs: [HubOutput] = []
        taken += try nanos {
            outputs = try world.hub.step(.sendTo(link: world.link, envelope: text))
        }
        guard outputs.contains(.write(link: world.link, .text(text))) else {
            throw Broken(what: "a text is not handed out")
        }
    }
    _ = try world.hub.step(.written(link: world.link))
    return taken / Double(turn)
}

/// Bytes that a client without a link takes, by the growth of the process.
@MainActor
func memory(of count: Int) throws -> Double {
    let before = resident()
    let clients = try (0..<count).map { _ in try ClientEngine(url: "ws://localhost/x") }
    let after = resident()
    return withExtendedLifetime(clients) { Double(after - before) / Double(count) }
}

func resident() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
}

let arguments = Array(CommandLine.arguments.dropFirst())
let rounds = arguments.contains("--quick") ? 5 : 31
let file = arguments.firstIndex(of: "--out").map { arguments[$0 + 1] }

let contenders: [(String, @MainActor () throws -> Double)] = [
    ("plain border call", plain),
    ("empty step", empty),
    ("one 300 B chat to its event", { try chats(1, small) }),
    ("the engine's part of it", engine),
    ("building its event", event),
    ("ten 300 B chats in one step, each", { try chats(10, small) }),
    ("one send of 300 B", sends),
    ("one 64 KiB message to its event", { try chats(1, large) }),
]
var figures = contenders.map { _ in [Double]() }
for round in 0...rounds {
    for place in contenders.indices {
        let at = (place + round) % contenders.count
        let nanos = try contenders[at].1()
        if round > 0 { figures[at].append(nanos) }
    }
}
let medians = figures.map { $0.sorted()[$0.count / 2] }
let parts = medians[0] + medians[3] + medians[4]

struct Row: Encodable {
    var name: String
    var value: Double
    var unit = "ns"
    var peer: String?
    var peer_value: Double?
    var ratio: Double?
    var target: Double?
    var met: Bool?
}

var rows = zip(contenders, medians).map { Row(name: "swift: \($0.0.0)", value: $0.1) }
rows[2].peer = "the sum of its parts: border, engine, event"
rows[2].peer_value = parts
rows[2].ratio = medians[2] / parts
rows[2].target = 2
rows[2].met = medians[2] <= 2 * parts
let clients = arguments.contains("--quick") ? 1_000 : 10_000
rows.append(
    Row(name: "swift: a client without a link", value: try memory(of: clients), unit: "B"))

for row in rows {
    let line = "  \(row.name): \(String(format: "%.1f", row.value)) \(row.unit)\n"
    FileHandle.standardError.write(Data(line.utf8))
}
let encoded = try JSONEncoder().encode(["rows": rows])
if let file {
    try encoded.write(to: URL(fileURLWithPath: file))
} else {
    print(String(decoding: encoded, as: UTF8.self))
}
