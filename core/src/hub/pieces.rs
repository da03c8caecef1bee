//! Answers that come in pieces, before they come whole.

use super::index::{Index, LinkIndex};
use super::refusal::id;
use super::replies::KEEP;
use super::reply::{Delivered, ReplyError};
use super::requests::Pieces;
use super::{Hub, RequestId};
use crate::envelope::{Kind, write};
use crate::time::Now;

impl Hub {
    /// Sends the next piece of an answer that grows: a `chat_response_delta`. The request stays
    /// running, its time to be answered runs on, and [`reply`](Self::reply) still has to give the
    /// whole answer: that alone is kept for repeats.
    ///
    /// Only a request that had an id and asked to `stream` gets pieces
    /// ([`Request::wants_pieces`](super::Request::wants_pieces)); for any other nothing is sent
    /// ([`Delivered::Whole`]), so a host may call this for every request. What a peer has of an
    /// answer is always its beginning without gaps: after a piece that did not reach the peer's
    /// link, or when another link takes the request over, no more pieces are sent. The exception
    /// is [`Overflow::DropOldest`](crate::link::Overflow::DropOldest), under which a piece that
    /// was queued may be lost.
    ///
    /// # Errors
    ///
    /// [`ReplyError::NotRunning`]: nothing was written and nothing has changed.
    pub fn piece(
        &mut self,
        now: Now,
        request: RequestId,
        text: &str,
    ) -> Result<Delivered, ReplyError> {
        self.piece_wtf8(now, request, text.as_bytes())
    }

    /// As [`piece`](Self::piece), for hosts whose strings are cut anywhere: a surrogate alone is
    /// encoded as if it were a character (WTF-8). The first half of a pair at the end of a piece
    /// waits for the second one in the next ([`Seam`](crate::envelope::Seam)).
    ///
    /// # Errors
    ///
    /// As [`piece`](Self::piece).
    pub fn piece_wtf8(
        &mut self,
        now: Now,
        request: RequestId,
        text: &[u8],
    ) -> Result<Delivered, ReplyError> {
        self.set_now(now);
        let Some(running) = self.requests.find(request.index, request.generation) else {
            return Err(ReplyError::NotRunning(request));
        };
        if running.pieces == Pieces::Unwanted {
            return Ok(Delivered::Whole);
        }
        let (link, key, asked_id) = (running.link, running.key, running.id.clone());
        self.set_pieces(request, Pieces::Begun);
        if link == LinkIndex::NONE {
            return Ok(if key.is_some() { Delivered::Kept } else { Delivered::Absent });
        }
        let Some(running) = self.requests.get_mut(request.index) else {
            return Err(ReplyError::NotRunning(request));
        };
        let whole = running.seam.join(text);
        if whole.is_empty() && !text.is_empty() {
            return Ok(Delivered::Queued(self.id(link)));
        }
        self.text.clear();
        let reply_to = asked_id.as_ref().and_then(id);
        write::chat_response_delta(&mut self.text, self.now.wall, &whole, reply_to.as_ref());
        if self.text.len() > self.largest_of(link) {
            self.text.shrink_to(KEEP);
            self.set_pieces(request, Pieces::Unwanted);
            return Ok(Delivered::Whole);
        }
        let queued = self.send_text(link, Kind::ChatResponseDelta);
        self.text.shrink_to(KEEP);
        if !queued {
            self.set_pieces(request, Pieces::Unwanted);
            return Ok(Delivered::Refused(self.id(link)));
        }
        Ok(Delivered::Queued(self.id(link)))
    }

    fn set_pieces(&mut self, request: RequestId, pieces: Pieces) {
        if let Some(running) = self.requests.get_mut(request.index) {
            running.pieces = pieces;
        }
    }
}
