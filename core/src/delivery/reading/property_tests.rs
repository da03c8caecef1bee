//! Random streams, read through cuts, replays and restarts: the host has the stream's text.

use proptest::prelude::*;

use super::*;
use crate::envelope::Text;
use crate::envelope::v1::How;
use crate::time::Wall;

const NOW: Now = Now::new(Mono::ZERO, Wall::EPOCH);

/// One step of a conversation; numbers choose among what is possible.
#[derive(Clone, Debug)]
enum Step {
    /// The producer appends, or restarts from an earlier point.
    Record { back: Option<u16>, text: String },
    /// The next piece: this many records joined, at most so many bytes of it.
    Piece { records: u8, bytes: usize },
    /// Pieces of this link from this one on come again.
    Again { from: u16 },
    /// The link is cut; the next one goes on from exactly where the client is, or from earlier.
    Cut { earlier: Option<(u16, u16)> },
    /// The server tells of a gap: the text before this point is given up.
    Evict { to: u16 },
    /// The log forgets its last records, and then everything after is new.
    LoseLast { records: u8, text: String },
    /// The log is replaced by another, that has all, or only what is after this point.
    Replace { evicted: Option<u16> },
    /// The host leaves the stream and follows it again, from its beginning or from where it was.
    Refollow { anew: bool },
}

fn step() -> impl Strategy<Value = Step> {
    let text = "[a-zé€😀]{1,8}";
    let cut = || prop::option::of((any::<u16>(), any::<u16>()));
    prop_oneof![
        6 => (prop::option::weighted(0.3, any::<u16>()), text)
            .prop_map(|(back, text)| Step::Record { back, text }),
        6 => (1u8..5, prop_oneof![Just(usize::MAX), 4usize..12])
            .prop_map(|(records, bytes)| Step::Piece { records, bytes }),
        1 => any::<u16>().prop_map(|from| Step::Again { from }),
        2 => cut().prop_map(|earlier| Step::Cut { earlier }),
        1 => any::<u16>().prop_map(|to| Step::Evict { to }),
        1 => (any::<u8>(), text).prop_map(|(records, text)| Step::LoseLast { records, text }),
        1 => prop::option::of(any::<u16>()).prop_map(|evicted| Step::Replace { evicted }),
        1 => any::<bool>().prop_map(|anew| Step::Refollow { anew }),
    ]
}

/// A stream and its server: the text after each record, and where each record has begun.
struct Server {
    log: Epoch,
    /// `texts[s]` is the whole text after record `s`; that of 0 is empty.
    texts: Vec<String>,
    /// `begins[s]` is where record `s` was put: before the end of the text it is a restart.
    begins: Vec<usize>,
    /// Where the pieces go on.
    reader: Cursor,
    /// The pieces that were sent since the last `following`.
    sent: Vec<(Position, usize, String, bool)>,
}

impl Server {
    fn new() -> Self {
        let log = Epoch::from_bits(1);
        let (texts, begins) = (vec![String::new()], vec![0]);
        Self { log, texts, begins, reader: Cursor::start(log), sent: Vec::new() }
    }

    fn text(&self) -> &str {
        self.texts.last().expect("that of 0")
    }

    fn record(&mut self, back: Option<u16>, added: &str) {
        let text = self.text();
        let begin = back.map_or(text.len(), |pick| boundary(text, pick.into()));
        let text = [&text[..begin], added].concat();
        self.texts.push(text);
        self.begins.push(begin);
    }

    /// The records that a piece of at most `records` joins, where it begins, and its text.
    fn piece(&mut self, records: u8, bytes: usize) -> Option<usize> {
        let from = sequence(self.reader);
        let last = (from + usize::from(records)).min(self.texts.len() - 1);
        let had = length(self.reader);
        let begin = self.stays(last);
        let whole = &self.texts[last][begin..];
        let part = &whole[..boundary_below(whole, bytes)];
        if part.is_empty() {
            return None;
        }
        let at = Position::new(self.log, last as u64);
        self.sent.push((at, begin, part.to_owned(), begin < had));
        self.reader = Cursor { received: at, offset: (begin + part.len()) as u64 };
        Some(self.sent.len() - 1)
    }

    /// How much of what the reader has is still there after record `last`.
    fn stays(&self, last: usize) -> usize {
        let begins = &self.begins[sequence(self.reader) + 1..=last];
        begins.iter().copied().min().unwrap_or(usize::MAX).min(length(self.reader))
    }

