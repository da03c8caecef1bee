use std::time::Duration;

use pamlink::delivery::stream::{Request, StreamKey};
use pamlink::envelope::v1::Name;

use super::*;

const EPOCH: Epoch = Epoch::from_bits(7);

fn request(id: u64) -> LogRequest {
    let key = StreamKey::new("ann", &Name::new("q-1").unwrap());
    LogRequest::new(id, key, Request::Status)
}

#[tokio::test]
async fn what_nobody_answers_is_unavailable() {
    let (log, mut calls) = StreamLog::new(EPOCH);
    let (answers, mut answered) = mpsc::unbounded_channel();
    log.call(request(1), answers.clone());
    log.call(request(2), answers.clone());
    let first = calls.next().await.unwrap();
    drop(calls.next_waiting().unwrap());
    assert_eq!(answered.recv().await, Some(LogAnswer::new(2, EPOCH, Answer::Unavailable)));
    let later = Epoch::from_bits(8);
    first.answer(later, Answer::Discarded);
    assert_eq!(answered.recv().await, Some(LogAnswer::new(1, later, Answer::Discarded)));
    drop(calls);
    log.call(request(3), answers);
    assert_eq!(answered.recv().await, Some(LogAnswer::new(3, EPOCH, Answer::Unavailable)));
    assert_eq!(answered.recv().await.map(|answer| answer.id), None, "each is answered once");
}

#[tokio::test]
async fn there_is_room_for_so_many_requests_and_no_more() {
    let (log, mut calls) = StreamLog::new(EPOCH);
    let (answers, mut answered) = mpsc::unbounded_channel();
    let room = StreamLog::WAITING as u64;
    for id in 0..=room {
        log.call(request(id), answers.clone());
    }
    let refused = answered.try_recv().unwrap();
    assert_eq!((refused.id, refused.answer), (room, Answer::Unavailable));
    assert!(answered.try_recv().is_err());
    let mut taken = std::iter::from_fn(|| calls.next_waiting().map(|call| call.request().id));
    assert!(taken.by_ref().eq(0..room));
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_missed_after_its_time() {
    let begun = tokio::time::Instant::now();
    let mut awaited = Awaited::default();
    assert_eq!(awaited.due(), None);
    awaited.add(1);
    tokio::time::advance(Duration::from_secs(1)).await;
    awaited.add(2);
    let (_answers, mut answered) = mpsc::unbounded_channel();
    assert_eq!(Carrier::answers(&mut answered, awaited.due()).await, []);
    assert_eq!(begun.elapsed(), Duration::from_secs(5));
    assert_eq!(awaited.take_overdue(tokio::time::Instant::now()), [1]);
    assert_eq!(awaited.due(), Some(begun + Duration::from_secs(6)));
}
