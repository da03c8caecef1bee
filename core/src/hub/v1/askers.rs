//! Who waits in sessions for the answers to running requests.

use std::collections::BTreeMap;

use super::place::ItemPlace;
use crate::delivery::SessionNumber;
use crate::delivery::stream::{Generation, StreamKey};
use crate::hub::index::RequestIndex;
use crate::routing::Choice;

/// The items that wait for answers. Each request has one at least, and one more for each repeat.
#[derive(Debug, Default)]
pub(super) struct Askers {
    requests: BTreeMap<RequestIndex, Asked>,
    /// Whose answer each stream is.
    streams: BTreeMap<StreamKey, RequestIndex>,
    /// How many items of each session wait.
    running: BTreeMap<SessionNumber, u32>,
}

/// One request.
#[derive(Debug, Default)]
struct Asked {
    /// The first is that which asked first in a session.
    askers: Vec<Asker>,
    /// What the host is told once the hub has claimed the stream.
    untold: Option<Box<Untold>>,
}

/// One item that waits for its answer.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) item: ItemPlace,
    /// As what the hub appends to the stream; of none before it has claimed it.
    pub(super) generation: Generation,
    /// The stream has ended by something else than its answer.
    pub(super) is_over: bool,
}

/// A request of which the host was not told yet.
#[derive(Debug)]
pub(super) struct Untold {
    pub(super) choice: Choice,
    pub(super) body: Box<str>,
}

impl Asker {
    pub(super) const fn new(item: ItemPlace) -> Self {
        Self { item, generation: Generation::NONE, is_over: false }
    }
}

impl Askers {
    /// The most items that wait for one answer.
    const MOST: usize = 16;

    /// An item waits for the answer to a request: whether there was room.
    pub(super) fn add(
        &mut self,
        request: RequestIndex,
        item: ItemPlace,
        untold: Option<Box<Untold>>,
    ) -> bool {
        let asked = self.requests.entry(request).or_default();
        if asked.askers.len() >= Self::MOST {
            return false;
        }
        *self.running.entry(item.session).or_default() += 1;
        if let Some(key) = &item.stream {
            self.streams.insert(key.clone(), request);
        }
        asked.askers.push(Asker::new(item));
        asked.untold = untold.or_else(|| asked.untold.take());
        true
    }

    /// The request whose answer a stream is, with the item that asked for it.
    pub(super) fn of_stream(&mut self, key: &StreamKey) -> Option<(RequestIndex, &mut Asker)> {
        let request = *self.streams.get(key)?;
        let asked = self.requests.get_mut(&request)?;
        let asker = asked.askers.iter_mut().find(|it| it.item.stream.as_ref() == Some(key))?;
        Some((request, asker))
    }

    /// The first item that asked for a request.
    pub(super) fn first(&self, request: RequestIndex) -> Option<&Asker> {
        self.requests.get(&request)?.askers.first()
    }

    /// Those that wait for the answer to a request.
    pub(super) fn of_request(&self, request: RequestIndex) -> &[Asker] {
        self.requests.get(&request).map_or(&[], |asked| &asked.askers)
    }

    /// Whether an item waits for the answer to a request whose stream has not ended.
    pub(super) fn is_awaited(&self, request: RequestIndex) -> bool {
        self.of_request(request).iter().any(|asker| !asker.is_over)
    }

    /// The host is to be told of a request that is here.
    pub(super) fn tell_later(&mut self, request: RequestIndex, untold: Untold) {
        if let Some(asked) = self.requests.get_mut(&request) {
            asked.untold = Some(Box::new(untold));
        }
    }

    /// What the host is to be told of a request, once.
    pub(super) fn take_untold(&mut self, request: RequestIndex) -> Option<Box<Untold>> {
        self.requests.get_mut(&request)?.untold.take()
    }

    /// A request has ended: those that wait for its answer.
    pub(super) fn take(&mut self, request: RequestIndex) -> Vec<Asker> {
        let askers = self.requests.remove(&request).map_or(Vec::new(), |asked| asked.askers);
        for Asker { item, .. } in &askers {
            if let Some(key) = &item.stream {
                self.streams.remove(key);
            }
            if let Some(running) = self.running.get_mut(&item.session) {
                *running -= 1;
                if *running == 0 {
                    self.running.remove(&item.session);
                }
            }
        }
        askers
    }

    /// How many items of a session wait.
    pub(super) fn running(&self, session: SessionNumber) -> u32 {
        self.running.get(&session).copied().unwrap_or(0)
    }

    /// The streams that the hub appends to, with what it does so as.
    pub(super) fn produced(&self) -> impl Iterator<Item = (&StreamKey, Generation)> {
        let askers = self.requests.values().flat_map(|asked| &asked.askers);
        let live = askers.filter(|asker| !asker.is_over);
        live.filter_map(|asker| Some((asker.item.stream.as_ref()?, asker.generation)))
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Bytes held.
    pub(super) fn memory(&self) -> usize {
        let of = |asked: &Asked| {
            let streams = asked.askers.iter().filter_map(|asker| asker.item.stream.as_ref());
            let names: usize = streams.map(|key| key.name.len()).sum();
            let body = asked.untold.as_ref().map_or(0, |it| size_of::<Untold>() + it.body.len());
            size_of::<(RequestIndex, Asked)>()
                + asked.askers.capacity() * size_of::<Asker>()
                + asked.askers.len() * size_of::<(StreamKey, RequestIndex)>()
                + names
                + body
        };
        let running = self.running.len() * size_of::<(SessionNumber, u32)>();
        self.requests.values().map(of).sum::<usize>() + running
    }
}
