import CEntry
@_spi(Measured) import Pamlink

/// A hub with one link that speaks whole messages.
final class World {
    let hub: HubEngine
    let link: UInt64
    private var next: UInt64 = 0
    private var room = [UInt8](repeating: 0, count: 1 << 20)

    init() throws {
        var configuration = HubConfiguration()
        configuration.messagesPerMinute = 10_000_000
        configuration.maxRequestsPerLink = 65_536
        hub = try HubEngine(configuration: configuration, seed: [UInt8](repeating: 7, count: 32))
        let proof = HubInput.Proof.verified(subject: "ann", expiresMicros: nil)
        var accepted: UInt64?
        for case .accepted(_, let link) in try hub.step(.acceptOpened(user: "ann", proof)) {
            accepted = link
        }
        guard let accepted else { throw Broken(what: "no link") }
        link = accepted
    }

    /// A chat under an id of its own. A large one has many members of its own: what is said, and what
    /// is nested, has a bound.
    func chat(_ bytes: Int) -> String {
        next += 1
        let number = String(next, radix: 16)
        let id = String(repeating: "0", count: 16 - number.count) + number
        var text =
            "{\"type\":\"chat\",\"id\":\"\(id)\",\"message\":\"what is left of my budget for fuel "
            + "this week?\",\"context\":{\"timezone\":\"Australia/Brisbane\"},"
        var at = 0
        while text.utf8.count + 2_100 < bytes {
            text += "\"note\(at)\":\"\(String(repeating: "n", count: 1_900))\","
            at += 1
        }
        let pad = bytes - text.utf8.count - 9
        return text + "\"pad\":\"\(String(repeating: "p", count: pad))\"}"
    }

    /// The record of a text that came.
    func record(_ text: String) -> [UInt8] {
        var record: [UInt8] = []
        let bytes = Array(text.utf8)
        let number = { (value: UInt64, size: Int) in
            record += (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        number(UInt64(20 + bytes.count), 4)
        number(2, 2)
        record += [1, 1]
        number(link, 8)
        number(UInt64(bytes.count), 4)
        return record + bytes
    }

    /// A step by the C entry alone; the bytes of its output.
    func bare(_ input: [UInt8], _ now: Now) -> Int {
        let length = pamlink_step(
            hub.handle, now.monoNanos, now.wallMicros, input, UInt64(input.count), &room,
            UInt64(room.count))
        return Int(length)
    }

    /// The output of the last step by the C entry.
    func output(_ length: Int) -> [UInt8] { Array(room[..<length]) }

    /// Ends requests, so that others have room.
    func dismiss(_ outputs: [HubOutput]) throws -> Int {
        let requests = outputs.compactMap { output -> HubInput? in
            guard case .request(let request) = output else { return nil }
            return .dismiss(request: request.request)
        }
        _ = try hub.step(requests)
        return requests.count
    }
}

struct Broken: Error {
    let what: String
}
