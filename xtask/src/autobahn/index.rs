//! What the suite says of a run: its `index.json`, `{AGENT: {CASE: {behavior, behaviorClose, ...}}}`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};

use crate::check::Checks;

/// The name that the suite's reports call the engine by.
pub(crate) const AGENT: &str = "pamlink";

/// What was found in each case, by its number.
#[derive(Debug, Default)]
pub(crate) struct Index(Map<String, Value>);

impl Index {
    /// The index in a file of the suite.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("the suite wrote no {}", path.display()))?;
        Self::parse(&text).with_context(|| path.display().to_string())
    }

    /// An index without cases is one of a suite that reached nobody.
    fn parse(text: &str) -> Result<Self> {
        let mut index: Value = serde_json::from_str(text)?;
        match index.get_mut(AGENT).map(Value::take) {
            Some(Value::Object(cases)) if !cases.is_empty() => Ok(Self(cases)),
            _ => bail!("the index is empty"),
        }
    }

    /// Adds the cases of another run.
    pub(crate) fn add(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Writes the index as the suite does.
    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        let index = json!({ AGENT: &self.0 });
        Ok(std::fs::write(path, serde_json::to_string_pretty(&index)? + "\n")?)
    }

    /// One check for each case of `wanted`, and one for each that was not. `choices` are the
    /// cases that may be NON-STRICT.
    pub(crate) fn judge(&self, wanted: &[String], choices: &[&str]) -> Checks {
        let mut checks = Checks::default();
        for number in wanted {
            match self.0.get(number) {
                None => checks.fail(format!("{number}: not run")),
                Some(case) => {
                    let file = case["reportfile"].as_str().unwrap_or_default();
                    let why =
                        format!("{number}: {}, see {file}", behaviors(case).join(", closes "));
                    checks.check(passes(number, case, choices), why);
                }
            }
        }
        let wanted: BTreeSet<&String> = wanted.iter().collect();
        for number in self.0.keys().filter(|number| !wanted.contains(number)) {
            checks.fail(format!("{number}: run, but not asked for"));
        }
        checks.check(!wanted.is_empty(), "no case was asked for");
        checks
    }

    /// A line for each section of the suite, and one for all.
    pub(crate) fn table(&self, title: &str, choices: &[&str]) -> String {
        let mut text = format!(
            "{title:<28}{:>6}{:>6}{:>12}{:>15}{:>8}{:>9}\n",
            "cases", "OK", "NON-STRICT", "INFORMATIONAL", "failed", "seconds"
        );
        let mut sum = Row::default();
        for (section, name) in SECTIONS {
            let mut row = Row::default();
            for (number, case) in &self.0 {
                if number.split('.').next() == Some(section) {
                    row.count(number, case, choices);
                }
            }
            if row.cases > 0 {
                row.write(&format!("{section}.* {name}"), &mut text);
                sum.add(&row);
            }
        }
        sum.write("all", &mut text);
        text
    }
}

/// The suite's sections. There is no 8 and no 11.
const SECTIONS: &[(&str, &str)] = &[
    ("1", "framing"),
    ("2", "pings and pongs"),
    ("3", "reserved bits"),
    ("4", "opcodes"),
    ("5", "fragmentation"),
    ("6", "UTF-8"),
    ("7", "closing"),
    ("9", "limits and performance"),
    ("10", "miscellaneous"),
    ("12", "compression, payloads"),
    ("13", "compression, parameters"),
];

#[derive(Debug, Default)]
struct Row {
    cases: u64,
    ok: u64,
    non_strict: u64,
    informational: u64,
    failed: u64,
    milliseconds: u64,
}

impl Row {
    fn count(&mut self, number: &str, case: &Value, choices: &[&str]) {
        self.cases += 1;
        self.milliseconds += case["duration"].as_u64().unwrap_or_default();
        if !passes(number, case, choices) {
            self.failed += 1;
            return;
        }
        let behaviors = behaviors(case);
        if behaviors.contains(&"NON-STRICT") {
            self.non_strict += 1;
        } else if behaviors.contains(&"INFORMATIONAL") {
            self.informational += 1;
        } else {
            self.ok += 1;
        }
    }

    fn add(&mut self, other: &Self) {
        self.cases += other.cases;
        self.ok += other.ok;
        self.non_strict += other.non_strict;
        self.informational += other.informational;
        self.failed += other.failed;
        self.milliseconds += other.milliseconds;
    }

    fn write(&self, name: &str, text: &mut String) {
        let Self { cases, ok, non_strict, informational, failed, milliseconds } = self;
        let seconds = *milliseconds as f64 / 1000.0;
        let _infallible = writeln!(
            text,
            "{name:<28}{cases:>6}{ok:>6}{non_strict:>12}{informational:>15}{failed:>8}{seconds:>9.1}"
        );
    }
}

