//! A day over `pamlink.v1` of which every count is known.

use std::time::Duration;

use pamlink::envelope::ErrorCode;
use pamlink::envelope::v1::Epoch;
use pamlink::hub::{HubConfig, Reply, WhileAnswering};

use crate::count;
use crate::scripted::Scripted;
use crate::world::World;

/// The epoch of the log, and that of what the client numbers.
const LOG: &str = "109e000000000001";
const OWN: &str = "c1a5e00000000001";

const ANSWER: &str = "40 liters since Monday";

/// A day with every end of a stream but one, and every answer; how many bytes of the session's own
/// were sent again in it.
pub(crate) fn a_day_of_sessions() -> (World, usize) {
    let (mut world, mut ann) = (World::new(config()), Ann::default());
    let mut first = Scripted::welcomed(&mut world);
    ann.begin(&mut first, &mut world);
    // Of three requests two wait for their turn, and as many streams as there may be are open.
    for stream in ["a", "b", "c"] {
        ann.ask(&mut first, &mut world, stream);
    }
    let request = world.requests[0];
    world.hub.piece(world.now, request, ANSWER).unwrap();
    let read = first.wait(&mut world, 40);
    assert!(read.contains(ANSWER), "it is read as it grows, which is no replay: {read}");
    let refused = ann.cancel(&mut first, &mut world, "nobody's");
    assert!(refused.contains("too_many"), "{refused}");
    let cancelled = ann.cancel(&mut first, &mut world, "b");
    assert!(cancelled.contains(r#""outcome":"cancelled""#), "{cancelled}");
    let unknown = ann.cancel(&mut first, &mut world, "nobody's");
    assert!(unknown.contains(r#""outcome":"unknown""#), "{unknown}");

    // The link breaks, and none of the three results counts as received.
    world.hub.handle_closed(world.now, first.link);
    let mut second = Scripted::welcomed(&mut world);
    let none = r#"["0000000000000000",0]"#;
    let other = r#"["0fe0000000000001",3]"#;
    let resumed =
        ann.resume(&mut second, &mut world, &[("a", none, 0), ("b", none, 0), ("c", none, 0)]);
    let replayed = results_in(&resumed);
    assert_eq!(replayed.len(), 3, "{resumed}");
    let mut again: usize = replayed.iter().map(|it| it.len()).sum();
    for answer in ["resumed", "ended", "pending"] {
        let said = format!(r#""answer":"{answer}""#);
        assert!(resumed.split(r#""following""#).skip(1).any(|it| it.contains(&said)), "{resumed}");
    }
    let follow = format!(r#"{{"type":"follow","stream":"nobody's","received":{none},"offset":0}}"#);
    let unknown = second.say(&mut world, &follow);
    assert!(unknown.contains(r#""answer":"unknown""#), "{unknown}");
    // What it has of the stream is of another log.
    let follow = format!(r#"{{"type":"follow","stream":"a","received":{other},"offset":5}}"#);
    let gap = second.say(&mut world, &follow);
    assert!(gap.contains(r#""answer":"gap""#) && gap.contains(ANSWER), "{gap}");
    world.hub.reply(world.now, request, &Reply::text(ANSWER)).unwrap();
    second.read(&mut world);
    let late = ann.cancel(&mut second, &mut world, "a");
    assert!(late.contains(r#""outcome":"ended""#), "{late}");
    // It is its turn now.
    let code = ErrorCode::from("AGENT_FAILED");
    let failed = Reply::Error { code: &code, message: "no", retry_after: None };
    world.hub.reply(world.now, world.requests[1], &failed).unwrap();
    second.read(&mut world);
    ann.ask(&mut second, &mut world, "d");
    second.wait(&mut world, 5_000);

    // The client has something else than what it sent, and numbers anew.
    let anew = r#"{"type":"continue","from":["c1a5e00000000002",0],"reason":"ahead"}"#;
    world.hub.handle_closed(world.now, second.link);
    let mut third = Scripted::welcomed(&mut world);
    let resumed = ann.resume(&mut third, &mut world, &[]);
    let replayed = results_in(&resumed);
    assert_eq!(replayed.len(), 4, "{resumed}");
    again += replayed.iter().map(|it| it.len()).sum::<usize>();
    third.say(&mut world, anew);
    world.hub.handle_closed(world.now, third.link);
    let mut fourth = Scripted::welcomed(&mut world);
    let lost = ann.resume_from(&mut fourth, &mut world, other);
    assert!(lost.contains(r#""answer":"gap""#), "{lost}");
    again += results_in(&lost).iter().map(|it| it.len()).sum::<usize>();

    (world, again)
}

#[test]
fn what_happens_to_sessions_and_streams_is_counted() {
    let (world, replayed) = a_day_of_sessions();
    let (replayed, text) = (replayed as u64, ANSWER.len() as u64);
    assert_counts(
        &world,
        &[
            ("pamlink_sessions_active", &[], 1),
            ("pamlink_session_opens_total", &["begun"], 1),
            ("pamlink_session_opens_total", &["resumed"], 2),
            ("pamlink_session_opens_total", &["gap"], 1),
            ("pamlink_session_opens_total", &["unknown"], 0),
            ("pamlink_session_gaps_total", &[], 1),
            ("pamlink_session_replayed_bytes_total", &[], replayed),
            ("pamlink_stream_follows_total", &["resumed"], 1),
            ("pamlink_stream_follows_total", &["pending"], 1),
            ("pamlink_stream_follows_total", &["ended"], 1),
            ("pamlink_stream_follows_total", &["gap"], 1),
            ("pamlink_stream_follows_total", &["unknown"], 1),
            ("pamlink_stream_replayed_bytes_total", &[], 2 * text),
            ("pamlink_streams_ended_total", &["done"], 1),
            ("pamlink_streams_ended_total", &["cancelled"], 1),
            ("pamlink_streams_ended_total", &["failed"], 1),
            ("pamlink_streams_ended_total", &["timed_out"], 1),
            ("pamlink_streams_ended_total", &["orphaned"], 0),
            ("pamlink_cancels_total", &["cancelled"], 1),
            ("pamlink_cancels_total", &["ended"], 1),
            ("pamlink_cancels_total", &["refused"], 1),
            ("pamlink_cancels_total", &["unknown"], 1),
        ],
    );
}

#[test]
fn a_stream_whose_producer_has_died_is_counted_as_orphaned() {
    let (mut world, mut ann) = (World::new(config()), Ann::default());
    let mut first = Scripted::welcomed(&mut world);
    ann.begin(&mut first, &mut world);
    ann.ask(&mut first, &mut world, "a");
    world.hub.piece(world.now, world.requests[0], ANSWER).unwrap();
    first.wait(&mut world, 40);
    world.restart(config());
    let mut second = Scripted::welcomed(&mut world);
    let unknown = ann.resume(&mut second, &mut world, &[]);
    assert!(unknown.contains(r#""answer":"unknown""#), "{unknown}");
    ann.begin(&mut second, &mut world);
    let follow = format!(r#"{{"type":"follow","stream":"a","received":["{LOG}",0],"offset":0}}"#);
    assert!(second.say(&mut world, &follow).contains(ANSWER));
    let mut end = String::new();
    for _ in 0..8 {
        end += &second.wait(&mut world, 5_000);
        end += &second.say(&mut world, r#"{"type":"heartbeat","channels":[]}"#);
    }
    assert!(end.contains(r#""how":"orphaned""#), "{end}");
    assert_counts(
        &world,
        &[
            ("pamlink_session_opens_total", &["unknown"], 1),
            ("pamlink_session_opens_total", &["begun"], 1),
            ("pamlink_stream_follows_total", &["resumed"], 1),
            ("pamlink_stream_replayed_bytes_total", &[], ANSWER.len() as u64),
            ("pamlink_streams_ended_total", &["orphaned"], 1),
            ("pamlink_streams_ended_total", &["done"], 0),
            ("pamlink_streams_active", &[], 0),
        ],
    );
}

fn assert_counts(world: &World, counts: &[(&str, &[&str], u64)]) {
    let metrics = world.hub.metrics();
    for (name, labels, expected) in counts {
        assert_eq!(count(&metrics, name, labels), *expected, "{name} {labels:?}");
    }
}

/// Three streams at once, one request of a user at a time, which may take 5 s.
fn config() -> HubConfig {
    let mut config = HubConfig::default();
    config.host_log = Some(Epoch::from_bits(0x109e_0000_0000_0001));
    config.sessions.streams.max_streams = 3;
    config.while_answering = WhileAnswering::Queue;
    config.request_timeout = Duration::from_secs(5);
    config
}

/// What was read of results of cancels.
fn results_in(read: &str) -> Vec<&str> {
    let begins = read.match_indices(r#"{"type":"cancel_result""#);
    begins.map(|(from, _)| &read[from..from + read[from..].find("]}").unwrap() + 2]).collect()
}

/// A user, and what is known of the session.
#[derive(Default)]
struct Ann {
    session: String,
    from: String,
    sent: u64,
}

impl Ann {
    fn begin(&mut self, link: &mut Scripted, world: &mut World) {
        let opened = link.say(world, &format!(r#"{{"type":"open","sent":["{OWN}",0]}}"#));
        let member = |name: &str, length: usize| {
            let (_, rest) = opened.split_once(name).unwrap();
            rest[..length].to_owned()
        };
        (self.session, self.from) = (member(r#""session":""#, 32), member(r#""from":"#, 22));
        self.sent = 0;
    }

    fn ask(&mut self, link: &mut Scripted, world: &mut World, stream: &str) {
        self.sent += 1;
        let sent = self.sent;
        let body = format!(r#"{{"type":"chat","id":"{stream}","message":"fuel so far?"}}"#);
        let item =
            format!(r#"{{"type":"item","at":["{OWN}",{sent}],"stream":"{stream}","body":{body}}}"#);
        link.say(world, &item);
    }

    fn cancel(&mut self, link: &mut Scripted, world: &mut World, stream: &str) -> String {
        self.sent += 1;
        let sent = self.sent;
        link.say(
            world,
            &format!(
                r#"{{"type":"cancel","at":["{OWN}",{sent}],"scope":"stream","stream":"{stream}"}}"#
            ),
        )
    }

    /// Goes on over another link as if nothing had come over the one before, with these streams
    /// from there.
    fn resume(
        &self,
        link: &mut Scripted,
        world: &mut World,
        follow: &[(&str, &str, u64)],
    ) -> String {
        let follow: Vec<String> = follow
            .iter()
            .map(|(stream, received, offset)| {
                format!(r#"{{"stream":"{stream}","received":{received},"offset":{offset}}}"#)
            })
            .collect();
        let follow = if follow.is_empty() {
            String::new()
        } else {
            format!(r#","follow":[{}]"#, follow.join(","))
        };
        self.open(link, world, &self.from, &follow)
    }

    fn resume_from(&self, link: &mut Scripted, world: &mut World, received: &str) -> String {
        self.open(link, world, received, "")
    }

    fn open(&self, link: &mut Scripted, world: &mut World, received: &str, rest: &str) -> String {
        let Self { session, sent, .. } = self;
        let sent = format!(r#""sent":["{OWN}",{sent}]"#);
        let open = format!(
            r#"{{"type":"open","session":"{session}","received":{received},{sent}{rest}}}"#
        );
        link.say(world, &open)
    }
}
