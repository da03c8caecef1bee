import XCTest

@testable import Pamlink

/// The packed layout, and the types that are made of its records.
final class PackedTests: XCTestCase {
    func testEveryRecordOfAHostIsWrittenByItsType() throws {
        for schema in Schema.records where schema.from == .host {
            for record in samples(schema) {
                let typed = RecordWriter()
                if let input = clientInput(record) {
                    input.write(to: typed)
                } else {
                    try XCTUnwrap(hubInput(record), "no type writes `\(schema.name)`")
                        .write(to: typed)
                }
                let plain = RecordWriter()
                record.write(to: plain)
                XCTAssertEqual(hex(typed.buffer), hex(plain.buffer), record.line)
            }
        }
    }

    func testEveryRecordOfAnEngineIsReadByItsType() throws {
        // The record that a step ends with is read by the step itself.
        for schema in Schema.records where schema.from == .engine && schema.kind != Kind.next {
            let record = sample(schema)
            let out = RecordWriter()
            record.write(to: out)
            let read = try [UInt8](out.buffer).withRecords { reader in
                leaves(ClientOutput(reader)) + leaves(HubOutput(reader))
                    + leaves(FrameCodec.Frame(reader))
            }
            let found = Set(read.joined())
            for leaf in leaves(of: record) {
                // The name of an error goes with its number.
                if schema.kind == Kind.fault, leaf.label == "name" { continue }
                let bare = ["need": "other", "bytes": schema.name, "text": "text"][leaf.label]
                let unlabelled = bare.map { Leaf(label: $0, value: leaf.value) }
                XCTAssertTrue(
                    found.contains(leaf) || unlabelled.map(found.contains) == true,
                    "\(leaf) of \(record.line) is not in \(found)")
            }
        }
    }

    func testWhatIsCutOffOrAddedToIsRefused() throws {
        let out = RecordWriter()
        sample(try XCTUnwrap(Schema.record(Kind.request))).write(to: out)
        let whole = [UInt8](out.buffer)
        XCTAssertEqual(try whole.withRecords { $0.kind }, [Kind.request])
        for length in 1..<whole.count {
            XCTAssertEqual(code { try Array(whole[..<length]).withRecords { $0.kind } }, .badInput)
        }
        XCTAssertEqual(code { try (whole + [0]).withRecords { $0.kind } }, .badInput)
    }

    func testEveryWrongByteOfAHeadIsRefusedOrHarmless() throws {
        let out = RecordWriter()
        sample(try XCTUnwrap(Schema.record(Kind.rejected))).write(to: out)
        let whole = [UInt8](out.buffer)
        // Size, kind, numbers of members, and the lengths of the texts.
        let lengths = recordHead + 2 * 8
        for at in Array(0..<recordHead) + Array(lengths..<lengths + 3 * 4) {
            for value in UInt8.min...UInt8.max where value != whole[at] {
                var broken = whole
                broken[at] = value
                let read = code { try broken.withRecords { _ = [ClientOutput($0)] } }
                // Another kind may have as many members, or be one that nobody knows.
                let isKind = at == 4 || at == 5
                XCTAssertTrue(read == .badInput || (isKind && read == nil), "\(value) at \(at)")
            }
        }
    }

    func testARecordOfAnotherShapeIsRefused() {
        // `asked` has two words.
        let short: [UInt8] = [16, 0, 0, 0, 102, 0, 1, 0] + [UInt8](repeating: 0, count: 8)
        XCTAssertEqual(code { try short.withRecords { $0.kind } }, .badInput)
    }

    func testAWriterGrowsAndForgets() throws {
        let out = RecordWriter()
        let long = String(repeating: "é", count: 100_000)
        for _ in 0..<3 {
            ClientInput.send(long).write(to: out)
            ClientInput.wake.write(to: out)
        }
        XCTAssertEqual(out.count, 3 * (12 + 200_000 + 8))
        out.clear()
        XCTAssertEqual(out.count, 0)
        ClientInput.wake.write(to: out)
        XCTAssertEqual(hex(out.buffer), "0800000017000000")
    }

    func testALibraryOfAnotherVersionIsRefusedInWords() {
        XCTAssertNoThrow(try Library.ready())
        let found = Schema.abi + 1
        do throws(PamlinkError) {
            try Library.check(found: found)
            XCTFail("it was taken")
        } catch {
            XCTAssertEqual(error.code, .abiMismatch)
            XCTAssertTrue(error.message.contains("speaks \(found)"), error.message)
        }
    }

    func testNothingShowsASecret() throws {
        let token = "eyJhbGciOiJIUzI1NiJ9.secret"
        var dumped = ""
        dump(ClientInput.token(Secret(token), expiresMicros: 1), to: &dumped)
        dump(HubInput.acceptOpened(user: "ann", .token(Secret(token))), to: &dumped)
        dump(Auth(hs256Secret: Array(token.utf8)), to: &dumped)
        dumped += "\(ClientInput.token(Secret(token), expiresMicros: nil))"
        dumped += String(reflecting: Secret(token)) + "\(Auth(hs256Secret: Array(token.utf8)))"
        var dial = sample(try XCTUnwrap(Schema.record(Kind.dial)))
        dial = Record(
            schema: dial.schema,
            members: dial.members.map { member in
                if case .bytes = member { return .bytes(Array(token.utf8)) } else { return member }
            })
        let out = RecordWriter()
        dial.write(to: out)
        for output in try [UInt8](out.buffer).withRecords({ ClientOutput($0) }) {
            // The host is not hidden, nor what is offered.
            dumped += "\(output)".replacingOccurrences(of: "host: \"\(token)\"", with: "")
                .replacingOccurrences(of: "subprotocol: Optional(\"\(token)\")", with: "")
        }
        XCTAssertFalse(dumped.contains("secret"), dumped)
        XCTAssertEqual(Secret(token).expose(), token)
    }
}

/// The number of the error that `work` throws.
func code<T>(_ work: () throws -> T) -> ErrorCode? {
    do {
        _ = try work()
        return nil
    } catch {
        return (error as? PamlinkError)?.code ?? ErrorCode(rawValue: 0)
    }
}
