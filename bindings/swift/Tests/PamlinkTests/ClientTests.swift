import Foundation
import XCTest

@testable import Pamlink

/// The client with a transport in memory: what it does with tokens, pieces, events and its end.
final class ClientTests: XCTestCase {
    func testItConnectsBySelfAndSaysWhereItIs() async throws {
        let (client, transport) = try make()
        let states = client.states
        let connection = try await within { try await transport.next() }
        connection.say(FakeConnection.welcome)
        try await within {
            for await state in states where state == .open { return }
            throw TooLate(what: "an open link")
        }
        XCTAssertEqual(client.state, .open)
        let request = try XCTUnwrap(transport.requests.first)
        XCTAssertEqual(request.maxMessageBytes, 1 << 20)
        XCTAssertEqual(request.dial.host, "localhost")
        await client.close()
    }

    func testAnAnswerInPiecesIsReadAsItGrows() async throws {
        let (client, transport) = try make()
        let server = Task {
            let connection = try await transport.next()
            connection.say(FakeConnection.welcome)
            let request = try await connection.request()
            XCTAssertEqual(request.json["stream"], .bool(true))
            XCTAssertEqual(request.json["context"]?["page"], .text("wins"))
            for piece in ["once ", "upon "] {
                connection.say(
                    "{\"type\":\"chat_response_delta\",\"content\":\"\(piece)\",\"reply_to\":\(request.id)}"
                )
            }
            connection.say(answer("once upon a time", to: request.id))
            return connection
        }
        let pieces = try await within {
            var pieces: [Piece] = []
            for try await piece in client.ask("tell", context: ["page": "wins"]) {
                pieces.append(piece)
            }
            return pieces
        }
        // Those that wait for their reader become one.
        XCTAssertEqual(pieces.map(\.text).joined(), "once upon a time")
        XCTAssertFalse(pieces.contains(where: \.restart))
        _ = try await server.value
        await client.close()
    }

    func testPiecesThatTheAnswerDoesNotBeginWithAreVoid() async throws {
        let (client, transport) = try make()
        let asking = Task {
            let connection = try await transport.next()
            connection.say(FakeConnection.welcome)
            let request = try await connection.request()
            connection.say(
                "{\"type\":\"chat_response_delta\",\"content\":\"twice \",\"reply_to\":\(request.id)}"
            )
            return (connection, request)
        }
        let pieces = try await within {
            var pieces: [Piece] = []
            for try await piece in client.ask("tell") {
                pieces.append(piece)
                if pieces.count > 1 { continue }
                // Only once its reader has the void piece: before, the answer takes its place.
                let (connection, request) = try await asking.value
                connection.say(answer("once", to: request.id))
            }
            return pieces
        }
        XCTAssertEqual(pieces.map(\.text), ["twice ", "once"])
        XCTAssertEqual(pieces.map(\.restart), [false, true])
        await client.close()
    }

    func testAServerWithoutPiecesGivesOne() async throws {
        let (client, transport) = try make()
        let server = answering(transport, "all at once")
        let pieces = try await within {
            try await client.ask("tell").reduce(into: [Piece]()) { $0.append($1) }
        }
        XCTAssertEqual(pieces.map(\.text), ["all at once"])
        _ = try await server.value
        await client.close()
    }

    func testARefusalIsThrownByAskAndAnOutcomeOfSend() async throws {
        let (client, transport) = try make()
        let server = Task {
            let connection = try await transport.next()
            connection.say(FakeConnection.welcome)
            for _ in 0..<2 {
                let request = try await connection.request()
                connection.say(
                    "{\"type\":\"error\",\"error_code\":\"RATE_LIMIT_EXCEEDED\",\"message\":\"slow\","
                        + "\"retry_after\":3,\"reply_to\":\(request.id)}")
            }
            return connection
        }
        let outcome = try await within { try await client.send("one") }
        guard case .rejected(let rejection) = outcome else { return XCTFail("\(outcome)") }
        XCTAssertEqual(rejection.errorCode, "RATE_LIMIT_EXCEEDED")
        XCTAssertEqual(rejection.retryAfter, .seconds(3))
        do {
            try await within { for try await piece in client.ask("two") { XCTFail("\(piece)") } }
            XCTFail("nothing was thrown")
        } catch let error as PamlinkError {
            XCTAssertEqual(error.code, .rejected)
            XCTAssertEqual(error.retryAfter, .seconds(3))
            XCTAssertEqual(error.errorDescription, "RATE_LIMIT_EXCEEDED: slow")
        }
        _ = try await server.value
        await client.close()
    }

