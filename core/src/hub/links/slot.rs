//! What the hub keeps of one link beside the link itself.

use core::net::IpAddr;
use std::collections::VecDeque;
use std::sync::Arc;

use super::answer_order::AnswerOrder;
use crate::hub::index::{Index, LinkIndex, UserIndex};
use crate::hub::inline_text::InlineText;
use crate::link::{Claims, DEFAULT_MAX_MESSAGE, ServerLink, Token};
use crate::time::{Deadline, Mono, TimerReason, Wall};

/// One link.
#[derive(Debug)]
pub(in crate::hub) struct Slot {
    pub(in crate::hub) link: ServerLink,
    pub(in crate::hub) phase: Phase,
    /// What it claims to be, while that is open.
    pub(in crate::hub) claim: Option<Box<Claim>>,
    pub(in crate::hub) user: UserIndex,
    pub(in crate::hub) next_of_user: LinkIndex,
    pub(in crate::hub) previous_of_user: LinkIndex,
    /// Its place among those who have shown no good token, if it is one.
    pub(in crate::hub) place: Option<u32>,
    /// When its token ends.
    pub(in crate::hub) expires: Wall,
    /// How far ahead of its pace it is with tokens to be judged.
    pub(in crate::hub) next_token: Mono,
    /// The hub's own deadline for it, beside the link's.
    pub(in crate::hub) deadline: Option<Deadline>,
    /// When it is to be closed, since it was sent away.
    pub(in crate::hub) leaves: Option<Mono>,
    pub(in crate::hub) since: Mono,
    /// What is to leave in the order of requests.
    pub(in crate::hub) turns: AnswerOrder,
    /// Whole answers that wait for room in the outbox, in their order.
    pub(in crate::hub) waiting: VecDeque<Arc<[u8]>>,
    /// The largest message that its peer takes, by its own word, in bytes.
    pub(in crate::hub) max_message: usize,
    /// Its running requests.
    pub(in crate::hub) running: u32,
    /// It is welcomed, or it waits for a verdict, and the event that says so was not polled yet.
    pub(in crate::hub) untold: bool,
    /// The host has no transport for it any more.
    pub(in crate::hub) detached: bool,
    /// Its place among those that made way for others, if it did.
    pub(in crate::hub) leaving: Option<u32>,
    /// What waits to be written to it, as counted in the sum over all.
    pub(in crate::hub) weight: usize,
    /// It is in the list of links to look at.
    pub(in crate::hub) ready: bool,
    /// It is in the list of links with something to write.
    pub(in crate::hub) writable: bool,
    /// It speaks `pamlink.v1`.
    pub(in crate::hub) v1: Option<Agreed>,
}

/// What a link has agreed on that speaks `pamlink.v1`.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::hub) struct Agreed {
    /// A message may hold several envelopes.
    pub(in crate::hub) batch: bool,
    /// Its sessions may have more to say than it was given.
    pub(in crate::hub) has_more: bool,
    /// The host has heard that it is open.
    pub(in crate::hub) is_announced: bool,
    /// How far it has come.
    pub(in crate::hub) stage: Stage,
}

/// How far a link has come that speaks `pamlink.v1`, in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::hub) enum Stage {
    /// It carries no session yet.
    #[default]
    New,
    /// It carries one, or has: the host has heard that it is open.
    Known,
    /// `goodbye` was said to it, and it carries on for a while.
    Warned,
    /// `goodbye` was said to it, and it carries nothing any more.
    Parted,
}

/// How far a link has come, beyond the state of the link itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::hub) enum Phase {
    /// Its request has not come yet.
    Opening,
    /// It speaks `pamlink.v1`, and its `hello` has not come yet.
    Greeting,
    /// It asked for something over HTTP and waits for the host's response.
    Http,
    /// It waits for the host's verdict. Nothing it sends is looked at.
    Authorizing,
    /// It was not let in and is being closed. Nothing it sends is looked at.
    Refused,
    /// Welcomed.
    Open,
    /// The event of its end was polled; only its last bytes are left to be written.
    Ended,
}

/// A user and the token that is to prove it.
#[derive(Debug)]
pub(in crate::hub) struct Claim {
    pub(in crate::hub) user: Box<str>,
    pub(in crate::hub) token: Token,
    /// The id of the frame that brought the token, if one did.
    pub(in crate::hub) id: Option<InlineText>,
    /// The network that the peer is in, where that counts.
    pub(in crate::hub) from: Option<IpAddr>,
    /// What the host has authenticated, until the peer shows a token of its own.
    pub(in crate::hub) claims: Option<Claims>,
}

impl Claim {
    pub(in crate::hub) const fn new(user: Box<str>, token: Token) -> Self {
        Self { user, token, id: None, from: None, claims: None }
    }
}

impl Slot {
    pub(in crate::hub) fn new(link: ServerLink, now: Mono) -> Self {
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
            leaves: None,
            since: now,
            turns: AnswerOrder::default(),
            waiting: VecDeque::new(),
            max_message: DEFAULT_MAX_MESSAGE,
            running: 0,
            untold: false,
            detached: false,
            leaving: None,
            weight: 0,
            ready: false,
            writable: false,
            v1: None,
        }
    }

    /// When the link or the hub wants to look at it again.
    pub(in crate::hub) fn next_deadline(&self) -> Option<Deadline> {
        let leaves = self.leaves.map(|at| Deadline::new(at, TimerReason::Drain));
        Deadline::earlier(self.link.poll_timeout(), Deadline::earlier(self.deadline, leaves))
    }

    /// Whether it is welcomed and neither side has sent its close frame.
    pub(in crate::hub) fn is_open(&self) -> bool {
        self.phase == Phase::Open && self.link.is_open()
    }

    /// Bytes on the heap beside those of the link.
    pub(in crate::hub) fn heap(&self) -> usize {
        let claim = self.claim.as_ref().map_or(0, |claim| {
            let id = claim.id.as_ref().map_or(0, InlineText::heap);
            size_of::<Claim>() + claim.user.len() + claim.token.expose().len() + id
        });
        let waiting = self.waiting.capacity() * size_of::<Arc<[u8]>>();
        claim + waiting + self.turns.heap()
    }
}
