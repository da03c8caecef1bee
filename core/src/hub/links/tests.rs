use core::time::Duration;

use super::*;
use crate::dedup::Keyer;
use crate::hub::index::RequestIndex;
use crate::hub::reply::Delivered;
use crate::hub::users::Users;
use crate::link::ServerLink;
use crate::metric_families::Metrics;
use crate::seed::Seed;
use crate::time::Wall;

fn at(millis: u64) -> Now {
    Now::new(Mono::from_millis(millis), Wall::EPOCH)
}

fn links(change: impl FnOnce(&mut HubConfig)) -> Links {
    let mut config = HubConfig::default();
    change(&mut config);
    Links::new(&Arc::new(config), RandomState::with_seeds(1, 2, 3, 4))
}

/// A link of a transport that is open already.
fn enter(links: &mut Links, now: Now) -> LinkIndex {
    let config = Arc::new(links.config.link);
    let link = ServerLink::opened(&config, Seed::from_number(1), now);
    links.enter(link, None, now.mono).unwrap().index
}

/// A link that is welcomed as this user's.
fn welcome(links: &mut Links, users: &mut Users, name: &str) -> LinkIndex {
    let link = enter(links, at(0));
    let user = users.enter(name, Keyer::new(Seed::from_number(1)).user(name));
    links.welcome(link, user, users, Mono::ZERO);
    link
}

fn users() -> Users {
    Users::new(RandomState::with_seeds(1, 2, 3, 4))
}

fn frame(text: &str) -> Arc<[u8]> {
    text.as_bytes().into()
}

/// The messages that leave on a link.
fn written(links: &mut Links, link: LinkIndex) -> Vec<String> {
    let id = links.id(link);
    let mut metrics = Metrics::default();
    let messages = iter::from_fn(|| {
        let mut out = Vec::new();
        links.poll_message(id, at(0), &mut out, &mut metrics)?;
        Some(String::from_utf8(out).unwrap())
    });
    messages.collect()
}

#[test]
fn each_link_has_its_turn() {
    let mut links = links(|_| {});
    let (a, b) = (enter(&mut links, at(0)), enter(&mut links, at(0)));
    links.mark_ready(a);
    links.mark_ready(b);
    links.mark_ready(a);
    for _ in 0..TURN {
        assert_eq!(links.next_ready(), Some(a));
        links.event_taken();
    }
    assert_eq!(links.next_ready(), Some(b), "others have their turn");
    links.mark_idle(b);
    assert_eq!(links.next_ready(), Some(a), "it has more to tell");
    links.mark_idle(a);
    assert_eq!(links.next_ready(), None, "each was listed once");
}

#[test]
fn an_entry_of_a_link_that_is_gone_means_nothing() {
    let mut links = links(|_| {});
    let gone = enter(&mut links, at(0));
    links.mark_ready(gone);
    links.send_text(gone, at(0), "x");
    links.free(gone);
    assert_eq!(links.buffered(), 0);
    let newer = enter(&mut links, at(0));
    assert_eq!(newer, gone, "the place is used again");
    assert_eq!((links.next_ready(), links.next_writable()), (None, None));
}

#[test]
fn a_link_is_writable_once_until_it_is_asked() {
    let mut links = links(|_| {});
    let link = enter(&mut links, at(0));
    for _ in 0..2 {
        assert!(links.send_frame(link, at(0), frame("x")));
    }
    assert_eq!(links.next_writable(), Some(links.id(link)));
    assert_eq!(links.next_writable(), None);
    assert!(links.buffered() > 0);
    assert_eq!(written(&mut links, link), ["x", "x"]);
    assert_eq!(links.buffered(), 0);
}

#[test]
fn a_deadline_comes_once_and_at_its_time() {
    let mut links = links(|_| {});
    let link = enter(&mut links, at(0));
    let due = Mono::from_millis(5);
    links.get_mut(link).unwrap().deadline =
        Some(Deadline::new(due, crate::time::TimerReason::Drain));
    links.arm(link);
    assert_eq!(links.poll_timeout().map(|due| due.at), Some(due));
    assert_eq!(links.next_due(Mono::from_millis(4)), None);
    assert_eq!(links.next_due(due), Some(link));
    assert!(links.take_deadline(link, due).is_some());
    assert!(links.take_deadline(link, due).is_none());
    links.handle_timeout(link, at(5));
    assert_eq!(links.next_due(due), None, "the heartbeat is later");
}

#[test]
fn the_links_of_a_user_are_a_list_newest_first() {
    let (mut links, mut users) = (links(|_| {}), users());
    let ada: Vec<_> = (0..3).map(|_| welcome(&mut links, &mut users, "ada")).collect();
    welcome(&mut links, &mut users, "ben");
    let of_ada = |links: &Links, users: &Users| -> Vec<_> {
        links.of_user(users.get(users.find("ada").unwrap()).unwrap()).collect()
    };
    assert_eq!(of_ada(&links, &users), [ada[2], ada[1], ada[0]]);
    links.end(ada[1], &mut users);
    assert_eq!(of_ada(&links, &users), [ada[2], ada[0]]);
    links.end(ada[2], &mut users);
    links.end(ada[0], &mut users);
    assert!(of_ada(&links, &users).is_empty());
    assert_eq!(users.get(users.find("ada").unwrap()).unwrap().links, 0);
}