    fn following(&mut self, answer: Answer, to: Cursor) -> Following<'static> {
        self.reader = to;
        self.sent.clear();
        Following {
            stream: Name::new("q").expect("a name"),
            answer,
            from: to.received,
            offset: to.offset,
            lost: None,
            reason: None,
            how: None,
        }
    }
}

fn sequence(cursor: Cursor) -> usize {
    usize::try_from(cursor.received.sequence).expect("small")
}

fn length(cursor: Cursor) -> usize {
    usize::try_from(cursor.offset).expect("small")
}

/// A place between two characters.
fn boundary(text: &str, pick: usize) -> usize {
    boundary_below(text, pick % (text.len() + 1))
}

fn boundary_below(text: &str, most: usize) -> usize {
    text.floor_char_boundary(most.min(text.len()))
}

/// What a host does with what it hears. Lost bytes are `\0`.
#[derive(Default)]
struct Host {
    text: String,
    has_ended: bool,
}

impl Host {
    fn hear(&mut self, event: Option<StreamEvent<'_>>) {
        match event {
            None | Some(StreamEvent::CaughtUp { .. }) => {}
            Some(StreamEvent::Following { stays, offset, .. }) => {
                self.text.truncate(usize::try_from(stays).expect("small"));
                let lost = usize::try_from(offset).expect("small") - self.text.len();
                self.text.extend(std::iter::repeat_n('\0', lost));
            }
            Some(StreamEvent::Text { offset, restart, text, .. }) => {
                let offset = usize::try_from(offset).expect("small");
                assert_eq!(restart, offset < self.text.len());
                self.text.truncate(offset);
                assert_eq!(offset, self.text.len());
                self.text.push_str(text);
            }
            Some(StreamEvent::Ended { offset, .. }) => {
                assert_eq!(offset, self.text.len() as u64);
                assert!(!self.has_ended, "only once");
                self.has_ended = true;
            }
        }
    }
}

struct Run {
    server: Server,
    reading: Reading,
    host: Host,
}

impl Run {
    fn new() -> Self {
        let server = Server::new();
        let mut reading = Reading::new(ReadingConfig::default());
        reading.handle_opened(NOW, server.log);
        reading.ask(&Name::new("q").expect("a name")).expect("the first");
        reading.settle(NOW, "q", Asked::Received);
        Self { server, reading, host: Host::default() }
    }

    fn hear_piece(&mut self, index: usize) {
        let (at, offset, text, restart) = self.server.sent[index].clone();
        let stream = Name::new("q").expect("a name");
        let append = Text::from(text.as_str());
        let piece = Piece { stream, at, offset: offset as u64, append, restart };
        let event = self.reading.handle_piece(NOW, &piece).expect("in order");
        self.host.hear(event);
    }

    fn hear_following(&mut self, following: &Following<'_>) {
        let event = self.reading.handle_following(NOW, following).expect("in order");
        assert!(event.is_some());
        self.host.hear(event);
    }

