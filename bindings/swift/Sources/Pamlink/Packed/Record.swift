/// A record by the table alone, for records that are compared and not used: the vectors.
struct Record: Equatable {
    enum Member: Equatable {
        case word(UInt64)
        case bytes([UInt8])
        case absent
    }

    let schema: RecordSchema
    /// Words, then texts, in the order of the table.
    let members: [Member]

    /// Reads the members of a record that the table knows.
    init?(_ reader: RecordReader) {
        guard let schema = Schema.record(reader.kind) else { return nil }
        var reader = reader
        self.schema = schema
        var members: [Member] = []
        for name in schema.words {
            let word = reader.number()
            members.append(name.hasSuffix("?") && word == noWord ? .absent : .word(word))
        }
        for _ in schema.texts {
            members.append(reader.slice().map { .bytes([UInt8]($0)) } ?? .absent)
        }
        self.members = members
    }

    init(schema: RecordSchema, members: [Member]) {
        self.schema = schema
        self.members = members
    }

    func write(to out: RecordWriter) {
        out.begin(schema.kind, words: schema.words.count, texts: schema.texts.count)
        for member in members.prefix(schema.words.count) {
            if case .word(let word) = member { out.number(word) } else { out.number(noWord) }
        }
        for member in members.dropFirst(schema.words.count) {
            if case .bytes(let bytes) = member { out.bytes(bytes) } else { out.maybe(String?.none) }
        }
        out.end()
    }
}
