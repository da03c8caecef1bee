import XCTest

@testable import Pamlink

/// Records and their bytes: one of the host must be written so, one of the engine must read so, and
/// one that nobody knows is handed on as it is.
func recordVectors(_ file: JSON, _ name: String) throws -> Int {
    let cases = try must(file.list, "cases")
    for item in cases {
        let wanted = try unhex(must(item["hex"]?.text, "hex"))
        guard item["record"] != nil else {
            try checkUnknown(wanted, kind: must(item["kind"]?.uint, "kind"))
            continue
        }
        let record = try Record(item)
        switch record.schema.from {
        case .host:
            let out = RecordWriter()
            record.write(to: out)
            XCTAssertEqual(hex(out.buffer), hex(wanted), record.line)
        case .engine:
            let read = try wanted.withRecords { Record($0) }
            XCTAssertEqual(read.map { $0?.line }, [record.line])
            XCTAssertEqual(read, [record])
        }
    }
    return cases.count
}

private func checkUnknown(_ record: [UInt8], kind: UInt64) throws {
    let number = UInt16(clamping: kind)
    let outputs = try record.withRecords { record in
        (record.isKnown, ClientOutput(record), HubOutput(record))
    }
    XCTAssertEqual(outputs.count, 1)
    for (isKnown, ofClient, ofHub) in outputs {
        XCTAssertFalse(isKnown)
        XCTAssertEqual(ofClient, .event(.unknown(kind: number, raw: record)))
        XCTAssertEqual(ofHub, .unknown(kind: number, raw: record))
    }
}
