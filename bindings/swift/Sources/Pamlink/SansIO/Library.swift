import CPamlink
import Foundation
internal import PamlinkFFI

/// The engine's library: whether it fits this package, and what crosses the border rarely.
enum Library {
    /// Looks once whether the library speaks the package's version of the border.
    private static let fits = Result<Void, PamlinkError> { () throws(PamlinkError) in
        try check(found: pamlink_abi())
    }

    /// - Throws: `abi_mismatch`. To be called before anything else of the library.
    static func ready() throws(PamlinkError) {
        try fits.get()
    }

    static func check(found: UInt32) throws(PamlinkError) {
        guard found != Schema.abi else { return }
        throw PamlinkError(
            .abiMismatch,
            "this package speaks version \(Schema.abi) of the border to the engine, and the "
                + "library pamlink_ffi that was found speaks \(found): install both from the same "
                + "release")
    }

    /// Calls a function of the library and gives its error a type.
    static func call<T>(_ work: () throws -> T) throws(PamlinkError) -> T {
        try ready()
        do {
            return try work()
        } catch let failure as Failure {
            throw PamlinkError(failure)
        } catch {
            throw PamlinkError(.poisoned, "the library failed: \(error)")
        }
    }

    /// 32 bytes from the operating system's source of entropy.
    static func seed() -> [UInt8] {
        var random = SystemRandomNumberGenerator()
        return (0..<4).flatMap { _ in withUnsafeBytes(of: random.next() as UInt64) { Array($0) } }
    }
}

extension PamlinkError {
    init(_ failure: Failure) {
        switch failure {
        case .Failure(let code, _, let kind, let retryable, let retryAfter, let what):
            self.init(
                number: code, kind: kind, retryable: retryable,
                retryAfter: retryAfter.map { .milliseconds(Int64(clamping: $0)) }, message: what)
        }
    }
}
