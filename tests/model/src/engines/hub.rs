//! The hub, with its host.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use pamlink::frame::Outgoing;
use pamlink::hub::{Auth, Event, Hub, HubConfig, LinkId, Proof, Reply, RequestId};
use pamlink::link::{AuthError, Claims, Verify};
use pamlink::routing::Table;
use pamlink::seed::Seed;
use pamlink::time::Wall;

use super::link::Part;
use super::{KEPT, millis_of, now_at};
use crate::digest;

/// Compiling a table takes longer than a step.
static ROUTES: LazyLock<Arc<Table>> = LazyLock::new(|| Arc::new(Table::default()));

/// The engine's own hub by what it was given, and a host that takes what it is told at once.
#[derive(Clone, Debug)]
pub(super) struct HubEnd {
    given: Vec<(u64, Input)>,
    pub(super) host: Host,
    due: Option<u64>,
    digest: u64,
}

/// What a hub is given.
#[derive(Clone, Debug)]
pub(super) enum Input {
    /// A link that speaks the dialect.
    Accept,
    Part(usize, Part),
    Closed(usize),
    Timeout,
    /// Its host replies to what runs for longest, each time something else.
    Reply,
}

/// What its host knows.
#[derive(Clone, Debug, Default)]
pub(super) struct Host {
    /// What it was asked.
    pub(super) heard: Vec<u8>,
    /// What it has replied.
    pub(super) replies: Vec<(u8, String)>,
    /// What it was asked and has not replied to.
    running: Vec<(RequestId, u8)>,
}

/// What a step has come to.
#[derive(Default)]
pub(super) struct Given {
    pub(super) said: Vec<(usize, Part)>,
    /// Its host was told of something that somebody asks.
    pub(super) has_effect: bool,
}

/// A token is the name of its user.
struct ByName;

impl Verify for ByName {
    fn verify(&self, token: &str, now: Wall) -> Result<Claims, AuthError> {
        Ok(Claims::new(token, now + Duration::from_secs(86_400)))
    }
}

impl HubEnd {
    pub(super) fn new() -> Self {
        Self { given: Vec::new(), host: Host::default(), due: None, digest: 0 }
    }

    /// It is given this, behind all that it was given.
    pub(super) fn give(&mut self, millis: u64, input: Input) -> Given {
        let (mut hub, mut links) = (new_hub(), Vec::new());
        let mut host = Host::default();
        for (millis, input) in &self.given {
            host.step(&mut hub, &mut links, *millis, input);
        }
        let given = self.host.step(&mut hub, &mut links, millis, &input);
        self.digest = digest::of(&[&self.digest, &millis, &input]);
        self.given.push((millis, input));
        self.due = hub.poll_timeout().map(|due| millis_of(due.at));
        given
    }

    /// How much it was asked and has not replied to.
    pub(super) const fn running(&self) -> usize {
        self.host.running.len()
    }

    pub(super) const fn due(&self) -> Option<u64> {
        self.due
    }

    pub(super) const fn digest(&self) -> u64 {
        self.digest
    }
}

impl Host {
    /// One step of the machine, with all that comes of it.
    fn step(&mut self, hub: &mut Hub, links: &mut Vec<LinkId>, at: u64, input: &Input) -> Given {
        let now = now_at(at);
        let mut given = Given::default();
        match input {
            Input::Accept => links.extend(hub.accept_opened_v1(now, "ann", Proof::None)),
            Input::Part(place, part) => {
                if let Some(message) = part.incoming() {
                    // A link that has ended takes nothing.
                    let _ended = hub.handle_message(now, links[*place], message);
                }
            }
            Input::Closed(place) => hub.handle_closed(now, links[*place]),
            Input::Timeout => hub.handle_timeout(now),
            Input::Reply => {
                let (request, number) = self.running.remove(0);
                let text = format!("answer {}", self.replies.len());
                // It is told in its session, or kept for it.
                let _gone = hub.reply(now, request, &Reply::text(&text));
                self.replies.push((number, text));
            }
        }
        loop {
            while let Some(event) = hub.poll_event() {
                match event {
                    Event::Request(request) => {
                        let text = request.envelope.field("message").and_then(|it| it.text());
                        let number = text.and_then(|it| it.strip_prefix("ask ")?.parse().ok());
                        let number = number.unwrap_or(u8::MAX);
                        self.heard.push(number);
                        self.running.push((request.request, number));
                        given.has_effect = true;
                    }
                    Event::Duplicate { .. } => given.has_effect = true,
                    _ => {}
                }
            }
            let Some(link) = hub.poll_writable() else { return given };
            let Some(place) = links.iter().position(|it| *it == link) else { return given };
            let mut out = Vec::new();
            while let Some(outgoing) = hub.poll_message(link, &mut out) {
                let said = core::mem::take(&mut out);
                let is_end = outgoing == Outgoing::CloseTransport;
                given.said.extend(Part::of(outgoing, said).map(|part| (place, part)));
                if is_end {
                    break;
                }
            }
        }
    }
}

fn new_hub() -> Hub {
    let mut config = HubConfig::default();
    config.window.max_entries = 16;
    config.sessions.session.keep = Duration::from_millis(KEPT);
    Hub::new(config, Auth::Verifier(Box::new(ByName)), Arc::clone(&ROUTES), Seed::from_number(7))
}
