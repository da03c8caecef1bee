//! The metrics themselves.

use core::fmt;
use core::marker::PhantomData;

use super::histogram::Histogram;
use super::label::Label;
use super::labels::{
    AskOutcome, AuthFailure, CloseClass, Direction, Dropped, Duplicate, Eviction, HandshakeFailure,
    MessageType, PushOutcome, RateClass, Refused, RefusedConnection, RouteReason,
};

/// A number that only grows, modulo 2^64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter(u64);

impl Counter {
    /// One more.
    #[inline]
    pub const fn increment(&mut self) {
        self.add(1);
    }

    /// So many more.
    #[inline]
    pub const fn add(&mut self, more: u64) {
        self.0 = self.0.wrapping_add(more);
    }

    /// Takes over a total that is counted elsewhere.
    #[inline]
    pub const fn set_total(&mut self, total: u64) {
        self.0 = total;
    }

    /// The number.
    pub const fn value(self) -> u64 {
        self.0
    }
}

/// A number that goes up and down; saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gauge(i64);

impl Gauge {
    /// Sets the number.
    #[inline]
    pub const fn set(&mut self, value: i64) {
        self.0 = value;
    }

    /// Sets the number to a count or size.
    #[inline]
    pub fn set_size(&mut self, value: usize) {
        self.0 = i64::try_from(value).unwrap_or(i64::MAX);
    }

    /// Adds to the number, or takes away.
    #[inline]
    pub const fn add(&mut self, change: i64) {
        self.0 = self.0.saturating_add(change);
    }

    /// The number.
    pub const fn value(self) -> i64 {
        self.0
    }
}

/// One counter for each value of a label.
#[derive(Clone, PartialEq, Eq)]
pub struct By<L, const N: usize> {
    counts: [u64; N],
    label: PhantomData<L>,
}

impl<L: Label, const N: usize> By<L, N> {
    /// One more.
    #[inline]
    pub fn increment(&mut self, label: L) {
        self.add(label, 1);
    }

    /// So many more.
    #[inline]
    pub fn add(&mut self, label: L, more: u64) {
        let count = &mut self.counts[label.index()];
        *count = count.wrapping_add(more);
    }

    /// Takes over a total that is counted elsewhere.
    #[inline]
    pub fn set_total(&mut self, label: L, total: u64) {
        self.counts[label.index()] = total;
    }

    /// The count of one value.
    pub fn value(&self, label: L) -> u64 {
        self.counts[label.index()]
    }

    /// The sum over all values.
    pub fn total(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.wrapping_add(*count))
    }
}

impl<L: Label, const N: usize> Default for By<L, N> {
    fn default() -> Self {
        const { assert!(N == L::ALL.len()) };
        Self { counts: [0; N], label: PhantomData }
    }
}

impl<L: Label + fmt::Debug, const N: usize> fmt::Debug for By<L, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(L::ALL.iter().zip(&self.counts)).finish()
    }
}

/// One counter for each pair of values of two labels.
#[derive(Clone, PartialEq, Eq)]
pub struct ByTwo<A, B, const N: usize, const M: usize> {
    counts: [[u64; M]; N],
    labels: PhantomData<(A, B)>,
}

impl<A: Label, B: Label, const N: usize, const M: usize> ByTwo<A, B, N, M> {
    /// One more.
    #[inline]
    pub fn increment(&mut self, a: A, b: B) {
        let count = &mut self.counts[a.index()][b.index()];
        *count = count.wrapping_add(1);
    }

    /// So many more.
    #[inline]
    pub fn add(&mut self, a: A, b: B, more: u64) {
        let count = &mut self.counts[a.index()][b.index()];
        *count = count.wrapping_add(more);
    }

    /// The count of one pair.
    pub fn value(&self, a: A, b: B) -> u64 {
        self.counts[a.index()][b.index()]
    }
}

impl<A: Label, B: Label, const N: usize, const M: usize> Default for ByTwo<A, B, N, M> {
    fn default() -> Self {
        const { assert!(N == A::ALL.len() && M == B::ALL.len()) };
        Self { counts: [[0; M]; N], labels: PhantomData }
    }
}

impl<A: Label + fmt::Debug, B: Label, const N: usize, const M: usize> fmt::Debug
    for ByTwo<A, B, N, M>
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(A::ALL.iter().zip(&self.counts)).finish()
    }
}

/// The number of an agent's name in [`Agents`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Agent(u8);

/// The name of all agents that have no count of their own.
const OTHER: &str = "other";

