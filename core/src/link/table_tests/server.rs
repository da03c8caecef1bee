use std::sync::Arc;

use super::super::state::{Cell, ServerInput, ServerPhase};
use super::super::{LinkConfig, LinkEvent, LinkSendError, Overflow, ServerLink};
use super::{Effect, documented, written};
use crate::frame::{CloseCode, Writer};
use crate::seed::Seed;
use crate::time::{Mono, Now, Wall};

const REQUEST: &[u8] =
    b"GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

fn at(seconds: u64) -> Now {
    Now::new(Mono::from_millis(seconds * 1_000), Wall::from_unix_secs(1_800_000_000))
}

fn drain(link: &mut ServerLink) -> (usize, usize) {
    let (mut events, mut ends) = (0, 0);
    while let Some(event) = link.poll_event() {
        events += 1;
        ends += usize::from(matches!(event, LinkEvent::Closed(_)));
    }
    (events, ends)
}

fn bytes(link: &mut ServerLink) -> usize {
    link.poll_transmit(&mut Vec::new()).written
}

fn in_phase(phase: ServerPhase) -> ServerLink {
    let mut config = LinkConfig::server();
    config.outbox.max_bytes = 64;
    config.outbox.overflow = Overflow::Close;
    let mut link = ServerLink::new(&Arc::new(config), Seed::from_number(1), at(0));
    let later = |past| phase > past;
    if later(ServerPhase::Head) {
        link.handle_bytes(at(0), REQUEST).unwrap();
    }
    if later(ServerPhase::Asked) {
        link.accept(at(0), None).unwrap();
    }
    if phase == ServerPhase::Closing {
        link.close(at(0), CloseCode::NORMAL, "");
    }
    if phase == ServerPhase::Closed {
        link.handle_closed(at(0));
    }
    let _ = (drain(&mut link), bytes(&mut link));
    assert_eq!(link.phase(), phase);
    link
}

/// Applies the input; true if it was refused.
fn apply(link: &mut ServerLink, input: ServerInput) -> bool {
    use ServerInput::*;
    let now = at(1);
    let mut frames = Vec::new();
    let mut writer = Writer::client(Seed::from_number(2));
    match input {
        Accept => return link.accept(now, None).is_err(),
        AcceptUnoffered => return link.accept(now, Some("chat")).is_err(),
        Reject => return link.reject(now, 403, "").is_err(),
        Send => return link.send_text(now, "hello").is_err(),
        // Refused by the outbox is not refused by the table: the link does react.
        SendOverflow => {
            // What waits alone always fits.
            let _ = link.send_text(now, &"x".repeat(100));
            return link.send_text(now, &"x".repeat(100)) == Err(LinkSendError::NotOpen);
        }
        Close => link.close(now, CloseCode::GOING_AWAY, "bye"),
        Request => frames.extend_from_slice(REQUEST),
        BadRequest => frames.extend_from_slice(b"BREW /pot HTCPCP/1.0\r\n\r\n"),
        Text => writer.text("hello", &mut frames).unwrap(),
        Ping => writer.ping(b"", &mut frames).unwrap(),
        PeerClose => writer.close(CloseCode::NORMAL, "", &mut frames).unwrap(),
        BadFrame => frames.extend_from_slice(&[0xf1, 0x80, 0, 0, 0, 0]),
        EarlyFlood => writer.binary(&[0; 20_000], &mut frames).unwrap(),
        TransportClosed => link.handle_closed(now),
        Heartbeat if link.phase() == ServerPhase::Open => link.handle_timeout(at(20)),
        Heartbeat => link.handle_timeout(now),
        Deadline => {
            for _ in 0..3 {
                let due =
                    link.poll_timeout().map_or_else(|| at(100), |due| Now::new(due.at, now.wall));
                link.handle_timeout(due);
            }
        }
    }
    link.handle_bytes(now, &frames).unwrap();
    false
}

#[test]
fn the_document_shows_the_table_of_the_server() {
    let rows = documented("Server");
    let phases = ServerPhase::ALL.map(|phase| {
        format!("{} ({})", format!("{phase:?}").to_lowercase(), phase.state().number())
    });
    assert_eq!(rows[0][1..], phases);
    assert_eq!(rows.len() - 1, ServerInput::ALL.len(), "a row for every input");
    for (row, input) in rows[1..].iter().zip(ServerInput::ALL) {
        assert_eq!(row[0], input.as_str());
        assert_eq!(row[1..], input.row().map(written), "{input}");
    }
}

#[test]
fn every_cell_of_the_server_is_as_the_table_says() {
    for phase in ServerPhase::ALL {
        for &input in ServerInput::ALL {
            let mut link = in_phase(phase);
            let deadline = link.poll_timeout();
            let refused = apply(&mut link, input);
            let (events, ends) = drain(&mut link);
            let effect = Effect {
                before: phase,
                after: link.phase(),
                refused,
                events,
                ends,
                bytes: bytes(&mut link),
                deadline_moved: link.poll_timeout() != deadline,
            };
            let cell = input.cell(phase);
            let place = format!("{phase:?}, {input}");
            effect.check(cell, &place);
            let ending = cell == Cell::To(ServerPhase::Closed);
            assert_eq!(ends, usize::from(ending), "{place}: {ends} ends");
            assert_eq!(link.state(), link.phase().state());
            // Whatever it was, the end comes once and stays.
            link.handle_closed(at(2));
            link.handle_closed(at(2));
            link.close(at(2), CloseCode::NORMAL, "");
            let after = drain(&mut link).1;
            let before = ends + usize::from(phase == ServerPhase::Closed);
            assert_eq!(before + after, 1, "{place}");
            assert_eq!((link.phase(), link.poll_timeout()), (ServerPhase::Closed, None));
        }
    }
}