    func testARequestThatGotNoAnswerIsAskedAgainUnderTheSameId() async throws {
        let (client, transport) = try make()
        async let outcome = client.send("book it")
        let first = try await within { try await transport.next() }
        first.say(FakeConnection.welcome)
        let asked = try await within { try await first.request() }
        first.lose()
        let second = try await within { try await transport.next() }
        second.say(FakeConnection.welcome)
        let again = try await within { try await second.request() }
        XCTAssertEqual(again.id, asked.id)
        second.say(answer("booked", to: again.id))
        guard case .answered(let answer) = try await outcome else { return XCTFail("no answer") }
        XCTAssertEqual(answer.text, "booked")
        await client.close()
    }

    func testACancelledSendReturnsAtOnceAndItsAnswerIsLate() async throws {
        let (client, transport) = try make()
        let sending = Task { try await client.send("never mind") }
        let connection = try await within { try await transport.next() }
        connection.say(FakeConnection.welcome)
        let request = try await within { try await connection.request() }
        sending.cancel()
        let result = await sending.result
        XCTAssertThrowsError(try result.get()) { XCTAssertTrue($0 is CancellationError) }
        try await eventually { await client.open == 0 }
        connection.say(answer("too late", to: request.id))
        let events = client.events
        let late = try await within {
            for await event in events {
                if case .late(let late) = event { return late }
            }
            throw TooLate(what: "a late answer")
        }
        XCTAssertEqual(late.text, "too late")
        await client.close()
    }

    func testAReaderThatStopsFreesItsRequest() async throws {
        let (client, transport) = try make()
        let reading = Task {
            for try await piece in client.ask("tell") { return piece.text }
            return "nothing"
        }
        let connection = try await within { try await transport.next() }
        connection.say(FakeConnection.welcome)
        let request = try await within { try await connection.request() }
        connection.say(
            "{\"type\":\"chat_response_delta\",\"content\":\"once \",\"reply_to\":\(request.id)}")
        let text = try await within { try await reading.value }
        XCTAssertEqual(text, "once ")
        try await eventually { await client.open == 0 }

        let cancelled = Task { for try await _ in client.ask("more") {} }
        _ = try await within { try await connection.request() }
        cancelled.cancel()
        // A stream that is cancelled ends.
        try? await within { try await cancelled.value }
        try await eventually { await client.open == 0 }
        await client.close()
    }

    func testEventsThatNobodyTakesAreCountedWhereTheyWere() async throws {
        let buffer = EventBuffer(capacity: 4)
        for number in 0..<10 as Range<UInt8> { buffer.add(.binary([number])) }
        var taken: [Event] = []
        for _ in 0..<5 { taken.append(try await within { await buffer.next() } ?? .lost(0)) }
        XCTAssertEqual(
            taken, [.lost(6), .binary([6]), .binary([7]), .binary([8]), .binary([9])])
        buffer.add(.binary([10]))
        buffer.finish()
        let last = await buffer.next()
        XCTAssertEqual(last, .binary([10]))
        let end = await buffer.next()
        XCTAssertNil(end)
        XCTAssertEqual(Client.mostEvents, 256)
    }

    func testAReaderOfEventsThatIsCancelledLeavesThemToTheNext() async throws {
        let (client, transport) = try make()
        let first = Task { for await _ in client.events {} }
        let connection = try await within { try await transport.next() }
        first.cancel()
        await first.value
        connection.say(FakeConnection.welcome)
        let events = client.events
        try await within {
            for await event in events {
                if case .welcomed = event { return }
            }
            throw TooLate(what: "a welcome")
        }
        await client.close()
    }

    func testPiecesThatNobodyReadsBecomeOne() async throws {
        let buffer = PieceBuffer()
        func piece(_ text: String, _ restart: Bool = false) -> Piece {
            Piece(text: text, restart: restart, json: "{}")
        }
        buffer.piece(piece("once "))
        buffer.piece(piece("upon"))
        let first = try await buffer.next()
        XCTAssertEqual(first, piece("once upon"))
        buffer.piece(piece(" a"))
        buffer.piece(piece("never", true))
        buffer.piece(piece("more"))
        buffer.end(.success(.answered(Answer(text: "nevermore", json: "{}"))))
        let second = try await buffer.next()
        XCTAssertEqual(second, piece("nevermore", true))
        let end = try await buffer.next()
        XCTAssertNil(end)
    }

    func testWhatComesForACallerWhoHasLeftIsLate() async throws {
        let (client, transport) = try make()
        let connection = try await within { try await transport.next() }
        connection.say(FakeConnection.welcome)
        let sending = Task { try await client.send("never mind") }
        let request = try await within { try await connection.request() }
        sending.cancel()
        _ = await sending.result
        try await eventually { await client.open == 0 }
        let of = ",\"reply_to\":\(request.id)}"
        connection.say("{\"type\":\"chat_response_delta\",\"content\":\"a piece\"" + of)
        connection.say("{\"type\":\"error\",\"message\":\"a refusal\"" + of)
        let events = client.events
        let late = try await within {
            var late: [String] = []
            for await event in events {
                if case .late(let it) = event { late.append(it.text) }
                if late.count == 2 { break }
            }
            return late
        }
        XCTAssertEqual(late, ["a piece", "a refusal"])
        await client.close()
    }

