@testable import Pamlink

/// A value within a typed output: where it stands, and what it is.
struct Leaf: Hashable {
    let label: String
    let value: String
}

/// All values within something, by the labels that they have there.
func leaves(_ any: Any, _ label: String = "_") -> [Leaf] {
    let leaf = { (value: String) in [Leaf(label: label, value: value)] }
    switch any {
    case let text as String: return leaf(text)
    case let bytes as [UInt8]: return leaf(hex(bytes))
    case let secret as Secret: return leaf(secret.expose())
    case let flag as Bool: return leaf(flag ? "1" : "0")
    case let span as Duration: return leaf("\(span.word)")
    case let state as LinkState: return leaf("\(state.rawValue)")
    case let code as Pamlink.ErrorCode: return leaf("\(code.rawValue)")
    case let number as any FixedWidthInteger: return leaf("\(number)")
    default: break
    }
    let mirror = Mirror(reflecting: any)
    return mirror.children.flatMap { child -> [Leaf] in
        // What has no label of its own stands where that around it does.
        let own = child.label.flatMap { $0.hasPrefix(".") || $0 == "some" ? nil : $0 }
        return leaves(child.value, own ?? label)
    }
}

/// The values of a record, by the labels that its type gives them.
func leaves(of record: Record) -> [Leaf] {
    let labels = [
        "class": "kind", "error_code": "errorCode", "close_code": "closeCode", "tls": "isTLS",
        "retry_after": "retryAfter", "links_of_user": "linksOfUser",
        "wants_pieces": "wantsPieces", "agent_name": "agentName",
    ]
    // The name of a fault of the protocol is called so.
    let failure = record.schema.kind == Kind.failed ? ["error": "name"] : [:]
    let names = record.schema.words + record.schema.texts
    return zip(names, record.members).map { name, member in
        let value =
            switch member {
            case .word(let word): "\(word)"
            case .bytes(let bytes):
                name.hasSuffix("*") ? hex(bytes) : String(decoding: bytes, as: UTF8.self)
            case .absent: "none"
            }
        return Leaf(
            label: (failure[plain(name)] ?? labels[plain(name)]) ?? plain(name), value: value)
    }
}
