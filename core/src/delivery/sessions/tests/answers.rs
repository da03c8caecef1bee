//! Answers that stream through cuts, to several devices, and are cancelled.

use super::world::{World, key};
use crate::delivery::{LinkNumber, SendOptions, Target};
use crate::envelope::Envelope;
use crate::envelope::v1::{self, Name};

#[test]
fn an_answer_that_is_cut_in_the_middle_goes_on_at_the_same_offset() {
    let mut world = World::new();
    let ann = world.begun("ann");
    world.devices[ann].heard();
    world.ask(ann, "q");
    world.settle();
    assert_eq!(world.items.len(), 1);
    world.claim("ann", "q");
    world.append("ann", "q", "40 liters");
    assert_eq!(world.devices[ann].texts["q"], "40 liters");

    world.cut(ann);
    world.append("ann", "q", " since ");
    world.connect(ann);
    world.devices[ann].received();
    world.settle();
    assert_eq!(
        world.devices[ann].received(),
        ["opened", "caught_up", "following", "piece", "caught_up"]
    );
    world.append("ann", "q", "Monday");
    world.finish("ann", "q");
    world.settle();
    assert_eq!(world.devices[ann].texts["q"], "40 liters since Monday");
    assert_eq!(world.items.len(), 1, "resuming starts no work");
    let heard = world.devices[ann].heard();
    let of_stream: Vec<&str> =
        heard.iter().filter(|line| line.starts_with("q ")).map(String::as_str).collect();
    assert_eq!(
        of_stream,
        [
            "q 0 40 liters",
            "q resumed at 9",
            "q 9  since ",
            "q caught up at 16",
            "q 16 Monday",
            "q done at 22"
        ]
    );
}

#[test]
fn an_item_that_is_cut_off_begins_its_stream_once() {
    let mut world = World::new();
    let ann = world.begun("ann");
    // It is on its way when the link breaks.
    world.ask(ann, "q");
    world.devices[ann].say();
    world.cut(ann);
    assert_eq!(world.items.len(), 0);
    world.devices[ann].heard();
    world.connect(ann);
    world.settle();
    assert_eq!(world.items.len(), 1);
    // What came of it is under way when the next breaks.
    world.claim("ann", "q");
    world.append("ann", "q", "40 ");
    world.cut(ann);
    world.append("ann", "q", "liters");
    world.connect(ann);
    world.settle();
    assert_eq!(world.devices[ann].texts["q"], "40 liters");
    assert_eq!(world.items.len(), 1);
    world.pass(2_000);
    let heard = world.devices[ann].heard();
    assert_eq!(heard.iter().filter(|line| *line == "acknowledged").count(), 1, "{heard:?}");
}

#[test]
fn a_second_device_reads_along() {
    let mut world = World::new();
    let (phone, desk) = (world.begun("ann"), world.begun("ann"));
    world.ask(phone, "q");
    world.settle();
    world.claim("ann", "q");
    world.append("ann", "q", "40 ");
    let (now, name) = (world.now(), Name::new("q").unwrap());
    world.devices[desk].session.follow(now, &name, None).unwrap();
    world.settle();
    world.append("ann", "q", "liters");
    // What one does not take holds up nobody.
    world.cut(phone);
    world.append("ann", "q", " since Monday");
    assert_eq!(world.devices[desk].texts["q"], "40 liters since Monday");
    world.finish("ann", "q");
    world.settle();
    assert!(world.devices[desk].heard().contains(&"q done at 22".to_owned()));
    world.connect(phone);
    world.settle();
    assert_eq!(world.devices[phone].texts["q"], "40 liters since Monday");
    assert!(world.devices[phone].heard().contains(&"q done at 22".to_owned()));

    // Another user has no such stream.
    let bob = world.begun("bob");
    world.devices[bob].heard();
    world.devices[bob].session.follow(now, &name, None).unwrap();
    world.settle();
    assert_eq!(world.devices[bob].heard(), ["q unknown at 0"]);
}

#[test]
fn a_name_is_used_once() {
    let mut world = World::new();
    let (phone, desk) = (world.begun("ann"), world.begun("ann"));
    world.ask(phone, "q");
    world.settle();
    world.devices[desk].heard();
    world.ask(desk, "q");
    world.settle();
    assert_eq!(world.devices[desk].heard(), ["rejected stream_exists"]);
    assert_eq!(world.devices[desk].session.followed().count(), 0);
    assert_eq!(world.items.len(), 1);
    world.claim("ann", "q");
    world.append("ann", "q", "40 liters");
    assert!(!world.devices[desk].texts.contains_key("q"));
}

#[test]
fn a_long_answer_flows_as_it_is_confirmed() {
    let mut world = World::new();
    let ann = world.begun("ann");
    world.ask(ann, "q");
    world.settle();
    world.claim("ann", "q");
    let part = "40 liters since Monday, ".repeat(500);
    for _ in 0..15 {
        world.append("ann", "q", &part);
        world.settle();
    }
    assert_eq!(world.devices[ann].texts["q"], part.repeat(15));
    // A device that was away is told the rest, as far as it is kept.
    world.cut(ann);
    for _ in 0..5 {
        world.append("ann", "q", &part);
    }
    world.connect(ann);
    world.settle();
    assert_eq!(world.devices[ann].texts["q"], part.repeat(20));
    // Of a reader that is silent nothing is heard for so long that it is none.
    world.pass(300_000);
    assert!(!world.heard.iter().any(|line| line.contains("ReaderLapsed")), "{:?}", world.heard);
}

