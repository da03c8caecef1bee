//! A log of streams in Redis 7.0 or Valkey 7.2, or later: what is sent to the server, and what its
//! replies mean. Sockets, TLS, and the framing of commands are a client library's.
//!
//! Each request is one call of one script, which the server does as a whole or not at all:
//! [`RedisLog::call`] makes the command, and [`RedisLog::handle_reply`] reads what came back.
//!
//! # What is in the server
//!
//! Everything of an owner has keys that begin with the prefix and the owner's name as a hash tag, so it
//! lies in one slot of a cluster: for each stream a hash and a list, and a sorted set of the
//! names. A stream that has ended is expired [`LogConfig::keep`] later, and one that nobody
//! ends an hour after its last lease. Leases count by the server's clock.
//!
//! # Bounds
//!
//! Those of [`LogConfig`], but for the two that are about all owners together (`max_streams`,
//! `total_bytes`): no slot of a cluster knows the others. `maxmemory` of the server is their bound, with
//! the policy `noeviction`.
//!
//! # What a server may lose
//!
//! The log's epoch is a key of the server, drawn by whoever begins first ([`RedisLog::begin`]). A
//! host asks for it again with each connection. Where the server was flushed it is another, and all
//! streams before are lost; a stream that was evicted, or is of another epoch, is
//! [`Refusal::Unknown`](crate::delivery::stream::Refusal::Unknown). Where a replica that took over lacks the newest records, the producer's next
//! append is [`Refusal::Misplaced`](crate::delivery::stream::Refusal::Misplaced).

mod reply;

use core::fmt::Write as _;

use sha1::{Digest, Sha1};

use crate::delivery::stream::{Generation, LogAnswer, LogConfig, LogRequest, Request, StreamKey};
use crate::envelope::v1::{Epoch, Name};

pub use self::reply::Reply;

/// A command: its name, and what follows, each as bytes.
pub type Command = Vec<Vec<u8>>;

/// What does a request at the server.
const SCRIPT: &str = include_str!("script.lua");

/// A log of streams in a server, as one host reaches it.
#[derive(Clone, Debug)]
pub struct RedisLog {
    prefix: Box<str>,
    config: LogConfig,
    epoch: Epoch,
    /// What this host drew: its own news are known by it.
    own: Epoch,
    /// The name of the script at the server.
    digest: Box<str>,
}

/// What comes of a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Step {
    /// The answer.
    Answer(LogAnswer),
    /// The server does not know the script: this command gives it, and does the request.
    Again(Command),
    /// The server does not do it, for this reason; the answer is
    /// [`Answer::Unavailable`](crate::delivery::stream::Answer::Unavailable).
    Failed(String),
}

impl RedisLog {
    /// The log of this prefix, of which [`begin`](Self::begin) asks the epoch. Two logs of one server
    /// have prefixes of which neither begins with the other and a colon.
    pub fn new(prefix: &str, config: LogConfig) -> Self {
        let mut digest = String::new();
        for byte in Sha1::digest(SCRIPT) {
            let _infallible = write!(digest, "{byte:02x}");
        }
        let config = config.within_bounds();
        let none = Epoch::from_bits(0);
        let prefix = escaped(prefix).into();
        Self { prefix, config, epoch: none, own: none, digest: digest.into() }
    }

    /// The command that asks for the epoch of the log, to be given with each connection: `drawn`, which
    /// no other host has, is the log's own from then on where the server has none.
    pub fn begin(&mut self, drawn: Epoch) -> Command {
        self.own = drawn;
        let epoch = drawn.to_string();
        ["SET", &format!("{}:epoch", self.prefix), &epoch, "NX", "GET"].map(Vec::from).into()
    }

    /// What came of [`begin`](Self::begin): the epoch of the log from here on. Where it is another
    /// than before, everything before is lost.
    ///
    /// # Errors
    ///
    /// The reply says no epoch: it is given as text.
    pub fn begun(&mut self, reply: &Reply) -> Result<Epoch, String> {
        self.epoch = match reply {
            Reply::Nil => self.own,
            reply => reply.text().and_then(epoch_of).ok_or_else(|| reply.to_string())?,
        };
        Ok(self.epoch)
    }

    /// The command that says on the channel that it is there, to be given every 10 s or so: whoever
    /// is subscribed and hears nothing for longer hears nothing at all.
    pub fn probe(&self) -> Command {
        ["PUBLISH", &self.channel(), "probe"].map(Vec::from).into()
    }

    /// The command that asks which server it is.
    pub fn read_version(&self) -> Command {
        ["INFO", "server"].map(Vec::from).into()
    }

