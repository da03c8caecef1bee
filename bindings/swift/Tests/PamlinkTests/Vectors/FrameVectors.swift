import XCTest

@testable import Pamlink

/// Frames read in parts, and frames written.
func frameVectors(_ file: JSON, _ name: String) throws -> Int {
    let cases = try must(file["cases"]?.list, "cases")
    for (at, item) in cases.enumerated() {
        let codec = try FrameCodec(
            client: item["client"]?.bool ?? file["client"]?.bool ?? false,
            maxMessageBytes: try must(
                item["max_message_bytes"]?.uint ?? file["max_message_bytes"]?.uint,
                "max_message_bytes"),
            seed: seed(try must(item["seed"]?.uint ?? file["seed"]?.uint, "seed")))
        let place = "\(name), case \(at)"
        if let parts = item["parts"]?.list {
            var found: [String] = []
            for part in parts {
                let records = try codec.readRecords(
                    unhex(must(part.text, "part")))
                found += try records.withRecords { Record($0)?.line ?? "unknown" }
            }
            let wanted = try must(item["events"]?.list, "events").map { try Record($0).line }
            XCTAssertEqual(found, wanted, place)
        } else {
            let writes = try must(item["write"]?.list, "write")
            let wanted = try must(item["bytes"]?.list, "bytes")
            XCTAssertEqual(writes.count, wanted.count, place)
            for (write, wanted) in zip(writes, wanted) {
                XCTAssertEqual(try written(codec, write), wanted, "\(place), \(write)")
            }
        }
    }
    return cases.count
}

/// The bytes of a frame, or the number of an error.
private func written(_ codec: FrameCodec, _ write: JSON) throws -> JSON {
    do throws(PamlinkError) {
        return .text(hex(try frame(codec, write)))
    } catch {
        return .uint(UInt64(error.code.rawValue))
    }
}

private func frame(_ codec: FrameCodec, _ write: JSON) throws(PamlinkError) -> [UInt8] {
    let raw = { (name: String) in write[name]?.text.flatMap { try? unhex($0) } }
    if let text = write["text"]?.text { return try codec.text(text) }
    if let binary = raw("binary") { return try codec.binary(binary) }
    if let ping = raw("ping") { return try codec.ping(ping) }
    if let pong = raw("pong") { return try codec.pong(pong) }
    if let fragment = write["fragment"] {
        let payload = fragment["bytes"]?.text.flatMap { try? unhex($0) } ?? []
        return try codec.fragment(
            text: fragment["text"]?.bool ?? false, fin: fragment["fin"]?.bool ?? false, payload)
    }
    let close = write["close"]
    return try codec.close(
        code: close?["code"]?.uint.map { UInt16(clamping: $0) },
        reason: close?["reason"]?.text ?? "")
}
