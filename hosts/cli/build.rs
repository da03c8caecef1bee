//! What the page loads becomes part of the program: each file of `page`, and of `page/pamlink`, which
//! `cargo xtask page` makes. Without that folder the program has a page that says so.

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::{Path, PathBuf};

const FOLDER: &str = "page";
/// What the files are for that are read at build time as texts, and not loaded by name.
const PAGES: &str = "html";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    // The folder with all that is in it; one that is not there would be new each time.
    println!("cargo::rerun-if-changed={FOLDER}");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join(FOLDER);
    let mut files = BTreeMap::new();
    collect(&root, "", &mut files)?;
    let mut list = String::from("pub(super) const FILES: &[File] = &[\n");
    for (name, path) in files {
        let mut hasher = DefaultHasher::new();
        fs::read(&path)?.hash(&mut hasher);
        let etag = format!("\"{:016x}\"", hasher.finish());
        writeln!(
            list,
            "    File {{ name: {name:?}, etag: {etag:?}, bytes: include_bytes!({path:?}) }},"
        )?;
    }
    list.push_str("];\n");
    fs::write(PathBuf::from(env::var("OUT_DIR")?).join("page.rs"), list)?;
    Ok(())
}

/// The files of a folder and of those in it, by their paths below the first.
fn collect(
    folder: &Path,
    before: &str,
    files: &mut BTreeMap<String, PathBuf>,
) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).ok_or("a name is no text")?;
        let name = format!("{before}{name}");
        if path.is_dir() {
            collect(&path, &format!("{name}/"), files)?;
        } else if path.extension().is_none_or(|extension| extension != PAGES) {
            files.insert(name, path);
        }
    }
    Ok(())
}
