//! A server whose streams are in a log of the host's own.

use std::time::Duration;

use pamlink::delivery::stream::Request::ClaimEffect as Begin;
use pamlink::delivery::stream::{Answer, LogConfig, MemoryLog, Refusal};
use pamlink::envelope::v1::Epoch;
use pamlink::link::Token;
use pamlink::time::{Mono, Now, Wall};
use pamlink_tokio::{Client, LogCall, LogCalls, Request, RequestError, Server, StreamLog};
use tokio::time::Instant;

use crate::common::{config, start, within};
use crate::recording::whole;

/// A log that answers what waits in the opposite order, and is away as often as it is told for what has begun.
async fn reversed(mut calls: LogCalls, mut away: u32) {
    let (began, mut memory) = (Instant::now(), MemoryLog::new(LogConfig::default(), EPOCH));
    while let Some(call) = calls.next().await {
        let mut waiting: Vec<LogCall> = vec![call];
        waiting.extend(std::iter::from_fn(|| calls.next_waiting()));
        while let Some(call) = waiting.pop() {
            if away > 0 && !matches!(call.request().request, Begin { .. }) {
                away -= 1;
                continue;
            }
            let now = Now::new(Mono::ZERO + began.elapsed(), Wall::EPOCH);
            let answer = memory.handle_request(now, call.request());
            call.answer(answer.epoch, answer.answer);
        }
    }
}

const EPOCH: Epoch = Epoch::from_bits(0x109e_0000_0000_0001);

async fn count(request: Request) -> String {
    let words = ["one ", "two ", "three"];
    for word in words {
        request.piece(word);
        tokio::task::yield_now().await;
    }
    words.concat()
}

#[tokio::test]
async fn answers_of_a_log_may_come_in_any_order() {
    let mut config = config();
    let (log, calls) = StreamLog::new(EPOCH);
    config.log = Some(log);
    let log = tokio::spawn(reversed(calls, 0));
    let server = start("127.0.0.1:0", config, count).await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    let answers = (0..20).map(|_| client.stream("count").unwrap());
    for answer in answers.collect::<Vec<_>>() {
        assert_eq!(within(whole(answer)).await, "one two three");
    }
    assert!(!server.handle.is_log_away());
    within(client.close()).await;
    server.stop().await;
    within(log).await.expect("it ends with the server");
}

#[tokio::test]
async fn while_a_log_is_away_an_answer_waits() {
    let mut config = config();
    config.hub.sessions.streams.log_retry = Duration::from_millis(20);
    let (log, mut calls) = StreamLog::new(EPOCH);
    config.log = Some(log);
    let server = start("127.0.0.1:0", config, count).await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    let answer = client.stream("count").unwrap();
    drop(within(calls.next()).await.unwrap());
    // It is made anew only after the first was heard to be unavailable.
    let again = within(calls.next()).await.unwrap();
    assert!(server.handle.is_log_away());
    drop(again);
    tokio::spawn(reversed(calls, 3));
    assert_eq!(within(whole(answer)).await, "one two three");
    assert!(!server.handle.is_log_away());
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn what_a_log_does_not_answer_in_time_is_made_anew() {
    let mut config = config();
    config.hub.sessions.streams.log_retry = Duration::from_millis(20);
    let (log, mut calls) = StreamLog::new(EPOCH);
    config.log = Some(log);
    let server = start("127.0.0.1:0", config, count).await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    let answer = client.stream("count").unwrap();
    let late = within(calls.next()).await.unwrap();
    let began = Instant::now();
    let again = within(calls.next()).await.unwrap();
    assert!(began.elapsed() >= Duration::from_secs(4), "{:?}", began.elapsed());
    assert_eq!(again.request().request, late.request().request);
    assert!(server.handle.is_log_away());
    // What comes after its time changes nothing.
    late.answer(EPOCH, Answer::Refused(Refusal::Exists));
    drop(again);
    tokio::spawn(reversed(calls, 0));
    assert_eq!(within(whole(answer)).await, "one two three");
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn a_request_is_refused_when_a_log_stays_away() {
    let mut config = config();
    config.hub.sessions.streams.log_retry = Duration::from_millis(20);
    let (log, calls) = StreamLog::new(EPOCH);
    config.log = Some(log);
    drop(calls);
    let server = start("127.0.0.1:0", config, count).await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    let refused = within(client.ask("count")).await;
    assert!(
        matches!(&refused, Err(RequestError::Rejected { code, .. }) if code == "UNAVAILABLE"),
        "{refused:?}"
    );
    assert!(server.handle.is_log_away());
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn a_server_with_a_log_says_that_it_is_not_recorded() {
    let mut config = config();
    let (log, _calls) = StreamLog::new(EPOCH);
    config.log = Some(log);
    config.record = Some(pamlink_tokio::recording::Recorder::new(std::io::sink()));
    let server = Server::bind("127.0.0.1:0", config).await.unwrap();
    let why = "the streams are in a log of the host's own";
    assert_eq!(server.not_recorded(), Some(why));
}
