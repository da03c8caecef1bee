import Foundation
import XCTest

@testable import Pamlink

/// Conversations with a running `pamlink serve` over real sockets, where the engine speaks
/// WebSocket itself.
final class ServeTests: XCTestCase {
    func testAClientIsWelcomedSendsAndCloses() async throws {
        let server = try Server()
        let client = try connect(server)
        let outcome = try await within { try await client.send("fuel so far?") }
        guard case .answered(let answer) = outcome else { return XCTFail("\(outcome)") }
        XCTAssertFalse(answer.text.isEmpty)
        XCTAssertEqual(client.state, .open)
        let events = client.events
        let welcome = try await within {
            for await event in events {
                if case .welcomed(let welcome) = event { return welcome }
            }
            throw TooLate(what: "a welcome")
        }
        XCTAssertTrue(welcome.correlates && welcome.repeats)
        try await within { await client.close() }
        let closed = try await within {
            for await event in events {
                if case .closed(let closed) = event { return closed }
            }
            throw TooLate(what: "an end")
        }
        XCTAssertTrue(closed.clean, "\(closed)")
        XCTAssertEqual(client.state, .closed)
    }

    func testAnAnswerIsReadAsItGrows() async throws {
        let server = try Server()
        let client = try connect(server)
        let pieces = try await within {
            try await client.ask("What is left of my budget?").reduce(into: [Piece]()) {
                $0.append($1)
            }
        }
        let text = pieces.map(\.text).joined()
        XCTAssertTrue(text.contains("Financial"), text)
        XCTAssertFalse(pieces.contains { $0.restart })
        await client.close()
    }

    func testItComesBackAfterTheServerWasKilledAndStartedAgain() async throws {
        let server = try Server()
        let client = try connect(server)
        let first = try await within { try await client.send("one") }
        guard case .answered = first else { return XCTFail("\(first)") }
        let states = client.states
        server.kill()
        try await within {
            for await state in states where state != .open { return }
            throw TooLate(what: "the end of the link")
        }
        // Asked while there is nobody: it waits.
        async let second = client.send("two")
        try server.restart()
        let outcome = try await within(.seconds(60)) { [second] in second }
        guard case .answered = outcome else { return XCTFail("\(outcome)") }
        await client.close()
    }

    func testATokenOfAnotherUserIsRefusedAndAnotherOneIsAskedFor() async throws {
        let server = try Server()
        let (mallory, ann) = (try server.token("mallory"), try server.token("ann"))
        let client = try Client(url: server.url("ann")) { need in
            need == .rejected ? ann : mallory
        }
        let outcome = try await within { try await client.send("hello") }
        guard case .answered = outcome else { return XCTFail("\(outcome)") }
        await client.close()
    }

    func testManyRequestsAtOnceGetTheirOwnAnswers() async throws {
        let server = try Server()
        let client = try connect(server)
        let answers = try await within {
            try await withThrowingTaskGroup(of: (Int, Outcome).self) { group in
                for number in 0..<20 {
                    group.addTask { (number, try await client.send("request \(number).")) }
                }
                return try await group.reduce(into: [Int: Outcome]()) { $0[$1.0] = $1.1 }
            }
        }
        for number in 0..<20 {
            guard case .answered(let answer)? = answers[number] else {
                XCTFail("\(number): \(String(describing: answers[number]))")
                continue
            }
            XCTAssertTrue(answer.text.contains("request \(number)."), answer.text)
        }
        await client.close()
    }

    func testMoreIsWrittenThanTheEngineHandsOutAtOnce() async throws {
        let server = try Server()
        let client = try connect(server)
        // Together twice as much as the engine gives before it hears that all is written.
        let long = String(repeating: "é", count: 2_000)
        for number in 0..<32 {
            let outcome = try await within(.seconds(10)) {
                try await client.send("\(number) \(long)")
            }
            guard case .answered(let answer) = outcome else { return XCTFail("\(outcome)") }
            XCTAssertTrue(answer.text.contains("\(number) é"), answer.text)
        }
        await client.close()
    }

    func testNobodyListensIsTriedAgain() async throws {
        let server = try Server()
        let url = server.url("ann")
        server.kill()
        let client = try Client(url: url) { _ in "e30.eyJleHAiOjQxMDI0NDQ4MDB9.c2ln" }
        let events = client.events
        let retrying = try await within {
            for await event in events {
                if case .retrying(let retrying) = event { return retrying }
            }
            throw TooLate(what: "another attempt")
        }
        XCTAssertEqual(retrying.kind, "network")
        XCTAssertEqual(retrying.attempt, 2)
        await client.close()
    }

    func testAServerWithTLSIsRefusedHereAndNotTriedAgain() async throws {
        let client = try Client(url: "wss://127.0.0.1:1/x")
        let events = client.events
        let stopped = try await within {
            for await event in events {
                if case .stopped(let stopped) = event { return stopped }
            }
            throw TooLate(what: "a stop")
        }
        XCTAssertEqual(stopped.kind, "refused")
        await client.close()
    }

    func testTheSystemsOwnWebSocketSendsAndCloses() async throws {
        let server = try Server()
        let token = try server.token("ann")
        let client = try Client(url: server.url("ann"), transport: URLSessionTransport()) { _ in
            token
        }
        let outcome = try await within { try await client.send("fuel so far?") }
        guard case .answered(let answer) = outcome else { return XCTFail("\(outcome)") }
        XCTAssertTrue(answer.text.contains("fuel so far?"), answer.text)
        let states = client.states
        server.kill()
        try await within {
            for await state in states where state != .open { return }
            throw TooLate(what: "the end of the link")
        }
        try server.restart()
        let again = try await within(.seconds(60)) { try await client.send("and now?") }
        guard case .answered = again else { return XCTFail("\(again)") }
        try await within { await client.close() }
        XCTAssertEqual(client.state, .closed)
    }

    func testTheChatOfTheReadmeTalks() async throws {
        let server = try Server()
        let (url, token) = (server.url("ann"), try server.token("ann"))
        try await within { try await chat(url: url, token: token) }
        print()
    }

    func testTheConsoleChatTalks() async throws {
        let server = try Server()
        let chat = try Program("ConsoleChat", [server.url("ann"), server.token("ann")])
        try chat.say("What is left of my budget?")
        let answer = try await within { try await chat.line { $0.contains("Financial") } }
        XCTAssertTrue(answer.contains("Financial"), answer)
        try chat.end()
        let status = try await within { chat.status() }
        XCTAssertEqual(status, 0)
    }

    private func connect(_ server: Server) throws -> Client {
        let token = try server.token("ann")
        return try Client(url: server.url("ann")) { _ in token }
    }
}
