//! Answers to what was asked in sessions.

use std::sync::Arc;

use crate::delivery::SessionConfig;
use crate::delivery::stream::ProducerError;
use crate::hub::Hub;
use crate::hub::ids::RequestId;
use crate::hub::index::{Index, LinkIndex, RequestIndex};
use crate::hub::reply::Delivered;

/// What an envelope has beside its body, at the most.
pub(super) const AROUND: usize = 1_024;

impl Hub {
    /// The largest answer that all sessions take that wait for it.
    pub(in crate::hub) fn room_in_sessions(&self, request: RequestIndex) -> usize {
        let links = self.v1.iter().flat_map(|v1| v1.links_of(request));
        links
            .map(|link| self.links.largest_of(link.index).saturating_sub(AROUND))
            .fold(self.config.sessions.streams.body_bytes.min(SessionConfig::MAX_BODY), usize::min)
    }

    /// A request has ended: the sessions that wait for its answer get it. What became of it for the
    /// first.
    pub(in crate::hub) fn answer_sessions(
        &mut self,
        request: RequestIndex,
        frame: &Arc<[u8]>,
    ) -> Delivered {
        let Some(v1) = &mut self.v1 else { return Delivered::Absent };
        // What the hub has made is text.
        let text = str::from_utf8(frame).unwrap_or_default();
        let delivered = v1.conclude(self.now, request, text);
        self.carry();
        delivered
    }

    /// Whether anybody waits for the answer to a running request still, in a session or at a link.
    pub(in crate::hub) fn is_awaited(&self, request: RequestIndex) -> bool {
        let running = self.requests.find(self.requests.id(request));
        running.is_some_and(|running| running.link != LinkIndex::NONE)
            || self.v1.as_ref().is_some_and(|v1| v1.askers.is_awaited(request))
    }

    /// The stream of the first that asked grows by a text.
    pub(in crate::hub) fn grow(&mut self, request: RequestId, text: &str) -> Delivered {
        let Some(v1) = &mut self.v1 else { return Delivered::Absent };
        let grown = v1.grow(self.now, request.index, text);
        let link = v1.links_of(request.index).next();
        match (grown, link) {
            (Ok(()), link) => {
                self.carry();
                link.map_or(Delivered::Kept, Delivered::Queued)
            }
            (Err(ProducerError::Fenced), _) if !self.is_awaited(request.index) => {
                Delivered::Cancelled
            }
            (Err(_), _) => {
                // What the stream has stays a beginning without gaps.
                self.requests.stop_pieces(request);
                Delivered::Whole
            }
        }
    }
}
