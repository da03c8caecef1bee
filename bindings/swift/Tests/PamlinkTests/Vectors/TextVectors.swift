import XCTest

@testable import Pamlink

/// What texts are as envelopes. What a case leaves out it does not claim, except where absent means
/// that there is none.
func envelopeVectors(_ file: JSON, _ name: String) throws -> Int {
    let cases = try must(file.list, "cases")
    for item in cases {
        let place = "\(name), \(item["name"]?.text ?? "")"
        let text = try must(item["text"]?.text, "text")
        let found = try JSON(parsing: Engine.describeEnvelope(text, depth: 10))
        if let error = item["error"] {
            XCTAssertEqual(found["error"], error["error"], place)
            XCTAssertEqual(found["at"], error["at"], place)
            XCTAssertEqual(found["expected"], error["expected"], place)
            continue
        }
        XCTAssertNil(found["error"], place)
        XCTAssertEqual(found["kind"], item["kind"], place)
        XCTAssertEqual(found["known"], item["known"] ?? .bool(true), place)
        XCTAssertEqual(found["mismatches"], item["mismatches"] ?? .list([]), place)
        for absent in ["id", "reply_to", "message_text"] {
            XCTAssertEqual(found[absent], item[absent], "\(place), \(absent)")
        }
        for claimed in ["unix_micros", "time_form", "extra", "encoded"] where item.has(claimed) {
            XCTAssertEqual(found[claimed], item[claimed], "\(place), \(claimed)")
        }
        for (field, value) in item["fields"]?.members ?? [:] {
            XCTAssertEqual(found["fields"]?[field], value, "\(place), \(field)")
        }
    }
    return cases.count
}

/// Values and their JSON.
func valueVectors(_ file: JSON, _ name: String) throws -> Int {
    let cases = try must(file.list, "cases")
    for item in cases {
        let place = "\(name), \(item["name"]?.text ?? "")"
        let depth = UInt32(clamping: item["depth"]?.uint ?? 10)
        let encoded = try Value(must(item["value"], "value")).encoded(depth: depth)
        XCTAssertEqual(encoded.json, item["json"]?.text, place)
        let adjusted = (item["adjusted"]?.members ?? [:]).compactMapValues(\.uint)
        XCTAssertEqual(
            encoded.adjusted.filter { $0.value > 0 }.mapValues(UInt64.init),
            adjusted.filter { $0.value > 0 }, place)
    }
    return cases.count
}

extension Value {
    init(_ json: JSON) throws {
        let members = try must(json.members, "value")
        guard members.count == 1, let (kind, content) = members.first else {
            throw Malformed(description: "no one kind: \(json)")
        }
        let text = { try must(content.text, "text in \(json)") }
        switch kind {
        case "null": self = .null
        case "bool": self = .bool(try must(content.bool, "bool"))
        case "int": self = .int(try must(Int64(text()), "int"))
        case "uint": self = .uint(try must(UInt64(text()), "uint"))
        case "float": self = .float(try must(Double(text()), "float"))
        case "text": self = .text(try text())
        case "raw": self = .json(try text())
        case "utf16":
            self = .utf16(try must(content.list, "units").compactMap(\.uint).map(UInt16.init))
        case "wtf8": self = .wtf8(try unhex(text()))
        case "bytes": self = .bytes(try unhex(text()))
        case "time_micros": self = .time(micros: try must(Int64(text()), "micros"))
        case "duration_nanos": self = .span(nanos: try must(UInt64(text()), "nanos"))
        case "list": self = .list(try must(content.list, "list").map { try Value($0) })
        case "map":
            self = .map(
                try must(content.list, "map").map { pair in
                    let pair = try must(pair.list, "pair")
                    guard pair.count == 2 else { throw Malformed(description: "no pair") }
                    return (key: try Value(pair[0]), value: try Value(pair[1]))
                })
        case "nested":
            var value = try Value(must(content["inside"], "inside"))
            for _ in 0..<(try must(content["levels"]?.uint, "levels")) { value = .list([value]) }
            self = value
        default: throw Malformed(description: "no value is a \(kind)")
        }
    }
}

/// The frames that the engine itself writes.
func writerVectors(_ file: JSON, _ name: String) throws -> Int {
    let cases = try must(file.list, "cases")
    for item in cases {
        let wall = try must(item["now_micros"]?.text.flatMap { Int64($0) }, "now_micros")
        let frame = try Engine.writeFrame(
            must(item["frame"]?.text, "frame"), wallMicros: wall,
            args: must(item["args"], "args").encoded)
        XCTAssertEqual(frame, item["json"]?.text, "\(name), \(item["name"]?.text ?? "")")
    }
    return cases.count
}
