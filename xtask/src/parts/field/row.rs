//! The rows of `tests/field/*.json`: what goes in, what has to come out, and the test that sees it.

use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use crate::bindings;

/// One row.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) item: String,
    pub(super) product: String,
    pub(super) input: String,
    pub(super) right: String,
    pub(super) check: Check,
}

/// What a row names. Each kind is run in its own way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Check {
    /// `rust:PACKAGE::[BINARY::]PATH`: a test of the workspace.
    Rust(String),
    /// `pytest:FILE::NAME`, relative to the Python package; all cases of it.
    Pytest(String),
    /// `kotlin:CLASS.NAME`: a test of the Kotlin package.
    Kotlin(String),
    /// `swift:CLASS/NAME`: a test of the Swift package.
    Swift(String),
    /// `vectors:FILE`: every case of a file of vectors, in four languages.
    Vectors(String),
    /// `part:NAME`: a whole part of the tests.
    Part(String),
}

impl Check {
    pub(super) fn read(text: &str) -> Result<Self> {
        let (kind, name) = text.split_once(':').with_context(|| format!("no kind in `{text}`"))?;
        let name = name.to_owned();
        Ok(match kind {
            "rust" => Self::Rust(name),
            "pytest" => Self::Pytest(name),
            "kotlin" => Self::Kotlin(name),
            "swift" => Self::Swift(name),
            "vectors" => Self::Vectors(name),
            "part" => Self::Part(name),
            _ => bail!("unknown kind `{kind}` in `{text}`"),
        })
    }

    /// The name without its kind.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Rust(name)
            | Self::Pytest(name)
            | Self::Kotlin(name)
            | Self::Swift(name)
            | Self::Vectors(name)
            | Self::Part(name) => name,
        }
    }
}

/// All rows of all files, in the order of the files.
pub(super) fn read(folder: &Path) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for file in bindings::files(folder, "json")? {
        let text = std::fs::read_to_string(&file)?;
        let shown = file.display();
        let value: Value = serde_json::from_str(&text).with_context(|| shown.to_string())?;
        let list = value.as_array().with_context(|| format!("{shown} is no list"))?;
        for (at, value) in list.iter().enumerate() {
            rows.push(row(value).with_context(|| format!("{shown}, row {at}"))?);
        }
    }
    Ok(rows)
}

fn row(value: &Value) -> Result<Row> {
    let member = |name: &str| {
        let text = value[name].as_str().filter(|text| !text.is_empty());
        text.map(str::to_owned).with_context(|| format!("no `{name}`"))
    };
    Ok(Row {
        item: member("item")?,
        product: member("product")?,
        input: member("input")?,
        right: member("right")?,
        check: Check::read(&member("check")?)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_row_has_every_member_and_a_check_of_a_known_kind() {
        let mut value = json!({"item": "1.1", "product": "core", "input": "a", "right": "b",
                               "check": "pytest:tests/test_hub.py::test_text"});
        let read = row(&value).unwrap();
        assert_eq!(read.check, Check::Pytest("tests/test_hub.py::test_text".to_owned()));
        value["check"] = json!("guess:x");
        assert!(row(&value).unwrap_err().to_string().contains("unknown kind `guess`"));
        value["right"] = json!("");
        assert!(row(&value).is_err());
    }
}
