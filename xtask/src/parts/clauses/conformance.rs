//! The files of a document, each of which names the clauses that it holds, and says the frames that
//! they show.

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::Value;

use super::document::{Clause, Fault};
use crate::check::Stopped;
use crate::workspace::Workspace;

/// The files in a folder.
#[derive(Debug)]
pub(super) struct Files {
    folder: &'static str,
    files: BTreeMap<String, File>,
}

#[derive(Debug, Default)]
struct File {
    /// The clauses that it names.
    clauses: Vec<String>,
    /// What goes in and comes out in its cases.
    said: Vec<Value>,
}

impl Files {
    pub(super) fn of(workspace: &Workspace, folder: &'static str) -> Result<Self, Stopped> {
        let mut files = BTreeMap::new();
        for path in workspace.files()? {
            if let Some(name) = path.to_str().and_then(|path| path.strip_prefix(folder)) {
                let file = read(&workspace.read(&path)?);
                files.insert(name.to_owned(), file.with_context(|| path.display().to_string())?);
            }
        }
        Ok(Self { folder, files })
    }

    /// What is wrong with the files of a clause.
    pub(super) fn faults_of(&self, clause: &Clause) -> Vec<Fault> {
        let (name, folder) = (&clause.name, self.folder);
        let fault = |file: &String| match self.files.get(file) {
            None => Some(format!("{name}: there is no {folder}{file}")),
            Some(file) if file.clauses.contains(name) => None,
            Some(_) => Some(format!("{name}: {folder}{file} does not name it")),
        };
        let faults = clause.files.iter().filter_map(fault);
        let faults = faults.map(|what| Fault::new(clause.line, what));
        // A clause that tests alone hold shows frames that none of its files can have.
        let shown = clause.shown.iter().filter(|_| !clause.files.is_empty());
        let unsaid = shown.filter(|(_, frame)| {
            let files = clause.files.iter().filter_map(|file| self.files.get(file));
            !files.flat_map(|file| &file.said).any(|said| is_frame(said, frame))
        });
        let what = || format!("no file of {name} has this frame");
        faults.chain(unsaid.map(|(line, _)| Fault::new(*line, what()))).collect()
    }

    /// Files that no clause names, and clauses that do not name a file which names them.
    pub(super) fn astray(&self, clauses: &[Clause]) -> Vec<String> {
        let (folder, mut faults) = (self.folder, Vec::new());
        for (file, File { clauses: named, .. }) in &self.files {
            let holds = |clause: &&Clause| clause.files.contains(file);
            let by: Vec<_> = clauses.iter().filter(holds).map(|clause| &clause.name).collect();
            if by.is_empty() {
                faults.push(format!("{folder}{file}: no clause names it"));
            } else {
                let silent = named.iter().filter(|name| !by.contains(name));
                faults.extend(silent.map(|name| format!("{folder}{file}: no {name} names it")));
            }
        }
        faults
    }
}

fn read(text: &str) -> anyhow::Result<File> {
    let file: Value = serde_json::from_str(text)?;
    let clauses = file["clauses"].as_array().context("no `clauses`")?;
    let names = clauses.iter().map(|name| name.as_str().map(str::to_owned));
    let clauses = names.collect::<Option<_>>().context("a clause is no text")?;
    let cases = file["cases"].as_array().into_iter().flatten();
    let said = cases.flat_map(|case| said(&case["steps"])).collect();
    Ok(File { clauses, said })
}

/// What goes in and comes out in these steps.
fn said(steps: &Value) -> Vec<Value> {
    let steps = steps.as_array().into_iter().flatten();
    let of = |step: &Value| {
        let one = step.get("in").or_else(|| step.get("out")).cloned();
        one.into_iter().chain(said(&step["steps"])).collect::<Vec<_>>()
    };
    steps.flat_map(of).collect()
}

/// Whether a frame is what a file says, with each of its members. A name, or `$string` and the like,
/// stands for any value.
fn is_frame(said: &Value, frame: &Value) -> bool {
    let Some(Value::Object(members)) = said.get("pam") else { return is_alike(said, frame) };
    let there = members.iter().filter(|(_, said)| *said != "$absent");
    let there = there.map(|(name, said)| (name.clone(), said.clone()));
    is_alike(&Value::Object(there.collect()), frame)
}

