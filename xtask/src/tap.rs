//! The results that the real-peer scripts print: one `ok N name` or `not ok N name` a line.

use crate::check::Checks;
use crate::command::Finished;
use crate::totals::Totals;

/// The checks of a script that has ended.
pub(crate) fn checks(ci: bool, finished: &Finished) -> Checks {
    let mut checks = Checks { totals: totals(&finished.lines), ..Checks::default() };
    for line in failures(&finished.lines) {
        checks.note(line);
    }
    checks.close(ci, finished);
    checks
}

/// What the result lines among `lines` add up to. `# SKIP` after a name counts as skipped.
fn totals(lines: &[String]) -> Totals {
    let mut totals = Totals::default();
    for line in lines {
        if line.starts_with("not ok ") {
            totals.failed += 1;
        } else if line.starts_with("ok ") {
            let skipped = line.contains("# SKIP");
            *(if skipped { &mut totals.skipped } else { &mut totals.passed }) += 1;
        }
    }
    totals
}

/// The lines that name a failed check, with the explanation that follows each (`# ...`).
fn failures(lines: &[String]) -> Vec<String> {
    let mut failures = Vec::new();
    let mut explains = false;
    for line in lines {
        explains = line.starts_with("not ok ") || (explains && line.starts_with('#'));
        if explains {
            failures.push(line.clone());
        }
    }
    failures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_results_and_keeps_the_explanations_of_failures() {
        let text =
            "starting\nok 1 welcome\n# fine\nnot ok 2 ping\n# no pong\n# in 5 s\nok 3 x # SKIP";
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        assert_eq!(totals(&lines), Totals { passed: 1, failed: 1, skipped: 1 });
        assert_eq!(failures(&lines), ["not ok 2 ping", "# no pong", "# in 5 s"]);
    }
}
