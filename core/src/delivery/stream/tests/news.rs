//! Several servers over one log: what one changes, the others hear of, or find out.

use core::mem::swap;

use super::super::*;
use super::support::{World, key};
use crate::envelope::v1::How;

/// Two servers over one log. News come where a test brings them.
struct Servers {
    worlds: [World; 2],
    log: MemoryLog,
}

impl Servers {
    /// A stream is produced at the first server, and read at the second.
    fn reading_elsewhere() -> (Self, Generation) {
        let log = MemoryLog::new(LogConfig::default(), World::new().log.epoch());
        let mut servers = Self { worlds: [World::new(), World::new()], log };
        let by = servers.at(0, |world| world.running("q-1", 1));
        servers.at(1, |world| {
            world.follow(1, "q-1").unwrap();
            world.deliver();
        });
        assert_eq!(servers.text(1), "");
        (servers, by)
    }

    /// Something happens at a server.
    fn at<R>(&mut self, server: usize, happens: impl FnOnce(&mut World) -> R) -> R {
        swap(&mut self.worlds[server].log, &mut self.log);
        let result = happens(&mut self.worlds[server]);
        swap(&mut self.worlds[server].log, &mut self.log);
        result
    }

    /// The first says something.
    fn append(&mut self, by: Generation, text: &str) {
        self.at(0, |world| {
            world.append("q-1", by, text);
            world.pass(40);
        });
    }

    /// A server hears that the stream has changed.
    fn hears(&mut self, server: usize) -> Vec<Event> {
        self.at(server, |world| {
            world.streams.handle_news(world.now, &key("q-1"));
            let events = world.settle();
            world.deliver();
            events
        })
    }

    /// Time goes by at both.
    fn pass(&mut self, millis: u64) -> [Vec<Event>; 2] {
        [0, 1].map(|server| {
            self.at(server, |world| {
                let events = world.pass(millis);
                world.deliver();
                events
            })
        })
    }

    fn text(&self, server: usize) -> &str {
        self.worlds[server].had(1, "q-1").text()
    }

    fn ended(&self, server: usize) -> Option<&How<'static>> {
        self.worlds[server].had(1, "q-1").ended.as_ref()
    }
}

#[test]
fn a_reader_reads_on_with_the_news() {
    let (mut servers, by) = Servers::reading_elsewhere();
    servers.append(by, "40 ");
    assert_eq!(servers.text(1), "", "nobody has told it yet");
    servers.hears(1);
    assert_eq!(servers.text(1), "40 ");
    servers.append(by, "liters");
    servers.append(by, " of fuel");
    // One of several may be missing, and others come late and twice.
    for _ in 0..4 {
        servers.hears(1);
        assert_eq!(servers.text(1), "40 liters of fuel");
    }
    servers.at(0, |world| {
        world.finish("q-1", by);
        world.deliver();
    });
    servers.hears(1);
    assert_eq!(servers.ended(1), Some(&How::Done));
    assert_eq!(servers.text(0), servers.text(1));
}

#[test]
fn without_news_a_reader_finds_out_within_a_lease() {
    let (mut servers, by) = Servers::reading_elsewhere();
    servers.append(by, "40 liters");
    // Its host keeps the producer alive.
    for _ in 0..4 {
        servers.at(0, |world| world.streams.renew(world.now, &key("q-1"), by).unwrap());
        servers.pass(10_000);
    }
    assert_eq!(servers.text(1), "40 liters");
    assert_eq!(servers.ended(1), None);
    // Then it is gone, and nobody says so.
    servers.at(1, |world| world.pass(31_000));
    servers.at(1, World::deliver);
    assert_eq!(servers.ended(1), Some(&How::Orphaned));
}

#[test]
fn after_missed_news_everything_is_looked_up() {
    let (mut servers, by) = Servers::reading_elsewhere();
    servers.append(by, "40 liters");
    servers.at(1, |world| {
        world.streams.handle_missed_news(world.now);
        world.deliver();
    });
    assert_eq!(servers.text(1), "40 liters");
}

#[test]
fn a_cancel_elsewhere_ends_the_work_with_the_news() {
    for is_missed in [false, true] {
        let (mut servers, by) = Servers::reading_elsewhere();
        servers.append(by, "40 ");
        let cancelled = servers.at(1, |world| {
            world.streams.cancel(world.now, CancelScope::Stream(&key("q-1")));
            world.settle()
        });
        assert!(matches!(cancelled[..], [Event::Ended { .. }, _]), "{cancelled:?}");
        let events = if is_missed {
            servers.at(0, |world| {
                world.streams.handle_missed_news(world.now);
                world.settle()
            })
        } else {
            servers.hears(0)
        };
        let why = Fence::Ended(How::Cancelled);
        let fenced = Event::Fenced { key: key("q-1"), generation: by, why };
        assert!(events.contains(&fenced), "{events:?}");
        servers.at(0, World::deliver);
        assert_eq!(servers.ended(0), Some(&How::Cancelled));
    }
}

#[test]
fn a_producer_hears_its_own_news_and_goes_on() {
    let (mut servers, by) = Servers::reading_elsewhere();
    for _ in 1..5 {
        servers.append(by, "40 ");
        assert_eq!(servers.hears(0), []);
    }
    servers.at(0, World::deliver);
    assert_eq!(servers.text(0), "40 40 40 40 ");
}

