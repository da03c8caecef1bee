import CEntry
import Foundation
@_spi(Measured) import Pamlink
import PamlinkFFI

/// Messages between two looks at the clock.
let turn = 1_000
/// Bytes of a chat.
let small = 300
let large = 64 * 1024

/// A hub with one link that speaks whole messages. The work is that of `bindings/benches/ffi.rs`,
/// through the public layer without sockets.
///
/// Each method returns the nanoseconds of one message. What a round needs is made, and what it
/// leaves behind is dismissed, outside the part that is timed.
final class World {
    private let hub: HubEngine
    private let link: UInt64
    private let generated: PamlinkFFI.Hub
    private var room = [UInt8](repeating: 0, count: 1 << 20)
    private var next: UInt64 = 0
    private var mono: UInt64 = 1
    /// What was read, so that it is read.
    private var sum = 0

    init() throws {
        var configuration = HubConfiguration()
        configuration.messagesPerMinute = 10_000_000
        configuration.maxRequestsPerLink = 65_536
        let seed = [UInt8](repeating: 7, count: 32)
        hub = try HubEngine(configuration: configuration, seed: seed)
        generated = try PamlinkFFI.Hub(
            options: HubOptions(auth: AuthOptions()), seed: Data(seed))
        let proof = HubInput.Proof.verified(subject: "ann", expiresMicros: nil)
        var accepted: UInt64?
        for case .accepted(_, let link) in try hub.step(.acceptOpened(user: "ann", proof)) {
            accepted = link
        }
        guard let accepted else { throw Broken(what: "no link") }
        link = accepted
    }

    /// A step in which nothing happened.
    func empty() throws -> Double {
        let now = now()
        return try nanos { for _ in 0..<turn { sum += try hub.step(now: now).count } }
            / Double(turn)
    }

    /// The C entry alone, whose output is not read.
    func entry() throws -> Double {
        let (handle, now) = (hub.handle, now())
        return nanos { for _ in 0..<turn { sum += bare(handle, [], now) } } / Double(turn)
    }

    /// A step through the generated module.
    func stepUniFFI() throws -> Double {
        let (now, nothing) = (now(), Data())
        return try nanos {
            for _ in 0..<turn {
                sum += try generated.step(
                    monoNanos: now.monoNanos, wallMicros: now.wallMicros, input: nothing
                ).count
            }
        } / Double(turn)
    }

    /// The least that a call through the generated module costs: no argument, one number.
    func getterUniFFI() throws -> Double {
        nanos { for _ in 0..<turn { sum += Int(generated.entryHandle()) } } / Double(turn)
    }

    /// A chat to its event, whose members are read.
    func oneByOne(_ size: Int = small) throws -> Double {
        let texts = chats(size)
        var requests: [UInt64] = []
        requests.reserveCapacity(texts.count)
        let now = now()
        let taken = try nanos {
            for text in texts {
                read(try hub.step(now: now, .read(link: link, .text(text))), &requests)
            }
        }
        return try dismissed(requests, taken, texts.count)
    }

    /// Ten chats in one call, each.
    func tenAtOnce() throws -> Double {
        let texts = chats(small)
        var requests: [UInt64] = []
        requests.reserveCapacity(texts.count)
        let now = now()
        let taken = try nanos {
            for at in stride(from: 0, to: texts.count, by: 10) {
                let batch = texts[at..<at + 10].map { HubInput.read(link: link, .text($0)) }
                read(try hub.step(now: now, batch), &requests)
            }
        }
        return try dismissed(requests, taken, texts.count)
    }

    /// A text that is sent to the link.
    func sends() throws -> Double {
        let head = "{\"type\":\"proactive_alert\",\"id\":\"a\",\"category\":\""
        let text = head + String(repeating: "x", count: small - head.utf8.count - 2) + "\"}"
        let now = now()
        var (taken, written) = (0.0, 0)
        for _ in 0..<turn / 25 {
            taken += try nanos {
                for _ in 0..<25 {
                    for output in try hub.step(now: now, .sendTo(link: link, envelope: text)) {
                        if case .write(_, .text(let text), _) = output {
                            written += text.utf8.count / small
                        }
                    }
                }
            }
            _ = try hub.step(now: now, .written(link: link))
        }
        guard written == turn else { throw Broken(what: "\(written) texts were handed out") }
        return taken / Double(turn)
    }

    /// The event object of one chat, from an output that was recorded.
    func event() throws -> Double {
        let length = bare(hub.handle, record(chat(small)), now())
        let output = Array(room[..<length])
        var requests: [UInt64] = []
        let taken = try output.withUnsafeBytes { output in
            try nanos { for _ in 0..<turn { sum += try HubEngine.read(output).count } }
        }
        read(try output.withUnsafeBytes { try HubEngine.read($0) }, &requests)
        return try dismissed(requests, taken, 1) / Double(turn)
    }

    // What is not timed.

    private func read(_ outputs: [HubOutput], _ requests: inout [UInt64]) {
        for case .request(let request) in outputs {
            sum += request.text.utf8.count + request.user.utf8.count + request.agent.utf8.count
            requests.append(request.request)
        }
    }

    private func dismissed(_ requests: [UInt64], _ taken: Double, _ count: Int) throws -> Double {
        guard requests.count == count else {
            throw Broken(what: "\(requests.count) requests of \(count) chats")
        }
        _ = try hub.step(now: now(), requests.map { .dismiss(request: $0) })
        return taken / Double(count)
    }

    /// A step by the C entry alone; the bytes of its output.
    private func bare(_ handle: UInt64, _ input: [UInt8], _ now: Now) -> Int {
        Int(
            pamlink_step(
                handle, now.monoNanos, now.wallMicros, input, UInt64(input.count), &room,
                UInt64(room.count)))
    }

    private func now() -> Now {
        mono += 1_000
        return Now(monoNanos: mono, wallMicros: 1_800_000_000_000_000)
    }

    private func chats(_ size: Int) -> [String] {
        (0..<(size == small ? turn : turn / 10)).map { _ in chat(size) }
    }

    /// A chat under an id of its own. A large one has many members of its own: values have bounds.
    private func chat(_ size: Int) -> String {
        next += 1
        let number = String(next, radix: 16)
        let id = String(repeating: "0", count: 16 - number.count) + number
        var text =
            "{\"type\":\"chat\",\"id\":\"\(id)\",\"message\":\"what is left of my budget for fuel "
            + "this week?\",\"context\":{\"timezone\":\"Australia/Brisbane\"},"
        var at = 0
        while text.utf8.count + 2_100 < size {
            text += "\"note\(at)\":\"\(String(repeating: "n", count: 1_900))\","
            at += 1
        }
        let pad = size - text.utf8.count - 9
        return text + "\"pad\":\"\(String(repeating: "p", count: pad))\"}"
    }

    /// The record of a text that came.
    private func record(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        func number(_ value: UInt64, _ size: Int) -> [UInt8] {
            (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        }
        let head = number(UInt64(20 + bytes.count), 4) + number(2, 2) + [1, 1]
        return head + number(link, 8) + number(UInt64(bytes.count), 4) + bytes
    }
}

/// Nanoseconds that `work` takes.
func nanos(_ work: () throws -> Void) rethrows -> Double {
    let start = ContinuousClock.now
    try work()
    let (seconds, atto) = start.duration(to: .now).components
    return Double(seconds) * 1e9 + Double(atto) / 1e9
}
