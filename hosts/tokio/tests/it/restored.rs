//! A client that was killed in mid-answer, and another that goes on with its requests.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use pamlink::link::Token;
use pamlink_tokio::{AnswerStream, Client, ClientConfig, Event, RequestError};
use tokio::sync::Notify;

use crate::common::{Running, config, start, within};
use crate::recording::{halting, whole};
use crate::sessions::{first_piece, silent};

/// The snapshot of a client of which nothing is left, and that nobody has said goodbye to: it has
/// asked, and read the first piece.
async fn killed(server: &Running) -> Vec<u8> {
    let process = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let url = server.url("ann");
    let lives = process.spawn(async move {
        let client = within(Client::connect(&url, Token::new("good-ann"))).await.unwrap();
        let mut answer = client.stream("count").unwrap();
        assert_eq!(first_piece(&mut answer).await, "one ");
        assert_eq!(answer.request(), None, "it is this client's own");
        (within(client.snapshot()).await.unwrap(), client, answer)
    });
    let (snapshot, client, answer) = lives.await.unwrap();
    tokio::task::spawn_blocking(|| drop(process)).await.unwrap();
    // Nothing comes of that any more.
    drop((client, answer));
    snapshot
}

/// The client after it, with the request of before.
fn restored(server: &Running, snapshot: Vec<u8>) -> (Client, AnswerStream) {
    let mut config = ClientConfig::default();
    config.snapshot = Some(snapshot);
    let client = Client::start(&server.url("ann"), Token::new("good-ann"), config).unwrap();
    let [answer] = client.restored().try_into().expect("one was asked");
    assert!(client.restored().is_empty(), "they are given once");
    (client, answer)
}

/// What the client says of a request or an answer.
async fn said(client: &Client) -> Event {
    let said = async {
        loop {
            let event = client.next_event().await.expect("the client goes on");
            if let Event::CancelResult { .. } | Event::Late { .. } = event {
                return event;
            }
        }
    };
    within(said).await
}

#[tokio::test]
async fn its_answer_is_read_from_the_beginning() {
    let (go_on, came) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (server, asked) = halting(&go_on, &came).await;
    let snapshot = killed(&server).await;
    let (client, mut answer) = restored(&server, snapshot);
    let request = answer.request().unwrap();
    assert!(request.contains(r#""message":"count""#), "{request}");
    assert_eq!(first_piece(&mut answer).await, "one ");
    go_on.notify_one();
    assert_eq!(whole(answer).await, "two three");
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    // That was its end, and there is no event of it.
    let events = client.clone();
    within(client.close()).await;
    while let Some(event) = events.next_event().await {
        assert!(!matches!(event, Event::Ended { .. }), "{event:?}");
    }
    server.stop().await;
}

#[tokio::test]
async fn its_answer_is_cancelled() {
    let dropped = Arc::new(Notify::new());
    let server = start("127.0.0.1:0", config(), silent(&dropped)).await;
    let snapshot = killed(&server).await;
    let (client, mut answer) = restored(&server, snapshot);
    assert_eq!(first_piece(&mut answer).await, "one ");
    answer.cancel().unwrap();
    assert_eq!(within(answer.next_piece()).await, Err(RequestError::Cancelled));
    within(dropped.notified()).await;
    let Event::CancelResult { request, outcome, .. } = said(&client).await else { panic!() };
    assert_eq!((request, outcome.as_deref()), (answer.id(), Some("cancelled")));
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn whoever_drops_its_answer_leaves() {
    let dropped = Arc::new(Notify::new());
    let server = start("127.0.0.1:0", config(), silent(&dropped)).await;
    let snapshot = killed(&server).await;
    let (client, mut answer) = restored(&server, snapshot);
    assert_eq!(first_piece(&mut answer).await, "one ");
    drop(answer);
    within(dropped.notified()).await;
    within(client.close()).await;
    server.stop().await;
}

#[tokio::test]
async fn its_answer_goes_on_where_it_is_detached() {
    let (go_on, came) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (server, _) = halting(&go_on, &came).await;
    let snapshot = killed(&server).await;
    let (client, mut answer) = restored(&server, snapshot);
    assert_eq!(first_piece(&mut answer).await, "one ");
    answer.detach();
    go_on.notify_one();
    let Event::Late { answer, .. } = said(&client).await else { panic!() };
    assert_eq!(answer.text(), "two ");
    within(client.close()).await;
    server.stop().await;
}
