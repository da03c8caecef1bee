//! The configuration: what it accepts, how it names what is wrong, and that its document is true.

use std::path::Path;
use std::time::Duration;

use pamlink::hub::WhileAnswering;
use pamlink::limits::RateClass;
use pamlink_cli::config::{Config, members};

/// The line above the rows of the table.
const HEAD: &str = "|---|---|---|---|---|\n";

#[test]
fn an_empty_object_is_the_default() {
    assert_eq!(Config::parse("{}"), Ok(Config::default()));
}

#[test]
fn a_member_that_is_given_counts_and_the_rest_keep_their_defaults() {
    let config = Config::parse(r#"{"rate": {"messages": 120}, "auth": {"audience": "a"}}"#);
    let config = config.expect("it is valid");
    let rate = config.hub.rates.rate(RateClass::Message);
    assert_eq!((rate.count, rate.burst, rate.per), (120, 120, Duration::from_secs(60)));
    assert_eq!(config.audience, "a");
    let mut rest = config.hub;
    rest.rates = Config::default().hub.rates;
    assert_eq!(rest, Config::default().hub);
}

#[test]
fn sessions_their_streams_and_the_log_have_sections() {
    let config = Config::parse(
        r#"{"sessions": {"keep_ms": 60000, "max_per_user": 3}, "streams": {"flush_bytes": 64},
            "log": {"total_bytes": 1048576}}"#,
    );
    let hub = config.expect("it is valid").hub;
    assert_eq!(hub.sessions.session.keep, Duration::from_secs(60));
    assert_eq!((hub.sessions.user_sessions, hub.sessions.streams.flush_bytes), (3, 64));
    assert_eq!(hub.stream_log.total_bytes, 1024 * 1024);
}

#[test]
fn the_policy_of_what_is_asked_while_an_answer_runs_is_a_name() {
    let config = Config::parse(r#"{"requests": {"while_answering": "queue"}}"#);
    let config = config.expect("it is valid");
    assert_eq!(config.hub.while_answering, WhileAnswering::Queue);
}

#[test]
fn an_error_names_line_and_member() {
    for (text, parts) in [
        (
            "{\"requests\": {\n\"while_answering\": \"later\"}}",
            ["line 2", "`later` is none of parallel, queue, reject, replace"],
        ),
        (
            "{\n \"links\": {\n  \"max\": 0\n }\n}",
            ["line 3", ": links.max is 0, not from 1 to 16777216"],
        ),
        ("{\n \"links\": {\n  \"mox\": 1 } }", ["line 3", "there is no member `links.mox`"]),
        ("{\"heartbeat\": {\"interval_ms\": \"20s\"}}", ["line 1", "heartbeat.interval_ms: "]),
        ("{\"heartbeat\": {\"interval_ms\": -1}}", ["line 1", "a whole number from 10 to 25000"]),
        (
            "{\"compression\": {\"level\": 10}}",
            ["line 1", "compression.level is 10, not from 0 to 9"],
        ),
        ("{\"compression\": {\"level\": true}}", ["line 1", "a whole number from 0 to 9"]),
        (
            "{\"compression\": {\n\"send_window_bits\": 8}}",
            ["line 2", "compression.send_window_bits is 8, not from 9 to 15"],
        ),
        (
            "{\"sessions\": {\"window_envelopes\": 8193}}",
            ["line 1", "sessions.window_envelopes is 8193, not from 1 to 8192"],
        ),
        (
            "{\"log\": {\n\"total_bytes\": 1}}",
            ["line 2", "log.total_bytes is 1, not from 65536 to 2147483648"],
        ),
        ("{\"characters\": {\"message\": 0}}", ["line 1", ": characters.message is 0, not from 1"]),
        ("{\"characters\": {\"message\": \"x\"}}", ["characters.message: ", "from 1 to 1048576"]),
        ("{\"characters\": {\"mesage\": 1}}", ["line 1", "no option `characters.mesage`"]),
        ("{\"links\": {\"max\": 1, \"max\": 1}}", ["line 1", "duplicate field `max`"]),
        ("{\"compression\": true}", ["line 1", "compression: invalid type"]),
        ("{\"auth\": {\"origins\": [\"http://a\", 1]}}", ["line 1", "auth.origins[1]: "]),
        ("{\"auth\": {\"origins\": [\"a.example\"]}}", ["auth.origins[0]: ", "its scheme"]),
        ("{\"auth\": {\n\"origins\": [\"https://a/\"]}}", ["line 2", "no `/`, no path"]),
        (
            "{\"links\": {\"subprotocols\": [\"a b\"]}}",
            ["links.subprotocols[0]: ", "letters, digits"],
        ),
        ("{\"links\": {\n\"subprotocols\": [\"pamlink.v1\"]}}", ["line 2", "the hub's own"]),
        ("{\"nothing\": {}}", ["line 1", "unknown field `nothing`"]),
        ("{\"links\": {}, \"links\": {}}", ["line 1", "duplicate field `links`"]),
        ("{\n\n} x", ["line 3", "more text"]),
        ("", ["line 1", "EOF"]),
        ("[]", ["line 1", "invalid type: sequence"]),
        ("{\"links\": [1]}", ["line 1", "links: invalid type: sequence"]),
        ("{\"links\": {\"max\": 1", ["line 1", "EOF"]),
    ] {
        let Err(error) = Config::parse(text) else { panic!("accepted: {text}") };
        assert_eq!(error.lines().count(), 1, "{error}");
        for part in parts {
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}

/// With `BLESS` set, writes the table instead of comparing it.
#[test]
fn the_document_says_what_the_program_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let document = std::fs::read_to_string(&path).expect("the document is there");
    let (before, table) = document.split_once(HEAD).expect("it has a table");
    let rows: String = members().iter().map(|member| member.row() + "\n").collect();
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, format!("{before}{HEAD}{rows}")).expect("it can be written");
        return;
    }
    assert_eq!(table, rows);
}

#[test]
fn every_member_of_the_document_is_read() {
    for member in members() {
        let (section, name) = member.path.split_once('.').expect("a section and a name");
        let value = match member.unit {
            "text" | "path" => format!("\"{}\"", member.default),
            "list of texts" if member.path == "auth.origins" => r#"["https://a"]"#.to_owned(),
            "list of texts" => r#"["a"]"#.to_owned(),
            _ => member.default.clone(),
        };
        let text = format!("{{\"{section}\": {{\"{name}\": {value}}}}}");
        assert!(Config::parse(&text).is_ok(), "{text}: {:?}", Config::parse(&text));
    }
}
