//! A client behind the packed step: each call is a step, with records in and records out.

use std::collections::VecDeque;

use pamlink::client::{ClientConfig, RequestId};
use pamlink::delivery::{Priority, SendOptions, SessionNumber};
use pamlink::envelope::Envelope;
use pamlink::link::{Endpoint, Token};
use pamlink::seed::Seed;
use pamlink::time::Now;
use pamlink_border::packed::{self, schema};
use pamlink_border::{ClientMachine, Machine};

use super::engine::{Heard, Which, is_of_v1, push_number};
use crate::whole::submitted::End;

/// A client behind the packed step, and what its host has not taken yet.
#[derive(Debug)]
pub(super) struct Packed {
    machine: ClientMachine,
    deadline: Option<u64>,
    heard: VecDeque<Heard>,
    said: Vec<u8>,
    /// So many writes are to be reported.
    unreported: u32,
}

impl Packed {
    pub(super) fn new(
        config: ClientConfig,
        endpoint: Endpoint,
        snapshot: Option<&[u8]>,
        seed: Seed,
        now: Now,
    ) -> Result<Self, String> {
        let machine = match snapshot {
            Some(bytes) => ClientMachine::restore(config, endpoint, bytes, seed, now),
            None => ClientMachine::new(config, endpoint, seed, now),
        };
        let machine = machine.map_err(|fault| format!("{fault:?}"))?;
        let (heard, said) = (VecDeque::new(), Vec::new());
        Ok(Self { machine, deadline: None, heard, said, unreported: 0 })
    }

    pub(super) const fn deadline(&self) -> Option<u64> {
        self.deadline
    }

    // What happens to it.

    pub(super) fn handle_timeout(&mut self, now: Now) {
        self.tell(now, &[]);
    }

    pub(super) fn wake(&mut self, now: Now) {
        self.tell(now, &record(schema::WAKE, &[], &[]));
    }

    pub(super) fn connect(&mut self, now: Now) {
        self.tell(now, &record(schema::CONNECT, &[], &[]));
    }

    pub(super) fn provide_token(&mut self, now: Now, token: &Token) -> Result<(), String> {
        let expires = token.expires().and_then(|at| u64::try_from(at.as_unix_micros()).ok());
        let token = [Some(token.expose().as_bytes())];
        self.step(now, &record(schema::TOKEN, &[packed::word(expires)], &token)).map(drop)
    }

    pub(super) fn token_failed(&mut self, now: Now) {
        self.tell(now, &record(schema::TOKEN_FAILED, &[0], &[]));
    }

    pub(super) fn handle_dial(&mut self, now: Now, has_come: bool) {
        let record = match has_come {
            true => record(schema::DIALED, &[], &[]),
            false => {
                let class = [Some(&b"network"[..]), None];
                record(schema::DIAL_FAILED, &[packed::NONE, packed::NONE], &class)
            }
        };
        self.tell(now, &record);
    }

    pub(super) fn handle_bytes(&mut self, now: Now, bytes: &[u8]) -> bool {
        self.step(now, &record(schema::BYTES, &[LINK], &[Some(bytes)])).is_ok()
    }

    pub(super) fn handle_closed(&mut self, now: Now) {
        self.unreported = 0;
        self.tell(now, &record(schema::CLOSED, &[LINK], &[]));
    }

    /// What was said has been written. Whether that was to be reported.
    pub(super) fn written(&mut self, now: Now) -> bool {
        let unreported = core::mem::take(&mut self.unreported);
        for _ in 0..unreported {
            self.tell(now, &record(schema::WRITTEN, &[LINK], &[]));
        }
        unreported > 0
    }

    // What its host wants.

    pub(super) fn request(&mut self, now: Now, text: &str) -> Option<RequestId> {
        let texts = [Some(text.as_bytes()), None, None, None, None];
        let asked = self.step(now, &record(schema::ASK, &[1], &texts)).ok()?;
        asked.asked.map(RequestId::from_u64)
    }

    pub(super) fn cancel(&mut self, now: Now, request: RequestId) -> Result<(), String> {
        self.step(now, &record(schema::CANCEL, &[request.as_u64()], &[])).map(drop)
    }

    pub(super) fn abandon(&mut self, now: Now, request: RequestId) {
        self.tell(now, &record(schema::ABANDON, &[request.as_u64()], &[]));
    }

    /// The number of what was submitted.
    pub(super) fn submit(
        &mut self,
        now: Now,
        text: &str,
        options: &SendOptions<'_>,
    ) -> Result<u64, String> {
        let lives = options.time_to_live.map(|span| span.as_secs() * 1_000_000_000);
        let priority = match options.priority {
            Priority::Urgent => "urgent",
            Priority::Bulk => "bulk",
            _ => "normal",
        };
        let key = options.key.as_ref().map(|key| key.as_str().as_bytes());
        let texts = [Some(text.as_bytes()), Some(priority.as_bytes()), key, None];
        let done = self.step(now, &record(schema::SUBMIT, &[packed::word(lives)], &texts))?;
        done.submitted.ok_or_else(|| "neither a number nor a fault".to_owned())
    }

    // What comes of it.

    pub(super) fn poll(&mut self) -> Option<Heard> {
        self.heard.pop_front()
    }

