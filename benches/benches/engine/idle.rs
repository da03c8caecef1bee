//! What a link holds that has nothing to do.
//!
//! Every link is of another user, has been opened and welcomed, has made one request and got
//! its answer, and has answered one ping of the server's heartbeat. All that the engine holds is
//! divided by the links: users, timers, rates and the duplicate window are in it.

use std::time::Duration;

use anyhow::ensure;
use pamlink::hub::HubConfig;
use pamlink::time::{Mono, Now, Wall};
use pamlink_benches::alloc::counted;
use pamlink_benches::rows::{Row, Rows};
use pamlink_benches::samples::mask_frame;

use super::Effort;
use super::chats::Chats;
use super::host::{Host, Input};

/// All of it happens over so much time, so that rates and deadlines are met as they come.
const SPREAD: Duration = Duration::from_secs(15);

pub(crate) fn run(effort: Effort, rows: &mut Rows) -> anyhow::Result<()> {
    let chats = Chats::new(None);
    let (host, memory) = counted(|| live(effort.links, &chats));
    let host = host?;
    let links = host.hub.links();
    ensure!(links == effort.links as usize, "{links} links are left");
    let said = host.hub.memory() as f64 / links as f64;
    let each = memory.live as f64 / links as f64;
    rows.push(Row::new("idle server link", each, "B").at_most(2048.0));
    rows.push(Row::new("idle server link, as the hub itself says", said, "B"));
    Ok(())
}

fn live(links: u32, chats: &Chats) -> anyhow::Result<Host> {
    let mut host = Host::with(HubConfig::default());
    let mut time = Time(Duration::from_secs(1));
    let step = SPREAD / links;
    for number in 0..links {
        let link = host.open(time.now(), &format!("7b1e0c52-3f4a-4d1b-9a55-{number:012}"))?;
        let mut asked = false;
        let chat = Input::Bytes(chats.frame(number as usize));
        host.take(time.now(), link, chat, |_| asked = true);
        ensure!(asked, "no request came of the chat");
        host.reply(time.now());
        time.0 += step;
    }

    let mut pong = Vec::new();
    mask_frame(br#"{"type":"pong","timestamp":1757120000123}"#, 0x0102_0304, &mut pong);
    let end = time.0 + Duration::from_secs(20);
    let mut pinged = 0;
    while let Some(due) = host.hub.poll_timeout() {
        time.0 = time.0.max(Duration::from_nanos(due.at.as_nanos()));
        if time.0 > end {
            break;
        }
        host.hub.handle_timeout(time.now());
        while host.hub.poll_event().is_some() {}
        let mut out = Vec::new();
        while let Some(link) = host.hub.poll_writable() {
            let _ = host.hub.poll_transmit(link, &mut out);
            host.hub.handle_bytes(time.now(), link, &pong)?;
            while host.hub.poll_event().is_some() {}
            pinged += 1;
        }
    }
    ensure!(pinged >= links, "only {pinged} links were pinged");
    Ok(host)
}

/// Clocks that stand still until they are moved.
struct Time(Duration);

impl Time {
    fn now(&self) -> Now {
        let nanos = u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX);
        Now::new(Mono::from_nanos(nanos), Wall::from_unix_secs(1_757_120_000) + self.0)
    }
}