    func testAClientThatHasStoppedEndsItsRequestsAndStartsAgain() async throws {
        let (client, transport) = try make()
        let sending = Task { try await client.send("sent") }
        let first = try await within { try await transport.next() }
        first.say(FakeConnection.welcome)
        _ = try await within { try await first.request() }
        first.close(4003)
        let outcome = try await within { try await sending.value }
        XCTAssertEqual(outcome, .unknown)
        do {
            _ = try await client.send("while stopped")
            XCTFail("it was taken")
        } catch let error as PamlinkError {
            XCTAssertEqual(error.code, .stopped)
        }
        await client.connect()
        let second = try await within { try await transport.next() }
        let again = Task { try await client.send("again") }
        second.say(FakeConnection.welcome)
        let request = try await within { try await second.request() }
        XCTAssertEqual(request.text, "again")
        second.say(answer("yes", to: request.id))
        let answered = try await within { try await again.value }
        guard case .answered(let answer) = answered else { return XCTFail("no answer") }
        XCTAssertEqual(answer.text, "yes")
        await client.close()
    }

    func testADeniedTokenStopsTheClient() async throws {
        let transport = FakeTransport()
        let needs = Needs()
        let client = try Client(url: url, configuration: pam, transport: transport) { need in
            needs.add(need)
            throw TokenDenied()
        }
        let events = client.events
        let stopped = try await within {
            for await event in events {
                if case .stopped(let stopped) = event { return stopped }
            }
            throw TooLate(what: "a stop")
        }
        XCTAssertEqual(stopped.kind, "authentication")
        XCTAssertEqual(needs.all, [.missing])
        XCTAssertEqual(transport.requests, [])
        await client.close()
    }

    func testATokenThatCannotBeHadForNowIsAskedForAgain() async throws {
        let transport = FakeTransport()
        let needs = Needs()
        let client = try Client(url: url, configuration: pam, transport: transport) { need in
            needs.add(need)
            // {"exp":4102444800}
            if needs.all.count > 1 { return "e30.eyJleHAiOjQxMDI0NDQ4MDB9.c2ln" }
            throw URLError(.notConnectedToInternet)
        }
        _ = try await within { try await transport.next() }
        XCTAssertEqual(needs.all, [.missing, .missing])
        let dial = try XCTUnwrap(transport.requests.first).dial
        XCTAssertTrue(dial.url.expose().contains("c2ln"))
        XCTAssertFalse("\(dial)".contains("c2ln"))
        await client.close()
    }

    func testARefusedConnectionStopsOrIsTriedAgainByItsStatus() async throws {
        let gone = FakeTransport(
            refusing: ConnectFailure(status: 426, message: "no", body: "\n<html>\ntoken=x"))
        let client = try Client(url: url, configuration: pam, transport: gone)
        let events = client.events
        let stopped = try await within {
            for await event in events {
                if case .stopped(let stopped) = event { return stopped }
            }
            throw TooLate(what: "a stop")
        }
        XCTAssertEqual(stopped.kind, "setup")
        XCTAssertEqual(stopped.status, 426)
        XCTAssertEqual(stopped.reason, "<html>")
        XCTAssertEqual(stopped.cause, "answered: HTTP 426: <html>")
        XCTAssertEqual(gone.requests.count, 1)
        // Somebody corrected it: once more.
        await client.connect()
        try await eventually { gone.requests.count == 2 }
        await client.close()
    }

    func testWhatIsNotFoundIsTriedAgainSlowlyAndReported() async throws {
        let away = FakeTransport(
            refusing: ConnectFailure(
                status: 404, message: "no", body: "no backend", retryAfter: .seconds(40)))
        let client = try Client(url: url, configuration: pam, transport: away)
        let events = client.events
        let retrying = try await within {
            for await event in events {
                if case .retrying(let retrying) = event { return retrying }
            }
            throw TooLate(what: "a retry")
        }
        XCTAssertEqual(retrying.kind, "not_found")
        XCTAssertEqual(retrying.cause, "answered: HTTP 404: no backend")
        XCTAssertNil(retrying.code)
        XCTAssertTrue((.seconds(40)...(.seconds(50))).contains(retrying.after))
        await client.close()
    }