    pub(super) fn said(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.said)
    }

    pub(super) fn snapshot(&mut self, now: Now) -> Result<Vec<u8>, String> {
        let taken = self.step(now, &record(schema::SNAPSHOT, &[], &[]))?;
        taken.snapshot.ok_or_else(|| "neither a snapshot nor a fault".to_owned())
    }

    /// A step in which nothing is a fault.
    fn tell(&mut self, now: Now, input: &[u8]) {
        if let Err(fault) = self.step(now, input) {
            self.heard.push_back(Heard::Unreadable(fault));
        }
    }

    /// One step, and what came of its command.
    fn step(&mut self, now: Now, input: &[u8]) -> Result<Done, String> {
        let mut out = Vec::new();
        self.machine.step(now, input, &mut out);
        let mut done = Done::default();
        let mut fault = None;
        let mut rest = out.as_slice();
        while !rest.is_empty() {
            let (record, after) = Output::split(rest);
            rest = after;
            match record.kind {
                schema::NEXT => self.deadline = record.some(0),
                schema::FAULT => fault = Some(record.text(2).to_owned()),
                schema::ASKED => done.asked = record.some(1),
                schema::SUBMITTED => done.submitted = record.some(1),
                schema::SNAPSHOT_TAKEN => done.snapshot = Some(record.bytes(0).to_vec()),
                schema::WRITE_BYTES => {
                    self.said.extend_from_slice(record.bytes(0));
                    self.unreported += u32::from(record.word(1) != 0);
                }
                _ => self.heard.extend(record.heard()),
            }
        }
        fault.map_or(Ok(done), Err)
    }
}

/// The word for the one link.
const LINK: u64 = 0;

/// What became of a command.
#[derive(Debug, Default)]
struct Done {
    asked: Option<u64>,
    submitted: Option<u64>,
    snapshot: Option<Vec<u8>>,
}

fn record(kind: u16, words: &[u64], texts: &[Option<&[u8]>]) -> Vec<u8> {
    let mut out = Vec::new();
    packed::push(&mut out, kind, words, texts);
    out
}

/// A record of a step's output, read by the layout alone.
#[derive(Debug)]
struct Output<'a> {
    kind: u16,
    words: Vec<u64>,
    texts: Vec<Option<&'a [u8]>>,
}

impl<'a> Output<'a> {
    /// The first record of an output, and what follows it.
    fn split(output: &'a [u8]) -> (Self, &'a [u8]) {
        let size = number(&output[..4]);
        let (record, rest) = output.split_at(size);
        let kind = u16::from_le_bytes([record[4], record[5]]);
        let (words, texts) = (usize::from(record[6]), usize::from(record[7]));
        let (words, after) = record[packed::HEAD..].split_at(8 * words);
        let (lengths, mut after) = after.split_at(4 * texts);
        let words = words.as_chunks::<8>().0.iter().map(|it| u64::from_le_bytes(*it)).collect();
        let lengths = lengths.as_chunks::<4>().0.iter().map(|it| u32::from_le_bytes(*it));
        let texts = lengths.map(|length| {
            (length != packed::ABSENT).then(|| {
                let (text, others) = after.split_at(length as usize);
                after = others;
                text
            })
        });
        (Self { kind, words, texts: texts.collect() }, rest)
    }

    fn word(&self, at: usize) -> u64 {
        self.words[at]
    }

    fn some(&self, at: usize) -> Option<u64> {
        Some(self.word(at)).filter(|word| *word != packed::NONE)
    }

    fn bytes(&self, at: usize) -> &'a [u8] {
        self.texts[at].unwrap_or_default()
    }

    fn text(&self, at: usize) -> &'a str {
        str::from_utf8(self.bytes(at)).expect("a text is UTF-8")
    }

    /// The event that it stands for.
    fn heard(&self) -> Option<Heard> {
        let request = || RequestId::from_u64(self.word(0));
        let ended = |end| Heard::Ended { request: request(), end };
        let session = SessionNumber::FIRST;
        Some(match self.kind {
            schema::DIAL => Heard::Dial(Which::First),
            schema::CLOSE_TRANSPORT => Heard::CloseTransport(Which::First),
            schema::NEED_TOKEN => Heard::NeedToken { is_renewal: self.text(0) == "renewal" },
            schema::STOPPED => Heard::Stopped,
            schema::PIECE => Heard::Piece {
                request: request(),
                text: self.text(0).to_owned(),
                restart: self.word(1) != 0,
            },
            schema::ANSWER => {
                let text = self.text(0).to_owned();
                let in_pieces = self.texts[1].map_or(0, |rest| text.len() - rest.len());
                Heard::Answer { request: request(), text, in_pieces, restart: self.word(1) != 0 }
            }
            schema::REJECTED => ended("rejected"),
            schema::EXPIRED => ended("expired"),
            schema::UNKNOWN => ended("unknown"),
            schema::UNSENT => ended("unsent"),
            schema::CANCELLED => ended("cancelled"),
            schema::CANCEL_RESULT => {
                let was_cancelled = self.bytes(0) == b"cancelled";
                Heard::CancelResult { request: request(), was_cancelled }
            }
            schema::OUTCOME => {
                let end = match self.text(0) {
                    "acknowledged" => End::Acknowledged,
                    "rejected" | "expired" => End::Void,
                    _ => End::Unknown,
                };
                Heard::Outcome { session, command: self.word(0), end }
            }
            schema::GAP => Heard::Gap { session },
            schema::MESSAGE => {
                let envelope = Envelope::parse(self.text(3), Envelope::DEPTH).ok();
                let number = envelope.as_ref().and_then(push_number);
                number.map_or_else(
                    || Heard::Other(self.text(3).to_owned()),
                    |number| Heard::Push { session, number },
                )
            }
            schema::LATE => Heard::Late,
            schema::UNREADABLE => Heard::Unreadable(format!("{}: {}", self.text(0), self.text(1))),
            schema::WELCOMED => {
                let envelope = Envelope::parse(self.text(0), Envelope::DEPTH).ok();
                Heard::Welcomed { is_v1: envelope.as_ref().is_some_and(is_of_v1) }
            }
            _ => return None,
        })
    }
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().rev().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
}
