//! What real users, proxies and servers do, and what has to come of it: one list, item by item.
//!
//! `tests/field/README.md` has the items. A check of one is a row of `tests/field/*.json`, which
//! names a test that this part runs, or a line that a program of `tests/field` prints. What a row
//! names must have run and passed: a name alone proves nothing.

mod item;
mod row;
mod runner;

use std::collections::BTreeMap;

use crate::check::{Checks, Outcome};
use crate::command::Console;
use crate::workspace::Workspace;

use item::Item;
use row::Row;
use runner::Results;

/// Where items, rows and programs are.
const FOLDER: &str = "tests/field";

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let items = item::read(&workspace.root.join(FOLDER))?;
    let rows = row::read(&workspace.root.join(FOLDER))?;
    let results = runner::run_all(workspace, console, &rows)?;
    let mut lines: Vec<Line> = rows.iter().map(|row| Line::of_row(row, &results)).collect();
    for (program, run) in runner::programs(workspace, console)? {
        let printed = run.lines.iter().filter_map(|line| Line::of_program(line));
        let before = lines.len();
        lines.extend(printed);
        if lines.len() == before || !run.success {
            lines.push(Line::broken(program, &run.tail(60)));
        }
    }
    Ok(judged(&items, &lines))
}

/// One check, as it is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    item: String,
    passed: bool,
    text: String,
    why_not: String,
}

impl Line {
    fn of_row(row: &Row, results: &Results) -> Self {
        let outcome = results.of(&row.check);
        Self {
            item: row.item.clone(),
            passed: outcome.is_ok(),
            text: format!("{}: {} -> {}", row.product, row.input, row.right),
            why_not: outcome.err().unwrap_or_default(),
        }
    }

    /// `ok N - ITEM TEXT` or `not ok N - ITEM TEXT`, as a program prints it.
    fn of_program(line: &str) -> Option<Self> {
        let (passed, rest) = match line.strip_prefix("not ok ") {
            Some(rest) => (false, rest),
            None => (true, line.strip_prefix("ok ")?),
        };
        let (number, rest) = rest.split_once(' ')?;
        number.parse::<u64>().ok()?;
        let (item, text) = rest.trim_start_matches("- ").split_once(' ')?;
        // What was left out has not been shown.
        let left_out = text.contains("# SKIP");
        let why_not = if left_out { "left out".to_owned() } else { String::new() };
        Some(Self {
            item: item.to_owned(),
            passed: passed && !left_out,
            text: text.to_owned(),
            why_not,
        })
    }

    fn broken(program: &str, tail: &str) -> Self {
        Self {
            item: program.to_owned(),
            passed: false,
            text: "ended badly, or printed no result".to_owned(),
            why_not: tail.to_owned(),
        }
    }
}

/// The list in the order of the items; an item that nothing checks has failed.
fn judged(items: &[Item], lines: &[Line]) -> Checks {
    let mut checks = Checks::default();
    let mut of_items: BTreeMap<&str, Vec<&Line>> = BTreeMap::new();
    for line in lines {
        of_items.entry(&line.item).or_default().push(line);
    }
    for item in items {
        checks.note(format!("{} {}", item.number, item.title));
        let Some(lines) = of_items.remove(item.number.as_str()) else {
            checks.fail(format!("not ok  nothing checks {}", item.number));
            continue;
        };
        for line in lines {
            tell(&mut checks, line);
        }
    }
    for line in of_items.into_values().flatten() {
        checks.note(format!("{} is no item of {FOLDER}/README.md", line.item));
        tell(&mut checks, &Line { passed: false, ..line.clone() });
    }
    checks
}

fn tell(checks: &mut Checks, line: &Line) {
    if line.passed {
        checks.pass();
        checks.note(format!("  ok      {}", line.text));
        return;
    }
    checks.fail(format!("  not ok  {}", line.text));
    for why in line.why_not.lines() {
        checks.note(format!("          {why}"));
    }
}

#[cfg(test)]
mod tests {
    use super::row::Check;
    use super::*;
    use crate::totals::Totals;

    fn item(number: &str) -> Item {
        Item { number: number.to_owned(), title: "a title".to_owned() }
    }

    #[test]
    fn reads_what_a_program_prints() {
        let line = Line::of_program("ok 3 - 4.3 hypercorn: drain at SIGTERM").unwrap();
        assert!(line.passed);
        assert_eq!(
            (line.item.as_str(), line.text.as_str()),
            ("4.3", "hypercorn: drain at SIGTERM")
        );
        assert!(!Line::of_program("not ok 4 - 4.3 granian: drain").unwrap().passed);
        assert!(!Line::of_program("ok 5 - 4.3 daphne: drain # SKIP").unwrap().passed);
        assert_eq!(Line::of_program("listening"), None);
        assert_eq!(Line::of_program("ok then"), None);
    }

    #[test]
    fn an_item_without_a_check_and_a_check_without_an_item_fail() {
        let lines =
            ["ok 1 - 1.1 a: b", "ok 2 - 9.9 a: b"].map(|line| Line::of_program(line).unwrap());
        let checks = judged(&[item("1.1"), item("1.2")], &lines);
        assert_eq!(checks.totals, Totals { passed: 1, failed: 2, skipped: 0 });
        assert!(checks.notes.iter().any(|note| note.contains("nothing checks 1.2")));
        assert!(checks.notes.iter().any(|note| note.contains("9.9 is no item")));
    }

    #[test]
    fn a_row_whose_test_did_not_run_fails() {
        let row = Row {
            item: "1.1".to_owned(),
            product: "core".to_owned(),
            input: "x".to_owned(),
            right: "y".to_owned(),
            check: Check::read("rust:pamlink::a::b").unwrap(),
        };
        let line = Line::of_row(&row, &Results::default());
        assert!(!line.passed);
        assert_eq!(line.why_not, "pamlink::a::b was not run");
    }
}
