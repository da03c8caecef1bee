//! Planned changes of a link: the new one first, then the old (V-10.6).

use super::*;
use crate::metrics::prometheus;

const GOODBYE: &str = r#"{"type":"goodbye","code":"rotate","spread":4000,"within":10000}"#;

impl World {
    /// A client that can hold two transports, whose session is open.
    fn of_two() -> Self {
        let mut config = ClientConfig::default();
        config.two_links = true;
        let mut world = Self::with(config);
        world.open(Some("pamlink.v1"));
        world.welcome();
        world.events.clear();
        world
    }

    /// Passes the time until the second link dials.
    fn until_second_dials(&mut self) {
        let dials = self.second_dials;
        for _ in 0..100 {
            if self.second_dials > dials {
                return;
            }
            let due = self.client.poll_timeout().expect("it dials").at;
            self.pass(u64::try_from(due.saturating_since(self.now.mono).as_millis()).unwrap() + 1);
        }
        panic!("no second link dials: {:?}", self.events);
    }

    /// Its transport is made, and says its hello.
    fn open_second(&mut self) {
        self.second_link = self.link.max(self.second_link) + 1;
        self.second_said.clear();
        self.client.second_link().handle_opened(self.now, Some("pamlink.v1"));
        self.drain();
        let hello = self.second_said.pop_front().expect("a hello");
        assert!(hello.starts_with(r#"{"type":"hello""#), "{hello}");
        assert_eq!(self.second_said.len(), 0, "the session is not opened before the welcome");
    }

    /// The server has something for its client.
    fn push(&mut self, text: &str) {
        let session = self.session.expect("a session");
        let options = crate::delivery::SendOptions::default();
        self.sessions.send(self.now, session, text, options).expect("it is taken");
        self.serve();
    }

    /// What was said over the link that was left, but for what the session had said.
    fn left(&self) -> Vec<&str> {
        self.second_said.iter().map(String::as_str).collect()
    }
}

#[test]
fn the_new_link_comes_first_and_nothing_is_lost_doubled_or_late() {
    let mut world = World::of_two();
    let request = world.ask("fuel?");
    world.settle();
    world.append("one ");
    world.say(GOODBYE);
    assert_eq!(world.client.state(), State::Open);
    world.append("two ");
    world.until_second_dials();
    world.append("three ");
    world.open_second();
    let second = world.ask("and now?");
    world.push(r#"{"type":"news"}"#);
    world.settle();
    world.say_over_second(WELCOME);
    assert_eq!(world.events.last().unwrap(), "changed places");
    // The session is opened over the new link, and the old one stays until it is open there.
    assert!(world.said[0].starts_with(r#"{"type":"open","session":""#), "{:?}", world.said);
    assert_eq!(world.left(), [""; 0]);
    world.push(r#"{"type":"news"}"#);
    world.settle();
    assert_eq!(world.left(), [r#"{"type":"goodbye","code":"left"}"#, "close 1000 "]);
    let close = Incoming::Close(Some(CloseCode::NORMAL), "");
    world.client.second_link().handle_message(world.now, close).unwrap();
    world.drain();
    let answer = world.answer("later");
    world.finish(How::Done, Some(&answer));
    world.settle();
    let mut events = world.events();
    events.retain(|event| !event.starts_with("second "));
    let expected = [
        format!("piece {request} one "),
        format!("piece {request} two "),
        format!("piece {request} three "),
        "message news".to_owned(),
        "changed places".to_owned(),
        "welcomed true true".to_owned(),
        "message news".to_owned(),
        format!("answer {second} later"),
    ];
    assert_eq!(events, expected);
    assert_eq!(world.client.state(), State::Open);
    assert_eq!(world.asked.len(), 2, "nothing is asked again");
    assert_eq!(world.client.pending(), 1);
    let mut metrics = String::new();
    prometheus::write(&world.client.metrics(), &mut metrics);
    assert!(metrics.contains("\npamlink_planned_changes_total 1\n"), "{metrics}");
}

#[test]
fn a_host_of_one_transport_leaves_at_once() {
    let mut world = World::welcomed();
    world.say(GOODBYE);
    assert_eq!(world.client.state(), State::Closed);
    assert!(world.events()[0].starts_with("retrying server_unavailable"));
}

#[test]
fn so_does_one_of_two_where_no_time_is_given_or_it_may_not_come_back_as_it_is() {
    for goodbye in [
        r#"{"type":"goodbye","code":"rotate"}"#,
        r#"{"type":"goodbye","code":"unauthorized","within":10000}"#,
        r#"{"type":"goodbye","code":"too_large","within":10000}"#,
        r#"{"type":"goodbye","code":"forbidden","within":10000}"#,
    ] {
        let mut world = World::of_two();
        world.say(goodbye);
        assert_eq!(world.client.state(), State::Closed, "{goodbye}");
        world.pass(3_000);
        assert_eq!(world.second_dials, 0, "{goodbye}");
    }
}

#[test]
fn a_second_link_that_fails_is_tried_again_while_the_first_lives() {
    let mut world = World::of_two();
    let request = world.ask("fuel?");
    world.settle();
    world.say(GOODBYE);
    for _ in 0..3 {
        world.until_second_dials();
        world.client.second_link().handle_dial_failed(world.now, CloseClass::Network);
        world.drain();
    }
    world.append("one ");
    let mut events = world.events();
    events.dedup();
    assert_eq!(
        events,
        [
            "second closed",
            "second retrying network",
            "second closed",
            "second retrying network",
            "second closed",
            "second retrying network"
        ]
        .into_iter()
        .map(str::to_owned)
        .chain([format!("piece {request} one ")])
        .collect::<Vec<_>>()
    );
    // When the first has ended the client is where it is without another.
    world.cut();
    assert_eq!(world.events(), ["retrying network 0", "second stopped normal"]);
    let dials = world.second_dials;
    world.reconnect();
    assert_eq!(
        (world.second_dials, world.events()),
        (dials, vec!["welcomed true true".to_owned()])
    );
}

#[test]
fn one_that_is_not_welcomed_in_time_is_tried_again() {
    let mut world = World::of_two();
    world.say(&GOODBYE.replace("10000", "60000"));
    world.until_second_dials();
    world.open_second();
    world.pass(10_001);
    let events = world.events();
    assert_eq!(events, ["second closed", "second retrying timeout"]);
    assert_eq!(world.second_said.iter().map(|it| &it[..10]).collect::<Vec<_>>(), ["close 1001"]);
    world.until_second_dials();
    world.open_second();
    world.say_over_second(WELCOME);
    world.settle();
    assert_eq!(world.events()[..2], ["changed places", "welcomed true true"]);
}

#[test]
fn a_first_that_ends_meanwhile_takes_the_second_with_it() {
    let mut world = World::of_two();
    world.say(GOODBYE);
    world.until_second_dials();
    world.open_second();
    let close = Incoming::Close(Some(CloseCode::new(1_012)), "");
    world.client.handle_message(world.now, close).unwrap();
    world.drain();
    let events = world.events();
    assert_eq!(events[0], "retrying server_unavailable 0");
    assert_eq!(world.left(), [r#"{"type":"goodbye","code":"left"}"#, "close 1000 "]);
    world.client.second_link().handle_closed(world.now);
    world.drain();
    world.sessions.handle_link_closed(world.now, LinkNumber(world.link));
    world.reconnect();
    assert_eq!(world.events().last().unwrap(), "welcomed true true");
}

#[test]
fn a_second_that_is_lost_before_the_session_is_open_is_followed_by_another() {
    let mut world = World::of_two();
    let request = world.ask("fuel?");
    world.settle();
    world.append("one ");
    world.say(GOODBYE);
    world.until_second_dials();
    world.open_second();
    world.say_over_second(WELCOME);
    world.events();
    world.client.handle_closed(world.now);
    world.drain();
    assert_eq!(world.events()[0], "retrying network 0");
    assert_eq!(world.left().last().unwrap(), &"close 1000 ", "the old one is left, too");
    world.said.clear();
    for link in [world.link, world.second_link] {
        world.sessions.handle_link_closed(world.now, LinkNumber(link));
    }
    world.serve();
    world.client.second_link().handle_closed(world.now);
    world.append("two ");
    world.reconnect();
    world.append("three ");
    let mut events = world.events();
    events.retain(|event| event.starts_with("piece"));
    assert_eq!(events, [format!("piece {request} two "), format!("piece {request} three ")]);
}

#[test]
fn a_server_without_the_dialect_is_spoken_to_in_pam_and_the_first_is_left_for_it() {
    let mut world = World::of_two();
    world.say(GOODBYE);
    world.until_second_dials();
    world.client.second_link().handle_opened(world.now, None);
    world.drain();
    assert_eq!(world.client.state(), State::Closed);
    let events = world.events();
    assert!(events.contains(&"retrying server_unavailable 0".to_owned()), "{events:?}");
    world.pass(2_000);
    assert_eq!((world.dials.last().unwrap().as_str(), world.second_dials), ("t -", 1));
    world.open(None);
    world.say(NEW_WELCOME);
    assert_eq!(world.events().last().unwrap(), "welcomed true true");
}

#[test]
fn a_refused_token_is_asked_for_once_and_shown_over_both() {
    let mut world = World::of_two();
    world.needs.clear();
    world.say(GOODBYE);
    world.until_second_dials();
    world.open_second();
    world.say_over_second(r#"{"type":"goodbye","code":"unauthorized"}"#);
    assert_eq!(world.needs, [TokenNeed::Rejected]);
    world.client.provide_token(world.now, Token::new("u")).unwrap();
    world.drain();
    assert_eq!(world.said(), [r#"{"type":"token","token":"u"}"#]);
    world.until_second_dials();
    world.second_link = world.link + 2;
    world.second_said.clear();
    world.client.second_link().handle_opened(world.now, Some("pamlink.v1"));
    world.drain();
    assert!(world.second_said[0].contains(r#""token":"u""#), "{:?}", world.second_said);
    world.second_said.clear();
    world.say_over_second(WELCOME);
    world.settle();
    assert_eq!(world.events().last().unwrap(), "welcomed true true");
    assert_eq!(world.needs, [TokenNeed::Rejected]);
}

#[test]
fn what_the_new_server_says_of_the_token_plans_its_renewal() {
    let mut world = World::of_two();
    world.say(GOODBYE);
    world.until_second_dials();
    world.open_second();
    world.say_over_second(&WELCOME.replace("20000", r#"20000,"expires":100000"#));
    world.settle();
    world.needs.clear();
    world.pass(49_000);
    assert_eq!(world.needs, []);
    world.pass(1_001);
    assert_eq!(world.needs, [TokenNeed::Renewal]);
}

#[test]
fn the_token_is_renewed_over_the_new_link_when_it_would_have_been_over_the_old() {
    let mut world = World::of_two();
    let token =
        Token::with_dates("u", Some(world.now.wall), world.now.wall + Duration::from_secs(100));
    world.client.provide_token(world.now, token).unwrap();
    world.drain();
    world.said();
    world.needs.clear();
    world.say(GOODBYE);
    world.until_second_dials();
    world.open_second();
    world.say_over_second(WELCOME);
    world.settle();
    world.pass(45_000);
    assert_eq!(world.needs, []);
    world.pass(5_001);
    assert_eq!(world.needs, [TokenNeed::Renewal]);
    world.client.provide_token(world.now, Token::new("v")).unwrap();
    world.drain();
    assert_eq!(world.said(), [r#"{"type":"token","token":"v"}"#]);
}

#[test]
fn a_new_server_that_goes_away_is_tried_again_before_its_welcome_and_changed_after_it() {
    let mut world = World::of_two();
    world.say(&GOODBYE.replace("10000", "60000"));
    world.until_second_dials();
    world.open_second();
    world.say_over_second(GOODBYE);
    assert_eq!(world.events(), ["second closed", "second retrying server_unavailable"]);
    world.until_second_dials();
    world.open_second();
    world.say_over_second(WELCOME);
    world.settle();
    world.events();
    // While the old one still closes the new one is left at once.
    world.say(GOODBYE);
    assert_eq!(world.client.state(), State::Closed);
    world.client.second_link().handle_closed(world.now);
    world.drain();
    world.sessions.handle_link_closed(world.now, LinkNumber(world.link));
    world.reconnect();
    world.say(GOODBYE);
    assert_eq!(world.client.state(), State::Open, "and then it is changed");
    world.until_second_dials();
}

#[test]
fn another_goodbye_over_the_first_brings_no_third_link() {
    let mut world = World::of_two();
    world.say(GOODBYE);
    world.say(&GOODBYE.replace("10000", "2000"));
    let end = world.now.mono + Duration::from_millis(7_000);
    world.until_second_dials();
    world.open_second();
    world.say(GOODBYE);
    let left = end.saturating_since(world.now.mono);
    world.pass(u64::try_from(left.as_millis()).unwrap() - 1);
    assert_eq!((world.second_dials, world.client.state()), (1, State::Open));
    // The earlier end counts: what the server does not close this end does.
    world.pass(2);
    assert_eq!(world.client.state(), State::Closed);
}

#[test]
fn who_disconnects_leaves_both_and_waking_probes_them() {
    for dials in [false, true] {
        let mut world = World::of_two();
        world.say(GOODBYE);
        if dials {
            world.until_second_dials();
            world.open_second();
        }
        world.client.disconnect(world.now);
        world.drain();
        assert_eq!(world.said(), [r#"{"type":"goodbye","code":"left"}"#, "close 1000 "]);
        let close = Incoming::Close(Some(CloseCode::NORMAL), "");
        world.client.handle_message(world.now, close).unwrap();
        world.client.second_link().handle_closed(world.now);
        world.drain();
        assert_eq!(world.client.poll_timeout(), None);
        assert_eq!(
            (world.client.state(), world.client.second_link().state()),
            (State::Closed, State::Closed)
        );
    }
    let mut world = World::of_two();
    world.say(GOODBYE);
    world.client.wake(world.now);
    world.drain();
    assert!(world.said()[0].starts_with(r#"{"type":"heartbeat""#));
    assert_eq!(world.second_dials, 0, "the spread is the server's word");
}

#[test]
fn over_bytes_both_links_have_their_own() {
    let mut world = World::of_two();
    world.say(GOODBYE);
    world.until_second_dials();
    world.client.second_link().handle_dialed(world.now);
    let mut request = Vec::new();
    let _ = world.client.second_link().poll_transmit(&mut request);
    let request = String::from_utf8(request).unwrap();
    assert!(request.contains("Sec-WebSocket-Protocol: pamlink.v1\r\n"), "{request}");
    let answer = b"HTTP/1.1 503 Service Unavailable\r\n\r\n";
    world.client.second_link().handle_bytes(world.now, answer).unwrap();
    world.client.second_link().handle_closed(world.now);
    world.drain();
    assert_eq!(world.events(), ["second closed", "second retrying server_unavailable"]);
    assert_eq!(world.client.state(), State::Open);
}

#[test]
fn a_link_of_some_age_is_changed_without_a_goodbye_of_the_server_and_not_by_all_at_once() {
    let mut config = ClientConfig::default();
    (config.two_links, config.max_link_age) = (true, Duration::from_secs(100));
    let mut world = World::with(config.clone());
    world.open(Some("pamlink.v1"));
    world.welcome();
    for _ in 0..3 {
        let begin = world.now.mono;
        world.pass(89_999);
        world.events();
        let dials = world.second_dials;
        world.until_second_dials();
        assert_eq!(world.second_dials, dials + 1);
        let age = world.now.mono.saturating_since(begin);
        assert!(age <= Duration::from_millis(100_001), "{age:?}");
        world.open_second();
        world.say_over_second(WELCOME);
        world.settle();
        assert_eq!(world.events()[..2], ["changed places", "welcomed true true"]);
        world.client.second_link().handle_closed(world.now);
        world.drain();
    }
    let ends = |seed| {
        let endpoint = Endpoint::v1("ws://server.test", "ada").unwrap();
        let client = Client::new(config.clone(), endpoint, Seed::from_number(seed), world.now);
        client.unwrap().link.draw_end(world.now, Duration::from_secs(100))
    };
    let ends: std::collections::BTreeSet<_> = (0..50).map(ends).collect();
    assert!(ends.len() > 40, "{ends:?}");
    // A host of one transport has nothing of it.
    config.two_links = false;
    let mut world = World::with(config);
    world.open(Some("pamlink.v1"));
    world.welcome();
    world.pass(150_000);
    assert_eq!((world.second_dials, world.client.state()), (0, State::Open));
}

#[test]
fn an_old_link_is_left_though_a_session_is_closed_over_the_new_one() {
    let mut config = ClientConfig::default();
    (config.two_links, config.max_link_age) = (true, Duration::from_secs(100));
    let mut world = World::with(config);
    world.open(Some("pamlink.v1"));
    world.welcome();
    world.open_session();
    world.until_second_dials();
    world.open_second();
    world.say_over_second(WELCOME);
    world.said.retain(|text| !text.contains(r#""channel":1"#));
    world.say(r#"{"type":"closed","channel":1,"code":"too_many","retry_after":3600000}"#);
    world.settle();
    assert!(world.left().contains(&r#"{"type":"goodbye","code":"left"}"#), "{:?}", world.left());
}
