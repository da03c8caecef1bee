//! Whatever producers, readers and the log do: the text that a reader has at a position is the
//! stream's text there, or it was told what is missing, and there is one end.

use core::time::Duration;
use std::collections::BTreeMap;

use proptest::prelude::*;

use super::super::*;
use super::support::{Client, Had, key, reader};
use crate::envelope::v1::{Epoch, How, Message, Position};
use crate::time::{Mono, Now, Wall};

const NAMES: [&str; 2] = ["a", "b"];
const READERS: u64 = 3;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    Begin { stream: usize },
    Claim { stream: usize },
    Append { producer: usize, text: String },
    Restart { producer: usize, at: usize },
    Renew { producer: usize },
    Finish { producer: usize },
    Cancel { stream: usize },
    Follow { reader: u64, stream: usize, had: usize },
    Leave { reader: u64 },
    Take { reader: u64, most: usize },
    Confirm { reader: u64 },
    Pass { millis: u64 },
    Log { pick: usize, how: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let stream = 0..NAMES.len();
    let text = prop_oneof![
        6 => "[ab€🦀é]{1,12}",
        1 => (100usize..9_000).prop_map(|times| "€".repeat(times)),
    ];
    prop_oneof![
        1 => stream.clone().prop_map(|stream| Step::Begin { stream }),
        2 => stream.clone().prop_map(|stream| Step::Claim { stream }),
        9 => (0usize..9, text).prop_map(|(producer, text)| Step::Append { producer, text }),
        1 => (0usize..9, 0usize..40).prop_map(|(producer, at)| Step::Restart { producer, at }),
        2 => (0usize..9).prop_map(|producer| Step::Renew { producer }),
        1 => (0usize..9).prop_map(|producer| Step::Finish { producer }),
        1 => stream.clone().prop_map(|stream| Step::Cancel { stream }),
        4 => (0..READERS, stream, 0usize..50)
            .prop_map(|(reader, stream, had)| Step::Follow { reader, stream, had }),
        1 => (0..READERS).prop_map(|reader| Step::Leave { reader }),
        6 => (0..READERS, 1usize..5).prop_map(|(reader, most)| Step::Take { reader, most }),
        3 => (0..READERS).prop_map(|reader| Step::Confirm { reader }),
        5 => prop_oneof![8 => 1u64..60, 1 => 900u64..12_000]
            .prop_map(|millis| Step::Pass { millis }),
        14 => (any::<prop::sample::Index>(), 0u8..12)
            .prop_map(|(pick, how)| Step::Log { pick: pick.index(1 << 16), how }),
    ]
}

/// Streams whose log answers when the steps say, and what is true of the log.
struct Driver {
    now: Now,
    log: MemoryLog,
    streams: Streams,
    /// Requests that are not done, and answers that are not given.
    requests: Vec<LogRequest>,
    answers: Vec<LogAnswer>,
    /// The text of each stream after each of its records.
    texts: BTreeMap<String, Vec<Vec<u8>>>,
    readers: BTreeMap<u64, Client>,
    /// All that readers ever had.
    history: BTreeMap<(u64, usize), Vec<Had>>,
    producers: Vec<(usize, Generation)>,
    items: u64,
    /// How often each thing that was asked for came to its outcome.
    begun: Vec<u32>,
    cancelled: BTreeMap<CancelId, u32>,
    pieces: usize,
}

impl Driver {
    fn new() -> Self {
        // A name is used once, so nothing is forgotten.
        let keep = Duration::from_secs(86_400);
        let config = LogConfig { stream_bytes: 20_000, keep, ..LogConfig::default() };
        let log = MemoryLog::new(config, Epoch::from_bits(0x109e));
        let streams = StreamsConfig { held_bytes: 4_096, ..StreamsConfig::default() };
        Self {
            now: Now::new(Mono::from_millis(1_000), Wall::from_unix_secs(1_772_337_906)),
            streams: Streams::new(streams, log.epoch()),
            log,
            requests: Vec::new(),
            answers: Vec::new(),
            texts: NAMES.map(|name| (name.to_owned(), vec![Vec::new()])).into(),
            readers: (0..READERS).map(|number| (number, Client::default())).collect(),
            history: BTreeMap::new(),
            producers: Vec::new(),
            items: 0,
            begun: Vec::new(),
            cancelled: BTreeMap::new(),
            pieces: 0,
        }
    }

