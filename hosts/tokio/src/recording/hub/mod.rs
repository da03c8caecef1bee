//! A hub that is recorded.

mod first_line;
mod frames;
mod header;
mod inbound;
mod input;
mod letters;
mod lines;
mod members;
mod offers;
mod opening;
mod replay;
pub(crate) mod said;
mod seen;
#[cfg(test)]
mod tests;
mod then;

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::sync::Arc;

use pamlink::frame::handshake::HandshakeConfig;
use pamlink::hub::{Event, HubConfig, LinkId};
use pamlink::link::{AuthError, Claims, Gather, Token, Transmit};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::Now;

pub(crate) use self::input::{Input, nanos};
pub(super) use self::replay::Run;

use self::header::Header;
use self::inbound::Inbound;
use self::then::Then;
use super::digest::Digest;
use super::sheet::{Sheet, last_line};

/// A hub that is recorded.
#[derive(Debug)]
pub(crate) struct Recording {
    sheet: Sheet<Input>,
    handshake: HandshakeConfig,
    subprotocols: Arc<[String]>,
    links: HashMap<LinkId, Inbound>,
    /// The number of the next link's first stream.
    next_stream: u64,
    /// The tokens whose verdict is awaited. One that nobody has found good may be anything: it is
    /// hidden where it was shown, and is looked for in what comes over its link alone.
    shown: HashMap<LinkId, Token>,
    /// The links whose plain request the program answers: with what is no word of the engine's.
    plain: HashSet<LinkId>,
}

