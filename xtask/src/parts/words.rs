//! One word for one idea: no identifier is made with a word that docs/words.md gives up.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;

use crate::check::{Checks, Outcome};
use crate::command::Console;
use crate::workspace::Workspace;

const GLOSSARY: &str = "docs/words.md";
/// The table of words follows this line of the document.
const TABLE: &str = "| word | what it is | not |";
const EXTENSIONS: &[&str] = &["rs", "py", "kt", "swift", "ts", "js", "mjs"];
/// Names that others gave: those of the standard libraries, of peers, and of the wire.
const THEIRS: &[&str] = &[
    "ChatCompletionChunk",
    "Chunk",
    "PayloadChunk",
    "SeqCst",
    "as_chunks",
    "as_chunks_mut",
    "chunk_by",
    "chunks",
    "chunks_exact",
    "chunks_mut",
    "cmd",
    "first_chunk",
    "split_first_chunk",
    "split_last_chunk",
];
/// Longer names are sentences, those of tests: a word that is a noun and a verb is the verb there.
const LONGEST_NOUN: usize = 3;

pub(super) fn run(workspace: &Workspace, _console: Console) -> Outcome {
    let glossary = workspace.read(Path::new(GLOSSARY))?;
    let given_up = given_up(&glossary).with_context(|| format!("{GLOSSARY}: no table of words"))?;
    let mut checks = Checks::default();
    for path in workspace.files()? {
        let extension = path.extension().and_then(|extension| extension.to_str());
        if !extension.is_some_and(|extension| EXTENSIONS.contains(&extension)) {
            continue;
        }
        let faults = faults(&path, &workspace.read(&path)?, &given_up);
        checks.check(faults.is_empty(), faults.join("\n"));
    }
    Ok(checks)
}

/// The words of the last column, each with the word to take instead.
fn given_up(glossary: &str) -> Option<BTreeMap<&str, &str>> {
    let (_, table) = glossary.split_once(TABLE)?;
    let mut words = BTreeMap::new();
    for row in table.lines().skip(2).map_while(|row| row.strip_prefix("| ")) {
        let mut cells = row.trim_end_matches('|').split(" | ").map(str::trim);
        let (word, _meaning, not) = (cells.next()?, cells.next()?, cells.next().unwrap_or(""));
        words.extend(not.split(", ").filter(|not| !not.is_empty()).map(|not| (not, word)));
    }
    Some(words)
}

/// The lines on which a word that is given up is part of an identifier.
fn faults(path: &Path, text: &str, given_up: &BTreeMap<&str, &str>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut in_text = false;
    for (at, line) in text.lines().enumerate() {
        let was_in_text = in_text;
        in_text ^= line.matches("\"\"\"").count() % 2 == 1;
        if was_in_text {
            continue;
        }
        for name in identifiers(code(path, line)).filter(|name| !THEIRS.contains(name)) {
            let mut fault = |not: &str, word: &str| {
                let (path, at) = (path.display(), at + 1);
                faults.push(format!("{path}:{at}: `{name}`: not `{not}`, but {word}"));
            };
            if path.extension().is_some_and(|it| it == "rs")
                && let Some(word) = given_up.get(&*format!("`{name}`"))
            {
                fault(name, word);
            }
            let parts = parts(name);
            let is_noun = (2..=LONGEST_NOUN).contains(&parts.len());
            for part in &parts {
                let noun = given_up.get(&*format!("{part} (noun)")).filter(|_| is_noun);
                if let Some(word) = given_up.get(&**part).or(noun) {
                    fault(part, word);
                }
            }
        }
    }
    faults
}

/// A line without its comment and without the texts in it.
fn code<'a>(path: &Path, line: &'a str) -> impl Iterator<Item = &'a str> {
    let comment = if path.extension().is_some_and(|it| it == "py") { "#" } else { "//" };
    let line = line.trim_start();
    let is_comment = [comment, "/*", "*"].iter().any(|begin| line.starts_with(begin));
    let line = if is_comment { "" } else { line };
    // Raw texts, then every second part between quotes; what is escaped in it does not matter here.
    let code =
        line.split("r#\"").enumerate().map(|(at, part)| match (at, part.split_once("\"#")) {
            (0, _) => part,
            (_, Some((_text, after))) => after,
            (_, None) => "",
        });
    let code = code.flat_map(|part| part.split('"').step_by(2));
    code.map(move |part| part.split(comment).next().unwrap_or_default())
}

fn identifiers<'a>(code: impl Iterator<Item = &'a str>) -> impl Iterator<Item = &'a str> {
    let names = code.flat_map(|part| part.split(|c: char| !c.is_alphanumeric() && c != '_'));
    names.filter(|name| name.starts_with(|c: char| c.is_alphabetic() || c == '_'))
}

/// The words of an identifier in whatever case, small.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut was_small = false;
    for c in name.chars() {
        if c == '_' || (c.is_uppercase() && was_small) {
            parts.push(String::new());
        }
        was_small = c.is_lowercase();
        if c != '_'
            && let Some(part) = parts.last_mut()
        {
            part.extend(c.to_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = concat!(
        "\n| word | what it is | not |\n|---|---|---|\n",
        "| link | a connection | conn |\n",
        "| epoch | a life | |\n",
        "| user | who | uid, customer, ask (noun), `Class` |\n",
    );

    #[test]
    fn reads_what_the_glossary_gives_up() {
        let words = given_up(TEXT).unwrap();
        let expected = [
            ("`Class`", "user"),
            ("ask (noun)", "user"),
            ("conn", "link"),
            ("customer", "user"),
            ("uid", "user"),
        ];
        assert_eq!(words.into_iter().collect::<Vec<_>>(), expected);
        assert_eq!(given_up("no table"), None);
    }

    #[test]
    fn an_identifier_falls_apart_into_words() {
        assert_eq!(parts("close_conn"), ["close", "conn"]);
        assert_eq!(parts("closeConn2"), ["close", "conn2"]);
        assert_eq!(parts("MAX_CONN"), ["max", "conn"]);
        assert_eq!(parts("CONNECTION"), ["connection"]);
    }

    #[test]
    fn names_the_line_and_the_word_to_take() {
        let words = given_up(TEXT).unwrap();
        let text = "let a = 1;\nlet uid = 2; // conn\nlet b = 'conn';\n".replace('\'', "\"");
        let found = faults(Path::new("a.rs"), &text, &words);
        assert_eq!(found, ["a.rs:2: `uid`: not `uid`, but user"]);
        assert!(faults(Path::new("a.py"), "# conn\n", &words).is_empty());
    }

    #[test]
    fn a_noun_that_is_a_verb_too_is_found_in_short_names() {
        let words = given_up(TEXT).unwrap();
        let found = |text: &str| faults(Path::new("a.rs"), text, &words).len();
        assert_eq!((found("ask"), found("max_ask"), found("AskId")), (0, 1, 1));
        assert_eq!(found("whoever_may_ask_is_heard"), 0, "a sentence has verbs");
        assert_eq!((found("Class"), found("CloseClass"), found("class")), (1, 0, 0));
        let quotes = "\"".repeat(3);
        assert_eq!(found(&"(r#'{'uid':1}'#, uid)".replace('\'', "\"")), 1, "nor is a raw one");
        assert_eq!(found(&format!("{quotes}\nuid\n{quotes}\nuid")), 1, "a text is no code");
    }
}
