//! Requests over a session: asked once, answered over whichever link, ended once.

use super::*;
use crate::client::error::CancelError;
use crate::delivery::SendOptions;

#[test]
fn a_request_is_an_item_and_its_answer_a_stream() {
    let mut world = World::welcomed();
    let request = world.ask("fuel so far?");
    world.settle();
    assert_eq!(world.asked.len(), 1);
    let (stream, body) = world.asked[0].clone();
    assert_eq!(stream, world.client.id(request).as_str());
    assert!(body.contains(r#""message":"fuel so far?""#) && body.contains(&stream), "{body}");
    world.append("40 liters");
    world.append(" so far");
    let pieces = [format!("piece {request} 40 liters"), format!("piece {request}  so far")];
    assert_eq!(world.events(), pieces);
    let body = world.answer("40 liters so far.");
    world.finish(How::Done, Some(&body));
    assert_eq!(world.events(), [format!("answer {request} 40 liters so far|.")]);
    assert_eq!(world.client.pending(), 0);
}

#[test]
fn a_request_waits_for_the_welcome() {
    let mut world = World::new();
    let request = world.ask("fuel?");
    world.open(Some("pamlink.v1"));
    assert_eq!(world.said.len(), 2, "hello and open: {:?}", world.said);
    world.welcome();
    let body = world.answer("40");
    world.finish(How::Done, Some(&body));
    assert_eq!(world.events(), ["welcomed true true".to_owned(), format!("answer {request} 40")]);
}

#[test]
fn a_cut_goes_on_where_it_was_without_another_request() {
    let mut world = World::welcomed();
    let request = world.ask("fuel?");
    world.settle();
    world.append("40 liters");
    world.cut();
    assert_eq!(world.client.pending(), 1);
    world.append(" since");
    world.reconnect();
    world.append(" Monday");
    let body = world.answer("40 liters since Monday");
    world.finish(How::Done, Some(&body));
    let mut events = world.events();
    events.retain(|event| !event.starts_with("retrying") && !event.starts_with("welcomed"));
    assert_eq!(
        events,
        [
            format!("piece {request} 40 liters"),
            format!("piece {request}  since"),
            format!("piece {request}  Monday"),
            format!("answer {request} 40 liters since Monday|"),
        ]
    );
    assert_eq!(world.asked.len(), 1);
}

#[test]
fn what_was_lost_on_the_way_is_sent_again_and_asked_once() {
    let mut world = World::welcomed();
    let request = world.ask("fuel?");
    assert_eq!(world.said.len(), 1);
    world.cut();
    assert_eq!(world.asked, []);
    world.reconnect();
    assert_eq!(world.asked.len(), 1);
    let body = world.answer("40");
    world.finish(How::Done, Some(&body));
    assert_eq!(world.events().pop().unwrap(), format!("answer {request} 40"));
}

#[test]
fn an_end_without_a_body_leaves_the_answer_to_its_pieces() {
    let mut world = World::welcomed();
    let request = world.ask("fuel?");
    world.settle();
    world.append("40 liters");
    world.finish(How::Done, None);
    let ends = [format!("piece {request} 40 liters"), format!("answer {request} 40 liters|")];
    assert_eq!(world.events(), ends);
}

#[test]
fn each_way_to_fail_ends_the_request_as_rejected() {
    let fail = |how: How<'static>, body: Option<&str>| {
        let mut world = World::welcomed();
        let request = world.ask("fuel?");
        world.settle();
        world.finish(how, body);
        assert_eq!(world.client.pending(), 0);
        let end = world.events().pop().unwrap();
        end.replace(&format!("{request} "), "")
    };
    let error = r#"{"type":"error","error_code":"AGENT_BUSY","message":"later","retry_after":2}"#;
    assert_eq!(fail(How::Failed, Some(error)), "rejected AGENT_BUSY Some(2s)");
    assert_eq!(fail(How::Failed, None), "rejected FAILED None");
    assert_eq!(fail(How::TimedOut, None), "rejected TIMED_OUT None");
    assert_eq!(fail(How::Orphaned, None), "rejected ORPHANED None");
    assert_eq!(fail(How::Cancelled, None), "cancelled 0");
    assert_eq!(fail(How::Failed, Some("7")), "rejected INVALID_JSON None");
}

#[test]
fn a_request_is_cancelled_before_it_is_sent_or_where_it_runs() {
    let mut world = World::new();
    let unsent = world.ask("fuel?");
    world.client.cancel(world.now, unsent).unwrap();
    world.drain();
    let ends = [format!("cancelled {unsent}"), format!("result {unsent} cancelled Some(0)")];
    assert_eq!(world.events(), ends);
    let none = RequestId::from_u64(1);
    assert_eq!(world.client.cancel(world.now, none), Err(CancelError::NoRequest));

    let mut world = World::welcomed();
    let running = world.ask("fuel?");
    world.settle();
    world.append("40");
    // The second is one with the first.
    for _ in 0..2 {
        world.client.cancel(world.now, running).unwrap();
    }
    world.drain();
    world.settle();
    world.pass(100);
    let mut events = world.events();
    events.sort();
    assert_eq!(
        events,
        [
            format!("cancelled {running}"),
            format!("piece {running} 40"),
            format!("result {running} cancelled Some(2)"),
        ]
    );
    assert_eq!(world.client.pending(), 0);
    world.client.cancel(world.now, running).unwrap();
    world.drain();
    assert_eq!(world.events(), [format!("result {running} ended None")]);
}

#[test]
fn a_cancel_has_a_result_though_its_request_expires_without_a_link() {
    let mut world = World::welcomed();
    let running = world.ask("fuel?");
    world.settle();
    world.cut();
    world.pass(50_000);
    world.events();
    world.client.cancel(world.now, running).unwrap();
    world.pass(11_000);
    let ends = [format!("expired {running}"), format!("result {running} unknown None")];
    assert!(world.events().ends_with(&ends));
    world.pass(120_000);
    assert!(!world.events().iter().any(|event| event.contains("result")));
}

#[test]
fn an_abandoned_request_is_cancelled_where_that_can_be_and_heard_of_no_more() {
    let mut world = World::new();
    let unsent = world.ask("fuel?");
    world.client.abandon(world.now, unsent);
    world.drain();
    assert_eq!((world.events(), world.client.pending()), (vec![], 0));

    let mut world = World::welcomed();
    let running = world.ask("fuel?");
    world.settle();
    world.append("40");
    world.settle();
    world.events();
    world.client.abandon(world.now, running);
    world.drain();
    assert!(world.said.iter().any(|text| text.contains(r#""type":"cancel""#)), "{:?}", world.said);
    world.settle();
    world.pass(100);
    assert_eq!((world.events(), world.client.pending()), (vec![], 0));
    // Nothing is left to be ended.
    world.client.abandon(world.now, running);
    world.drain();
    assert_eq!(world.events(), [""; 0]);
}

#[test]
fn who_waits_for_a_cancel_hears_of_it_though_its_request_is_abandoned() {
    let mut world = World::welcomed();
    let running = world.ask("fuel?");
    world.settle();
    world.client.cancel(world.now, running).unwrap();
    world.client.abandon(world.now, running);
    world.drain();
    world.settle();
    world.pass(100);
    assert_eq!(world.events(), [format!("result {running} cancelled Some(0)")]);
}

#[test]
fn as_many_cancels_are_settled_at_once_as_may_be() {
    let mut world = World::new();
    let ended = world.ask("fuel?");
    world.client.abandon(world.now, ended);
    let cancel = |world: &mut World| world.client.cancel(world.now, ended);
    for _ in 0..1_024 {
        cancel(&mut world).unwrap();
    }
    assert_eq!(cancel(&mut world), Err(CancelError::Full));
    world.drain();
    assert_eq!(world.events().len(), 1_024);
    assert_eq!(cancel(&mut world), Ok(()));
}

#[test]
fn pam_knows_no_cancel() {
    let mut world = World::new();
    world.open(None);
    world.pass(0);
    world.open(None);
    world.say(NEW_WELCOME);
    let request = world.ask("fuel?");
    assert_eq!(world.client.cancel(world.now, request), Err(CancelError::Dialect));
}

#[test]
fn a_push_is_an_item_and_comes_once() {
    let mut world = World::welcomed();
    let session = world.sessions.of_user("ada").next().unwrap();
    let alert = r#"{"type":"alert","id":"a1","message":"low fuel"}"#;
    for _ in 0..2 {
        let options = SendOptions::default();
        world.sessions.send(world.now, session, alert, options).unwrap();
    }
    world.sessions.send(world.now, session, "7", SendOptions::default()).unwrap();
    world.settle();
    let events = world.events();
    assert_eq!(events[..2], ["message alert", "repeated alert"]);
    assert!(events[2].starts_with("unreadable"), "{events:?}");
}

/// ably/ably-cocoa#1933: whoever asked for events when a link opened had each of them as often as one
/// had opened.
#[test]
fn a_push_is_one_event_however_often_a_link_has_opened() {
    let mut world = World::welcomed();
    for number in 0..5 {
        world.cut();
        world.reconnect();
        world.settle();
        world.events();
        let session = world.sessions.of_user("ada").next().unwrap();
        let alert = format!(r#"{{"type":"alert","id":"a{number}","message":"low fuel"}}"#);
        world.sessions.send(world.now, session, &alert, SendOptions::default()).unwrap();
        world.settle();
        assert_eq!(world.events(), ["message alert"]);
    }
}

#[test]
fn what_the_host_submits_has_one_outcome() {
    let mut world = World::welcomed();
    let text = r#"{"type":"feedback","rating":5}"#;
    let sent = world.client.submit(world.now, text, SendOptions::default()).unwrap();
    world.client.send(world.now, r#"{"type":"init"}"#).unwrap();
    world.drain();
    world.settle();
    assert_eq!(world.asked.len(), 2);
    world.pass(2_000);
    assert_eq!(world.events(), [format!("outcome {sent} Acknowledged")]);

    let mut world = World::new();
    let waits = world.client.submit(world.now, text, SendOptions::default()).unwrap();
    world.pass(60_000);
    assert!(world.events().contains(&format!("outcome {waits} Expired(Age)")));
}

#[test]
fn a_request_of_a_session_is_unknown_where_only_pam_is_left() {
    let mut world = World::welcomed();
    let running = world.ask("fuel?");
    world.settle();
    world.append("40");
    world.cut();
    let waiting = world.ask("range?");
    world.pass(2_000);
    world.open(None);
    world.pass(0);
    world.open(None);
    world.said();
    world.events();
    world.say(NEW_WELCOME);
    let events = world.events();
    assert!(events.contains(&format!("unknown {running}")), "{events:?}");
    let said = world.said();
    assert!(said.len() == 1 && said[0].contains("range?"), "{said:?}");
    let id = world.client.id(waiting).to_json();
    world.say(&answer(Some(&id), "500"));
    assert_eq!(world.events(), [format!("answer {waiting} 500")]);
}

#[test]
fn a_client_that_stops_ends_its_requests_and_its_session() {
    let mut world = World::welcomed();
    let running = world.ask("fuel?");
    world.settle();
    world.say(r#"{"type":"goodbye","code":"forbidden"}"#);
    assert_eq!(world.events(), ["stopped refused".to_owned(), format!("unknown {running}")]);
    world.client.connect(world.now);
    world.drain();
    world.open(Some("pamlink.v1"));
    world.said.pop_front();
    world.say(WELCOME);
    assert!(world.said()[0].starts_with(r#"{"type":"open","sent""#));
}

#[test]
fn a_server_that_has_forgotten_the_session_leaves_requests_unknown() {
    let mut world = World::welcomed();
    let request = world.ask("fuel?");
    world.settle();
    world.cut();
    world.log = MemoryLog::new(LogConfig::default(), Epoch::from_bits(7));
    world.sessions =
        Sessions::new(SessionsConfig::default(), world.log.epoch(), Seed::from_number(5));
    world.reconnect();
    world.pass(1_000);
    let events = world.events();
    assert!(events.contains(&format!("unknown {request}")), "{events:?}");
    // What it had pushed in that session is lost.
    let gaps = events.iter().filter(|it| it.starts_with("gap"));
    assert_eq!(gaps.collect::<Vec<_>>(), ["gap None session_ended"]);
    let next = world.ask("range?");
    world.settle();
    let body = world.answer("500");
    world.finish(How::Done, Some(&body));
    assert_eq!(world.events(), [format!("answer {next} 500")]);
}

#[test]
fn a_channel_that_is_closed_is_opened_again_a_few_times_over_one_link() {
    let mut world = World::welcomed();
    let request = world.ask("fuel?");
    world.settle();
    for _ in 0..3 {
        world.say(r#"{"type":"ack"}"#);
        assert_eq!(world.client.state(), State::Open);
        let said = &world.said;
        assert!(said[0].contains(r#""closed","code":"malformed""#), "{said:?}");
        assert!(said[1].contains(r#""type":"open""#), "{said:?}");
        world.settle();
    }
    world.append("40");
    assert_eq!(world.events(), [format!("piece {request} 40")]);
    world.say(r#"{"type":"ack"}"#);
    assert!(world.events()[0].starts_with("retrying server_error"));
}

#[test]
fn little_of_a_session_waits_in_the_link() {
    let mut world = World::welcomed();
    let long = "x".repeat(20_000);
    for _ in 0..5 {
        let text = format!(r#"{{"type":"feedback","text":"{long}"}}"#);
        world.client.send(world.now, &text).unwrap();
    }
    while world.client.poll_event().is_some() {}
    world.client.pump();
    assert!(world.client.link.queued() < 50_000, "{}", world.client.link.queued());
    world.drain();
    assert_eq!(world.said.len(), 5);
}
