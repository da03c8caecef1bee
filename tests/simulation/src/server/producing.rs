//! The producers of the server's host: they claim streams, append, go back, end and die.

use pamlink::delivery::stream::{End, Generation, ProducerError};
use pamlink::envelope::v1::{Code, How};
use pamlink::time::Now;

use super::Server;
use crate::defect::Defect;
use crate::network::Network;
use crate::oracle::{Oracle, Witness};
use crate::profile::Policy;
use crate::random::mixed;

/// A producer of a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Producer {
    generation: Generation,
    /// It has gone back to here, and its next text is to stand there.
    owes: Option<u64>,
    is_dead: bool,
    has_finished: bool,
}

impl Producer {
    pub(super) const fn new(generation: Generation) -> Self {
        Self { generation, owes: None, is_dead: false, has_finished: false }
    }

    pub(super) const fn generation(&self) -> Generation {
        self.generation
    }

    pub(super) const fn has_finished(&self) -> bool {
        self.has_finished
    }
}

impl Server {
    /// The host begins with what it was asked for, as its policy has it.
    pub(super) fn begin(&mut self, now: Now, stream: usize, witness: &Witness) {
        let user = witness.truth.get(stream).user;
        let others = self.producers.keys().copied();
        let others: Vec<usize> =
            others.filter(|other| witness.truth.get(*other).user == user).collect();
        match self.policy {
            Policy::Queue if !others.is_empty() => return self.queued.push_back(stream),
            Policy::Replace => {
                for other in others {
                    let key = &witness.truth.get(other).key;
                    let scope = pamlink::delivery::stream::CancelScope::Stream(key);
                    self.sessions.streams().cancel(now, scope);
                }
            }
            Policy::Parallel | Policy::Reject | Policy::Queue => {}
        }
        self.claim(now, stream, witness);
    }

    /// A stream has ended: the next of its user has its turn.
    pub(super) fn go_on_after(&mut self, now: Now, stream: usize, witness: &Witness) {
        let user = witness.truth.get(stream).user;
        let next = self.queued.iter().position(|it| witness.truth.get(*it).user == user);
        if let Some(next) = next.and_then(|next| self.queued.remove(next)) {
            self.claim(now, next, witness);
        }
    }

    /// Claims a stream.
    pub(crate) fn claim(&mut self, now: Now, stream: usize, witness: &Witness) -> bool {
        let key = &witness.truth.get(stream).key;
        self.sessions.streams().claim(now, key).is_ok()
    }

    /// Claims a stream if it has a producer, or if it has none.
    pub(crate) fn claim_for(
        &mut self,
        stream: usize,
        supersedes: bool,
        network: &mut Network,
        witness: &mut Witness,
    ) -> bool {
        let is_running = witness.truth.get(stream).is_running();
        let claims = is_running && self.producers.contains_key(&stream) == supersedes;
        let claims = claims && self.claim(self.now(witness.millis), stream, witness);
        self.serve(network, witness);
        claims
    }

    /// A stream is not begun after all.
    pub(super) fn end_unclaimed(&mut self, now: Now, stream: usize, witness: &Witness) {
        let key = &witness.truth.get(stream).key;
        let mut end = End::new(How::Failed);
        end.code = Code::new("busy");
        // It may have been cancelled meanwhile.
        let _known = self.sessions.streams().finish(now, key, Generation::NONE, end);
    }

    /// The producer of a stream appends, perhaps from an earlier place on.
    pub(crate) fn append(
        &mut self,
        stream: usize,
        (characters, back): (u32, u32),
        network: &mut Network,
        witness: &mut Witness,
    ) -> bool {
        let done = self.append_to(stream, characters, back, witness);
        self.serve(network, witness);
        done
    }

    fn append_to(
        &mut self,
        stream: usize,
        characters: u32,
        back: u32,
        witness: &mut Witness,
    ) -> bool {
        let now = self.now(witness.millis);
        let Some(producer) = self.producers.get_mut(&stream).filter(|it| !it.is_dead) else {
            return false;
        };
        let by = producer.generation;
        let it = witness.truth.get_mut(stream);
        let key = it.key.clone();
        let Some(life) = it.life_mut() else { return false };
        let Some(taken) = life.taken.get_mut(&by.number()) else { return false };
        let streams = self.sessions.streams();
        if back > 0 && producer.owes.is_none() {
            let offset = before(taken.as_str(), back);
            match streams.restart_from(now, &key, by, offset) {
                Ok(()) => producer.owes = Some(offset),
                Err(ProducerError::Fenced) => {
                    producer.is_dead = true;
                    return false;
                }
                Err(error) => {
                    witness.check(Oracle::Taken, false, || format!("{key:?} {offset}: {error}"));
                    return false;
                }
            }
        }
        let offset = producer.owes.unwrap_or_else(|| taken.len());
        let salt = mixed(by.number(), taken.versions());
        let text = text(mixed(salt, stream as u64), offset, characters.max(1));
        let appended = if witness.planted.strikes(Defect::TakesInWordOnly) {
            Ok(())
        } else {
            streams.append(now, &key, by, &text)
        };
        match appended {
            Ok(()) => {
                producer.owes = None;
                taken.put(offset, &text)
            }
            Err(ProducerError::Full | ProducerError::TooLarge { .. }) => false,
            Err(ProducerError::Fenced) => {
                producer.is_dead = true;
                false
            }
            Err(error) => {
                witness.check(Oracle::Taken, false, || format!("{key:?}: {error}"));
                false
            }
        }
    }

