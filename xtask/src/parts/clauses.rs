//! Every clause of the protocol is held by tests that exist, and so is every row of the table of
//! what broke others.
//!
//! A clause of `docs/protocol.md` begins with its number, `**P-3.2**`, and ends with a paragraph
//! that begins with `test:` and names, in backticks, the tests that hold it: the path of a test
//! function within its crate (`hub::tests::opening::a_good_token_is_welcomed`), or a file of
//! vectors under `tests/vectors` (`transcripts/chat.json`).
//!
//! The table is a section of `docs/frames.md`; the last cell of each row names tests likewise.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value;

use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::parts::rust;
use crate::workspace::Workspace;

const DOCUMENT: &str = "docs/protocol.md";
const FRAMES: &str = "docs/frames.md";
/// Where vectors live.
const VECTORS: &str = "tests/vectors/";
/// The section of [`FRAMES`] with the table.
const TABLE: &str = "## What broke the others, and the test that holds it here";

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let mut checks = Checks::default();
    let document = workspace.read(Path::new(DOCUMENT))?;
    let known = Known::of(workspace, console)?;
    let (clauses, mut faults) = read(&document);
    for clause in &clauses {
        let mut wrong = faults_of(clause, &known);
        wrong.extend(faults.extract_if(.., |fault| fault.line == clause.line));
        let shown: Vec<String> = wrong.iter().map(|fault| fault.shown(DOCUMENT)).collect();
        checks.check(wrong.is_empty(), shown.join("\n"));
    }
    faults.extend(order(&clauses));
    faults.extend(references(&document, &clauses));
    faults.extend(frames(&document));
    for fault in faults {
        checks.fail(fault.shown(DOCUMENT));
    }
    let rows = rows(&workspace.read(Path::new(FRAMES))?);
    checks.check(!rows.is_empty(), format!("{FRAMES}: no table under {TABLE:?}"));
    for row in &rows {
        let shown: Vec<String> =
            faults_of(row, &known).iter().map(|fault| fault.shown(FRAMES)).collect();
        checks.check(shown.is_empty(), shown.join("\n"));
    }
    for path in workspace.files()?.iter().filter(|path| is_of_workspace(path)) {
        let text = workspace.read(path)?;
        for test in known.astray(&text) {
            checks.fail(format!("{}: {test} is in no module, so it does not run", path.display()));
        }
    }
    Ok(checks)
}

/// Whether a file is Rust that cargo knows as a part of the workspace.
fn is_of_workspace(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
        && !path.starts_with("fuzz")
        && !path.starts_with("bindings/bindgen")
}

/// The tests that there are, and the vectors.
struct Known {
    /// Tests by binary and path (a library's by path alone), and vectors by their files.
    names: BTreeSet<String>,
    /// Whether tests are known by their binaries: nextest tells them, cargo does not.
    binaries: bool,
}

impl Known {
    fn of(workspace: &Workspace, console: Console) -> Result<Self, Stopped> {
        let binaries = rust::has_nextest();
        let tests = rust::names(workspace, console)?.into_iter();
        let tests = tests.filter_map(|test| {
            if binaries { Some(test.split_once("::")?.1.to_owned()) } else { Some(test) }
        });
        let files = workspace.files()?;
        let vectors = files.iter().filter_map(|path| path.to_str()?.strip_prefix(VECTORS));
        Ok(Self { names: tests.chain(vectors.map(str::to_owned)).collect(), binaries })
    }

    /// Whether there is a test of this name.
    fn contains(&self, name: &str) -> bool {
        let rest = || name.split_once("::").is_some_and(|(_, rest)| self.names.contains(rest));
        self.names.contains(name) || (!self.binaries && rest())
    }

    /// The tests in a source that cargo does not run: no module has it.
    fn astray<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let functions: BTreeSet<_> = self.names.iter().map(|it| it.rsplit("::").next()).collect();
        let mut lines = text.lines().map(str::trim_start);
        let mut astray = Vec::new();
        while lines.any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test")) {
            let function =
                lines.find_map(|line| line.trim_start_matches("async ").strip_prefix("fn "));
            let name = function.and_then(|function| function.split(['(', '<']).next());
            astray.extend(name.filter(|_| !functions.contains(&name)));
        }
        astray
    }
}

/// One clause, or one row of the table.
#[derive(Debug, Default, PartialEq, Eq)]
struct Clause {
    line: usize,
    /// Of a row: zeros.
    number: (u32, u32),
    tests: Vec<String>,
}

