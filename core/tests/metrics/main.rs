//! Every metric moves: a hub and a client feed each family by what their hosts see them do.

mod days;
mod scripted;
mod sessions;
mod world;

use std::collections::BTreeSet;

use pamlink::hub::HubConfig;
use pamlink::metrics::{Sample, SampleValue, Snapshot};

use crate::days::{
    a_bad_day, a_day, a_day_in_both_dialects, a_day_on_a_quiet_way, a_day_with_a_planned_change,
};
use crate::sessions::a_day_of_sessions;
use crate::world::World;

#[test]
fn every_family_is_fed() {
    let worlds = [
        a_day_in_both_dialects(),
        a_bad_day(),
        a_day_on_a_quiet_way(),
        a_day_with_a_planned_change(),
        a_day_of_sessions().0,
    ];
    let all: BTreeSet<_> = worlds[0].hub.metrics().families.iter().map(|it| it.name).collect();
    let fed: BTreeSet<_> =
        worlds.iter().flat_map(|it| it.moved.iter().flatten().copied()).collect();
    assert_eq!(all.difference(&fed).collect::<Vec<_>>(), [&""; 0], "families that nobody feeds");
}

/// Only a client asks and dials; only a hub admits. The rest both feed.
#[test]
fn either_side_feeds_its_own() {
    let world = a_day_in_both_dialects();
    let only_hub = [
        "pamlink_cancels_total",
        "pamlink_duplicates_total",
        "pamlink_pushes_total",
        "pamlink_refusals_total",
        "pamlink_routes_total",
        "pamlink_session_gaps_total",
        "pamlink_session_opens_total",
        "pamlink_session_replayed_bytes_total",
        "pamlink_sessions_active",
        "pamlink_stream_follows_total",
        "pamlink_stream_replayed_bytes_total",
        "pamlink_streams_active",
        "pamlink_streams_ended_total",
        "pamlink_users_active",
        "pamlink_window_bytes",
        "pamlink_window_entries",
        "pamlink_window_evictions_total",
    ];
    let only_client = ["pamlink_requests_total", "pamlink_dials_total", "pamlink_reconnects_total"];
    let [hub, client] = &world.moved;
    let both: BTreeSet<_> = hub.union(client).copied().collect();
    let without = |names: &[&str]| both.iter().copied().filter(|it| !names.contains(it)).collect();
    let (of_hub, of_client): (BTreeSet<_>, BTreeSet<_>) =
        (without(&only_client), without(&only_hub));
    assert_eq!((hub, client), (&of_hub, &of_client));
}

#[test]
fn counts_are_what_happened() {
    let world = a_day();
    let (hub, client) = (world.hub.metrics(), world.apps[0].client.metrics());
    for (name, labels, of_hub, of_client) in [
        ("pamlink_dials_total", &[][..], 0, 2),
        ("pamlink_connections_total", &[], 2, 2),
        ("websocket_connections_active", &[], 1, 1),
        ("pamlink_reconnects_total", &["network"], 0, 1),
        ("pamlink_closes_total", &["network"], 1, 1),
        ("pamlink_connection_duration_seconds", &[], 1, 1),
        ("pamlink_requests_total", &["answered"], 0, 3),
        ("pamlink_request_latency_seconds", &[], 4, 3),
        ("pamlink_token_renewals_total", &[], 1, 1),
        ("pamlink_requests_active", &[], 0, 0),
        ("websocket_messages_total", &["chat", "outbound"], 0, 5),
        ("websocket_messages_total", &["chat", "inbound"], 5, 0),
        // The probe of the client, and the heartbeat of the server. After each of two upgrades
        // the server sends a pong that nobody asked for.
        ("pamlink_pings_total", &["outbound"], 1, 1),
        ("pamlink_pings_total", &["inbound"], 1, 1),
        ("pamlink_pongs_total", &["outbound"], 3, 1),
        ("pamlink_pongs_total", &["inbound"], 1, 3),
        ("pamlink_round_trip_seconds", &[], 1, 1),
        ("websocket_messages_total", &["ping", "outbound"], 1, 1),
        ("websocket_messages_total", &["pong", "inbound"], 1, 1),
        ("websocket_messages_total", &["auth", "inbound"], 1, 0),
        ("websocket_messages_total", &["auth", "outbound"], 0, 1),
    ] {
        assert_eq!(count(&hub, name, labels), of_hub, "{name} {labels:?} of the hub");
        assert_eq!(count(&client, name, labels), of_client, "{name} {labels:?} of the client");
    }
    let bytes = |snapshot, direction| count(snapshot, "pamlink_bytes_total", &[direction]);
    assert_eq!(bytes(&hub, "inbound"), bytes(&client, "outbound"));
    assert_eq!(bytes(&hub, "outbound"), bytes(&client, "inbound"));
}

/// Dashboards and alerts are built on these: a name that is not in the file is announced in the
/// changelog before it is written there.
#[test]
fn the_names_of_metrics_and_labels_stay() {
    let snapshot = World::new(HubConfig::default()).hub.metrics();
    let mut names = Vec::new();
    for family in &snapshot.families {
        let kind = format!("{:?}", family.kind).to_lowercase();
        if family.samples.is_empty() {
            names.push(format!("{} {kind}", family.name));
        }
        for sample in &family.samples {
            let labels = sample.labels.iter().map(|(label, text)| format!("{label}=\"{text}\""));
            let labels = labels.collect::<Vec<_>>().join(",");
            let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
            names.push(format!("{}{labels} {kind}", family.name));
        }
    }
    names.sort();
    let held: Vec<&str> = include_str!("names.txt").lines().collect();
    let new: Vec<&String> = names.iter().filter(|name| !held.contains(&name.as_str())).collect();
    let gone: Vec<&&str> = held.iter().filter(|name| !names.iter().any(|it| it == *name)).collect();
    assert!(new.is_empty() && gone.is_empty(), "new: {new:?}, gone: {gone:?}");
    assert_eq!(names, held, "sorted, each once");
}

/// The count of the first sample of a family that has these values of labels.
fn count(snapshot: &Snapshot, name: &str, labels: &[&str]) -> u64 {
    let samples = &snapshot.family(name).unwrap().samples;
    let of = |sample: &&Sample| {
        labels.iter().all(|label| sample.labels.iter().any(|(_, value)| value == label))
    };
    match &samples.iter().find(of).unwrap().value {
        SampleValue::Counter(count) => *count,
        SampleValue::Gauge(value) => value.unsigned_abs(),
        SampleValue::Histogram(buckets) => buckets.count,
    }
}