impl Recording {
    /// Begins, with the seed that the hub is to have.
    ///
    /// # Errors
    ///
    /// Why the hub cannot be recorded; the file has it as well.
    pub(super) fn begin(
        out: Box<dyn Write + Send>,
        max_bytes: u64,
        (config, routes): (&HubConfig, &Arc<Table>),
        seed: [u8; 32],
        now: Now,
    ) -> Result<(Self, Seed), &'static str> {
        let not = |out, why| {
            last_line(out, why);
            Err(why)
        };
        if config.link.deflate.is_some() {
            return not(out, "the configuration compresses");
        }
        if config.host_log.is_some() {
            return not(out, "the streams are in a log of the host's own");
        }
        let Some(header) = Header::of(config, routes, &seed, now) else {
            return not(out, "the configuration has a value that no option has");
        };
        let mut sheet = Sheet::new(out, max_bytes, now);
        sheet.write(&header);
        let recording = Self {
            sheet,
            handshake: config.link.handshake,
            subprotocols: config.subprotocols.as_slice().into(),
            links: HashMap::new(),
            next_stream: 0,
            shown: HashMap::new(),
            plain: HashSet::new(),
        };
        Ok((recording, Seed::new(seed)))
    }

    /// The hub is about to be given this. False if the recording has ended.
    pub(crate) fn input(&mut self, now: Now, mut input: Input) -> bool {
        if !self.sheet.may_go_on() || self.sheet.is_full() {
            self.sheet.release();
        }
        let mut parts = Vec::new();
        if let Input::Bytes { link, bytes } = &mut input {
            let (handshake, subprotocols) = (self.handshake, &self.subprotocols);
            let next = &mut self.next_stream;
            let inbound = self.links.entry(LinkId::from_u64(*link)).or_insert_with(|| {
                *next += 2;
                Inbound::new(handshake, Arc::clone(subprotocols), *next)
            });
            parts = inbound.pass(bytes);
        }
        input.said().into_iter().flat_map(members::tokens).for_each(|token| self.learn(token));
        self.sheet.note(now, input, parts);
        self.sheet.is_open()
    }

    /// Hides a token that the program has made for a peer, as it is spelled in JSON.
    fn learn(&mut self, spelled: &str) {
        let Ok(token) = serde_json::from_str::<String>(&format!("\"{spelled}\"")) else { return };
        // What has other characters is none.
        if token.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            self.sheet.hidden.learn(&token);
            self.sheet.hidden.learn_as(spelled, letters::in_json);
        }
    }

    /// The hub is about to be given a verdict on the token that a link has shown.
    pub(crate) fn judged(&mut self, link: LinkId, verdict: &Result<Claims, AuthError>) {
        let is_somebodys = match verdict {
            Ok(_)
            | Err(
                AuthError::Expired
                | AuthError::NotYetValid
                | AuthError::WrongAudience
                | AuthError::WrongSubject
                | AuthError::MissingClaim(_),
            ) => true,
            Err(_) => false,
        };
        if let Some(token) = self.shown.remove(&link).filter(|_| is_somebodys) {
            self.sheet.hidden.learn(token.expose());
            self.stream(link).into_iter().for_each(|stream| self.sheet.streams.forget(stream));
        }
    }

    /// What came of an input.
    pub(crate) fn said(&mut self, said: Option<String>) {
        if let Some(mut said) = said {
            self.sheet.hidden.hide_in(&mut said);
            self.sheet.then(Then::Said(said));
        }
    }

    /// The hub has this event.
    pub(crate) fn event(&mut self, event: &Event<'_>) {
        match event {
            Event::Authorize { link, token, .. } => {
                self.shown.insert(*link, (*token).clone());
                if let Some(stream) = self.stream(*link) {
                    self.sheet.streams.learn(stream, token.expose());
                }
            }
            Event::Http { link, .. } => {
                self.plain.insert(*link);
            }
            Event::Closed { link, .. } => {
                self.shown.remove(link);
            }
            _ => {}
        }
        let stream = lines::link(event).and_then(|link| self.stream(link));
        let Sheet { hidden, streams, .. } = &mut self.sheet;
        let own = stream.and_then(|stream| streams.own(stream));
        let line = lines::line(event, |text| {
            hidden.hide_in(text);
            own.into_iter().for_each(|own| own.hide_in(text));
        });
        self.sheet.event(&line);
    }

    /// The hub has no more events.
    pub(crate) fn drained(&mut self) {
        let (count, digest) = self.sheet.events();
        self.sheet.then(Then::Events(count, digest));
    }

    /// The hub has written over a link, and this is all of it.
    pub(crate) fn sent(&mut self, link: LinkId, transmit: &Transmit, out: &Gather) {
        let bytes = u64::try_from(transmit.written).unwrap_or(u64::MAX);
        let closes = transmit.close_transport;
        let mut digest = None;
        let repeats_name = self.links.get(&link).is_some_and(Inbound::repeats_name);
        if transmit.written > 0 && !repeats_name && !self.plain.contains(&link) {
            let sent = out.slices().collect::<Vec<_>>().concat();
            let own = self.stream(link).and_then(|stream| self.sheet.streams.own(stream));
            let is_clean = own.is_none_or(|own| own.is_clean(&sent));
            let is_clean = is_clean && self.sheet.hidden.is_clean(&sent);
            digest = is_clean.then(|| Digest::of(sent).text());
        }
        self.sheet.then(Then::Sent(link.as_u64(), bytes, closes, digest));
    }

    /// Nothing more comes over a link, and nothing is written.
    pub(crate) fn closed(&mut self, link: LinkId) {
        self.plain.remove(&link);
        self.streams(link).into_iter().for_each(|stream| self.sheet.streams.end(stream));
        self.links.remove(&link);
    }

    /// The first of its streams, by which its tokens are known.
    fn stream(&self, link: LinkId) -> Option<u64> {
        self.links.get(&link).map(|inbound| inbound.streams()[0])
    }

    /// What comes over a link.
    fn streams(&self, link: LinkId) -> Vec<u64> {
        self.links.get(&link).map(Inbound::streams).into_iter().flatten().collect()
    }

    /// Ends here without a write: the file is another process's.
    pub(crate) fn abandon(mut self) {
        self.sheet.abandon();
    }

    /// Writes the last line.
    pub(crate) fn end(&mut self, why: &str) {
        self.sheet.end(why);
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.end("the server has ended");
    }
}
