//! What a client tells its host, and what the host does with it.

use pamlink::client::Event;
use pamlink::envelope::Envelope;
use pamlink::link::{ClientLinkEvent, TokenNeed};

use super::Device;
use crate::whole::network::Network;
use crate::whole::oracle::{Defect, Oracle};
use crate::whole::submitted::End;
use crate::whole::witness::Witness;

impl Device {
    /// Takes what the client has to tell and to say, stores it, and writes.
    pub(in crate::whole) fn serve(&mut self, network: &mut Network, witness: &mut Witness) {
        let (mut dials, mut closes) = ([false; 2], [false; 2]);
        let millis = witness.millis;
        let Self { place, client, sessions, requests, commands, left, process, last_piece, .. } =
            self;
        let key = |request| (*place, requests.get(&request).map_or(usize::MAX, |it| it.number));
        while let Some(event) = client.poll_event() {
            witness.line(|| format!("device {place}: {}", words(&event)));
            let ended = match event {
                Event::Link(ClientLinkEvent::Dial(_)) => {
                    dials[0] = true;
                    None
                }
                Event::Link(ClientLinkEvent::CloseTransport) => {
                    closes[0] = true;
                    None
                }
                Event::SecondLink(ClientLinkEvent::Dial(_)) => {
                    dials[1] = true;
                    None
                }
                Event::SecondLink(ClientLinkEvent::CloseTransport) => {
                    closes[1] = true;
                    None
                }
                Event::ChangedPlaces => {
                    witness.counts.see("links changed");
                    core::mem::swap(&mut self.link, &mut self.second);
                    dials.swap(0, 1);
                    closes.swap(0, 1);
                    witness.changes.changed(*place, millis);
                    closes[1] |= witness.strikes(Defect::DropsTheOldLink);
                    if let Some(link) =
                        self.link.filter(|_| witness.strikes(Defect::HoldsUpTheNewLink))
                    {
                        network.slow(link, 30_000);
                    }
                    None
                }
                Event::Link(ClientLinkEvent::NeedToken(need)) => {
                    let wait = if need == TokenNeed::Renewal { 900 } else { 40 };
                    self.token_at = Some(millis + wait);
                    None
                }
                Event::Link(ClientLinkEvent::Stopped { .. }) => {
                    witness.counts.see("stopped");
                    witness.may_miss(*place);
                    self.connect_at = Some(millis + 5_000);
                    None
                }
                Event::Piece { request, text, restart, .. } => {
                    if !witness.strikes(Defect::LosesPieces) || text.is_empty() {
                        witness.has_piece(key(request), &text, restart);
                        *last_piece = Some((key(request), text.into_owned()));
                    }
                    None
                }
                Event::Answer { request, text, in_pieces, restart, .. } => {
                    witness.has_answer(key(request), &text, in_pieces, restart);
                    if requests.get(&request).is_none_or(|it| it.link != self.link) {
                        witness.counts.see("answered over a later link");
                    }
                    Some((request, "answered"))
                }
                Event::Rejected { request, .. } => Some((request, "rejected")),
                Event::Expired { request } => Some((request, "expired")),
                Event::Unknown { request } => Some((request, "unknown")),
                Event::Unsent { request } => Some((request, "unsent")),
                Event::Cancelled { request } => Some((request, "cancelled")),
                Event::CancelResult { request, ref outcome, .. } => {
                    if !witness.strikes(Defect::LosesCancelResults) {
                        let was = outcome.as_ref().is_some_and(|it| it.as_str() == "cancelled");
                        witness.has_result(key(request), was);
                    }
                    None
                }
                Event::Outcome { session, command, ref outcome } => {
                    let number = commands.get(&(session, command.as_u64()));
                    if let Some(number) = number
                        && !witness.strikes(Defect::LosesSubmissions)
                    {
                        witness.has_outcome((*place, *number), End::of(outcome));
                    }
                    None
                }
                Event::Gap { session, .. } => {
                    witness.hears_of((*place, session));
                    witness.counts.see("gaps");
                    witness.may_miss_in((*place, session));
                    None
                }
                Event::Message { session, envelope } => {
                    if let Some(number) = push_number(&envelope)
                        && !witness.strikes(Defect::LosesPushes)
                    {
                        let mut session = session;
                        if let Some(other) = sessions.iter().find(|it| **it != session)
                            && witness.strikes(Defect::SwapsSessions)
                        {
                            session = *other;
                        }
                        if let Some(left) = *left
                            && witness.strikes(Defect::TellsOfTheLeft)
                        {
                            session = left;
                        }
                        witness.has_push((*place, session), number, self.speaks_v1);
                        if witness.strikes(Defect::DoublesPushes) {
                            witness.has_push((*place, session), number, self.speaks_v1);
                        }
                    }
                    None
                }
                Event::Late { .. } => {
                    witness.counts.see("late");
                    None
                }
                Event::Unreadable { error, text } => {
                    witness.check(Oracle::Live, false, || format!("{error}: {text}"));
                    None
                }
                Event::Welcomed { ref envelope, .. } => {
                    self.welcomed = self.link;
                    self.speaks_v1 = envelope.kind().as_str() == "welcome";
                    if self.speaks_v1 {
                        witness.counts.see("welcomed over v1");
                    } else {
                        witness.counts.see("welcomed over pam");
                        witness.may_miss(*place);
                    }
                    None
                }
                _ => None,
            };
            let Some((request, end)) = ended else { continue };
            if !witness.strikes(Defect::LosesOutcomes) {
                witness.has_end(key(request), end, *process);
            }
            if witness.strikes(Defect::DoublesOutcomes) {
                witness.has_end(key(request), end, *process);
            }
            if let Some((ended, piece)) = last_piece.take_if(|(of, _)| *of == key(request))
                && witness.strikes(Defect::TellsAfterTheEnd)
            {
                witness.has_piece(ended, &piece, true);
            }
        }
        let said = self.said();
        self.store(witness);
        let [first, second] = said;
        for (link, closes, said) in
            [(&mut self.link, closes[0], first), (&mut self.second, closes[1], second)]
        {
            if let Some(link) = *link {
                network.write(millis, link, true, &said);
            }
            if closes && let Some(link) = link.take() {
                witness.changes.ended(link);
                network.close(millis, link, true);
            }
        }
        if dials[0] {
            let answerer = self.dials.pop();
            self.link = Some(self.dial(network, witness, answerer));
        }
        if dials[1] {
            let answerer = self.dials.pop();
            self.second = Some(self.dial(network, witness, answerer));
        }
    }
}

fn push_number(envelope: &Envelope<'_>) -> Option<u64> {
    envelope.field("number")?.as_json().parse().ok()
}

/// An event as a line, without what it carries at length.
fn words(event: &Event<'_>) -> String {
    match event {
        Event::Piece { request, text, restart, .. } => format!("piece {request} {restart} {text}"),
        Event::Answer { request, text, .. } => format!("answer {request} {text}"),
        Event::Rejected { request, message, .. } => format!("rejected {request} {message}"),
        Event::Message { envelope, .. } => format!("message {}", envelope.as_str()),
        Event::Late { envelope, .. } => format!("late {}", envelope.as_str()),
        Event::Welcomed { envelope, .. } => format!("welcomed {}", envelope.as_str()),
        event => format!("{event:?}"),
    }
}