/// One counter for each agent and reason. Names come from routing tables, which change; the first
/// [`Agents::MOST`] different ones count under their name, all later ones under `other`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agents {
    names: Vec<Box<str>>,
    counts: Vec<[u64; RouteReason::COUNT]>,
    other: [u64; RouteReason::COUNT],
}

impl Agents {
    /// How many names are held.
    pub const MOST: usize = 64;

    /// The number under which this name counts, for [`Agents::increment`]: look it up once when a
    /// table is loaded. Takes time in the number of names. An agent that is named `other` counts
    /// with all the others: two samples of the same labels would spoil the whole text.
    pub fn agent(&mut self, name: &str) -> Agent {
        let at = self.names.iter().position(|held| **held == *name).unwrap_or_else(|| {
            if name != OTHER && self.names.len() < Self::MOST {
                self.names.push(name.into());
                self.counts.push([0; RouteReason::COUNT]);
                self.names.len() - 1
            } else {
                Self::MOST
            }
        });
        Agent(u8::try_from(at).unwrap_or(u8::MAX))
    }

    /// One more decision.
    #[inline]
    pub fn increment(&mut self, agent: Agent, because: RouteReason) {
        let counts = self.counts.get_mut(usize::from(agent.0)).unwrap_or(&mut self.other);
        counts[because.index()] = counts[because.index()].wrapping_add(1);
    }

    /// All names with their counts in the order of [`RouteReason::ALL`](Label::ALL), `other` last.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u64; RouteReason::COUNT])> {
        let named = self.names.iter().map(|name| &**name).zip(&self.counts);
        named.chain(core::iter::once((OTHER, &self.other)))
    }

    fn merge(&mut self, others: &Self) {
        for (name, counts) in others.iter() {
            let at = usize::from(self.agent(name).0);
            let own = self.counts.get_mut(at).unwrap_or(&mut self.other);
            for (own, more) in own.iter_mut().zip(counts) {
                *own = own.wrapping_add(*more);
            }
        }
    }
}

/// How a metric is turned into samples, and how two become one.
pub(super) trait Merge {
    fn merge(&mut self, other: &Self);
}

impl Merge for Counter {
    fn merge(&mut self, other: &Self) {
        self.add(other.0);
    }
}

impl Merge for Gauge {
    fn merge(&mut self, other: &Self) {
        self.add(other.0);
    }
}

impl<L: Label, const N: usize> Merge for By<L, N> {
    fn merge(&mut self, other: &Self) {
        for (own, more) in self.counts.iter_mut().zip(&other.counts) {
            *own = own.wrapping_add(*more);
        }
    }
}

impl<A: Label, B: Label, const N: usize, const M: usize> Merge for ByTwo<A, B, N, M> {
    fn merge(&mut self, other: &Self) {
        let own = self.counts.iter_mut().flatten();
        for (own, more) in own.zip(other.counts.iter().flatten()) {
            *own = own.wrapping_add(*more);
        }
    }
}

impl Merge for Agents {
    fn merge(&mut self, other: &Self) {
        Self::merge(self, other);
    }
}

impl Merge for Histogram {
    fn merge(&mut self, other: &Self) {
        Self::merge(self, other);
    }
}

