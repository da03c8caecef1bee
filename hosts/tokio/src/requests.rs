//! What comes of the requests of a client, until whoever waits for it takes it.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use pamlink::client::{Client, RequestId};
use tokio::sync::Notify;

use crate::answer::{Answer, Event, RequestError};
use crate::answer_stream::Piece;

/// Who waits for which answer.
#[derive(Debug, Default)]
pub(crate) struct Requests {
    waiting: HashMap<RequestId, Waiting>,
    /// Those of a snapshot for which nobody waits yet, the oldest first.
    restored: Vec<Restored>,
}

/// A request that an earlier client has made, with its envelope.
#[derive(Debug)]
pub(crate) struct Restored {
    pub(crate) id: RequestId,
    pub(crate) envelope: Box<str>,
    pub(crate) progress: Arc<Notify>,
}

impl Requests {
    /// Those that a client begins with. What comes of them is kept for who takes them later.
    pub(crate) fn of(client: &Client) -> Self {
        let mut requests = Self::default();
        for (id, envelope) in client.requests() {
            let progress = requests.begin(id);
            requests.restored.push(Restored { id, envelope: envelope.into(), progress });
        }
        requests
    }

    /// Somebody waits for the answer to a request, and is notified of what comes.
    pub(crate) fn begin(&mut self, request: RequestId) -> Arc<Notify> {
        Arc::clone(&self.waiting.entry(request).or_default().progress)
    }

    /// Hands over the requests of a snapshot, once.
    pub(crate) fn take_restored(&mut self) -> Vec<Restored> {
        mem::take(&mut self.restored)
    }

    /// What is next of a request.
    pub(crate) fn take(&mut self, request: RequestId) -> Option<Taken> {
        self.waiting.get_mut(&request)?.take()
    }

    /// Nobody waits for a request any more; whether that was before its end.
    pub(crate) fn leave(&mut self, request: RequestId) -> bool {
        self.waiting.remove(&request).is_some_and(|waiting| waiting.end.is_none())
    }

    pub(crate) fn piece(&mut self, request: RequestId, text: &str, restart: bool) {
        if let Some(waiting) = self.waiting.get_mut(&request) {
            waiting.piece(text, restart);
        }
    }

    /// A request has ended: whoever waits for it is told, and the program where nobody has taken it
    /// yet.
    pub(crate) fn end(
        &mut self,
        request: RequestId,
        outcome: Result<Answer, RequestError>,
        tell: &mut impl FnMut(Event),
    ) {
        if self.restored.iter().any(|it| it.id == request) {
            tell(Event::Ended { request, outcome: outcome.clone() });
        }
        // Whoever has left does not want to know.
        if let Some(waiting) = self.waiting.get_mut(&request) {
            waiting.end(outcome);
        }
    }

    /// The client is closed.
    pub(crate) fn close(&mut self) {
        for waiting in self.waiting.values_mut().filter(|it| it.end.is_none()) {
            waiting.end(Err(RequestError::Closed));
        }
    }
}

/// What is next of a request.
pub(crate) enum Taken {
    Piece(Piece),
    End(Result<Answer, RequestError>),
}

/// What came of a request and was not taken yet.
#[derive(Debug, Default)]
struct Waiting {
    fresh: Piece,
    end: Option<Result<Answer, RequestError>>,
    progress: Arc<Notify>,
}

impl Waiting {
    fn piece(&mut self, text: &str, restart: bool) {
        if restart {
            self.fresh = Piece { text: String::new(), restart };
        }
        self.fresh.text.push_str(text);
        self.progress.notify_one();
    }

    fn end(&mut self, outcome: Result<Answer, RequestError>) {
        self.end = Some(outcome);
        self.progress.notify_one();
    }

    fn take(&mut self) -> Option<Taken> {
        if self.fresh != Piece::default() {
            return Some(Taken::Piece(mem::take(&mut self.fresh)));
        }
        self.end.take().map(Taken::End)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(waiting: &mut Waiting) -> Option<(String, bool)> {
        match waiting.take()? {
            Taken::Piece(Piece { text, restart }) => Some((text, restart)),
            Taken::End(outcome) => Some((format!("{outcome:?}"), false)),
        }
    }

    #[test]
    fn pieces_that_wait_are_one_and_void_ones_are_dropped() {
        let mut waiting = Waiting::default();
        assert_eq!(next(&mut waiting), None);
        waiting.piece("once ", false);
        waiting.piece("upon", false);
        assert_eq!(next(&mut waiting), Some(("once upon".to_owned(), false)));
        waiting.piece(" a time", false);
        waiting.piece("nev", true);
        waiting.piece("er", false);
        waiting.end(Err(RequestError::Expired));
        assert_eq!(next(&mut waiting), Some(("never".to_owned(), true)));
        assert_eq!(next(&mut waiting), Some(("Err(Expired)".to_owned(), false)));
    }

    #[test]
    fn what_has_ended_before_the_client_is_closed_keeps_its_end() {
        let (mut requests, [ended, runs]) = (Requests::default(), [0, 1].map(RequestId::from_u64));
        requests.begin(ended);
        requests.begin(runs);
        requests.end(ended, Err(RequestError::Expired), &mut |event| panic!("{event:?}"));
        requests.close();
        for (request, error) in [(ended, RequestError::Expired), (runs, RequestError::Closed)] {
            let taken = requests.take(request);
            assert!(matches!(taken, Some(Taken::End(Err(it))) if it == error), "{error:?}");
        }
    }
}
