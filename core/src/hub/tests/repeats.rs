//! A request that comes twice takes effect once, and its sender gets the answer.

use core::time::Duration;

use super::support::Host;
use crate::hub::{Delivered, HubConfig, Reply};
use crate::limits::{Rate, RateClass};

const ASK: &str = r#"{"type":"chat","id":"q","message":"log 40 for fuel"}"#;

#[test]
fn a_repeat_of_an_answered_request_gets_the_first_answer_byte_for_byte() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, ASK);
    host.reply("logged");
    let first = host.text(link);
    host.cut(link);
    let again = host.open("ada");
    host.events();
    host.say(again, ASK);
    assert_eq!(host.events(), ["duplicate ada Answered"]);
    assert_eq!(host.text(again), first);
}

#[test]
fn a_repeat_of_a_running_request_takes_its_answer_over() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, ASK);
    let again = host.open("ada");
    host.say(again, ASK);
    assert_eq!(host.requests.len(), 1, "one effect");
    assert_eq!(host.events().last().unwrap(), "duplicate ada Running");
    assert_eq!(host.reply("logged"), Delivered::Queued(again));
    assert!(host.text(again).contains("logged"));
    assert!(host.peers[&link].texts.is_empty(), "the link that asked first gets nothing");
}

#[test]
fn the_answer_to_a_link_that_has_ended_is_kept_for_the_repeat() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, ASK);
    host.cut(link);
    assert_eq!(host.events().last().unwrap(), "closed ada 1006 running 1 left 0");
    assert_eq!(host.reply("logged"), Delivered::Kept);
    assert_eq!((host.hub.users(), host.hub.requests()), (0, 0));
    let again = host.open("ada");
    host.say(again, ASK);
    assert!(host.text(again).contains("logged"));
}

#[test]
fn a_repeat_that_comes_after_the_link_ended_and_before_the_answer_is_answered() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, ASK);
    host.cut(link);
    let again = host.open("ada");
    host.say(again, ASK);
    assert_eq!(host.reply("logged"), Delivered::Queued(again));
    host.cut(again);
    assert_eq!(host.events().last().unwrap(), "closed ada 1006 running 0 left 0");
}

#[test]
fn another_user_may_use_the_same_id() {
    let mut host = Host::new();
    let (ada, ben) = (host.open("ada"), host.open("ben"));
    host.say(ada, ASK);
    host.say(ben, ASK);
    assert_eq!(host.requests.len(), 2);
}

