//! What a client can do where the server speaks `pamlink.v1`, and what is left where it does not.

use std::future;
use std::sync::Arc;

use pamlink::client::{CancelError, SendError};
use pamlink::delivery::SendOptions;
use pamlink::link::Token;
use pamlink_tokio::{
    AnswerStream, Client, ClientConfig, Event, Handler, Request, RequestError, SubmitError,
};
use tokio::sync::Notify;

use crate::common::{config, start, within};

/// Says so when it is dropped.
struct Dropped(Arc<Notify>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// Says one piece, and then nothing until it is dropped.
fn silent(dropped: &Arc<Notify>) -> impl Handler + use<> {
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

async fn first_piece(answer: &mut AnswerStream) -> String {
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
    assert_eq!(answer.cancel(), Err(CancelError::Ended));
    within(client.close()).await;
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
