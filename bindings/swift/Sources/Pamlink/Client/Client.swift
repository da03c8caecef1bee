import Foundation

/// Gets a token for a ``Client``. Called when one is wanted, and not again before it returned.
///
/// A ``TokenDenied`` that it throws is final: the client stops. Any other error means that there is
/// no token for now; it is called again later.
public typealias TokenProvider = @Sendable (TokenNeed) async throws -> String

/// There will be no token: the user is signed out, or may not connect.
public struct TokenDenied: Error, Hashable, Sendable {
    /// There is no more to say.
    public init() {}
}

/// A connection to an assistant that outlives its links.
///
/// It connects as soon as it is made, dials again by itself after every end that may pass, and
/// sends again under the same id what got no answer. Every decision is the engine's; this actor
/// owns the clock, the transport and the tasks.
///
/// ```swift
/// let client = try Client(url: "wss://example.org/api/v1/pam/ws/ann") { _ in try await token() }
/// for try await piece in client.ask("fuel so far?") { print(piece.text, terminator: "") }
/// await client.close()
/// ```
///
/// It ends with ``close()``, or when nobody holds it any more.
public actor Client {
    /// What happens beside the ends of requests. Up to 256 events wait to be taken; beyond that
    /// the oldest are dropped, and ``Event/lost(_:)`` says how many, where they were. There is one
    /// line of events: of several readers each event goes to one. It ends with the client.
    public nonisolated var events: AsyncStream<Event> {
        // A stream whose reader is cancelled is at its end, so each reader has its own.
        AsyncStream { [buffer] in await buffer.next() }
    }

    /// The state of the link, now and whenever it changes. Each access is a stream of its own, which
    /// begins with the present state and leaves out what its reader has no time for.
    public nonisolated var states: AsyncStream<LinkState> { watched.stream() }

    /// The state of the link.
    public nonisolated var state: LinkState { watched.current }

    private let engine: ClientEngine
    private let configuration: Configuration
    private let transport: any Transport
    private let provider: TokenProvider?
    private nonisolated let buffer = EventBuffer(capacity: mostEvents)
    private nonisolated let watched = States()

    /// What this client goes on with.
    private nonisolated let goingOn: [RestoredRequest]
    private var waiters: [UInt64: any Waiter]
    /// Who waits for what cancelling a request comes to.
    private var cancels: [UInt64: [Pending<CancelResult>]] = [:]
    /// Who waits for what becomes of what was submitted.
    private var commands: [UInt64: Pending<SubmitResult>] = [:]
    private var tokenTask: Task<Void, Never>?
    private var dialTask: Task<Void, Never>?
    private var pump: Pump?
    /// Counts transports, so that what one of the past still says is not taken for the present one.
    private var generation = 0
    private var alarm: Alarm?
    private var isClosed = false
    private var closing: [CheckedContinuation<Void, Never>] = []

    private struct Alarm {
        let at: UInt64
        let task: Task<Void, Never>
    }

    private static var systemTransport: any Transport {
        #if canImport(Darwin)
            URLSessionTransport()
        #else
            TCPTransport()
        #endif
    }

    /// Events that may wait to be taken.
    static let mostEvents = 256
    /// How long ``close()`` waits for the other end's close frame.
    private static let closeTimeout = Duration.seconds(5)

    /// A client that begins to connect.
    ///
    /// - Parameters:
    ///   - url: `ws://` or `wss://`, with the whole path. A token in its query is ignored.
    ///   - configuration: bounds and choices.
    ///   - transport: how to connect. Default: ``URLSessionTransport`` on Apple's systems, elsewhere
    ///     ``TCPTransport``.
    ///   - token: gets a token when one is wanted; without it the client is anonymous.
    /// - Throws: `bad_url`, `bad_option`, `abi_mismatch`.
    public init(
        url: String, configuration: Configuration = .init(),
        transport: (any Transport)? = nil, token: TokenProvider? = nil
    ) throws(PamlinkError) {
        var configuration = configuration
        configuration.anonymous = token == nil
        let engine = try ClientEngine(url: url, configuration: configuration)
        self.init(engine, configuration, transport, token, [])
    }

    /// The client of which ``snapshot()`` has given these bytes: it connects, and its requests go on
    /// (``restored``). The client before must not live any more.
    ///
    /// - Parameters:
    ///   - snapshot: of a client of the same user, with the same configuration.
    ///   - url: as for a new client, like all that follows.
    /// - Throws: `bad_snapshot`, and as for a new client.
    public init(
        restoring snapshot: Data, url: String, configuration: Configuration = .init(),
        transport: (any Transport)? = nil, token: TokenProvider? = nil
    ) throws(PamlinkError) {
        var configuration = configuration
        configuration.anonymous = token == nil
        let engine = try ClientEngine(
            restoring: [UInt8](snapshot), url: url, configuration: configuration)
        // What it goes on with has its place before anything can come of it.
        self.init(engine, configuration, transport, token, try engine.step())
    }

    private init(
        _ engine: ClientEngine, _ configuration: Configuration, _ transport: (any Transport)?,
        _ token: TokenProvider?, _ outputs: [ClientOutput]
    ) {
        self.engine = engine
        self.configuration = configuration
        self.transport = transport ?? Self.systemTransport
        provider = token
        goingOn = outputs.compactMap {
            guard case .restored(let number, let json) = $0 else { return nil }
            return RestoredRequest(number: number, json: json)
        }
        waiters = Dictionary(uniqueKeysWithValues: goingOn.map { ($0.number, $0.buffer) })
        Task { [weak self] in await self?.connect(after: outputs) }
    }

    deinit {
        alarm?.task.cancel()
        tokenTask?.cancel()
        dialTask?.cancel()
        pump?.drop()
        buffer.finish()
        watched.finish()
        for waiter in waiters.values {
            waiter.end(.failure(PamlinkError(.closed, "the client is gone")))
        }
        let gone = PamlinkError(.closed, "the client is gone")
        for pending in cancels.values.joined() { pending.settle(.failure(gone)) }
        for pending in commands.values { pending.settle(.failure(gone)) }
    }

    /// The requests that a restored client goes on with, as they were made; each is read once. Their
    /// pieces come again from the beginning. Empty for any other client.
    public nonisolated var restored: [AnswerStream] {
        goingOn.map { AnswerStream(AnswerReader(self, $0)) }
    }

    /// Connects again after ``Event/stopped(_:)``. Otherwise nothing happens.
    public func connect() {
        if !isClosed { run(.connect) }
    }

    /// Makes a request, and returns how it ends.
    ///
    /// A request waits while there is no link. If the task is cancelled, so is the
    /// request: one that was not sent yet is not sent, and a server of `pamlink.v1` ends the answer
    /// to any other. Towards a server that does not speak that it has its effect, and what the
    /// server says of it is an ``Event/late(_:)``.
    ///
    /// - Parameters:
    ///   - text: what the user wrote.
    ///   - agent: the agent that is to answer, by id or name.
    ///   - intent: the intent, where something upstream found one.
    ///   - sessionID: the conversation that it belongs to.
    ///   - context: what is known beside the text: a map.
    /// - Throws: `requests_full`, `bad_context`, `stopped` (until ``connect()``), `closed`;
    ///   `CancellationError`. A refusal by the server is an ``Outcome``.
    public func send(
        _ text: String, agent: String? = nil, intent: String? = nil, sessionID: String? = nil,
        context: Value? = nil
    ) async throws -> Outcome {
        let request = ClientRequest(
            text, agent: agent, intent: intent, sessionID: sessionID,
            context: try context?.encoded(depth: Self.contextDepth).json)
        let waiter = OutcomeWaiter()
        let number = try begin(request, waiter)
        return try await withTaskCancellationHandler {
            try await waiter.value()
        } onCancel: {
            waiter.cancel()
            Task { await self.leave(number) }
        }
    }

    /// Makes a request when the first piece is awaited, and gives the answer as it grows:
    /// ``AnswerStream`` says how to read it, to cancel it, and what becomes of it when its reader
    /// leaves.
    ///
    /// The parameters are those of ``send(_:agent:intent:sessionID:context:)``. The stream throws
    /// what that throws, and `rejected`, `request_expired`, `request_unknown`, `request_unsent` and
    /// `request_cancelled` for the other outcomes.
    public nonisolated func ask(
        _ text: String, agent: String? = nil, intent: String? = nil, sessionID: String? = nil,
        context: Value? = nil
    ) -> AnswerStream {
        let encoded = Result { try context?.encoded(depth: Self.contextDepth).json }
        return AnswerStream(
            AnswerReader(self) {
                ClientRequest(
                    text, agent: agent, intent: intent, sessionID: sessionID,
                    context: try encoded.get(), inPieces: true)
            })
    }

    /// Sends an envelope that wants no answer.
    ///
    /// - Throws: `not_open`, `not_an_envelope`, `outbox_full`, `closed`.
    public func post(_ envelope: String) async throws {
        try usable()
        if let fault = run(.send(envelope)).fault { throw fault }
    }

    /// Sends an envelope over `pamlink.v1`, now or as soon as a link speaks it, and returns what has
    /// become of it. What is sent arrives once, whatever becomes of links.
    ///
    /// If the task is cancelled, the envelope goes on, and nobody is told.
    ///
    /// - Parameters:
    ///   - envelope: JSON.
    ///   - priority: in which order it goes, while it waits.
    ///   - key: what waits under the same key is replaced, and has expired.
    ///   - timeToLive: how long it may wait to be sent; `nil`: as long as its session.
    /// - Throws: `needs_v1` without ``Configuration/v1``; `not_an_envelope`, `too_large`, `bad_option`,
    ///   `outbox_full`, `stopped`, `closed`; `CancellationError`.
    public func submit(
        _ envelope: String, priority: Priority = .normal, key: String? = nil,
        timeToLive: Duration? = nil
    ) async throws -> SubmitResult {
        try usable()
        let pending = Pending<SubmitResult>()
        let input = ClientInput.submit(
            envelope, priority: priority, key: key, timeToLive: timeToLive)
        if let fault = run(input, ran: Ran(submitting: pending)).fault { throw fault }
        return try await pending.value()
    }

    /// The client as bytes, of which ``init(restoring:url:configuration:transport:token:)`` makes it
    /// again after the process has ended: with its session and the requests that have not ended. Empty
    /// without ``Configuration/v1``.
    ///
    /// Take it when the app goes to the background, and whenever a request was made. What happened
    /// after it is found again where the server knows it, and else ends as ``Outcome/unknown``. The
    /// bytes hold what was asked, and no token.
    ///
    /// - Throws: `closed`.
    public func snapshot() throws -> Data {
        try usable()
        let ran = run(.snapshot)
        if let fault = ran.fault { throw fault }
        guard let bytes = ran.snapshot else {
            throw PamlinkError(.poisoned, "the engine gave no snapshot")
        }
        return Data(bytes)
    }

    /// The device woke up, or the app came to the foreground: a link that may be dead is tried, and
    /// a wait ends.
    public func wake() {
        if !isClosed { run(.wake) }
    }

    /// The device has another network: a link over the old one is given up.
    public func networkChanged() {
        if !isClosed { run(.networkChanged) }
    }

    /// All that was counted, as text for Prometheus.
    ///
    /// - Throws: `poisoned`.
    public func metrics() throws -> String {
        try engine.metrics()
    }

    /// Sends the close frame and ends the client. Returns when the link is over, or after 5 s at
    /// the latest.
    ///
    /// Requests that have not ended throw `closed`, and ``events`` ends.
    public func close() async {
        if !isClosed {
            isClosed = true
            tokenTask?.cancel()
            run(.disconnect)
        }
        if pump != nil {
            let timeout = Task { [weak self] in
                try? await Task.sleep(for: Self.closeTimeout)
                if !Task.isCancelled { await self?.finish() }
            }
            await withCheckedContinuation { closing.append($0) }
            timeout.cancel()
        }
        finish()
    }

    private static let contextDepth: UInt32 = 9
}

