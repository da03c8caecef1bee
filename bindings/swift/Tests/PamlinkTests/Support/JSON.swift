import Foundation

/// A JSON value, with whole numbers as they are.
enum JSON: Decodable, Equatable {
    case null
    case bool(Bool)
    case uint(UInt64)
    case int(Int64)
    case number(Double)
    case text(String)
    case list([JSON])
    case object([String: JSON])

    init(from decoder: any Decoder) throws {
        let value = try decoder.singleValueContainer()
        if value.decodeNil() {
            self = .null
        } else if let text = try? value.decode(String.self) {
            self = .text(text)
        } else if let object = try? value.decode([String: JSON].self) {
            self = .object(object)
        } else if let list = try? value.decode([JSON].self) {
            self = .list(list)
        } else if let bool = try? value.decode(Bool.self) {
            self = .bool(bool)
        } else if let uint = try? value.decode(UInt64.self) {
            self = .uint(uint)
        } else if let int = try? value.decode(Int64.self) {
            self = .int(int)
        } else {
            self = .number(try value.decode(Double.self))
        }
    }

    init(parsing text: String) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(text.utf8))
    }

    init(file: URL) throws {
        self = try JSONDecoder().decode(JSON.self, from: Data(contentsOf: file))
    }

    /// A member; `nil` if it is not there, or null.
    subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self, let member = members[name], member != .null else {
            return nil
        }
        return member
    }

    /// Whether it has this member, null or not.
    func has(_ name: String) -> Bool {
        guard case .object(let members) = self else { return false }
        return members[name] != nil
    }

    var text: String? { if case .text(let text) = self { text } else { nil } }
    var bool: Bool? { if case .bool(let bool) = self { bool } else { nil } }
    var uint: UInt64? { if case .uint(let uint) = self { uint } else { nil } }
    var list: [JSON]? { if case .list(let list) = self { list } else { nil } }
    var members: [String: JSON]? { if case .object(let members) = self { members } else { nil } }

    var int: Int64? {
        switch self {
        case .uint(let uint): Int64(exactly: uint)
        case .int(let int): int
        default: nil
        }
    }

    /// As JSON text, for what takes a text.
    var encoded: String {
        switch self {
        case .null: "null"
        case .bool(let bool): bool ? "true" : "false"
        case .uint(let uint): "\(uint)"
        case .int(let int): "\(int)"
        case .number(let number): "\(number)"
        case .text(let text): Self.quoted(text)
        case .list(let list): "[" + list.map(\.encoded).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.map { Self.quoted($0.key) + ":" + $0.value.encoded }
                .joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        let data = try? JSONEncoder().encode(text)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}

/// What a vector file must have and does not.
struct Malformed: Error, CustomStringConvertible {
    let description: String
}

func must<T>(_ value: T?, _ what: String) throws -> T {
    guard let value else { throw Malformed(description: "there is no \(what)") }
    return value
}

/// The bytes of a hexadecimal text.
func unhex(_ hex: String) throws -> [UInt8] {
    let digits = Array(hex.utf8)
    guard digits.count % 2 == 0 else { throw Malformed(description: "half a byte: \(hex)") }
    return try stride(from: 0, to: digits.count, by: 2).map { at in
        let pair = String(decoding: digits[at...at + 1], as: UTF8.self)
        return try must(UInt8(pair, radix: 16), "byte in \(pair)")
    }
}

func hex(_ bytes: some Sequence<UInt8>) -> String {
    bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

/// The seed of a number.
func seed(_ number: UInt64) -> [UInt8] {
    withUnsafeBytes(of: number.littleEndian) { Array($0) } + [UInt8](repeating: 0, count: 24)
}
