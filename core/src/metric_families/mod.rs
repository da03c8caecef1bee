//! All that an engine counts.

#[cfg(feature = "hub")]
mod agents;
mod outcomes;
#[cfg(all(test, feature = "hub"))]
mod tests;

pub(crate) use self::outcomes::{PushOutcome, RefusedConnection, RequestOutcome};

#[cfg(feature = "hub")]
use self::agents::Agents;
use crate::dedup::{Duplicate, Eviction};
use crate::envelope::v1::{Answer, CancelOutcome, How};
use crate::envelope::{ErrorCode, Kind};
use crate::limits;
use crate::link::{self, AuthFailure, HandshakeFailure, Overflow, Overflowed, PingCounts};
use crate::metrics::{
    By, ByTwo, Counter, Direction, Family, Gauge, Label, Samples, SizeHistogram, Snapshot,
    TimeHistogram,
};

/// A counter for each value of a label.
macro_rules! by {
    ($label:ty) => { By<$label, { <$label as Label>::TEXTS.len() }> };
}

/// A counter for each pair of values of two labels.
macro_rules! by_two {
    ($a:ty, $b:ty) => {
        ByTwo<$a, $b, { <$a as Label>::TEXTS.len() }, { <$b as Label>::TEXTS.len() }>
    };
}

