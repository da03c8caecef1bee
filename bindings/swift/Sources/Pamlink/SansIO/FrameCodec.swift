import Foundation
internal import PamlinkFFI

/// RFC 6455 frames by themselves: reads and writes those of one connection after its opening
/// handshake.
public final class FrameCodec: Sendable {
    private let codec: PamlinkFFI.FrameCodec

    /// What was read.
    public enum Frame: Hashable, Sendable {
        /// A whole text message.
        case text(String)
        /// A whole binary message.
        case binary([UInt8])
        /// A ping: it wants a pong with the same payload.
        case ping([UInt8])
        /// A pong.
        case pong([UInt8])
        /// The peer's Close frame. Nothing is read after it.
        case close(code: UInt16?, reason: String)
        /// The peer broke the protocol. Nothing is read after it.
        case failed(Event.ProtocolFailure)
        /// A record that this version does not know.
        case unknown(kind: UInt16, raw: [UInt8])
    }

    /// A codec for a client, whose frames are masked with keys drawn from `seed` (32 bytes), or for
    /// a server. No message longer than `maxMessageBytes` is read.
    ///
    /// - Throws: `bad_seed`, `bad_option`, `abi_mismatch`.
    public init(
        client: Bool, maxMessageBytes: UInt64 = 1 << 20, seed: [UInt8]? = nil
    ) throws(PamlinkError) {
        let seed = Data(seed ?? Library.seed())
        codec = try Library.call {
            try PamlinkFFI.FrameCodec(
                client: client, maxMessageBytes: maxMessageBytes, seed: seed)
        }
    }

    /// Reads bytes of the peer, cut anywhere.
    ///
    /// - Throws: `not_drained` for more bytes at once than a message may have, and a megabyte.
    public func read(_ bytes: [UInt8]) throws(PamlinkError) -> [Frame] {
        let records = try readRecords(bytes)
        return try records.withRecords { Frame($0) }
    }

    func readRecords(_ bytes: [UInt8]) throws(PamlinkError) -> [UInt8] {
        let records = try Library.call { try codec.read(bytes: Data(bytes)) }
        return [UInt8](records)
    }

    /// The bytes of a text message in one frame.
    ///
    /// - Throws: `frames_closed`, `message_open`.
    public func text(_ text: String) throws(PamlinkError) -> [UInt8] {
        try write { try codec.text(text: text) }
    }

    /// The bytes of a binary message in one frame.
    ///
    /// - Throws: `frames_closed`, `message_open`.
    public func binary(_ bytes: [UInt8]) throws(PamlinkError) -> [UInt8] {
        try write { try codec.binary(bytes: Data(bytes)) }
    }

    /// The bytes of the next fragment of a text or binary message; `fin` makes it the last one.
    ///
    /// - Throws: `frames_closed`, `message_open`.
    public func fragment(text: Bool, fin: Bool, _ bytes: [UInt8]) throws(PamlinkError) -> [UInt8] {
        try write { try codec.fragment(text: text, fin: fin, bytes: Data(bytes)) }
    }

    /// The bytes of a ping, whose payload has at most 125.
    ///
    /// - Throws: `frames_closed`, `control_too_long`.
    public func ping(_ bytes: [UInt8] = []) throws(PamlinkError) -> [UInt8] {
        try write { try codec.ping(bytes: Data(bytes)) }
    }

    /// The bytes of a pong, whose payload is that of the ping it answers.
    ///
    /// - Throws: `frames_closed`, `control_too_long`.
    public func pong(_ bytes: [UInt8] = []) throws(PamlinkError) -> [UInt8] {
        try write { try codec.pong(bytes: Data(bytes)) }
    }

    /// The bytes of a Close frame; without a code it has no body. The reason is cut to 123 bytes.
    ///
    /// - Throws: `frames_closed`, `close_code`.
    public func close(code: UInt16? = nil, reason: String = "") throws(PamlinkError) -> [UInt8] {
        try write { try codec.closeFrame(code: code.map(UInt32.init), reason: reason) }
    }

    private func write(_ write: () throws -> Data) throws(PamlinkError) -> [UInt8] {
        [UInt8](try Library.call(write))
    }
}

extension FrameCodec.Frame {
    init(_ record: RecordReader) {
        var it = record
        switch it.kind {
        case Kind.textRead: self = .text(it.string())
        case Kind.binary: self = .binary(it.bytes())
        case Kind.ping: self = .ping(it.bytes())
        case Kind.pong: self = .pong(it.bytes())
        case Kind.closeRead:
            self = .close(code: it.maybe().map(UInt16.init(clamping:)), reason: it.string())
        case Kind.failed: self = .failed(Event.ProtocolFailure(&it))
        default: self = .unknown(kind: it.kind, raw: [UInt8](it.raw))
        }
    }
}

extension [UInt8] {
    /// What `read` makes of each record.
    func withRecords<T>(_ read: (RecordReader) -> T) throws(PamlinkError) -> [T] {
        // The closure of `withUnsafeBytes` loses the type of what it throws.
        let result = withUnsafeBytes { buffer -> Result<[T], PamlinkError> in
            var (all, offset) = ([T](), 0)
            do throws(PamlinkError) {
                while offset < buffer.count {
                    all.append(read(try RecordReader(buffer, at: &offset)))
                }
                return .success(all)
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
