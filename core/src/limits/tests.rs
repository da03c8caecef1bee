use core::time::Duration;
use std::collections::HashMap;

use proptest::prelude::*;

use super::sizes::Rule;
use super::{Code, Rate, RateClass, RateLimiter, Rates, Refusal, Sizes, Strike, Unit, Violations};
use crate::dedup::{Keyer, UserKey};
use crate::envelope::Envelope;
use crate::seed::Seed;
use crate::time::Mono;

fn limiter(rate: Rate, max_users: usize) -> RateLimiter {
    let mut rates = Rates::default().with(RateClass::Message, rate);
    rates.max_users = max_users;
    RateLimiter::new(rates, Seed::from_number(5))
}

fn rate() -> impl Strategy<Value = Rate> {
    (1u32..8, 1u64..50, 1u32..6).prop_map(|(count, per, burst)| Rate {
        count,
        per: Duration::from_nanos(per),
        burst,
    })
}

/// GCRA in rational numbers, one user a map entry, nobody forgotten: times are counted in
/// 1/count nanoseconds.
#[derive(Default)]
struct Model(HashMap<u8, i128>);

impl Model {
    fn check(&mut self, now: u64, user: u8, rate: Rate) -> Result<(), Duration> {
        let (count, per) = (i128::from(rate.count), rate.per.as_nanos() as i128);
        let now = i128::from(now) * count;
        let next = self.0.entry(user).or_insert(0);
        let early = *next - i128::from(rate.burst - 1) * per - now;
        if early > 0 {
            let nanos = (early + count - 1) / count;
            return Err(Duration::from_nanos(nanos as u64));
        }
        *next = (*next).max(now) + per;
        Ok(())
    }
}

