//! What typed messages keep.

use super::*;
use crate::envelope::tests::{GOLDEN, json};
use crate::envelope::{ErrorCode, Id, Raw, Shape};
use proptest::prelude::*;

fn typed(text: &str) -> Message<'_> {
    Envelope::parse(text, 255).unwrap().message()
}

fn encoded(message: &Message<'_>) -> String {
    let mut out = String::new();
    message.encode(&mut out);
    out
}

/// A member that the frame cannot know.
fn unknown_member() -> impl Strategy<Value = (String, String)> {
    (any::<String>().prop_map(|name| format!("zz{name}")), json())
}

#[test]
fn every_golden_frame_survives_typing_byte_for_byte() {
    for text in GOLDEN {
        let message = typed(text);
        assert!(message.kind().is_known());
        assert!(message.extra().is_empty(), "{text}: {:?}", message.extra());
        assert!(message.mismatches().is_empty());
        assert_eq!(encoded(&message), text);
    }
}

#[test]
fn the_parts_of_golden_frames_are_typed_and_survive() {
    let mut out = String::new();
    let Message::ChatResponse(answer) = typed(GOLDEN[7]) else { panic!() };
    let action = UiAction::of(answer.ui_actions.unwrap().items().next().unwrap()).unwrap();
    assert_eq!(action.verb, Some(Verb::ReloadExpenses));
    action.encode(&mut out);
    assert_eq!(format!("[{out}]"), answer.ui_actions.unwrap().as_json());

    let Message::VisualAction(action) = typed(GOLDEN[8]) else { panic!() };
    let verb = VisualVerb::of(action.action.unwrap()).unwrap();
    assert_eq!(verb.verb, Some(Verb::Navigate));
    let navigate = Navigate::of(verb.parameters.unwrap()).unwrap();
    assert_eq!(navigate.route.unwrap(), "/wins");

    let Message::Error(error) = typed(GOLDEN[9]) else { panic!() };
    assert_eq!(error.error_code, Some(ErrorCode::RateLimitExceeded));
    assert_eq!(error.retry_after(), Some(core::time::Duration::from_secs(12)));

    let Message::ProactiveAlert(alert) = typed(GOLDEN[10]) else { panic!() };
    let content = AlertContent::of(alert.content.unwrap()).unwrap();
    assert_eq!(content.offers().collect::<Vec<_>>(), [AlertAction::FindFuelStops]);
    out.clear();
    content.encode(&mut out);
    assert_eq!(out, alert.content.unwrap().as_json());

    let Message::Chat(chat) = typed(GOLDEN[11]) else { panic!() };
    let context = Context::of(chat.context.unwrap()).unwrap();
    let location = Location::of(context.place().unwrap()).unwrap();
    assert_eq!(location.degrees(), Some((-27.4, 153.0)));
    assert_eq!(chat.message.as_deref(), Some("fuel so far?"));
}

/// Every object that existing peers send inside of messages.
#[test]
fn the_objects_inside_of_messages_are_typed_whole() {
    macro_rules! whole {
        ($($part:ident $json:literal)*) => { $(
            let part = $part::of(Raw::parse($json, 9).unwrap()).unwrap();
            assert!(part.extra.is_empty() && part.mismatches().is_empty(), "{part:?}");
            let mut out = String::new();
            part.encode(&mut out);
            assert_eq!(out, $json);
            assert_eq!($part::of(Raw::parse("[]", 9).unwrap()), None);
        )* };
    }
    whole! {
        AlertContent r#"{"type":"proactive_suggestion","category":"assistance","message":"m","priority":"high","alert_type":"a","timestamp":1,"actions":[]}"#
        BookAppointment r#"{"person":"p","date":"d","time":"t","description":"d"}"#
        Context r#"{"user_id":"u","current_page":"wins","input_mode":"voice","timezone":"z","environment":"e","timestamp":1,"current_date":"d","user_location":{},"userLocation":"1, 2","location":{},"vehicleInfo":{},"travelStyle":"s","conversation_history":[],"session_id":"s","location_request_attempted":true}"#
        CreateTrip r#"{"destination":"d","navigate_first":true}"#
        DebugInfo r#"{"orchestrator_initialized":false,"message_length":4,"user_id_provided":true}"#
        Location r#"{"lat":-27.4,"lng":153.0,"latitude":-27.4,"longitude":153.0,"city":"c","region":"r","country":"c","timezone":"z","accuracy":12.5,"timestamp":1,"source":"gps","address":"a"}"#
        LogExpense r#"{"amount":40.10,"category":"c","description":"d"}"#
        Navigate r#"{"route":"/wins","description":"d"}"#
        Notification r#"{"title":"t","body":"b","requireInteraction":true,"tag":"g"}"#
        RateLimit r#"{"limit":100,"window":60,"retry_after":12,"reset":1772337966}"#
        RateLimitInfo r#"{"remaining":0,"reset_in_seconds":12,"limit_type":"websocket"}"#
        ResponseMetadata r#"{"agent_used":"a","tool_calls":[]}"#
        SizeInfo r#"{"message_size_bytes":7,"limit_bytes":6,"message_size_formatted":"7 B","limit_formatted":"6 B"}"#
        Tts r#"{"audio_data":"AA","format":"mp3","duration":1.5,"voice_used":"v","engine_used":"e","from_cache":true,"compressed":false,"latency_ms":1,"error":"e","retry_after":2}"#
        Turn r#"{"role":"user","content":"c"}"#
        UiAction r#"{"type":"reload_trips","entity_id":"e","entity_type":"t","entity_title":"t","metadata":{},"content":"c"}"#
        VisualVerb r#"{"action":"navigate","parameters":{}}"#
    }
}

