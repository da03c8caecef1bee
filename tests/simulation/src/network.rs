//! The links between devices and the server, and what is on its way over them.

use std::collections::VecDeque;

use crate::random::mixed;

/// All links that an end of theirs still has.
#[derive(Debug)]
pub(crate) struct Network {
    links: Vec<Link>,
    last: u64,
    seed: u64,
    /// The most milliseconds that a new link takes.
    latency: u32,
    most_bytes: usize,
}

/// One link. What was said over it arrives in its order, or not at all.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) number: u64,
    pub(crate) device: usize,
    pub(crate) up: Way,
    pub(crate) down: Way,
    /// Whether the device, and the server, hold it for open.
    pub(crate) at_client: bool,
    pub(crate) at_server: bool,
    /// When the server has heard something over it.
    pub(crate) heard: u64,
    latency: u32,
    /// Bytes that it takes in one direction before who speaks has to wait.
    pub(crate) most_bytes: usize,
}

/// One direction of a link.
#[derive(Debug, Default)]
pub(crate) struct Way {
    waiting: VecDeque<(u64, Arrival)>,
    bytes: usize,
    last: u64,
    is_stalled: bool,
    /// The end of the link is on its way.
    is_over: bool,
}

/// What arrives at an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// A text.
    Text(String),
    /// The link has ended.
    End,
}

/// Which end of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Client,
    Server,
}

impl Network {
    pub(crate) const fn new(seed: u64, latency: u32, most_bytes: usize) -> Self {
        Self { links: Vec::new(), last: 0, seed, latency, most_bytes }
    }

    /// A device dials: the number of the link.
    pub(crate) fn dial(&mut self, device: usize, now: u64) -> u64 {
        self.last += 1;
        let number = self.last;
        let drawn = mixed(self.seed, number) % (u64::from(self.latency) + 1);
        let latency = u32::try_from(drawn).unwrap_or(0);
        let (up, down) = (Way::default(), Way::default());
        let (at_client, at_server) = (true, true);
        self.links.push(Link {
            number,
            device,
            up,
            down,
            at_client,
            at_server,
            heard: now,
            latency,
            most_bytes: self.most_bytes,
        });
        number
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Link> {
        self.links.iter().find(|link| link.number == number)
    }

    pub(crate) fn get_mut(&mut self, number: u64) -> Option<&mut Link> {
        self.links.iter_mut().find(|link| link.number == number)
    }

    pub(crate) fn links(&self) -> impl Iterator<Item = &Link> {
        self.links.iter()
    }

    /// The place of the link over which something arrives first, and when; a device that sleeps
    /// gets nothing.
    pub(crate) fn next(&self, is_awake: impl Fn(usize) -> bool) -> Option<(u64, usize, Side)> {
        let mut first: Option<(u64, usize, Side)> = None;
        for (place, link) in self.links.iter().enumerate() {
            let mut take = |at: Option<u64>, side| {
                if let Some(at) = at
                    && first.is_none_or(|(other, ..)| at < other)
                {
                    first = Some((at, place, side));
                }
            };
            take(link.up.next(), Side::Server);
            if is_awake(link.device) {
                take(link.down.next(), Side::Client);
            }
        }
        first
    }

    /// What arrives at an end of the link in this place, and over which.
    pub(crate) fn take(&mut self, place: usize, side: Side) -> Option<(u64, usize, Arrival)> {
        let link = self.links.get_mut(place)?;
        let way = if side == Side::Server { &mut link.up } else { &mut link.down };
        let arrival = way.pop()?;
        Some((link.number, link.device, arrival))
    }

    /// An end has given a link up, and the other hears of it unless it is lost.
    pub(crate) fn leave(&mut self, number: u64, side: Side, is_heard: bool, now: u64) {
        let Some(link) = self.get_mut(number) else { return };
        let latency = link.latency;
        let (way, back) = match side {
            Side::Client => {
                link.at_client = false;
                (&mut link.up, &mut link.down)
            }
            Side::Server => {
                link.at_server = false;
                (&mut link.down, &mut link.up)
            }
        };
        back.clear();
        if is_heard {
            way.push(now, latency, Arrival::End);
        }
        self.sweep();
    }

    /// Forgets the links that no end has, or over which the one that has it hears nothing more.
    pub(crate) fn sweep(&mut self) {
        self.links.retain(|link| link.at_client || link.at_server);
    }
}

impl Link {
    /// An end says something.
    pub(crate) fn say(&mut self, by: Side, now: u64, text: String) {
        let latency = self.latency;
        let (way, hears) = match by {
            Side::Client => (&mut self.up, self.at_server),
            Side::Server => (&mut self.down, self.at_client),
        };
        if hears {
            way.push(now, latency, Arrival::Text(text));
        }
    }