/// How the peer behaved, and how it closed.
fn behaviors(case: &Value) -> [&str; 2] {
    ["behavior", "behaviorClose"].map(|name| case[name].as_str().unwrap_or("nothing"))
}

/// Whether both behaviours are good. UNIMPLEMENTED is not: the extension is there.
fn passes(number: &str, case: &Value, choices: &[&str]) -> bool {
    behaviors(case).into_iter().all(|behavior| match behavior {
        "OK" | "INFORMATIONAL" => true,
        "NON-STRICT" => choices.contains(&number),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(behavior: &str, close: &str) -> Index {
        let case = json!({ "behavior": behavior, "behaviorClose": close, "duration": 1500,
                           "remoteCloseCode": 1000, "reportfile": "pamlink_case_6_4_3.json" });
        Index::parse(&json!({ AGENT: { "6.4.3": case } }).to_string()).unwrap()
    }

    fn wanted() -> Vec<String> {
        vec!["6.4.3".to_owned()]
    }

    #[test]
    fn an_index_without_cases_is_refused() {
        for text in ["{}", r#"{"pamlink": {}}"#, r#"{"other": {"1.1.1": {}}}"#, "[]", "null"] {
            let error = Index::parse(text).unwrap_err();
            assert_eq!(error.to_string(), "the index is empty", "{text}");
        }
        assert!(Index::parse("").is_err());
        assert!(Index::read(Path::new("no such folder/index.json")).is_err());
    }

    #[test]
    fn only_good_behaviours_pass_in_the_case_and_in_its_close() {
        for good in ["OK", "INFORMATIONAL"] {
            assert_eq!(index(good, "OK").judge(&wanted(), &[]).totals.failed, 0, "{good}");
            assert_eq!(index("OK", good).judge(&wanted(), &[]).totals.failed, 0, "{good}");
        }
        let bad = ["FAILED", "UNIMPLEMENTED", "WRONG CODE", "UNCLEAN", "FAILED BY CLIENT", ""];
        for bad in bad.into_iter().chain(["NON-STRICT"]) {
            assert_eq!(index(bad, "OK").judge(&wanted(), &["6.4.4"]).totals.failed, 1, "{bad}");
            assert_eq!(index("OK", bad).judge(&wanted(), &["6.4.4"]).totals.failed, 1, "{bad}");
        }
        let checks = index("FAILED", "WRONG CODE").judge(&wanted(), &[]);
        let note = "6.4.3: FAILED, closes WRONG CODE, see pamlink_case_6_4_3.json";
        assert_eq!(checks.notes, [note]);
    }

    #[test]
    fn a_case_that_says_nothing_fails() {
        let index = Index::parse(r#"{"pamlink": {"6.4.3": {}}}"#).unwrap();
        assert_eq!(index.judge(&wanted(), &[]).totals.failed, 1);
    }

    #[test]
    fn non_strict_passes_where_it_is_listed_and_nothing_else_does() {
        assert_eq!(index("NON-STRICT", "OK").judge(&wanted(), &["6.4.3"]).totals.failed, 0);
        assert_eq!(index("FAILED", "OK").judge(&wanted(), &["6.4.3"]).totals.failed, 1);
    }

    #[test]
    fn the_cases_are_those_that_were_wanted() {
        let more = ["6.4.3".to_owned(), "6.4.4".to_owned()];
        assert_eq!(index("OK", "OK").judge(&more, &[]).notes, ["6.4.4: not run"]);
        let other = ["6.4.4".to_owned()];
        assert_eq!(index("OK", "OK").judge(&other, &[]).totals.failed, 2);
        assert_eq!(Index::default().judge(&[], &[]).totals.failed, 1);
    }

    #[test]
    fn what_is_written_is_read_again_with_what_was_added() {
        let mut sum = index("OK", "OK");
        let other = r#"{"pamlink": {"7.1.6": {"behavior": "OK", "behaviorClose": "OK"}}}"#;
        sum.add(Index::parse(other).unwrap());
        let text = json!({ AGENT: &sum.0 }).to_string();
        let numbers: Vec<_> = Index::parse(&text).unwrap().0.keys().cloned().collect();
        assert_eq!(numbers, ["6.4.3", "7.1.6"]);
    }

    #[test]
    fn the_table_counts_by_section() {
        let table = index("OK", "INFORMATIONAL").table("server", &[]);
        let rows: Vec<Vec<&str>> =
            table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[1], ["6.*", "UTF-8", "1", "0", "0", "1", "0", "1.5"]);
        assert_eq!(rows[2], ["all", "1", "0", "0", "1", "0", "1.5"]);
        let table = index("FAILED", "OK").table("server", &[]);
        assert!(table.ends_with("1     0           0              0       1      1.5\n"));
    }
}