// What its own tasks say.
extension Client {
    /// Sends a request.
    func begin(_ request: ClientRequest, _ waiter: any Waiter) throws(PamlinkError) -> UInt64 {
        try usable()
        let ran = run(.ask(request), ran: Ran(asking: waiter))
        if let fault = ran.fault { throw fault }
        guard let number = ran.asked else {
            throw PamlinkError(.poisoned, "the engine gave no number to a request")
        }
        return number
    }

    /// Nobody waits for this request any more. It ends at the server, too, if that can be, or goes on
    /// there.
    func leave(_ request: UInt64, goesOn: Bool = false) {
        guard waiters.removeValue(forKey: request) != nil, !isClosed else { return }
        run(goesOn ? .forget(request: request) : .abandon(request: request))
    }

    /// Cancels a request, and waits for what that comes to.
    func cancel(_ request: UInt64) async throws -> CancelResult {
        try usable()
        let pending = Pending<CancelResult>()
        let isFirst = cancels[request] == nil
        cancels[request, default: []].append(pending)
        if isFirst, let fault = run(.cancel(request: request)).fault {
            cancels[request] = nil
            throw fault
        }
        return try await pending.value()
    }

    /// Begins, with what has come of the first step.
    private func connect(after outputs: [ClientOutput]) {
        var ran = Ran()
        for output in outputs { handle(output, &ran) }
        connect()
    }

