//! `cargo xtask bench`: the engine beside its peers, in one run.
//!
//! Each target of kind `bench` in the package `pamlink-benches` is one group, and so is [`ffi`],
//! which is not Rust alone. [`serve`] is such a target that needs programs to start. A group writes
//! its rows to `target/bench/NAME.json`; the table is made from that file, so both say the same.

mod against;
mod ffi;
mod serve;

use std::ffi::OsString;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use self::against::Against;
use crate::check::Stopped;
use crate::command::Console;
use crate::workspace::Workspace;

const PACKAGE: &str = "pamlink-benches";

/// Measures one group, or each in turn. Whether all of them ran: a missed target is marked in the
/// table and does not fail the command, because a busy machine would. With a revision in `against`
/// its figures come from rounds turn about with that one, and a column has the ratio.
pub(crate) fn run(
    workspace: &Workspace,
    console: Console,
    name: Option<&str>,
    quick: bool,
    against: Option<&str>,
) -> Result<bool> {
    let mut all = workspace.targets(PACKAGE, "bench");
    ensure!(!all.is_empty(), "the package {PACKAGE} has no groups");
    all.push(ffi::NAME.to_owned());
    let groups = match name {
        None => all,
        Some(name) if all.iter().any(|group| group == name) => vec![name.to_owned()],
        Some(name) => bail!("no group {name:?}; there are {}", all.join(", ")),
    };
    let mut ran = true;
    if let Some(revision) = against {
        if let Some(group) = groups.iter().find(|it| matches!(it.as_str(), ffi::NAME | serve::NAME))
        {
            bail!(
                "{group} starts programs that are built for it: --against knows Rust alone, name another group"
            );
        }
        let other = Against::check_out(workspace, revision)?;
        for group in groups {
            print!("{}", table(&other.measure(workspace, &group, quick)?)?);
        }
        return Ok(true);
    }
    for group in groups {
        ran &= measure(workspace, console, &group, quick)?;
    }
    Ok(ran)
}

fn measure(workspace: &Workspace, console: Console, group: &str, quick: bool) -> Result<bool> {
    let started = SystemTime::now();
    let success = match group {
        ffi::NAME => ffi::measure(workspace, console, quick).map_err(Stopped::into_error)?,
        serve::NAME => {
            let programs = serve::programs(workspace, console).map_err(Stopped::into_error)?;
            target(workspace, group, quick, &programs)?
        }
        _ => target(workspace, group, quick, &[])?,
    };
    let path = workspace.root.join("target/bench").join(format!("{group}.json"));
    let written = std::fs::metadata(&path).and_then(|file| file.modified());
    let is_fresh = written.is_ok_and(|at| at + std::time::Duration::from_secs(2) >= started);
    ensure!(is_fresh, "{} was not written", path.display());
    let rows = rows(&path)?;
    print!("{}", table(&rows)?);
    let missed = rows.iter().filter(|row| row["met"] == false).count();
    if missed > 0 {
        println!("{missed} of {} targets were missed", targets(&rows));
    }
    Ok(success)
}

/// The rows in a file, which has some.
fn rows(path: &Path) -> Result<Vec<Value>> {
    let text =
        std::fs::read(path).with_context(|| format!("{} was not written", path.display()))?;
    let document: Value = serde_json::from_slice(&text)?;
    let rows = document["rows"].as_array().context("no rows")?;
    ensure!(!rows.is_empty(), "{} has no rows", path.display());
    Ok(rows.clone())
}

/// Runs a target of the package of the groups.
fn target(workspace: &Workspace, group: &str, quick: bool, args: &[OsString]) -> Result<bool> {
    let mut bench = workspace.cargo(["bench", "--package", PACKAGE, "--bench", group, "--"]);
    bench.args(args);
    if quick {
        bench.arg("--quick");
    }
    Ok(bench.status()?.success())
}

fn targets(rows: &[Value]) -> usize {
    rows.iter().filter(|row| !row["target"].is_null()).count()
}

/// The rows as a table, each column as wide as its widest cell.
fn table(rows: &[Value]) -> Result<String> {
    let mut head = vec!["name", "value", "unit", "peer", "peer_value", "ratio", "target", "met"];
    if rows.iter().any(|row| row.get("against").is_some()) {
        head.push("against");
    }
    let mut lines: Vec<Vec<_>> = vec![head.iter().map(|name| name.replace('_', " ")).collect()];
    for row in rows {
        for name in &head {
            ensure!(row.get(*name).is_some(), "a row lacks {name:?}: {row}");
        }
        lines.push(head.iter().map(|name| cell(&row[*name])).collect());
    }
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..head.len()).filter_map(width).collect();
    let mut text = String::new();
    for line in &lines {
        for (at, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let is_number = matches!(at, 1 | 4 | 5 | 8);
            let pad = " ".repeat(width - cell.chars().count());
            let (before, after) = if is_number { (pad.as_str(), "") } else { ("", pad.as_str()) };
            text.push_str(&format!("{before}{cell}{after}  "));
        }
        text.truncate(text.trim_end().len());
        text.push('\n');
    }
    Ok(text)
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::Bool(met) => if *met { "yes" } else { "NO" }.to_owned(),
        Value::String(text) => text.clone(),
        Value::Number(number) => match number.as_f64() {
            Some(number) if number.abs() >= 100.0 => grouped(number.round()),
            Some(number) => format!("{number:.2}"),
            None => number.to_string(),
        },
        other => other.to_string(),
    }
}

/// A whole number with its thousands apart.
fn grouped(number: f64) -> String {
    let digits = format!("{:.0}", number.abs());
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0.0 { format!("-{text}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aligns_the_columns() {
        let rows = serde_json::json!([
            {"name": "window", "value": 31.234, "unit": "ns", "peer": "two sets", "peer_value": 30,
             "ratio": 1.04, "target": "<= 1.5", "met": true},
            {"name": "path", "value": 1234567.8, "unit": "msg/s", "peer": null, "peer_value": null,
             "ratio": null, "target": null, "met": null}
        ]);
        let table = table(rows.as_array().unwrap()).unwrap();
        let expected = "\
name        value  unit   peer      peer value  ratio  target  met
window      31.23  ns     two sets       30.00   1.04  <= 1.5  yes
path    1,234,568  msg/s  -                  -      -  -       -
";
        assert_eq!(table, expected);
    }

    #[test]
    fn the_ratio_by_another_revision_is_a_column_of_its_own() {
        let mut row = serde_json::json!({"name": "window", "value": 3, "unit": "ns", "peer": null,
            "peer_value": null, "ratio": null, "target": null, "met": null});
        assert!(!table(&[row.clone()]).unwrap().contains("against"));
        row["against"] = 0.5.into();
        let table = table(&[row]).unwrap();
        assert!(table.starts_with("name") && table.contains("met  against\n"), "{table}");
        assert!(table.ends_with("     0.50\n"), "{table}");
    }

    #[test]
    fn a_row_without_a_column_is_an_error() {
        assert!(table(&[serde_json::json!({"name": "window"})]).is_err());
    }
}
