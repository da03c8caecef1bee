//! What a client can do over `pamlink.v1` alone: cancel a request, and send with an outcome.

use super::Client;
use super::error::{CancelError, SendError};
use super::event::RequestId;
use super::requests::Stage;
use super::unlent::Unlent;
use crate::delivery::{self, CommandId, SendOptions, SessionNumber, Target};
use crate::envelope::v1::{CancelOutcome, Name};
use crate::metric_families::RequestOutcome;
use crate::time::Now;

impl Client {
    /// Cancels a request; exactly one [`Event::CancelResult`](super::Event::CancelResult) says what
    /// that has come to. One that was never sent is dropped, and ends as
    /// [`Event::Cancelled`](super::Event::Cancelled) at once. Of one that runs the server says it,
    /// and the request ends after that as any: as cancelled, or with its answer where that was
    /// quicker; where it ends with neither, the result is not known. One that has ended, or whose
    /// caller has left, has *ended*. To cancel again what has no result yet changes nothing.
    ///
    /// # Errors
    ///
    /// [`CancelError`]: nothing was cancelled, and no event follows.
    pub fn cancel(&mut self, now: Now, request: RequestId) -> Result<(), CancelError> {
        self.set_now(now);
        if self.is_cancelling(request) {
            return Ok(());
        }
        if request.as_u64() >= self.next {
            return Err(CancelError::NoRequest);
        }
        if self.is_full_of_results() {
            return Err(CancelError::Full);
        }
        match self.requests.stage(request) {
            None => {
                self.settle_cancel(request, Some((CancelOutcome::Ended, None, None)));
                Ok(())
            }
            Some(Stage::Unsent) => {
                if self.end(request, RequestOutcome::Cancelled) {
                    self.settled_cancels.push_back(Unlent::Cancelled(request));
                    self.settle_cancel(request, Some((CancelOutcome::Cancelled, Some(0), None)));
                }
                Ok(())
            }
            Some(Stage::OverLink) => Err(CancelError::Dialect),
            Some(Stage::InSession) => {
                let stream = Name::new(self.id(request).as_str().to_owned());
                let session = self.requests.session(request).unwrap_or(SessionNumber::FIRST);
                let conversations = self.conversations.as_deref_mut();
                let conversation = conversations.and_then(|it| it.get_mut(session));
                let (Some(stream), Some(conversation)) = (stream, conversation) else {
                    return Err(CancelError::Dialect);
                };
                let command = conversation.session.cancel(self.now, Target::Stream(stream))?;
                conversation.cancels.push((command, request));
                Ok(())
            }
        }
    }

    /// The caller of a request has left, and nobody wants its answer: it is cancelled where the
    /// server knows that, and has its effect elsewhere. As after [`forget`](Self::forget) there is
    /// no event of it but [`Event::Late`](super::Event::Late), and the result of an earlier
    /// [`cancel`](Self::cancel). Nothing follows if the request has ended.
    pub fn abandon(&mut self, now: Now, request: RequestId) {
        let is_cancelling = self.is_cancelling(request);
        let is_sent = matches!(self.requests.stage(request), Some(Stage::InSession));
        if is_sent && !is_cancelling && self.cancel(now, request).is_ok() {
            self.take_cancel(request);
        }
        self.forget(now, request);
    }

    /// Sends any envelope over `pamlink.v1`, now or as soon as a link speaks it, and says what has
    /// become of it in one [`Event::Outcome`](super::Event::Outcome). It asks for no stream: a
    /// `stream` of the options is left out.
    ///
    /// # Errors
    ///
    /// [`SendError`]: it was not taken.
    pub fn submit(
        &mut self,
        now: Now,
        text: &str,
        options: SendOptions<'_>,
    ) -> Result<CommandId, SendError> {
        self.submit_in(now, SessionNumber::FIRST, text, options)
    }
}

impl From<delivery::SendError> for CancelError {
    fn from(_full: delivery::SendError) -> Self {
        Self::Full
    }
}
