//! The report: its quick form passes, in time, and leaves both its files.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::workspace::Workspace;

const BUILD: Duration = Duration::from_secs(1_500);
const QUICK: Duration = Duration::from_secs(20);

pub(super) fn build(workspace: &Workspace, console: Console) -> Result<(), Stopped> {
    console.must(workspace.cargo(["build", "--release", "--package", "pamlink-cli"]), BUILD)?;
    Ok(())
}

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    build(workspace, console)?;
    let before = SystemTime::now();
    let started = Instant::now();
    let mut report = workspace.command(workspace.target.join("release/pamlink"));
    report.args(["report", "--quick", "--seed", "1"]);
    let finished = console.run(report, Duration::from_secs(120))?;
    let took = started.elapsed();

    let mut checks = Checks::of_command(&finished);
    let seconds = took.as_secs_f64();
    checks.check(took <= QUICK, format!("report --quick took {seconds:.1} s, at most 20 s it may"));
    let folder = workspace.root.join("target/report");
    let json = fresh(&folder.join("report.json"), before);
    let parsed =
        json.as_deref().and_then(|text| serde_json::from_str::<serde_json::Value>(text).ok());
    checks.check(parsed.is_some(), "report.json was not written, or is no JSON");
    let html = fresh(&folder.join("report.html"), before).unwrap_or_default();
    checks.check(html.contains("</html>"), "report.html was not written whole");
    checks.check(fetched(&html).is_empty(), format!("report.html fetches {:?}", fetched(&html)));
    Ok(checks)
}

/// The text of a file that was written since `before`.
fn fresh(path: &Path, before: SystemTime) -> Option<String> {
    let written = std::fs::metadata(path).ok()?.modified().ok()?;
    // File systems date more coarsely than the clock.
    let is_fresh = written + Duration::from_secs(2) >= before;
    is_fresh.then(|| std::fs::read_to_string(path).ok())?
}

/// What a page would fetch from elsewhere.
fn fetched(html: &str) -> Vec<&str> {
    const MARKS: [&str; 6] = ["src=\"", "src='", "<link ", "@import", "url(http", "fetch("];
    MARKS
        .into_iter()
        .filter(|mark| {
            let mut uses = html.match_indices(mark);
            uses.any(|(at, _)| !html[at + mark.len()..].starts_with("data:"))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_that_carries_all_it_needs_fetches_nothing() {
        assert!(fetched("<style>a{}</style><img src=\"data:image/png;base64,AA\">").is_empty());
        assert_eq!(fetched("<script src=\"https://x.example/a.js\"></script>"), ["src=\""]);
        assert_eq!(fetched("<link rel=stylesheet href=a.css>"), ["<link "]);
    }
}
