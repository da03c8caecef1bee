//! The states of a stream at its server: every cell of their table.

use super::super::*;
use super::support::{World, key, reader};
use crate::delivery::tables;
use crate::envelope::v1::{Epoch, How, Position};

/// The item that asks for the stream in every state, and another.
const ASKED_BY: u64 = 1;
const ANOTHER: u64 = 2;

fn item(number: u64) -> Position {
    Position::new(Epoch::from_bits(7), number)
}

/// The stream `q` in a state, with a reader.
fn world(state: &str) -> World {
    let mut world = World::new();
    match state {
        "none" => {}
        "cancelled ahead" => {
            world.streams.cancel(world.now, CancelScope::Stream(&key("q")));
        }
        "asked for" => drop(world.begin("q", Some(1))),
        "running" | "ended" => {
            let by = world.running("q", 1);
            world.append("q", by, "40 liters");
            world.pass(40);
            if state == "ended" {
                world.finish("q", by);
            }
        }
        other => panic!("{other} is no state"),
    }
    world.settle();
    world.deliver();
    world
}

/// The state, by what is answered to an append, to a reader and, last, to an item.
fn state(world: &mut World) -> &'static str {
    for generation in 1..4 {
        let generation = Generation::from_number(generation);
        if world.streams.append(world.now, &key("q"), generation, "?").is_ok() {
            return "running";
        }
    }
    world.follow(9, "q").unwrap();
    world.deliver();
    let said = world.said(9);
    match said.first().map(String::as_str) {
        Some(said) if said.starts_with("q pending") => return "asked for",
        Some(said) if said.starts_with("q ended") => return "ended",
        Some(said) if said.starts_with("q unknown") => {}
        other => panic!("{other:?}"),
    }
    match world.streams.begin(world.now, &key("q"), None, item(99), None) {
        Err(BeginError::Cancelled) => "cancelled ahead",
        Ok(()) => "none",
        Err(other) => panic!("{other}"),
    }
}

fn error(why: ProducerError) -> Option<String> {
    Some(if why == ProducerError::Fenced { "fenced" } else { panic!("{why}") }.to_owned())
}

/// Does what a row says: the word with which it was refused.
fn meet(world: &mut World, input: &str) -> Option<String> {
    let (now, key) = (world.now, key("q"));
    let newest = Generation::from_number(1);
    let begin = |world: &mut World, number| {
        let begun = world.streams.begin(now, &key, None, item(number), None);
        if let Err(why) = begun {
            return why.code().map(|code| code.as_str().to_owned());
        }
        let events = world.settle();
        events.into_iter().find_map(|event| match event {
            Event::NotBegun { code, .. } => Some(code.as_str().to_owned()),
            _ => None,
        })
    };
    match input {
        "another `item` names it" => begin(world, ANOTHER),
        "the same `item` again" => begin(world, ASKED_BY),
        "a producer claims it" => {
            let busy = world.streams.claim(now, &key).is_err();
            let events = world.settle();
            let refused = events.iter().any(|event| matches!(event, Event::NotClaimed { .. }));
            (busy || refused).then(|| "not claimed".to_owned())
        }
        "its producer appends" => {
            world.streams.append(now, &key, newest, "more").err().and_then(error)
        }
        "one before it appends" => {
            world.streams.append(now, &key, Generation::NONE, "more").err().and_then(error)
        }
        "its producer goes back" => {
            world.streams.restart_from(now, &key, newest, 0).err().and_then(error)
        }
        "its producer's heartbeat" => world.streams.renew(now, &key, newest).err().and_then(error),
        "its producer ends it" => {
            let end = End::new(How::Done);
            world.streams.finish(now, &key, newest, end).err().and_then(error)
        }
        "`cancel`" => {
            world.streams.cancel(now, CancelScope::Stream(&key));
            let events = world.settle();
            events.into_iter().find_map(|event| match event {
                Event::Cancelled { results, .. } => Some(results[0].outcome.as_str().to_owned()),
                _ => None,
            })
        }
        "`follow`" => {
            world.follow(2, "q").unwrap();
            world.deliver();
            world.said(2)[0].split(' ').nth(1).map(str::to_owned)
        }
        "its reader's link ends" => {
            world.streams.forget_reader(now, reader(1));
            None
        }
        "30 s" | "60 s" | "120 s" => {
            let seconds: u64 = input.trim_end_matches(" s").parse().unwrap();
            world.pass(seconds * 1_000);
            None
        }
        "the log has lost it" => {
            world.log = MemoryLog::new(LogConfig::default(), Epoch::from_bits(0x2222));
            world.pass(30_000);
            None
        }
        other => panic!("{other} is no input"),
    }
}

#[test]
fn a_stream_is_as_its_table_says() {
    tables::check("A stream at its server", |input, from| {
        let mut world = world(from);
        let refused = meet(&mut world, input);
        world.settle();
        world.deliver();
        tables::written(from, state(&mut world), refused.as_deref(), true)
    });
    for from in ["none", "cancelled ahead", "asked for", "running", "ended"] {
        assert_eq!(state(&mut world(from)), from);
    }
}