    /// Requests that somebody waits for.
    var open: Int { waiters.count }

    private func usable() throws(PamlinkError) {
        if isClosed { throw PamlinkError(.closed, ErrorCode.closed.about) }
    }

    /// Who waits for what becomes of a command, and what has.
    private struct Ran {
        var asking: (any Waiter)?
        var submitting: Pending<SubmitResult>?
        var asked: UInt64?
        var snapshot: [UInt8]?
        var fault: PamlinkError?
    }

    /// Gives the engine inputs, or the time alone, and does all that follows.
    @discardableResult
    private func run(_ inputs: ClientInput..., ran: Ran = Ran()) -> Ran {
        var ran = ran
        do throws(PamlinkError) {
            for output in try engine.step(inputs) { handle(output, &ran) }
            arm()
        } catch {
            ran.fault = error
            isClosed = true
            finish(error)
        }
        return ran
    }

    private func handle(_ output: ClientOutput, _ ran: inout Ran) {
        switch output {
        case .fault(let fault): ran.fault = fault.error
        case .asked(_, let request):
            ran.asked = request
            waiters[request] = ran.asking
        case .submitted(_, let command): commands[command] = ran.submitting
        case .snapshotTaken(_, let bytes): ran.snapshot = bytes
        case .restored: break
        case .cancelResult(let request, let offset, let outcome, let code):
            let outcome = CancelOutcome(outcome)
            cancelled(request, CancelResult(outcome, offset: offset, errorCode: code))
        case .outcome(let command, let retryAfter, let outcome, let code):
            let submitted = SubmitResult(outcome, code, retryAfter)
            commands.removeValue(forKey: command)?.settle(.success(submitted))
        case .dial(let dial): self.dial(dial)
        case .needToken(let need): getToken(need)
        case .write(let outbound, let ack): pump?.write(outbound, ack: ack)
        case .closeTransport: closeTransport()
        case .piece(let request, let restart, let text, let json):
            if let waiter = waiters[request] {
                waiter.piece(Piece(text: text, restart: restart, json: json))
            } else {
                late(request, text, json)
            }
        case .answered(let request, let restart, let answer, let rest):
            let last = Piece(text: rest ?? answer.text, restart: restart, json: answer.json)
            waiters[request]?.piece(last)
            ended(request, .answered(answer))
        case .ended(let request, let outcome): ended(request, outcome)
        case .event(let event):
            if case .stateChanged(let change) = event { watched.set(change.to) }
            buffer.add(event)
        }
    }

