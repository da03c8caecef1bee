//! A client's recording, given to a new engine.

use pamlink::client::{Client, Event};
use pamlink::frame::{Reader, Role};
use pamlink::link::{Endpoint, Gather};
use pamlink::time::{Mono, Now, Wall};

use super::header::Header;
use super::input::{Input, Place};
use super::lines;
use super::then::Then;
use crate::recording::digest::Digest;
use crate::recording::format::{Line, seed};
use crate::recording::outcome;
use crate::recording::replay::Step;
use crate::recording::wire;

/// A new client, which is given what the recorded one was.
pub(in crate::recording) struct Run {
    client: Client,
    start: Now,
    /// What the client has written over the present transports, of the first link and the second.
    written: [Reader; 2],
}

impl Run {
    /// A client as this header has it, and the version of the engine that was recorded.
    ///
    /// # Errors
    ///
    /// It is no header of a client.
    pub(in crate::recording) fn begin(header: &str) -> Result<(Self, String), String> {
        let header = serde_json::from_str::<Header>(header);
        let header = header.map_err(|error| format!("the header: {error}"))?;
        let config = header.config().map_err(|error| error.to_string())?;
        let (endpoint, _) = Endpoint::parse(&header.endpoint).map_err(|error| error.to_string())?;
        let endpoint = if header.v1 { endpoint.offering_v1() } else { endpoint };
        let seed = seed(&header.seed)?;
        let start = Now::new(Mono::from_nanos(header.mono), Wall::from_unix_micros(header.wall));
        let client = match &header.snapshot {
            Some(snapshot) => Client::restore(config, endpoint, snapshot, seed, start)
                .map_err(|error| error.to_string()),
            None => Client::new(config, endpoint, seed, start).map_err(|error| error.to_string()),
        };
        let written = [wire::reader(Role::Server), wire::reader(Role::Server)];
        Ok((Self { client: client?, start, written }, header.engine))
    }

    /// The next input.
    ///
    /// # Errors
    ///
    /// The line is none of a client's.
    pub(in crate::recording) fn step(&mut self, number: u64, text: &str) -> Result<Step, String> {
        let line = serde_json::from_str::<Line<Input, Then>>(text);
        let line = line.map_err(|error| error.to_string())?;
        let (at, now) = line.time(self.start);
        let before = self.client.state();
        if let Some((place, Input::Dialed)) = line.input.of_link() {
            self.written[place as usize] = wire::reader(Role::Server);
        }
        let mut result = line.input.give(&mut self.client, now)?;
        let mut snapshot = Vec::new();
        if matches!(line.input, Input::Snapshot) {
            result = outcome(&self.client.snapshot(&mut snapshot), |()| None);
        }
        let mut said: Vec<_> = result.clone().into_iter().collect();
        let (mut wrote, mut differs) = (Vec::new(), None);
        if result.is_some() && !line.then.iter().any(|then| matches!(then, Then::Said(_))) {
            differs = Some("nothing came of it".to_owned());
        }
        for then in &line.then {
            let found = match then {
                Then::Said(_) => Then::Said(result.clone().unwrap_or_default()),
                Then::Snapshot(..) => Then::snapshot(&snapshot, true),
                Then::Events(..) => self.events(&mut said),
                Then::Wrote(..) => self.write(&mut wrote),
                Then::WroteSecond(..) => self.write_second(&mut wrote),
            };
            if !then.is_met_by(&found) && differs.is_none() {
                differs = Some(format!("{}, and now {}", shown(then), shown(&found)));
            }
        }
        let due = self.client.poll_timeout();
        Ok(Step {
            line: number,
            at,
            input: line.input.name(),
            states: Some((before, self.client.state())),
            said,
            wrote,
            due: due.map(|due| (due.reason, due.at.saturating_since(now.mono))),
            differs,
        })
    }

    fn events(&mut self, said: &mut Vec<String>) -> Then {
        let (mut count, mut digest) = (0, Digest::EMPTY);
        while let Some(event) = self.client.poll_event() {
            if matches!(event, Event::ChangedPlaces) {
                self.written.swap(0, 1);
            }
            let line = lines::line(&event);
            count += 1;
            digest.add(&line);
            said.push(line);
        }
        Then::Events(count, digest.text())
    }

    fn write(&mut self, wrote: &mut Vec<String>) -> Then {
        let mut gather = Gather::default();
        let transmit = self.client.poll_transmit_vectored(&mut gather);
        wrote.extend(self.read(Place::First, &gather));
        Then::Wrote(u64::try_from(transmit.written).unwrap_or(u64::MAX), transmit.close_transport)
    }

    fn write_second(&mut self, wrote: &mut Vec<String>) -> Then {
        let mut gather = Gather::default();
        let transmit = self.client.second_link().poll_transmit_vectored(&mut gather);
        let said = self.read(Place::Second, &gather);
        wrote.extend(said.into_iter().map(|it| format!("second link: {it}")));
        let bytes = u64::try_from(transmit.written).unwrap_or(u64::MAX);
        Then::WroteSecond(bytes, transmit.close_transport)
    }

    /// What was written over a link: messages by their type, control frames, the opening request.
    fn read(&mut self, place: Place, gather: &Gather) -> Vec<String> {
        let mut wrote = Vec::new();
        let bytes = gather.slices().collect::<Vec<_>>().concat();
        // What is no HTTP is frames: the first byte of a frame has its highest bit set.
        let head = if bytes.starts_with(b"GET ") {
            wrote.push("opening request".to_owned());
            let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
            end.map_or(bytes.len(), |at| at + 4)
        } else {
            0
        };
        let written = &mut self.written[place as usize];
        if written.handle_bytes(&bytes[head..]).is_ok() {
            while let Some(event) = written.poll_event() {
                wrote.push(wire::kind(&event));
            }
        }
        wrote
    }
}

/// What the recording has, in words.
fn shown(then: &Then) -> String {
    match then {
        Then::Events(count, digest) => format!("{count} events ({digest})"),
        Then::Wrote(bytes, false) => format!("{bytes} bytes written"),
        Then::WroteSecond(bytes, closes) => {
            let closes = if *closes { " and its transport closed" } else { "" };
            format!("{bytes} bytes written over the second link{closes}")
        }
        Then::Wrote(bytes, true) => format!("{bytes} bytes written and the transport closed"),
        Then::Said(said) => format!("`{said}`"),
        Then::Snapshot(bytes, None) => format!("a snapshot of {bytes} bytes"),
        Then::Snapshot(bytes, Some(digest)) => format!("a snapshot of {bytes} bytes ({digest})"),
    }
}
