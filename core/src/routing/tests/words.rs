//! Keywords, against a search that is too simple to be wrong.

use proptest::prelude::*;

use super::super::words::{MAX_SCANNED, Words, fold_into};

fn folded(text: &str) -> String {
    let mut out = String::new();
    fold_into(text, &mut out);
    out.make_ascii_lowercase();
    out
}

fn best<'w>(words: &[&'w str], text: &str) -> Option<&'w str> {
    let compiled = Words::new(words.iter().map(|word| (*word).into()).collect()).unwrap();
    compiled.best(text, &mut String::new()).map(|index| words[index as usize])
}

#[test]
fn folding_is_simple_lower_case_with_single_blanks() {
    assert_eq!(folded("ÄÖ Ü\u{a0}\t x"), "äö ü x");
    assert_eq!(folded("ΣΑΣ σας"), "σασ σασ");
    assert_eq!(folded("it’s"), "it's");
    // No one-character lower case, or none at all: left as they are.
    assert_eq!(folded("İß"), "İß");
    assert_eq!(folded("\u{212a}"), "k");
}

#[test]
fn a_text_without_a_keyword_has_none() {
    for text in ["", "hello", "budgets", "ünïcode"] {
        assert_eq!(best(&["budget", "fuel"], text), None, "{text:?}");
    }
}

#[test]
fn nothing_is_read_beyond_the_bound() {
    let filler = |len: usize| "- ".repeat(len / 2);
    let at_the_end = format!("{}fuel", filler(MAX_SCANNED - 4));
    assert_eq!(best(&["fuel"], &at_the_end), Some("fuel"));
    assert_eq!(best(&["fuel"], &format!("{at_the_end} more")), Some("fuel"));
    assert_eq!(best(&["fuel"], &format!("{at_the_end}s")), None);
    assert_eq!(best(&["fuel"], &format!("{at_the_end}é")), None);
    assert_eq!(best(&["fuel"], &format!("- {at_the_end}")), None);
    // The bound lies inside a character here.
    assert_eq!(best(&["fuel"], &format!("x{}", "é".repeat(MAX_SCANNED))), None);
}

#[test]
fn a_large_table_finds_the_same_as_a_small_one() {
    let many: Vec<String> =
        (0..9_000).map(|n| format!("{n:05}{}", "abcdefghij".repeat(2))).collect();
    let mut words: Vec<&str> = many.iter().map(String::as_str).collect();
    words.push("fuel");
    assert_eq!(best(&words, "no FUEL left"), Some("fuel"));
    assert_eq!(best(&words, &format!("fuel, {}", many[77])), Some(&*many[77]));
    assert_eq!(best(&words, &format!("x{}", many[77])), None);
}

/// Whether a letter or digit joins its neighbours: the alphabet of the property holds no others.
fn joins(character: char) -> bool {
    character.is_alphanumeric() && !('\u{4e00}'..='\u{9fff}').contains(&character)
}

/// The first of `words` that stands in `text` between borders.
fn naive<'w>(words: &[&'w str], text: &str) -> Option<&'w str> {
    let text: Vec<char> = folded(text).chars().collect();
    let stands = |word: &&&str| {
        let word: Vec<char> = word.chars().collect();
        (0..text.len()).any(|at| {
            let end = at + word.len();
            text[at..].starts_with(&word)
                && !(at > 0 && joins(text[at - 1]) && joins(text[at]))
                && !(end < text.len() && joins(text[end - 1]) && joins(text[end]))
        })
    };
    words.iter().find(stands).copied()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_best_whole_word_is_found(
        words in proptest::collection::btree_set("[abé水$]{1,3}( [abé水$]{1,2})?", 1..12),
        text in "([abABéÉ水$]|[abé]{2}| |  |\\n){0,24}",
    ) {
        // Any order of rank will do; this one differs from that of length.
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        prop_assert_eq!(best(&words, &text), naive(&words, &text));
    }

    #[test]
    fn folding_twice_changes_nothing(text in "\\PC{0,40}") {
        let once = folded(&text);
        prop_assert_eq!(folded(&once), once);
    }
}

#[test]
fn letters_that_fold_oddly_neither_panic_nor_match_by_half() {
    // Two characters in lower case: left as it is, and still a letter to what stands next to it.
    assert_eq!(best(&["İstanbul", "stanbul"], "in İSTANBUL now"), Some("İstanbul"));
    assert_eq!(best(&["istanbul"], "İstanbul"), None);
    assert_eq!(best(&["stanbul"], "İstanbul"), None);
    assert_eq!(best(&["straße", "strasse"], "eine STRAẞE"), Some("straße"));
    assert_eq!(best(&["kelvin"], "\u{212a}ELVIN"), Some("kelvin"));
    // A combining mark belongs to the letter before it.
    assert_eq!(best(&["cafe"], "cafe\u{301}"), None);
    assert_eq!(best(&["cafe"], "cafe \u{301}"), Some("cafe"));
    assert_eq!(best(&["\u{915}"], "\u{915}\u{93c}"), None, "a nukta too");
    assert_eq!(best(&["\u{9a1}"], "\u{9a1}\u{9bc}"), None, "and that of Bengali");
    // Written from the right, and with marks of direction around it.
    assert_eq!(best(&["מחיר"], "\u{200f}מחיר\u{200f}?"), Some("מחיר"));
    assert_eq!(best(&["מחיר"], "המחיר"), None);
}
