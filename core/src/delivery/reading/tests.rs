//! A client's end of streams, against a stream that is known as a whole.

use core::time::Duration;

use super::*;
use crate::envelope::v1::{How, MAX_NUMBER, Read};
use crate::time::Wall;

const LOG: Epoch = Epoch::from_bits(0x109e);
const OTHER: Epoch = Epoch::from_bits(0x07e5);

fn at(millis: u64) -> Now {
    Now::new(Mono::from_millis(millis), Wall::EPOCH)
}

fn name(text: &str) -> Name<'_> {
    Name::new(text).expect("a name")
}

fn position(sequence: u64) -> Position {
    Position::new(LOG, sequence)
}

fn piece(sequence: u64, offset: u64, text: &str) -> Piece<'_> {
    let at = position(sequence);
    Piece { stream: name("q"), at, offset, append: text.into(), restart: false }
}

fn following(answer: Answer, sequence: u64, offset: u64) -> Following<'static> {
    let (stream, from) = (name("q"), position(sequence));
    Following { stream, answer, from, offset, lost: None, reason: None, how: None }
}

fn end(sequence: u64, offset: u64) -> End<'static> {
    End {
        stream: name("q"),
        at: position(sequence),
        offset,
        how: How::Done,
        code: None,
        body: None,
    }
}

/// A client with an open session, that follows `q` from its beginning and has been answered.
fn reading() -> Reading {
    let mut reading = Reading::new(ReadingConfig::default());
    reading.handle_opened(at(0), LOG);
    reading.follow(&name("q"), None).expect("the first");
    assert!(said(&mut reading).starts_with("follow q 0 0"));
    let answer = following(Answer::Pending, 0, 0);
    reading.handle_following(at(0), &answer).expect("in order").expect("an answer");
    reading
}

/// All that is to be said, as words.
fn said(reading: &mut Reading) -> String {
    let mut said = Vec::new();
    while let Some(message) = reading.poll_message() {
        said.push(match message {
            Message::Follow(Follow { stream, received, offset }) => {
                format!("follow {} {} {offset}", stream.as_str(), received.sequence)
            }
            Message::Read(Read { stream, received }) => {
                format!("read {} {}", stream.as_str(), received.sequence)
            }
            Message::Unfollow(unfollow) => format!("unfollow {}", unfollow.stream.as_str()),
            other => panic!("a client does not say {} of a stream", other.kind()),
        });
    }
    said.join(", ")
}

/// What a piece makes of the text `had`, which the reader has at sequence 5.
fn taken(piece: &Piece<'_>) -> Result<Option<(u64, bool, String)>, Fault> {
    let mut reading = reading();
    let had = "0123456789";
    reading.handle_piece(at(0), &self::piece(5, 0, had))?;
    let event = reading.handle_piece(at(0), piece)?;
    Ok(event.map(|event| match event {
        StreamEvent::Text { offset, restart, text, .. } => (offset, restart, text.to_owned()),
        other => panic!("{other:?}"),
    }))
}

#[test]
fn a_piece_continues_at_the_offset() {
    assert_eq!(taken(&piece(6, 10, "abc")), Ok(Some((10, false, "abc".into()))));
    assert_eq!(taken(&piece(9, 10, "abc")), Ok(Some((10, false, "abc".into()))));
}

#[test]
fn a_repeat_has_no_effect() {
    assert_eq!(taken(&piece(5, 0, "0123456789")), Ok(None));
    assert_eq!(taken(&piece(5, 4, "456789")), Ok(None));
    // Also of a time when the text was longer, and of a restart that was taken.
    assert_eq!(taken(&piece(4, 0, "0123456789abc")), Ok(None));
    assert_eq!(taken(&piece(4, 12, "c")), Ok(None));
    assert_eq!(taken(&Piece { restart: true, ..piece(5, 3, "3456789") }), Ok(None));
    assert_eq!(taken(&Piece { restart: true, ..piece(4, 3, "xyz") }), Ok(None));
}

#[test]
fn another_part_of_one_record_goes_on() {
    assert_eq!(taken(&piece(5, 10, "abc")), Ok(Some((10, false, "abc".into()))));
    assert_eq!(taken(&piece(5, 8, "89abc")), Ok(Some((10, false, "abc".into()))));
    assert_eq!(
        taken(&Piece { restart: true, ..piece(5, 8, "89é") }),
        Ok(Some((10, false, "é".into())))
    );
    assert_eq!(taken(&piece(5, 9, "éa")), Err(Fault::OutOfOrder), "within a character");
}

