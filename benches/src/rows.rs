//! The rows of a group, and the file that they are written to.

use std::path::{Path, PathBuf};
use std::{fs, io};

use serde::Serialize;

/// What was measured, beside what, and what it should be.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    name: String,
    value: f64,
    unit: &'static str,
    peer: Option<String>,
    peer_value: Option<f64>,
    ratio: Option<f64>,
    target: Option<String>,
    met: Option<bool>,
}

impl Row {
    /// A figure by itself.
    pub fn new(name: impl Into<String>, value: f64, unit: &'static str) -> Self {
        Self {
            name: name.into(),
            value,
            unit,
            peer: None,
            peer_value: None,
            ratio: None,
            target: None,
            met: None,
        }
    }

    /// The same figure of a peer. The ratio is ours by theirs.
    #[must_use]
    pub fn beside(mut self, peer: impl Into<String>, value: f64) -> Self {
        self.peer = Some(peer.into());
        self.peer_value = Some(value);
        self.ratio = Some(self.value / value);
        self
    }

    /// The ratio should be at least this.
    #[must_use]
    pub fn at_least_times(mut self, least: f64) -> Self {
        self.target = Some(format!(">= {least} x"));
        self.met = self.ratio.map(|ratio| ratio >= least);
        self
    }

    /// The ratio should be at most this.
    #[must_use]
    pub fn at_most_times(mut self, most: f64) -> Self {
        self.target = Some(format!("<= {most} x"));
        self.met = self.ratio.map(|ratio| ratio <= most);
        self
    }

    /// The figure itself should be at most this.
    #[must_use]
    pub fn at_most(mut self, most: f64) -> Self {
        self.target = Some(format!("<= {most} {}", self.unit));
        self.met = Some(self.value <= most);
        self
    }
}

/// The rows of a group, said as they come.
#[derive(Debug, Default, Serialize)]
pub struct Rows {
    rows: Vec<Row>,
}

impl Rows {
    /// Adds a row and says so on standard error, where the run's progress is watched.
    pub fn push(&mut self, row: Row) {
        let beside = match (&row.peer, row.peer_value) {
            (Some(peer), Some(value)) => format!(", {peer}: {value:.1}"),
            _ => String::new(),
        };
        let judged = match (&row.target, row.met) {
            (Some(target), Some(met)) => {
                format!(", {target} {}", if met { "met" } else { "MISSED" })
            }
            _ => String::new(),
        };
        eprintln!("  {}: {:.1} {}{beside}{judged}", row.name, row.value, row.unit);
        self.rows.push(row);
    }

    /// Writes `target/bench/GROUP.json` of the workspace and returns its path.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn write(&self, group: &str) -> io::Result<PathBuf> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/bench");
        fs::create_dir_all(&folder)?;
        let path = folder.join(format!("{group}.json"));
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        fs::write(&path, text)?;
        Ok(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_has_all_eight_members() {
        let row = Row::new("window", 40.0, "ns").beside("two sets", 20.0).at_most_times(1.5);
        let expected = serde_json::json!({
            "name": "window", "value": 40.0, "unit": "ns", "peer": "two sets", "peer_value": 20.0,
            "ratio": 2.0, "target": "<= 1.5 x", "met": false
        });
        assert_eq!(serde_json::to_value(row).unwrap(), expected);
    }

    #[test]
    fn a_figure_by_itself_meets_or_misses_its_own_target() {
        assert_eq!(Row::new("a", 2048.0, "B").at_most(2048.0).met, Some(true));
        assert_eq!(Row::new("a", 2049.0, "B").at_most(2048.0).met, Some(false));
        assert_eq!(Row::new("a", 1.0, "B").met, None);
    }
}
