//! A conversation over two servers with one log in Redis: it goes on wherever its next link lands.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use pamlink::delivery::stream::LogConfig;
use pamlink::hub::Auth;
use pamlink::link::{AuthError, Claims, Token, Verify};
use pamlink::time::Wall;
use pamlink_nodes::Server as Redis;
use pamlink_tokio::shared_log::{SharedLog, SharedLogError};
use pamlink_tokio::{
    AnswerStream, Client, ClientConfig, Handle, Request, RequestError, Server, ServerConfig,
};
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;

/// Takes any token for one of the user of that name.
#[derive(Debug)]
struct ByName;

impl Verify for ByName {
    fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError> {
        Ok(Claims::new(token, now + Duration::from_secs(3_600)))
    }
}

/// A server that answers with a text in two pieces, the second once it may go on.
struct Node {
    url: String,
    handle: Handle,
    go_on: Arc<Notify>,
    /// How often it was asked.
    requests: Arc<AtomicU32>,
    /// The work on an answer was given up.
    dropped: Arc<Notify>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

/// Says that it is dropped before its end.
struct Working(Arc<Notify>, bool);

impl Drop for Working {
    fn drop(&mut self) {
        if !self.1 {
            self.0.notify_one();
        }
    }
}

impl Node {
    async fn start(redis: &Redis, lease: Duration) -> Self {
        let mut config = ServerConfig::new(Auth::Verifier(Box::new(ByName)));
        config.drain_spread = Duration::ZERO;
        config.hub.sessions.streams.producer_lease = lease;
        config.hub.sessions.streams.log_retry = Duration::from_millis(100);
        let redis = redis.url();
        let log = SharedLog::connect(&redis, "pamlink", config.hub.stream_log);
        let (log, news) = within(log).await.unwrap().start(|_| {});
        config.log = Some(log);
        let server = Server::bind("127.0.0.1:0", config).await.unwrap();
        let url = format!("ws://{}/api/v1/pam/ws/ann", server.local_addr().unwrap());
        let handle = server.handle();
        news.tell(&handle);
        let (go_on, dropped) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let requests = Arc::new(AtomicU32::new(0));
        let (goes, drops, counts) = (go_on.clone(), dropped.clone(), requests.clone());
        let answer = move |request: Request| {
            let (goes, drops) = (goes.clone(), drops.clone());
            counts.fetch_add(1, Ordering::Relaxed);
            async move {
                let mut working = Working(drops, false);
                request.piece("40 ");
                goes.notified().await;
                request.piece("liters");
                working.1 = true;
                "40 liters"
            }
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(server.serve(answer, async { drop(stopped.await) }));
        Self { url, handle, go_on, requests, dropped, stop, task }
    }

    /// It ends without a word to anybody.
    fn die(self) {
        self.task.abort();
    }

    async fn stop(self) {
        let _ = self.stop.send(());
        within(self.task).await.unwrap();
    }
}

/// Longer than any test takes: nothing is found with a lease.
const LEASE: Duration = Duration::from_secs(60);

async fn within<T>(it: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(15), it).await.expect("it comes in time")
}

/// A client of the first server that has read the first piece, as another process goes on with it
/// at the second.
async fn moved(first: &Node, second: &Node) -> (Client, AnswerStream) {
    let client = within(Client::connect(&first.url, Token::new("ann"))).await.unwrap();
    let mut answer = client.stream("how much?").unwrap();
    assert_eq!(within(answer.next_piece()).await.unwrap().unwrap().text, "40 ");
    let mut config = ClientConfig::default();
    config.snapshot = Some(within(client.snapshot()).await.unwrap());
    answer.detach();
    let client = Client::start(&second.url, Token::new("ann"), config).unwrap();
    let [mut answer] = client.restored().try_into().unwrap();
    assert_eq!(within(answer.next_piece()).await.unwrap().unwrap().text, "40 ");
    (client, answer)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_goes_on_at_another_server_while_the_first_produces_it() {
    let redis = Redis::start();
    let (first, second) = (Node::start(&redis, LEASE).await, Node::start(&redis, LEASE).await);
    let (_client, mut answer) = moved(&first, &second).await;
    first.go_on.notify_one();
    assert_eq!(within(answer.next_piece()).await.unwrap().unwrap().text, "liters");
    assert_eq!(within(answer.answer()).await.unwrap().text(), "40 liters");
    assert_eq!(first.requests.load(Ordering::Relaxed), 1);
    assert_eq!(second.requests.load(Ordering::Relaxed), 0, "it starts no second work");
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_at_another_server_ends_the_work_at_the_first() {
    let redis = Redis::start();
    let (first, second) = (Node::start(&redis, LEASE).await, Node::start(&redis, LEASE).await);
    let (_client, mut answer) = moved(&first, &second).await;
    answer.cancel().unwrap();
    assert_eq!(within(answer.next_piece()).await, Err(RequestError::Cancelled));
    within(first.dropped.notified()).await;
    first.stop().await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_server_has_died_ends_as_orphaned() {
    let redis = Redis::start();
    let (first, second) = (
        Node::start(&redis, Duration::from_secs(2)).await,
        Node::start(&redis, Duration::from_secs(2)).await,
    );
    let (_client, mut answer) = moved(&first, &second).await;
    first.die();
    let error = within(answer.next_piece()).await.unwrap_err();
    let RequestError::Rejected { code, .. } = error else { panic!("{error:?}") };
    assert_eq!(code, "ORPHANED");
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_was_killed_is_waited_for() {
    let mut redis = Redis::start();
    let (first, second) = (Node::start(&redis, LEASE).await, Node::start(&redis, LEASE).await);
    let (_client, mut answer) = moved(&first, &second).await;
    tokio::task::block_in_place(|| redis.kill_and_start());
    first.go_on.notify_one();
    assert_eq!(within(answer.next_piece()).await.unwrap().unwrap().text, "liters");
    assert_eq!(within(answer.answer()).await.unwrap().text(), "40 liters");
    let is_back = async {
        while first.handle.is_log_away() || second.handle.is_log_away() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within(is_back).await;
    first.stop().await;
    second.stop().await;
}

#[tokio::test]
async fn a_server_that_is_not_there_or_evicts_is_named() {
    let redis = Redis::start();
    let config = LogConfig::default();
    let error = within(SharedLog::connect("redis://127.0.0.1:1", "p", config)).await.unwrap_err();
    assert!(error.to_string().starts_with("redis://127.0.0.1:1: "), "{error}");
    let error = within(SharedLog::connect("nonsense", "p", config)).await.unwrap_err();
    assert!(matches!(error, SharedLogError::Address { .. }), "{error}");
    redis.set("maxmemory-policy", "allkeys-lru");
    let error = within(SharedLog::connect(&redis.url(), "p", config)).await.unwrap_err();
    let SharedLogError::Evicts { policy, .. } = &error else { panic!("{error}") };
    assert_eq!(policy, "allkeys-lru");
}
