//! A token of a growing answer on its way to those who read it: appended by its producer, taken by
//! the log in memory, written as an envelope and in a frame.
//!
//! Alone, with a `flush_after` of zero, so that each token is a piece; and as it is by default, where
//! a piece has the tokens of 40 ms: of one that says 100 tokens a second, four or five. What the peer
//! is asked to write goes out at once. Readers confirm what they have between the timed batches,
//! after 16 KiB.

use std::hint::black_box;
use std::io::{self, Read, Write};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pamlink::delivery::stream::{End, Generation, StreamKey, StreamsConfig};
use pamlink::envelope::v1::{How, Name};
use pamlink::frame::{FrameConfig, FrameEvent, Reader, Role, Writer};
use pamlink_benches::cpu::Stopwatch;
use pamlink_benches::race::{Turn, race};
use pamlink_benches::rows::{Row, Rows};
use serde::Serialize;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Message, WebSocket};

use super::Effort;
use super::ends::Ends;

/// 20 bytes, as a model says them.
const TOKEN: &str = " by the river today,";
/// Tokens between two untimed parts.
const BATCH: usize = 256;
/// Batches of a stream, which is 80 KiB long by then.
const BATCHES: usize = 16;
/// From one token to the next.
const PACE: Duration = Duration::from_millis(10);

pub(crate) fn run(effort: Effort, rows: &mut Rows) -> Result<()> {
    let usual_pace = StreamsConfig::default();
    let alone = StreamsConfig { flush_after: Duration::ZERO, ..usual_pace };
    let (mut one, mut ten) = (Answer::new(alone, 1)?, Answer::new(alone, 10)?);
    let mut coalesced = Answer::new(usual_pace, 1)?;
    let mut usual = Usual::new();
    let [one, ten, coalesced, usual] = race(
        effort.rounds,
        [
            &mut || one.turn().expect("a stream goes on"),
            &mut || ten.turn().expect("a stream goes on"),
            &mut || coalesced.turn().expect("a stream goes on"),
            &mut || usual.turn(),
        ],
    );
    let row = Row::new("token of 20 B to one reader, not coalesced", one, "ns");
    rows.push(row.beside("serde_json + tungstenite", usual).at_most_times(0.5));
    let row = Row::new("token of 20 B to one reader, coalesced at 100 tokens/s", coalesced, "ns");
    rows.push(row.beside("serde_json + tungstenite", usual).at_most_times(0.5));
    let row = Row::new("token of 20 B to ten readers of a stream", ten, "ns");
    rows.push(row.beside("to one reader", one).at_most_times(3.0));
    Ok(())
}

/// One stream after the other, and who reads them.
pub(crate) struct Answer {
    ends: Ends,
    writers: Vec<Writer>,
    /// What each reader was sent and has not taken.
    wires: Vec<Vec<u8>>,
    readers: Vec<Reader>,
    number: usize,
}

impl Answer {
    pub(crate) fn new(streams: StreamsConfig, readers: usize) -> Result<Self> {
        let reader = || Reader::new(Role::Client, FrameConfig::default());
        Ok(Self {
            ends: Ends::open(streams, vec!["ann".to_owned(); readers]),
            writers: (0..readers).map(|_| Writer::server()).collect(),
            wires: vec![Vec::new(); readers],
            readers: (0..readers).map(|_| reader()).collect(),
            number: 0,
        })
    }

    /// A whole stream, of which the tokens are timed.
    fn turn(&mut self) -> Result<Turn> {
        let (key, by) = self.begin()?;
        let before = self.ends.heard.text;
        let mut time = Duration::ZERO;
        for _ in 0..BATCHES {
            self.renew(&key, by)?;
            let start = Stopwatch::start();
            (0..BATCH).for_each(|_| self.token(&key, by));
            time += start.elapsed();
            self.take();
        }
        let sent = BATCHES * BATCH;
        let all = sent * TOKEN.len() * self.readers.len();
        assert_eq!(self.ends.heard.text - before, all, "every reader has all of the text");
        self.end(&key, by)?;
        Ok(Turn { time, operations: sent as u64 })
    }

