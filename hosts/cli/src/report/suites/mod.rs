//! The suites of the report.

mod authentication;
mod connection;
mod deduplication;
mod house;
mod liveness;
mod packages;
mod performance;
mod recovery;
mod routing;
mod serialization;
mod sessions;
mod spread;
mod stability;
mod states;
mod stories;
mod system;
mod values;

pub(super) use self::sessions::tell;
use super::bench::{Bench, Failure};

const CONNECTION: &str = "Connection Infrastructure";
const AUTHENTICATION: &str = "Authentication Flow";
const SERIALIZATION: &str = "JSON Serialization";
const DEDUPLICATION: &str = "Message Deduplication";
const ROUTING: &str = "Multi-Agent Routing";
const RECOVERY: &str = "Error Recovery";
const PERFORMANCE: &str = "Performance & Stability";
const SESSIONS: &str = "Sessions";
const PACKAGES: &str = "Packages";

/// The suites by the baseline's names, in its order, and behind them those of what it did not have.
const NAMES: [&str; 9] = [
    CONNECTION,
    AUTHENTICATION,
    SERIALIZATION,
    DEDUPLICATION,
    ROUTING,
    RECOVERY,
    PERFORMANCE,
    SESSIONS,
    PACKAGES,
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
        match *name {
            CONNECTION => connection::run(bench).await,
            AUTHENTICATION => authentication::run(bench).await,
            SERIALIZATION => serialization::run(bench).await,
            DEDUPLICATION => deduplication::run(bench).await,
            ROUTING => routing::run(bench).await,
            RECOVERY => recovery::run(bench).await,
            PERFORMANCE => performance::run(bench).await,
            SESSIONS => sessions::run(bench).await,
            _ => packages::run(bench).await,
        }
        bench.suite_done();
    }
}

/// Reads JSON with a parser that is not the engine's.
fn json(text: &str) -> Result<serde_json::Value, Failure> {
    serde_json::from_str(text).map_err(|error| Failure::new(format!("{error} in {text}")))
}
