//! What an innocent conversation notices of strangers with forged tokens.
//!
//! The dearest signature there is, RS256 with 4,096 bits, a thousand times a second, each over a
//! connection of its own. One client asks every millisecond, in turns with the strangers and
//! without.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hdrhistogram::Histogram;
use memchr::memmem;
use pamlink::link::jwt::{DEFAULT_AUDIENCE, Verifier};
use pamlink::link::{AuthError, Claims, Verify};
use pamlink::time::Wall;
use pamlink_benches::race::median;
use pamlink_benches::rows::{Row, Rows};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::load::{self, Client};
use super::servers;
use crate::Effort;
use crate::host::Everybody;

/// Forged tokens a second.
const FORGED: u32 = 1_000;

pub(crate) fn run(effort: Effort, rows: &mut Rows) -> Result<()> {
    load::allow_descriptors(4_096)?;
    let server = servers::pamlink_that(Guarded(verifier()?))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut innocent = runtime.block_on(Client::connect(server, 0))?;
    let forger = Forger::new(server);
    let (mut quiet, mut loud, mut refused) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..=effort.loads {
        let alone = runtime.block_on(chat(&mut innocent, effort.load))?;
        let before = forger.refused();
        let forging = Forging::begin(&forger);
        let beside = runtime.block_on(chat(&mut innocent, effort.load))?;
        forging.end()?;
        if round > 0 {
            quiet.push(alone);
            loud.push(beside);
            refused.push((forger.refused() - before) as f64 / effort.load.as_secs_f64());
        }
    }
    let refused = median(refused);
    rows.push(Row::new("strangers: forged tokens refused", refused, "/s"));
    ensure!(refused > f64::from(FORGED) / 2.0, "the strangers did not come");
    for (name, at, most) in [("p50", 0, None), ("p99", 1, Some(2.0))] {
        let middle = |turns: &[[f64; 2]]| median(turns.iter().map(|turn| turn[at]).collect());
        let row = Row::new(format!("strangers, 1,000/s: innocent {name}"), middle(&loud), "us");
        let row = row.beside("quiet", middle(&quiet));
        rows.push(match most {
            Some(most) => row.at_most_times(most),
            None => row,
        });
    }
    Ok(())
}

/// Asks every millisecond; the microseconds of an answer, in the middle and of the slowest in a
/// hundred.
async fn chat(innocent: &mut Client, turn: Duration) -> Result<[f64; 2]> {
    let mut times = Histogram::<u64>::new(3)?;
    let end = Instant::now() + turn;
    let mut ticks = interval(Duration::from_millis(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while Instant::now() < end {
        ticks.tick().await;
        let start = Instant::now();
        innocent.ask().await?;
        times.record(u64::try_from(start.elapsed().as_nanos())?)?;
    }
    Ok([0.5, 0.99].map(|quantile| times.value_at_quantile(quantile) as f64 / 1e3))
}

/// Verifies what looks like a token, and believes a name: the innocent are not what is measured.
struct Guarded(Verifier);

impl Verify for Guarded {
    fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError> {
        if token.contains('.') { self.0.verify(token, now) } else { Everybody.verify(token, now) }
    }
}

/// No one has the private key of this; verifying with it costs what it costs with any.
fn verifier() -> Result<Verifier> {
    let n = URL_SAFE_NO_PAD.encode([0xd5; 512]);
    let set = format!(r#"{{"keys":[{{"kty":"RSA","n":"{n}","e":"AQAB"}}]}}"#);
    Ok(Verifier::from_jwks(&set, DEFAULT_AUDIENCE)?)
}

/// Who forges, and how many of its tokens were refused.
#[derive(Clone)]
struct Forger {
    server: SocketAddr,
    request: Arc<str>,
    refused: Arc<AtomicU64>,
}

impl Forger {
    fn new(server: SocketAddr) -> Self {
        let claims = r#"{"sub":"eve","exp":4000000000,"aud":"authenticated"}"#;
        let [head, claims] = [r#"{"alg":"RS256"}"#, claims].map(|it| URL_SAFE_NO_PAD.encode(it));
        let signature = URL_SAFE_NO_PAD.encode([0x55; 512]);
        let request = format!(
            "GET /api/v1/pam/ws/eve?token={head}.{claims}.{signature} HTTP/1.1\r\nHost: {server}\r\n\
             Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        );
        Self { server, request: request.into(), refused: Arc::default() }
    }

    fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    async fn forge(self) -> Result<()> {
        let mut stream = TcpStream::connect(self.server).await?;
        stream.write_all(self.request.as_bytes()).await?;
        let mut answer = Vec::with_capacity(512);
        while stream.read_buf(&mut answer).await? > 0 {
            let says = |reason: &[u8]| memmem::find(&answer, reason).is_some();
            if says(b"bad signature") || says(b"too many tokens") {
                self.refused.fetch_add(1, Ordering::Relaxed);
                break;
            }
        }
        Ok(())
    }
}

/// Forging on a thread of its own.
struct Forging {
    stop: tokio::sync::oneshot::Sender<()>,
    thread: std::thread::JoinHandle<()>,
}

impl Forging {
    fn begin(forger: &Forger) -> Self {
        let (stop, mut stopped) = tokio::sync::oneshot::channel();
        let forger = forger.clone();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime starts").block_on(async {
                let mut ticks = interval(Duration::from_secs(1) / FORGED);
                loop {
                    tokio::select! {
                        _ = &mut stopped => return,
                        _ = ticks.tick() => {}
                    }
                    // One that is not refused in time is not counted, and that is looked at.
                    tokio::spawn(timeout(Duration::from_secs(5), forger.clone().forge()));
                }
            });
        });
        Self { stop, thread }
    }

    fn end(self) -> Result<()> {
        let _ = self.stop.send(());
        ensure!(self.thread.join().is_ok(), "the strangers fell over");
        Ok(())
    }
}
