/// Writes records one behind the other into a buffer that it keeps.
///
/// A record is begun with its kind; its words and texts follow, each in their order, and `end`
/// closes it. The number of members comes from the table.
final class RecordWriter {
    private var base: UnsafeMutableRawPointer
    private var capacity: Int
    private(set) var count = 0
    private var start = 0
    private var word = 0
    private var length = 0

    /// Bytes that are kept between two inputs.
    private static let keep = 64 * 1024

    init() {
        capacity = 1024
        base = .allocate(byteCount: capacity, alignment: 16)
    }

    deinit {
        base.deallocate()
    }

    /// What was written, until the next change.
    var buffer: UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: base, count: count)
    }

    /// Forgets what was written.
    func clear() {
        count = 0
        if capacity > Self.keep {
            base.deallocate()
            capacity = 1024
            base = .allocate(byteCount: capacity, alignment: 16)
        }
    }

    /// Appends bytes as they are, whatever they are.
    func raw(_ bytes: [UInt8]) {
        reserve(count + bytes.count)
        bytes.withUnsafeBytes {
            if let from = $0.baseAddress {
                (base + count).copyMemory(from: from, byteCount: bytes.count)
            }
        }
        count += bytes.count
    }

    /// Begins a record.
    @inline(__always)
    func begin(_ kind: UInt16, words: Int, texts: Int) {
        start = count
        word = count + recordHead
        length = word + 8 * words
        let body = length + 4 * texts
        reserve(body)
        count = body
        base.storeBytes(of: kind.littleEndian, toByteOffset: start + 4, as: UInt16.self)
        base.storeBytes(of: UInt8(words), toByteOffset: start + 6, as: UInt8.self)
        base.storeBytes(of: UInt8(texts), toByteOffset: start + 7, as: UInt8.self)
    }

    /// The next word.
    @inline(__always)
    func number(_ value: UInt64) {
        base.storeBytes(of: value.littleEndian, toByteOffset: word, as: UInt64.self)
        word += 8
    }

    /// The next word, if there is one.
    func maybe(_ value: UInt64?) {
        number(value ?? noWord)
    }

    /// The next word, a flag.
    func flag(_ value: Bool) {
        number(value ? 1 : 0)
    }

    /// The next text.
    func text(_ value: String) {
        var value = value
        value.withUTF8 { bytes(UnsafeRawBufferPointer($0)) }
    }

    /// The next text, if there is one.
    func maybe(_ value: String?) {
        if let value {
            text(value)
        } else {
            base.storeBytes(of: noText, toByteOffset: length, as: UInt32.self)
            length += 4
        }
    }

    /// The next text, which is bytes.
    func bytes(_ value: [UInt8]) {
        value.withUnsafeBytes { bytes($0) }
    }

    /// The next text from where it lies.
    @inline(__always)
    func bytes(_ value: UnsafeRawBufferPointer) {
        // No message is near 4 GiB long; the engine would refuse it.
        let size = UInt32(truncatingIfNeeded: value.count)
        base.storeBytes(of: size.littleEndian, toByteOffset: length, as: UInt32.self)
        length += 4
        reserve(count + value.count)
        if let from = value.baseAddress {
            (base + count).copyMemory(from: from, byteCount: value.count)
        }
        count += value.count
    }

    /// Closes the record.
    @inline(__always)
    func end() {
        let size = UInt32(truncatingIfNeeded: count - start)
        base.storeBytes(of: size.littleEndian, toByteOffset: start, as: UInt32.self)
    }

    @inline(__always)
    private func reserve(_ wanted: Int) {
        if wanted > capacity { grow(wanted) }
    }

    private func grow(_ wanted: Int) {
        capacity = max(wanted, 2 * capacity)
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 16)
        larger.copyMemory(from: base, byteCount: count)
        base.deallocate()
        base = larger
    }
}
