//! The bounds and choices of a hub.

use core::fmt;
use core::time::Duration;

use crate::dedup::WindowConfig;
use crate::delivery::stream::{LogConfig, StreamsConfig};
use crate::delivery::{SessionConfig, SessionsConfig};
use crate::envelope::v1::Epoch;
use crate::limits::{Rates, Sizes};
use crate::link::{LinkConfig, Verify};

/// The bounds and choices of a [`Hub`](super::Hub). Its memory ceiling follows from them.
///
/// [`HubConfig::options`] has the bounds of each number, those of sessions and streams aside, and
/// [`HubConfig::set`] holds a value to them. What is put into a member out of its bounds, the hub
/// takes as the nearest inside.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HubConfig {
    /// What every link keeps to: handshake, heartbeat, frames, outbox.
    pub link: LinkConfig,
    /// Most links that hold a compressor between messages, up to 380 KB each, where
    /// [`LinkConfig::deflate`] allows any: the others borrow one for each message, and save less.
    /// A link returns its own when it goes idle. Default 64.
    pub max_compressors: u32,
    /// The origins from which a browser may connect, compared without regard to case. A peer that
    /// sends no `Origin` is accepted. `None`, the default, allows every origin: the token
    /// in the URL is no ambient credential, so a foreign page has no credential to misuse.
    pub origins: Option<Vec<String>>,
    /// The subprotocols beside `pamlink.v1` that a client may offer
    /// ([`check_subprotocol`](super::check_subprotocol)): of those that it does, the first is agreed on,
    /// and the link speaks the `pam` dialect. None is where it is empty, the default.
    pub subprotocols: Vec<String>,
    /// Most links at once, from accepting to the end. Default 131,072.
    pub max_links: u32,
    /// Most links at once that have shown no good token; and as many may wait for the host's
    /// verdict. Beyond it the oldest of them is closed, with HTTP 503 or close code 1013. Together
    /// they hold at most this many times the largest request head. Default 4,096.
    pub max_unauthenticated: u32,
    /// The same for those of one address ([`Hub::accept_from`](super::Hub::accept_from)). Behind a
    /// proxy all come from one: there it bounds the handshakes that run at once. Default 64.
    pub max_unauthenticated_per_address: u32,
    /// How many bits of an IPv6 address tell peers apart. Default 64.
    pub ipv6_prefix: u8,
    /// Most links of one user at once: devices and tabs. Default 32.
    pub max_links_per_user: u32,
    /// What happens when a user opens a link beyond `max_links_per_user`. Default
    /// [`UserCap::CloseOldest`].
    pub at_user_cap: UserCap,
    /// Most running requests at once. Default 65,536.
    pub max_requests: u32,
    /// Most running requests of one link. Default 32.
    pub max_requests_per_link: u32,
    /// How long a request waits for [`Hub::reply`](super::Hub::reply). Default 120 s.
    pub request_timeout: Duration,
    /// How long a link waits for [`Hub::authorize`](super::Hub::authorize). Default 10 s.
    pub auth_timeout: Duration,
    /// How long a link may go on with an expired token before it is closed. Default 60 s.
    pub token_grace: Duration,
    /// Limits of messages by type.
    pub sizes: Sizes,
    /// Rates of users.
    pub rates: Rates,
    /// How many violations a user may commit before the next one closes its link. Default 5.
    pub max_violations: u32,
    /// Violations are forgotten after this. Default 60 s.
    pub violation_window: Duration,
    /// The duplicate window, one for all users. Default as [`WindowConfig`] has it, but 262,144
    /// entries (9.3 MiB, allocated by the first request) and 16 MiB of results.
    ///
    /// It is large enough if it holds `users x messages of each in max_age`: no user can take more
    /// of it than its rate allows, 500 entries in 5 minutes by default, so 524 users at full rate
    /// fill it, or 26,000 who send a request twice a minute. In a smaller one entries leave before
    /// their time, a repeat that comes later than that takes effect again, and
    /// `pamlink_window_evictions_total{cause="count"}` grows. It takes 37 bytes an entry beside
    /// the results; [`WindowConfig::ceiling`] is the exact bound.
    pub window: WindowConfig,
    /// The sessions of `pamlink.v1` and their streams. Default as [`SessionsConfig`] has it, but
    /// 1 MiB for the [body of an end](crate::delivery::stream::StreamsConfig::body_bytes), which
    /// is a whole answer.
    pub sessions: SessionsConfig,
    /// What is kept of streams, in memory.
    pub stream_log: LogConfig,
    /// The epoch of a log of the host's own, which keeps streams in the place of memory: then
    /// [`Hub::poll_log`](super::Hub::poll_log) gives what it is asked, and `stream_log` counts for
    /// nothing. It is another one once the log has lost what it had. `None`, the default: streams
    /// are kept in memory, and are gone with the process.
    pub host_log: Option<Epoch>,
    /// Types beyond those of the dialect that the host takes as
    /// [`Event::Message`](super::Event::Message).
    pub accepts: Vec<String>,
    /// What happens to a request that names an unknown agent. Default [`UnknownAgent::Answer`].
    pub unknown_agent: UnknownAgent,
    /// What happens to a request while an answer to the same user runs, over whichever of its links
    /// and in whichever of its sessions. Default [`WhileAnswering::Parallel`].
    pub while_answering: WhileAnswering,
}