    /// The producer is still there.
    pub(crate) fn renew(&mut self, key: &StreamKey, by: Generation) -> Result<()> {
        let now = self.ends.now();
        self.ends.sessions.streams().renew(now, key, by)?;
        self.ends.server_hears();
        Ok(())
    }

    pub(crate) fn token(&mut self, key: &StreamKey, by: Generation) {
        self.ends.pass(PACE);
        let now = self.ends.now();
        self.ends.sessions.streams().append(now, key, by, TOKEN).expect("the log takes it");
        self.carry();
    }

    /// What is due goes out in frames.
    fn carry(&mut self) {
        self.ends.server_wakes();
        self.ends.server_hears();
        let Self { ends, writers, wires, .. } = self;
        ends.each_text(|at, text| {
            writers[at].text(text, &mut wires[at]).expect("a text of a server");
        });
    }

    pub(crate) fn begin(&mut self) -> Result<(StreamKey, Generation)> {
        self.number += 1;
        let name = format!("answer-{}", self.number);
        self.ends.begin_stream(0, &name)?;
        let now = self.ends.now();
        for client in &mut self.ends.clients[1..] {
            client.follow(now, &Name::new(name.as_str()).context("a name")?, None)?;
        }
        self.ends.settle(0..self.readers.len());
        self.ends.heard.claimed.pop().context("the stream has no producer")
    }

    /// What was coalesced goes out, and the readers take what they were sent.
    pub(crate) fn take(&mut self) {
        self.ends.pass(StreamsConfig::default().flush_after);
        self.carry();
        for (at, wire) in self.wires.iter_mut().enumerate() {
            self.readers[at].handle_bytes(wire).expect("all events were taken");
            wire.clear();
            while let Some(event) = self.readers[at].poll_event() {
                let FrameEvent::Text(text) = event else { panic!("{event:?}") };
                self.ends.client_hears(at, text);
            }
        }
        self.ends.settle(0..self.readers.len());
    }

    pub(crate) fn end(&mut self, key: &StreamKey, by: Generation) -> Result<()> {
        let now = self.ends.now();
        self.ends.sessions.streams().finish(now, key, by, End::new(How::Done))?;
        let ended = self.ends.heard.ended;
        self.ends.rest(Duration::from_secs(2));
        ensure!(self.ends.heard.ended - ended == self.readers.len(), "a reader misses the end");
        ensure!(self.ends.sessions.streams().discard(key), "the stream has readers yet");
        self.ends.settle(0..self.readers.len());
        Ok(())
    }
}

/// The usual way: a struct of the `pam` dialect for each piece, written by `serde_json`, in a frame
/// by `tungstenite`.
struct Usual {
    socket: WebSocket<Nowhere>,
    reply_to: String,
}

#[derive(Serialize)]
struct Piece<'a> {
    r#type: &'static str,
    content: &'a str,
    timestamp: u64,
    reply_to: Option<&'a str>,
}

impl Usual {
    fn new() -> Self {
        // Each frame is written when it is sent.
        let config = WebSocketConfig::default().write_buffer_size(0);
        let role = tungstenite::protocol::Role::Server;
        let socket = WebSocket::from_raw_socket(Nowhere, role, Some(config));
        Self { socket, reply_to: "5e1fa0b3-9f30-4c1d-8f1e-6f1b2a9d0c11".to_owned() }
    }

    fn turn(&mut self) -> Turn {
        let tokens = BATCHES * BATCH;
        (0..BATCH).for_each(|_| self.token());
        let start = Stopwatch::start();
        (0..tokens).for_each(|_| self.token());
        Turn { time: start.elapsed(), operations: tokens as u64 }
    }

    fn token(&mut self) {
        let piece = Piece {
            r#type: "chat_response_delta",
            content: black_box(TOKEN),
            timestamp: black_box(1_757_120_000_123),
            reply_to: Some(&self.reply_to),
        };
        let text = serde_json::to_string(&piece).expect("it is JSON");
        self.socket.send(Message::text(text)).expect("nowhere takes all");
    }
}

/// A stream that takes all that is written.
#[derive(Debug)]
struct Nowhere;

impl Read for Nowhere {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl Write for Nowhere {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(black_box(bytes).len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
