import XCTest

@testable import Pamlink

/// The delays between attempts to connect.
func backoffVectors(_ file: JSON, _ name: String) throws -> Int {
    let cases = try must(file["cases"]?.list, "cases")
    for item in cases {
        let hints = try must(item["hints_ms"]?.list, "hints").map { hint in
            hint.uint.map { Duration.milliseconds(Int64($0)) }
        }
        let delays = try must(item["delays_ns"]?.list, "delays").map { delay in
            Duration.nanoseconds(Int64(try must(delay.uint, "delay")))
        }
        let found = try Engine.backoffDelays(
            seed: seed(must(item["seed"]?.uint, "seed")), hints: hints)
        XCTAssertEqual(found, delays)
    }
    return cases.count
}

/// Path and query of requests.
func targetVectors(_ file: JSON, _ name: String) throws -> Int {
    let cases = try must(file["cases"]?.list, "cases")
    for item in cases {
        let target = try must(item["target"]?.text, "target")
        let read = try Engine.readTarget(target)
        XCTAssertEqual(read?.user, item["user"]?.text, target)
        XCTAssertEqual(read?.token, item["token"]?.text, target)
        XCTAssertEqual(read?.maxMessage, item["max_message"]?.uint, target)
    }
    return cases.count
}

/// The duplicate window.
func windowVectors(_ file: JSON, _ name: String) throws -> Int {
    let window = try DuplicateWindow(
        maxEntries: must(file["max_entries"]?.uint, "max_entries"),
        maxAge: .milliseconds(Int64(must(file["max_age_ms"]?.uint, "max_age_ms"))),
        contentAge: file["content_age_ms"]?.uint.map { .milliseconds(Int64($0)) },
        maxResultBytes: must(file["max_result_bytes"]?.uint, "max_result_bytes"),
        seed: seed(must(file["seed"]?.uint, "seed")))
    let steps = try must(file["steps"]?.list, "steps")
    for (at, step) in steps.enumerated() {
        let mono = try must(step["at_ms"]?.uint, "at_ms") * 1_000_000
        let found = try windowStep(window, step, mono)
        XCTAssertEqual(found, step["expect"], "\(name), step \(at)")
        XCTAssertEqual(window.size, step["size"]?.uint, "\(name), step \(at)")
    }
    return steps.count
}

private func windowStep(_ window: DuplicateWindow, _ step: JSON, _ mono: UInt64) throws -> JSON {
    let message = try must(step["check"] ?? step["complete"] ?? step["forget"], "message")
    let user = try must(message["user"]?.text, "user")
    let id = message["id"]?.text
    let content = try must(message["content"]?.text, "content")
    if step["complete"] != nil {
        let result = Array(try must(message["result"]?.text, "result").utf8)
        return .bool(window.complete(user: user, id: id, content: content, result: result))
    }
    if step["forget"] != nil {
        return .bool(window.forget(user: user, id: id, content: content))
    }
    switch window.check(user: user, id: id, content: content, monoNanos: mono) {
    case .fresh: return .text("fresh")
    case .pending: return .text("pending")
    case .forgotten: return .text("forgotten")
    case .result(let result): return .text("result:" + String(decoding: result, as: UTF8.self))
    }
}

/// Tokens, and what a verifier says.
func tokenVectors(_ file: JSON, _ name: String) throws -> Int {
    let cases = try must(file["cases"]?.list, "cases")
    let wall = try must(file["now"]?.int, "now") * 1_000_000
    for item in cases {
        let found = try verdict(file, item, wall)
        // Names of errors are in snake case at the border.
        let wanted = try must(item["expect"]?.text, "expect")
        XCTAssertEqual(found, snake(wanted), item["name"]?.text ?? "")
    }
    return cases.count
}

private func verdict(_ file: JSON, _ item: JSON, _ wall: Int64) throws -> String {
    let keys = try must(item["keys"]?.text, "keys")
    var auth = Auth(leeway: .seconds(10))
    if keys == "secret" {
        auth.hs256Secret = Array(try must(file["secret"]?.text, "secret").utf8)
    } else {
        auth.jwks = try must(file[keys], keys).encoded
    }
    let token = try must(item["token"]?.text, "token")
    do throws(PamlinkError) {
        _ = try TokenVerifier(auth).verify(token, wallMicros: wall)
        return "ok"
    } catch {
        XCTAssertFalse(token.count > 20 && "\(error)".contains(token), "the token is shown")
        return error.name
    }
}

/// `BadSignature` is `bad_signature`; the claim that is named behind goes.
private func snake(_ name: String) -> String {
    var out = ""
    for character in name.prefix(while: { $0 != " " }) {
        if character.isUppercase, !out.isEmpty { out += "_" }
        out += character.lowercased()
    }
    return out == "unavailable" ? "verifier_unavailable" : out
}
