//! What a run of the report found. Serialised, this is `report.json`.
//!
//! The schema is stable: members are added, and none changes its meaning or unit, while
//! [`SCHEMA`] stays the same.

use serde::Serialize;

/// The version of the schema of `report.json`.
pub const SCHEMA: u32 = 1;

/// One run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// The version of this program.
    pub version: String,
    /// When the run began: RFC 3339, UTC.
    pub started: String,
    /// What fixed every random choice of the run.
    pub seed: u64,
    /// Whether the smaller counts of `--quick` were used.
    pub quick: bool,
    /// How long the run took, in milliseconds.
    pub elapsed_ms: f64,
    /// The machine and the build.
    pub machine: Machine,
    /// Cases that passed.
    pub passed: usize,
    /// Cases that failed.
    pub failed: usize,
    /// The suites, in the order they ran.
    pub suites: Vec<Suite>,
    /// The samples behind the plots.
    pub plots: Plots,
}

/// The machine and the build.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Machine {
    /// Operating system, as Rust names it.
    pub os: String,
    /// Processor architecture, as Rust names it.
    pub arch: String,
    /// Cores that the process may use.
    pub cores: usize,
    /// `release` or `debug`.
    pub build: String,
}

/// One suite of the report.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Suite {
    /// Its name, as in the baseline.
    pub name: String,
    /// How long it took, in milliseconds.
    pub elapsed_ms: f64,
    /// Its cases, in the order they ran.
    pub cases: Vec<Case>,
}

impl Suite {
    /// How many cases passed.
    pub fn passed(&self) -> usize {
        self.cases.iter().filter(|case| case.passed).count()
    }
}

/// One case.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Case {
    /// What was tried.
    pub name: String,
    /// Whether everything it asserts held.
    pub passed: bool,
    /// What this run found.
    pub figure: Figure,
    /// What the baseline says on the same line; empty where it says nothing. The baseline is what
    /// the server before this engine did in a test campaign on 2025-09-06.
    pub report: Figure,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// How long the case took, in milliseconds.
    pub elapsed_ms: f64,
}

/// A finding as people read it and, where it is a number, as programs read it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Figure {
    /// For people.
    pub text: String,
    /// The number, in `unit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// `ms`, `msg/s`, `entries`, `MB`, `%` or a plain count's noun.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
}

impl Figure {
    /// Words alone.
    pub fn words(text: impl Into<String>) -> Self {
        Self { text: text.into(), value: None, unit: None }
    }

    /// A number with its unit.
    pub fn number(value: f64, unit: &'static str) -> Self {
        Self { text: format!("{} {unit}", figures(value)), value: Some(value), unit: Some(unit) }
    }

    /// The same number with more words after it.
    #[must_use]
    pub fn and(mut self, more: impl AsRef<str>) -> Self {
        self.text.push_str(", ");
        self.text.push_str(more.as_ref());
        self
    }

    /// What the baseline says nothing about.
    pub const fn none() -> Self {
        Self { text: String::new(), value: None, unit: None }
    }
}

/// The samples behind the four plots.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Plots {
    /// From a request to its answer, one sample each, in milliseconds.
    pub latency_ms: Vec<f64>,
    /// Messages a second by the size of the burst.
    pub throughput: Vec<Throughput>,
    /// The duplicate window while messages came in.
    pub window: Vec<WindowSample>,
    /// How many entries the window of that run may hold.
    pub window_bound: usize,
    /// When each link of a crowd was back after its server had restarted, in milliseconds.
    pub reconnect_ms: Vec<f64>,
}

/// One burst.
#[derive(Clone, Debug, Serialize)]
pub struct Throughput {
    /// Messages in the burst.
    pub messages: usize,
    /// Messages a second in this run.
    pub rate: f64,
    /// Messages a second in the baseline.
    pub report_rate: f64,
}

/// The duplicate window at one moment.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct WindowSample {
    /// Distinct messages until then.
    pub messages: usize,
    /// Milliseconds since the first.
    pub at_ms: f64,
    /// Entries held.
    pub entries: usize,
    /// Bytes held.
    pub bytes: usize,
}

/// `value` with three figures or more, and thousands apart: `0.0421`, `12.3`, `18,204`.
pub fn figures(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        return "-".into();
    }
    if size >= 1_000.0 {
        return thousands(value.round());
    }
    let decimals = match size {
        0.0 => 0,
        s if s >= 100.0 => 1,
        s if s >= 10.0 => 1,
        s if s >= 1.0 => 2,
        s if s >= 0.01 => 3,
        _ => 4,
    };
    let text = format!("{value:.decimals$}");
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else {
        text
    }
}

fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut out = String::from(if value < 0.0 { "-" } else { "" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// The `percent`-th percentile of `sorted` (nearest rank); zero when there are none.
pub fn percentile(sorted: &[f64], percent: f64) -> f64 {
    if sorted.is_empty() {
        return 0.0;
    }
    let rank = (percent / 100.0 * sorted.len() as f64).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}

/// The mean; zero when there are none.
pub fn mean(samples: &[f64]) -> f64 {
    if samples.is_empty() { 0.0 } else { samples.iter().sum::<f64>() / samples.len() as f64 }
}
