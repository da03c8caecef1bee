import Foundation
import XCTest

@testable import Pamlink

#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Conversations of `pamlink.v1` with a running `pamlink serve` whose answers take their time, over
/// both transports.
final class ServeSessionsTests: XCTestCase {
    /// Its answer takes two seconds.
    private let story = (0..<50).map { "é\($0)" }.joined(separator: " ")

    func testAnAnswerIsCancelledInItsMiddle() async throws {
        for inner in transports {
            let (server, transport) = (try Server(pace: "40ms"), CuttableTransport(inner))
            let client = try connect(server, transport)
            let answer = client.ask(story)
            let early = try await answer.cancel()
            XCTAssertEqual(early, CancelResult(.unknown))
            let read = Collected()
            let result = Collected()
            await assertThrows(.requestCancelled) {
                for try await piece in answer {
                    read.add(piece.text)
                    if result.all.isEmpty {
                        let it = try await answer.cancel()
                        XCTAssertEqual(it.outcome, .cancelled)
                        result.add("\(it.offset ?? 0)")
                    }
                }
            }
            XCTAssertEqual(result.all, ["\(read.all.joined().utf8.count)"])
            XCTAssertFalse(read.all.joined().contains(story))
            let again = try await answer.cancel()
            XCTAssertEqual(again, CancelResult(.ended))
            let outcome = try await within { try await client.send("and now?") }
            guard case .answered = outcome else { return XCTFail("\(outcome)") }
            await client.close()
        }
    }

    func testABreakInMidAnswerShowsOnlyAsAPause() async throws {
        for inner in transports {
            let (server, transport) = (try Server(pace: "40ms"), CuttableTransport(inner))
            let client = try connect(server, transport)
            let story = self.story
            let (pieces, resuming) = try await within {
                var (pieces, resuming): ([Piece], [Bool]) = ([], [])
                let answer = client.ask(story)
                for try await piece in answer {
                    pieces.append(piece)
                    guard pieces.count == 3 else { continue }
                    resuming.append(answer.resuming)
                    transport.cut()
                    for await state in client.states where state != .open { break }
                    resuming.append(answer.resuming)
                }
                return (pieces, resuming + [answer.resuming])
            }
            XCTAssertEqual(resuming, [false, true, false])
            XCTAssertEqual(transport.speaks.count, 2)
            XCTAssertGreaterThan(pieces.count, 3)
            XCTAssertFalse(pieces.contains { $0.restart }, "\(pieces)")
            let text = pieces.map(\.text).joined()
            XCTAssertTrue(text.hasSuffix(story), text)
            await client.close()
        }
    }

    func testAnAnswerGoesOnInAnotherProcess() async throws {
        for inner in transports {
            let (server, transport) = (try Server(pace: "40ms"), CuttableTransport(inner))
            let before = try connect(server, transport)
            let (begun, begins) = AsyncStream<Void>.makeStream()
            let story = self.story
            let asking = Task { for try await _ in before.ask(story) { begins.yield() } }
            try await within { for await _ in begun { return } }
            let snapshot = try await before.snapshot()
            transport.kill()
            await before.close()
            await assertThrows(.closed) { try await asking.value }

            let token = try server.token("ann")
            let after = try Client(
                restoring: snapshot, url: server.url("ann"), transport: inner
            ) { _ in token }
            XCTAssertEqual(after.restored.count, 1)
            let answer = try XCTUnwrap(after.restored.first)
            XCTAssertTrue(answer.request?.contains(story) == true, "\(answer.request ?? "")")
            let pieces = try await within {
                try await answer.reduce(into: [Piece]()) { $0.append($1) }
            }
            XCTAssertFalse(pieces.contains { $0.restart }, "\(pieces)")
            XCTAssertTrue(pieces.map(\.text).joined().hasSuffix(story), "\(pieces)")
            let outcome = try await within { try await after.send("more?") }
            guard case .answered = outcome else { return XCTFail("\(outcome)") }
            await after.close()
        }
    }

    func testWhoBreaksOutOfAnAnswerCancelsItAtTheServer() async throws {
        let server = try Server(pace: "40ms")
        let client = try connect(server, TCPTransport())
        let (read, story) = (Collected(), self.story)
        try await within {
            for try await piece in client.ask(story) {
                read.add(piece.text)
                break
            }
        }
        XCTAssertEqual(read.all.count, 1)
        let port = server.port
        try await eventually { await cancels(port) == 1 }
        // So does a task that is cancelled.
        let reading = Task { for try await piece in client.ask(story) { read.add(piece.text) } }
        try await eventually { read.all.count > 1 }
        reading.cancel()
        try await eventually { await cancels(port) == 2 }
        try await eventually { await client.open == 0 }
        await client.close()
    }

