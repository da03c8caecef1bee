//! What is too large for the way between client and server (V-10.8 and V-10.9).

use super::*;
use crate::delivery::SendOptions;

/// How a link is closed for a size.
const TOO_LARGE: [&str; 2] = ["close", "goodbye"];

impl World {
    /// As [`settle`](Self::settle), over a way that takes messages of up to so many bytes, and ends
    /// the link at a longer one. Whether it did.
    fn settle_within(&mut self, most: usize, how: &str) -> bool {
        loop {
            let Some(place) = self.said.iter().position(|text| text.len() > most) else {
                let any = !self.said.is_empty();
                self.settle_these();
                if any {
                    continue;
                }
                return false;
            };
            if place > 0 {
                self.said.truncate(place);
                self.settle_these();
            }
            match how {
                "close" => {
                    let close = Incoming::Close(Some(CloseCode::TOO_BIG), "");
                    self.client.handle_message(self.now, close).unwrap();
                    self.drain();
                }
                _ => self.say(r#"{"type":"goodbye","code":"too_large"}"#),
            }
            self.said.clear();
            self.sessions.handle_link_closed(self.now, LinkNumber(self.link));
            self.serve();
            return true;
        }
    }

    /// Dials until a link does not end for a size; how many did.
    fn come_through(&mut self, most: usize, how: &str) -> usize {
        for ends in 0..20 {
            self.dial_again();
            self.said.pop_front();
            self.say(WELCOME);
            if !self.settle_within(most, how) {
                return ends;
            }
        }
        panic!("it goes on for ever: {:?}", self.events);
    }

    /// Passes the time until the client dials, and takes the link.
    fn dial_again(&mut self) {
        let dials = self.dials.len();
        while self.dials.len() == dials {
            let due = self.client.poll_timeout().expect("another attempt").at;
            let step = due.saturating_since(self.now.mono);
            self.now = Now::new(due, self.now.wall + step);
            self.client.handle_timeout(self.now);
            self.drain();
        }
        self.open(Some("pamlink.v1"));
    }

    /// Of the events those about requests and what was sent.
    fn ends(&mut self) -> Vec<String> {
        let links = ["retrying", "welcomed"];
        let mut events = self.events();
        events.retain(|event| !links.iter().any(|it| event.starts_with(it)));
        events
    }
}

#[test]
fn a_request_that_is_too_large_ends_and_the_rest_goes_on() {
    for how in TOO_LARGE {
        let mut world = World::welcomed();
        let small = world.ask("one");
        let large = world.ask(&"x".repeat(5_000));
        let behind = world.ask("three");
        assert!(world.settle_within(4_000, how), "{how}");
        // The first time it might have been any; twice at the same place is enough.
        assert_eq!(world.come_through(4_000, how), 2, "{how}");
        assert_eq!(world.ends(), [format!("rejected {large} MESSAGE_TOO_LARGE None")], "{how}");
        let asked: Vec<&str> = world.asked.iter().map(|(_, body)| body.as_str()).collect();
        assert!(asked.len() == 2 && asked[0].contains("one") && asked[1].contains("three"));
        let answer = world.answer("3");
        world.finish(How::Done, Some(&answer));
        assert_eq!(world.ends(), [format!("answer {behind} 3")], "{how}");
        assert_eq!(world.client.pending(), 1, "{small} waits");
        // What is said now goes on as ever, and so does the session.
        let last = world.ask("four");
        world.settle();
        let answer = world.answer("4");
        world.finish(How::Done, Some(&answer));
        assert_eq!(world.ends(), [format!("answer {last} 4")], "{how}");
    }
}

#[test]
fn each_that_is_too_large_ends_as_rejected_and_none_beside() {
    let mut world = World::welcomed();
    let mut large = Vec::new();
    for number in 0..12 {
        let length = if number % 3 == 0 { 5_000 } else { 10 };
        let text = format!(r#"{{"type":"note","text":"{}"}}"#, "x".repeat(length));
        let options = SendOptions::default();
        let command = world.client.submit(world.now, &text, options).unwrap();
        large.push((command, length > 10));
    }
    world.drain();
    assert!(world.settle_within(4_000, "close"));
    let ends = world.come_through(4_000, "close");
    assert!((4..=12).contains(&ends), "{ends}");
    world.pass(2_000);
    let events = world.ends();
    for (command, is_large) in large {
        let outcome = if is_large {
            format!(
                r#"outcome {command} Rejected {{ code: "message_too_large", retry_after: None }}"#
            )
        } else {
            format!("outcome {command} Acknowledged")
        };
        assert_eq!(events.iter().filter(|it| **it == outcome).count(), 1, "{outcome} {events:?}");
    }
    assert_eq!((events.len(), world.asked.len()), (12, 8));
}

#[test]
fn other_ends_of_links_make_nothing_too_large() {
    let mut config = ClientConfig::default();
    config.request_timeout = Duration::from_secs(3_600);
    let mut world = World::with(config);
    world.open(Some("pamlink.v1"));
    world.welcome();
    world.events.clear();
    let request = world.ask(&"x".repeat(5_000));
    for _ in 0..5 {
        world.cut();
        world.dial_again();
        world.said.pop_front();
        world.say(WELCOME);
        // It is resumed, and the item is sent again, but the link does not carry it.
        world.settle_these();
        assert!(world.said.iter().any(|text| text.len() > 5_000));
        world.said.clear();
    }
    world.cut();
    // Nor does a link that ends for a size before anything of the session was said.
    for _ in 0..5 {
        world.dial_again();
        let close = Incoming::Close(Some(CloseCode::TOO_BIG), "");
        world.client.handle_message(world.now, close).unwrap();
        world.drain();
    }
    assert_eq!(world.come_through(10_000, "close"), 0);
    assert_eq!(world.ends(), [""; 0]);
    let answer = world.answer("1");
    world.finish(How::Done, Some(&answer));
    assert_eq!(world.ends(), [format!("answer {request} 1")]);
}

#[test]
fn a_server_that_sends_what_is_too_large_again_is_left() {
    let mut config = ClientConfig::default();
    config.link.link.frames.max_message = 600_000;
    let mut world = World::with(config);
    let large = || format!(r#"{{"type":"item","body":"{}"}}"#, "x".repeat(600_000));
    let come = |world: &mut World| {
        if world.link > 0 {
            world.dial_again();
        } else {
            world.open(Some("pamlink.v1"));
        }
        world.welcome();
        world.events.clear();
    };
    let end = |world: &mut World| {
        world.say(&large());
        world.sessions.handle_link_closed(world.now, LinkNumber(world.link));
        world.serve();
        world.events.pop().unwrap()
    };
    come(&mut world);
    assert_eq!(end(&mut world), "retrying too_big 0");
    // A link that has proved itself has come past it.
    come(&mut world);
    world.pass(11_000);
    assert_eq!(end(&mut world), "retrying too_big 0");
    // Another end in between changes nothing.
    come(&mut world);
    world.cut();
    come(&mut world);
    let request = world.ask("one");
    world.settle();
    assert_eq!(end(&mut world), format!("unknown {request}"));
    assert!(world.events.ends_with(&["stopped too_big".to_owned()]), "{:?}", world.events);
    assert_eq!(world.client.poll_timeout(), None);
    // Started again it has another session, in which that does not come.
    world.client.connect(world.now);
    world.drain();
    world.open(Some("pamlink.v1"));
    world.welcome();
    let request = world.ask("two");
    world.settle();
    let answer = world.answer("2");
    world.finish(How::Done, Some(&answer));
    assert_eq!(world.events.pop().unwrap(), format!("answer {request} 2"));
}

impl World {
    /// Some time over such a way; each link is welcomed with this. How many of them ended.
    fn stay(&mut self, most: usize, welcome: &str) -> usize {
        let mut ends = 0;
        for _ in 0..80 {
            if self.settle_within(most, "close") {
                ends += 1;
                self.dial_again();
                let _hello = self.said.pop_front();
                self.say(welcome);
                continue;
            }
            self.now = Now::new(self.now.mono + Duration::from_millis(500), self.now.wall);
            self.sessions.handle_timeout(self.now);
            self.serve();
            self.client.handle_timeout(self.now);
            self.drain();
        }
        ends
    }
}

#[test]
fn what_is_too_large_in_one_session_rejects_nothing_of_another() {
    for large_session in 0..3 {
        let mut world = World::welcomed();
        let sessions = [SessionNumber::FIRST, world.open_session(), world.open_session()];
        let mut expected = Vec::new();
        for (place, session) in sessions.into_iter().enumerate() {
            for number in 0..4 {
                let is_large = place == large_session && number == 1;
                let text = "x".repeat(if is_large { 5_000 } else { 10 });
                let text = format!(r#"{{"type":"note","text":"{text}"}}"#);
                let options = SendOptions::default();
                let command = world.client.submit_in(world.now, session, &text, options).unwrap();
                let within = within(session);
                expected.push(if is_large {
                    format!(
                        r#"{within}outcome {command} Rejected {{ code: "message_too_large", retry_after: None }}"#
                    )
                } else {
                    format!("{within}outcome {command} Acknowledged")
                });
            }
        }
        world.drain();
        let ends = world.stay(4_000, WELCOME);
        assert!((2..=3).contains(&ends), "{large_session} {ends}");
        let mut events = world.ends();
        events.sort();
        expected.sort();
        assert_eq!(events, expected, "{large_session}");
        assert_eq!(world.asked.len(), 11);
    }
}

#[test]
fn what_is_too_large_only_because_it_is_joined_is_said_alone() {
    let welcome = WELCOME.replace(r#""features":0"#, r#""features":1"#);
    let mut world = World::new();
    world.open(Some("pamlink.v1"));
    let _hello = world.said.pop_front();
    world.say(&welcome);
    world.settle();
    for _ in 0..10 {
        let text = format!(r#"{{"type":"note","text":"{}"}}"#, "x".repeat(1_000));
        world.client.submit(world.now, &text, SendOptions::default()).unwrap();
    }
    world.drain();
    world.events.clear();
    assert_eq!(world.stay(4_000, &welcome), 1);
    let events = world.ends();
    assert_eq!(events.len(), 10, "{events:?}");
    assert!(events.iter().all(|it| it.ends_with("Acknowledged")), "{events:?}");
}

#[test]
fn a_link_that_ends_before_its_welcome_rejects_nothing_of_another() {
    for large_session in 0..3 {
        let mut world = World::welcomed();
        let sessions = [SessionNumber::FIRST, world.open_session(), world.open_session()];
        for (place, session) in sessions.into_iter().enumerate() {
            for number in 0..4 {
                let is_large = place == large_session && number == 1;
                let text = "x".repeat(if is_large { 5_000 } else { 10 });
                let text = format!(r#"{{"type":"note","text":"{text}"}}"#);
                world.client.submit_in(world.now, session, &text, SendOptions::default()).unwrap();
            }
        }
        world.drain();
        for _ in 0..80 {
            if world.settle_within(4_000, "close") {
                world.dial_again();
                // It ends before it is welcomed.
                world.client.handle_closed(world.now);
                world.drain();
                world.dial_again();
                let _hello = world.said.pop_front();
                world.say(WELCOME);
                continue;
            }
            world.now = Now::new(world.now.mono + Duration::from_millis(500), world.now.wall);
            world.sessions.handle_timeout(world.now);
            world.serve();
            world.client.handle_timeout(world.now);
            world.drain();
        }
        let events = world.ends();
        let rejected: Vec<_> =
            events.iter().filter(|it| it.contains("message_too_large")).collect();
        assert_eq!(rejected.len(), 1, "{large_session} {events:?}");
        assert_eq!(world.asked.len(), 11);
    }
}

#[test]
fn one_that_waits_for_another_wakes_nobody() {
    let mut world = World::welcomed();
    let _second = world.open_session();
    world.say(r#"{"type":"closed","channel":1,"code":"too_many","retry_after":5000}"#);
    let text = format!(r#"{{"type":"note","text":"{}"}}"#, "x".repeat(5_000));
    world.client.submit(world.now, &text, SendOptions::default()).unwrap();
    world.drain();
    assert!(world.settle_within(4_000, "close"));
    world.dial_again();
    world.say(WELCOME);
    // The first is carried, and the server says nothing.
    let end = world.now.mono + Duration::from_secs(8);
    let mut calls = 0;
    while world.now.mono < end && calls < 50 {
        let at = world.client.poll_timeout().unwrap().at.max(world.now.mono);
        world.now = Now::new(at, world.now.wall);
        world.client.handle_timeout(world.now);
        world.drain();
        calls += 1;
    }
    assert!(calls < 50, "{:?} at {:?}", world.client.poll_timeout(), world.now.mono);
}
