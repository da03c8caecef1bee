use core::time::Duration;
use std::sync::Arc;

use super::super::state::{Cell, ClientInput, ClientPhase};
use super::super::{
    ClientLink, ClientLinkConfig, ClientLinkEvent, CloseClass, Endpoint, LinkConfig, LinkEvent,
    LinkSendError, Overflow, ServerLink, Token, TokenError,
};
use super::{Effect, documented, written};
use crate::frame::{CloseCode, Writer};
use crate::seed::Seed;
use crate::time::{Mono, Now, Wall};

const EPOCH: i64 = 1_800_000_000;

fn at(seconds: u64) -> Now {
    let wall = Wall::from_unix_secs(EPOCH + i64::try_from(seconds).unwrap());
    Now::new(Mono::from_millis(seconds * 1_000), wall)
}

/// A moment beyond the end of every token.
fn late(now: Now) -> Now {
    let time = Duration::from_secs(1_000_000);
    Now::new(now.mono + time, now.wall + time)
}

fn good() -> Token {
    Token::with_dates("good", Some(at(0).wall), at(100_000).wall)
}

struct Fixture {
    link: ClientLink,
    /// The server's answer to the opening request, once there is one.
    answer: Vec<u8>,
}

impl Fixture {
    fn in_phase(phase: ClientPhase, input: ClientInput) -> Self {
        use ClientInput::*;
        let mut config = ClientLinkConfig::default();
        config.link.outbox.max_bytes = 64;
        config.link.outbox.overflow = Overflow::Close;
        let endpoint = Endpoint::pam("ws://h", "u").unwrap();
        let link =
            ClientLink::new(&Arc::new(config), endpoint, Seed::from_number(1), at(0)).unwrap();
        let mut this = Self { link, answer: b"HTTP/1.1 101 S\r\n\r\n".to_vec() };
        let needs_again =
            matches!(input, DialFailedAuthAgain | RefusedAuthAgain | PeerCloseAuthAgain);
        this.reach(phase, needs_again, input == WakeWaiting);
        if input == BadFrameRetry {
            this.link.going_away(at(0), Some(Duration::from_secs(60)));
        }
        let _ = this.drain();
        let _ = this.bytes();
        assert_eq!(this.link.phase(), phase, "for {input}");
        this
    }

    fn reach(&mut self, phase: ClientPhase, renewed: bool, held_back: bool) {
        if phase == ClientPhase::Token {
            return self.link.connect(at(0));
        }
        self.link.provide_token(at(0), good()).unwrap();
        if phase == ClientPhase::Idle {
            return;
        }
        self.link.connect(at(0));
        if renewed {
            self.link.handle_dial_failed(at(0), CloseClass::Authentication);
            self.link.provide_token(at(0), good()).unwrap();
            self.link.connect(at(0));
        }
        match phase {
            ClientPhase::Dial => return,
            ClientPhase::Stopped => {
                return self.link.handle_dial_failed(at(0), CloseClass::Refused);
            }
            ClientPhase::Waiting if !held_back => {
                return self.link.handle_dial_failed(at(0), CloseClass::Network);
            }
            _ => self.link.handle_dialed(at(0)),
        }
        self.answer = answer(&mut self.link);
        if phase == ClientPhase::Handshake {
            return;
        }
        self.link.handle_bytes(at(0), &self.answer).unwrap();
        self.link.welcomed(at(0));
        match phase {
            ClientPhase::Closing => self.link.disconnect(at(0)),
            ClientPhase::Waiting => {
                self.link.retry_after(at(0), Duration::from_secs(60));
                self.link.handle_closed(at(0));
            }
            _ => {}
        }
    }

    fn drain(&mut self) -> (usize, usize) {
        let (mut events, mut ends) = (0, 0);
        while let Some(event) = self.link.poll_event() {
            events += 1;
            ends += usize::from(matches!(event, ClientLinkEvent::Closed(_)));
        }
        (events, ends)
    }

    fn bytes(&mut self) -> usize {
        self.link.poll_transmit(&mut Vec::new()).written
    }

