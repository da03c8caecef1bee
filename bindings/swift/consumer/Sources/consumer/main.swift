// Sends one request to the server at PAMLINK_URL, and prints the answer.

import Foundation
import Pamlink

let environment = ProcessInfo.processInfo.environment
guard let url = environment["PAMLINK_URL"], let token = environment["PAMLINK_TOKEN"] else {
    fatalError("PAMLINK_URL and PAMLINK_TOKEN say whom to ask")
}
let client = try Client(url: url) { _ in token }
guard case .answered(let answer) = try await client.send("What is left of my budget?") else {
    fatalError("there is no answer")
}
print(answer.text)
await client.close()
