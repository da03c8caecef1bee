//! The cancels of requests that have no result yet, and the results of which the server says nothing.

use super::Client;
use super::event::RequestId;
use super::unlent::{CancelResult, Unlent};

/// As many results of cancels wait for the host at most before it takes events.
const MOST_SETTLED: usize = 1_024;

impl Client {
    /// Whether a cancel of this request has no result yet.
    pub(super) fn is_cancelling(&self, request: RequestId) -> bool {
        let mut conversations = self.conversations.iter().flat_map(|all| all.iter());
        conversations.any(|it| it.cancels.iter().any(|(_, cancelled)| *cancelled == request))
    }

    /// Nobody waits for the result of this cancel any more. Whether there was one.
    pub(super) fn take_cancel(&mut self, request: RequestId) -> bool {
        let mut conversations = self.conversations.iter_mut().flat_map(|all| all.iter_mut());
        conversations.any(|conversation| {
            let before = conversation.cancels.len();
            conversation.cancels.retain(|(_, cancelled)| *cancelled != request);
            conversation.cancels.len() < before
        })
    }

    /// A request has ended, and the server has said nothing of it. Nor is what a cancel of it comes
    /// to waited for: the server may never be reached again.
    pub(super) fn ended_unanswered(&mut self, request: RequestId) {
        if self.take_cancel(request) {
            self.settle_cancel(request, None);
        }
    }

    /// Tells the host what a cancel has come to.
    pub(super) fn settle_cancel(&mut self, request: RequestId, result: Option<CancelResult>) {
        self.settled_cancels.push_back(Unlent::CancelResult(request, result));
    }

    /// Whether the host is to take results before it cancels more.
    pub(super) fn is_full_of_results(&self) -> bool {
        self.settled_cancels.len() >= MOST_SETTLED
    }
}
