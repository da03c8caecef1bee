//! What several readers are told is written once, and each is told what is its own.

use super::super::*;
use super::support::{World, reader};
use crate::delivery::stream::turns::Taken;
use crate::envelope::v1::Channel;

/// All that readers of two streams are sent next, as it is written for them and as each would be lent
/// it: each of the readers in turn, or one after the other.
fn messages(world: &mut World, readers: &[u64], in_turn: bool) -> (Vec<String>, Vec<String>) {
    let mut lending = world.streams.clone();
    let channel = |number: u64| Channel(u16::from(number > 3));
    let turns: Vec<u64> = if in_turn {
        readers.iter().chain(readers).copied().collect()
    } else {
        readers.iter().flat_map(|number| [*number; 2]).collect()
    };
    let (mut written, mut lent) = (Vec::new(), Vec::new());
    for number in turns {
        let mut text = String::new();
        let streams = &mut world.streams;
        let taken = streams.write_message(world.now, reader(number), channel(number), &mut text);
        assert_eq!(taken == Taken::Nothing, text.is_empty());
        written.push(text);
        let mut text = String::new();
        if let Some(message) = lending.poll_message(world.now, reader(number)) {
            message.write(channel(number), &mut text);
        }
        lent.push(text);
    }
    (written, lent)
}

#[test]
fn what_is_written_once_is_what_each_would_be_lent() {
    // Text goes on at once.
    let streams = StreamsConfig { flush_bytes: 1, ..StreamsConfig::default() };
    let mut world = World::with(streams, LogConfig::default());
    let readers = [1, 2, 3, 4, 5];
    let names = ["q-1", "q-2"];
    let by = names.map(|name| world.running(name, 1));
    for number in 2..=5 {
        for name in names {
            world.follow(number, name).unwrap();
        }
    }
    world.deliver();
    let texts = [("40", "40"), (" liters", " gallon"), ("\n", "\"")].into_iter().cycle().take(6);
    for (number, (first, second)) in texts.enumerate() {
        // One of them lags, and is told more at once.
        for readers in [&readers[..4], &readers[..]] {
            world.append("q-1", by[0], first);
            world.append("q-2", by[1], second);
            world.settle();
            let (written, lent) = messages(&mut world, readers, number < 3);
            assert!(written.iter().any(|text| text.contains("piece")));
            assert_eq!(written, lent);
        }
    }
    world.streams.restart_from(world.now, &super::support::key("q-1"), by[0], 2).unwrap();
    world.append("q-1", by[0], "0 liters");
    world.settle();
    let (written, lent) = messages(&mut world, &readers, true);
    assert!(written.iter().any(|text| text.contains("restart")));
    assert_eq!(written, lent);
}

#[test]
fn of_a_text_that_is_taken_nothing_is_held() {
    let mut world = World::new();
    let by = world.running("q-1", 1);
    world.follow(2, "q-1").unwrap();
    world.deliver();
    let mut held = Vec::new();
    for _ in 0..8 {
        world.append("q-1", by, &"t".repeat(1_000));
        world.settle();
        world.deliver();
        held.push(world.streams.allocated());
    }
    assert!(held.iter().all(|bytes| *bytes < held[0] + 1_000), "{held:?}");
}
