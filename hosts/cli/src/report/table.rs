//! The table on standard output.

use std::fmt::Write as _;

use super::model::{Figure, Report};

/// The table, the failures in words, and the line that sums up.
pub fn render(report: &Report, colour: bool) -> String {
    let mut rows = vec![["suite", "case", "result", "this run", "baseline"].map(str::to_owned)];
    for suite in &report.suites {
        for case in &suite.cases {
            rows.push([
                suite.name.clone(),
                case.name.clone(),
                (if case.passed { "pass" } else { "FAIL" }).to_owned(),
                cell(&case.figure),
                cell(&case.report),
            ]);
        }
    }
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }

    let mut out = String::new();
    let rule: String =
        widths.map(|width| "-".repeat(width)).join("  ").trim_end().to_owned() + "\n";
    let mut suite = String::new();
    for (at, row) in rows.iter().enumerate() {
        if at > 0 && row[0] != suite {
            row[0].clone_into(&mut suite);
            out.push_str(&rule);
        }
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths).enumerate() {
            let pad = " ".repeat(width - cell.chars().count());
            match (column, cell.as_str()) {
                (2, "pass") if colour => write!(line, "\x1b[32mpass\x1b[0m"),
                (2, "FAIL") if colour => write!(line, "\x1b[31;1mFAIL\x1b[0m"),
                _ => write!(line, "{cell}"),
            }
            .unwrap_or_default();
            line.push_str(&pad);
            line.push_str("  ");
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push_str(&rule);

    for suite in &report.suites {
        for case in suite.cases.iter().filter(|case| !case.passed) {
            let why = case.why.as_deref().unwrap_or("no reason was given");
            let _ = writeln!(out, "FAIL {}: {}: {why}", suite.name, case.name);
        }
    }
    let _ = writeln!(
        out,
        "{} passed, {} failed, {} suites, {:.1} s, seed {}",
        report.passed,
        report.failed,
        report.suites.len(),
        report.elapsed_ms / 1e3,
        report.seed
    );
    out
}

fn cell(figure: &Figure) -> String {
    if figure.text.is_empty() { "-".to_owned() } else { figure.text.clone() }
}