#[test]
fn a_stream_that_was_discarded_elsewhere_is_unknown_with_the_news() {
    let (mut servers, by) = Servers::reading_elsewhere();
    servers.append(by, "40 ");
    servers.at(1, |world| {
        let log = &mut world.log;
        log.handle_request(world.now, &LogRequest::new(0, key("q-1"), Request::Discard));
    });
    let events = servers.hears(0);
    assert!(events.contains(&Event::Lost { key: key("q-1") }), "{events:?}");
    servers.hears(1);
    assert!(!servers.worlds[1].had(1, "q-1").follows);
}

#[test]
fn news_of_what_nobody_has_here_say_nothing() {
    let mut world = World::new();
    world.streams.handle_news(world.now, &key("q-1"));
    world.streams.handle_missed_news(world.now);
    assert_eq!(world.streams.poll_log(), None);
    assert!(world.streams.is_empty());
    // Nor of one that is being begun, which the log does not know yet.
    world.begins("q-1", Some(1));
    world.streams.handle_news(world.now, &key("q-1"));
    world.streams.handle_missed_news(world.now);
    let asked: Vec<_> = std::iter::from_fn(|| world.streams.poll_log()).collect();
    assert!(matches!(asked[..], [LogRequest { request: Request::ClaimEffect { .. }, .. }]));
}

/// What a reader elsewhere makes of a log that goes on from an older copy of itself: three records
/// were said, and one of them is left.
fn a_tail_is_lost() -> (Servers, Generation) {
    let (mut servers, by) = Servers::reading_elsewhere();
    servers.append(by, "aaaa");
    let copy = servers.log.clone();
    servers.append(by, "BBBB");
    servers.append(by, "CCCC");
    servers.hears(1);
    assert_eq!(servers.text(1), "aaaaBBBBCCCC");
    servers.log = copy;
    (servers, by)
}

#[test]
fn a_tail_that_the_log_has_lost_is_said_to_its_readers() {
    let (mut servers, _) = a_tail_is_lost();
    servers.at(1, |world| {
        world.streams.handle_missed_news(world.now);
        world.deliver();
    });
    assert_eq!(servers.worlds[1].had(1, "q-1").gaps, 1);
    let lease = core::time::Duration::from_secs(30);
    let claim = Request::ClaimProducer { lease };
    let now = servers.worlds[1].now;
    servers.log.handle_request(now, &LogRequest::new(0, key("q-1"), claim));
    let generation = Generation::from_number(2);
    for (sequence, text) in ["xxxx", "yyyy", "zzzz"].into_iter().enumerate() {
        let (sequence, offset) = (sequence as u64, 4 + 4 * sequence as u64);
        let append = Request::Append { generation, sequence, offset, text: text.into() };
        servers.log.handle_request(now, &LogRequest::new(0, key("q-1"), append));
        servers.hears(1);
    }
    assert_eq!(servers.text(1), "aaaaxxxxyyyyzzzz");
}

#[test]
fn so_it_is_where_nobody_goes_on() {
    let (mut servers, _) = a_tail_is_lost();
    let now = servers.worlds[1].now;
    let end = End::new(How::Orphaned).into();
    let finish = Request::Finish { by: None, end };
    servers.log.handle_request(now, &LogRequest::new(0, key("q-1"), finish));
    servers.hears(1);
    let had = servers.worlds[1].had(1, "q-1");
    assert_eq!((had.gaps, had.ended.as_ref()), (1, Some(&How::Orphaned)));
    assert_eq!(servers.text(1), "aaaa");
}

#[test]
fn a_claim_that_the_log_has_lost_ends_with_its_lease() {
    let mut world = World::new();
    let first = world.running("q-1", 1);
    world.append("q-1", first, "aaaa");
    world.pass(40);
    world.deliver();
    let copy = world.log.clone();
    let (second, _) = world.claim("q-1");
    world.log = copy;
    world.append("q-1", second, "bbbb");
    let events = world.pass(40);
    let why = Fence::Claimed { by: first };
    let fenced = Event::Fenced { key: key("q-1"), generation: second, why };
    assert!(events.contains(&fenced), "{events:?}");
    let events = world.pass(60_000);
    let is_end = |event: &Event| matches!(event, Event::Ended { ended, .. } if ended.end.how == How::Orphaned);
    assert!(events.iter().any(is_end), "{events:?}");
}

#[test]
fn news_beyond_what_the_log_has_are_asked_for_once() {
    let (mut servers, by) = Servers::reading_elsewhere();
    servers.append(by, "40 ");
    servers.at(1, |world| {
        let mut asked = 0;
        for _ in 0..3 {
            world.streams.handle_news(world.now, &key("q-1"));
            while let Some(request) = world.streams.poll_log() {
                asked += 1;
                // More comes while it is asked, and is asked for once more.
                if asked == 1 {
                    world.streams.handle_news(world.now, &key("q-1"));
                    world.streams.handle_news(world.now, &key("q-1"));
                }
                let answer = world.log.handle_request(world.now, &request);
                world.streams.handle_log(world.now, answer);
            }
        }
        // Where it stands four times, and once what there is.
        assert_eq!(asked, 5);
    });
}
