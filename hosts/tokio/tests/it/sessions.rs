//! What a client can do where the server speaks `pamlink.v1`, and what is left where it does not.

use std::future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use pamlink::client::{CancelError, SendError, SessionError};
use pamlink::delivery::{SendOptions, SessionNumber};
use pamlink::link::Token;
use pamlink::metrics::SampleValue;
use pamlink_tokio::{
    AnswerStream, Client, ClientConfig, ConnectError, Event, Handler, Request, RequestError,
    SubmitError,
};
use tokio::sync::Notify;

use crate::common::{Running, config, start, within};
use crate::recording::{count, equal, halting, proxy, recorded, welcomed_again, whole};

/// Says so when it is dropped.
struct Dropped(Arc<Notify>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Says one piece, and then nothing until it is dropped.
pub(crate) fn silent(dropped: &Arc<Notify>) -> impl Handler + use<> {
    let dropped = Arc::clone(dropped);
    move |request: Request| {
        let dropped = Dropped(Arc::clone(&dropped));
        async move {
            request.piece("one ");
            let _dropped = dropped;
            future::pending::<&str>().await
        }
    }
}

fn of_pam(url: &str) -> Client {
    let mut config = ClientConfig::default();
    config.v1 = false;
    Client::start(url, Token::new("good-ann"), config).expect("the URL is sound")
}

/// The sessions that a server has.
fn active_sessions(server: &Running) -> i64 {
    let metrics = server.handle.metrics();
    match metrics.family("pamlink_sessions_active").unwrap().samples[0].value {
        SampleValue::Gauge(count) => count,
        ref other => panic!("{other:?}"),
    }
}

pub(crate) async fn first_piece(answer: &mut AnswerStream) -> String {
    within(answer.next_piece()).await.unwrap().unwrap().text
}

#[tokio::test]
async fn a_cancelled_answer_ends_at_both_ends() {
    let dropped = Arc::new(Notify::new());
    let server = start("127.0.0.1:0", config(), silent(&dropped)).await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    let mut answer = client.stream("count").unwrap();
    assert_eq!(first_piece(&mut answer).await, "one ");
    answer.cancel().unwrap();
    assert_eq!(within(answer.next_piece()).await, Err(RequestError::Cancelled));
    within(dropped.notified()).await;
    let outcome = within(async {
        loop {
            if let Some(Event::CancelResult { outcome, offset, .. }) = client.next_event().await {
                return (outcome, offset);
            }
        }
    });
    // What was said of the answer: "one ".
    assert_eq!(outcome.await, (Some("cancelled".to_owned()), Some(4)));
    // Of an answer that has ended there is a result as well.
    answer.cancel().unwrap();
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_dropped_ends_at_the_server() {
    let dropped = Arc::new(Notify::new());
    let server = start("127.0.0.1:0", config(), silent(&dropped)).await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    let mut answer = client.stream("count").unwrap();
    assert_eq!(first_piece(&mut answer).await, "one ");
    drop(answer);
    within(dropped.notified()).await;
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_detached_goes_on() {
    let more = Arc::new(Notify::new());
    let waits = Arc::clone(&more);
    let handler = move |request: Request| {
        let waits = Arc::clone(&waits);
        async move {
            request.piece("one ");
            waits.notified().await;
            "one two"
        }
    };
    let server = start("127.0.0.1:0", config(), handler).await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    let mut answer = client.stream("count").unwrap();
    assert_eq!(first_piece(&mut answer).await, "one ");
    answer.detach();
    more.notify_one();
    let late = within(async {
        loop {
            if let Some(Event::Late { answer, .. }) = client.next_event().await {
                return answer.text().into_owned();
            }
        }
    });
    assert_eq!(late.await, "one two");
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn while_a_session_has_no_link_the_next_piece_is_wanted() {
    let (came, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (says, wanted) = tokio::sync::oneshot::channel();
    let says = std::sync::Mutex::new(Some(says));
    let (first, second) = (Arc::clone(&came), Arc::clone(&go_on));
    let server = start("127.0.0.1:0", config(), move |request: Request| {
        let (came, go_on) = (Arc::clone(&first), Arc::clone(&second));
        let says = says.lock().unwrap().take().expect("asked once");
        async move {
            request.piece("one ");
            came.notify_one();
            go_on.notified().await;
            says.send(request.piece("two ")).unwrap();
            "one two three"
        }
    });
    let server = server.await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    let answer = client.stream("count").unwrap();
    within(came.notified()).await;
    within(client.close()).await;
    drop(answer);
    within(async {
        while server.handle.links() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    go_on.notify_one();
    assert_eq!(within(wanted).await, Ok(true));
    server.stop().await;
}

#[tokio::test]
async fn who_waits_for_no_answer_hears_that_the_server_has_it() {
    let server = start("127.0.0.1:0", config(), async |_: Request| "ok").await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    let update = r#"{"type":"context_update","context":{"timezone":"Europe/Paris"}}"#;
    assert_eq!(within(client.submit(update, SendOptions::default())).await, Ok(()));
    let nonsense = within(client.submit("[]", SendOptions::default())).await;
    assert!(nonsense.is_err(), "{nonsense:?}");
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn where_the_server_speaks_pam_nothing_is_cancelled_and_nothing_submitted() {
    let dropped = Arc::new(Notify::new());
    let server = start("127.0.0.1:0", config(), silent(&dropped)).await;
    let client = of_pam(&server.url("ann"));
    within(client.ready()).await.unwrap();
    let mut answer = client.stream("count").unwrap();
    assert_eq!(first_piece(&mut answer).await, "one ");
    assert_eq!(answer.cancel(), Err(CancelError::Dialect));
    let submitted = client.submit(r#"{"type":"x"}"#, SendOptions::default()).await;
    assert_eq!(submitted, Err(SubmitError::Send(SendError::Dialect)));
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn two_sessions_over_one_link_go_on_after_a_cut() {
    let (go_on, came) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (server, asked) = halting(&go_on, &came).await;
    let (url, cut) = proxy(server.addr).await;
    let (client, memory) = recorded(&url, Token::new("good-ann"), true);
    within(client.ready()).await.unwrap();
    let other = client.open_session().unwrap();
    let (mut here, mut there) = (client.stream("one").unwrap(), other.stream("two").unwrap());
    assert_eq!(first_piece(&mut here).await, "one ");
    assert_eq!(first_piece(&mut there).await, "one ");
    assert_eq!(active_sessions(&server), 2);
    cut.notify_waiters();
    welcomed_again(&client).await;
    for answer in [here, there] {
        go_on.notify_waiters();
        go_on.notify_one();
        assert_eq!(whole(answer).await, "two three");
    }
    let update = r#"{"type":"context_update","context":{"timezone":"Europe/Paris"}}"#;
    assert_eq!(within(other.submit(update, SendOptions::default())).await, Ok(()));
    // A push reaches each session, and has no id here.
    let push = server.handle.push("ann", r#"{"type":"timer_expired","timer_id":"t"}"#).unwrap();
    assert_eq!(push.queued, 2);
    let mut sessions = Vec::new();
    while sessions.len() < 2 {
        if let Some(Event::Message { session, .. }) = within(client.next_event()).await {
            sessions.push(session);
        }
    }
    sessions.sort_unstable();
    assert_eq!(sessions, [SessionNumber::FIRST, other.number()]);
    drop(other);
    within(client.close()).await;
    server.stop().await;
    assert_eq!(asked.load(Ordering::Relaxed), 2);

    // What was recorded is the same when it is replayed.
    let steps = equal(&memory.text());
    assert_eq!((count(&steps, "dial,"), count(&steps, "opening request")), (2, 2));
}

#[tokio::test]
async fn a_session_that_is_left_ends_alone() {
    let dropped = Arc::new(Notify::new());
    let server = start("127.0.0.1:0", config(), silent(&dropped)).await;
    let client = within(Client::connect(&server.url("ann"), Token::new("good-ann"))).await.unwrap();
    let other = client.open_session().unwrap();
    let (mut here, mut there) = (client.stream("one").unwrap(), other.stream("two").unwrap());
    assert_eq!(first_piece(&mut here).await, "one ");
    assert_eq!(first_piece(&mut there).await, "one ");
    other.leave();
    assert_eq!(within(there.next_piece()).await, Err(RequestError::Unknown));
    assert_eq!(within(other.ask("three")).await, Err(RequestError::Left));
    let submitted = other.submit(r#"{"type":"x"}"#, SendOptions::default()).await;
    assert_eq!(submitted, Err(SubmitError::Send(SendError::NoSession)));
    within(async {
        while active_sessions(&server) != 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    here.cancel().unwrap();
    assert_eq!(within(here.next_piece()).await, Err(RequestError::Cancelled));
    // The last clone of a handle leaves it as well.
    let others: Vec<_> = (1..8).map(|_| client.open_session().unwrap()).collect();
    assert_eq!(client.open_session().unwrap_err(), SessionError::Full);
    drop(others);
    within(async {
        while client.open_session().is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    within(client.close()).await;
    server.stop().await;
    let pam = of_pam("ws://127.0.0.1:1/api/v1/pam/ws/ann");
    assert_eq!(pam.open_session().unwrap_err(), SessionError::Dialect);
}

#[tokio::test]
async fn a_later_process_goes_on_with_a_snapshot_in_the_middle_of_an_answer() {
    let (go_on, came) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (server, asked) = halting(&go_on, &came).await;
    let (url, cut) = proxy(server.addr).await;
    let first = within(Client::connect(&url, Token::new("good-ann"))).await.unwrap();
    let mut answer = first.stream("count").unwrap();
    assert_eq!(first_piece(&mut answer).await, "one ");
    let snapshot = within(first.snapshot()).await.unwrap();
    // Its process dies, as far as the server can tell.
    cut.notify_waiters();
    within(first.close()).await;
    drop(answer);

    let start = |snapshot: Vec<u8>| {
        let mut config = ClientConfig::default();
        config.snapshot = Some(snapshot);
        Client::start(&url, Token::new("good-ann"), config)
    };
    let cut_off = snapshot[..snapshot.len() - 1].to_vec();
    assert!(matches!(start(cut_off), Err(ConnectError::Snapshot(_))), "it is none");
    let second = start(snapshot).unwrap();
    within(second.ready()).await.unwrap();
    go_on.notify_one();
    let ended = within(async {
        loop {
            if let Some(Event::Ended { request, outcome }) = second.next_event().await {
                return (request.as_u64(), outcome.unwrap().text().into_owned());
            }
        }
    });
    assert_eq!(ended.await, (0, "one two three".to_owned()));
    // Nobody had taken it, and whoever does now has all of it.
    let [answer] = second.restored().try_into().expect("one was asked");
    assert_eq!((answer.id().as_u64(), whole(answer).await), (0, "one two three".to_owned()));
    // It is the same session, in which nothing was asked again.
    assert_eq!((asked.load(Ordering::Relaxed), active_sessions(&server)), (1, 1));
    within(second.close()).await;
    server.stop().await;
}
