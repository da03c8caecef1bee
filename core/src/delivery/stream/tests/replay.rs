//! Readers that come, leave and come back: what others lost, repeated or disordered there.

use super::super::*;
use super::support::{World, key, reader};
use crate::envelope::v1::{Epoch, Position};

/// A stream with text of which its reader has a part.
fn half_read() -> (World, Generation) {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 liters");
    world.pass(40);
    world.deliver();
    world.leave(1);
    for text in [" since", " Mon", "day"] {
        world.append("q-1", by, text);
        world.pass(40);
    }
    world.said(1);
    (world, by)
}

#[test]
fn a_stream_goes_from_its_producer_to_its_reader() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 ");
    world.append("q-1", by, "liters");
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "", "it waits for more");
    world.pass(40);
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "40 liters");
    world.append("q-1", by, " since Monday");
    world.finish("q-1", by);
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "40 liters since Monday");
    let said = ["q-1 piece 1 at 0 of 9", "q-1 piece 2 at 9 of 13", "q-1 end 3 at 22: done"];
    assert_eq!(world.said(1), said);
    assert!(world.streams.is_empty(), "nothing is left of it here");
}

/// V-7.8.
#[test]
fn a_replay_is_one_compact_piece_then_caught_up_then_what_is_new() {
    let (mut world, by) = half_read();
    world.follow(1, "q-1").unwrap();
    world.settle();
    // What comes meanwhile does not overtake it.
    world.append("q-1", by, " at noon");
    world.pass(40);
    world.deliver();
    assert_eq!(
        world.said(1),
        [
            "q-1 resumed from 1 at 9",
            "q-1 piece 4 at 9 of 13",
            "q-1 caught up at 4",
            "q-1 piece 5 at 22 of 8",
        ],
    );
    assert_eq!(world.had(1, "q-1").text(), "40 liters since Monday at noon");
}

#[test]
fn catching_up_is_not_skipped_because_a_producer_is_at_work() {
    let (mut world, by) = half_read();
    world.append("q-1", by, " at");
    world.follow(1, "q-1").unwrap();
    world.append("q-1", by, " noon");
    world.pass(40);
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "40 liters since Monday at noon");
    assert!(world.said(1).contains(&"q-1 caught up at 4".to_owned()));
}

#[test]
fn a_second_replay_goes_on_from_the_first() {
    let (mut world, _) = half_read();
    for _ in 0..2 {
        world.follow(1, "q-1").unwrap();
        world.deliver();
        world.leave(1);
    }
    let said = world.said(1);
    assert_eq!(said.iter().filter(|said| said.contains("piece")).count(), 1, "{said:?}");
    assert!(said.contains(&"q-1 resumed from 4 at 22".to_owned()), "{said:?}");
}

#[test]
fn a_reader_that_received_nothing_resumes_too() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.leave(1);
    world.append("q-1", by, "40 liters");
    world.pass(40);
    world.follow(1, "q-1").unwrap();
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "40 liters");
    assert_eq!(world.had(1, "q-1").gaps, 0);
}

#[test]
fn a_stream_that_is_asked_for_is_pending_and_not_absent() {
    let mut world = World::new();
    world.begin("q-1", None);
    world.follow(2, "q-1").unwrap();
    world.deliver();
    assert_eq!(world.said(2), ["q-1 pending from 0 at 0", "q-1 caught up at 0"]);
    let (by, _) = world.claim("q-1");
    world.append("q-1", by, "40 liters");
    world.finish("q-1", by);
    world.deliver();
    assert_eq!(world.said(2), ["q-1 piece 1 at 0 of 9", "q-1 end 2 at 9: done"]);
}

#[test]
fn following_never_starts_work() {
    let mut world = World::new();
    world.follow(1, "q-1").unwrap();
    world.deliver();
    assert_eq!(world.said(1), ["q-1 unknown from 0 at 0"]);
    let by = world.running("q-2", 2);
    world.finish("q-2", by);
    world.deliver();
    world.pass(120_000);
    world.follow(2, "q-2").unwrap();
    let events = world.settle();
    world.deliver();
    assert_eq!(events, [], "also after everything was forgotten");
    assert!(world.said(2).contains(&"q-2 unknown from 0 at 0".to_owned()));
    assert!(world.streams.is_empty());
}

