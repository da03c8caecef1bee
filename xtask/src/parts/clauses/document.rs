//! Documents of numbered clauses: what a clause is, and what such a document must be.
//!
//! A clause begins with its number, `**P-3.2**`, in the section of that number. It ends with
//! paragraphs that name in backticks what holds it: files after `conformance:`, tests after `test:`.

use std::collections::BTreeSet;

use serde_json::Value;

/// How a document writes its clauses.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) path: &'static str,
    /// Before the number of a clause, with its hyphen.
    pub(super) letter: &'static str,
    /// Where the files that hold its clauses are.
    pub(super) folder: &'static str,
    /// Whether vectors may hold a clause.
    pub(super) by_vectors: bool,
    /// The clauses that tests alone hold, each with the reason why no file does.
    pub(super) by_tests: &'static [(&'static str, &'static str)],
}

/// At the begin of the paragraph that names the files of a clause, and of that with its tests.
const FILES: &str = "conformance:";
const TESTS: &str = "test:";

impl Document {
    /// The clauses of a text, and all that is wrong with it as a document.
    pub(super) fn check(&self, text: &str) -> (Vec<Clause>, Vec<Fault>) {
        let (mut clauses, mut faults) = self.read(text);
        faults.extend(order(&clauses));
        faults.extend(clauses.iter().filter_map(|clause| self.unheld(clause)));
        faults.extend(self.unknown(&clauses));
        faults.extend(self.references(text, &clauses));
        faults.extend(frames(text, &mut clauses));
        (clauses, faults)
    }

    fn read(&self, text: &str) -> (Vec<Clause>, Vec<Fault>) {
        let mut clauses: Vec<Clause> = Vec::new();
        let mut faults = Vec::new();
        let mut section = 0;
        let mut naming = None;
        let begin = format!("**{}", self.letter);
        for (line, text) in prose(text) {
            if let Some(heading) = text.strip_prefix("## ") {
                let number = heading.split_once('.').map(|(number, _)| number.parse());
                section = number.and_then(Result::ok).unwrap_or(0);
            } else if text.starts_with(&begin) {
                let Some(number) = self.number(text.trim_start_matches('*')) else {
                    let what = format!("a clause begins with {begin}SECTION.NUMBER**");
                    faults.push(Fault::new(line, what));
                    continue;
                };
                let clause = Clause { line, name: self.name(number), number, ..Clause::default() };
                if number.0 != section {
                    let what = format!("{} stands in section {section}", clause.name);
                    faults.push(Fault::new(line, what));
                }
                clauses.push(clause);
            }
            let mark = [FILES, TESTS].into_iter().find(|mark| text.starts_with(mark));
            naming = mark.or_else(|| naming.filter(|_| !text.is_empty()));
            if let Some(mark) = naming {
                match clauses.last_mut() {
                    Some(clause) if mark == FILES => clause.files.extend(in_backticks(text)),
                    Some(clause) => clause.tests.extend(in_backticks(text)),
                    None => faults.push(Fault::new(line, format!("{mark} of no clause"))),
                }
            }
        }
        (clauses, faults)
    }

    /// That nothing holds a clause, or tests alone and it is not said why.
    fn unheld(&self, clause: &Clause) -> Option<Fault> {
        let is_vector = |test: &String| self.by_vectors && test.ends_with(".json");
        let by_file = !clause.files.is_empty() || clause.tests.iter().any(is_vector);
        let is_listed = self.by_tests.iter().any(|(name, _)| *name == clause.name);
        let what = match (by_file, is_listed) {
            (true, false) => return None,
            (false, true) if !clause.tests.is_empty() => return None,
            (true, true) => "is held by a file, and listed as one that tests alone hold",
            (false, true) => "names neither file nor test",
            (false, false) => "names no file",
        };
        Some(Fault::new(clause.line, format!("{} {what}", clause.name)))
    }

