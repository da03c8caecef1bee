//! Counting checks.

use std::fmt;
use std::ops::AddAssign;

/// How many checks passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

/// How the summary of `cargo nextest` begins.
const NEXTEST: &str = "Summary [";

impl Totals {
    /// What the summary lines of `cargo test` and `cargo nextest` in `lines` add up to; `None`
    /// when there are none, as after a build that failed. `nextest` shows what a test binary
    /// printed of a test that failed, which is counted already.
    pub(crate) fn of_test_run(lines: &[String]) -> Option<Self> {
        let of_nextest = |line: &str| line.trim().starts_with(NEXTEST);
        let nextest = lines.iter().any(|line| of_nextest(line));
        let lines = lines.iter().filter(|line| !nextest || of_nextest(line));
        let totals = lines.filter_map(|line| summary_line(line.trim()));
        totals.fold(None, |sum: Option<Self>, totals| {
            let mut sum = sum.unwrap_or_default();
            sum += totals;
            Some(sum)
        })
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { passed, failed, skipped } = self;
        write!(f, "{passed} passed, {failed} failed, {skipped} skipped")
    }
}

/// Reads `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; ...` and
/// `Summary [ 1.2s] 9/10 tests run: 7 passed (1 slow), 1 failed, 1 timed out, 4 skipped`.
fn summary_line(line: &str) -> Option<Totals> {
    let counts = if let Some(rest) = line.strip_prefix("test result: ") {
        rest.split_once(". ")?.1
    } else if line.starts_with(NEXTEST) {
        line.split_once("run: ").or_else(|| line.split_once("run "))?.1
    } else {
        return None;
    };
    let mut totals = Totals::default();
    for count in counts.split([';', ',']) {
        let mut words = count.split_whitespace();
        let Some(number) = words.next().and_then(|word| word.parse::<u64>().ok()) else { continue };
        match words.next() {
            Some("passed") => totals.passed += number,
            Some("failed" | "timed" | "exec") => totals.failed += number,
            Some("ignored" | "skipped") => totals.skipped += number,
            _ => {}
        }
    }
    Some(totals)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn sums_the_results_of_several_test_binaries() {
        let run = lines(
            "running 4 tests\n\
             test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; done\n\
             test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out\n",
        );
        let sum = Totals { passed: 4, failed: 2, skipped: 1 };
        assert_eq!(Totals::of_test_run(&run), Some(sum));
    }

    #[test]
    fn reads_the_summary_of_nextest() {
        let run = lines(
            "     Summary [   3.002s] 9/14 tests run: 6 passed (1 slow), 1 failed, 1 timed out, \
             1 exec failed, 5 skipped",
        );
        let sum = Totals { passed: 6, failed: 3, skipped: 5 };
        assert_eq!(Totals::of_test_run(&run), Some(sum));
    }

    #[test]
    fn a_test_that_failed_is_counted_once() {
        let run = lines(
            "  stdout ---\n\
             \n    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 7 filtered out\n\
             Summary [   1.0s] 2 tests run: 1 passed, 1 failed, 0 skipped",
        );
        let sum = Totals { passed: 1, failed: 1, skipped: 0 };
        assert_eq!(Totals::of_test_run(&run), Some(sum));
    }

    #[test]
    fn a_build_that_failed_has_no_result() {
        assert_eq!(Totals::of_test_run(&lines("error: could not compile `x`")), None);
    }
}
