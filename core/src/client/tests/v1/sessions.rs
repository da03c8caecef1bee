//! Several sessions over one link: each a conversation of its own, which harms no other.

use super::*;
use crate::client::error::{RequestError, SendError, SessionError};
use crate::delivery::SendOptions;

impl World {
    pub(super) fn open_session(&mut self) -> SessionNumber {
        let session = self.client.open_session(self.now).unwrap();
        self.drain();
        self.settle();
        session
    }

    pub(super) fn request_in(&mut self, session: SessionNumber, text: &str) -> RequestId {
        let chat = Chat { message: Some(text.into()), ..Chat::default() };
        let request = self.client.request_in(self.now, session, &chat).unwrap();
        self.drain();
        request
    }

    fn leave(&mut self, session: SessionNumber) {
        self.client.leave_session(self.now, session).unwrap();
        self.drain();
    }

    /// What was asked with this text is the last that was asked.
    fn turn_to(&mut self, text: &str) {
        let place = self.asked.iter().position(|(_, body)| body.contains(text)).unwrap();
        let asked = self.asked.remove(place);
        self.asked.push(asked);
    }

    /// What was asked with this text is answered.
    pub(super) fn answer_to(&mut self, text: &str, with: &str) {
        self.turn_to(text);
        let body = self.answer(with);
        self.finish(How::Done, Some(&body));
    }

    /// What was said in a channel, taken out.
    fn said_in(&mut self, channel: u16) -> Vec<String> {
        let (said, others) = self.said().into_iter().partition(|text| {
            let envelope = Envelope::parse(text, v1::DEPTH).unwrap();
            let read = v1::Message::read(&envelope).unwrap();
            read.is_some_and(|(it, message)| it.0 == channel && !message.is_of_link())
        });
        self.said = Vec::into(others);
        said
    }
}

fn kinds(said: &[String]) -> Vec<String> {
    let kind = |text: &String| Envelope::parse(text, v1::DEPTH).unwrap().kind().to_string();
    said.iter().map(kind).collect()
}

#[test]
fn sessions_go_over_one_link_each_in_a_channel_of_its_own() {
    let mut world = World::welcomed();
    let second = world.client.open_session(world.now).unwrap();
    assert_eq!(world.client.sessions().collect::<Vec<_>>(), [SessionNumber::FIRST, second]);
    let (here, there) = (world.ask("fuel?"), world.request_in(second, "range?"));
    assert_eq!(kinds(&world.said_in(1)), ["open"]);
    let mut world = World::welcomed();
    assert_eq!(world.open_session(), second);
    assert_eq!((world.ask("fuel?"), world.request_in(second, "range?")), (here, there));
    let in_second = world.said_in(1);
    assert_eq!(kinds(&in_second), ["item"]);
    assert!(in_second[0].contains("range?"), "{in_second:?}");
    world.said.extend(in_second);
    world.settle();
    world.answer_to("range?", "300");
    world.answer_to("fuel?", "40");
    assert_eq!(world.events(), [format!("answer {there} 300"), format!("answer {here} 40")]);
    assert_eq!((world.dials.len(), world.sessions.len()), (1, 2));
}

#[test]
fn all_sessions_go_on_after_a_cut() {
    let mut world = World::welcomed();
    let second = world.open_session();
    let (here, there) = (world.ask("fuel?"), world.request_in(second, "range?"));
    world.settle();
    world.turn_to("range?");
    world.append("300");
    world.cut();
    world.append(" km");
    let unsent = world.request_in(second, "wipers?");
    world.reconnect();
    world.answer_to("fuel?", "40");
    world.answer_to("range?", "300 km");
    world.answer_to("wipers?", "off");
    let mut events = world.events();
    events.retain(|event| !event.starts_with("retrying"));
    let expected = [
        format!("piece {there} 300"),
        "welcomed true true".to_owned(),
        format!("piece {there}  km"),
        format!("answer {here} 40"),
        format!("answer {there} 300 km|"),
        format!("answer {unsent} off"),
    ];
    assert_eq!(events, expected);
    assert_eq!((world.sessions.len(), world.asked.len()), (2, 3));
}

