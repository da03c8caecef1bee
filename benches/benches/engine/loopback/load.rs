//! The load generator, the same for both servers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use hdrhistogram::Histogram;
use memchr::memmem;
use pamlink_benches::opening;
use pamlink_benches::samples::mask_frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The figures of one turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Figures {
    /// Answers a second.
    pub(super) rate: f64,
    /// Microseconds from request to answer: the median and two tails.
    pub(super) p50: f64,
    pub(super) p99: f64,
    pub(super) p999: f64,
}

/// Clients of one server.
pub(super) struct Clients(Vec<Client>);

impl Clients {
    pub(super) async fn connect(server: SocketAddr, count: usize) -> Result<Self> {
        let mut clients = Vec::with_capacity(count);
        for number in 0..count {
            clients.push(Client::connect(server, number).await.context("no connection")?);
        }
        Ok(Self(clients))
    }

    /// All clients ask, one request at a time each, for as long as the turn lasts.
    pub(super) async fn load(&mut self, turn: Duration) -> Result<Figures> {
        let start = Instant::now();
        let end = start + turn;
        let mut running = JoinSet::new();
        for mut client in self.0.drain(..) {
            running.spawn(async move {
                let times = client.request_until(end).await;
                (client, times)
            });
        }
        let mut histogram = Histogram::<u64>::new(3)?;
        while let Some(done) = running.join_next().await {
            let (client, times) = done?;
            for time in times? {
                histogram.record(time)?;
            }
            self.0.push(client);
        }
        let micros = |quantile| histogram.value_at_quantile(quantile) as f64 / 1e3;
        Ok(Figures {
            rate: histogram.len() as f64 / start.elapsed().as_secs_f64(),
            p50: micros(0.5),
            p99: micros(0.99),
            p999: micros(0.999),
        })
    }
}

/// A WebSocket by hand.
pub(super) struct Client {
    stream: TcpStream,
    frame: Vec<u8>,
    /// Where the digits of the id are in the frame; they change with each request.
    digits: usize,
    asked: u64,
    /// What was read and not looked at yet.
    unread: Vec<u8>,
}

const KEY: u32 = 0x3c5a_a7e1;
const DIGITS: usize = 16;
const TEXT: &str =
    "We are near the river and the kids ask for a \\\"real\\\" camp fire tonight, 431";

impl Client {
    pub(super) async fn connect(server: SocketAddr, number: usize) -> Result<Self> {
        let user = opening::user(number);
        let (stream, unread) = opening::open(server, &opening::target(&user, &user)).await?;

        let context =
            r#"{"user_location":{"lat":-27.4,"lng":153.02},"timezone":"Australia/Brisbane"}"#;
        let before = r#"{"type":"chat","id":"7b1e0c52-3f4a-4d1b-"#;
        let payload = format!(
            r#"{before}{:016}","agent":"chat","message":"{TEXT}","context":{context},"timestamp":1757120000123}}"#,
            0
        );
        let mut frame = Vec::new();
        mask_frame(payload.as_bytes(), KEY, &mut frame);
        let digits = frame.len() - payload.len() + before.len();
        Ok(Self { stream, frame, digits, asked: 0, unread })
    }

    /// Sends requests one after the other; returns the nanoseconds of each.
    async fn request_until(&mut self, end: Instant) -> Result<Vec<u64>> {
        let mut times = Vec::new();
        let mut start = Instant::now();
        while start < end {
            self.ask().await?;
            let now = Instant::now();
            times.push(u64::try_from((now - start).as_nanos())?);
            start = now;
        }
        Ok(times)
    }

    /// Asks once and waits for the answer.
    pub(super) async fn ask(&mut self) -> Result<()> {
        self.asked += 1;
        let id = self.number();
        self.stream.write_all(&self.frame).await?;
        self.answer(&id).await
    }

    /// Puts a new id into the frame, masked as the rest is.
    fn number(&mut self) -> [u8; DIGITS] {
        let mut id = [0; DIGITS];
        for (at, digit) in id.iter_mut().enumerate() {
            *digit = b"0123456789abcdef"[(self.asked >> (4 * (DIGITS - 1 - at))) as usize & 0xf];
        }
        let key = KEY.to_be_bytes();
        let payload = if self.frame[1] & 0x7f == 126 { 8 } else { 6 };
        for (at, digit) in id.iter().enumerate() {
            let place = self.digits + at;
            self.frame[place] = digit ^ key[(place - payload) % 4];
        }
        id
    }

    /// Reads on to the frame that names the id: a welcome or a ping is none.
    async fn answer(&mut self, id: &[u8]) -> Result<()> {
        loop {
            while let Some((head, end)) = frame_of(&self.unread) {
                let is_answer = memmem::find(&self.unread[head..end], id).is_some();
                self.unread.drain(..end);
                if is_answer {
                    return Ok(());
                }
            }
            ensure!(self.stream.read_buf(&mut self.unread).await? > 0, "closed by the server");
        }
    }
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

/// Raises the bound of open files: two descriptors a client, both servers at once.
pub(super) fn allow_descriptors(count: u64) -> Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < count) {
        let raised = Rlimit { current: Some(count), maximum: limit.maximum };
        setrlimit(Resource::Nofile, raised)
            .with_context(|| format!("{count} open files are needed: ulimit -n {count}"))?;
    }
    Ok(())
}