#[test]
fn oddly_typed_members_spoil_nothing_and_survive() {
    let text = concat!(
        r#"{"type":"chat","message":"hi","content":null,"context":[1, 2],"session_id":7,"#,
        r#""stream":"yes","id":{"a":1}}"#
    );
    let message = typed(text);
    let Message::Chat(chat) = &message else { panic!() };
    assert_eq!(chat.message.as_deref(), Some("hi"));
    assert_eq!(Context::of(chat.context.unwrap()), None);
    assert_eq!((&chat.session_id, chat.stream), (&None, None));
    let mismatches = message.mismatches();
    let names: Vec<_> =
        mismatches.iter().map(|it| (it.field, it.expected, it.found, it.at)).collect();
    assert_eq!(
        names,
        [
            ("session_id", "a string", Shape::Number, text.find(":7").unwrap() + 1),
            ("stream", "a boolean", Shape::Text, text.find(r#""yes""#).unwrap()),
        ]
    );
    assert_eq!(
        encoded(&message),
        concat!(
            r#"{"type":"chat","id":{"a":1},"message":"hi","context":[1, 2],"content":null,"#,
            r#""session_id":7,"stream":"yes"}"#
        )
    );
}

#[test]
fn of_repeated_members_the_last_one_counts() {
    for (text, expected) in [
        (r#"{"type":"chat","message":"a","message":"b"}"#, r#"{"type":"chat","message":"b"}"#),
        (r#"{"type":"chat","message":1,"message":"b"}"#, r#"{"type":"chat","message":"b"}"#),
        (r#"{"type":"chat","message":"a","message":1}"#, r#"{"type":"chat","message":1}"#),
        (r#"{"type":"ping","type":"pong","x":1,"x":2}"#, r#"{"type":"pong","x":1,"x":2}"#),
        (r#"{"type":"chat","m\u0065ssage":"a"}"#, r#"{"type":"chat","message":"a"}"#),
    ] {
        assert_eq!(encoded(&typed(text)), expected);
    }
}

#[test]
fn lone_surrogates_read_as_replacement_and_survive() {
    let text = r#"{"type":"chat","message":"a\ud800b\udc00\ud83d\ude00","\udfff":"\ud800"}"#;
    let message = typed(text);
    let said = Envelope::parse(text, 9).unwrap().text();
    assert_eq!(said.as_deref(), Some("a\u{fffd}b\u{fffd}😀"));
    assert_eq!(encoded(&message), text);
    let unknown = r#"{"type":"\ud800new","code":"\ud800"}"#;
    assert_eq!(typed(unknown).kind(), Kind::from("\u{fffd}new"));
    assert_eq!(encoded(&typed(unknown)), unknown);
}

#[test]
fn unknown_words_survive() {
    for text in [
        r#"{"type":"hologram","id":1,"beam":{"a":[1.50]}}"#,
        r#"{"type":"error","message":"m","error_code":"N\u00cbW_CODE"}"#,
        r#"{"type":"chat","message":"m","agent":"Astro\tloger","priority":"soonish"}"#,
        r#"{"type":"chat_response","message":"m","source":"else\/where"}"#,
    ] {
        assert_eq!(encoded(&typed(text)), text);
    }
    let verb = r#"{"action":"teleport","parameters":{"to":"α"},"when":1}"#;
    let mut out = String::new();
    VisualVerb::of(Raw::parse(verb, 9).unwrap()).unwrap().encode(&mut out);
    assert_eq!(out, verb);
}

#[test]
fn what_javascript_takes_for_an_error_is_a_failure() {
    for (error, failed) in [
        ("true", true),
        ("false", false),
        ("\"true\"", true),
        ("\"\"", false),
        ("null", false),
        ("0", false),
        ("{}", true),
    ] {
        let text = format!(r#"{{"type":"chat_response","error":{error}}}"#);
        let Message::ChatResponse(answer) = typed(&text) else { panic!() };
        assert_eq!(answer.is_failure(), failed, "{error}");
    }
}

#[test]
fn a_frame_is_built_from_its_fields() {
    let chat = Chat {
        id: Some(Id::from("q\"1")),
        message: Some("line\none".into()),
        agent: Some("Trip Planner".into()),
        ..Chat::default()
    };
    assert_eq!(
        encoded(&chat.into()),
        r#"{"type":"chat","id":"q\"1","message":"line\none","agent":"Trip Planner"}"#
    );
}

#[test]
fn a_token_is_in_no_debug_output() {
    for kind in ["auth", "token_refresh"] {
        let text = format!(r#"{{"type":"{kind}","token":"hush"}}"#);
        let envelope = Envelope::parse(&text, 9).unwrap();
        let shown = format!("{envelope:?} {:?}", envelope.message());
        assert!(!shown.contains("hush"), "{shown}");
        assert_eq!(encoded(&envelope.message()), text);
    }
    for text in [
        r#"{"type":"auth","token":["hush"]}"#,
        r#"{"type":"renewed_auth","Token":"hush"}"#,
        r#"{"type":"init","access_token":"hush"}"#,
    ] {
        let shown = format!("{:?}", typed(text));
        assert!(!shown.contains("hush") && shown.contains("[redacted]"), "{shown}");
    }
}

proptest! {
    #[test]
    fn members_of_any_kind_of_frame_survive_typing(
        kind in prop::sample::select(Kind::ALL),
        values in prop::collection::vec((any::<prop::sample::Index>(), json()), 0..8),
        unknown in prop::collection::vec(unknown_member(), 0..4),
    ) {
        const NAMES: [&str; 12] = [
            "id", "message", "content", "context", "error", "error_code", "timestamp", "reply_to",
            "source", "action", "actions", "confidence",
        ];
        let mut text = format!("{{\"type\":\"{kind}\"");
        for (name, value) in &values {
            text.push_str(&format!(",\"{}\":{value}", NAMES[name.index(NAMES.len())]));
        }
        for (name, value) in &unknown {
            text.push_str(&format!(",{}:{value}", serde_json::to_string(name).unwrap()));
        }
        text.push('}');
        let message = typed(&text);
        prop_assert_eq!(message.kind(), kind.clone());
        let again = encoded(&message);
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        prop_assert_eq!(value(&again), value(&text));
        // Byte for byte: each value is spelled as it came, and a second pass changes nothing.
        let before = Envelope::parse(&text, 255).unwrap();
        let after = Envelope::parse(&again, 255).unwrap();
        for name in NAMES.iter().copied().chain(unknown.iter().map(|it| it.0.as_str())) {
            prop_assert_eq!(before.field(name), after.field(name));
        }
        prop_assert_eq!(encoded(&typed(&again)), again);
    }

    #[test]
    fn an_unknown_frame_survives_byte_for_byte(
        word in "[a-z]{30}", unknown in prop::collection::vec(unknown_member(), 0..20),
    ) {
        let members: String = unknown
            .iter()
            .map(|(name, value)| format!(",{}:{value}", serde_json::to_string(name).unwrap()))
            .collect();
        let text = format!("{{\"type\":\"{word}\"{members}}}");
        // Names are kept as spelled; only the whitespace between members is not the message's.
        prop_assert_eq!(encoded(&typed(&text)), text);
    }
}

/// Each repeat of a known name must cost the same, however many unknown members there are: else a
/// frame of a mebibyte would take minutes.
#[test]
fn repeated_members_between_unknown_ones_take_linear_time() {
    let unknown = r#""a":1,"#.repeat(60_000);
    for value in ["1", "null", "\"x\""] {
        let repeats = format!(r#""id":null,"message":{value},"#).repeat(30_000);
        let text = format!(r#"{{"type":"chat",{unknown}{repeats}"id":"q"}}"#);
        let message = typed(&text);
        let Message::Chat(chat) = &message else { panic!() };
        assert_eq!(chat.id, Some(Id::from("q")));
        assert_eq!(chat.extra.len(), 60_000 + usize::from(!value.starts_with('"')));
    }
}
