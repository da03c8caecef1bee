//! How a stream is to end here, and the cancels that await it.

use std::sync::Arc;

use super::event::{CancelId, Cancelled};
use super::interface::{End, Ended, Generation, Request};
use super::outputs::{Step, Turn};
use crate::envelope::v1::{Code, How};

/// The end that a stream is to have, until the log says which it has.
#[derive(Clone, Debug, Default)]
pub(super) struct Ending {
    finish: Option<Finish>,
    cancels: Vec<CancelId>,
    /// Why it may not be cancelled.
    protected: Option<Code<'static>>,
}

#[derive(Clone, Debug)]
struct Finish {
    by: Option<Generation>,
    end: Arc<End>,
    step: Step,
    /// Whether the log was asked and did not answer: it may have ended the stream.
    may_be_done: bool,
}

impl Ending {
    /// The most cancels that await the end of one stream.
    pub(super) const MOST_CANCELS: usize = 64;

    /// The stream is to end: by a producer, unless another has claimed it, or in any case.
    pub(super) fn begin(&mut self, by: Option<Generation>, end: End) {
        let step = Step::Wanted;
        self.finish = Some(Finish { by, end: Arc::new(end), step, may_be_done: false });
    }

    /// The stream is to end by a cancel; whether it was not to end before.
    pub(super) fn cancel(&mut self, turn: &mut Turn<'_>, cancel: CancelId) -> bool {
        let refused = match &self.protected {
            Some(code) => Some(code.clone()),
            None if self.cancels.len() >= Self::MOST_CANCELS => Code::new("too_many"),
            None => None,
        };
        if let Some(code) = refused {
            turn.cancelled(cancel, Cancelled::refused(turn.key, code));
            return false;
        }
        self.cancels.push(cancel);
        let is_new = self.finish.is_none();
        if is_new {
            self.begin(None, End::new(How::Cancelled));
        }
        is_new
    }

    /// A cancel of the stream is refused with a code, until another word.
    pub(super) fn protect(&mut self, code: Option<Code<'static>>) {
        self.protected = code;
    }

    /// Asks the log for it, if it has not been asked.
    pub(super) fn ask(&mut self, turn: &mut Turn<'_>) {
        if let Some(finish) = &mut self.finish
            && finish.step.take()
        {
            let (by, end) = (finish.by, Arc::clone(&finish.end));
            turn.ask(Request::Finish { by, end });
        }
    }

    /// The log was unavailable when who wanted it was to end the stream.
    pub(super) fn handle_unavailable(&mut self, by: Option<Generation>) {
        if let Some(finish) = self.finish.as_mut().filter(|finish| finish.by == by) {
            finish.step = Step::Wanted;
            finish.may_be_done = true;
        }
    }

    /// Another has claimed the stream than who wanted to end it. A cancel ends it all the same.
    pub(super) fn handle_fenced(&mut self, of: Generation) {
        if self.finish.as_ref().is_some_and(|finish| finish.by == Some(of)) {
            self.finish = None;
            if !self.cancels.is_empty() {
                self.begin(None, End::new(How::Cancelled));
            }
        }
    }

    /// Who was to begin the stream and has wanted to end it since has claimed it, as this generation:
    /// it ends it as that. Any other has claimed it from who wanted to end it.
    pub(super) fn handle_claimed(&mut self, of: Generation, by: Generation) {
        match &mut self.finish {
            Some(finish) if of == Generation::NONE && finish.end.how != How::Orphaned => {
                (finish.by, finish.step) = (Some(by), Step::Wanted);
            }
            _ => self.handle_fenced(of),
        }
    }

    /// The stream has ended, `finished` if the log was asked for it here.
    pub(super) fn handle_end(&mut self, turn: &mut Turn<'_>, ended: &Ended, finished: bool) {
        let is_ours = self.finish.take().is_some_and(|finish| {
            finished || finish.may_be_done && finish.end.how == ended.end.how
        });
        let mut done = is_ours && ended.end.how == How::Cancelled;
        for cancel in std::mem::take(&mut self.cancels) {
            let what = if done { Cancelled::done } else { Cancelled::late };
            turn.cancelled(cancel, what(turn.key, ended));
            done = false;
        }
    }

    /// There is no such stream.
    pub(super) fn handle_unknown(&mut self, turn: &mut Turn<'_>) {
        self.finish = None;
        for cancel in std::mem::take(&mut self.cancels) {
            turn.cancelled(cancel, Cancelled::unknown(turn.key));
        }
    }

    /// How many bytes it takes beside itself.
    pub(super) fn allocated(&self) -> usize {
        let body = self.finish.as_ref().map_or(0, |finish| finish.end.size());
        body + self.cancels.capacity() * size_of::<CancelId>()
    }

    /// Whether the stream is to end.
    pub(super) const fn is_wanted(&self) -> bool {
        self.finish.is_some()
    }

    /// Whether a cancel awaits its outcome.
    pub(super) const fn is_cancelled(&self) -> bool {
        !self.cancels.is_empty()
    }

    /// How it is to end.
    pub(super) fn how(&self) -> Option<How<'static>> {
        self.finish.as_ref().map(|finish| finish.end.how.clone())
    }

    /// Who wants to end it, unless another claims it.
    pub(super) fn by(&self) -> Option<Generation> {
        self.finish.as_ref().and_then(|finish| finish.by)
    }
}
