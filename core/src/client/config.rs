//! The bounds and choices of a client.

use core::time::Duration;

use crate::envelope::Envelope;
use crate::link;

/// The bounds and choices of a [`Client`](super::Client). Its memory ceiling follows from them.
///
/// [`ClientConfig::options`] has the bounds of each number, and [`ClientConfig::set`] holds a value
/// to them. What is put into a member out of its bounds, the client takes as the nearest inside.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientConfig {
    /// What the link keeps to: handshakes, heartbeat, frames, outbox, backoff, token.
    pub link: link::ClientLinkConfig,
    /// Whether the host can hold the transports of two links at once. Then a link of `pamlink.v1`
    /// that the server ends in a while is changed without a break: another is opened first, whose
    /// events are [`Event::SecondLink`](super::Event::SecondLink) and whose doors are those of
    /// [`second_link`](super::Client::second_link). Else it is left at once, and the next one
    /// follows. Default no.
    pub two_links: bool,
    /// How old a link of `pamlink.v1` becomes before the client changes it by itself, where it may
    /// have [two](Self::two_links): from nine tenths of this on, at a random time, so that clients
    /// that came together do not all move at once. For platforms that end links of some age.
    /// Zero for any age, which is the default; else it is 1 s at least.
    pub max_link_age: Duration,
    /// Most requests at once. Default 64.
    pub max_requests: usize,
    /// Most bytes of requests at once, as they go over the wire. Default 256 KiB.
    pub max_request_bytes: usize,
    /// Most bytes that are kept of the texts of answers that grow, of all requests together, to
    /// compare the pieces with the whole answer. A piece beyond it gives no event, nor does any
    /// after it: the answer brings the rest. Default 1 MiB.
    pub max_answer_bytes: usize,
    /// How long a request waits for its answer, connected or not. It must stay below the time for
    /// which servers remember requests (5 minutes by default), or a late repeat would take effect
    /// again. Default 60 s.
    pub request_timeout: Duration,
    /// How old a request may become while its answer comes in pieces: each piece restarts
    /// `request_timeout`, up to this age. It must stay below the same time as that one; below
    /// `request_timeout` it has no effect. Default 180 s: `request_timeout`, in which the request
    /// may wait for a link, and the time that servers give an answer (2 minutes by default).
    pub max_request_age: Duration,
    /// Most [sessions](super::Client::open_session) over `pamlink.v1`, the first included. A server
    /// takes 16 of a user, all devices together. Default 8.
    pub max_sessions: usize,
    /// How many ids of the latest pushes are remembered, to recognise a repeated push
    /// ([`Event::Repeated`](super::Event::Repeated)). Default 256.
    pub max_seen: usize,
    /// How deep a message may be nested. Default [`Envelope::DEPTH`].
    pub depth: u8,
}

impl Default for ClientConfig {
    fn default() -> Self {
        Self {
            link: link::ClientLinkConfig::default(),
            two_links: false,
            max_link_age: Duration::ZERO,
            max_requests: 64,
            max_request_bytes: 256 * 1024,
            max_answer_bytes: 1024 * 1024,
            request_timeout: Duration::from_secs(60),
            max_request_age: Duration::from_secs(180),
            max_sessions: 8,
            max_seen: 256,
            depth: Envelope::DEPTH,
        }
    }
}
