//! What values become.

use proptest::prelude::*;
use serde::de::IgnoredAny;

use super::*;

fn encoded(value: &Value) -> (String, Adjusted) {
    let mut out = String::new();
    let adjusted = value.encode(10, &mut out);
    (out, adjusted)
}

fn text(text: &str) -> Value {
    text.into()
}

#[test]
fn each_awkward_value_has_its_defined_result() {
    let exact = Adjusted::default();
    let one = |set: fn(&mut Adjusted) -> &mut u32| {
        let mut adjusted = Adjusted::default();
        *set(&mut adjusted) = 1;
        adjusted
    };
    let wide = one(|it| &mut it.wide_integers);
    let non_finite = one(|it| &mut it.non_finite);
    let replaced = one(|it| &mut it.replaced);
    let invalid_raw = one(|it| &mut it.invalid_raw);
    let clamped = one(|it| &mut it.clamped_times);
    for (value, json, adjusted) in [
        (Value::Float(f64::NAN), "null", non_finite),
        (Value::Float(f64::NEG_INFINITY), "null", non_finite),
        (Value::Float(1.0), "1.0", exact),
        (Value::Float(-0.0), "-0.0", exact),
        (Value::Float(1e300), "1e300", exact),
        (Value::Int(9_007_199_254_740_991), "9007199254740991", exact),
        (Value::Int(-9_007_199_254_740_992), "\"-9007199254740992\"", wide),
        (Value::Int(i64::MIN), "\"-9223372036854775808\"", wide),
        (Value::UInt(u64::MAX), "\"18446744073709551615\"", wide),
        (Value::BigInt("18446744073709551616".into()), "\"18446744073709551616\"", wide),
        (
            Value::Time(Wall::from_unix_millis(1_772_337_906_789)),
            "\"2026-03-01T04:05:06.789Z\"",
            exact,
        ),
        (Value::Time(Wall::from_unix_micros(-1)), "\"1969-12-31T23:59:59.999Z\"", exact),
        (Value::Time(Wall::from_unix_micros(i64::MAX)), "\"9999-12-31T23:59:59.999Z\"", clamped),
        (Value::Time(Wall::from_unix_micros(i64::MIN)), "\"0000-01-01T00:00:00.000Z\"", clamped),
        (Value::Duration(Duration::from_millis(1_500)), "1.5", exact),
        (Value::Duration(Duration::from_secs(100)), "100", exact),
        (Value::Duration(Duration::ZERO), "0", exact),
        (Value::Duration(Duration::from_nanos(1)), "0.000000001", exact),
        (Value::Bytes(vec![0, 255, 1]), "\"AP8B\"", exact),
        (Value::Utf16(vec![0x61, 0xd83d, 0xde00, 0xd800]), "\"a😀\u{fffd}\"", replaced),
        (Value::Wtf8(b"a\xed\xa0\x80b".to_vec()), "\"a\u{fffd}b\"", replaced),
        (Value::Wtf8(b"\xed\xa0\xbd\xed\xb8\x80".to_vec()), "\"😀\"", exact),
        (Value::Wtf8(b"a\xff".to_vec()), "\"a\u{fffd}\"", replaced),
        (Value::Raw(" {\"a\" : 1} ".into()), "{\"a\" : 1}", exact),
        (Value::Raw("NaN".into()), "\"NaN\"", invalid_raw),
        (Value::Raw(String::new()), "\"\"", invalid_raw),
        (text("\u{0}\"\\\u{7f}\u{2028}"), "\"\\u0000\\\"\\\\\u{7f}\u{2028}\"", exact),
        (Value::List(vec![]), "[]", exact),
        (Value::List(vec![text("["), text("{"), Value::Null]), "[\"[\",\"{\",null]", exact),
    ] {
        assert_eq!(encoded(&value), (json.to_owned(), adjusted), "{value:?}");
    }
}

#[test]
fn keys_of_any_kind_become_names() {
    let names = [
        (text("a"), "a", 0),
        (Value::Null, "null", 1),
        (Value::Bool(true), "true", 1),
        (Value::Int(i64::MIN), "-9223372036854775808", 1),
        (Value::Float(1.5), "1.5", 1),
        (Value::Float(f64::NAN), "NaN", 1),
        (Value::Float(f64::INFINITY), "inf", 1),
        (Value::Time(Wall::EPOCH), "1970-01-01T00:00:00.000Z", 1),
        (Value::Bytes(vec![1]), "AQ==", 1),
        (Value::List(vec![text("x"), Value::Int(1)]), "[\"x\",1]", 1),
        (Value::Duration(Duration::from_millis(1_500)), "1.5", 1),
        (Value::Raw(" 1.50 ".into()), "1.50", 1),
        (Value::Raw("\"q\\\"\\u00e9\"".into()), "q\"é", 1),
        (Value::Raw("no JSON".into()), "no JSON", 1),
        (Value::Raw("[".repeat(300) + &"]".repeat(300)), "…", 1),
    ];
    for (key, name, keys) in names {
        let (json, adjusted) = encoded(&Value::Map(vec![(key, Value::Null)]));
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(read.as_object().unwrap().keys().next().unwrap(), name);
        assert_eq!(adjusted.keys, keys);
    }
}

