import XCTest

@testable import Pamlink

/// A client and a hub in memory: no socket, no clock, minutes that pass at once.
final class SansIOTests: XCTestCase {
    func testAConversationOverBytes() throws {
        let world = try World()
        try world.connect()
        XCTAssertEqual(try world.client.state(), .open)

        let number = try XCTUnwrap(world.ask(ClientRequest("fuel so far?", agent: "finance")))
        let request = try XCTUnwrap(world.requests.first)
        XCTAssertEqual(request.user, "ann")
        XCTAssertEqual(request.text, "fuel so far?")
        XCTAssertEqual(request.agent, "finance")
        XCTAssertEqual(request.because, "agent_id")
        XCTAssertFalse(request.wantsPieces)
        try world.hub(.reply(request: request.request, .init("40 litres", agent: "finance")))
        guard case .answered(let answer)? = world.ends[number] else {
            return XCTFail("\(world.ends)")
        }
        XCTAssertEqual(answer.text, "40 litres")
        let message = try answer.decode([String: Mixed].self)
        XCTAssertEqual(message["type"], .text("chat_response"))
    }

    func testPiecesComeInOrderAndTheAnswerIsWhole() throws {
        let world = try World()
        try world.connect()
        let number = try XCTUnwrap(world.ask(ClientRequest("tell", inPieces: true)))
        let request = try XCTUnwrap(world.requests.first)
        XCTAssertTrue(request.wantsPieces)
        for piece in ["once ", "upon "] {
            try world.hub(.replyPiece(request: request.request, text: piece))
        }
        XCTAssertNil(world.ends[number])
        try world.hub(.reply(request: request.request, .init("once upon a time")))
        XCTAssertEqual(world.pieces.map(\.text), ["once ", "upon "])
        XCTAssertEqual(world.pieces.map(\.request), [number, number])
        guard case .answered(let answer)? = world.ends[number] else {
            return XCTFail("\(world.ends)")
        }
        XCTAssertEqual(answer.text, "once upon a time")
    }

    func testWhatGotNoAnswerIsAskedAgainAfterACutAndHasOneEffect() throws {
        let world = try World()
        try world.connect()
        let number = try XCTUnwrap(world.ask(ClientRequest("book it")))
        let request = try XCTUnwrap(world.requests.first)
        try world.cut()
        XCTAssertNil(world.ends[number])
        // It dials again by itself, when the engine says so.
        try world.pass(until: { world.link != nil && world.state == .open })
        XCTAssertEqual(world.requests.count, 1, "it was asked twice")
        XCTAssertEqual(world.duplicates, 1)
        try world.hub(.reply(request: request.request, .init("booked")))
        guard case .answered(let answer)? = world.ends[number] else {
            return XCTFail("\(world.ends)")
        }
        XCTAssertEqual(answer.text, "booked")
    }

    func testARequestThatNobodyAnswersExpires() throws {
        let world = try World()
        try world.connect()
        let number = try XCTUnwrap(world.ask(ClientRequest("hello?")))
        let before = world.now.monoNanos
        try world.pass(until: { world.ends[number] != nil })
        XCTAssertEqual(world.ends[number], .expired)
        let passed = Duration.nanoseconds(Int64(world.now.monoNanos - before))
        XCTAssertGreaterThanOrEqual(passed, .seconds(60))
        XCTAssertLessThan(passed, .seconds(90))
    }

    func testARefusalHasItsCodeAndTheTimeToWait() throws {
        let world = try World()
        try world.connect()
        let number = try XCTUnwrap(world.ask(ClientRequest("again")))
        let request = try XCTUnwrap(world.requests.first)
        try world.hub(
            .replyError(
                request: request.request, errorCode: "AGENT_BUSY", message: "later",
                retryAfter: .seconds(3)))
        guard case .rejected(let rejection)? = world.ends[number] else {
            return XCTFail("\(world.ends)")
        }
        XCTAssertEqual(rejection.errorCode, "AGENT_BUSY")
        XCTAssertEqual(rejection.message, "later")
        XCTAssertEqual(rejection.retryAfter, .seconds(3))
    }

