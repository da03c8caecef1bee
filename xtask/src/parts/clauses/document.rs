//! Documents of numbered clauses: what a clause is, and what such a document must be.
//!
//! A clause begins with its number, `**P-3.2**`, in the section of that number. It ends with a
//! paragraph that begins with the document's mark (`test:`) and names in backticks what holds it.

use std::collections::BTreeSet;

use serde_json::Value;

/// How a document writes its clauses.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) path: &'static str,
    /// Before the number of a clause, with its hyphen.
    pub(super) letter: &'static str,
    /// At the begin of the paragraph that names what holds a clause.
    pub(super) mark: &'static str,
}

impl Document {
    /// The clauses of a text, and all that is wrong with it as a document.
    pub(super) fn check(&self, text: &str) -> (Vec<Clause>, Vec<Fault>) {
        let (clauses, mut faults) = self.read(text);
        faults.extend(order(&clauses));
        faults.extend(self.references(text, &clauses));
        faults.extend(frames(text));
        (clauses, faults)
    }

    fn read(&self, text: &str) -> (Vec<Clause>, Vec<Fault>) {
        let mut clauses: Vec<Clause> = Vec::new();
        let mut faults = Vec::new();
        let mut section = 0;
        let mut naming = false;
        let begin = format!("**{}", self.letter);
        for (line, text) in prose(text) {
            if let Some(heading) = text.strip_prefix("## ") {
                let number = heading.split_once('.').map(|(number, _)| number.parse());
                section = number.and_then(Result::ok).unwrap_or(0);
            } else if text.starts_with(&begin) {
                let Some(number) = self.number(text.trim_start_matches('*')) else {
                    let what = format!("a clause begins with {begin}SECTION.NUMBER**");
                    faults.push(Fault::new(line, what));
                    continue;
                };
                let clause = Clause { line, name: self.name(number), number, held_by: Vec::new() };
                if number.0 != section {
                    let what = format!("{} stands in section {section}", clause.name);
                    faults.push(Fault::new(line, what));
                }
                clauses.push(clause);
            }
            naming = text.starts_with(self.mark) || (naming && !text.is_empty());
            if naming {
                match clauses.last_mut() {
                    Some(clause) => clause.held_by.extend(in_backticks(text)),
                    None => faults.push(Fault::new(line, format!("{} of no clause", self.mark))),
                }
            }
        }
        (clauses, faults)
    }

    /// Clauses that the text speaks of and that are not there.
    fn references(&self, text: &str, clauses: &[Clause]) -> Vec<Fault> {
        let there: BTreeSet<_> = clauses.iter().map(|clause| clause.number).collect();
        let mut faults = Vec::new();
        for (line, text) in prose(text) {
            for (at, _) in text.match_indices(self.letter) {
                if let Some(number) = self.number(&text[at..])
                    && !there.contains(&number)
                {
                    faults.push(Fault::new(line, format!("there is no {}", self.name(number))));
                }
            }
        }
        faults
    }

    /// The number in `P-3.2`, with whatever follows it.
    fn number(&self, text: &str) -> Option<(u32, u32)> {
        let (section, rest) = text.strip_prefix(self.letter)?.split_once('.')?;
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        Some((section.parse().ok()?, rest[..digits].parse().ok()?))
    }

    fn name(&self, (section, number): (u32, u32)) -> String {
        format!("{}{section}.{number}", self.letter)
    }
}

/// One clause, or one row of a table.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Clause {
    pub(super) line: usize,
    /// What a fault calls it.
    pub(super) name: String,
    /// Of a row: zeros.
    pub(super) number: (u32, u32),
    pub(super) held_by: Vec<String>,
}

/// What is wrong, and in which line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) line: usize,
    pub(super) what: String,
}

impl Fault {
    pub(super) fn new(line: usize, what: impl Into<String>) -> Self {
        Self { line, what: what.into() }
    }

    pub(super) fn shown(&self, document: &str) -> String {
        format!("{document}:{}: {}", self.line, self.what)
    }
}

/// Numbers that do not rise.
fn order(clauses: &[Clause]) -> Vec<Fault> {
    let pairs = clauses.windows(2).filter(|pair| pair[0].number >= pair[1].number);
    let fault = |pair: &[Clause]| {
        Fault::new(pair[1].line, format!("{} comes after {}", pair[1].name, pair[0].name))
    };
    pairs.map(fault).collect()
}

/// Frames in fenced code that are no JSON objects with a type. A frame's line begins with its
/// sender: `>` the client, `<` the server.
fn frames(text: &str) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fenced = false;
    for (at, text) in text.lines().enumerate() {
        if text.starts_with("```") {
            fenced = !fenced;
            continue;
        }
        let frame = text.strip_prefix("> ").or_else(|| text.strip_prefix("< "));
        let Some(frame) = frame.filter(|frame| fenced && frame.starts_with('{')) else { continue };
        let is_envelope = serde_json::from_str::<Value>(frame)
            .is_ok_and(|value| value.get("type").is_some_and(Value::is_string));
        if !is_envelope {
            faults.push(Fault::new(at + 1, "the frame is no JSON object with a type"));
        }
    }
    faults
}

/// What a line has in backticks.
pub(super) fn in_backticks(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// The lines outside fenced code, with their numbers.
pub(super) fn prose(document: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    document.lines().enumerate().filter_map(move |(at, text)| {
        let fence = text.starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((at + 1, text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "## 1. Opening\n\n**V-1.1** Words, see V-1.2.\n\nheld: `a::b`,\n`c.json`\n\n\
                        **V-1.2** Words.\n\n```\n**V-9.9**\n> {\"type\":\"chat\"}\n```\n\nheld: `d`\n";
    const DOCUMENT: Document = Document { path: "d", letter: "V-", mark: "held:" };

    fn lines_of(text: &str) -> Vec<String> {
        DOCUMENT.check(text).1.iter().map(|fault| fault.shown(DOCUMENT.path)).collect()
    }

    #[test]
    fn clauses_are_read_with_what_holds_them() {
        assert_eq!(lines_of(GOOD), [""; 0]);
        let (clauses, _) = DOCUMENT.check(GOOD);
        assert_eq!(clauses[0].held_by, ["a::b", "c.json"]);
        assert_eq!((clauses[1].name.as_str(), &*clauses[1].held_by), ("V-1.2", &["d".into()][..]));
        assert_eq!(lines_of("held: `a`\n"), ["d:1: held: of no clause"]);
    }

    #[test]
    fn numbers_rise_within_their_sections() {
        let twice = GOOD.replace("**V-1.2**", "**V-1.1**").replace("see V-1.2", "");
        assert_eq!(lines_of(&twice), ["d:8: V-1.1 comes after V-1.1"]);
        let astray = GOOD.replace("V-1.2", "V-2.1");
        assert_eq!(lines_of(&astray), ["d:8: V-2.1 stands in section 1"]);
        let broken = GOOD.replace("**V-1.2**", "**V-two**").replace("see V-1.2", "");
        assert_eq!(lines_of(&broken), ["d:8: a clause begins with **V-SECTION.NUMBER**"]);
    }

    #[test]
    fn what_is_referred_to_is_there_and_frames_are_frames() {
        let dangling = GOOD.replace("see V-1.2", "see V-1.3");
        assert_eq!(lines_of(&dangling), ["d:3: there is no V-1.3"]);
        let broken = GOOD.replace("{\"type\"", "{type");
        assert_eq!(lines_of(&broken), ["d:12: the frame is no JSON object with a type"]);
    }
}