#[test]
fn a_session_that_is_left_ends_its_requests_once_and_harms_no_other() {
    let mut world = World::welcomed();
    let second = world.open_session();
    let here = world.ask("fuel?");
    let asked = world.request_in(second, "range?");
    world.settle();
    let sent = world.client.submit_in(world.now, second, "{}", SendOptions::default()).unwrap();
    let cancelled = world.client.cancel(world.now, asked);
    assert!(cancelled.is_ok());
    world.drain();
    // None of these is said any more.
    world.said.clear();
    let unsent = world.request_in(second, "wipers?");
    world.said.clear();
    world.leave(second);
    assert_eq!(kinds(&world.said_in(1)), ["closed"]);
    let events = world.events();
    let ends = |request: RequestId| {
        let ends = [format!("unknown {request}"), format!("unsent {request}")];
        events.iter().filter(|event| ends.contains(event)).count()
    };
    assert_eq!((ends(asked), ends(unsent)), (1, 1), "{events:?}");
    assert!(events.contains(&format!("in 1: outcome {sent} Unknown")), "{events:?}");
    assert!(events.contains(&format!("result {asked} unknown None")), "{events:?}");
    assert_eq!(world.client.sessions().count(), 1);
    let chat = Chat::default();
    assert_eq!(world.client.request_in(world.now, second, &chat), Err(RequestError::NoSession));
    let text = r#"{"type":"feedback"}"#;
    assert_eq!(world.client.send_in(world.now, second, text), Err(SendError::NoSession));
    let submitted = world.client.submit_in(world.now, second, text, SendOptions::default());
    assert_eq!(submitted, Err(SendError::NoSession));
    world.answer_to("fuel?", "40");
    assert_eq!(world.events(), [format!("answer {here} 40")]);
    assert_eq!(world.client.pending(), 0);
    // The next has another number and another channel.
    assert_eq!(world.open_session().as_u64(), 2);
    world.request_in(SessionNumber::from_u64(2), "lights?");
    assert_eq!(kinds(&world.said_in(2)), ["item"]);
}

#[test]
fn a_session_that_is_left_is_ended_at_the_server() {
    let mut world = World::welcomed();
    let second = world.open_session();
    assert_eq!(world.sessions.len(), 2);
    world.leave(second);
    world.settle();
    assert_eq!(world.sessions.len(), 1);
    // One whose `open` was not said needs no `closed`.
    let third = world.client.open_session(world.now).unwrap();
    world.client.leave_session(world.now, third).unwrap();
    world.drain();
    assert_eq!(world.said_in(2), [""; 0]);
}

#[test]
fn what_was_never_sent_ends_as_unsent() {
    let mut world = World::new();
    let second = world.client.open_session(world.now).unwrap();
    let (here, there) = (world.ask("fuel?"), world.request_in(second, "range?"));
    world.leave(second);
    assert_eq!(world.events(), [format!("unsent {there}")]);
    world.open(Some("pamlink.v1"));
    world.welcome();
    world.answer_to("fuel?", "40");
    assert_eq!(world.asked.len(), 1);
    assert!(world.events().contains(&format!("answer {here} 40")));
}

#[test]
fn there_are_no_more_sessions_than_may_be() {
    let mut world = World::with(ClientConfig { max_sessions: 3, ..ClientConfig::default() });
    let open = |world: &mut World| world.client.open_session(world.now);
    let second = open(&mut world).unwrap();
    assert!(open(&mut world).is_ok());
    assert_eq!(open(&mut world), Err(SessionError::Full));
    let leave = |world: &mut World, session| world.client.leave_session(world.now, session);
    assert_eq!(leave(&mut world, SessionNumber::FIRST), Err(SessionError::First));
    assert_eq!(leave(&mut world, SessionNumber::from_u64(7)), Err(SessionError::NoSession));
    assert_eq!(leave(&mut world, second), Ok(()));
    assert_eq!(leave(&mut world, second), Err(SessionError::NoSession));
    // It counts until its events were taken.
    assert_eq!(open(&mut world), Err(SessionError::Full));
    world.drain();
    assert!(open(&mut world).is_ok());
    let endpoint = Endpoint::pam("ws://server.test", "ada").unwrap();
    let config = ClientConfig::default();
    let mut pam = Client::new(config, endpoint, Seed::from_number(9), world.now).unwrap();
    assert_eq!(pam.open_session(world.now), Err(SessionError::Dialect));
    assert_eq!(pam.sessions().count(), 1);
}

