// The client of the Swift package behind the adapter protocol of `tests/conformance`.

import Foundation
import Pamlink

typealias Members = [String: Any]

@main
@MainActor
enum Adapter {
    private static let ready: Members = [
        "ends": ["whole_client"],
        "options": ["anonymous", "max_message_bytes", "v1"],
        "commands": ["connect", "disconnect", "token", "send", "ask", "cancel", "snapshot"],
        "events": [
            "need_token", "retrying", "stopped", "welcomed", "message", "repeated", "gap",
            "unreadable", "outcome", "answered", "rejected", "expired", "unknown", "unsent",
            "cancelled", "cancel_result", "piece", "late",
        ],
    ]

    static func main() async {
        var machine: Machine?
        say(ready)
        for await text in lines() {
            guard let line = parsed(text) as? Members else { return }
            do {
                if line["make"] != nil {
                    machine?.drop()
                    machine = Machine(
                        line["url"] as! String, line["options"] as! Members,
                        line["snapshot"] as? Members)
                    say(["done": NSNull()])
                } else {
                    let (word, its) = (line["do"] as! [String: Members]).first!
                    let result = try await machine!.command(word, its, line["as"] as? String)
                    say(["done": result ?? NSNull()])
                }
            } catch let cannot as Cannot {
                say(["cannot": cannot.why])
            } catch {
                say(["fault": "\(error)"])
            }
        }
    }

    /// The lines of the runner, until it ends.
    private static func lines() -> AsyncStream<String> {
        AsyncStream { continuation in
            Thread.detachNewThread {
                while let line = readLine() { continuation.yield(line) }
                continuation.finish()
            }
        }
    }
}

/// The product has no way to do that.
struct Cannot: Error {
    let why: String
}

@MainActor
func say(_ line: Members) {
    FileHandle.standardOutput.write(Data((written(line) + "\n").utf8))
}

func parsed(_ json: String) -> Any? {
    try? JSONSerialization.jsonObject(with: Data(json.utf8), options: .fragmentsAllowed)
}

func written(_ value: Any) -> String {
    let data = try! JSONSerialization.data(withJSONObject: value, options: .fragmentsAllowed)
    return String(decoding: data, as: UTF8.self)
}
