//! A server with its streams and a log, and readers that hold what they were sent.

use core::time::Duration;
use std::collections::BTreeMap;

use super::super::*;
use crate::delivery::Fault;
use crate::envelope::v1::{Answer as Said, Epoch, How, Message, Name, Position};
use crate::time::{Mono, Now, Wall};

/// One server.
pub(super) struct World {
    pub(super) now: Now,
    pub(super) log: MemoryLog,
    pub(super) streams: Streams,
    pub(super) readers: BTreeMap<ReaderId, Client>,
    /// How many items there were.
    pub(super) items: u64,
}

/// One reader's end: what it has of each stream, by the rules of V-7.13 and V-7.14.
#[derive(Clone, Debug, Default)]
pub(super) struct Client {
    pub(super) has: BTreeMap<String, Had>,
    /// All messages, in short.
    pub(super) said: Vec<String>,
    /// Whether it confirms what it has.
    pub(super) is_slow: bool,
}

/// What a reader has of a stream.
#[derive(Clone, Debug)]
pub(super) struct Had {
    pub(super) at: Position,
    /// The text; bytes that are missing are zeros.
    pub(super) text: Vec<u8>,
    pub(super) ended: Option<How<'static>>,
    /// Whether it was told of a gap.
    pub(super) gaps: u32,
    /// Whether it is a reader still.
    pub(super) follows: bool,
    /// Bytes that it was sent and has not confirmed.
    pub(super) ahead: usize,
}

impl Had {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap()
    }
}

pub(super) fn key(name: &str) -> StreamKey {
    StreamKey::new("ann", &Name::new(name.to_owned()).unwrap())
}

pub(super) fn reader(number: u64) -> ReaderId {
    ReaderId::from_number(number)
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(StreamsConfig::default(), LogConfig::default())
    }

    pub(super) fn with(streams: StreamsConfig, log: LogConfig) -> Self {
        let log = MemoryLog::new(log, Epoch::from_bits(0x109e));
        let streams = Streams::new(streams, log.epoch());
        let now = Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(1_772_337_906));
        Self { now, log, streams, readers: BTreeMap::new(), items: 0 }
    }

    /// An item asks for a stream, with its sender as a reader from the beginning.
    pub(super) fn begin(&mut self, name: &str, by: Option<u64>) -> Vec<Event> {
        self.begins(name, by);
        self.settle()
    }

    /// The same, of which the log does not know yet.
    pub(super) fn begins(&mut self, name: &str, by: Option<u64>) {
        self.items += 1;
        let of = Position::new(Epoch::from_bits(7), self.items);
        let by = by.map(reader);
        self.streams.begin(self.now, &key(name), None, of, by).unwrap();
        if let Some(by) = by {
            let had = Had::new(Position::start(self.streams.log_epoch()));
            self.readers.entry(by).or_default().has.insert(name.to_owned(), had);
        }
    }

    /// A new producer, which must get the stream.
    pub(super) fn claim(&mut self, name: &str) -> (Generation, u64) {
        self.streams.claim(self.now, &key(name)).unwrap();
        let claimed = self.settle().into_iter().find_map(|event| match event {
            Event::Claimed { generation, offset, .. } => Some((generation, offset)),
            _ => None,
        });
        claimed.expect("claimed")
    }

    /// A stream that has a producer and a reader.
    pub(super) fn running(&mut self, name: &str, by: u64) -> Generation {
        self.begin(name, Some(by));
        self.claim(name).0
    }

    pub(super) fn append(&mut self, name: &str, by: Generation, text: &str) {
        self.streams.append(self.now, &key(name), by, text).unwrap();
    }

    pub(super) fn finish(&mut self, name: &str, by: Generation) {
        self.streams.finish(self.now, &key(name), by, End::new(How::Done)).unwrap();
    }

    /// The log answers what it is asked.
    pub(super) fn settle(&mut self) -> Vec<Event> {
        self.streams.settle(self.now, &mut self.log);
        std::iter::from_fn(|| self.streams.poll_event()).collect()
    }

    /// Time goes by, with every deadline on its way met.
    pub(super) fn pass(&mut self, millis: u64) -> Vec<Event> {
        let until = self.now.mono + Duration::from_millis(millis);
        let mut events = self.settle();
        let mut turns = 0;
        while let Some(next) = self.streams.poll_timeout().filter(|next| next.at <= until) {
            turns += 1;
            assert!(turns < 10_000, "a deadline that is met comes no more: {next:?}");
            self.now.mono = next.at.max(self.now.mono);
            self.streams.handle_timeout(self.now);
            events.extend(self.settle());
        }
        self.now.mono = until;
        events
    }

    /// The stream `q-1` ends after 160,000 bytes, of which the reader 2, who confirms nothing, has what
    /// is sent ahead.
    pub(super) fn outrun_a_reader(&mut self, by: Generation) {
        self.follow(2, "q-1").unwrap();
        self.readers.get_mut(&reader(2)).unwrap().is_slow = true;
        for _ in 0..40 {
            self.append("q-1", by, &"a".repeat(4_000));
            self.settle();
            self.deliver();
        }
        self.finish("q-1", by);
        self.deliver();
    }

    /// Everybody takes all that there is, and confirms it.
    pub(super) fn deliver(&mut self) {
        loop {
            self.settle();
            let Some(by) = self.streams.poll_ready() else { return };
            while self.take(by) {
                self.settle();
            }
        }
    }

    /// Readers take at most so many messages.
    pub(super) fn deliver_some(&mut self, most: usize) {
        let mut left = most;
        while left > 0 {
            self.settle();
            let Some(by) =
                self.streams.poll_ready().or_else(|| self.readers.keys().next().copied())
            else {
                return;
            };
            while left > 0 && self.take(by) {
                self.settle();
                left -= 1;
            }
            if left > 0 && !self.take(by) {
                return;
            }
        }
    }

    /// A reader takes one message, if there is one.
    pub(super) fn take(&mut self, by: ReaderId) -> bool {
        let Some(message) = self.streams.poll_message(self.now, by) else { return false };
        let client = self.readers.entry(by).or_default();
        let confirms = client.handle(&message).filter(|_| !client.is_slow);
        if let Some((name, received)) = confirms {
            client.confirmed(&name);
            self.streams.read(self.now, by, &key(&name), received).unwrap();
        }
        true
    }

    /// A reader comes, or comes back with what it has.
    pub(super) fn follow(&mut self, by: u64, name: &str) -> Result<(), Fault> {
        let start = Position::start(self.streams.log_epoch());
        let client = self.readers.entry(reader(by)).or_default();
        let had = client.has.entry(name.to_owned()).or_insert_with(|| Had::new(start));
        had.follows = true;
        had.ended = None;
        had.ahead = 0;
        let (at, offset) = (had.at, had.text.len() as u64);
        self.streams.follow(self.now, reader(by), &key(name), at, offset)
    }

    /// A reader's link is gone: it is none any more.
    pub(super) fn leave(&mut self, by: u64) {
        self.streams.forget_reader(self.now, reader(by));
        let client = self.readers.entry(reader(by)).or_default();
        client.has.values_mut().for_each(|had| had.follows = false);
    }

    pub(super) fn had(&self, by: u64, name: &str) -> &Had {
        &self.readers[&reader(by)].has[name]
    }

    pub(super) fn said(&mut self, by: u64) -> Vec<String> {
        std::mem::take(&mut self.readers.entry(reader(by)).or_default().said)
    }
}

