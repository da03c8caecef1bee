//! A server of Redis for a test, and a log of streams in it.

#![forbid(unsafe_code)]

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use pamlink::delivery::stream::{LogAnswer, LogConfig, LogRequest};
use pamlink::envelope::v1::Epoch;
use pamlink::redis::{Command as Words, RedisLog, Reply, Step};
use redis::{Connection, ConnectionLike as _, Value};

/// The program that is to be tested with, as the part `nodes` of the tests installs it.
pub const PROGRAM: &str = "REDIS_SERVER";

/// A server on loopback with a folder and a port of its own, gone with it.
#[derive(Debug)]
pub struct Server {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Server {
    /// Starts one, and waits until it answers.
    pub fn start() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("pamlink-redis-{}-{number}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir(&folder).expect("a folder can be made");
        let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|it| it.local_addr());
        let port = free.expect("a port is free").port();
        let process = spawn(&folder, port);
        let mut server = Self { process, folder, port };
        server.wait();
        server
    }

    /// Kills the server, and starts it again with what it has on its disk.
    pub fn kill_and_start(&mut self) {
        self.kill();
        self.process = spawn(&self.folder, self.port);
        self.wait();
    }

    /// Sets something in its configuration.
    pub fn set(&self, name: &str, value: &str) {
        let words = ["CONFIG", "SET", name, value].map(|word| word.as_bytes().to_vec());
        let set = self.connect().req_packed_command(&redis::pack_command(&words));
        assert_eq!(set, Ok(Value::Okay), "{name}");
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Hears what is said on a channel from here on.
    pub fn subscribe(&self, channel: &str) -> Subscribed {
        let (mut connection, channel) = (self.connect(), channel.to_owned());
        let (begun, begins) = mpsc::channel();
        let (messages, heard) = mpsc::channel();
        // What is subscribed to is left with what subscribes, and that borrows the connection.
        thread::spawn(move || {
            let mut subscribed = connection.as_pubsub();
            subscribed.subscribe(channel).expect("the channel can be subscribed to");
            begun.send(()).expect("it is awaited");
            while let Ok(message) = subscribed.get_message() {
                if messages.send(message.get_payload_bytes().to_vec()).is_err() {
                    return;
                }
            }
        });
        begins.recv().expect("it begins");
        Subscribed(heard)
    }

    /// A connection to it.
    pub fn connect(&self) -> Connection {
        self.client().get_connection().expect("the server takes connections")
    }

    fn client(&self) -> redis::Client {
        redis::Client::open(self.url()).expect("the address is one")
    }

    fn wait(&mut self) {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            let ping = redis::pack_command(&[b"PING".to_vec()]);
            let answers = self
                .client()
                .get_connection()
                .and_then(|mut connection| connection.req_packed_command(&ping));
            if answers.is_ok() {
                return;
            }
            if let Ok(Some(status)) = self.process.try_wait() {
                panic!("the server ended: {status}");
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("the server does not answer");
    }

    fn kill(&mut self) {
        self.process.kill().expect("it runs");
        self.process.wait().expect("it has ended");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

fn spawn(folder: &std::path::Path, port: u16) -> Child {
    let program = std::env::var_os(PROGRAM)
        .unwrap_or_else(|| panic!("{PROGRAM} names no server: cargo xtask test --only nodes"));
    let mut server = Command::new(program);
    server.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--dir"]).arg(folder);
    // What is answered is on the disk.
    server.args(["--save", "", "--appendonly", "yes", "--appendfsync", "always"]);
    server.stdout(Stdio::null()).stderr(Stdio::null());
    server.spawn().expect("the server starts")
}

/// What is said on a channel.
#[derive(Debug)]
pub struct Subscribed(mpsc::Receiver<Vec<u8>>);

impl Subscribed {
    /// The next message; panics where none comes for long.
    pub fn next(&self) -> Vec<u8> {
        self.0.recv_timeout(Duration::from_secs(10)).expect("a message comes")
    }
}

/// A log in a server, as a host carries it.
#[expect(missing_debug_implementations, reason = "a connection has none")]
pub struct Carried {
    /// What is sent, and what it means.
    pub log: RedisLog,
    connection: Connection,
}

impl Carried {
    /// The log of a prefix, over a connection of its own.
    pub fn begin(server: &Server, prefix: &str, config: LogConfig, drawn: Epoch) -> Self {
        let mut carried = Self { log: RedisLog::new(prefix, config), connection: server.connect() };
        carried.begin_again(drawn);
        carried
    }

    /// Asks for the epoch again, as with a new connection.
    pub fn begin_again(&mut self, drawn: Epoch) -> Epoch {
        let begin = self.log.begin(drawn);
        let reply = self.send(&begin);
        self.log.begun(&reply).expect("the server says an epoch")
    }

    /// Does a request.
    pub fn call(&mut self, request: &LogRequest) -> LogAnswer {
        let reply = self.send(&self.log.call(request));
        self.answer(request, &reply)
    }

    /// Does a request at a time of the test's own.
    pub fn call_at(&mut self, millis: u64, request: &LogRequest) -> LogAnswer {
        let reply = self.send(&self.log.call_at(millis, request));
        self.answer(request, &reply)
    }

    fn answer(&mut self, request: &LogRequest, reply: &Reply) -> LogAnswer {
        match self.log.handle_reply(request, reply) {
            Step::Answer(answer) => answer,
            Step::Again(words) => {
                let reply = self.send(&words);
                match self.log.handle_reply(request, &reply) {
                    Step::Answer(answer) => answer,
                    other => panic!("{other:?}"),
                }
            }
            other => panic!("{other:?}"),
        }
    }

    /// Sends a command.
    pub fn send(&mut self, words: &Words) -> Reply {
        match self.connection.req_packed_command(&redis::pack_command(words)) {
            Ok(value) => reply(value),
            Err(error) => Reply::Error(error.to_string()),
        }
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
