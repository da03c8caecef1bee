//! The table "Bounds that meet" of `docs/configuration.md`: every relation that it states holds for
//! the defaults of both ends, and every bound and schedule stands in some row of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use pamlink::client::ClientConfig;
use pamlink::hub::HubConfig;
use pamlink::limits::RateClass;

/// The bounds and schedules of both ends, as the table names them: times in milliseconds, sizes in
/// bytes, everything else as a count. `client.` before those of a client.
fn bounds() -> BTreeMap<&'static str, u64> {
    let hub = HubConfig::default();
    let client = ClientConfig::default();
    let ms = |span: Duration| u64::try_from(span.as_millis()).unwrap();
    let bytes = |bytes: usize| u64::try_from(bytes).unwrap();
    let rate = |class| u64::from(hub.rates.rate(class).count);
    BTreeMap::from([
        ("links.max_per_user", u64::from(hub.max_links_per_user)),
        ("links.max_unauthenticated", u64::from(hub.max_unauthenticated)),
        ("links.max_unauthenticated_per_address", u64::from(hub.max_unauthenticated_per_address)),
        ("links.max_head_bytes", bytes(hub.link.handshake.max_head)),
        ("links.max_headers", bytes(hub.link.handshake.max_headers)),
        ("links.max_target_bytes", bytes(hub.link.handshake.max_target)),
        ("links.outbox_bytes", bytes(hub.link.outbox.max_bytes)),
        ("links.handshake_ms", ms(hub.link.patience.handshake)),
        ("messages.max_bytes", bytes(hub.link.frames.max_message)),
        ("messages.max_fragments", u64::from(hub.link.frames.max_fragments)),
        ("heartbeat.interval_ms", ms(hub.link.heartbeat.interval)),
        ("heartbeat.deadline_ms", ms(hub.link.heartbeat.deadline)),
        ("requests.max_per_link", u64::from(hub.max_requests_per_link)),
        ("requests.timeout_ms", ms(hub.request_timeout)),
        ("rate.messages", rate(RateClass::Message)),
        ("rate.connects", rate(RateClass::Connect)),
        ("rate.repeats", rate(RateClass::Repeat)),
        ("violations.max", u64::from(hub.max_violations)),
        ("violations.window_ms", ms(hub.violation_window)),
        ("duplicates.max_age_ms", ms(hub.window.max_age)),
        ("auth.grace_ms", ms(hub.token_grace)),
        ("auth_timeout_ms", ms(hub.auth_timeout)),
        ("client.outbox_bytes", bytes(client.link.link.outbox.max_bytes)),
        ("client.max_message_bytes", bytes(client.link.link.frames.max_message)),
        ("client.heartbeat.interval_ms", ms(client.link.link.heartbeat.interval)),
        ("client.heartbeat.deadline_ms", ms(client.link.link.heartbeat.deadline)),
        ("client.heartbeat.probe_ms", ms(client.link.link.heartbeat.probe)),
        ("client.handshake_ms", ms(client.link.link.patience.handshake)),
        ("client.dial_ms", ms(client.link.dial)),
        ("client.welcome_ms", ms(client.link.welcome.unwrap())),
        ("client.proven_ms", ms(client.link.proven)),
        ("client.backoff.first_ms", ms(client.link.backoff.first)),
        ("client.backoff.floor_ms", ms(client.link.backoff.floor)),
        ("client.backoff.cap_ms", ms(client.link.backoff.cap)),
        ("client.backoff.slow_ms", ms(client.link.backoff.slow)),
        ("client.token.lead_ms", ms(client.link.token.lead)),
        ("client.token.pause_ms", ms(client.link.token.pause)),
        ("client.token.patience_ms", ms(client.link.token.patience)),
        ("sessions.max_per_user", bytes(hub.sessions.user_sessions)),
        ("client.max_sessions", bytes(client.max_sessions)),
        ("client.max_requests", bytes(client.max_requests)),
        ("client.max_request_bytes", bytes(client.max_request_bytes)),
        ("client.request_timeout_ms", ms(client.request_timeout)),
        ("client.max_request_age_ms", ms(client.max_request_age)),
    ])
}

const DOCUMENT: &str = include_str!("../../docs/configuration.md");
const HEADING: &str = "## Bounds that meet";

/// The first cell of each row, without its backticks.
fn relations() -> Vec<&'static str> {
    let section = DOCUMENT.split_once(HEADING).expect("the section is there").1;
    let section = section.split_once("\n## ").map_or(section, |(section, _)| section);
    let first = |line: &'static str| line.strip_prefix("| `")?.split_once("` |").map(|it| it.0);
    section.lines().filter_map(first).collect()
}

/// `A <= B`, `A < B` or `A = B`, each side a sum of terms: a bound, a number, or `N x` a term.
fn holds(relation: &str, bounds: &BTreeMap<&str, u64>) -> Result<bool, String> {
    let (sign, (left, right)) = [" <= ", " < ", " = "]
        .into_iter()
        .find_map(|sign| Some((sign, relation.split_once(sign)?)))
        .ok_or_else(|| format!("`{relation}` compares nothing"))?;
    let (left, right) = (sum(left, bounds)?, sum(right, bounds)?);
    Ok(match sign {
        " <= " => left <= right,
        " < " => left < right,
        _ => left == right,
    })
}

fn sum(text: &str, bounds: &BTreeMap<&str, u64>) -> Result<u64, String> {
    text.split(" + ").map(|term| product(term, bounds)).sum()
}

fn product(text: &str, bounds: &BTreeMap<&str, u64>) -> Result<u64, String> {
    text.split(" x ")
        .map(|factor| match factor.parse() {
            Ok(number) => Ok(number),
            Err(_) => bounds.get(factor).copied().ok_or_else(|| format!("no bound `{factor}`")),
        })
        .product()
}

#[test]
fn every_relation_of_the_table_holds_for_the_defaults() {
    let bounds = bounds();
    for relation in relations() {
        assert_eq!(holds(relation, &bounds), Ok(true), "{relation}");
    }
}

#[test]
fn every_bound_stands_in_the_table() {
    let bounds = bounds();
    let words: BTreeSet<&str> = relations().into_iter().flat_map(str::split_whitespace).collect();
    for name in bounds.keys() {
        assert!(words.contains(name), "no row has {name}");
    }
}

#[test]
fn a_relation_that_does_not_hold_or_names_nothing_is_seen() {
    let bounds = BTreeMap::from([("a", 2), ("b", 5)]);
    assert_eq!(holds("2 x a + 1 = b", &bounds), Ok(true));
    assert_eq!(holds("b < a", &bounds), Ok(false));
    assert_eq!(holds("a <= c", &bounds), Err("no bound `c`".to_owned()));
    assert!(holds("a", &bounds).is_err());
}
