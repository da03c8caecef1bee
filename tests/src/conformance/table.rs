//! What came of it: clauses and products, as a table and as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::run::{Played, Verdict};

/// A product, and what came of each case.
pub(super) struct Product {
    pub(super) name: String,
    pub(super) played: Vec<Played>,
}

/// How many cases are held, skipped and failed.
#[derive(Clone, Copy, Default)]
struct Counts {
    held: usize,
    skipped: usize,
    failed: usize,
}

impl Counts {
    fn of<'a>(played: impl IntoIterator<Item = &'a Played>) -> Self {
        let mut counts = Self::default();
        for it in played {
            match it.verdict {
                Verdict::Held => counts.held += 1,
                Verdict::Skipped(_) => counts.skipped += 1,
                Verdict::Failed(_) => counts.failed += 1,
            }
        }
        counts
    }

    /// What is in a cell of the table.
    fn shown(self) -> String {
        let Self { held, skipped, failed } = self;
        match (held, skipped, failed) {
            (0, 0, 0) => String::new(),
            (held, 0, 0) => held.to_string(),
            (0, _, 0) => "skipped".to_owned(),
            (held, skipped, 0) => format!("{held} of {}", held + skipped),
            (_, _, failed) => format!("**{failed} failed**"),
        }
    }

    fn json(self) -> Value {
        json!({"held": self.held, "skipped": self.skipped, "failed": self.failed})
    }
}

/// The table as Markdown, with what was skipped and why, and what has failed.
pub(super) fn markdown(products: &[Product]) -> String {
    let mut text = "# Conformance\n\nCases that show a clause, by product; a cell is empty where \
                    none is for such a product.\n\n| clause |"
        .to_owned();
    for product in products {
        // Writing to a text cannot fail.
        let _ = write!(text, " {} |", product.name);
    }
    let _ = writeln!(text, "\n|---|{}", "---|".repeat(products.len()));
    let row = |name: &str, cells: Vec<String>| format!("| {name} | {} |\n", cells.join(" | "));
    for clause in clauses(products) {
        let cell = |product: &Product| of_clause(product, &clause).shown();
        text.push_str(&row(&clause, products.iter().map(cell).collect()));
    }
    let total = |product: &Product| {
        let Counts { held, skipped, failed } = Counts::of(&product.played);
        format!("{held} held, {skipped} skipped, {failed} failed")
    };
    text.push_str(&row("all cases", products.iter().map(total).collect()));
    text.push_str("\n## Skipped\n\n| product | cases | because |\n|---|---|---|\n");
    for product in products {
        for (reason, count) in reasons(product) {
            let _ = writeln!(text, "| {} | {count} | {reason} |", product.name);
        }
    }
    text.push_str("\n## Failed\n\n");
    for fault in products.iter().flat_map(faults) {
        let _ = writeln!(text, "- {fault}");
    }
    text
}

pub(super) fn json(products: &[Product]) -> Value {
    let of_product = |product: &Product| {
        let clauses = clauses(products).into_iter();
        let clauses: serde_json::Map<_, _> =
            clauses.map(|it| (it.clone(), of_clause(product, &it).json())).collect();
        let case = |it: &Played| {
            let (verdict, why) = match &it.verdict {
                Verdict::Held => ("held", None),
                Verdict::Skipped(why) => ("skipped", Some(why)),
                Verdict::Failed(why) => ("failed", Some(why)),
            };
            json!({
                "file": it.file, "case": it.case, "clauses": it.clauses,
                "verdict": verdict, "why": why,
            })
        };
        json!({
            "name": product.name,
            "all": Counts::of(&product.played).json(),
            "clauses": clauses,
            "cases": product.played.iter().map(case).collect::<Vec<_>>(),
        })
    };
    json!({ "products": products.iter().map(of_product).collect::<Vec<_>>() })
}

/// The cases of a product that have failed, a line each.
pub(super) fn faults(product: &Product) -> Vec<String> {
    let fault = |it: &Played| match &it.verdict {
        Verdict::Failed(why) => Some(format!("{}: {}, {}: {why}", product.name, it.file, it.case)),
        Verdict::Held | Verdict::Skipped(_) => None,
    };
    product.played.iter().filter_map(fault).collect()
}

/// How many cases a product skips, for each reason.
pub(super) fn reasons(product: &Product) -> BTreeMap<&str, usize> {
    let mut reasons = BTreeMap::new();
    for it in &product.played {
        if let Verdict::Skipped(reason) = &it.verdict {
            *reasons.entry(reason.as_str()).or_default() += 1;
        }
    }
    reasons
}

fn of_clause(product: &Product, clause: &str) -> Counts {
    Counts::of(product.played.iter().filter(|it| it.clauses.contains(clause)))
}

/// All clauses, in the order of the documents.
fn clauses(products: &[Product]) -> Vec<String> {
    let all = products.iter().flat_map(|product| &product.played).flat_map(|it| &it.clauses);
    let mut all: Vec<_> = all.cloned().collect::<BTreeSet<_>>().into_iter().collect();
    all.sort_by_key(|clause| {
        let (letter, number) = clause.split_once('-').unwrap_or((clause, ""));
        let number = number.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
        (letter.to_owned(), number.collect::<Vec<_>>())
    });
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_says_what_is_held_skipped_and_failed() {
        let played = |case: &str, clause: &str, verdict| Played {
            file: "f".to_owned(),
            case: case.to_owned(),
            clauses: [clause.to_owned()].into(),
            verdict,
        };
        let skipped = || Verdict::Skipped("no b".to_owned());
        let all = vec![
            played("1", "V-10.1", Verdict::Held),
            played("2", "V-9.1", Verdict::Held),
            played("3", "V-9.1", skipped()),
            played("4", "P-1.1", skipped()),
            played("5", "V-2.1", Verdict::Failed("bad".to_owned())),
        ];
        let products = [
            Product { name: "a".to_owned(), played: all },
            Product { name: "b".to_owned(), played: Vec::new() },
        ];
        let text = markdown(&products);
        let rows = "| P-1.1 | skipped |  |\n| V-2.1 | **1 failed** |  |\n| V-9.1 | 1 of 2 |  |\n\
                    | V-10.1 | 1 |  |\n| all cases | 2 held, 2 skipped, 1 failed |";
        assert!(text.contains(rows), "{text}");
        assert!(text.contains("| a | 2 | no b |\n"), "{text}");
        assert!(text.ends_with("- a: f, 5: bad\n"), "{text}");
        let json = json(&products);
        let counts = json!({"held": 1, "skipped": 1, "failed": 0});
        assert_eq!(json["products"][0]["clauses"]["V-9.1"], counts);
    }
}
