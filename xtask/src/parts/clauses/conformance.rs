//! The files below `tests/conformance/v1`, each of which names the clauses that it holds.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::Value;

use super::document::{Clause, Fault};
use crate::check::Stopped;
use crate::workspace::Workspace;

const FOLDER: &str = "tests/conformance/v1/";

/// The clauses that each file names.
#[derive(Debug)]
pub(super) struct Files(BTreeMap<String, Vec<String>>);

impl Files {
    pub(super) fn of(workspace: &Workspace) -> Result<Self, Stopped> {
        let mut files = BTreeMap::new();
        for path in workspace.files()? {
            if let Some(name) = path.to_str().and_then(|path| path.strip_prefix(FOLDER)) {
                let clauses = clauses(&workspace.read(&path)?);
                files.insert(name.to_owned(), clauses.with_context(|| path.display().to_string())?);
            }
        }
        Ok(Self(files))
    }

    /// What is wrong with the files of a clause.
    pub(super) fn faults_of(&self, clause: &Clause) -> Vec<Fault> {
        let name = &clause.name;
        if clause.held_by.is_empty() {
            return vec![Fault::new(clause.line, format!("{name} names no file"))];
        }
        let fault = |file: &String| match self.0.get(file) {
            None => Some(format!("{name}: there is no {FOLDER}{file}")),
            Some(clauses) if clauses.contains(name) => None,
            Some(_) => Some(format!("{name}: {FOLDER}{file} does not name it")),
        };
        let faults = clause.held_by.iter().filter_map(fault);
        faults.map(|what| Fault::new(clause.line, what)).collect()
    }

    /// Files that no clause names, and clauses that do not name a file which names them.
    pub(super) fn astray(&self, clauses: &[Clause]) -> Vec<String> {
        let mut faults = Vec::new();
        for (file, named) in &self.0 {
            let holds = |clause: &&Clause| clause.held_by.contains(file);
            let by: Vec<_> = clauses.iter().filter(holds).map(|clause| &clause.name).collect();
            if by.is_empty() {
                faults.push(format!("{FOLDER}{file}: no clause names it"));
            } else {
                let silent = named.iter().filter(|name| !by.contains(name));
                faults.extend(silent.map(|name| format!("{FOLDER}{file}: no {name} names it")));
            }
        }
        faults
    }
}

/// The clauses that a file names.
fn clauses(text: &str) -> anyhow::Result<Vec<String>> {
    let file: Value = serde_json::from_str(text)?;
    let clauses = file["clauses"].as_array().context("no `clauses`")?;
    let names = clauses.iter().map(|name| name.as_str().map(str::to_owned));
    names.collect::<Option<_>>().context("a clause is no text")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Files {
        let clauses = |names: [&str; 2]| names.map(str::to_owned).to_vec();
        Files(BTreeMap::from([("a.json".to_owned(), clauses(["V-1.1", "V-1.2"]))]))
    }

    fn clause(name: &str, held_by: &[&str]) -> Clause {
        let held_by = held_by.iter().map(|&file| file.to_owned()).collect();
        Clause { line: 1, name: name.to_owned(), number: (0, 0), held_by }
    }

    #[test]
    fn a_clause_names_files_that_name_it() {
        let faults = |name, held_by: &[&str]| -> Vec<String> {
            files().faults_of(&clause(name, held_by)).into_iter().map(|it| it.what).collect()
        };
        assert_eq!(faults("V-1.1", &["a.json"]), [""; 0]);
        assert_eq!(faults("V-1.1", &[]), ["V-1.1 names no file"]);
        let missing = ["V-1.1: there is no tests/conformance/v1/b.json"];
        assert_eq!(faults("V-1.1", &["a.json", "b.json"]), missing);
        let foreign = ["V-1.3: tests/conformance/v1/a.json does not name it"];
        assert_eq!(faults("V-1.3", &["a.json"]), foreign);
    }

    #[test]
    fn a_file_is_named_by_each_clause_that_it_names() {
        let one = [clause("V-1.1", &["a.json"]), clause("V-1.2", &["b.json"])];
        assert_eq!(files().astray(&one), ["tests/conformance/v1/a.json: no V-1.2 names it"]);
        let both = [clause("V-1.1", &["a.json"]), clause("V-1.2", &["a.json"])];
        assert_eq!(files().astray(&both), [""; 0]);
        let none = [clause("V-1.1", &[])];
        assert_eq!(files().astray(&none), ["tests/conformance/v1/a.json: no clause names it"]);
    }

    #[test]
    fn a_file_that_names_no_clauses_is_none() {
        assert_eq!(clauses(r#"{"clauses":["V-1.1"]}"#).unwrap(), ["V-1.1"]);
        assert!(clauses("{}").is_err() && clauses(r#"{"clauses":[1]}"#).is_err());
    }
}
