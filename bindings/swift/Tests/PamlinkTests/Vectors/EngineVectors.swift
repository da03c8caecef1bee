import XCTest

@testable import Pamlink

/// Whole steps of clients and hubs, record by record.
func engineVectors(_ file: JSON, _ name: String) throws -> Int {
    let steps = try must(file["steps"]?.list, "steps")
    let first = try now(must(steps.first, "step"))
    let machines = try must(file["machines"]?.members, "machines").mapValues { machine in
        try Machine(machine, at: first)
    }
    for (at, step) in steps.enumerated() {
        let which = try must(step["machine"]?.text, "machine")
        let machine = try must(machines[which], "machine `\(which)`")
        let input = try must(step["input"]?.list, "input").map { try packed($0) }
        let output = try must(step["output"]?.list, "output").map { try Record($0) }
        let found = try machine.step(now(step), input)
        XCTAssertEqual(found.map(\.line), output.map(\.line), "\(name), step \(at)")
        XCTAssertTrue(found == output, "\(name), step \(at)")
    }
    return steps.count
}

/// The bytes of a record, or those that stand for one.
private func packed(_ json: JSON) throws -> [UInt8] {
    if json["record"] == nil { return try unhex(must(json["hex"]?.text, "hex")) }
    let out = RecordWriter()
    try Record(json).write(to: out)
    return [UInt8](out.buffer)
}

private func now(_ step: JSON) throws -> Now {
    Now(
        monoNanos: try must(step["at_ms"]?.uint, "at_ms") * 1_000_000,
        wallMicros: try must(step["wall_ms"]?.int, "wall_ms") * 1_000)
}

/// A client or a hub, by its records.
private struct Machine {
    private let take: (Now, (RecordWriter) -> Void) throws -> [UInt8]

    init(_ json: JSON, at now: Now) throws {
        let seed = seed(try must(json["seed"]?.uint, "seed"))
        let options = json["options"] ?? .object([:])
        switch try must(json["kind"]?.text, "kind") {
        case "client":
            let (url, configuration) = try Options(options).client()
            let snapshot = try json["snapshot"]?.text.map { try unhex($0) }
            let engine =
                if let snapshot {
                    try ClientEngine(
                        restoring: snapshot, url: url, configuration: configuration, seed: seed,
                        now: now)
                } else {
                    try ClientEngine(url: url, configuration: configuration, seed: seed, now: now)
                }
            take = { try engine.raw($0, $1) }
        case "hub":
            let engine = try HubEngine(configuration: Options(options).hub(), seed: seed)
            take = { try engine.raw($0, $1) }
        case let kind: throw Malformed(description: "no machine is a \(kind)")
        }
    }

    func step(_ now: Now, _ input: [[UInt8]]) throws -> [Record] {
        let output = try take(now) { out in
            for record in input { out.raw(record) }
        }
        return try output.withRecords { Record($0) }.map { try must($0, "record in the table") }
    }
}
