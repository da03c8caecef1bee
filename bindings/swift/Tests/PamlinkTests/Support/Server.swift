import Foundation
import XCTest

/// A `pamlink serve --dev` of its own, on a free port of the loopback.
final class Server {
    private var process: Process
    let port: Int
    private let program: String
    /// How long each word of an answer waits.
    private let pace: String?

    /// Starts one; at `port`, if it is to be where another was.
    init(port: Int = 0, pace: String? = nil) throws {
        self.pace = pace
        program = try XCTUnwrap(
            ProcessInfo.processInfo.environment["PAMLINK"],
            "PAMLINK must name the program `pamlink`")
        (process, self.port) = try Self.start(program, port, pace)
    }

    deinit {
        kill()
    }

    /// Ends it without a close frame, as a crash would.
    func kill() {
        guard process.isRunning else { return }
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// Starts it again at the same port.
    func restart() throws {
        kill()
        (process, _) = try Self.start(program, port, pace)
    }

    func url(_ user: String) -> String {
        "ws://127.0.0.1:\(port)/api/v1/pam/ws/\(user)"
    }

    /// A token that it takes.
    func token(_ user: String) throws -> String {
        try Self.output(program, ["token", "--dev", "--user", user])
    }

    private static func start(
        _ program: String, _ port: Int, _ pace: String?
    ) throws -> (Process, Int) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = ["serve", "--dev", "--listen", "127.0.0.1:\(port)"]
        if let pace { process.arguments? += ["--pace", pace] }
        let output = Pipe()
        process.standardOutput = output
        process.standardError = FileHandle.nullDevice
        try process.run()
        // It says so when it is ready.
        let line = try firstLine(output.fileHandleForReading)
        let number = try XCTUnwrap(
            line.split(separator: ":").last.flatMap { Int($0) }, "no port in `\(line)`")
        return (process, number)
    }

    private static func firstLine(_ handle: FileHandle) throws -> String {
        var line = Data()
        while let byte = try handle.read(upToCount: 1), byte != Data([10]), !byte.isEmpty {
            line += byte
        }
        return String(decoding: line, as: UTF8.self)
    }

    private static func output(_ program: String, _ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
