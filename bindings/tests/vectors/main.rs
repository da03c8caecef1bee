//! The files of `tests/vectors`: the engine runs each of them through the border, as every other
//! language does, and makes those that are made.
//!
//! Prints `vectors rust FILE N` for each file, N being the number of cases. A file that nobody here
//! knows fails.

mod files;
mod make;
mod record;
mod run;

use std::sync::LazyLock;

/// What is made, and written first if `PAMLINK_WRITE_VECTORS` is set.
static MADE: LazyLock<Vec<files::Made>> = LazyLock::new(|| {
    let made = make::all();
    if std::env::var_os("PAMLINK_WRITE_VECTORS").is_some() {
        made.iter().for_each(files::write);
    }
    made
});

#[test]
fn no_made_file_has_drifted() {
    let mut drifted: Vec<_> = MADE.iter().filter_map(files::drift).collect();
    let made_by_nobody = |path: &String| {
        let of_ours = ["engine/", "frames/", "window/"].iter().any(|it| path.starts_with(it));
        of_ours && MADE.iter().all(|made| made.path != *path)
    };
    let strays = files::all().into_iter().filter(made_by_nobody);
    drifted.extend(strays.map(|path| format!("{path} is made by nobody: remove it")));
    assert!(
        drifted.is_empty(),
        "{}\nif that is what is wanted: PAMLINK_WRITE_VECTORS=1 cargo test -p pamlink-ffi --test vectors",
        drifted.join("\n")
    );
}

#[test]
fn every_file_is_run_and_every_case_holds() {
    assert!(!MADE.is_empty());
    let paths = files::all();
    assert!(paths.len() > 20, "{} files", paths.len());
    for path in paths {
        let run = run::runner(&path).unwrap_or_else(|| panic!("nobody runs {path}"));
        let cases = run(&files::read(&path));
        assert!(cases > 0, "{path} has no case");
        println!("vectors rust {path} {cases}");
    }
}

#[test]
fn a_file_that_nobody_knows_is_noticed() {
    assert!(run::runner("engine/any.json").is_some());
    assert!(run::runner("any.json").is_none());
    assert!(run::runner("engine/deeper/any.json").is_none());
    assert!(run::runner("engine/any.txt").is_none());
}
