//! An answer that is read as it grows.

use std::fmt;
use std::sync::Arc;

use pamlink::client::{CancelError, RequestId};
use tokio::sync::Notify;

use crate::answer::{Answer, RequestError};
use crate::requests::{Restored, Taken};
use crate::shared_client::SharedClient;

/// What came of an answer that grows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Piece {
    /// What is to be appended to what came before.
    pub text: String,
    /// What came before is void: the answer begins anew with this piece.
    pub restart: bool,
}

/// A request whose answer is read as it grows: what [`Client::stream`](crate::Client::stream)
/// returns, or one of [`Client::restored`](crate::Client::restored). Whoever drops it before its end
/// wants the answer no longer: a request that was not sent yet is not sent, and a server of
/// `pamlink.v1` ends the answer to any other. Towards a server that does not speak that it has its
/// effect, and what the server says of it is [`Event::Late`](crate::Event::Late).
pub struct AnswerStream {
    shared: Arc<SharedClient>,
    id: RequestId,
    /// Where an earlier client has made it.
    request: Option<Box<str>>,
    progress: Arc<Notify>,
    ended: Option<Result<Answer, RequestError>>,
    is_detached: bool,
}

impl AnswerStream {
    pub(crate) fn new(shared: Arc<SharedClient>, id: RequestId, progress: Arc<Notify>) -> Self {
        Self { shared, id, request: None, progress, ended: None, is_detached: false }
    }

    pub(crate) fn restored(shared: Arc<SharedClient>, restored: Restored) -> Self {
        let Restored { id, envelope, progress } = restored;
        let mut stream = Self::new(shared, id, progress);
        stream.request = Some(envelope);
        stream
    }

    /// The next piece; `None` after the last one. Appended to each other the pieces are the answer,
    /// unless one says `restart`. Pieces that were not taken in time come as one. Cancelling it
    /// loses nothing.
    ///
    /// # Errors
    ///
    /// The request ended otherwise than with its answer, as [`Client::ask`](crate::Client::ask)
    /// says.
    pub async fn next_piece(&mut self) -> Result<Option<Piece>, RequestError> {
        while self.ended.is_none() {
            let progress = Arc::clone(&self.progress);
            let more = progress.notified();
            match self.shared.take(self.id) {
                Some(Taken::Piece(piece)) => return Ok(Some(piece)),
                Some(Taken::End(outcome)) => self.ended = Some(outcome),
                None => more.await,
            }
        }
        match &self.ended {
            Some(Err(error)) => Err(error.clone()),
            _ => Ok(None),
        }
    }

    /// Stops the answer at the server, whatever becomes of the link meanwhile. The pieces that were
    /// sent before still come, and then the end: [`RequestError::Cancelled`], or the answer where
    /// that was quicker. [`Event::CancelResult`](crate::Event::CancelResult) says which it was.
    ///
    /// # Errors
    ///
    /// The server does not speak `pamlink.v1`, or too many cancels are under way.
    pub fn cancel(&self) -> Result<(), CancelError> {
        self.shared.cancel(self.id)
    }

    /// Waits no longer, and lets the answer go on at the server: what comes of it is
    /// [`Event::Late`](crate::Event::Late), and a later snapshot has it no more. A request that was not
    /// sent yet is not sent.
    pub fn detach(mut self) {
        self.is_detached = true;
    }

    /// The whole answer, once it is there. What it says is whole, whatever was taken in pieces.
    ///
    /// # Errors
    ///
    /// As [`next_piece`](Self::next_piece).
    pub async fn answer(mut self) -> Result<Answer, RequestError> {
        while self.next_piece().await?.is_some() {}
        self.ended.take().unwrap_or(Err(RequestError::Closed))
    }

    /// What the client's events call the request.
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// The envelope of the request, as JSON, if it is one of
    /// [`Client::restored`](crate::Client::restored).
    pub fn request(&self) -> Option<&str> {
        self.request.as_deref()
    }
}

impl Drop for AnswerStream {
    fn drop(&mut self) {
        self.shared.leave(self.id, self.is_detached);
    }
}

impl fmt::Debug for AnswerStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnswerStream").field("id", &self.id).field("ended", &self.ended).finish()
    }
}
