//! What the hub keeps of one link beside the link itself.

use core::net::IpAddr;
use std::collections::VecDeque;
use std::sync::Arc;

use super::index::{Index, LinkIndex, RequestIndex, UserIndex};
use super::inline::InlineText;
use crate::link::{DEFAULT_MAX_MESSAGE, ServerLink, Token};
use crate::time::{Deadline, Mono, Wall};

/// One link.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) link: ServerLink,
    pub(super) phase: Phase,
    /// What it claims to be, while that is open.
    pub(super) claim: Option<Box<Claim>>,
    pub(super) user: UserIndex,
    pub(super) next_of_user: LinkIndex,
    pub(super) previous_of_user: LinkIndex,
    /// Its place among those who have shown no good token, if it is one.
    pub(super) place: Option<u32>,
    /// When its token ends.
    pub(super) expires: Wall,
    /// How far ahead of its pace it is with tokens to be judged.
    pub(super) next_token: Mono,
    /// The hub's own deadline for it, beside the link's.
    pub(super) deadline: Option<Deadline>,
    pub(super) since: Mono,
    /// Requests without ids in the order of asking: their answers must leave in this order.
    pub(super) turns: VecDeque<Turn>,
    /// Whole answers that wait for room in the outbox, in their order.
    pub(super) waiting: VecDeque<Arc<[u8]>>,
    /// The largest message that its peer takes, by its own word, in bytes.
    pub(super) max_message: usize,
    /// Its running requests.
    pub(super) running: u32,
    /// It is welcomed, or it waits for a verdict, and the host has not been told.
    pub(super) untold: bool,
    /// The host has no transport for it any more.
    pub(super) detached: bool,
    /// It made way for another.
    pub(super) leaving: bool,
    /// What waits to be written to it, as counted in the sum over all.
    pub(super) weight: usize,
    /// It is in the list of links to look at.
    pub(super) ready: bool,
    /// It is in the list of links with something to write.
    pub(super) writable: bool,
}

/// How far a link has come, beyond the state of the link itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Its request has not come yet.
    Opening,
    /// It asked for something over HTTP and waits for the host's response.
    Http,
    /// It waits for the host's verdict. Nothing it sends is looked at.
    Authorizing,
    /// It was not let in and is being closed. Nothing it sends is looked at.
    Refused,
    /// Welcomed.
    Open,
    /// The host has been told of its end; only its last bytes are left to be written.
    Ended,
}

/// A user and the token that is to prove it.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) user: Box<str>,
    pub(super) token: Token,
    /// The id of the frame that brought the token, if one did.
    pub(super) id: Option<InlineText>,
    /// The network that the peer is in, where that counts.
    pub(super) from: Option<IpAddr>,
}

/// An answer's place in the order of a link without ids.
#[derive(Debug)]
pub(super) enum Turn {
    /// This request is running.
    Running(RequestIndex),
    /// It is answered, but an earlier one is not.
    Answered(Arc<[u8]>),
}

impl Slot {
    pub(super) fn new(link: ServerLink, now: Mono) -> Self {
        Self {
            link,
            phase: Phase::Opening,
            claim: None,
            user: UserIndex::NONE,
            next_of_user: LinkIndex::NONE,
            previous_of_user: LinkIndex::NONE,
            place: None,
            expires: Wall::EPOCH,
            next_token: Mono::ZERO,
            deadline: None,
            since: now,
            turns: VecDeque::new(),
            waiting: VecDeque::new(),
            max_message: DEFAULT_MAX_MESSAGE,
            running: 0,
            untold: false,
            detached: false,
            leaving: false,
            weight: 0,
            ready: false,
            writable: false,
        }
    }

    /// When the link or the hub wants to look at it again.
    pub(super) fn next_deadline(&self) -> Option<Deadline> {
        Deadline::earlier(self.link.poll_timeout(), self.deadline)
    }

    /// Whether it is welcomed and neither side has said goodbye.
    pub(super) fn is_open(&self) -> bool {
        self.phase == Phase::Open && self.link.is_open()
    }

    /// Bytes on the heap beside those of the link.
    pub(super) fn heap(&self) -> usize {
        let claim = self.claim.as_ref().map_or(0, |claim| {
            let id = claim.id.as_ref().map_or(0, InlineText::heap);
            size_of::<Claim>() + claim.user.len() + claim.token.expose().len() + id
        });
        let waiting = self.waiting.capacity() * size_of::<Arc<[u8]>>();
        claim + waiting + self.turns.capacity() * size_of::<Turn>()
    }
}