impl Clause {
    /// What a fault calls it.
    fn name(&self) -> String {
        match self.number {
            (0, 0) => "a row".to_owned(),
            (section, number) => format!("P-{section}.{number}"),
        }
    }
}

/// What is wrong, and in which line.
#[derive(Debug, PartialEq, Eq)]
struct Fault {
    line: usize,
    what: String,
}

impl Fault {
    fn new(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }

    fn shown(&self, document: &str) -> String {
        format!("{document}:{}: {}", self.line, self.what)
    }
}

/// The clauses of a document, and what cannot be read of it.
fn read(document: &str) -> (Vec<Clause>, Vec<Fault>) {
    let mut clauses: Vec<Clause> = Vec::new();
    let mut faults = Vec::new();
    let mut section = 0;
    let mut naming = false;
    for (line, text) in prose(document) {
        if let Some(heading) = text.strip_prefix("## ") {
            section = heading.split_once('.').map_or(0, |(number, _)| number.parse().unwrap_or(0));
        } else if text.starts_with("**P-") {
            let number = number(text.trim_start_matches('*'));
            let Some(number) = number else {
                faults.push(Fault::new(line, "a clause begins with **P-SECTION.NUMBER**"));
                continue;
            };
            if number.0 != section {
                let what = format!("P-{}.{} stands in section {section}", number.0, number.1);
                faults.push(Fault::new(line, what));
            }
            clauses.push(Clause { line, number, tests: Vec::new() });
        }
        naming = text.starts_with("test:") || (naming && !text.is_empty());
        if naming {
            let names = text.split('`').skip(1).step_by(2).map(str::to_owned);
            match clauses.last_mut() {
                Some(clause) => clause.tests.extend(names),
                None => faults.push(Fault::new(line, "tests of no clause")),
            }
        }
    }
    (clauses, faults)
}

/// The rows of the table of what broke others, less its head.
fn rows(document: &str) -> Vec<Clause> {
    let section = prose(document).skip_while(|(_, text)| *text != TABLE).skip(1);
    let lines = section.take_while(|(_, text)| !text.starts_with("## "));
    let rows = lines.filter(|(_, text)| text.starts_with('|')).skip(2);
    rows.map(|(line, text)| {
        let cell = text.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap_or("");
        let tests = cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        Clause { line, number: (0, 0), tests }
    })
    .collect()
}

/// What is wrong with the tests of a clause or row.
fn faults_of(clause: &Clause, known: &Known) -> Vec<Fault> {
    let name = clause.name();
    if clause.tests.is_empty() {
        return vec![Fault::new(clause.line, format!("{name} names no test"))];
    }
    let missing = clause.tests.iter().filter(|test| !known.contains(test));
    missing.map(|test| Fault::new(clause.line, format!("{name}: no test is {test}"))).collect()
}

/// Numbers that do not rise.
fn order(clauses: &[Clause]) -> Vec<Fault> {
    let pairs = clauses.windows(2).filter(|pair| pair[0].number >= pair[1].number);
    pairs
        .map(|pair| {
            let [(a, b), (c, d)] = [pair[0].number, pair[1].number];
            Fault::new(pair[1].line, format!("P-{c}.{d} comes after P-{a}.{b}"))
        })
        .collect()
}

/// Clauses that the text speaks of and that are not there.
fn references(document: &str, clauses: &[Clause]) -> Vec<Fault> {
    let there: BTreeSet<_> = clauses.iter().map(|clause| clause.number).collect();
    let mut faults = Vec::new();
    for (line, text) in prose(document) {
        for (at, _) in text.match_indices("P-") {
            if let Some((section, number)) = number(&text[at..])
                && !there.contains(&(section, number))
            {
                faults.push(Fault::new(line, format!("there is no P-{section}.{number}")));
            }
        }
    }
    faults
}

/// Frames in fenced code that are no JSON objects with a type. A frame's line begins with its
/// sender: `>` the client, `<` the server.
fn frames(document: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fenced = false;
    for (at, text) in document.lines().enumerate() {
        if text.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let frame = text.strip_prefix("> ").or_else(|| text.strip_prefix("< "));
        let Some(frame) = frame.filter(|frame| fenced && frame.starts_with('{')) else { continue };
        let is_envelope = serde_json::from_str::<Value>(frame)
            .is_ok_and(|value| value.get("type").is_some_and(Value::is_string));
        if !is_envelope {
            faults.push(Fault::new(at + 1, "the frame is no JSON object with a type"));
        }
    }
    faults
}