    fn run(&mut self, step: &Step) {
        match step {
            Step::Begin { stream } => {
                let of = Position::new(Epoch::from_bits(7), self.items + 1);
                let key = key(NAMES[*stream]);
                if self.streams.begin(self.now, &key, None, of, None).is_ok() {
                    self.items += 1;
                    self.begun.push(0);
                }
            }
            Step::Claim { stream } => {
                let _ = self.streams.claim(self.now, &key(NAMES[*stream]));
            }
            Step::Append { producer, text } => {
                self.produce(*producer, |streams, now, key, by| streams.append(now, key, by, text));
            }
            Step::Restart { producer, at } => self.produce(*producer, |streams, now, key, by| {
                streams.restart_from(now, key, by, *at as u64)
            }),
            Step::Renew { producer } => {
                self.produce(*producer, |streams, now, key, by| streams.renew(now, key, by));
            }
            Step::Finish { producer } => self.produce(*producer, |streams, now, key, by| {
                streams.finish(now, key, by, End::new(How::Done))
            }),
            Step::Cancel { stream } => {
                let scope = CancelScope::Stream(&key(NAMES[*stream]));
                let cancel = self.streams.cancel(self.now, scope);
                self.cancelled.insert(cancel, 0);
            }
            Step::Follow { reader, stream, had } => self.follow(*reader, *stream, *had),
            Step::Leave { reader: by } => {
                self.streams.forget_reader(self.now, reader(*by));
                self.readers.insert(*by, Client::default());
            }
            Step::Take { reader, most } => {
                for _ in 0..*most {
                    self.take(*reader);
                }
            }
            Step::Confirm { reader } => self.confirm(*reader),
            Step::Pass { millis } => {
                self.now.mono = self.now.mono + Duration::from_millis(*millis);
                self.streams.handle_timeout(self.now);
            }
            Step::Log { pick, how } => self.answer(*pick, *how),
        }
        self.requests.extend(std::iter::from_fn(|| self.streams.poll_log()));
        self.note_events();
    }

    fn produce(
        &mut self,
        producer: usize,
        act: impl FnOnce(&mut Streams, Now, &StreamKey, Generation) -> Result<(), ProducerError>,
    ) {
        // Those that came last, and some of those before them.
        let Some(place) = self.producers.len().checked_sub(1 + producer / 3) else { return };
        let (stream, by) = self.producers[place];
        let is_newest = self.producers.iter().all(|(other, it)| *other != stream || *it <= by);
        let acted = act(&mut self.streams, self.now, &key(NAMES[stream]), by);
        assert!(is_newest || acted == Err(ProducerError::Fenced), "it is fenced: {acted:?}");
    }

    fn follow(&mut self, by: u64, stream: usize, had: usize) {
        let name = NAMES[stream];
        let history = self.history.entry((by, stream)).or_default();
        let start = Had::new(Position::start(self.log.epoch()));
        let mut from = history.get(had % (history.len() + 1)).cloned().unwrap_or(start);
        (from.ended, from.ahead, from.follows) = (None, 0, true);
        let (at, offset) = (from.at, from.text.len() as u64);
        self.readers.entry(by).or_default().has.insert(name.to_owned(), from);
        self.streams.follow(self.now, reader(by), &key(name), at, offset).unwrap();
    }

    fn take(&mut self, by: u64) -> bool {
        let Some(message) = self.streams.poll_message(self.now, reader(by)) else { return false };
        let client = self.readers.get_mut(&by).unwrap();
        client.handle(&message);
        let (name, is_text) = match &message {
            Message::Piece(piece) => (piece.stream.to_string(), true),
            Message::End(end) => (end.stream.to_string(), true),
            Message::Following(it) => (it.stream.to_string(), false),
            Message::CaughtUp(it) => (it.stream.as_ref().unwrap().to_string(), false),
            other => panic!("{other:?}"),
        };
        let had = &client.has[&name];
        if is_text {
            self.pieces += 1;
            let place = usize::try_from(had.at.sequence).unwrap();
            let truth = &self.texts[&name][place];
            assert_eq!(had.text.len(), truth.len(), "{name} at {place}: {:?}", client.said);
            let is_same = |(had, truth): (&u8, &u8)| *had == 0 || had == truth;
            assert!(
                had.text.iter().zip(truth).all(is_same),
                "{name} at {place}: {:?}",
                client.said
            );
            assert!(had.gaps > 0 || !had.text.contains(&0), "what is missing was told");
        }
        let stream = NAMES.iter().position(|other| **other == *name).unwrap();
        self.history.entry((by, stream)).or_default().push(had.clone());
        true
    }

    fn confirm(&mut self, by: u64) {
        let client = self.readers.get_mut(&by).unwrap();
        for (name, had) in &mut client.has {
            had.ahead = 0;
            self.streams.read(self.now, reader(by), &key(name), had.at).unwrap();
        }
    }

