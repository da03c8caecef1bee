//! What an envelope takes, refuses and tells of its head.

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;
use crate::time::Wall;

pub(super) const GOLDEN: [&str; 12] = [
    r#"{"type":"connection","status":"connected","message":"ready","timestamp":"2026-03-01T04:05:06.789012","profile_integration":"enabled"}"#,
    r#"{"type":"ping","timestamp":1772337906790}"#,
    r#"{"type":"pong"}"#,
    r#"{"type":"ping","timestamp":1772337926.81,"connection_id":"1d3c0f6e-55aa-4c0e-8f77-0a1b2c3d4e5f"}"#,
    r#"{"type":"ping","timestamp":"2026-03-01T04:05:31.802114","ping_number":2}"#,
    r#"{"type":"pong","timestamp":"2026-03-01T04:05:31.802114"}"#,
    r#"{"type":"init","context":{"userLocation":{"lat":-27.4,"lng":153.0},"travelStyle":"slow","session_id":"s_1"}}"#,
    r#"{"type":"chat_response","message":"40 so far","content":"40 so far","ui_actions":[{"type":"reload_expenses","entity_id":"e1","entity_type":"expense","entity_title":"diesel","metadata":{"amount":40,"category":"fuel","date":"2026-03-01"}}],"source":"claude_pam_primary","model":"m","error":false,"timestamp":"2026-03-01T04:05:40.000123"}"#,
    r#"{"type":"visual_action","action":{"action":"navigate","parameters":{"route":"/wins","description":"go"}},"feedback_message":"going"}"#,
    r#"{"type":"error","message":"slow down","error_code":"RATE_LIMIT_EXCEEDED","rate_limit_info":{"remaining":0,"reset_in_seconds":12,"limit_type":"websocket"}}"#,
    r#"{"type":"proactive_alert","id":"proactive_1772338000000","timestamp":"2026-03-01T14:06:40.1","content":{"type":"proactive_suggestion","category":"travel_assistance","message":"low fuel","priority":"high","alert_type":"low_fuel","actions":["find_fuel_stops"]}}"#,
    r#"{"type":"chat","user_id":"7b1e0c52-3f4a-4d1b-9a55-0c2f6f6a1d10","message":"fuel so far?","context":{"user_location":{"lat":-27.4,"lng":153.0},"timezone":"Australia/Brisbane"}}"#,
];

fn parse(text: &str) -> Result<Envelope<'_>, EnvelopeError> {
    Envelope::parse(text, Envelope::DEPTH)
}

#[test]
fn every_golden_frame_parses_and_is_kept_byte_for_byte() {
    for text in GOLDEN {
        let envelope = parse(text).unwrap();
        assert!(envelope.kind().is_known(), "{text}");
        assert_eq!(envelope.as_str(), text);
    }
}