proptest! {
    #[test]
    fn admits_what_the_exact_model_admits_though_it_forgets_idle_users(
        rate in rate(),
        steps in prop::collection::vec((0u64..12, 0u8..4), 0..300),
    ) {
        let mut limiter = limiter(rate, 4);
        let mut model = Model::default();
        let mut now = 0;
        for (after, user) in steps {
            now += after;
            let found = limiter.check(Mono::from_nanos(now), RateClass::Message, &user.to_string());
            let exact = model.check(now, user, rate);
            prop_assert_eq!(found.map_err(|wait| wait.retry_after), exact);
        }
    }

    #[test]
    fn never_admits_more_than_burst_and_rate_in_any_stretch_of_time(
        rate in rate(),
        steps in prop::collection::vec(0u64..8, 1..200),
    ) {
        let mut limiter = limiter(rate, 1);
        let mut now = 0;
        let mut admitted = Vec::new();
        for after in steps {
            now += after;
            if limiter.check(Mono::from_nanos(now), RateClass::Message, "u").is_ok() {
                admitted.push(now);
            }
        }
        for (first, start) in admitted.iter().enumerate() {
            for (last, end) in admitted.iter().enumerate().skip(first) {
                let most = u128::from(rate.burst)
                    + u128::from(end - start) * u128::from(rate.count) / rate.per.as_nanos();
                prop_assert!((last - first + 1) as u128 <= most);
            }
        }
    }

    #[test]
    fn the_wait_in_an_error_is_exact(
        rate in rate(),
        steps in prop::collection::vec((0u64..4, 0u8..6), 1..100),
        max_users in 1usize..6,
    ) {
        let mut limiter = limiter(rate, max_users);
        let mut now = 0;
        for (after, user) in steps {
            now += after;
            let user = user.to_string();
            let Err(wait) = limiter.check(Mono::from_nanos(now), RateClass::Message, &user) else {
                continue;
            };
            let later = now + wait.retry_after.as_nanos() as u64;
            let early = Mono::from_nanos(later - 1);
            prop_assert!(limiter.clone().check(early, RateClass::Message, &user).is_err());
            let due = Mono::from_nanos(later);
            prop_assert!(limiter.clone().check(due, RateClass::Message, &user).is_ok());
        }
    }

    #[test]
    fn characters_are_counted_as_a_json_reader_sees_them(text in any::<String>(), limit in 0usize..40) {
        let plain = serde_json::to_string(&text).expect("text");
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let count = text.chars().count();
        let rule = Rule { bytes: usize::MAX, fields: vec![("message", limit)], nested: vec![] };
        let sizes = Sizes::new(10, rule);
        for raw in [plain, format!("\"{escaped}\"")] {
            let checked = check(&sizes, &format!(r#"{{"type":"x","message":{raw}}}"#));
            prop_assert_eq!(checked.is_err(), count > limit);
            if let Err(refusal) = checked {
                prop_assert_eq!(refusal.actual, Some(count as u64));
            }
        }
    }
}

fn check(sizes: &Sizes, text: &str) -> Result<(), Refusal> {
    sizes.check_envelope(&Envelope::parse(text, sizes.depth).expect("an envelope"))
}

/// An envelope of exactly so many bytes, none of them in a member that has a limit.
fn padded(kind: &str, bytes: usize) -> String {
    let mut text = format!(r#"{{"type":"{kind}","padding":""#);
    text.push_str(&"x".repeat(bytes - text.len() - 2));
    text.push_str("\"}");
    text
}

#[test]
fn a_hundred_messages_a_minute_and_each_class_for_itself() {
    let mut limiter = RateLimiter::new(Rates::default(), Seed::from_number(1));
    let now = Mono::from_millis(5);
    for _ in 0..100 {
        assert_eq!(limiter.check(now, RateClass::Message, "ann"), Ok(()));
    }
    let wait = limiter.check(now, RateClass::Message, "ann").expect_err("100 were admitted");
    assert_eq!(wait.retry_after, Duration::from_millis(600));
    assert_eq!(limiter.check(now, RateClass::Message, "bob"), Ok(()));
    assert_eq!(limiter.check(now, RateClass::Connect, "ann"), Ok(()));
    assert_eq!(limiter.crowded(), 0);

    let refusal = wait.refusal();
    assert_eq!(refusal.code.as_str(), "RATE_LIMIT_EXCEEDED");
    assert!(refusal.retry_after.is_some_and(|it| it < Duration::from_secs(1)), "to be rounded up");
    assert_eq!(refusal.to_string(), "rate limit exceeded: at most 100 in 60 s, try again in 1 s");
}

#[test]
fn a_full_table_refuses_strangers_says_so_and_does_not_harm_those_it_knows() {
    let mut limiter = limiter(Rate::new(2, Duration::from_secs(2)), 2);
    let at = Mono::from_millis;
    assert_eq!(limiter.check(at(0), RateClass::Message, "ann"), Ok(()));
    assert_eq!(limiter.check(at(500), RateClass::Message, "bob"), Ok(()));
    let wait = limiter.check(at(600), RateClass::Message, "eve").expect_err("full");
    assert!(wait.crowded);
    assert_eq!(wait.retry_after, Duration::from_millis(400), "until ann is idle");
    let found = wait.refusal().to_string();
    assert_eq!(found, "too many users at once, try again in 1 s", "eve is not accused");
    assert_eq!(limiter.check(at(700), RateClass::Message, "bob"), Ok(()));
    assert_eq!(limiter.check(at(1_000), RateClass::Message, "eve"), Ok(()));
    assert_eq!(limiter.crowded(), 1);
}

#[test]
fn idle_users_are_forgotten_as_others_come() {
    let mut limiter = limiter(Rate::new(10, Duration::from_secs(1)), 1_000);
    for user in 0..5_000u64 {
        let now = Mono::from_millis(user * 10);
        assert_eq!(limiter.check(now, RateClass::Message, &user.to_string()), Ok(()));
        assert!(limiter.users(RateClass::Message) <= 11);
    }
}

fn key(user: &str) -> UserKey {
    Keyer::new(Seed::from_number(1)).user(user)
}

#[test]
fn strikes_are_forgiven_one_by_one() {
    let mut violations = Violations::new(5, Duration::from_secs(60), 10);
    for left in [4, 3, 2, 1, 0] {
        assert_eq!(violations.strike(Mono::ZERO, key("ann")), Strike::Tolerated { left });
    }
    assert_eq!(violations.strike(Mono::ZERO, key("ann")), Strike::TooMany);
    assert_eq!(violations.strike(Mono::from_millis(11_999), key("ann")), Strike::TooMany);
    assert_eq!(
        violations.strike(Mono::from_millis(12_000), key("ann")),
        Strike::Tolerated { left: 0 }
    );
    assert_eq!(
        violations.strike(Mono::from_millis(132_000), key("ann")),
        Strike::Tolerated { left: 4 }
    );
}

#[test]
fn violations_decay_so_that_rare_faults_never_add_up() {
    let mut violations = Violations::new(5, Duration::from_secs(60), 10);
    for minute in 0..10_000 {
        let now = Mono::from_millis(minute * 12_000);
        assert_eq!(violations.strike(now, key("ann")), Strike::Tolerated { left: 4 });
    }
}

#[test]
fn a_million_users_take_no_more_than_the_bound_and_do_not_harm_those_it_knows() {
    let mut rates = Rates::default();
    rates.max_users = 10_000;
    let mut limiter = RateLimiter::new(rates, Seed::from_number(1));
    let mut violations = Violations::new(5, Duration::from_secs(60), 10_000);
    let at = Mono::from_nanos;
    assert_eq!(limiter.check(at(0), RateClass::Message, "ann"), Ok(()));
    let mut refused = 0;
    for user in 0..1_000_000u64 {
        let name = user.to_string();
        refused += u64::from(limiter.check(at(user), RateClass::Message, &name).is_err());
        let _ = violations.strike(at(user), key(&name));
    }
    assert_eq!((limiter.users(RateClass::Message), limiter.crowded()), (10_000, refused));
    assert_eq!(refused, 1_000_000 - 9_999);
    // Slots double as they grow: at most 16,384 of 48 bytes, and 5 bytes each in the index.
    let bound = 16_384 * (48 + 2 * 5 + 2);
    assert!(limiter.memory() <= bound, "{}", limiter.memory());
    assert!(violations.memory() <= bound);
    assert_eq!(limiter.check(at(1_000_000), RateClass::Message, "ann"), Ok(()));
    // All are idle again: each one that comes takes two that were there with it.
    let later = Mono::from_millis(120_000);
    for user in 0..6_000 {
        assert_eq!(limiter.check(later, RateClass::Message, &format!("new {user}")), Ok(()));
    }
    assert_eq!(limiter.users(RateClass::Message), 6_000);
}

#[test]
fn a_clock_that_jumps_by_years_neither_panics_nor_admits_twice() {
    const YEAR: u64 = 365 * 24 * 3_600 * 1_000_000_000;
    let rate = Rate::new(u32::MAX, Duration::MAX).with_burst(1);
    for rate in [rate, Rate::new(1, Duration::ZERO), Rate::new(2, Duration::from_secs(2))] {
        let mut limiter = limiter(rate, 2);
        for now in [0, 30 * YEAR, 0, u64::MAX, 5, u64::MAX] {
            let checked = limiter.check(Mono::from_nanos(now), RateClass::Message, "ann");
            let _ = checked.map_err(|wait| wait.refusal().to_string());
        }
    }
    let mut limiter = limiter(Rate::new(1, Duration::from_secs(1)), 2);
    let mut check = |now| limiter.check(Mono::from_nanos(now), RateClass::Message, "ann").is_ok();
    assert!(check(YEAR));
    assert!(!check(0), "an earlier reading counts as the latest");
    assert!(!check(YEAR + 999_999_999));
    assert!(check(YEAR + 1_000_000_000));
}

#[test]
fn sizes_are_those_of_the_table() {
    let sizes = Sizes::default();
    for (kind, bytes) in [
        ("chat", 65_536),
        ("ping", 4_096),
        ("auth", 20_480),
        ("voice", 1_048_576),
        ("new", 131_072),
    ] {
        assert_eq!(check(&sizes, &padded(kind, bytes)), Ok(()));
        let refusal = check(&sizes, &padded(kind, bytes + 1)).expect_err("one byte more");
        assert_eq!((refusal.code, refusal.unit), (Code::TooLarge, Unit::Bytes));
        assert_eq!((refusal.limit, refusal.actual), (Some(bytes as u64), Some(bytes as u64 + 1)));
    }
    assert_eq!(sizes.largest(), 1_048_576);
    assert_eq!(sizes.depth, 10);
}

#[test]
fn an_envelope_is_checked_by_its_type_and_members() {
    let sizes = Sizes::default();
    let check = |text: &str| check(&sizes, text).map_err(|refusal| refusal.to_string());
    let chat = |length: usize| {
        let message = "x".repeat(length);
        format!(r#"{{"type":"chat","id":1,"message":"{message}","made_up":"{message}"}}"#)
    };
    assert_eq!(check(&chat(5_000)), Ok(()));
    let refused = Err("message too long: 5001 characters, at most 5000".to_owned());
    assert_eq!(check(&chat(5_001)), refused);
    let long = "s".repeat(101);
    let session = format!(r#"{{"type":"unheard_of","session_id":"{long}"}}"#);
    let refused = Err("session_id too long: 101 characters, at most 100".to_owned());
    assert_eq!(check(&session), refused);
    let ping = format!(r#"{{"type":"ping","padding":"{}"}}"#, "x".repeat(5_000));
    let refused = Err(format!("message too large: {} bytes, at most 4096", ping.len()));
    assert_eq!(check(&ping), refused);
}

#[test]
fn every_field_of_the_table_is_limited_in_characters() {
    let sizes = Sizes::default();
    for (kind, limits) in [
        ("chat", &[("message", 5_000), ("content", 5_000), ("text", 10_000), ("title", 200)][..]),
        ("any", &[("description", 1_000), ("feedback_text", 1_000), ("user_id", 100)]),
        ("any", &[("session_id", 100), ("filename", 255), ("url", 2_048), ("email", 254)]),
        ("any", &[("phone", 20), ("name", 100), ("address", 500)]),
        ("voice", &[("text", 2_000), ("message", 2_000)]),
        ("feedback", &[("message", 1_000), ("content", 1_000)]),
    ] {
        for (name, limit) in limits {
            // Two bytes a character: bytes are not what is counted.
            let text = |count| format!(r#"{{"type":"{kind}","{name}":"{}"}}"#, "ä".repeat(count));
            assert_eq!(check(&sizes, &text(*limit)), Ok(()), "{kind} {name}");
            let refusal = check(&sizes, &text(limit + 1)).expect_err("one character more");
            assert_eq!((refusal.field, refusal.unit), (Some(*name), Unit::Characters));
            assert_eq!((refusal.code, refusal.actual), (Code::Invalid, Some(*limit as u64 + 1)));
        }
    }
}

#[test]
fn a_member_is_found_however_its_name_is_spelled_and_wherever_it_stands() {
    let sizes = Sizes::default();
    let long = "x".repeat(5_001);
    let text = format!(r#"{{"type":"chat","m\u0065ssage":"{long}"}}"#);
    assert_eq!(check(&sizes, &text).map_err(|it| it.field), Err(Some("message")));
    // Beyond the members that a scan remembers.
    let filler: String = (0..40).map(|n| format!(r#""f{n}":{n},"#)).collect();
    let text = format!(r#"{{{filler}"type":"chat","name":"{}"}}"#, "x".repeat(101));
    assert_eq!(check(&sizes, &text).map_err(|it| it.field), Err(Some("name")));
}

#[test]
fn a_nested_value_that_is_too_large_is_named() {
    let sizes = Sizes::default();
    let nested = |bytes: usize| format!("[\"{}\"]", "x".repeat(bytes - 4));
    for name in ["context", "metadata"] {
        let text = |bytes| format!(r#"{{"type":"init","{name}":{}}}"#, nested(bytes));
        assert_eq!(check(&sizes, &text(16_384)), Ok(()));
        let refusal = check(&sizes, &text(16_385)).expect_err("one byte more");
        assert_eq!((refusal.field, refusal.code), (Some(name), Code::Invalid));
        assert_eq!((refusal.unit, refusal.actual), (Unit::Bytes, Some(16_385)));
    }
}

#[test]
fn characters_are_settings_by_name_and_by_type() {
    let mut sizes = Sizes::default();
    sizes.set_characters("message", 7).unwrap();
    sizes.set_characters("voice.text", 9).unwrap();
    let of = |kind: &str, name: &str| sizes.rule(kind).characters(name);
    for kind in ["chat", "text_input", "anything"] {
        assert_eq!((of(kind, "message"), of(kind, "content")), (Some(7), Some(5_000)));
    }
    // What a type limits by itself stays.
    assert_eq!((of("feedback", "message"), of("voice", "message")), (Some(1_000), Some(2_000)));
    assert_eq!((of("voice", "text"), of("voice_input", "text")), (Some(9), Some(2_000)));
    // The smallest comes first whatever is set: the check stops at the first that is longer.
    sizes.set_characters("phone", 6_000).unwrap();
    let phone = format!(r#"{{"type":"x","phone":"{}"}}"#, "1".repeat(6_000));
    assert_eq!(sizes.check_envelope(&Envelope::parse(&phone, 10).unwrap()), Ok(()));
    for limit in [0, (1 << 20) + 1] {
        let error = sizes.set_characters("voice.text", limit).unwrap_err();
        let said = format!("characters.voice.text is {limit}, not from 1 to 1048576");
        assert_eq!(error.to_string(), said);
    }
    let all = sizes.all_characters();
    for limit in [("message", 7), ("chat.message", 7), ("voice.text", 9), ("voice.message", 2_000)]
    {
        assert!(all.contains(&(limit.0.to_owned(), limit.1)), "{limit:?}: {all:?}");
    }
    let mut again = Sizes::default();
    for (name, limit) in all {
        again.set_characters(&name, limit as u64).unwrap();
    }
    assert_eq!(again, sizes);
    for unknown in ["nothing", "voice.nothing", "nothing.message", "context", "."] {
        assert!(sizes.set_characters(unknown, 1).is_err(), "{unknown}");
    }
}
