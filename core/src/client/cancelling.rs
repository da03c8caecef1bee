//! What a client can do over `pamlink.v1` alone: cancel a request, and send with an outcome.

use super::Client;
use super::error::{CancelError, SendError};
use super::event::RequestId;
use super::requests::Stage;
use crate::delivery::{self, CommandId, SendOptions, SessionNumber, Target};
use crate::envelope::v1::Name;
use crate::metric_families::RequestOutcome;
use crate::time::Now;

impl Client {
    /// Cancels a request. One that was never sent is dropped, and ends as
    /// [`Event::Cancelled`](super::Event::Cancelled) at once. Of any other the server says what it
    /// has come to ([`Event::CancelResult`](super::Event::CancelResult)), and the request ends
    /// after that as any: as cancelled, or with its answer where that was quicker.
    ///
    /// # Errors
    ///
    /// [`CancelError`]: nothing was cancelled.
    pub fn cancel(&mut self, now: Now, request: RequestId) -> Result<(), CancelError> {
        self.set_now(now);
        match self.requests.stage(request) {
            None => Err(CancelError::Ended),
            Some(Stage::Unsent) => {
                if self.end(request, RequestOutcome::Cancelled) {
                    self.dropped.push_back(request);
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