#[test]
fn who_has_waited_longest_makes_way_at_either_bound() {
    let mut links = links(|config| {
        config.max_links = 3;
        config.max_unauthenticated = 2;
    });
    assert_eq!(links.crowded(), None);
    let first = enter(&mut links, at(0));
    enter(&mut links, at(0));
    assert_eq!(links.crowded(), Some(first), "as many strangers as may be");
    links.forget_stranger(first);
    assert_eq!(links.crowded(), None);
    let third = enter(&mut links, at(0));
    assert!(links.is_full(), "as many links as may be");
    links.hasten(third, at(0));
    assert!(!links.is_full(), "who is on its way out does not count");
    assert!(links.makes_way());
    links.free(third);
    assert!(!links.makes_way());
}

#[test]
fn verdicts_are_awaited_up_to_a_bound() {
    let mut links = links(|config| config.max_unauthenticated = 1);
    let link = enter(&mut links, at(0));
    let token = crate::link::Token::new("t");
    let claim = Claim::new("ada".into(), token);
    links.await_verdict(link, claim, Mono::from_millis(10));
    assert!(!links.may_await_verdict());
    assert_eq!(links.crowded(), None, "whoever waits for a verdict is no stranger");
    assert_eq!(links.next_due(Mono::from_millis(10)), Some(link));
    links.end_verdict(link, None);
    assert!(links.may_await_verdict());
    assert_eq!(links.oldest_stranger(), Some(link), "until it is welcomed");
}

#[test]
fn answers_without_a_name_leave_in_turn_and_named_ones_at_once() {
    let (mut links, mut users) = (links(|_| {}), users());
    let link = welcome(&mut links, &mut users, "ada");
    let id = links.id(link);
    let [a, b, c] = [1, 2, 3].map(RequestIndex);
    links.begin(link, a, true);
    links.begin(link, b, true);
    links.begin(link, c, false);
    assert_eq!(links.get(link).unwrap().running, 3);
    assert_eq!(links.deliver(link, at(0), b, true, frame("b")), Delivered::InOrder(id));
    links.send_in_turn(link, at(0), frame("last"));
    assert_eq!(links.deliver(link, at(0), c, false, frame("c")), Delivered::Queued(id));
    assert_eq!(links.deliver(link, at(0), a, true, frame("a")), Delivered::Queued(id));
    assert_eq!(written(&mut links, link), ["c", "a", "b", "last"]);
    assert_eq!(links.get(link).unwrap().running, 0);
}

#[test]
fn answers_wait_for_room_and_leave_before_the_close() {
    let (mut links, mut users) = (links(|config| config.link.outbox.max_bytes = 100), users());
    let link = welcome(&mut links, &mut users, "ada");
    let large = frame(&"x".repeat(80));
    for answer in [&large, &large, &large, &frame("behind")] {
        assert!(links.send_answer(link, at(0), Arc::clone(answer)));
    }
    assert_eq!(links.get(link).unwrap().waiting.len(), 2, "one fits beside the largest");
    links.close(link, at(0), crate::frame::CloseCode::NORMAL, "bye");
    assert!(links.get(link).unwrap().waiting.is_empty());
    let written = written(&mut links, link);
    assert_eq!((written.len(), &*written[3]), (5, "behind"), "{written:?}");
    assert_eq!(written.last().map(String::as_str), Some("bye"));
}

#[test]
fn a_request_goes_with_its_answer_to_another_link() {
    let (mut links, mut users) = (links(|_| {}), users());
    let from = welcome(&mut links, &mut users, "ada");
    let to = welcome(&mut links, &mut users, "ada");
    links.begin(from, RequestIndex(1), false);
    links.hand_over(from, to);
    links.hand_over(to, to);
    let running = |link| links.get(link).unwrap().running;
    assert_eq!((running(from), running(to)), (0, 1));
}

#[test]
fn a_link_whose_transport_is_gone_is_freed_when_its_end_was_an_event() {
    let (mut links, mut users) = (links(|_| {}), users());
    let link = welcome(&mut links, &mut users, "ada");
    let id = links.id(link);
    links.detach(id, at(0));
    assert_eq!(links.next_ready(), Some(link), "its end is to be told");
    links.end(link, &mut users);
    assert!(links.find_mut(id).is_some());
    links.detach(id, at(0));
    assert!(links.find_mut(id).is_none() && links.is_empty());
    links.detach(id, at(0));
    assert_eq!(links.next_due(Mono::ZERO + Duration::from_secs(900)), None);
}
