//! The sessions of a device: left and opened, and what is submitted in them.

use std::time::Duration;

use pamlink::delivery::{SendOptions, SessionNumber};
use pamlink::envelope::v1::Name;
use pamlink::time::Now;

use super::Device;
use super::engine::Engine;
use crate::whole::host::submission;
use crate::whole::network::Network;
use crate::whole::oracle::Defect;
use crate::whole::witness::Witness;

impl Device {
    /// Leaves its other session, or opens one where it may have one and has none.
    pub(in crate::whole) fn leave(&mut self, network: &mut Network, witness: &mut Witness) {
        let now = self.now(witness.millis);
        let other = self.sessions.iter().copied().find(|it| *it != SessionNumber::FIRST);
        let Some(session) = other else {
            self.sessions = of(&mut self.engine, self.place, now);
            self.serve(network, witness);
            return;
        };
        witness.line(|| format!("device {} leaves session {session}", self.place));
        if !witness.strikes(Defect::LeavesInWordOnly) {
            self.engine.leave_session(now, session);
        }
        self.serve(network, witness);
        self.sessions.retain(|it| *it != session);
        self.left = Some(session);
        let asked = self.requests.values().filter(|it| it.session == session);
        let asked: Vec<_> = asked.map(|it| (self.place, it.number)).collect();
        let submitted = self.commands.iter().filter(|((it, _), _)| *it == session);
        let submitted: Vec<_> = submitted.map(|(_, number)| (self.place, *number)).collect();
        witness.leaves((self.place, session), &asked, &submitted);
    }

    /// Submits something in one of its sessions in turn.
    pub(in crate::whole) fn submit(
        &mut self,
        padding: u32,
        (is_brief, has_key): (bool, bool),
        witness: &mut Witness,
    ) {
        let key = (self.place, self.submitted);
        let session = self.sessions[self.submitted % self.sessions.len()];
        let options = SendOptions {
            time_to_live: is_brief.then_some(Duration::from_secs(1)),
            key: Name::new("k").filter(|_| has_key),
            ..SendOptions::default()
        };
        let now = self.now(witness.millis);
        let submitted = self.engine.submit(now, session, &submission(key, padding), options);
        witness.line(|| format!("device {} submits {key:?}: {submitted:?}", self.place));
        if let Ok(command) = submitted {
            self.submitted += 1;
            self.commands.insert((session, command), key.1);
            witness.submitted(key);
        }
    }
}

/// The sessions of a client, with another where its device has two.
pub(super) fn of(engine: &mut Engine, place: usize, now: Now) -> Vec<SessionNumber> {
    if place.is_multiple_of(2) { engine.sessions() } else { engine.open_another(now) }
}