macro_rules! metrics {
    ($($(#[$cfg:meta])? $field:ident: $type:ty = $name:literal, $help:literal;)+) => {
        /// All that an engine counts. Fields are open: whoever sees it happen counts it.
        #[derive(Clone, Debug, Default)]
        pub(crate) struct Metrics {
            $(
                $(#[$cfg])?
                #[doc = concat!($help, "\n\n`", $name, "`")]
                pub(crate) $field: $type,
            )+
        }

        impl Metrics {
            /// A copy of everything, for a host to publish.
            pub(crate) fn snapshot(&self) -> Snapshot {
                let family = |name, help, metric: &dyn Samples| {
                    Family { name, help, kind: metric.kind(), samples: metric.samples() }
                };
                Snapshot { families: vec![$($(#[$cfg])? family($name, $help, &self.$field),)+] }
            }
        }
    };
}

metrics! {
    connections_active: Gauge = "websocket_connections_active",
        "Links that are open now.";
    connections: Counter = "pamlink_connections_total",
        "Links that were opened and welcomed.";
    connections_refused: by!(RefusedConnection) =
        "pamlink_connections_refused_total", "Connections that were not taken, by cause.";
    handshake_failures: by!(HandshakeFailure) =
        "pamlink_handshake_failures_total", "Opening handshakes that failed, by cause.";
    auth_failures: by!(AuthFailure) =
        "pamlink_auth_failures_total", "Tokens that were not taken, by cause.";
    users_active: Gauge = "pamlink_users_active",
        "Users with at least one open link.";
    messages: by_two!(Kind<'static>, Direction) =
        "websocket_messages_total", "Messages by type and direction.";
    bytes: by!(Direction) =
        "pamlink_bytes_total", "Bytes of transport, by direction.";
    message_bytes: SizeHistogram = "pamlink_message_bytes",
        "Size of inbound messages in bytes.";
    duplicates: by!(Duplicate) =
        "pamlink_duplicates_total", "Repeated messages, by what came of them.";
    window_entries: Gauge = "pamlink_window_entries",
        "Messages that the duplicate window remembers.";
    window_memory: Gauge = "pamlink_window_bytes",
        "Memory of the duplicate window in bytes, results included.";
    window_evictions: by!(Eviction) =
        "pamlink_window_evictions_total", "What left the duplicate window, by cause.";
    refusals: by!(ErrorCode<'static>) =
        "pamlink_refusals_total", "Messages refused, by error code.";
    rate_limited: by!(limits::RateClass) =
        "pamlink_rate_limited_total", "Refusals because a user was ahead of its rate, by class.";
    rate_crowded: Counter = "pamlink_rate_table_full_total",
        "Refusals because the table of users was full.";
    violations_closed: Counter = "pamlink_violations_closed_total",
        "Links closed because their user broke too many rules.";
    closes: by!(link::CloseClass) =
        "pamlink_closes_total", "Links that ended, by class.";
    dials: Counter = "pamlink_dials_total",
        "Attempts of a client to connect.";
    reconnects: by!(link::CloseClass) = "pamlink_reconnects_total",
        "Links that a client opened again after a loss, by the class of the loss.";
    changes: Counter = "pamlink_planned_changes_total",
        "Links that a client has left once another had taken their place.";
    renewals: Counter = "pamlink_token_renewals_total",
        "Tokens that were renewed on an open link.";
    pings: by!(Direction) =
        "pamlink_pings_total", "Pings of both kinds, by direction.";
    pongs: by!(Direction) =
        "pamlink_pongs_total", "Pongs of both kinds, by direction.";
    heartbeats_shortened: Counter = "pamlink_heartbeats_shortened_total",
        "Times that a client shortened its heartbeat, because quiet links were cut.";
    round_trip: TimeHistogram = "pamlink_round_trip_seconds",
        "Time from a ping to its pong.";
    request_latency: TimeHistogram = "pamlink_request_latency_seconds",
        "Time from a request to its reply.";
    connection_duration: TimeHistogram = "pamlink_connection_duration_seconds",
        "How long links lived.";
    requests_active: Gauge = "pamlink_requests_active",
        "Requests that wait for their reply.";
    requests: by!(RequestOutcome) =
        "pamlink_requests_total", "Requests of a client, by how they ended.";
    pushes: by!(PushOutcome) =
        "pamlink_pushes_total", "Pushes to users, by outcome.";
    #[cfg(feature = "hub")]
    routes: Agents = "pamlink_routes_total",
        "Routing decisions, by agent and by why.";
    sessions_active: Gauge = "pamlink_sessions_active",
        "Sessions, those without a link included.";
    session_opens: by!(Answer) =
        "pamlink_session_opens_total", "Sessions that were opened or resumed, by the answer.";
    session_gaps: Counter = "pamlink_session_gaps_total",
        "Times that something a client had sent in a session was lost; of what the hub had sent, \
         sessions were opened with the answer gap.";
    session_replayed: Counter = "pamlink_session_replayed_bytes_total",
        "Bytes that were sent again when a session was resumed.";
    streams_active: Gauge = "pamlink_streams_active",
        "Streams that grow or are read.";
    stream_follows: by!(Answer) = "pamlink_stream_follows_total",
        "Readers that were told where in a stream they go on, by the answer.";
    stream_replayed: Counter = "pamlink_stream_replayed_bytes_total",
        "Bytes of text that readers were sent of what a stream had before they followed it.";
    streams_ended: by!(How<'static>) =
        "pamlink_streams_ended_total", "Streams that ended, by how.";
    cancels: by!(CancelOutcome<'static>) =
        "pamlink_cancels_total", "Cancelled streams, by what came of it.";
    overflow: by!(Overflow) =
        "pamlink_overflow_total", "Outbound messages lost to a full queue, by cause.";
    buffered_bytes: Gauge = "pamlink_buffered_bytes",
        "Bytes that wait to be sent, over all links.";
}

impl PingCounts {
    /// Counts them where they belong.
    #[inline]
    pub(crate) fn add_to(self, metrics: &mut Metrics) {
        if self == Self::default() {
            return;
        }
        metrics.pings.add(Direction::Inbound, self.pings_in.into());
        metrics.pongs.add(Direction::Inbound, self.pongs_in.into());
        metrics.pings.add(Direction::Outbound, self.pings_out.into());
        metrics.pongs.add(Direction::Outbound, self.pongs_out.into());
        metrics.messages.add(Kind::Ping, Direction::Outbound, self.pings_out.into());
    }
}

impl Overflowed {
    /// Counts what was lost.
    pub(crate) fn add_to(&self, metrics: &mut Metrics) {
        metrics.overflow.add(self.policy, self.messages);
    }
}