#[test]
fn a_restart_makes_void_what_is_had_from_there_on() {
    let restart = |sequence, offset| Piece { restart: true, ..piece(sequence, offset, "abc") };
    assert_eq!(taken(&restart(6, 4)), Ok(Some((4, true, "abc".into()))));
    assert_eq!(taken(&restart(6, 0)), Ok(Some((0, true, "abc".into()))));
    assert_eq!(taken(&restart(6, 10)), Ok(Some((10, false, "abc".into()))));
    assert_eq!(taken(&restart(6, 11)), Err(Fault::OutOfOrder));
    // One that overlaps stands in the place of what is had, whatever it is called.
    assert_eq!(taken(&piece(6, 8, "89abc")), Ok(Some((8, true, "89abc".into()))));
    assert_eq!(taken(&piece(6, 2, "ab")), Ok(Some((2, true, "ab".into()))));
}

#[test]
fn a_hole_another_epoch_and_a_number_that_never_was_are_faults() {
    assert_eq!(taken(&piece(6, 11, "abc")), Err(Fault::OutOfOrder));
    assert_eq!(taken(&piece(5, 11, "abc")), Err(Fault::OutOfOrder));
    let foreign = Piece { at: Position::new(OTHER, 6), ..piece(6, 10, "abc") };
    assert_eq!(taken(&foreign), Err(Fault::OutOfOrder));
    assert_eq!(taken(&piece(0, 0, "abc")), Err(Fault::Ahead));
    let mut cursor = Cursor { received: position(5), offset: MAX_NUMBER - 2 };
    assert_eq!(cursor.advance(position(6), MAX_NUMBER - 2, "abc"), Err(Fault::Malformed));
    assert!(cursor.advance(position(6), MAX_NUMBER - 2, "ab").is_ok());
}

#[test]
fn who_has_received_nothing_is_at_the_start_of_every_epoch() {
    let of_other = |piece: Piece<'static>| Piece { at: Position::new(OTHER, 1), ..piece };
    let mut reading = reading();
    assert_eq!(reading.handle_piece(at(0), &of_other(piece(1, 1, "a"))), Err(Fault::OutOfOrder));
    assert!(reading.handle_piece(at(0), &of_other(piece(1, 0, "a"))).unwrap().is_some());
    assert_eq!(reading.handle_piece(at(0), &piece(2, 1, "b")), Err(Fault::OutOfOrder));
    let other = End { at: Position::new(OTHER, 1), ..end(1, 0) };
    assert!(self::reading().handle_end(&other).unwrap().is_some());
}

#[test]
fn a_server_sends_no_more_than_its_reader_has_room_for() {
    let mut reading = reading();
    let text = "x".repeat(32 * 1024);
    reading.handle_piece(at(0), &piece(1, 0, &text)).unwrap();
    reading.handle_piece(at(0), &piece(2, 32 * 1024, &text)).unwrap();
    assert_eq!(said(&mut reading), "read q 2");
    reading.handle_piece(at(0), &piece(3, 64 * 1024, &text)).unwrap();
    reading.handle_piece(at(0), &piece(4, 96 * 1024, &text)).unwrap();
    let beyond = piece(5, 128 * 1024, "x");
    assert_eq!(reading.handle_piece(at(0), &beyond), Err(Fault::TooMany));
}

#[test]
fn what_is_refused_changes_nothing() {
    let mut reading = reading();
    reading.handle_piece(at(0), &piece(5, 0, "0123456789")).unwrap();
    let before: Vec<_> = reading.followed().map(|it| it.1).collect();
    for wrong in [piece(6, 11, "a"), piece(5, 9, "éa"), piece(0, 0, "a")] {
        assert!(reading.handle_piece(at(0), &wrong).is_err());
    }
    for wrong in [end(4, 10), end(6, 9), end(6, 11)] {
        assert_eq!(reading.handle_end(&wrong), Err(Fault::OutOfOrder));
    }
    assert_eq!(before, reading.followed().map(|it| it.1).collect::<Vec<_>>());
}

