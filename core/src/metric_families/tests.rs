use core::time::Duration;

use super::*;
use crate::metrics::{Sample, SampleValue, prometheus};
use crate::routing::{Decision, Query, Router, Table};
use crate::seed::Seed;
use crate::time::Mono;

fn text(metrics: &Metrics) -> String {
    let mut text = String::new();
    prometheus::write(&metrics.snapshot(), &mut text);
    text
}

fn value(text: &str, sample: &str) -> Option<f64> {
    let line = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.and_then(|value| value.parse().ok())
}

/// A valid metric or label name: `[a-zA-Z_:][a-zA-Z0-9_:]*`.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Reads one sample line by the rules of the format, escapes included.
fn read_sample(line: &str) -> (String, Vec<(String, String)>, f64) {
    let end = line.find(['{', ' ']).expect("a name ends");
    let (name, mut rest) = line.split_at(end);
    let mut labels = Vec::new();
    if let Some(inside) = rest.strip_prefix('{') {
        rest = inside;
        loop {
            let (label, after) = rest.split_once("=\"").expect("a label has a value");
            let mut text = String::new();
            let mut chars = after.char_indices();
            let end = loop {
                match chars.next().expect("a value ends") {
                    (at, '"') => break at,
                    (_, '\\') => match chars.next().expect("an escape").1 {
                        'n' => text.push('\n'),
                        c @ ('\\' | '"') => text.push(c),
                        c => panic!("unknown escape {c}"),
                    },
                    (_, c) => text.push(c),
                }
            };
            labels.push((label.to_owned(), text));
            rest = &after[end + 1..];
            match rest.strip_prefix(',') {
                Some(more) => rest = more,
                None => break,
            }
        }
        rest = rest.strip_prefix('}').expect("labels end");
    }
    let value = rest.strip_prefix(' ').expect("one space before the value");
    (name.to_owned(), labels, value.parse().expect("a number"))
}

#[test]
fn the_text_follows_the_rules_of_the_format() {
    let mut metrics = Metrics::default();
    metrics.request_latency.record(Duration::from_millis(3));
    metrics.message_bytes.record(300);
    let mut snapshot = metrics.snapshot();
    let routes = snapshot.families.iter_mut().find(|it| it.name == "pamlink_routes_total").unwrap();
    let odd = ("agent", "a \"quoted\" \\ name\nof two lines".into());
    let labels = vec![odd, ("because", "keyword".into())];
    routes.samples.push(Sample { labels, value: SampleValue::Counter(1) });
    let mut text = String::new();
    prometheus::write(&snapshot, &mut text);
    assert!(text.ends_with('\n') && !text.contains("\n\n"));

    let mut seen = Vec::new();
    let mut samples = std::collections::HashSet::new();
    let mut lines = text.lines().peekable();
    while let Some(help) = lines.next() {
        let (name, help) = help.strip_prefix("# HELP ").and_then(|l| l.split_once(' ')).unwrap();
        assert!(is_name(name) && !help.is_empty());
        assert!(name.starts_with("pamlink_") || name.starts_with("websocket_"));
        assert!(!seen.contains(&name.to_owned()), "all lines of {name} stand together");
        let (typed, kind) =
            lines.next().and_then(|l| l.strip_prefix("# TYPE ")?.split_once(' ')).unwrap();
        assert_eq!(typed, name);
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
        let mut bounds = Vec::new();
        let mut last = None;
        while let Some(line) = lines.next_if(|line| !line.starts_with('#')) {
            let (sample, labels, value) = read_sample(line);
            assert!(samples.insert(line.rsplit_once(' ').unwrap().0.to_owned()), "twice: {line}");
            assert!(labels.iter().all(|(label, _)| is_name(label)));
            if kind == "histogram" {
                match sample.strip_prefix(name).unwrap() {
                    "_bucket" => {
                        let le = &labels.iter().find(|(label, _)| label == "le").unwrap().1;
                        bounds.push((le.parse::<f64>().unwrap_or(f64::INFINITY), value));
                        last = Some(le.clone());
                    }
                    "_count" => assert_eq!(bounds.last().unwrap().1, value),
                    "_sum" => {}
                    other => panic!("{other}"),
                }
            } else {
                assert_eq!(sample, name);
                assert!(labels.iter().all(|(label, _)| label != "le"));
            }
        }
        assert!(bounds.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1));
        assert!(kind != "histogram" || last.as_deref() == Some("+Inf"));
        seen.push(name.to_owned());
    }
    let because = text.lines().find(|line| line.starts_with("pamlink_routes_total{")).unwrap();
    let agent = &read_sample(because).1[0];
    assert_eq!(agent, &("agent".to_owned(), "a \"quoted\" \\ name\nof two lines".to_owned()));
}