/// The number in `P-3.2`, with whatever follows it.
fn number(text: &str) -> Option<(u32, u32)> {
    let (section, rest) = text.strip_prefix("P-")?.split_once('.')?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    Some((section.parse().ok()?, rest[..digits].parse().ok()?))
}

/// The lines outside fenced code, with their numbers.
fn prose(document: &str) -> impl Iterator<Item = (usize, &str)> {
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

    const GOOD: &str = "## 1. Opening\n\n**P-1.1** Words, see P-1.2.\n\ntest: `a::b`,\n`c.json`\n\n\
                        **P-1.2** Words.\n\n```\n**P-9.9**\n> {\"type\":\"chat\"}\n```\n\ntest: `a::b`\n";

    fn known() -> Known {
        let names = ["a::b", "c.json"].into_iter().map(str::to_owned).collect();
        Known { names, binaries: true }
    }

    fn lines_of(document: &str) -> Vec<String> {
        let (clauses, mut faults) = read(document);
        faults.extend(clauses.iter().flat_map(|clause| faults_of(clause, &known())));
        faults.extend(order(&clauses));
        faults.extend(references(document, &clauses));
        faults.extend(frames(document));
        faults.iter().map(|fault| fault.shown(DOCUMENT)).collect()
    }

    #[test]
    fn a_document_whose_clauses_are_held_has_no_fault() {
        assert_eq!(lines_of(GOOD), [""; 0]);
        assert_eq!(read(GOOD).0[0].tests, ["a::b", "c.json"]);
    }

    #[test]
    fn a_clause_without_a_test_or_with_a_test_that_is_not_there_is_named() {
        let none = GOOD.replace("test: `a::b`\n", "");
        assert_eq!(lines_of(&none), ["docs/protocol.md:8: P-1.2 names no test"]);
        let gone = GOOD.replace("c.json", "d.json");
        assert_eq!(lines_of(&gone), ["docs/protocol.md:3: P-1.1: no test is d.json"]);
    }

    #[test]
    fn without_nextest_a_test_is_known_by_its_path_alone() {
        assert!(!known().contains("once::a::b"));
        assert!(Known { binaries: false, ..known() }.contains("once::a::b"));
    }

    #[test]
    fn a_test_that_does_not_run_is_astray() {
        let text = "fn helper() {}\n#[test]\nfn b() {}\nproptest! {\n    #[test]\n    fn c(x in 0..1) {}\n\
                    }\n    #[tokio::test(flavor = \"x\")]\n    async fn d() {}\n";
        assert_eq!(known().astray(text), ["c", "d"]);
    }

    #[test]
    fn each_row_of_the_table_names_tests_that_are_there() {
        let head = format!("| before | |\n\n{TABLE}\n\n| `what` | tests |\n|---|---|\n");
        let document = format!(
            "{head}| `x` | `a::b`, `c.json` |\n| `x` | none |\n| y | `a::c` |\n\n## N\n\n| z | |\n"
        );
        let shown: Vec<_> =
            rows(&document).iter().flat_map(|row| faults_of(row, &known())).collect();
        let shown: Vec<_> = shown.iter().map(|fault| fault.shown("d")).collect();
        assert_eq!(rows(&document).len(), 3);
        assert_eq!(shown, ["d:8: a row names no test", "d:9: a row: no test is a::c"]);
        assert!(rows("# None\n\n| a | `a::b` |\n").is_empty());
    }

    #[test]
    fn numbers_rise_within_their_sections() {
        let twice = GOOD.replace("**P-1.2**", "**P-1.1**").replace("see P-1.2", "");
        assert_eq!(lines_of(&twice), ["docs/protocol.md:8: P-1.1 comes after P-1.1"]);
        let astray = GOOD.replace("P-1.2", "P-2.1");
        assert_eq!(lines_of(&astray), ["docs/protocol.md:8: P-2.1 stands in section 1"]);
        let broken = GOOD.replace("**P-1.2**", "**P-two**").replace("see P-1.2", "");
        assert_eq!(lines_of(&broken).len(), 1);
    }

    #[test]
    fn what_is_referred_to_is_there_and_frames_are_frames() {
        let dangling = GOOD.replace("see P-1.2", "see P-1.3");
        assert_eq!(lines_of(&dangling), ["docs/protocol.md:3: there is no P-1.3"]);
        let broken = GOOD.replace("{\"type\"", "{type");
        assert_eq!(lines_of(&broken).len(), 1);
    }
}
