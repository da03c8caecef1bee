//! The usual stack: what a server on well-known crates does with a chat.
//!
//! `tungstenite` as it comes, an enum by serde that is tagged inside, a `HashMap` from id to the
//! moment it was seen, and a `HashMap` from agent to handler. It is written as a careful author
//! would write it: old ids go in one pass after many messages, never in one pass a message.
//!
//! The context of a message is free-form in the dialect, so it is a `Value` here; an enum that is
//! tagged inside cannot keep it raw. Beside it stands the same stack with the members of the
//! context as a struct, [`Context`].

use std::collections::HashMap;
use std::hint::black_box;
use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::time::Instant;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use tungstenite::protocol::Role;
use tungstenite::{Message, WebSocket};

use super::chats::Chats;

/// The window that both sides keep.
pub(crate) const WINDOW: usize = 5_500;

/// A server with one connection in memory. `C` is what the context of a message is made into.
pub(crate) struct Usual<'a, C> {
    socket: WebSocket<Memory<'a>>,
    seen: Seen,
    agents: HashMap<String, u32>,
    context: PhantomData<C>,
}

impl<'a, C: DeserializeOwned> Usual<'a, C> {
    pub(crate) fn new(chats: &'a Chats) -> Self {
        let agents = ["finance", "trips", "health", "voice", "chat"];
        Self {
            socket: socket(chats),
            seen: Seen::default(),
            agents: agents.iter().zip(0..).map(|(name, at)| ((*name).to_owned(), at)).collect(),
            context: PhantomData,
        }
    }

    /// One message from its bytes to the agent that is to answer it.
    pub(crate) fn handle(&mut self, now: Instant) {
        let Ok(Message::Text(text)) = self.socket.read() else { panic!("no text was read") };
        let message: ClientMessage<C> = serde_json::from_str(&text).expect("the chats are JSON");
        let ClientMessage::Chat(chat) = &message else { panic!("not a chat") };
        assert!(self.seen.insert(chat.id.as_deref().unwrap_or_default(), now));
        let agent = chat.agent.as_deref().unwrap_or("chat");
        black_box(self.agents.get(agent).copied());
        black_box(&message);
    }
}

/// A WebSocket in its default configuration that reads chats.
pub(crate) fn socket(chats: &Chats) -> WebSocket<Memory<'_>> {
    WebSocket::from_raw_socket(Memory { chats, next: 0 }, Role::Server, None)
}

/// What clients send.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(dead_code, reason = "the fields are what the message carries, read or not")]
pub(crate) enum ClientMessage<C> {
    Auth { token: String },
    Chat(Chat<C>),
    ContextUpdate { context: Option<C> },
    Init { context: Option<C> },
    Ping { timestamp: Option<f64> },
    Pong { timestamp: Option<f64> },
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "as above")]
pub(crate) struct Chat<C> {
    id: Option<String>,
    user_id: Option<String>,
    message: String,
    context: Option<C>,
    session_id: Option<String>,
    agent: Option<String>,
    timestamp: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "as above")]
pub(crate) struct Context {
    user_id: Option<String>,
    session_id: Option<String>,
    timezone: Option<String>,
    user_location: Option<Location>,
}

#[derive(Debug, Deserialize)]
#[allow(dead_code, reason = "as above")]
pub(crate) struct Location {
    lat: f64,
    lng: f64,
}

/// Ids and when they were seen. It remembers at least [`WINDOW`] and at most twice as many.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    ids: HashMap<String, Instant>,
    /// When the newest window began.
    since: Option<Instant>,
    fresh: usize,
}

impl Seen {
    /// Whether the id is new; then it is remembered.
    pub(crate) fn insert(&mut self, id: &str, now: Instant) -> bool {
        if self.ids.contains_key(id) {
            return false;
        }
        if self.fresh == WINDOW {
            if let Some(since) = self.since {
                self.ids.retain(|_, at| *at >= since);
            }
            self.since = Some(now);
            self.fresh = 0;
        }
        self.ids.insert(id.to_owned(), now);
        self.fresh += 1;
        true
    }
}

/// A stream whose every read brings one frame, and which takes all that is written.
#[derive(Debug)]
pub(crate) struct Memory<'a> {
    chats: &'a Chats,
    next: usize,
}

impl Read for Memory<'_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        let frame = self.chats.frame(self.next);
        self.next += 1;
        space[..frame.len()].copy_from_slice(frame);
        Ok(frame.len())
    }
}

impl Write for Memory<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
