// swift-tools-version: 6.0

import PackageDescription

// The client in Swift behind the adapter protocol of `tests/conformance`.
let package = Package(
    name: "adapter",
    platforms: [.macOS(.v13)],
    // SwiftPM knows packages by the names of their folders: this one may not be called `swift`, too.
    dependencies: [.package(name: "Pamlink", path: "../../../../bindings/swift")],
    targets: [
        .executableTarget(
            name: "adapter", dependencies: [.product(name: "Pamlink", package: "Pamlink")])
    ],
    swiftLanguageModes: [.v6]
)
