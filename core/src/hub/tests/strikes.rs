//! From the first refusal to the close, and back: every kind of wrong is answered, closes the link
//! only after so many, with its own code, and is forgiven with time.

use core::time::Duration;

use super::support::Host;
use crate::hub::{HubConfig, LinkId};
use crate::limits::{Rate, RateClass};

/// A kind of wrong: what to send, what is answered, and the code of the close.
struct Wrong {
    send: fn(&mut Host, LinkId),
    code: &'static str,
    /// The answer tells when to try again.
    wait: bool,
    close: u16,
}

const WRONGS: [Wrong; 6] = [
    Wrong {
        send: |host, link| host.say(link, "junk"),
        code: "FORMAT_ERROR",
        wait: false,
        close: 4003,
    },
    Wrong {
        send: |host, link| host.say(link, r#"{"message":"no type"}"#),
        code: "VALIDATION_ERROR",
        wait: false,
        close: 4003,
    },
    Wrong {
        send: |host, link| host.bytes(link, &[0x82, 0x81, 0, 0, 0, 0, 7]),
        code: "FORMAT_ERROR",
        wait: false,
        close: 4003,
    },
    Wrong {
        send: |host, link| host.say(link, r#"{"type":"chat","id":"q","message":"too fast"}"#),
        code: "RATE_LIMIT_EXCEEDED",
        wait: true,
        close: 4008,
    },
    Wrong {
        send: |host, link| {
            host.say(link, &format!(r#"{{"type":"chat","id":"q","a":"{}"}}"#, "x".repeat(70_000)));
        },
        code: "MESSAGE_TOO_LARGE",
        wait: false,
        close: 4009,
    },
    Wrong {
        send: |host, link| {
            let nested = format!("{}1{}", "[".repeat(20), "]".repeat(20));
            host.say(link, &format!(r#"{{"type":"chat","id":"q","message":{nested}}}"#));
        },
        code: "MESSAGE_TOO_LARGE",
        wait: false,
        close: 4009,
    },
];

/// A hub that forgives `allowed` in `window`, and a link of a user that has used its rate up.
fn host(allowed: u32, window: Duration) -> (Host, LinkId) {
    let mut config = HubConfig::default();
    (config.max_violations, config.violation_window) = (allowed, window);
    config.rates = config.rates.with(RateClass::Message, Rate::new(1, Duration::from_secs(36_000)));
    let mut host = Host::with(config);
    let link = host.open("ada");
    host.say(link, r#"{"type":"chat","id":"only","message":"x"}"#);
    host.requests.clear();
    host.events();
    (host, link)
}

/// Does wrong once, and sees that it is answered.
fn strike(host: &mut Host, link: LinkId, wrong: &Wrong, closing: bool) {
    (wrong.send)(host, link);
    assert_eq!(host.events(), [format!("refused ada {} {closing}", wrong.code)]);
    let error = host.text(link);
    assert!(error.contains(r#""type":"error""#), "{error}");
    assert!(error.contains(&format!(r#""error_code":"{}""#, wrong.code)), "{error}");
    assert_eq!(error.contains(r#""retry_after":"#), wrong.wait, "{error}");
    let closed = host.peers[&link].closed.as_ref().map(|closed| closed.0);
    assert_eq!(closed, closing.then_some(wrong.close), "{}", wrong.code);
}

/// The peer stays quiet but alive.
fn live(host: &mut Host, link: LinkId, time: Duration) {
    let step = Duration::from_secs(10);
    let mut left = time;
    while !left.is_zero() {
        host.pass(left.min(step));
        left = left.saturating_sub(step);
        host.say(link, r#"{"type":"pong"}"#);
        host.peers.get_mut(&link).unwrap().texts.clear();
    }
    host.events();
}

#[test]
fn each_kind_closes_with_its_code_after_exactly_so_many() {
    for allowed in [1, 3, 5, 12] {
        for wrong in &WRONGS {
            let (mut host, link) = host(allowed, Duration::from_secs(60));
            for _ in 0..allowed {
                strike(&mut host, link, wrong, false);
            }
            strike(&mut host, link, wrong, true);
        }
    }
}

#[test]
fn kinds_count_together_and_the_last_one_names_the_code() {
    for last in &WRONGS {
        let (mut host, link) = host(6, Duration::from_secs(60));
        for wrong in &WRONGS {
            strike(&mut host, link, wrong, false);
        }
        strike(&mut host, link, last, true);
    }
}

#[test]
fn one_is_forgiven_after_its_share_of_the_window_and_all_after_the_window() {
    for wrong in &WRONGS {
        let (mut host, link) = host(4, Duration::from_secs(80));
        for _ in 0..4 {
            strike(&mut host, link, wrong, false);
        }
        live(&mut host, link, Duration::from_secs(20));
        strike(&mut host, link, wrong, false);
        live(&mut host, link, Duration::from_secs(80));
        for _ in 0..4 {
            strike(&mut host, link, wrong, false);
        }
        live(&mut host, link, Duration::from_millis(19_999));
        strike(&mut host, link, wrong, true);
    }
}

#[test]
fn whoever_keeps_to_less_than_that_is_never_closed() {
    let (mut host, link) = host(4, Duration::from_secs(80));
    for wrong in WRONGS.iter().cycle().take(100) {
        strike(&mut host, link, wrong, false);
        live(&mut host, link, Duration::from_secs(20));
    }
}

#[test]
fn a_link_of_another_user_is_not_harmed() {
    let (mut host, link) = host(2, Duration::from_secs(60));
    let ben = host.open("ben");
    for _ in 0..3 {
        host.say(link, "junk");
    }
    assert_eq!(host.peers[&link].closed.as_ref().unwrap().0, 4003);
    host.say(ben, r#"{"type":"chat","id":"q","message":"x"}"#);
    assert_eq!((host.requests.len(), host.peers[&ben].closed.clone()), (1, None));
}
