import Foundation
internal import PamlinkFFI

/// Any value that an app hands over as part of a message. Each has an encoding as JSON; what cannot
/// be said exactly (a NaN, an integer beyond 2^53, a tree that is too deep) is counted.
///
/// Literals work: `["page": "wins", "rows": [1, 2.5], "new": true]`.
public struct Value: Hashable, Sendable {
    private let kind: Kind
    private var items: Items?

    private enum Kind: Sendable {
        /// A tag alone.
        case bare(UInt8)
        /// A tag and a number of eight bytes.
        case word(UInt8, UInt64)
        /// A tag and bytes.
        case bytes(UInt8, [UInt8])
        case utf16([UInt16])
        case list
        case map
    }

    private init(_ kind: Kind, _ items: Items? = nil) {
        self.kind = kind
        self.items = items
    }

    /// Nothing.
    public static let null = Value(.bare(0))

    /// True or false.
    public static func bool(_ value: Bool) -> Value { Value(.bare(value ? 2 : 1)) }

    /// A whole number. Beyond 2^53 it is said as a text, and counted.
    public static func int(_ value: Int64) -> Value { Value(.word(3, UInt64(bitPattern: value))) }

    /// A whole number. Beyond 2^53 it is said as a text, and counted.
    public static func uint(_ value: UInt64) -> Value { Value(.word(4, value)) }

    /// A number. One that is none, or infinite, is said as null, and counted.
    public static func float(_ value: Double) -> Value { Value(.word(5, value.bitPattern)) }

    /// A text.
    public static func text(_ value: String) -> Value { Value(.bytes(6, Array(value.utf8))) }

    /// UTF-16 that may hold lone surrogates.
    public static func utf16(_ units: [UInt16]) -> Value { Value(.utf16(units)) }

    /// UTF-8 that may hold encoded surrogates.
    public static func wtf8(_ bytes: [UInt8]) -> Value { Value(.bytes(8, bytes)) }

    /// Bytes: said in Base64.
    public static func bytes(_ bytes: [UInt8]) -> Value { Value(.bytes(9, bytes)) }

    /// A point in time, in microseconds since 1970.
    public static func time(micros: Int64) -> Value { Value(.word(10, UInt64(bitPattern: micros))) }

    /// A point in time.
    public static func date(_ date: Date) -> Value {
        let micros = date.timeIntervalSince1970 * 1_000_000
        let bounds = -9e18...9e18
        return time(micros: Int64(min(max(micros, bounds.lowerBound), bounds.upperBound)))
    }

    /// A span of time in nanoseconds.
    public static func span(nanos: UInt64) -> Value { Value(.word(11, nanos)) }

    /// Values in their order.
    public static func list(_ items: [Value]) -> Value { Value(.list, Items(items)) }

    /// Members in their order. Keys may be any value.
    public static func map(_ members: [(key: Value, value: Value)]) -> Value {
        Value(.map, Items(members.flatMap { [$0.key, $0.value] }))
    }

    /// JSON already. A text that is none is encoded as a text, and counted.
    public static func json(_ text: String) -> Value { Value(.bytes(14, Array(text.utf8))) }

    /// A value as JSON.
    public struct Encoded: Hashable, Sendable {
        /// The JSON.
        public let json: String
        /// How often it could not say exactly what the value held, by cause; empty if it did.
        public let adjusted: [String: UInt32]
    }

    /// Encodes it, nested no deeper than `depth` (at most 255; 10 is the dialect's bound).
    ///
    /// - Throws: `abi_mismatch` alone: every value has an encoding.
    public func encoded(depth: UInt32 = 10) throws(PamlinkError) -> Encoded {
        let packed = packed()
        let it = try Library.call { try encodeValue(packed: packed, depth: depth) }
        return Encoded(json: it.json, adjusted: it.adjusted)
    }

    /// What crosses the border: a tag, then what it says. Without recursion, however deep it is.
    private func packed() -> Data {
        var out = Data()
        // What is still to be written, the next one last.
        var rest: [Value] = [self]
        while let value = rest.popLast() {
            let items = value.items?.values ?? []
            switch value.kind {
            case .bare(let tag): out.append(tag)
            case .word(let tag, let word):
                out.append(tag)
                out.number(word)
            case .bytes(let tag, let bytes):
                out.append(tag)
                out.number(UInt32(clamping: bytes.count))
                out.append(contentsOf: bytes)
            case .utf16(let units):
                out.append(7)
                out.number(UInt32(clamping: units.count))
                for unit in units { out.number(unit) }
            case .list:
                out.append(12)
                out.number(UInt32(clamping: items.count))
            case .map:
                out.append(13)
                out.number(UInt32(clamping: items.count / 2))
            }
            rest.append(contentsOf: items.reversed())
        }
        return out
    }

    public static func == (one: Value, other: Value) -> Bool {
        one.packed() == other.packed()
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(packed())
    }

    /// The parts of a list or map. Those that lie deep in each other would end deep in each other
    /// as well, which takes more stack than there is: they are taken apart one after the other.
    private final class Items: @unchecked Sendable {
        fileprivate private(set) var values: [Value]
        private let levels: Int

        /// So many may end in each other.
        private static let few = 256

        init(_ values: [Value]) {
            self.values = values
            levels = 1 + (values.lazy.map { $0.items?.levels ?? 0 }.max() ?? 0)
        }

        deinit {
            guard levels > Self.few else { return }
            var rest = values
            values = []
            while var value = rest.popLast() {
                guard var items = value.take() else { continue }
                // What somebody else holds lives on.
                guard isKnownUniquelyReferenced(&items) else { continue }
                rest.append(contentsOf: items.values)
                items.values = []
            }
        }
    }

    private mutating func take() -> Items? {
        let taken = items
        items = nil
        return taken
    }
}

extension Data {
    fileprivate mutating func number(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}

extension Value: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByStringLiteral,
    ExpressibleByStringInterpolation, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(nilLiteral: ()) { self = .null }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .float(value) }
    public init(stringLiteral value: String) { self = .text(value) }
    public init(arrayLiteral items: Value...) { self = .list(items) }
    public init(dictionaryLiteral members: (Value, Value)...) {
        self = .map(members.map { (key: $0.0, value: $0.1) })
    }
}
