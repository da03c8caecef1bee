//! Sessions that are opened, taken over, kept, and refused.

use super::world::{CHANNEL, World};
use crate::delivery::{AtUserBound, LinkNumber, SessionNumber, SessionsConfig};
use crate::envelope::Envelope;

const BEGIN: &str = r#"{"type":"open","channel":3,"sent":["c1a5e00000000001",0]}"#;

/// A link that no device has.
const OTHER: LinkNumber = LinkNumber(1 << 40);

/// What is said over a link that no device has, after this envelope has come over it.
fn answers(world: &mut World, user: &str, text: &str) -> Vec<String> {
    world.hand_over(OTHER, user, text);
    world.said().into_iter().filter(|(link, _)| *link == OTHER).map(|(_, text)| text).collect()
}

fn resume(id: &str) -> String {
    format!(
        r#"{{"type":"open","channel":3,"session":"{id}","received":["5e7f00000000000a",0],"sent":["c1a5e00000000001",0]}}"#
    )
}

/// The id of the session that an `opened` is about.
fn id_in(opened: &str) -> String {
    let envelope = Envelope::parse(opened, 11).unwrap();
    envelope.field("session").unwrap().text().unwrap().to_string()
}

#[test]
fn a_newer_link_takes_a_session_over() {
    let mut world = World::new();
    let ann = world.begun("ann");
    let stale = world.devices[ann].link.unwrap();
    world.ask(ann, "q");
    world.settle();
    world.claim("ann", "q");
    world.append("ann", "q", "40 ");
    // The server has not heard that the link is gone.
    let now = world.now();
    world.devices[ann].session.detach(now);
    let link = world.connect(ann);
    world.devices[ann].say();
    world.carry_to_server();
    let said = world.said();
    let closed: Vec<_> = said.iter().filter(|(at, _)| *at == stale).map(|it| &*it.1).collect();
    assert_eq!(closed, [r#"{"type":"closed","channel":3,"code":"superseded"}"#]);
    let number = world.sessions.of_user("ann").next().unwrap();
    assert_eq!(world.sessions.link_of(number), Some((link, CHANNEL)));

    // What the stale link says does nothing, whatever it is; and so does its end.
    let (items, ignored) = (world.items.len(), world.sessions.ignored());
    for text in [
        r#"{"type":"item","channel":3,"at":["c1a5e00000000001",7],"body":1}"#,
        r#"{"type":"unfollow","channel":3,"stream":"q"}"#,
        r#"{"type":"read","channel":3,"stream":"q","received":["000000000000109e",77]}"#,
        r#"{"type":"closed","channel":3,"code":"left"}"#,
        r#"{"type":"piece","channel":3}"#,
        r#"{"type":"token","token":"t"}"#,
        r#"{"type":"goodbye"}"#,
    ] {
        world.hand_over(stale, "ann", text);
    }
    assert_eq!(world.said(), []);
    assert_eq!((world.items.len(), world.sessions.ignored()), (items, ignored + 7));
    world.sessions.handle_link_closed(world.now(), stale);
    assert_eq!(world.sessions.link_of(number), Some((link, CHANNEL)));
}

#[test]
fn after_a_takeover_an_answer_goes_on() {
    let mut world = World::new();
    let ann = world.begun("ann");
    world.ask(ann, "q");
    world.settle();
    world.claim("ann", "q");
    world.append("ann", "q", "40 ");
    for word in ["li", "te", "rs"] {
        let now = world.now();
        world.devices[ann].session.detach(now);
        world.connect(ann);
        world.settle();
        world.append("ann", "q", word);
    }
    assert_eq!(world.devices[ann].texts["q"], "40 liters");
    assert_eq!(world.sessions.len(), 1);
}

#[test]
fn a_forged_id_and_one_of_another_user_are_the_same() {
    let mut world = World::new();
    let opened = answers(&mut world, "ann", BEGIN);
    let id = id_in(&opened[0]);
    world.sessions.handle_link_closed(world.now(), OTHER);
    world.serve();

    let forged = "00112233445566778899aabbccddeeff";
    let of_forged = answers(&mut world, "bob", &resume(forged));
    let of_another = answers(&mut world, "bob", &resume(&id));
    assert!(of_forged[0].contains(r#""answer":"unknown""#));
    assert_eq!(of_forged, [of_another[0].replace(&id, forged)]);
    assert!(world.sessions.of_user("bob").next().is_none());
    // Its user goes on with it.
    let of_own = answers(&mut world, "ann", &resume(&id));
    assert!(of_own[0].contains(r#""answer":"gap""#), "{of_own:?}");
}

#[test]
fn ids_are_drawn_and_none_is_drawn_twice() {
    let config =
        SessionsConfig { max_sessions: 10_000, user_sessions: 10_000, ..SessionsConfig::default() };
    let mut world = World::with(config);
    let mut ids = std::collections::BTreeSet::new();
    for number in 0..10_000u64 {
        let link = LinkNumber(1_000 + number);
        world.hand_over(link, "ann", BEGIN);
        let said = world.said();
        assert_eq!(said.len(), 1);
        ids.insert(id_in(&said[0].1));
        if number % 3 == 0 {
            world.sessions.handle_link_closed(world.now(), link);
        }
    }
    assert_eq!((ids.len(), world.sessions.len()), (10_000, 10_000));
    // And one more is refused.
    let refused = answers(&mut world, "bob", BEGIN);
    assert_eq!(refused, [r#"{"type":"closed","channel":3,"code":"too_many"}"#]);
    assert_eq!(world.heard.last().unwrap(), "refused bob All");
    // Those that no link carries end in their time.
    world.millis = 120_000;
    world.sessions.handle_timeout(world.now());
    world.serve();
    assert_eq!(world.sessions.len(), 6_666);
    assert_eq!(world.sessions.of_user("ann").count(), 6_666);
}

#[test]
fn a_user_with_too_many_sessions_loses_the_one_that_is_without_a_link_for_longest() {
    let config = SessionsConfig { user_sessions: 3, ..SessionsConfig::default() };
    let mut world = World::with(config);
    let devices = [world.begun("ann"), world.begun("ann"), world.begun("ann")];
    let first: Vec<SessionNumber> = world.sessions.of_user("ann").collect();
    let _bob = world.begun("bob");
    let refused = answers(&mut world, "ann", BEGIN);
    assert_eq!(refused, [r#"{"type":"closed","channel":3,"code":"too_many"}"#]);
    assert_eq!(world.heard.last().unwrap(), "refused ann User");

    world.cut(devices[1]);
    world.pass(10);
    world.cut(devices[0]);
    let opened = answers(&mut world, "ann", BEGIN);
    assert!(opened[0].contains(r#""answer":"begun""#), "{opened:?}");
    assert!(world.heard.contains(&"evicted ann".to_owned()));
    let left: Vec<SessionNumber> = world.sessions.of_user("ann").collect();
    assert_eq!((left.len(), left[0], left[1]), (3, first[0], first[2]));
    // The device hears of it when it comes back, and begins another in the place of the next.
    world.devices[devices[1]].heard();
    world.connect(devices[1]);
    world.settle();
    assert_eq!(world.devices[devices[1]].heard(), ["ended unknown"]);
}

#[test]
fn a_user_with_too_many_sessions_may_be_refused() {
    let at_user_bound = AtUserBound::Refuse;
    let config = SessionsConfig { user_sessions: 1, at_user_bound, ..SessionsConfig::default() };
    let mut world = World::with(config);
    let ann = world.begun("ann");
    world.cut(ann);
    let refused = answers(&mut world, "ann", BEGIN);
    assert_eq!(refused, [r#"{"type":"closed","channel":3,"code":"too_many"}"#]);
    world.connect(ann);
    world.settle();
    assert!(world.devices[ann].session.session().is_open());
}

#[test]
fn a_session_without_a_link_is_kept_for_its_time() {
    let mut world = World::new();
    let ann = world.begun("ann");
    world.cut(ann);
    let number = world.sessions.of_user("ann").next().unwrap();
    let now = world.now();
    world.sessions.send(now, number, "1", Default::default()).unwrap();
    world.pass(119_000);
    assert_eq!(world.sessions.len(), 1);
    world.heard.clear();
    world.pass(2_000);
    // The item had expired before, in its own time.
    assert_eq!(world.heard, ["ann: ended expired"]);
    assert!(world.sessions.is_empty());
    assert!(world.sessions.send(world.now(), number, "1", Default::default()).is_err());
}

#[test]
fn what_comes_before_open_closes_the_channel_once() {
    let mut world = World::new();
    let item = r#"{"type":"item","channel":3,"at":["c1a5e00000000001",1],"body":1}"#;
    let closed = r#"{"type":"closed","channel":3,"code":"not_open"}"#;
    assert_eq!(answers(&mut world, "ann", item), [closed]);
    // What crosses the answer is not answered: the next `open` may be on its way.
    assert_eq!(answers(&mut world, "ann", item), Vec::<String>::new());
    assert!(answers(&mut world, "ann", BEGIN)[0].contains(r#""answer":"begun""#));
    let malformed = r#"{"type":"item","channel":9,"at":["c1a5e00000000001"],"body":1}"#;
    let closed = r#"{"type":"closed","channel":9,"code":"malformed"}"#;
    assert_eq!(answers(&mut world, "ann", malformed), [closed]);
}

#[test]
fn a_fault_closes_one_channel_and_harms_nothing_else() {
    let mut world = World::new();
    let first = id_in(&answers(&mut world, "ann", BEGIN)[0]);
    let second = BEGIN.replace(r#""channel":3"#, r#""channel":4"#);
    assert_eq!(answers(&mut world, "ann", &second).len(), 1);
    for (fault, text) in [
        ("malformed", r#"{"type":"ack","channel":3}"#),
        (
            "wrong_role",
            r#"{"type":"following","channel":3,"stream":"q","answer":"resumed","from":["000000000000109e",0],"offset":0}"#,
        ),
        ("out_of_order", r#"{"type":"item","channel":3,"at":["c1a5e00000000001",9],"body":1}"#),
        ("not_open", BEGIN),
    ] {
        let closed = format!(r#"{{"type":"closed","channel":3,"code":"{fault}"}}"#);
        assert_eq!(answers(&mut world, "ann", text), [closed]);
        assert_eq!(world.heard.last().unwrap(), &format!("ann: fault {fault}"));
        assert!(!answers(&mut world, "ann", &resume(&first)).is_empty());
    }
    let item = r#"{"type":"item","channel":4,"at":["c1a5e00000000001",1],"body":1}"#;
    answers(&mut world, "ann", item);
    assert_eq!(world.items.len(), 1);
}

#[test]
fn a_heartbeat_speaks_for_all_sessions_of_its_link() {
    let mut world = World::new();
    answers(&mut world, "ann", BEGIN);
    answers(&mut world, "ann", &BEGIN.replace(r#""channel":3"#, r#""channel":4"#));
    let at = r#"["c1a5e00000000001",0]"#;
    let heartbeat = r#"{"type":"heartbeat","channels":[]}"#;
    let replies = answers(&mut world, "ann", heartbeat);
    assert_eq!(replies.len(), 1);
    let says = |text: &str| {
        assert!(text.contains(&format!(r#"{{"channel":3,"received":{at}"#)), "{text}");
        assert!(text.contains(&format!(r#"{{"channel":4,"received":{at}"#)), "{text}");
    };
    says(&replies[0]);
    assert!(replies[0].contains(r#""reply":true"#));
    // Its own, which the answer to is not answered.
    world.sessions.heartbeat(world.now(), OTHER);
    let own = world.said();
    assert_eq!(own.len(), 1);
    says(&own[0].1);
    assert!(!own[0].1.contains("reply"));
    let reply = r#"{"type":"heartbeat","channels":[],"reply":true}"#;
    assert_eq!(answers(&mut world, "ann", reply), Vec::<String>::new());
    // A loss that it shows is of that session alone.
    let ahead = r#"{"type":"heartbeat","channels":[{"channel":4,"received":["5e7f00000000000a",0],"sent":["c1a5e00000000001",5]}],"reply":true}"#;
    let closed = r#"{"type":"closed","channel":4,"code":"out_of_order"}"#;
    assert_eq!(answers(&mut world, "ann", ahead), [closed]);
}

#[test]
fn the_channels_of_a_link_are_bounded() {
    let config = SessionsConfig { user_sessions: 1_000, ..SessionsConfig::default() };
    let mut world = World::with(config);
    for channel in 0..256 {
        let open = BEGIN.replace(r#""channel":3"#, &format!(r#""channel":{channel}"#));
        assert!(answers(&mut world, "ann", &open)[0].contains("begun"));
    }
    let open = BEGIN.replace(r#""channel":3"#, r#""channel":256"#);
    let closed = r#"{"type":"closed","channel":256,"code":"too_many"}"#;
    assert_eq!(answers(&mut world, "ann", &open), [closed]);
    assert_eq!(world.heard.last().unwrap(), "refused ann Link");
    assert_eq!(world.sessions.len(), 256);
}

#[test]
fn a_client_that_takes_no_answers_gets_no_more() {
    let mut world = World::new();
    let forged = resume("00112233445566778899aabbccddeeff");
    for _ in 0..512 {
        world.hand_over(OTHER, "ann", &forged);
    }
    assert!(world.heard.is_empty());
    world.hand_over(OTHER, "ann", &forged);
    assert_eq!(world.heard, ["overrun"]);
    assert_eq!(world.said().len(), 512);
}

#[test]
fn a_session_that_its_host_leaves_is_over() {
    let mut world = World::new();
    let ann = world.begun("ann");
    let number = world.sessions.of_user("ann").next().unwrap();
    world.devices[ann].heard();
    world.sessions.leave(world.now(), number);
    world.serve();
    world.settle();
    assert_eq!(world.devices[ann].heard(), ["closed left", "ended left"]);
    assert!(world.sessions.is_empty());

    let bob = world.begun("bob");
    let now = world.now();
    world.devices[bob].session.leave(now);
    world.settle();
    assert!(world.sessions.is_empty());
}

#[test]
fn an_open_waits_until_the_events_before_it_are_taken() {
    let mut world = World::new();
    let opened = answers(&mut world, "ann", BEGIN);
    let id = id_in(&opened[0]);
    let number = world.sessions.of_user("ann").next().unwrap();
    // The host has not taken the item that the first link has brought.
    let item = r#"{"type":"item","channel":3,"at":["c1a5e00000000001",1],"body":1}"#;
    let second = LinkNumber(OTHER.0 + 1);
    let now = world.now();
    for (link, text) in [(OTHER, item), (second, &resume(&id))] {
        let envelope = Envelope::parse(text, 11).unwrap();
        world.sessions.handle_envelope(now, link, "ann", &envelope);
    }
    let said = world.said();
    assert_eq!(said, [(OTHER, r#"{"type":"closed","channel":3,"code":"superseded"}"#.to_owned())]);
    world.serve();
    let said = world.said();
    assert_eq!((said[0].0, world.items.len()), (second, 1));
    assert!(said[0].1.contains(r#""received":["c1a5e00000000001",1]"#), "{said:?}");

    // Or it has ended by then.
    let third = LinkNumber(OTHER.0 + 2);
    let item = item.replace(",1],", ",2],");
    for (link, text) in [(second, &item), (third, &resume(&id))] {
        let envelope = Envelope::parse(text, 11).unwrap();
        world.sessions.handle_envelope(now, link, "ann", &envelope);
    }
    world.sessions.leave(now, number);
    world.serve();
    let said = world.said();
    assert_eq!((said.len(), said[1].0), (2, third));
    assert!(said[1].1.contains(r#""answer":"unknown""#), "{said:?}");
    assert!(world.sessions.is_empty());
}

#[test]
fn whoever_speaks_before_the_answer_is_closed() {
    let mut world = World::new();
    let id = id_in(&answers(&mut world, "ann", BEGIN)[0]);
    let item = r#"{"type":"item","channel":3,"at":["c1a5e00000000001",1],"body":1}"#;
    let second = LinkNumber(OTHER.0 + 1);
    let now = world.now();
    for (link, text) in [(OTHER, item), (second, &resume(&id)), (second, item)] {
        let envelope = Envelope::parse(text, 11).unwrap();
        world.sessions.handle_envelope(now, link, "ann", &envelope);
    }
    world.serve();
    let said = world.said();
    let closed = r#"{"type":"closed","channel":3,"code":"not_open"}"#;
    assert_eq!(said.last().unwrap(), &(second, closed.to_owned()));
    assert_eq!((said.len(), world.items.len(), world.sessions.len()), (2, 1, 1));
}
