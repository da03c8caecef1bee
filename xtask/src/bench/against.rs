//! `--against REV`: a group as another revision has it, turn about with the present one.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{PACKAGE, rows};
use crate::workspace::Workspace;

/// How often each of the two runs: their figures are medians over the rounds.
const ROUNDS: usize = 3;

/// Another revision, checked out and built.
pub(super) struct Against {
    root: PathBuf,
    target: PathBuf,
}

impl Against {
    /// Checks `revision` out in a worktree under the build folder, or finds it there.
    pub(super) fn check_out(workspace: &Workspace, revision: &str) -> Result<Self> {
        let commit = git(workspace, &["rev-parse", "--verify", &format!("{revision}^{{commit}}")])?;
        let commit = commit.trim();
        let folder = workspace.target.join("against");
        let root = folder.join(commit.get(..12).context("git names no commit")?);
        if !root.join("Cargo.toml").is_file() {
            // One that somebody deleted is still noted.
            git(workspace, &["worktree", "prune"])?;
            let path = root.to_str().context("the build folder's path is no text")?;
            git(workspace, &["worktree", "add", "--detach", path, commit])?;
        }
        Ok(Self { root, target: folder.join("target") })
    }

    /// Runs both in turn and adds the ratios of ours by theirs to the rows of the present one.
    pub(super) fn measure(
        &self,
        workspace: &Workspace,
        group: &str,
        quick: bool,
    ) -> Result<Vec<Value>> {
        let here = workspace.root.join("target/bench").join(format!("{group}.json"));
        let there = self.root.join("target/bench").join(format!("{group}.json"));
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..if quick { 1 } else { ROUNDS } {
            let mut turns = [true, false];
            turns.rotate_left(round % 2);
            for is_ours in turns {
                let mut bench = workspace.cargo(["bench", "--package", PACKAGE, "--bench", group]);
                if !is_ours {
                    bench.current_dir(&self.root).arg("--target-dir").arg(&self.target);
                }
                bench.arg("--");
                if quick {
                    bench.arg("--quick");
                }
                let (path, all) = if is_ours { (&here, &mut ours) } else { (&there, &mut theirs) };
                all.push(run(bench, path)?);
            }
        }
        let rows = compared(&ours, &theirs)?;
        let document = serde_json::json!({ "rows": rows });
        std::fs::write(&here, serde_json::to_vec_pretty(&document)?)?;
        Ok(rows)
    }
}

/// The rows that a run writes.
fn run(mut bench: Command, path: &Path) -> Result<Vec<Value>> {
    let _was_none = std::fs::remove_file(path);
    ensure!(bench.status()?.success(), "{bench:?} failed");
    rows(path)
}

/// The rows of the last round of ours, with medians over the rounds and, under `against`, the ratio
/// of each by the row of the same name there; null where there is none.
fn compared(ours: &[Vec<Value>], theirs: &[Vec<Value>]) -> Result<Vec<Value>> {
    let (ours_by_name, theirs_by_name) = (medians(ours), medians(theirs));
    let mut rows = ours.last().context("no round")?.clone();
    for row in &mut rows {
        let name = row["name"].as_str().context("a row without a name")?.to_owned();
        let value = ours_by_name.get(&name).copied();
        let ratio = value.zip(theirs_by_name.get(&name)).map(|(ours, theirs)| ours / theirs);
        row["value"] = value.into();
        row["against"] = ratio.into();
    }
    Ok(rows)
}

/// The median of each row's values, by its name.
fn medians(rounds: &[Vec<Value>]) -> BTreeMap<String, f64> {
    let mut values: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in rounds.iter().flatten() {
        if let (Some(name), Some(value)) = (row["name"].as_str(), row["value"].as_f64()) {
            values.entry(name.to_owned()).or_default().push(value);
        }
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    values.into_iter().map(|(name, values)| (name, median(values))).collect()
}

fn git(workspace: &Workspace, args: &[&str]) -> Result<String> {
    let output = workspace.command("git").args(args).output().context("git does not start")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "git {}: {}", args.join(" "), said.trim());
    Ok(String::from_utf8(output.stdout)?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_are_medians_of_the_rounds_and_tell_their_ratio_by_name() {
        let round = |rows: &[(&str, f64)]| -> Vec<Value> {
            rows.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
        };
        let ours = [
            round(&[("a", 9.0), ("new", 1.0)]),
            round(&[("a", 2.0), ("new", 1.0)]),
            round(&[("a", 3.0), ("new", 1.0)]),
        ];
        let theirs =
            [round(&[("a", 6.0), ("gone", 1.0)]), round(&[("a", 99.0)]), round(&[("a", 1.0)])];
        let rows = compared(&ours, &theirs).unwrap();
        assert_eq!(rows[0], json!({"name": "a", "value": 3.0, "against": 0.5}));
        assert_eq!(rows[1], json!({"name": "new", "value": 1.0, "against": null}));
        assert_eq!(rows.len(), 2);
        assert!(compared(&[], &theirs).is_err());
    }
}
