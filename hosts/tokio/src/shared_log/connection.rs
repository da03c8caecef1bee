//! A server of Redis, and a connection to it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use pamlink::delivery::stream::{LogAnswer, LogConfig, LogRequest};
use pamlink::envelope::v1::Epoch;
use pamlink::redis::{Command, RedisLog, Reply, Step};
use parking_lot::Mutex;
use redis::aio::{ConnectionLike as _, MultiplexedConnection, PubSub};
use redis::{AsyncConnectionConfig, Client, IntoConnectionInfo as _, Value};

use super::SharedLogError;
use crate::clock;

/// A server, with the log that is in it.
pub(super) struct Server {
    /// As it is shown: a password is not.
    url: String,
    client: Client,
    log: Mutex<RedisLog>,
    /// What this process is known by at the others.
    own: Epoch,
    /// What the server said last that it does not do.
    fault: Mutex<Option<SharedLogError>>,
}

impl Server {
    /// How long it may take to connect, and a reply to come.
    const PATIENCE: Duration = Duration::from_secs(4);

    pub(super) fn new(url: &str, prefix: &str, config: LogConfig) -> Result<Self, SharedLogError> {
        let shown = shown(url);
        let wrong = |error: redis::RedisError| SharedLogError::Address {
            url: shown.clone(),
            what: error.to_string(),
        };
        let info = url.into_connection_info().map_err(wrong)?;
        let client = Client::open(info).map_err(wrong)?;
        let [a, b, c, d, e, f, g, h, ..] = clock::entropy();
        let own = Epoch::from_bits(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
        let log = Mutex::new(RedisLog::new(prefix, config));
        Ok(Self { url: shown, client, log, own, fault: Mutex::new(None) })
    }

    pub(super) fn epoch(&self) -> Epoch {
        self.log.lock().epoch()
    }

    /// The log as it is now.
    pub(super) fn log(&self) -> RedisLog {
        self.log.lock().clone()
    }

    /// What the server has said that it does not do, once.
    pub(super) fn take_fault(&self) -> Option<SharedLogError> {
        self.fault.lock().take()
    }

    /// A connection that has asked for the epoch.
    pub(super) async fn connect(self: &Arc<Self>) -> Result<Connection, SharedLogError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(Self::PATIENCE))
            .set_response_timeout(Some(Self::PATIENCE));
        let connected = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let connection = connected.map_err(|error| self.away(error))?;
        let (server, is_broken) = (Arc::clone(self), Arc::new(AtomicBool::new(false)));
        let connection = Connection { server, connection, is_broken };
        connection.begin().await?;
        Ok(connection)
    }

    /// A connection that hears what other servers change.
    pub(super) async fn subscribe(&self) -> Result<PubSub, SharedLogError> {
        let subscribed = async {
            let mut heard = self.client.get_async_pubsub().await?;
            heard.subscribe(self.log().channel()).await?;
            Ok(heard)
        };
        let subscribed = tokio::time::timeout(Self::PATIENCE, subscribed).await;
        let late = |_| self.away("it takes too long");
        subscribed.map_err(late)?.map_err(|error: redis::RedisError| self.away(error))
    }

    fn away(&self, what: impl ToString) -> SharedLogError {
        SharedLogError::Away { url: self.url.clone(), what: what.to_string() }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("url", &self.url).finish_non_exhaustive()
    }
}

/// A connection to the server, which may have broken.
#[derive(Clone)]
pub(super) struct Connection {
    server: Arc<Server>,
    connection: MultiplexedConnection,
    is_broken: Arc<AtomicBool>,
}

impl Connection {
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Relaxed)
    }

    /// Does a request; nothing where it may have been done or not.
    pub(super) async fn call(&self, request: &LogRequest) -> Option<LogAnswer> {
        let log = self.server.log();
        let mut command = log.call(request);
        // It is given the script once at most.
        for _ in 0..2 {
            let reply = self.send(&command).await.ok()?;
            match log.handle_reply(request, &reply) {
                Step::Answer(answer) => return Some(answer),
                Step::Again(again) => command = again,
                Step::Failed(why) => {
                    *self.server.fault.lock() = Some(self.server.away(why));
                    return None;
                }
                _ => return None,
            }
        }
        None
    }

    /// Asks for the epoch of the log, which may be another by now.
    pub(super) async fn begin(&self) -> Result<(), SharedLogError> {
        let begin = self.server.log.lock().begin(self.server.own);
        let reply = self.send(&begin).await?;
        let begun = self.server.log.lock().begun(&reply);
        begun.map(drop).map_err(|what| self.server.away(what))
    }

    /// Shows that the server and the channel of news are there.
    pub(super) async fn probe(&self) {
        let probe = self.server.log().probe();
        if self.begin().await.is_err() || self.send(&probe).await.is_err() {
            self.is_broken.store(true, Ordering::Relaxed);
        }
    }

    /// Whether the server has what is needed, and keeps what is not over.
    pub(super) async fn check(&self) -> Result<(), SharedLogError> {
        let log = self.server.log();
        let reply = self.send(&log.read_version()).await?;
        if let Some((0..7, version)) = log.version(&reply) {
            let (url, version) = (self.server.url.clone(), version.to_owned());
            return Err(SharedLogError::Old { url, version });
        }
        let reply = self.send(&log.read_policy()).await?;
        match log.policy(&reply) {
            Some(policy) if policy != "noeviction" => Err(SharedLogError::Evicts {
                url: self.server.url.clone(),
                policy: policy.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    async fn send(&self, words: &Command) -> Result<Reply, SharedLogError> {
        let Some((name, rest)) = words.split_first() else { return Ok(Reply::Nil) };
        let name = String::from_utf8_lossy(name);
        let mut command = redis::cmd(&name);
        for word in rest {
            command.arg(word.as_slice());
        }
        let sent = self.connection.clone().req_packed_command(&command).await;
        sent.map(reply).map_err(|error| {
            self.is_broken.store(true, Ordering::Relaxed);
            self.server.away(error)
        })
    }
}

/// A value of the client library as a reply.
fn reply(value: Value) -> Reply {
    match value {
        Value::Nil => Reply::Nil,
        Value::Int(number) => Reply::Integer(number),
        Value::BulkString(bytes) => Reply::Bytes(bytes),
        Value::SimpleString(word) => Reply::Bytes(word.into_bytes()),
        Value::Okay => Reply::Bytes(b"OK".to_vec()),
        Value::Array(values) => Reply::List(values.into_iter().map(reply).collect()),
        Value::ServerError(error) => {
            Reply::Error(format!("{} {}", error.code(), error.details().unwrap_or_default()))
        }
        other => Reply::Error(format!("{other:?}")),
    }
}

/// An address without what stands before its `@`.
fn shown(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => url.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        for (url, expected) in [
            ("redis://127.0.0.1:6379", "redis://127.0.0.1:6379"),
            ("rediss://ann:s3cret@redis.internal:6380/1", "rediss://redis.internal:6380/1"),
            ("redis://:p@ss@host", "redis://host"),
            ("nonsense", "nonsense"),
        ] {
            assert_eq!(shown(url), expected);
        }
        let error = Server::new("http://:s3cret@host", "p", LogConfig::default()).unwrap_err();
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
}
