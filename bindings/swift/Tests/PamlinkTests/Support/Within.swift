import XCTest

/// What `work` gives, if it does so in time.
func within<T: Sendable>(
    _ limit: Duration = .seconds(30), _ what: String = "the work",
    _ work: @escaping @Sendable () async throws -> T
) async throws -> T {
    try await withThrowingTaskGroup(of: T.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw TooLate(what: what)
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw TooLate(what: what) }
        return first
    }
}

struct TooLate: Error {
    let what: String
}

/// Waits until something holds that nothing tells of.
func eventually(
    _ what: String = "a condition", _ holds: @escaping @Sendable () async -> Bool
) async throws {
    try await within(.seconds(30), what) {
        while await !holds() { try await Task.sleep(for: .milliseconds(2)) }
    }
}
