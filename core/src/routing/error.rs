//! What can be wrong with a table.

use core::fmt;

/// Faults listed by one [`TableError`]; the rest are counted.
pub(super) const MAX_FAULTS: usize = 64;

/// A table was refused, whole, with everything that is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    pub(super) faults: Vec<TableFault>,
    pub(super) more: usize,
}

impl TableError {
    /// What is wrong, in the order of the text; at least one fault, at most 64.
    pub fn faults(&self) -> &[TableFault] {
        &self.faults
    }

    /// How many further faults were found and not listed.
    pub fn more(&self) -> usize {
        self.more
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            fault.fmt(f)?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl core::error::Error for TableError {}

/// One thing that is wrong with a table, and where. Its `Display` says what.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableFault {
    /// Line in the text, from 1.
    pub line: usize,
    /// Column in that line in characters, from 1.
    pub column: usize,
    /// The member, as in `agents[2].fallback[0]`; empty for the table as a whole.
    pub path: String,
    /// What is wrong with it; its text is that of the fault's `Display`.
    pub(super) problem: Problem,
}

impl fmt::Display for TableFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: ", self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        self.problem.fmt(f)
    }
}

/// What is wrong with a member.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Problem {
    /// The keywords together are beyond what an automaton can hold.
    #[error("the keywords cannot be compiled: {0}")]
    Automaton(String),
    /// Fallbacks lead back to where they started.
    #[error("fallbacks go in a circle: {}", .chain.join(" -> "))]
    Cycle {
        /// The agents of the circle, the first again at the end.
        chain: Vec<String>,
    },
    /// The same thing is said twice.
    #[error("`{name}` is already {first}")]
    Duplicate {
        /// What is repeated.
        name: String,
        /// The path of the first one.
        first: String,
    },
    /// A member appears twice in one object.
    #[error("member `{0}` appears twice")]
    DuplicateMember(String),
    /// A text that must say something is empty.
    #[error("must not be empty")]
    Empty,
    /// A value of another type is needed.
    #[error("expected {expected}, found {found}")]
    Expected {
        /// What is needed.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A name holds a control character or begins or ends with a blank.
    #[error("`{0}` has a control character or a blank at an end")]
    Malformed(String),
    /// A member that must be there is not.
    #[error("member `{0}` is missing")]
    Missing(&'static str),
    /// All agents that could answer have the weight 0.
    #[error("every agent that lists `{0}` has the weight 0, so none would ever be chosen")]
    NoWeight(String),
    /// The text is not JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// A number or a count is outside its bounds.
    #[error("{what} must be {min} to {max}, is {actual}")]
    OutOfBounds {
        /// What is counted.
        what: &'static str,
        /// The least allowed.
        min: i64,
        /// The most allowed.
        max: i64,
        /// What is there.
        actual: String,
    },
    /// No agent of this id or name.
    #[error("unknown agent `{name}`{}", hint(.near.as_deref()))]
    UnknownAgent {
        /// What is written.
        name: String,
        /// The nearest id, if one is near.
        near: Option<String>,
    },
    /// No member of this name belongs here.
    #[error("unknown member `{name}`{}", hint(.near.as_deref()))]
    UnknownMember {
        /// What is written.
        name: String,
        /// The nearest member, if one is near.
        near: Option<String>,
    },
}

impl Problem {
    /// That `actual` is more than `max`.
    pub(super) fn too_large(what: &'static str, min: i64, max: usize, actual: usize) -> Self {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        Self::OutOfBounds { what, min, max, actual: actual.to_string() }
    }
}

fn hint(near: Option<&str>) -> String {
    near.map_or_else(String::new, |near| format!(", did you mean `{near}`?"))
}

/// The candidate that is a slip of the fingers away from `name`, if there is one: at most a third
/// of the characters differ (an exchange of two neighbours counts as one), never more than 3.
pub(super) fn nearest<'c>(
    name: &str,
    candidates: impl Iterator<Item = &'c str>,
) -> Option<&'c str> {
    let name: Vec<char> = name.chars().take(64).flat_map(char::to_lowercase).collect();
    let most = (name.len() / 3).clamp(1, 3);
    candidates
        .map(|candidate| (distance(&name, candidate), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Optimal string alignment distance.
fn distance(a: &[char], b: &str) -> usize {
    let b: Vec<char> = b.chars().take(64).flat_map(char::to_lowercase).collect();
    let mut older = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let change = usize::from(a[i - 1] != b[j - 1]);
            row[j] = (last[j] + 1).min(row[j - 1] + 1).min(last[j - 1] + change);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(older[j - 2] + 1);
            }
        }
        older = last;
        last = row;
    }
    last[b.len()]
}