#[test]
fn the_head_is_read_wherever_and_however_its_members_are_spelled() {
    let text = r#" {"x":{"type":"no"}, "i\u0064" : 7 ,"type":"a","reply_to":"q\u00e9","typ\u0065":"chat","timestamp":5}"#;
    let envelope = parse(text).unwrap();
    assert_eq!(envelope.kind(), Kind::Chat);
    assert_eq!(envelope.id().unwrap().to_json(), "7");
    assert_eq!(envelope.reply_to(), Some(Id::from("qé")));
    assert_eq!(envelope.reply_to().unwrap().to_json(), r#""q\u00e9""#);
    assert_eq!(envelope.timestamp().unwrap().wall(), Some(Wall::from_unix_secs(5)));
}

#[test]
fn ids_of_any_shape_are_read_and_null_is_none() {
    for id in ["7", "7.50", "\"a\"", "[1, 2]", "{\"a\":null}", "true"] {
        let text = format!(r#"{{"type":"chat","id":{id}}}"#);
        assert_eq!(parse(&text).unwrap().id().unwrap().to_json(), id);
    }
    assert_eq!(parse(r#"{"type":"chat","id":null}"#).unwrap().id(), None);
    assert_ne!(Id::from("7"), Id::from(7));
}

#[test]
fn members_beyond_the_recorded_ones_are_found() {
    let mut text = String::from("{");
    for n in 0..40 {
        text.push_str(&format!(r#""m{n}" : [{n}, {{"a":"]}}"}}] ,"#));
    }
    text.push_str(r#""type":"pong"}"#);
    let envelope = parse(&text).unwrap();
    assert_eq!(envelope.kind(), Kind::Pong);
    for n in 0..40 {
        let raw = envelope.field(&format!("m{n}")).unwrap();
        assert_eq!(raw.items().next().unwrap().i64(), Some(n));
    }
    assert!(envelope.field("m40").is_none());
}

#[test]
fn a_refusal_names_the_byte_and_what_was_expected() {
    let not_json = |at, expected| EnvelopeError::NotJson { at, expected };
    for (text, error) in [
        ("", not_json(0, "a value")),
        ("{", not_json(1, "a member name in quotes or `}`")),
        (r#"{"type""#, not_json(7, "`:`")),
        (r#"{"type":}"#, not_json(8, "a value")),
        (r#"{"type":"a"  "#, not_json(13, "`,` or `}`")),
        (r#"{"type":"a",}"#, not_json(12, "a member name in quotes")),
        (r#"{"type":"a"} x"#, not_json(13, "the end of the text")),
        (r#"{"type":"a"#, not_json(10, "the closing `\"`")),
        ("{\"type\":\"a\nb\"}", not_json(10, "an escape in place of the control character")),
        (r#"{"type":"\x"}"#, not_json(10, "an escape (one of `\"\\/bfnrtu`)")),
        (r#"{"type":"\u12g4"}"#, not_json(13, "four hexadecimal digits")),
        (r#"{"a":01}"#, not_json(6, "`,` or `}`")),
        (r#"{"a":-}"#, not_json(6, "a digit")),
        (r#"{"a":1.}"#, not_json(7, "a digit")),
        (r#"{"a":1e+}"#, not_json(8, "a digit")),
        (r#"{"a":NaN}"#, not_json(5, "a value")),
        (r#"{"a":nul}"#, not_json(5, "`null`")),
        (r#"{"a":[1,]}"#, not_json(8, "a value")),
        (r#"{"a":[1}}"#, not_json(7, "`,` or `]`")),
        (r#"{"a":[}"#, not_json(6, "a value or `]`")),
        (r#"{"a":{"b":1]}"#, not_json(11, "`,` or `}`")),
        ("\u{feff}{}", not_json(0, "a value")),
        (" [1]", EnvelopeError::NotAnObject { at: 1, found: Shape::List }),
        ("[1", not_json(2, "`,` or `]`")),
        ("{}", EnvelopeError::MissingType),
        (r#"{"type":null}"#, EnvelopeError::TypeNotText { at: 8, found: Shape::Null }),
    ] {
        assert_eq!(parse(text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn nesting_is_allowed_up_to_the_limit_and_not_beyond() {
    for limit in 1..=255_u8 {
        let nested = |depth: usize| {
            let inner = depth - 1;
            format!(r#"{{"type":"a","x":{}{}}}"#, "[".repeat(inner), "]".repeat(inner))
        };
        if limit > 1 {
            let text = nested(usize::from(limit));
            assert!(Envelope::parse(&text, limit).is_ok(), "{limit}");
        }
        let text = nested(usize::from(limit) + 1);
        let at = 15 + usize::from(limit);
        let error = EnvelopeError::TooDeep { at, limit };
        assert_eq!(Envelope::parse(&text, limit).unwrap_err(), error);
    }
    let bomb = "{\"a\":".repeat(1_000_000);
    assert!(matches!(parse(&bomb), Err(EnvelopeError::TooDeep { at: 50, limit: 10 })));
}

/// Texts near JSON: tokens in any order, so both sides of the border are met often.
fn near_json() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        prop::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"a\"",
            "\"type\"",
            "\"\\u00e9\\n\"",
            "\"\\ud800\"",
            "0",
            "-1",
            "1.5e-3",
            "01",
            "1.",
            "true",
            "null",
            "nul",
            " ",
            "\t",
            "\"",
            "\\",
            "\u{1}",
            "é",
        ])
        .prop_map(String::from),
        "[ -~]{0,3}",
    ];
    prop::collection::vec(token, 0..14).prop_map(|tokens| tokens.concat())
}

/// Any JSON value as text.
pub(super) fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|it| it.to_string()),
        any::<i64>().prop_map(|it| it.to_string()),
        any::<f64>().prop_filter("finite", |it| it.is_finite()).prop_map(|it| format!("{it:?}")),
        any::<String>().prop_map(|it| serde_json::to_string(&it).unwrap()),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        let name = any::<String>().prop_map(|it| serde_json::to_string(&it).unwrap());
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6)
                .prop_map(|it| format!("[{}]", it.join(" ,"))),
            prop::collection::vec((name, inner), 0..6).prop_map(|members| {
                let members: Vec<_> =
                    members.iter().map(|(name, value)| format!("{name}: {value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn exactly_the_texts_that_serde_json_takes_are_taken(text in prop_oneof![near_json(), json()]) {
        let ours = Raw::parse(&text, 255).is_ok();
        prop_assert_eq!(ours, serde_json::from_str::<IgnoredAny>(&text).is_ok());
        let wrapped = format!("{{\"x\":{text}}}");
        let ours = match parse(&wrapped) {
            Ok(_) | Err(EnvelopeError::MissingType) => true,
            Err(EnvelopeError::TypeNotText { .. }) => true,
            Err(_) => false,
        };
        prop_assert_eq!(ours, serde_json::from_str::<IgnoredAny>(&wrapped).is_ok());
    }

    #[test]
    fn a_broken_valid_text_is_taken_or_refused_as_by_serde_json(
        text in json(), at in any::<prop::sample::Index>(), with in any::<char>(),
    ) {
        let mut chars: Vec<char> = text.chars().collect();
        let at = at.index(chars.len());
        chars[at] = with;
        let text: String = chars.into_iter().collect();
        let ours = Raw::parse(&text, 255).is_ok();
        prop_assert_eq!(ours, serde_json::from_str::<IgnoredAny>(&text).is_ok());
    }

    #[test]
    fn fields_equal_those_of_serde_json(members in prop::collection::vec((any::<String>(), json()), 0..30)) {
        let members: Vec<_> = members
            .iter()
            .map(|(name, value)| format!("{}:{value}", serde_json::to_string(name).unwrap()))
            .collect();
        let text = format!(r#"{{"type":"x",{}"id":1}}"#, members.iter().map(|it| format!("{it} , ")).collect::<String>());
        let envelope = Envelope::parse(&text, 255).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        for (name, value) in value.as_object().unwrap() {
            let raw = envelope.field(name).unwrap();
            prop_assert_eq!(&serde_json::from_str::<serde_json::Value>(raw.as_json()).unwrap(), value);
            prop_assert_eq!(raw.text().map(|it| it.to_string()), value.as_str().map(String::from));
            prop_assert_eq!(raw.bool(), value.as_bool());
            prop_assert_eq!(raw.i64(), value.as_i64());
            // serde_json reads floats fast, not always to the last digit; ours are exact.
            let near = |a: f64, b: f64| a == b || ((a - b) / b).abs() < 1e-15;
            match (raw.f64(), value.as_f64()) {
                (Some(ours), Some(theirs)) => prop_assert!(near(ours, theirs)),
                (ours, theirs) => prop_assert_eq!(ours, theirs),
            }
        }
    }

    #[test]
    fn text_is_written_so_that_it_reads_back(text in any::<String>()) {
        let mut json = String::new();
        super::text::write_text(&mut json, &text);
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text.clone());
        let read = Raw::parse(&json, 0).unwrap().text().unwrap();
        prop_assert_eq!(read.as_str(), text);
    }

    #[test]
    fn no_text_panics(text in any::<String>(), depth in any::<u8>()) {
        let _ = Envelope::parse(&text, depth);
    }
}