    /// The log does what it was asked, or not; and answers, or later, or says that it is away.
    fn answer(&mut self, pick: usize, how: u8) {
        if how < 4 && !self.answers.is_empty() {
            let answer = self.answers.remove(pick % self.answers.len());
            return self.streams.handle_log(self.now, answer);
        }
        if self.requests.is_empty() {
            return;
        }
        let request = self.requests.remove(pick % self.requests.len());
        let away = LogAnswer::new(request.id, self.log.epoch(), Answer::Unavailable);
        match how {
            10 => self.streams.handle_log(self.now, away),
            11 => {
                self.carry_out(&request);
                self.streams.handle_log(self.now, away);
            }
            8 | 9 => {
                let answer = self.carry_out(&request);
                self.answers.push(answer);
            }
            _ => {
                let answer = self.carry_out(&request);
                self.streams.handle_log(self.now, answer);
            }
        }
    }

    /// What the log does, and what is then true.
    fn carry_out(&mut self, request: &LogRequest) -> LogAnswer {
        let answer = self.log.handle_request(self.now, request);
        let texts = self.texts.get_mut(&*request.key.name).unwrap();
        match (&request.request, &answer.answer) {
            (Request::Append { offset, text, .. }, Answer::Appended { sequence, .. })
                if *sequence == texts.len() as u64 =>
            {
                let kept = usize::try_from(*offset).unwrap();
                let mut next = texts.last().unwrap()[..kept].to_vec();
                next.extend(text.bytes());
                assert!(std::str::from_utf8(&next).is_ok(), "whole characters");
                texts.push(next);
            }
            (_, Answer::Finished(ended)) => {
                assert_eq!(ended.sequence, texts.len() as u64);
                texts.push(texts.last().unwrap().clone());
            }
            _ => {}
        }
        answer
    }

    fn note_events(&mut self) {
        while let Some(event) = self.streams.poll_event() {
            match event {
                Event::Claimed { key, generation, .. } => {
                    let stream = NAMES.iter().position(|name| **name == *key.name).unwrap();
                    self.producers.push((stream, generation));
                }
                Event::Begun { of, .. }
                | Event::Repeated { of, .. }
                | Event::NotBegun { of, .. } => {
                    self.begun[usize::try_from(of.sequence).unwrap() - 1] += 1;
                }
                Event::Cancelled { cancel, results } => {
                    *self.cancelled.get_mut(&cancel).unwrap() += 1;
                    assert_eq!(results.len(), 1);
                }
                _ => {}
            }
        }
    }

    /// The log answers everything, time goes by until every stream has ended, and every reader
    /// takes what there is.
    fn quiesce(&mut self) {
        self.calm(5);
        for by in 0..READERS {
            for stream in 0..NAMES.len() {
                self.follow(by, stream, usize::MAX / 2);
            }
        }
        self.calm(60);
        assert!(self.streams.is_empty(), "nothing goes on: {:#?}", self.streams);
        assert!(self.begun.iter().all(|times| *times == 1), "one outcome: {:?}", self.begun);
        assert!(self.cancelled.values().all(|times| *times == 1), "{:?}", self.cancelled);
        for client in self.readers.values() {
            for (name, had) in &client.has {
                let texts = &self.texts[name];
                let is_there = texts.len() > 1;
                assert_eq!(had.ended.is_some(), is_there, "{name}: {:?}", client.said);
                if is_there {
                    assert_eq!(had.at.sequence, texts.len() as u64 - 1);
                }
            }
        }
    }

    /// So many seconds go by, in which the log answers everything and readers take everything.
    fn calm(&mut self, seconds: u32) {
        for _ in 0..seconds {
            self.run(&Step::Pass { millis: 1_000 });
            loop {
                let is_answered = self.requests.is_empty() && self.answers.is_empty();
                self.run(&Step::Log { pick: 0, how: 4 });
                self.run(&Step::Log { pick: 0, how: 0 });
                let mut took = false;
                for by in 0..READERS {
                    while self.take(by) {
                        took = true;
                    }
                    self.confirm(by);
                }
                self.requests.extend(std::iter::from_fn(|| self.streams.poll_log()));
                if is_answered && !took && self.requests.is_empty() {
                    break;
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn a_reader_has_the_streams_text_or_knows_what_is_missing(steps in prop::collection::vec(step(), 1..160)) {
        let mut driver = Driver::new();
        driver.run(&Step::Begin { stream: 0 });
        driver.run(&Step::Log { pick: 0, how: 4 });
        driver.run(&Step::Claim { stream: 0 });
        driver.run(&Step::Log { pick: 0, how: 4 });
        steps.iter().for_each(|step| driver.run(step));
        driver.quiesce();
    }
}