    private func cancelled(_ request: UInt64, _ result: CancelResult) {
        for pending in cancels.removeValue(forKey: request) ?? [] { pending.settle(.success(result)) }
    }

    private func ended(_ request: UInt64, _ outcome: Outcome) {
        if waiters.removeValue(forKey: request)?.end(.success(outcome)) == true { return }
        // Whoever asked has left a moment ago. What the server said is not lost.
        switch outcome {
        case .answered(let answer): late(request, answer.text, answer.json)
        case .rejected(let rejection): late(request, rejection.message, rejection.json)
        case .expired, .unknown, .unsent, .cancelled: break
        }
    }

    private func late(_ request: UInt64, _ text: String, _ json: String) {
        buffer.add(.late(Event.Late(request: request, text: text, json: json)))
    }

    /// Sees to it that the engine is called at its deadline.
    private func arm() {
        let at = isClosed && pump == nil ? nil : engine.deadline?.monoNanos
        // One that comes too early does no harm.
        if let at, let alarm, alarm.at <= at { return }
        alarm?.task.cancel()
        alarm = at.map { at in
            let now = Now.current.monoNanos
            let span = Duration.nanoseconds(Int64(clamping: at > now ? at - now : 0))
            // On the clock that counts sleep: whoever wakes up is late, not early.
            let until = ContinuousClock.now + span
            let task = Task { [weak self] in
                try? await Task.sleep(until: until, clock: .continuous)
                if !Task.isCancelled { await self?.ring() }
            }
            return Alarm(at: at, task: task)
        }
    }

