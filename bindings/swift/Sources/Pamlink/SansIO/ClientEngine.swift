import Foundation
internal import PamlinkFFI

/// A client without sockets and clocks: what happened goes in with the time, all that follows comes
/// out. The same inputs give the same outputs, so a conversation can be tested in memory, with
/// minutes that pass at once.
///
/// May be used from any thread; steps are taken one at a time.
public final class ClientEngine: @unchecked Sendable {
    private let client: PamlinkFFI.Client
    private let stepper: Stepper
    private let lock = NSLock()
    private var next: Deadline?

    /// A client that is not connected.
    ///
    /// - Parameters:
    ///   - url: `ws://` or `wss://`, with the whole path. A token in its query is ignored.
    ///   - configuration: bounds and choices.
    ///   - seed: 32 bytes; by default from the operating system's source of entropy.
    ///   - now: the time at which it is made.
    /// - Throws: `bad_url`, `bad_option`, `bad_seed`, `abi_mismatch`.
    public init(
        url: String, configuration: Configuration = .init(), seed: [UInt8]? = nil,
        now: Now = .current
    ) throws(PamlinkError) {
        let seed = Data(seed ?? Library.seed())
        client = try Library.call {
            try PamlinkFFI.Client(
                options: configuration.options(url: url), seed: seed,
                monoNanos: now.monoNanos, wallMicros: now.wallMicros)
        }
        stepper = Stepper(handle: client.entryHandle())
    }

    /// The client of which ``ClientInput/snapshot`` has given these bytes, not connected: its requests
    /// go on, and its first step begins with a ``ClientOutput/restored(request:json:)`` for each.
    ///
    /// - Parameters:
    ///   - snapshot: of a client with the same configuration.
    /// - Throws: `bad_snapshot`, and as the other initialiser.
    public init(
        restoring snapshot: [UInt8], url: String, configuration: Configuration = .init(),
        seed: [UInt8]? = nil, now: Now = .current
    ) throws(PamlinkError) {
        let seed = Data(seed ?? Library.seed())
        client = try Library.call {
            try PamlinkFFI.Client.restore(
                options: configuration.options(url: url), snapshot: Data(snapshot), seed: seed,
                monoNanos: now.monoNanos, wallMicros: now.wallMicros)
        }
        stepper = Stepper(handle: client.entryHandle())
    }

    /// Takes inputs in their order. Without any it says that time has passed.
    ///
    /// - Returns: all that follows. An input that was refused is a ``ClientOutput/fault(_:)``.
    /// - Throws: `poisoned`: the engine is of no more use.
    public func step(
        now: Now = .current, _ inputs: [ClientInput] = []
    ) throws(PamlinkError) -> [ClientOutput] {
        lock.lock()
        defer { lock.unlock() }
        for input in inputs { input.write(to: stepper.input) }
        var outputs: [ClientOutput] = []
        next = try stepper.step(now) { outputs.append(ClientOutput($0)) }
        return outputs
    }

    /// Takes one input.
    ///
    /// - Throws: `poisoned`.
    public func step(now: Now = .current, _ input: ClientInput) throws(PamlinkError)
        -> [ClientOutput]
    {
        try step(now: now, [input])
    }

    /// The number by which the C entry knows it.
    var handle: UInt64 { client.entryHandle() }

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

    /// The state of the link.
    ///
    /// - Throws: `poisoned`.
    public func state() throws(PamlinkError) -> LinkState {
        let number = try Library.call { try client.state() }
        return LinkState(rawValue: UInt64(number)) ?? .closed
    }

    /// All that was counted, as text for Prometheus.
    ///
    /// - Throws: `poisoned`.
    public func metrics() throws(PamlinkError) -> String {
        try Library.call { try client.metrics() }
    }
}
