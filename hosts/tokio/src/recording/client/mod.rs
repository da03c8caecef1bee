//! A client that is recorded.

mod header;
mod input;
mod lines;
mod replay;
mod then;
mod transports;

use std::io::Write;

use pamlink::client::{ClientConfig, Event};
use pamlink::delivery::SnapshotError;
use pamlink::link::{Endpoint, Transmit, redact};
use pamlink::seed::Seed;
use pamlink::time::Now;

pub(crate) use self::input::{Input, asked, opened, submitted};
pub(super) use self::replay::Run;

use self::header::Header;
use self::then::Then;
use self::transports::Transports;
use super::hidden;
use super::outcome;
use super::sheet::{Given as _, Part, Sheet, last_line};

/// A client that is recorded.
#[derive(Debug)]
pub(crate) struct Recording {
    sheet: Sheet<Input>,
    /// The first line, which waits for the first token as the others do.
    header: Option<Header>,
    transports: Transports,
}

impl Recording {
    /// Begins, with the seed that the client is to have; nothing if it cannot be recorded.
    pub(super) fn begin(
        out: Box<dyn Write + Send>,
        max_bytes: u64,
        (config, endpoint, v1, snapshot): (&ClientConfig, &Endpoint, bool, Option<&[u8]>),
        seed: [u8; 32],
        now: Now,
    ) -> Option<(Self, Seed)> {
        let url = endpoint.url(None);
        if redact(&url) != url {
            last_line(out, "the URL has what looks like a token in it");
            return None;
        }
        let Some(mut header) = Header::of(config, url, v1, &seed, now) else {
            last_line(out, "the configuration compresses, or has a value that no option has");
            return None;
        };
        header.snapshot = snapshot.map(<[u8]>::to_vec);
        let (sheet, transports) = (Sheet::new(out, max_bytes, now), Transports::default());
        Some((Self { sheet, header: Some(header), transports }, Seed::new(seed)))
    }

    /// A token that the client is about to be given.
    pub(crate) fn learn(&mut self, token: &str) {
        if token.len() < hidden::KNOWN_BY {
            // It may be in what waits.
            self.header = None;
            self.sheet.break_off("a token of fewer than 8 characters cannot be hidden");
        }
        self.sheet.hidden.learn(token);
    }

    /// The client is about to be given this. False if the recording has ended.
    pub(crate) fn input(&mut self, now: Now, mut input: Input) -> bool {
        let over = self.transports.begin(&input);
        if let Some(stream) = over {
            self.sheet.streams.end(stream);
        }
        let is_unsure = self.sheet.may_go_on() || (self.is_without_token() && over.is_none());
        if !is_unsure || self.sheet.is_full() {
            self.release();
        }
        let stream = self.transports.of(&input);
        let parts = input.bytes().map(|bytes| Part { stream, range: 0..bytes.len() });
        let parts = parts.into_iter().collect();
        self.sheet.note(now, input, parts);
        self.sheet.is_open()
    }

    /// What came of it.
    pub(crate) fn said(&mut self, said: Option<String>) {
        if let Some(mut said) = said {
            self.sheet.hidden.hide_in(&mut said);
            self.sheet.then(Then::Said(said));
        }
    }

    /// What came of a snapshot: only its length where it has a part of a token, for which something
    /// else stands when it is replayed.
    pub(crate) fn took(&mut self, result: &Result<(), SnapshotError>, snapshot: &[u8]) {
        if result.is_err() {
            return self.said(outcome(result, |()| None));
        }
        let is_clean = self.sheet.hidden.is_clean(snapshot);
        self.sheet.then(Then::snapshot(snapshot, is_clean));
    }

    /// The client has this event.
    pub(crate) fn event(&mut self, event: &Event<'_>) {
        if matches!(event, Event::ChangedPlaces) {
            self.transports.exchange();
        }
        let mut line = lines::line(event);
        self.sheet.hidden.hide_in(&mut line);
        self.sheet.event(&line);
    }

    /// The client has no more events.
    pub(crate) fn drained(&mut self) {
        let (count, digest) = self.sheet.events();
        self.sheet.then(Then::Events(count, digest));
    }

    /// The client has written.
    pub(crate) fn wrote(&mut self, transmit: &Transmit) {
        let bytes = u64::try_from(transmit.written).unwrap_or(u64::MAX);
        self.sheet.then(Then::Wrote(bytes, transmit.close_transport));
    }

    /// The client has written over its second link.
    pub(crate) fn wrote_second(&mut self, transmit: &Transmit) {
        let bytes = u64::try_from(transmit.written).unwrap_or(u64::MAX);
        self.sheet.then(Then::WroteSecond(bytes, transmit.close_transport));
    }

    /// Whether no token is known yet.
    fn is_without_token(&self) -> bool {
        self.header.as_ref().is_some_and(|header| !header.anonymous) && self.sheet.hidden.is_empty()
    }

    /// Writes what was held back.
    fn release(&mut self) {
        if let Some(mut header) = self.header.take() {
            let hidden = &self.sheet.hidden;
            // With something else in its place it would be no snapshot.
            if header.snapshot.as_deref().is_some_and(|it| !hidden.is_clean(it)) {
                return self.sheet.break_off("the snapshot has a part of a token in it");
            }
            hidden.hide_in(&mut header.endpoint);
            self.sheet.write(&header);
        }
        self.sheet.release();
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.release();
        self.sheet.end("the client has ended");
    }
}
