//! Where the vectors are, and how those that are made are kept from drifting.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A file as it has to be.
pub(crate) struct Made {
    /// Its path within `tests/vectors`.
    pub(crate) path: String,
    pub(crate) text: String,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors")
}

/// Every JSON file, by its path within the folder.
pub(crate) fn all() -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder()];
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(&at).expect("a folder of vectors") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "json") {
                let path = path.strip_prefix(folder()).expect("within the folder");
                found.push(path.to_str().expect("a plain name").replace('\\', "/"));
            }
        }
    }
    found.sort();
    found
}

pub(crate) fn read(path: &str) -> Value {
    let text = fs::read_to_string(folder().join(path)).expect("a file of vectors");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Writes a file whole or not at all, for it may be read at the same time.
pub(crate) fn write(made: &Made) {
    let path = folder().join(&made.path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder can be made");
    let beside = path.with_extension("new");
    fs::write(&beside, &made.text).expect("a file can be written");
    fs::rename(&beside, &path).expect("a file can be renamed");
}

/// In what the file on disk differs from what it has to be.
pub(crate) fn drift(made: &Made) -> Option<String> {
    let found = fs::read_to_string(folder().join(&made.path)).unwrap_or_default();
    if found == made.text {
        return None;
    }
    let lines = found.lines().chain([""]).zip(made.text.lines().chain([""]));
    let differs = lines.enumerate().find(|(_, (found, made))| found != made);
    let (line, (found, wanted)) = differs.unwrap_or((0, ("another length", "")));
    Some(format!("{}, line {}:\n  is     {found}\n  not    {wanted}", made.path, line + 1))
}
