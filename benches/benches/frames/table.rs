//! All figures of one operation, as people compare them.

use std::fmt;

use super::contender::Figure;

/// Contenders down, lengths across.
#[derive(Debug)]
pub(crate) struct Table<const N: usize> {
    title: String,
    lengths: [String; N],
    lines: Vec<Line<N>>,
}

#[derive(Debug)]
struct Line<const N: usize> {
    name: &'static str,
    checks: bool,
    nanos: [f64; N],
    allocations: [f64; N],
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(title: &str, lengths: [String; N]) -> Self {
        Self { title: title.to_owned(), lengths, lines: Vec::new() }
    }

    pub(crate) fn put(&mut self, column: usize, figure: &Figure) {
        let &Figure { name, checks, nanos, allocations } = figure;
        let known = self.lines.iter().position(|line| line.name == name);
        let line = known.unwrap_or_else(|| {
            self.lines.push(Line { name, checks, nanos: [f64::NAN; N], allocations: [0.0; N] });
            self.lines.len() - 1
        });
        self.lines[line].nanos[column] = nanos;
        self.lines[line].allocations[column] = allocations;
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{:<38}", format!("{}, ns a message", self.title))?;
        for length in &self.lengths {
            write!(f, "{length:>11}")?;
        }
        writeln!(f, "   allocations")?;
        for line in &self.lines {
            let unchecked = if line.checks { "" } else { " (no UTF-8 check)" };
            write!(f, "  {:<36}", format!("{}{unchecked}", line.name))?;
            for nanos in line.nanos {
                write!(f, "{nanos:>11.1}")?;
            }
            let allocations: Vec<String> =
                line.allocations.iter().map(|count| format!("{count:.0}")).collect();
            writeln!(f, "   {}", allocations.join(" "))?;
        }
        Ok(())
    }
}
