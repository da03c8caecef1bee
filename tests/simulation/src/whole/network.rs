//! Byte pipes between devices and a hub: late, in chunks that end anywhere, and cut.

use std::collections::{BTreeMap, VecDeque};

use pamlink::hub::LinkId;

use super::framing::Framing;
use crate::random::Random;

/// What arrives at an end.
#[derive(Debug)]
pub(super) enum Part {
    Bytes(Vec<u8>),
    End,
}

/// One direction of a link.
#[derive(Debug, Default)]
pub(super) struct Way {
    queue: VecDeque<(u64, Part)>,
    /// When the last of it arrives.
    last: u64,
    /// It takes nothing more.
    is_shut: bool,
    is_stalled: bool,
    framing: Framing,
}

impl Way {
    fn put(&mut self, at: u64, part: Part) {
        self.last = self.last.max(at);
        self.queue.push_back((self.last, part));
    }

    /// The pipe ends: of the bytes on their way so many of a thousand arrive, and where it is heard,
    /// the end. Whether that is inside a frame.
    fn cut(&mut self, share: u32, is_heard: bool, at: u64) -> bool {
        let bytes: usize = self.queue.iter().map(|(_, part)| part.len()).sum();
        let mut left = bytes * share as usize / 1_000;
        let mut framing = self.framing.clone();
        self.queue.retain_mut(|(_, part)| {
            let Part::Bytes(bytes) = part else { return false };
            bytes.truncate(left);
            left -= bytes.len();
            framing.take(bytes);
            !bytes.is_empty()
        });
        self.is_shut = true;
        if is_heard {
            self.put(at, Part::End);
        }
        framing.is_inside()
    }

    /// When something arrives.
    fn next(&self) -> Option<u64> {
        if self.is_stalled { None } else { self.queue.front().map(|(at, _)| *at) }
    }

    fn take(&mut self, now: u64) -> Option<Part> {
        self.next().filter(|at| *at <= now)?;
        let (_, part) = self.queue.pop_front()?;
        if let Part::Bytes(bytes) = &part {
            self.framing.take(bytes);
        }
        Some(part)
    }
}

impl Part {
    fn len(&self) -> usize {
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::End => 0,
        }
    }
}

/// Who takes what a device dials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answerer {
    Hub,
    /// A proxy, with this status.
    Proxy(u16),
    Nobody,
}

/// A link from its dial on.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) device: usize,
    /// What the hub calls it, while it has it.
    pub(super) hub: Option<LinkId>,
    pub(super) answerer: Answerer,
    /// When the dial succeeds or fails, until it has.
    opens_at: Option<u64>,
    latency: u32,
    up: Way,
    down: Way,
}

impl Link {
    pub(super) const fn is_open(&self) -> bool {
        self.opens_at.is_none() && !self.up.is_shut && !self.down.is_shut
    }
}

/// What happens next on a link.
#[derive(Debug)]
pub(super) enum Arrival {
    Dialed,
    ToHub(Part),
    ToDevice(Part),
}

/// All links.
#[derive(Debug)]
pub(super) struct Network {
    links: BTreeMap<u64, Link>,
    made: u64,
    latency: u32,
    random: Random,
    /// Cuts that fell inside a frame.
    pub(super) inside: u64,
}

impl Network {
    pub(super) fn new(seed: u64, latency: u32) -> Self {
        let random = Random::of(seed, "whole network");
        Self { links: BTreeMap::new(), made: 0, latency, random, inside: 0 }
    }

    /// A device dials.
    pub(super) fn dial(&mut self, now: u64, device: usize, answerer: Answerer) -> u64 {
        self.made += 1;
        let latency = self.latency;
        let opens_at = Some(now + u64::from(self.random.within(1, latency)));
        let (up, down) = (Way::default(), Way::default());
        let link = Link { device, hub: None, answerer, opens_at, latency, up, down };
        self.links.insert(self.made, link);
        self.made
    }

    pub(super) fn get_mut(&mut self, link: u64) -> Option<&mut Link> {
        self.links.get_mut(&link)
    }

    /// The link that the hub calls so.
    pub(super) fn of_hub(&self, id: LinkId) -> Option<u64> {
        self.links.iter().rev().find(|(_, link)| link.hub == Some(id)).map(|(number, _)| *number)
    }

