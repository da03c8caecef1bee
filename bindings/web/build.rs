//! How much memory the stack of the module has: the engine recurses no deeper than a few calls, and
//! the megabyte of the default would be most of what a client takes.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    if std::env::var("CARGO_CFG_TARGET_ARCH").is_ok_and(|arch| arch == "wasm32") {
        println!("cargo::rustc-link-arg-cdylib=-zstack-size=65536");
    }
}
