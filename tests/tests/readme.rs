//! What documents show is what is compiled and run.

use std::fs;
use std::path::Path;

#[test]
fn readme_shows_the_programs_that_are_compiled_and_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let readme = read("README.md");
    for (language, path) in [
        ("rust,no_run", "hosts/tokio/examples/chat.rs"),
        ("js", "bindings/web/examples/chat.mjs"),
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
fn the_page_for_kotlin_shows_the_view_model_that_is_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let block = format!("```kotlin\n{}```", read("bindings/kotlin/examples/ChatViewModel.kt"));
    assert!(read("docs/recipes/kotlin.md").contains(&block));
}

#[test]
fn every_language_has_a_page_with_the_same_sections() {
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/recipes");
    for language in ["rust", "python", "kotlin", "swift", "web"] {
        let page = fs::read_to_string(recipes.join(format!("{language}.md"))).unwrap();
        let sections: Vec<_> = page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        for section in [
            "Install",
            "A chat",
            "Stop",
            "Background and wake",
            "Killed in mid-answer",
            "Errors",
            "Testing without a network",
        ] {
            let count = sections.iter().filter(|it| **it == section).count();
            assert_eq!(count, 1, "{language}.md has no section {section}: {sections:?}");
        }
    }
}

#[test]
fn the_recipes_for_python_servers_are_the_programs_that_are_run() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let page = fs::read_to_string(root.join("docs/recipes/python-servers.md")).unwrap();
    let mut shown = 0;
    for file in fs::read_dir(root.join("bindings/python/examples/recipes")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|kind| kind != "py") {
            continue;
        }
        let (name, text) =
            (path.file_name().unwrap().to_str().unwrap(), fs::read_to_string(&path).unwrap());
        let block = format!("/{name}):\n\n```python\n{text}```\n");
        assert!(page.contains(&block), "docs/recipes/python-servers.md does not show {name}");
        shown += 1;
    }
    assert_eq!(shown, 3);
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
