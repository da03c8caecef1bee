//! What clients do in a day, well or badly.

use std::time::Duration;

use pamlink::client::ClientConfig;
use pamlink::hub::HubConfig;
use pamlink::limits::{Rate, RateClass};
use pamlink::link::{Endpoint, Overflow, Token};

use crate::scripted::Scripted;
use crate::world::World;

/// A day in the life of a good client on a bad network.
pub(crate) fn a_day() -> World {
    let mut world = World::new(config());
    let ann = world.connect("ann", "ann", ClientConfig::default());
    for text in ["one", "two", "three"] {
        world.ask(ann, text);
        world.reply();
    }
    for _ in 0..2 {
        world.send(ann, r#"{"type":"chat","id":"own","message":"log 40 for fuel"}"#);
    }
    world.reply();
    world.send(ann, r#"{"type":"telepathy","id":"of the future"}"#);
    let _ = world.hub.push(world.now, "nobody", r#"{"type":"note"}"#).unwrap();
    world.apps[ann].client.wake(world.now);
    world.settle();
    world.pass(Duration::from_secs(25));
    world.apps[ann].client.provide_token(world.now, Token::new("ann")).unwrap();
    world.settle();
    world.cut(ann);
    world.pass(Duration::from_secs(3));
    assert!(world.apps[ann].client.is_welcomed());
    world
}

/// The same day, and a session.
pub(crate) fn a_day_in_both_dialects() -> World {
    let mut world = a_day();
    a_session(&mut world);
    world
}

/// Everybody does something wrong, or finds no room.
pub(crate) fn a_bad_day() -> World {
    let mut config = config();
    config.max_links = 2;
    config.rates.max_users = 1;
    config.rates = config.rates.with(RateClass::Message, Rate::new(2, Duration::from_secs(60)));
    config.link.outbox.max_bytes = 1_000;
    config.link.outbox.overflow = Overflow::Reject;
    let mut world = World::new(config);
    let liar = world.hub.accept(world.now).unwrap();
    world.hub.handle_bytes(world.now, liar, b"garbage\r\n\r\n").unwrap();
    world.settle();
    let ann = world.connect("ann", "ann", ClientConfig::default());
    world.connect("ben", "bob", ClientConfig::default());
    world.connect("eve", "eve", ClientConfig::default());
    for text in ["one", "two", "three"] {
        world.ask(ann, text);
    }
    let (_, _) = (world.hub.accept(world.now), world.hub.accept(world.now));
    let note = format!(r#"{{"type":"note","a":"{}"}}"#, "x".repeat(400));
    for _ in 0..4 {
        let _ = world.hub.push(world.now, "ann", &note).unwrap();
    }
    world.settle();
    // Of a type for which the server states no limit.
    let large = format!(r#"{{"type":"blob","id":"q","a":"{}"}}"#, "x".repeat(140_000));
    for _ in 0..6 {
        let _ = world.apps[ann].client.send(world.now, &large);
        world.settle();
    }
    world.pass(Duration::from_secs(60));
    world
}

/// Links are cut when nothing was said over them for 6 s.
pub(crate) fn a_day_on_a_quiet_way() -> World {
    let mut world = World::new(config());
    let mut client = ClientConfig::default();
    client.link.proven = Duration::from_secs(1);
    let ann = world.connect("ann", "ann", client);
    // In between the hub pings by itself, and then the way is not quiet for so long.
    for _ in 0..12 {
        world.send(ann, r#"{"type":"ping"}"#);
        world.pass(Duration::from_secs(6));
        world.cut(ann);
        world.pass(Duration::from_secs(3));
    }
    world
}

/// A link is to move to another one.
pub(crate) fn a_day_with_a_planned_change() -> World {
    let mut world = World::new(config());
    let mut client = ClientConfig::default();
    client.two_links = true;
    let endpoint = Endpoint::v1("ws://hub.test", "ann").unwrap();
    let ann = world.connect_to(endpoint, "ann", client);
    assert_eq!(world.hub.rotate_user(world.now, "ann", Duration::from_secs(10)), 1);
    world.pass(Duration::from_secs(10));
    assert!(world.apps[ann].client.is_welcomed());
    world
}

/// A session with an answer that is cancelled, over three links, of which the client forgets what it
/// has sent over the first.
fn a_session(world: &mut World) {
    let mut first = Scripted::welcomed(world);
    let opened = first.say(world, r#"{"type":"open","sent":["c1a5e00000000001",0]}"#);
    let (_, rest) = opened.split_once(r#""session":""#).unwrap();
    let session = &rest[..32];
    let (_, rest) = opened.split_once(r#""from":"#).unwrap();
    let from = &rest[..22];
    let item = r#"{"type":"chat","id":"s","message":"log 40 for fuel"}"#;
    let item =
        format!(r#"{{"type":"item","at":["c1a5e00000000001",1],"stream":"s","body":{item}}}"#);
    first.say(world, &item);
    let cancel = r#"{"type":"cancel","at":["c1a5e00000000001",2],"scope":"all"}"#;
    first.say(world, cancel);
    world.reply();
    world.hub.handle_closed(world.now, first.link);
    let mut second = Scripted::welcomed(world);
    let sent = r#""sent":["c1a5e00000000001",2]"#;
    let open = format!(r#"{{"type":"open","session":"{session}","received":{from},{sent}}}"#);
    let resumed = second.say(world, &open);
    assert!(resumed.contains("cancel_result"), "it is sent again: {resumed}");
    let anew = r#"{"type":"continue","from":["c1a5e00000000002",0],"reason":"ahead"}"#;
    second.say(world, anew);
    world.hub.handle_closed(world.now, second.link);
    world.settle();
}

fn config() -> HubConfig {
    let mut config = HubConfig::default();
    config.window.max_entries = 2;
    config
}
