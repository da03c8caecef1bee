// Asks, stops and submits over a connection that somebody cuts, one after the other, and says what came
// of each: see `main.py`.
//
//     cross URL TOKEN COUNT

import Foundation
import Pamlink

/// A line that is read as soon as it is there.
func say(_ line: String, to file: FileHandle = .standardOutput) {
    file.write(Data((line + "\n").utf8))
}

/// How a command ends, in words.
func end(_ client: Client, _ number: Int) async throws -> String {
    if number % 5 == 4 {
        return "\(try await client.submit("{\"type\":\"note\",\"id\":\"n-\(number)\"}"))"
    }
    let stops = number % 5 == 3
    let answer = client.ask("SWIFT \(number)\(stops ? " stop" : "")")
    var text = ""
    do {
        for try await piece in answer {
            text = piece.restart ? piece.text : text + piece.text
            if stops { return "\(try await answer.cancel().outcome)" }
        }
    } catch let error as PamlinkError where error.code == .requestUnknown {
        return "unknown"
    }
    return "answered \(text)"
}

let arguments = CommandLine.arguments
guard arguments.count == 4, let count = Int(arguments[3]) else {
    say("usage: cross URL TOKEN COUNT", to: .standardError)
    exit(2)
}
let (url, token) = (arguments[1], arguments[2])

let client = try Client(url: url) { _ in token }
for number in 0..<count {
    say("\(number) \(try await end(client, number))")
}
await client.close()
say("done")
