use core::time::Duration;

use super::*;

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
    let mut metrics = Metrics::new();
    let odd = metrics.routes.agent("a \"quoted\" \\ name\nof two lines");
    metrics.routes.increment(odd, RouteReason::Keyword);
    metrics.request_latency.record(Duration::from_millis(3));
    metrics.message_bytes.record(300);
    let text = text(&metrics);
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
    let mut metrics = Metrics::new();
    metrics.connections_active.add(3);
    metrics.connections_active.add(-1);
    metrics.messages.increment(MessageType::known("chat"), Direction::Inbound);
    metrics.messages.increment(MessageType::known("made_up"), Direction::Inbound);
    metrics.messages.increment(MessageType::known("invented"), Direction::Inbound);
    let text = text(&metrics);
    assert_eq!(value(&text, "websocket_connections_active"), Some(2.0));
    let chat = r#"websocket_messages_total{type="chat",direction="inbound"}"#;
    assert_eq!(value(&text, chat), Some(1.0));
    let other = r#"websocket_messages_total{type="other",direction="inbound"}"#;
    assert_eq!(value(&text, other), Some(2.0), "unknown types count as one");
}

#[test]
fn a_histogram_tells_exact_counts_below_each_bound() {
    let mut metrics = Metrics::new();
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
fn the_words_of_the_layers_above_are_label_values() {
    use crate::envelope::{ErrorCode, Kind};
    use crate::limits::{Class, Code};
    use crate::link;
    use crate::routing::Because;

    for reason in [
        Because::AgentId,
        Because::UnknownAgent,
        Because::MessageType,
        Because::Intent,
        Because::Keyword { word: "fuel" },
        Because::Default,
        Because::NoMatch,
    ] {
        assert_eq!(RouteReason::known(reason.as_str()).as_str(), reason.as_str());
    }
    for class in Class::ALL {
        assert_eq!(RateClass::of(class.as_str()).map(Label::as_str), Some(class.as_str()));
    }
    for class in link::Class::ALL {
        assert_eq!(CloseClass::known(class.as_str()).as_str(), class.as_str());
    }
    for code in [Code::Invalid, Code::RateLimited, Code::TooLarge] {
        assert_eq!(Refused::known(code.as_str()).as_str(), code.as_str());
        assert!(!matches!(ErrorCode::from(code.as_str()), ErrorCode::Unknown(_)));
    }
    // The server's own codes are words of the dialect, all of them.
    for label in Refused::ALL.iter().filter(|label| **label != Refused::Other) {
        assert!(!matches!(ErrorCode::from(label.as_str()), ErrorCode::Unknown(_)), "{label:?}");
    }
    // Every type that the dialect knows has a value of its own, and one that it does not has not.
    for label in MessageType::ALL {
        assert_eq!(MessageType::known(label.as_str()), *label);
    }
    for kind in Kind::ALL {
        assert_eq!(MessageType::known(kind.as_str()).as_str(), kind.as_str());
    }
    assert_eq!(MessageType::known("made_up"), MessageType::Other);
}

#[test]
fn agents_beyond_the_bound_count_as_other() {
    let mut agents = Agents::default();
    for number in 0..200 {
        let agent = agents.agent(&format!("agent-{number}"));
        agents.increment(agent, RouteReason::AgentId);
    }
    assert_eq!(agents.agent("agent-7"), agents.agent("agent-7"));
    let counts: Vec<(&str, u64)> =
        agents.iter().map(|(name, by)| (name, by.iter().sum())).collect();
    assert_eq!(counts.len(), Agents::MOST + 1);
    assert_eq!(counts[Agents::MOST], ("other", 200 - Agents::MOST as u64));
}

#[test]
fn merging_adds_everything() {
    let mut a = Metrics::new();
    let mut b = Metrics::new();
    for (first, agent) in [(true, "x"), (false, "y"), (false, "x")] {
        let metrics = if first { &mut a } else { &mut b };
        metrics.connections.increment();
        metrics.connections_active.add(2);
        metrics.closes.increment(CloseClass::known("authentication"));
        metrics.messages.increment(MessageType::Chat, Direction::Outbound);
        metrics.request_latency.record(Duration::from_millis(1));
        let agent = metrics.routes.agent(agent);
        metrics.routes.increment(agent, RouteReason::AgentId);
    }
    a.merge(&b);
    assert_eq!(a.connections.value(), 3);
    assert_eq!(a.connections_active.value(), 6);
    assert_eq!(a.closes.value(CloseClass::Authentication), 3);
    assert_eq!(a.messages.value(MessageType::Chat, Direction::Outbound), 3);
    assert_eq!(a.request_latency.nanos().count(), 3);
    let routes: Vec<(&str, u64)> = a.routes.iter().map(|(n, by)| (n, by.iter().sum())).collect();
    assert_eq!(routes, [("x", 2), ("y", 1), ("other", 0)]);
}

#[test]
fn a_snapshot_can_be_walked() {
    let snapshot = Metrics::new().snapshot();
    assert!(snapshot.iter().count() > 150);
    assert_eq!(
        snapshot.family("pamlink_closes_total").map(|f| f.samples.len()),
        Some(CloseClass::COUNT)
    );
    let zero = Snapshot { families: snapshot.families.clone() };
    assert_eq!(zero, snapshot);
}

#[test]
fn all_that_dashboards_and_operators_ask_for_is_there() {
    let snapshot = Metrics::new().snapshot();
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
        ("requests of a client and their ends", "pamlink_asks_total"),
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
fn an_agent_named_other_makes_no_second_sample_of_the_same_labels() {
    let mut metrics = Metrics::new();
    for number in 0..=Agents::MOST {
        let agent = metrics.routes.agent(&format!("agent-{number}"));
        metrics.routes.increment(agent, RouteReason::AgentId);
    }
    let other = metrics.routes.agent("other");
    metrics.routes.increment(other, RouteReason::AgentId);
    let text = text(&metrics);
    let sample = r#"pamlink_routes_total{agent="other",because="agent_id"}"#;
    assert_eq!(text.matches(sample).count(), 1);
    assert_eq!(value(&text, sample), Some(2.0));
}

#[test]
fn the_lives_of_many_links_add_up_beyond_64_bits_of_nanoseconds() {
    let mut metrics = Metrics::new();
    for _ in 0..3 {
        metrics.connection_duration.record(Duration::from_nanos(u64::MAX));
    }
    assert_eq!(metrics.connection_duration.nanos().sum(), 3 * u128::from(u64::MAX));
}