    /// The producer of a stream ends it.
    pub(crate) fn finish(
        &mut self,
        stream: usize,
        fails: bool,
        network: &mut Network,
        witness: &mut Witness,
    ) -> bool {
        let now = self.now(witness.millis);
        let Some(producer) = self.producers.get_mut(&stream) else { return false };
        // What it has gone back for is to come first.
        if producer.is_dead || producer.has_finished || producer.owes.is_some() {
            return false;
        }
        let key = &witness.truth.get(stream).key;
        let mut end = End::new(if fails { How::Failed } else { How::Done });
        if fails {
            end.code = Code::new("model");
        } else {
            end.body = Some(format!("[{stream}]").into());
        }
        let done = self.sessions.streams().finish(now, key, producer.generation, end).is_ok();
        producer.has_finished = done;
        self.serve(network, witness);
        done
    }

    /// Claims a stream whose producer has died, or never was.
    pub(crate) fn revive(
        &mut self,
        stream: usize,
        network: &mut Network,
        witness: &mut Witness,
    ) -> bool {
        let claims = self.claim(self.now(witness.millis), stream, witness);
        self.serve(network, witness);
        claims
    }

    /// The producer of a stream dies.
    pub(crate) fn kill(&mut self, stream: usize) -> bool {
        let producer = self.producers.get_mut(&stream).filter(|it| !it.is_dead);
        producer.map(|producer| producer.is_dead = true).is_some()
    }

    /// Cancels of a stream are refused from now on, or no more.
    pub(crate) fn protect(&mut self, stream: usize, is_on: bool, witness: &Witness) -> bool {
        let now = self.now(witness.millis);
        let code = if is_on { Code::new("protected") } else { None };
        self.sessions.streams().protect(now, &witness.truth.get(stream).key, code);
        witness.truth.get(stream).is_running()
    }

    /// Forgets a stream that has ended.
    pub(crate) fn discard(
        &mut self,
        stream: usize,
        network: &mut Network,
        witness: &mut Witness,
    ) -> bool {
        let it = witness.truth.get(stream);
        let has_ended = it.life().is_some_and(|life| life.end.is_some());
        let done = has_ended && self.sessions.streams().discard(&it.key);
        self.serve(network, witness);
        done
    }

    /// Producers show that they are alive, and so does whoever is to begin what waits.
    pub(super) fn renew(&mut self, now: Now, witness: &Witness) {
        let streams = self.sessions.streams();
        let alive = self.producers.iter().filter(|(_, it)| !it.is_dead && !it.has_finished);
        let alive = alive.map(|(stream, it)| (*stream, it.generation));
        for (stream, by) in alive.chain(self.queued.iter().map(|it| (*it, Generation::NONE))) {
            // One that is fenced was told so, or will be.
            let _known = streams.renew(now, &witness.truth.get(stream).key, by);
        }
    }

    /// Whether a stream has a producer that is alive.
    pub(crate) fn has_producer(&self, stream: usize) -> bool {
        self.producers.get(&stream).is_some_and(|it| !it.is_dead)
    }
}

/// Where so many characters before the end of a text begin.
fn before(text: &str, back: u32) -> u64 {
    let place = text.char_indices().rev().nth(back.saturating_sub(1) as usize);
    place.map_or(0, |(place, _)| place as u64)
}

/// So many characters of text, which are others elsewhere.
fn text(salt: u64, offset: u64, characters: u32) -> String {
    const LETTERS: [char; 16] =
        ['a', 'e', 'i', 'o', 'u', 'n', 't', 'r', 's', 'l', ' ', '.', 'ä', 'ß', '€', '😀'];
    let mut text = String::new();
    let mut bits = 0;
    for count in 0..u64::from(characters) {
        if count % 16 == 0 {
            bits = mixed(salt, offset + count);
        }
        text.push(LETTERS[(bits & 15) as usize]);
        bits >>= 4;
    }
    text
}
