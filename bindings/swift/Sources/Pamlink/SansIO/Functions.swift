import Foundation
internal import PamlinkFFI

/// The engine's functions that need no engine.
public enum Engine {
    /// The version of the engine.
    ///
    /// - Throws: `abi_mismatch`.
    public static func version() throws(PamlinkError) -> String {
        try Library.call { PamlinkFFI.engineVersion() }
    }

    /// What a text is as an envelope, as a JSON object: its kind, ids, members, and what it is
    /// after decoding and encoding; or what is wrong with it and where. `depth` is the allowed
    /// nesting, at most 255.
    ///
    /// - Throws: `abi_mismatch`.
    public static func describeEnvelope(
        _ text: String, depth: UInt32 = 10
    ) throws(PamlinkError) -> String {
        try Library.call { PamlinkFFI.describeEnvelope(text: text, depth: depth) }
    }

    /// Writes a frame that the engine itself writes, such as `pong` or `error`; `args` is a JSON
    /// object of what it says.
    ///
    /// - Throws: `bad_option`: no such frame, or an argument that is none; `abi_mismatch`.
    public static func writeFrame(
        _ frame: String, wallMicros: Int64 = Now.current.wallMicros, args: String = "{}"
    ) throws(PamlinkError) -> String {
        try Library.call {
            try PamlinkFFI.writeFrame(frame: frame, wallMicros: wallMicros, args: args)
        }
    }

    /// Reads path and query of a request as they were sent, by the same rules as a hub that is given
    /// the bytes; `prefix` is all of the path before the user id. Nil: the path is another, or names
    /// no user. A hub answers that with 404, and a request without token with 403.
    ///
    /// - Throws: `abi_mismatch`.
    public static func readTarget(
        _ target: String, prefix: String = "/api/v1/pam/ws/"
    ) throws(PamlinkError) -> PamTarget? {
        let read = try Library.call { PamlinkFFI.readTarget(target: target, prefix: prefix) }
        return read.map { PamTarget(user: $0.user, token: $0.token, maxMessage: $0.maxMessage) }
    }

    /// The state tables of both ends of a link, as JSON.
    ///
    /// - Throws: `abi_mismatch`.
    public static func stateTables() throws(PamlinkError) -> String {
        try Library.call { PamlinkFFI.stateTables() }
    }

    /// The delays between attempts to connect, one for each of `hints`: the time that the server
    /// asked for before that retry, if it did.
    ///
    /// - Throws: `bad_seed`, `abi_mismatch`.
    public static func backoffDelays(
        seed: [UInt8], hints: [Duration?]
    ) throws(PamlinkError) -> [Duration] {
        let delays = try Library.call {
            try PamlinkFFI.backoffDelays(seed: Data(seed), hintsMs: hints.map { $0?.millis })
        }
        return delays.map(Duration.init(word:))
    }

    /// Every error that the library knows, by rising number.
    static func errorCodes() throws(PamlinkError) -> [PamlinkFFI.ErrorCode] {
        try Library.call { PamlinkFFI.errorCodes() }
    }
}

/// Whom a request is for, and the token that it brings.
public struct PamTarget: Sendable, CustomStringConvertible {
    /// The user id in the path, decoded: 1 to 256 bytes.
    public let user: String
    /// The `token` parameter, decoded; it may be empty. Nil: there is no such parameter.
    public let token: String?
    /// The `max_message` parameter: the largest message that the client takes, in bytes.
    public let maxMessage: UInt64?

    public var description: String { "PamTarget(user: \(user))" }
}