#[test]
fn what_comes_between_the_cut_and_the_return_is_not_lost() {
    let (mut world, by) = half_read();
    world.finish("q-1", by);
    world.settle();
    world.follow(1, "q-1").unwrap();
    world.deliver();
    assert_eq!(
        world.said(1),
        ["q-1 ended from 1 at 9", "q-1 piece 4 at 9 of 13", "q-1 end 5 at 22: done"],
    );
    assert_eq!(world.had(1, "q-1").text(), "40 liters since Monday");
}

#[test]
fn the_end_is_there_for_whoever_has_all_the_text() {
    let (mut world, by) = half_read();
    world.follow(1, "q-1").unwrap();
    world.deliver();
    world.leave(1);
    world.finish("q-1", by);
    world.settle();
    world.said(1);
    world.follow(1, "q-1").unwrap();
    world.deliver();
    assert_eq!(world.said(1), ["q-1 ended from 4 at 22", "q-1 end 5 at 22: done"]);
}

#[test]
fn a_position_of_another_epoch_is_a_gap_and_never_another_streams_text() {
    let (mut world, _) = half_read();
    let had = world.readers.get_mut(&reader(1)).unwrap().has.get_mut("q-1").unwrap();
    had.at = Position::new(Epoch::from_bits(0xbad), 2);
    world.follow(1, "q-1").unwrap();
    world.deliver();
    let said = world.said(1);
    assert_eq!(said[0], "q-1 gap from 0 at 0 lost 0 foreign_epoch");
    assert_eq!(world.had(1, "q-1").text(), "40 liters since Monday");
}

#[test]
fn a_position_that_was_never_given_is_a_gap() {
    let (mut world, _) = half_read();
    let had = world.readers.get_mut(&reader(1)).unwrap().has.get_mut("q-1").unwrap();
    had.at.sequence = 5;
    world.follow(1, "q-1").unwrap();
    world.deliver();
    assert_eq!(world.said(1)[0], "q-1 gap from 0 at 0 lost 0 ahead");
    assert_eq!(world.had(1, "q-1").text(), "40 liters since Monday");
}

#[test]
fn what_was_given_up_is_a_gap_and_not_an_end() {
    let config = LogConfig { stream_bytes: 16 * 1024, ..LogConfig::default() };
    let mut world = World::with(StreamsConfig::default(), config);
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 liters");
    world.pass(40);
    world.deliver();
    world.leave(1);
    for _ in 0..8 {
        world.append("q-1", by, &"a".repeat(4 * 1024));
        world.settle();
    }
    world.follow(1, "q-1").unwrap();
    world.deliver();
    let said = world.said(1);
    assert_eq!(said[1], "q-1 gap from 5 at 16393 lost 16384 evicted");
    let had = world.had(1, "q-1");
    assert!(had.text.starts_with(b"40 liters\0") && had.text.ends_with(b"aaa"));
    assert_eq!((had.text.len(), had.gaps), (9 + 8 * 4 * 1024, 1));
}

#[test]
fn a_restart_that_a_reader_missed_voids_what_it_has() {
    let (mut world, by) = half_read();
    world.streams.restart_from(world.now, &key("q-1"), by, 3).unwrap();
    world.append("q-1", by, "gallons");
    world.pass(40);
    world.follow(1, "q-1").unwrap();
    world.deliver();
    assert_eq!(
        world.said(1),
        ["q-1 resumed from 1 at 9", "q-1 piece 5 at 3 of 7", "q-1 caught up at 5"],
    );
    assert_eq!(world.had(1, "q-1").text(), "40 gallons");
}

#[test]
fn a_large_text_comes_in_pieces_within_the_bound() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.leave(1);
    for _ in 0..6 {
        world.append("q-1", by, &"€".repeat(10_000));
        world.settle();
    }
    world.follow(1, "q-1").unwrap();
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "€".repeat(60_000));
    let said = world.said(1);
    let pieces = said.iter().filter(|said| said.contains("piece")).count();
    assert!((3..=5).contains(&pieces), "as few as the bound allows: {said:?}");
    assert_eq!(said.last().map(String::as_str), Some("q-1 caught up at 12"));
}

