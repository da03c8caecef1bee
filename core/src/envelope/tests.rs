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

#[test]
fn a_refused_text_may_still_name_its_id() {
    let deep = format!(r#"{{"x":{}{},"id":"q","type":"chat"}}"#, "[".repeat(99), "]".repeat(99));
    assert!(parse(&deep).is_err());
    let bottomless = format!(r#"{{"x":{},"id":"q""#, "[".repeat(999));
    for (text, id) in [
        (&*deep, Some(Id::from("q"))),
        (&*bottomless, None),
        (r#"{"id":7,"message":"m"}"#, Some(Id::from(7))),
        (r#" {"type":5,"i\u0064":"q"}"#, Some(Id::from("q"))),
        (r#"{"id":"q","message":"\x"}"#, Some(Id::from("q"))),
        (r#"{"message":"\x","id":"q"}"#, None),
        (r#"{"id":"q"#, None),
        (r#"{"id":12"#, None),
        (r#"{"id":12 "#, Some(Id::from(12))),
        (r#"{"id":[[[]]]}"#, None),
        (r#"{"id":null}"#, None),
        (r#"[{"id":"q"}]"#, None),
        ("", None),
    ] {
        assert_eq!(Envelope::refused_id(text), id, "{text}");
    }
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
            // The last digit of one below the normal ones may be all that it has.
            let near = |a: f64, b: f64| (a - b).abs() <= (b.abs() * 1e-15).max(f64::MIN_POSITIVE);
            match (raw.f64(), value.as_f64()) {
                (Some(ours), Some(theirs)) => prop_assert!(near(ours, theirs)),
                (ours, theirs) => prop_assert_eq!(ours, theirs),
            }
        }
    }

    #[test]
    fn text_is_written_so_that_it_reads_back(text in any::<String>()) {
        let mut json = String::new();
        super::json_string::write_text(&mut json, &text);
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text.clone());
        let read = Raw::parse(&json, 0).unwrap().text().unwrap();
        prop_assert_eq!(read.as_str(), text);
    }

    #[test]
    fn no_text_panics(text in any::<String>(), depth in any::<u8>()) {
        let _ = Envelope::parse(&text, depth);
        let _ = Envelope::refused_id(&text);
    }

    #[test]
    fn a_refused_id_is_the_id_of_the_text_but_for_its_fault(id in json(), rest in json()) {
        let shallow = format!(r#"{{"x":{rest},"id":{id},"type":"a"}}"#);
        let whole = Envelope::parse(&shallow, 255).unwrap();
        let found = Envelope::refused_id(&shallow);
        prop_assert!(found.is_none() || found == whole.id());
        prop_assert_eq!(found.is_some(), matches!(whole.field("id").unwrap().shape(), Shape::Text | Shape::Number));
        let cut = &shallow[..shallow.len() - 1];
        prop_assert_eq!(Envelope::refused_id(cut), found);
    }
}

fn read_time(json: &str) -> Timestamp<'_> {
    Timestamp::from_raw(Raw::parse(json, 9).unwrap()).unwrap()
}

#[test]
fn every_form_of_time_in_flight_is_read() {
    use TimeForm::*;
    let instant = 1_772_337_906_789_012;
    let whole = 1_772_337_906_000_000;
    for (json, form, micros) in [
        (r#""2026-03-01T04:05:06.789012""#, IsoNaive, Some(instant)),
        (r#""2026-03-01T04:05:06""#, IsoNaive, Some(whole)),
        (r#""2026-03-01 04:05:06""#, IsoNaive, Some(whole)),
        (r#""2026-03-01T04:05""#, IsoNaive, Some(whole - 6_000_000)),
        (r#""2026-03-01""#, IsoNaive, Some(1_772_323_200_000_000)),
        (r#""2026-03-01T14:06:40.1""#, IsoNaive, Some(1_772_374_000_100_000)),
        (r#""2026-03-01T04:05:06.789Z""#, IsoZoned, Some(instant - 12)),
        (r#""2026-03-01T04:05:06.789012345Z""#, IsoZoned, Some(instant)),
        (r#""2026-03-01T14:05:06.789012+10:00""#, IsoZoned, Some(instant)),
        (r#""2026-02-28T23:35:06.789012-0430""#, IsoZoned, Some(instant)),
        (r#""2026-03-01T04:05:06+00:00""#, IsoZoned, Some(whole)),
        (r#""2026-02-28T23:59:60Z""#, IsoZoned, Some(1_772_323_200_000_000)),
        (r#""2024-02-29T00:00:00Z""#, IsoZoned, Some(1_709_164_800_000_000)),
        (r#""1969-12-31T23:59:59.5Z""#, IsoZoned, Some(-500_000)),
        (r#""0000-01-01T00:00:00+00:01""#, IsoZoned, None),
        ("1772337906.789012", Seconds, Some(instant)),
        ("1772337906", Seconds, Some(whole)),
        ("-1.5", Seconds, Some(-1_500_000)),
        ("0", Seconds, Some(0)),
        ("99999999999", Seconds, Some(99_999_999_999_000_000)),
        ("100000000000", Millis, Some(100_000_000_000_000)),
        ("1772337906789", Millis, Some(instant - 12)),
        ("1772337906789.012", Millis, Some(instant)),
        ("1.772337906789e12", Millis, Some(instant - 12)),
        ("999999999999999999", Millis, None),
        ("1e999", Millis, None),
        (r#""1ec9414c-232a-6b00-b3c8-9f6bdeced846""#, Uuid, Some(1_645_557_742_000_000)),
        (r#""C232AB00-9414-11EC-B3C8-9F6BDECED846""#, Uuid, Some(1_645_557_742_000_000)),
        (r#""017f22e2-79b0-7cc3-98c4-dc0c0c07398f""#, Uuid, Some(1_645_557_742_000_000)),
        (r#""1d3c0f6e-55aa-4c0e-8f77-0a1b2c3d4e5f""#, Uuid, None),
        (r#""2026-02-29T00:00:00Z""#, Other, None),
        (r#""2026-13-01T00:00:00Z""#, Other, None),
        (r#""2026-03-01T24:00:00Z""#, Other, None),
        (r#""2026-03-01T04:05:06.""#, Other, None),
        (r#""2026-03-01T04:05:06+25:00""#, Other, None),
        (r#""2026-03-01T04:05:06 UTC""#, Other, None),
        (r#""1772337906789""#, Other, None),
        (r#""""#, Other, None),
        ("true", Other, None),
        ("{}", Other, None),
    ] {
        let time = read_time(json);
        assert_eq!(
            (time.form(), time.wall()),
            (form, micros.map(Wall::from_unix_micros)),
            "{json}"
        );
        assert_eq!(time.as_json(), json);
    }
    assert!(Timestamp::from_raw(Raw::NULL).is_none());
}

/// All frames that the engine makes by itself, with and without what is optional.
fn engine_made() -> Vec<String> {
    let now = Wall::from_unix_millis(1_772_337_906_789);
    let id = Id::from("q\n1");
    let ping = r#"{"type":"ping","id":3,"timestamp":1772337926.810}"#;
    let mut frames = Vec::new();
    let mut add = |make: &dyn Fn(&mut String)| {
        let mut out = String::new();
        make(&mut out);
        frames.push(out);
    };
    let full = write::Welcome {
        features: &["reply_to", "repeat"],
        epoch: Some("5f2c"),
        max_message: Some(1_024),
        limits: Some(r#"{"types":{"chat":512}}"#),
    };
    add(&|out| write::connection(out, now, &full));
    add(&|out| write::connection(out, now, &write::Welcome::default()));
    add(&|out| write::going_away(out, core::time::Duration::from_secs(30)));
    add(&|out| write::going_away(out, core::time::Duration::from_nanos(1_500_000_001)));
    add(&|out| write::ping(out, now));
    add(&|out| write::pong(out, now, Some(&id)));
    add(&|out| write::pong(out, now, None));
    add(&|out| write::pong_to(out, &parse(ping).unwrap()));
    add(&|out| write::context_updated(out, now, Some(&id)));
    add(&|out| write::auth(out, None, "t\"oken"));
    frames
}

#[test]
fn no_new_frame_can_be_taken_for_an_answer_or_a_failure() {
    for text in engine_made() {
        let envelope = parse(&text).unwrap();
        for name in ["message", "content", "response", "text", "error"] {
            assert!(envelope.field(name).is_none(), "{text}");
        }
        assert!(!envelope.kind().is_answer());
        assert!(envelope.message().mismatches().is_empty(), "{text}");
        assert!(envelope.message().extra().is_empty(), "{text}");
    }
}

#[test]
fn the_engines_frames_are_spelled_so() {
    assert_eq!(
        engine_made(),
        [
            r#"{"type":"connection","status":"connected","timestamp":"2026-03-01T04:05:06.789Z","features":["reply_to","repeat"],"epoch":"5f2c","max_message":1024,"limits":{"types":{"chat":512}}}"#,
            r#"{"type":"connection","status":"connected","timestamp":"2026-03-01T04:05:06.789Z"}"#,
            r#"{"type":"going_away","retry_after":30}"#,
            r#"{"type":"going_away","retry_after":1.501}"#,
            r#"{"type":"ping","timestamp":"2026-03-01T04:05:06.789Z"}"#,
            r#"{"type":"pong","timestamp":"2026-03-01T04:05:06.789Z","reply_to":"q\n1"}"#,
            r#"{"type":"pong","timestamp":"2026-03-01T04:05:06.789Z"}"#,
            r#"{"type":"pong","timestamp":1772337926.810,"reply_to":3}"#,
            r#"{"type":"context_updated","timestamp":"2026-03-01T04:05:06.789Z","reply_to":"q\n1"}"#,
            r#"{"type":"auth","token":"t\"oken"}"#,
        ]
    );
}

#[test]
fn a_piece_has_its_text_as_content_and_is_no_answer() {
    let now = Wall::from_unix_millis(1_772_337_906_789);
    let mut out = String::new();
    write::chat_response_delta(&mut out, now, "a \"b\"\n", Some(&Id::from(7)));
    assert_eq!(
        out,
        r#"{"type":"chat_response_delta","content":"a \"b\"\n","timestamp":"2026-03-01T04:05:06.789Z","reply_to":7}"#
    );
    let envelope = parse(&out).unwrap();
    assert!(envelope.kind().is_piece() && !envelope.kind().is_answer());
    let Message::ChatResponseDelta(read) = envelope.message() else { panic!() };
    assert_eq!(read.content.as_deref(), Some("a \"b\"\n"));
    assert!(envelope.message().mismatches().is_empty() && envelope.message().extra().is_empty());
    let pieces = Kind::ALL.iter().filter(|kind| kind.is_piece()).map(Kind::as_str);
    let known: Vec<_> = pieces.collect();
    assert_eq!(known, ["chat_response_delta", "chat_response_start", "chunk"]);
}

#[test]
fn an_answer_has_equal_message_and_content_a_boolean_error_and_an_array_of_actions() {
    let (now, id) = (Wall::EPOCH, Id::from(7));
    let toast = r#"{"type":"toast"}"#;
    for (actions, count) in
        [(None, 0), (Some("null"), 0), (Some(toast), 1), (Some(r#"[{"type":"toast"}]"#), 1)]
    {
        let mut out = String::new();
        let answer = write::Answer {
            text: "a \"b\" <&>",
            ui_actions: actions.map(|json| Raw::parse(json, 9).unwrap()),
            agent: Some("Trip Planner"),
            reply_to: Some(&id),
            ..write::Answer::default()
        };
        write::chat_response(&mut out, now, &answer);
        let envelope = parse(&out).unwrap();
        assert_eq!(envelope.reply_to(), Some(Id::from(7)));
        let Message::ChatResponse(read) = envelope.message() else { panic!() };
        assert_eq!(read.message.as_deref(), Some("a \"b\" <&>"));
        assert_eq!(read.message, read.content);
        assert_eq!(read.error, Some(false));
        assert_eq!(read.ui_actions.unwrap().items().count(), count);
        assert_eq!(read.ui_actions.unwrap().shape(), Shape::List);
    }
}

#[test]
fn an_error_says_its_code_and_when_to_come_back() {
    use core::time::Duration;
    for (after, seconds) in [
        (Duration::from_secs(12), "12"),
        (Duration::from_millis(1_500), "1.5"),
        (Duration::from_nanos(1), "0.001"),
        (Duration::ZERO, "0"),
    ] {
        let mut out = String::new();
        let failure = write::Failure {
            code: &ErrorCode::RateLimitExceeded,
            message: "slow down",
            retry_after: Some(after),
            reply_to: None,
        };
        write::error(&mut out, Wall::EPOCH, &failure);
        assert_eq!(
            out,
            format!(
                r#"{{"type":"error","message":"slow down","error_code":"RATE_LIMIT_EXCEEDED","retry_after":{seconds},"timestamp":"1970-01-01T00:00:00.000Z"}}"#
            )
        );
        let Message::Error(error) = parse(&out).unwrap().message() else { panic!() };
        assert!(error.retry_after().unwrap() >= after);
    }
}

#[test]
fn kinds_are_stored_as_the_report_has_it() {
    use Storage::*;
    for (kind, storage) in [
        ("ping", Transient),
        ("pong", Transient),
        ("connection", Transient),
        ("going_away", Transient),
        ("visual_action", Transient),
        ("chat_response", Stored),
        ("message", Stored),
        ("error", StoredWithLog),
        ("never_heard_of", Stored),
    ] {
        assert_eq!(Kind::from(kind).storage(), storage);
    }
}

#[test]
fn only_answers_answer() {
    let answers: Vec<_> =
        Kind::ALL.iter().filter(|it| it.is_answer()).map(ToString::to_string).collect();
    assert_eq!(
        answers,
        ["chat_response", "chat_response_complete", "error", "response", "response_complete"]
    );
    assert!(Kind::ALL.iter().all(|it| !(it.is_answer() && it.is_request())));
}

#[test]
fn an_owned_envelope_says_what_the_lent_one_said() {
    let mut buffer = r#" {"type":"chat","id":7,"x":[1],"message":"s\u00e9cret"} "#.to_owned();
    let owned = OwnedEnvelope::from(parse(&buffer).unwrap());
    buffer.clear();
    buffer.push_str("something else lies here by now, and the owned one does not look at it");
    let lent = owned.as_envelope();
    assert_eq!((lent.kind(), lent.id()), (Kind::Chat, Some(Id::from(7))));
    assert_eq!(lent.text().as_deref(), Some("sécret"));
    assert_eq!(lent.field("x").map(|x| x.as_json()), Some("[1]"));
    let again = OwnedEnvelope::from(parse(owned.as_str()).unwrap());
    assert_eq!(again, owned);
    assert!(!format!("{owned:?}").contains("cret"));
}

proptest! {
    #[test]
    fn the_written_time_reads_back(millis in -62_167_219_200_000..253_402_300_800_000_i64) {
        let wall = Wall::from_unix_millis(millis);
        let written = Timestamp::from(wall);
        let read = read_time(written.as_json());
        prop_assert_eq!((read.wall(), read.form()), (Some(wall), TimeForm::IsoZoned));
    }

    #[test]
    fn no_text_panics_as_a_time(text in "[0-9TZ:.+ -]{0,40}") {
        let _ = read_time(&format!("\"{text}\""));
    }

    #[test]
    fn a_scan_of_another_text_never_panics(a in json(), b in any::<String>()) {
        let text = format!(r#"{{"x":{a},"type":"chat","message":"é","id":1}}"#);
        let scan = parse(&text).map(|it| it.scan());
        if let Ok(scan) = scan {
            let envelope = Envelope::from_scan(&b, scan);
            let _ = (envelope.kind(), envelope.id(), envelope.timestamp(), envelope.message());
        }
    }
}