#[test]
fn after_its_end_a_stream_is_read_and_followed_no_more() {
    let mut reading = reading();
    reading.handle_piece(at(0), &piece(1, 0, "abc")).unwrap();
    let end = end(2, 3);
    let Ok(Some(StreamEvent::Ended { how, offset: 3, .. })) = reading.handle_end(&end) else {
        panic!("it has ended")
    };
    assert_eq!(how, How::Done);
    assert_eq!(reading.handle_piece(at(0), &piece(3, 3, "d")), Ok(None));
    assert_eq!(reading.handle_end(&end), Ok(None));
    assert_eq!(reading.ignored(), 2);
    assert_eq!(said(&mut reading), "read q 2");
    assert_eq!(reading.streams, []);
    assert_eq!(reading.handle_end(&end), Ok(None));
}

#[test]
fn an_end_without_text_counts() {
    let mut reading = reading();
    assert!(matches!(
        reading.handle_end(&end(1, 0)),
        Ok(Some(StreamEvent::Ended { offset: 0, .. }))
    ));
    let mut reading = self::reading();
    assert_eq!(reading.handle_end(&end(0, 0)), Err(Fault::OutOfOrder), "never given");
}

/// What a `following` makes of a reader with `0123456789` at sequence 5: how much stays.
fn answered(following: &Following<'_>) -> Result<Option<(u64, u64)>, Fault> {
    let mut reading = reading();
    reading.handle_piece(at(0), &piece(5, 0, "0123456789"))?;
    reading.handle_detached();
    assert_eq!(reading.open(|_| false).len(), 1);
    reading.handle_opened(at(0), LOG);
    let event = reading.handle_following(at(0), following)?;
    Ok(event.map(|event| match event {
        StreamEvent::Following { stays, offset, .. } => (stays, offset),
        other => panic!("{other:?}"),
    }))
}

#[test]
fn a_following_says_where_it_goes_on() {
    for answer in [Answer::Resumed, Answer::Pending] {
        assert_eq!(answered(&following(answer, 5, 10)), Ok(Some((10, 10))));
        assert_eq!(answered(&following(answer, 3, 7)), Ok(Some((7, 7))));
        assert_eq!(answered(&following(answer, 0, 0)), Ok(Some((0, 0))));
        assert_eq!(answered(&following(answer, 6, 10)), Err(Fault::Ahead));
        assert_eq!(answered(&following(answer, 5, 11)), Err(Fault::Ahead));
        let foreign = Following { from: Position::start(OTHER), ..following(answer, 0, 0) };
        assert_eq!(answered(&foreign), Err(Fault::OutOfOrder));
    }
    let ended = Following { how: Some(How::Failed), ..following(Answer::Ended, 5, 10) };
    assert_eq!(answered(&ended), Ok(Some((10, 10))));
    assert_eq!(answered(&following(Answer::Ended, 5, 10)), Err(Fault::Malformed));
    assert_eq!(answered(&following(Answer::Begun, 5, 10)), Err(Fault::Malformed));
    assert_eq!(answered(&following(Answer::Unknown, 0, 0)), Ok(Some((10, 10))));
}

#[test]
fn a_gap_says_what_stays() {
    let gap =
        |sequence, offset, lost| Following { lost, ..following(Answer::Gap, sequence, offset) };
    // Evicted: 90 bytes between what is had and what follows; or more, since a restart lies there.
    assert_eq!(answered(&gap(9, 100, Some(90))), Ok(Some((10, 100))));
    assert_eq!(answered(&gap(9, 100, Some(96))), Ok(Some((4, 100))));
    assert_eq!(answered(&gap(9, 100, None)), Ok(Some((10, 100))));
    assert_eq!(answered(&gap(9, 100, Some(200))), Ok(Some((0, 100))));
    // Ahead: the log has lost its last records.
    assert_eq!(answered(&gap(2, 4, Some(0))), Ok(Some((4, 4))));
    // Another log.
    let foreign = Following { from: Position::start(OTHER), ..gap(0, 20, None) };
    assert_eq!(answered(&foreign), Ok(Some((0, 20))));
}

