import XCTest

@testable import Pamlink

/// The error numbers of this package, of its library and of the file.
func errorVectors(_ file: JSON, _ name: String) throws -> Int {
    let codes = try must(file["codes"]?.list, "codes")
    let library = try Engine.errorCodes()
    XCTAssertEqual(library.count, codes.count)
    XCTAssertEqual(ErrorCode.all.count, codes.count)
    for (item, (ours, theirs)) in zip(codes, zip(ErrorCode.all, library)) {
        XCTAssertEqual(item["code"]?.uint, UInt64(ours.rawValue))
        XCTAssertEqual(item["name"]?.text, ours.name)
        XCTAssertEqual(item["class"]?.text, ours.kind)
        XCTAssertEqual(item["retryable"]?.bool, ours.isRetryable)
        XCTAssertEqual(theirs.code, ours.rawValue)
        XCTAssertEqual(theirs.name, ours.name)
        XCTAssertEqual(theirs.kind, ours.kind)
        XCTAssertEqual(theirs.retryable, ours.isRetryable)
    }
    return codes.count
}

/// The table of the packed layout.
func schemaVectors(_ file: JSON, _ name: String) throws -> Int {
    XCTAssertEqual(file["abi"]?.uint, UInt64(Schema.abi))
    let records = try must(file["records"]?.list, "records")
    let theirs = try records.map { record in
        RecordSchema(
            kind: UInt16(clamping: try must(record["kind"]?.uint, "kind")),
            name: try must(record["name"]?.text, "name"),
            from: try must(Writer(rawValue: record["from"]?.text ?? ""), "writer"),
            words: try must(record["words"]?.list, "words").compactMap(\.text),
            texts: try must(record["texts"]?.list, "texts").compactMap(\.text))
    }
    XCTAssertEqual(Schema.records, theirs)
    return records.count
}

/// The state tables of both ends: a case is an input.
func stateVectors(_ file: JSON, _ name: String) throws -> Int {
    XCTAssertEqual(try JSON(parsing: Engine.stateTables()), file)
    return try ["client", "server"].reduce(0) { sum, end in
        sum + (try must(file[end]?["inputs"]?.members, "inputs of a \(end)")).count
    }
}
