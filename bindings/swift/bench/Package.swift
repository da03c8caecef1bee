// swift-tools-version: 6.0

import PackageDescription

// What calls across the border cost. The package of the library is above; the C entry is called
// directly, too, to know what of a call is the engine's.
let package = Package(
    name: "bench",
    platforms: [.macOS(.v13)],
    dependencies: [.package(name: "Pamlink", path: "..")],
    targets: [
        .systemLibrary(name: "CEntry"),
        .executableTarget(
            name: "bench",
            dependencies: ["CEntry", .product(name: "Pamlink", package: "Pamlink")]),
    ],
    swiftLanguageModes: [.v6]
)