#[test]
fn after_a_gap_the_other_log_is_followed() {
    let mut reading = reading();
    reading.handle_piece(at(0), &piece(5, 0, "0123456789")).unwrap();
    // Unasked: what was yet to come has been given up.
    let from = Position::new(OTHER, 3);
    let gap = Following { from, ..following(Answer::Gap, 0, 4) };
    assert!(reading.handle_following(at(0), &gap).unwrap().is_some());
    assert_eq!(reading.handle_piece(at(0), &piece(6, 4, "a")), Err(Fault::OutOfOrder));
    let next = Piece { at: Position::new(OTHER, 4), ..piece(4, 4, "a") };
    assert!(reading.handle_piece(at(0), &next).unwrap().is_some());
    let caught_up = reading.handle_caught_up(&next.stream, next.at);
    assert_eq!(caught_up, Ok(Some(StreamEvent::CaughtUp { stream: "q", offset: 5 })));
    assert_eq!(reading.handle_caught_up(&next.stream, position(9)), Err(Fault::OutOfOrder));
}

#[test]
fn a_stream_that_is_unknown_is_followed_no_more() {
    let mut reading = reading();
    reading.handle_following(at(0), &following(Answer::Unknown, 0, 0)).unwrap().unwrap();
    assert_eq!(said(&mut reading), "");
    assert_eq!(reading.handle_piece(at(0), &piece(1, 0, "a")), Ok(None));
    assert_eq!(reading.open(|_| false).len(), 0);
}

#[test]
fn what_comes_before_the_following_is_of_an_earlier_reader() {
    let mut reading = reading();
    reading.handle_piece(at(0), &piece(5, 0, "0123456789")).unwrap();
    assert!(reading.unfollow("q"));
    assert!(!reading.unfollow("q"));
    assert_eq!(reading.handle_piece(at(0), &piece(6, 10, "a")), Ok(None));
    assert_eq!(said(&mut reading), "unfollow q");
    assert_eq!(reading.streams, []);

    reading.follow(&name("q"), None).unwrap();
    assert_eq!(reading.handle_piece(at(0), &piece(6, 10, "a")), Ok(None), "not said yet");
    assert_eq!(said(&mut reading), "follow q 0 0");
    assert_eq!(reading.handle_piece(at(0), &piece(7, 11, "b")), Ok(None), "not answered yet");
    // Once more before it is answered: the answer that comes first is not its own.
    assert!(reading.unfollow("q"));
    assert_eq!(said(&mut reading), "unfollow q");
    let from = Cursor { received: position(5), offset: 10 };
    reading.follow(&name("q"), Some(from)).unwrap();
    assert_eq!(said(&mut reading), "follow q 5 10");
    let answer = following(Answer::Resumed, 0, 0);
    assert_eq!(reading.handle_following(at(0), &answer), Ok(None));
    assert_eq!(reading.handle_piece(at(0), &piece(8, 0, "c")), Ok(None));
    let answer = following(Answer::Resumed, 5, 10);
    assert!(reading.handle_following(at(0), &answer).unwrap().is_some());
    assert!(reading.handle_piece(at(0), &piece(8, 10, "abc")).unwrap().is_some());
}

#[test]
fn what_is_followed_anew_before_the_open_is_answered_is_said_after_it() {
    let mut reading = reading();
    reading.handle_piece(at(0), &piece(1, 0, "aue")).unwrap();
    reading.handle_detached();
    let listed = reading.open(|_| false);
    assert_eq!(listed[0].offset, 3);
    // The host begins anew with the stream, of which the `open` has said another place.
    assert!(reading.unfollow("q"));
    reading.follow(&name("q"), None).unwrap();
    reading.handle_opened(at(0), LOG);
    let answer = following(Answer::Resumed, 1, 3);
    assert_eq!(reading.handle_following(at(0), &answer), Ok(None));
    assert_eq!(reading.handle_piece(at(0), &piece(2, 3, "b")), Ok(None));
    assert_eq!(said(&mut reading), "follow q 0 0");
    let answer = following(Answer::Resumed, 0, 0);
    assert!(reading.handle_following(at(0), &answer).unwrap().is_some());
    assert!(reading.handle_piece(at(0), &piece(2, 0, "aueb")).unwrap().is_some());
}

#[test]
fn nothing_is_said_of_a_reader_that_never_was() {
    let mut reading = Reading::new(ReadingConfig::default());
    reading.handle_opened(at(0), LOG);
    reading.follow(&name("q"), None).unwrap();
    assert!(reading.unfollow("q"));
    assert_eq!(said(&mut reading), "");
    assert_eq!(reading.streams, []);
}