    private func ring() {
        alarm = nil
        run()
    }

    private func getToken(_ need: TokenNeed) {
        guard let provider else {
            run(.tokenFailed(denied: true))
            return
        }
        tokenTask = Task { [weak self] in
            let input: ClientInput
            do {
                input = .token(Secret(try await provider(need)), expiresMicros: nil)
            } catch is TokenDenied {
                input = .tokenFailed(denied: true)
            } catch {
                input = .tokenFailed(denied: false)
            }
            if !Task.isCancelled { await self?.tookToken(input) }
        }
    }

    private func tookToken(_ input: ClientInput) {
        tokenTask = nil
        run(input)
    }

    private func dial(_ dial: Dial) {
        generation += 1
        let (mine, transport) = (generation, transport)
        let request = ConnectRequest(
            dial: dial, subprotocols: [dial.subprotocol].compactMap { $0 } + configuration.subprotocols,
            origin: configuration.origin,
            maxMessageBytes: configuration.maxMessageBytes
                ?? Configuration.defaultMaxMessageBytes)
        dialTask?.cancel()
        dialTask = Task { [weak self] in
            do {
                let connection = try await transport.connect(request)
                guard let self, await self.connected(connection, mine) else {
                    return connection.closeTransport()
                }
            } catch let failure as ConnectFailure {
                await self?.notConnected(failure, mine)
            } catch {
                let failure = ConnectFailure(kind: "network", message: "\(type(of: error))")
                await self?.notConnected(failure, mine)
            }
        }
    }

    /// Takes a new connection. Whether it is still wanted.
    private func connected(_ connection: any Connection, _ mine: Int) -> Bool {
        guard mine == generation else { return false }
        dialTask = nil
        pump = Pump(connection) { [weak self] event in
            await self?.handle(event, mine) ?? false
        }
        switch connection.speaks {
        case .bytes: run(.dialed)
        case .messages(let subprotocol): run(.opened(subprotocol: subprotocol))
        }
        return true
    }

    private func notConnected(_ failure: ConnectFailure, _ mine: Int) {
        guard mine == generation else { return }
        dialTask = nil
        let said = failure.status == nil ? failure.message : failure.body
        run(
            .dialFailed(
                status: failure.status, kind: failure.kind, said: said,
                retryAfter: failure.retryAfter))
    }

    /// Takes what a connection says. Whether it is still wanted.
    private func handle(_ event: Pump.TransportEvent, _ mine: Int) -> Bool {
        guard mine == generation, pump != nil else { return false }
        switch event {
        case .read(let inbound): run(.read(inbound))
        case .written: run(.written)
        case .closed:
            pump?.drop()
            detach()
            run(.closed)
            finishClosing()
        }
        return mine == generation
    }

    private func closeTransport() {
        dialTask?.cancel()
        pump?.closeTransport()
        detach()
        finishClosing()
    }

    /// Lets go of the transport: nothing of it is reported any more.
    private func detach() {
        generation += 1
        dialTask = nil
        pump = nil
    }

    private func finishClosing() {
        let waiting = closing
        closing = []
        for continuation in waiting { continuation.resume() }
    }

    private func finish(_ error: PamlinkError = PamlinkError(.closed, ErrorCode.closed.about)) {
        pump?.drop()
        dialTask?.cancel()
        tokenTask?.cancel()
        detach()
        alarm?.task.cancel()
        alarm = nil
        let unanswered = waiters
        waiters = [:]
        for waiter in unanswered.values { waiter.end(.failure(error)) }
        let (unsaid, unsettled) = (cancels.values.joined(), commands.values)
        (cancels, commands) = ([:], [:])
        for pending in unsaid { pending.settle(.failure(error)) }
        for pending in unsettled { pending.settle(.failure(error)) }
        buffer.finish()
        watched.finish()
        finishClosing()
    }
}