    /// What is listed and is no clause.
    fn unknown(&self, clauses: &[Clause]) -> Vec<Fault> {
        let is_unknown = |name: &&str| clauses.iter().all(|clause| clause.name != **name);
        let unknown = self.by_tests.iter().map(|(name, _)| *name).filter(is_unknown);
        unknown.map(|name| Fault::new(1, format!("{name} is listed, and is no clause"))).collect()
    }

    /// Clauses that the text speaks of and that are not there.
    fn references(&self, text: &str, clauses: &[Clause]) -> Vec<Fault> {
        let there: BTreeSet<_> = clauses.iter().map(|clause| clause.number).collect();
        let mut faults = Vec::new();
        for (line, text) in prose(text) {
            for (at, _) in text.match_indices(self.letter) {
                if let Some(number) = self.number(&text[at..])
                    && !there.contains(&number)
                {
                    faults.push(Fault::new(line, format!("there is no {}", self.name(number))));
                }
            }
        }
        faults
    }

    /// The number in `P-3.2`, with whatever follows it.
    fn number(&self, text: &str) -> Option<(u32, u32)> {
        let (section, rest) = text.strip_prefix(self.letter)?.split_once('.')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some((section.parse().ok()?, rest[..digits].parse().ok()?))
    }

    fn name(&self, (section, number): (u32, u32)) -> String {
        format!("{}{section}.{number}", self.letter)
    }
}

/// One clause, or one row of a table.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Clause {
    pub(super) line: usize,
    /// What a fault calls it.
    pub(super) name: String,
    /// Of a row: zeros.
    pub(super) number: (u32, u32),
    /// The files that hold it, in the folder of its document.
    pub(super) files: Vec<String>,
    /// The tests that do, and vectors.
    pub(super) tests: Vec<String>,
    /// The frames that it shows, and in which lines.
    pub(super) shown: Vec<(usize, Value)>,
}

/// What is wrong, and in which line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) what: String,
}

impl Fault {
    pub(super) fn new(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }

    pub(super) fn shown(&self, document: &str) -> String {
        format!("{document}:{}: {}", self.line, self.what)
    }
}

/// Numbers that do not rise.
fn order(clauses: &[Clause]) -> Vec<Fault> {
    let pairs = clauses.windows(2).filter(|pair| pair[0].number >= pair[1].number);
    let fault = |pair: &[Clause]| {
        Fault::new(pair[1].line, format!("{} comes after {}", pair[1].name, pair[0].name))
    };
    pairs.map(fault).collect()
}

/// Gives each clause the frames that it shows in fenced code. Those that are no JSON objects with a
/// type. A frame's line begins with its sender: `>` the client, `<` the server.
fn frames(text: &str, clauses: &mut [Clause]) -> Vec<Fault> {
    let mut faults = Vec::new();
    let (mut fenced, mut within) = (false, None);
    for (line, text) in (1..).zip(text.lines()) {
        fenced ^= text.starts_with("```");
        if let Some(begun) = clauses.iter().position(|clause| clause.line == line) {
            within = Some(begun);
        } else if !fenced && text.starts_with("## ") {
            within = None;
        }
        let frame = text.strip_prefix("> ").or_else(|| text.strip_prefix("< "));
        let Some(frame) = frame.filter(|frame| fenced && frame.starts_with('{')) else { continue };
        match serde_json::from_str::<Value>(frame).ok().filter(|frame| frame["type"].is_string()) {
            Some(frame) => {
                if let Some(clause) = within.and_then(|at: usize| clauses.get_mut(at)) {
                    clause.shown.push((line, frame));
                }
            }
            None => faults.push(Fault::new(line, "the frame is no JSON object with a type")),
        }
    }
    faults
}

