import Foundation
import Pamlink

/// Tokens of an answer that come in one step, where they do not come alone.
let together = 16
private let tokenCount = 1_000
private let token = "twenty bytes of it. "
private let cancelCount = 50
private let running = 16
private let url = "wss://example.org/api/v1/pam/ws/ann"
private let wall: Int64 = 1_800_000_000_000_000
/// Positions of the server and of its log.
private let serverEpoch = "5e7f00000000000a"
private let log = "109e000000000001"

/// A client over `pamlink.v1` whose server is a few frames that are written here. The work is that of
/// `bindings/python/bench/talk.py`, where it is said what is done and why. Each method returns the
/// nanoseconds of one.
final class Talk {
    private let engine: ClientEngine
    private var mono: UInt64 = 1
    private var epoch = ""
    /// What each end has sent and its peer has received.
    private var sent = 0
    private var said = 0

    init() throws {
        engine = try ClientEngine(
            url: url, seed: [UInt8](repeating: 7, count: 32),
            now: Now(monoNanos: 1, wallMicros: wall))
        _ = try step(.connect)
        _ = try step(.token("a.b.c", expiresMicros: nil))
        epoch = try found("\"sent\":[\"", in: try step(.opened(subprotocol: "pamlink.v1")))
        let limits = "\"limits\":{\"message\":1048576},\"heartbeat\":3600000"
        _ = try step(heard("{\"type\":\"welcome\",\"version\":1,\"features\":1,\(limits)}"))
        let id = String(repeating: "9f", count: 16)
        let session = "\"session\":\"\(id)\",\"answer\":\"begun\",\"received\":[\"\(epoch)\",0]"
        let at = "[\"\(serverEpoch)\",0]"
        let window = "\"window\":{\"envelopes\":512,\"bytes\":262144},\"keep\":120000"
        _ = try step(
            heard(
                "{\"type\":\"opened\",\(session),\"from\":\(at),\"sent\":\(at),\"log\":\"\(log)\",\(window)}"
            ))
    }

    /// A token to its event, so many in one step.
    func tokens(_ together: Int) throws -> Double {
        let stream = try asked().stream
        let frames = (0..<tokenCount).map { heard(piece(stream, $0)) }
        let steps = stride(from: 0, to: tokenCount, by: together).map {
            Array(frames[$0..<min($0 + together, tokenCount)])
        }
        let now = now()
        var grown = 0
        let taken = try nanos {
            for inputs in steps {
                for case .piece(_, _, let text, _) in try engine.step(now: now, inputs) {
                    grown += text.utf8.count
                }
            }
        }
        guard grown == tokenCount * token.utf8.count else {
            throw Broken(what: "\(grown) bytes of pieces")
        }
        let body = "{\"type\":\"chat_response\",\"message\":\"whole\",\"reply_to\":\"\(stream)\"}"
        let at = "\"at\":[\"\(log)\",\(tokenCount + 1)],\"offset\":\(grown)"
        let ended = try step(
            heard(
                "{\"type\":\"end\",\"stream\":\"\(stream)\",\(at),\"how\":\"done\",\"body\":\(body)}"))
        guard ended.contains(where: { if case .answered = $0 { true } else { false } }) else {
            throw Broken(what: "no answer")
        }
        return taken / Double(tokenCount)
    }

    /// A cancel, to its result.
    func cancels() throws -> Double {
        var taken = 0.0
        for _ in 0..<cancelCount {
            let (request, stream) = try asked()
            _ = try step(heard(piece(stream, 0)))
            (sent, said) = (sent + 1, said + 1)
            let of = "\"of\":[\"\(epoch)\",\(sent)],\"received\":[\"\(epoch)\",\(sent)]"
            let offset = "\"offset\":\(token.utf8.count)"
            let results = "[{\"stream\":\"\(stream)\",\"outcome\":\"cancelled\",\(offset)}]"
            let frame = heard(
                "{\"type\":\"cancel_result\",\"at\":[\"\(serverEpoch)\",\(said)],\(of),\"results\":\(results)}"
                    + "\u{1e}{\"type\":\"end\",\"stream\":\"\(stream)\",\"at\":[\"\(log)\",2],\(offset),"
                    + "\"how\":\"cancelled\"}")
            let now = now()
            var outputs: [ClientOutput] = []
            taken += try nanos {
                _ = try engine.step(now: now, .cancel(request: request))
                outputs = try engine.step(now: now, frame)
            }
            var (resultCount, ends) = (0, 0)
            for output in outputs {
                if case .cancelResult = output { resultCount += 1 }
                if case .ended(_, .cancelled) = output { ends += 1 }
            }
            guard resultCount == 1, ends == 1 else { throw Broken(what: "\(outputs)") }
        }
        return taken / Double(cancelCount)
    }

    /// What a client goes on from that has answers running. It asks no more.
    func snapshot() throws -> [UInt8] {
        for _ in 0..<running { _ = try step(heard(piece(try asked().stream, 0))) }
        for case .snapshotTaken(_, let bytes) in try step(.snapshot) { return bytes }
        throw Broken(what: "no snapshot")
    }

    /// A request that the server has taken, and the name of its answer's stream.
    private func asked() throws -> (request: UInt64, stream: String) {
        let text = "what is left of my budget for fuel this week?"
        let outputs = try step(.ask(ClientRequest(text, inPieces: true)))
        sent += 1
        let received = "\"received\":[\"\(epoch)\",\(sent)],\"sent\":[\"\(serverEpoch)\",\(said)]"
        _ = try step(heard("{\"type\":\"ack\",\(received)}"))
        for case .asked(_, let request) in outputs {
            return (request, try found("\"stream\":\"", in: outputs))
        }
        throw Broken(what: "nothing was asked")
    }

    /// A step, before which all is written that the client has said.
    private func step(_ input: ClientInput) throws -> [ClientOutput] {
        try engine.step(now: now(), [.written, input])
    }

    private func now() -> Now {
        mono += 1_000
        return Now(monoNanos: mono, wallMicros: wall)
    }
}

/// A client that goes on from a snapshot, to the requests that it has.
func restores(_ snapshot: [UInt8]) throws -> Double {
    let (times, seed) = (20, [UInt8](repeating: 8, count: 32))
    let now = Now(monoNanos: 1, wallMicros: wall)
    var restored = 0
    let taken = try nanos {
        for _ in 0..<times {
            let engine = try ClientEngine(restoring: snapshot, url: url, seed: seed, now: now)
            for case .restored in try engine.step(now: now) { restored += 1 }
        }
    }
    guard restored == times * running else { throw Broken(what: "\(restored) requests") }
    return taken / Double(times)
}

/// The token of this number of an answer, from 0.
private func piece(_ stream: String, _ number: Int) -> String {
    let at = "\"at\":[\"\(log)\",\(number + 1)],\"offset\":\(number * token.utf8.count)"
    return "{\"type\":\"piece\",\"stream\":\"\(stream)\",\(at),\"append\":\"\(token)\"}"
}

/// What the server says, in one message.
private func heard(_ text: String) -> ClientInput { .read(.text(text)) }

/// What stands behind this, up to the next quote, in what the client says.
private func found(_ before: String, in outputs: [ClientOutput]) throws -> String {
    for case .write(.text(let text), _) in outputs {
        guard let at = text.range(of: before) else { continue }
        return String(text[at.upperBound...].prefix { $0 != "\"" })
    }
    throw Broken(what: "the client does not say \(before)")
}
