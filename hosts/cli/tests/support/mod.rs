//! What the tests of the program share.

#![allow(dead_code, reason = "each test file uses its part")]

pub(crate) mod served;
pub(crate) mod well_formed;

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// The program, with nothing on its standard input.
pub(crate) fn pamlink(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_pamlink"))
        .args(args)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts")
}

/// A file of `text` in the folder that cargo gives to tests. Whoever watches it sees it whole:
/// the old one or the new one, and never an empty one in between.
pub(crate) fn file(name: &str, text: &str) -> String {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    let written = path.with_added_extension("new");
    std::fs::write(&written, text).expect("the folder can be written");
    std::fs::rename(&written, &path).expect("the folder can be written");
    path.to_str().expect("the path is text").to_owned()
}

/// What the program wrote on standard error, when it ended with `code` and one line there.
pub(crate) fn one_line(args: &[&str], code: i32) -> String {
    let output = pamlink(args);
    let errors = String::from_utf8(output.stderr).expect("it writes text");
    assert_eq!(output.status.code(), Some(code), "{args:?}: {errors}");
    assert_eq!(errors.lines().count(), 1, "{args:?}: {errors}");
    assert!(output.stdout.is_empty(), "{args:?}: something on standard output");
    assert!(errors.starts_with("pamlink: "), "{args:?}: {errors}");
    errors
}
