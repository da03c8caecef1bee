import XCTest

@testable import Pamlink

/// Every option of the table is one of this package, and no other is; the engine takes what is
/// within its bounds, and refuses what is beyond by name, value and bounds.
func optionVectors(_ file: JSON, _ name: String) throws -> Int {
    let cases = try must(file["cases"]?.list, "cases")
    let ours: [(String, Any)] = [("client", Configuration()), ("hub", HubConfiguration())]
    for (of, options) in ours {
        let table = try cases.filter { $0["of"]?.text == of }.map { camel(try word($0, "name")) }
        let members = Mirror(reflecting: options).children.compactMap(\.label)
        // What decides itself what it may be.
        let itself = ["auth", "routes"]
        XCTAssertEqual(Set(table), Set(members).subtracting(itself), of)
    }
    for option in cases where option["lowest"] != nil {
        for bound in ["lowest", "highest", "default"] {
            try make(option, must(option[bound], bound))
        }
        for refused in try must(option["refused"]?.list, "refused") {
            let value = try must(refused["value"], "value")
            XCTAssertThrowsError(try make(option, value), "\(refused)") { error in
                let error = error as? PamlinkError
                XCTAssertEqual(error?.code, .badOption)
                XCTAssertEqual(error?.message, refused["says"]?.text)
            }
        }
        if option["of"]?.text == "client", option["name"]?.text == "max_message_bytes" {
            XCTAssertEqual(option["default"]?.uint, Configuration.defaultMaxMessageBytes)
        }
    }
    return cases.count
}

private func word(_ option: JSON, _ name: String) throws -> String {
    try must(option[name]?.text, name)
}

private func camel(_ name: String) -> String {
    let words = name.split(separator: "_").filter { $0 != "ms" }
    return words.dropFirst().reduce(String(words.first ?? "")) { $0 + $1.capitalized }
}

/// Makes a machine with this option.
private func make(_ option: JSON, _ value: JSON) throws {
    let name = try word(option, "name")
    switch try word(option, "of") {
    case "client":
        let members = JSON.object(["url": .text("ws://h/"), name: value])
        let (url, configuration) = try Options(members).client()
        _ = try ClientEngine(url: url, configuration: configuration, seed: seed(1))
    case "hub":
        _ = try HubEngine(configuration: Options(.object([name: value])).hub(), seed: seed(1))
    case "auth":
        let secret = JSON.text(String(repeating: "07", count: 32))
        let auth = JSON.object(["hs256_secret": secret, name: value])
        _ = try HubEngine(configuration: Options(.object(["auth": auth])).hub(), seed: seed(1))
    case let of: throw Malformed(description: "nobody has options of \(of)")
    }
}
