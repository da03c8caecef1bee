// The client that a case is played to, as its host has it.

import Foundation
import Pamlink

@MainActor
final class Machine {
    private let url: String
    private let options: Members
    private var client: Client?
    private var isClosed = false
    private var isDropped = false
    /// Who waits for a token.
    private var wanted: [CheckedContinuation<String, Never>] = []
    private var tasks: [Task<Void, Never>] = []

    init(_ url: String, _ options: Members) {
        (self.url, self.options) = (url, options)
    }

    func command(_ word: String, _ its: Members, _ name: String?) async throws -> Any? {
        switch word {
        case "connect": try await connect()
        case "disconnect":
            isClosed = true
            let client = self.client!
            tasks.append(Task { await client.close() })
        case "token":
            if wanted.isEmpty { throw Cannot(why: "a token is given when it is wanted") }
            if its["expires"] != nil { throw Cannot(why: "a token says itself when it ends") }
            wanted.removeFirst().resume(returning: its["token"] as! String)
        case "ask":
            let (client, message) = (self.client!, its["message"] as! String)
            let isRead = its["stream"] as? Bool == true
            tasks.append(
                Task {
                    if isRead {
                        await read(client, message, name!)
                    } else {
                        await ask(client, message, name!)
                    }
                })
            await Task.yield()
        case "send": return try await send(its, name ?? "")
        default: throw Cannot(why: "no command `\(word)`")
        }
        return nil
    }

    private func connect() async throws {
        if isClosed { throw Cannot(why: "a client that was closed is not opened again") }
        if let client { return await client.connect() }
        let configuration = Configuration(
            maxMessageBytes: options["max_message_bytes"] as? UInt64,
            v1: options["v1"] as? Bool ?? true)
        var token: TokenProvider?
        if options["anonymous"] as? Bool != true { token = { await self.token($0) } }
        let client = try Client(url: url, configuration: configuration, token: token)
        self.client = client
        tasks.append(Task { for await it in client.events { show(it) } })
    }

    private func token(_ need: TokenNeed) async -> String {
        event("need_token", ["why": "\(need)"])
        return await withCheckedContinuation { wanted.append($0) }
    }

    private func ask(_ client: Client, _ message: String, _ name: String) async {
        switch try? await client.send(message) {
        case .answered: event("answered", ["command": name])
        case .rejected: event("rejected", ["command": name])
        case .expired: event("expired", ["command": name])
        case .unknown: event("unknown", ["command": name])
        case .unsent: event("unsent", ["command": name])
        default: break
        }
    }

    private func read(_ client: Client, _ message: String, _ name: String) async {
        do {
            for try await piece in client.ask(message) {
                event("piece", ["command": name, "text": piece.text, "restart": piece.restart])
            }
            event("answered", ["command": name])
        } catch let error as PamlinkError where error.code == .rejected {
            event("rejected", ["command": name])
        } catch let error as PamlinkError where error.code == .requestExpired {
            event("expired", ["command": name])
        } catch let error as PamlinkError where error.code == .requestUnknown {
            event("unknown", ["command": name])
        } catch let error as PamlinkError where error.code == .requestUnsent {
            event("unsent", ["command": name])
        } catch {
            // It has ended in a way that no file has.
        }
    }

    private func send(_ its: Members, _ name: String) async throws -> Any? {
        let more = its.keys.filter { !["body", "ttl", "priority", "key"].contains($0) }.min()
        if let more { throw Cannot(why: "`send` has no `\(more)`") }
        guard let client else { throw Cannot(why: "nothing is sent before it connects") }
        let (body, key) = (written(its["body"]!), its["key"] as? String)
        let priority = Priority(rawValue: its["priority"] as? String ?? "normal")!
        let timeToLive = (its["ttl"] as? Int).map { Duration.milliseconds($0) }
        var refusal: PamlinkError?
        tasks.append(
            Task {
                do {
                    let result = try await client.submit(
                        body, priority: priority, key: key, timeToLive: timeToLive)
                    event("outcome", Self.outcome(result, name))
                } catch {
                    refusal = error as? PamlinkError
                }
            })
        // What is refused is so at once, or once it was read.
        let until = ContinuousClock.now + .milliseconds(30 + body.utf8.count / 100)
        while refusal == nil, ContinuousClock.now < until {
            try await Task.sleep(for: .milliseconds(1))
        }
        return refusal.map { ["error": $0.code == .outboxFull ? "full" : $0.name] }
    }

    private static func outcome(_ result: SubmitResult, _ name: String) -> Members {
        switch result {
        case .acknowledged: return ["command": name, "outcome": "acknowledged"]
        case .rejected(let code, let retryAfter):
            var members: Members = ["command": name, "outcome": "rejected", "code": code]
            members["retry_after"] = retryAfter.map { $0 / .milliseconds(1) }
            return members
        case .expired(let why): return ["command": name, "outcome": "expired", "reason": why]
        case .unknown: return ["command": name, "outcome": "unknown"]
        }
    }

    private func show(_ it: Event) {
        switch it {
        case .welcomed: event("welcomed")
        case .retrying: event("retrying")
        case .stopped: event("stopped")
        case .message(let message): event("message", ["body": parsed(message.json)!])
        case .repeated(let message): event("repeated", ["body": parsed(message.json)!])
        case .late: event("late")
        case .unreadable(_, let text): event("unreadable", ["text": text])
        case .gap(let gap):
            event("gap", ["lost": gap.lost ?? NSNull(), "reason": gap.errorCode])
        default: break
        }
    }

    private func event(_ name: String, _ members: Members = [:]) {
        if !isDropped { say(["event": [name: members]]) }
    }

    /// What it says from here on is said to nobody.
    func drop() {
        isDropped = true
        for task in tasks { task.cancel() }
        for waiting in wanted { waiting.resume(returning: "") }
        wanted = []
        if let client, !isClosed { Task { await client.close() } }
    }
}
