//! The programs that README.md shows are those that the packages compile and run.

use std::fs;
use std::path::Path;

#[test]
fn readme_shows_the_programs_that_are_compiled_and_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let readme = read("README.md");
    for (language, path) in [
        ("python", "bindings/python/examples/chat.py"),
        ("python", "bindings/python/examples/server.py"),
        ("kotlin", "bindings/kotlin/examples/Chat.kt"),
        ("swift", "bindings/swift/Tests/PamlinkTests/Chat.swift"),
    ] {
        let block = format!("```{language}\n{}```", read(path));
        assert!(readme.contains(&block), "README.md does not show {path}");
    }
}
