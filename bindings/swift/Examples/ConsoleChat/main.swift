// A chat in the terminal: each line is a request, and its answer appears as it grows.
//
//     ConsoleChat ws://127.0.0.1:8080/api/v1/pam/ws/ann TOKEN
//
// The URL and the token may also be in PAMLINK_URL and PAMLINK_TOKEN; without a token the chat is
// anonymous. It ends with its input.

import Foundation
import Pamlink

let environment = ProcessInfo.processInfo.environment
let arguments = CommandLine.arguments.dropFirst()
guard let url = arguments.first ?? environment["PAMLINK_URL"] else {
    FileHandle.standardError.write(Data("usage: ConsoleChat URL [TOKEN]\n".utf8))
    exit(2)
}
let token = arguments.dropFirst().first ?? environment["PAMLINK_TOKEN"]

let client = try Client(url: url, token: token.map { token in { @Sendable _ in token } })
// Reading a line blocks this thread.
let watching = Task.detached { [client] in
    for await state in client.states {
        FileHandle.standardError.write(Data("· \(state)\n".utf8))
    }
}
while let request = readLine() {
    guard !request.isEmpty else { continue }
    do {
        for try await piece in client.ask(request) {
            if piece.restart { print() }
            print(piece.text, terminator: "")
            fflush(nil)
        }
        print()
    } catch {
        print("✗ \(error.localizedDescription)")
    }
    fflush(nil)
}
await client.close()
await watching.value
