//! Lines in and out.

use std::borrow::Cow;
use std::io::{BufRead as _, IsTerminal as _, Write as _};

use pamlink_tokio::Piece;
use tokio::sync::mpsc;

use crate::fault::Fault;

/// The lines of standard input, until it ends. A thread of its own reads them: a blocked read
/// must hold up neither the link nor the end of the program.
pub(super) fn read_lines() -> mpsc::Receiver<String> {
    let (lines, received) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut input = std::io::stdin().lock();
        let mut line = Vec::new();
        loop {
            line.clear();
            match input.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
            let text = String::from_utf8_lossy(&line);
            let text = text.trim_end_matches(['\n', '\r']).to_owned();
            if lines.blocking_send(text).is_err() {
                return;
            }
        }
    });
    received
}

/// Prints answers on standard output as they grow, a line each.
#[derive(Debug, Default)]
pub(super) struct Printer {
    /// Something stands on the line.
    begun: bool,
}

impl Printer {
    /// Prints a piece. Pieces that a restart has made void stay on a line of their own.
    ///
    /// # Errors
    ///
    /// Standard output is gone.
    pub(super) fn piece(&mut self, piece: &Piece) -> Result<(), Fault> {
        if piece.restart && self.begun {
            print("\n")?;
            say("the answer begins anew");
        }
        self.begun = true;
        print(&piece.text)
    }

    /// Ends the line.
    ///
    /// # Errors
    ///
    /// As [`piece`](Self::piece).
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        if std::mem::take(&mut self.begun) { print("\n") } else { Ok(()) }
    }
}

fn print(text: &str) -> Result<(), Fault> {
    let mut out = std::io::stdout();
    let text = if out.is_terminal() { harmless(text) } else { Cow::Borrowed(text) };
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    written.map_err(|error| Fault::failed(format!("cannot write: {error}")))
}

/// Says something on standard error.
pub(super) fn say(text: &str) {
    // Nothing is left to do when standard error is gone.
    let _ = writeln!(std::io::stderr(), "{}", harmless(text));
}

/// `text` without what a terminal would obey: a server must not move the cursor.
pub(crate) fn harmless(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| c.is_control() && c != '\n' && c != '\t';
    if text.contains(obeyed) { text.replace(obeyed, "\u{fffd}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_gets_no_control_characters() {
        assert_eq!(harmless("a\tb\nc"), "a\tb\nc");
        assert_eq!(harmless("\u{1b}[2Jx\r\u{9b}"), "\u{fffd}[2Jx\u{fffd}\u{fffd}");
    }
}
