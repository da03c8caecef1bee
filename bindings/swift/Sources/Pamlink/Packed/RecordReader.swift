/// The word that says that there is none.
let noWord: UInt64 = .max
/// The length that says that there is no text.
let noText: UInt32 = .max
/// Bytes before the words.
let recordHead = 8

/// Reads one record, its words and its texts each in their order. All bounds are checked before a
/// reader exists, so that reading cannot fail; what lies beyond the record's members reads as 0 or
/// absent.
struct RecordReader {
    let kind: UInt16
    /// The whole record.
    let raw: UnsafeRawBufferPointer
    /// Whether this version knows the record.
    let isKnown: Bool
    private var word: Int
    private var length: Int
    private var text: Int
    private let lengths: Int
    private let texts: Int

    /// The record at `offset`, which is moved behind it.
    ///
    /// - Throws: `bad_input`: the buffer breaks the layout.
    init(_ buffer: UnsafeRawBufferPointer, at offset: inout Int) throws(PamlinkError) {
        let left = buffer.count - offset
        guard left >= recordHead, let base = buffer.baseAddress else {
            throw PamlinkError(.badInput, "a record is cut off in its head")
        }
        let start = base + offset
        let size = Int(UInt32(littleEndian: start.loadUnaligned(as: UInt32.self)))
        let kind = UInt16(littleEndian: start.loadUnaligned(fromByteOffset: 4, as: UInt16.self))
        let words = start.load(fromByteOffset: 6, as: UInt8.self)
        let texts = start.load(fromByteOffset: 7, as: UInt8.self)
        guard size <= left else {
            throw PamlinkError(.badInput, "record \(kind) has no size of \(size) bytes in \(left)")
        }
        let lengths = recordHead + 8 * Int(words)
        let body = lengths + 4 * Int(texts)
        guard body <= size else {
            throw PamlinkError(.badInput, "record \(kind) is too small for its members")
        }
        var end = body
        for at in 0..<Int(texts) {
            let length = start.loadUnaligned(fromByteOffset: lengths + 4 * at, as: UInt32.self)
            if length != noText { end += Int(UInt32(littleEndian: length)) }
        }
        guard end == size else {
            throw PamlinkError(.badInput, "the texts of record \(kind) are not as long as it says")
        }
        let shape = Schema.shape(kind)
        if let shape, shape.words != words || shape.texts != texts {
            throw PamlinkError(.badInput, "record \(kind) has other members")
        }
        self.kind = kind
        self.raw = UnsafeRawBufferPointer(start: start, count: size)
        self.isKnown = shape != nil
        self.word = recordHead
        self.length = lengths
        self.text = body
        self.lengths = lengths
        self.texts = body
        offset += size
    }

    /// The next word.
    @inline(__always)
    mutating func number() -> UInt64 {
        guard word + 8 <= lengths else { return 0 }
        defer { word += 8 }
        return UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: word, as: UInt64.self))
    }

    /// The next word, which may be none.
    @inline(__always)
    mutating func maybe() -> UInt64? {
        let number = number()
        return number == noWord ? nil : number
    }

    /// The next word, which may be none, and else is a status or a close code.
    mutating func small() -> UInt16? {
        maybe().map { UInt16(clamping: $0) }
    }

    /// The next word, which is a flag.
    @inline(__always)
    mutating func flag() -> Bool {
        number() != 0
    }

    /// The next text.
    @inline(__always)
    mutating func string() -> String {
        slice().map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// The next text, which may be absent.
    @inline(__always)
    mutating func maybeString() -> String? {
        slice().map { String(decoding: $0, as: UTF8.self) }
    }

    /// The next text, which is bytes.
    mutating func bytes() -> [UInt8] {
        slice().map { [UInt8]($0) } ?? []
    }

    /// The next text where it lies, if there is one.
    @inline(__always)
    mutating func slice() -> UnsafeRawBufferPointer? {
        guard length + 4 <= texts else { return nil }
        let count = UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: length, as: UInt32.self))
        length += 4
        guard count != noText else { return nil }
        defer { text += Int(count) }
        return UnsafeRawBufferPointer(rebasing: raw[text..<text + Int(count)])
    }
}