    /// A cut, and the `open` of the next link: where the client is.
    fn cut(&mut self) -> Cursor {
        self.reading.handle_detached();
        let [follow] = &self.reading.open(|_| false)[..] else { panic!("one stream is followed") };
        let cursor = Cursor { received: follow.received, offset: follow.offset };
        self.reading.handle_opened(NOW, self.server.log);
        cursor
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Record { back, text } => self.server.record(back, &text),
            Step::Piece { records, bytes } => {
                if let Some(index) = self.server.piece(records, bytes) {
                    self.hear_piece(index);
                }
            }
            Step::Again { from } => {
                let count = self.server.sent.len();
                for index in usize::from(from) % (count + 1)..count {
                    let (had, before) = (self.host.text.clone(), self.reading.ignored());
                    self.hear_piece(index);
                    assert_eq!((had, before + 1), (self.host.text.clone(), self.reading.ignored()));
                }
            }
            Step::Cut { earlier } => {
                let mut to = self.cut();
                assert_eq!(to, self.server.reader);
                if let Some((record, byte)) = earlier {
                    let record = usize::from(record) % (sequence(to) + 1);
                    let text = &self.server.texts[record];
                    // Before it no restart has changed anything since.
                    let begins = &self.server.begins[record + 1..=sequence(to)];
                    let same = begins.iter().copied().min().unwrap_or(usize::MAX);
                    let length = boundary(text, byte.into());
                    if length <= same.min(self.host.text.len()) {
                        to = Cursor {
                            received: Position::new(self.server.log, record as u64),
                            offset: length as u64,
                        };
                    }
                }
                let answer = self.server.following(Answer::Resumed, to);
                self.hear_following(&answer);
            }
            Step::Evict { to } => {
                let last = self.server.texts.len() - 1;
                let stays = self.server.stays(last);
                let rest = &self.server.texts[last][stays..];
                let offset = stays + boundary(rest, to.into());
                let received = Position::new(self.server.log, last as u64);
                let to = Cursor { received, offset: offset as u64 };
                let mut gap = self.server.following(Answer::Gap, to);
                gap.lost = Some((offset - stays) as u64);
                self.hear_following(&gap);
            }
            Step::LoseLast { records, text } => {
                let _ = self.cut();
                let kept = self.server.texts.len() - usize::from(records) % self.server.texts.len();
                self.server.texts.truncate(kept.max(1));
                self.server.begins.truncate(kept.max(1));
                let last = self.server.texts.len() - 1;
                // What the records had in common with what the client has, nobody may assume.
                let reader = self.server.reader;
                let to =
                    if sequence(reader) > last { Cursor::start(self.server.log) } else { reader };
                let mut gap = self.server.following(Answer::Gap, to);
                gap.lost = Some(0);
                self.hear_following(&gap);
                self.server.record(None, &text);
            }
            Step::Replace { evicted } => {
                let _ = self.cut();
                let text = self.server.text().to_owned();
                let log = Epoch::from_bits(self.server.log.to_bits() + 1);
                let (texts, begins) = (vec![String::new(), text.clone()], vec![0, 0]);
                let offset = evicted.map_or(0, |pick| boundary(&text, pick.into()));
                let sequence = u64::from(offset > 0);
                self.server = Server { log, texts, begins, ..Server::new() };
                let received = Position::new(log, sequence);
                let to = Cursor { received, offset: offset as u64 };
                let gap = self.server.following(Answer::Gap, to);
                self.hear_following(&gap);
            }
            Step::Refollow { anew } => {
                let was = self.server.reader;
                assert!(self.reading.unfollow("q"));
                let from = (!anew).then_some(was);
                let name = Name::new("q").expect("a name");
                self.reading.follow(&name, from).expect("left");
                let mut said = 0;
                while let Some(message) = self.reading.poll_message() {
                    said += usize::from(matches!(message, Message::Follow(_)));
                }
                assert_eq!(said, 1);
                // A piece that was under way.
                if let Some(index) = self.server.piece(1, usize::MAX) {
                    let had = self.host.text.clone();
                    self.hear_piece(index);
                    assert_eq!(had, self.host.text);
                }
                if anew {
                    self.host.text.clear();
                }
                let to = if anew { Cursor::start(self.server.log) } else { was };
                let answer = self.server.following(Answer::Resumed, to);
                self.hear_following(&answer);
            }
        }
    }

    fn finish(mut self) -> Result<(), TestCaseError> {
        while let Some(index) = self.server.piece(u8::MAX, usize::MAX) {
            self.hear_piece(index);
        }
        let whole = self.server.text().as_bytes();
        let has = self.host.text.as_bytes();
        prop_assert_eq!(has.len(), whole.len());
        // Byte for byte, apart from those that are known to be lost.
        prop_assert!(has.iter().zip(whole).all(|(has, is)| has == is || *has == 0));
        let end = End {
            stream: Name::new("q").expect("a name"),
            at: Position::new(self.server.log, self.server.texts.len() as u64),
            offset: whole.len() as u64,
            how: How::Done,
            code: None,
            body: None,
        };
        for _ in 0..2 {
            let event = self.reading.handle_end(&end).expect("in order");
            self.host.hear(event);
        }
        prop_assert!(self.host.has_ended);
        Ok(())
    }
}

proptest! {
    #[test]
    fn the_host_has_the_text_whatever_happens(steps in prop::collection::vec(step(), 0..40)) {
        let mut run = Run::new();
        for step in steps {
            run.take(step);
        }
        run.finish()?;
    }

    /// Where nothing is given up, nothing is lost.
    #[test]
    fn without_a_gap_the_text_is_whole(steps in prop::collection::vec(step(), 0..40)) {
        let mut run = Run::new();
        for step in steps {
            if !matches!(step, Step::Evict { .. } | Step::Replace { evicted: Some(_) }) {
                run.take(step);
            }
        }
        let whole = run.server.text().to_owned();
        while let Some(index) = run.server.piece(u8::MAX, usize::MAX) {
            run.hear_piece(index);
        }
        prop_assert_eq!(&run.host.text, &whole);
        run.finish()?;
    }
}
