// swift-tools-version: 6.0

import PackageDescription

// The client in Swift of the cross test.
let package = Package(
    name: "cross",
    platforms: [.macOS(.v13)],
    // A link to bindings/swift: SwiftPM knows packages by the names of their folders, and this one
    // is called `swift` as well.
    dependencies: [.package(path: "Pamlink")],
    targets: [
        .executableTarget(
            name: "cross", dependencies: [.product(name: "Pamlink", package: "Pamlink")])
    ],
    swiftLanguageModes: [.v6]
)
