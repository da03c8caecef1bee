//! A log whose streams are stored is the same after its process has ended, wherever that was.

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::*;
use crate::envelope::v1::{Code, Epoch, How, Name, Position};
use crate::time::{Mono, Now, Wall};
use core::time::Duration;
use std::sync::Arc;

const EPOCH: Epoch = Epoch::from_bits(0x109e);

/// Of how many streams, and how many owners.
const KEYS: u8 = 5;

/// A time by both clocks.
fn at(millis: u64) -> Now {
    let wall = Wall::from_unix_secs(1_800_000_000) + Duration::from_millis(millis);
    Now::new(Mono::from_millis(millis), wall)
}

fn key(number: u8) -> StreamKey {
    let name = Name::new(format!("q-{}", number / 2)).unwrap();
    StreamKey::new(["ann", "bob"][usize::from(number % 2)], &name)
}

/// What a host stores, and the log of the process that runs.
struct Stored {
    config: LogConfig,
    log: StoredLog,
    entries: Vec<(StreamKey, Vec<u8>)>,
    /// How often one has taken the place of others.
    replaced: usize,
    /// When the process began.
    since: u64,
}

impl Stored {
    fn new(config: LogConfig) -> Self {
        let log = StoredLog::new(config, EPOCH, at(0));
        Self { config, log, entries: Vec::new(), replaced: 0, since: 0 }
    }

    /// What stands at the clocks of the process, of which each has a monotonic one of its own.
    fn now(&self, millis: u64) -> Now {
        let began = self.since % 1_000;
        Now::new(Mono::from_millis(began + millis - self.since), at(millis).wall)
    }

    fn answer(&mut self, millis: u64, key: &StreamKey, request: &Request) -> Answer {
        let request = LogRequest::new(1, key.clone(), request.clone());
        let answer = self.log.handle_request(self.now(millis), &request);
        self.store();
        assert_eq!((answer.id, answer.epoch), (1, EPOCH));
        answer.answer
    }

    fn store(&mut self) {
        while let Some(change) = self.log.poll_change() {
            let (key, entry) = match change {
                Change::Add { key, entry } => {
                    self.entries.push((key, entry));
                    continue;
                }
                Change::Replace { key, entry } => {
                    self.replaced += 1;
                    (key, Some(entry))
                }
                Change::Remove { key } => (key, None),
            };
            self.entries.retain(|(of, _)| *of != key);
            self.entries.extend(entry.map(|entry| (key, entry)));
        }
    }

    /// The process ends, and another begins.
    fn begin_again(&mut self, millis: u64) -> Vec<Result<(), EntryError>> {
        self.since = millis;
        self.log = StoredLog::new(self.config, EPOCH, self.now(millis));
        let entries = self.entries.clone();
        let taken = entries.iter().map(|(key, entry)| self.log.restore(key, entry)).collect();
        self.store();
        taken
    }

    fn bytes_of(&self, key: &StreamKey) -> usize {
        self.entries.iter().filter(|(of, _)| of == key).map(|(_, entry)| entry.len()).sum()
    }
}

/// The present producer and length of each stream, for requests that mostly fit.
#[derive(Clone, Copy, Debug, Default)]
struct Known {
    generation: u64,
    next: u64,
    offset: u64,
}

