//! How a link ended, or is about to.

use crate::frame::{CloseCode, FrameError, cut_reason};
use crate::link::cause::Cause;
use crate::link::class::CloseClass;
use crate::link::event::Closed;
use crate::link::token::redact;

/// The end of a link, kept until its event was polled.
#[derive(Clone, Debug)]
pub(in crate::link) struct End {
    pub(in crate::link) code: CloseCode,
    pub(in crate::link) reason: Box<str>,
    pub(in crate::link) class: CloseClass,
    pub(in crate::link) clean: bool,
    pub(in crate::link) cause: Cause,
    pub(in crate::link) unsent: usize,
}

impl End {
    pub(in crate::link) fn new(code: CloseCode, reason: &str, cause: Cause) -> Self {
        let class = CloseClass::of_close_code(code.as_u16());
        let reason = redact(cut_reason(reason)).into();
        Self { code, reason, class, clean: false, cause, unsent: 0 }
    }

    /// The peer broke RFC 6455 or a bound.
    pub(in crate::link) fn of_frame(error: FrameError) -> Self {
        Self::new(error.close_code(), &error.to_string(), Cause::Frame(error))
            .of_class(CloseClass::of_frame_error(error))
    }

    /// The peer has sent a close frame.
    pub(in crate::link) fn of_peer(code: CloseCode, reason: &str) -> Self {
        let mut end = Self::new(code, reason, Cause::Transport);
        end.cause = Cause::Peer { code, reason: end.reason.clone() };
        end
    }

    /// An end without a close frame.
    pub(in crate::link) fn without_code(class: CloseClass, cause: Cause) -> Self {
        Self { class, ..Self::new(CloseCode::ABNORMAL, "", cause) }
    }

    pub(in crate::link) fn of_class(self, class: CloseClass) -> Self {
        Self { class, ..self }
    }

    pub(in crate::link) fn clean(self) -> Self {
        Self { clean: true, ..self }
    }

    /// This end was ours, and what `last` says is how exactly it went.
    pub(super) fn after(self, last: &Self) -> Self {
        Self { clean: last.clean, unsent: self.unsent + last.unsent, ..self }
    }

    pub(in crate::link) fn closed(&self) -> Closed<'_> {
        Closed {
            code: self.code,
            reason: &self.reason,
            class: self.class,
            clean: self.clean,
            cause: &self.cause,
            unsent: self.unsent,
        }
    }
}