    func testADetachedAnswerGoesOn() async throws {
        let server = try Server(pace: "10ms")
        let client = try connect(server, TCPTransport())
        let story = self.story
        let answer = client.ask(story)
        answer.detach()
        try await within { for try await _ in answer { break } }
        try await eventually { await client.open == 0 }
        let snapshot = try await client.snapshot()
        let events = client.events
        let whole = try await within {
            for await event in events {
                if case .late(let late) = event, late.text.hasSuffix(story) { return late.text }
            }
            throw TooLate(what: "the answer")
        }
        XCTAssertTrue(whole.contains("é49"))
        let cancelled = await cancels(server.port)
        XCTAssertEqual(cancelled, 0)
        await client.close()
        // Nobody waited for it: whoever goes on from here does not either.
        let after = try Client(restoring: snapshot, url: server.url("ann"), transport: TCPTransport())
        XCTAssertTrue(after.restored.isEmpty)
        await after.close()
    }

    func testWhatIsSubmittedHasAnOutcome() async throws {
        let server = try Server()
        let client = try connect(server, TCPTransport())
        let taken = try await within {
            try await client.submit("{\"type\":\"context_update\",\"context\":{}}", priority: .urgent)
        }
        XCTAssertEqual(taken, .acknowledged)
        let refused = try await within { try await client.submit("{\"type\":\"nonsense\"}") }
        guard case .rejected(let code, _) = refused else { return XCTFail("\(refused)") }
        XCTAssertFalse(code.isEmpty)
        await assertThrows(.notAnEnvelope) { _ = try await client.submit("{") }
        let states = client.states
        server.kill()
        try await within {
            for await state in states where state != .open { return }
            throw TooLate(what: "the end of the link")
        }
        let late = try await within {
            try await client.submit(
                "{\"type\":\"context_update\",\"context\":{}}", timeToLive: .milliseconds(50))
        }
        XCTAssertEqual(late, .expired(errorCode: "age"))
        await client.close()
    }

    func testWithoutV1NothingIsSubmittedAndARestoredClientBeginsAnew() async throws {
        let server = try Server()
        let token = try server.token("ann")
        let pam = Configuration(v1: false)
        let client = try Client(url: server.url("ann"), configuration: pam) { _ in token }
        let outcome = try await within { try await client.send("hello") }
        guard case .answered = outcome else { return XCTFail("\(outcome)") }
        await assertThrows(.needsV1) { _ = try await client.submit("{\"type\":\"context_update\"}") }
        let snapshot = try await client.snapshot()
        let url = server.url("ann")
        let after = try Client(restoring: snapshot, url: url, configuration: pam)
        XCTAssertTrue(after.restored.isEmpty)
        await assertThrows(.badSnapshot) {
            _ = try Client(restoring: Data(), url: url)
        }
        await after.close()
        await client.close()
    }

    private let transports: [any Transport] = [TCPTransport(), URLSessionTransport()]

    private func connect(_ server: Server, _ transport: any Transport) throws -> Client {
        let token = try server.token("ann")
        let configuration = Configuration(backoffCap: .milliseconds(200))
        return try Client(
            url: server.url("ann"), configuration: configuration, transport: transport
        ) { _ in token }
    }
}

/// How many requests were cancelled at the server of this port.
private func cancels(_ port: Int) async -> Int? {
    guard let url = URL(string: "http://127.0.0.1:\(port)/metrics"),
        let (data, _) = try? await URLSession.shared.data(from: url)
    else { return nil }
    let counts = String(decoding: data, as: UTF8.self).split(separator: "\n").filter {
        $0.hasPrefix("pamlink_cancels_total{") && $0.contains("\"cancelled\"")
    }
    return counts.compactMap { $0.split(separator: " ").last.flatMap { Int($0) } }.reduce(0, +)
}

private func assertThrows(
    _ code: Pamlink.ErrorCode, line: UInt = #line, _ work: @Sendable () async throws -> Void
) async {
    do {
        try await work()
        XCTFail("nothing was thrown", line: line)
    } catch {
        XCTAssertEqual((error as? PamlinkError)?.code, code, "\(error)", line: line)
    }
}

/// Texts, from any task.
private final class Collected: @unchecked Sendable {
    private let lock = NSLock()
    private var texts: [String] = []

    func add(_ text: String) { lock.withLock { texts.append(text) } }
    var all: [String] { lock.withLock { texts } }
}