#[test]
fn what_comes_is_confirmed_by_bytes_and_by_time() {
    let mut reading = reading();
    let text = "x".repeat(16 * 1024 - 1);
    reading.handle_piece(at(0), &piece(1, 0, &text)).unwrap();
    assert_eq!(said(&mut reading), "");
    reading.handle_piece(at(5_000), &piece(2, text.len() as u64, "x")).unwrap();
    assert_eq!(said(&mut reading), "read q 2");
    // Repeats have cost the server as much.
    reading.handle_piece(at(5_000), &piece(1, 0, &text)).unwrap();
    reading.handle_piece(at(5_000), &piece(2, 0, "x")).unwrap();
    assert_eq!(said(&mut reading), "read q 2");

    assert_eq!(reading.poll_timeout(), Some(Mono::from_millis(25_000)));
    reading.handle_timeout(at(24_999));
    assert_eq!(said(&mut reading), "");
    reading.handle_timeout(at(25_000));
    assert_eq!(said(&mut reading), "read q 2");
    assert_eq!(reading.poll_timeout(), Some(Mono::from_millis(45_000)));
    reading.handle_detached();
    assert_eq!(reading.poll_timeout(), None);
}

#[test]
fn what_is_asked_for_is_followed_without_an_answer() {
    let mut reading = Reading::new(ReadingConfig::default());
    // Before any session: nobody knows the log.
    reading.ask(&name("q")).unwrap();
    assert_eq!(reading.open(|_| false), []);
    reading.handle_opened(at(0), LOG);
    assert_eq!(said(&mut reading), "");
    assert_eq!(reading.poll_timeout(), None, "no reader before the item has arrived");
    assert!(reading.handle_piece(at(0), &piece(1, 0, "a")).unwrap().is_some());
    reading.settle(at(0), "q", Asked::Received);
    assert_eq!(said(&mut reading), "");
    assert_eq!(reading.poll_timeout(), Some(Mono::from_millis(20_000)));
}

#[test]
fn a_reader_is_confirmed_from_when_it_began() {
    let mut reading = Reading::new(ReadingConfig::default());
    reading.handle_opened(at(0), LOG);
    for (stream, millis) in [("q", 30_000), ("r", 31_000)] {
        reading.ask(&name(stream)).unwrap();
        assert_eq!(reading.poll_timeout().is_some(), stream == "r");
        if stream == "q" {
            reading.handle_piece(at(millis), &piece(1, 0, "a")).unwrap();
        } else {
            reading.settle(at(millis), "r", Asked::Received);
        }
    }
    assert_eq!(reading.poll_timeout(), Some(Mono::from_millis(50_000)));
    reading.handle_timeout(at(50_000));
    assert_eq!(said(&mut reading), "read q 1");
    assert_eq!(reading.poll_timeout(), Some(Mono::from_millis(51_000)));
}

#[test]
fn unknown_says_nothing_before_the_item_has_arrived() {
    let lost = || {
        let mut reading = Reading::new(ReadingConfig::default());
        reading.handle_opened(at(0), LOG);
        reading.ask(&name("q")).unwrap();
        reading.handle_detached();
        let listed = reading.open(|_| false);
        assert_eq!((listed.len(), listed[0].received, listed[0].offset), (1, position(0), 0));
        reading.handle_opened(at(0), LOG);
        assert_eq!(
            reading.handle_piece(at(0), &piece(1, 0, "a")),
            Ok(None),
            "the answer is awaited"
        );
        let unknown = following(Answer::Unknown, 0, 0);
        assert_eq!(reading.handle_following(at(0), &unknown), Ok(None));
        reading
    };
    // It arrives, and the stream begins with it.
    let mut arrives = lost();
    assert!(arrives.handle_piece(at(0), &piece(1, 0, "a")).unwrap().is_some());
    arrives.settle(at(0), "q", Asked::Received);
    assert_eq!(said(&mut arrives), "");
    // It had arrived: the stream is asked after once more, and now the answer counts.
    let mut arrived = lost();
    arrived.settle(at(0), "q", Asked::Received);
    assert_eq!(said(&mut arrived), "follow q 0 0");
    let unknown = following(Answer::Unknown, 0, 0);
    assert!(arrived.handle_following(at(0), &unknown).unwrap().is_some());
    assert_eq!(arrived.open(|_| false), []);
}

