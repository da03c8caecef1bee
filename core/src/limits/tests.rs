use core::time::Duration;
use std::collections::HashMap;

use proptest::prelude::*;

use super::{Class, Code, Rate, RateLimiter, Rates, Rule, Sizes, Strike, Unit, Violations};
use crate::seed::Seed;
use crate::time::Mono;

fn limiter(rate: Rate, max_users: usize) -> RateLimiter {
    let mut rates = Rates::default().with(Class::Message, rate);
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
            let told = limiter.check(Mono::from_nanos(now), Class::Message, &user.to_string());
            let exact = model.check(now, user, rate);
            prop_assert_eq!(told.map_err(|wait| wait.retry_after), exact);
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
            if limiter.check(Mono::from_nanos(now), Class::Message, "u").is_ok() {
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
    fn the_told_wait_is_exact(
        rate in rate(),
        steps in prop::collection::vec((0u64..4, 0u8..6), 1..100),
        max_users in 1usize..6,
    ) {
        let mut limiter = limiter(rate, max_users);
        let mut now = 0;
        for (after, user) in steps {
            now += after;
            let user = user.to_string();
            let Err(wait) = limiter.check(Mono::from_nanos(now), Class::Message, &user) else {
                continue;
            };
            let later = now + wait.retry_after.as_nanos() as u64;
            let early = Mono::from_nanos(later - 1);
            prop_assert!(limiter.clone().check(early, Class::Message, &user).is_err());
            let due = Mono::from_nanos(later);
            prop_assert!(limiter.clone().check(due, Class::Message, &user).is_ok());
        }
    }

    #[test]
    fn characters_are_counted_as_a_json_reader_sees_them(text in any::<String>(), limit in 0usize..40) {
        let plain = serde_json::to_string(&text).expect("text");
        let escaped: String = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
        let count = text.chars().count();
        let rule = Rule { bytes: usize::MAX, fields: vec![("message", limit)], nested: vec![] };
        for raw in [plain, format!("\"{escaped}\"")] {
            let checked = Sizes::new(10, rule.clone()).check("x", raw.len(), |_| Some(&raw));
            prop_assert_eq!(checked.is_err(), count > limit);
            if let Err(refusal) = checked {
                prop_assert_eq!(refusal.actual, Some(count as u64));
            }
        }
    }
}

#[test]
fn a_hundred_messages_a_minute_and_each_class_for_itself() {
    let mut limiter = RateLimiter::new(Rates::default(), Seed::from_number(1));
    let now = Mono::from_millis(5);
    for _ in 0..100 {
        assert_eq!(limiter.check(now, Class::Message, "ann"), Ok(()));
    }
    let wait = limiter.check(now, Class::Message, "ann").expect_err("100 were admitted");
    assert_eq!(wait.retry_after, Duration::from_millis(600));
    assert_eq!(limiter.check(now, Class::Message, "bob"), Ok(()));
    assert_eq!(limiter.check(now, Class::Connect, "ann"), Ok(()));
    assert_eq!((limiter.limited(), limiter.crowded()), (1, 0));

    let refusal = wait.refusal();
    assert_eq!(refusal.code.as_str(), "RATE_LIMIT_EXCEEDED");
    assert_eq!(refusal.retry_after_secs(), Some(1), "rounded up");
    assert_eq!(refusal.to_string(), "rate limit exceeded: at most 100 in 60 s, try again in 1 s");
}

#[test]
fn a_full_table_refuses_strangers_says_so_and_does_not_harm_those_it_knows() {
    let mut limiter = limiter(Rate::new(2, Duration::from_secs(2)), 2);
    let at = Mono::from_millis;
    assert_eq!(limiter.check(at(0), Class::Message, "ann"), Ok(()));
    assert_eq!(limiter.check(at(500), Class::Message, "bob"), Ok(()));
    let wait = limiter.check(at(600), Class::Message, "eve").expect_err("full");
    assert!(wait.crowded);
    assert_eq!(wait.retry_after, Duration::from_millis(400), "until ann is idle");
    assert_eq!(limiter.check(at(700), Class::Message, "bob"), Ok(()));
    assert_eq!(limiter.check(at(1_000), Class::Message, "eve"), Ok(()));
    assert_eq!((limiter.limited(), limiter.crowded()), (0, 1));
}

#[test]
fn idle_users_are_forgotten_as_others_come() {
    let mut limiter = limiter(Rate::new(10, Duration::from_secs(1)), 1_000);
    for user in 0..5_000u64 {
        let now = Mono::from_millis(user * 10);
        assert_eq!(limiter.check(now, Class::Message, &user.to_string()), Ok(()));
        assert!(limiter.users(Class::Message) <= 11);
    }
}

#[test]
fn strikes_are_forgiven_one_by_one() {
    let mut violations = Violations::new(5, Duration::from_secs(60), 10, Seed::from_number(1));
    for left in [4, 3, 2, 1, 0] {
        assert_eq!(violations.strike(Mono::ZERO, "ann"), Strike::Tolerated { left });
    }
    assert_eq!(violations.strike(Mono::ZERO, "ann"), Strike::TooMany);
    assert_eq!(violations.strike(Mono::from_millis(11_999), "ann"), Strike::TooMany);
    assert_eq!(violations.strike(Mono::from_millis(12_000), "ann"), Strike::Tolerated { left: 0 });
    assert_eq!(violations.strike(Mono::from_millis(132_000), "ann"), Strike::Tolerated { left: 4 });
}

#[test]
fn sizes_are_those_of_the_table() {
    let sizes = Sizes::default();
    let none = |_: &str| None;
    for (kind, bytes) in [
        ("chat", 65_536),
        ("ping", 4_096),
        ("auth", 16_384),
        ("voice", 1_048_576),
        ("new", 131_072),
    ] {
        assert_eq!(sizes.check(kind, bytes, none), Ok(()));
        let refusal = sizes.check(kind, bytes + 1, none).expect_err("one byte more");
        assert_eq!((refusal.code, refusal.unit), (Code::TooLarge, Unit::Bytes));
        assert_eq!((refusal.limit, refusal.actual), (Some(bytes as u64), Some(bytes as u64 + 1)));
    }
    assert_eq!(sizes.largest(), 1_048_576);
    assert_eq!(sizes.depth, 10);
}

#[test]
fn an_envelope_is_checked_by_its_type_and_members() {
    let sizes = Sizes::default();
    let check = |text: &str| {
        let envelope = crate::envelope::Envelope::parse(text, sizes.depth).expect("an envelope");
        sizes.check_envelope(&envelope).map_err(|refusal| refusal.to_string())
    };
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
fn a_field_that_is_too_long_is_named() {
    let sizes = Sizes::default();
    let text = format!("\"{}\"", "\u{e4}".repeat(5_001));
    let field = |name: &str| (name == "message").then_some(text.as_str());
    let refusal = sizes.check("chat", text.len() + 30, field).expect_err("5,001 characters");
    assert_eq!(refusal.field, Some("message"));
    assert_eq!(refusal.to_string(), "message too long: 5001 characters, at most 5000");

    let nested = format!("[{}]", "1,".repeat(9_000));
    let field = |name: &str| (name == "context").then_some(nested.as_str());
    let refusal = sizes.check("init", nested.len() + 30, field).expect_err("18,002 bytes");
    assert_eq!((refusal.field, refusal.code), (Some("context"), Code::Invalid));
}
