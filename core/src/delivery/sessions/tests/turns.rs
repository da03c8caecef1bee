//! Sessions that a link carries take turns in it.

use core::fmt::Write as _;

use proptest::prelude::*;

use crate::delivery::stream::{LogConfig, MemoryLog};
use crate::delivery::{LinkNumber, SendOptions, SessionNumber, Sessions, SessionsConfig};
use crate::envelope::Envelope;
use crate::envelope::v1::{self, Epoch, Message};
use crate::seed::Seed;
use crate::time::{Mono, Now, Wall};

const LINK: LinkNumber = LinkNumber(1);
const NOW: Now = Now::new(Mono::ZERO, Wall::EPOCH);

struct Server {
    sessions: Sessions,
    log: MemoryLog,
}

impl Server {
    /// Sessions of one user in the first channels of one link.
    fn new(sessions: usize) -> Self {
        let log = MemoryLog::new(LogConfig::default(), Epoch::from_bits(0x109e));
        let config = SessionsConfig::default();
        let all = Sessions::new(config, log.epoch(), Seed::from_number(9));
        let mut server = Self { sessions: all, log };
        for channel in 0..sessions {
            let open = r#""sent":["c1a5e0000000000"#;
            server.hear(&format!(r#"{{"type":"open","channel":{channel},{open}{channel}",0]}}"#));
        }
        while server.say().is_some() {}
        server
    }

    fn hear(&mut self, text: &str) {
        let envelope = Envelope::parse(text, v1::DEPTH).unwrap();
        self.sessions.handle_envelope(NOW, LINK, "ada", &envelope);
        while self.sessions.poll_event().is_some() || self.sessions.settle(NOW, &mut self.log) {}
    }

    fn numbers(&self) -> Vec<SessionNumber> {
        self.sessions.of_user("ada").collect()
    }

    /// What is said next: the channel and the text.
    fn say(&mut self) -> Option<(usize, String)> {
        // The one link is named once.
        let _ = self.sessions.poll_ready();
        let mut text = String::new();
        if !self.sessions.poll_message(LINK, &mut text) {
            return None;
        }
        let envelope = Envelope::parse(&text, v1::DEPTH).unwrap();
        let (channel, _) = Message::read(&envelope).unwrap().unwrap();
        Some((channel.0.into(), text))
    }

    fn send(&mut self, session: SessionNumber, bytes: usize) {
        let mut body = String::new();
        write!(body, "\"{}\"", "x".repeat(bytes)).unwrap();
        self.sessions.send(NOW, session, &body, SendOptions::default()).unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However much each session has to say, and in envelopes of whatever size: as long as two of
    /// them have something to say, they have said as much, but for an envelope of each.
    #[test]
    fn sessions_share_a_link_by_bytes(
        work in prop::collection::vec((1..40_usize, 1..6_000_usize), 2..6),
    ) {
        let mut server = Server::new(work.len());
        for (session, (items, bytes)) in server.numbers().into_iter().zip(&work) {
            for item in 0..*items {
                server.send(session, bytes + item);
            }
        }
        let mut left: Vec<usize> = work.iter().map(|(items, _)| *items).collect();
        let mut said = vec![0_usize; work.len()];
        while let Some((place, text)) = server.say() {
            left[place] -= 1;
            said[place] += text.len();
            for other in (0..left.len()).filter(|it| left[*it] > 0 && left[place] > 0) {
                let most = work[place].1 + work[other].1 + 400;
                prop_assert!(said[place].abs_diff(said[other]) <= most, "{:?} {:?}", said, left);
            }
        }
        prop_assert_eq!(left, vec![0; work.len()]);
    }
}

#[test]
fn what_is_urgent_in_one_session_goes_before_what_others_have_to_say() {
    let mut server = Server::new(3);
    let numbers = server.numbers();
    for _ in 0..40 {
        server.send(numbers[0], 5_000);
    }
    // The second has said much more than the first: its next turn is far away.
    server.send(numbers[1], 100_000);
    server.send(numbers[1], 5_000);
    while server.say().is_some_and(|(channel, _)| channel != 1) {}
    for _ in 0..10 {
        assert!(server.say().is_some_and(|(channel, _)| channel == 0));
    }
    server.hear(r#"{"type":"cancel","channel":1,"at":["c1a5e00000000001",1],"scope":"all"}"#);
    let (channel, text) = server.say().unwrap();
    assert_eq!((channel, text.starts_with(r#"{"type":"cancel_result""#)), (1, true), "{text}");
    // A channel that is opened waits for none of what the others have to say.
    server.hear(r#"{"type":"open","channel":9,"sent":["c1a5e00000000009",0]}"#);
    let (channel, text) = server.say().unwrap();
    assert_eq!((channel, text.starts_with(r#"{"type":"opened""#)), (9, true), "{text}");
}

#[test]
fn a_session_whose_window_is_full_holds_up_none() {
    let mut server = Server::new(2);
    let numbers = server.numbers();
    for _ in 0..60 {
        server.send(numbers[0], 10_000);
    }
    while server.say().is_some() {}
    server.send(numbers[1], 100);
    assert!(server.say().is_some_and(|(channel, _)| channel == 1));
}
