//! The log in Redis, held by a real server.

#[path = "../../../core/tests/log_vectors.rs"]
mod log_vectors;

use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use pamlink::delivery::stream::{
    Answer, CancelScope, End, Event, Fence, Generation, LogAnswer, LogConfig, LogRequest,
    MemoryLog, ReaderId, Refusal, Request, State, StreamKey, Streams, StreamsConfig,
};
use pamlink::envelope::v1::{Code, Epoch, How, Message, Name, Position};
use pamlink::redis::{Reply, Step};
use pamlink::time::{Mono, Now, Wall};
use pamlink_nodes::{Carried, Server, Subscribed};

const EPOCH: Epoch = Epoch::from_bits(7);
const OTHER: Epoch = Epoch::from_bits(8);
const LEASE: Duration = Duration::from_secs(30);

struct InServer(Carried);

impl log_vectors::Log for InServer {
    fn answer(&mut self, now: Now, request: LogRequest) -> LogAnswer {
        let millis = now.mono.as_nanos() / 1_000_000;
        self.0.call_at(millis, &request)
    }

    /// Those of all owners together are `maxmemory` of the server.
    fn has(bound: &str) -> bool {
        !["max_streams", "total_bytes"].contains(&bound)
    }
}

fn key(owner: &str, name: &str) -> StreamKey {
    StreamKey::new(owner, &Name::new(name.to_owned()).unwrap())
}

fn of(number: u64) -> Position {
    Position::new(Epoch::from_bits(1), number)
}

fn ask(carried: &mut Carried, key: &StreamKey, request: Request) -> Answer {
    carried.call(&LogRequest::new(1, key.clone(), request)).answer
}

fn append(generation: u64, sequence: u64, offset: u64, text: &str) -> Request {
    let generation = Generation::from_number(generation);
    Request::Append { generation, sequence, offset, text: text.into() }
}

/// A command of words.
fn words(carried: &mut Carried, words: &[&str]) -> Reply {
    carried.send(&words.iter().map(|word| word.as_bytes().to_vec()).collect())
}

/// The lines of a list of texts.
fn texts(reply: Reply) -> Vec<String> {
    let Reply::List(list) = reply else { panic!("{reply:?}") };
    let text = |reply: &Reply| match reply {
        Reply::Bytes(bytes) => String::from_utf8(bytes.clone()).unwrap(),
        other => panic!("{other:?}"),
    };
    list.iter().map(text).collect()
}

#[test]
fn it_answers_as_the_vectors_say() {
    let server = Server::start();
    let mut cases = 0;
    let ran = log_vectors::run(|config, epoch| {
        cases += 1;
        InServer(Carried::begin(&server, &format!("case-{cases}"), config, epoch))
    });
    // Two cases are about bounds of all owners together.
    assert_eq!(cases, 15);
    assert!(ran >= 140, "{ran} steps");
}

/// Numbers that look drawn, the same in every run.
struct Drawn(u64);

impl Drawn {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % end
    }
}

