//! Which cases are run, and in how many processes.

use anyhow::{Result, ensure};

/// The cases to run.
#[derive(Clone, Debug)]
pub(crate) enum Selection {
    /// All that there are.
    Whole,
    /// What two minutes are enough for: of the compressed messages only those of 1 KiB.
    Subset,
    /// Those of this number, or with `*` at the end all that begin so; more, with commas.
    Pattern(String),
}

/// The cases of the suite at the version that is installed.
const ALL: usize = 517;
/// The end of the number of a case with messages of 1 KiB, in each group of compressed messages.
/// The other 17 go from 16 bytes to 128 KiB.
const TYPICAL: &str = ".4";

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
            (whole || !is_compressed(number) || number.ends_with(TYPICAL))
                && patterns.iter().any(|pattern| matches(number, pattern))
        };
        Ok(all.iter().filter(is_wanted).cloned().collect())
    }
}

/// The cases of one process of the suite.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) name: String,
    pub(super) cases: Vec<String>,
    /// What our client offers: to compress each message by itself, or not to promise that.
    pub(super) takeover: bool,
}

/// The cases as groups in two rounds. First all that watch the clock, alone; then the compressed
/// messages, which take long and are in no hurry: a group for each kind, as `12.1`, since the suite
/// holds the more memory the more of them a process runs.
pub(super) fn rounds(cases: &[String]) -> [Vec<Group>; 2] {
    let (compressed, plain): (Vec<String>, Vec<String>) =
        cases.iter().cloned().partition(|number| is_compressed(number));
    let plain = Group { name: "plain".to_owned(), cases: plain, takeover: true };
    let first = if plain.cases.is_empty() { Vec::new() } else { vec![plain] };
    let same = |one: &String, other: &String| kind(one) == kind(other);
    let second = compressed.chunk_by(same).map(|cases| Group {
        name: kind(&cases[0]).to_owned(),
        cases: cases.to_vec(),
        takeover: !refuses_takeover(&cases[0]),
    });
    [first, second.collect()]
}

/// The number of a case without its last part.
fn kind(number: &str) -> &str {
    number.rsplit_once('.').map_or(number, |(kind, _)| kind)
}

/// The cases in which the suite's server wants no takeover from a client. RFC 7692 section 7.1.1.2
/// lets it ask for that whatever the client has offered; the suite asks only a client that has
/// promised it, and goes without compression else.
fn refuses_takeover(number: &str) -> bool {
    ["13.2.", "13.5.", "13.6."].iter().any(|group| number.starts_with(group))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// As many numbers as there are cases, some of them real ones.
    fn all() -> Vec<String> {
        let real = [
            "1.1.1", "1.2.1", "10.1.1", "12.1.1", "12.1.3", "12.1.4", "13.2.1", "13.7.18", "9.1.1",
        ];
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
        whole
            .retain(|number| !["12.1.1", "12.1.3", "13.2.1", "13.7.18"].contains(&number.as_str()));
        assert_eq!(subset.unwrap(), whole);
    }

    #[test]
    fn every_case_is_in_one_group() {
        let rounds = rounds(&all());
        let names: Vec<Vec<&str>> =
            rounds.iter().map(|round| round.iter().map(|group| &*group.name).collect()).collect();
        assert_eq!(names, [vec!["plain"], vec!["12.1", "13.2", "13.7"]]);
        let mut together: Vec<String> =
            rounds.into_iter().flatten().flat_map(|group| group.cases).collect();
        together.sort();
        let mut all = all();
        all.sort();
        assert_eq!(together, all);
    }
}
