//! The load: plain TCP sockets that speak WebSocket by hand, on one thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use memchr::memmem;
use pamlink::link::{Claims, jwt};
use pamlink::time::Wall;
use pamlink_benches::opening;
use pamlink_benches::samples::mask_frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::SECRET;
use crate::process::Process;
use crate::wire::Wire;

/// Requests have ids of their own over all turns: a server remembers them.
static NEXT: AtomicU64 = AtomicU64::new(1);
const KEY: u32 = 0x3c5a_a7e1;
const DIGITS: usize = 16;

/// What came of a turn.
#[derive(Debug)]
pub(super) struct Counted {
    /// Answers.
    pub(super) answers: u64,
    pub(super) time: Duration,
    /// Nanoseconds from request to answer.
    pub(super) times: Histogram<u64>,
}

/// Clients of one server, each of a user of its own.
pub(super) struct Clients(Vec<Client>);

impl Clients {
    /// Connects one after the other; all have been welcomed then.
    pub(super) async fn connect(server: &Process, count: usize) -> Result<Self> {
        let mut clients = Vec::with_capacity(count);
        for number in 0..count {
            clients.push(Client::connect(server, number).await.context("no connection")?);
        }
        Ok(Self(clients))
    }

    /// Every client keeps so many requests in flight for as long as the turn lasts.
    pub(super) async fn load(&mut self, flight: usize, turn: Duration) -> Result<Counted> {
        let start = Instant::now();
        let end = start + turn;
        let mut running = JoinSet::new();
        for mut client in self.0.drain(..) {
            running.spawn(async move {
                let times = client.request_until(flight, end).await;
                (client, times)
            });
        }
        let mut times = Histogram::new(3)?;
        while let Some(done) = running.join_next().await {
            let (client, its) = done?;
            for time in its? {
                times.record(time)?;
            }
            self.0.push(client);
        }
        Ok(Counted { answers: times.len(), time: start.elapsed(), times })
    }

    /// Every client asks for an answer in so many pieces. The mean time between two pieces of each.
    pub(super) async fn stream(&mut self, pieces: u32) -> Result<Vec<f64>> {
        let mut running = JoinSet::new();
        for mut client in self.0.drain(..) {
            running.spawn(async move {
                let apart = client.stream(pieces).await;
                (client, apart)
            });
        }
        let mut figures = Vec::new();
        while let Some(done) = running.join_next().await {
            let (client, apart) = done?;
            figures.push(apart?);
            self.0.push(client);
        }
        Ok(figures)
    }
}

/// Gets each frame, with the requests that have no answer yet.
type Tell<'a> = &'a mut (dyn FnMut(&[u8], &mut Vec<(u64, Instant)>) + Send);

struct Client {
    stream: TcpStream,
    wire: Wire,
    /// What was read and not looked at yet.
    unread: Vec<u8>,
    /// What is to be written.
    frames: Vec<u8>,
    /// Requests without an answer.
    asked: Vec<(u64, Instant)>,
}

impl Client {
    async fn connect(server: &Process, number: usize) -> Result<Self> {
        let (wire, user) = (server.wire, opening::user(number));
        let token = token(&user)?;
        let opened = opening::open(server.address, &wire.target(&user, &token)).await;
        let (stream, unread) = opened?;
        let mut client = Self { stream, wire, unread, frames: Vec::new(), asked: Vec::new() };
        if let Some(greeting) = wire.greeting(&user, &token) {
            mask_frame(greeting.as_bytes(), KEY, &mut client.frames);
            client.write().await?;
        }
        let mut is_welcome = false;
        while !is_welcome {
            client.read(&mut |frame, _| is_welcome |= has(frame, b"\"connection\"")).await?;
        }
        Ok(client)
    }

