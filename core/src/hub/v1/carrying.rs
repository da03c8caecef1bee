//! What sessions have to say goes to their links, as far as these have room.

use crate::envelope::Envelope;
use crate::envelope::v1::{Code, DEPTH, End, How, Message};
use crate::hub::Hub;
use crate::hub::ids::LinkId;
use crate::hub::index::LinkIndex;
use crate::hub::links::Stage;
use crate::link::ServerClose;
use crate::metrics::Direction;

/// What stands between two envelopes of one message (V-10.7).
pub(super) const BETWEEN: char = '\u{1e}';

/// The most bytes of envelopes in one message, unless one is larger (V-10.7); and as many wait
/// at a link before it is given no more, so that what is urgent has little before it.
const LITTLE: usize = 16 * 1_024;

impl Hub {
    /// Gives links what their sessions have to say.
    pub(in crate::hub) fn carry(&mut self) {
        while let Some(link) = self.v1.as_mut().and_then(|v1| v1.poll_ready(self.now)) {
            if self.links.find_mut(link).is_none() {
                continue;
            }
            if let Some(agreed) = self.links.agreed(link.index) {
                agreed.has_more = agreed.stage != Stage::Parted;
            }
            self.fill(link);
        }
    }

    /// A link is to hear where its sessions stand, and to say the same.
    pub(in crate::hub) fn heartbeat(&mut self, index: LinkIndex) {
        let link = self.links.id(index);
        if let Some(v1) = &mut self.v1 {
            v1.heartbeat(self.now, link);
            self.metrics.pings.increment(Direction::Outbound);
        }
    }

    /// Something was written to a link: there may be room for what its sessions have to say. Whether
    /// it has more to write for that.
    pub(in crate::hub) fn refill(&mut self, link: LinkId) -> bool {
        if self.v1.is_none() {
            return false;
        }
        let agreed = self.links.find_mut(link).and_then(|slot| slot.v1);
        let has_more = agreed.is_some_and(|agreed| agreed.has_more);
        if has_more {
            self.fill(link);
            self.carry();
        }
        has_more && self.links.find_mut(link).is_some_and(|slot| slot.link.wants_transmit())
    }

    /// Gives a link what its sessions have to say, while little waits there.
    fn fill(&mut self, link: LinkId) {
        let (mut message, mut next) = (String::new(), String::new());
        loop {
            let (Some(slot), Some(v1)) = (self.links.find_mut(link), &mut self.v1) else { return };
            let (limit, queued) = (slot.max_message, slot.link.queued());
            let Some(agreed) = &mut slot.v1 else { return };
            if !agreed.has_more || queued + message.len() >= LITTLE {
                break;
            }
            next.clear();
            if !v1.poll_message(link, &mut next) {
                agreed.has_more = false;
                break;
            }
            if next.len() > limit {
                let Some(end) = without_body(&next) else {
                    self.close(link.index, ServerClose::BeyondLimit);
                    return;
                };
                next = end;
            }
            let fits = message.len() + next.len() < LITTLE;
            if agreed.batch && !message.is_empty() && fits {
                message.push(BETWEEN);
                message.push_str(&next);
            } else {
                core::mem::swap(&mut message, &mut next);
                if !next.is_empty() {
                    self.links.send_anyway(link.index, &next);
                }
            }
        }
        if !message.is_empty() {
            self.links.send_anyway(link.index, &message);
        }
    }
}

/// The end of a stream without the body that makes it larger than its reader takes (V-10.8).
fn without_body(text: &str) -> Option<String> {
    let envelope = Envelope::parse(text, DEPTH).ok()?;
    let Ok(Some((channel, Message::End(end)))) = Message::read(&envelope) else { return None };
    let end = End { how: How::Failed, code: Code::new("too_large"), body: None, ..end };
    let mut text = String::new();
    Message::End(end).write(channel, &mut text);
    Some(text)
}
