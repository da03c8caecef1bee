//! One stream at one or two servers over one log, with producers, a reader and a cancel.

mod defect;
pub mod properties;
mod reader;
mod seen;

pub use defect::Defect;

use std::collections::VecDeque;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use pamlink::delivery::stream::{
    Answer, CancelScope, End, Event, Generation, LogAnswer, LogConfig, LogRequest, MemoryLog,
    ReaderId, StreamKey, Streams, StreamsConfig,
};
use pamlink::envelope::v1::{Channel, Epoch, How, Name, Position};
use pamlink::time::{Mono, Now, TimerReason, Wall};
use stateright::{Model, Property};

use self::reader::Reader;
use self::seen::Seen;
use crate::digest;

/// A stream, with all that may happen to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct StreamsModel {
    /// What happens how often at most.
    pub most: Happened,
    /// A planted defect.
    pub defect: Option<Defect>,
}

/// How often something has happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the bounds of a run are a literal")]
pub struct Happened {
    /// The item that asks for the stream arrives, at the first server and then at the second.
    pub begun: u8,
    /// A producer claims the stream at the first server.
    pub claimed: u8,
    /// A producer claims it at the second server, which shares the log.
    pub claimed_elsewhere: u8,
    /// A producer appends a letter, of which each is another.
    pub appended: u8,
    /// The newest producer begins its text anew from the beginning of the stream.
    pub restarted: u8,
    /// A producer ends the stream.
    pub finished: u8,
    /// The stream is cancelled at the first server.
    pub cancelled: u8,
    /// The log is unavailable, whether it has done what it was asked or not.
    pub failed: u8,
    /// The reader comes, from where it is.
    pub followed: u8,
    /// Time passes to the next deadline: 30 s are a producer's lease, 60 s a reader's.
    pub passed: u8,
}

/// What may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "nothing outside matches on it")]
pub enum Action {
    /// The item that asks for the stream arrives.
    Begin,
    /// A producer claims the stream, at this server.
    Claim(usize),
    /// The producer that was there so many claims after the first appends a letter.
    Append(usize),
    /// The newest producer begins its text anew.
    Restart,
    /// The producer that was there so many claims after the first ends the stream.
    Finish(usize),
    /// The stream is cancelled.
    Cancel,
    /// The log does this one of what it was asked, and its answer arrives.
    Log(usize),
    /// The log does it, and nobody hears of that.
    LogUnheard(usize),
    /// The log does not do it.
    LogFails(usize),
    /// The reader comes, or comes back.
    Follow,
    /// The reader's link is gone, with what is on its way.
    Cut,
    /// The next envelope arrives at the reader.
    ToReader,
    /// Time passes to the next deadline.
    Pass,
}

/// The servers, their log, and the reader.
#[derive(Clone, Debug)]
pub struct State {
    servers: [Arc<Streams>; 2],
    log: Arc<MemoryLog>,
    /// What the log was asked, and by which server.
    requests: Vec<(usize, LogRequest)>,
    reader: Reader,
    to_reader: VecDeque<Arc<str>>,
    /// Who has claimed the stream, and where.
    producers: Vec<(usize, Generation)>,
    seen: Seen,
    millis: u64,
    happened: Happened,
    digest: u64,
}

const READER: ReaderId = ReaderId::from_number(1);
const LOG: Epoch = Epoch::from_bits(9);

impl State {
    fn new() -> Self {
        let config = StreamsConfig { flush_after: Duration::ZERO, ..StreamsConfig::default() };
        let server = Arc::new(Streams::new(config, LOG));
        let mut state = Self {
            servers: [Arc::clone(&server), server],
            log: Arc::new(MemoryLog::new(LogConfig::default(), LOG)),
            requests: Vec::new(),
            reader: Reader::new(LOG),
            to_reader: VecDeque::new(),
            producers: Vec::new(),
            seen: Seen::default(),
            millis: 0,
            happened: Happened::default(),
            digest: 0,
        };
        state.reader.is_attached = true;
        state.show();
        state
    }

    fn now(&self) -> Now {
        let passed = Duration::from_millis(self.millis);
        Now::new(Mono::from_millis(self.millis), Wall::EPOCH + passed)
    }

    /// Lets something happen at a server, and takes what follows.
    fn at<T>(&mut self, server: usize, does: impl FnOnce(&mut Streams, Now) -> T) -> T {
        let now = self.now();
        let streams = Arc::make_mut(&mut self.servers[server]);
        let done = does(streams, now);
        while let Some(request) = streams.poll_log() {
            self.requests.push((server, request));
        }
        while let Some(event) = streams.poll_event() {
            if let Event::Claimed { generation, .. } = &event {
                self.producers.push((server, *generation));
            }
            self.seen.handle_event(&event);
        }
        while let Some(reader) = streams.poll_ready() {
            while let Some(message) = streams.poll_message(now, reader) {
                if self.reader.is_attached {
                    let mut text = String::new();
                    message.write(Channel(0), &mut text);
                    self.to_reader.push_back(text.into());
                }
            }
        }
        done
    }

    fn answer_from_log(&mut self, place: usize, action: Action, defect: Option<Defect>) {
        let (server, request) = self.requests.remove(place);
        let now = self.now();
        let (mut answer, epoch) = (Answer::Unavailable, LOG);
        if !matches!(action, Action::LogFails(_)) {
            let log = Arc::make_mut(&mut self.log);
            answer = match defect {
                None => log.handle_request(now, &request).answer,
                Some(defect) => defect.answer(log, now, &request, &self.seen),
            };
            self.seen.handle_log(now, log, &request, &answer);
        }
        if matches!(action, Action::LogUnheard(_)) {
            answer = Answer::Unavailable;
        }
        self.at(server, |streams, now| {
            streams.handle_log(now, LogAnswer::new(request.id, epoch, answer));
        });
    }

