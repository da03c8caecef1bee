//! One end of the session, with its host.

use std::collections::VecDeque;
use std::sync::Arc;

use pamlink::delivery::{Event, Fault, Outcome, SendOptions, Session, SessionConfig, Target};
use pamlink::envelope::Envelope;
use pamlink::envelope::v1::{self, Code, Message, Position};
use pamlink::seed::Seed;
use pamlink::time::{Now, TimerReason};

use crate::digest;

/// One end: the engine's own machine, and a host that takes what it is told at once.
#[derive(Clone, Debug)]
pub struct End {
    pub(super) session: Session,
    pub(super) host: Host,
    /// The items that have taken effect here, in this life of the host or an earlier one.
    pub(super) effects: u32,
    /// What a restart may go back to.
    pub(super) saved: Option<Arc<Saved>>,
    digest: u64,
}

/// What the host knows, which goes back with its session to a snapshot.
#[derive(Clone, Debug, Default)]
pub(super) struct Host {
    /// What it has sent: the number of the command, and the item.
    pub(super) sent: Vec<(u64, u8)>,
    /// What it was told of that.
    pub(super) fates: Vec<(u64, Fate)>,
    /// The items that it was given.
    pub(super) heard: Vec<u8>,
    /// The last of them, which it may reject.
    pub(super) last: Option<(u8, Position)>,
    /// Those that it has rejected.
    pub(super) rejected: Vec<u8>,
    /// The cancels that it has sent, and those of which it has the result.
    pub(super) cancels: Vec<u64>,
    pub(super) results: Vec<u64>,
    /// The cancels that it was given and has not answered.
    pub(super) asked: Vec<Position>,
    /// It was told that something is lost, or that the session has ended.
    pub(super) knows_of_loss: bool,
    pub(super) fault: Option<Fault>,
}

/// What becomes of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Acknowledged,
    Rejected,
    Expired,
    Unknown,
}

/// A snapshot of an end.
#[derive(Clone, Debug)]
pub(super) struct Saved {
    pub(super) bytes: Vec<u8>,
    pub(super) host: Host,
}

impl End {
    pub(super) fn new(session: Session) -> Self {
        let mut end = Self { session, host: Host::default(), effects: 0, saved: None, digest: 0 };
        end.digest = end.show();
        end
    }

    /// Its session is another from here on.
    pub(super) fn replace(&mut self, session: Session, host: Host) {
        (self.session, self.host) = (session, host);
    }

    /// What a restart may go back to is what is here now; whether it can be.
    pub(super) fn save(&mut self) -> bool {
        let mut bytes = Vec::new();
        let is_saved = self.session.snapshot(&mut bytes).is_ok();
        if is_saved {
            self.saved = Some(Arc::new(Saved { bytes, host: self.host.clone() }));
            self.digest = self.show();
        }
        is_saved
    }

    /// Goes back to what was saved, with the host, as another process of another seed.
    pub(super) fn restore(&mut self, now: Now, seed: Seed, keeps_host: bool) -> bool {
        let Some(saved) = self.saved.clone() else { return false };
        let Ok(session) = Session::restore(SessionConfig::default(), &saved.bytes, seed, now)
        else {
            return false;
        };
        let host = if keeps_host { self.host.clone() } else { saved.host.clone() };
        self.replace(session, host);
        true
    }

    /// An envelope has come.
    pub(super) fn handle_text(&mut self, now: Now, text: &str) {
        let read = Envelope::parse(text, v1::DEPTH);
        match read.as_ref().map(Message::read) {
            Ok(Ok(Some((_, message)))) => self.session.handle_message(now, &message),
            Ok(Ok(None)) => {}
            Ok(Err(_)) | Err(_) => self.session.handle_fault(now, Fault::Malformed),
        }
    }

    /// The host sends an item.
    pub(super) fn send(&mut self, now: Now, item: u8) -> bool {
        let sent = self.session.send(now, &item.to_string(), SendOptions::default());
        if let Ok(command) = sent {
            self.host.sent.push((command.as_u64(), item));
        }
        sent.is_ok()
    }

    /// The host rejects the item that it was given last; whether it still may.
    pub(super) fn reject(&mut self, now: Now) -> bool {
        let Some((item, at)) = self.host.last.take() else { return false };
        let Some(code) = Code::new("busy") else { return false };
        let rejects = self.session.reject(now, at, code, None).is_ok();
        if rejects {
            self.host.rejected.push(item);
        }
        rejects
    }

    /// The host cancels all streams of its user.
    pub(super) fn cancel(&mut self, now: Now) -> bool {
        let sent = self.session.cancel(now, Target::All);
        self.host.cancels.extend(sent.as_ref().ok().map(|command| command.as_u64()));
        sent.is_ok()
    }

    /// The host answers the first cancel that waits: none was running.
    pub(super) fn answer(&mut self, now: Now) -> bool {
        let at = self.host.asked.remove(0);
        self.session.cancel_result(now, at, &[]).is_ok()
    }

    /// The host takes every event, and the link every envelope.
    pub(super) fn drain(&mut self, out: &mut VecDeque<Arc<str>>) {
        while let Some(event) = self.session.poll_event() {
            match event {
                Event::Item { at, body, .. } => {
                    let item: u8 = body.as_json().parse().unwrap_or(u8::MAX);
                    self.host.heard.push(item);
                    self.host.last = Some((item, at));
                    self.effects |= 1_u32 << (item % 32);
                }
                Event::Outcome { command, outcome } => {
                    let fate = match outcome {
                        Outcome::Acknowledged => Fate::Acknowledged,
                        Outcome::Rejected { .. } => Fate::Rejected,
                        Outcome::Expired(_) => Fate::Expired,
                        _ => Fate::Unknown,
                    };
                    self.settle(command.as_u64(), fate);
                }
                Event::Cancel { at, .. } => self.host.asked.push(at),
                Event::CancelResult { command, .. } => {
                    self.host.results.push(command.as_u64());
                }
                Event::Gap { .. } | Event::Ended(_) => self.host.knows_of_loss = true,
                Event::Fault(fault) => self.host.fault = Some(fault),
                _ => {}
            }
        }
        let mut text = String::new();
        while self.session.poll_message(&mut text) {
            out.push_back(text.as_str().into());
            text.clear();
        }
        self.digest = self.show();
    }

    /// The host learns what has become of something that it has sent in this life; rejects are
    /// commands, too, which it does not ask after.
    pub(super) fn settle(&mut self, command: u64, fate: Fate) {
        let is_item = self.host.sent.iter().any(|(sent, _)| *sent == command);
        if is_item || self.host.cancels.contains(&command) {
            self.host.fates.push((command, fate));
        }
    }

    /// What it was told of a command.
    pub(super) fn fates(&self, command: u64) -> impl Iterator<Item = Fate> {
        let own = move |(of, fate): &(u64, Fate)| (*of == command).then_some(*fate);
        self.host.fates.iter().filter_map(own)
    }

    /// Whether it has nothing to do that is not years away: no acknowledgement is due.
    pub(super) fn is_at_rest(&self) -> bool {
        let due = self.session.poll_timeout();
        self.session.is_open() && due.is_none_or(|it| it.reason != TimerReason::Acknowledgement)
    }

    pub(super) const fn digest(&self) -> u64 {
        self.digest
    }

    fn show(&self) -> u64 {
        let saved = self.saved.as_deref().map(|saved| digest::of(&[&saved.bytes, &saved.host]));
        digest::of(&[&self.session, &self.host, &self.effects, &saved])
    }
}
