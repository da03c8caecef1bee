//! Answers that are sent ahead in pieces.

use super::Hub;
use super::envelopes::Own;
use super::ids::RequestId;
use super::reply::{Delivered, ReplyError};
use super::requests::Piece;
use crate::metrics::Direction;
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
    /// waits for the second one in the next.
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
        self.now.advance(now);
        let piece = self.requests.piece(request, text).ok_or(ReplyError::NotRunning(request))?;
        let (link, text) = match piece {
            Piece::Send(link, text) => (link, text),
            Piece::Held(link) => return Ok(Delivered::Queued(self.links.id(link))),
            Piece::Absent { kept: true } => return Ok(Delivered::Kept),
            Piece::Absent { kept: false } => return Ok(Delivered::Absent),
            Piece::Whole => return Ok(Delivered::Whole),
            Piece::Grow(text) => return Ok(self.grow(request, &text)),
        };
        let reply_to = self.requests.find(request).and_then(|running| running.id.as_ref());
        let own = Own::Piece { text: &text, reply_to };
        let text = self.envelopes.own(self.now.wall, &own);
        let fits = text.len() <= self.links.largest_of(link);
        let queued = fits && {
            self.metrics.messages.increment(own.kind(), Direction::Outbound);
            self.links.send_text(link, self.now, text)
        };
        self.envelopes.trim();
        if !queued {
            self.requests.stop_pieces(request);
        }
        Ok(match (fits, queued) {
            (false, _) => Delivered::Whole,
            (true, false) => Delivered::Refused(self.links.id(link)),
            (true, true) => Delivered::Queued(self.links.id(link)),
        })
    }
}