    /// Swaps the body of an item that has arrived at the client with that of the next, if that is
    /// an item, too.
    pub(crate) fn swap_items(&mut self, arrived: &mut String) -> bool {
        let body = |text: &str| text.find(r#","body":["#).filter(|_| text.contains(r#""item""#));
        let Some((_, Arrival::Text(next))) = self.down.waiting.front_mut() else { return false };
        let (Some(here), Some(there)) = (body(arrived), body(next)) else { return false };
        let (of_here, of_there) = (arrived.split_off(here), next.split_off(there));
        self.down.bytes += of_here.len();
        self.down.bytes -= of_there.len();
        arrived.push_str(&of_there);
        next.push_str(&of_here);
        true
    }

    /// Whether both ends have it, and it carries something in both directions.
    pub(crate) const fn is_whole(&self) -> bool {
        let is_open = self.at_client && self.at_server;
        is_open
            && !self.up.is_stalled
            && !self.down.is_stalled
            && !self.up.is_over
            && !self.down.is_over
    }

    /// It takes so much longer from here on.
    pub(crate) const fn slow_down(&mut self, millis: u32) {
        self.latency = self.latency.saturating_add(millis);
    }

    /// It is cut: so much of what is on its way still arrives, and then an end may hear of it.
    pub(crate) fn cut(&mut self, (up, down): (usize, usize), heard: (bool, bool), now: u64) {
        let latency = self.latency;
        for (way, keep, heard) in [(&mut self.up, up, heard.0), (&mut self.down, down, heard.1)] {
            way.keep(keep);
            if heard {
                way.push(now, latency, Arrival::End);
            } else {
                way.is_stalled = true;
            }
        }
    }
}

impl Way {
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Nothing arrives any more.
    pub(crate) const fn stall(&mut self) {
        self.is_stalled = true;
    }

    pub(crate) const fn is_stalled(&self) -> bool {
        self.is_stalled
    }

    fn next(&self) -> Option<u64> {
        self.waiting.front().map(|(at, _)| *at).filter(|_| !self.is_stalled)
    }

    fn push(&mut self, now: u64, latency: u32, arrival: Arrival) {
        self.last = self.last.max(now + u64::from(latency));
        match &arrival {
            // What is said over a link that was cut is lost.
            Arrival::Text(_) if self.is_over => return,
            Arrival::Text(text) => self.bytes += text.len(),
            Arrival::End => self.is_over = true,
        }
        self.waiting.push_back((self.last, arrival));
    }

    fn pop(&mut self) -> Option<Arrival> {
        let (_, arrival) = self.waiting.pop_front()?;
        if let Arrival::Text(text) = &arrival {
            self.bytes -= text.len();
        }
        Some(arrival)
    }

    fn keep(&mut self, most: usize) {
        while self.waiting.len() > most {
            let last = self.waiting.pop_back();
            if let Some((_, Arrival::Text(text))) = last {
                self.bytes -= text.len();
            }
        }
    }

    fn clear(&mut self) {
        self.keep(0);
    }
}
