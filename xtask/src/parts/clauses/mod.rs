//! Every clause of the dialects is held by what runs, and so is every row of the tables of what
//! others have lost.
//!
//! A clause names the files of `tests/conformance` that hold it, and each file the clauses that it
//! holds. The test binary `conformance` plays the files, finds the clause that a file names and never
//! shows, and reads with the codec every envelope that `docs/protocol-v1.md` shows.
//!
//! A clause of `docs/protocol.md` may name tests besides: the path of a test function within its crate
//! (`hub::tests::opening::a_good_token_is_welcomed`), or a file of vectors under `tests/vectors`
//! (`transcripts/chat.json`). Those that tests alone hold are listed below, each with its reason. The tables are sections of `docs/frames.md` and
//! `docs/complaints.md`; the last cell of each row names tests likewise.

mod conformance;
mod document;

use std::collections::BTreeSet;
use std::path::Path;

use conformance::Files;
use document::{Clause, Document, Fault, in_backticks, prose};

use crate::check::{Checks, Outcome, Stopped};
use crate::command::Console;
use crate::parts::{features, rust};
use crate::workspace::Workspace;

/// The dialect `pam`.
const PAM: Document = Document {
    path: "docs/protocol.md",
    letter: "P-",
    folder: "tests/conformance/pam/",
    by_vectors: true,
    by_tests: &[
        ("P-1.8", "What is logged or printed is no output of a file."),
        ("P-1.9", "The bytes of the files are those of RFC 6455 without extensions."),
        ("P-4.2", "It is a table, which its test reads and holds against the codec."),
        ("P-4.4", "It is a table, as P-4.2 is."),
        (
            "P-7.8",
            "How much the sockets between two ends hold before one waits is not the files' to say.",
        ),
        ("P-10.5", "It is tables in another document, which its tests hold cell by cell."),
    ],
};
/// The dialect `pamlink.v1`.
const V1: Document = Document {
    path: "docs/protocol-v1.md",
    letter: "V-",
    folder: "tests/conformance/v1/",
    by_vectors: false,
    by_tests: &[],
};
/// Where vectors live.
const VECTORS: &str = "tests/vectors/";
/// The tables of what others have lost: document, and the heading of the section with the table.
const TABLES: [(&str, &str); 2] = [
    ("docs/frames.md", "## What broke the others, and the test that holds it here"),
    ("docs/complaints.md", "## What was lost, and the test that holds it here"),
];

pub(super) fn run(workspace: &Workspace, console: Console) -> Outcome {
    let mut checks = Checks::default();
    let known = Known::of(workspace, console)?;
    for document in [PAM, V1] {
        let (clauses, faults) = document.check(&workspace.read(Path::new(document.path))?);
        let files = Files::of(workspace, document.folder)?;
        let wrong = |clause: &Clause| [files.faults_of(clause), faults_of(clause, &known)].concat();
        count(&mut checks, document.path, &clauses, faults, wrong);
        for fault in files.astray(&clauses) {
            checks.fail(fault);
        }
    }
    // As the part `unit` has built it: a choice of packages would build it anew.
    let conformance = ["--workspace", "--all-features", "--test", "conformance"];
    checks.add(rust::tests(workspace, console, &conformance)?);
    for (path, heading) in TABLES {
        let rows = rows(&workspace.read(Path::new(path))?, heading);
        checks.check(!rows.is_empty(), format!("{path}: no table under {heading:?}"));
        count(&mut checks, path, &rows, Vec::new(), |row| faults_of_row(row, &known));
    }
    for path in workspace.files()?.iter().filter(|path| has_tests_of_unit(path)) {
        let text = workspace.read(path)?;
        for test in known.astray(&text) {
            checks.fail(format!("{}: {test} is in no module, so it does not run", path.display()));
        }
    }
    Ok(checks)
}

/// Counts each clause as a check, with all that is wrong in its line, and each other fault.
fn count(
    checks: &mut Checks,
    path: &str,
    clauses: &[Clause],
    mut faults: Vec<Fault>,
    faults_of: impl Fn(&Clause) -> Vec<Fault>,
) {
    for clause in clauses {
        let mut wrong = faults_of(clause);
        wrong.extend(faults.extract_if(.., |fault| fault.line == clause.line));
        let shown: Vec<String> = wrong.iter().map(|fault| fault.shown(path)).collect();
        checks.check(wrong.is_empty(), shown.join("\n"));
    }
    for fault in faults {
        checks.fail(fault.shown(path));
    }
}

/// Whether a file is Rust whose tests the part `unit` runs.
fn has_tests_of_unit(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "rs")
        && path != Path::new(features::STAND_IN_FILE)
        && !path.starts_with(rust::SERVERS_FOLDER)
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

/// What is wrong with the tests of a clause or row.
fn faults_of(clause: &Clause, known: &Known) -> Vec<Fault> {
    let name = &clause.name;
    let missing = clause.tests.iter().filter(|test| !known.contains(test));
    missing.map(|test| Fault::new(clause.line, format!("{name}: no test is {test}"))).collect()
}

/// What is wrong with a row.
fn faults_of_row(row: &Clause, known: &Known) -> Vec<Fault> {
    if row.tests.is_empty() {
        return vec![Fault::new(row.line, format!("{} names no test", row.name))];
    }
    faults_of(row, known)
}

/// The rows of the table under a heading, less its head.
fn rows(document: &str, heading: &str) -> Vec<Clause> {
    let section = prose(document).skip_while(|(_, text)| *text != heading).skip(1);
    let lines = section.take_while(|(_, text)| !text.starts_with("## "));
    let rows = lines.filter(|(_, text)| text.starts_with('|')).skip(2);
    rows.map(|(line, text)| {
        let cell = text.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap_or("");
        let tests = in_backticks(cell).collect();
        Clause { line, name: "a row".to_owned(), tests, ..Clause::default() }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        let names = ["a::b", "c.json"].into_iter().map(str::to_owned).collect();
        Known { names, binaries: true }
    }

    fn lines_of(text: &str) -> Vec<String> {
        let (clauses, faults) = Document { by_tests: &[], ..PAM }.check(text);
        let mut checks = Checks::default();
        count(&mut checks, PAM.path, &clauses, faults, |clause| faults_of(clause, &known()));
        checks.notes
    }

    #[test]
    fn a_clause_without_a_test_or_with_a_test_that_is_not_there_is_named() {
        let good = "## 1. Opening\n\n**P-1.1** Words.\n\ntest: `a::b`, `c.json`\n\n\
                    **P-1.2** Words.\n\ntest: `c.json`\n";
        assert_eq!(lines_of(good), [""; 0]);
        let none = good.replace("test: `c.json`\n", "");
        assert_eq!(lines_of(&none), ["docs/protocol.md:7: P-1.2 names no file"]);
        let gone = good.replace("`a::b`, `c.json`", "`a::b`, `d.json`");
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
        let head = "| before | |\n\n## T\n\n| `what` | tests |\n|---|---|\n";
        let document = format!(
            "{head}| `x` | `a::b`, `c.json` |\n| `x` | none |\n| y | `a::c` |\n\n## N\n\n| z | |\n"
        );
        let shown: Vec<_> =
            rows(&document, "## T").iter().flat_map(|row| faults_of_row(row, &known())).collect();
        let shown: Vec<_> = shown.iter().map(|fault| fault.shown("d")).collect();
        assert_eq!(rows(&document, "## T").len(), 3);
        assert_eq!(shown, ["d:8: a row names no test", "d:9: a row: no test is a::c"]);
        assert!(rows("# None\n\n| a | `a::b` |\n", "## T").is_empty());
    }
}
