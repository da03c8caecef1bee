import Foundation
import XCTest

/// A program of this package, beside the tests.
final class Program: @unchecked Sendable {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()

    init(_ name: String, _ arguments: [String]) throws {
        // The tests are a program there themselves.
        let folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        process.executableURL = folder.appendingPathComponent(name)
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    deinit {
        if process.isRunning { process.terminate() }
    }

    /// Writes a line to it.
    func say(_ line: String) throws {
        try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
    }

    /// Ends its input.
    func end() throws {
        try input.fileHandleForWriting.close()
    }

    /// The first line of its output that is wanted.
    func line(_ isWanted: (String) -> Bool) async throws -> String {
        for try await line in output.fileHandleForReading.lines where isWanted(line) { return line }
        throw TooLate(what: "a line")
    }

    /// How it ended.
    func status() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }
}

extension FileHandle {
    /// The lines that come, each as soon as it is whole.
    fileprivate var lines: AsyncThrowingStream<String, any Error> {
        AsyncThrowingStream { continuation in
            DispatchQueue.global().async { [self] in
                var line = Data()
                while let byte = try? read(upToCount: 1), !byte.isEmpty {
                    if byte == Data([10]) {
                        continuation.yield(String(decoding: line, as: UTF8.self))
                        line = Data()
                    } else {
                        line += byte
                    }
                }
                if !line.isEmpty { continuation.yield(String(decoding: line, as: UTF8.self)) }
                continuation.finish()
            }
        }
    }
}
