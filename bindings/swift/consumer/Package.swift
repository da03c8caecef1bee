// swift-tools-version: 6.0

import PackageDescription

// A fresh project of a user, who has the package as `cargo xtask package` makes it.
let package = Package(
    name: "consumer",
    platforms: [.macOS(.v13)],
    dependencies: [.package(path: "../../Pamlink")],
    targets: [
        .executableTarget(
            name: "consumer", dependencies: [.product(name: "Pamlink", package: "Pamlink")])
    ],
    swiftLanguageModes: [.v6]
)
