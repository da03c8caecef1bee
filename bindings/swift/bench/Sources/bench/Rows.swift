import Foundation

/// A figure, what it is held against, and what that should be: as `benches/src/rows.rs`.
struct Row: Encodable {
    let name: String
    let value: Double
    let unit: String
    let peer: String?
    let peerValue: Double?
    let ratio: Double?
    let target: String?
    let met: Bool?

    init(
        _ name: String, _ value: Double, _ unit: String,
        beside peer: (name: String, value: Double)? = nil, atMost: Double? = nil
    ) {
        self.name = "swift: \(name)"
        self.value = value
        self.unit = unit
        self.peer = peer?.name
        peerValue = peer?.value
        let ratio = peer.map { value / $0.value }
        self.ratio = ratio
        target = atMost.map { "<= \($0) x" }
        met = atMost.flatMap { most in ratio.map { $0 <= most } }
    }

    enum CodingKeys: String, CodingKey {
        case name, value, unit, peer, ratio, target, met
        case peerValue = "peer_value"
    }

    /// All eight members: those that there are not are null.
    func encode(to encoder: any Encoder) throws {
        var row = encoder.container(keyedBy: CodingKeys.self)
        try row.encode(name, forKey: .name)
        try row.encode(value, forKey: .value)
        try row.encode(unit, forKey: .unit)
        try row.encode(peer, forKey: .peer)
        try row.encode(peerValue, forKey: .peerValue)
        try row.encode(ratio, forKey: .ratio)
        try row.encode(target, forKey: .target)
        try row.encode(met, forKey: .met)
    }

    var line: String {
        var line = "  \(name): \(String(format: "%.2f", value)) \(unit)"
        if let peer, let peerValue, let ratio {
            line += ", \(peer): \(String(format: "%.2f, %.3f", peerValue, ratio)) x"
        }
        return line + "\n"
    }
}

/// Rows, said on standard error as they come.
struct Rows: Encodable {
    private(set) var rows: [Row] = []

    mutating func add(_ row: Row) {
        FileHandle.standardError.write(Data(row.line.utf8))
        rows.append(row)
    }

    /// Writes them to a file, or to standard output.
    func write(to file: String?) throws {
        let text = try JSONEncoder().encode(self)
        if let file {
            try text.write(to: URL(fileURLWithPath: file))
        } else {
            print(String(decoding: text, as: UTF8.self))
        }
    }
}

/// The value of a row in a file of rows, by its name; nothing if there is no such file.
func value(of name: String, in file: String) throws -> Double? {
    struct Other: Decodable {
        struct Row: Decodable {
            let name: String
            let value: Double
        }
        let rows: [Row]
    }
    guard let text = FileManager.default.contents(atPath: file) else { return nil }
    return try JSONDecoder().decode(Other.self, from: text).rows.first { $0.name == name }?.value
}

/// What was expected and did not come.
struct Broken: Error {
    let what: String
}
