//! The table "Bounds that meet" of `docs/configuration.md`: every relation that it states holds for
//! the defaults of both ends, and every bound and schedule stands in some row of it. The table of
//! constants of `docs/protocol-v1.md`: every default that a member sets is that of the member.

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
    let (session, streams) = (&hub.sessions.session, &hub.sessions.streams);
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
        ("sessions.window_envelopes", u64::from(session.window_envelopes)),
        ("sessions.window_bytes", u64::from(session.window_bytes)),
        ("sessions.queue_envelopes", bytes(session.queue_envelopes)),
        ("sessions.ack_envelopes", u64::from(session.ack_envelopes)),
        ("sessions.ack_bytes", u64::from(session.ack_bytes)),
        ("sessions.time_to_live_ms", ms(session.time_to_live)),
        ("sessions.keep_ms", ms(session.keep)),
        ("streams.reader_credit", bytes(streams.reader_credit)),
        ("streams.flush_bytes", bytes(streams.flush_bytes)),
        ("streams.reader_lease_ms", ms(streams.reader_lease)),
        ("streams.producer_lease_ms", ms(streams.producer_lease)),
        ("streams.cancel_keep_ms", ms(streams.cancel_keep)),
        ("streams.reader_streams", u64::from(streams.reader_streams)),
        ("streams.stream_readers", u64::from(streams.stream_readers)),
        ("log.keep_ms", ms(hub.stream_log.keep)),
        ("log.owner_streams", u64::from(hub.stream_log.owner_streams)),
        // Of the program, whose table of members says what it does.
        ("drain.spread_ms", default_of("drain.spread_ms").unwrap()),
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

/// The table of constants: what each is called, its default, and the member that sets it.
fn constants() -> Vec<(&'static str, &'static str, &'static str)> {
    let document = include_str!("../../docs/protocol-v1.md");
    let section = document.split_once("\n## 12. Constants\n").expect("the section is there").1;
    let rows = section.lines().filter(|line| line.starts_with("| ")).skip(1);
    rows.map(|row| {
        let cells: Vec<_> = row.trim_matches('|').split('|').map(str::trim).collect();
        let [name, default, member, _clause, why] = *cells else { panic!("{row}: five cells") };
        assert!(!why.is_empty(), "{name} has no reason");
        (name, default, member.trim_matches('`'))
    })
    .collect()
}

/// The default of a member, as the table of members has it.
fn default_of(member: &str) -> Option<u64> {
    let begin = format!("| `{member}` | ");
    let row = DOCUMENT.lines().find_map(|line| line.strip_prefix(&begin))?;
    row.split('|').nth(1)?.trim().parse().ok()
}

/// `512`, `1,024`, `256 KiB`, `40 ms`: in bytes, milliseconds, or as a count.
fn number(text: &str) -> Option<u64> {
    let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
    let number: u64 = number.replace(',', "").parse().ok()?;
    let times = match unit {
        "" | "ms" => 1,
        "s" => 1_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        _ => return None,
    };
    Some(number * times)
}

#[test]
fn the_constants_of_the_dialect_are_the_defaults() {
    let constants = constants();
    let set: Vec<_> = constants.iter().filter(|(_, _, member)| *member != "fixed").collect();
    assert!(set.len() > 20, "{} of {} constants", set.len(), constants.len());
    for (name, default, member) in set {
        let of_member = default_of(member);
        assert!(of_member.is_some(), "{name}: no member {member} with a number");
        assert_eq!(number(default), of_member, "{name}");
    }
}