#[test]
fn what_comes_during_a_long_replay_is_behind_its_end() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.leave(1);
    for _ in 0..9 {
        world.append("q-1", by, &"a".repeat(10_000));
        world.settle();
    }
    world.follow(1, "q-1").unwrap();
    world.deliver_some(2);
    assert_eq!(world.said(1), ["q-1 resumed from 0 at 0", "q-1 piece 6 at 0 of 60000"]);
    world.append("q-1", by, "40 liters");
    world.pass(40);
    // It was named, and is still taking.
    world.deliver_some(9);
    assert_eq!(
        world.said(1),
        [
            "q-1 piece 7 at 60000 of 10000",
            "q-1 piece 9 at 70000 of 20000",
            "q-1 caught up at 9",
            "q-1 piece 10 at 90000 of 9",
        ],
    );
}

#[test]
fn a_reader_of_which_nothing_is_heard_for_60_s_is_none_any_more() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    let is_lapse = |event: &Event| matches!(event, Event::ReaderLapsed { .. });
    for _ in 0..5 {
        world.pass(20_000);
        let at = world.had(1, "q-1").at;
        world.streams.read(world.now, reader(1), &key("q-1"), at).unwrap();
        world.streams.renew(world.now, &key("q-1"), by).unwrap();
    }
    assert!(!world.pass(29_999).iter().any(is_lapse));
    world.streams.renew(world.now, &key("q-1"), by).unwrap();
    assert!(!world.pass(29_999).iter().any(is_lapse));
    world.streams.renew(world.now, &key("q-1"), by).unwrap();
    let lapsed = world.pass(2);
    assert_eq!(lapsed, [Event::ReaderLapsed { key: key("q-1"), reader: reader(1) }]);
    world.append("q-1", by, "40 liters");
    world.pass(40);
    assert_eq!(world.streams.poll_ready(), None);
    world.follow(1, "q-1").unwrap();
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "40 liters", "until it follows again");
}

#[test]
fn readers_on_another_server_find_the_stream_in_the_log() {
    let (mut world, by) = half_read();
    world.finish("q-1", by);
    world.settle();
    // The server is gone, and with it all that it knew.
    world.streams = Streams::new(StreamsConfig::default(), world.log.epoch());
    world.follow(1, "q-1").unwrap();
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "40 liters since Monday");
    assert!(world.had(1, "q-1").ended.is_some());
}

#[test]
fn an_end_elsewhere_reaches_readers_here_when_its_lease_lapses() {
    let (mut world, _) = half_read();
    world.streams = Streams::new(StreamsConfig::default(), world.log.epoch());
    world.follow(1, "q-1").unwrap();
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "40 liters since Monday");
    let at = world.had(1, "q-1").at;
    world.pass(20_000);
    world.streams.read(world.now, reader(1), &key("q-1"), at).unwrap();
    world.pass(10_001);
    world.deliver();
    assert_eq!(world.said(1).last().map(String::as_str), Some("q-1 end 5 at 22: orphaned"));
}

#[test]
fn a_log_that_lost_everything_says_so() {
    let (mut world, by) = half_read();
    world.follow(1, "q-1").unwrap();
    world.deliver();
    world.log = MemoryLog::new(LogConfig::default(), Epoch::from_bits(0x2222));
    world.append("q-1", by, " at noon");
    let events = world.pass(40);
    let why = Fence::Lost;
    assert!(events.contains(&Event::Fenced { key: key("q-1"), generation: by, why }), "{events:?}");
    world.deliver();
    assert_eq!(world.said(1).last().map(String::as_str), Some("q-1 unknown from 0 at 0"));
    assert!(world.streams.is_empty());
    assert_eq!(world.streams.log_epoch(), Epoch::from_bits(0x2222));
}

#[test]
fn a_name_can_be_used_again_once_its_stream_is_discarded() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "40 liters");
    world.finish("q-1", by);
    world.deliver();
    assert!(world.streams.discard(&key("q-1")));
    world.settle();
    assert_eq!(world.log.streams(), 0);
    world.readers.clear();
    let by = world.running("q-1", 1);
    world.append("q-1", by, "50 liters");
    world.finish("q-1", by);
    world.deliver();
    assert_eq!(world.had(1, "q-1").text(), "50 liters");
}

#[test]
fn a_text_is_not_cut_inside_a_character() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    // The bound of a record lies inside one.
    world.append("q-1", by, &format!("a{}", "🦀".repeat(10_000)));
    world.finish("q-1", by);
    world.deliver();
    assert_eq!(world.had(1, "q-1").text().chars().count(), 10_001);
}
