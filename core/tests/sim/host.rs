//! The program around the hub: it does what is asked, counts that, and answers.

use std::collections::HashMap;

use pamlink::hub::{Event, Hub, Reply, RequestId};
use pamlink::time::Now;

use super::Outcome;

/// How long a piece is.
const PIECE: usize = 5;

#[derive(Default)]
pub(super) struct Host {
    /// What is asked, and how much of the answer was given in pieces.
    running: HashMap<RequestId, (String, usize)>,
}

impl Host {
    /// Does what a request asks; the reply comes later.
    pub(super) fn take(&mut self, event: &Event<'_>, outcome: &mut Outcome) -> Option<RequestId> {
        match event {
            Event::Request(request) => {
                let text = request.envelope.field("message")?.text()?.to_string();
                *outcome.effects.entry(text.clone()).or_default() += 1;
                self.running.insert(request.request, (text, 0));
                Some(request.request)
            }
            Event::Duplicate { .. } => {
                outcome.repeats += 1;
                None
            }
            Event::Refused(refused) => panic!("nothing is to be refused: {refused:?}"),
            _ => None,
        }
    }

    /// Gives the next few letters of the answer, if there are more.
    pub(super) fn piece(&mut self, hub: &mut Hub, now: Now, request: RequestId) {
        let Some((text, given)) = self.running.get_mut(&request) else { return };
        if let Some(piece) = answer_to(text).get(*given..*given + PIECE) {
            *given += PIECE;
            hub.piece(now, request, piece).expect("it is running");
        }
    }

    pub(super) fn reply(&mut self, hub: &mut Hub, now: Now, request: RequestId) {
        // Nothing is known of requests of the process before.
        let Some((text, _)) = self.running.remove(&request) else { return };
        hub.reply(now, request, &Reply::text(&answer_to(&text))).expect("it is running");
    }
}

pub(super) fn answer_to(text: &str) -> String {
    format!("answer to {text}")
}
