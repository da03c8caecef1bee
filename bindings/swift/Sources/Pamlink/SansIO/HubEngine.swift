import Foundation
internal import PamlinkFFI

/// A hub without sockets and clocks: many links of many users. As ``ClientEngine``.
public final class HubEngine: @unchecked Sendable {
    private let hub: PamlinkFFI.Hub
    private let stepper: Stepper
    private let lock = NSLock()
    private var next: Deadline?

    /// A hub without links.
    ///
    /// - Parameters:
    ///   - configuration: bounds and choices.
    ///   - seed: 32 bytes; by default from the operating system's source of entropy.
    /// - Throws: `bad_option`, `bad_key`, `bad_routes`, `bad_seed`, `abi_mismatch`.
    public init(
        configuration: HubConfiguration = .init(), seed: [UInt8]? = nil
    ) throws(PamlinkError) {
        let seed = Data(seed ?? Library.seed())
        hub = try Library.call { try PamlinkFFI.Hub(options: configuration.options, seed: seed) }
        stepper = Stepper(handle: hub.entryHandle())
    }

    /// Takes inputs in their order. Without any it says that time has passed.
    ///
    /// - Returns: all that follows. An input that was refused is a ``HubOutput/fault(_:)``.
    /// - Throws: `poisoned`: the engine is of no more use.
    public func step(
        now: Now = .current, _ inputs: [HubInput] = []
    ) throws(PamlinkError) -> [HubOutput] {
        lock.lock()
        defer { lock.unlock() }
        for input in inputs { input.write(to: stepper.input) }
        var outputs: [HubOutput] = []
        next = try stepper.step(now) { outputs.append(HubOutput($0)) }
        return outputs
    }

    /// Takes one input.
    ///
    /// - Throws: `poisoned`.
    public func step(now: Now = .current, _ input: HubInput) throws(PamlinkError) -> [HubOutput] {
        lock.lock()
        defer { lock.unlock() }
        input.write(to: stepper.input)
        var outputs: [HubOutput] = []
        next = try stepper.step(now) { outputs.append(HubOutput($0)) }
        return outputs
    }

    /// The number by which the C entry knows it.
    @_spi(Measured) public var handle: UInt64 { hub.entryHandle() }

    /// What the records of an output are, without a step: what building the objects takes.
    @_spi(Measured)
    public static func read(_ output: UnsafeRawBufferPointer) throws(PamlinkError) -> [HubOutput] {
        var (outputs, offset) = ([HubOutput](), 0)
        while offset < output.count {
            let record = try RecordReader(output, at: &offset)
            if record.kind != Kind.next { outputs.append(HubOutput(record)) }
        }
        return outputs
    }

    /// A step by its records, as they cross the border.
    func raw(_ now: Now, _ write: (RecordWriter) -> Void) throws(PamlinkError) -> [UInt8] {
        lock.lock()
        defer { lock.unlock() }
        write(stepper.input)
        return [UInt8](try stepper.output(now))
    }

    /// Whether the engine wants a step at some time, and when at the latest: as of the last step.
    public var deadline: Deadline? {
        lock.withLock { next }
    }

    /// Replaces the routing table between two messages; running requests end under the new one.
    ///
    /// - Throws: `bad_routes` names every fault with its line; `poisoned`.
    public func replaceRoutes(_ json: String) throws(PamlinkError) {
        try Library.call { try hub.replaceRoutes(json: json) }
    }

    /// Replaces who decides whether tokens are good, for tokens that come from now on.
    ///
    /// - Throws: `bad_key`, `poisoned`.
    public func setAuth(_ auth: Auth) throws(PamlinkError) {
        try Library.call { try hub.setAuth(auth: auth.options) }
    }

    /// Links that have not ended.
    ///
    /// - Throws: `poisoned`.
    public func links() throws(PamlinkError) -> UInt64 {
        try Library.call { try hub.links() }
    }

    /// The welcomed links of a user, newest first.
    ///
    /// - Throws: `poisoned`.
    public func links(of user: String) throws(PamlinkError) -> [UInt64] {
        try Library.call { try hub.linksOf(user: user) }
    }

    /// Bytes held by the hub and its links.
    ///
    /// - Throws: `poisoned`.
    public func memory() throws(PamlinkError) -> UInt64 {
        try Library.call { try hub.memory() }
    }

    /// All that was counted, as text for Prometheus.
    ///
    /// - Throws: `poisoned`.
    public func metrics() throws(PamlinkError) -> String {
        try Library.call { try hub.metrics() }
    }
}