#[test]
fn a_rejected_item_leaves_nothing() {
    let mut reading = Reading::new(ReadingConfig::default());
    reading.handle_opened(at(0), LOG);
    reading.ask(&name("q")).unwrap();
    assert_eq!(reading.ask(&name("q")), Err(FollowError::AlreadyFollowed));
    reading.settle(at(0), "q", Asked::Refused);
    assert_eq!((said(&mut reading).as_str(), reading.streams.len()), ("", 0));

    // The name was another's: what was answered for that is left.
    reading.ask(&name("q")).unwrap();
    reading.handle_detached();
    assert_eq!(reading.open(|_| false).len(), 1);
    reading.handle_opened(at(0), LOG);
    reading.handle_following(at(0), &following(Answer::Pending, 0, 0)).unwrap();
    reading.settle(at(0), "q", Asked::Refused);
    assert_eq!((said(&mut reading).as_str(), reading.streams.len()), ("unfollow q", 0));
}

#[test]
fn what_is_asked_for_and_not_wanted_any_more_is_left_when_it_arrives() {
    let mut reading = Reading::new(ReadingConfig::default());
    reading.handle_opened(at(0), LOG);
    reading.ask(&name("q")).unwrap();
    assert!(reading.unfollow("q"));
    assert_eq!(said(&mut reading), "");
    assert_eq!(reading.handle_piece(at(0), &piece(1, 0, "a")), Ok(None));
    let mut again = reading.clone();
    reading.settle(at(0), "q", Asked::Received);
    assert_eq!((said(&mut reading).as_str(), reading.streams.len()), ("unfollow q", 0));

    // And one that is wanted again begins at its beginning, whatever was passed over.
    again.follow(&name("q"), None).unwrap();
    assert_eq!(said(&mut again), "follow q 0 0");
    again.settle(at(0), "q", Asked::Received);
    assert_eq!(again.handle_piece(at(0), &piece(2, 1, "b")), Ok(None));
    again.handle_following(at(0), &following(Answer::Resumed, 0, 0)).unwrap().unwrap();
    assert!(again.handle_piece(at(0), &piece(2, 0, "ab")).unwrap().is_some());
}

#[test]
fn what_nobody_knows_of_is_asked_after() {
    let mut reading = Reading::new(ReadingConfig::default());
    reading.handle_opened(at(0), LOG);
    reading.ask(&name("q")).unwrap();
    reading.settle(at(0), "q", Asked::Unknown);
    assert_eq!(said(&mut reading), "follow q 0 0");
    // In the next session its start is that of another log.
    reading.handle_detached();
    assert_eq!(reading.open(|_| false).len(), 1);
    reading.handle_opened(at(0), OTHER);
    let from = Position::start(OTHER);
    let answer = Following { from, ..following(Answer::Resumed, 0, 0) };
    assert!(reading.handle_following(at(0), &answer).unwrap().is_some());
    let first = Piece { at: Position::new(OTHER, 1), ..piece(1, 0, "a") };
    assert!(reading.handle_piece(at(0), &first).unwrap().is_some());
}

#[test]
fn no_more_are_followed_than_may_be() {
    let mut reading = Reading::new(ReadingConfig::default());
    reading.handle_opened(at(0), LOG);
    let names: Vec<String> = (0..64).map(|number| format!("q-{number}")).collect();
    for text in &names {
        reading.follow(&name(text), None).unwrap();
    }
    assert_eq!(reading.follow(&name("q-9"), None), Err(FollowError::AlreadyFollowed));
    assert_eq!(reading.follow(&name("more"), None), Err(FollowError::TooMany));
    assert_eq!(reading.ask(&name("more")), Err(FollowError::TooMany));
    assert_eq!(said(&mut reading).split(", ").count(), 64);
    // One whose answer is awaited takes its room until that has come.
    assert!(reading.unfollow("q-0"));
    assert_eq!(said(&mut reading), "unfollow q-0");
    assert_eq!(reading.ask(&name("more")), Err(FollowError::TooMany));
    let answer = Following { stream: name("q-0"), ..following(Answer::Pending, 0, 0) };
    assert_eq!(reading.handle_following(at(0), &answer), Ok(None));
    reading.ask(&name("more")).unwrap();
    reading.handle_detached();
    assert_eq!(reading.open(|_| false).len(), 64);
}

#[test]
fn its_defaults_are_those_of_the_dialect() {
    let ReadingConfig { max_streams, read_bytes, read_interval } = ReadingConfig::default();
    assert_eq!((max_streams, read_bytes), (64, 16_384));
    assert_eq!(read_interval, Duration::from_secs(20));
}
