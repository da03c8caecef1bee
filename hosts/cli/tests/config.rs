//! The configuration: what it accepts, how it names what is wrong, and that its document is true.

use std::path::Path;

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
    assert_eq!(config.rate.messages.value(), 120);
    assert_eq!(config.rate.per_ms.value(), 60_000);
    assert_eq!(config.auth.audience.as_deref(), Some("a"));
    assert_eq!(config.links, Config::default().links);
}

#[test]
fn an_error_names_line_and_member() {
    for (text, parts) in [
        ("{\n \"links\": {\n  \"max\": 0\n }\n}", ["line 3", "links.max: 0 is not within 1 to"]),
        ("{\n \"links\": {\n  \"mox\": 1 } }", ["line 3", "unknown field `mox`"]),
        ("{\"heartbeat\": {\"interval_ms\": \"20s\"}}", ["line 1", "heartbeat.interval_ms: "]),
        ("{\"heartbeat\": {\"interval_ms\": -1}}", ["line 1", "a whole number from 100 to 25000"]),
        ("{\"compression\": {\"level\": 10}}", ["line 1", "compression.level: 10 is not within 0"]),
        ("{\"compression\": {\"level\": true}}", ["line 1", "a whole number from 0 to 9"]),
        ("{\"compression\": {\n\"send_window_bits\": 8}}", ["line 2", "8 is not within 9 to 15"]),
        ("{\"compression\": true}", ["line 1", "compression: invalid type"]),
        ("{\"auth\": {\"origins\": [\"http://a\", 1]}}", ["line 1", "auth.origins[1]: "]),
        ("{\"auth\": {\"origins\": [\"a.example\"]}}", ["auth.origins[0]: ", "its scheme"]),
        ("{\"auth\": {\n\"origins\": [\"https://a/\"]}}", ["line 2", "no `/`, no path"]),
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
            "text" => format!("\"{}\"", member.default),
            "list of texts" => "[\"https://a\"]".to_owned(),
            _ => member.default.clone(),
        };
        let text = format!("{{\"{section}\": {{\"{name}\": {value}}}}}");
        assert!(Config::parse(&text).is_ok(), "{text}: {:?}", Config::parse(&text));
    }
}
