import XCTest

@testable import Pamlink

/// Who answers a message; tables that are replaced, and tables that are refused.
func routingVectors(_ file: JSON, _ name: String) throws -> Int {
    if let refused = file["refused"]?.list {
        for item in refused { try checkRefused(item, name) }
        return refused.count
    }
    let table = try must(file["table"], "table")
    let router = try Router(table == .text("default") ? nil : table.encoded, seed: seed(1))
    let steps = try must(file["steps"]?.list, "steps")
    var tickets: [String: UInt64] = [:]
    for (at, step) in steps.enumerated() {
        let place = "\(name), step \(at)"
        let mono = (step["at_ms"]?.uint ?? 0) * 1_000_000
        let expect = try must(step["expect"], "expect")
        if let query = step["query"] {
            let decision = router.route(asked(query), monoNanos: mono)
            if let ticket = step["ticket"]?.text { tickets[ticket] = decision.ticket }
            try check(decision, expect, place)
        } else if let finish = step["finish"]?.text {
            let ticket = try must(tickets[finish], "ticket `\(finish)`")
            let outcome = try must(
                Router.Finish(rawValue: step["outcome"]?.text ?? ""), "outcome")
            XCTAssertEqual(
                try router.finished(ticket, outcome, monoNanos: mono), expect.text, place)
        } else {
            let replaced = try router.replace(must(step["replace"], "replace").encoded)
            XCTAssertEqual(replaced.kept, expect["kept"]?.uint, place)
            XCTAssertEqual(replaced.added, expect["added"]?.uint, place)
            XCTAssertEqual(replaced.removed, expect["removed"]?.uint, place)
        }
    }
    return steps.count
}

private func asked(_ json: JSON) -> Router.Query {
    Router.Query(
        json["text"]?.text ?? "", agent: json["agent"]?.text, kind: json["type"]?.text ?? "chat",
        intent: json["intent"]?.text)
}

/// What a step does not name it does not claim, but for these: absent, there is none.
private func check(_ decision: Router.Decision, _ expect: JSON, _ place: String) throws {
    let known = [
        "agent", "module", "because", "word", "fallback", "refused", "retry_after_ms",
        "unknown_intent", "version",
    ]
    for name in try must(expect.members, "expect").keys where !known.contains(name) {
        XCTFail("\(place): nobody compares `\(name)`")
    }
    XCTAssertEqual(decision.agent, expect["agent"]?.text, place)
    XCTAssertEqual(decision.because, expect["because"]?.text, place)
    XCTAssertEqual(decision.word, expect["word"]?.text, place)
    XCTAssertEqual(decision.refused, expect["refused"]?.text, place)
    XCTAssertEqual(decision.fallbackFrom, expect["fallback"]?["from"]?.text, place)
    XCTAssertEqual(decision.fallbackWhy, expect["fallback"]?["why"]?.text, place)
    XCTAssertEqual(decision.unknownIntent, expect["unknown_intent"]?.bool ?? false, place)
    let retryAfter = expect["retry_after_ms"]?.uint.map { Duration.milliseconds(Int64($0)) }
    XCTAssertEqual(decision.retryAfter, retryAfter, place)
    if let module = expect["module"] { XCTAssertEqual(decision.module, module.text, place) }
    if let version = expect["version"] { XCTAssertEqual(decision.version, version.text, place) }
    XCTAssertEqual(decision.ticket == nil, decision.refused != nil, place)
}

private func checkRefused(_ item: JSON, _ name: String) throws {
    let parts = item["text"]?.list?.compactMap(\.text).joined()
    let text = try must(item["text"]?.text ?? parts, "text")
    let faults = try must(item["faults"]?.list, "faults").compactMap(\.text)
    XCTAssertThrowsError(try Router(text, seed: seed(1)), text) { error in
        XCTAssertEqual((error as? PamlinkError)?.code, .badRoutes)
        let lines = (error as? PamlinkError)?.message.split(separator: "\n").map(String.init)
        XCTAssertEqual(lines, faults, text)
    }
}
