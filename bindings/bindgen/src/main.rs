//! The generator of UniFFI, at the version of `pamlink-ffi`.

fn main() {
    uniffi::uniffi_bindgen_main();
}
