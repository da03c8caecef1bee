// The client that a case is played to, as its host has it.

import Foundation
import Pamlink

@MainActor
final class Machine {
    private let url: String
    private let options: Members
    /// What the process before has left.
    private let before: Members?
    private var client: Client?
    private var isClosed = false
    private var isDropped = false
    /// Who waits for a token.
    private var wanted: [CheckedContinuation<String, Never>] = []
    private var tasks: [Task<Void, Never>] = []
    /// What was asked and has not ended, in its order, and whether its answer is read as it grows.
    private var asked: [(name: String, isRead: Bool)] = []
    private var answers: [String: AnswerStream] = [:]

    init(_ url: String, _ options: Members, _ before: Members?) {
        (self.url, self.options, self.before) = (url, options, before)
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
            ask(its["message"] as! String, name!, isRead: its["stream"] as? Bool == true)
            try await settle()
        case "cancel":
            let name = its["command"] as! String
            let answer = answers[name]!
            tasks.append(
                Task { if let result = try? await answer.cancel() { cancelled(name, result) } })
            try await settle()
        case "snapshot":
            let bytes = [UInt8](try await client!.snapshot())
            return ["bytes": bytes, "asked": asked.map { [$0.name, $0.isRead] as [Any] }]
        case "send": return try await send(its, name ?? "")
        default: throw Cannot(why: "no command `\(word)`")
        }
        return nil
    }

    /// Waits until the client has taken what a task has begun with.
    private func settle() async throws {
        try await Task.sleep(for: .milliseconds(50))
    }

    private func connect() async throws {
        if isClosed { throw Cannot(why: "a client that was closed is not opened again") }
        if let client { return await client.connect() }
        let configuration = Configuration(
            maxMessageBytes: options["max_message_bytes"] as? UInt64,
            v1: options["v1"] as? Bool ?? true)
        var token: TokenProvider?
        if options["anonymous"] as? Bool != true { token = { await self.token($0) } }
        let bytes = (before?["bytes"] as? [NSNumber]).map { Data($0.map(\.uint8Value)) }
        let client =
            try bytes.map {
                try Client(restoring: $0, url: url, configuration: configuration, token: token)
            } ?? Client(url: url, configuration: configuration, token: token)
        self.client = client
        tasks.append(Task { for await it in client.events { show(it) } })
        for (its, answer) in zip(before?["asked"] as? [[Any]] ?? [], client.restored) {
            let name = its[0] as! String
            asked.append((name, its[1] as! Bool))
            follow(answer, name)
        }
    }

    private func token(_ need: TokenNeed) async -> String {
        event("need_token", ["why": "\(need)"])
        return await withCheckedContinuation { wanted.append($0) }
    }

    private func ask(_ message: String, _ name: String, isRead: Bool) {
        let client = self.client!
        asked.append((name, isRead))
        if isRead { return follow(client.ask(message), name) }
        tasks.append(
            Task {
                switch try? await client.send(message) {
                case .answered: end(name, "answered")
                case .rejected: end(name, "rejected")
                case .expired: end(name, "expired")
                case .unknown: end(name, "unknown")
                case .unsent: end(name, "unsent")
                default: break
                }
            })
    }

    /// Reads an answer as it grows.
    private func follow(_ answer: AnswerStream, _ name: String) {
        answers[name] = answer
        tasks.append(Task { if let how = await read(answer, name) { end(name, how) } })
    }

    /// How it has ended, where the files have that.
    private func read(_ answer: AnswerStream, _ name: String) async -> String? {
        do {
            for try await piece in answer where asked.contains(where: { $0.name == name && $0.isRead }) {
                event("piece", ["command": name, "text": piece.text, "restart": piece.restart])
            }
            return "answered"
        } catch {
            switch (error as? PamlinkError)?.code {
            case .rejected: return "rejected"
            case .requestExpired: return "expired"
            case .requestUnknown: return "unknown"
            case .requestUnsent: return "unsent"
            case .requestCancelled: return "cancelled"
            default: return nil
            }
        }
    }

    private func end(_ name: String, _ how: String) {
        asked.removeAll { $0.name == name }
        event(how, ["command": name])
    }

    private func cancelled(_ name: String, _ result: CancelResult) {
        var members: Members = ["command": name, "outcome": "\(result.outcome)"]
        members["offset"] = result.offset
        members["code"] = result.errorCode
        event("cancel_result", members)
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
