import CPamlink
import XCTest

@testable @_spi(Measured) import Pamlink

/// The C entry: what it refuses, by its numbers.
final class EntryTests: XCTestCase {
    func testItSpeaksTheVersionOfThisPackage() {
        XCTAssertEqual(pamlink_abi(), Schema.abi)
    }

    func testAHandleThatNamesNothingIsATypedError() {
        for handle in [0, .max] as [UInt64] {
            let stepper = Stepper(handle: handle)
            stepper.input.bare(Kind.wake)
            XCTAssertEqual(code { try stepper.output(.current) }, .noEngine)
        }
    }

    func testAHandleIsOfNoUseWhenItsEngineIsGone() throws {
        var engine: HubEngine? = try HubEngine()
        let stepper = Stepper(handle: try XCTUnwrap(engine).handle)
        XCTAssertGreaterThan(try stepper.output(.current).count, 0)
        engine = nil
        XCTAssertEqual(code { try stepper.output(.current) }, .noEngine)
    }

    func testAnEngineFreesItsHandleWhenNobodyHoldsIt() throws {
        weak var gone: ClientEngine?
        var handle: UInt64 = 0
        do {
            let engine = try ClientEngine(url: "ws://localhost/x")
            (gone, handle) = (engine, engine.handle)
        }
        XCTAssertNil(gone)
        XCTAssertEqual(code { try Stepper(handle: handle).output(.current) }, .noEngine)
    }

    func testWrongLengthsAndNullAreRefused() throws {
        let engine = try HubEngine()
        let bad = -Int64(ErrorCode.badInput.rawValue)
        XCTAssertEqual(pamlink_step(engine.handle, 1, 1, nil, 8, nil, 0), bad)
        XCTAssertEqual(pamlink_step(engine.handle, 1, 1, nil, 0, nil, 64), bad)
        XCTAssertEqual(pamlink_output(engine.handle, nil, 64), bad)
        var (byte, other) = (UInt8(0), UInt8(0))
        XCTAssertEqual(pamlink_step(engine.handle, 1, 1, &byte, .max, &other, 1), bad)
        XCTAssertEqual(pamlink_step(engine.handle, 1, 1, &byte, 1, &other, .max), bad)
        // It goes on as if nothing had been.
        XCTAssertNoThrow(try engine.step())
    }

    func testAnOutputWithoutRoomWaitsAndIsNotLost() throws {
        let engine = try HubEngine()
        let stepper = Stepper(handle: engine.handle, capacity: 1)
        stepper.input.bare(Kind.accept)
        let kinds = try [UInt8](stepper.output(.current)).withRecords { $0.kind }
        XCTAssertEqual(kinds, [Kind.accepted, Kind.next])
        XCTAssertEqual(pamlink_output(engine.handle, nil, 0), 0, "it was given twice")

        let length = pamlink_step(engine.handle, 1, 1, nil, 0, nil, 0)
        XCTAssertGreaterThan(length, 0)
        let pending = -Int64(ErrorCode.outputPending.rawValue)
        XCTAssertEqual(pamlink_step(engine.handle, 1, 1, nil, 0, nil, 0), pending)
        var room = [UInt8](repeating: 0, count: Int(length))
        XCTAssertEqual(pamlink_output(engine.handle, &room, UInt64(room.count)), length)
        XCTAssertEqual(try room.withRecords { $0.kind }, [Kind.next])
    }

    func testAnInputThatIsNoRecordIsAFaultAndNoCrash() throws {
        let engine = try HubEngine()
        for length in 0..<40 {
            let bytes = [UInt8](repeating: UInt8(255 - length), count: length)
            var input = bytes
            var room = [UInt8](repeating: 0, count: 4096)
            let written = pamlink_step(
                engine.handle, 1, 1, &input, UInt64(length), &room, UInt64(room.count))
            let records = try Array(room[..<Int(written)]).withRecords { HubOutput($0) }
            guard length > 0 else {
                XCTAssertEqual(records.count, 1)
                continue
            }
            guard case .fault(let fault)? = records.first else { return XCTFail("\(records)") }
            XCTAssertEqual(fault.error.code, .badInput)
        }
    }

    func testStepsFromManyThreadsAreTakenOneAtATime() throws {
        let engine = try HubEngine()
        let faults = Counter()
        DispatchQueue.concurrentPerform(iterations: 8) { _ in
            for _ in 0..<200 {
                let outputs = (try? engine.step(.accept)) ?? []
                guard case .accepted(_, let link)? = outputs.first else { return faults.add() }
                let closed = (try? engine.step(.closed(link: link))) ?? []
                if !closed.contains(where: {
                    if case .closed(link, _, _, _, _) = $0 { true } else { false }
                }) {
                    faults.add()
                }
            }
        }
        XCTAssertEqual(faults.count, 0)
        XCTAssertEqual(try engine.links(), 0)
    }
}

/// Counts from many threads.
final class Counter: @unchecked Sendable {
    private let lock = NSLock()
    private var number = 0

    func add() { lock.withLock { number += 1 } }
    var count: Int { lock.withLock { number } }
}
