//! What sessions ask of streams, and what comes of it.

use std::sync::Arc;

use super::numbers::SessionNumber;
use super::said::Lent;
use super::state::State;
use super::table::{Beginning, Opening, Unsaid};
use crate::delivery::error::SendError;
use crate::delivery::events::Unlent;
use crate::delivery::payload::Target;
use crate::delivery::stream::{self, CancelScope, StreamKey};
use crate::envelope::v1::{Name, Position, StreamResult};

impl State {
    /// The next event of a session for the host; with none left it leaves the line.
    pub(super) fn next_event(&mut self, number: SessionNumber) -> Option<Lent> {
        let mut held = self.table.get_mut(number);
        if held.as_ref().is_some_and(|held| !held.unsaid.is_empty()) {
            self.run_commands(number);
            held = self.table.get_mut(number);
        }
        let event = held.filter(|held| held.beginning.is_none()).and_then(|held| {
            let event = held.session.take_event()?;
            Some((event, Arc::clone(&held.user)))
        });
        let Some((event, user)) = event else {
            self.eventful.pop_front();
            self.rest(number);
            return None;
        };
        match event {
            Unlent::Item { at, of, stream: Some(stream), agent, body } => {
                let key = StreamKey::new(user, &stream);
                let begun = Box::new(Beginning { at, of, stream, agent, body, key });
                self.begin_stream(number, begun);
                None
            }
            Unlent::Cancel(at, target) => {
                let cancel = match &target {
                    Target::Stream(name) => {
                        let key = StreamKey::new(user, name);
                        self.streams.cancel(self.now, CancelScope::Stream(&key))
                    }
                    Target::Agent(agent) => {
                        let scope = CancelScope::Agent { owner: &user, agent };
                        self.streams.cancel(self.now, scope)
                    }
                    Target::All => self.streams.cancel(self.now, CancelScope::All { owner: &user }),
                };
                self.cancels.insert(cancel, (number, at));
                None
            }
            // Of what was said in the engine's name the host knows nothing.
            Unlent::Outcome(command, _) if self.table.has_said(number, command) => None,
            other => Some(Lent::Session(number, user, other)),
        }
    }

    /// What has happened to a stream; for the host, unless it concludes what a session has asked.
    pub(super) fn handle_stream_event(&mut self, event: stream::Event) -> Option<Lent> {
        match event {
            stream::Event::Begun { key, of } => {
                let (number, began) = self.take_beginning(&key, of)?;
                let user = Arc::clone(&self.table.get(number)?.user);
                let Beginning { at, of, stream, agent, body, .. } = *began;
                let stream = Some(stream);
                Some(Lent::Session(number, user, Unlent::Item { at, of, stream, agent, body }))
            }
            stream::Event::Repeated { ref key, of } => {
                self.take_beginning(key, of);
                Some(Lent::Stream(event))
            }
            stream::Event::NotBegun { key, of, code } => {
                let (number, began) = self.take_beginning(&key, of)?;
                self.command(number, Unsaid::Reject(began.at, code));
                None
            }
            stream::Event::Cancelled { cancel, results } => {
                let (number, at) = self.cancels.remove(&cancel)?;
                for result in &results {
                    self.counters.cancels.increment(&result.outcome);
                }
                self.command(number, Unsaid::CancelResult(at, results));
                None
            }
            other => Some(Lent::Stream(other)),
        }
    }

    /// An item asks for a stream. Nothing is said in its session until the log has that: what is
    /// said acknowledges the item.
    fn begin_stream(&mut self, number: SessionNumber, item: Box<Beginning>) {
        let Some(held) = self.table.get_mut(number) else { return };
        let reader = held.session.is_open().then(|| number.reader());
        let agent = item.agent.as_ref().map(Name::as_str);
        match self.streams.begin(self.now, &item.key, agent, item.at, reader) {
            Ok(()) => {
                self.beginnings.insert(item.key.clone(), number);
                held.beginning = Some(item);
            }
            Err(error) => {
                if let Some(code) = error.code() {
                    self.command(number, Unsaid::Reject(item.at, code));
                }
            }
        }
    }

    /// The item that asked for a stream, which holds its session up no more.
    fn take_beginning(
        &mut self,
        key: &StreamKey,
        of: Position,
    ) -> Option<(SessionNumber, Box<Beginning>)> {
        let number = *self.beginnings.get(key)?;
        let held = self.table.get_mut(number)?;
        let began = held.beginning.take_if(|it| it.at == of && it.key == *key)?;
        self.beginnings.remove(key);
        self.note_events(number);
        self.stir(number);
        self.table.note_due(number, self.now.mono);
        Some((number, began))
    }

    /// A session has no events for now.
    fn rest(&mut self, number: SessionNumber) {
        let Some((held, due)) = self.table.get_with_due(number) else { return };
        held.has_events = false;
        if held.beginning.is_some() {
            return;
        }
        if held.session.has_ended() {
            let waits = held.opening.take();
            self.table.remove(number);
            // It has ended before it could go on.
            if let Some(Opening { link, channel, open }) = waits.map(|waits| *waits)
                && let Some(id) = open.session
            {
                self.links.close(link, channel);
                self.say_unknown(link, channel, id, &open);
            }
            return;
        }
        // What was taken is to be acknowledged.
        if held.session.may_say() {
            held.stir(number, &mut self.links);
        }
        held.note_due(number, self.now.mono, due);
        if held.opening.is_some() {
            self.attach(number);
        }
    }

    /// Does something in a session in the engine's name, now or once there is room.
    fn command(&mut self, number: SessionNumber, command: Unsaid) {
        if let Some(held) = self.table.get_mut(number) {
            held.unsaid.push_back(command);
            self.run_commands(number);
            self.note_events(number);
        }
    }

    fn run_commands(&mut self, number: SessionNumber) {
        let Some(held) = self.table.get_mut(number).filter(|it| !it.unsaid.is_empty()) else {
            return;
        };
        while let Some(next) = held.unsaid.front() {
            let said = match next {
                Unsaid::Reject(at, code) => {
                    // One that is refused has ended with its session.
                    held.session.reject(self.now, *at, code.as_borrowed(), None).ok()
                }
                Unsaid::CancelResult(of, results) => {
                    let results: Vec<StreamResult<'_>> =
                        results.iter().filter_map(stream::Cancelled::to_result).take(64).collect();
                    let said = held.session.cancel_result(self.now, *of, &results);
                    if said == Err(SendError::NotDrained) {
                        break;
                    }
                    said.ok()
                }
            };
            held.said.extend(said);
            held.unsaid.pop_front();
        }
        self.follow_session(number);
    }
}
