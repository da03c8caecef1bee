import Pamlink

func chat(url: String, token: String) async throws {
    let client = try Client(url: url, token: { _ in token })
    for try await piece in client.ask("fuel so far?") {
        print(piece.text, terminator: "")
    }
    await client.close()
}