/// What a device hears that cancels a stream, and what becomes of that at the server.
fn cancelled(world: &mut World, device: usize, stream: &'static str) -> Vec<String> {
    world.devices[device].heard();
    world.cancel(device, stream);
    world.settle();
    let heard = world.devices[device].heard();
    heard.into_iter().filter(|line| line.starts_with("result") || line.starts_with("q ")).collect()
}

#[test]
fn a_cancel_before_the_first_token_ends_the_stream() {
    let mut world = World::new();
    let ann = world.begun("ann");
    world.ask(ann, "q");
    world.settle();
    assert_eq!(cancelled(&mut world, ann, "q"), ["result q cancelled 0", "q cancelled at 0"]);
    assert_eq!(cancelled(&mut world, ann, "q"), ["result q ended 0 cancelled"]);
}

#[test]
fn a_cancel_in_the_middle_stops_the_producer() {
    let mut world = World::new();
    let ann = world.begun("ann");
    world.ask(ann, "q");
    world.settle();
    world.claim("ann", "q");
    world.append("ann", "q", "40 liters");
    assert_eq!(cancelled(&mut world, ann, "q"), ["result q cancelled 9", "q cancelled at 9"]);
    assert!(world.heard.iter().any(|line| line.starts_with("fenced q")), "{:?}", world.heard);
    let (now, by) = (world.now(), world.producers["q"]);
    assert!(world.sessions.streams().append(now, &key("ann", "q"), by, "more").is_err());
    assert_eq!(cancelled(&mut world, ann, "q"), ["result q ended 9 cancelled"]);
}

#[test]
fn a_cancel_after_the_end_comes_too_late() {
    let mut world = World::new();
    let ann = world.begun("ann");
    world.ask(ann, "q");
    world.settle();
    world.claim("ann", "q");
    world.append("ann", "q", "40 liters");
    world.finish("ann", "q");
    world.settle();
    for _ in 0..2 {
        assert_eq!(cancelled(&mut world, ann, "q"), ["result q ended 9 done"]);
    }
}

#[test]
fn a_cancel_ahead_of_its_stream_is_kept() {
    let mut world = World::new();
    let ann = world.begun("ann");
    assert_eq!(cancelled(&mut world, ann, "q"), ["result q unknown"]);
    world.ask(ann, "q");
    world.settle();
    assert_eq!(world.devices[ann].heard(), ["rejected cancelled"]);
    assert!(world.items.is_empty());
}

#[test]
fn a_cancel_survives_a_cut_and_is_answered_once() {
    let mut world = World::new();
    let ann = world.begun("ann");
    world.ask(ann, "q");
    world.settle();
    world.claim("ann", "q");
    world.append("ann", "q", "40 liters");
    world.devices[ann].heard();
    // On its way there, and then its result on its way back.
    world.cancel(ann, "q");
    world.devices[ann].say();
    world.cut(ann);
    world.connect(ann);
    while world.carry_to_server() && !world.heard.iter().any(|line| line.starts_with("fenced")) {
        world.carry_to_clients();
    }
    assert!(!world.said().is_empty());
    world.cut(ann);
    world.connect(ann);
    world.settle();
    let heard = world.devices[ann].heard();
    let results: Vec<&String> = heard.iter().filter(|it| it.starts_with("result")).collect();
    assert_eq!(results, ["result q cancelled 9"]);
    assert_eq!(heard.iter().filter(|it| *it == "q cancelled at 9").count(), 1);
}

#[test]
fn a_cancel_of_everything_names_what_was_running() {
    let mut world = World::new();
    let ann = world.begun("ann");
    for stream in ["q", "r", "s"] {
        world.ask(ann, stream);
    }
    world.settle();
    for stream in ["q", "s"] {
        world.claim("ann", stream);
    }
    world.finish("ann", "s");
    world.settle();
    world.devices[ann].heard();
    let now = world.now();
    world.devices[ann].session.cancel(now, Target::All).unwrap();
    world.settle();
    let heard = world.devices[ann].heard();
    let results: Vec<&String> = heard.iter().filter(|it| it.starts_with("result")).collect();
    assert_eq!(results, ["result q cancelled 0 r cancelled 0"]);
}

#[test]
fn an_item_is_not_acknowledged_before_the_log_has_its_stream() {
    let mut world = World::new();
    let link = LinkNumber(1 << 40);
    let open = r#"{"type":"open","sent":["c1a5e00000000001",0]}"#;
    world.hand_over(link, "ann", open);
    assert_eq!(world.said().len(), 1);
    let item = r#"{"type":"item","at":["c1a5e00000000001",1],"stream":"q","body":1}"#;
    let envelope = Envelope::parse(item, v1::DEPTH).unwrap();
    world.sessions.handle_envelope(world.now(), link, "ann", &envelope);
    assert!(world.sessions.poll_event().is_none());
    // The log takes longer than an acknowledgement may, and something is to be said meanwhile.
    let session = world.sessions.of_user("ann").next().unwrap();
    world.sessions.send(world.now(), session, "1", SendOptions::default()).unwrap();
    world.millis = 5_000;
    world.sessions.handle_timeout(world.now());
    assert_eq!(world.said(), []);
    world.serve();
    assert_eq!(world.items.len(), 1);
    assert!(world.said()[0].1.contains(r#""received":["c1a5e00000000001",1]"#));
}

#[test]
fn a_device_without_a_link_is_no_reader() {
    let mut world = World::new();
    let ann = world.begun("ann");
    world.ask(ann, "q");
    world.settle();
    world.claim("ann", "q");
    world.finish("ann", "q");
    assert!(!world.sessions.streams().discard(&key("ann", "q")));
    world.cut(ann);
    assert!(world.sessions.streams().discard(&key("ann", "q")));
}
