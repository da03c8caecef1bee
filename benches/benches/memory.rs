//! `cargo xtask bench memory`: what one connection of the frame layer holds, beside tungstenite.
//! `docs/frames.md` shows the figures.
//!
//! Each figure is counted by the allocator over some connections and divided by them; the reader,
//! the writer and all they hold are in it, and what a pool holds for all of them is not. No read
//! brings more than one frame, as is usual in a chat.

use std::io::{self, Read, Write};

use anyhow::{Context, ensure};
use pamlink::frame::{
    Agreement, DeflateConfig, DeflatePool, DeflateWindow, FrameConfig, FrameEvent, MessageKind,
    Reader, Role, Writer,
};
use pamlink::seed::Seed;
use pamlink_benches::alloc::{Counting, counted};
use pamlink_benches::rows::{Row, Rows};
use tungstenite::WebSocket;
use tungstenite::protocol::WebSocketConfig;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CONNECTIONS: usize = 100;
/// Of those that get a large message.
const FEW: usize = 4;
const LARGE: usize = 12 << 20;
/// What a host reads at once, into memory that its connections share.
const PART_BYTES: usize = 16 * 1024;
const PEER: &str = "tungstenite";

fn main() -> anyhow::Result<()> {
    let small = frames(&[128]);
    let mut head = frames(&[LARGE]);
    head[0].truncate(14);
    let mut after_large = vec![LARGE];
    after_large.extend([128; 100]);
    let after_large = frames(&after_large);

    let mut rows = Rows::default();
    rows.push(
        Row::new("a new connection", ours(CONNECTIONS, &[], false)?, "B")
            .beside(PEER, theirs(CONNECTIONS, &[])?),
    );
    let idle = ours(CONNECTIONS, &small, true)?;
    let held = ours(CONNECTIONS, &small, false)?;
    rows.push(
        Row::new("after a message of 128 B", held, "B").beside(PEER, theirs(CONNECTIONS, &small)?),
    );
    rows.push(Row::new("idle: after it and a release", idle, "B"));
    rows.push(
        Row::new("a head of 14 B that announces 12 MiB", ours(FEW, &head, false)?, "B")
            .beside(PEER, theirs(FEW, &head)?)
            .at_most(1024.0),
    );
    rows.push(
        Row::new("after 12 MiB and 100 messages of 128 B", ours(FEW, &after_large, false)?, "B")
            .beside(PEER, theirs(FEW, &after_large)?)
            .at_most(2.0 * FrameConfig::default().retain as f64 + 512.0),
    );
    let server = compressed(DeflateConfig::server())?;
    rows.push(Row::new("idle with compression, as a server", server, "B").at_most(idle + 1024.0));
    let client = compressed(DeflateConfig::client())?;
    rows.push(Row::new("idle with compression, as a client", client, "B"));
    pools(&mut rows)?;
    let path = rows.write("memory")?;
    eprintln!("{}", path.display());
    Ok(())
}

/// Messages of these lengths, of a client, each in a frame.
fn frames(lengths: &[usize]) -> Vec<Vec<u8>> {
    let mut writer = Writer::client(Seed::from_number(1));
    let frame = |length: &usize| {
        let mut frame = Vec::new();
        writer.binary(&vec![b'x'; *length], &mut frame).expect("a message");
        frame
    };
    lengths.iter().map(frame).collect()
}

/// Bytes that one of our connections holds after it has read this.
fn ours(connections: usize, wire: &[Vec<u8>], release: bool) -> anyhow::Result<f64> {
    let config =
        FrameConfig { max_message: 16 << 20, max_frame: 16 << 20, ..FrameConfig::default() };
    let open = || -> anyhow::Result<_> {
        let mut reader = Reader::new(Role::Server, config);
        for part in wire.iter().flat_map(|frame| frame.chunks(PART_BYTES)) {
            reader.handle_bytes(part)?;
            while let Some(event) = reader.poll_event() {
                ensure!(matches!(event, FrameEvent::Binary(_)), "{event:?}");
            }
        }
        if release {
            reader.release();
        }
        Ok((reader, Writer::server()))
    };
    let (links, memory) = counted(|| each(connections, open));
    drop(links?);
    Ok(memory.live as f64 / connections as f64)
}

/// Bytes that one of tungstenite's connections holds after it has read this.
fn theirs(connections: usize, wire: &[Vec<u8>]) -> anyhow::Result<f64> {
    let config = WebSocketConfig::default();
    let role = tungstenite::protocol::Role::Server;
    let open = || -> anyhow::Result<_> {
        let mut socket =
            WebSocket::from_raw_socket(Wire { frames: wire, at: 0 }, role, Some(config));
        loop {
            match socket.read() {
                Ok(_) => {}
                Err(tungstenite::Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(socket);
                }
                Err(error) => return Err(error.into()),
            }
        }
    };
    let (links, memory) = counted(|| each(connections, open));
    drop(links?);
    Ok(memory.live as f64 / connections as f64)
}

