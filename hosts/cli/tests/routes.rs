//! `routes check` names line and field of everything that is wrong.

mod support;

use support::{file, one_line, pamlink};

const GOOD: &str = r#"{
  "version": "7",
  "error_handler": { "id": "nobody" },
  "agents": [
    { "id": "a", "keywords": ["alpha"] },
    { "id": "b", "fallback": ["a"] }
  ]
}"#;

#[test]
fn a_good_table_is_described_in_one_line() {
    let output = pamlink(&["routes", "check", &file("good.json", GOOD)]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("good, version 7, 2 agents, error handler nobody"), "{said}");
}

#[test]
fn the_default_table_is_good() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../core/src/routing/default.json");
    let output = pamlink(&["routes", "check", path]);
    assert!(String::from_utf8_lossy(&output.stdout).contains("5 agents, error handler"));
}

#[test]
fn every_fault_is_named_with_its_line_and_field() {
    let bad = GOOD.replace("[\"a\"]", "[\"c\"]").replace("\"keywords\"", "\"keyword\"");
    let path = file("bad.json", &bad);
    let output = pamlink(&["routes", "check", &path]);
    let errors = String::from_utf8(output.stderr).expect("it is text");
    assert_eq!(output.status.code(), Some(2), "{errors}");
    assert!(output.stdout.is_empty());
    assert_eq!(errors.lines().count(), 2, "{errors}");
    assert!(errors.contains("line 5") && errors.contains("`keyword`"), "{errors}");
    assert!(errors.contains("line 6") && errors.contains("fallback[0]"), "{errors}");
    assert!(errors.lines().all(|line| line.contains(&path)), "{errors}");
}

#[test]
fn what_is_no_table_at_all_is_one_line() {
    for (name, text) in [("empty.json", ""), ("list.json", "[]"), ("cut.json", "{\"agents\": [")] {
        let line = one_line(&["routes", "check", &file(name, text)], 2);
        assert!(line.contains("line 1"), "{line}");
    }
    let line = one_line(&["routes", "check", "/nowhere/table.json"], 2);
    assert!(line.contains("/nowhere/table.json"), "{line}");
}