#[test]
fn a_fault_in_one_session_harms_no_other_and_not_the_link() {
    let mut world = World::welcomed();
    let second = world.open_session();
    for times in 0..10 {
        world.say(r#"{"type":"item","channel":1}"#);
        let said = world.said_in(1);
        assert_eq!(kinds(&said)[0], "closed", "{times}");
        // At once a few times, and after that not before a while.
        assert_eq!(said.len(), if times < 3 { 2 } else { 1 }, "{said:?}");
        world.said.extend(said);
        world.settle();
        world.pass(60_000);
    }
    let (here, there) = (world.ask("fuel?"), world.request_in(second, "range?"));
    world.settle();
    world.answer_to("fuel?", "40");
    world.answer_to("range?", "300");
    let events = world.events();
    assert!(events.contains(&format!("answer {here} 40")), "{events:?}");
    assert!(events.contains(&format!("answer {there} 300")), "{events:?}");
    assert!(!events.iter().any(|event| event.starts_with("retrying")), "{events:?}");
    assert_eq!(world.dials.len(), 1);
}

#[test]
fn a_session_that_the_server_will_not_have_waits_as_it_says() {
    let mut world = World::welcomed();
    world.client.open_session(world.now).unwrap();
    world.drain();
    world.said_in(1);
    world.say(r#"{"type":"closed","channel":1,"code":"too_many","retry_after":5000}"#);
    world.pass(4_900);
    assert_eq!(world.said_in(1), [""; 0]);
    world.now = Now::new(world.now.mono + Duration::from_millis(200), world.now.wall);
    world.client.handle_timeout(world.now);
    world.drain();
    assert_eq!(kinds(&world.said_in(1)), ["open"]);
    assert_eq!(world.dials.len(), 1);
}

#[test]
fn a_pause_ends_with_its_link_and_what_the_server_says_does_not() {
    let mut world = World::welcomed();
    world.open_session();
    let fault = r#"{"type":"item","channel":1}"#;
    // After so many the pause is longer than what the next link takes.
    for _ in 0..8 {
        world.say(fault);
        world.settle();
        world.pass(60_000);
    }
    world.say(fault);
    assert_eq!(kinds(&world.said_in(1)), ["closed"]);
    world.cut();
    world.reconnect();
    world.request_in(SessionNumber::from_u64(1), "range?");
    assert_eq!(kinds(&world.said_in(1)), ["item"]);

    world.say(r#"{"type":"closed","channel":1,"code":"too_many","retry_after":60000}"#);
    world.cut();
    world.reconnect();
    world.request_in(SessionNumber::from_u64(1), "range?");
    assert_eq!(kinds(&world.said_in(1)), [""; 0]);
}

#[test]
fn a_gap_is_an_event_of_the_session_that_has_it() {
    let mut world = World::welcomed();
    world.open_session();
    world.cut();
    // The server has the first session no more.
    let first = world.sessions.of_user("ada").next().unwrap();
    world.sessions.leave(world.now, first);
    world.serve();
    world.reconnect();
    world.settle();
    let events = world.events();
    let gaps: Vec<_> = events.iter().filter(|it| it.contains("gap")).collect();
    assert_eq!(gaps, ["gap None session_ended"], "{events:?}");

    world.cut();
    let second = world.sessions.of_user("ada").next().unwrap();
    world.sessions.leave(world.now, second);
    world.serve();
    world.reconnect();
    world.settle();
    let events = world.events();
    let gaps: Vec<_> = events.iter().filter(|it| it.contains("gap")).collect();
    assert_eq!(gaps, ["in 1: gap None session_ended"], "{events:?}");
}

#[test]
fn a_push_with_an_id_is_one_event_however_many_sessions_get_it() {
    let mut world = World::welcomed();
    world.open_session();
    let push = |world: &mut World, body: &str| {
        for session in world.sessions.of_user("ada").collect::<Vec<_>>() {
            let options = SendOptions::default();
            world.sessions.send(world.now, session, body, options).unwrap();
        }
        world.serve();
        world.settle();
        world.events()
    };
    let with_id = push(&mut world, r#"{"type":"alert","id":"a-1"}"#);
    assert_eq!(with_id, ["message alert", "in 1: repeated alert"]);
    let without = push(&mut world, r#"{"type":"alert"}"#);
    assert_eq!(without, ["message alert", "in 1: message alert"]);
}

#[test]
fn a_heartbeat_is_answered_once_for_all_sessions() {
    let mut world = World::welcomed();
    world.open_session();
    world.pass(5_000);
    world.said.clear();
    world.say(r#"{"type":"heartbeat","channels":[]}"#);
    let said = world.said();
    assert_eq!(kinds(&said), ["heartbeat"]);
    assert!(said[0].contains(r#""channel":0,"#) && said[0].contains(r#""channel":1,"#), "{said:?}");
    assert!(said[0].contains(r#""reply":true"#), "{said:?}");
}

#[test]
fn over_pam_the_requests_of_all_sessions_go_in_the_order_of_asking() {
    let mut world = World::new();
    let second = world.client.open_session(world.now).unwrap();
    let first = world.request_in(second, "one");
    let then = world.ask("two");
    let last = world.request_in(second, "three");
    world.client.handle_dial_failed(
        world.now,
        DialFailed::Answered { status: 404, retry_after: None, body: "" },
    );
    world.drain();
    world.pass(1_000);
    world.open(None);
    world.say(r#"{"type":"connection","status":"connected","features":["reply_to"]}"#);
    let said = world.said();
    let place = |text: &str| said.iter().position(|it| it.contains(text)).unwrap();
    assert!(place("one") < place("two") && place("two") < place("three"), "{said:?}");
    let id = world.client.id(then);
    world.say(&answer(Some(&format!("\"{id}\"")), "2"));
    world.leave(second);
    let mut events = world.events();
    events.retain(|event| !event.starts_with("retrying") && !event.starts_with("welcomed"));
    let expected =
        [format!("answer {then} 2"), format!("unknown {first}"), format!("unknown {last}")];
    assert_eq!(events, expected);
}

#[test]
fn a_session_that_is_left_ahead_of_the_welcome_ends_at_the_server() {
    let mut world = World::new();
    world.open(Some("pamlink.v1"));
    let second = world.client.open_session(world.now).unwrap();
    world.drain();
    world.leave(second);
    world.welcome();
    world.settle();
    assert_eq!(world.sessions.of_user("ada").count(), 1, "{:?}", world.events());
}

#[test]
fn a_session_begun_between_links_after_a_size_is_opened() {
    let mut world = World::welcomed();
    world.ask("fuel?");
    world
        .client
        .handle_message(world.now, Incoming::Close(Some(crate::frame::CloseCode::new(1009)), ""))
        .unwrap();
    world.drain();
    world.client.handle_closed(world.now);
    world.drain();
    world.sessions.handle_link_closed(world.now, LinkNumber(world.link));
    world.serve();
    world.said.clear();
    let second = world.client.open_session(world.now).unwrap();
    world.drain();
    world.said.clear();
    world.reconnect();
    world.settle();
    world.pass(30_000);
    world.settle();
    assert_eq!(world.sessions.of_user("ada").count(), 2, "{second:?} {:?}", world.events());
}