impl Client {
    /// What it has of a stream is confirmed.
    pub(super) fn confirmed(&mut self, name: &str) {
        if let Some(had) = self.has.get_mut(name) {
            had.ahead = 0;
        }
    }

    /// Takes a message; what is then to be confirmed.
    pub(super) fn handle(&mut self, message: &Message<'_>) -> Option<(String, Position)> {
        match message {
            Message::Following(it) => {
                self.said.push(format!(
                    "{} {} from {} at {}{}{}",
                    it.stream,
                    it.answer.as_str(),
                    it.from.sequence,
                    it.offset,
                    it.lost.map(|lost| format!(" lost {lost}")).unwrap_or_default(),
                    it.reason.as_ref().map(|why| format!(" {why}")).unwrap_or_default(),
                ));
                let had = self.has.get_mut(it.stream.as_str()).unwrap();
                let offset = usize::try_from(it.offset).unwrap();
                match it.answer {
                    Said::Resumed | Said::Pending | Said::Ended => {
                        assert!(offset <= had.text.len(), "nothing is beyond what it has");
                        had.text.truncate(offset);
                    }
                    Said::Gap => {
                        let lost = usize::try_from(it.lost.unwrap()).unwrap();
                        let stays = if it.reason.as_deref() == Some("foreign_epoch") {
                            0
                        } else {
                            offset - lost
                        };
                        had.text.truncate(stays);
                        had.text.resize(offset, 0);
                        had.gaps += 1;
                        had.ahead = 0;
                    }
                    Said::Unknown => had.follows = false,
                    Said::Begun => panic!("no answer to a follow"),
                }
                had.at = it.from;
                None
            }
            Message::Piece(it) => {
                self.said.push(format!(
                    "{} piece {} at {} of {}",
                    it.stream,
                    it.at.sequence,
                    it.offset,
                    it.append.len()
                ));
                let had = self.has.get_mut(it.stream.as_str()).unwrap();
                let offset = usize::try_from(it.offset).unwrap();
                assert!((1..=65_536).contains(&it.append.len()));
                assert_eq!(it.at.epoch, had.at.epoch);
                assert!(it.at.sequence > had.at.sequence, "positions grow");
                assert!(had.ended.is_none(), "nothing comes behind the end");
                assert_eq!(it.restart, offset < had.text.len(), "else it goes on where it is");
                assert!(offset <= had.text.len());
                had.text.truncate(offset);
                had.text.extend(it.append.bytes());
                had.ahead += it.append.len();
                assert!(had.ahead <= 64 * 1024, "no more than its credit: {}", had.ahead);
                had.at = it.at;
                Some((it.stream.to_string(), had.at))
            }
            Message::CaughtUp(it) => {
                let stream = it.stream.as_ref().unwrap();
                self.said.push(format!("{stream} caught up at {}", it.at.sequence));
                assert_eq!(it.at, self.has[stream.as_str()].at);
                None
            }
            Message::End(it) => {
                self.said.push(format!(
                    "{} end {} at {}: {}",
                    it.stream, it.at.sequence, it.offset, it.how
                ));
                let had = self.has.get_mut(it.stream.as_str()).unwrap();
                assert_eq!(it.offset, had.text.len() as u64);
                assert!(had.ended.is_none(), "there is one end");
                had.ended = Some(it.how.clone().into_owned());
                had.follows = false;
                had.at = it.at;
                Some((it.stream.to_string(), had.at))
            }
            other => panic!("{other:?} is nothing of a stream"),
        }
    }
}

impl Had {
    pub(super) fn new(at: Position) -> Self {
        Self { at, text: Vec::new(), ended: None, gaps: 0, follows: true, ahead: 0 }
    }
}