#[test]
fn an_answer_that_is_no_longer_kept_is_reported_as_such() {
    let mut config = HubConfig::default();
    config.window.max_result_bytes = 600;
    let mut host = Host::with(config);
    let link = host.open("ada");
    host.say(link, ASK);
    host.reply("logged");
    host.text(link);
    for n in 0..4 {
        host.say(link, &format!(r#"{{"type":"chat","id":{n},"message":"and?"}}"#));
        host.reply("yes");
        host.text(link);
    }
    host.events();
    host.say(link, ASK);
    assert_eq!(host.events(), ["duplicate ada Forgotten"]);
    let error = host.text(link);
    assert!(error.contains("DUPLICATE_REQUEST") && error.contains(r#""reply_to":"q""#), "{error}");
}

#[test]
fn repeats_have_a_rate_of_their_own_and_say_when_to_come_back() {
    let mut config = HubConfig::default();
    let rate = Rate::new(1, Duration::from_secs(10)).with_burst(3);
    config.rates = config.rates.with(RateClass::Repeat, rate);
    let mut host = Host::with(config);
    let (ada, ben) = (host.open("ada"), host.open("ben"));
    for link in [ada, ben] {
        host.say(link, ASK);
        host.reply("logged");
        host.text(link);
    }
    for _ in 0..3 {
        host.say(ada, ASK);
        assert!(host.text(ada).contains("logged"));
    }
    host.pass(Duration::from_secs(4));
    host.say(ada, ASK);
    let error = host.text(ada);
    assert!(
        error.contains("RATE_LIMIT_EXCEEDED") && error.contains(r#""reply_to":"q""#),
        "{error}"
    );
    assert!(error.contains(r#""retry_after":6"#), "{error}");
    host.say(ada, r#"{"type":"chat","id":"new","message":"x"}"#);
    assert_eq!(host.requests.len(), 1, "what is new has its own rate");
    host.say(ben, ASK);
    assert!(host.text(ben).contains("logged"), "and every user its own");
    host.pass(Duration::from_secs(6));
    host.say(ada, ASK);
    assert!(host.text(ada).contains("logged"), "exactly then it is answered again");
    // One refusal was half forgiven in these 6 s.
    for _ in 0..5 {
        assert_eq!(host.peers[&ada].closed, None);
        host.say(ada, ASK);
    }
    assert_eq!(host.peers[&ada].closed.as_ref().unwrap().0, 4008);
    assert_eq!(host.requests.len(), 1, "no repeat had an effect");
}

#[test]
fn a_refused_request_may_be_tried_again_under_its_id() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, r#"{"type":"chat","id":"q","agent":"nobody","message":"hello"}"#);
    assert!(host.text(link).contains("UNKNOWN_AGENT"));
    host.say(link, r#"{"type":"chat","id":"q","message":"hello"}"#);
    assert_eq!(host.requests.len(), 1);
}

#[test]
fn without_ids_the_content_counts_if_so_configured_and_each_repeat_is_answered() {
    let mut config = HubConfig::default();
    config.window.content_age = Some(Duration::from_secs(5));
    let mut host = Host::with(config);
    let link = host.open("ada");
    let request = r#"{"type":"chat","message":"log 40 for fuel"}"#;
    host.say(link, request);
    host.say(link, request);
    host.say(link, r#"{"type":"chat","message":"and?"}"#);
    assert_eq!(host.requests.len(), 2, "one effect of the two");
    host.requests.swap(0, 1);
    assert_eq!(host.reply("and what"), Delivered::InOrder(link));
    assert_eq!(host.reply("logged"), Delivered::Queued(link));
    for expected in ["logged", "logged", "and what"] {
        let text = host.text(link);
        assert!(text.contains(expected), "{text}");
    }
    host.say(link, request);
    assert!(host.text(link).contains("logged"), "the kept answer");
    host.pass(Duration::from_secs(6));
    host.say(link, request);
    assert_eq!(host.requests.len(), 1, "people repeat themselves");
    assert_eq!(host.hub.requests(), 1);
}

#[test]
fn a_dismissed_request_has_no_answer_and_neither_has_its_repeat() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, ASK);
    let request = host.requests.remove(0);
    host.hub.dismiss(host.now, request).unwrap();
    assert!(host.hub.dismiss(host.now, request).is_err());
    assert!(host.hub.reply(host.now, request, &Reply::text("late")).is_err());
    host.say(link, ASK);
    assert_eq!(host.events().last().unwrap(), "duplicate ada Answered");
    assert!(host.peers[&link].texts.is_empty());
}

#[test]
fn the_id_alone_makes_a_repeat_on_whichever_link_and_only_as_it_is_spelled() {
    let mut host = Host::new();
    let (phone, laptop) = (host.open("ada"), host.open("ada"));
    host.say(phone, r#"{"type":"chat","id":"7","message":"log 40"}"#);
    host.reply("logged");
    let first = host.text(phone);
    host.say(laptop, r#"{"type":"chat","id":"7","message":"in other words"}"#);
    assert_eq!((host.text(laptop), host.requests.len()), (first, 0));
    // A number is another id, and equal texts without ids are two requests.
    host.say(phone, r#"{"type":"chat","id":7,"message":"log 40"}"#);
    host.say(phone, r#"{"type":"chat","message":"next"}"#);
    host.say(phone, r#"{"type":"chat","message":"next"}"#);
    assert_eq!(host.requests.len(), 3);
}
