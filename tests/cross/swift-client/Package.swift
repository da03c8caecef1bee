// swift-tools-version: 6.0

import PackageDescription

// The client in Swift of the cross test.
let package = Package(
    name: "cross",
    platforms: [.macOS(.v13)],
    // SwiftPM knows packages by the names of their folders: this one may not be called `swift`, too.
    dependencies: [.package(name: "Pamlink", path: "../../../bindings/swift")],
    targets: [
        .executableTarget(
            name: "cross", dependencies: [.product(name: "Pamlink", package: "Pamlink")])
    ],
    swiftLanguageModes: [.v6]
)
