//! What documents show is what is compiled and run.

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

#[test]
fn the_page_about_proxies_shows_the_files_that_are_run() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    let page = fs::read_to_string(docs.join("proxies.md")).unwrap();
    for file in fs::read_dir(docs.join("proxies")).unwrap() {
        let path = file.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let shown = page.split_once(&format!("(proxies/{name}):\n\n```"));
        let block = shown.and_then(|(_, after)| after.split_once('\n')).map(|(_, block)| block);
        let same = block.is_some_and(|block| block.starts_with(&format!("{text}```\n")));
        assert!(same, "docs/proxies.md does not show {name}");
    }
}
