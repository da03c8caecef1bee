//! Tests of the requests of a client.

use proptest::prelude::*;

use super::*;

fn requests() -> Requests {
    let config =
        ClientConfig { max_requests: 4, max_request_bytes: 100, ..ClientConfig::default() };
    Requests::new(&config)
}

fn at(secs: u64) -> Mono {
    Mono::from_millis(secs * 1_000)
}

proptest! {
    /// Whatever grows, and however it ends, the request that expires next is the one whose time
    /// is up first, and none waits for less than the timeout or more than the bound.
    #[test]
    fn the_next_to_expire_is_found_whatever_grows(
        steps in prop::collection::vec((0..4u8, any::<u8>(), 0..30u64), 1..200),
    ) {
        let config =
            ClientConfig { max_requests: 8, max_answer_bytes: 64, ..ClientConfig::default() };
        let mut requests = Requests::new(&config);
        let (mut now, mut next) = (0, 0);
        for (step, choice, pause) in steps {
            now += pause;
            let chosen = RequestId(u64::from(choice) % (next + 1));
            match step {
                0 if requests.fits(1) => {
                    requests.push(at(now), RequestId(next), SessionNumber::FIRST, "x".into(), false);
                    next += 1;
                }
                1 => drop(requests.answer(chosen)),
                2 if choice % 16 == 0 => drop(requests.forget(chosen)),
                _ => drop(requests.grow(at(now), chosen, &"piece".into(), choice % 8 == 0)),
            }
            let grown = requests.requests.iter().map(|request| request.growth.len());
            prop_assert_eq!(requests.grown, grown.sum::<usize>());
            prop_assert!(requests.grown <= 64);
            sent(&mut requests);
            let waiting = || requests.requests.iter().filter(|request| !request.ended);
            prop_assert_eq!(requests.expiry(), waiting().map(|request| request.until).min());
            for request in waiting() {
                let age = request.until.saturating_since(request.asked).as_secs();
                prop_assert!((60..=180).contains(&age), "{}", age);
            }
            while let Some(until) = requests.expiry().filter(|until| *until <= at(now)) {
                prop_assert!(requests.expire(at(now), choice % 2 == 0).is_some(), "{:?}", until);
            }
        }
    }
}

fn sent(requests: &mut Requests) -> Vec<String> {
    let mut all = Vec::new();
    while let Some((id, text, _)) = requests.next_to_send(&[]) {
        all.push(text.to_string());
        requests.sent(id);
    }
    all
}

#[test]
fn bounds_hold_in_count_and_bytes() {
    let mut requests = requests();
    assert!(requests.fits(100) && !requests.fits(101));
    for id in 0..4 {
        assert!(requests.fits(10));
        requests.push(at(0), RequestId(id), SessionNumber::FIRST, "0123456789".into(), false);
    }
    assert!(!requests.fits(10));
    assert!(requests.answer(RequestId(2)).is_some());
    assert!(requests.fits(70) && !requests.fits(71));
}

#[test]
fn after_a_lost_link_only_what_has_no_answer_is_sent_again() {
    let mut requests = requests();
    for id in 0..3 {
        requests.push(at(0), RequestId(id), SessionNumber::FIRST, format!("{id}").into(), false);
    }
    assert_eq!(sent(&mut requests).len(), 3);
    assert!(requests.answer(RequestId(1)).is_some());
    requests.link_lost();
    requests.push(at(1), RequestId(3), SessionNumber::FIRST, "3".into(), false);
    assert_eq!(sent(&mut requests), ["0", "2", "3"]);
}

fn expired(requests: &mut Requests, secs: u64) -> Option<RequestId> {
    requests.expire(at(secs), true).map(|request| request.id)
}

#[test]
fn an_answer_in_order_skips_nobody_who_expired() {
    let mut requests = requests();
    requests.push(at(0), RequestId(0), SessionNumber::FIRST, "0".into(), false);
    requests.push(at(10), RequestId(1), SessionNumber::FIRST, "1".into(), false);
    sent(&mut requests);
    assert_eq!((expired(&mut requests, 59), requests.expiry()), (None, Some(at(60))));
    assert_eq!(expired(&mut requests, 60), Some(RequestId(0)));
    assert_eq!((expired(&mut requests, 60), requests.expiry()), (None, Some(at(70))));
    assert_eq!(requests.answer_in_order(), InOrder::Late(RequestId(0)));
    let growth = Growth::default();
    let answered = Answered { id: RequestId(1), asked: at(10), growth };
    assert_eq!(requests.answer_in_order(), InOrder::Answered(answered));
    assert_eq!(requests.answer_in_order(), InOrder::Nobody);
}

#[test]
fn marks_end_with_their_link_and_count_until_then() {
    let mut requests = requests();
    for id in 0..4 {
        requests.push(at(0), RequestId(id), SessionNumber::FIRST, "x".into(), false);
    }
    sent(&mut requests);
    while requests.expire(at(60), true).is_some() {}
    assert!(requests.is_stuck() && !requests.fits(1));
    assert_eq!((requests.waiting(), requests.bytes()), (0, 0));
    requests.link_lost();
    assert!(requests.fits(1));
}

#[test]
fn what_was_never_sent_is_not_unsure() {
    let mut requests = requests();
    requests.push(at(0), RequestId(0), SessionNumber::FIRST, "0".into(), false);
    sent(&mut requests);
    requests.push(at(0), RequestId(1), SessionNumber::FIRST, "1".into(), false);
    requests.link_lost();
    let unsure = Unanswered { id: RequestId(0), sent: true, forgotten: false };
    assert_eq!(requests.give_up_unsure(), Some(unsure));
    assert_eq!(requests.give_up_unsure(), None);
    assert_eq!(sent(&mut requests), ["1"]);
}

#[test]
fn who_gives_up_knows_what_may_have_arrived() {
    let mut requests = requests();
    requests.push(at(0), RequestId(0), SessionNumber::FIRST, "0".into(), false);
    sent(&mut requests);
    requests.link_lost();
    requests.push(at(0), RequestId(1), SessionNumber::FIRST, "1".into(), false);
    let ends: Vec<_> =
        core::iter::from_fn(|| requests.give_up()).map(|request| request.sent).collect();
    assert_eq!((ends, requests.waiting(), requests.bytes()), (vec![true, false], 0, 0));
}

#[test]
fn what_was_forgotten_before_it_was_sent_is_not_sent() {
    let mut requests = requests();
    requests.push(at(0), RequestId(0), SessionNumber::FIRST, "0".into(), false);
    requests.push(at(0), RequestId(1), SessionNumber::FIRST, "1".into(), false);
    requests.forget(RequestId(0));
    assert_eq!(sent(&mut requests), ["1"]);
    requests.forget(RequestId(1));
    assert_eq!(
        requests.grow(at(1), RequestId(1), &"a".into(), false),
        Growing::Ended(RequestId(1))
    );
    requests.link_lost();
    // It may have had its effect, and is sent again so that it has.
    assert_eq!(sent(&mut requests), ["1"]);
    assert_eq!(requests.answer_in_order(), InOrder::Late(RequestId(1)));
    assert_eq!(requests.waiting(), 0);
}