/// Bytes that one of our connections holds at rest after it has said and heard a few compressed
/// messages, with a pool that is already warm.
fn compressed(config: DeflateConfig) -> anyhow::Result<f64> {
    let agreed = Agreement { send: config.send, receive: config.receive };
    let mut pool = DeflatePool::default();
    let heard: Vec<Vec<u8>> = peer(config.receive)?;
    let said = "what was left of the budget in March, by account and by week. ".repeat(20);
    let mut out = Vec::with_capacity(said.len());
    let mut open = || -> anyhow::Result<_> {
        let mut reader = Reader::new(Role::Server, FrameConfig::default());
        let mut writer = Writer::server();
        reader.inflate(&config, agreed);
        writer.deflate(&config, agreed);
        for frame in &heard {
            reader.handle_bytes(frame)?;
            let event = reader.poll_event_with(&mut pool).context("no message")?;
            ensure!(matches!(event, FrameEvent::Text(text) if text.len() > 500), "{event:?}");
            ensure!(reader.poll_event_with(&mut pool).is_none(), "more than a message");
            out.clear();
            writer.message_with(MessageKind::Text, said.as_bytes(), &mut pool, &mut out)?;
        }
        reader.release();
        writer.release(Some(&mut pool));
        Ok((reader, writer))
    };
    drop(open()?); // Warms the pool.
    let (links, memory) = counted(|| each(CONNECTIONS, open));
    drop(links?);
    Ok(memory.live as f64 / CONNECTIONS as f64)
}

/// What connections share, and whether a pool knows it: what it says of itself counts for the
/// memory of a hub.
fn pools(rows: &mut Rows) -> anyhow::Result<()> {
    let text = "what was left of the budget in March, by account and by week. ".repeat(20);
    let mut wire = Vec::with_capacity(text.len());
    for bits in [9, 15] {
        let window = DeflateWindow { bits, takeover: true };
        let agreed = Agreement { send: window, receive: window };
        let (pool, memory) = counted(|| -> anyhow::Result<_> {
            let (mut pool, mut writer) = (DeflatePool::default(), Writer::server());
            writer.deflate(&DeflateConfig::server(), agreed);
            wire.clear();
            writer.message_with(MessageKind::Text, text.as_bytes(), &mut pool, &mut wire)?;
            writer.release(Some(&mut pool));
            Ok(pool)
        });
        said(&format!("a pool with a compressor of {bits} bits"), memory.live, &pool?, rows)?;
    }
    let heard = peer(DeflateConfig::client().send)?;
    let agreed =
        Agreement { send: DeflateConfig::client().receive, receive: DeflateConfig::client().send };
    let (pool, memory) = counted(|| -> anyhow::Result<_> {
        let mut pool = DeflatePool::default();
        let mut reader = Reader::new(Role::Server, FrameConfig::default());
        reader.inflate(&DeflateConfig::server(), agreed);
        reader.handle_bytes(&heard[0])?;
        ensure!(reader.poll_event_with(&mut pool).is_some(), "no message");
        Ok(pool)
    });
    said("a pool with an inflater", memory.live, &pool?, rows)
}

fn said(name: &str, live: i64, pool: &DeflatePool, rows: &mut Rows) -> anyhow::Result<()> {
    let (live, said) = (live as f64, pool.memory() as f64);
    ensure!((0.9..1.1).contains(&(said / live)), "{name}: {live} B, and it says {said} B");
    rows.push(Row::new(name, live, "B").beside("as it says itself", said));
    Ok(())
}

/// What a client says, compressed into this window; longer together than the largest is.
fn peer(window: DeflateWindow) -> anyhow::Result<Vec<Vec<u8>>> {
    let mut config = DeflateConfig::client();
    config.send = window;
    let mut writer = Writer::client(Seed::from_number(2));
    writer.deflate(&config, Agreement { send: window, receive: window });
    let mut frames = Vec::new();
    for number in 0..40 {
        let text = format!("how much of the budget of week {number} is left? ").repeat(30);
        let mut frame = Vec::new();
        writer.text(&text, &mut frame)?;
        ensure!(frame.len() < text.len(), "it is not compressed");
        frames.push(frame);
    }
    Ok(frames)
}

/// So many of them, in a vector of just that length.
fn each<T>(count: usize, mut open: impl FnMut() -> anyhow::Result<T>) -> anyhow::Result<Vec<T>> {
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        all.push(open()?);
    }
    Ok(all)
}

/// A transport with these frames to read, which takes all that is written.
struct Wire<'a> {
    frames: &'a [Vec<u8>],
    /// What was read of the first of them.
    at: usize,
}

impl Read for Wire<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let Some((frame, rest)) = self.frames.split_first() else {
            return Err(io::ErrorKind::WouldBlock.into());
        };
        let read = (frame.len() - self.at).min(into.len()).min(PART_BYTES);
        into[..read].copy_from_slice(&frame[self.at..self.at + read]);
        self.at += read;
        if self.at == frame.len() {
            (self.frames, self.at) = (rest, 0);
        }
        Ok(read)
    }
}

impl Write for Wire<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