#[test]
fn the_names_of_existing_dashboards_stay() {
    let mut metrics = Metrics::default();
    metrics.connections_active.add(3);
    metrics.connections_active.add(-1);
    metrics.messages.increment(Kind::Chat, Direction::Inbound);
    metrics.messages.increment(Kind::from("made_up"), Direction::Inbound);
    metrics.messages.increment(Kind::from("invented"), Direction::Inbound);
    let text = text(&metrics);
    assert_eq!(value(&text, "websocket_connections_active"), Some(2.0));
    let chat = r#"websocket_messages_total{type="chat",direction="inbound"}"#;
    assert_eq!(value(&text, chat), Some(1.0));
    let other = r#"websocket_messages_total{type="other",direction="inbound"}"#;
    assert_eq!(value(&text, other), Some(2.0), "unknown types count as one");
}

#[test]
fn a_histogram_tells_exact_counts_below_each_bound() {
    let mut metrics = Metrics::default();
    metrics.message_bytes.record(1_024);
    metrics.message_bytes.record(1_025);
    metrics.round_trip.record(Duration::from_nanos(1 << 20));
    let text = text(&metrics);
    assert_eq!(value(&text, r#"pamlink_message_bytes_bucket{le="1024"}"#), Some(1.0));
    assert_eq!(value(&text, r#"pamlink_message_bytes_bucket{le="2048"}"#), Some(2.0));
    assert_eq!(value(&text, r#"pamlink_message_bytes_bucket{le="+Inf"}"#), Some(2.0));
    assert_eq!(value(&text, "pamlink_message_bytes_sum"), Some(2_049.0));
    let below = r#"pamlink_round_trip_seconds_bucket{le="0.000524288"}"#;
    assert_eq!(value(&text, below), Some(0.0));
    let at = r#"pamlink_round_trip_seconds_bucket{le="0.001048576"}"#;
    assert_eq!(value(&text, at), Some(1.0));
}

#[test]
fn a_snapshot_can_be_walked() {
    let snapshot = Metrics::default().snapshot();
    assert!(snapshot.iter().count() > 150);
    assert_eq!(
        snapshot.family("pamlink_closes_total").map(|f| f.samples.len()),
        Some(<link::CloseClass as Label>::TEXTS.len())
    );
    let zero = Snapshot { families: snapshot.families.clone() };
    assert_eq!(zero, snapshot);
}

#[test]
fn all_that_dashboards_and_operators_ask_for_is_there() {
    let snapshot = Metrics::default().snapshot();
    for (wanted, name) in [
        // What existing dashboards show.
        ("connections now", "websocket_connections_active"),
        ("messages by type and direction", "websocket_messages_total"),
        ("connections ever", "pamlink_connections_total"),
        ("unique users", "pamlink_users_active"),
        ("reason of a disconnect", "pamlink_closes_total"),
        ("duration of a connection", "pamlink_connection_duration_seconds"),
        ("size of a message", "pamlink_message_bytes"),
        ("response time", "pamlink_request_latency_seconds"),
        ("pings sent", "pamlink_pings_total"),
        ("pongs received", "pamlink_pongs_total"),
        ("last latency", "pamlink_round_trip_seconds"),
        ("requests of a client and their ends", "pamlink_requests_total"),
        ("reconnects", "pamlink_reconnects_total"),
        ("token renewals", "pamlink_token_renewals_total"),
        // What operators missed there.
        ("connections that failed", "pamlink_connections_refused_total"),
        ("handshakes that failed", "pamlink_handshake_failures_total"),
        ("tokens that failed", "pamlink_auth_failures_total"),
        ("growth of the duplicate window", "pamlink_window_entries"),
        ("memory of the duplicate window", "pamlink_window_bytes"),
        ("duplicates", "pamlink_duplicates_total"),
        ("errors", "pamlink_refusals_total"),
        ("rate limits", "pamlink_rate_limited_total"),
    ] {
        assert!(snapshot.family(name).is_some(), "{wanted}: {name}");
    }
}

#[test]
fn the_lives_of_many_links_add_up_beyond_64_bits_of_nanoseconds() {
    let mut metrics = Metrics::default();
    for _ in 0..3 {
        metrics.connection_duration.record(Duration::from_nanos(u64::MAX));
    }
    assert_eq!(metrics.connection_duration.nanos().sum(), 3 * u128::from(u64::MAX));
}

/// Every word that has a text of its own counts under this text.
#[test]
fn labels_say_what_the_words_say() {
    fn text<L: Label>(label: L) -> &'static str {
        L::TEXTS[label.index()]
    }
    for kind in Kind::ALL {
        assert_eq!(text(kind), kind.as_str());
    }
    for foreign in ["connection_established", "heartbeat", "test", "voice_input"] {
        assert_eq!(text(Kind::from(foreign)), foreign);
    }
    assert_eq!(text(Kind::from("made_up")), "other");
    for code in ErrorCode::ALL {
        assert!([code.as_str(), "other"].contains(&text(code)), "{code}");
    }
    // The codes of a hub, which a counter must not throw together.
    for code in [ErrorCode::RateLimitExceeded, ErrorCode::ProcessingError, ErrorCode::AgentBusy] {
        assert_eq!(text(&code), code.as_str());
    }
    for class in limits::RateClass::ALL {
        assert_eq!(text(class), class.as_str());
    }
    for class in link::CloseClass::ALL {
        assert_eq!(text(class), class.as_str());
    }
}

/// The reasons of a route, and what keeps a message from one.
#[test]
fn a_route_is_counted_by_what_led_to_it() {
    let table = r#"{"version":"1","error_handler":{"id":"e"},"default":"b","agents":[
        {"id":"a","keywords":["fuel"],"intents":["drive"],"types":["voice"],"concurrency":1,"fallback":["b"]},
        {"id":"b","concurrency":1}]}"#;
    let mut router = Router::new(Table::from_json(table).unwrap().into(), Seed::from_number(1));
    let mut reason = |query: Query<'_>, done: bool| {
        let decision = router.route(Mono::ZERO, &query);
        let (text, ticket) = (Decision::TEXTS[decision.index()], decision.ticket);
        if let Some(ticket) = ticket.filter(|_| done) {
            router.finished(Mono::ZERO, ticket, crate::routing::Outcome::Success);
        }
        text
    };
    let of = |text| Query { text, kind: "chat", ..Query::default() };
    assert_eq!(reason(Query { agent: Some("a"), ..of("") }, true), "agent_id");
    assert_eq!(reason(Query { agent: Some("x"), ..of("") }, true), "unknown_agent");
    assert_eq!(reason(Query { kind: "voice", ..of("") }, true), "message_type");
    assert_eq!(reason(Query { intent: Some("drive"), ..of("") }, true), "intent");
    assert_eq!(reason(of("where is fuel"), true), "keyword");
    assert_eq!(reason(of(""), true), "default");
    assert_eq!(reason(of("fuel"), false), "keyword");
    assert_eq!(reason(of("fuel"), false), "fallback");
    assert_eq!(reason(of("fuel"), false), "unavailable");
}