    func testTheSameInputsGiveTheSameBytes() throws {
        let first = try World()
        try first.connect()
        let second = try World()
        try second.connect()
        XCTAssertFalse(first.wire.isEmpty)
        XCTAssertEqual(first.wire, second.wire)
    }

    func testAnInputOfTheOtherMachineIsAFault() throws {
        let client = try ClientEngine(
            url: "ws://localhost/x", now: Now(monoNanos: 1, wallMicros: 1))
        let output = try client.raw(Now(monoNanos: 2, wallMicros: 2)) {
            HubInput.accept.write(to: $0)
        }
        let outputs = try output.withRecords { ClientOutput($0) }
        guard case .fault(let fault)? = outputs.first else { return XCTFail("\(outputs)") }
        XCTAssertEqual(fault.error.code, .wrongMachine)
        XCTAssertEqual(fault.of, 0)
    }

    func testAFaultNamesItsInputAndTheOthersGoOn() throws {
        let world = try World()
        try world.connect()
        let outputs = try world.client.step(
            now: world.now,
            [.send("no envelope"), .ask(ClientRequest("x", context: "[]")), .ask(ClientRequest("y"))])
        var faults: [Int: Pamlink.ErrorCode] = [:]
        var asked: [Int] = []
        for output in outputs {
            if case .fault(let fault) = output { faults[fault.of] = fault.error.code }
            if case .asked(let of, _) = output { asked.append(of) }
        }
        XCTAssertEqual(faults, [0: .notAnEnvelope, 1: .badContext])
        XCTAssertEqual(asked, [2])
    }

    func testOptionsOutOfBoundsAreNamed() {
        XCTAssertEqual(code { try ClientEngine(url: "http://x") }, .badUrl)
        XCTAssertEqual(
            code { try ClientEngine(url: "ws://x", configuration: .init(requestTimeout: .zero)) },
            .badOption)
        XCTAssertEqual(code { try ClientEngine(url: "ws://x", seed: [1]) }, .badSeed)
        var hub = HubConfiguration()
        hub.routes = "{}"
        XCTAssertEqual(code { try HubEngine(configuration: hub) }, .badRoutes)
        XCTAssertEqual(code { try TokenVerifier(Auth(hs256Secret: [1])) }, .badKey)
    }

    func testATokenIsSignedVerifiedAndRefused() throws {
        let secret = [UInt8](repeating: 7, count: 32)
        let token = try TokenVerifier.sign(secret: secret, subject: "ann", expiresMicros: 2_000_000)
        let verifier = try TokenVerifier(Auth(hs256Secret: secret, leeway: .zero))
        XCTAssertEqual(try verifier.verify(token, wallMicros: 1_000_000).subject, "ann")
        XCTAssertEqual(code { try verifier.verify(token, wallMicros: 3_000_000) }, .expired)
    }

    func testWhatAValueCannotSayExactlyIsCounted() throws {
        let value: Value = ["page": "wins", "rows": [1, 2.5, true, nil], "bad": .float(.nan)]
        let encoded = try value.encoded()
        XCTAssertEqual(
            encoded.json, "{\"page\":\"wins\",\"rows\":[1,2.5,true,null],\"bad\":null}")
        XCTAssertEqual(encoded.adjusted.values.reduce(0, +), 1)
        XCTAssertEqual(try Value.json("[1, 2]").encoded().json, "[1, 2]")
        // What is no JSON is said as a text, and that is counted, too.
        let broken = try Value.json("{").encoded()
        XCTAssertEqual(broken.json, "\"{\"")
        XCTAssertEqual(broken.adjusted.values.reduce(0, +), 1)
    }
}

/// A JSON value that is a text, or anything else.
private enum Mixed: Decodable, Equatable {
    case text(String)
    case other

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        self = (try? value.decode(String.self)).map(Mixed.text) ?? .other
    }
}
