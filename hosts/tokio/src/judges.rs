//! Tokens are verified on threads of their own, outside the hub's lock: a signature takes a
//! thousand times what a message does, and strangers choose how many there are.
//!
//! What waits is bounded. Renewals, whose peers have shown a good token before, go first; then
//! each address has its turn, and where all is full the longest of their lines is cut. What is cut
//! is told to come back later.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use pamlink::hub::LinkId;
use pamlink::link::{Token, Verify};
use parking_lot::{Condvar, Mutex};

use crate::shared::Socket;

/// Most tokens that wait. With the longest tokens, of 16 KiB, these are 16 MiB.
const MOST: usize = 1_024;

/// What verifies, shared by the threads.
pub(crate) type Verifier = Arc<dyn Verify + Send + Sync>;

/// A token and who waits for the verdict on it.
pub(crate) struct Case {
    pub(crate) link: LinkId,
    pub(crate) token: Token,
    pub(crate) socket: Arc<Socket>,
}

/// Who verifies tokens, and the tokens that wait for it.
pub(crate) struct Judges {
    /// None: the program decides itself.
    verifier: Mutex<Option<Verifier>>,
    docket: Mutex<Docket<Case>>,
    more: Condvar,
}

impl Judges {
    pub(crate) fn new(verifier: Option<Verifier>) -> Self {
        let (verifier, docket) = (Mutex::new(verifier), Mutex::new(Docket::new(MOST)));
        Self { verifier, docket, more: Condvar::new() }
    }

    pub(crate) fn replace(&self, verifier: Option<Verifier>) {
        *self.verifier.lock() = verifier;
    }

    pub(crate) fn decide(&self) -> bool {
        self.verifier.lock().is_some()
    }

    /// Puts a token in line. What is cut for it, or itself, comes back.
    pub(crate) fn add(&self, case: Case) -> Option<Case> {
        let line = match case.socket.is_welcomed() {
            true => Line::Renewal,
            false => Line::Opening(case.socket.from),
        };
        let cut = self.docket.lock().push(line, case);
        self.more.notify_one();
        cut
    }

    /// Waits for tokens and gives each verdict to `tell`, until [`end`](Self::end).
    pub(crate) fn work(&self, tell: impl Fn(LinkId, &Token, &Verifier)) {
        yield_to_others();
        loop {
            let mut docket = self.docket.lock();
            let case = loop {
                if docket.ended {
                    return;
                }
                match docket.pop() {
                    Some(case) => break case,
                    None => self.more.wait(&mut docket),
                }
            };
            drop(docket);
            // Whoever has gone needs no verdict; without a verifier the hub's patience ends it.
            let verifier = self.verifier.lock().clone();
            if let (Some(verifier), false) = (verifier, case.socket.is_closed()) {
                tell(case.link, &case.token, &verifier);
            }
        }
    }

    /// Ends the threads.
    pub(crate) fn end(&self) {
        self.docket.lock().ended = true;
        self.more.notify_all();
    }

    /// How many threads there are to be: strangers get half of the machine at most.
    pub(crate) fn threads() -> usize {
        (std::thread::available_parallelism().map_or(1, usize::from) / 2).clamp(1, 4)
    }
}

impl fmt::Debug for Judges {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Judges").field("waiting", &self.docket.lock().len).finish_non_exhaustive()
    }
}

/// Conversations go before signatures where both want the processor.
fn yield_to_others() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        // On Linux a thread has a priority of its own. Without it, it is only less polite.
        let thread = rustix::thread::gettid();
        let _ = rustix::process::setpriority_process(Some(thread), 10);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Line {
    Renewal,
    Opening(Option<IpAddr>),
}

/// What waits, bounded, in lines that take turns.
struct Docket<T> {
    renewals: VecDeque<T>,
    lines: HashMap<Option<IpAddr>, VecDeque<T>>,
    /// The addresses that have a line, in the order of their turns.
    turns: VecDeque<Option<IpAddr>>,
    /// Openings that wait.
    len: usize,
    most: usize,
    ended: bool,
}

impl<T> Docket<T> {
    fn new(most: usize) -> Self {
        let (renewals, turns) = (VecDeque::new(), VecDeque::new());
        Self { renewals, lines: HashMap::new(), turns, len: 0, most, ended: false }
    }

    fn push(&mut self, line: Line, item: T) -> Option<T> {
        let from = match line {
            Line::Renewal if self.renewals.len() >= self.most => return Some(item),
            Line::Renewal => {
                self.renewals.push_back(item);
                return None;
            }
            Line::Opening(from) => from,
        };
        let mut cut = None;
        if self.len >= self.most {
            let own = self.lines.get(&from).map_or(0, VecDeque::len);
            let longest = self.lines.iter_mut().max_by_key(|(_, line)| line.len());
            match longest.filter(|(_, line)| line.len() > own + 1) {
                Some((_, line)) => cut = line.pop_back(),
                None => return Some(item),
            }
            self.len -= 1;
        }
        let line = self.lines.entry(from).or_default();
        if line.is_empty() {
            self.turns.push_back(from);
        }
        line.push_back(item);
        self.len += 1;
        cut
    }

    fn pop(&mut self) -> Option<T> {
        if let Some(item) = self.renewals.pop_front() {
            return Some(item);
        }
        let from = self.turns.pop_front()?;
        let line = self.lines.get_mut(&from)?;
        let item = line.pop_front();
        if line.is_empty() {
            self.lines.remove(&from);
        } else {
            self.turns.push_back(from);
        }
        self.len -= 1;
        item
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(last: u8) -> Line {
        Line::Opening(Some(IpAddr::from([10, 0, 0, last])))
    }

    #[test]
    fn each_address_has_its_turn_and_the_longest_line_is_cut() {
        let mut docket = Docket::new(4);
        for item in 0..4 {
            assert_eq!(docket.push(from(1), item), None);
        }
        assert_eq!(docket.push(from(1), 4), Some(4), "its own line is the longest");
        assert_eq!(docket.push(from(2), 5), Some(3), "the last of the longest goes");
        assert_eq!(docket.push(from(2), 6), Some(2));
        assert_eq!(docket.push(from(2), 8), Some(8), "what is cut would only change sides");
        assert_eq!(docket.push(Line::Renewal, 7), None, "renewals have room of their own");
        let order: Vec<_> = std::iter::from_fn(|| docket.pop()).collect();
        assert_eq!(order, [7, 0, 5, 1, 6]);
        assert_eq!((docket.len, docket.lines.len(), docket.turns.len()), (0, 0, 0));
    }

    #[test]
    fn no_more_waits_than_may_whoever_comes() {
        let mut docket = Docket::new(8);
        let mut cut = 0;
        for item in 0..1_000_u32 {
            let line = if item % 3 == 0 { Line::Renewal } else { from((item % 7) as u8) };
            cut += u32::from(docket.push(line, item).is_some());
            assert!(docket.len <= 8 && docket.renewals.len() <= 8);
        }
        let left = std::iter::from_fn(|| docket.pop()).count();
        assert_eq!(left as u32 + cut, 1_000, "nothing is lost in silence");
    }
}
