import Foundation
import Pamlink

/// What the package takes: time to load, bytes of the library and of sessions. Each is looked at in
/// a process of its own.
struct Footprint {
    static let sessions = 10_000
    /// At once: their welcomes are one output.
    static let group = 100

    static func add(to rows: inout Rows, quick: Bool) throws {
        let times = try (0..<(quick ? 3 : 11)).map { _ in
            try nanos { _ = try look("load") } / 1e6
        }.sorted()
        rows.add(
            Row("a process that makes an engine, from start to end", times[times.count / 2], "ms"))
        rows.add(Row("size of the library", try library() / 1024, "KiB"))
        let found = try look("sessions")
        let each = Double(sessions)
        rows.add(Row("memory of 10,000 sessions, resident, each", found[0] / each, "B"))
        rows.add(
            Row("memory of 10,000 sessions, as `memory()` counts, each", found[1] / each, "B"))
        rows.add(
            Row("memory of 10,000 clients, resident, each", try look("clients")[0] / each, "B"))
    }

    /// What a process of its own finds.
    static func look(_ what: String) throws -> [Double] {
        let (process, pipe) = (Process(), Pipe())
        process.executableURL = URL(fileURLWithPath: CommandLine.arguments[0])
        process.arguments = ["--look", what]
        process.standardOutput = pipe
        try process.run()
        let said = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Broken(what: "\(what) ended badly") }
        return said.split(whereSeparator: \.isWhitespace).compactMap { Double($0) }
    }

    /// The look itself, in its process.
    static func here(_ what: String) throws -> [UInt64] {
        switch what {
        case "load":
            return [UInt64(try HubEngine(seed: zeros).step().count)]
        case "sessions":
            return try manySessions()
        case "clients":
            return try manyClients()
        default:
            throw Broken(what: "there is no look at \(what)")
        }
    }

    private static let zeros = [UInt8](repeating: 0, count: 32)
    private static let now = Now(monoNanos: 1, wallMicros: 1_800_000_000_000_000)

    /// A hub with many welcomed links, of a user each.
    private static func manySessions() throws -> [UInt64] {
        // What comes with the first one is no part of any.
        try open(try HubEngine(seed: zeros), 0)
        let before = try resident()
        let hub = try HubEngine(seed: zeros)
        for first in stride(from: 0, to: sessions, by: group) { try open(hub, first) }
        guard try hub.links() == sessions else { throw Broken(what: "links are missing") }
        return [try resident() - before, try hub.memory()]
    }

    private static func open(_ hub: HubEngine, _ first: Int) throws {
        _ = try hub.step(
            now: now,
            (first..<first + group).map { user in
                let proof = HubInput.Proof.verified(subject: "user-\(user)", expiresMicros: nil)
                return .acceptOpened(user: "user-\(user)", proof)
            })
    }

    /// Many clients that are not connected.
    private static func manyClients() throws -> [UInt64] {
        let url = "wss://example.org/api/v1/pam/ws/ann"
        _ = try ClientEngine(url: url)
        let before = try resident()
        let clients = try (0..<sessions).map { _ in try ClientEngine(url: url) }
        return try withExtendedLifetime(clients) { [try resident() - before] }
    }

    /// Bytes of this process that are in memory.
    private static func resident() throws -> UInt64 {
        let text = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = text.split(separator: "\n").first { $0.hasPrefix("VmRSS:") } ?? ""
        return (UInt64(line.filter(\.isNumber)) ?? 0) * 1024
    }

    /// Bytes of the library that this process has loaded.
    private static func library() throws -> Double {
        // Foundation takes the file for one of its first block: it tells no size.
        guard let maps = fopen("/proc/self/maps", "r") else { throw Broken(what: "no maps") }
        defer { fclose(maps) }
        var (line, room) = ("", [CChar](repeating: 0, count: 4096))
        while !line.contains("pamlink_ffi"), let text = fgets(&room, 4096, maps) {
            line = String(cString: text)
        }
        let path = line.drop { $0 != "/" }.split(separator: "\n").joined()
            .replacingOccurrences(of: " (deleted)", with: "")
        let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
        return Double(size ?? 0)
    }
}
