//! Keywords in a text: one Aho-Corasick pass, whole words, the best word wins.

use aho_corasick::automaton::Automaton;
use aho_corasick::nfa::contiguous;
use aho_corasick::{Anchored, BuildError, MatchKind, StartKind, dfa};

/// How many bytes of a text are searched for keywords; what follows is not read.
///
/// The bound keeps a decision's time bounded. A word that lies across it is not found.
pub(super) const MAX_SCANNED: usize = 8 * 1024;

/// A table whose automaton stays below this many bytes gets the fast one (one array look-up a
/// byte); a larger one gets the compact one (about a tenth of the memory, about a third of the
/// speed).
const MAX_FAST: usize = 4 * 1024 * 1024;

/// The keywords of a table, folded, ordered best first: a lower index beats a higher one.
#[derive(Debug)]
pub(super) struct Words {
    automaton: Kind,
    words: Box<[Word]>,
}

#[derive(Debug)]
enum Kind {
    /// No keyword at all.
    None,
    Fast(dfa::DFA),
    Compact(contiguous::NFA),
}

#[derive(Debug)]
struct Word {
    text: Box<str>,
    /// Whether the word's first and last characters want a border next to them.
    opens: bool,
    closes: bool,
}

impl Words {
    /// The automaton of `words`, which are folded, distinct, not empty and in order of rank.
    pub(super) fn new(words: Vec<Box<str>>) -> Result<Self, BuildError> {
        let automaton = if words.is_empty() {
            Kind::None
        } else if fast_size(&words) <= MAX_FAST {
            let mut builder = dfa::DFA::builder();
            builder.match_kind(MatchKind::Standard).ascii_case_insensitive(true);
            builder.start_kind(StartKind::Unanchored).prefilter(false);
            Kind::Fast(builder.build(words.iter().map(|word| word.as_bytes()))?)
        } else {
            let mut builder = contiguous::NFA::builder();
            builder.match_kind(MatchKind::Standard).ascii_case_insensitive(true).prefilter(false);
            Kind::Compact(builder.build(words.iter().map(|word| word.as_bytes()))?)
        };
        let words = words
            .into_iter()
            .map(|text| {
                let opens = text.chars().next().is_some_and(joins);
                let closes = text.chars().next_back().is_some_and(joins);
                Word { text, opens, closes }
            })
            .collect();
        Ok(Self { automaton, words })
    }

    /// The folded text of a word.
    pub(super) fn text(&self, index: u32) -> Option<&str> {
        self.words.get(index as usize).map(|word| &*word.text)
    }

    /// The best word of `text`. `scratch` is kept between calls so that folding allocates nothing.
    pub(super) fn best(&self, text: &str, scratch: &mut String) -> Option<u32> {
        match &self.automaton {
            Kind::None => None,
            Kind::Fast(automaton) => self.search(automaton, text, scratch),
            Kind::Compact(automaton) => self.search(automaton, text, scratch),
        }
    }

    fn search<A: Automaton>(&self, automaton: &A, text: &str, scratch: &mut String) -> Option<u32> {
        // One character beyond the bound is read too: it decides whether a word that ends at the
        // bound is whole.
        let end = text.floor_char_boundary(MAX_SCANNED);
        let beyond = text[end..].chars().next().map_or(end, |next| end + next.len_utf8());
        let text = &text[..beyond];
        if is_plain(text) {
            return self.scan(automaton, text, end);
        }
        scratch.clear();
        fold_into(&text[..end], scratch);
        let searched = scratch.len();
        fold_into(&text[end..], scratch);
        self.scan(automaton, scratch, searched)
    }

    /// Walks the automaton once over `text[..searched]`.
    fn scan<A: Automaton>(&self, automaton: &A, text: &str, searched: usize) -> Option<u32> {
        let mut state = automaton.start_state(Anchored::No).ok()?;
        let mut best: Option<u32> = None;
        for (at, &byte) in text.as_bytes()[..searched].iter().enumerate() {
            state = automaton.next_state(Anchored::No, state, byte);
            if automaton.is_special(state) && automaton.is_match(state) {
                for index in 0..automaton.match_len(state) {
                    let word = automaton.match_pattern(state, index).as_u32();
                    let better = best.is_none_or(|best| word < best);
                    if better && self.is_whole(word, text, at + 1) {
                        best = Some(word);
                    }
                }
            }
        }
        best
    }

