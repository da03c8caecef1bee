//! What streams and their log may take, by their configuration.

use super::super::*;
use super::support::{World, key, reader};
use crate::envelope::v1::{Code, Epoch, How, Name, Position};

#[test]
fn of_an_owner_the_oldest_stream_that_has_ended_makes_room() {
    let mut world = World::new();
    for number in 0..64 {
        let name = format!("q-{number}");
        let by = world.running(&name, number);
        if number < 2 {
            world.finish(&name, by);
            world.settle();
        }
        world.pass(1);
    }
    assert!(matches!(world.begin("q-64", None)[..], [Event::Begun { .. }]));
    world.follow(70, "q-0").unwrap();
    world.follow(70, "q-1").unwrap();
    world.deliver();
    assert_eq!(world.said(70)[..2], ["q-0 unknown from 0 at 0", "q-1 ended from 0 at 0"]);
    assert!(matches!(world.begin("q-65", None)[..], [Event::Begun { .. }]));
    let events = world.begin("q-66", None);
    let [Event::NotBegun { code, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(*code, Code::new("too_many_streams").unwrap(), "none has ended");
    let other = StreamKey::new("bob", &Name::new("q-1").unwrap());
    let of = Position::new(Epoch::from_bits(9), 1);
    world.streams.begin(world.now, &other, None, of, None).unwrap();
    assert!(matches!(world.settle()[..], [Event::Begun { .. }]), "another owner has room");
}

/// A stream that has ended and that the log has no room for any more, while a reader has yet to get
/// its rest: where that is.
fn forgotten_while_read() -> (World, Position) {
    let log = LogConfig { owner_streams: 1, ..LogConfig::default() };
    let mut world = World::with(StreamsConfig { held_bytes: 1, ..StreamsConfig::default() }, log);
    world.running("q-1", 1);
    let by = world.claim("q-1").0;
    world.outrun_a_reader(by);
    let by = world.running("q-2", 1);
    world.finish("q-2", by);
    world.settle();
    world.said(2);
    let at = world.had(2, "q-1").at;
    world.readers.get_mut(&reader(2)).unwrap().confirmed("q-1");
    (world, at)
}

#[test]
fn a_stream_that_has_made_room_begins_again_though_somebody_reads_it_still() {
    let (mut world, at) = forgotten_while_read();
    assert!(matches!(world.begin("q-1", Some(1))[..], [Event::Begun { .. }]));
    let (by, offset) = world.claim("q-1");
    assert_eq!((by.number(), offset), (1, 0));
    world.append("q-1", by, "40 liters");
    world.pass(40);
    assert_eq!(world.streams.read(world.now, reader(2), &key("q-1"), at), Ok(()));
    world.deliver();
    assert_eq!(world.said(2), ["q-1 unknown from 0 at 0"]);
    assert_eq!(world.had(1, "q-1").text(), "40 liters");
    world.finish("q-1", by);
    world.deliver();
    assert!(world.had(1, "q-1").ended.is_some());
}

#[test]
fn a_stream_that_begins_again_elsewhere_is_not_the_one_that_is_read_here() {
    let (mut world, at) = forgotten_while_read();
    let mut elsewhere = Streams::new(StreamsConfig::default(), world.log.epoch());
    let of = Position::new(Epoch::from_bits(8), 1);
    elsewhere.begin(world.now, &key("q-1"), None, of, None).unwrap();
    elsewhere.settle(world.now, &mut world.log);
    assert_eq!(world.streams.read(world.now, reader(2), &key("q-1"), at), Ok(()));
    // Each answer of the log is known before the next question.
    for _ in 0..4 {
        let Some(request) = world.streams.poll_log() else { break };
        let answer = world.log.handle_request(world.now, &request);
        world.streams.handle_log(world.now, answer);
    }
    assert_eq!(world.streams.poll_log(), None, "it is not asked for ever");
    world.deliver();
    let said = world.said(2);
    assert_eq!(said.last().map(String::as_str), Some("q-1 unknown from 0 at 0"));
}

#[test]
fn a_stream_is_kept_for_120_s_after_its_end() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 liters");
    world.finish("q-1", by);
    world.deliver();
    world.pass(119_999);
    world.follow(2, "q-1").unwrap();
    world.deliver();
    assert_eq!(world.had(2, "q-1").text(), "40 liters");
    assert_eq!(world.log.poll_timeout().map(|it| it.at), Some(world.now.mono + MILLI));
    world.pass(1);
    world.log.handle_timeout(world.now);
    assert_eq!((world.log.streams(), world.log.allocated()), (0, 0));
}

const MILLI: core::time::Duration = core::time::Duration::from_millis(1);

#[test]
fn the_log_never_takes_more_than_its_ceiling() {
    let body = format!("\"{}\"", "b".repeat(1_022));
    let config = LogConfig { max_streams: 4, stream_bytes: 16_384, ..LogConfig::default() };
    let ceiling = MemoryLog::ceiling(&config, body.len());
    // Every text is a record at once.
    let streams = StreamsConfig { flush_bytes: 1, ..StreamsConfig::default() };
    let mut world = World::with(streams, config);
    let mut most = 0;
    for round in 0..2 {
        for number in 0..4 {
            let name = format!("{round}-{number}-{}", "n".repeat(120));
            let by = world.running(&name, 1);
            let mut length = 0;
            for step in 0..1_500_u64 {
                let size = if number < 2 { 2 + step * 37 % 20 } else { 1 + step * 97 % 900 };
                // Restarts, which each leave a record.
                if number < 2 && step > 0 {
                    length -= 1;
                    world.streams.restart_from(world.now, &key(&name), by, length).unwrap();
                }
                world.append(&name, by, &"t".repeat(size as usize));
                length += size;
                world.settle();
                most = most.max(world.log.allocated());
                assert!(most <= ceiling, "{most} of {ceiling}");
            }
            let end = End { body: Some(body.as_str().into()), ..End::new(How::Done) };
            world.streams.finish(world.now, &key(&name), by, end).unwrap();
            world.deliver();
            assert!(world.log.allocated() <= ceiling);
        }
    }
    assert!(most > ceiling / 4, "{most} of {ceiling}: it says something");
    // What `docs/configuration.md` says of it.
    let of = |max_streams| {
        let config = LogConfig { max_streams, ..LogConfig::default() };
        MemoryLog::ceiling(&config, 64 * 1024) - config.total_bytes
    };
    let each = (of(16_384) - of(8_192)) / 8_192;
    assert!(each <= 26_000, "{each}");
}

#[test]
fn beyond_the_bound_of_all_texts_the_ended_go_before_what_grows() {
    // Readers get what the log has.
    let streams = StreamsConfig { flush_bytes: 1, held_bytes: 0, ..StreamsConfig::default() };
    let config = LogConfig { total_bytes: 65_536, ..LogConfig::default() };
    let mut world = World::with(streams, config);
    for name in ["first", "second"] {
        let by = world.running(name, 1);
        world.append(name, by, &"t".repeat(16_384));
        world.settle();
        world.streams.finish(world.now, &key(name), by, End::new(How::Done)).unwrap();
        world.deliver();
    }
    // Two that run want 48 KiB each, and may have 64 KiB with all others.
    let running = ["third", "fourth"].map(|name| (name, world.running(name, 1)));
    let mut kept = Vec::new();
    for _ in 0..3 {
        for (name, by) in running {
            world.append(name, by, &"t".repeat(16_384));
            world.settle();
            kept.push(world.log.streams());
            let most = MemoryLog::ceiling(&LogConfig { max_streams: 4, ..config }, 0);
            assert!(world.log.allocated() <= most, "{} of {most}", world.log.allocated());
        }
    }
    assert_eq!(kept, [4, 3, 2, 2, 2, 2]);
    for (reader, (name, by)) in (10..).zip(running) {
        world.follow(reader, name).unwrap();
        world.streams.finish(world.now, &key(name), by, End::new(How::Done)).unwrap();
        world.deliver();
        let (first, lost) = if name == "third" { (2, 32_768) } else { (1, 16_384) };
        assert_eq!(
            world.said(reader)[..2],
            [
                format!("{name} gap from {first} at {lost} lost {lost} evicted"),
                format!("{name} piece 3 at {lost} of {}", 49_152 - lost),
            ]
        );
    }
}

#[test]
fn streams_never_take_more_than_their_ceiling() {
    let config = StreamsConfig {
        max_streams: 4,
        stream_readers: 3,
        held_bytes: 16_384,
        producer_bytes: 16_384,
        ..StreamsConfig::default()
    };
    let ceiling =
        Streams::ceiling(&config) - Streams::ceiling(&StreamsConfig { max_streams: 0, ..config });
    let mut world = World::with(config, LogConfig::default());
    let mut most = 0;
    let names: Vec<String> = (0..4).map(|number| format!("q-{number}")).collect();
    let by: Vec<Generation> = names.iter().map(|name| world.running(name, 1)).collect();
    for name in &names {
        for number in 1..=3 {
            world.follow(number, name).unwrap();
            world.readers.get_mut(&reader(number)).unwrap().is_slow = true;
        }
    }
    for round in 0..400 {
        for (name, by) in names.iter().zip(&by) {
            for _ in 0..40 {
                let _ = world.streams.append(world.now, &key(name), *by, &"t".repeat(400));
                most = most.max(world.streams.allocated());
            }
            world.streams.renew(world.now, &key(name), *by).unwrap();
        }
        world.settle();
        if round % 7 == 0 {
            world.deliver();
        }
        most = most.max(world.streams.allocated());
        assert!(most <= ceiling, "{most} of {ceiling}");
    }
    assert!(most > ceiling / 8, "{most} of {ceiling}: it says something");
}

#[test]
fn there_are_no_more_streams_than_there_may_be() {
    let config = StreamsConfig { max_streams: 2, ..StreamsConfig::default() };
    let mut world = World::with(config, LogConfig::default());
    world.running("q-1", 1);
    world.running("q-2", 1);
    let of = Position::new(Epoch::from_bits(9), 1);
    let full = world.streams.begin(world.now, &key("q-3"), None, of, None);
    assert_eq!(full, Err(BeginError::TooMany));
    assert_eq!(world.streams.claim(world.now, &key("q-3")), Err(ClaimError::TooMany));
    assert!(world.follow(2, "q-3").is_err());
    world.streams.cancel(world.now, CancelScope::Stream(&key("q-3")));
    let events = world.settle();
    let [Event::Cancelled { results, .. }] = &events[..] else { panic!("{events:?}") };
    assert_eq!(results[0].code.as_deref(), Some("too_many"));
}
