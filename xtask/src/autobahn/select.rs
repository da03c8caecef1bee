//! Which cases are run, and in how many processes.

use anyhow::{Result, ensure};

/// The cases to run.
#[derive(Clone, Debug)]
pub(crate) enum Selection {
    /// All that there are.
    Whole,
    /// What two minutes are enough for: of the compressed messages only the short ones.
    Subset,
    /// Those of this number, or with `*` at the end all that begin so; more, with commas.
    Pattern(String),
}

/// The cases of the suite at the version that is installed.
const ALL: usize = 517;
/// Each group of compressed messages goes from 16 bytes to 128 KiB in 18 cases; a subset has the
/// first ones.
const SHORT: u32 = 0;

impl Selection {
    /// The numbers among `all`, in their order.
    pub(crate) fn of(&self, all: &[String]) -> Result<Vec<String>> {
        let count = all.len();
        ensure!(count == ALL, "the suite has {count} cases, {ALL} it should have");
        let patterns: Vec<&str> = match self {
            Self::Pattern(patterns) => patterns.split(',').map(str::trim).collect(),
            Self::Whole | Self::Subset => vec!["*"],
        };
        for pattern in &patterns {
            let found = all.iter().any(|number| matches(number, pattern));
            ensure!(
                found,
                "no case matches {pattern:?}; they are numbered as in `6.*` or `12.1.1`"
            );
        }
        let is_wanted = |number: &&String| {
            let whole = !matches!(self, Self::Subset);
            let short = || last(number).is_some_and(|last| last <= SHORT);
            (whole || !is_compressed(number) || short())
                && patterns.iter().any(|pattern| matches(number, pattern))
        };
        Ok(all.iter().filter(is_wanted).cloned().collect())
    }
}

/// The cases as rounds of processes. First all that watch the clock, alone; then a process for each
/// section of compressed messages, which take long and are in no hurry.
pub(crate) fn rounds(cases: &[String]) -> [Vec<(&'static str, Vec<String>)>; 2] {
    let some = |name, wanted: fn(&str) -> bool| {
        let cases: Vec<String> = cases.iter().filter(|number| wanted(number)).cloned().collect();
        (!cases.is_empty()).then_some((name, cases))
    };
    let first = some("plain", |number| !is_compressed(number));
    let payloads = some("payloads", |number| number.starts_with("12."));
    let parameters = some("parameters", |number| number.starts_with("13."));
    [first.into_iter().collect(), payloads.into_iter().chain(parameters).collect()]
}

fn matches(number: &str, pattern: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(start) => number.starts_with(start),
        None => number == pattern,
    }
}

fn is_compressed(number: &str) -> bool {
    number.starts_with("12.") || number.starts_with("13.")
}

fn last(number: &str) -> Option<u32> {
    number.rsplit('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many numbers as there are cases, some of them real ones.
    fn all() -> Vec<String> {
        let real = ["1.1.1", "1.2.1", "10.1.1", "12.1.1", "12.1.3", "12.1.4", "13.7.18", "9.1.1"];
        let filler = (real.len()..ALL).map(|number| format!("6.0.{number}"));
        real.into_iter().map(str::to_owned).chain(filler).collect()
    }

    fn of(pattern: &str) -> Result<Vec<String>> {
        Selection::Pattern(pattern.to_owned()).of(&all())
    }

    #[test]
    fn a_pattern_is_a_number_or_a_beginning() {
        assert_eq!(of("1.*").unwrap(), ["1.1.1", "1.2.1"]);
        assert_eq!(of("10.1.1, 12.1.*").unwrap(), ["10.1.1", "12.1.1", "12.1.3", "12.1.4"]);
        assert_eq!(of("*").unwrap().len(), ALL);
    }

    #[test]
    fn a_pattern_without_cases_is_an_error() {
        for pattern in ["", "8.*", "1.1", "1.*,1.1.11"] {
            assert!(of(pattern).is_err(), "{pattern:?}");
        }
    }

    #[test]
    fn a_suite_of_another_size_is_an_error() {
        let error = Selection::Whole.of(&all()[1..]).unwrap_err().to_string();
        assert_eq!(error, "the suite has 516 cases, 517 it should have");
        assert!(Selection::Whole.of(&[]).is_err());
    }

    #[test]
    fn the_subset_leaves_out_long_compressed_messages_and_no_more() {
        let (whole, subset) = (Selection::Whole.of(&all()), Selection::Subset.of(&all()));
        let mut whole = whole.unwrap();
        assert_eq!(whole, all());
        whole.retain(|number| !number.starts_with("12.") && !number.starts_with("13."));
        assert_eq!(subset.unwrap(), whole);
    }

    #[test]
    fn every_case_is_in_one_process() {
        let rounds = rounds(&all());
        let names: Vec<Vec<&str>> =
            rounds.iter().map(|round| round.iter().map(|part| part.0).collect()).collect();
        assert_eq!(names, [vec!["plain"], vec!["payloads", "parameters"]]);
        let mut together: Vec<String> =
            rounds.into_iter().flatten().flat_map(|part| part.1).collect();
        together.sort();
        let mut all = all();
        all.sort();
        assert_eq!(together, all);
    }
}
