//! Requests and their answers.

use super::support::Host;
use crate::hub::{Delivered, Reply};

#[test]
fn an_answer_names_its_request() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, r#"{"type":"chat","id":"q-1","message":"my budget?"}"#);
    host.say(link, r#"{"type":"chat","id":2,"message":"and you?"}"#);
    assert_eq!(host.requests.len(), 2);
    let [first, second] = host.requests[..] else { panic!() };
    assert_eq!(host.hub.reply(host.now, second, &Reply::text("well")), Ok(Delivered::Queued(link)));
    assert_eq!(host.hub.reply(host.now, first, &Reply::text("40")), Ok(Delivered::Queued(link)));
    assert!(host.hub.reply(host.now, first, &Reply::text("41")).is_err());
    host.drain();
    let (two, one) = (host.text(link), host.text(link));
    assert!(two.contains(r#""reply_to":2"#) && two.contains(r#""content":"well""#), "{two}");
    assert!(one.contains(r#""reply_to":"q-1""#) && one.contains(r#""message":"40""#), "{one}");
}

#[test]
fn without_ids_answers_leave_in_the_order_of_asking() {
    let mut host = Host::new();
    let link = host.open("ada");
    for text in ["one", "two", "three"] {
        host.say(link, &format!(r#"{{"type":"chat","message":"{text}"}}"#));
    }
    let [one, two, three] = host.requests[..] else { panic!() };
    let in_order = Ok(Delivered::InOrder(link));
    assert_eq!(host.hub.reply(host.now, three, &Reply::text("3")), in_order);
    assert_eq!(host.hub.reply(host.now, two, &Reply::text("2")), in_order);
    assert_eq!(host.hub.reply(host.now, one, &Reply::text("1")), Ok(Delivered::Queued(link)));
    host.drain();
    for expected in ["1", "2", "3"] {
        let text = host.text(link);
        assert!(text.contains(&format!(r#""message":"{expected}""#)), "{text}");
        assert!(!text.contains("reply_to"));
    }
}

#[test]
fn ping_is_answered_with_pong() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.say(link, r#"{"type":"ping","timestamp":1772337906790}"#);
    assert!(host.text(link).starts_with(r#"{"type":"pong""#));
}

#[test]
fn a_refusal_names_the_message_as_far_as_it_could_be_read() {
    let mut host = Host::new();
    let link = host.open("ada");
    let deep =
        format!(r#"{{"type":"chat","context":{}1{},"id":7}}"#, "[".repeat(20), "]".repeat(20));
    host.say(link, &deep);
    let error = host.text(link);
    assert!(error.contains("MESSAGE_TOO_LARGE") && error.contains(r#""reply_to":7"#), "{error}");
    host.say(link, r#"{"id":"q-1","message":"no type"}"#);
    let error = host.text(link);
    assert!(error.contains("VALIDATION_ERROR") && error.contains(r#""reply_to":"q-1""#), "{error}");
    host.say(link, "{nothing");
    let error = host.text(link);
    assert!(error.contains("FORMAT_ERROR") && !error.contains("reply_to"), "{error}");
}
