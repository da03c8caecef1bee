//! The states of a reader at its client: every cell of their table.

use super::*;
use crate::delivery::tables;
use crate::envelope::v1::How;
use crate::time::Wall;

const LOG: Epoch = Epoch::from_bits(0x109e);

fn at(millis: u64) -> Now {
    Now::new(Mono::from_millis(millis), Wall::EPOCH)
}

fn name() -> Name<'static> {
    Name::new("q").expect("a name")
}

fn position(sequence: u64) -> Position {
    Position::new(LOG, sequence)
}

fn piece(sequence: u64, offset: u64) -> Piece<'static> {
    Piece { stream: name(), at: position(sequence), offset, append: "40".into(), restart: false }
}

fn following(answer: Answer, sequence: u64, offset: u64) -> Following<'static> {
    let (stream, from) = (name(), position(sequence));
    let how = (answer == Answer::Ended).then_some(How::Done);
    Following { stream, answer, from, offset, lost: None, reason: None, how }
}

/// A client in a state; where it reads, at sequence 1 and offset 2.
fn reading(state: &str) -> Reading {
    let mut reading = Reading::new(ReadingConfig::default());
    reading.handle_opened(at(0), LOG);
    match state {
        "none" => {}
        "asked for" => reading.ask(&name()).unwrap(),
        "awaited" | "read" => {
            reading.follow(&name(), None).unwrap();
            while reading.poll_message().is_some() {}
            if state == "read" {
                reading.handle_following(at(0), &following(Answer::Pending, 0, 0)).unwrap();
                reading.handle_piece(at(0), &piece(1, 0)).unwrap();
            }
        }
        other => panic!("{other} is no state"),
    }
    reading
}

fn state(reading: &Reading) -> &'static str {
    match reading.streams.iter().find(|it| it.wanted) {
        None => "none",
        Some(followed) if !followed.is_reading() => "awaited",
        Some(followed) if followed.is_to_begin() => "asked for",
        Some(_) => "read",
    }
}

/// Does what a row says: the word with which it was refused, and whether anything came of it.
fn meet(reading: &mut Reading, input: &str) -> (Option<String>, bool) {
    let code = |fault: Fault| fault.code().to_owned();
    let heard = |event: Result<Option<StreamEvent<'_>>, Fault>| match event {
        Ok(event) => (None, event.is_some()),
        Err(fault) => (Some(code(fault)), true),
    };
    let following = |reading: &mut Reading, answer: Answer, sequence, offset| {
        heard(reading.handle_following(at(0), &following(answer, sequence, offset)))
    };
    let here = reading
        .streams
        .first()
        .map_or((0, 0), |it| (it.cursor.received.sequence, it.cursor.offset));
    match input {
        "an `item` asks for it" => {
            let asked = reading.ask(&name());
            (asked.err().map(|_| "refused".to_owned()), true)
        }
        "its `item` is acknowledged" => {
            let asked = reading.streams.iter().any(|it| it.asked);
            reading.settle(at(0), "q", Asked::Received);
            (None, asked)
        }
        "its `item` is rejected" => {
            let asked = reading.streams.iter().any(|it| it.asked);
            reading.settle(at(0), "q", Asked::Refused);
            (None, asked)
        }
        "the host follows it" => {
            let followed = reading.follow(&name(), None);
            (followed.err().map(|_| "refused".to_owned()), true)
        }
        "the host follows it no more" => (None, reading.unfollow("q")),
        "`following`, `resumed`" => following(reading, Answer::Resumed, here.0, here.1),
        "`following`, `resumed` beyond it" => {
            following(reading, Answer::Resumed, here.0 + 1, here.1 + 1)
        }
        "`following`, `pending`" => following(reading, Answer::Pending, 0, 0),
        "`following`, `ended`" => following(reading, Answer::Ended, here.0, here.1),
        "`following`, `gap`" => following(reading, Answer::Gap, here.0 + 4, here.1 + 10),
        "`following`, `unknown`" => following(reading, Answer::Unknown, 0, 0),
        "`piece`, the next" => heard(reading.handle_piece(at(0), &piece(here.0 + 1, here.1))),
        "`piece`, once more" => {
            heard(reading.handle_piece(at(0), &piece(here.0.max(1), here.1.saturating_sub(2))))
        }
        "`piece`, beyond the next" => {
            heard(reading.handle_piece(at(0), &piece(here.0 + 2, here.1 + 5)))
        }
        "`end`, where it stands" | "`end`, elsewhere" => {
            let offset = if input.ends_with("elsewhere") { here.1 + 5 } else { here.1 };
            let (stream, at_end) = (name(), position(here.0 + 1));
            let end = End { stream, at: at_end, offset, how: How::Done, code: None, body: None };
            heard(reading.handle_end(&end))
        }
        "another link carries the session" => {
            reading.handle_detached();
            let listed = !reading.open(|_| false).is_empty();
            reading.handle_opened(at(0), LOG);
            (None, listed)
        }
        "20 s" => {
            reading.handle_timeout(at(20_000));
            let mut said = false;
            while let Some(message) = reading.poll_message() {
                said |= matches!(message, Message::Read(_));
            }
            (None, said)
        }
        other => panic!("{other} is no input"),
    }
}

#[test]
fn a_reader_is_as_its_table_says() {
    tables::check("A reader at its client", |input, from| {
        let mut reading = reading(from);
        assert_eq!(state(&reading), from);
        let (refused, any) = meet(&mut reading, input);
        // After a fault the channel is closed.
        let after = if refused.is_some() { from } else { state(&reading) };
        tables::written(from, after, refused.as_deref(), any)
    });
}