    /// What came of [`read_version`](Self::read_version): the version of Redis that the server is
    /// like, as Valkey says it too, which is to be 7 or later. Nothing where it does not say.
    pub fn version<'r>(&self, reply: &'r Reply) -> Option<(u32, &'r str)> {
        let mut lines = reply.text()?.lines();
        let version = lines.find_map(|line| line.strip_prefix("redis_version:"))?.trim();
        Some((version.split('.').next()?.parse().ok()?, version))
    }

    /// The command that asks what the server does where its memory is full.
    pub fn read_policy(&self) -> Command {
        ["CONFIG", "GET", "maxmemory-policy"].map(Vec::from).into()
    }

    /// What came of [`read_policy`](Self::read_policy): the policy, which is to be `noeviction`, for any
    /// other lets streams go that are not over. Nothing where the server does not say, as managed ones do.
    pub fn policy<'r>(&self, reply: &'r Reply) -> Option<&'r str> {
        match reply {
            Reply::List(list) => list.get(1).and_then(Reply::text),
            _ => None,
        }
    }

    /// The log's epoch.
    pub const fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The command that does a request.
    pub fn call(&self, request: &LogRequest) -> Command {
        self.script("EVALSHA", &self.digest, request, None)
    }

    /// What a reply to [`call`](Self::call), or to a command that was to be given again, means.
    pub fn handle_reply(&self, request: &LogRequest, reply: &Reply) -> Step {
        if reply.is_no_script() {
            return Step::Again(self.script("EVAL", SCRIPT, request, None));
        }
        match reply.to_answer() {
            Some(answer) => Step::Answer(LogAnswer::new(request.id, self.epoch, answer)),
            None => Step::Failed(reply.to_string()),
        }
    }

    /// As [`call`](Self::call) at a time of a test's own, in milliseconds.
    #[doc(hidden)]
    pub fn call_at(&self, millis: u64, request: &LogRequest) -> Command {
        self.script("EVAL", SCRIPT, request, Some(millis))
    }

    /// The channel on which it is said that streams have changed, to be subscribed to.
    pub fn channel(&self) -> String {
        format!("{}:news", self.prefix)
    }

    /// Which stream a message of the [`channel`](Self::channel) says has changed; nothing if this
    /// host has changed it, or it is no such message.
    pub fn news(&self, message: &[u8]) -> Option<StreamKey> {
        let mut parts = core::str::from_utf8(message).ok()?.splitn(3, ':');
        let from = epoch_of(parts.next()?)?;
        let length = parts.next()?.parse().ok()?;
        let (name, owner) = parts.next()?.split_at_checked(length)?;
        let key = StreamKey::new(owner, &Name::new(name)?);
        (from != self.own).then_some(key)
    }

    fn base(&self, owner: &str) -> String {
        // An owner without a name has a tag all the same.
        format!("{}:{{{}%}}", self.prefix, escaped(owner))
    }

    fn script(&self, how: &str, script: &str, request: &LogRequest, at: Option<u64>) -> Command {
        let LogRequest { key, request, .. } = request;
        let base = self.base(&key.owner);
        let (state, texts) = (format!("{base}:s:{}", key.name), format!("{base}:t:{}", key.name));
        let config = &self.config;
        let mut command = Arguments(Vec::with_capacity(20));
        command.add(how).add(script).add(3).add(state).add(texts).add(format!("{base}:o"));
        command.add(name(request)).add(&key.name).add(&key.owner).add(self.epoch).add(self.own);
        command.add(base).add(self.channel());
        command.add(config.keep.as_millis()).add(config.owner_streams).add(config.stream_bytes);
        command.add(at.map(|at| at.to_string()).unwrap_or_default());
        match request {
            Request::ClaimEffect { of, lease } => {
                command.add(format_args!("{}:{}", of.epoch, of.sequence)).add(lease.as_millis());
            }
            Request::ClaimProducer { lease } => {
                command.add(lease.as_millis());
            }
            Request::Renew { generation, lease } => {
                command.add(generation.number()).add(lease.as_millis());
            }
            Request::Append { generation, sequence, offset, text } => {
                command.add(generation.number()).add(sequence).add(offset).add(text);
            }
            Request::ReadAfter { sequence, most } => {
                command.add(sequence).add(most);
            }
            Request::Finish { by, end } => {
                let by = by.map(|by: Generation| by.number().to_string());
                let code = end.code.as_ref().map_or("", |code| code.as_str());
                command.add(by.unwrap_or_default()).add(end.how.as_str()).add(code);
                command.add(end.body.as_deref().unwrap_or_default());
            }
            Request::Status | Request::Discard => {}
        }
        command.0
    }
}

/// A text without what would begin or end a hash tag.
fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('{', "%7b").replace('}', "%7d")
}

/// An epoch as [`RedisLog::begin`] stores it.
fn epoch_of(text: &str) -> Option<Epoch> {
    let epoch = u64::from_str_radix(text, 16).ok().map(Epoch::from_bits)?;
    (epoch.to_string() == text).then_some(epoch)
}

/// What the script calls a request.
const fn name(request: &Request) -> &'static str {
    match request {
        Request::ClaimEffect { .. } => "claim_effect",
        Request::ClaimProducer { .. } => "claim_producer",
        Request::Renew { .. } => "renew",
        Request::Append { .. } => "append",
        Request::ReadAfter { .. } => "read_after",
        Request::Finish { .. } => "finish",
        Request::Status => "status",
        Request::Discard => "discard",
    }
}

struct Arguments(Command);

impl Arguments {
    fn add(&mut self, argument: impl core::fmt::Display) -> &mut Self {
        self.0.push(argument.to_string().into_bytes());
        self
    }
}
