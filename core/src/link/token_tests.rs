use proptest::prelude::*;

use super::*;

fn now(seconds: u64) -> Now {
    let wall = Wall::from_unix_secs(1_800_000_000 + i64::try_from(seconds).unwrap());
    Now::new(Mono::from_millis(seconds * 1_000), wall)
}

fn jwt(payload: &str) -> String {
    format!("eyJhbGciOiJIUzI1NiJ9.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
}

fn token(issued: u64, life: u64) -> Token {
    let expires = now(issued + life).wall;
    Token::with_dates("opaque", Some(now(issued).wall), expires)
}

fn schedule() -> TokenSchedule {
    TokenSchedule::new(TokenConfig::default(), Seed::from_number(7))
}

#[test]
fn a_token_never_shows_its_text() {
    let token = Token::new(jwt(r#"{"exp":1800000060,"sub":"u"}"#));
    let shown = format!("{token:?} {token:#?}");
    for part in token.expose().split('.') {
        assert!(!shown.contains(part), "{shown}");
    }
    let mut schedule = schedule();
    schedule.provide(now(0), token.clone()).unwrap();
    assert!(!format!("{schedule:?}").contains(token.expose()));
}

#[test]
fn dates_are_read_from_the_payload_of_a_jwt() {
    let token = Token::new(jwt(r#"{"iat":1800000000.5,"exp":1800003600,"aud":["a"]}"#));
    assert_eq!(token.issued(), Some(Wall::from_unix_millis(1_800_000_000_500)));
    assert_eq!(token.expires(), Some(Wall::from_unix_secs(1_800_003_600)));
    for odd in ["", "opaque", "a.b", "a.!!.c", &jwt("[]"), &jwt(r#"{"exp":"soon"}"#)] {
        assert_eq!(Token::new(odd).expires(), None, "{odd}");
    }
    assert!(Token::new(jwt(r#"{"exp":1e300}"#)).expires() > Some(Wall::from_unix_secs(1 << 40)));
}

/// The claims that other readers look at, and ours among them.
fn claims() -> impl Strategy<Value = String> {
    let value = prop_oneof![
        any::<u64>().prop_map(|number| number.to_string()),
        any::<i32>().prop_map(|number| number.to_string()),
        any::<f32>()
            .prop_filter("JSON has no others", |it| it.is_finite())
            .prop_map(|it| it.to_string()),
        "-?(0|[1-9][0-9]{0,3})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?",
        Just("null".to_owned()),
        Just("1e999".to_owned()),
        "\"[a-z]{0,3}\"|true|\\[1\\]|\\{\"exp\":1\\}|01|\\.5|",
    ];
    // Of equal names serde takes none and we the last one: RFC 7519 section 4 allows either.
    let names = prop::sample::subsequence(vec!["exp", "iat", "sub", "nbf"], 0..=4);
    let members = (names, prop::collection::vec(value, 4), any::<bool>());
    members.prop_map(|(names, values, escaped)| {
        let spelled = |name| if escaped && name == "exp" { r"e\u0078p" } else { name };
        let members = names.iter().zip(values);
        let members = members.map(|(name, value)| format!("\"{}\":{value}", spelled(*name)));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    })
}

#[derive(serde::Deserialize)]
struct Theirs {
    exp: Option<f64>,
    iat: Option<f64>,
}

proptest! {
    #[test]
    fn dates_are_those_that_serde_json_reads(claims in claims()) {
        let ours = jwt_dates(&jwt(&claims)).map(|dates| [dates.exp, dates.iat]);
        let theirs = serde_json::from_str::<Theirs>(&claims).ok().map(|it| [it.exp, it.iat]);
        prop_assert_eq!(ours.is_some(), theirs.is_some(), "{}", claims);
        for (ours, theirs) in ours.into_iter().flatten().zip(theirs.into_iter().flatten()) {
            prop_assert_eq!(ours.is_some(), theirs.is_some(), "{}", claims);
            // serde_json reads floats fast, not always to the last digit; ours are exact.
            let micros = |date: Option<Wall>| date.map_or(0, Wall::as_unix_micros);
            let (least, most) = (i64::MIN as f64, i64::MAX as f64);
            let theirs = (theirs.unwrap_or(0.0) * 1e6).clamp(least, most);
            let ours = micros(ours) as f64;
            prop_assert!((ours - theirs).abs() <= 0.5 + ours.abs() * 1e-14, "{ours} {theirs} in {claims}");
        }
    }
}

#[test]
fn a_log_line_keeps_everything_but_the_token() {
    let cases = [
        ("wss://h/ws/u?token=abc.def&x=1", "wss://h/ws/u?token=***&x=1"),
        ("GET /ws/u?access_token=abc HTTP/1.1", "GET /ws/u?access_token=*** HTTP/1.1"),
        ("bad token eyJhbGci.eyJz.sig: expired", "bad token *** expired"),
        ("token=a token=b", "token=*** token=***"),
        ("nothing to hide", "nothing to hide"),
    ];
    for (line, expected) in cases {
        assert_eq!(redact(line), expected);
    }
}

#[test]
fn an_hour_long_token_is_renewed_at_four_fifths_and_a_short_one_a_minute_before_its_end() {
    for (life, least, most) in [(3_600, 2_850, 2_880), (120, 60, 60), (200, 120, 140), (30, 15, 15)]
    {
        let mut schedule = schedule();
        schedule.provide(now(0), token(0, life)).unwrap();
        let deadline = schedule.poll_timeout().unwrap();
        assert_eq!(deadline.reason, TimerReason::TokenRenewal);
        let (least, most) = (now(least.max(10)).mono, now(most).mono);
        assert!(least <= deadline.at && deadline.at <= most, "life {life}: {deadline:?}");
    }
}

#[test]
fn the_host_is_asked_once_at_a_time_and_not_again_before_the_pause() {
    let mut schedule = schedule();
    schedule.provide(now(0), token(0, 3_600)).unwrap();
    assert!(!schedule.handle_timeout(now(2_000)));
    assert!(schedule.handle_timeout(now(2_880)));
    assert!(!schedule.handle_timeout(now(2_885)), "a request is open");
    assert!(!schedule.ask(now(2_885)));
    schedule.fail(now(2_890));
    assert!(!schedule.handle_timeout(now(2_895)), "the pause is not over");
    assert!(schedule.handle_timeout(now(2_900)));
    assert!(!schedule.handle_timeout(now(2_930)), "unanswered: void, and a pause");
    assert!(schedule.handle_timeout(now(2_940)));
}

#[test]
fn the_same_stale_token_again_and_again_does_not_spin() {
    let mut schedule = schedule();
    let mut asked = 0;
    schedule.provide(now(0), token(0, 100)).unwrap();
    for second in 0..99 {
        if schedule.handle_timeout(now(second)) {
            asked += 1;
            schedule.provide(now(second), token(0, 100)).unwrap();
        }
    }
    assert!((1..=5).contains(&asked), "asked {asked} times");
}

#[test]
fn the_life_of_a_token_runs_from_its_coming_and_on_the_monotonic_clock() {
    let by = |came: Now, token: Token| {
        let mut schedule = schedule();
        schedule.provide(came, token).unwrap();
        let ends = |at: &u64| schedule.usable(now(*at).mono).is_none();
        (0..20_000).find(ends).map(|end| end - came.mono.as_nanos() / 1_000_000_000)
    };
    assert_eq!(by(now(100), token(100, 3_600)), Some(3_600), "a new one");
    assert_eq!(by(now(100), token(0, 3_600)), Some(3_500), "one that is a while old");
    assert_eq!(by(now(5_000), token(0, 3_600)), Some(3_600), "over, says the device's clock");
    assert_eq!(by(now(100), token(3_700, 3_600)), Some(3_600), "of the future, says that clock");
    let dateless = |end| Token::with_dates("opaque", None, now(end).wall);
    assert_eq!(by(now(100), dateless(400)), Some(300));
    assert_eq!(by(now(500), dateless(400)), None, "nothing is known");
}

#[test]
fn the_servers_word_is_a_life_of_its_own_where_the_token_ends_later_or_does_not_say() {
    let renews = |schedule: &TokenSchedule| {
        schedule.poll_timeout().map(|at| at.at.saturating_since(now(0).mono).as_secs())
    };
    let hour = Duration::from_secs(3_600);
    let mut opaque = schedule();
    opaque.limit(now(0).mono, hour);
    assert_eq!(renews(&opaque), None, "there is no token");
    opaque.provide(now(0), Token::new("opaque")).unwrap();
    assert_eq!(renews(&opaque), None);
    opaque.limit(now(0).mono, hour);
    assert!((2_850..=2_880).contains(&renews(&opaque).unwrap()), "{:?}", renews(&opaque));
    assert!(opaque.usable(now(3_599).mono).is_some() && opaque.usable(now(3_600).mono).is_none());
    // The same said again later moves nothing, and less does.
    let before = renews(&opaque);
    opaque.limit(now(1_000).mono, Duration::from_secs(2_600));
    assert_eq!(renews(&opaque), before);
    opaque.limit(now(1_000).mono, Duration::from_secs(200));
    assert!((1_120..=1_140).contains(&renews(&opaque).unwrap()), "{:?}", renews(&opaque));
    // Nor does it where the token's own dates say less.
    let mut dated = schedule();
    dated.provide(now(0), token(0, 3_600)).unwrap();
    let before = renews(&dated);
    dated.limit(now(0).mono, 2 * hour);
    assert_eq!(renews(&dated), before);
    dated.limit(now(0).mono, hour / 2);
    assert!(renews(&dated) < before);
    dated.provide(now(0), token(0, 3_600)).unwrap();
    assert!((2_850..=2_880).contains(&renews(&dated).unwrap()), "another has its own");
}

#[test]
fn a_token_that_could_break_out_of_a_request_line_is_refused() {
    for text in ["", "a b", "a\r\nHost: x", "tök"] {
        assert_eq!(schedule().provide(now(0), Token::new(text)), Err(TokenError::Malformed));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn renewal_falls_into_the_second_half_of_a_life(seed: u64, life in 1_u64..10_000_000) {
        let mut schedule = TokenSchedule::new(TokenConfig::default(), Seed::from_number(seed));
        schedule.provide(now(0), token(0, life)).unwrap();
        let renew = schedule.renew.unwrap().saturating_since(now(0).mono);
        let life = Duration::from_secs(life);
        prop_assert!(life / 2 <= renew && renew <= (life / 5 * 4).max(life / 2));
    }
}
