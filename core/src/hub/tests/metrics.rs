//! What the hub counts.

use core::time::Duration;

use super::support::Host;
use crate::metrics::{Sample, SampleValue};

/// The counts of a metric that are not zero, each with the values of its labels.
pub(super) fn counts(host: &Host, name: &str) -> Vec<(String, u64)> {
    let snapshot = host.hub.metrics();
    let count = |sample: &Sample| match sample.value {
        SampleValue::Counter(count) => count,
        _ => panic!("{name} is a counter"),
    };
    let labels = |sample: &Sample| {
        sample.labels.iter().map(|(_, value)| value.to_string()).collect::<Vec<_>>().join(" ")
    };
    let samples = &snapshot.family(name).unwrap().samples;
    let counted = samples.iter().map(|sample| (labels(sample), count(sample)));
    counted.filter(|(_, count)| *count > 0).collect()
}

#[test]
fn every_decision_is_counted_once_with_its_reason() {
    let mut host = Host::new();
    let ada = host.open("ada");
    host.say(ada, r#"{"type":"chat","id":1,"agent":"health","message":"x"}"#);
    host.say(ada, r#"{"type":"chat","id":2,"message":"my budget"}"#);
    host.say(ada, r#"{"type":"chat","id":3,"message":"well"}"#);
    host.say(ada, r#"{"type":"chat","id":3,"message":"well"}"#);
    host.say(ada, r#"{"type":"chat","id":4,"agent":"nobody","message":"x"}"#);
    let expected = [
        ("health agent_id", 1),
        ("finance keyword", 1),
        ("chat default", 1),
        ("error_handler unknown_agent", 1),
    ];
    let expected = expected.map(|(labels, count)| (labels.to_owned(), count));
    assert_eq!(counts(&host, "pamlink_routes_total"), expected);
    assert_eq!(counts(&host, "pamlink_duplicates_total"), [("attached".to_owned(), 1)]);
}

#[test]
fn a_handshake_that_fails_is_counted_by_its_cause() {
    let mut host = Host::new();
    host.open("ada");
    for (head, cause) in [
        ("garbage\r\n\r\n", "malformed"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            "method",
        ),
    ] {
        let before = counts(&host, "pamlink_handshake_failures_total").len();
        let link = host.hub.accept(host.now).unwrap();
        host.hub.handle_bytes(host.now, link, head.as_bytes()).unwrap();
        while host.hub.poll_event().is_some() {}
        let after = counts(&host, "pamlink_handshake_failures_total");
        assert_eq!(after.len(), before + 1, "{after:?}");
        assert!(after.contains(&(cause.to_owned(), 1)), "{after:?}");
    }
}

#[test]
fn pings_pongs_and_the_time_between_them_are_counted() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.pass(Duration::from_secs(20));
    host.pass(Duration::from_millis(80));
    host.say(link, r#"{"type":"pong"}"#);
    host.say(link, r#"{"type":"pong"}"#);
    assert_eq!(counts(&host, "pamlink_pings_total"), [("outbound".to_owned(), 1)]);
    // The pong that follows the upgrade is one as well.
    let pongs = [("inbound".to_owned(), 2), ("outbound".to_owned(), 1)];
    assert_eq!(counts(&host, "pamlink_pongs_total"), pongs);
    let snapshot = host.hub.metrics();
    let SampleValue::Histogram(round_trip) =
        &snapshot.family("pamlink_round_trip_seconds").unwrap().samples[0].value
    else {
        panic!("a histogram")
    };
    // The first ping is up to a quarter of the interval early.
    assert!(round_trip.count == 1 && round_trip.sum >= 0.08 && round_trip.sum < 5.1);
}
