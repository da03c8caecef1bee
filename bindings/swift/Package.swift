// swift-tools-version: 6.0

import PackageDescription

// The engine is a library of its own, and Swift reaches it through two C modules: CPamlink, which
// is written by hand, and CPamlinkFFI, which is generated with the Swift module PamlinkFFI.
//
// On Apple's systems both C modules and the static library come in an XCFramework, which
// scripts/xcframework.sh makes. Elsewhere the library pamlink_ffi is found by the linker:
//
//     swift build -Xlinker -L/path/to/lib
#if os(macOS)
    let library: [Target] = [
        .binaryTarget(name: "CPamlinkFFI", path: "PamlinkFFI.xcframework")
    ]
    let headers: [Target] = []
    let c: [Target.Dependency] = ["CPamlinkFFI"]
#else
    let library: [Target] = [.systemLibrary(name: "CPamlinkFFI")]
    let headers: [Target] = [.systemLibrary(name: "CPamlink")]
    let c: [Target.Dependency] = ["CPamlinkFFI", "CPamlink"]
#endif

let package = Package(
    name: "Pamlink",
    platforms: [.iOS(.v16), .macOS(.v13)],
    products: [.library(name: "Pamlink", targets: ["Pamlink"])],
    targets: library + headers + [
        // Generated: private to this package.
        .target(name: "PamlinkFFI", dependencies: ["CPamlinkFFI"]),
        .target(
            name: "Pamlink",
            dependencies: ["PamlinkFFI"] + c,
            resources: [.copy("Resources/PrivacyInfo.xcprivacy")]
        ),
        .executableTarget(
            name: "ConsoleChat", dependencies: ["Pamlink"], path: "Examples/ConsoleChat"),
        .testTarget(name: "PamlinkTests", dependencies: ["Pamlink", "ConsoleChat"] + c),
    ],
    swiftLanguageModes: [.v6]
)
