@testable import Pamlink

extension Record {
    /// The record of an object that has all its members and no other.
    init(_ json: JSON) throws {
        let name = try must(json["record"]?.text, "name in \(json)")
        let schema = try must(Schema.record(named: name), "record `\(name)`")
        let members = try must(json.members, "members")
        let known = Set((schema.words + schema.texts).map(plain) + ["record", "hex"])
        if let other = members.keys.first(where: { !known.contains($0) }) {
            throw Malformed(description: "`\(name)` has no `\(other)`")
        }
        let member = { (name: String) throws -> JSON in
            try must(members[plain(name)], "`\(name)` in \(json)")
        }
        let words = try schema.words.map { name -> Member in
            let value = try member(name)
            if value == .null, name.hasSuffix("?") { return .absent }
            return .word(try must(value.uint, "word `\(name)` in \(json)"))
        }
        let texts = try schema.texts.map { name -> Member in
            let value = try member(name)
            if value == .null, name.hasSuffix("?") { return .absent }
            let text = try must(value.text, "text `\(name)` in \(json)")
            return .bytes(name.hasSuffix("*") ? try unhex(text) : Array(text.utf8))
        }
        self.init(schema: schema, members: words + texts)
    }

    /// The record as a line, for people.
    var line: String {
        let named = zip(schema.words + schema.texts, members).map { name, member in
            let value =
                switch member {
                case .absent: "null"
                case .word(let word): "\(word)"
                case .bytes(let bytes):
                    name.hasSuffix("*") ? hex(bytes) : String(decoding: bytes, as: UTF8.self)
                }
            return "\(plain(name)): \(value)"
        }
        return "\(schema.name) {\(named.joined(separator: ", "))}"
    }

    func member(_ name: String) -> Member? {
        zip(schema.words + schema.texts, members).first { plain($0.0) == name }?.1
    }

    func text(_ name: String) -> String? {
        if case .bytes(let bytes) = member(name) { return String(decoding: bytes, as: UTF8.self) }
        return nil
    }

    func word(_ name: String) -> UInt64? {
        if case .word(let word) = member(name) { return word }
        return nil
    }
}

/// The name of a member without its marks.
func plain(_ name: String) -> String {
    String(name.prefix { $0 != "?" && $0 != "*" })
}
