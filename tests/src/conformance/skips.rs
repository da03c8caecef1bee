//! Which cases a product may be spared, and why: `tests/conformance/skips.json`, which is reviewed.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::file::folder;
use super::run::{Played, Verdict};

/// The reviewed list.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Skips {
    /// Why each reason is one.
    reasons: BTreeMap<String, String>,
    products: BTreeMap<String, OfProduct>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OfProduct {
    /// How many cases it is spared for a reason.
    skips: BTreeMap<String, usize>,
    /// Cases, by file and name, in which it does otherwise, each with the reason.
    #[serde(default)]
    differs: BTreeMap<String, String>,
}

impl Skips {
    pub(super) fn open() -> Result<Self, String> {
        let path = folder().join("skips.json");
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|why| format!("{}: {why}", path.display()))?;
        serde_json::from_str(&text).map_err(|why| format!("{}: {why}", path.display()))
    }

    /// Spares a product the cases in which it is known to do otherwise, each of which must fail.
    pub(super) fn spare(&self, product: &str, played: &mut [Played]) -> Vec<String> {
        let mut faults = Vec::new();
        let Some(listed) = self.products.get(product) else { return faults };
        for (name, reason) in &listed.differs {
            let is_it = |it: &&mut Played| format!("{}, {}", it.file, it.case) == *name;
            match played.iter_mut().find(is_it) {
                Some(it) if matches!(it.verdict, Verdict::Failed(_)) => {
                    it.verdict = Verdict::Skipped(reason.clone());
                }
                Some(_) => {
                    faults.push(format!("{product} holds {name}: skips.json says otherwise"));
                }
                None => faults.push(format!("skips.json: {product} is not played {name}")),
            }
        }
        faults
    }

    /// In what a product's skipped cases are not those that are listed.
    pub(super) fn differences(&self, product: &str, played: &[Played]) -> Vec<String> {
        let mut found = BTreeMap::<_, usize>::new();
        for it in played {
            if let Verdict::Skipped(reason) = &it.verdict {
                *found.entry(reason.clone()).or_default() += 1;
            }
        }
        let none = OfProduct::default();
        let listed = &self.products.get(product).unwrap_or(&none).skips;
        let mut differences = Vec::new();
        for (reason, count) in &found {
            let allowed = listed.get(reason).copied().unwrap_or(0);
            if *count != allowed {
                differences.push(format!(
                    "{product} skips {count} cases ({reason}), and skips.json lists {allowed}"
                ));
            }
            if !self.reasons.contains_key(reason) {
                differences.push(format!("skips.json does not say why: {reason}"));
            }
        }
        let gone = listed.iter().filter(|(reason, _)| !found.contains_key(*reason));
        differences.extend(gone.map(|(reason, count)| {
            format!("{product} skips no case ({reason}), and skips.json lists {count}")
        }));
        differences
    }

    /// Reasons that no product has.
    pub(super) fn unused(&self) -> Vec<String> {
        let is_used =
            |reason: &String| self.products.values().any(|it| it.skips.contains_key(reason));
        let unused = self.reasons.keys().filter(|reason| !is_used(reason));
        unused.map(|reason| format!("skips.json: no product has the reason {reason:?}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn played(reasons: &[&str]) -> Vec<Played> {
        let skipped = |reason: &&str| Played {
            file: String::new(),
            case: String::new(),
            clauses: BTreeSet::new(),
            verdict: Verdict::Skipped((*reason).to_owned()),
        };
        reasons.iter().map(skipped).collect()
    }

    #[test]
    fn what_is_skipped_is_what_is_listed() {
        let list =
            r#"{"reasons": {"a": "why", "c": "why"}, "products": {"p": {"skips": {"a": 2}}}}"#;
        let skips: Skips = serde_json::from_str(list).expect("a list");
        let differences = |product, reasons: &[&str]| skips.differences(product, &played(reasons));
        assert_eq!(differences("p", &["a", "a"]), [""; 0]);
        assert_eq!(differences("p", &["a"]), ["p skips 1 cases (a), and skips.json lists 2"]);
        assert_eq!(differences("p", &[]), ["p skips no case (a), and skips.json lists 2"]);
        assert_eq!(differences("q", &["a"]), ["q skips 1 cases (a), and skips.json lists 0"]);
        let unlisted = differences("p", &["a", "a", "b"]);
        assert_eq!(unlisted[1], "skips.json does not say why: b");
        assert_eq!(skips.spare("p", &mut played(&["a"])), [""; 0]);
        assert_eq!(skips.unused(), ["skips.json: no product has the reason \"c\""]);
    }

    #[test]
    fn a_case_that_is_listed_as_different_must_fail() {
        let list = r#"{"reasons": {}, "products": {"p": {"skips": {}, "differs": {"f, c": "a"}}}}"#;
        let skips: Skips = serde_json::from_str(list).expect("a list");
        let mut all = played(&["b"]);
        assert_eq!(skips.spare("p", &mut all), ["skips.json: p is not played f, c"]);
        (all[0].file, all[0].case) = ("f".to_owned(), "c".to_owned());
        assert_eq!(skips.spare("p", &mut all), ["p holds f, c: skips.json says otherwise"]);
        all[0].verdict = Verdict::Failed("why".to_owned());
        assert_eq!(skips.spare("p", &mut all), [""; 0]);
        assert_eq!(all[0].verdict, Verdict::Skipped("a".to_owned()));
    }
}