fn is_alike(said: &Value, frame: &Value) -> bool {
    match (said, frame) {
        (Value::String(text), _) if text.starts_with('$') => true,
        (Value::Object(said), Value::Object(frame)) => {
            let is_member = |(name, said)| frame.get(name).is_some_and(|it| is_alike(said, it));
            said.len() == frame.len() && said.iter().all(is_member)
        }
        (Value::Array(said), Value::Array(frame)) => {
            let mut pairs = said.iter().zip(frame);
            said.len() == frame.len() && pairs.all(|(said, frame)| is_alike(said, frame))
        }
        (said, frame) => said == frame,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Files {
        let file = r#"{"clauses": ["V-1.1", "V-1.2"], "cases": [{"steps": [
            {"in": {"type": "chat", "id": "q"}},
            {"each": [1, 2], "steps": [{"out": {"pam": {"type": "pong", "at": "$string", "a": "$absent"}}}]}
        ]}]}"#;
        let file = read(file).expect("a file");
        Files { folder: "f/", files: BTreeMap::from([("a.json".to_owned(), file)]) }
    }

    fn clause(name: &str, files: &[&str]) -> Clause {
        let files = files.iter().map(|&file| file.to_owned()).collect();
        Clause { line: 1, name: name.to_owned(), files, ..Clause::default() }
    }

    #[test]
    fn a_clause_names_files_that_name_it() {
        let faults = |name, named: &[&str]| -> Vec<String> {
            files().faults_of(&clause(name, named)).into_iter().map(|it| it.what).collect()
        };
        assert_eq!(faults("V-1.1", &["a.json"]), [""; 0]);
        let missing = ["V-1.1: there is no f/b.json"];
        assert_eq!(faults("V-1.1", &["a.json", "b.json"]), missing);
        let foreign = ["V-1.3: f/a.json does not name it"];
        assert_eq!(faults("V-1.3", &["a.json"]), foreign);
    }

    #[test]
    fn a_frame_that_a_clause_shows_is_one_of_its_files() {
        let faults = |named: &[&str], frame: &str| {
            let shown = vec![(7, serde_json::from_str(frame).expect("JSON"))];
            files().faults_of(&Clause { shown, ..clause("V-1.1", named) })
        };
        assert_eq!(faults(&["a.json"], r#"{"type":"chat","id":"q"}"#), []);
        assert_eq!(faults(&["a.json"], r#"{"type":"pong","at":"now"}"#), []);
        let unsaid = [Fault::new(7, "no file of V-1.1 has this frame")];
        assert_eq!(faults(&["a.json"], r#"{"type":"chat","id":"p"}"#), unsaid);
        assert_eq!(faults(&["a.json"], r#"{"type":"chat","id":"q","more":1}"#), unsaid);
        assert_eq!(faults(&["a.json"], r#"{"type":"pong"}"#), unsaid);
        assert_eq!(faults(&["a.json"], r#"{"type":"pong","at":"now","a":1}"#), unsaid);
        assert_eq!(faults(&[], r#"{"type":"pong"}"#), []);
    }

    #[test]
    fn a_file_is_named_by_each_clause_that_it_names() {
        let one = [clause("V-1.1", &["a.json"]), clause("V-1.2", &["b.json"])];
        assert_eq!(files().astray(&one), ["f/a.json: no V-1.2 names it"]);
        let both = [clause("V-1.1", &["a.json"]), clause("V-1.2", &["a.json"])];
        assert_eq!(files().astray(&both), [""; 0]);
        let none = [clause("V-1.1", &[])];
        assert_eq!(files().astray(&none), ["f/a.json: no clause names it"]);
    }

    #[test]
    fn a_file_that_names_no_clauses_is_none() {
        assert_eq!(read(r#"{"clauses":["V-1.1"]}"#).unwrap().clauses, ["V-1.1"]);
        assert!(read("{}").is_err() && read(r#"{"clauses":[1]}"#).is_err());
    }
}
