//! The order of answers to a peer that sends no ids: it takes them for the answers to its requests
//! in the order in which it sent those, so in this order they have to leave.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::hub::index::RequestIndex;

/// What is to leave on a link in turn.
#[derive(Debug, Default)]
pub(in crate::hub) struct AnswerOrder(VecDeque<Turn>);

#[derive(Debug)]
enum Turn {
    /// This request is running.
    Running(RequestIndex),
    /// It is answered, but an earlier one is not.
    Answered(Arc<[u8]>),
}

/// What became of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Nothing is before it: it may leave.
    First,
    /// Earlier requests are running.
    Behind,
}

impl AnswerOrder {
    /// A request takes the last place.
    pub(super) fn ask(&mut self, request: RequestIndex) {
        self.0.push_back(Turn::Running(request));
    }

    /// The answer to a request takes the place of the request, if it has one.
    pub(super) fn answer(&mut self, request: RequestIndex, frame: Arc<[u8]>) -> Option<Place> {
        let own = |turn: &Turn| matches!(turn, Turn::Running(running) if *running == request);
        let at = self.0.iter().position(own)?;
        self.0[at] = Turn::Answered(frame);
        Some(if at == 0 { Place::First } else { Place::Behind })
    }

    /// Puts a frame behind the answers to all that runs; gives it back if nothing does, or if so
    /// much waits already that it may leave out of turn.
    pub(super) fn wait(&mut self, frame: Arc<[u8]>, most: usize) -> Result<(), Arc<[u8]>> {
        if self.0.is_empty() || self.0.len() >= most {
            return Err(frame);
        }
        self.0.push_back(Turn::Answered(frame));
        Ok(())
    }

    /// The next frame whose turn has come.
    pub(super) fn take(&mut self) -> Option<Arc<[u8]>> {
        if !matches!(self.0.front(), Some(Turn::Answered(_))) {
            return None;
        }
        let taken = self.0.pop_front();
        if self.0.is_empty() {
            self.clear();
        }
        match taken {
            Some(Turn::Answered(frame)) => Some(frame),
            _ => None,
        }
    }

    /// Nothing waits any more, and nothing is held.
    pub(super) fn clear(&mut self) {
        self.0 = VecDeque::new();
    }

    /// Bytes on the heap, without the frames.
    pub(super) fn heap(&self) -> usize {
        self.0.capacity() * size_of::<Turn>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: RequestIndex = RequestIndex(1);
    const B: RequestIndex = RequestIndex(2);

    fn frame(text: &str) -> Arc<[u8]> {
        text.as_bytes().into()
    }

    fn taken(turns: &mut AnswerOrder) -> Vec<String> {
        let frames = core::iter::from_fn(|| turns.take());
        frames.map(|frame| String::from_utf8(frame.to_vec()).unwrap()).collect()
    }

    #[test]
    fn answers_leave_in_the_order_of_asking() {
        let mut turns = AnswerOrder::default();
        turns.ask(A);
        turns.ask(B);
        assert_eq!(turns.answer(B, frame("b")), Some(Place::Behind));
        assert!(taken(&mut turns).is_empty());
        assert_eq!(turns.answer(A, frame("a")), Some(Place::First));
        assert_eq!(taken(&mut turns), ["a", "b"]);
        assert_eq!(turns.answer(A, frame("again")), None, "it has no place any more");
        assert_eq!(turns.heap(), 0, "nothing is held when nothing waits");
    }

    #[test]
    fn what_answers_nothing_waits_for_what_runs_up_to_a_bound() {
        let mut turns = AnswerOrder::default();
        assert!(turns.wait(frame("at once"), 3).is_err(), "nothing runs");
        turns.ask(A);
        assert_eq!(turns.wait(frame("x"), 3), Ok(()));
        assert_eq!(turns.wait(frame("y"), 3), Ok(()));
        assert!(turns.wait(frame("z"), 3).is_err(), "so much waits already");
        turns.answer(A, frame("a"));
        assert_eq!(taken(&mut turns), ["a", "x", "y"]);
    }
}
