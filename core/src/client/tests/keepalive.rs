//! A client on a way that cuts links which are quiet.

use super::*;
use crate::frame::{Incoming, Outgoing};
use crate::metrics::SampleValue;

/// A client over whole messages, and a way to its server that cuts a link on which nothing was said
/// for so long.
struct Way {
    client: Client,
    now: Now,
    timeout: Duration,
    /// When something was last said over the open link; nothing while there is none.
    active: Option<Mono>,
    is_v1: bool,
    welcomes: bool,
    cuts: usize,
    /// How long each link had been quiet when something was said, at most.
    longest: Duration,
}

impl Way {
    fn new(is_v1: bool, config: ClientConfig, timeout: Duration) -> Self {
        let now = Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(1_800_000_000));
        let make = if is_v1 { Endpoint::v1 } else { Endpoint::pam };
        let endpoint = make("ws://server.test", "ada").unwrap();
        let client = Client::new(config, endpoint, Seed::from_number(9), now).unwrap();
        let (active, longest) = (None, Duration::ZERO);
        let mut way =
            Self { client, now, timeout, active, is_v1, welcomes: true, cuts: 0, longest };
        way.client.connect(now);
        way.drain();
        way.client.provide_token(now, Token::new("t")).unwrap();
        way.drain();
        way
    }

    /// Passes the time; each link says its welcome, and its server answers each heartbeat.
    fn pass(&mut self, time: Duration) {
        let end = self.now.mono + time;
        while self.now.mono < end {
            let cut = self.active.map(|active| active + self.timeout);
            let due = self.client.poll_timeout().map(|due| due.at);
            let at = [cut, due].into_iter().flatten().fold(end, Mono::min).max(self.now.mono);
            let step = at.saturating_since(self.now.mono);
            self.now = Now::new(at, self.now.wall + step);
            if cut.is_some_and(|cut| cut <= at) {
                (self.active, self.cuts) = (None, self.cuts + 1);
                self.client.handle_closed(self.now);
            } else {
                self.client.handle_timeout(self.now);
            }
            self.drain();
        }
    }

    fn drain(&mut self) {
        let (mut dials, mut said) = (false, Vec::new());
        while let Some(event) = self.client.poll_event() {
            dials |= matches!(event, Event::Link(ClientLinkEvent::Dial(_)));
        }
        let mut out = Vec::new();
        while let Some(outgoing) = self.client.poll_message(&mut out) {
            let text = String::from_utf8(core::mem::take(&mut out)).unwrap();
            if outgoing == Outgoing::Text {
                said.push(text);
            }
        }
        if dials {
            self.client.handle_opened(self.now, self.is_v1.then_some("pamlink.v1"));
            self.active = Some(self.now.mono);
            if !self.welcomes {
                return self.drain();
            }
            let welcome = if self.is_v1 {
                r#"{"type":"welcome","version":1,"features":0,"limits":{"message":1048576},"heartbeat":60000}"#
            } else {
                NEW_WELCOME
            };
            self.client.handle_message(self.now, Incoming::Text(welcome)).unwrap();
            return self.drain();
        }
        let Some(active) = self.active.filter(|_| !said.is_empty()) else { return };
        self.longest = self.longest.max(self.now.mono.saturating_since(active));
        self.active = Some(self.now.mono);
        for text in said {
            let answer = if text.contains(r#""type":"ping""#) {
                r#"{"type":"pong"}"#
            } else if text.contains(r#""type":"heartbeat""#) {
                r#"{"type":"heartbeat","channels":[],"reply":true}"#
            } else {
                continue;
            };
            self.client.handle_message(self.now, Incoming::Text(answer)).unwrap();
        }
        self.drain();
    }

    fn shortened(&self) -> u64 {
        let metrics = self.client.metrics();
        let name = "pamlink_heartbeats_shortened_total";
        let family = metrics.families.iter().find(|it| it.name == name).unwrap();
        let SampleValue::Counter(count) = family.samples[0].value else { panic!("{family:?}") };
        count
    }
}

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn a_way_that_cuts_quiet_links_is_met_three_times_and_then_kept_awake() {
    for is_v1 in [false, true] {
        for (timeout, learned) in [(19, 14_250), (12, 9_000), (6, 5_000)] {
            let mut way = Way::new(is_v1, ClientConfig::default(), secs(timeout));
            assert_eq!(way.client.heartbeat_interval(), secs(20));
            way.pass(secs(3_600));
            let learned = Duration::from_millis(learned);
            let found = (way.cuts, way.shortened(), way.client.heartbeat_interval());
            assert_eq!(found, (3, 1, learned), "{timeout} s");
            // Without more heartbeats than that needs.
            assert_eq!(way.longest, learned, "{timeout} s");
        }
    }
}

#[test]
fn what_would_need_too_many_heartbeats_or_none_more_teaches_nothing() {
    for timeout in [3, 5, 21, 300] {
        let mut way = Way::new(false, ClientConfig::default(), secs(timeout));
        way.pass(secs(1_200));
        assert_eq!((way.shortened(), way.client.heartbeat_interval()), (0, secs(20)), "{timeout}");
        assert_eq!(way.cuts > 0, timeout < 20, "{timeout}");
    }
}

#[test]
fn a_longer_interval_of_the_host_is_brought_under_two_timeouts() {
    let mut config = ClientConfig::default();
    config.link.link.heartbeat.interval = secs(25);
    let mut way = Way::new(false, config, secs(20));
    way.pass(secs(3_600));
    assert_eq!((way.cuts, way.shortened(), way.client.heartbeat_interval()), (3, 1, secs(15)));
    // It moves to where links may be quiet for less, after one that is cut in the middle.
    way.timeout = secs(8);
    way.pass(secs(3_600));
    assert_eq!((way.cuts, way.shortened(), way.client.heartbeat_interval()), (7, 2, secs(6)));
    // It stays so, until the host starts anew.
    way.timeout = secs(300);
    way.pass(secs(3_600));
    assert_eq!((way.cuts, way.client.heartbeat_interval()), (7, secs(6)));
    way.client.disconnect(way.now);
    way.active = None;
    way.client.handle_closed(way.now);
    way.drain();
    way.client.connect(way.now);
    assert_eq!(way.client.heartbeat_interval(), secs(25));
}

#[test]
fn links_that_end_in_another_way_teach_nothing() {
    let close = |code| Incoming::Close(Some(CloseCode::new(code)), "");
    for end in [Some(close(1_001)), Some(close(1_012)), Some(close(1_009)), None] {
        let mut way = Way::new(false, ClientConfig::default(), secs(300));
        for _ in 0..9 {
            while way.active.is_none() {
                way.pass(secs(1));
            }
            // With a close frame, or after times that differ.
            let quiet = if end.is_some() { 12 } else { 7 + 3 * (way.cuts as u64 % 3) };
            way.pass(secs(quiet));
            way.active = None;
            way.cuts += 1;
            match end {
                Some(close) => way.client.handle_message(way.now, close).unwrap(),
                None => way.client.handle_closed(way.now),
            }
            way.drain();
        }
        assert_eq!(way.shortened(), 0, "{end:?}");
    }
    // Neither does one that was not welcomed, which has no heartbeat yet.
    for (welcomes, shortened) in [(true, 1), (false, 0)] {
        let mut way = Way::new(true, ClientConfig::default(), secs(8));
        way.welcomes = welcomes;
        way.pass(secs(1_200));
        assert_eq!(way.shortened(), shortened);
        assert!(way.cuts >= 3);
    }
}
