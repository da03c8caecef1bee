import XCTest

@testable import Pamlink

/// Conversations with peers that have no engine: the engine plays each side in turn, over whole
/// messages.
func transcriptVectors(_ file: JSON, _ name: String) throws -> Int {
    let steps = try must(file["steps"]?.list, "steps").map { try TranscriptStep($0) }
    try HubSide().play(steps, name)
    try ClientSide().play(steps, name)
    return steps.count
}

private struct TranscriptStep {
    let isClient: Bool
    let text: String
    let expect: JSON?
    let reads: String?

    init(_ json: JSON) throws {
        isClient = json["from"]?.text == "client"
        text = try must(json["text"]?.text, "text")
        expect = json["expect"]
        reads = json["reads"]?.text
    }

    /// The request, if the step is a chat of a client; whether its pieces are wanted.
    var request: String? {
        guard isClient, let frame = try? JSON(parsing: text), frame["type"]?.text == "chat" else {
            return nil
        }
        return frame["message"]?.text ?? frame["content"]?.text
    }
}

private let moment = Now(monoNanos: 1_000_000, wallMicros: 1_800_000_000_000_000)

/// The engine as the server: every request is answered.
private struct HubSide {
    private let hub: HubEngine
    private let link: UInt64
    private var frames: [String] = []

    init() throws {
        hub = try HubEngine(seed: seed(1))
        let expires = moment.wallMicros + 3_600_000_000
        let proof = HubInput.Proof.verified(subject: "ada", expiresMicros: expires)
        let outputs = try hub.step(now: moment, .acceptOpened(user: "ada", proof))
        var link: UInt64?
        for case .accepted(_, let accepted) in outputs { link = accepted }
        self.link = try must(link, "link")
        try take(outputs)
    }

    func play(_ steps: [TranscriptStep], _ name: String) throws {
        var end = self
        for (at, step) in steps.enumerated() {
            if step.isClient {
                try end.take(
                    end.hub.step(now: moment, .read(link: end.link, .text(step.text))))
            } else if let expect = step.expect {
                guard !end.frames.isEmpty else {
                    XCTFail("\(name), step \(at): there is no frame")
                    continue
                }
                let frame = end.frames.removeFirst()
                XCTAssertNil(try difference(frame, expect), "\(name), step \(at)")
            }
        }
        // A chat that another server's words answer in the transcript was answered by this one.
        let isForeign = steps.contains { !$0.isClient && $0.expect == nil }
        for frame in end.frames {
            XCTAssertTrue(
                isForeign && frame.contains("\"type\":\"chat_response"), "\(name): \(frame)")
        }
    }

    private mutating func take(_ outputs: [HubOutput]) throws {
        for output in outputs {
            switch output {
            case .write(_, .text(let text), _): frames.append(text)
            case .request(let request):
                try take(hub.step(now: moment, .reply(request: request.request, .init("well"))))
            case .closed, .fault, .closeTransport: XCTFail("\(output)")
            default: break
            }
        }
    }
}

/// The engine as the client: the host sends the requests.
private struct ClientSide {
    private let client: ClientEngine
    private var frames: [String] = []
    /// Requests without an end, oldest first.
    private var open: [UInt64] = []

    init() throws {
        client = try ClientEngine(
            url: "ws://localhost:1/api/v1/pam/ws/ada", configuration: Configuration(v1: false),
            seed: seed(1), now: moment)
        try take(client.step(now: moment, .connect))
        // {"exp":1800003600}
        let token: Secret = "e30.eyJleHAiOjE4MDAwMDM2MDB9.c2ln"
        try take(client.step(now: moment, .token(token, expiresMicros: nil)))
        try take(client.step(now: moment, .opened(subprotocol: nil)))
    }

    func play(_ steps: [TranscriptStep], _ name: String) throws {
        var end = self
        for (at, step) in steps.enumerated() {
            let place = "\(name), step \(at)"
            guard step.isClient else {
                let events = try end.take(end.client.step(now: moment, .read(.text(step.text))))
                XCTAssertEqual(events ?? "life", step.reads, "\(place): \(step.text)")
                continue
            }
            if let request = step.request {
                try end.take(end.client.step(now: moment, .ask(ClientRequest(request))))
                guard !end.frames.isEmpty else { return XCTFail("\(place): nothing was asked") }
                let asked = JSON.object([
                    "type": .text("chat"), "message": .text(request), "id": .text("$string"),
                ])
                XCTAssertNil(try difference(end.frames.removeFirst(), asked), place)
            } else if let expect = step.expect {
                // A pong to a ping that the transcript leaves unanswered may come before.
                let like = try end.frames.firstIndex { try difference($0, expect) == nil }
                guard let like else { return XCTFail("\(place): no \(expect)") }
                end.frames.removeFirst(like + 1)
            }
        }
        for frame in end.frames {
            XCTAssertTrue(frame.hasPrefix("{\"type\":\"pong\""), "\(name): \(frame)")
        }
    }

    /// Takes the client's outputs; what they say about a message, in a word.
    @discardableResult
    private mutating func take(_ outputs: [ClientOutput]) throws -> String? {
        var events: [String] = []
        for output in outputs {
            switch output {
            case .asked(_, let request): open.append(request)
            case .write(.text(let text), _): frames.append(text)
            case .piece(let request, _, _, _):
                XCTAssertEqual(request, open.first)
                events.append("piece")
            case .answered(let request, _, _, _):
                XCTAssertEqual(request, open.isEmpty ? nil : open.removeFirst())
                events.append("answer")
            case .ended(let request, let outcome):
                XCTAssertEqual(request, open.isEmpty ? nil : open.removeFirst())
                switch outcome {
                case .rejected: events.append("refusal")
                case .answered, .expired, .unknown, .unsent, .cancelled: XCTFail("\(outcome)")
                }
            case .event(.welcomed): events.append("welcome")
            case .event(.late): events.append("late")
            case .event(.message): events.append("message")
            case .event(.stateChanged), .dial, .needToken: break
            default: XCTFail("unexpected \(output)")
            }
        }
        XCTAssertLessThan(events.count, 2, "one message, two events")
        return events.first
    }
}

/// In what a frame differs from what is expected of it.
private func difference(_ text: String, _ expect: JSON) throws -> String? {
    let frame = try JSON(parsing: text)
    let members = try must(expect.members, "expected members")
    let unlike = members.first { !holds(frame, $0.key, $0.value) }
    return unlike.map { "\($0.key) is not \($0.value) in \(text)" }
}

private func holds(_ frame: JSON, _ name: String, _ wanted: JSON) -> Bool {
    guard let found = frame.members?[name] else { return wanted == .text("$absent") }
    switch (wanted.text, found) {
    case ("$absent", _): return false
    case ("$array", .list), ("$boolean", .bool), ("$object", .object), ("$string", .text),
        ("$number", .uint), ("$number", .int), ("$number", .number):
        return true
    case ("$array", _), ("$boolean", _), ("$object", _), ("$string", _), ("$number", _):
        return false
    case (let text?, _) where text.hasPrefix("$same:"):
        return frame.members?[String(text.dropFirst(6))] == found
    default: return found == wanted
    }
}
