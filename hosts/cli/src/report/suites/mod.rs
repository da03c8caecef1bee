//! The seven suites of the report.

use super::bench::Bench;

/// The suites by the report's names, in its order.
const NAMES: [&str; 7] = [
    "Connection Infrastructure",
    "Authentication Flow",
    "JSON Serialization",
    "Message Deduplication",
    "Multi-Agent Routing",
    "Error Recovery",
    "Performance & Stability",
];

/// The suites whose name contains one of `wanted`, or all of them when nothing is wanted.
pub(super) fn choose(wanted: &[String]) -> Result<Vec<&'static str>, String> {
    let holds = |name: &str, part: &String| name.to_lowercase().contains(&part.to_lowercase());
    for part in wanted {
        if !NAMES.iter().any(|name| holds(name, part)) {
            return Err(format!("no suite is called {part:?}; there are: {}", NAMES.join(", ")));
        }
    }
    let mut chosen = NAMES.to_vec();
    chosen.retain(|name| wanted.is_empty() || wanted.iter().any(|part| holds(name, part)));
    Ok(chosen)
}

/// Runs the `chosen` suites.
pub(super) async fn run(bench: &mut Bench, chosen: &[&'static str]) {
    for name in chosen {
        bench.suite(name);
        bench.suite_done();
    }
}