impl Default for HubConfig {
    fn default() -> Self {
        Self {
            link: LinkConfig::default(),
            max_compressors: 64,
            origins: None,
            subprotocols: Vec::new(),
            max_links: 131_072,
            max_unauthenticated: 4_096,
            max_unauthenticated_per_address: 64,
            ipv6_prefix: 64,
            max_links_per_user: 32,
            at_user_cap: UserCap::CloseOldest,
            max_requests: 65_536,
            max_requests_per_link: 32,
            request_timeout: Duration::from_secs(120),
            auth_timeout: Duration::from_secs(10),
            token_grace: Duration::from_secs(60),
            sizes: Sizes::default(),
            rates: Rates::default(),
            max_violations: 5,
            violation_window: Duration::from_secs(60),
            window: WindowConfig {
                max_entries: 262_144,
                max_result_bytes: 16 * 1024 * 1024,
                ..WindowConfig::default()
            },
            sessions: SessionsConfig {
                streams: StreamsConfig {
                    body_bytes: SessionConfig::MAX_BODY,
                    ..StreamsConfig::default()
                },
                ..SessionsConfig::default()
            },
            stream_log: LogConfig::default(),
            host_log: None,
            accepts: Vec::new(),
            unknown_agent: UnknownAgent::Answer,
            while_answering: WhileAnswering::Parallel,
        }
    }
}

/// What happens when a user opens one link more than it may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UserCap {
    /// The oldest link is closed with 1000 (do not come back).
    CloseOldest,
    /// The new link is closed with 1013 (come back later). Clients that were there before do so
    /// every second.
    RefuseNewest,
}

/// What happens to a request that names an agent no table knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UnknownAgent {
    /// The hub answers `error` with `UNKNOWN_AGENT`.
    Answer,
    /// It is a request like any other, for the table's error handler.
    Route,
}

/// What happens to a request while an answer to the same user runs. A repeat is none of its own,
/// and an answer that was cancelled runs no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WhileAnswering {
    /// It runs beside that.
    #[default]
    Parallel,
    /// It waits until all answers to the user have ended, behind those that wait already, for
    /// [`request_timeout`](HubConfig::request_timeout) at most, which begins anew with its turn. At
    /// most 8 requests of a user wait, and about 16 MiB of all users; one more is refused with
    /// `AGENT_BUSY`.
    Queue,
    /// It is refused with `AGENT_BUSY`.
    Reject,
    /// It takes the place of that: what runs ends with `REQUEST_REPLACED`, and the host is told by
    /// [`Event::Cancelled`](super::Event::Cancelled).
    Replace,
}

impl WhileAnswering {
    /// The policies, by the names that files have for them.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("parallel", Self::Parallel),
        ("queue", Self::Queue),
        ("reject", Self::Reject),
        ("replace", Self::Replace),
    ];

    /// The policy of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(known, _)| *known == name).map(|(_, policy)| *policy)
    }
}

/// Who decides whether a token is good.
#[non_exhaustive]
pub enum Auth {
    /// A verifier, at once.
    Verifier(Box<dyn Verify + Send + Sync>),
    /// The host, in its own time, by [`Hub::authorize`](super::Hub::authorize).
    Host,
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Verifier(_) => "Auth::Verifier(..)",
            Self::Host => "Auth::Host",
        })
    }
}
