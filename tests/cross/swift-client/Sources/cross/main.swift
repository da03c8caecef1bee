// Sends numbered requests one after the other over a connection that somebody cuts, and says each
// answer: `answer I TEXT`, and at the end `done`.
//
//     cross URL TOKEN COUNT

import Foundation
import Pamlink

/// A line that is read as soon as it is there.
func say(_ line: String, to file: FileHandle = .standardOutput) {
    file.write(Data((line + "\n").utf8))
}

let arguments = CommandLine.arguments
guard arguments.count == 4, let count = Int(arguments[3]) else {
    say("usage: cross URL TOKEN COUNT", to: .standardError)
    exit(2)
}
let (url, token) = (arguments[1], arguments[2])

let client = try Client(url: url) { _ in token }
for number in 0..<count {
    switch try await client.send("SWIFT \(number)") {
    case .answered(let answer): say("answer \(number) \(answer.text)")
    case let other:
        say("request \(number) ended as \(other)", to: .standardError)
        exit(1)
    }
}
await client.close()
say("done")
