//! A hub's recording, given to a new engine.

use std::collections::BTreeMap;

use pamlink::hub::{Hub, LinkId};
use pamlink::link::Gather;
use pamlink::time::{Mono, Now, Wall};

use super::header::Header;
use super::input::Input;
use super::lines;
use super::seen::Seen;
use super::then::Then;
use crate::recording::digest::Digest;
use crate::recording::format::Line;
use crate::recording::replay::Step;

/// A new hub, which is given what the recorded one was.
pub(in crate::recording) struct Run {
    hub: Hub,
    start: Now,
    links: BTreeMap<u64, Seen>,
}

impl Run {
    /// A hub as this header has it, and the version of the engine that was recorded.
    ///
    /// # Errors
    ///
    /// It is no header of a hub.
    pub(in crate::recording) fn begin(header: &str) -> Result<(Self, String), String> {
        let header = serde_json::from_str::<Header>(header);
        let header = header.map_err(|error| format!("the header: {error}"))?;
        let start = Now::new(Mono::from_nanos(header.mono), Wall::from_unix_micros(header.wall));
        Ok((Self { hub: header.hub()?, start, links: BTreeMap::new() }, header.engine))
    }

    /// The next input.
    ///
    /// # Errors
    ///
    /// The line is none of a hub's.
    pub(in crate::recording) fn step(&mut self, number: u64, text: &str) -> Result<Step, String> {
        let line = serde_json::from_str::<Line<Input, Then>>(text);
        let line = line.map_err(|error| error.to_string())?;
        let (at, now) = line.time(self.start);
        let input = self.input(&line.input);
        let result = line.input.give(&mut self.hub, now)?;
        let mut said: Vec<_> = result.clone().into_iter().collect();
        let (mut wrote, mut differs) = (Vec::new(), None);
        if result.is_some() && !line.then.iter().any(|then| matches!(then, Then::Said(_))) {
            differs = Some("nothing came of it".to_owned());
        }
        for then in &line.then {
            let found = match then {
                Then::Said(_) => Then::Said(result.clone().unwrap_or_default()),
                Then::Events(..) => self.events(&mut said),
                Then::Sent(link, ..) => self.send(*link, &mut wrote),
            };
            if !then.is_met_by(&found) && differs.is_none() {
                differs = Some(format!("{}, and now {}", shown(then), shown(&found)));
            }
        }
        if let Input::Closed(link) = line.input {
            self.links.remove(&link);
        }
        // What a host would look at.
        while self.hub.poll_writable().is_some() {}
        let due = self.hub.poll_timeout();
        Ok(Step {
            line: number,
            at,
            input,
            states: None,
            said,
            wrote,
            due: due.map(|due| (due.reason, due.at.saturating_since(now.mono))),
            differs,
        })
    }

    /// An input in words: which link it is of, whose that is, and what came.
    fn input(&mut self, input: &Input) -> String {
        let (mut name, link) = input.name();
        let Some(link) = link else { return name };
        let seen = self.links.entry(link).or_default();
        if let Input::Bytes { bytes, .. } = input {
            let came = seen.came(bytes);
            if !came.is_empty() {
                name = format!("{name}, {}", came.join(", "));
            }
        }
        format!("link {}{seen}: {name}", LinkId::from_u64(link))
    }

    fn events(&mut self, said: &mut Vec<String>) -> Then {
        let (mut count, mut digest) = (0, Digest::EMPTY);
        while let Some(event) = self.hub.poll_event() {
            if let Some((link, user)) = lines::opened(&event) {
                self.links.entry(link.as_u64()).or_default().user = Some(user.to_owned());
            }
            let line = lines::line(&event, |_| {});
            count += 1;
            digest.add(&line);
            said.push(line);
        }
        Then::Events(count, digest.text())
    }

    fn send(&mut self, link: u64, wrote: &mut Vec<String>) -> Then {
        let mut gather = Gather::default();
        let transmit = self.hub.poll_transmit_vectored(LinkId::from_u64(link), &mut gather);
        let sent = gather.slices().collect::<Vec<_>>().concat();
        if !sent.is_empty() {
            let seen = self.links.entry(link).or_default();
            let said = seen.wrote(&sent);
            if !said.is_empty() {
                let link = LinkId::from_u64(link);
                wrote.push(format!("to link {link}{seen}: {}", said.join(", ")));
            }
        }
        let bytes = u64::try_from(transmit.written).unwrap_or(u64::MAX);
        let digest = (bytes > 0).then(|| Digest::of(&sent).text());
        Then::Sent(link, bytes, transmit.close_transport, digest)
    }
}

/// What the recording has, in words.
fn shown(then: &Then) -> String {
    match then {
        Then::Events(count, digest) => format!("{count} events ({digest})"),
        Then::Sent(link, bytes, closes, digest) => {
            let closes = if *closes { " and its transport closed" } else { "" };
            let digest = digest.as_ref().map_or_else(String::new, |it| format!(" ({it})"));
            let link = LinkId::from_u64(*link);
            format!("{bytes} bytes{digest} written to link {link}{closes}")
        }
        Then::Said(said) => format!("`{said}`"),
    }
}