    /// Applies the input; true if it was refused.
    fn apply(&mut self, input: ClientInput) -> bool {
        use ClientInput::*;
        let now = at(1);
        let mut bytes = Vec::new();
        let mut writer = Writer::server();
        let mut close = |code| writer.close(CloseCode::new(code), "", &mut bytes).unwrap();
        let link = &mut self.link;
        match input {
            Connect => link.connect(now),
            ConnectNoToken => link.connect(late(now)),
            Disconnect => link.disconnect(now),
            Send => return link.send_text(now, "hello").is_err(),
            // Refused by the outbox is not refused by the table: the link does react.
            SendOverflow => {
                // What waits alone always fits.
                let _ = link.send_text(now, &"x".repeat(100));
                return link.send_text(now, &"x".repeat(100)) == Err(LinkSendError::NotOpen);
            }
            Provide => return link.provide_token(now, good()).is_err(),
            ProvideMalformed => {
                let stopped = link.phase() == ClientPhase::Token;
                return link.provide_token(now, Token::new("a b")).is_err() && !stopped;
            }
            TokenUnavailable => link.token_failed(now, TokenError::Unavailable),
            TokenDenied => link.token_failed(now, TokenError::Denied),
            TokenDeniedNoToken => link.token_failed(late(now), TokenError::Denied),
            Dialed => link.handle_dialed(now),
            Opened => link.handle_opened(now, None),
            DialFailed => link.handle_dial_failed(now, CloseClass::Network),
            DialFailedAuth | DialFailedAuthAgain => {
                link.handle_dial_failed(now, CloseClass::Authentication);
            }
            DialFailedStop => link.handle_dial_failed(now, CloseClass::Refused),
            Upgraded => bytes = self.answer.clone(),
            Refused => bytes = answered("503 No\r\nRetry-After: 1"),
            RefusedAuth | RefusedAuthAgain => bytes = answered("401 No"),
            RefusedStop => bytes = answered("426 No"),
            Welcomed => link.welcomed(now),
            Text => Writer::server().text("hello", &mut bytes).unwrap(),
            PeerClose => close(1012),
            PeerCloseAuth | PeerCloseAuthAgain => close(4001),
            PeerCloseStop => close(1000),
            BadFrame | BadFrameRetry => bytes = vec![0xf1, 0],
            TransportClosed => link.handle_closed(now),
            Heartbeat if link.phase() == ClientPhase::Open => link.handle_timeout(at(20)),
            Heartbeat => link.handle_timeout(at(0)),
            Deadline => self.pass_deadline(|now| now),
            DeadlineNoToken => self.pass_deadline(late),
            Wake | WakeWaiting => link.wake(now),
            WakeNoToken => link.network_changed(late(now)),
        }
        self.link.handle_bytes(now, &bytes).unwrap();
        false
    }

    fn pass_deadline(&mut self, clock: fn(Now) -> Now) {
        let before = self.link.phase();
        for _ in 0..9 {
            let due = self.link.poll_timeout().map_or(Mono::from_millis(100_000), |due| due.at);
            self.link.handle_timeout(clock(Now::new(due, at(1).wall)));
            if self.link.phase() != before {
                return;
            }
        }
    }
}

/// An answer without a body.
fn answered(status: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

/// What a server answers to the request that the link has written.
fn answer(link: &mut ClientLink) -> Vec<u8> {
    let mut request = Vec::new();
    let _ = link.poll_transmit(&mut request);
    let config = Arc::new(LinkConfig::server());
    let mut server = ServerLink::new(&config, Seed::from_number(2), at(0));
    server.handle_bytes(at(0), &request).unwrap();
    assert!(matches!(server.poll_event(), Some(LinkEvent::Request(_))));
    server.accept(at(0), None).unwrap();
    let mut answer = Vec::new();
    let _ = server.poll_transmit(&mut answer);
    answer
}

#[test]
fn the_document_shows_the_table_of_the_client() {
    let rows = documented("Client");
    let phases = ClientPhase::ALL.map(|phase| {
        format!("{} ({})", format!("{phase:?}").to_lowercase(), phase.state().number())
    });
    assert_eq!(rows[0][1..], phases);
    assert_eq!(rows.len() - 1, ClientInput::ALL.len(), "a row for every input");
    for (row, input) in rows[1..].iter().zip(ClientInput::ALL) {
        assert_eq!(row[0], input.as_str());
        assert_eq!(row[1..], input.row().map(written), "{input}");
    }
}

#[test]
fn every_cell_of_the_client_is_as_the_table_says() {
    for phase in ClientPhase::ALL {
        for &input in ClientInput::ALL {
            let mut fixture = Fixture::in_phase(phase, input);
            let deadline = fixture.link.poll_timeout();
            let refused = fixture.apply(input);
            let (events, ends) = fixture.drain();
            let after = fixture.link.phase();
            let bytes = fixture.bytes();
            let deadline_moved = fixture.link.poll_timeout() != deadline;
            let effect =
                Effect { before: phase, after, refused, events, ends, bytes, deadline_moved };
            let cell = input.cell(phase);
            let place = format!("{phase:?}, {input}");
            effect.check(cell, &place);
            let lives = |phase| {
                use ClientPhase::*;
                matches!(phase, Dial | Handshake | Open | Closing)
            };
            let ended = matches!(cell, Cell::To(to) if lives(phase) && !lives(to));
            assert_eq!(ends, usize::from(ended), "{place}: {ends} ends");
            assert_eq!(fixture.link.state(), after.state());
        }
    }
}
