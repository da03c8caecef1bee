#if canImport(UIKit) && !os(watchOS)
    import UIKit

    /// Wakes a client when the app comes to the foreground. In the background it was suspended, and
    /// links may be dead without anybody having said so.
    ///
    /// Watches for as long as somebody holds it; it does not keep the client alive. In SwiftUI use
    /// the modifier `wakes(_:)`.
    @MainActor
    public final class SceneWatch {
        // Written once, and handed back by whoever is last to hold this.
        private nonisolated(unsafe) let observer: any NSObjectProtocol

        /// Begins to watch.
        public init(_ client: Client) {
            observer = NotificationCenter.default.addObserver(
                forName: UIApplication.willEnterForegroundNotification, object: nil, queue: nil
            ) { [weak client] _ in
                guard let client else { return }
                Task { await client.wake() }
            }
        }

        deinit {
            NotificationCenter.default.removeObserver(observer)
        }
    }
#endif

#if canImport(SwiftUI)
    import SwiftUI

    extension View {
        /// Wakes a client whenever the scene becomes active.
        public func wakes(_ client: Client) -> some View {
            modifier(Waking(client: client))
        }
    }

    private struct Waking: ViewModifier {
        @Environment(\.scenePhase) private var phase
        let client: Client

        func body(content: Content) -> some View {
            content.onChange(of: phase) { phase in
                if phase == .active { Task { await client.wake() } }
            }
        }
    }
#endif