#[test]
fn it_answers_as_the_log_in_memory_does() {
    let server = Server::start();
    let mut config = LogConfig::default();
    (config.owner_streams, config.stream_bytes) = (3, 16_384);
    for seed in 0..4 {
        let mut drawn = Drawn(seed);
        let mut memory = MemoryLog::new(config, EPOCH);
        let mut stored = Carried::begin(&server, &format!("drawn-{seed}"), config, EPOCH);
        let (mut millis, mut refused) = (0, 0);
        for id in 0..1_500 {
            millis += drawn.below(3_000);
            let now = Now::new(Mono::from_millis(millis), Wall::EPOCH);
            let key =
                key(["ann", "b}{%"][drawn.below(2) as usize], &format!("q-{}", drawn.below(5)));
            let status = LogRequest::new(0, key.clone(), Request::Status);
            let (offset, generation) = match memory.handle_request(now, &status).answer {
                Answer::Status(status) => match status.state {
                    State::Running { generation, .. } => (status.offset, generation.number()),
                    _ => (status.offset, 0),
                },
                _ => (0, 0),
            };
            let by = Generation::from_number(generation.saturating_sub(drawn.below(9) / 8));
            let request = match drawn.below(18) {
                0..2 => Request::ClaimEffect { of: of(drawn.below(3)), lease: LEASE },
                2..4 => Request::ClaimProducer { lease: LEASE },
                4 => Request::Renew { generation: by, lease: LEASE },
                5 => {
                    let mut end = End::new(How::Failed);
                    end.code = Code::new("tool_failed").filter(|_| drawn.below(2) == 0);
                    end.body = (drawn.below(2) == 0).then(|| r#"{"a":"\u0000"}"#.into());
                    Request::Finish { by: Some(by).filter(|_| drawn.below(3) > 0), end: end.into() }
                }
                6 => Request::Discard,
                7..10 => {
                    let most = [1, 5_000, 65_536][drawn.below(3) as usize];
                    Request::ReadAfter { sequence: drawn.below(9), most }
                }
                10 => Request::Status,
                _ => {
                    let text = "4\u{fc}:\0".repeat(1 + drawn.below(900) as usize);
                    let back = drawn.below(16).saturating_sub(11);
                    append(by.number(), drawn.below(6), offset.saturating_sub(back), &text)
                }
            };
            let request = LogRequest::new(id, key, request);
            let expected = memory.handle_request(now, &request);
            let found = stored.call_at(millis, &request);
            assert_eq!(found, expected, "seed {seed}, {id}: {:?}", request.request);
            refused += u32::from(matches!(found.answer, Answer::Refused(_)));
        }
        assert!((100..1_400).contains(&refused), "{refused} refused");
    }
}

#[test]
fn a_server_that_has_forgotten_the_script_is_given_it_again() {
    let server = Server::start();
    let mut carried = Carried::begin(&server, "p", LogConfig::default(), EPOCH);
    for number in 0..3 {
        words(&mut carried, &["SCRIPT", "FLUSH"]);
        let key = key("ann", &format!("q-{number}"));
        let begun = ask(&mut carried, &key, Request::ClaimEffect { of: of(1), lease: LEASE });
        assert_eq!(begun, Answer::Begun { first: true });
    }
}

#[test]
fn one_of_those_who_claim_at_once_is_the_first() {
    let server = Server::start();
    let together = Arc::new(Barrier::new(8));
    let threads: Vec<_> = (0..8)
        .map(|number| {
            let together = Arc::clone(&together);
            let mut carried =
                Carried::begin(&server, "p", LogConfig::default(), Epoch::from_bits(number));
            thread::spawn(move || {
                let key = key("ann", "q-1");
                together.wait();
                let claim = Request::ClaimEffect { of: of(1), lease: LEASE };
                let begun = ask(&mut carried, &key, claim);
                together.wait();
                let claimed = ask(&mut carried, &key, Request::ClaimProducer { lease: LEASE });
                together.wait();
                let Answer::Claimed { generation, .. } = claimed else { panic!("{claimed:?}") };
                let appended = ask(&mut carried, &key, append(generation.number(), 0, 0, "t"));
                (carried.log.epoch(), begun, generation.number(), appended)
            })
        })
        .collect();
    let all: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    let epochs: Vec<_> = all.iter().map(|(epoch, ..)| *epoch).collect();
    assert_eq!(epochs, [epochs[0]; 8], "a log has one epoch");
    let first = |answer: &Answer| *answer == Answer::Begun { first: true };
    assert_eq!(all.iter().filter(|(_, begun, ..)| first(begun)).count(), 1);
    let newest = Generation::from_number(8);
    let mut generations: Vec<_> = all.iter().map(|(_, _, generation, _)| *generation).collect();
    generations.sort_unstable();
    assert_eq!(generations, [1, 2, 3, 4, 5, 6, 7, 8]);
    for (_, _, generation, appended) in all {
        let expected = match generation {
            8 => Answer::Appended { sequence: 1, offset: 1 },
            _ => Answer::Refused(Refusal::Fenced { generation: newest }),
        };
        assert_eq!(appended, expected);
    }
}

#[test]
fn a_server_that_was_killed_has_what_it_answered() {
    let mut server = Server::start();
    let key = key("ann", "q-1");
    let mut carried = Carried::begin(&server, "p", LogConfig::default(), EPOCH);
    ask(&mut carried, &key, Request::ClaimEffect { of: of(1), lease: LEASE });
    ask(&mut carried, &key, Request::ClaimProducer { lease: LEASE });
    ask(&mut carried, &key, append(1, 0, 0, "40 liters"));
    server.kill_and_start();
    let mut carried = Carried::begin(&server, "p", LogConfig::default(), OTHER);
    assert_eq!(carried.log.epoch(), EPOCH);
    let again = ask(&mut carried, &key, append(1, 0, 0, "40 liters"));
    assert_eq!(again, Answer::Appended { sequence: 1, offset: 9 }, "it is known by its number");
    // Beside it is another log.
    let beside = Carried::begin(&server, "other", LogConfig::default(), OTHER);
    assert_eq!(beside.log.epoch(), OTHER);
}

#[test]
fn a_server_that_was_flushed_is_another_log() {
    let server = Server::start();
    let key = key("ann", "q-1");
    let claim = || Request::ClaimEffect { of: of(1), lease: LEASE };
    let mut carried = Carried::begin(&server, "p", LogConfig::default(), EPOCH);
    ask(&mut carried, &key, claim());
    words(&mut carried, &["FLUSHALL"]);
    let unknown = Answer::Refused(Refusal::Unknown);
    assert_eq!(ask(&mut carried, &key, Request::Status), unknown);
    // Who has not heard of it claims anew, and another host begins the next log meanwhile.
    assert_eq!(ask(&mut carried, &key, claim()), Answer::Begun { first: true });
    let mut next = Carried::begin(&server, "p", LogConfig::default(), OTHER);
    assert_eq!(next.log.epoch(), OTHER);
    assert_eq!(ask(&mut next, &key, Request::Status), unknown);
    assert_eq!(ask(&mut next, &key, claim()), Answer::Begun { first: true });
    assert_eq!(ask(&mut carried, &key, Request::ClaimProducer { lease: LEASE }), unknown);
    // Nothing that it was asked has touched the stream of the other log.
    let Answer::Status(status) = ask(&mut next, &key, Request::Status) else {
        panic!("it is gone")
    };
    assert!(matches!(status.state, State::Pending { .. }));
    assert_eq!(carried.begin_again(Epoch::from_bits(9)), OTHER);
}

#[test]
fn a_stream_whose_texts_were_evicted_is_unknown() {
    let server = Server::start();
    let mut carried = Carried::begin(&server, "p", LogConfig::default(), EPOCH);
    let key = key("ann", "q-1");
    ask(&mut carried, &key, Request::ClaimEffect { of: of(1), lease: LEASE });
    ask(&mut carried, &key, Request::ClaimProducer { lease: LEASE });
    ask(&mut carried, &key, append(1, 0, 0, "40 "));
    let list = texts(words(&mut carried, &["KEYS", "*:t:q-1"])).remove(0);
    words(&mut carried, &["DEL", &list]);
    let unknown = Answer::Refused(Refusal::Unknown);
    assert_eq!(ask(&mut carried, &key, append(1, 1, 3, "liters")), unknown);
    assert_eq!(ask(&mut carried, &key, Request::ReadAfter { sequence: 0, most: 1 }), unknown);
}

#[test]
fn what_the_server_refuses_is_said() {
    let server = Server::start();
    let mut carried = Carried::begin(&server, "p", LogConfig::default(), EPOCH);
    server.set("maxmemory", "1");
    let request =
        LogRequest::new(1, key("ann", "q-1"), Request::ClaimEffect { of: of(1), lease: LEASE });
    let call = carried.log.call_at(0, &request);
    let reply = carried.send(&call);
    let Step::Failed(why) = carried.log.handle_reply(&request, &reply) else { panic!("{reply:?}") };
    assert!(why.starts_with("OOM"), "{why}");
}

#[test]
fn what_it_stores_is_of_one_slot_for_an_owner_and_expires() {
    let server = Server::start();
    let mut carried = Carried::begin(&server, "p", LogConfig::default(), EPOCH);
    for owner in ["ann", "", "{a}b{c}", "100%", "100%25"] {
        for name in ["q-1", "q-2"] {
            let key = key(owner, name);
            let claim = Request::ClaimEffect { of: of(1), lease: LEASE };
            assert_eq!(ask(&mut carried, &key, claim), Answer::Begun { first: true });
            ask(&mut carried, &key, Request::ClaimProducer { lease: LEASE });
            ask(&mut carried, &key, append(1, 0, 0, "text"));
        }
        let end = End::new(How::Done).into();
        ask(&mut carried, &key(owner, "q-2"), Request::Finish { by: None, end });
    }
    let keys = texts(words(&mut carried, &["KEYS", "*"]));
    assert_eq!(keys.len(), 1 + 5 * 5, "{keys:?}");
    let mut slots = std::collections::BTreeMap::new();
    for key in keys.iter().filter(|key| *key != "p:epoch") {
        let Reply::Integer(left) = words(&mut carried, &["PTTL", key]) else { panic!("{key}") };
        let keep = 120_000;
        let most = match key {
            key if key.ends_with(":q-2") => keep,
            key if key.ends_with(":q-1") => 30_000 + keep + 3_600_000,
            _ => 86_400_000,
        };
        assert!((most - 10_000..=most).contains(&left), "{key} expires in {left} ms");
        let (start, end) = (key.find('{').unwrap(), key.find('}').unwrap());
        *slots.entry(&key[start..end]).or_insert(0) += 1;
        assert!(end > start + 1, "{key}");
    }
    assert_eq!(slots.into_values().collect::<Vec<_>>(), [5; 5]);
    // Another prefix has others.
    let mut beside = Carried::begin(&server, "q", LogConfig::default(), EPOCH);
    let unknown = ask(&mut beside, &key("ann", "q-1"), Request::Status);
    assert_eq!(unknown, Answer::Refused(Refusal::Unknown));
}

#[test]
fn what_the_server_has_expired_makes_room() {
    let server = Server::start();
    let mut config = LogConfig::default();
    config.set("owner_streams", 2).unwrap();
    let mut carried = Carried::begin(&server, "p", config, EPOCH);
    let claim = |carried: &mut Carried, name: &str| {
        let claim = Request::ClaimEffect { of: of(1), lease: LEASE };
        ask(carried, &key("ann", name), claim)
    };
    for name in ["q-1", "q-2"] {
        assert_eq!(claim(&mut carried, name), Answer::Begun { first: true });
    }
    assert_eq!(claim(&mut carried, "q-3"), Answer::Refused(Refusal::Full));
    let state = texts(words(&mut carried, &["KEYS", "*:s:q-1"])).remove(0);
    words(&mut carried, &["DEL", &state]);
    assert_eq!(claim(&mut carried, "q-3"), Answer::Begun { first: true });
}

/// A process with streams over the log in the server.
struct Node {
    streams: Streams,
    carried: Carried,
    heard: Subscribed,
    begun: Instant,
}

impl Node {
    fn begin(server: &Server, drawn: u64) -> Self {
        let mut config = StreamsConfig::default();
        config.set("producer_lease_ms", 2_000).unwrap();
        let carried = Carried::begin(server, "p", LogConfig::default(), Epoch::from_bits(drawn));
        let streams = Streams::new(config, carried.log.epoch());
        let heard = server.subscribe(&carried.log.channel());
        Self { streams, carried, heard, begun: Instant::now() }
    }

    fn now(&self) -> Now {
        Now::new(Mono::ZERO + self.begun.elapsed(), Wall::EPOCH)
    }

    /// The log answers what it is asked.
    fn settle(&mut self) -> Vec<Event> {
        self.streams.handle_timeout(self.now());
        while let Some(request) = self.streams.poll_log() {
            let answer = self.carried.call(&request);
            self.streams.handle_log(self.now(), answer);
        }
        std::iter::from_fn(|| self.streams.poll_event()).collect()
    }

    /// Hears of the next change that another process has made.
    fn hears(&mut self) -> Vec<Event> {
        let changed = loop {
            let message = self.heard.next();
            if let Some(key) = self.carried.log.news(&message) {
                break key;
            }
        };
        self.streams.handle_news(self.now(), &changed);
        self.settle()
    }

    /// What its reader is sent.
    fn said(&mut self) -> (String, Option<String>) {
        let (mut text, mut end) = (String::new(), None);
        loop {
            self.settle();
            let now = self.now();
            match self.streams.poll_message(now, ReaderId::from_number(1)) {
                Some(Message::Piece(piece)) => text.push_str(piece.append.as_str()),
                Some(Message::End(it)) => end = Some(it.how.as_str().to_owned()),
                Some(_) => {}
                None => return (text, end),
            }
        }
    }
}

/// A stream that the first of two processes produces, and of which the second has a reader.
fn produced_elsewhere(server: &Server) -> (Node, Generation, Node) {
    let (mut first, mut second) = (Node::begin(server, 1), Node::begin(server, 2));
    let key = key("ann: {the first}", "q-1");
    first.streams.begin(first.now(), &key, None, of(1), None).unwrap();
    first.settle();
    first.streams.claim(first.now(), &key).unwrap();
    let events = first.settle();
    let [Event::Claimed { generation, .. }] = events[..] else { panic!("{events:?}") };
    let start = Position::start(second.streams.log_epoch());
    let (now, reader) = (second.now(), ReaderId::from_number(1));
    second.streams.follow(now, reader, &key, start, 0).unwrap();
    assert_eq!(second.said(), (String::new(), None));
    // That it was claimed.
    second.hears();
    (first, generation, second)
}

#[test]
fn a_stream_is_read_while_another_process_produces_it() {
    let server = Server::start();
    let (mut first, by, mut second) = produced_elsewhere(&server);
    let key = key("ann: {the first}", "q-1");
    for text in ["40 ", "liters", " of fuel"] {
        first.streams.append(first.now(), &key, by, &text.repeat(200)).unwrap();
        first.settle();
        second.hears();
        assert_eq!(second.said(), (text.repeat(200), None));
    }
    first.streams.finish(first.now(), &key, by, End::new(How::Done)).unwrap();
    first.settle();
    second.hears();
    assert_eq!(second.said(), (String::new(), Some("done".to_owned())));
}

#[test]
fn a_cancel_in_another_process_ends_the_work() {
    let server = Server::start();
    let (mut first, generation, mut second) = produced_elsewhere(&server);
    let key = key("ann: {the first}", "q-1");
    second.streams.cancel(second.now(), CancelScope::Stream(&key));
    second.settle();
    let events = first.hears();
    let fenced = Event::Fenced { key, generation, why: Fence::Ended(How::Cancelled) };
    assert!(events.contains(&fenced), "{events:?}");
}

#[test]
fn what_a_process_leaves_that_has_died_ends_as_orphaned() {
    let server = Server::start();
    let (mut first, by, mut second) = produced_elsewhere(&server);
    let key = key("ann: {the first}", "q-1");
    first.streams.append(first.now(), &key, by, &"40 ".repeat(200)).unwrap();
    first.settle();
    drop(first);
    second.hears();
    let begun = Instant::now();
    let (mut text, mut end) = second.said();
    while end.is_none() {
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody says so");
        thread::sleep(Duration::from_millis(50));
        let more = second.said();
        text.push_str(&more.0);
        end = more.1;
    }
    assert_eq!((text, end), ("40 ".repeat(200), Some("orphaned".to_owned())));
}
