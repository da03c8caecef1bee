#!/bin/sh
# Makes the package for Apple's systems: PamlinkFFI.xcframework with the engine as a static library
# for iOS, its simulator and macOS, and the generated Swift module.
#
#     bindings/swift/scripts/xcframework.sh            # into bindings/swift
#
# Needs macOS with Xcode, and Rust with the targets below (rustup target add ...). The manifest takes
# the framework from beside itself. For a release it prints the checksum of the archive, which goes
# into the manifest with the archive's URL.
set -eu

swift=$(cd "$(dirname "$0")/.." && pwd)
root=$(cd "$swift/../.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}
work=$target/xcframework
library=libpamlink_ffi.a

export IPHONEOS_DEPLOYMENT_TARGET=16.0 MACOSX_DEPLOYMENT_TARGET=13.0

cd "$root"
rm -rf "$work" "$swift/PamlinkFFI.xcframework"
mkdir -p "$work/headers" "$work/simulator" "$work/macos" "$work/generated"

for triple in aarch64-apple-ios aarch64-apple-ios-sim x86_64-apple-ios \
    aarch64-apple-darwin x86_64-apple-darwin; do
    cargo build --release --locked --package pamlink-ffi --target "$triple"
done

# One library for each platform, with all its architectures.
lipo -create -output "$work/simulator/$library" \
    "$target/aarch64-apple-ios-sim/release/$library" \
    "$target/x86_64-apple-ios/release/$library"
lipo -create -output "$work/macos/$library" \
    "$target/aarch64-apple-darwin/release/$library" \
    "$target/x86_64-apple-darwin/release/$library"

# The Swift module is made from a library that still has its description.
cargo run --locked --manifest-path bindings/bindgen/Cargo.toml \
    --target-dir "$target/tools/bindgen" -- \
    generate --no-format --language swift --config uniffi.toml --out-dir "$work/generated" \
    "$target/aarch64-apple-darwin/release/libpamlink_ffi.dylib"
mkdir -p "$swift/Sources/PamlinkFFI"
cp "$work/generated/PamlinkFFI.swift" "$swift/Sources/PamlinkFFI/"

# Both C modules come with the framework.
cp "$work/generated/CPamlinkFFI.h" "$swift/Sources/CPamlink/pamlink.h" "$work/headers/"
cat > "$work/headers/module.modulemap" <<'MAP'
module CPamlinkFFI {
    header "CPamlinkFFI.h"
    export *
}
module CPamlink {
    header "pamlink.h"
    export *
}
MAP

xcodebuild -create-xcframework \
    -library "$target/aarch64-apple-ios/release/$library" -headers "$work/headers" \
    -library "$work/simulator/$library" -headers "$work/headers" \
    -library "$work/macos/$library" -headers "$work/headers" \
    -output "$swift/PamlinkFFI.xcframework"

cd "$swift"
ditto -c -k --keepParent PamlinkFFI.xcframework "$work/PamlinkFFI.xcframework.zip"
printf 'checksum %s\n' "$(swift package compute-checksum "$work/PamlinkFFI.xcframework.zip")"
