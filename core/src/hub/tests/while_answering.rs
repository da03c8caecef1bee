//! What a user asks while an answer to it runs.

use core::time::Duration;
use std::sync::Arc;

use super::support::Host;
use crate::hub::{Delivered, HubConfig, LinkId, Reply, ReplyError, WhileAnswering};
use crate::routing::Table;
use crate::time::Now;

fn ask(id: u32) -> String {
    format!(r#"{{"type":"chat","id":"q-{id}","message":"fuel so far?"}}"#)
}

fn host(while_answering: WhileAnswering) -> Host {
    let mut config = HubConfig::default();
    config.while_answering = while_answering;
    // Requests without ids are recognised as well.
    config.window.content_age = Some(Duration::from_secs(30));
    Host::with(config)
}

/// The same, with agents that work on one request at a time.
pub(super) fn host_of_small_agents(while_answering: WhileAnswering) -> Host {
    let mut host = host(while_answering);
    let agent = |id: &str| format!(r#"{{"id": "{id}", "name": "{id}", "concurrency": 1}}"#);
    let (near, far, handler) = (agent("near"), agent("far"), r#"{"id": "errors", "name": "-"}"#);
    let table =
        format!(r#"{{"version": "1", "agents": [{near}, {far}], "error_handler": {handler}}}"#);
    host.hub.replace_routes(Arc::new(Table::from_json(&table).unwrap()));
    host
}

fn request_of(agent: &str, id: u32) -> String {
    format!(r#"{{"type":"chat","id":"q-{id}","message":"fuel?","agent":"{agent}"}}"#)
}

/// A link over which these texts were sent, without ids.
fn say_unnamed(host: &mut Host, texts: &[&str]) -> LinkId {
    let link = host.open("ada");
    host.events();
    for text in texts {
        host.say(link, &format!(r#"{{"type":"chat","message":"{text}"}}"#));
    }
    link
}

/// Time passes over a link that is alive.
fn pass(host: &mut Host, link: LinkId, seconds: u64) {
    for _ in 0..seconds / 10 {
        host.pass(Duration::from_secs(10));
        host.say(link, r#"{"type":"ping"}"#);
    }
}

#[test]
fn beside_each_other_unless_it_is_said() {
    let mut host = Host::new();
    let link = host.open("ada");
    host.events();
    host.say(link, &ask(1));
    host.say(link, &ask(2));
    assert_eq!(host.events(), ["request ada -> trips", "request ada -> trips"]);
}

#[test]
fn a_request_is_refused_while_an_answer_runs_over_any_link_and_taken_after_it() {
    let mut host = host(WhileAnswering::Reject);
    let (phone, desk) = (host.open("ada"), host.open("ada"));
    let other = host.open("ben");
    host.events();
    host.say(phone, &ask(1));
    host.say(desk, &ask(2));
    host.say(other, &ask(2));
    assert_eq!(
        host.events(),
        ["request ada -> trips", "refused ada AGENT_BUSY false", "request ben -> trips"]
    );
    let error = host.text(desk);
    assert!(error.contains("an answer is running"), "{error}");
    assert!(error.contains(r#""retry_after":1"#), "{error}");
    assert_eq!(host.reply("40 liters"), Delivered::Queued(phone));
    // What was refused is no repeat.
    host.say(desk, &ask(2));
    assert_eq!(host.events(), ["request ada -> trips"]);
    // A repeat is no request of its own.
    host.say(phone, &ask(2));
    assert_eq!(host.events(), ["duplicate ada Running"]);
}

#[test]
fn requests_wait_in_their_order_and_their_time_begins_with_their_turn() {
    let mut host = host(WhileAnswering::Queue);
    let link = host.open("ada");
    host.events();
    host.say(link, &ask(1));
    host.say(link, &ask(2));
    assert_eq!((host.events(), host.hub.requests()), (vec!["request ada -> trips".into()], 2));
    pass(&mut host, link, 70);
    host.say(link, &ask(3));
    assert_eq!(host.reply("first"), Delivered::Queued(link));
    assert_eq!(host.events(), ["request ada -> trips"]);
    pass(&mut host, link, 110);
    assert_eq!(host.reply("second"), Delivered::Queued(link));
    assert_eq!(host.events(), ["request ada -> trips"]);
    host.reply("third");
    let answers = host.peers[&link].texts.iter().filter(|text| text.contains("reply_to"));
    let of = |text: &String| (1..=3).find(|it| text.contains(&format!("q-{it}")));
    let ids: Vec<_> = answers.map(of).collect();
    assert_eq!(ids, [Some(1), Some(2), Some(3)]);
    assert_eq!(host.hub.requests(), 0);
}

#[test]
fn what_waits_is_bounded() {
    let mut host = host(WhileAnswering::Queue);
    let link = host.open("ada");
    host.events();
    for id in 0..=8 {
        host.say(link, &ask(id));
    }
    assert_eq!(host.events(), ["request ada -> trips"]);
    host.say(link, &ask(9));
    assert_eq!(host.events(), ["refused ada AGENT_BUSY false"]);
    host.reply("40 liters");
    host.events();
    host.say(link, &ask(9));
    assert_eq!(host.events(), [""; 0], "there is room again");
}

#[test]
fn one_that_comes_while_others_wait_stays_behind_them() {
    let mut host = host(WhileAnswering::Queue);
    let link = host.open("ada");
    host.say(link, &ask(1));
    host.say(link, &ask(2));
    // Nothing was polled between the end of the first and the third.
    let request = host.requests.remove(0);
    host.hub.reply(host.now, request, &Reply::text("40")).unwrap();
    host.say(link, &ask(3));
    host.reply("second");
    host.reply("third");
    let answers: Vec<_> =
        host.peers[&link].texts.iter().filter(|text| text.contains("chat_response")).collect();
    assert!(answers[1].contains("q-2") && answers[2].contains("q-3"), "{answers:?}");
}

#[test]
fn what_expires_in_waiting_is_no_event() {
    let mut host = host(WhileAnswering::Queue);
    let link = host.open("ada");
    host.events();
    host.say(link, &ask(1));
    host.events();
    pass(&mut host, link, 50);
    host.say(link, &ask(2));
    pass(&mut host, link, 50);
    host.say(link, &ask(3));
    pass(&mut host, link, 20);
    // The first has had its 120 s: the second comes to its turn.
    assert_eq!(host.events(), ["expired ada", "request ada -> trips"]);
    pass(&mut host, link, 50);
    pass(&mut host, link, 50);
    // The third has waited for 120 s.
    assert_eq!(host.events(), [""; 0]);
    let mut errors = host.peers[&link].texts.iter().filter(|it| it.contains("REQUEST_EXPIRED"));
    assert!(errors.any(|error| error.contains("q-3")));
    assert_eq!(host.hub.requests(), 1);
}

#[test]
fn a_newer_request_takes_the_place_of_what_runs() {
    let mut host = host(WhileAnswering::Replace);
    let (phone, desk) = (host.open("ada"), host.open("ada"));
    host.events();
    host.say(phone, &ask(1));
    let first = host.requests[0];
    host.say(desk, &ask(2));
    assert_eq!(host.events(), ["request ada -> trips", "request ada -> trips", "cancelled ada"]);
    let error = host.text(phone);
    assert!(error.contains("REQUEST_REPLACED") && error.contains(r#""reply_to":"q-1""#), "{error}");
    let late = host.hub.reply(host.now, first, &Reply::text("late"));
    assert_eq!(late, Err(ReplyError::NotRunning(first)));
    host.requests.remove(0);
    assert_eq!(host.reply("40 liters"), Delivered::Queued(desk));
    // Its repeat is told the same.
    host.say(phone, &ask(1));
    assert!(host.text(phone).contains("REQUEST_REPLACED"));
}

#[test]
fn a_repeat_without_an_id_of_what_waits_holds_nothing_up() {
    let mut host = host(WhileAnswering::Queue);
    let link = say_unnamed(&mut host, &["a", "b", "b"]);
    assert_eq!(host.events(), ["request ada -> chat", "duplicate ada Running"]);
    pass(&mut host, link, 100);
    host.reply("first");
    assert_eq!(host.events(), ["request ada -> chat"]);
    pass(&mut host, link, 100);
    assert_eq!(host.events(), [""; 0]);
    host.reply("second");
    assert_eq!(host.hub.requests(), 0);
}

#[test]
fn a_sharer_of_what_is_replaced_is_no_event() {
    let mut host = host(WhileAnswering::Replace);
    say_unnamed(&mut host, &["a", "a", "b"]);
    assert_eq!(
        host.events(),
        ["request ada -> chat", "duplicate ada Running", "request ada -> chat", "cancelled ada"]
    );
}

#[test]
fn a_user_whose_requests_expire_in_waiting_leaves() {
    let mut host = host(WhileAnswering::Queue);
    for user in ["ada", "ben"] {
        let link = host.open(user);
        host.say(link, &ask(1));
        host.say(link, &ask(2));
        host.cut(link);
    }
    host.now = Now::new(
        host.now.mono + Duration::from_secs(125),
        host.now.wall + Duration::from_secs(125),
    );
    host.hub.handle_timeout(host.now);
    host.events();
    host.drain();
    host.drain();
    let events = host.events();
    assert_eq!((host.hub.requests(), host.hub.users.len()), (0, 0), "{events:?}");
}

#[test]
fn a_repeat_without_an_id_of_what_runs_holds_nothing_up() {
    let mut host = host(WhileAnswering::Queue);
    say_unnamed(&mut host, &["a", "a", "b"]);
    assert_eq!(host.events(), ["request ada -> chat", "duplicate ada Running"]);
    host.reply("first");
    assert_eq!(host.events(), ["request ada -> chat"]);
}

#[test]
fn what_waits_has_no_place_at_an_agent_until_its_turn() {
    let mut host = host_of_small_agents(WhileAnswering::Queue);
    let (ada, ben) = (host.open("ada"), host.open("ben"));
    host.events();
    host.say(ada, &request_of("near", 1));
    host.say(ada, &request_of("far", 2));
    host.say(ben, &request_of("far", 1));
    assert_eq!(host.events(), ["request ada -> near", "request ben -> far"]);
    host.reply("40 liters");
    // The turn has come, and with it no place.
    assert_eq!((host.events(), host.hub.requests()), (vec![], 1));
    assert!(host.text(ada).contains("40 liters"));
    let error = host.text(ada);
    assert!(error.contains("AGENT_BUSY") && error.contains(r#""reply_to":"q-2""#), "{error}");
    assert!(error.contains(r#""retry_after":1"#), "{error}");
    host.reply("41 liters");
    // It may be asked again under its id.
    host.say(ada, &request_of("far", 2));
    assert_eq!(host.events(), ["request ada -> far"]);
}

#[test]
fn the_place_of_an_answer_goes_to_what_has_waited_for_it() {
    let mut host = host_of_small_agents(WhileAnswering::Queue);
    let link = host.open("ada");
    host.events();
    (1..=3).for_each(|id| host.say(link, &request_of("near", id)));
    for answer in ["first", "second", "third"] {
        assert_eq!(host.events(), ["request ada -> near"]);
        assert_eq!(host.reply(answer), Delivered::Queued(link));
    }
    assert_eq!((host.hub.requests(), host.events()), (0, vec![]));
}

#[test]
fn what_no_agent_ever_answers_does_not_wait() {
    let mut host = host(WhileAnswering::Queue);
    let link = host.open("ada");
    host.events();
    host.say(link, &ask(1));
    host.say(link, r#"{"type":"chat","id":"q-2","message":"fuel?","agent":"nobody"}"#);
    assert_eq!(host.events(), ["request ada -> trips", "refused ada UNKNOWN_AGENT false"]);
}