/// A request of a stream, as a choice makes it of what is known of that.
fn request(known: &Known, choice: u8, size: u16) -> Request {
    let generation = Generation::from_number(known.generation);
    let lease = Duration::from_secs(30);
    match choice % 12 {
        0 => Request::ClaimEffect { of: Position::new(Epoch::from_bits(1), size.into()), lease },
        1 => Request::ClaimProducer { lease },
        2 => Request::Renew { generation, lease },
        3 => Request::Append {
            generation,
            sequence: known.next,
            offset: u64::from(size).min(known.offset),
            text: "r".repeat(usize::from(size) + 1).into(),
        },
        4 => Request::Append {
            generation,
            sequence: known.next.saturating_sub(1),
            offset: known.offset,
            text: "again".into(),
        },
        5 => {
            let mut end = End::new(How::Failed);
            end.code = Code::new("tool_failed");
            end.body = Some(r#"{"a":1}"#.into());
            Request::Finish { by: Some(generation), end: Arc::new(end) }
        }
        6 => Request::Discard,
        7 => Request::Status,
        8 => Request::ReadAfter { sequence: size.into(), most: 65_536 },
        _ => Request::Append {
            generation,
            sequence: known.next,
            offset: known.offset,
            text: "täxt".repeat(usize::from(size)).into(),
        },
    }
}

impl Known {
    fn learn(&mut self, request: &Request, answer: &Answer) {
        match (request, answer) {
            (_, Answer::Begun { first: true }) => *self = Self::default(),
            (_, Answer::Claimed { generation, offset }) => {
                *self = Self { generation: generation.number(), next: 0, offset: *offset };
            }
            (Request::Append { sequence, .. }, Answer::Appended { offset, .. }) => {
                self.offset = *offset;
                self.next = self.next.max(sequence + 1);
            }
            _ => {}
        }
    }
}

proptest! {
    /// Whatever it is asked and whenever its process ends, it answers as a log in memory whose
    /// process never does, and what is stored is bounded.
    #[test]
    fn it_answers_as_one_whose_process_never_ends(
        steps in vec((0..KEYS, any::<u8>(), 0..3_000_u16, 0..20_000_u64, any::<u8>()), 1..120),
    ) {
        let config = LogConfig { stream_bytes: 4_096, owner_streams: 2, ..LogConfig::default() };
        let (mut memory, mut stored) = (MemoryLog::new(config, EPOCH), Stored::new(config));
        let mut known = [Known::default(); KEYS as usize];
        let mut millis = 0;
        for (number, choice, size, pause, ends) in steps {
            millis += pause / 100;
            if ends % 4 == 0 {
                millis += pause;
                for taken in stored.begin_again(millis) {
                    prop_assert_eq!(taken, Ok(()));
                }
            }
            let (key, known) = (key(number), &mut known[usize::from(number)]);
            let request = request(known, choice, size);
            let asked = LogRequest::new(1, key.clone(), request.clone());
            let expected = memory.handle_request(at(millis), &asked).answer;
            let answer = stored.answer(millis, &key, &request);
            prop_assert_eq!(&answer, &expected, "{:?}", request);
            known.learn(&request, &expected);
            prop_assert_eq!(stored.log.streams(), memory.streams());
            let most = 3 * (memory.allocated() + 4_096) + 64 * 1_024;
            prop_assert!(stored.bytes_of(&key) <= most, "{} bytes", stored.bytes_of(&key));
            if memory.streams() == 0 {
                prop_assert_eq!(stored.entries.len(), 0);
            }
        }
    }

    /// Bytes that are no entry are an error and nothing else.
    #[test]
    fn any_bytes_are_refused(bytes in vec(any::<u8>(), 0..200)) {
        let mut log = StoredLog::new(LogConfig::default(), EPOCH, at(0));
        prop_assert!(log.restore(&key(0), &bytes).is_err());
        prop_assert_eq!(log.streams(), 0);
    }

    /// Whatever an entry says whose check is right, it is taken or refused, and what is asked after
    /// it is answered.
    #[test]
    fn any_content_is_taken_or_refused(
        whole in 0..VERSION_1.len(),
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        steps in vec((any::<u8>(), 0..3_000_u16), 0..20),
    ) {
        let mut log = StoredLog::new(LogConfig::default(), EPOCH, at(0));
        let mut content = from_hex(VERSION_1[whole]);
        content.truncate(content.len() - 16);
        for (place, byte) in changes {
            let place = 1 + place.index(content.len() - 1);
            content[place] = byte;
        }
        crate::delivery::seal::seal(&mut content, 0);
        let taken = log.restore(&key(0), &content);
        prop_assert_eq!(log.streams() == 1, taken.is_ok());
        let mut known = Known::default();
        for (choice, size) in steps {
            let request = request(&known, choice, size);
            let asked = LogRequest::new(1, key(0), request.clone());
            known.learn(&request, &log.handle_request(at(1), &asked).answer);
        }
    }
}

/// A log with a stream of each state, and one that has more behind it than it is worth.
fn with_streams() -> Stored {
    let mut stored = Stored::new(LogConfig::default());
    let lease = Duration::from_secs(30);
    let of = Position::new(Epoch::from_bits(1), 1);
    for number in 0..4 {
        stored.answer(0, &key(number), &Request::ClaimEffect { of, lease });
    }
    for number in 1..4 {
        stored.answer(0, &key(number), &Request::ClaimProducer { lease });
    }
    let generation = Generation::from_number(1);
    for sequence in 0..1_000 {
        let (text, offset) = (Arc::from("a few words "), sequence * 12);
        let append = Request::Append { generation, sequence, offset, text };
        stored.answer(sequence, &key(2), &append);
    }
    let end = Arc::new(End::new(How::Done));
    stored.answer(1_000, &key(3), &Request::Finish { by: None, end });
    stored
}

#[test]
fn what_is_long_is_stored_anew_and_says_the_same() {
    let mut stored = with_streams();
    let entries = stored.entries.iter().filter(|(of, _)| *of == key(2)).count();
    assert!((1..900).contains(&entries), "{entries}");
    assert_eq!(stored.replaced, 1, "and seldom");
    let read = Request::ReadAfter { sequence: 0, most: 65_536 };
    let before: Vec<_> = (0..4).map(|it| stored.answer(1_100, &key(it), &read)).collect();
    stored.begin_again(1_100);
    let after: Vec<_> = (0..4).map(|it| stored.answer(1_100, &key(it), &read)).collect();
    assert_eq!(after, before);
}

#[test]
fn a_stream_that_ended_before_is_forgotten_in_its_time() {
    let mut stored = with_streams();
    let keep = LogConfig::default().keep.as_millis() as u64;
    stored.begin_again(999 + keep);
    assert_eq!(stored.log.streams(), 4);
    let due = stored.log.poll_timeout().unwrap();
    assert_eq!(due.at, stored.now(1_000 + keep).mono, "by the clock of this process");
    stored.log.handle_timeout(stored.now(1_000 + keep));
    stored.store();
    assert_eq!((stored.log.streams(), stored.bytes_of(&key(3))), (3, 0));
}

#[test]
fn a_stream_that_nobody_ends_after_its_process_is_forgotten_as_if_it_had_ended() {
    let mut stored = with_streams();
    let lapse = 30_000 + LogConfig::default().keep.as_millis() as u64;
    stored.begin_again(2_000);
    // Somebody goes on with one of them, which so has a later time.
    let generation = Generation::from_number(1);
    let renew = Request::Renew { generation, lease: Duration::from_secs(90) };
    assert_eq!(stored.answer(3_000, &key(1), &renew), Answer::Renewed);
    let is_known = |stored: &mut Stored, millis| {
        let now = stored.now(millis);
        stored.log.handle_timeout(now);
        stored.store();
        let mut known = |it| stored.answer(millis, &key(it), &Request::Status);
        [0, 1, 2].map(|it| known(it) != Answer::Refused(Refusal::Unknown))
    };
    assert_eq!(is_known(&mut stored, lapse - 1), [true; 3]);
    assert_eq!(stored.log.poll_timeout().unwrap().at, stored.now(lapse).mono);
    assert_eq!(is_known(&mut stored, lapse), [false, true, false]);
    assert_eq!(is_known(&mut stored, lapse + 62_999), [false, true, false]);
    assert_eq!(is_known(&mut stored, lapse + 63_000), [false; 3]);
    assert_eq!((stored.entries.len(), stored.log.poll_timeout()), (0, None));
}

#[test]
fn a_wall_clock_that_was_set_back_makes_no_lease_longer() {
    let mut stored = with_streams();
    stored.since = 0;
    let now = Now::new(Mono::ZERO, at(0).wall);
    stored.log = StoredLog::new(LogConfig::default(), EPOCH, now);
    for (key, entry) in stored.entries.clone() {
        // They were stored a day later.
        stored.log.restore(&key, &entry).unwrap();
    }
    let Answer::Status(status) = stored.answer(0, &key(1), &Request::Status) else { panic!() };
    let State::Running { lease, .. } = status.state else { panic!("{status:?}") };
    assert_eq!(lease, Duration::from_secs(30));
}

#[test]
fn an_entry_that_was_changed_takes_its_own_stream_with_it() {
    let whole = with_streams();
    let first = whole.entries.iter().position(|(of, _)| *of == key(1)).unwrap();
    for byte in 0..whole.entries[first].1.len() {
        let mut stored = with_streams();
        stored.entries[first].1[byte] ^= 0x40;
        let taken = stored.begin_again(1_100);
        let expected = match byte {
            0 => EntryError::Version(0x41),
            _ => EntryError::Damaged,
        };
        assert_eq!(taken[first], Err(expected), "byte {byte}");
        if byte > 0 {
            // What comes behind it does not follow from anything.
            let behind = taken.iter().enumerate().filter(|(_, taken)| taken.is_err());
            assert!(behind.clone().all(|(place, _)| whole.entries[place].0 == key(1)));
            assert_eq!((stored.log.streams(), stored.bytes_of(&key(1))), (3, 0));
            assert_eq!(
                stored.answer(1_100, &key(1), &Request::Status),
                Answer::Refused(Refusal::Unknown)
            );
        }
    }
}

#[test]
fn a_text_that_does_not_hold_together_is_no_stream() {
    let whole = with_streams();
    let (key, entry) = whole.entries.iter().rfind(|(_, entry)| entry.len() > 1_000).unwrap();
    let text = entry.windows(6).position(|it| it == b"a few ").unwrap();
    // Its length, the offset before that, and the number before that; and at the beginning the
    // numbers of the stream's records and of its producer's.
    let places = [(text - 4, 1), (text - 12, 1), (text - 20, 0), (54, 0xff), (38, 0xff)];
    for (place, value) in places {
        let mut changed = entry[..entry.len() - 16].to_vec();
        changed[place..place + 4].copy_from_slice(&[value; 4]);
        crate::delivery::seal::seal(&mut changed, 0);
        let mut log = StoredLog::new(LogConfig::default(), EPOCH, at(1_100));
        assert_eq!(log.restore(key, &changed), Err(EntryError::Damaged), "byte {place}");
    }
}

#[test]
fn a_log_without_room_for_what_is_stored_removes_the_rest() {
    for max_streams in 1..4 {
        let mut stored = with_streams();
        stored.config = LogConfig { max_streams, ..stored.config };
        stored.begin_again(1_100);
        assert_eq!(stored.log.streams(), max_streams as usize);
        let kept = (0..4).filter(|it| stored.bytes_of(&key(*it)) > 0).count();
        assert_eq!(kept, max_streams as usize);
    }
    // So it does with one that is stored as a whole.
    let mut stored = Stored::new(LogConfig { max_streams: 1, ..LogConfig::default() });
    let whole = from_hex(VERSION_1[5]);
    let mut running = with_streams();
    running.entries.retain(|(of, _)| *of == key(0));
    stored.entries = [running.entries, vec![(key(1), whole)]].concat();
    assert_eq!(stored.begin_again(0), [Ok(()), Ok(())]);
    assert_eq!((stored.log.streams(), stored.bytes_of(&key(1))), (1, 0));
}

/// The entries of version 1: those of a stream by its requests, and one that has all of the same.
const VERSION_1: [&str; 6] = [
    "010080982817650600010100000000000000010000000000000000ac23fc060000007bb7557e98a3\
     c44e9193330a3d5e848a",
    "0100809828176506000200ac23fc06000000a15ca2a219ed0117915f6af85cdf48fc",
    "01008098281765060003010000000000000000ac23fc060000002a12c5670815a62b229e4e4e32bb\
     c11b",
    "01008098281765060004010000000000000000000000000000000000000000000000090000003430\
     206c69746572735c962536251321b42b4bd7c3a73df205",
    "01008098281765060005010100000000000000060000006661696c6564010b000000746f6f6c5f66\
     61696c656401020000007b7de072cfd071b12964c1aa10a07dbd611a",
    "01008098281765060000010000000000000001000000000000000100000000000000010000000000\
     000000ac23fc06000000020000000000000009000000000000000000000000000000000000000000\
     0000000100000001000000000000000000000000000000090000003430206c697465727300010600\
     00006661696c6564010b000000746f6f6c5f6661696c656401020000007b7d00b08ef01b000000d8\
     9554b20ebeb6f36ced501de721a2b7",
];

#[test]
fn entries_of_version_1_are_taken() {
    let (of_requests, whole) = VERSION_1.split_at(5);
    let says = |entries: &[&str]| {
        let mut stored = Stored::new(LogConfig::default());
        stored.entries = entries.iter().map(|entry| (key(0), from_hex(entry))).collect();
        assert!(stored.begin_again(0).iter().all(Result::is_ok));
        stored.answer(0, &key(0), &Request::ReadAfter { sequence: 0, most: 65_536 })
    };
    let Answer::Read(read) = says(of_requests) else { panic!() };
    let mut end = End::new(How::Failed);
    end.code = Code::new("tool_failed");
    end.body = Some("{}".into());
    assert_eq!(read.status, Status::new(2, 9, State::Ended(end.into())));
    assert_eq!(read.records, [Record::new(1, 0, "40 liters".into(), false)]);
    assert_eq!(says(whole), Answer::Read(read));
}

/// And they are what is stored today.
#[test]
fn entries_are_stored_in_version_1() {
    let mut stored = Stored::new(LogConfig::default());
    let lease = Duration::from_secs(30);
    let (of, generation) = (Position::new(Epoch::from_bits(1), 1), Generation::from_number(1));
    let mut end = End::new(How::Failed);
    end.code = Code::new("tool_failed");
    end.body = Some("{}".into());
    let text = "40 liters".into();
    for request in [
        Request::ClaimEffect { of, lease },
        Request::ClaimProducer { lease },
        Request::Renew { generation, lease },
        Request::Append { generation, sequence: 0, offset: 0, text },
        Request::Finish { by: Some(generation), end: Arc::new(end) },
    ] {
        stored.answer(0, &key(0), &request);
    }
    let expected = VERSION_1[..5].iter().map(|entry| (key(0), from_hex(entry)));
    assert_eq!(stored.entries, expected.collect::<Vec<_>>());
}

fn from_hex(text: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}
