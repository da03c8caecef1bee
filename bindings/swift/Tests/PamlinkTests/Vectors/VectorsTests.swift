import Foundation
import XCTest

@testable import Pamlink

/// Every file of `tests/vectors`, every case of it. Prints how many cases of each it has run.
final class VectorsTests: XCTestCase {
    func testEveryFileIsRunAndEveryCaseHolds() throws {
        let folder = try Self.folder()
        let files = try Self.files(in: folder)
        XCTAssertGreaterThan(files.count, 20)
        for file in files {
            guard let run = Self.runner(file) else {
                XCTFail("nobody runs \(file)")
                continue
            }
            let cases = try run(JSON(file: folder.appendingPathComponent(file)), file)
            XCTAssertGreaterThan(cases, 0, file)
            print("vectors swift \(file) \(cases)")
        }
    }

    func testAFileThatNobodyKnowsIsNoticed() {
        XCTAssertNotNil(Self.runner("engine/any.json"))
        XCTAssertNil(Self.runner("any.json"))
        XCTAssertNil(Self.runner("engine/deeper/any.json"))
    }

    private typealias Run = (JSON, String) throws -> Int

    private static func runner(_ file: String) -> Run? {
        switch file {
        case "backoff.json": return backoffVectors
        case "jwt.json": return tokenVectors
        case "options.json": return optionVectors
        case "states.json": return stateVectors
        case "targets.json": return targetVectors
        case "errors.json": return errorVectors
        case "values/values.json": return valueVectors
        case "values/writers.json": return writerVectors
        case "packed/schema.json": return schemaVectors
        case "packed/records.json": return recordVectors
        default: break
        }
        let parts = file.split(separator: "/")
        guard parts.count == 2 else { return nil }
        switch parts[0] {
        case "envelopes": return envelopeVectors
        case "routing": return routingVectors
        case "transcripts": return transcriptVectors
        case "window": return windowVectors
        case "frames": return frameVectors
        case "engine": return engineVectors
        default: return nil
        }
    }

    private static func folder() throws -> URL {
        let path = try XCTUnwrap(
            ProcessInfo.processInfo.environment["PAMLINK_VECTORS"],
            "PAMLINK_VECTORS must name the folder tests/vectors")
        return URL(fileURLWithPath: path, isDirectory: true)
    }

    private static func files(in folder: URL) throws -> [String] {
        let all = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        return all.filter { $0.hasSuffix(".json") }.sorted()
    }
}