    func testWhatWantsNoAnswerIsPosted() async throws {
        let (client, transport) = try make()
        let connection = try await within { try await transport.next() }
        connection.say(FakeConnection.welcome)
        try await eventually { client.state == .open }
        try await client.post("{\"type\":\"context_update\",\"context\":{}}")
        let posted = try await within { try await connection.next() }
        XCTAssertEqual(posted["type"], .text("context_update"))
        await client.close()
    }

    func testNothingIsPostedWhereNoLinkIsOpen() async throws {
        let away = FakeTransport(refusing: ConnectFailure(status: 503, message: "later"))
        let client = try Client(url: url, configuration: pam, transport: away)
        try await eventually { !away.requests.isEmpty }
        do {
            try await client.post("{\"type\":\"context_update\"}")
            XCTFail("it was posted")
        } catch let error as PamlinkError {
            XCTAssertEqual(error.code, .notOpen)
            XCTAssertTrue(error.retryable)
        }
        await client.close()
    }

    func testCloseEndsEverything() async throws {
        let (client, transport) = try make()
        let sending = Task { try await client.send("one") }
        let connection = try await within { try await transport.next() }
        connection.say(FakeConnection.welcome)
        _ = try await within { try await connection.request() }
        try await within { await client.close() }
        XCTAssertGreaterThan(connection.drops.count, 0)
        let result = await sending.result
        XCTAssertThrowsError(try result.get()) { error in
            XCTAssertEqual((error as? PamlinkError)?.code, .closed)
        }
        for await _ in client.events {}
        for await state in client.states { XCTAssertEqual(state, .closed) }
        do {
            _ = try await client.send("two")
            XCTFail("it was taken")
        } catch let error as PamlinkError {
            XCTAssertEqual(error.code, .closed)
        }
    }

    func testEverythingMayCrossTasks() {
        func sendable<T: Sendable>(_ type: T.Type) {}
        sendable(Client.self)
        sendable(Event.self)
        sendable(Outcome.self)
        sendable(Piece.self)
        sendable(PamlinkError.self)
        sendable(Configuration.self)
        sendable(Value.self)
        sendable(AnswerStream.self)
        sendable(ClientEngine.self)
        sendable(HubEngine.self)
        sendable(ClientOutput.self)
        sendable(HubOutput.self)
        sendable((any Transport).self)
        sendable((any Connection).self)
    }

    func testAClientThatNobodyHoldsIsGone() async throws {
        weak var gone: Client?
        let transport = FakeTransport()
        var connection: FakeConnection?
        do {
            let client = try Client(url: url, configuration: pam, transport: transport)
            gone = client
            connection = try await within { try await transport.next() }
            connection?.say(FakeConnection.welcome)
            try await eventually { client.state == .open }
        }
        let dropped = try XCTUnwrap(connection)
        try await eventually { dropped.drops.count > 0 }
        XCTAssertNil(gone)
    }

    func testWakingAndAnotherNetworkReachTheEngine() async throws {
        let (client, transport) = try make()
        let first = try await within { try await transport.next() }
        first.say(FakeConnection.welcome)
        try await eventually { client.state == .open }
        await client.networkChanged()
        // The link over the old network is given up, and another is made.
        let second = try await within { try await transport.next() }
        second.say(FakeConnection.welcome)
        try await eventually { first.drops.count > 0 }
        try await eventually { client.state == .open }
        await client.wake()
        let asked = try await within { try await second.next() }
        XCTAssertEqual(asked["type"], .text("ping"))
        let metrics = try await client.metrics()
        XCTAssertTrue(metrics.contains("# TYPE "), metrics)
        await client.close()
    }

    private let url = "ws://localhost:1/api/v1/pam/ws/ann"
    /// The server of these tests speaks `pam` alone.
    private let pam = Configuration(v1: false)

    private func make() throws -> (Client, FakeTransport) {
        let transport = FakeTransport()
        return (try Client(url: url, configuration: pam, transport: transport), transport)
    }

    private func answering(_ transport: FakeTransport, _ text: String) -> Task<
        FakeConnection, any Error
    > {
        Task {
            let connection = try await transport.next()
            connection.say(FakeConnection.welcome)
            let request = try await connection.request()
            connection.say(answer(text, to: request.id))
            return connection
        }
    }
}

private func answer(_ text: String, to id: String) -> String {
    "{\"type\":\"chat_response\",\"message\":\"\(text)\",\"content\":\"\(text)\",\"error\":false,"
        + "\"reply_to\":\(id)}"
}

/// Why tokens were wanted.
private final class Needs: @unchecked Sendable {
    private let lock = NSLock()
    private var needs: [TokenNeed] = []

    func add(_ need: TokenNeed) { lock.withLock { needs.append(need) } }
    var all: [TokenNeed] { lock.withLock { needs } }
}