    /// An end writes.
    pub(super) fn write(&mut self, now: u64, link: u64, is_up: bool, mut bytes: &[u8]) {
        let Self { links, random, .. } = self;
        let Some(link) = links.get_mut(&link) else { return };
        let way = if is_up { &mut link.up } else { &mut link.down };
        while !bytes.is_empty() && !way.is_shut {
            let most = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
            let (part, rest) = bytes.split_at(random.within(1, most) as usize);
            bytes = rest;
            let at = now + u64::from(random.within(1, link.latency));
            way.put(at, Part::Bytes(part.to_vec()));
        }
    }

    /// An end drops its transport: what it wrote arrives, then its end.
    pub(super) fn close(&mut self, now: u64, link: u64, by_device: bool) {
        let Some(link) = self.links.get_mut(&link) else { return };
        link.opens_at = None;
        let (own, other) = match by_device {
            true => (&mut link.up, &mut link.down),
            false => (&mut link.down, &mut link.up),
        };
        other.is_shut = true;
        other.queue.clear();
        if !own.is_shut {
            own.put(now + u64::from(link.latency), Part::End);
            own.is_shut = true;
        }
    }

    /// A link is cut, and each end hears of it or does not. Whether there was one.
    pub(super) fn cut(
        &mut self,
        now: u64,
        link: u64,
        (up, down): (u32, u32),
        (at_client, at_hub): (bool, bool),
    ) -> bool {
        let Some(link) = self.links.get_mut(&link).filter(|link| link.is_open()) else {
            return false;
        };
        let at = now + u64::from(link.latency);
        let inside = [link.up.cut(up, at_hub, at), link.down.cut(down, at_client, at)];
        self.inside += inside.iter().map(|it| u64::from(*it)).sum::<u64>();
        true
    }

    /// One direction carries nothing any more. Whether it did.
    pub(super) fn stall(&mut self, link: u64, is_up: bool) -> bool {
        let Some(link) = self.links.get_mut(&link).filter(|link| link.is_open()) else {
            return false;
        };
        let way = if is_up { &mut link.up } else { &mut link.down };
        !core::mem::replace(&mut way.is_stalled, true)
    }

    pub(super) fn slow(&mut self, link: u64, millis: u32) -> bool {
        self.links.get_mut(&link).map(|link| link.latency += millis).is_some()
    }

    /// The hub's process is no more: each device hears of it.
    pub(super) fn forget_hub(&mut self, now: u64) {
        for link in self.links.values_mut() {
            link.hub = None;
            if link.is_open() && link.answerer == Answerer::Hub {
                link.up.cut(0, false, now);
                link.down.cut(500, true, now + u64::from(link.latency));
            }
        }
    }

    /// All links are cut, and everyone hears of it: nothing goes wrong with the next.
    pub(super) fn cut_all(&mut self, now: u64) {
        for link in self.links.values_mut() {
            let at = now + 1;
            for way in [&mut link.up, &mut link.down] {
                (way.is_stalled, way.is_shut) = (false, false);
                way.queue.clear();
                way.last = now;
                way.cut(0, true, at);
            }
        }
    }

    /// When something happens next, to a hub or to a device that is awake.
    pub(super) fn next(&self, is_awake: impl Fn(usize) -> bool) -> Option<u64> {
        let of = |link: &Link| {
            let awake = is_awake(link.device);
            let opens = link.opens_at.filter(|_| awake);
            if link.opens_at.is_some() {
                return opens;
            }
            let down = link.down.next().filter(|_| awake);
            link.up.next().into_iter().chain(down).min()
        };
        self.links.values().filter_map(of).min()
    }

    /// What happens now.
    pub(super) fn due(
        &mut self,
        now: u64,
        is_awake: impl Fn(usize) -> bool,
    ) -> Option<(u64, Arrival)> {
        let mut found = None;
        for (number, link) in &mut self.links {
            let awake = is_awake(link.device);
            if let Some(at) = link.opens_at {
                if at <= now && awake {
                    link.opens_at = None;
                    found = Some((*number, Arrival::Dialed));
                    break;
                }
                continue;
            }
            if let Some(part) = link.up.take(now) {
                found = Some((*number, Arrival::ToHub(part)));
                break;
            }
            if awake && let Some(part) = link.down.take(now) {
                found = Some((*number, Arrival::ToDevice(part)));
                break;
            }
        }
        found
    }

    /// Forgets links over which nothing comes any more.
    pub(super) fn sweep(&mut self, is_used: impl Fn(u64, usize) -> bool) {
        self.links.retain(|number, link| {
            is_used(*number, link.device) || link.hub.is_some() || !link.up.queue.is_empty()
        });
    }
}
