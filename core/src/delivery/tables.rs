//! The tables of `docs/protocol-v1.md`, section 11: a test tries every cell of each.

use std::fmt::Write as _;

const DOCUMENT: &str = include_str!("../../../docs/protocol-v1.md");

/// What an input has done, as a cell says it.
pub(super) fn written(before: &str, after: &str, refused: Option<&str>, any: bool) -> String {
    match refused {
        Some(word) if before == after => format!("`{word}`"),
        Some(word) => format!("`{word}`, → {after}"),
        None if before != after => format!("→ {after}"),
        None if any => "stays".to_owned(),
        None => "ignored".to_owned(),
    }
}

/// Tries every input of the table below `heading` in every state of its head, and compares what
/// comes of it with the cell.
pub(super) fn check(heading: &str, happens: impl Fn(&str, &str) -> String) {
    let heading = format!("### {heading}\n");
    let section = DOCUMENT.split_once(&heading).expect("the section is there").1;
    let section = section.split("\n#").next().unwrap_or(section);
    let lines = section.lines().filter(|line| line.starts_with('|'));
    let cells = |line: &str| {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    };
    let rows: Vec<_> = lines.map(cells).filter(|row| !row[0].starts_with("---")).collect();
    let [head, rows @ ..] = &*rows else { panic!("no table below {heading}") };
    assert!(rows.len() > 1 && head.len() > 2, "{heading} is no table");
    let mut found = String::new();
    let mut faults = 0;
    for row in rows {
        assert_eq!(row.len(), head.len(), "{row:?}");
        write!(found, "| {} |", row[0]).unwrap();
        for (state, cell) in head.iter().zip(row).skip(1) {
            let happened = happens(&row[0], state);
            faults += usize::from(happened != *cell);
            write!(found, " {happened} |").unwrap();
        }
        found.push('\n');
    }
    assert_eq!(faults, 0, "cells that differ; what happens is\n{found}");
}
