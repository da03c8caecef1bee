//! The items: rows `| NUMBER | TITLE |` of the table in the folder's README.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};

/// One item of the list.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    /// Such as `1.1`, or `6`.
    pub(super) number: String,
    pub(super) title: String,
}

/// The items, in their order; at least one.
pub(super) fn read(folder: &Path) -> Result<Vec<Item>> {
    let path = folder.join("README.md");
    let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    let items = items(&text);
    ensure!(!items.is_empty(), "{} has no table of items", path.display());
    Ok(items)
}

fn items(text: &str) -> Vec<Item> {
    let row = |line: &str| {
        let (number, title) = line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ")?;
        number
            .starts_with(|c: char| c.is_ascii_digit())
            .then(|| Item { number: number.to_owned(), title: title.to_owned() })
    };
    text.lines().filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_begin_with_a_number_are_items() {
        let items =
            items("# Field\n\n| item | what |\n|---|---|\n| 1.1 | text |\n| 6 | 32 bits |\n");
        let numbers: Vec<_> = items.iter().map(|item| item.number.as_str()).collect();
        assert_eq!(numbers, ["1.1", "6"]);
        assert_eq!(items[1].title, "32 bits");
    }
}
