//! What a client tells its host, and what the host does with it.

use pamlink::client::RequestId;

use super::Device;
use super::engine::{Heard, Said, Which};
use crate::whole::network::Network;
use crate::whole::oracle::{Defect, Oracle};
use crate::whole::witness::Witness;

/// What is to be done about the links once all is heard, in their order.
#[derive(Debug, Default)]
struct Links {
    dials: [bool; 2],
    closes: [bool; 2],
}

impl Device {
    /// Takes what the client has to tell and to say, stores it, and writes, until there is no more.
    pub(in crate::whole) fn serve(&mut self, network: &mut Network, witness: &mut Witness) {
        loop {
            let now = self.now(witness.millis);
            // A step has its snapshot and what it says and tells at once: each before the others.
            let early = self.is_v1.then(|| self.engine.early_snapshot(now)).flatten();
            let mut links = Links::default();
            while let Some(heard) = self.engine.poll() {
                match &heard {
                    Heard::Other(what) => witness.line(|| format!("device {}: {what}", self.place)),
                    heard => witness.line(|| format!("device {}: {heard:?}", self.place)),
                }
                self.hear(heard, &mut links, network, witness);
            }
            let said = self.engine.said();
            if self.is_v1 {
                let taken = early.unwrap_or_else(|| self.engine.snapshot(now));
                self.store(taken, witness);
            }
            self.carry(&links, &said, network, witness);
            if !self.engine.written(now) {
                return;
            }
        }
    }

    fn hear(
        &mut self,
        heard: Heard,
        links: &mut Links,
        network: &mut Network,
        witness: &mut Witness,
    ) {
        let (place, millis) = (self.place, witness.millis);
        match heard {
            Heard::Dial(which) => links.dials[which as usize] = true,
            Heard::CloseTransport(which) => links.closes[which as usize] = true,
            Heard::ChangedPlaces => {
                witness.counts.see("links changed");
                core::mem::swap(&mut self.link, &mut self.second);
                links.dials.swap(0, 1);
                links.closes.swap(0, 1);
                witness.changes.changed(place, millis);
                links.closes[1] |= witness.strikes(Defect::DropsTheOldLink);
                if let Some(link) = self.link
                    && witness.strikes(Defect::HoldsUpTheNewLink)
                {
                    network.slow(link, 30_000);
                }
            }
            Heard::NeedToken { is_renewal } => {
                self.token_at = Some(millis + if is_renewal { 900 } else { 40 });
            }
            Heard::Stopped => {
                witness.counts.see("stopped");
                witness.may_miss(place);
                self.connect_at = Some(millis + 5_000);
            }
            Heard::Piece { request, text, restart } => {
                if !witness.strikes(Defect::LosesPieces) || text.is_empty() {
                    let key = self.key(request);
                    witness.has_piece(key, &text, restart);
                    self.last_piece = Some((key, text));
                }
            }
            Heard::Answer { request, text, in_pieces, restart } => {
                witness.has_answer(self.key(request), &text, in_pieces, restart);
                if self.requests.get(&request).is_none_or(|it| it.link != self.link) {
                    witness.counts.see("answered over a later link");
                }
                self.hear_end(request, "answered", witness);
            }
            Heard::Ended { request, end } => self.hear_end(request, end, witness),
            Heard::CancelResult { request, was_cancelled } => {
                if !witness.strikes(Defect::LosesCancelResults) {
                    witness.has_result(self.key(request), was_cancelled);
                }
            }
            Heard::Outcome { session, command, end } => {
                if let Some(number) = self.commands.get(&(session, command))
                    && !witness.strikes(Defect::LosesSubmissions)
                {
                    witness.has_outcome((place, *number), end);
                }
            }
            Heard::Gap { session } => {
                witness.hears_of((place, session));
                witness.counts.see("gaps");
                witness.may_miss_in((place, session));
            }
            Heard::Push { mut session, number } => {
                if witness.strikes(Defect::LosesPushes) {
                    return;
                }
                if let Some(other) = self.sessions.iter().find(|it| **it != session)
                    && witness.strikes(Defect::SwapsSessions)
                {
                    session = *other;
                }
                if let Some(left) = self.left
                    && witness.strikes(Defect::TellsOfTheLeft)
                {
                    session = left;
                }
                witness.has_push((place, session), number, self.speaks_v1);
                if witness.strikes(Defect::DoublesPushes) {
                    witness.has_push((place, session), number, self.speaks_v1);
                }
            }
            Heard::Late => witness.counts.see("late"),
            Heard::Unreadable(error) => witness.check(Oracle::Live, false, || error),
            Heard::Welcomed { is_v1 } => {
                (self.welcomed, self.speaks_v1) = (self.link, is_v1);
                if self.is_packed {
                    witness.counts.see("welcomed behind the packed step");
                }
                if is_v1 {
                    witness.counts.see("welcomed over v1");
                } else {
                    witness.counts.see("welcomed over pam");
                    witness.may_miss(place);
                }
            }
            Heard::Other(_) => {}
        }
    }

    fn hear_end(&mut self, request: RequestId, end: &'static str, witness: &mut Witness) {
        let key = self.key(request);
        if !witness.strikes(Defect::LosesOutcomes) {
            witness.has_end(key, end, self.process);
        }
        if witness.strikes(Defect::DoublesOutcomes) {
            witness.has_end(key, end, self.process);
        }
        if let Some((ended, piece)) = self.last_piece.take_if(|(of, _)| *of == key)
            && witness.strikes(Defect::TellsAfterTheEnd)
        {
            witness.has_piece(ended, &piece, true);
        }
    }

    /// What was said goes over the links, and what was wanted of them is done.
    fn carry(&mut self, links: &Links, said: &Said, network: &mut Network, witness: &mut Witness) {
        let millis = witness.millis;
        for which in [Which::First, Which::Second] {
            let held = self.held(which);
            if let Some(link) = *held {
                network.write(millis, link, true, &said[which as usize]);
            }
            if links.closes[which as usize]
                && let Some(link) = held.take()
            {
                witness.changes.ended(link);
                network.close(millis, link, true);
            }
        }
        for which in [Which::First, Which::Second] {
            if links.dials[which as usize] {
                let answerer = self.dials.pop();
                *self.held(which) = Some(self.dial(network, witness, answerer));
            }
        }
    }

    fn key(&self, request: RequestId) -> (usize, usize) {
        (self.place, self.requests.get(&request).map_or(usize::MAX, |it| it.number))
    }
}