    /// Sends another request for each answer; returns the nanoseconds of each request.
    async fn request_until(&mut self, flight: usize, end: Instant) -> Result<Vec<u64>> {
        let mut times = Vec::new();
        for _ in 0..flight {
            self.ask(REQUEST, false);
        }
        while !self.asked.is_empty() {
            self.write().await?;
            let mut answered = 0;
            self.read(&mut |frame, asked| {
                let Some(id) = answer(frame) else { return };
                let Some(at) = asked.iter().position(|(request, _)| *request == id) else {
                    return;
                };
                let (_, start) = asked.swap_remove(at);
                times.push(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
                answered += 1;
            })
            .await?;
            if Instant::now() < end {
                for _ in 0..answered {
                    self.ask(REQUEST, false);
                }
            }
        }
        Ok(times)
    }

    async fn stream(&mut self, pieces: u32) -> Result<f64> {
        self.ask(&format!("stream {pieces}"), true);
        self.write().await?;
        let mut first = None;
        let (mut last, mut count) = (Instant::now(), 0);
        let mut is_over = false;
        while !is_over {
            self.read(&mut |frame, asked| {
                if has(frame, b"chat_response_delta\"") {
                    last = Instant::now();
                    first = first.or(Some(last));
                    count += 1;
                } else if answer(frame).is_some() {
                    asked.clear();
                    is_over = true;
                }
            })
            .await?;
        }
        ensure!(count == pieces, "{count} of {pieces} pieces");
        let first = first.context("no piece")?;
        Ok((last - first).as_secs_f64() / f64::from(count - 1))
    }

    /// Adds a request to what is to be written.
    fn ask(&mut self, text: &str, stream: bool) {
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let stream = if stream { r#""stream":true,"# } else { "" };
        let envelope = format!(
            r#"{{"type":"chat","id":"{id:016x}",{stream}"message":"{text}","context":{{"current_page":"wins","timezone":"Australia/Brisbane"}},"session_id":"session-{id:016x}","timestamp":1757120000123}}"#
        );
        mask_frame(self.wire.text(envelope).as_bytes(), KEY, &mut self.frames);
        self.asked.push((id, Instant::now()));
    }

    async fn write(&mut self) -> Result<()> {
        if !self.frames.is_empty() {
            self.stream.write_all(&self.frames).await?;
            self.frames.clear();
        }
        Ok(())
    }

    /// Reads once and gives `tell` each frame that is here whole. A `ping` of the server is
    /// answered with the next write.
    async fn read(&mut self, tell: Tell<'_>) -> Result<()> {
        if frame_of(&self.unread).is_none() {
            ensure!(self.stream.read_buf(&mut self.unread).await? > 0, "closed by the server");
        }
        let mut at = 0;
        while let Some((head, end)) = frame_of(&self.unread[at..]) {
            let frame = &self.unread[at + head..at + end];
            if let Some(pong) = self.wire.pong(frame) {
                mask_frame(pong, KEY, &mut self.frames);
            }
            tell(frame, &mut self.asked);
            at += end;
        }
        self.unread.drain(..at);
        self.write().await
    }
}

const REQUEST: &str = "We are near the river and the kids ask for a \\\"real\\\" camp fire \
                        tonight: what is left of my budget?";

fn token(user: &str) -> Result<String> {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH)?;
    let end = i64::try_from(since.as_secs())? + 3_600;
    let claims = Claims::new(user, Wall::from_unix_secs(end));
    Ok(jwt::sign_hs256(SECRET.as_bytes(), jwt::DEFAULT_AUDIENCE, &claims)?)
}

fn has(frame: &[u8], text: &[u8]) -> bool {
    memmem::find(frame, text).is_some()
}

/// The id that an answer names.
fn answer(frame: &[u8]) -> Option<u64> {
    memmem::find(frame, b"chat_response\"")?;
    let named = memmem::rfind(frame, b"\"reply_to\"")? + 10;
    let digits = named + memchr::memchr(b'"', &frame[named..])? + 1;
    let id = str::from_utf8(frame.get(digits..digits + DIGITS)?).ok()?;
    u64::from_str_radix(id, 16).ok()
}

/// Where the payload of the first frame of a server starts and ends, once it is here whole.
fn frame_of(bytes: &[u8]) -> Option<(usize, usize)> {
    let (head, length) = match *bytes.get(1)? {
        126 => (4, usize::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?))),
        127 => (10, u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?) as usize),
        length => (2, usize::from(length)),
    };
    let end = head + length;
    (bytes.len() >= end).then_some((head, end))
}
