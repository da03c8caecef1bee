//! What has become of each stream, as the requests to the log and its answers say: it looks at what
//! crosses the interface, and knows nothing of the machines on either side.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use pamlink::delivery::stream::{Answer, End, Ended, Generation, LogRequest, Request, StreamKey};
use pamlink::envelope::v1::{Name, Position};

use super::Oracle;
use super::versions::Versions;

/// All streams that anybody has named.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    /// The bound of all texts that the log keeps.
    pub(crate) log_bytes: usize,
    streams: Vec<Stream>,
    by_key: HashMap<StreamKey, usize>,
}

/// One stream.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) key: StreamKey,
    pub(crate) name: Name<'static>,
    pub(crate) user: usize,
    /// What it has been: a name can be used again once it is forgotten.
    pub(crate) lives: Vec<Life>,
    /// An item with this name has been sent.
    pub(crate) is_asked: bool,
}

/// A stream from its beginning to its end.
#[derive(Debug)]
pub(crate) struct Life {
    of: Position,
    pub(crate) text: Versions,
    pub(crate) generation: u64,
    /// How many records the newest producer has in it.
    next: u64,
    /// What each producer was told is taken.
    pub(crate) taken: BTreeMap<u64, Versions>,
    pub(crate) end: Option<Ended>,
    /// All bytes that were ever appended.
    pub(crate) appended: u64,
    /// The log has lost or forgotten it.
    pub(crate) is_gone: bool,
}

impl Truth {
    /// The place of a stream of this name, which may be new.
    pub(crate) fn name(&mut self, user: usize, owner: &Arc<str>) -> usize {
        let place = self.streams.len();
        let name = Name::new(format!("s{place}")).unwrap_or_else(|| unreachable!("it is short"));
        let key = StreamKey::new(Arc::clone(owner), &name);
        self.by_key.insert(key.clone(), place);
        self.streams.push(Stream { key, name, user, lives: Vec::new(), is_asked: false });
        place
    }

    /// Whether the log may have given up a beginning of a stream's text: that was long, or all texts
    /// together were, with what each of them takes beside itself.
    pub(crate) fn may_give_up(&self, stream: &Stream) -> bool {
        const LONG: u64 = 16 * 1024;
        const BESIDE: u64 = 4 * 1024;
        let lives = self.streams.iter().flat_map(|stream| &stream.lives);
        let all: u64 = lives.map(|life| life.appended + BESIDE).sum();
        stream.lives.iter().any(|life| life.appended > LONG) || all > self.log_bytes as u64
    }

    pub(crate) fn streams(&self) -> &[Stream] {
        &self.streams
    }

    pub(crate) fn get(&self, place: usize) -> &Stream {
        &self.streams[place]
    }

    pub(crate) fn get_mut(&mut self, place: usize) -> &mut Stream {
        &mut self.streams[place]
    }

    pub(crate) fn place(&self, key: &StreamKey) -> Option<usize> {
        self.by_key.get(key).copied()
    }

    /// The log has lost everything.
    pub(crate) fn lose_all(&mut self) {
        for life in self.streams.iter_mut().flat_map(|stream| &mut stream.lives) {
            life.is_gone = true;
        }
    }

