import Foundation
internal import PamlinkFFI

/// Which messages were seen, and what came of the first of each: for a host that receives messages
/// by another way.
public final class DuplicateWindow: Sendable {
    private let window: PamlinkFFI.DuplicateWindow

    /// What the window says about a message.
    public enum Verdict: Hashable, Sendable {
        /// Not seen, and remembered from now on.
        case fresh
        /// The first one is still worked on.
        case pending
        /// The first one has this result.
        case result([UInt8])
        /// The first one had a result that is not kept any more.
        case forgotten
    }

    /// An empty window.
    ///
    /// - Parameters:
    ///   - maxEntries: it remembers the newest so many messages, 1 to 16,777,216.
    ///   - maxAge: none for longer than this.
    ///   - contentAge: if set, messages without an id are remembered by their content for so long.
    ///   - maxResultBytes: bytes of results together.
    ///   - seed: 32 bytes; by default from the operating system's source of entropy.
    /// - Throws: `bad_option`, `bad_seed`, `abi_mismatch`.
    public init(
        maxEntries: UInt64, maxAge: Duration, contentAge: Duration? = nil,
        maxResultBytes: UInt64 = 16 << 20, seed: [UInt8]? = nil
    ) throws(PamlinkError) {
        let seed = Data(seed ?? Library.seed())
        window = try Library.call {
            try PamlinkFFI.DuplicateWindow(
                maxEntries: maxEntries, maxAgeMs: maxAge.millis, contentAgeMs: contentAge?.millis,
                maxResultBytes: maxResultBytes, seed: seed)
        }
    }

    /// Whether this user's message was seen within the window; if not, it is remembered. One
    /// without an id, and without an age for contents, is always fresh.
    public func check(
        user: String, id: String?, content: String = "", monoNanos: UInt64 = Now.current.monoNanos
    ) -> Verdict {
        let found = window.check(monoNanos: monoNanos, user: user, id: id, content: content)
        switch found.verdict {
        case "pending": return .pending
        case "result": return .result(found.result.map { [UInt8]($0) } ?? [])
        case "forgotten": return .forgotten
        default: return .fresh
        }
    }

    /// Keeps the result of the first message for its repeats. Whether it is kept: not if the
    /// message is not known any more, has a result, or the result is too large.
    @discardableResult
    public func complete(user: String, id: String?, content: String = "", result: [UInt8]) -> Bool {
        window.complete(user: user, id: id, content: content, result: Data(result))
    }

    /// Forgets a message as if it had never come. Whether it was known.
    @discardableResult
    public func forget(user: String, id: String?, content: String = "") -> Bool {
        window.forget(user: user, id: id, content: content)
    }

    /// Messages that are held.
    public var size: UInt64 { window.size() }

    /// Bytes that are held.
    public var memory: UInt64 { window.memory() }
}
