import XCTest

@testable import Pamlink

/// A client and a hub with a wire between them, and a clock that goes when it is told to.
final class World {
    let client: ClientEngine
    private let server: HubEngine
    private(set) var now = Now(monoNanos: 1_000_000_000, wallMicros: 1_800_000_000_000_000)
    /// The hub's end of the wire, while there is one.
    private(set) var link: UInt64?
    private(set) var state = LinkState.closed
    private(set) var requests: [HubOutput.Request] = []
    private(set) var duplicates = 0
    private(set) var pieces: [(request: UInt64, text: String)] = []
    private(set) var ends: [UInt64: Outcome] = [:]
    /// Everything that the client wrote.
    private(set) var wire: [UInt8] = []

    private static let secret = [UInt8](repeating: 7, count: 32)

    init() throws {
        client = try ClientEngine(
            url: "ws://localhost:1/api/v1/pam/ws/ann", configuration: Configuration(v1: false),
            seed: seed(1), now: now)
        var configuration = HubConfiguration()
        configuration.auth = Auth(hs256Secret: Self.secret)
        server = try HubEngine(configuration: configuration, seed: seed(2))
    }

    func connect() throws {
        try give(.connect)
        XCTAssertEqual(state, .open)
    }

    /// Asks; the number of the request.
    func ask(_ request: ClientRequest) throws -> UInt64? {
        try give(.ask(request))
    }

    /// Has the hub do something.
    func hub(_ input: HubInput) throws {
        try take(server.step(now: now, input))
    }

    /// The wire breaks, and both ends see it.
    func cut() throws {
        let link = try XCTUnwrap(self.link)
        self.link = nil
        try hub(.closed(link: link))
        try give(.closed)
    }

    /// Goes from deadline to deadline until `done`, an hour at most.
    func pass(until done: () -> Bool) throws {
        let end = now.monoNanos + 3_600_000_000_000
        while !done(), now.monoNanos < end {
            let deadlines = [client.deadline, server.deadline].compactMap { $0?.monoNanos }
            let next = try XCTUnwrap(deadlines.min(), "nobody waits for anything")
            let span = next > now.monoNanos ? next - now.monoNanos : 0
            now = now.advanced(by: .nanoseconds(Int64(span)))
            try take(server.step(now: now))
            try take(client.step(now: now))
        }
        XCTAssertTrue(done(), "an hour was not enough")
    }

    @discardableResult
    private func give(_ input: ClientInput) throws -> UInt64? {
        try take(client.step(now: now, input))
    }

    @discardableResult
    private func take(_ outputs: [ClientOutput]) throws -> UInt64? {
        var asked: UInt64?
        for output in outputs {
            switch output {
            case .asked(_, let request): asked = request
            case .dial:
                try hub(.accept)
                try give(.dialed)
            case .needToken:
                let expires = now.wallMicros + 7_200_000_000
                let token = try TokenVerifier.sign(
                    secret: Self.secret, subject: "ann", expiresMicros: expires)
                try give(.token(Secret(token), expiresMicros: nil))
            case .write(.bytes(let bytes), _):
                wire += bytes
                if let link { try hub(.read(link: link, .bytes(bytes))) }
            case .write(let other, _): XCTFail("\(other)")
            case .closeTransport:
                if let link {
                    self.link = nil
                    try hub(.closed(link: link))
                }
            case .piece(let request, _, let text, _): pieces.append((request, text))
            case .answered(let request, _, let answer, _): ends[request] = .answered(answer)
            case .ended(let request, let outcome): ends[request] = outcome
            case .event(.stateChanged(let change)): state = change.to
            case .event, .submitted, .snapshotTaken, .restored, .cancelResult, .outcome: break
            case .fault(let fault): throw fault.error
            }
        }
        return asked
    }

    private func take(_ outputs: [HubOutput]) throws {
        for output in outputs {
            switch output {
            case .accepted(_, let accepted): link = accepted
            case .write(let to, .bytes(let bytes), _) where to == link: try give(.read(.bytes(bytes)))
            case .request(let request): requests.append(request)
            case .duplicate: duplicates += 1
            case .closeTransport(let gone) where gone == link:
                link = nil
                try give(.closed)
            case .fault(let fault): throw fault.error
            default: break
            }
        }
    }
}