    /// The log has done what it was asked, and says so.
    pub(crate) fn observe(&mut self, asked: &LogRequest, answer: &Answer) -> Result<(), Found> {
        let Some(place) = self.place(&asked.key) else {
            // Somebody cancels what another has.
            let is_refused = matches!(answer, Answer::Refused(_));
            let found = Found(Oracle::Once, "a stream that nobody has named");
            return if is_refused { Ok(()) } else { Err(found) };
        };
        let lives = &mut self.streams[place].lives;
        if let (Request::ClaimEffect { of, .. }, Answer::Begun { first: true }) =
            (&asked.request, answer)
        {
            if lives.last().is_some_and(|life| life.end.is_none() && !life.is_gone) {
                return Err(Found(Oracle::Once, "a stream begins while it goes on"));
            }
            lives.push(Life::new(*of));
            return Ok(());
        }
        let Some(life) = lives.last_mut().filter(|life| !life.is_gone) else {
            return match answer {
                Answer::Refused(_) | Answer::Unavailable => Ok(()),
                _ => Err(Found(Oracle::Once, "the log knows a stream that there is not")),
            };
        };
        match (&asked.request, answer) {
            (Request::ClaimEffect { of, .. }, Answer::Begun { .. }) if *of != life.of => {
                Err(Found(Oracle::Once, "two items begin one stream"))
            }
            (Request::ClaimProducer { .. }, Answer::Claimed { generation, offset }) => {
                life.claim(*generation, *offset)
            }
            (Request::Append { generation, sequence, offset, text }, Answer::Appended { .. }) => {
                life.append(*generation, *sequence, *offset, text)
            }
            (Request::Finish { by, end }, Answer::Finished(ended)) => life.finish(*by, end, ended),
            (Request::Discard, Answer::Discarded) => {
                life.is_gone = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }
}

impl Stream {
    /// What it is now, if it is.
    pub(crate) fn life(&self) -> Option<&Life> {
        self.lives.last().filter(|life| !life.is_gone)
    }

    pub(crate) fn life_mut(&mut self) -> Option<&mut Life> {
        self.lives.last_mut().filter(|life| !life.is_gone)
    }

    /// Whether it goes on.
    pub(crate) fn is_running(&self) -> bool {
        self.life().is_some_and(|life| life.end.is_none())
    }

    /// Whether this stood at `offset` in it, in whichever life.
    pub(crate) fn has_had(&self, offset: u64, text: &[u8]) -> bool {
        self.lives.iter().rev().any(|life| life.text.has_had(offset, text))
    }
}

impl Life {
    const fn new(of: Position) -> Self {
        Self {
            of,
            text: Versions::new(),
            generation: 0,
            next: 0,
            taken: BTreeMap::new(),
            end: None,
            appended: 0,
            is_gone: false,
        }
    }

    fn claim(&mut self, generation: Generation, offset: u64) -> Result<(), Found> {
        if self.end.is_some() {
            return Err(Found(Oracle::Ended, "a stream that has ended is claimed"));
        }
        if generation.number() <= self.generation || offset != self.text.len() {
            return Err(Found(
                Oracle::Fenced,
                "a claim gives no new generation, or another offset",
            ));
        }
        (self.generation, self.next) = (generation.number(), 0);
        let beginning = Versions::beginning(self.text.as_str());
        self.taken.insert(self.generation, beginning);
        Ok(())
    }

    fn append(
        &mut self,
        generation: Generation,
        sequence: u64,
        offset: u64,
        text: &str,
    ) -> Result<(), Found> {
        if self.end.is_some() {
            return Err(Found(Oracle::Ended, "text is appended after the end"));
        }
        if generation.number() != self.generation {
            return Err(Found(Oracle::Fenced, "text of an older generation is appended"));
        }
        if sequence < self.next {
            return Ok(());
        }
        let taken = self.taken.get(&self.generation);
        if sequence > self.next
            || !taken.is_some_and(|taken| taken.has_had(offset, text.as_bytes()))
        {
            return Err(Found(Oracle::Taken, "what is appended was not taken from its producer"));
        }
        self.next += 1;
        self.appended += text.len() as u64;
        if self.text.put(offset, text) {
            Ok(())
        } else {
            Err(Found(Oracle::Taken, "text is appended beyond the text"))
        }
    }

    fn finish(
        &mut self,
        by: Option<Generation>,
        end: &Arc<End>,
        ended: &Ended,
    ) -> Result<(), Found> {
        if let Some(before) = &self.end {
            let same = before == ended;
            return if same { Ok(()) } else { Err(Found(Oracle::Ended, "a stream ends twice")) };
        }
        if by.is_some_and(|by| by.number() != self.generation) {
            return Err(Found(Oracle::Fenced, "an older generation ends a stream"));
        }
        if ended.offset != self.text.len() || ended.end != *end {
            return Err(Found(Oracle::Ended, "a stream ends elsewhere, or otherwise"));
        }
        self.end = Some(ended.clone());
        Ok(())
    }
}

/// What an oracle finds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found(pub(crate) Oracle, pub(crate) &'static str);
