//! What sessions have to say goes to their links, as far as these have room.

use crate::envelope::v1::{BATCH_BYTES, BODY_DEPTH, Code, DEPTH, End, How, Item, Message, join};
use crate::envelope::write::{self, Failure};
use crate::envelope::{Envelope, ErrorCode, Raw};
use crate::hub::Hub;
use crate::hub::ids::LinkId;
use crate::hub::index::LinkIndex;
use crate::hub::links::Stage;
use crate::metrics::Direction;
use crate::time::Wall;

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
            if !agreed.has_more || queued + message.len() >= BATCH_BYTES {
                break;
            }
            next.clear();
            if !v1.poll_message(link, &mut next) {
                agreed.has_more = false;
                break;
            }
            if next.len() > limit {
                next = without_body(&next, limit, self.now.wall);
            }
            if agreed.batch && !message.is_empty() && join(&mut message, &next) {
                continue;
            }
            core::mem::swap(&mut message, &mut next);
            if !next.is_empty() {
                self.links.send_anyway(link.index, &next);
            }
        }
        if !message.is_empty() {
            self.links.send_anyway(link.index, &message);
        }
    }
}

/// An envelope that is larger than its reader takes, without the body that makes it so (V-10.8): the
/// end of a stream says that it failed, and an item has an `error` in its place. Its number stays, so
/// the next is no other one and the same link does not end for it again.
fn without_body(text: &str, limit: usize, now: Wall) -> String {
    let mut without = String::new();
    match Envelope::parse(text, DEPTH).as_ref().map(Message::read) {
        Ok(Ok(Some((channel, Message::End(end))))) => {
            let end = End { how: How::Failed, code: Code::new("too_large"), body: None, ..end };
            Message::End(end).write(channel, &mut without);
        }
        Ok(Ok(Some((channel, Message::Item(item))))) => {
            let body = too_large(item.body, limit, now);
            let Ok(body) = Raw::parse(&body, BODY_DEPTH) else { return text.to_owned() };
            Message::Item(Item { body, ..item }).write(channel, &mut without);
        }
        // No other has a body, and none without is as large as the least limit.
        _ => return text.to_owned(),
    }
    without
}

/// The `error` in the place of a body, which ends the request that the body answers.
fn too_large(body: Raw<'_>, limit: usize, now: Wall) -> String {
    let answer = Envelope::parse(body.as_json(), Envelope::DEPTH).ok();
    let reply_to = answer.and_then(|answer| answer.reply_to());
    let message = format!(
        "the message has {} bytes, more than the {limit} that the client takes",
        body.as_json().len()
    );
    let mut error = String::new();
    let failure = Failure {
        code: &ErrorCode::MessageTooLarge,
        message: &message,
        retry_after: None,
        reply_to: reply_to.as_ref(),
    };
    write::error(&mut error, now, &failure);
    error
}
