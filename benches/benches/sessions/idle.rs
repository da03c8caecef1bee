//! What a server holds for a session in which nothing happens.
//!
//! Each is of another user, has been opened, and has had one item that was acknowledged. What the
//! clients hold is given back before the count ends. Of its link only that is in it which
//! sessions know: [`pamlink::hub`] has the rest.

use std::time::Duration;

use anyhow::{Result, ensure};
use pamlink::delivery::SendOptions;
use pamlink::delivery::stream::StreamsConfig;
use pamlink_benches::alloc::counted;
use pamlink_benches::rows::{Row, Rows};

use super::Effort;
use super::ends::Ends;

pub(crate) fn run(effort: Effort, rows: &mut Rows) -> Result<()> {
    let each = |live: i64| live as f64 / effort.sessions as f64;
    let (server, memory) = counted(|| idle(effort.sessions, false));
    ensure!(server?.sessions.len() == effort.sessions, "sessions are missing");
    let row = Row::new("idle session, its link gone", each(memory.live), "B");
    rows.push(row.at_most(1_536.0));
    let (server, memory) = counted(|| idle(effort.sessions, true));
    ensure!(server?.sessions.len() == effort.sessions, "sessions are missing");
    rows.push(Row::new("idle session with its link", each(memory.live), "B"));
    Ok(())
}

fn idle(sessions: usize, linked: bool) -> Result<Ends> {
    let users = (0..sessions).map(|at| format!("7b1e0c52-3f4a-4d1b-9a55-{at:012}")).collect();
    let mut ends = Ends::open(StreamsConfig::default(), users);
    for at in 0..sessions {
        let now = ends.now();
        ends.clients[at].send(now, r#"{"message":"good morning"}"#, SendOptions::default())?;
        ends.settle(at..at + 1);
    }
    ensure!(ends.heard.items == sessions, "not all items came");
    // What came is acknowledged after a while.
    ends.rest(Duration::from_secs(2));
    ensure!(ends.heard.acknowledged == sessions, "not all items were acknowledged");
    if !linked {
        for at in 0..sessions {
            ends.cut(at);
        }
        ends.settle(0..0);
    }
    ends.forget_clients();
    Ok(ends)
}