    fn pass(&mut self) -> bool {
        let deadlines = self.servers.iter().filter_map(|streams| streams.poll_timeout());
        let Some(next) = deadlines.map(|it| it.at).min() else { return false };
        self.millis = self.millis.max(next.as_nanos().div_ceil(1_000_000));
        for server in 0..2 {
            self.at(server, Streams::handle_timeout);
        }
        true
    }

    fn follow(&mut self) -> bool {
        self.reader.is_attached = true;
        let (received, offset) = (self.reader.received, self.reader.offset());
        self.at(0, |streams, now| streams.follow(now, READER, &key(), received, offset)).is_ok()
    }

    /// Nothing is asked of the log, and nothing on its way.
    fn is_at_rest(&self) -> bool {
        let is_due = |streams: &Arc<Streams>| {
            let due = streams.poll_timeout().map(|it| it.reason);
            matches!(due, Some(TimerReason::StreamText | TimerReason::LogRetry))
        };
        self.requests.is_empty() && self.to_reader.is_empty() && !self.servers.iter().any(is_due)
    }

    fn show(&mut self) {
        let Self { servers, requests, reader, to_reader, producers, seen, .. } = self;
        self.digest = digest::of(&[servers, requests, reader, to_reader, producers, seen]);
    }
}

impl Hash for State {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.digest, self.millis, self.happened).hash(state);
    }
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        let parts = |it: &Self| (it.digest, it.millis, it.happened);
        parts(self) == parts(other)
    }
}

impl Model for StreamsModel {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        let (done, most) = (&state.happened, &self.most);
        let mut may = |may: bool, action: Action| actions.extend(may.then_some(action));
        may(done.begun < most.begun, Action::Begin);
        may(done.claimed < most.claimed, Action::Claim(0));
        may(done.claimed_elsewhere < most.claimed_elsewhere, Action::Claim(1));
        for producer in 0..state.producers.len() {
            may(done.appended < most.appended, Action::Append(producer));
            may(done.finished < most.finished, Action::Finish(producer));
        }
        may(done.restarted < most.restarted && !state.producers.is_empty(), Action::Restart);
        may(done.cancelled < most.cancelled, Action::Cancel);
        for place in 0..state.requests.len() {
            may(true, Action::Log(place));
            may(done.failed < most.failed, Action::LogUnheard(place));
            may(done.failed < most.failed, Action::LogFails(place));
        }
        let comes_back = !state.reader.is_attached && !state.reader.has_ended;
        may(comes_back && done.followed < most.followed, Action::Follow);
        may(state.reader.is_attached && done.followed < most.followed, Action::Cut);
        may(!state.to_reader.is_empty(), Action::ToReader);
        may(done.passed < most.passed, Action::Pass);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let happened = &mut state.happened;
        let done = match action {
            Action::Begin => {
                // A session moves, and its item arrives at another server as well.
                let server = usize::from(happened.begun);
                happened.begun += 1;
                let reader = (server == 0 && state.reader.is_attached).then_some(READER);
                let item = Position::new(Epoch::from_bits(2), 1);
                let begins = |streams: &mut Streams, now| {
                    streams.begin(now, &key(), None, item, reader).is_ok()
                };
                state.at(server, begins)
            }
            Action::Claim(server) => {
                *(if server == 0 {
                    &mut happened.claimed
                } else {
                    &mut happened.claimed_elsewhere
                }) += 1;
                state.at(server, |streams, now| streams.claim(now, &key()).is_ok())
            }
            Action::Append(producer) => {
                let letter = char::from(b'a' + happened.appended);
                happened.appended += 1;
                let (server, by) = state.producers[producer];
                let text = letter.to_string();
                let taken = state.at(server, |it, now| it.append(now, &key(), by, &text)).is_ok();
                if taken {
                    state.seen.handle_taken(server, by, letter);
                }
                taken
            }
            Action::Restart => {
                happened.restarted += 1;
                let (server, by) = state.producers[state.producers.len() - 1];
                let taken = state.at(server, |it, now| it.restart_from(now, &key(), by, 0)).is_ok();
                if taken {
                    state.seen.handle_restart();
                }
                taken
            }
            Action::Finish(producer) => {
                happened.finished += 1;
                let (server, by) = state.producers[producer];
                let end = End::new(How::Done);
                state.at(server, |it, now| it.finish(now, &key(), by, end)).is_ok()
            }
            Action::Cancel => {
                happened.cancelled += 1;
                let cancels = |it: &mut Streams, now| it.cancel(now, CancelScope::Stream(&key()));
                state.at(0, cancels);
                true
            }
            Action::Log(place) | Action::LogUnheard(place) | Action::LogFails(place) => {
                happened.failed += u8::from(!matches!(action, Action::Log(_)));
                state.answer_from_log(place, action, self.defect);
                true
            }
            Action::Follow => {
                happened.followed += 1;
                state.follow()
            }
            Action::Cut => {
                state.reader.is_attached = false;
                state.to_reader.clear();
                state.at(0, |streams, now| streams.forget_reader(now, READER));
                true
            }
            Action::ToReader => {
                let text = state.to_reader.pop_front()?;
                let is_lost =
                    self.defect == Some(Defect::LosesPieces) && text.contains("\"offset\":0");
                if !is_lost || text.contains("\"end\"") {
                    state.reader.handle_text(&text, self.defect);
                }
                true
            }
            Action::Pass => {
                happened.passed += 1;
                state.pass()
            }
        };
        state.show();
        done.then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}

fn key() -> StreamKey {
    let name = Name::new("q").expect("a name");
    StreamKey::new("ann", &name)
}
