//! Runs the vectors in `tests/conformance/vectors`, and holds `docs/protocol-v1.md` against them and
//! the codec.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{self, CancelOutcome, Channel, GoodbyeCode, How, Message};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    text: String,
    r#type: Option<String>,
    #[serde(default)]
    channel: u16,
    #[serde(default)]
    members: Map<String, Value>,
    written: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Refused {
    name: String,
    text: String,
    r#type: String,
    channel: u16,
    member: String,
    inner: Option<String>,
    found: Option<String>,
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(path);
    fs::read_to_string(path).unwrap()
}

fn vectors<T: DeserializeOwned>(file: &str) -> Vec<T> {
    serde_json::from_str(&read(&format!("tests/conformance/vectors/{file}"))).unwrap()
}

fn written(channel: Channel, message: &Message<'_>) -> String {
    let mut out = String::new();
    message.write(channel, &mut out);
    out
}

/// Whether a type is one of section 10.
fn is_of_link(kind: &str) -> bool {
    ["hello", "welcome", "token", "renewed", "token_wanted", "goodbye"].contains(&kind)
}

#[test]
fn what_is_taken_says_its_members_and_is_written_byte_for_byte() {
    let cases: Vec<Case> = vectors("envelopes.json");
    assert!(cases.len() > 130, "{}", cases.len());
    for case in cases {
        let name = &case.name;
        let envelope = Envelope::parse(&case.text, v1::DEPTH).expect(name);
        let said = Message::read(&envelope).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(said.as_ref().map(|(_, message)| message.kind()), case.r#type.as_deref());
        let Some((channel, message)) = said else { continue };
        assert_eq!(channel, Channel(case.channel), "{name}");
        assert_eq!(message.is_of_link(), is_of_link(message.kind()), "{name}");
        let out = written(channel, &message);
        assert_eq!(&out, case.written.as_ref().unwrap_or(&case.text), "{name}");
        let mut members: Map<String, Value> = serde_json::from_str(&out).expect(name);
        members.retain(|name, _| name != "type" && name != "channel");
        assert_eq!(members, case.members, "{name}");
    }
}

#[test]
fn what_is_malformed_is_refused_with_the_member() {
    let cases: Vec<Refused> = vectors("refused.json");
    assert!(cases.len() > 450, "{}", cases.len());
    for case in cases {
        let name = &case.name;
        let envelope = Envelope::parse(&case.text, v1::DEPTH).expect(name);
        let fault = Message::read(&envelope).expect_err(name);
        assert_eq!(fault.kind, case.r#type, "{name}");
        assert_eq!(fault.channel, Channel(case.channel), "{name}");
        assert_eq!(fault.member, case.member, "{name}");
        assert_eq!(fault.inner, case.inner.as_deref(), "{name}");
        assert_eq!(fault.is_of_link(), is_of_link(&case.r#type), "{name}");
        assert_eq!(fault.found.map(|it| it.to_string()), case.found, "{name}");
        let said = fault.to_string();
        assert!(said.contains(&format!("`{}`", case.member)), "{name}: {said}");
        assert!(said.contains(fault.wanted) && !fault.wanted.is_empty(), "{name}: {said}");
    }
}

#[test]
fn every_envelope_of_the_document_is_read_and_comes_from_its_side() {
    let document = read("docs/protocol-v1.md");
    let mut count = 0;
    for line in document.lines() {
        let Some((side, text)) = line.split_at_checked(2) else { continue };
        if !text.starts_with('{') {
            continue;
        }
        let envelope = Envelope::parse(text, v1::DEPTH).expect(text);
        let (channel, message) = Message::read(&envelope).expect(text).expect(text);
        assert_eq!(written(channel, &message), text);
        match side {
            "> " => assert!(message.is_of_client(), "{text}"),
            "< " => assert!(message.is_of_server(), "{text}"),
            side => panic!("{side}{text}"),
        }
        count += 1;
    }
    assert!(count > 10, "{count} envelopes");
}

/// A row of the table of types.
struct Row {
    from: String,
    /// Each member, and whether it must be.
    members: BTreeMap<String, bool>,
}

fn table() -> BTreeMap<String, Row> {
    let document = read("docs/protocol-v1.md");
    let lines = document.lines().skip_while(|line| *line != "| type | from | members |").skip(2);
    let rows = lines.map_while(|line| line.strip_prefix("| "));
    let rows = rows.map(|row| {
        let cells: Vec<&str> = row.trim_end_matches('|').split(" | ").map(str::trim).collect();
        let [kind, from, members] = cells[..] else { panic!("{row}") };
        let members = members.split(", ").map(|member| {
            (member.trim_matches(['[', ']', '`']).to_owned(), !member.starts_with('['))
        });
        let row = Row { from: from.to_owned(), members: members.collect() };
        (kind.trim_matches('`').to_owned(), row)
    });
    rows.collect()
}

#[test]
fn the_table_of_types_says_what_the_codec_does() {
    let table = table();
    assert_eq!(table.len(), 23);
    let cases: Vec<Case> = vectors("envelopes.json");
    let refused: Vec<Refused> = vectors("refused.json");
    let of = |kind: &str| {
        let of_kind = |case: &&Case| case.r#type.as_deref() == Some(kind);
        cases.iter().filter(of_kind).collect::<Vec<_>>()
    };
    for (kind, Row { from, members }) in &table {
        let cases = of(kind);
        let all: BTreeSet<_> = cases.iter().flat_map(|case| case.members.keys()).collect();
        assert!(all.iter().eq(members.keys().collect::<Vec<_>>().iter()), "{kind}: {all:?}");
        for (member, must_be) in members {
            let is_left_out = cases.iter().any(|case| !case.members.contains_key(member));
            assert_eq!(is_left_out, !must_be, "{kind} without {member}");
            let is_missed = refused.iter().any(|case| {
                case.r#type == *kind
                    && case.member == *member
                    && case.inner.is_none()
                    && case.found.is_none()
            });
            assert_eq!(is_missed, *must_be, "{kind} without {member} is refused");
        }
        let envelope = Envelope::parse(&cases[0].text, v1::DEPTH).unwrap();
        let (_, message) = Message::read(&envelope).unwrap().unwrap();
        let sides = match from.as_str() {
            "client" => (true, false),
            "server" => (false, true),
            "both" => (true, true),
            from => panic!("{kind} from {from}"),
        };
        assert_eq!((message.is_of_client(), message.is_of_server()), sides, "{kind}");
    }
}

#[test]
fn the_table_of_members_names_every_word_that_is_known() {
    let document = read("docs/protocol-v1.md");
    let words = |member: &str| {
        let head = format!("| `{member}` | ");
        let row = document.lines().find_map(|line| line.strip_prefix(&*head)).expect(member);
        let words: Vec<_> = row.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        words
    };
    assert!(How::ALL.iter().map(How::as_str).eq(words("how")));
    assert!(CancelOutcome::ALL.iter().map(CancelOutcome::as_str).eq(words("outcome")));
}

#[test]
fn the_table_of_goodbyes_names_every_code_and_who_may_come_back() {
    let document = read("docs/protocol-v1.md");
    let head = "| `code` | why | then | close code |";
    let rows = document.lines().skip_while(|line| *line != head).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|')).map(|row| {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        (cells[0].trim_matches('`').to_owned(), cells[2].starts_with("come back"))
    });
    let codes = GoodbyeCode::ALL.iter().map(|code| (code.as_str().to_owned(), !code.is_final()));
    assert_eq!(rows.collect::<Vec<_>>(), codes.collect::<Vec<_>>());
}