#[test]
fn a_container_key_within_a_key_is_cut() {
    let mut key = Value::List(vec![]);
    for _ in 0..200 {
        key = Value::Map(vec![(key, Value::Null)]);
    }
    let (json, adjusted) = encoded(&Value::Map(vec![(key, Value::Null)]));
    assert_eq!(json, r#"{"{\"…\":null}":null}"#);
    assert_eq!((adjusted.keys, adjusted.cut), (2, 1));
}

#[test]
fn repeated_keys_are_written_and_counted() {
    let map = Value::Map(vec![(text("1"), Value::Int(1)), (Value::Int(1), Value::Int(2))]);
    let (json, adjusted) = encoded(&map);
    assert_eq!(json, r#"{"1":1,"1":2}"#);
    assert_eq!((adjusted.repeated_keys, adjusted.keys), (1, 1));
}

#[test]
fn depth_beyond_the_limit_is_cut_and_counted() {
    let nested = |depth| (1..depth).fold(Value::List(vec![]), |inner, _| Value::List(vec![inner]));
    for limit in 0..20_u8 {
        let mut out = String::new();
        assert!(nested(usize::from(limit).max(1)).encode(limit.max(1), &mut out).is_exact());
        let mut out = String::new();
        let adjusted = nested(usize::from(limit) + 1).encode(limit, &mut out);
        assert_eq!(adjusted, Adjusted { cut: 1, ..Adjusted::default() });
        let limit = usize::from(limit);
        assert_eq!(out, format!("{}\"…\"{}", "[".repeat(limit), "]".repeat(limit)));
    }
    let mut out = String::new();
    let value = Value::List(vec![Value::Raw("[[1]]".into()), Value::Raw("[1]".into())]);
    assert_eq!(value.encode(2, &mut out).cut, 1);
    assert_eq!(out, "[\"…\",[1]]");
}

#[test]
fn a_million_levels_are_encoded_and_dropped() {
    let mut value = Value::Null;
    for level in 0..1_000_000 {
        value = if level % 2 == 0 {
            Value::List(vec![value])
        } else {
            Value::Map(vec![(Value::Null, value)])
        };
    }
    let mut out = String::new();
    assert_eq!(value.encode(255, &mut out).cut, 1);
}

fn any_value() -> impl Strategy<Value = Value> {
    #[derive(Clone, Debug)]
    enum Plan {
        Null,
        Bool(bool),
        Int(i64),
        UInt(u64),
        Float(f64),
        Text(String),
        Utf16(Vec<u16>),
        Wtf8(Vec<u8>),
        Bytes(Vec<u8>),
        Time(i64),
        Span(Duration),
        Raw(String),
        List(Vec<Self>),
        Map(Vec<(Self, Self)>),
    }
    fn build(plan: Plan) -> Value {
        match plan {
            Plan::Null => Value::Null,
            Plan::Bool(it) => it.into(),
            Plan::Int(it) => it.into(),
            Plan::UInt(it) => it.into(),
            Plan::Float(it) => it.into(),
            Plan::Text(it) => it.into(),
            Plan::Utf16(it) => Value::Utf16(it),
            Plan::Wtf8(it) => Value::Wtf8(it),
            Plan::Bytes(it) => Value::Bytes(it),
            Plan::Time(it) => Wall::from_unix_micros(it).into(),
            Plan::Span(it) => it.into(),
            Plan::Raw(it) => Value::Raw(it),
            Plan::List(it) => Value::List(it.into_iter().map(build).collect()),
            Plan::Map(it) => {
                Value::Map(it.into_iter().map(|(key, value)| (build(key), build(value))).collect())
            }
        }
    }
    let leaf = prop_oneof![
        Just(Plan::Null),
        any::<bool>().prop_map(Plan::Bool),
        any::<i64>().prop_map(Plan::Int),
        any::<u64>().prop_map(Plan::UInt),
        any::<f64>().prop_map(Plan::Float),
        any::<String>().prop_map(Plan::Text),
        any::<Vec<u16>>().prop_map(Plan::Utf16),
        any::<Vec<u8>>().prop_map(Plan::Wtf8),
        any::<Vec<u8>>().prop_map(Plan::Bytes),
        any::<i64>().prop_map(Plan::Time),
        any::<Duration>().prop_map(Plan::Span),
        "[\\[\\]{}:,\"0-9 a]{0,6}".prop_map(Plan::Raw),
    ];
    let plan = leaf.prop_recursive(8, 64, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Plan::List),
            prop::collection::vec((inner.clone(), inner), 0..5).prop_map(Plan::Map),
        ]
    });
    plan.prop_map(build)
}

proptest! {
    #[test]
    fn every_value_becomes_json_within_the_depth(value in any_value(), depth in 0..6_u8) {
        let mut out = String::new();
        let _ = value.encode(depth, &mut out);
        prop_assert!(serde_json::from_str::<IgnoredAny>(&out).is_ok(), "{}", out);
        prop_assert!(crate::envelope::Raw::parse(&out, depth).is_ok(), "{}", out);
    }

    #[test]
    fn utf16_is_replaced_as_often_as_it_is_broken(units in any::<Vec<u16>>()) {
        let (json, adjusted) = encoded(&Value::Utf16(units.clone()));
        let expected = String::from_utf16_lossy(&units);
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), expected);
        let broken = char::decode_utf16(units).filter(Result::is_err).count();
        prop_assert_eq!(adjusted.replaced as usize, broken);
    }
}
