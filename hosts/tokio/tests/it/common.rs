//! A server and clients over loopback, for the tests beside this folder.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use pamlink::hub::Auth;
use pamlink::link::{AuthError, Claims, CloseClass, Token, Verify};
use pamlink::time::Wall;
use pamlink_tokio::recording::Recorder;
use pamlink_tokio::{Client, ClientConfig, Event, Handle, Handler, Server, ServerConfig};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::recording::{Memory, equal};

/// Takes `good-USER` for a token of USER.
#[derive(Debug)]
pub(crate) struct Good;

impl Verify for Good {
    fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError> {
        let user = token.strip_prefix("good-").ok_or(AuthError::BadSignature)?;
        Ok(Claims::new(user, now + Duration::from_secs(3600)))
    }
}

/// A server that runs.
pub(crate) struct Running {
    pub(crate) addr: SocketAddr,
    pub(crate) handle: Handle,
    /// What it was given, unless its test records that by itself.
    memory: Memory,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    /// Stops it, and waits until it has told everybody. Another server does the same when it is
    /// given the same.
    pub(crate) async fn stop(self) {
        let _ = self.stop.send(());
        self.task.await.expect("the server ends");
        let text = self.memory.text();
        if text.starts_with(r#"{"pamlink_recording""#) {
            equal(&text);
        }
    }

    pub(crate) fn url(&self, user: &str) -> String {
        format!("ws://{}/api/v1/pam/ws/{user}", self.addr)
    }
}

/// What the tests start from: a client that waits only a moment for the server's close frame.
pub(crate) fn config() -> ServerConfig {
    let mut config = ServerConfig::new(Auth::Verifier(Box::new(Good)));
    config.drain_spread = Duration::ZERO;
    config
}

pub(crate) async fn start<H: Handler>(addr: &str, mut config: ServerConfig, handler: H) -> Running {
    let memory = Memory::default();
    config.record.get_or_insert_with(|| Recorder::new(memory.clone()));
    let server = Server::bind(addr, config).await.expect("loopback has a port");
    let addr = server.local_addr().expect("a bound socket has an address");
    let handle = server.handle();
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(async move {
        server.serve(handler, async { drop(stopped.await) }).await;
    });
    Running { addr, handle, memory, stop, task }
}

/// A client whose attempts follow each other quickly.
pub(crate) fn client(url: &str, user: &str) -> Client {
    let mut config = ClientConfig::default();
    config.engine.link.backoff.first = Duration::from_millis(20);
    config.engine.link.backoff.floor = Duration::ZERO;
    config.engine.link.backoff.base = Duration::from_millis(20);
    config.engine.link.backoff.cap = Duration::from_millis(100);
    Client::start(url, Token::new(format!("good-{user}")), config).expect("the URL is sound")
}

/// Waits until a client has lost its link or could not get one, and tells why.
pub(crate) async fn retrying(client: &Client) -> CloseClass {
    loop {
        match client.next_event().await {
            Some(Event::Retrying { class, .. }) => return class,
            Some(_) => {}
            None => panic!("the client has ended"),
        }
    }
}

/// Fails a test that hangs. Generous: it only bounds a failure.
pub(crate) async fn within<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), what).await.expect("it happens in time")
}