macro_rules! metrics {
    ($($(#[$mark:ident])? $field:ident: $type:ty = $name:literal, $help:literal;)+) => {
        /// Everything that an engine counts. Fields are public: whoever sees it happen counts it.
        #[derive(Clone, Debug, Default)]
        pub struct Metrics {
            $(#[doc = concat!($help, "\n\n`", $name, "`")] pub $field: $type,)+
        }

        impl Metrics {
            /// Adds all that another one counted; gauges are added too.
            pub fn merge(&mut self, other: &Self) {
                $(Merge::merge(&mut self.$field, &other.$field);)+
            }

            /// Calls `visit` with each metric, its name and its help.
            pub(super) fn visit(&self, visit: &mut dyn super::snapshot::Visit) {
                $(visit.metric($name, $help, &self.$field);)+
            }
        }
    };
}

metrics! {
    connections_active: Gauge = "websocket_connections_active",
        "Links that are open now.";
    connections: Counter = "pamlink_connections_total",
        "Links that were opened and welcomed.";
    connections_refused: By<RefusedConnection, { RefusedConnection::COUNT }> =
        "pamlink_connections_refused_total", "Connections that were not taken, by cause.";
    handshake_failures: By<HandshakeFailure, { HandshakeFailure::COUNT }> =
        "pamlink_handshake_failures_total", "Opening handshakes that failed, by cause.";
    auth_failures: By<AuthFailure, { AuthFailure::COUNT }> =
        "pamlink_auth_failures_total", "Tokens that were not taken, by cause.";
    users_active: Gauge = "pamlink_users_active",
        "Users with at least one open link.";
    messages: ByTwo<MessageType, Direction, { MessageType::COUNT }, { Direction::COUNT }> =
        "websocket_messages_total", "Messages by type and direction.";
    bytes: By<Direction, { Direction::COUNT }> =
        "pamlink_bytes_total", "Bytes of transport, by direction.";
    message_bytes: SizeHistogram = "pamlink_message_bytes",
        "Size of inbound messages in bytes.";
    duplicates: By<Duplicate, { Duplicate::COUNT }> =
        "pamlink_duplicates_total", "Repeated messages, by what came of them.";
    window_entries: Gauge = "pamlink_window_entries",
        "Messages that the duplicate window remembers.";
    window_memory: Gauge = "pamlink_window_bytes",
        "Memory of the duplicate window in bytes, results included.";
    window_evictions: By<Eviction, { Eviction::COUNT }> =
        "pamlink_window_evictions_total", "What left the duplicate window, by cause.";
    refusals: By<Refused, { Refused::COUNT }> =
        "pamlink_refusals_total", "Messages refused, by error code.";
    rate_limited: By<RateClass, { RateClass::COUNT }> =
        "pamlink_rate_limited_total", "Refusals because a user was ahead of its rate, by class.";
    rate_crowded: Counter = "pamlink_rate_table_full_total",
        "Refusals because the table of users was full.";
    violations_closed: Counter = "pamlink_violations_closed_total",
        "Links closed because their user broke too many rules.";
    closes: By<CloseClass, { CloseClass::COUNT }> =
        "pamlink_closes_total", "Links that ended, by class.";
    dials: Counter = "pamlink_dials_total",
        "Attempts of a client to connect.";
    reconnects: By<CloseClass, { CloseClass::COUNT }> = "pamlink_reconnects_total",
        "Links that a client opened again after a loss, by the class of the loss.";
    renewals: Counter = "pamlink_token_renewals_total",
        "Tokens that were renewed on an open link.";
    pings: By<Direction, { Direction::COUNT }> =
        "pamlink_pings_total", "Pings of both kinds, by direction.";
    pongs: By<Direction, { Direction::COUNT }> =
        "pamlink_pongs_total", "Pongs of both kinds, by direction.";
    round_trip: TimeHistogram = "pamlink_round_trip_seconds",
        "Time from a ping to its pong.";
    request_latency: TimeHistogram = "pamlink_request_latency_seconds",
        "Time from a request to its reply.";
    connection_duration: TimeHistogram = "pamlink_connection_duration_seconds",
        "How long links lived.";
    requests_active: Gauge = "pamlink_requests_active",
        "Requests that wait for their reply.";
    asks: By<AskOutcome, { AskOutcome::COUNT }> =
        "pamlink_asks_total", "Questions of a client, by how they ended.";
    pushes: By<PushOutcome, { PushOutcome::COUNT }> =
        "pamlink_pushes_total", "Pushes to users, by outcome.";
    routes: Agents = "pamlink_routes_total",
        "Routing decisions, by agent and by why.";
    overflow: By<Dropped, { Dropped::COUNT }> =
        "pamlink_overflow_total", "Outbound messages lost to a full queue, by cause.";
    buffered_bytes: Gauge = "pamlink_buffered_bytes",
        "Bytes that wait to be sent, over all links.";
}

impl Metrics {
    /// All zero.
    pub fn new() -> Self {
        Self::default()
    }
}

/// A histogram of times.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimeHistogram(Histogram);

impl TimeHistogram {
    /// Counts one time, to the nanosecond.
    #[inline]
    pub fn record(&mut self, time: core::time::Duration) {
        self.0.record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// The histogram, in nanoseconds.
    pub const fn nanos(&self) -> &Histogram {
        &self.0
    }
}

impl Merge for TimeHistogram {
    fn merge(&mut self, other: &Self) {
        self.0.merge(&other.0);
    }
}

/// A histogram of sizes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SizeHistogram(Histogram);

impl SizeHistogram {
    /// Counts one size in bytes.
    #[inline]
    pub fn record(&mut self, bytes: usize) {
        self.0.record(bytes as u64);
    }

    /// The histogram, in bytes.
    pub const fn bytes(&self) -> &Histogram {
        &self.0
    }
}

impl Merge for SizeHistogram {
    fn merge(&mut self, other: &Self) {
        self.0.merge(&other.0);
    }
}
