//! Document, tables and machines say the same, cell by cell.

mod client;
mod server;

use core::fmt::Debug;

use super::state::Cell;

const DOCUMENT: &str = include_str!("../../../../docs/link-states.md");

/// The cells of the table under `heading`, row by row, the names of inputs and phases included.
fn documented(heading: &str) -> Vec<Vec<String>> {
    let section = DOCUMENT.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let lines = section.lines().filter(|line| line.starts_with('|'));
    let cells = |line: &str| {
        line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>()
    };
    lines.map(cells).filter(|row| !row[0].starts_with("---")).collect()
}

fn written<P: Debug>(cell: Cell<P>) -> String {
    match cell {
        Cell::Ignored => "ignored".to_owned(),
        Cell::Refused => "refused".to_owned(),
        Cell::Stays => "stays".to_owned(),
        Cell::To(phase) => format!("→ {}", format!("{phase:?}").to_lowercase()),
    }
}

/// What an input did to a machine.
#[derive(Debug)]
struct Effect<P> {
    before: P,
    after: P,
    refused: bool,
    /// Events of any kind.
    events: usize,
    /// Ends among them.
    ends: usize,
    bytes: usize,
    deadline_moved: bool,
}

impl<P: Copy + PartialEq + Debug> Effect<P> {
    fn check(&self, cell: Cell<P>, place: &str) {
        let nothing = self.events == 0 && self.bytes == 0 && !self.deadline_moved;
        let holds = match cell {
            Cell::Ignored => self.after == self.before && !self.refused && nothing,
            Cell::Refused => self.after == self.before && self.refused && nothing,
            Cell::Stays => self.after == self.before && !self.refused && self.ends == 0,
            Cell::To(phase) => self.after == phase && self.after != self.before,
        };
        assert!(holds, "{place}: {cell:?} is written, {self:?} happened");
    }
}