/// What a line has in backticks.
pub(super) fn in_backticks(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// The lines outside fenced code, with their numbers.
pub(super) fn prose(document: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    document.lines().enumerate().filter_map(move |(at, text)| {
        let fence = text.starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((at + 1, text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "## 1. Opening\n\n**V-1.1** Words, see V-1.2.\n\ntest: `a::b`,\n`c.json`\n\n\
                        **V-1.2** Words.\n\n```\n**V-9.9**\n> {\"type\":\"chat\"}\n```\n\n\
                        conformance: `d`\n\ntest: `e`\n";
    const DOCUMENT: Document =
        Document { path: "d", letter: "V-", folder: "f/", by_vectors: true, by_tests: &[] };

    fn lines_of(text: &str) -> Vec<String> {
        DOCUMENT.check(text).1.iter().map(|fault| fault.shown(DOCUMENT.path)).collect()
    }

    #[test]
    fn clauses_are_read_with_what_holds_them() {
        assert_eq!(lines_of(GOOD), [""; 0]);
        let (clauses, _) = DOCUMENT.check(GOOD);
        assert_eq!(clauses[0].tests, ["a::b", "c.json"]);
        assert_eq!((clauses[1].name.as_str(), &*clauses[1].files), ("V-1.2", &["d".into()][..]));
        assert_eq!((&*clauses[0].files, &*clauses[1].tests), (&[][..], &["e".into()][..]));
        assert!(clauses[0].shown.is_empty());
        assert_eq!(clauses[1].shown, [(12, serde_json::json!({"type": "chat"}))]);
        let (later, _) = DOCUMENT.check(&GOOD.replace("```\n**V", "## 2.\n\n```\n**V"));
        assert!(later[1].shown.is_empty());
        assert_eq!(lines_of("test: `a`\n"), ["d:1: test: of no clause"]);
        let none = GOOD.replace("conformance: `d`\n\n", "");
        assert_eq!(lines_of(&none), ["d:8: V-1.2 names no file"]);
        let by_files = Document { by_vectors: false, ..DOCUMENT };
        let faults = by_files.check(GOOD).1;
        assert_eq!(faults, [Fault::new(3, "V-1.1 names no file")]);
    }

    #[test]
    fn what_tests_alone_hold_is_listed() {
        let listed = Document { by_tests: &[("V-1.2", "why")], ..DOCUMENT };
        let faults = |text: &str| listed.check(text).1;
        let by_test = GOOD.replace("conformance: `d`\n\n", "");
        assert_eq!(faults(&by_test), []);
        let by_both = "V-1.2 is held by a file, and listed as one that tests alone hold";
        assert_eq!(faults(GOOD), [Fault::new(8, by_both)]);
        let none = by_test.replace("test: `e`\n", "");
        assert_eq!(faults(&none), [Fault::new(8, "V-1.2 names neither file nor test")]);
        let gone = by_test.replace("**V-1.2** Words.", "Words.").replace("see V-1.2", "");
        assert_eq!(faults(&gone), [Fault::new(1, "V-1.2 is listed, and is no clause")]);
    }

    #[test]
    fn numbers_rise_within_their_sections() {
        let twice = GOOD.replace("**V-1.2**", "**V-1.1**").replace("see V-1.2", "");
        assert_eq!(lines_of(&twice), ["d:8: V-1.1 comes after V-1.1"]);
        let astray = GOOD.replace("V-1.2", "V-2.1");
        assert_eq!(lines_of(&astray), ["d:8: V-2.1 stands in section 1"]);
        let broken = GOOD.replace("**V-1.2**", "**V-two**").replace("see V-1.2", "");
        assert_eq!(lines_of(&broken), ["d:8: a clause begins with **V-SECTION.NUMBER**"]);
    }

    #[test]
    fn what_is_referred_to_is_there_and_frames_are_frames() {
        let dangling = GOOD.replace("see V-1.2", "see V-1.3");
        assert_eq!(lines_of(&dangling), ["d:3: there is no V-1.3"]);
        let broken = GOOD.replace("{\"type\"", "{type");
        assert_eq!(lines_of(&broken), ["d:12: the frame is no JSON object with a type"]);
    }
}