    /// Whether the word that ends before `end` has a border on both sides.
    fn is_whole(&self, word: u32, text: &str, end: usize) -> bool {
        let word = &self.words[word as usize];
        let start = end - word.text.len();
        // Words and text are UTF-8, so where the bytes of a word match, whole characters do: both
        // ends are character borders.
        let before = || text[..start].chars().next_back().is_some_and(joins);
        let after = || text[end..].chars().next().is_some_and(joins);
        !(word.opens && before() || word.closes && after())
    }
}

/// Whether `text` reads the same folded, letter case apart: ASCII without control characters and
/// without two blanks in a row.
fn is_plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    // No early way out of either loop, so that both become vector code.
    let printable = bytes.iter().fold(true, |all, byte| all & (0x20..0x7f).contains(byte));
    let next = bytes.iter().skip(1);
    printable
        && bytes.iter().zip(next).fold(true, |all, (a, b)| all & !((*a == b' ') & (*b == b' ')))
}

/// Appends the folded form of `text`, in which keywords and texts are compared:
///
/// - each character beyond ASCII becomes its lower-case form where that is one character (simple
///   mapping, no locale), final sigma becomes sigma;
/// - curly apostrophes become `'`;
/// - a run of white space becomes one blank.
///
/// ASCII letters are left as they are: the automaton takes both cases.
pub(super) fn fold_into(text: &str, out: &mut String) {
    out.reserve(text.len());
    let mut blank = out.ends_with(' ');
    let mut rest = text;
    loop {
        // What stays as it is is copied in one piece.
        let plain = rest.bytes().take_while(|byte| {
            let double = *byte == b' ' && blank;
            blank = *byte == b' ';
            (0x20..0x80).contains(byte) && !double
        });
        let plain = plain.count();
        out.push_str(&rest[..plain]);
        blank = out.ends_with(' ');
        let mut others = rest[plain..].chars();
        let Some(character) = others.next() else { return };
        if !character.is_whitespace() {
            out.push(fold(character));
            blank = false;
        } else if !blank {
            out.push(' ');
            blank = true;
        }
        rest = others.as_str();
    }
}

fn fold(character: char) -> char {
    match character {
        '\u{2018}' | '\u{2019}' | '\u{02bc}' => '\'',
        'Σ' | 'ς' => 'σ',
        _ => {
            let mut lower = character.to_lowercase();
            match (lower.next(), lower.next()) {
                (Some(lower), None) => lower,
                _ => character,
            }
        }
    }
}

/// Whether `character` joins its neighbours into a word: letters, digits, `_` and combining
/// marks, of the scripts that write blanks between words.
fn joins(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_alphanumeric() || character == '_';
    }
    (character.is_alphanumeric() || is_mark(character)) && !is_unspaced(character)
}

/// Combining marks that are not letters by themselves.
fn is_mark(character: char) -> bool {
    matches!(character,
        '\u{0300}'..='\u{036f}' | '\u{0483}'..='\u{0489}' | '\u{0591}'..='\u{05bd}'
        | '\u{064b}'..='\u{065f}' | '\u{094d}' | '\u{09cd}' | '\u{0a4d}' | '\u{0acd}'
        | '\u{093c}' | '\u{09bc}' | '\u{0a3c}' | '\u{0abc}' | '\u{0b3c}' | '\u{0cbc}'
        | '\u{0b4d}' | '\u{0bcd}' | '\u{0c4d}' | '\u{0ccd}' | '\u{0d4d}'
        | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}' | '\u{200d}'
        | '\u{20d0}'..='\u{20ff}' | '\u{fe20}'..='\u{fe2f}')
}

/// Scripts that write no blank between words, where a border between two letters cannot be seen:
/// Thai, Lao, Myanmar, Khmer, kana and Han.
fn is_unspaced(character: char) -> bool {
    matches!(character,
        '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff66}'..='\u{ff9d}'
        | '\u{20000}'..='\u{3ffff}')
}

/// An upper bound of the fast automaton's size in bytes.
fn fast_size(words: &[Box<str>]) -> usize {
    let mut seen = [false; 256];
    let mut states = 2;
    for word in words {
        states += word.len();
        for byte in word.bytes() {
            seen[usize::from(byte)] = true;
            seen[usize::from(byte.to_ascii_uppercase())] = true;
        }
    }
    // Bytes that no word holds share classes between those that are held.
    let classes = (2 * seen.iter().filter(|seen| **seen).count() + 1).min(256);
    states.saturating_mul(classes.next_power_of_two()).saturating_mul(4)
}
